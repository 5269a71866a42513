"""The project's own checks, one after the other: style, library, notebooks. What `make test` runs."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from momem_lib.project import ROOT, InputError, optional_import
from momem_lib.tools.notebooks import find_notebooks, normalise_notebooks
from momem_lib.tools.sweeps import aligned

# Set before torch is loaded, so that its results depend as little as possible on the machine.
STABLE = {
    "OMP_NUM_THREADS": "1",  # two files run side by side, see PYTEST
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "PYTHONHASHSEED": "0",
}
# Two files at a time, each on a core of its own: quicker than one file with two threads, for models as small as these.
PYTEST = ("pytest", "-q", "-n", "2", "--dist", "loadfile")
CODE = ("momem_lib", "tests", ".ci", "notebooks")
PROGRAMS = {  # what the browser test needs, by the names that systems give it
    "Chromium": ("chromium", "chromium-browser", "google-chrome", "chrome"),
    "chromedriver": ("chromedriver", "chromium.chromedriver"),
}


def run_command(*arguments: str, **extra: str) -> tuple[bool, str]:
    """Run a Python module with its output shown as it comes.

    Args:
        arguments: the module's name and its arguments.
        extra: environment variables besides STABLE.

    Returns:
        Whether it went well, and the last line that was printed.
    """
    command = [sys.executable, "-m", *arguments]
    environment = {**os.environ, **STABLE, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", **extra}
    last = ""
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode == 0, last


def check_style() -> tuple[bool, str]:
    """Look for mistakes in the code of library, tests and notebooks."""
    return run_command("ruff", "check", *CODE)


def check_format() -> tuple[bool, str]:
    """Whether the code is laid out as `momem format` would lay it out."""
    ok, last = run_command("ruff", "format", "--check", *CODE)
    return ok, last if ok else f"{last}; type  momem format"


def check_normalised() -> tuple[bool, str]:
    """Whether every notebook is as `momem normalise` leaves it."""
    bad = " ".join(path.stem for path in normalise_notebooks(find_notebooks(), check=True))
    return not bad, f"type  momem normalise {bad}" if bad else "all notebooks as normalised"


def check_library() -> tuple[bool, str]:
    """Run the library's tests and the examples of its docstrings."""
    return run_command(*PYTEST, MPLBACKEND="Agg")


def check_notebooks() -> tuple[bool, str]:
    """Run every notebook and compare what it prints with what is committed."""
    return run_command(*PYTEST, "--nbval", "notebooks")  # notebooks/conftest.py holds the options


def find_browser() -> tuple[str, str]:
    """Where Chromium (or Chrome) and the driver that steers it are.

    Raises:
        InputError: one of the two is missing.
    """
    paths = {what: next(filter(None, map(shutil.which, names)), "") for what, names in PROGRAMS.items()}
    if all(paths.values()):
        return paths["Chromium"], paths["chromedriver"]
    missing = " and ".join(what for what, path in paths.items() if not path)
    raise InputError(
        f"the browser test needs {missing}, not found here: on Debian type  sudo apt install chromium chromium-driver  "
        "(elsewhere install Chrome and the chromedriver of the same version, and put both on the PATH)"
    )


def check_browser() -> tuple[bool, str]:
    """Open the course in JupyterLab in a headless Chromium, run notebooks, drag sliders, type questions."""
    optional_import("selenium", "browser")
    find_browser()
    return run_command("pytest", "-q", "-rs", str(Path("tests", "browser", "test_course.py")))


STEPS: dict[str, Callable[[], tuple[bool, str]]] = {
    "style": check_style,
    "format": check_format,
    "normalised": check_normalised,
    "library": check_library,
    "notebooks": check_notebooks,
}
EXTRA = {"browser": check_browser}  # run only when asked for: it needs Chromium


def run_checks(only: Sequence[str] = ()) -> int:
    """Run the checks, all of them even when one fails, and close with a table; 0 when all passed, else 1.

    Args:
        only: names of STEPS or EXTRA; none means all of STEPS.

    Raises:
        InputError: pytest, ruff or nbval are not installed, or the package stands alone, without a clone around it.
    """
    if not (ROOT / "tests").is_dir():
        raise InputError(f"there are no tests in {ROOT}: type  momem test  in a clone of the repo")
    for package in ("pytest", "nbval", "ruff", "nbformat"):
        optional_import(package)
    done = []
    for name in only or STEPS:
        step = (STEPS | EXTRA)[name]
        print(f"\n== {name}: {(step.__doc__ or '').splitlines()[0]}", flush=True)
        start = time.perf_counter()
        done.append((name, *step(), time.perf_counter() - start))
    print("\n" + summary(done), flush=True)
    return 0 if all(ok for _, ok, _, _ in done) else 1


def summary(done: Sequence[tuple[str, bool, str, float]]) -> str:
    """The closing table of steps.

    Args:
        done: of each step its name, whether it went well, its own last line, seconds.

    Example:
        >>> print(summary([("style", True, "All checks passed!", 0.21), ("library", False, "1 failed", 61.0)]))
        step     seconds  ok   last line
        style        0.2  yes  All checks passed!
        library     61.0  NO   1 failed
        Failed: library
    """
    rows = [(name, f"{seconds:7.1f}", "yes" if ok else "NO", last) for name, ok, last, seconds in done]
    failed = ", ".join(name for name, ok, _, _ in done if not ok)
    table = aligned([("step", "seconds", "ok", "last line"), *rows])
    return f"{table}\n" + (f"Failed: {failed}" if failed else "All checks passed.")


def format_code() -> int:
    """Bring code and notebooks into the common style; 0, or 1 when something is left to mend by hand."""
    optional_import("ruff")
    fixed, _ = run_command("ruff", "check", "--fix", *CODE)
    laid_out, _ = run_command("ruff", "format", *CODE)
    for path in normalise_notebooks(find_notebooks()):
        print(f"normalised {path.relative_to(ROOT)}")
    return 0 if fixed and laid_out else 1
