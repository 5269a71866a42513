"""Pictures: every module is in them, any name can be drawn, and the files are the same each time."""

import sys
import warnings
from types import SimpleNamespace

import pytest

from momem_lib.course.shared.figures import blank, drawable, figure_folder, png, show
from momem_lib.course.shared.pictures import MODULES, cells_of, draw_trace, trace_alt, wrapped
from momem_lib.data.people import read_people
from momem_lib.project import FIGURES, RUNS, TEST_PEOPLE
from momem_lib.system.answer import Answer, Step

PEOPLE = read_people(TEST_PEOPLE)
NAMES = ("$tev0 Ca$hmoney", "Títílayọ̀ Adébáyọ̀", "Наталья Щербакова", "ليلى المصري", "小明 王", "지우 김", "प्रिया शर्मा")
SCRIPTS = [record for record in PEOPLE if record.name in NAMES]


def answer_about(record, label="Lives in"):
    """An answer as a well-trained pipeline would give it."""
    name, summary = record.name, record.summary(label)
    question, response = f"Where does {name} live?", f"{name} lives in {record.value(label)}."
    copied = [(letter, 1.0) for letter in name], [(letter, 0.2) for letter in response]
    trace = [
        Step("ner", {"question": question}, name, 0.99, "passed", copied=copied[0]),
        Step("memory", {"tag": name}, record.content, gate="passed"),
        Step("summary", {"question": question, "content": record.content}, summary, 0.5, "passed"),
        Step("response", {"question": question, "summary": summary}, response, 0.4, "passed", ["'no'"], copied[1]),
    ]
    return Answer(question, response, tag=name, record=record, summary=summary, label=label, trace=trace)


def words_of(figure):
    """All text in a figure."""
    return " ".join(text.get_text() for text in figure.axes[0].texts)


def test_scripts_are_there():
    assert len(SCRIPTS) == len(NAMES)


def test_pictures_of_runs_with_other_parameters_are_saved_elsewhere(monkeypatch, tmp_path):
    monkeypatch.delenv("MOMEM_FIGURES", raising=False)
    assert figure_folder() == FIGURES
    shell = SimpleNamespace(user_ns={"In": ["", "temperature = 0.0  # of the words"]})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert figure_folder() == FIGURES
    shell.user_ns["In"].append("# Parameters\ntemperature = 0.7\n")  # as papermill writes it
    assert figure_folder() == RUNS / "figures"
    monkeypatch.setenv("MOMEM_FIGURES", str(tmp_path))
    assert figure_folder() == tmp_path


def test_file_is_the_same_each_time_and_holds_its_description(tmp_path):
    for name in ("one", "two"):
        show(blank(2, 1, "You are here: Module 0.")[0], name, folder=tmp_path / "new")
    first, second = ((tmp_path / "new" / f"{name}.png").read_bytes() for name in ("one", "two"))
    assert first == second and b"You are here: Module 0." in first
    show(blank(2, 1, "a page")[0], "three", "another text", folder=tmp_path)
    assert b"another text" in (tmp_path / "three.png").read_bytes()


def test_what_has_no_name_is_shown_and_not_saved(monkeypatch, tmp_path):
    monkeypatch.setenv("MOMEM_FIGURES", str(tmp_path))
    show(blank(2, 1, "a page")[0])
    assert not list(tmp_path.iterdir())
    show(blank(2, 1, "a page")[0], "named")
    assert [path.name for path in tmp_path.iterdir()] == ["named.png"]


def test_shown_picture_carries_its_description():
    data, metadata = show(blank(2, 1, "a page")[0])._repr_mimebundle_()
    assert data["image/png"]
    assert metadata["image/png"]["alt"] == blank(2, 1, "a page")[0].get_label()


@pytest.mark.parametrize("record", SCRIPTS, ids=lambda record: record.name)
def test_trace_of_any_record_can_be_drawn_without_a_warning(record):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert png(draw_trace(answer_about(record)))


def test_trace_holds_modules_gates_confidence_and_answer():
    answer = answer_about(PEOPLE[0])
    words = words_of(draw_trace(answer))
    for part in (*MODULES, answer.question, answer.text, "99.0% sure", "the gate let it pass", "tried before: 'no'"):
        assert part in words
    assert answer.text in trace_alt(answer) and "memory" in trace_alt(answer)


def test_trace_of_a_silent_pipeline_says_where_it_stopped(untrained_pipeline):
    answer = untrained_pipeline.ask("Where does Muchiri T'Challa live?")
    assert answer.abstained
    words = words_of(draw_trace(answer))
    assert "✗" in words and "Silence" in words and "response" not in words


def test_trace_without_gates_shows_all_modules(untrained_pipeline):
    words = words_of(draw_trace(untrained_pipeline.ask("Where does $tev0 Ca$hmoney live?", gates=False)))
    assert words.count("the gate is off") == 4


def test_dollar_signs_and_strange_characters_do_not_harm():
    assert drawable("$tev0 $x$ 王") == "$tev0 $x$ □"
    step = Step("ner", {}, None, 0.5, "passed")
    assert png(draw_trace(Answer("$\\frac{1}{0}$ \U0010ffff", "{$}", trace=[step])))


def test_accents_stay_with_their_letters_and_lines_lose_nothing():
    cells = cells_of(Step("ner", {}, "oe\u0308", copied=[("o", 1.0), ("e", 1.0), ("\u0308", 0.0)]))
    assert cells == [("o", 1.0), ("e\u0308", 1.0)]
    for text in ("", "a" * 200, "one two three " * 20):
        lines = wrapped([(letter, None) for letter in text], 30)
        assert max(map(len, lines)) <= 30
        assert "".join(letter for line in lines for letter, _ in line) == text
