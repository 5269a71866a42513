"""Values of notebooks' parameters that once broke a later cell: the first cells refuse them, and others pass."""

import pytest
from notebook_parameters import accepts

from momem_lib.tools.notebooks import resolve_notebooks
from momem_lib.tools.parameters import declared_parameters


def refusal(number: str, name: str, value: object) -> str | None:
    """What the first cells of a notebook say to a value."""
    (path,) = resolve_notebooks([number])
    return accepts(path, name, value, declared_parameters(path)[name])


@pytest.mark.parametrize(
    ("number", "name", "value", "sentence"),
    [
        ("00", "question", "", "the question is empty"),
        ("00", "question", "x" * 401, "at most 400"),
        ("00", "people", "no-such-file.csv", "does not exist"),
        ("00", "temperature", 5.5, "a number from 0 to 5"),
        ("01", "context_window", 128, "a whole number from 200"),
        ("02", "text_path", "{empty}", "is empty"),
        ("02", "example", "", "1 to 200"),
        ("02", "story", "", "1 to 10,000"),
        ("03", "text", "y" * 100, "at most 96"),
        ("04", "width", 6, "must be a multiple"),
        ("04", "learning_rate", 1.0, "from 1e-06 to 0.1"),
        ("05", "prompt", "", "1 to 20"),
        ("05", "my_text", "short", "100 to 1,000,000"),
        ("06", "text_file", "{empty}", "is empty"),
        ("07", "seed", -1, "the parameter seed is -1"),
        ("08", "tag", "", "1 to 100"),
        ("09", "question", "a\nb", "control character"),
        ("10", "label", "Shoe size", "one of Occupation"),
        ("11", "question", "hi", "no answer to follow"),
        ("11", "question", "Where does Jo Smith live?", "2 people are called"),
        ("11", "my_name", "", "1 to 80"),
        ("11", "my_name", "muchiri  t'challa", "is called"),
        ("11", "my_home", "a\x00b", "control character"),
        ("11", "table", "no-such-file.csv", "does not exist"),
        ("11", "num_questions", 1, "from 20"),
        ("11", "num_broken", 0, "from 1 to"),
        ("11", "worse_module", "memory", "one of ner, summary, response"),
        ("12", "seed", -1, "the parameter seed is -1"),
        ("12", "optimizer", "adam", "one of adamw, sgd"),
    ],
)
def test_what_would_break_a_later_cell_is_refused_by_the_first_ones(tmp_path, number, name, value, sentence):
    (tmp_path / "empty.txt").touch()
    value = str(tmp_path / "empty.txt") if value == "{empty}" else value
    assert sentence in (refusal(number, name, value) or "passed")


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [("00", "temperature", 5.0), ("02", "vocab_size", 257), ("11", "question", "Where does Juma live?")],
)
def test_what_can_be_used_passes(number, name, value):
    assert refusal(number, name, value) is None


def test_half_a_character_is_refused_before_a_notebook_is_written():
    assert "surrogate" in refusal("02", "story", "a\udc80")
