"""The laboratory's scripts: their parts, their commands, and the examples in their docstrings."""

import doctest
from importlib import import_module

import laboratory
import pytest
from laboratory_closed_book import closed_rows, groups_of
from laboratory_pretraining import (
    begun,
    bits_of_neighbours,
    fine_tuned,
    hidden_batches,
    kind_rows,
    pretrained,
    reading_part,
    run_of,
    texts_and_rows,
    values_of,
)

from momem_lib.course.nb12.rows import SMALL_FIELDS
from momem_lib.course.nb12.tables import made_by, recorded, table
from momem_lib.course.shared.figures import png
from momem_lib.data.records import Record

JO = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
SCRIPTS = ("cascade", "temperature", "laboratory", *(f"laboratory_{part}" for part in (
    "breaking", "closed_book", "pretraining")))  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_examples_of_a_script_are_true(script):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(import_module(script), optionflags=options).failed == 0


def test_words_of_the_exams_have_no_label_and_new_ones_stand_in_no_sentence():
    rows, exams = texts_and_rows(labelled=20, exam_rows=40)
    words = {name: {row["summary"] for row in some} for name, some in (exams | {"labelled": rows}).items()}
    sentences_hold = {text for texts in values_of("train").values() for text in texts}
    assert len(words["labelled"]) == 60 and len(words["met"]) == 120
    assert not words["labelled"] & (words["met"] | words["new"])
    assert words["labelled"] | words["met"] <= sentences_hold and not words["new"] & sentences_hold
    kinds = [row["response"] for row in exams["met"]]
    assert {kinds.count(kind) for kind in kinds} == {40}


def test_holes_are_letters_of_the_text():
    for _, (tokens, seen, hidden) in zip(range(4), hidden_batches(0, size=8), strict=False):
        assert hidden.any() and bool(seen[hidden].all()) and int(tokens[hidden].max()) < 256


def test_counts_of_neighbours_are_sure_of_what_they_have_always_seen():
    assert bits_of_neighbours(["abc"] * 20, ["abc"] * 999) < 0.1 < bits_of_neighbours(["xyz"] * 20, ["abc"] * 999)


def test_what_is_frozen_stays_and_what_is_not_moves():
    rows = kind_rows({"Lives in": ["oslo", "rome"]}, 2, 0)
    given = reading_part(pretrained(1, seed=1)[0])
    fresh = reading_part(run_of(2, 0).model)
    assert given.keys() == fresh.keys() and any(not given[name].equal(fresh[name]) for name in given)
    for frozen in (True, False):
        trainer = begun(2, 0, given, frozen)
        assert [point["step"] for point in fine_tuned(trainer, rows, {"met": rows}, every=1)] == [1, 2]
        after = reading_part(trainer.model)
        assert all(given[name].equal(after[name]) for name in given) == frozen


def test_closed_book_groups_are_apart_and_edits_change_everything():
    groups = groups_of(8, seed=0)
    names = [person.name for key in ("known", "edited", "added") for person in groups[key]]
    assert len(set(names)) == len(names) == 12
    for old, new in zip(groups["before the edit"], groups["edited"], strict=True):
        assert old.name == new.name and all(old.value(label) != new.value(label) for label in SMALL_FIELDS)
    assert {row["name"] for row in closed_rows([JO])} == {"Nurse", "Oslo", "chess"}


@pytest.mark.parametrize("letter", "abcd")
def test_the_command_runs_and_its_results_can_be_drawn(letter, tmp_path, monkeypatch, capsys, drawn):
    options = ["--only", letter, "--few", "--write", "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["laboratory.py", *options])
    laboratory.main()
    monkeypatch.setattr("momem_lib.course.nb12.tables.RESULTS", tmp_path)
    results = recorded(letter)
    assert results["command"] == f"python tests/benchmarks/laboratory.py --only {letter} --write"
    figure = drawn[letter](results)
    assert len(figure.get_label()) > 60 and png(figure)[:4] == b"\x89PNG"
    assert len(table(letter).splitlines()) >= 2 and made_by(results).startswith("made by: ")
    assert capsys.readouterr().out


def test_parts_are_put_together():
    old = {"seconds": 5, "cpu_seconds": 3, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 2}], "small": {"ner": 1}}
    new = {"seconds": 2, "cpu_seconds": 1, "runs": [{"seed": 1, "x": 9}], "small": {"summary": 2}, "steps": 7}
    assert laboratory.merged(old, new) == {
        "seconds": 7, "cpu_seconds": 4, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 9}],
        "small": {"ner": 1, "summary": 2}, "steps": 7,
    }  # fmt: skip
