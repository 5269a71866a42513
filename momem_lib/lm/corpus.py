"""Corpora: from a file, a folder or what Python brings along to checked UTF-8 text, and on to token numbers on disk."""

import ast
import codecs
import hashlib
import http.client
import re
import sys
import sysconfig
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.chunks import BLOCK
from momem_lib.project import GENERATED, ROOT, InputError, readable, write_atomically

TRAIN_FILE = ROOT / "data" / "training" / "train.txt"  # where `momem lm train` looks when no file is named
TEST_FILE = ROOT / "data" / "testing" / "test.txt"
CORPORA = GENERATED / "corpora"  # where texts are kept that nobody has to bring
SUFFIXES = (".txt", ".text", ".md", ".rst")  # what is read of a folder
HELD_OUT = 0.05  # share of a text that is kept for validation
BETWEEN = "\n\n"  # files of a folder, so that the last word of one does not run into the first of the next
LEARNED_FROM = 20 * BLOCK  # bytes that merges are learned from; a longer text is sampled evenly
NO_DOCUMENTATION = ("test", "tests", "idlelib", "lib2to3", "turtledemo", "ensurepip", "pydoc_data", "encodings")
SHORTEST = 80  # characters; shorter docstrings say little
TINY_SHAKESPEARE = "tiny-shakespeare"
DOWNLOADS = {  # name -> address and sha256 of the text that it is
    TINY_SHAKESPEARE: (
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    )
}


def fetch(name: str) -> Path:
    """Download a text of DOWNLOADS once, and check it each time.

    Raises:
        InputError: no network (it says where to put the file), or another text than expected.
    """
    path, (url, sha256) = CORPORA / f"{name}.txt", DOWNLOADS[name]
    kept, advice = path.is_file(), f"from {url} elsewhere and save it as {path}"
    try:
        data = path.read_bytes() if kept else urllib.request.urlopen(url, timeout=30).read()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InputError(f"{name} cannot be downloaded here ({error}): get it {advice}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        source = path if kept else url
        raise InputError(f"{source} is not the expected {name} (its sha256 differs): get the right one {advice}")
    if not kept:
        write_atomically(path, lambda temporary: temporary.write_bytes(data))
    return path


def clean(text: str) -> str:
    """Documentation as running text: no lines of mere signs, no trailing spaces, at most one blank line in a row.

    Example:
        >>> clean("The title\\n*********\\n\\n\\n\\nSome text.  ")
        'The title\\n\\nSome text.'
    """
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if not re.fullmatch(r"\s*[-=*~^#\"'`+_.]{3,}", line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def docstrings(node: ast.AST, path: str) -> Iterator[str]:
    """The docstrings of a parsed module, of its classes and functions too, each under its full name."""
    if text := ast.get_docstring(node):
        signature = f"({ast.unparse(node.args)})" if hasattr(node, "args") else ""
        yield f"{path}{signature}\n\n{text}"
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from docstrings(child, f"{path}.{child.name}")


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
                yield from docstrings(ast.parse(file.read_text(encoding="utf-8")), module)


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


def find_files(path: str | Path) -> list[Path]:
    """The files of a corpus: the file itself, the texts of a folder and its folders in order, or a named download.

    Of a folder, what is hidden (its name begins with a full stop) and what is empty is left out.

    Raises:
        InputError: no such file, a folder without texts, or a download that fails.
    """
    place, wanted = Path(path), f"a file, a folder of .txt files or {TINY_SHAKESPEARE} was expected"
    if not str(path):
        raise InputError(f"the name of the text is empty: {wanted}")
    with readable(f"{path!s:.80}", "the text"):
        if place.is_file():
            return [place]
        if not place.is_dir() and str(path) in DOWNLOADS:
            return [fetch(str(path))]
        if not place.is_dir():
            raise InputError(f"the text {path!s:.200} does not exist: {wanted}")
        texts = [file for file in sorted(place.rglob("*")) if file.suffix.lower() in SUFFIXES and file.is_file()]
        files = [file for file in texts if "/." not in f"/{file.relative_to(place).as_posix()}" and file.stat().st_size]
    if not files:
        raise InputError(f"the folder {path} holds no text: files that end in {', '.join(SUFFIXES)} are read")
    return files


def check_files(files: Sequence[Path]) -> int:
    """How many bytes of UTF-8 text some files hold; they are read block by block, since a line may be long.

    Raises:
        InputError: one is empty, binary, not UTF-8, or cannot be read.
    """
    for file in files:
        decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
        with readable(file, "the text"), open(file, "rb") as stream:
            if not (begin := stream.peek(2)[:2]):
                raise InputError(f"the text {file} is empty: a file with some text was expected")
            if begin in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise InputError(f"the text {file} is UTF-16: save it as UTF-8")
            for block in chain(iter(lambda: stream.read(BLOCK), b""), [b""]):  # the empty one ends the text
                if b"\0" in block:
                    raise InputError(f"the text {file} is no text but binary data: a UTF-8 text file was expected")
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    line += error.object[: error.start].count(b"\n")
                    raise InputError(f"the text {file}, line {line}, is not UTF-8: save the file as UTF-8") from None
                line += block.count(b"\n")
    return sum(Path(file).stat().st_size for file in files)


def sample_blocks(files: Sequence[Path], most: int = LEARNED_FROM) -> Iterator[Path | bytes]:
    """The files, or, where they hold more than `most` bytes, blocks of them, evenly spaced."""
    total = sum(file.stat().st_size for file in files)
    if total <= most:
        yield from files
        return
    every = -(-total // most)
    for file in files:
        with file.open("rb") as stream:
            for number in range(0, -(-file.stat().st_size // BLOCK), every):
                stream.seek(number * BLOCK)
                yield stream.read(BLOCK)


def make_tokenizer(files: Sequence[Path], vocab_size: int, progress: bool = False) -> BPETokenizer:
    """Learn a vocabulary from some files; 256 tokens are the bytes alone."""
    if vocab_size <= 256:
        return BPETokenizer()
    return BPETokenizer.train(sample_blocks([Path(file) for file in files]), vocab_size, progress=progress)


def write_tokens(tokenizer: BPETokenizer, files: Iterable[Path | str | bytes], path: str | Path) -> np.ndarray:
    """Tokenize files, or strings, block by block into one file of 16-bit numbers, an empty line between two of them.

    Returns:
        the token numbers (N,), uint16, mapped from the disk: however long the text is, little of it is in memory.
    """

    def write(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            for number, file in enumerate(files):
                for source in (BETWEEN, file) if number else (file,):
                    for block in tokenizer.encode_stream(source):
                        stream.write(block.astype("<u2").data)

    write_atomically(Path(path), write)
    return open_tokens(path)


def open_tokens(path: str | Path) -> np.ndarray:
    """The token numbers (N,) in a file that write_tokens made, mapped from the disk."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"the token file {path} does not exist: train again from the text")
    return np.memmap(path, dtype="<u2", mode="r") if path.stat().st_size else np.zeros(0, "<u2")


def split_tokens(tokens: np.ndarray, most: int = 100_000) -> tuple[np.ndarray, np.ndarray]:
    """Training tokens, and the last ones, for validation; views, nothing is copied."""
    held_out = min(most, max(2, round(HELD_OUT * len(tokens))))
    return tokens[: len(tokens) - held_out], tokens[len(tokens) - held_out :]
