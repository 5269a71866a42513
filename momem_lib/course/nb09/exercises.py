"""Checkers of notebook 09's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence
from math import log

from momem_lib.data.records import LABELS, Person, Record

START = "Name: "  # a record begins with it
MARKS = tuple(f"; {label}: " for label in LABELS.values())  # what stands before each value but the name
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")


def texts_of(record: Record) -> list[str]:
    """The texts of a record in its order: the name, and the values.

    Example:
        >>> texts_of(JO)[:3]
        ['Jo Doe', 'Nurse', 'Oslo']
    """
    return [record.name, *(value for _, value in record.facts)]


def check_deciding(deciding: Callable[[str, Sequence[str]], Sequence[int]]) -> None:
    """09.1: the places in a label at which another label, the same up to there, goes on differently."""
    ours = tuple(f"{label}:" for label in LABELS.values())
    homes = ("Home:", "Home town:", "Hobbies:")
    for label, labels, right, why in (
        ("Lives in:", ours, [0], "no other label begins with L, so the first letter settles it"),
        ("Favourite movie:", ours, [0, 11], "two labels begin with F, and part at 'Favourite m'"),
        ("Favourite music:", ours, [0, 11], "two labels begin with F, and part at 'Favourite m'"),
        ("Home:", homes, [2, 4], "all begin with Ho; behind 'Home' either the colon comes or a space"),
        ("Hobbies:", homes, [2], "all begin with Ho, and the third letter settles it"),
        ("Job:", ("Job:",), [], "where there is nothing to choose, no letter decides"),
    ):
        said = deciding(label, list(labels))
        told = f"for {label!r} among {', '.join(labels)} it says"
        assert said is not None, "it returns None: the list of places must come back with return"
        said = list(said)
        assert said != [place + 1 for place in right] or not right, f"{told} {said}: places are counted from 0"
        assert len(set(said)) == len(said), f"{told} {said}: a place twice"
        assert said == sorted(said), f"{told} {said}: from the first place to the last"
        gone = [place for place in said if place not in right]
        assert not gone, (
            f"{told} {said} instead of {right}: at place {gone[0] if gone else 0} all labels that are "
            f"still possible agree, or no other is left; {why}"
        )
        assert said == right, f"{told} {said} instead of {right}: {why}"


def check_choose(choose: Callable[[dict[str | None, float], float], str | None]) -> None:
    """09.2: the best of a few candidates, if it holds a large enough share of the probability; else None."""
    even = {"Lives in: Oslo": log(0.30), "Hobbies: chess": log(0.28), None: log(0.02)}
    small = {"Lives in: Oslo": log(0.0009), "Hobbies: chess": log(0.0001), None: log(0.00001)}
    long = {"Lives in: " + "x" * 30: -900.0, "Hobbies: " + "y" * 30: -905.0, None: -910.0}
    for scores, threshold, right, why in (
        ({"Lives in: Oslo": log(0.9), None: log(0.05)}, 0.5, "Lives in: Oslo", "it is the best, and sure enough"),
        ({"Lives in: Oslo": log(0.1), None: log(0.7)}, 0.5, None, "<none> is the best"),
        (even, 0.9, None, "the best holds half of the candidates' probability, less than the threshold"),
        (small, 0.5, "Lives in: Oslo", "among the candidates the best holds nine tenths: divide by their sum"),
        ({"Lives in: Oslo": log(0.5), None: log(0.5) - 1e-9}, 0.4, "Lives in: Oslo", "just enough is enough"),
        (long, 0.5, next(iter(long)), "e to the power of -900 is 0 for a computer: subtract the largest score first"),
    ):
        shown = {name[:20] if name else None: round(score, 2) for name, score in scores.items()}
        try:
            said = choose(dict(scores), threshold)
        except ZeroDivisionError:
            raise AssertionError(f"for {shown} it divides by zero: {why}") from None
        assert said is None or isinstance(said, str), f"it returns {said!r}: one of the candidates was expected"
        assert said == right, f"for {shown} and the threshold {threshold} it says {said!r} instead of {right!r}: {why}"


def check_readings(readings: Callable[[str], Sequence[Sequence[str]]]) -> None:
    """09.3: every way to read a record's text as a name and six values, as lists of seven texts."""
    tricky = Person("Jo", "Doe", "Nurse", "Oslo; Hobbies: none", "Jaws", "Jolene", "chess", "MIT")
    double = Person("Jo", "Doe", "Nurse", "Oslo; Favourite movie: Up", "Jaws", "Jolene", "chess", "MIT")
    other = Person("Jo", "Doe", "Nurse", "Oslo", "Up; Favourite movie: Jaws", "Jolene", "chess", "MIT")
    three = Person("Jo", "Doe", "A; Occupation: B", "C; Lives in: D", "Jaws", "Jolene", "chess", "MIT")
    bare = Person("Jo", "", "Nurse;", "", "Jaws", "Jolene", "chess; Go", "MIT;")
    for person, others, why in (
        (JO, [], "nothing in it is doubtful, so there is one way"),
        (
            bare,
            [],
            "a semicolon alone ends nothing, and a value may be empty",
        ),
        (
            tricky,
            [],
            "the labels come in one order: a 'Hobbies:' before 'Favourite movie:' is no label",
        ),
        (double, [other], "either 'Favourite movie:' may be the label, and the other one is part of a value"),
        (three, None, "two labels stand twice, so there are more ways"),
    ):
        said = readings(person.content)
        assert said is not None, "it returns None: the list of readings must come back with return"
        told = f"for {person.content!r} it finds"
        assert all(not isinstance(one, str) for one in said), f"{told} {said!r}: a list of lists was expected"
        said = [list(one) for one in said]
        wanted = [texts_of(one) for one in (person, *others)] if others is not None else ways(person.content)
        long = [one for one in said if len(one) != len(wanted[0])]
        assert not long, f"{told} one of {len(long[0]) if long else 0} texts: a name and six values make seven; {why}"
        assert not any(one[-1] == texts_of(person)[-1] + ";" for one in said), (
            f"{told} a last value with the record's own last semicolon: take that off"
        )
        found = sum(one in said for one in wanted)
        assert found == len(wanted), f"{told} {found} of {len(wanted)} readings: {why}"
        wrong = [one for one in said if one not in wanted]
        assert not wrong, f"{told} {wrong[0] if wrong else ''}, which does not make the text again: {why}"
        assert len(said) == len(wanted), f"{told} a reading twice: {len(said)} instead of {len(wanted)}"


def ways(text: str) -> list[list[str]]:
    """All readings of a record, by putting each mark at each place where it stands (the judge of exercise 3).

    Example:
        >>> len(ways(JO.content)), ways(JO.content)[0] == texts_of(JO)
        (1, True)
    """
    found = [[text.removeprefix(START)]]  # one text so far: all of it
    for mark in MARKS:
        found = [
            [*one[:-1], one[-1][:place], one[-1][place + len(mark) :]]
            for one in found
            for place in range(len(one[-1]))
            if one[-1].startswith(mark, place)
        ]
    return [[*one[:-1], one[-1].removesuffix(";")] for one in found]
