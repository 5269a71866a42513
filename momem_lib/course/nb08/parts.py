"""What the reader of notebook 08 writes: the library's versions, small inputs, and typical mistakes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from zlib import crc32

import numpy as np
from numpy import ndarray
from rapidfuzz import fuzz

from momem_lib.course.nb08.checks import (
    check_add,
    check_add_new,
    check_look_up,
    check_remember_all,
    check_tables,
)
from momem_lib.course.nb08.index_checks import check_index
from momem_lib.course.nb08.plots import pieces_of
from momem_lib.course.nb08.tables import add, add_new, look_up, make_tables, remember_all
from momem_lib.course.shared.judging import Part

# The library's versions


def learn(weights: ndarray, name: ndarray, wanted: ndarray) -> ndarray:
    """A step of the delta rule."""
    return weights + np.outer(name, wanted - name @ weights) / (name @ name)


def fit(names: ndarray, wanted: ndarray) -> ndarray:
    """The table of the least squared error."""
    return np.linalg.lstsq(names, wanted, rcond=None)[0]


def alike(one: str, other: str) -> float:
    """Twice the letters that two texts share in order, as a share of all of theirs, 0 to 100."""
    return fuzz.ratio(one, other)


def candidates(index: Mapping[str, Sequence[str]], tag: str, most: int = 3) -> list[tuple[str, int]]:
    """Who shares how many pieces with the tag, the most first."""
    shared = Counter(name for piece in pieces_of(tag) for name in index.get(piece, ()))
    return shared.most_common(most)


def vector(text: str, width: int) -> ndarray:
    """The text's pieces, counted by their hash, at the length 1."""
    return scaled(counted(text, width))


def recall_at(k: int, found: Sequence[Sequence[str]], meant: Sequence[str]) -> float:
    """The share of searches whose first k results hold what was meant."""
    return sum(name in names[:k] for names, name in zip(found, meant, strict=True)) / len(meant)


# Typical mistakes, and how some parts are judged


def counted(
    text: str, width: int, place: Callable = lambda piece: crc32(piece.encode()), once: bool = False
) -> ndarray:
    """How many pieces fall on each place; as a mistake, each place once."""
    numbers = np.zeros(width)
    for piece in pieces_of(text):
        numbers[place(piece) % width] += 1
    return np.minimum(numbers, 1) if once else numbers


def scaled(numbers: ndarray) -> ndarray:
    """At the length 1; zeros stay zeros."""
    return numbers / (np.linalg.norm(numbers) or 1)


def unscaled_nan(text: str, width: int) -> ndarray:
    """Zeros divided by their length."""
    numbers = counted(text, width)
    with np.errstate(invalid="ignore"):
        return numbers / np.linalg.norm(numbers)


def cut(text: str, spare: int = 2) -> list[str]:
    """All pieces, with the doubles, and perhaps with short ones at the end."""
    return [text[place : place + 3] for place in range(len(text) - spare)]


def longest_run(one: str, other: str) -> float:
    """Only the longest run that both share."""
    run = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return 200 * run.size / (len(one) + len(other))


def same_letters(one: str, other: str) -> float:
    """Letters in any order."""
    return 200 * (Counter(one) & Counter(other)).total() / (len(one) + len(other))


def same_places(one: str, other: str) -> float:
    """Letters at the same place."""
    return 200 * sum(a == b for a, b in zip(one, other, strict=False)) / (len(one) + len(other))


class OnlyAsked(dict):
    """An index that can be asked for a piece, and not be read through."""

    def __iter__(self):
        raise AssertionError("it reads through the whole index: ask it for the tag's own pieces, and for no others")

    items = keys = values = __iter__


def searched(version: Callable, index: Mapping, tag: str, most: int) -> object:
    """What a search gives, equals in the order of the alphabet."""
    found = version(OnlyAsked(index), tag, most)
    if not isinstance(found, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in found):
        return found
    counts = [count for _, count in found]
    return sorted(found, key=lambda pair: (-pair[1], pair[0])) if counts == sorted(counts, reverse=True) else found


def check_fit(version: Callable[[ndarray, ndarray], ndarray]) -> str | None:
    """08.2: any table will do whose squared error is the least."""
    rng = np.random.default_rng(0)
    for people, width in ((2, 2), (3, 2), (9, 4), (3, 8)):
        names, wanted = rng.standard_normal((people, width)), np.eye(5)[rng.integers(5, size=people)]
        mine = version(names.copy(), wanted.copy())
        if mine is None or mine is ...:
            raise NotImplementedError
        if isinstance(mine, tuple):
            return "Not yet: lstsq gives four things, and the table is the first of them: [0]."
        given = f"Given {people} names of {width} numbers and 5 places, it gives"
        if np.shape(mine) != (width, 5):
            return f"Not yet. {given} the shape {np.shape(mine)}, where {width, 5} was expected."
        error, least = (((names @ table - wanted) ** 2).sum() for table in (mine, fit(names, wanted)))
        if not error <= least + 1e-6:
            return f"Not yet. {given} a table with the squared error {error:.4g}, and {least:.4g} can be had."
    return None


ZEROS, NAME, PLACE = np.zeros((2, 3)), np.array([1.0, 3.0]), np.array([0.0, 1.0, 0.0])
ANNS = {"ann": ["ann", "anna"], "nna": ["anna"]}
DOES = {piece: ["jo doe", "joe doe"] for piece in (" do", "doe")} | {"jo ": ["jo doe"], "joe": ["joe doe"]}
LONG = "bartholomew featherstonehaugh", "theobald haughton-cholmondeley"
FOUND = [["jo", "al"], ["al", "bo", "jo"], ["bo"], ["jo", "al", "cy"]]
MEANT = ["jo", "jo", "jo", "cy"]

PARTS = {
    "08.1": Part(
        learn,
        [(ZEROS, NAME, PLACE), (np.full((2, 3), 0.5), NAME, PLACE)],
        {
            "the step is not divided by name @ name, so it goes too far": lambda weights, name, wanted: (
                weights + np.outer(name, wanted - name @ weights)
            ),
            "the step goes the wrong way: what is missing is wanted minus what it says": lambda weights, name, wanted: (
                weights - np.outer(name, wanted - name @ weights) / (name @ name)
            ),
            "it adds what is wanted, not what is missing": lambda weights, name, wanted: (
                weights + np.outer(name, wanted) / (name @ name)
            ),
            "that is the step alone: add it to the weights": lambda weights, name, wanted: (
                np.outer(name, wanted - name @ weights) / (name @ name)
            ),
        },
    ),
    "08.2": Part(
        fit,
        check=check_fit,
        mistakes={
            "lstsq gives four things, and the table is the first of them: [0]": lambda names, wanted: np.linalg.lstsq(
                names, wanted, rcond=None
            ),
        },
    ),
    "08.3": Part(make_tables, check=check_tables),
    "08.4": Part(add, check=check_add),
    "08.5": Part(look_up, check=check_look_up),
    "08.6": Part(
        alike,
        [("ab", "b"), ("abc", "abc"), ("abc", "xyz"), ("ab", "ba"), ("xay", "xby"), ("hasan", "hassan"), LONG],
        {
            "the order counts too: of 'ab' and 'ba' only one letter is shared in order": same_letters,
            "letters may be shared though they stand at other places": same_places,
            "the shared letters need not stand together: another letter may come between": longest_run,
            "that is divided by the longer text alone: divide twice the count by the letters of both": lambda a, b: (
                fuzz.ratio(a, b) * (len(a) + len(b)) / 2 / max(len(a), len(b))
            ),
            "it goes from 0 to 1, and 0 to 100 was asked for": lambda a, b: fuzz.ratio(a, b) / 100,
            "the count is not doubled: equal texts must reach 100": lambda a, b: fuzz.ratio(a, b) / 2,
        },
        seconds=4,
    ),
    "08.7": Part(
        pieces_of,
        [("abcd",), ("abc",), ("ab",), ("banana",)],
        {
            "a piece that stands there twice is wanted once": cut,
            "the last ones are shorter than three letters": lambda text: list(dict.fromkeys(cut(text, 0))),
            "the last piece is missing": lambda text: list(dict.fromkeys(cut(text, 3))),
            "a list was asked for: sets have no order, and forget the reading order": lambda text: set(cut(text)),
            "the pieces should stand in reading order": lambda text: sorted(set(cut(text))),
        },
    ),
    "08.8": Part(
        candidates,
        [(ANNS, "anna", 1), (ANNS, "xyzzy", 3), (ANNS, "joanna", 2), (DOES, "jo doe", 9)],
        {
            "the names stand there without their counts: pairs were asked for": lambda index, tag, most: [
                name for name, _ in candidates(index, tag, most)
            ],
            "it gives more than `most` of them": lambda index, tag, most: candidates(index, tag, 99),
            "the best come first, those that share the most": lambda index, tag, most: candidates(index, tag, 99)[::-1][
                :most
            ],
        },
        searched,
    ),
    "08.9": Part(
        vector,
        [("abc", 4), ("abcd", 4), ("banana bandana", 4), ("ab", 4), ("muchiri t'challa", 32)],
        {
            "the length is not 1: divide by it": counted,
            "two pieces may fall on one place: count both": lambda text, width: scaled(counted(text, width, once=True)),
            "a text without pieces is all zeros, and 0 / 0 is nan: leave it at zeros": unscaled_nan,
            "hash() differs from process to process: use crc32": lambda text, width: scaled(
                counted(text, width, place=hash)
            ),
            "the numbers should sum up to 1 as squares, not as they are": lambda text, width: (
                counted(text, width) / max(counted(text, width).sum(), 1)
            ),
        },
    ),
    "08.10": Part(
        recall_at,
        [(1, [["jo"]], ["jo"]), (1, FOUND, MEANT), (2, FOUND, MEANT), (3, FOUND, MEANT)],
        {
            "that is how many, and a share was asked for": lambda k, found, meant: (
                recall_at(k, found, meant) * len(meant)
            ),
            "only the very first counts, whatever k is": lambda k, found, meant: recall_at(1, found, meant),
            "whatever was found counts: look at the first k only": lambda k, found, meant: recall_at(9, found, meant),
            "that is divided by k, too: one name was meant in each search": lambda k, found, meant: (
                recall_at(k, found, meant) / k
            ),
        },
    ),
    "08.11": Part(remember_all, check=check_remember_all),
    "08.a": Part(check=check_index),
    "08.b": Part(add_new, check=check_add_new),
}
