"""Notebook 10's exercises: each typical wrong answer is told what is wrong."""

import re

import pytest

from momem_lib.course.nb10.exercises import check_count_wordings, check_gate
from momem_lib.data.tasks import LONGEST_FRAME


def replaced(text, *pieces):
    """Every occurrence of each piece, in this order, becomes a slot."""
    for piece, slot in pieces:
        text = text.replace(piece, slot)
    return text


def value_first(text, name, value):
    return replaced(text, (value, "{value}"), (name, "{name}"))


def name_first(text, name, value):
    return replaced(text, (name, "{name}"), (value, "{value}"))


def holding(spoken):
    """Only the texts that hold name and value."""
    return [one for one in spoken if one[1] in one[0] and one[2] in one[0]]


def longer_first(text, name, value):
    pieces = sorted(((name, "{name}"), (value, "{value}")), key=lambda pair: -len(pair[0]))
    return replaced(text, *pieces)


def test_the_right_count_passes():
    check_count_wordings(lambda spoken: len({longer_first(*one) for one in holding(spoken)}))


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (lambda spoken: None, "it returns None"),
        (lambda spoken: {longer_first(*one) for one in spoken}, "a whole number was expected"),
        (len, "the same text twice"),
        (lambda spoken: min(1, len(spoken)), "worded differently"),
        (lambda spoken: len({text for text, _, _ in spoken}), "only name and value differ"),
        (lambda spoken: len({name_first(*one) for one in spoken}), "does not hold the value"),
        (lambda spoken: len({name_first(*one) for one in spoken if one[2] in one[0]}), "does not hold the name"),
        (lambda spoken: len({value_first(*one) for one in holding(spoken)}), "this value is part of the name"),
        (lambda spoken: len({name_first(*one) for one in holding(spoken)}), "this name is part of the value"),
    ],
)
def test_wrong_counts_are_told_what_is_wrong(count, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_count_wordings(count)


def right_gate(text, name, value, others):
    """A solution."""
    if text is None or value not in text or name not in text:
        return "name or value is missing"
    if len(text) > len(value) + len(name) + LONGEST_FRAME:
        return "too long"
    frame = text
    for piece in sorted((name, value), key=len, reverse=True):
        frame = frame.replace(piece, "\n", 1)
    told = [other for other in others if other and other not in value and other in frame]
    return f"it tells {told[0]}" if told else None


def beside(value, name, changes):
    """How many characters do not count."""
    return 0 if "flat" in changes else len(value) + (0 if "nameless" in changes else len(name))


def without(**changes):
    """The right gate with one check left out or done in another way."""

    def gate(text, name, value, others):
        if text is None:
            return changes.get("nothing", "nothing was said")
        lower = str.lower if "case" in changes else str
        if ("value" not in changes and lower(value) not in lower(text)) or ("name" not in changes and name not in text):
            return "name or value is missing"
        if "long" not in changes and len(text) > beside(value, name, changes) + LONGEST_FRAME:
            return "too long"
        frame = text
        for piece in () if "frame" in changes else (name, value):
            frame = frame.replace(piece, "\n")
        if "others" in changes:
            return None
        part = "part" not in changes
        told = [one for one in others if (one or "empty" in changes) and not (part and one in value) and one in frame]
        return "it tells more" if told else None

    return gate


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (lambda text, name, value, others: True, "None lets pass, a sentence says why not"),
        (lambda text, name, value, others: "no", "name and value stand in it"),
        (lambda text, name, value, others: None, "None is no response at all"),
        (without(nothing=None), "None is no response at all"),
        (without(value=1), "the value is misspelt"),
        (without(case=1), "verbatim, capitals included"),
        (without(name=1), "not the name that was asked about"),
        (without(others=1), "another value of the record"),
        (without(long=1), "it runs away"),
        (without(flat=1), "the value itself is long"),
        (without(nameless=1), "the name itself is long"),
        (without(frame=1), "'Nurse' is part of the name"),
        (without(frame=1, part=1), "'Nurse' is part of the name"),
        (lambda t, n, v, o: right_gate(t, n, v, o) or ("more" if v in o else None), "the two values are equal"),
        (lambda t, n, v, o: right_gate(t, n, v, o) or ("empty" if "" in o else None), "an empty value stands"),
    ],
)
def test_wrong_gates_are_told_what_is_wrong(gate, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_gate(gate)


def test_the_right_gate_passes():
    check_gate(right_gate)


def test_the_value_is_taken_out_before_others_are_looked_for():
    def only_the_name(text, name, value, others):
        if right_gate(text, name, value, []) is not None:
            return "wrong"
        return "it tells more" if any(other and other in text.replace(name, "") for other in others) else None

    with pytest.raises(AssertionError, match="part of the value that was asked for"):
        check_gate(only_the_name)
