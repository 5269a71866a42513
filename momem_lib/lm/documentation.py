"""The text that every Python brings along: its documentation topics and the docstrings of its standard library."""

import ast
import hashlib
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from momem_lib.nn.checkpoints import write_atomically
from momem_lib.project import GENERATED, InputError

CORPORA = GENERATED / "corpora"
NO_DOCUMENTATION = ("test", "tests", "idlelib", "lib2to3", "turtledemo", "ensurepip", "pydoc_data", "encodings")
SHORTEST = 80  # characters; shorter docstrings say little


def clean(text: str) -> str:
    """Documentation as running text: no lines of mere signs, no trailing spaces, at most one blank line in a row.

    Example:
        >>> clean("The title\\n*********\\n\\n\\n\\nSome text.  ")
        'The title\\n\\nSome text.'
    """
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if not re.fullmatch(r"\s*[-=*~^#\"'`+_.]{3,}", line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def docstrings(source: str, name: str) -> Iterator[str]:
    """The docstrings of a module's source, of its classes and functions too, each under its full name.

    Example:
        >>> list(docstrings("def add(a, b):\\n    '''The sum.'''", "numbers"))
        ['numbers.add(a, b)\\n\\nThe sum.']
    """

    def visit(node: ast.AST, path: str) -> Iterator[str]:
        text = ast.get_docstring(node, clean=False)
        if text:
            signature = f"({ast.unparse(node.args)})" if hasattr(node, "args") else ""
            yield f"{path}{signature}\n\n{inspect.cleandoc(text)}"
        for child in node.body:
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from visit(child, f"{path}.{child.name}")

    yield from visit(ast.parse(source), name)


def library_documents() -> Iterator[str]:
    """Python's documentation topics, and the docstrings of its standard library, as this Python has them."""
    try:
        from pydoc_data.topics import topics
    except ImportError:  # some systems ship Python without them
        topics = {}
    yield from topics.values()
    folder = Path(sysconfig.get_paths()["stdlib"])
    for name in sorted(sys.stdlib_module_names):
        files = [folder / f"{name}.py"] if (folder / f"{name}.py").is_file() else sorted((folder / name).rglob("*.py"))
        for file in files:
            parts = file.relative_to(folder).with_suffix("").parts
            if not set(parts) & set(NO_DOCUMENTATION):
                module = ".".join(part for part in parts if part != "__init__")
                yield from docstrings(file.read_text(encoding="utf-8"), module)


def offline_text() -> tuple[Path, Path]:
    """The text that every Python brings along, about 2 MB: one file to train on and one to test on.

    Documents are put in the order of their hashes, so that both parts speak of everything; the last tenth is the test.
    The result depends on the version of Python alone. It is made once, in a few seconds, and kept.

    Raises:
        InputError: a Python without its documentation.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    paths = tuple(CORPORA / f"python-{version}-{part}.txt" for part in ("train", "test"))
    if not all(path.is_file() for path in paths):
        documents = {text for document in library_documents() if len(text := clean(document)) >= SHORTEST}
        texts = sorted(documents, key=lambda text: hashlib.sha256(text.encode("utf-8", "replace")).digest())
        if not texts:
            raise InputError("this Python has no documentation to train on: name a text file of your own")
        cut = len(texts) * 9 // 10
        for path, part in zip(paths, (texts[:cut], texts[cut:]), strict=True):
            data = "\n\n\n".join(part).encode("utf-8", "replace") + b"\n"
            write_atomically(path, lambda temporary, data=data: temporary.write_bytes(data))
    return paths
