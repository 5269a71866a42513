"""Notebooks without a browser: strict papermill runs, with a table at the end, and sweeps of a parameter."""

import logging
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from momem_lib.project import NOTEBOOKS, RUNS, InputError, optional_import
from momem_lib.tools.notebooks import find_notebooks, read_notebook, resolve_notebooks
from momem_lib.tools.parameters import plan
from momem_lib.tools.sweeps import aligned, draw_sweep, notebook_result, sweep_table


@dataclass(frozen=True)
class Result:
    """What came of one run of one notebook."""

    notebook: str  # its name without .ipynb
    output: Path  # the executed copy
    seconds: float
    error: str = ""  # where and why it failed ("in cell 3: ..."); empty when it did not
    value: object = None  # the value of the swept parameter in this run
    result: dict = field(default_factory=dict)  # what its cells tagged "result" printed as JSON


def run_notebooks(
    notebooks: Sequence[str | Path] = (),
    parameters: Mapping[str, object] | None = None,
    profile: str | None = None,
    device: str | None = None,
    sweep: tuple[str, Sequence[object]] | None = None,
    out_dir: str | Path = RUNS,
) -> list[Result]:
    """Run notebooks with papermill in their own folder; one that fails does not stop the others.

    Args:
        notebooks: numbers, names or paths; none means all.
        parameters: values by name; text is read as the type of the parameter's default.
        profile: for the notebooks that declare it, as is device; None leaves their own default.
        device: "auto", "cpu", "cuda" or "mps".
        sweep: a parameter and its values: one run for each value, of the notebooks that declare it.
        out_dir: where the executed copies go.

    Raises:
        InputError: a notebook or parameter that does not exist, or a value of a wrong type; nothing has run then.
    """
    paths = resolve_notebooks(notebooks)
    offered = {name: value for name, value in {"profile": profile, "device": device}.items() if value is not None}
    given = dict(parameters or {})
    if sweep is None:
        jobs = [(path, None, chosen) for path, chosen in zip(paths, plan(paths, given, offered), strict=True)]
    else:
        jobs = _sweep_jobs(paths, given, offered, *sweep)
    out_dir = Path(out_dir).resolve()
    if out_dir in {path.parent for path in paths}:
        raise InputError(f"the executed copies would overwrite the notebooks in {out_dir}: choose another folder")
    out_dir.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    for number, (path, value, chosen) in enumerate(jobs, start=1):
        name = path.stem if sweep is None else f"{path.stem}.{sweep[0]}={_file_word(value)}"
        while name in {result.output.stem for result in results}:  # values that look alike as file names
            name += "-"
        results.append(_run_one(path, out_dir / f"{name}.ipynb", chosen, value, f"{number}/{len(jobs)} {name}"))
    return results


def _sweep_jobs(paths: list[Path], given: dict, offered: dict, name: str, values: Sequence[object]) -> list[tuple]:
    """Notebook by notebook: its path, the parameter's value, and all its parameters; equal values count once."""
    if name in given:
        raise InputError(f"{name} is both swept and given with one value: leave one of the two out")
    if not values:
        raise InputError(f"the sweep of {name} has no values: type them after the name, for instance 0.1 1 10")
    plans = [plan(paths, {**given, name: value}, offered) for value in values]
    jobs: list[tuple] = []
    for path, *chosen_for in zip(paths, *plans, strict=True):
        for chosen in chosen_for:
            if name in chosen and (path, chosen[name], chosen) not in jobs:
                jobs.append((path, chosen[name], chosen))
    return jobs


def _file_word(value: object) -> str:
    return re.sub(r"[^\w.+-]+", "_", str(value))[:60] or "empty"


def _run_one(path: Path, output: Path, parameters: dict, value: object, label: str) -> Result:
    papermill = optional_import("papermill")
    logging.getLogger("papermill").setLevel(logging.ERROR)
    start = time.perf_counter()
    error = ""
    try:
        papermill.execute_notebook(
            str(path),
            str(output),
            parameters,
            cwd=str(path.parent),
            kernel_name="python3",
            kernel_manager_class=_this_python(pictures=output.parent / "figures" / output.stem),
            progress_bar={"desc": label, "mininterval": 1.0},
        )
    except papermill.PapermillExecutionError as failure:
        error = _failure(read_notebook(path), failure, shifted=bool(parameters))
    except Exception as failure:  # a dead kernel, a full disk: the other notebooks still run
        error = f"because of {type(failure).__name__}: {_short(str(failure))}"
    seconds = time.perf_counter() - start
    found = {} if error else notebook_result(read_notebook(output))
    return Result(path.stem, output, seconds, error, value, found)


def _this_python(pictures: Path) -> type:
    """A kernel manager for the Python that is running: a "python3" kernel of the user's may be another one.

    Args:
        pictures: where its notebook saves pictures: not over the committed ones.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    # ERROR: not its warning, once per notebook, that it talks over this machine's own network.
    start = [sys.executable, "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"]

    class ThisPython(AsyncKernelManager):
        kernel_spec = KernelSpec(argv=start, language="python", env={"MOMEM_FIGURES": str(pictures)})

    return ThisPython


def _failure(notebook, failure, shifted: bool) -> str:
    """Say in a few lines where a notebook failed; the cell's number counts from 1, as its id does."""
    tagged = [number for number, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    # papermill adds a cell with the given values after the one tagged "parameters" (at the top when there is none).
    added_before = shifted and failure.cell_index > (tagged[0] if tagged else -1)
    # "Cell In[3], line 4" stands in the traceback, perhaps with colours between.
    plain = optional_import("nbconvert").filters.strip_ansi("\n".join(failure.traceback))
    place = re.search(r"Cell In\s*\[\d+\], line (\d+)", plain)
    lines = failure.source.splitlines()
    number = min(int(place[1]), len(lines)) if place else 1
    line = lines[number - 1].strip() if lines else ""
    cell = failure.cell_index + 1 - added_before
    return f"in cell {cell}: {failure.ename}: {_short(failure.evalue)}\n  line {number}: {line}"


def _short(text: str, lines: int = 4, width: int = 300) -> str:
    return "\n  ".join(line[:width] for line in text.strip().splitlines()[:lines])


def run_and_report(
    notebooks: Sequence[str | Path] = (),
    sweep: tuple[str, Sequence[object]] | None = None,
    out_dir: str | Path = RUNS,
    **options,
) -> int:
    """Run notebooks as run_notebooks does and print a table, what failed, and where; 0 when all ran through, else 1."""
    if not notebooks and not find_notebooks():
        print(f"There are no notebooks in {NOTEBOOKS} yet: nothing to run.")
        return 0
    results = run_notebooks(notebooks, sweep=sweep, out_dir=out_dir, **options)
    rows = [(run.output.stem, f"{run.seconds:7.1f}", "NO" if run.error else "yes") for run in results]
    failed = [f"\n{run.output.stem} failed {run.error}" for run in results if run.error]
    print("", aligned([("notebook", "seconds", "ok"), *rows]), *failed, sep="\n")
    if sweep is not None:
        print("\n" + sweep_table(sweep[0], results))
        picture = draw_sweep(sweep[0], results, Path(out_dir) / f"sweep-{_file_word(sweep[0])}.png")
        nothing = "No numbers to draw: tag a cell that prints JSON with 'result'."
        print(f"\nPicture: {picture}" if picture else f"\n{nothing}")
    print(f"\nExecuted copies: {Path(out_dir).resolve()}")
    return 1 if failed else 0
