"""Checkers of notebook 12's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable

import torch

from momem_lib.data.records import Person, Record

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
ASKED = "Which hobbies has Jo Doe?"


def check_may_look(may_look: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """12.1: who may look at whom when some positions are padding: (B, T) real -> (B, T, T)."""
    real = torch.tensor([[True, True, False], [True, True, True]])
    said = may_look(real)
    assert said is not None, "it returns None: the mask must come back with return"
    assert isinstance(said, torch.Tensor), f"it returns {type(said).__name__}: a tensor was expected"
    assert said.shape == (2, 3, 3), f"its shape is {tuple(said.shape)}: (B, T, T), here (2, 3, 3), was expected"
    assert said.dtype == torch.bool, f"it holds {said.dtype}: True and False were expected"
    assert bool(said[1].all()), "in a row without padding everybody may look at everybody"
    looker = said[0, :2]  # the real positions of the row with padding
    pad_to_pad = bool(looker[:, 2].all()) and bool(said[0, 2, :2].all()) and not bool(said[0, 2, 2])
    assert not pad_to_pad, (
        "real positions may look at the padding: only the pair of two paddings is shut out, as in experiment (b)"
    )
    assert not bool(looker[:, 2].any()), (
        "a real position may look at padding: rows are who looks, columns are who is looked at"
    )
    assert bool(looker[:, :2].all()), "real positions must be able to look at each other"
    assert bool(said[0, 2, :2].all()), (
        "the padding's own row is shut as well: nobody reads what it gathers, but a row without any True gives NaN "
        "in a plain softmax: let it look at the real ones"
    )


def check_clearly_faster(clearly_faster: Callable[[list, list], bool]) -> None:
    """12.2: is one way clearly faster, over all seeds? Steps to the mark; None: never reached."""
    for ours, theirs, right, why in (
        ([100, 125], [200, 225], True, "the slowest of ours is faster than the fastest of theirs"),
        ([100, 125, 300], [200, 225, 250], False, "one seed of ours took 300 steps, longer than all of theirs"),
        ([100], [100], False, "the same is not faster"),
        ([100, 125], [150, None], True, "None means never: slower than any number"),
        ([100, None], [150, 175], False, "one of ours never got there"),
        ([None, None], [None, None], False, "nobody got there"),
        ([150, 175], [None, None], True, "all of ours got there, and none of theirs"),
    ):
        said = clearly_faster(list(ours), list(theirs))
        assert said is not None, "it returns None: True or False must come back with return"
        assert isinstance(said, bool), f"it returns {said!r}: True or False was expected"
        assert said == right, f"for {ours} against {theirs} it says {said}: {why}"


def check_stirred(stirred: Callable[[Callable, str, Record], Record | None]) -> None:
    """12.3: a record whose values, and nothing else, change what a module chooses; None where there is none."""
    for choose, what in (
        (by_words, "takes the first fact that shares a word with the question, value or label"),
        (by_text, "takes a value that holds a label and a colon for that fact"),
        (by_filled, "never takes an empty value"),
    ):
        found = stirred(choose, ASKED, JO)
        assert found is not None, f"it finds no record that changes the choice of a module that {what}"
        assert isinstance(found, Record), f"it returns {type(found).__name__}: a Record was expected"
        assert (found.name, found.labels) == (JO.name, JO.labels), (
            f"name and labels must stay as they are, in their order, and here they are {found.name!r} and "
            f"{', '.join(found.labels)}: that a label changes the choice is as it should be"
        )
        assert choose(ASKED, found) != choose(ASKED, JO), f"with {found.content!r} it chooses the same as before"
    found = stirred(lambda question, record: by_words(question, blank(record)), ASKED, JO)
    assert found is None, "of a module that reads labels alone, no value can change the choice: None was expected"


def blank(record: Record) -> Record:
    """The same record with nothing under its labels."""
    return Record(record.name, tuple((label, "") for label in record.labels))


def by_words(question: str, record: Record) -> str | None:
    """The first label that shares a word with the question, or whose value does.

    Example:
        >>> by_words("Her hobbies?", Record("Jo", (("Job", "Nurse"), ("Hobbies", "chess"))))
        'Hobbies'
    """
    asked = set(question.strip("?").casefold().split())
    return next((label for label, value in record.facts if asked & set(f"{label} {value}".casefold().split())), None)


def by_text(question: str, record: Record) -> str | None:
    """The label that by_words chooses; where another value holds it with its colon, that fact.

    Example:
        >>> by_text("Her hobbies?", Record("Jo", (("Job", "Hobbies: none"), ("Hobbies", "chess"))))
        'Job'
    """
    label = by_words(question, blank(record))
    return next((holder for holder, value in record.facts if f"{label}: " in value and holder != label), label)


def by_filled(question: str, record: Record) -> str | None:
    """The label that by_words chooses, unless its value is empty.

    Example:
        >>> by_filled("Her hobbies?", Record("Jo", (("Hobbies", ""),))) is None
        True
    """
    label = by_words(question, blank(record))
    return label if record.value(label) else None
