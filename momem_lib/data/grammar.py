"""Templates and the grammar that expands them: phrasings of questions, and how they are split."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from momem_lib.data.records import FIELDS
from momem_lib.project import InputError, parse_json, read_text

SECTIONS = ("patterns", "leads", "contexts", "openings", "closings", "tails", "decorations", "fields", "topics",
            "near", "chat", "two_names", "open_questions", "open_responses", "fillers", "nobody", "nameless",
            "things")  # fmt: skip
OBJECTS = ("patterns", "leads", "fields", "topics", "near", "things", "chat", "open_questions")
FIELD_PARTS = ("labels", "nouns", "direct", "indirect", "clipped", "whole", "pronoun", "responses", "keywords")
KINDS_OF_VALUE = ("number", "date", "year", "phone", "email", "code", "money", "name", "place", "words", "colour",
                  "yesno", "time", "size", "list")  # fmt: skip
FREE = ("labels", "kind", "excludes", "nouns", "plurals", "keywords", "chat")  # texts that no slot is asked of
NEEDS = {  # the slots of a text, by the first or last part of its key
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
    missing = [key for key in SECTIONS if key not in data]
    if missing:
        raise InputError(f"{where}: no {', '.join(map(repr, missing))}; see data/templates/README.md")
    for key in SECTIONS:
        if not isinstance(data[key], dict if key in OBJECTS else dict | list) or not data[key]:
            raise InputError(
                f"{where}: {key!r} must be {'an object' if key in OBJECTS else 'a list of texts'}, not empty"
            )
    for section, names, parts in (
        ("fields", FIELDS, FIELD_PARTS),
        ("topics", data["topics"], ("labels", "nouns", "kind")),
        ("near", data["near"], ("direct",)),
        ("chat", ("before", "after"), ()),
        ("things", FIELDS, ()),
        ("patterns", ("noun", "clipped", "pronoun"), ()),
        ("leads", ("direct", "indirect", "noun", "clipped"), ()),
    ):
        for name in names:
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
        weighted = path[0] in ("leads", "decorations", "patterns", "open_questions")
        for name, below in node.items():
            if weighted and not isinstance(below, dict | list):
                if type(below) is not int or below < 1:
                    raise InputError(f"{where}: the weight of {name!r} in {key!r} must be a whole number from 1 up")
                check_text(key, name, where)
            else:
                check_texts(f"{key}/{name}", below, where)
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
    if first == "two_names":
        check_two_names(text, where)
    if first in ("chat", "two_names") or last in FREE:
        return
    asking = first in ("fields", "topics", "near")
    needs = NEEDS.get(first) or NEEDS.get(key) or (NEEDS.get(last) if asking else None) or set()
    slots = [re.findall(r"\{(?!is\})(\w+)\}", core.lower()) for core in cores_of(text)]
    if any(sorted(found) != sorted(needs) for found in slots):
        wanted = ", ".join(f"{{{slot}}}" for slot in sorted(needs)) or "no slot"
        raise InputError(f"{where}: {text!r} in {key!r} should hold {wanted}, each once")
    if asking and any(text.count(left) != text.count(right) for left, right in ("[]", "()")):
        raise InputError(f"{where}: {text!r} in {key!r} has an open bracket")


def check_two_names(text: str, where: str) -> None:
    """A lead for two names holds the other name, and the core of the question in one of its two forms."""
    if text.count("{other}") != 1 or text.count("{core}") + text.count("{indirect}") + text.count("{Core}") != 1:
        raise InputError(f"{where}: {text!r} in 'two_names' should hold {{other}} and one of {{core}}, {{indirect}}")


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
    weights: dict[str, int]  # of a phrasing id, 1 where it is missing
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
    loose = {f"{field} unless {better}": (field, better, texts) for field, parts in data["fields"].items()
             for better, texts in parts.get("loose", {}).items()}  # fmt: skip
    asked = data["fields"] | data["topics"] | data["near"]
    asked |= {key: {"direct": texts} for key, (*_, texts) in loose.items()}
    near = assign_splits([core for parts in data["near"].values() for core, *_ in field_cores(data, parts)])
    for field, parts in (asked | {"open": {}}).items():
        cores = dict.fromkeys(field_cores(data, parts) if field != "open" else open_cores(data))
        if field in data["near"]:  # families share cores, and none may be trained in one and held out in another
            splits = {f"{language}/{field}/{core}": near[core] for core, *_ in cores}
        else:
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
        topics={key: topic_of(key, parts) for key, parts in (data["fields"] | data["topics"]).items()},
        loose={key: Topic((), "words", frozenset([better]), field) for key, (field, better, _) in loose.items()},
        near={key: topic_of(key, parts) for key, parts in data["near"].items()},
        headers=tuple(dict.fromkeys(noun for parts in data["near"].values() for noun in parts.get("nouns", ()))),
        chat={place: tuple(data["chat"][place]) for place in ("before", "after")},
        two_names=tuple(data["two_names"]),
        open_responses=tuple(data["open_responses"]),
        nobody=nobody_phrasings(data),
        responses={field: tuple(data["fields"][field]["responses"]) for field in FIELDS},
        keywords={field: tuple(parts.get("keywords") or parts["nouns"])
                  for field, parts in (data["fields"] | data["topics"]).items()},
        **{key: repeated(data[key]) for key in ("openings", "closings", "tails", "decorations", "fillers")},
    )  # fmt: skip


def topic_of(key: str, parts: dict) -> Topic:
    """The topic that an entry of the templates describes."""
    return Topic(tuple(parts.get("labels", ())), parts.get("kind", "words"), frozenset(parts.get("excludes", ())), key)


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


def filled(template: str, name: str, value: str) -> str:
    """A response template with name and value in place; neither is searched for slots."""
    before, _, after = template.partition("{value}")
    return before.replace("{name}", name) + value + after.replace("{name}", name)
