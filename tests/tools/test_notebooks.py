"""The committed notebooks: normalised, run from top to bottom, and short enough to read."""

import ast
import itertools
import re
import statistics

import papermill
import pytest

from momem_lib.tools import notebooks
from momem_lib.tools.notebooks import executed_in_order, find_notebooks, normalise_notebooks, own_copy, read_notebook
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


# The reader's own copies


def test_an_own_copy_holds_no_answers_and_is_never_written_over(tmp_path):
    path = find_notebooks()[3]
    own = own_copy(path, folder=tmp_path)
    copy, committed = read_notebook(own), read_notebook(path)
    assert [cell.source.replace("../notebooks/glossary", "glossary") for cell in copy.cells] == [
        cell.source for cell in committed.cells
    ]
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(own))
    own.write_text("mine", encoding="utf-8")
    assert own_copy(path, folder=tmp_path) == own and own.read_text(encoding="utf-8") == "mine"


def test_a_fresh_copy_keeps_the_old_ones_beside_it(tmp_path):
    path = find_notebooks()[0]
    own = own_copy(path, fresh=True, folder=tmp_path)
    for text in ("first", "second"):
        own.write_text(text, encoding="utf-8")
        assert len(read_notebook(own_copy(path, fresh=True, folder=tmp_path)).cells) > 5
    kept = [(tmp_path / f"{path.stem}.before-{number}.ipynb").read_text(encoding="utf-8") for number in (1, 2)]
    assert kept == ["first", "second"]


def test_lab_opens_the_own_copy(tmp_path, monkeypatch):
    opened, mine = [], tmp_path / "my_notebooks"
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "own_copy", lambda path, fresh: own_copy(path, fresh, mine))
    monkeypatch.setattr(notebooks.subprocess, "call", lambda command, cwd: opened.append(command[-1]) or 0)
    assert notebooks.open_lab("03") == 0
    assert len(list(mine.iterdir())) == len(find_notebooks())
    assert notebooks.open_lab("03", fresh=True) == 0
    assert len(list(mine.glob("03*"))) == 2 and len(list(mine.glob("04*"))) == 1
    assert opened == ["--LabApp.default_url=/lab/tree/my_notebooks/03_attention_from_scratch.ipynb"] * 2


# How much there is to read in those notebooks in which the reader writes


MOST_CELLS, MOST_WORDS = 100, 4000


@ALL
def test_a_notebook_with_write_cells_is_short(path):
    cells = read_notebook(path).cells
    if any(re.search(r'= judge\("\d\d\.', cell.source) for cell in cells):
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        unfolded = re.sub(r"<details>.*?</details>|<img[^>]*>", "", text, flags=re.DOTALL)
        assert len(cells) <= MOST_CELLS and len(unfolded.split()) <= MOST_WORDS
