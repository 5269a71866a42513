"""Notebook 12's exercises: each typical wrong answer is told what is wrong."""

import re

import pytest
import torch

from momem_lib.course.nb12.exercises import JO, check_clearly_faster, check_may_look, check_stirred
from momem_lib.data.records import Record


def right_mask(real):
    """A solution: everybody may look at what is real."""
    return real[:, None, :].expand(-1, real.shape[1], -1)


@pytest.mark.parametrize(
    ("may_look", "message"),
    [
        (lambda real: None, "it returns None"),
        (lambda real: "all", "a tensor was expected"),
        (lambda real: real, "(B, T, T), here (2, 3, 3)"),
        (lambda real: right_mask(real).float(), "True and False were expected"),
        (lambda real: ~right_mask(real), "everybody may look at everybody"),
        (lambda real: real[:, :, None] | real[:, None, :], "only the pair of two paddings is shut out"),
        (lambda real: real[:, :, None].expand(-1, -1, 3), "columns are who is looked at"),
        (lambda real: right_mask(real) & torch.eye(3).bool() | real.all(1)[:, None, None], "look at each other"),
        (lambda real: real[:, :, None] & real[:, None, :], "a row without any True gives NaN"),
    ],
)
def test_wrong_masks_are_told_what_is_wrong(may_look, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_may_look(may_look)


def faster(ours, theirs):
    """A solution."""
    never = float("inf")
    slowest = max(never if steps is None else steps for steps in ours)
    return slowest < min(never if steps is None else steps for steps in theirs)


def by_mean(ours, theirs):
    """Compares means, and takes never for a large number."""
    ours, theirs = ([1e9 if steps is None else steps for steps in some] for some in (ours, theirs))
    return sum(ours) / len(ours) < sum(theirs) / len(theirs)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (lambda ours, theirs: None, "it returns None"),
        (lambda ours, theirs: 1, "True or False was expected"),
        (lambda ours, theirs: min(s or 9999 for s in ours) < min(s or 9999 for s in theirs), "took 300"),
        (by_mean, "one seed of ours took 300"),
        (lambda ours, theirs: max(s or 9999 for s in ours) <= min(s or 9999 for s in theirs), "not faster"),
        (lambda ours, theirs: max(s or 0 for s in ours) < min(s or 0 for s in theirs), "None means never"),
        (lambda ours, theirs: max(ours) < min(theirs), "TypeError"),
    ],
)  # fmt: skip
def test_wrong_comparisons_are_told_what_is_wrong(way, message):
    if message == "TypeError":
        with pytest.raises(TypeError):
            check_clearly_faster(way)
        return
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_clearly_faster(way)


def stirred(choose, question, record):
    """A solution."""
    return first_stirred(choose, question, record, question, "", *(f"{label}: x" for label in record.labels))


COLONS = [f"{label}: x" for label in JO.labels]


def first_stirred(choose, question, record, *values):
    """The first record with one of these values in one place that changes the choice."""
    for label in record.labels:
        for value in values:
            other = Record(record.name, tuple((key, value if key == label else old) for key, old in record.facts))
            if choose(question, other) != choose(question, record):
                return other
    return None


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (lambda choose, question, record: None, "shares a word with the question"),
        (lambda choose, question, record: True, "it returns bool"),
        (lambda choose, question, record: record, "it chooses the same as before"),
        (lambda choose, question, record: Record(record.name, record.facts[:2]), "name and labels must stay"),
        (
            lambda choose, question, record: first_stirred(choose, question, record, question, *COLONS),
            "never takes an empty",
        ),
        (lambda choose, question, record: first_stirred(choose, question, record, question, ""), "a label and a colon"),
        (lambda choose, question, record: stirred(choose, question, record) or record, "None was expected"),
    ],
)
def test_wrong_searches_are_told_what_is_wrong(way, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_stirred(way)


def test_solutions_pass():
    check_may_look(right_mask)
    check_clearly_faster(faster)
    check_stirred(stirred)
