"""A record: a name and its facts, as labels and values; and the text (Content) that the modules read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
        """The values of all other labels."""
        return [value for other, value in self.facts if other != label]

    @property
    def content(self) -> str:
        """The record as the text that Module 2 reads."""
        return "".join(text for text, *_ in self.pieces())[:-1]

    def pieces(self) -> Iterator[tuple[str, int, bool]]:
        """Content cut where labels and values meet: each text, the number of its fact, and whether it is a value.

        Example:
            >>> list(Record("Oslo", (("Country", "Norway"),)).pieces())[:3]
            [('Name: ', 0, False), ('Oslo', 0, True), ('; ', 0, False)]
        """
        for number, (label, value) in enumerate((("Name", self.name), *self.facts)):
            yield f"{label}: ", number, False
            yield value, number, True
            yield "; ", number, False

    def to_dict(self) -> dict[str, str]:
        """The record as the JSON object of a people file."""
        return {"name": self.name, **dict(self.facts)}


def Person(  # noqa: N802 - it reads as the kind of thing that it makes
    fname: str, lname: str, occupation: str, location: str, movie: str, music: str, hobbies: str, university: str
) -> Record:
    """A record of the six classic fields.

    Example:
        >>> Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT").content
        'Name: Jo Doe; Occupation: Nurse; Lives in: Oslo; Favourite movie: Jaws; Favourite music: Jolene; \
Hobbies: chess; University attended: MIT;'
    """
    values = occupation, location, movie, music, hobbies, university
    return Record(f"{fname} {lname}".strip(), tuple(zip(LABELS.values(), values, strict=True)))


def label_of(key: str) -> str:
    """A header or key as a person would write it.

    Example:
        >>> label_of("favourite_food"), label_of("Next_Of_Kin"), label_of("bloodGroup"), label_of("movie"), label_of("DOB")
        ('Favourite food', 'Next of kin', 'Blood group', 'Favourite movie', 'DOB')
    """
    text = " ".join(key.replace(":", " -").split())
    if text.casefold() in LABELS:
        return LABELS[text.casefold()]
    if re.fullmatch(r"[a-z]{2,}([A-Z][a-z]+)+", text):
        text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    if "_" in text:
        text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in text.split("_") if word)
    return text[:1].upper() + text[1:]


def record_from(row: object, where: str = "this record") -> Record:
    """Check one JSON object, or one row of a table, and make a Record of it.

    Args:
        row: what json.loads gave.
        where: how to call the place in a message ("people.jsonl, line 3").

    Raises:
        InputError: not an object, no name, a value that is not text, two keys with one label, a control character.
    """
    if not isinstance(row, Mapping):
        raise InputError(f"{where}: a JSON object was expected, not {type(row).__name__}")
    raise NotImplementedError
