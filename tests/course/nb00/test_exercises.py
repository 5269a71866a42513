"""Notebook 00's exercises: each typical wrong answer is told what is wrong."""

import re
import unicodedata

import pytest

from momem_lib.course.nb00.exercises import check_own_record, check_same_name, check_summary_gate

GOOD = {"name": "Zoë", "occupation": "Tester", "movie": "Jaws", "shoe size": "44"}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (None, "your record is None"),
        (list(GOOD.values()), "a dict was expected, in curly brackets, not list"),
        ({"occupation": "Tester"}, "no 'name' (nor 'fname' and 'lname')"),
        (GOOD | {"movie": ["Jaws"]}, "'Favourite movie' must be text"),
        (GOOD | {"name": " "}, "the name is empty"),
        (GOOD | {"movie": "", "music": " "}, "nothing stands in Favourite movie, Favourite music"),
        ({"name": "Zoë", "shoe size": "44"}, "has 1 of the three facts"),
        ({"name": "Zoë", "hobbies": "tea", "movie": "Jaws", "location": "Here"}, "are among the usual six"),
    ],
)
def test_wrong_records_are_told_what_is_wrong(record, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_own_record(record)


def facts(record):
    """All facts of a record."""
    return [record.summary(label) for label in record.labels]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (lambda record, summary: None, "it lets 'Lives in: Rome' pass"),
        (lambda record, summary: summary in facts(record), "returned True"),
        (lambda record, summary: None if summary in facts(record) else False, "with False: return a sentence"),
        (lambda record, summary: "no", "it stops 'Occupation: Nurse', which is in the record"),
        (lambda record, summary: None if summary is None or summary in facts(record) else "no", "it lets None pass"),
        (lambda record, summary: None if (summary or "?") in record.content else "no", "it lets 'Lives in: Osl' pass"),
        (
            lambda record, summary: None if summary and summary in re.split("; ?", record.content) else "no",
            "it stops 'Hobbies: chess; tea'",
        ),
        (
            lambda record, summary: None if summary and summary.split(": ")[1] in record.others(None) else "no",
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
