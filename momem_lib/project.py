"""Where things lie in this project, files read and written, and the one error type that is shown to people."""

import csv
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

import orjson

VERSION = "0.1.0"  # pyproject.toml reads it here
PACKAGE = Path(__file__).resolve().parent
SHIPPED = PACKAGE / "shipped"  # tools/wheel.py puts it into a wheel; a clone has data/ instead
# What commands write lies in the clone; without one (the package alone is installed) below the working directory.
ROOT = Path.cwd() if SHIPPED.is_dir() else PACKAGE.parent
DATA = SHIPPED if SHIPPED.is_dir() else ROOT / "data"
LISTS = DATA / "lists"
TEMPLATES = DATA / "templates"
PROFILES = DATA / "profiles"
CHECKPOINTS = DATA / "checkpoints"
RESULTS = DATA / "results"
# Where commands and notebooks write what they make; a checkout that cannot be written is left for the user's own cache.
OWN = ROOT if os.access(ROOT, os.W_OK) else Path(os.path.expanduser("~/.cache/momem"))
GENERATED = OWN / "data" / "generated"
TEST_PEOPLE = DATA / "test_people.jsonl"
NOTEBOOKS = ROOT / "notebooks"
MINE = ROOT / "my_notebooks"  # the reader's own copies, which git does not see
FIGURES = ROOT / "figures"
RUNS = OWN / "runs"
BLANK = b" \t\r\n\xef\xbb\xbf"  # around a line, a byte order mark included


class InputError(ValueError):
    """Something that a person gave us cannot be used; the message says what was wrong, what was expected, what to do.

    Example:
        >>> raise InputError("the question is empty: type a question, for instance 'Where does Jo live?'")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the question is empty: type a question, for instance 'Where does Jo live?'
    """


def parse_json(text: str, where: str) -> object:
    """What a JSON text says, or an InputError that says where it is broken.

    Example:
        >>> parse_json("[1, 2", "my file, line 3")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: my file, line 3, is not valid JSON (Expecting ',' delimiter: ...)
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # ValueError: broken, or a number of thousands of digits
        raise InputError(f"{where}, is not valid JSON ({error})") from None


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


@contextmanager
def readable(path: str | Path, what: str) -> Iterator[None]:
    """Within, what keeps a file from being read becomes an InputError that says what is wrong with it."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{what} {path} does not exist: check the path") from None
    except IsADirectoryError:
        raise InputError(f"{what} {path} is a folder: a file was expected") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{what} {path}, line {line}, is not UTF-8 text: save the file as UTF-8 (Excel: 'CSV UTF-8')"
        ) from None
    except InputError:
        raise
    except (OSError, ValueError, csv.Error) as error:  # ValueError: a path with a NUL in it
        raise InputError(f"{what} {path} cannot be read ({error})") from None


def read_text(path: str | Path, what: str) -> str:
    """Read a UTF-8 text file, without byte order marks: files put together have them in the middle too.

    Args:
        path: the file.
        what: what the file is for, in words ("the people file"), for the message.

    Raises:
        InputError: the file is missing, is a folder, cannot be read, or is not UTF-8.

    Example:
        >>> read_text("no-such-file.jsonl", "the people file")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the people file no-such-file.jsonl does not exist: check the path
    """
    with readable(path, what):
        return Path(path).read_text(encoding="utf-8").replace("\ufeff", "")


def read_lines(path: str | Path, what: str) -> Iterator[tuple[object, str]]:
    """Read a file of JSON lines one by one, so that a million need no more memory than one; empty lines are skipped.

    Args:
        path, what: as in read_text.

    Yields:
        what a line says, and how to call its place in a message ("the people file people.jsonl, line 3").

    Raises:
        InputError: as in read_text, or a line that is no JSON.
    """
    with readable(path, what), open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if line := line.strip(BLANK):
                where = f"{what} {path}, line {number}"
                yield _parse_line(line, where), where


def write_lines(path: str | Path, rows: Iterable[dict]) -> list[dict]:
    """Write objects as UTF-8 JSON lines, and return them; until the last has come, an earlier file stays as it is."""
    written = []

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                written.append(row)

    write_atomically(Path(path), write)
    return written


def _parse_line(line: bytes, where: str) -> object:
    """What a line says: orjson is quick, and json takes over where it gives up (half a character, huge numbers)."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        return parse_json(line.decode(), where)
    except UnicodeDecodeError:
        raise InputError(f"{where}, is not UTF-8 text: save the file as UTF-8 (Excel: 'CSV UTF-8')") from None


def write_atomically(path: Path, write) -> None:
    """Let write(temporary path) make a file, then put it in place at once: readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def set_aside(folder: Path, names: Iterable[str], say: Callable[[str], None] = print) -> None:
    """Move what would be overwritten in a folder into its folder "previous", or "previous-2" and so on."""
    if files := [folder / name for name in names if (folder / name).exists()]:
        places = (folder / f"previous-{number}".removesuffix("-1") for number in count(1))
        previous = next(place for place in places if not place.exists())
        previous.mkdir()
        for file in files:
            file.rename(previous / file.name)
        say(f"The earlier files of {folder} were moved to {previous}.")


@contextmanager
def alone(path: Path, *leftovers: str, wait: bool = False) -> Iterator[None]:
    """Within, no other program makes this file or folder; the system takes the lock from who is killed.

    Args:
        leftovers: patterns of what a killed one may have left beside it, which is cleared away. wait: for the other.

    Raises:
        InputError: another one is at it, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=-1 if wait else 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()  # found before hours of work
        lock.acquire()
    except Timeout:
        raise InputError(f"another program is making {path}: wait for its end, or choose another folder") from None
    except OSError as error:
        raise InputError(f"cannot write to {path.parent} ({error}): choose another folder") from None
    try:
        for left in chain.from_iterable(map(path.parent.glob, leftovers)):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file
            os.unlink(lock.lock_file)
        lock.release()


def git_commit() -> str | None:
    """The commit that this program stands at, or None outside a repository."""
    try:
        command = ["git", "-C", str(PACKAGE), "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def optional_import(name: str, extras: str = "notebooks,tests"):
    """Import a package that not every command needs, or say how to install it.

    Args:
        name: of the package.
        extras: of pyproject.toml that bring it.

    Raises:
        InputError: the package is not installed.

    Example:
        >>> optional_import("no_such_package")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: no_such_package is not installed: type  pip install -e ".[notebooks,tests]"
    """
    try:
        return __import__(name, fromlist=["*"])
    except ImportError:
        raise InputError(f'{name} is not installed: type  pip install -e ".[{extras}]"') from None
