"""What the reader of notebook 01 writes: the library's versions, small inputs, and typical mistakes."""

import builtins
import hashlib
import random
import re
from collections.abc import Callable, Sequence
from itertools import product
from random import Random
from unittest.mock import patch

from momem_lib.course.shared.judging import Part
from momem_lib.data.grammar import SPLITS, cores_of, filled, variants_of
from momem_lib.data.records import Record
from momem_lib.data.styles import shuffled

NAMES = 4000  # made up, to count how a split function deals them out
ATTIC = Record("Jo", (("Room", "Attic"),))
JO = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo")))
OAK = Record("Oak Tree", (("Soil", "Loam"), ("Height", ""), ("Found in", "Metropolis")))


# The library's versions


def content(record: Record) -> str:
    """The record as text."""
    return record.content


def fill(template: str, name: str, value: str) -> str:
    """A template with name and value in its slots; one without a slot for the value keeps none."""
    return filled(template, name, value if "{value}" in template else "")


def row_of(record: Record, label: str, question: str, response: str) -> dict:
    """One row: what each module reads and must write."""
    value = record.value(label)
    return {
        "name": record.name,
        "question": fill(question, record.name, value),
        "content": record.content,
        "summary": record.summary(label),
        "response": fill(response, record.name, value),
    }


def variants(core: str) -> list[str]:
    """The wordings of a core."""
    return list(variants_of(core))


def split_of(name: str) -> str:
    """The split of an entry of a list, as grammar.split_of deals it."""
    tenth = int.from_bytes(hashlib.sha256(f"entry|{name}".encode()).digest()[:8], "big") % 10
    return "train" if tenth < 8 else ("validation", "test")[tenth - 8]


def leaks(train: Sequence[dict], test: Sequence[dict]) -> set[str]:
    """The texts that stand in records of both."""
    train, test = (
        {text.lower() for row in rows if row["record"] for text in row["record"].values() if text}
        for rows in (train, test)
    )
    return train & test


def unanswerable(row: dict, kind: str, question: str) -> dict:
    """An answerable row turned into one that cannot be answered."""
    row = {**row, "kind": kind, "question": question, "summary": None, "response": None}
    if kind == "nobody":
        row["name"] = None
    if kind in ("nobody", "stranger"):
        row["record"] = row["content"] = None
    return row


def name_split(name: str) -> str:
    """The split of a name, the same for all its spellings."""
    return split_of(" ".join(name.casefold().split()))


# Typical mistakes


def only_first(pattern: str, left: str, right: str) -> list[str]:
    """Only the first bracket opened."""
    before, found, rest = pattern.partition(left)
    inside, _, after = rest.partition(right)
    return [before + choice + after for choice in inside.split("|")] if found else [pattern]


def each_with_each(core: str) -> list[str]:
    """Square brackets opened as if they were round."""
    parts = [part.split("|") for part in re.split(r"\[(.*?)\]", core)]
    return ["".join(chosen) for chosen in product(*parts)]


# How some parts are judged


def in_order(version: Callable, *case: str) -> list[str] | None:
    """What a version gives, in the order of the alphabet: any order will do."""
    found = version(*case)
    return sorted(found) if isinstance(found, list | tuple) else found


def check_shuffle(shuffle: Callable[[Random, str], str]) -> None:
    """01.6: the same characters in another order, drawn by the generator that is given."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    mine = shuffle(Random(1), letters)
    if mine is None or mine is ...:
        raise NotImplementedError
    assert isinstance(mine, str), "what comes out is no text: join the characters"
    assert sorted(mine) == list(letters), "a character is gone, or stands there too often: keep each as often as it was"
    assert mine != letters, "the characters stand in the same order as before"
    assert mine == shuffle(Random(1), letters), "the same generator gave two different texts: let rng alone draw"
    assert mine != shuffle(Random(2), letters), "every generator gives the same text: let rng draw"
    assert shuffle(Random(1), "") == "", "an empty text should stay empty"


def check_name_split(split: Callable[[str], str]) -> None:
    """01.a: a split by the name: stable, 80/10/10, and the same for every spelling of a name."""
    names = [f"Person {number} Doe" for number in range(NAMES)]
    calls, true_hash = [], hash

    def listening(thing: object) -> int:
        calls.append(thing)
        return true_hash(thing)

    with patch.object(builtins, "hash", listening):
        splits = [split(name) for name in names]
    if splits[0] is None or splits[0] is ...:
        raise NotImplementedError
    odd = [one for one in splits if one not in SPLITS]
    assert not odd, f"your function returned {odd[:1]}: one of {', '.join(SPLITS)} was expected"
    assert not calls, "your function calls hash(), which differs from process to process: use hashlib"
    assert splits == [split(name) for name in names], "the same names were dealt otherwise at the second call"
    for name, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        got = splits.count(name) / NAMES
        assert abs(got - share) < 0.03, f"{got:.0%} of {NAMES} names fell into {name}: {share:.0%} were expected"
    for respell, why in (
        (str.upper, "capitals"),
        (lambda name: f"  {name.replace(' ', '   ')} ", "more white space around and between the words"),
        (lambda name: name.replace(" ", "\u00a0"), "no-break spaces (str.split() without an argument knows them)"),
    ):
        other = next((name for name in names if split(respell(name)) != split(name)), None)
        assert other is None, f"{respell(other)!r} and {other!r} fell into two splits: {why} make no other name"
    for name in (f"Strauß {number}" for number in range(200)):
        assert split(name) == split(name.upper()), (
            f"{name!r} and {name.upper()!r} fell into two splits: ß is SS in capitals (str.casefold knows)"
        )


LIVES = ("Lives in", "Where does {name} live?", "{name} lives in {value}.")
JO_ROW = {"kind": "answerable", "record": JO.to_dict()} | row_of(JO, *LIVES)
TRAIN = [{"record": JO.to_dict()}, {"record": None}, {"record": OAK.to_dict()}]


def exam(**facts: str) -> tuple[list[dict], list[dict]]:
    """Rows to learn from, and a test row."""
    return TRAIN, [{"record": {"name": "Bo Li", "Occupation": "Cook"} | facts}]


PARTS = {
    "01.1": Part(
        content,
        [(Record("Jo"),), (ATTIC,), (JO,), (OAK,)],
        {
            "the last semicolon is missing: each fact ends with one": lambda record: record.content[:-1],
            "the name is missing at the beginning": lambda record: record.content.partition("; ")[2],
            "a blank is missing before each label": lambda record: record.content.replace("; ", ";"),
            "a blank is missing between a label and its value": lambda record: record.content.replace(": ", ":"),
            "each fact got a line of its own: blanks stand between them": lambda record: record.content.replace(
                "; ", ";\n"
            ),
        },
    ),
    "01.2": Part(
        fill,
        [
            ("Where does {name} live?", "Jo", "Oslo"),
            ("{name} lives in {value}.", "Jo", "Oslo"),
            ("{value}: there lives {name}.", "Jo", "Oslo"),
            ("{name} likes {value}.", "Jo", "{name}"),
            ("{name} likes {value}.", "Jo {value}", "Jaws"),
            ("{name} likes {value}.", "Jo", "{} & %s"),
        ],
        {
            "the slot for the value is not filled": lambda text, name, value: text.replace("{name}", name),
            "somebody may be called 'Jo {value}': look for slots in the template alone": lambda text, name, value: (
                text.replace("{name}", name).replace("{value}", value)
            ),
            "a song may be called '{name}': look for slots in the template alone": lambda text, name, value: (
                text.replace("{value}", value).replace("{name}", name)
            ),
        },
    ),
    "01.3": Part(
        row_of,
        [(JO, *LIVES), (ATTIC, "Room", "{name}'s room?", "{value}.")],
        {
            "the summary needs its label too": ("record.summary(label)", "value"),
            "the content is the whole record, not one fact": ("record.content", "record.summary(label)"),
            "the slots of the response are not filled": ("fill(response, record.name, value)", "response"),
            "the name must be the whole name": ('"name": record.name', '"name": record.name.split()[0]'),
        },
    ),
    "01.4": Part(
        cores_of,
        [
            ("where",),
            ("a (b|c)",),
            ("(a|b) {name} (in|from|)",),
            ("which (city|town) is {name} (in|from) (now|today)",),
        ],
        {
            "only the first bracket was opened": lambda pattern: only_first(pattern, "(", ")"),
            "round brackets do not change together: each alternative goes with each of the others": lambda pattern: (
                list(variants_of(pattern.replace("(", "[").replace(")", "]")))
            ),
            "a pattern without brackets is one text, itself": lambda pattern: (
                cores_of(pattern) if "(" in pattern else []
            ),
        },
        in_order,
    ),
    "01.5": Part(
        variants,
        [("where",), ("is [he|she] in",), ("[he|she] keeps [his|her] hat",)],
        {
            "square brackets change together: they do not go each with each": each_with_each,
            "only the first bracket was opened": lambda core: only_first(core, "[", "]"),
            "a core without brackets has one wording, itself": lambda core: variants(core) if "[" in core else [],
        },
        in_order,
    ),
    "01.6": Part(
        shuffled,
        check=check_shuffle,
        mistakes={
            "what comes out is no text: join the characters": lambda rng, text: rng.sample(text, len(text)),
            "a character is gone, or stands there too often: keep each as often as it was": lambda rng, text: "".join(
                rng.choices(text, k=len(text))
            ),
            "the characters stand in the same order as before": lambda rng, text: text,
            "the same generator gave two different texts: let rng alone draw": lambda rng, text: "".join(
                random.sample(text, len(text))
            ),
            "every generator gives the same text: let rng draw": lambda rng, text: text[::-1],
        },
    ),
    "01.7": Part(
        split_of,
        [(name,) for name in ("Oslo", "Nairobi", "Amina", *(f"Person {number}" for number in range(40)))],
        {
            "hash() differs from process to process: use hashlib.sha256": lambda name: (
                "train" if hash(name) % 10 < 8 else ("validation", "test")[hash(name) % 10 - 8]
            ),
            "'entry|' is missing before the name": ("entry|", ""),
            "the bytes were read from the other end: 'big' was asked for": ("big", "little"),
            "all 32 bytes were read: the first 8 were asked for": ("[:8]", ""),
            "validation and test are swapped: 8 is validation": ('("validation", "test")', '("test", "validation")'),
        },
    ),
    "01.8": Part(
        leaks,
        [
            exam(),
            exam(Room="Oslo"),
            exam(Height=""),
            exam(Room="METROPOLIS", Boss="Jo Doe"),
            (TRAIN, [{"record": None}]),
        ],
        {
            "the same labels are no leak: look at the texts": (
                'row["record"].values()', 'sum(row["record"].items(), ())'
            ),
            "an empty text is no leak": (" if text}", "}"),
            "capitals hide a leak: bring all texts into lower case": ("text.lower()", "text"),
            "a text leaks under another label too: compare all with all": (
                "{text.lower() for", "{(label, text.lower()) for", "for text in row", "for label, text in row",
                ".values()", ".items()", "train & test", "{text for _, text in train & test}",
            ),
        },
    ),
    "01.9": Part(
        unanswerable,
        [
            (JO_ROW, "nobody", "Where does my friend live?"),
            (JO_ROW, "stranger", "Where does Jo Doe live?"),
            (JO_ROW, "absent", "How old is Jo Doe?"),
        ],
        {
            "the answer is still in it, and a module that is shown one learns to guess": (
                ', "summary": None, "response": None', ""
            ),
            "nobody is named, so Module 0 must learn to write nothing": ('kind == "nobody"', "False"),
            "a stranger has a name: Module 0 cannot know whom the memory holds": (
                'kind == "nobody"', 'kind != "absent"'
            ),
            "a stranger has no record": ('kind in ("nobody", "stranger")', 'kind == "nobody"'),
            "'absent' is about a person that the memory holds: the record stays": (
                'kind in ("nobody", "stranger")', "True"
            ),
            "the row that you were given is changed: copy it first": (
                'row = {**row, "kind": kind, "question": question, "summary": None, "response": None}',
                "row.update(kind=kind, question=question, summary=None, response=None)",
            ),
        },
    ),
    "01.a": Part(
        name_split,
        check=check_name_split,
        mistakes={
            "100% of 4000 names fell into train: 80% were expected": lambda name: "train",
            "your function calls hash(), which differs from process to process: use hashlib": lambda name: SPLITS[
                hash(name) % 3
            ],
        },
    ),
}  # fmt: skip
