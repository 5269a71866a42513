"""Template files: reading one, saying what is wrong with it, and expanding the alternatives in a text."""

import json
import re
from itertools import product
from pathlib import Path

from momem_lib.data.people import FIELDS
from momem_lib.project import InputError, read_text

SECTIONS = ("patterns", "leads", "contexts", "openings", "closings", "tails", "decorations", "fields", "unknown",
            "fillers", "nobody", "nameless", "things")  # fmt: skip
OBJECTS = ("patterns", "leads", "fields", "unknown", "things")
FIELD_PARTS = ("nouns", "direct", "indirect", "clipped", "whole", "pronoun", "responses", "keywords")
NEEDS = {  # the slots of a text, by the first or last part of its key
    "leads": {"core"}, "contexts": {"name", "core"}, "decorations": {"name"}, "nameless": {"noun"}, "things": {"value"},
    "patterns/noun": {"name", "noun"}, "patterns/clipped": {"name", "noun"}, "patterns/pronoun": {"noun"},
    "direct": {"name"}, "indirect": {"name"}, "clipped": {"name"}, "whole": {"name"}, "responses": {"name", "value"},
}  # fmt: skip


def read_templates(path: str | Path) -> dict:
    """Read and check a template file.

    Raises:
        InputError: a file that is missing, no JSON, or not what data/templates/README.md describes.
    """
    text = read_text(path, "the template file")
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"the template file {path} is not valid JSON ({error})") from None
    check_templates(data, f"the template file {path}")
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
        ("unknown", data["unknown"], ("nouns",)),
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
        weighted = path[0] in ("leads", "decorations") or path[0] == "patterns"
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
    elif key != "language":
        raise InputError(f"{where}: {key!r} must be a list of texts, not {json.dumps(node)}")


def check_text(key: str, text: object, where: str) -> None:
    """Check one text of the template file: its slots, its brackets, its length."""
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where}: {key!r} holds {json.dumps(text)} where a text was expected")
    first, last = key.split("/")[0], key.split("/")[-1]
    needs = NEEDS.get(first) or NEEDS.get(key) or (NEEDS.get(last) if first in ("fields", "unknown") else None) or set()
    slots = [re.findall(r"\{(?!is\})(\w+)\}", core.lower()) for core in cores_of(text)]
    if any(sorted(found) != sorted(needs) for found in slots):
        wanted = ", ".join(f"{{{slot}}}" for slot in sorted(needs)) or "no slot"
        raise InputError(f"{where}: {text!r} in {key!r} should hold {wanted}, each once")
    if first in ("fields", "unknown") and any(text.count(left) != text.count(right) for left, right in ("[]", "()")):
        raise InputError(f"{where}: {text!r} in {key!r} has an open bracket")
