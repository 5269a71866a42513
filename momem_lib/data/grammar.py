"""Templates and the grammar that expands them: phrasings of questions, and how they are split."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from momem_lib.data.records import FIELDS
from momem_lib.project import InputError, parse_json, read_text

LISTS = ("contexts", "openings", "closings", "tails", "decorations", "two_names", "open_responses", "fillers", "nobody",
         "nameless")  # fmt: skip
FIELD_PARTS = ("labels", "nouns", "direct", "indirect", "clipped", "whole", "pronoun", "responses", "keywords")
OBJECTS = {  # the keys that each must have (None: whichever it has), and what must stand below each of them
    "fields": (FIELDS, FIELD_PARTS),
    "topics": (None, ("labels", "nouns", "kind")),
    "near": (None, ("direct",)),
    "chat": (("before", "after"), ()),
    "things": (FIELDS, ()),
    "patterns": (("noun", "clipped", "pronoun"), ()),
    "leads": (("direct", "indirect", "noun", "clipped"), ()),
    "open_questions": ((), ()),
}
KINDS_OF_VALUE = ("number", "date", "year", "phone", "email", "code", "money", "name", "place", "words", "colour",
                  "yesno", "time", "size", "list")  # fmt: skip
WEIGHTED = ("leads", "decorations", "patterns", "open_questions")  # texts with weights
FREE = ("labels", "excludes", "nouns", "plurals", "keywords", "chat", "two_names")  # texts that may hold any slot
NEEDS = {  # the slots of a text, once each, by the first part of its key, the whole key, or the last part
    "leads": {"core"}, "contexts": {"name", "core"}, "decorations": {"name"}, "nameless": {"noun"}, "things": {"value"},
    "patterns/noun": {"name", "noun"}, "patterns/clipped": {"name", "noun"}, "patterns/pronoun": {"noun"},
    "direct": {"name"}, "indirect": {"name"}, "clipped": {"name"}, "whole": {"name"}, "responses": {"name", "value"},
    "open_questions": {"name", "label"}, "open_responses": {"name", "label", "value"}, "loose": {"name"},
}  # fmt: skip


def read_templates(path: str | Path) -> dict:
    """Read and check a template file.

    Raises:
        InputError: a file that is missing, no JSON, or not what data/templates/README.md describes.
    """
    where = f"the template file {path}"
    data = parse_json(read_text(path, "the template file"), where)
    check_templates(data, where)
    return data


def cores_of(pattern: str) -> list[str]:
    """Expand the (a|b) of a pattern into separate cores; a | within square brackets is not theirs.

    Example:
        >>> cores_of("which (city|town) is {name} (in|from)")[:2]
        ['which city is {name} in', 'which city is {name} from']
    """
    if "(" not in pattern:
        return [pattern]
    choices = [[part] for part in re.split(r"(\([^()]*\))", pattern)]
    for number, (part,) in enumerate(choices):
        options = re.split(r"\|(?![^\[\]]*\])", part[1:-1])
        if number % 2 == 1 and len(options) > 1:  # else a remark in brackets, which stays
            choices[number] = options
    return ["".join(chosen) for chosen in product(*choices)]


def variants_of(core: str) -> tuple[str, ...]:
    """Expand the [a|b] of a core into its variants; all brackets change together.

    Example:
        >>> variants_of("where [does he|does she] keep [his|her] hat")
        ('where does he keep his hat', 'where does she keep her hat')
    """
    if "[" not in core:
        return (core,)
    parts = re.split(r"\[([^\[\]]*)\]", core)
    choices = [[part] if number % 2 == 0 else part.split("|") for number, part in enumerate(parts)]
    rounds = range(max(len(choice) for choice in choices))
    return tuple("".join(choice[number % len(choice)] for choice in choices) for number in rounds)


def check_templates(data: object, where: str) -> None:
    """Refuse a template file that would break later, with a sentence that says where."""
    if not isinstance(data, dict) or not isinstance(data.get("language"), str):
        raise InputError(f'{where}: a JSON object with a "language" was expected')
    missing = [key for key in (*OBJECTS, *LISTS) if not data.get(key)]
    if missing:
        raise InputError(f"{where}: no {', '.join(map(repr, missing))}, or nothing there; see data/templates/README.md")
    for section, (names, parts) in OBJECTS.items():
        if not isinstance(data[section], dict):
            raise InputError(f"{where}: {section!r} must be an object")
        for name in data[section] if names is None else names:
            below = data[section].get(name)
            lacking = [part for part in parts if not isinstance(below, dict) or not below.get(part)]
            if not below or lacking:
                raise InputError(f"{where}: {f'{section}/{name}'!r} lacks {', '.join(map(repr, lacking)) or 'texts'}")
    for key, node in data.items():
        check_texts(key, node, where)


def check_texts(key: str, node: object, where: str) -> None:
    """Check every text below one key: each kind of text must have the slots that it needs, once."""
    path = key.split("/")
    if isinstance(node, dict):
        for name, below in node.items():
            if path[0] not in WEIGHTED or isinstance(below, dict | list):
                check_texts(f"{key}/{name}", below, where)
                continue
            if type(below) is not int or below < 1:
                raise InputError(f"{where}: the weight of {name!r} in {key!r} must be a whole number from 1 up")
            check_text(key, name, where)
    elif isinstance(node, list):
        for text in node:
            check_text(key, text, where)
    elif path[-1] == "kind":
        if node not in KINDS_OF_VALUE:
            raise InputError(f"{where}: {key!r} is {node!r}; one of {', '.join(KINDS_OF_VALUE)} was expected")
    elif key != "language":
        raise InputError(f"{where}: {key!r} must be a list of texts, not {json.dumps(node)}")


def check_text(key: str, text: object, where: str) -> None:
    """Check one text of the template file: its slots, its brackets, its length."""
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where}: {key!r} holds {json.dumps(text)} where a text was expected")
    path = key.split("/")
    first, last = path[0], path[2] if path[0] == "fields" and len(path) > 2 else path[-1]
    counts = [text.count("{other}"), sum(map(text.count, ("{core}", "{Core}", "{indirect}")))]
    if first == "two_names" and counts != [1, 1]:
        raise InputError(f"{where}: {text!r} in 'two_names' should hold {{other}} and one of {{core}}, {{indirect}}")
    if first in FREE or last in FREE:
        return
    needs = next((NEEDS[part] for part in (first, key, last) if part in NEEDS), set())
    slots = [re.findall(r"\{(?!is\})(\w+)\}", core.lower()) for core in cores_of(text)]
    if any(sorted(found) != sorted(needs) for found in slots):
        wanted = ", ".join(f"{{{slot}}}" for slot in sorted(needs)) or "no slot"
        raise InputError(f"{where}: {text!r} in {key!r} should hold {wanted}, each once")
    asking = first in ("fields", "topics", "near")
    if asking and any(text.count(left) != text.count(right) for left, right in ("[]", "()")):
        raise InputError(f"{where}: {text!r} in {key!r} has an open bracket")


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
    field: str  # one of the six fields, another topic ("age"), a family of near questions, "open", or "nobody"
    form: str  # "direct", "indirect", "noun", "clipped", "context" or "whole"
    variants: tuple[str, ...]  # wordings with {name} (contexts: without) that count as one phrasing
    leads: tuple[str, ...]  # what may stand around it, with {core}; ends with its mark
    split: str
    weight: int = 1  # how often it is drawn, beside others of its form


@dataclass(frozen=True)
class Topic:
    """What a column may be about."""

    labels: tuple[str, ...]  # its headers; of a family of near questions, none
    kind: str  # of KINDS_OF_VALUE
    excludes: frozenset[str]  # topics beside which a question about this one would be ambiguous
    field: str  # the topic that it asks for: itself, but for the loose questions of a field


@dataclass(frozen=True)
class Grammar:
    """All phrasings and responses of one language, ready to draw from."""

    language: str
    phrasings: dict[str, tuple[Phrasing, ...]]  # by topic, or family of near questions; "open" asks for any {label}
    topics: dict[str, Topic]  # the six fields, and what else a record may hold
    loose: dict[str, Topic]  # questions that ask for a field unless the record holds something better
    near: dict[str, Topic]  # families of questions that no record answers
    headers: tuple[str, ...]  # what else may head a column: the nouns of near questions
    chat: dict[str, tuple[str, ...]]  # side remarks, "before" and "after" a question
    two_names: tuple[str, ...]  # leads that name somebody else too, as {other}
    open_responses: tuple[str, ...]  # that say any {label}
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


def assign_splits(cores: Iterable[str], before: str) -> dict[str, str]:
    """Give each core of one group its split; small groups lend some to validation and test all the same.

    Args:
        before: what stands before a core in its phrasing's id, which decides.
    """
    splits = {core: split_of(before + core, "phrasing") for core in cores}
    for held_out in ("validation", "test"):
        missing = HELD_OUT_MINIMUM - list(splits.values()).count(held_out)
        train = [core for core in splits if splits[core] == "train"]
        if missing > 0 and len(train) > 2 * HELD_OUT_MINIMUM:
            train.sort(key=lambda core: hashlib.sha256(f"{held_out}|{before}{core}".encode()).digest())
            splits.update(dict.fromkeys(train[:missing], held_out))
    return splits


def phrasings_of(before: str, field: str, cores: Iterable[tuple], splits: dict | None = None) -> tuple[Phrasing, ...]:
    """The phrasings of cores, each with its form, leads and weight; splits are given where other groups share cores."""
    cores = tuple(dict.fromkeys(cores))
    splits = splits or assign_splits((core for core, *_ in cores), before)
    weights = {core: weight for core, *_, weight in cores if weight != 1}  # of all forms of a core
    return tuple(
        Phrasing(before + core, field, form, variants_of(core), leads, splits[core], weights.get(core, 1))
        for core, form, leads, _ in cores
    )


def read_grammar(path: str | Path) -> Grammar:
    """Read the templates of one language.

    Raises:
        InputError: see read_templates.
    """
    data = read_templates(path)
    language, own = data["language"], data["fields"] | data["topics"]
    loose = {
        f"{field} unless {better}": {"direct": texts, "excludes": [better], "field": field}
        for field, parts in data["fields"].items()
        for better, texts in parts.get("loose", {}).items()
    }
    asked = own | data["near"] | loose
    cores = {key: tuple(field_cores(data, parts)) for key, parts in asked.items()} | {"open": tuple(open_cores(data))}
    # Families share cores, and none may be trained in one and held out in another.
    near = assign_splits((core for family in data["near"] for core, *_ in cores[family]), "")
    topics = {
        key: Topic(tuple(parts.get("labels", ())), parts.get("kind", "words"), frozenset(parts.get("excludes", ())),
                   parts.get("field", key))
        for key, parts in asked.items()
    }  # fmt: skip
    return Grammar(
        language=language,
        phrasings={key: phrasings_of(f"{language}/{key}/", key, cores[key], near if key in data["near"] else None)
                   for key in cores},
        topics={key: topics[key] for key in own},
        loose={key: topics[key] for key in loose},
        near={key: topics[key] for key in data["near"]},
        headers=tuple(dict.fromkeys(noun for parts in data["near"].values() for noun in parts.get("nouns", ()))),
        chat={place: tuple(data["chat"][place]) for place in ("before", "after")},
        nobody=nobody_phrasings(data),
        responses={field: tuple(data["fields"][field]["responses"]) for field in FIELDS},
        keywords={field: tuple(parts.get("keywords") or parts["nouns"]) for field, parts in own.items()},
        **{key: repeated(data[key]) for key in ("two_names", "open_responses", "openings", "closings", "tails",
                                                "decorations", "fillers")},
    )  # fmt: skip


QUESTION_WORDS = ("what", "which", "how", "where", "who", "when")  # a question begins with one of these,
# or ends with one of these.
QUESTION_ENDS = ("gani", "nini", "ngapi", "ipi", "upi", "lipi", "kipi", "vipi", "zipi", "wapi", "lini", "nani")


def open_cores(data: dict) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Yield the cores that ask for any {label} by its own words, as field_cores does: nouns' patterns, and others."""
    nouns = {"nouns": ["{label}"]} if "{name}'s {noun}" in data["patterns"]["noun"] else {}  # else nouns need agreement
    yield from field_cores(data, nouns)
    for core, weight in data["open_questions"].items():
        form = "direct" if core.startswith(QUESTION_WORDS) or core.endswith(QUESTION_ENDS) else "clipped"
        yield core, form, repeated(data["leads"][form]), weight


def nouns_of(parts: dict) -> Iterator[tuple[str, str]]:
    """Yield the nouns of one field, each with "is", and its plurals, each with "are"."""
    yield from product(parts.get("nouns", ()), ("is",))
    yield from product(parts.get("plurals", ()), ("are",))


def field_cores(data: dict, parts: dict) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Yield each core of one field with its form, its leads and its weight."""
    leads = {form: repeated(data["leads"].get(form, {"{core}?": 1})) for form in FORMS}
    leads |= {"whole": ("{core}",), "context": tuple(data["contexts"])}
    for key in ("direct", "indirect", "clipped", "whole", "pronoun"):
        form = "context" if key == "pronoun" else key
        for core in (core for pattern in parts.get(key, ()) for core in cores_of(pattern)):
            yield core, form, leads[form], WRITTEN_WEIGHT if form in ("clipped", "context") else 1
    around = {number: tuple(lead.replace("{is}", number) for lead in leads["noun"]) for number in ("is", "are")}
    for noun, number in nouns_of(parts):
        for form, group in (("noun", "noun"), ("clipped", "clipped"), ("context", "pronoun")):
            for pattern, weight in data["patterns"][group].items():
                core = pattern.replace("{noun}", noun).replace("{is}", number)
                yield core, form, around[number] if form == "noun" else leads[form], weight


def nobody_phrasings(data: dict) -> tuple[Phrasing, ...]:
    """Questions that name nobody: the written ones, one per noun and nameless pattern, and those about a value."""
    whole, before = ("whole", ("{core}",), 1), f"{data['language']}/"
    nouns = [pair for parts in data["fields"].values() for pair in nouns_of(parts)]
    cores = [pattern.replace("{noun}", noun).replace("{is}", number)
             for (noun, number), pattern in product(nouns, data["nameless"])]  # fmt: skip
    things = {f"{field}/{core}": (field, core) for field in FIELDS for core in data["things"][field]}
    splits = assign_splits(things, before)
    return phrasings_of(f"{before}nobody/", "nobody", ((core, *whole) for core in [*data["nobody"], *cores])) + tuple(
        Phrasing(before + thing, field, "thing", (core.replace("{value}", "{name}"),), ("{core}",), splits[thing])
        for thing, (field, core) in things.items()
    )


def filled(template: str, name: str, value: str) -> str:
    """A response template with name and value in place; neither is searched for slots."""
    before, _, after = template.partition("{value}")
    return before.replace("{name}", name) + value + after.replace("{name}", name)
