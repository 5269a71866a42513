"""Notebook 09's exercises: each typical wrong answer is told what is wrong; and how a field is chosen."""

import math
import re

import pytest

from momem_lib.course.nb09.exercises import (
    JO,
    MARKS,
    check_choose,
    check_deciding,
    check_readings,
    texts_of,
    ways,
)


def right_places(label, labels):
    """A solution."""
    return [place for place in range(len(label)) if len(rivals(label, labels, place)) > 1]


def rivals(label, labels, place):
    """How the labels that agree with one up to a place go on."""
    return {other[place : place + 1] for other in labels if other[:place] == label[:place]}


def differing(label, labels):
    """Forgets that most rivals are out of the race by then."""
    return [place for place in range(len(label)) if len({other[place : place + 1] for other in labels}) > 1]


@pytest.mark.parametrize(
    ("deciding", "message"),
    [
        (lambda label, labels: None, "it returns None"),
        (lambda label, labels: [], "so the first letter settles it"),
        (lambda label, labels: [0], "instead of [0, 11]"),
        (lambda label, labels: right_places(label, labels)[-1:], "two labels begin with F"),
        (differing, "at place 1 all labels that are still possible agree"),
        (lambda label, labels: [place + 1 for place in right_places(label, labels)], "counted from 0"),
        (lambda label, labels: right_places(label, labels) * 2, "a place twice"),
        (lambda label, labels: right_places(label, labels)[::-1], "from the first place to the last"),
        (lambda label, labels: right_places(label, labels) or [0], "nothing to choose"),
        (lambda label, labels: right_places(label[:-1], [other[:-1] for other in labels]), "instead of [2, 4]"),
    ],
)
def test_wrong_places_are_told_what_is_wrong(deciding, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_deciding(deciding)


def test_the_right_places_pass():
    check_deciding(right_places)


def chosen(share_of, compare=lambda share, threshold: share >= threshold, refuse=None):
    """A choice of the best, believed by some share."""

    def choose(scores, threshold):
        best = max(scores, key=scores.get)
        return best if compare(share_of(scores, best), threshold) else refuse

    return choose


def fair(scores, best):
    """Softmax, safe for very small numbers."""
    return 1 / sum(math.exp(score - scores[best]) for score in scores.values())


def second_best(scores, threshold):
    """Never says <none>."""
    return max((name for name in scores if name is not None), key=scores.get)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda scores, threshold: None, "it is the best, and sure enough"),
        (second_best, "<none> is the best"),
        (chosen(lambda scores, best: 1.0), "half of the candidates' probability"),
        (chosen(lambda scores, best: math.exp(scores[best])), "divide by their sum"),
        (
            chosen(lambda scores, best: math.exp(scores[best]) / sum(map(math.exp, scores.values()))),
            "it divides by zero",
        ),
        (chosen(lambda scores, best: scores[best]), "it is the best, and sure enough"),
        (chosen(fair, refuse="nothing"), "half of the candidates' probability"),
        (chosen(fair, refuse=False), "one of the candidates was expected"),
    ],
)
def test_wrong_choices_are_told_what_is_wrong(choose, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_choose(choose)


def test_the_right_choice_passes():
    check_choose(chosen(fair))


def cut_at_semicolons(text):
    """Trusts the signs."""
    return [[piece.partition(": ")[2] for piece in text.removesuffix(";").split("; ")]]


def taking(find):
    """One reading: each mark where str.find (or rfind) sees it."""

    def readings(text):
        text, pieces = text.removeprefix("Name: ").removesuffix(";"), []
        for mark in MARKS:
            place = getattr(text, find)(mark)
            pieces.append(text[:place])
            text = text[place + len(mark) :]
        return [[*pieces, text]]

    return readings


@pytest.mark.parametrize(
    ("readings", "message"),
    [
        (lambda text: None, "it returns None"),
        (lambda text: [], "0 of 1 readings"),
        (lambda text: texts_of(JO), "a list of lists was expected"),
        (lambda text: [one[1:] for one in ways(text)], "one of 6 texts"),
        (cut_at_semicolons, "a semicolon alone ends nothing"),
        (lambda text: [[*one[:-1], one[-1] + ";"] for one in ways(text)], "own last semicolon"),
        (taking("find"), "either 'Favourite movie:' may be the label"),
        (taking("rfind"), "either 'Favourite movie:' may be the label"),
        (lambda text: ways(text) * 2, "a reading twice"),
        (lambda text: [*ways(text), [*texts_of(JO)[:6], "Yale"]], "does not make the text again"),
    ],
)
def test_wrong_readings_are_told_what_is_wrong(readings, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_readings(readings)


def test_the_judge_passes_its_own_check():
    check_readings(ways)
