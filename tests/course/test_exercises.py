"""What the reader writes, in every notebook: solutions are right, stubs not written yet, each mistake is named.

A write cell is found by its call, `softmax = judge("03.1", softmax)`; an exercise of the older kind by
`right = attempt(check_name, answer)`. The solution stands in the Markdown cell below, folded.
"""

import ast
import random
import re
import time
from importlib import import_module
from typing import NamedTuple

import pytest
import torch

from momem_lib.course.shared import judging
from momem_lib.course.shared.judging import Part, attempt, difference, judge, parts_of, written, yours
from momem_lib.project import InputError
from momem_lib.tools.notebooks import find_notebooks, read_notebook

CALL = re.compile(r'^(?:(\w+) = judge\("([\w.]+)", \1\)|right = attempt\((check_\w+), (\w+)\))', re.MULTILINE)
SOLUTION = re.compile(r"<summary>Solution</summary>.*?```python\n(.*?)```", re.DOTALL)
AT_LEAST = 5  # write cells in a notebook that has any


class Cell(NamedTuple):
    """A cell in which the reader writes."""

    notebook: str
    id: str  # of a part, or the name of a checker
    name: str  # of what is written
    given: str  # the notebook's imports
    earlier: dict[str, str]  # what was written before: name -> id
    stub: str
    solutions: list[str]

    @property
    def is_part(self):
        return "." in self.id

    def space(self):
        """What the reader's code may use: the imports, and the library's version of what was to be written before."""
        space = {}
        exec(self.given, space)
        return space | {name: parts_of(self.notebook)[id].library for name, id in self.earlier.items()}

    def run(self, *sources):
        """Run code as the cell would, and give back what it calls by the cell's name."""
        space = self.space()
        for source in sources:
            exec(source, space)
        return space[self.name]

    def verdict(self, thing):
        """Whether it is right."""
        if self.is_part:
            return judge(self.id, thing) is thing and judging.RIGHT[self.id]
        return attempt(getattr(import_module(f"momem_lib.course.nb{self.notebook}.exercises"), self.id), thing)


def imports_of(cells):
    """What a notebook imports, as one text."""
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    nodes = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "".join(f"{ast.unparse(node)}\n" for node in nodes)


def found_cells():
    """Every cell of every notebook in which the reader writes."""
    found = []
    for path in find_notebooks():
        cells = read_notebook(path).cells
        given, earlier = imports_of(cells), {}
        for number, cell in enumerate(cells):
            calls = list(CALL.finditer(cell.source)) if cell.cell_type == "code" else []
            for call in calls:  # two, where two things belong together
                solutions = SOLUTION.findall(cells[number + 1].source)
                name, id = call[1] or call[4], call[2] or call[3]
                stub = cell.source[: calls[0].start()]
                found.append(Cell(path.stem[:2], id, name, given, dict(earlier), stub, solutions))
            earlier |= {call[1]: call[2] for call in calls if call[1]}
    return found


CELLS = found_cells()
EACH = pytest.mark.parametrize("cell", [pytest.param(cell, id=f"{cell.notebook}-{cell.id}") for cell in CELLS])
WITH_PARTS = sorted({cell.notebook for cell in CELLS if cell.is_part})
MISTAKES = [
    pytest.param(id, sentence, id=f"{id}-{sentence[:40]}")
    for notebook in WITH_PARTS
    for id, part in parts_of(notebook).items()
    for sentence in part.mistakes
]


@EACH
def test_solution_is_right(cell):
    (solution,) = cell.solutions
    assert cell.verdict(cell.run(cell.stub, solution))


@EACH
def test_stub_runs_and_is_not_taken_for_a_solution(cell, capsys):
    assert not cell.verdict(cell.run(cell.stub))
    said = capsys.readouterr().out
    if cell.is_part and "..." in cell.stub:
        assert said.startswith("Not written yet")
    else:
        assert "Not yet" in said


@pytest.mark.parametrize(("id", "sentence"), MISTAKES)
def test_a_mistake_is_told_with_its_own_sentence_and_the_smallest_input(id, sentence, capsys):
    part = parts_of(id[:2])[id]
    wrong = judging.mistaken(part, part.mistakes[sentence])
    found = judge(id, wrong)
    said = capsys.readouterr().out
    assert said.startswith(f"Not yet: {sentence}.") and not judging.RIGHT[id]
    assert part.check is not None or f"\n{part.words.partition('{')[0]}" in said
    assert found is (part.library if judging.is_used(id) else wrong)


@pytest.mark.parametrize("notebook", WITH_PARTS)
def test_every_part_has_a_cell_and_the_library_is_right(notebook):
    assert [cell.id for cell in CELLS if cell.notebook == notebook] == list(parts_of(notebook))
    assert sum(judging.is_used(id) for id in parts_of(notebook)) >= AT_LEAST
    for id, part in parts_of(notebook).items():
        if part.library is not None:
            judge(id, part.library)
            assert judging.RIGHT[id], id


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_every_checker_is_used_and_three_cells_at_least(path):
    here = {cell.id for cell in CELLS if cell.notebook == path.stem[:2]}
    assert len(here) >= 3
    if path.stem[:2] not in WITH_PARTS:
        checkers = import_module(f"momem_lib.course.nb{path.stem[:2]}.exercises")
        assert here == {name for name in vars(checkers) if name.startswith("check_")}


# The judge itself, on a part of its own


def double(x):
    return 2 * x


@pytest.fixture
def part(monkeypatch):
    """A notebook with one part, 99.1."""
    one = Part(double, [(1,), (torch.ones(2),)], {"added, not multiplied": lambda x: x + 2}, seconds=0.2)
    monkeypatch.setattr(judging, "parts_of", lambda notebook: {"99.1": one, "99.a": one})
    monkeypatch.setattr(judging, "RIGHT", {})
    return one


def told(capsys, thing, id="99.1"):
    judge(id, thing)
    return capsys.readouterr().out


def test_a_right_version_is_handed_back_and_counted(part, capsys):
    mine = lambda x: x + x  # noqa: E731
    assert yours("99") == 0
    assert judge("99.1", mine) is mine
    assert yours("99") == 1
    assert capsys.readouterr().out.splitlines() == [
        "0 of 1 parts of this notebook are yours.",
        "Still the library's: 99.1.",
        "Right! From here on, yours is used.",
        "1 of 1 parts of this notebook are yours.",
    ]


def not_implemented(x):
    raise NotImplementedError


@pytest.mark.parametrize("thing", [None, ..., lambda x: None, lambda x: ..., not_implemented])
def test_what_is_not_written_is_told_so_and_the_librarys_is_used(part, capsys, thing):
    assert judge("99.1", thing) is double
    said = capsys.readouterr().out
    assert said.startswith("Not written yet") and said.endswith("The library's is used until then.\n")


def for_ever(x):
    while True:
        pass


def asleep(x):
    time.sleep(60)


def deep(x):
    return deep(x)


def loud(x):
    print("x" * 1_000_000)
    return 2 * x


def leaving(x):
    raise SystemExit


def in_place(x):
    x *= 2
    return x


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (for_ever, "your code was stopped after 0.2 seconds: does a loop never end? The library's"),
        (asleep, "your code was stopped after 0.2 seconds"),
        (deep, "your code calls itself without end, or too often"),
        (loud, "(Your code printed 1,999,002 characters more; they are left out.)\nRight!"),
        (leaving, "your code wants to end the program"),
        (in_place, "With (tensor([1., 1.])) it changes what it was given: work on a copy"),
        (lambda x: x / 0, "your code raised ZeroDivisionError: division by zero"),
        (lambda x: 3, "With (1) it gives 3, where 2 was expected."),
        (lambda x: x + 2, "Not yet: added, not multiplied.\nWith (1) it gives 3, where 2 was expected."),
        (lambda: 3, "your code raised TypeError"),
        ("double", "your code raised TypeError: 'str' object is not callable"),
    ],
)
def test_nothing_takes_the_kernel_with_it(part, capsys, thing, sentence):
    assert sentence in told(capsys, thing)


def test_globals_and_random_numbers_are_as_before(part, capsys):
    space = {"kept": 1}
    exec("def greedy(x):\n    global kept, new\n    kept, new = 2, 3\n    return 2 * x", space)
    space["greedy"].__globals__["torch"] = torch
    torch.manual_seed(1)
    random.seed(1)
    said = told(capsys, space["greedy"])
    assert space["kept"] == 1 and "new" not in space and "(Your code changed kept, new outside itself" in said
    after = torch.rand(1), random.random()
    torch.manual_seed(1)
    random.seed(1)
    assert after == (torch.rand(1), random.random())


def test_an_interruption_by_the_reader_is_one(part):
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge("99.1", interrupted)


def test_a_mistake_may_be_told_by_what_it_changes_in_the_source():
    assert judging.mistaken(Part(double), ("2 * x", "3 * x"))(1) == 3
    with pytest.raises(ValueError, match=r"'5 \* x' does not stand in the source of double"):
        judging.mistaken(Part(double), ("5 * x", "3 * x"))


def test_an_exercise_stands_for_itself(part, capsys):
    wrong = lambda x: x  # noqa: E731
    assert judge("99.a", wrong) is wrong
    assert "library" not in capsys.readouterr().out


def test_an_unknown_part_is_refused(part):
    with pytest.raises(InputError, match=r"no part is called '99\.7': there are 99\.1, 99\.a"):
        judge("99.7", double)


@pytest.mark.parametrize(
    ("mine", "right", "words"),
    [
        ([1.0], torch.ones(1), "it gives [1], where a Tensor was expected"),
        (torch.ones(1), torch.ones(1).bool(), "it holds numbers of the type torch.float32, where torch.bool"),
        (torch.tensor([float("nan")]), torch.ones(1), "it gives tensor([nan]), where tensor([1.]) was expected"),
        ((1, 2.5), (1, 2.0), "in part 2 of its result it gives 2.5, where 2 was expected"),
        ((1, [2, 3]), (1, [2, 4]), "in part 2, part 2 of its result it gives 3, where 4 was expected"),
        (torch.ones(5, 5).tril(), torch.ones(5, 5), "it gives 0 at [0, 1], where 1 was expected"),
        ({"a": 1}, {"b": 1}, "it has the keys a, where b were expected"),
        ({"a": 1, "b": 2}, {"b": 1, "a": 1}, "under 'b' it gives 2, where 1 was expected"),
        (True, 1, "it gives True, where 1 was expected"),
        (2.0, 2, "it gives 2 (float), where 2 (int) was expected"),
        (1, 1.0, None),
        ("ab", "ab", None),
    ],
)
def test_a_difference_in_words(mine, right, words):
    found = difference(mine, right)
    assert found == words if words is None else found.startswith(words)


def test_large_values_are_named_by_their_shape():
    assert written(torch.zeros(30)) == "a tensor of the shape (30,)"
    assert written("x" * 500).endswith(" ...")


# The older kind


def test_an_error_in_the_answer_is_told_and_the_notebook_goes_on(capsys):
    assert attempt(lambda answer: answer(), None) is False
    assert capsys.readouterr().out.startswith("Not yet: your code raised TypeError: ")


def test_right_answers_are_told_so(capsys):
    assert attempt(lambda answer: None, 7) is True
    assert capsys.readouterr().out == "Right!\n"
