"""Headless runs: refused before anything runs when something is wrong, complete even when a notebook fails."""

import json
import os
from pathlib import Path

import nbformat
import pytest

from momem_lib.course.shared.figures import blank, show
from momem_lib.project import FIGURES, ROOT, InputError
from momem_lib.tools import headless, notebooks
from momem_lib.tools.headless import run_and_report, run_notebooks
from momem_lib.tools.parameters import UNKNOWN, convert, declared_parameters
from momem_lib.tools.sweeps import draw_sweep, notebook_result, sweep_table

PARAMETERS = 'steps = 3  # how many\nrate = 0.5  # of something\nprofile = "quick"  # quick or full\n'


def code(source, *tags):
    """A code cell with tags."""
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def write(folder, name, *cells):
    """A notebook of these cells in a folder."""
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    notebook.metadata = nbformat.from_dict(notebooks.NOTEBOOK_METADATA)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


@pytest.fixture
def course(tmp_path):
    """A folder with two notebooks that run and one that fails in its third cell."""
    folder = tmp_path / "course"
    folder.mkdir()
    found = code("import json, os\nprint(json.dumps({'double': steps * 2, 'profile': profile}))", "result")
    write(folder, "00_good", code(PARAMETERS, "parameters"), code("assert steps != 13"), found)
    write(folder, "01_bad", code(PARAMETERS, "parameters"), code("x = 1"), code("# Here\n\nint('no luck')"))
    where = code("import os, sys\nprint(os.path.basename(os.getcwd()), sys.executable)")
    write(folder, "02_plain", where)
    return folder


@pytest.fixture
def paths(course):
    """The notebooks of that folder, by name."""
    return {path.stem: path for path in sorted(course.glob("*.ipynb"))}


def outputs(path):
    """What the code cells of an executed notebook printed."""
    return "".join(o.get("text", "") for c in nbformat.read(path, 4).cells for o in c.get("outputs", []))


def test_failing_notebook_is_reported_and_the_others_still_run(paths, tmp_path, capsys):
    options = {"parameters": {"steps": "21"}, "profile": "full", "device": "cpu"}
    code = run_and_report(list(paths.values()), out_dir=tmp_path / "out", **options)
    shown = capsys.readouterr().out
    assert code == 1
    assert "01_bad failed in cell 3: ValueError: invalid literal for int() with base 10: 'no luck'\n" in shown
    assert "\n  line 3: int('no luck')" in shown
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("0") and "failed" not in line] == [
        "yes",
        "NO",
        "yes",
    ]
    # Each gets what it declares and nothing else, as whole numbers where its default is one.
    assert '{"double": 42, "profile": "full"}' in outputs(tmp_path / "out" / "00_good.ipynb")
    # The notebook runs in its own folder, with the Python that runs the tests.
    assert outputs(tmp_path / "out" / "02_plain.ipynb").split()[:2] == ["course", headless.sys.executable]


def test_a_kernel_that_dies_is_reported_too(course, paths, tmp_path, capsys):
    path = write(course, "08_dies", code("import os\nos._exit(3)"))
    assert run_and_report([path, paths["00_good"]], out_dir=tmp_path / "out") == 1
    shown = capsys.readouterr().out
    assert "08_dies failed because of DeadKernelError" in shown and "00_good" in shown


def test_pictures_of_a_run_lie_beside_it_and_the_committed_ones_stay(course, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MOMEM_FIGURES", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    save = "from momem_lib.course.shared import Chart, draw_charts, show\n"
    save += "show(draw_charts([Chart('', [1, 2], {'a': [3, 4]}, 'x', 'y')]), '00_no_such')"
    path = write(course, "07_picture", code("steps = 1  # how many", "parameters"), code(save))
    assert run_and_report([path], parameters={"steps": "2"}, out_dir=tmp_path / "out") == 0
    assert (tmp_path / "out" / "figures" / "07_picture" / "00_no_such.png").stat().st_size > 1000
    assert not (FIGURES / "00_no_such.png").exists()
    assert os.environ["MOMEM_FIGURES"] == "elsewhere"


def test_sweep_runs_each_value_and_draws_what_was_found(paths, tmp_path, capsys):
    code = run_and_report([paths["00_good"]], sweep=("steps", ["1", "2"]), out_dir=tmp_path / "out")
    shown = capsys.readouterr().out
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "00_good.steps=1.ipynb",
        "00_good.steps=2.ipynb",
        "sweep-steps.png",
    ]
    assert '00_good   2      4       "quick"' in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"parameters": {"stepps": "1"}},
            "no chosen notebook has a parameter 'stepps': there are profile, rate, steps",
        ),
        ({"parameters": {"steps": "many"}}, "steps takes a whole number"),
        ({"parameters": {"steps": "1.5"}}, "steps takes a whole number"),
        ({"parameters": {"steps": True}}, "steps takes a whole number"),
        ({"parameters": {"profile": 3}}, "profile takes text"),
        ({"sweep": ("temperature", ["1"])}, "no chosen notebook has a parameter 'temperature'"),
        ({"sweep": ("rate", ["1", "hot"])}, "rate takes a number"),
        ({"sweep": ("rate", [])}, "has no values"),
        ({"sweep": ("rate", ["1"]), "parameters": {"rate": "2"}}, "both swept and given"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(paths, tmp_path, monkeypatch, options, message):
    monkeypatch.setattr(headless, "_run_one", lambda *_: pytest.fail("a notebook ran"))
    with pytest.raises(InputError, match=message):
        run_notebooks([paths["02_plain"], paths["00_good"]], out_dir=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("7", 1, 7),
        ("7", "a", "7"),
        ("7", 0.5, 7.0),
        (2, 0.5, 2.0),
        ("1e-3", 0.5, 0.001),
        ("false", True, False),
        ("x", None, "x"),
        ("3", None, 3),
        ("none", None, None),
        ("[1, 2]", [0], [1, 2]),
    ],
)
def test_values_get_the_type_of_the_default(value, default, expected):
    got = convert("p", value, default)
    assert got == expected and type(got) is type(expected)


def test_a_relative_path_belongs_to_the_folder_that_one_stands_in(paths, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("people.jsonl").touch()
    Path("folder").mkdir()
    assert convert("people", "people.jsonl", "test_people.jsonl") == str(tmp_path / "people.jsonl")
    for text in ("other.jsonl", "folder", "", "a\0b", "x" * 9999):
        assert convert("people", text, "test_people.jsonl") == text
    with pytest.raises(InputError, match="would overwrite the notebooks"):
        run_notebooks([paths["00_good"]], out_dir=paths["00_good"].parent)


def test_parameters_are_read_with_their_defaults(paths):
    assert declared_parameters(paths["00_good"]) == {"steps": 3, "rate": 0.5, "profile": "quick"}
    assert declared_parameters(paths["02_plain"]) == {}


def test_parameters_whose_comment_holds_an_equals_sign_are_read_too(tmp_path):
    lines = ["rate: float = 0.5  # 1 = all", "size = [1,", "        2]", "# a = 1", "home = Path()  # no literal", "x"]
    found = declared_parameters(write(tmp_path, "05_odd", code("\n".join(lines), "parameters")))
    assert found == {"rate": 0.5, "size": [1, 2], "home": UNKNOWN}
    with pytest.raises(InputError, match="is no Python"):
        declared_parameters(write(tmp_path, "06_broken", code("rate = = 1", "parameters")))


def test_notebooks_are_found_by_number_name_and_path(course, paths):
    found = notebooks.resolve_notebooks(["01", "00_good", str(paths["02_plain"]), "01_bad.ipynb"], course)
    assert [path.stem for path in found] == ["01_bad", "00_good", "02_plain"]
    with pytest.raises(InputError, match="no notebook is called '07': there are 00_good, 01_bad, 02_plain"):
        notebooks.resolve_notebooks(["07"], course)
    with pytest.raises(InputError, match="there is none yet"):
        notebooks.resolve_notebooks(["07"], course / "empty")


def test_no_notebooks_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(headless, "find_notebooks", lambda: [])
    assert run_and_report() == 0
    assert "nothing to run" in capsys.readouterr().out


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not a notebook"):
        run_notebooks([tmp_path / "broken.ipynb"], out_dir=tmp_path / "out")


def test_results_are_merged_and_shown_beside_what_failed(tmp_path):
    def printed(text):
        cell = code("...", "result")
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
        return cell

    found = notebook_result(nbformat.v4.new_notebook(cells=[printed(json.dumps({"a": 1})), printed('{"b": 2}')]))
    assert found == {"a": 1, "b": 2}
    runs = [
        headless.Result("00_x", tmp_path, 1.0, value=0.1, result=found),
        headless.Result("00_x", tmp_path, 1.0, value=0.2, error="cell 1: no"),
    ]
    assert sweep_table("rate", runs).splitlines() == [
        "notebook  rate  a       b",
        "00_x      0.1   1       2",
        "00_x      0.2   failed  failed",
    ]
    alone = notebook_result(nbformat.v4.new_notebook(cells=[printed("no JSON"), printed("3")]))
    assert alone == {"result": 3} and draw_sweep(
        "rate", [headless.Result("00_x", tmp_path, 1.0, result=alone)], tmp_path / "a.png"
    )
    words = headless.Result("00_x", tmp_path, 1.0, result={"answer": "Oslo", "ok": True})
    assert draw_sweep("rate", [words], tmp_path / "b.png") is None


def test_normalising_keeps_what_is_stable_and_is_done_once(course):
    path = course / "03_messy.ipynb"
    widget = nbformat.v4.new_output(
        "display_data", {notebooks.WIDGET_VIEW: {"model_id": "ab12"}, "text/plain": "Box()"}
    )
    bar = nbformat.v4.new_output("display_data", {notebooks.WIDGET_VIEW: {"model_id": "c"}, "text/plain": "  0%|   "})
    printed = [nbformat.v4.new_output("stream", name=name, text=name + "\n") for name in ("stdout", "stderr", "stdout")]
    cells = [
        nbformat.v4.new_markdown_cell("# Títle", id="zz"),
        nbformat.v4.new_code_cell(
            "1", outputs=[widget, bar, *printed], execution_count=5, metadata={"execution": {"a": "1"}}
        ),
        nbformat.v4.new_code_cell("2", outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "2"})]),
    ]
    cells[2].execution_count = cells[2].outputs[0].execution_count = 9
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"widgets": {}, "papermill": {"duration": 3}})
    nbformat.write(notebook, path)
    assert notebooks.normalise_notebooks([path], check=True) == [path]
    assert notebooks.normalise_notebooks([path]) == [path]
    assert notebooks.normalise_notebooks([path]) == []
    clean = nbformat.read(path, 4)
    assert clean.metadata == notebooks.NOTEBOOK_METADATA
    assert [cell.id for cell in clean.cells] == ["cell-001", "cell-002", "cell-003"]
    assert [cell.execution_count for cell in clean.cells[1:]] == [1, 2]
    assert clean.cells[1].metadata == {}
    assert clean.cells[1].outputs[0].data == {"text/plain": "Box()"}
    assert [output.text for output in clean.cells[1].outputs[1:]] == ["stdout\nstdout\n"]
    assert clean.cells[2].outputs[0].execution_count == 2
    assert "Títle" in path.read_text(encoding="utf-8")


def test_cells_run_out_of_order_keep_their_counts(course):
    cells = [nbformat.v4.new_code_cell(str(count), execution_count=count) for count in (2, 1)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert not notebooks.executed_in_order(notebook)
    assert [cell["execution_count"] for cell in json.loads(notebooks.normalised(notebook))["cells"]] == [2, 1]


def test_web_pages_link_to_each_other_and_hold_their_pictures(course, paths, tmp_path):
    show(blank(2, 1, "a page")[0], "here", folder=course.parent / "figures")
    links = "[next](02_plain.ipynb) [word](words.md#term) [far](https://example.org/a.ipynb) [up](../README.md)"
    words = nbformat.v4.new_markdown_cell(f'# One & `two`\n{links}\n\n<img src="../figures/here.png" alt="a row">')
    path = write(course, "04_words", words)
    (course / "words.md").write_text('# Words\n\n<a id="term"></a>a term', encoding="utf-8")
    chosen = [path, paths["02_plain"], course / "words.md"]
    index, page, other, glossary = notebooks.export_html(tmp_path / "html", chosen)
    assert '<a href="04_words.html">One &amp; two</a>' in index.read_text(encoding="utf-8")
    shown = page.read_text(encoding="utf-8")
    for link in ("02_plain.html", "words.html#term", "https://example.org/a.ipynb", "../README.md"):
        assert f'href="{link}"' in shown
    assert 'src="data:image/png;base64' in shown and "here.png" not in shown
    assert other.name == "02_plain.html"
    assert 'id="term"' in glossary.read_text(encoding="utf-8")
