"""The phrasing grammar: templates as JSON files, the phrasings (cores) that they expand to, and their splits."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from momem_lib.data.people import FIELDS
from momem_lib.project import TEMPLATES
from momem_lib.data.templates import cores_of, read_templates, variants_of

SPLITS = ("train", "validation", "test")
# How often each form of question is drawn; a form without a phrasing in the split is left out.
FORMS = {"direct": 26, "indirect": 20, "noun": 24, "clipped": 13, "context": 10, "whole": 7}
WRITTEN_WEIGHT = 6  # of a clipped or pronoun core that is written out, beside the many that patterns make of nouns
HELD_OUT_MINIMUM = 3  # phrasings that a group (a field of a language) has in validation and in test, at least


def split_of(text: str, kind: str) -> str:
    """Say which split a text belongs to: 80 % train, 10 % validation, 10 % test, the same for ever and everywhere.

    Example:
        >>> split_of("Oslo", "entry"), split_of("Nairobi", "entry")
        ('train', 'train')
    """
    tenth = int.from_bytes(hashlib.sha256(f"{kind}|{text}".encode()).digest()[:8], "big") % 10
    return "train" if tenth < 8 else SPLITS[tenth - 7]


@dataclass(frozen=True)
class Phrasing:
    """One core of a question: what it asks, in which form, and all its wordings (he, she, they)."""

    id: str  # "en/location/where does {name} live": language, what is asked, core
    field: str  # a field of Person, a field that nobody stores ("age"), or "nobody"
    form: str  # "direct", "indirect", "noun", "clipped", "context" or "whole"
    variants: tuple[str, ...]  # wordings with {name} (contexts: without) that count as one phrasing
    leads: tuple[str, ...]  # what may stand around it, with {core}; ends with its mark
    split: str


@dataclass(frozen=True)
class Grammar:
    """All phrasings and responses of one language, ready to draw from."""

    language: str
    phrasings: dict[str, tuple[Phrasing, ...]]  # by field; what nobody stores is among the keys
    weights: dict[str, int]  # of a phrasing id, 1 where it is missing
    unknown: tuple[str, ...]  # fields that nobody stores
    nobody: tuple[Phrasing, ...]  # questions and chat that name nobody; of form "thing" where they name a value
    responses: dict[str, tuple[str, ...]]
    keywords: dict[str, tuple[str, ...]]  # words that give a field away; for unknown fields too
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    tails: tuple[str, ...]
    decorations: tuple[str, ...]
    fillers: tuple[str, ...]  # what stands for the name when nobody is named ("my friend")


def repeated(weighted: dict[str, int] | list[str]) -> tuple[str, ...]:
    """Turn {"a": 2, "b": 1} into ("a", "a", "b"), so that a uniform draw has the weights; a list has weight 1."""
    if isinstance(weighted, dict):
        return tuple(text for text, weight in weighted.items() for _ in range(weight))
    return tuple(weighted)


def assign_splits(ids: list[str]) -> dict[str, str]:
    """Give each phrasing of one group its split; small groups lend some to validation and test all the same."""
    splits = {name: split_of(name, "phrasing") for name in ids}
    for held_out in ("validation", "test"):
        missing = HELD_OUT_MINIMUM - list(splits.values()).count(held_out)
        train = [name for name in splits if splits[name] == "train"]
        if missing > 0 and len(train) > 2 * HELD_OUT_MINIMUM:
            train.sort(key=lambda name: (hashlib.sha256(f"{held_out}|{name}".encode()).digest(), name))
            splits.update(dict.fromkeys(train[:missing], held_out))
    return splits


def read_grammar(path: str | Path) -> Grammar:
    """Read the templates of one language.

    Raises:
        InputError: see read_templates.
    """
    data = read_templates(path)
    language = data["language"]
    phrasings, weights = {}, {}
    for field, parts in (data["fields"] | data["unknown"]).items():
        cores = dict.fromkeys(field_cores(data, parts))
        splits = assign_splits([f"{language}/{field}/{core}" for core, _, _, _ in cores])
        weights |= {f"{language}/{field}/{core}": weight for core, _, _, weight in cores if weight != 1}
        phrasings[field] = tuple(
            Phrasing(name := f"{language}/{field}/{core}", field, form, variants_of(core), leads, splits[name])
            for core, form, leads, _ in cores
        )
    return Grammar(
        language=language,
        phrasings=phrasings,
        weights=weights,
        unknown=tuple(data["unknown"]),
        nobody=nobody_phrasings(data),
        responses={field: tuple(data["fields"][field]["responses"]) for field in FIELDS},
        keywords={field: tuple(parts.get("keywords") or parts["nouns"])
                  for field, parts in (data["fields"] | data["unknown"]).items()},
        **{key: repeated(data[key]) for key in ("openings", "closings", "tails", "decorations", "fillers")},
    )  # fmt: skip


def field_cores(data: dict, parts: dict) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Yield each core of one field with its form, its leads and its weight."""
    leads = {form: repeated(data["leads"].get(form, {"{core}?": 1})) for form in FORMS}
    leads["whole"] = ("{core}",)
    for form in ("direct", "indirect", "clipped", "whole"):
        for pattern in parts.get(form, ()):
            for core in cores_of(pattern):
                yield core, form, leads[form], WRITTEN_WEIGHT if form == "clipped" else 1
    contexts = tuple(data["contexts"])
    for pattern in parts.get("pronoun", ()):
        for core in cores_of(pattern):
            yield core, "context", contexts, WRITTEN_WEIGHT
    for number, key in (("is", "nouns"), ("are", "plurals")):
        around = tuple(lead.replace("{is}", number) for lead in leads["noun"])
        for noun in parts.get(key, ()):
            for form, group in (("noun", "noun"), ("clipped", "clipped"), ("context", "pronoun")):
                for pattern, weight in data["patterns"][group].items():
                    core = pattern.replace("{noun}", noun).replace("{is}", number)
                    yield core, form, {"noun": around, "context": contexts}.get(form, leads[form]), weight


def nobody_phrasings(data: dict) -> tuple[Phrasing, ...]:
    """Questions that name nobody: the written ones, one per noun and nameless pattern, and those about a value."""
    cores = list(data["nobody"])
    things = {f"{data['language']}/{field}/{core}": (field, core) for field in FIELDS for core in data["things"][field]}
    for parts in data["fields"].values():
        for number, key in (("is", "nouns"), ("are", "plurals")):
            for noun, pattern in product(parts.get(key, ()), data["nameless"]):
                cores.append(pattern.replace("{noun}", noun).replace("{is}", number))
    ids = {f"{data['language']}/nobody/{core}": core for core in cores}
    splits = assign_splits(list(ids))
    about_things = assign_splits(list(things))
    return tuple(
        Phrasing(name, "nobody", "whole", variants_of(core), ("{core}",), splits[name]) for name, core in ids.items()
    ) + tuple(
        Phrasing(name, field, "thing", (core.replace("{value}", "{name}"),), ("{core}",), about_things[name])
        for name, (field, core) in things.items()
    )


@cache
def wordings() -> dict[str, tuple[str, ...]]:
    """The responses of the shipped templates by field, in all languages, with {name} and {value} in them."""
    languages = [read_templates(path)["fields"] for path in sorted(TEMPLATES.glob("*.json"))]
    return {field: tuple(text for parts in languages for text in parts[field]["responses"]) for field in FIELDS}
