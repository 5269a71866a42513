"""Notebook 00's exercises: each typical wrong answer is told what is wrong."""

import re
import unicodedata

import pytest

from momem_lib.course.nb00.exercises import check_own_record, check_same_name, check_summary_gate
from momem_lib.data.records import FIELDS

GOOD = {
    "fname": "Zoë",
    "lname": "",
    "occupation": "Tester",
    "location": "Here",
    "movie": "Jaws",
    "music": "Jolene",
    "hobbies": "tea",
    "university": "MIT",
}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "your record is None"),
        (list(GOOD.values()), "a dict was expected, in curly brackets, not list"),
        ({"fname": "Zoë"}, "no 'lname', 'occupation'"),
        (GOOD | {"age": "7"}, "unknown key 'age'"),
        (GOOD | {"hobbies": ["tea"]}, "'hobbies' must be text"),
        (GOOD | {"fname": " "}, "'fname' is empty"),
        (GOOD | {"movie": "", "music": " "}, "nothing stands in movie, music"),
    ],
)
def test_wrong_records_are_told_what_is_wrong(record, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_own_record(record)


def facts(person):
    """All facts of a person."""
    return [person.summary(field) for field in FIELDS]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (lambda person, summary: None, "it lets 'Lives in: Rome' pass"),
        (lambda person, summary: summary in facts(person), "returned True"),
        (lambda person, summary: None if summary in facts(person) else False, "with False: return a sentence"),
        (lambda person, summary: "no", "it stops 'Occupation: Nurse', which is in the record"),
        (lambda person, summary: None if summary is None or summary in facts(person) else "no", "it lets None pass"),
        (lambda person, summary: None if (summary or "?") in person.content else "no", "it lets 'Lives in: Osl' pass"),
        (
            lambda person, summary: None if summary and summary in re.split("; ?", person.content) else "no",
            "it stops 'Hobbies: chess; tea'",
        ),
        (
            lambda person, summary: None if summary and summary.split(": ")[1] in vars(person).values() else "no",
            "it lets 'Occupation: Oslo' pass",
        ),
    ],
)
def test_wrong_gates_are_told_what_is_wrong(gate, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_summary_gate(gate)


def stripped(name):
    """A name without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))


def joined(name):
    """A name's letters alone."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())


@pytest.mark.parametrize(
    ("same", "message"),
    [
        (lambda a, b: a == b, "small and capital letters"),
        (lambda a, b: a.lower() == b.lower(), "white space"),
        (lambda a, b: " ".join(a.lower().split()) == " ".join(b.lower().split()), "typographic apostrophe"),
        (lambda a, b: joined(a) == joined(b), "a sign is part of the name"),
        (lambda a, b: stripped(joined(a)) == stripped(joined(b)), "an accent makes another name"),
        (lambda a, b: True, "two people"),
        (lambda a, b: None, "as itself"),
    ],
)
def test_wrong_spellings_are_told_what_is_wrong(same, message):
    with pytest.raises(AssertionError, match=message):
        check_same_name(same)
