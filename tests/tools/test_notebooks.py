"""The committed notebooks: normalised, run from top to bottom, and short enough to read."""

import ast
import itertools
import statistics

import papermill
import pytest

from momem_lib.tools.notebooks import executed_in_order, find_notebooks, normalise_notebooks, read_notebook
from momem_lib.tools.parameters import declared_parameters

ALL = pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
MEDIAN_LINES, MOST_LINES, SET_UP_LINES = 8, 30, 5


def code_cells(path):
    """The cells of a notebook that hold code."""
    return [cell for cell in read_notebook(path).cells if cell.cell_type == "code" and cell.source.strip()]


def is_parameters(cell):
    """Whether a cell is the one that papermill fills in."""
    return "parameters" in cell.metadata.get("tags", [])


@ALL
def test_is_normalised(path):
    assert normalise_notebooks([path], check=True) == [], f"type  momem normalise {path.stem}"


@ALL
def test_was_run_from_top_to_bottom_without_an_error(path):
    assert executed_in_order(read_notebook(path)), "restart the kernel, run all cells, save"
    for cell in code_cells(path):
        assert [output for output in cell.outputs if output.output_type == "error"] == [], cell.id


@ALL
def test_has_one_parameters_cell_with_a_comment_for_each(path):
    (cell,) = filter(is_parameters, code_cells(path))
    lines = [line for line in cell.source.splitlines() if "=" in line.split("#")[0]]
    assert lines and all("#" in line for line in lines)
    assert any(line.startswith("profile") for line in lines)


@ALL
def test_papermill_sees_every_parameter(path):
    seen = papermill.inspect_notebook(str(path))
    assert set(seen) == set(declared_parameters(path)), "papermill skips a parameter whose comment holds '='"


@ALL
def test_set_up_is_imports_and_at_most_five_other_lines(path):
    first = next(cell for cell in code_cells(path) if not is_parameters(cell))
    nodes = [node for node in ast.parse(first.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    imports = {line for node in nodes for line in range(node.lineno, node.end_lineno + 1)}
    lines = [line for line in enumerate(first.source.splitlines(), start=1) if line[1].strip()]
    assert len([text for number, text in lines if number not in imports]) <= SET_UP_LINES


@ALL
def test_cells_are_short(path):
    lengths = {cell.id: len(cell.source.splitlines()) for cell in code_cells(path)}
    assert statistics.median(lengths.values()) <= MEDIAN_LINES
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


@ALL
def test_no_two_code_cells_without_a_word_between(path):
    cells = read_notebook(path).cells
    assert [b.id for a, b in itertools.pairwise(cells) if a.cell_type == b.cell_type == "code"] == []
