"""Notebook 11's exercises: each typical wrong answer is told what is wrong."""

import re
from collections import Counter

import pytest

from momem_lib.course.nb11.cascade import STAGES
from momem_lib.course.nb11.exercises import check_careful, check_whose_fault


def right_fault(wrote, wanted):
    """A solution."""
    for stage in STAGES:
        if stage not in wrote:
            return "gate"
        fits = wanted[stage] in (wrote[stage] or "") if stage == "response" else wrote[stage] == wanted[stage]
        if not fits:
            return stage
    return None


def in_dict_order(wrote, wanted):
    """Trusts the order of the dict."""
    return right_fault(wrote, wanted) if list(wrote) == list(STAGES)[: len(wrote)] else next(iter(wrote))


def equal_response(wrote, wanted):
    """Wants the response to be the value itself."""
    return next((stage for stage in STAGES if wrote.get(stage) != wanted[stage]), None)


def last_fault(wrote, wanted):
    """Finds the last mistake."""
    wrong = [stage for stage in STAGES if wanted[stage] not in (wrote.get(stage) or "")]
    return wrong[-1] if wrong else None


def blind_to_gates(wrote, wanted):
    """Takes a missing output for a wrong one."""
    return next((stage for stage in STAGES if wanted[stage] not in (wrote.get(stage) or "")), None)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda wrote, wanted: None, "the response says Rome"),
        (equal_response, "the response need only hold the value"),
        (last_fault, "the first mistake counts"),
        (in_dict_order, "whatever the order of the dict"),
        (blind_to_gates, "a gate stopped too early"),
        (lambda wrote, wanted: right_fault(wrote, wanted) if wrote.get("response", "") is not None else None,
         "a response of None"),
    ],
)  # fmt: skip
def test_wrong_faults_are_told_what_is_wrong(fault, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_whose_fault(fault)


def test_the_right_fault_passes():
    check_whose_fault(right_fault)


def favourite(heard):
    """The most frequent of what was heard."""
    return Counter(heard).most_common(1)[0][0] if heard else None


def majority(heard, of):
    """What more than half of so many say."""
    said = favourite(heard)
    return said if said is not None and heard.count(said) > of / 2 else None


@pytest.mark.parametrize(
    ("careful", "message"),
    [
        (lambda ask, wordings: None, "all agree"),
        (lambda ask, wordings: ask(wordings[0]), "the first is not one of them"),
        (lambda ask, wordings: ask(wordings), "one wording at a time"),
        (lambda ask, wordings: favourite([ask(w) for w in wordings]), "no two agree"),
        (lambda ask, wordings: (lambda heard: majority(heard, len(heard)))([x for x in map(ask, wordings) if x]),
         "who is silent does not agree"),
        (lambda ask, wordings: majority([ask(w) for w in wordings], len(wordings) - 1), "half is not more than half"),
        (lambda ask, wordings: majority([ask(w) for w in wordings for _ in "ab"], 2 * len(wordings)), "twice"),
    ],
)  # fmt: skip
def test_wrong_carefulness_is_told_what_is_wrong(careful, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_careful(careful)


def test_majority_is_right():
    check_careful(lambda ask, wordings: majority([ask(w) for w in wordings], len(wordings)))
