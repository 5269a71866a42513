"""A person as a record: the fields, their labels, and the text (Content) that the modules read."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from momem_lib.project import InputError, read_lines

LABELS = {
    "occupation": "Occupation",
    "location": "Lives in",
    "movie": "Favourite movie",
    "music": "Favourite music",
    "hobbies": "Hobbies",
    "university": "University attended",
}
FIELDS = tuple(LABELS)


@dataclass(frozen=True)
class Person:
    """One person of the memory: a name and six facts, all plain text.

    Example:
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> jo.name, jo.summary("location")
        ('Jo Doe', 'Lives in: Oslo')
    """

    fname: str  # first name or names
    lname: str  # last name or names; empty for people who have one name only
    occupation: str
    location: str
    movie: str
    music: str
    hobbies: str
    university: str

    @property
    def name(self) -> str:
        """First and last name with a space between (the last name may be empty)."""
        return f"{self.fname} {self.lname}".strip()

    @property
    def content(self) -> str:
        """The record as the text that Module 2 reads.

        Example:
            >>> Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT").content
            'Name: Jo Doe; Occupation: Nurse; Lives in: Oslo; Favourite movie: Jaws; Favourite music: Jolene; \
Hobbies: chess; University attended: MIT;'
        """
        facts = "".join(f" {label}: {getattr(self, field)};" for field, label in LABELS.items())
        return f"Name: {self.name};{facts}"

    def summary(self, field: str) -> str:
        """The piece of Content that holds one field, label included ("Lives in: Oslo")."""
        return f"{LABELS[field]}: {getattr(self, field)}"

    def to_dict(self) -> dict[str, str]:
        """The record as the JSON object of the people file."""
        return dict(vars(self))


KEYS = tuple(field.name for field in fields(Person))


def person_from(record: object, where: str = "this person") -> Person:
    """Check one JSON object and make a Person of it.

    Args:
        record: what json.loads gave.
        where: how to call the place in a message ("people.jsonl, line 3").

    Raises:
        InputError: not an object, a key missing, unknown or not text, an empty first name, or a line break in a value.

    Example:
        >>> person_from({"fname": "Jo"}, "line 1")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: line 1: no 'lname', 'occupation', 'location', 'movie', 'music', 'hobbies', \
'university'; each line needs the keys fname, lname, occupation, location, movie, music, hobbies, university
    """
    need = f"each line needs the keys {', '.join(KEYS)}"
    if not isinstance(record, dict):
        raise InputError(f"{where}: a JSON object was expected, not {type(record).__name__}; {need}")
    missing = [key for key in KEYS if key not in record]
    if missing:
        raise InputError(f"{where}: no {', '.join(map(repr, missing))}; {need}")
    unknown = [key for key in record if key not in KEYS]
    if unknown:
        raise InputError(f"{where}: unknown key {', '.join(map(repr, unknown))}; {need}")
    for key, value in record.items():
        if not isinstance(value, str):
            raise InputError(f"{where}: {key!r} must be text in quotes, not {json.dumps(value)}")
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            raise InputError(f"{where}: {key!r} holds a control character (a line break or tab, perhaps): remove it")
        if any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
            raise InputError(f"{where}: {key!r} holds half of a surrogate pair, which is no character: remove it")
    person = Person(**{key: record[key].strip() for key in KEYS})
    if not person.fname:
        raise InputError(f"{where}: 'fname' is empty; a person needs at least a first name")
    return person


def read_people(path: str | Path) -> list[Person]:
    """Read a people file: UTF-8, one JSON object per line, empty lines allowed.

    Raises:
        InputError: missing or unreadable file, or a bad line, with its number.
    """
    people = [person_from(record, where) for record, where in read_lines(path, "the people file")]
    if not people:
        raise InputError(f"the people file {path} holds nobody: one JSON object per line was expected")
    return people


def write_people(path: str | Path, people: Iterable[Person]) -> None:
    """Write people as UTF-8 JSON lines, letters of every script as they are."""
    lines = (json.dumps(person.to_dict(), ensure_ascii=False) + "\n" for person in people)
    Path(path).write_text("".join(lines), encoding="utf-8")
