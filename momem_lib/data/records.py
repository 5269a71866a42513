"""A record: a name and its facts, as labels and values; and the text (Content) that the modules read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import punctuation

from momem_lib.project import InputError

LABELS = {
    "occupation": "Occupation",
    "location": "Lives in",
    "movie": "Favourite movie",
    "music": "Favourite music",
    "hobbies": "Hobbies",
    "university": "University attended",
}
FIELDS = tuple(LABELS)
NAME_KEYS = (("name",), ("full name",), ("fname", "lname"), ("first name", "last name"))  # the first that is there
# Soft hyphens, zero-width spaces, direction marks and the like. What chooses a sign's shape stays, and what joins
# letters, but not behind a Latin one.
UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]"
    "|(?<![^\x00-\u024f])[\u200c\u200d]+"
)
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Record:
    """A name, and what is known about whoever or whatever bears it: labels with values, in order, all plain text.

    An empty value is a fact that the table has a column for, and nobody filled in.

    Example:
        >>> oslo = Record("Oslo", (("Country", "Norway"), ("Mayor", "")))
        >>> oslo.content, oslo.summary("Country"), oslo.value("Mayor")
        ('Name: Oslo; Country: Norway; Mayor: ;', 'Country: Norway', '')
    """

    name: str
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return tuple(label for label, _ in self.facts)

    def value(self, label: str | None) -> str | None:
        """The value under a label, or None where the record has no such label."""
        return dict(self.facts).get(label)

    def summary(self, label: str) -> str:
        """The piece of Content that holds one fact, label included ("Lives in: Oslo")."""
        return f"{label}: {dict(self.facts)[label]}"

    def others(self, label: str | None) -> list[str]:
        """The values of all other labels, less mere signs and what is part of this label ("no" in "Phone no")."""
        facts = ((other, value) for other, value in self.facts if value.strip(punctuation))
        return [value for other, value in facts if other != label and value not in (label or "")]

    @property
    def content(self) -> str:
        """The record as the text that Module 2 reads."""
        return "".join(text for text, *_ in self.pieces())[:-1]

    def pieces(self) -> Iterator[tuple[str, int, bool]]:
        """Content cut where labels and values meet: each text, the number of its fact, and whether it is a value.

        What ends a value belongs to it: so a label's surroundings are the same whether its value is empty or long.

        Example:
            >>> list(Record("Oslo", (("Country", "Norway"),)).pieces())[:3]
            [('Name: ', 0, False), ('Oslo; ', 0, True), ('Country: ', 1, False)]
        """
        for number, (label, value) in enumerate((("Name", self.name), *self.facts)):
            yield f"{label}: ", number, False
            yield f"{value}; ", number, True

    def to_dict(self) -> dict[str, str]:
        """The record as the JSON object of a people file."""
        return {"name": self.name, **dict(self.facts)}


def Person(
    fname: str, lname: str, occupation: str, location: str, movie: str, music: str, hobbies: str, university: str
) -> Record:
    """A record of the six classic fields.

    Example:
        >>> Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT").content
        'Name: Jo Doe; Occupation: Nurse; Lives in: Oslo; Favourite movie: Jaws; Favourite music: Jolene; \
Hobbies: chess; University attended: MIT;'
    """
    values = occupation, location, movie, music, hobbies, university
    name = " ".join((clean(fname, "fname"), clean(lname, "lname"))).strip()
    return Record(name, tuple(zip(LABELS.values(), values, strict=True)))


@lru_cache(maxsize=10_000)  # the keys of a file are the same on each line
def label_of(key: str) -> str:
    """A header or key as a person would write it.

    Example:
        >>> [label_of(key) for key in ("favourite_food", "Next_Of_Kin", "bloodGroup", "movie", "DOB")]
        ['Favourite food', 'Next of kin', 'Blood group', 'Favourite movie', 'DOB']
    """
    text = " ".join(key.replace(":", " -").replace(";", ",").split())  # both signs end something in Content
    if text.casefold() in LABELS:
        return LABELS[text.casefold()]
    if re.fullmatch(r"[a-z]{2,}([A-Z][a-z]+)+", text):
        text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    if "_" in text:
        words = text.replace("_", " ").split()
        text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]


def record_from(row: object, where: str = "this record") -> Record:
    """Check one JSON object, or one row of a table, and make a Record of it.

    The name is the key "name" or, without one, "full name", or "fname" and "lname" (also "first name" and "last name"),
    however they are written; every other key is a label.

    Args:
        row: what json.loads gave.
        where: how to call the place in a message ("people.jsonl, line 3").

    Raises:
        InputError: not an object, no name, a value that is not text, two keys with one label, a control character.

    Example:
        >>> record_from({"fname": "Jo", "lname": "Doe", "blood_group": "0+"})
        Record(name='Jo Doe', facts=(('Blood group', '0+'),))
        >>> record_from({"Room": "12"}, "line 1")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: line 1: no 'name' (nor 'fname' and 'lname'): whose record is it?
    """
    if not isinstance(row, Mapping):
        raise InputError(f"{where}: a JSON object was expected, not {type(row).__name__}")
    keys = [(label_of(clean(key, f"{where}: a key")), key) for key in row]
    keys_of: dict[str, str] = {}
    for label, key in keys:
        if (other := keys_of.setdefault(label.casefold(), key)) != key:
            raise InputError(f"{where}: {other!r} and {key!r} mean one label, {label!r}: give each its own")
    named = next((names for names in NAME_KEYS if keys_of.keys() >= set(names)), None)
    if named is None:
        raise InputError(f"{where}: no 'name' (nor 'fname' and 'lname'): whose record is it?")
    name = " ".join(filter(None, (clean(row[keys_of[key]], f"{where}: {key!r}") for key in named)))
    facts = ((label, row[key]) for label, key in keys if label.casefold() not in named)
    return checked(Record(name, tuple(facts)), where)


def checked(record: Record, where: str = "this record") -> Record:
    """The record with clean texts, or a sentence that says why it cannot be one.

    Raises:
        InputError: no record, no name, labels that are empty, alike or hold a colon, or a text that `clean` refuses.

    Example:
        >>> checked(Record("Jo Doe", (("Room", None),)))
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: this record: 'Room' must be text in quotes, not None
    """
    if not isinstance(record, Record):
        raise InputError(f"{where}: a Record was expected, not {type(record).__name__}: record_from makes one")
    name = clean(record.name, f"{where}: the name")
    if not name:
        raise InputError(f"{where}: the name is empty: each record needs one")
    if not isinstance(record.facts, tuple) or any(not isinstance(f, tuple) or len(f) != 2 for f in record.facts):
        raise InputError(f"{where}: the facts must be a tuple of pairs (label, value), not {record.facts!r:.60}")
    facts, seen = [], {"name"}
    for label, value in record.facts:
        label = clean(label, f"{where}: a label")
        if not label or ":" in label or label.casefold() in seen:
            fault = "stands there twice" if label.casefold() in seen else "cannot be a label"
            raise InputError(f"{where}: {label!r} {fault}: labels differ, are not empty, and hold no colon")
        seen.add(label.casefold())
        facts.append((label, clean(value, f"{where}: {label!r}")))
    return Record(name, tuple(facts))


def clean(text: object, what: str) -> str:
    """A text of a table or question as it is kept: no space around it, and without the signs that nobody sees.

    Raises:
        InputError: not text, or a control character or half of a surrogate pair in it.

    Example:
        >>> clean(" Jo\\u200b Doe ", "the name")
        'Jo Doe'
        >>> clean("Jo\\nDoe", "the name")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the name holds a control character (a line break or tab, perhaps): remove it
    """
    if not isinstance(text, str):
        raise InputError(f"{what} must be text in quotes, not {text!r:.60}")
    text = (text if text.isascii() else UNSEEN.sub("", text)).strip()
    if not text.isprintable() and (found := UNPRINTABLE.search(text)):
        half = "half of a surrogate pair, which is no character"
        kind = half if found[0] >= "\ud800" else "a control character (a line break or tab, perhaps)"
        raise InputError(f"{what} holds {kind}: remove it")
    return text
