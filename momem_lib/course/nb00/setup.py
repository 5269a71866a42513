"""Is everything ready? What the course needs, what was found here, and what to do where something is off."""

import platform
import sqlite3
import tempfile
import tomllib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

from momem_lib.data.tasks import TASKS
from momem_lib.nn.checkpoints import hardware, load_tensors, pick_device
from momem_lib.project import CHECKPOINTS, ROOT, RUNS, InputError

PACKAGES = ("torch", "numpy", "matplotlib", "jupyterlab", "ipywidgets", "papermill")
INSTALL = 'type  pip install -e ".[notebooks,tests]"  in the folder of the repo, then restart the kernel'


@dataclass(frozen=True)
class Check:
    """One thing that the course needs."""

    what: str
    found: str
    ok: bool
    to_do: str  # what to do when it is off


def check_setup(checkpoints: Path = CHECKPOINTS, runs: Path = RUNS, device: str = "auto") -> list[Check]:
    """Look at everything that can be off; never raises.

    Args:
        checkpoints: the folder with the trained modules. runs: the folder that runs write to.
    """
    return [
        Check("Python", platform.python_version(), True, ""),  # an older one could not read this file
        *map(_package, _requirements()),
        _sqlite(),
        _device(device),
        *(_checkpoint(task, checkpoints / f"{task}.safetensors") for task in TASKS),
        _writable(runs),
    ]


def setup_table(checks: Iterable[Check]) -> str:
    """The checks as a table, and below it what to do.

    Example:
        >>> print(setup_table([Check("Python", "3.9", False, "install Python 3.11"), Check("torch", "2.6", True, "")]))
        what    found  ok
        Python  3.9    NO
        torch   2.6    yes
        To do for Python: install Python 3.11.
    """
    checks = list(checks)
    rows = [("what", "found", "ok"), *((c.what, c.found, "yes" if c.ok else "NO") for c in checks)]
    wide = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"{what:<{wide[0]}}  {found:<{wide[1]}}  {ok}" for what, found, ok in rows]
    to_do = [f"To do for {c.what}: {c.to_do}." for c in checks if not c.ok]
    return "\n".join([*lines, *(to_do or ["Everything is ready."])])


def _requirements() -> list[Requirement]:
    """What pyproject.toml asks for, as far as a reader of the notebooks meets it."""
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return [Requirement(name) for name in PACKAGES]
    asked = [Requirement(text) for text in project["dependencies"] + project["optional-dependencies"]["notebooks"]]
    return [requirement for requirement in asked if requirement.name in PACKAGES]


def _package(requirement: Requirement) -> Check:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Check(requirement.name, "missing", False, INSTALL)
    return Check(requirement.name, found, requirement.specifier.contains(found, prereleases=True), INSTALL)


def _sqlite() -> Check:
    what, found = "SQLite with trigrams", sqlite3.sqlite_version
    to_do = "the memory works all the same, near misses are slower: use a Python with SQLite 3.34 or newer"
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.execute("CREATE VIRTUAL TABLE probe USING fts5(name, tokenize='trigram')")
    except sqlite3.Error:
        return Check(what, f"{found}, without", False, to_do)
    return Check(what, found, True, to_do)


def _device(name: str) -> Check:
    try:
        device = pick_device(name)
    except InputError:
        return Check("device", f"no {name}", False, 'set device = "auto" in the parameters cell')
    return Check("device", f"{device.type} ({hardware(device)})", True, "")


def _checkpoint(task: str, path: Path) -> Check:
    to_do = f"get the repo's file data/checkpoints/{path.name} again (git checkout), or type  momem train {task}"
    if not path.is_file():
        return Check(f"checkpoint {task}", "missing", False, to_do)
    try:
        _, card = load_tensors(path)
        return Check(f"checkpoint {task}", f"{card['parameters']:,} parameters", card["task"] == task, to_do)
    except (InputError, KeyError, TypeError, ValueError):
        return Check(f"checkpoint {task}", "damaged", False, to_do)


def _writable(folder: Path) -> Check:
    what = f"writing to {folder.name}/"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        reason = (error.strerror or "not possible").lower()
        return Check(what, reason, False, "copy the repo to a folder of your own, on a disk that is not full")
    return Check(what, "possible", True, "")
