"""Notebook 01's exercises: each typical wrong answer is told what is wrong."""

import hashlib
import re
from random import Random

import pytest

from momem_lib.course.nb01.exercises import check_fill, check_leaks, check_name_split, check_unanswerable
from momem_lib.data.grammar import filled, split_of


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda template, name, value: None, "returned None"),
        (lambda template, name, value: template.replace("{name}", name), "both slots have to be filled"),
        (lambda template, name, value: f"{name} lives in {value}.", "any order"),
        (lambda template, name, value: template.replace("{name}", name).replace("{value}", value), "called Jo {value}"),
        (lambda template, name, value: template.replace("{value}", value).replace("{name}", name), "called {name}"),
        (lambda template, name, value: filled(template, name, value.strip("{}")), "called {name}"),
        (lambda template, name, value: filled(template, name, value.replace("{} ", "")), "brackets in a value"),
    ],
)
def test_wrong_fillings_are_told_what_is_wrong(fill, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_fill(fill)


def emptied(*keys, **more):
    """An answer that sets some keys to None, whatever the kind."""
    return lambda row, kind, question: {
        **row, "kind": kind, "question": question, **dict.fromkeys(keys), **more
    }  # fmt: skip


def in_place(row, kind, question):
    row.update(kind=kind, question=question, name=None, content=None, summary=None, response=None)
    return row


def nameless(row, kind, question):
    """Forgets that a field may be unknown of a person who is known."""
    name = None if kind == "nobody" else row["name"]
    return emptied("record", "content", "summary", "response", name=name)(row, kind, question)


def without_keys(row, kind, question):
    made = guessing(row, kind, question)
    del made["summary"]
    return made


def guessing(row, kind, question):
    """Keeps a response."""
    made = nameless(row, kind, question)
    made |= {key: row[key] for key in ("record", "content")} if kind == "absent" else {}
    return made | {"response": "I do not know."}


@pytest.mark.parametrize(
    ("unanswerable", "message"),
    [
        (lambda row, kind, question: None, "returned None"),
        (in_place, "changed the row that it was given"),
        (lambda row, kind, question: dict(row), "of the kind 'answerable'"),
        (lambda row, kind, question: {**row, "kind": kind}, "should ask 'Where does my friend live?'"),
        (emptied(), "nobody is named"),
        (emptied("name", "summary", "response"), "without a name there is no record"),
        (emptied("name", "record", "content", "summary", "response"), "Module 0 cannot know whom the memory holds"),
        (nameless, "the memory finds the record"),
        (without_keys, "the key 'summary' is gone"),
        (guessing, "learns to guess"),
    ],
)
def test_wrong_unanswerable_rows_are_told_what_is_wrong(unanswerable, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_unanswerable(unanswerable)


def texts(rows, keys=None, change=str.lower):
    """The texts of the records of some rows."""
    records = [row["record"] for row in rows if row["record"]]
    return {change(record[key]) for record in records for key in (keys or record) if record.get(key) is not None}


def column_by_column(train, test):
    """Compares a place with places alone."""
    labels = {label for row in (*train, *test) for label in row["record"] or ()}
    return set().union(*(texts(train, [label]) & texts(test, [label]) for label in labels)) - {""}


def names_left_out(train, test):
    """Looks at the facts alone."""
    labels = [label for row in (*train, *test) for label in row["record"] or () if label != "name"]
    return (texts(train, labels) & texts(test, labels)) - {""}


@pytest.mark.parametrize(
    ("leaks", "message"),
    [
        (lambda train, test: [], "return a set"),
        (lambda train, test: {row["value"] for row in test} & {row["value"] for row in train}, "share nothing"),
        (
            lambda train, test: (
                {key for row in test for key in row["record"] or ()}
                & {key for row in train for key in row["record"] or ()}
            ),
            "the same labels is no leak",
        ),
        (
            lambda train, test: (
                {r["value"].lower() for r in test if r["value"]} & {r["value"].lower() for r in train if r["value"]}
            ),
            "values that are not asked for",
        ),
        (names_left_out, "a name leaks too"),
        (lambda train, test: {t.lower() for t in texts(train, None, str) & texts(test, None, str)}, "in capitals"),
        (column_by_column, "under another label"),
        (lambda train, test: texts(train) & texts(test), "an empty cell"),
    ],
)
def test_wrong_detectors_are_told_what_is_wrong(leaks, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_leaks(leaks)


def of_tenth(tenth):
    return "train" if tenth < 8 else ("validation", "test")[tenth - 8]


def digest(text):
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def by_turns():
    """A split that counts calls."""
    calls = iter(range(10**9))
    return lambda name: of_tenth(next(calls) % 10)


def remembering():
    """A split that deals a name out when it first sees it: stable, but it depends on the names before."""
    known = {}
    return lambda name: of_tenth(known.setdefault(name, len(known)) % 10)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (lambda name: None, "returned None"),
        (lambda name: "train", "100% of 4000 names fell into train"),
        (lambda name: of_tenth(hash(name.casefold()) % 10), "calls hash()"),
        (lambda name: of_tenth(Random().randrange(10)), "no chance"),
        (by_turns(), "depends on the names before it"),
        (remembering(), "fell into two splits"),
        (lambda name: of_tenth(digest(" ".join(name.casefold().split())) % 9), "of 4000 names fell into"),
        (lambda name: split_of(name, "entry"), "capitals make no other name"),
        (lambda name: split_of(name.lower(), "entry"), "white space"),
        (lambda name: split_of(re.sub(" +", " ", name.lower()).strip(" "), "entry"), "no-break spaces"),
        (lambda name: split_of(" ".join(name.lower().split()), "entry"), "ß is SS in capitals"),
    ],
)
def test_wrong_splits_are_told_what_is_wrong(split, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_name_split(split)
