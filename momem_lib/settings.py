"""Configs: dataclasses whose fields say what they may be, the one check of them, and their flat form in files."""

from dataclasses import Field, field, fields, is_dataclass, replace
from numbers import Integral, Real
from pathlib import Path

from momem_lib.project import InputError, parse_json, read_text

PLAIN = (bool, int, float, str)  # what a file can set; tables of shares and the like are set in Python alone


def number(default: float, least: float, most: float, key: str | None = None):
    """A field that holds a number from least to most; key is its name in files, where it is another."""
    return field(default=default, metadata={"range": (least, most), "key": key})


def choice(default: str, *words: str):
    """A field that holds one of some words."""
    return field(default=default, metadata={"words": words})


def fields_of(kind: type) -> dict[str, Field]:
    """The plain fields of a config by name; one that a subclass gives another default keeps its range."""
    found = {}
    for base in reversed(kind.__mro__):
        for each in fields(base) if is_dataclass(base) else ():
            found[each.name] = each if each.metadata or each.name not in found else found[each.name]
    return {name: each for name, each in found.items() if each.type in PLAIN}


def parts_of(kind: type) -> dict[str, type]:
    """The fields of a config that are configs themselves."""
    return {each.name: each.type for each in fields(kind) if is_dataclass(each.type)}


def keys_of(kind: type) -> dict[str, Field]:
    """All that a file can set in a config and its parts: its key, and the field."""
    keys = {(each.metadata.get("key") or name): each for name, each in fields_of(kind).items()}
    return keys | {key: each for part in parts_of(kind).values() for key, each in keys_of(part).items()}


def read_changes(path: str | Path) -> dict:
    """The keys and values of a JSON config file, not checked yet.

    Raises:
        InputError: no such file, or no JSON object in it.
    """
    where = f"the config file {path}"
    changes = parse_json(read_text(path, "the config file"), where)
    if not isinstance(changes, dict):
        raise InputError(f"{where} must hold one JSON object, {{...}}")
    return changes


def check_number(what: str, value: object, least: float, most: float) -> None:
    """Refuse what is no number from least to most: a whole one where least is whole.

    Example:
        >>> check_number("the seed", True, 0, 2**63 - 1)
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the seed is True; a whole number from 0 to 9,223,372,036,854,775,807 was expected
    """
    whole = isinstance(least, int)
    fits = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not fits or not least <= value <= most:  # False for NaN too
        top = f"{int(most):,}" if most >= 1000 else f"{most:g}"
        kind = "a whole number" if whole else "a number"
        raise InputError(f"{what} is {value!r}; {kind} from {least:g} to {top} was expected")


def check_value(field: Field, name: str, value: object) -> None:
    """Refuse a value that a field cannot hold.

    Raises:
        InputError: of another type, out of the range, or none of the words.
    """
    wanted = field.type
    fits = isinstance(value, int | float) if wanted is float else isinstance(value, wanted)
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise InputError(f"{name} is {value!r}; {wanted.__name__} was expected")
    if "range" in field.metadata:
        check_number(name, value, *map(wanted, field.metadata["range"]))
    words = field.metadata.get("words", (value,))
    if value not in words:
        raise InputError(f"{name} is {value!r}; {', '.join(words[:-1])} or {words[-1]} was expected")


def check(config) -> None:
    """Check every plain field of a config; for its __post_init__.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Oven:
        ...     degrees: int = number(180, 50, 250)
        ...     def __post_init__(self):
        ...         check(self)
        >>> Oven(degrees=1800)
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: degrees is 1800; a whole number from 50 to 250 was expected
    """
    for name, each in fields_of(type(config)).items():
        check_value(each, name, getattr(config, name))


def check_changes(kind: type, changes: dict, where: str) -> None:
    """Check new values for a kind of config, key by key.

    Raises:
        InputError: an unknown key, a value of another type, or one out of range.
    """
    known = keys_of(kind)
    for key, value in changes.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; known keys: {', '.join(sorted(known))}")
        check_value(known[key], f"{where}: {key}", value)


def change(config, changes: dict, where: str):
    """Put other values into a config and its parts, each checked.

    Args:
        changes: values by their flat keys, as in a config file. where: what to call their place in messages.

    Raises:
        InputError: as in check_changes, or values that do not go together.

    Example:
        >>> from momem_lib.data.rows import SynthesisConfig
        >>> change(SynthesisConfig(), {"typo_share": 0.5}, "here").typo_share
        0.5
        >>> change(SynthesisConfig(), {"typos": 1}, "my.json")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: my.json: unknown key 'typos'; known keys: absent_share, bare_share, ...
    """
    check_changes(type(config), changes, where)
    try:
        return _changed(config, changes)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _changed(config, changes: dict):
    new = {name: _changed(getattr(config, name), changes) for name in parts_of(type(config))}
    for name, each in fields_of(type(config)).items():
        key = each.metadata.get("key") or name
        if key in changes:
            new[name] = changes[key]
    return replace(config, **new)


def flat(config) -> dict:
    """A config and its parts as one table, key by key as in a config file: what a model's card holds."""
    table = {(each.metadata.get("key") or name): getattr(config, name)
             for name, each in fields_of(type(config)).items()}  # fmt: skip
    return table | {key: value for part in parts_of(type(config)) for key, value in flat(getattr(config, part)).items()}
