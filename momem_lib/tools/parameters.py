"""The parameters that notebooks declare: checked, and given the right type, before anything runs."""

import ast
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from momem_lib.project import InputError
from momem_lib.tools.notebooks import read_notebook

UNKNOWN = object()  # the default of a parameter that is not a plain literal, so that its type cannot be told
WORDS = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}


def declared_parameters(path: str | Path) -> dict[str, object]:
    """The parameters of a notebook's cell tagged "parameters" with their defaults (UNKNOWN: no plain literal).

    Papermill's own list is not asked: it leaves out a parameter whose comment holds "=".

    Raises:
        InputError: the file is no notebook, or that cell is no Python.
    """
    cells = [cell for cell in read_notebook(path).cells if "parameters" in cell.metadata.get("tags", [])]
    try:
        lines = ast.parse(cells[0].source).body if cells else []
    except SyntaxError as error:
        raise InputError(f"the parameters cell of {path} is no Python ({error.msg}, line {error.lineno})") from None
    defaults = {}
    for line in lines:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name):
                defaults[target.id] = UNKNOWN
                with suppress(ValueError, TypeError):
                    defaults[target.id] = ast.literal_eval(line.value)
    return defaults


def convert(name: str, value: object, default: object) -> object:
    """Give a parameter's value the type of its default; text, as a command line has it, is read as that type.

    Raises:
        InputError: the value does not fit.

    Example:
        >>> convert("steps", "200", default=10), convert("rate", 1, default=0.5), convert("label", "7", default="a")
        (200, 1.0, '7')
        >>> convert("steps", "many", default=10)
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the parameter steps takes a whole number (its default is 10), not 'many'
    """
    kind = type(default)
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):  # no notebook can hold it
        raise InputError(f"the parameter {name} holds half of a surrogate pair, which is no character: {value!r:.60}")
    if kind is str and isinstance(value, str):  # a file of the folder that one stands in: notebooks run in their own
        return os.path.abspath(value) if os.path.isfile(value) else value
    read = _literal(value) if isinstance(value, str) else value
    if default is None or default is UNKNOWN or type(read) is kind:
        return read
    if kind is float and type(read) is int:
        return float(read)
    wanted = WORDS.get(kind, f"a {kind.__name__}")
    raise InputError(f"the parameter {name} takes {wanted} (its default is {default!r}), not {value!r}")


def _literal(text: str) -> object:
    """Read a word of the command line as Python would, with some freedom for True, False, None and nan."""
    word = text.strip()
    word = word.capitalize() if word.lower() in ("true", "false", "none") else word
    for read in (ast.literal_eval, float):  # float: nan and inf
        with suppress(ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return read(word)
    return text


def plan(notebooks: Sequence[Path], given: Mapping[str, object], offered: Mapping[str, object]) -> list[dict]:
    """Decide which parameters each notebook gets, before anything runs.

    Args:
        notebooks: the chosen ones.
        given: what the caller asked for: each must be declared by at least one of the notebooks.
        offered: profile and device, for the notebooks that declare them.

    Raises:
        InputError: a parameter that none declares, or a value of a wrong type.
    """
    declared = [declared_parameters(path) for path in notebooks]
    known = sorted(set().union(*declared))
    for name in given:
        if name not in known:
            there = f"there are {', '.join(known)}" if known else "they declare none"
            raise InputError(f"no chosen notebook has a parameter {name!r}: {there}")
    wanted = {**offered, **given}
    return [
        {name: convert(name, value, defaults[name]) for name, value in wanted.items() if name in defaults}
        for defaults in declared
    ]
