"""Type every solution into copies of the notebooks in which the reader writes, run them, count what was judged right.

    python tests/benchmarks/typed.py [01 03 ...]

A part must not only be judged right: the rest of the notebook must run on it.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from momem_lib.tools.headless import run_notebooks
from momem_lib.tools.notebooks import read_notebook, resolve_notebooks

JUDGED = re.compile(r"^\w+ = judge\(.*\)$", re.MULTILINE)
SOLUTION = re.compile(r"<summary>Solution</summary>.*?```python\n(.*?)```", re.DOTALL)


def typed(path: Path, folder: Path) -> tuple[Path, int]:
    """A copy of a notebook with its solutions typed in, and how many things in it are judged."""
    notebook, count = read_notebook(path), 0
    for cell, below in zip(notebook.cells, notebook.cells[1:], strict=False):
        calls = JUDGED.findall(cell.source) if cell.cell_type == "code" else []
        if calls:
            cell.source = SOLUTION.findall(below.source)[0] + "\n\n" + "\n".join(calls)
            count += len(calls)
    copy = folder / path.name
    nbformat.write(notebook, copy)
    return copy, count


def main(names: Sequence[str]) -> int:
    """Print a line for each notebook; 1 when something was not right or did not run."""
    worst = 0
    with TemporaryDirectory() as folder:
        for path in resolve_notebooks(names):
            copy, count = typed(path, Path(folder))
            if count == 0:
                continue
            (run,) = run_notebooks([copy], out_dir=Path(folder) / "runs")
            cells = [] if run.error else read_notebook(run.output).cells
            printed = "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", ()))
            right = printed.count("Right!")
            print(f"{path.stem:<30} {right} of {count} right, {run.seconds:.0f} s {run.error}", flush=True)
            worst |= right != count or bool(run.error)
    return int(worst)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
