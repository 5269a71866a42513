"""The exercises: each solution in a notebook passes its checker; stubs and wrong answers are told what is wrong."""

import ast
import re
from importlib import import_module

import pytest

from momem_lib.course.shared.start import attempt
from momem_lib.tools.notebooks import find_notebooks, read_notebook

SOLUTION = re.compile(r"<summary>Solution</summary>.*?```python\n(.*?)```", re.DOTALL)


def imports_of(cells):
    """What a notebook imports, as one text: an exercise may use all of it."""
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    nodes = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "".join(f"{ast.unparse(node)}\n" for node in nodes)


def found_exercises():
    """Every exercise of every notebook: its checker, the name of the answer, stub and solution."""
    found = []
    for path in find_notebooks():
        checkers = import_module(f"momem_lib.course.nb{path.stem[:2]}.exercises")
        cells = read_notebook(path).cells
        imports = imports_of(cells)
        for number, cell in enumerate(cells):
            call = re.search(r"^right = attempt\((check_\w+), (\w+)\)", cell.source, re.MULTILINE)
            if call:
                solutions = SOLUTION.findall(cells[number + 1].source)
                found.append(
                    (
                        f"{path.stem}-{call[1]}",
                        getattr(checkers, call[1]),
                        call[2],
                        imports + cell.source[: call.start()],
                        solutions,
                    )
                )
    return found


EACH = pytest.mark.parametrize(
    ("checker", "name", "stub", "solutions"), [pytest.param(*rest, id=key) for key, *rest in found_exercises()]
)


def run(source, name):
    """Run code as a cell would, and give back what it calls `name`."""
    space = {}
    exec(source, space)
    return space, space[name]


@EACH
def test_solution_passes(checker, name, stub, solutions):
    (solution,) = solutions
    space, _ = run(stub, name)
    exec(solution, space)
    checker(space[name])


@EACH
def test_stub_runs_and_is_not_taken_for_a_solution(checker, name, stub, solutions, capsys):
    _, answer = run(stub, name)
    assert attempt(checker, answer) is False
    assert capsys.readouterr().out.splitlines()[-1].startswith("Not yet: ")


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_every_checker_is_used_and_three_at_least(path):
    checkers = import_module(f"momem_lib.course.nb{path.stem[:2]}.exercises")
    written = {name for name in vars(checkers) if name.startswith("check_")}
    source = "\n".join(cell.source for cell in read_notebook(path).cells)
    assert written == set(re.findall(r"attempt\((check_\w+)", source)) and len(written) >= 3


def test_an_error_in_the_answer_is_told_and_the_notebook_goes_on(capsys):
    assert attempt(lambda answer: answer(), None) is False
    assert capsys.readouterr().out.startswith("Not yet: your code raised TypeError: ")


def test_right_answers_are_told_so(capsys):
    assert attempt(lambda answer: None, 7) is True
    assert capsys.readouterr().out == "Right!\n"
