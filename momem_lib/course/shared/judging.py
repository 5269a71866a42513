"""What the reader writes is judged, and used from there on where it is right; until then the library's version is used.

A Part knows the library's version, small inputs, and typical mistakes, which it tells by what they make of them.
Each notebook keeps its parts in one file, parts.py of its folder; the solutions stand in the notebook, folded.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module

import numpy as np
import torch
from torch import Tensor

from momem_lib.course.shared.guarding import Trouble, guarded, random_numbers_kept
from momem_lib.project import InputError

MOST_SHOWN = 24  # numbers of a table that are written out
RIGHT: dict[str, bool] = {}  # what was judged in this kernel, by id


@dataclass(frozen=True)
class Part:
    """What the reader writes in one cell, and what is known about it.

    Attributes:
        library: the version that is used until the reader's is right.
        cases: what both are called with, the smallest first: tuples of arguments, each a copy of its own.
        mistakes: a sentence that says what is wrong -> a version that makes just this mistake, or a tuple: pieces of
            the library's source, each with what stands in its place in that version.
        call: how a version is called with a case, where that is more than version(*case). words: how that is told.
        check: in place of cases: asserts that a version is right, with a sentence; NotImplementedError: it is a stub.
        seconds: how long the reader's version may work on all cases, of CPU time.
    """

    library: object = None
    cases: Sequence[tuple] = ()
    mistakes: Mapping[str, object] = field(default_factory=dict)
    call: Callable = lambda version, *case: version(*case)
    words: str = "With ({})"
    check: Callable[[object], None] | None = None
    seconds: float = 10


def parts_of(notebook: str) -> dict[str, Part]:
    """The parts that the reader writes in a notebook ("03"), by id ("03.1"; "03.a" for an exercise at the end)."""
    return import_module(f"momem_lib.course.nb{notebook}.parts").PARTS


def judge(id: str, thing: object) -> object:
    """Say whether the reader's version of a part is right; hand it back where it is, and the library's where it is not.

    Example:
        >>> softmax = judge("03.1", lambda scores, dim=-1: scores)
        Not yet: the exponential is missing, and so is the sum: these are the scores themselves.
        With (tensor([0., 0.])) it gives tensor([0., 0.]), where tensor([0.50, 0.50]) was expected.
        The library's is used until then.
    """
    if id not in parts_of(id[:2]):
        raise InputError(f"no part is called {id!r}: there are {', '.join(parts_of(id[:2]))}")
    part = parts_of(id[:2])[id]
    with random_numbers_kept():  # before the clock starts: PyTorch may import a lot at the first call
        rights = [called(part.library, part, case) for case in part.cases]
    try:
        objection = guarded(lambda: objection_to(thing, part, rights), thing, part.seconds)
    except Trouble as trouble:
        objection = not_yet(trouble)
    RIGHT[id] = objection is None
    used = is_used(id)
    if objection is None:
        print("Right! From here on, yours is used." if used else "Right!")
        return thing
    between = "\n" if "\n" in objection else " "
    print(f"{objection}{between}The library's is used until then." if used else objection)
    return part.library if used else thing


def is_used(id: str) -> bool:
    """Whether the notebook goes on to use a part; an exercise, whose id ends in a letter, stands for itself.

    Example:
        >>> is_used("03.12"), is_used("03.a")
        (True, False)
    """
    return id[3:].isdigit()


def not_yet(trouble: Trouble) -> str:
    """What kept the reader's code from its end, as a sentence."""
    return f"Not yet: {trouble}" + ("" if str(trouble).endswith("?") else ".")


def attempt(check: Callable, *answers: object) -> bool:
    """Check an answer, say how it went, and return whether it is right; the notebook goes on either way.

    Example:
        >>> from momem_lib.course.nb00.exercises import check_own_record
        >>> attempt(check_own_record, None)
        Not yet: your record is None: replace it by a dict, {"name": "...", ...}.
        False
    """
    try:
        guarded(lambda: check(*answers), answers[0] if answers else None)
    except Trouble as trouble:
        print(not_yet(trouble))
        return False
    print("Right!")
    return True


def yours(notebook: str) -> int:
    """Say how many parts of a notebook the reader has written, and which are left; returns how many."""
    parts = [id for id in parts_of(notebook) if is_used(id)]
    left = [id for id in parts if not RIGHT.get(id)]
    print(f"{len(parts) - len(left)} of {len(parts)} parts of this notebook are yours.")
    if left:
        print(f"Still the library's: {', '.join(left)}.")
    return len(parts) - len(left)


# Judging


def unless_stub(cases: Sequence[tuple], told: Callable = lambda said: said) -> Callable:
    """A part's call for what may well return None: only what returns None for all cases is a stub.

    Args:
        told: from what it returned to what is compared and shown; must make something of None.
    """

    def call(version: Callable, *case: object) -> object:
        said = version(*case)
        stub = said is None and all(version(*other) is None for other in deepcopy(cases))
        return None if stub else told(said)

    return call


def objection_to(thing: object, part: Part, rights: Sequence[tuple]) -> str | None:
    """What is wrong with the reader's version of a part, in sentences; None where it is right.

    Args:
        rights: what the library's version makes of each case, see called.
    """
    if thing is None or thing is ...:
        return "Not written yet."
    if part.check is not None:
        try:
            return part.check(thing)
        except NotImplementedError:
            return "Not written yet."
    for case, (right, right_left) in zip(part.cases, rights, strict=True):
        try:
            mine, left = called(thing, part, case)
        except NotImplementedError:
            return "Not written yet."
        if mine is None or mine is ...:
            return "Not written yet: it returns nothing."
        found = difference(mine, right)
        if found is None and difference(left, right_left) is not None:
            found = "it changes what it was given: work on a copy"
        if found is not None:
            words = f"{part.words.format(', '.join(map(written, case)))} {found}."
            mistake = mistake_of(thing, part)
            return f"Not yet: {mistake}.\n{words}" if mistake else f"Not yet. {words}"
    return None


def called(version: object, part: Part, case: tuple) -> tuple[object, tuple]:
    """What a version makes of a case, and what it leaves of its arguments."""
    given = deepcopy(case)
    torch.manual_seed(0)
    with np.errstate(all="ignore"):  # what is divided by 0 is told as a difference
        return part.call(version, *given), given


def mistaken(part: Part, mistake: object) -> object:
    """The version that makes one of a part's mistakes.

    Example:
        >>> from momem_lib.nn.attention import causal_mask
        >>> mistaken(Part(causal_mask), (".tril()", ".triu()"))(2).tolist()
        [[True, True], [False, True]]
    """
    if not isinstance(mistake, tuple):
        return mistake
    source = source_of(part.library)
    for old, new in zip(mistake[::2], mistake[1::2], strict=True):
        if old not in source:
            raise ValueError(f"{old!r} does not stand in the source of {part.library.__name__}")
        source = source.replace(old, new)
    space = dict(vars(inspect.getmodule(part.library)))
    exec(source, space)
    return space[part.library.__name__]


@lru_cache
def source_of(thing: object) -> str:
    """The source of a function or a class, which Python looks for anew at each call."""
    return textwrap.dedent(inspect.getsource(thing))


def mistake_of(thing: object, part: Part) -> str | None:
    """The first of a part's mistakes that does in every case what the reader's version does; None for another one."""

    def outcomes(version: object) -> list:
        found = []
        for case in part.cases:
            try:
                found.append(called(version, part, case))
            except Exception as error:  # errors of one kind are alike too
                found.append(type(error))
        return found

    mine = outcomes(thing)
    for sentence, mistake in part.mistakes.items():
        if not difference(mine, outcomes(mistaken(part, mistake)), True):
            return sentence
    return None


def difference(mine: object, right: object, nan_is_nan: bool = False) -> str | None:
    """How a result differs from the right one, in words; None where it does not.

    Example:
        >>> difference([1, 2.0], [1, 2.0]), difference(torch.ones(2), torch.ones(1, 2))
        (None, 'it gives the shape (2,), where (1, 2) was expected')
    """
    if isinstance(right, Tensor | np.ndarray):
        if not isinstance(mine, type(right)):
            return f"it gives {written(mine)}, where a {type(right).__name__} was expected"
        if tuple(mine.shape) != tuple(right.shape):
            return f"it gives the shape {tuple(mine.shape)}, where {tuple(right.shape)} was expected"
        one, other = (np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x) for x in (mine, right))
        if one.dtype.kind != other.dtype.kind:
            return f"it holds numbers of the type {mine.dtype}, where {right.dtype} was expected"
        same = np.isclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=nan_is_nan)
        if not same.all() and one.size > MOST_SHOWN:
            place = tuple(np.argwhere(~same)[0].tolist())
            found, wanted = written(one[place].item()), written(other[place].item())
            return f"it gives {found} at {list(place)}, where {wanted} was expected"
        same = bool(same.all())
    elif isinstance(right, float):
        same = isinstance(mine, int | float) and bool(np.isclose(mine, right, rtol=1e-4, equal_nan=nan_is_nan))
    elif isinstance(right, list | tuple) and isinstance(mine, type(right)) and len(mine) == len(right):
        pairs = zip(mine, right, strict=True)
        found = ((place, difference(*pair, nan_is_nan)) for place, pair in enumerate(pairs, start=1))
        place, what = next((pair for pair in found if pair[1]), (0, ""))
        inside = what.startswith("in part")  # of a list in a list
        return f"in part {place}{',' if inside else ' of its result'} {what.removeprefix('in ')}" if what else None
    elif isinstance(right, dict) and isinstance(mine, dict):
        if set(mine) != set(right):
            return f"it has the keys {', '.join(map(str, mine))}, where {', '.join(map(str, right))} were expected"
        found = ((key, difference(mine[key], right[key], nan_is_nan)) for key in right)
        return next((f"under {key!r} {what}" for key, what in found if what), None)
    elif isinstance(right, list | tuple):  # of another type or length
        same = False
    else:
        plain = type(right).__eq__ is object.__eq__  # a generator of random numbers, say: nothing to compare
        same = type(mine) is type(right) and (plain or mine == right)
    if same:
        return None
    found, wanted = written(mine), written(right)
    if found == wanted:  # 2.0 and 2, say
        found, wanted = f"{found} ({type(mine).__name__})", f"{wanted} ({type(right).__name__})"
    return f"it gives {found}, where {wanted} was expected"


def written(value: object) -> str:
    """A value as the reader would type it, as long as it is small.

    Example:
        >>> written(torch.tensor([1.0, 0.25])), written(torch.zeros(9, 9)), written("Jo")
        ('tensor([1.00, 0.25])', 'a tensor of the shape (9, 9)', "'Jo'")
    """
    if isinstance(value, Tensor | np.ndarray):
        if len(np.ravel(value.detach().cpu())) > MOST_SHOWN if isinstance(value, Tensor) else value.size > MOST_SHOWN:
            return f"a {'tensor' if isinstance(value, Tensor) else 'array'} of the shape {tuple(value.shape)}"
        table = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
        digits = {"precision": 2, "suppress_small": True, "separator": ", ", "max_line_width": 10_000}
        if table.dtype.kind == "f" and np.isfinite(table).all() and (table != table.round()).any():
            digits["formatter"] = {"float": lambda number: f"{number:.2f}"}
        text = np.array2string(table, **digits).replace("\n", "")
        return f"{'tensor' if isinstance(value, Tensor) else 'array'}({' '.join(text.split())})"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(written, value))
        text = f"[{inside}]" if isinstance(value, list) else f"({inside})"
    else:
        text = f"{value:.4g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 200 else f"{text[:200]} ..."
