"""Rows for the course made on the spot, and how good a module is on them: by length, by kind of character, by row."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from momem_lib.data.rows import KINDS, SynthesisConfig, load_material, row_stream
from momem_lib.data.styles import STYLES
from momem_lib.data.tasks import Task, task_named
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.system.names import shown
from momem_lib.training.batches import tokenize

KEPT_ROWS = 400_000  # rows that are looked through, at most, for those that were asked for
CHARACTERS = ("plain letters", "digits and signs", "accented letters", "other scripts")
NOTHING = "nothing to find"  # the group of rows to which <none> is the right answer
PLAIN_SIGNS = " '’-."  # between the letters of ordinary names
LENGTHS = {
    8: "up to 8",
    12: "9 to 12",
    16: "13 to 16",
    24: "17 to 24",
    9999: "25 or more",
}  # bytes: end of a group, its name
GROUPS = (*CHARACTERS, *LENGTHS.values(), NOTHING)  # the order in which groups are shown

material = lru_cache(load_material)  # the shipped lists and templates, read once


def course_rows(
    task_name: str,
    count: int,
    split: str = "train",
    seed: int = 0,
    kinds: tuple[str, ...] = KINDS,
    styles: tuple[str, ...] = STYLES,
    longest: int = 512,
    **synthesis,
) -> list[dict]:
    """Rows for one module, made on the spot, in which it has a part; the same ones for the same arguments.

    Args:
        split: train, validation or test: whose names and values. Phrasings are those of training in every split.
        kinds, styles: only these (of rows.KINDS and values.STYLES).
        longest: tokens in the source, and in prompt plus target; longer rows are left out.
        synthesis: other keys of SynthesisConfig, such as bare_share or languages.

    Raises:
        InputError: an unknown task, or hardly any row is such as was asked for.

    Example:
        >>> rows = course_rows("ner", 3, kinds=("answerable",))
        >>> len(rows), all(row["name"] in row["question"] for row in rows)
        (3, True)
    """
    task = task_named(task_name)
    config = SynthesisConfig(seed=seed, **{"noise_share": 0.0} | synthesis)
    stream = row_stream(material(), config, split, "known")
    fitting = (
        row
        for row in islice(stream, KEPT_ROWS)
        if row["kind"] in kinds and row["style"] in styles and len(tokenize(task, [row], longest))
    )
    rows = list(islice(fitting, count))
    if len(rows) < count:
        raise InputError(f"hardly any row is of the kinds {kinds} and the styles {styles}: ask for others")
    return rows


@dataclass(frozen=True)
class Judged:
    """What a module wrote for one row, and whether that is right."""

    row: dict
    task: Task
    wrote: str | None  # None: it said <none>
    right: bool
    confidence: float  # probability of the whole output, 0 to 1

    @property
    def wanted(self) -> str | None:
        """What it should have written (of Module 3: one of many good ways to say it); None for <none>."""
        return self.row[self.task.target]

    @property
    def copied(self) -> str | None:
        """What it had to copy letter by letter: the name (Module 0), the value (Modules 2 and 3); None for nothing."""
        return None if self.wanted is None else self.row["name" if self.task.name == "ner" else "value"]

    @property
    def characters(self) -> str:
        """What kind of characters it had to copy: one of CHARACTERS, or NOTHING."""
        return NOTHING if self.copied is None else characters_of(self.copied)

    @property
    def length(self) -> str:
        """How many bytes it had to copy, as a group such as "9 to 12"; or NOTHING."""
        return NOTHING if self.copied is None else length_group(len(self.copied.encode()))


def examine(module: Module, rows: Sequence[dict]) -> list[Judged]:
    """Let a module write for each row, greedily, and compare with what is right.

    Example:
        >>> ner = Module.load(task="ner", device="cpu")
        >>> [judged.right for judged in examine(ner, course_rows("ner", 2, kinds=("answerable",), styles=("plain",)))]
        [True, True]
    """
    task, (_, pairs) = module.task, module.exact_match(rows)
    return [
        Judged(row, task, written.text, task.is_right(row, written.text), written.confidence) for row, written in pairs
    ]


def characters_of(text: str) -> str:
    """The kind of a text's characters, by the least ordinary one: one of CHARACTERS.

    Example:
        >>> [characters_of(name) for name in ("Muchiri T'Challa", "$tev0 Ca$hmoney", "Ngũgĩ", "王 X")]
        ['plain letters', 'digits and signs', 'accented letters', 'other scripts']
    """
    letters = [letter for letter in text if letter not in PLAIN_SIGNS]
    if not all(letter.isascii() or "LATIN" in unicodedata.name(letter, "") for letter in letters):
        return "other scripts"
    if not all(letter.isascii() for letter in letters):
        return "accented letters"
    return "plain letters" if all(letter.isalpha() for letter in letters) else "digits and signs"


def length_group(length: int) -> str:
    """The group of a length in bytes.

    Example:
        >>> length_group(8), length_group(9), length_group(99)
        ('up to 8', '9 to 12', '25 or more')
    """
    return next(group for end, group in LENGTHS.items() if length <= end)


def shares_by(judged: Iterable[Judged], key: Callable[[Judged], str]) -> dict[str, tuple[int, int]]:
    """How many are right, of how many, in each group; groups of lengths and characters in their order.

    Args:
        key: the group of one, for instance `lambda one: one.length`, or `lambda one: one.row["language"]`.

    Example:
        >>> task, row = task_named("ner"), {"name": "Jo"}
        >>> shares_by([Judged(row, task, "Jo", True, 1.0), Judged(row, task, "J", False, 0.5)], lambda one: one.length)
        {'up to 8': (1, 2)}
    """
    counts: dict[str, list[int]] = {}
    for one in judged:
        count = counts.setdefault(str(key(one)), [0, 0])
        count[0] += one.right
        count[1] += 1
    order = sorted(counts, key=lambda name: (GROUPS.index(name) if name in GROUPS else len(GROUPS), name))
    return {name: tuple(counts[name]) for name in order}


def failure_table(judged: Iterable[Judged], most: int = 8) -> str:
    """The rows that went wrong, the surest first, as plain text: what was asked, wanted, and written instead.

    Example:
        >>> row = {"question": "Who is Jo?", "name": "Jo"}
        >>> print(failure_table([Judged(row, task_named("ner"), None, False, 0.9)]))
        90%  asked   Who is Jo?
             wanted  Jo
             wrote   <none>
        1 of 1 wrong
    """
    judged = list(judged)
    wrong = sorted((one for one in judged if not one.right), key=lambda one: -one.confidence)
    lines = []
    for one in wrong[:most]:
        wanted = one.copied if one.task.name == "response" else one.wanted
        lines.append(f"{one.confidence:3.0%}  asked   {shown(one.row['question'])}")
        for what, text in (("wanted", wanted), ("wrote", one.wrote)):
            lines.append(f"     {what:<6}  {'<none>' if text is None else shown(text)}")
    return "\n".join([*lines, f"{len(wrong)} of {len(judged)} wrong"])
