"""The widget, driven without a browser: values are set, buttons clicked, and what it shows is read."""

import asyncio
import html
from datetime import datetime

import pytest

from momem_lib.course.shared.asking import answer_html, ask_html, copied_html, pipeline_widget
from momem_lib.course.shared.panel import SILENT, Debounced, Panel, ipywidgets, rendered, slider
from momem_lib.course.shared.start import HOTTEST
from momem_lib.project import DATA, InputError
from momem_lib.system.answer import Answer, Step
from momem_lib.system.gates import Gates
from momem_lib.system.pipeline import Pipeline

NASTY = "<script>alert('1')</script> & \"more\""


@pytest.fixture
def pipeline(untrained_pipeline):
    """Modules that learned nothing answer soonest."""
    return untrained_pipeline


@pytest.fixture
def asked(pipeline, monkeypatch):
    """What the pipeline was asked, in order; it still answers."""
    calls, ask = [], pipeline.ask

    def listen(*arguments):
        calls.append(arguments)
        return ask(*arguments)

    monkeypatch.setattr(pipeline, "ask", listen)
    return calls


def test_shows_an_answer_at_once_and_prints_nothing(pipeline, capsys):
    widget = pipeline_widget(pipeline)
    answer = pipeline.ask("Where does Muchiri T'Challa live?", 0.0, 0)
    assert widget.output.value == answer_html(answer, "· asked at temperature 0.00 with seed 0")
    assert capsys.readouterr() == ("", "")


def test_every_control_asks_anew_with_its_value(pipeline, asked):
    widget = pipeline_widget(pipeline, "Who is Jo?", gates=Gates(record=False))
    widget.question.value = "Where does Juma live?"
    widget.temperature.value = 1.5
    widget.seed.value = 7
    widget.button.click()
    off = Gates(record=False)
    assert asked == [
        ("Who is Jo?", 0.0, 0, off),
        ("Where does Juma live?", 0.0, 0, off),
        ("Where does Juma live?", 1.5, 0, off),
        ("Where does Juma live?", 1.5, 7, off),
        ("Where does Juma live?", 1.5, 7, off),
    ]


def test_gates_are_chosen_from_a_list(pipeline, asked):
    widget = pipeline_widget(pipeline, gates=Gates(tag=False, record=False))
    for words, gates in widget.gates.options[1:]:
        widget.gates.value = gates
        assert asked[-1][3] == gates and widget.gates.label == words
    assert len(asked) == len(widget.gates.options) == 1 + 2 + 5


def test_gates_change_what_is_shown(pipeline):
    widget = pipeline_widget(pipeline)
    assert "✗ stopped" in widget.output.value and "Silence" in widget.output.value
    widget.gates.value = Gates.all(False)
    assert widget.output.value.count("– the gate is off") == 4


@pytest.mark.parametrize("question", ["", "   ", "a" * 10_000, "two\x07bells"])
def test_bad_questions_get_a_sentence(pipeline, question):
    widget = pipeline_widget(pipeline)
    widget.question.value = question
    assert 'role="alert"' in widget.output.value
    assert "The question " in widget.output.value and "Traceback" not in widget.output.value


def test_unexpected_errors_get_a_sentence_too(pipeline, monkeypatch):
    def fail(*_):
        raise RuntimeError("out of <memory>")

    monkeypatch.setattr(pipeline, "ask", fail)
    shown = rendered(ask_html, pipeline, "Who?", 0.0, 0, True)
    assert "RuntimeError: out of &lt;memory&gt;" in shown


def test_a_panel_hands_values_on_by_name_and_goes_on_after_an_error():
    clicked = []
    press = ipywidgets.Button(description="Again")
    press.on_click(lambda _: clicked.append("first"))
    panel = Panel(lambda share: f"{1 / share:.0f}", share=slider(0.5, "Share", 0, 1, 0.1), again=press)
    assert panel.output.value == "2" and panel.values == {"share": 0.5}
    panel.share.value = 0.0
    assert "ZeroDivisionError" in panel.output.value and 'role="alert"' in panel.output.value
    panel.share.value = 1.0
    panel.render = lambda share: f"{clicked} {share}"
    panel.again.click()
    assert panel.output.value == "['first'] 1.0"  # what a button does comes before the panel renders


def test_limits_of_the_controls_hold(pipeline):
    widget = pipeline_widget(pipeline)
    widget.temperature.value = 99
    widget.seed.value = -5
    assert (widget.temperature.value, widget.seed.value) == (HOTTEST, 0)


@pytest.mark.parametrize("given", [{"temperature": 5.5}, {"temperature": "hot"}, {"seed": -1}, {"seed": 2**31}])
def test_what_a_control_cannot_show_is_refused_and_not_clamped(pipeline, given):
    assert pipeline_widget(pipeline, temperature=0.75).temperature.value == 0.75
    with pytest.raises(InputError, match=f"(?i){next(iter(given))} is .* was expected"):
        pipeline_widget(pipeline, **given)


def test_everything_in_the_page_is_escaped():
    steps = [Step("ner", {"question": NASTY}, NASTY, 0.5, NASTY, [NASTY], [(letter, 0.9) for letter in NASTY])]
    page = answer_html(Answer(NASTY, NASTY, trace=steps))
    assert "<script" not in page and "alert('" not in page
    assert html.escape(NASTY) in page
    assert "<script" not in rendered(ask_html, None, NASTY, 0.0, 0, True)


def test_questions_with_markup_come_back_escaped(pipeline):
    assert "<b>" not in rendered(ask_html, pipeline, "Where does <b>Jo</b> live?", 0.0, 0, False)


def test_copied_letters_are_told_from_generated_ones_without_colour_alone():
    page = copied_html(Step("response", {}, "Jo is", copied=[*((c, 0.9) for c in "Jo"), *((c, 0.1) for c in " is")]))
    assert 'title="copied">Jo</span>' in page and "border-bottom" in page.split("</span>")[0]
    assert " is</span>" in page and "border-bottom" not in page.split("</span>")[1]


def test_changes_in_quick_succession_ask_once():
    calls = []

    async def drag():
        ask = Debounced(lambda: calls.append("asked"), pause=0.02)
        for _ in range(20):
            ask()
            await asyncio.sleep(0)
        assert calls == []
        await asyncio.sleep(0.1)
        ask()
        await asyncio.sleep(0.1)

    asyncio.run(drag())
    assert calls == ["asked", "asked"]


def test_a_dragged_slider_asks_once_with_its_last_value(pipeline, asked):
    async def drag():
        widget = pipeline_widget(pipeline)
        widget.show_soon.pause = 0.02
        for place in range(1, 11):
            widget.temperature.value = place / 10
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)

    asyncio.run(drag())
    assert [temperature for _, temperature, *_ in asked] == [0.0, 1.0]


def test_controls_have_labels_and_the_saved_notebook_a_plain_sentence(pipeline):
    widget = pipeline_widget(pipeline)
    controls = (widget.question, widget.temperature, widget.seed, widget.gates, widget.button)
    assert all(control.description for control in controls)
    assert repr(widget) == SILENT
    assert widget._repr_mimebundle_()["text/plain"] == SILENT


# A table of one's own

ROOMS = b"Name;Room\nJo Doe;12\nAmina <b>;7\n"


def upload(widget, name, content):
    """What the browser does when a file was chosen."""
    widget.upload.children[0].value = [
        {
            "name": name,
            "type": "",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": datetime.now(),
        }
    ]


@pytest.fixture
def rooms(tmp_path):
    """A path of a table."""
    path = tmp_path / "rooms.csv"
    path.write_bytes(ROOMS)
    return path


def test_a_path_and_an_upload_bring_another_memory_and_an_empty_box_the_first_one(pipeline, rooms):
    widget, before = pipeline_widget(pipeline), len(pipeline.memory)
    own = widget.output.value
    for bring in (lambda: setattr(widget.table, "value", f" {rooms} "), lambda: upload(widget, "rooms.csv", ROOMS)):
        bring()
        assert "Records in this table: 2. The first is about Jo Doe and holds: Room." in widget.output.value
        assert "What is Jo Doe&#x27;s room?" in widget.output.value
        widget.table.value = ""
        assert widget.output.value == own
    assert len(pipeline.memory) == before


def test_a_file_that_is_uploaded_again_with_another_content_is_read_again(pipeline):
    widget = pipeline_widget(pipeline)
    upload(widget, "rooms.csv", ROOMS)
    upload(widget, "rooms.csv", ROOMS + b"Bo;3\n")
    assert "Records in this table: 3." in widget.output.value


def test_a_path_may_begin_at_the_folder_of_the_repo(pipeline, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    widget = pipeline_widget(pipeline)
    widget.table.value = "data/staff.csv" if DATA.name == "data" else str(DATA / "staff.csv")
    assert "The first is about Ana Ruiz" in widget.output.value


def test_a_question_about_the_table_is_answered():
    widget = pipeline_widget(Pipeline.load(device="cpu"), "What is Jo Doe's room?")
    assert "Silence" in widget.output.value
    upload(widget, "rooms.csv", ROOMS)
    assert "<strong>Answer:</strong>" in widget.output.value and "12" in widget.output.value


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "The table a.csv holds nobody"),
        ("a.csv", b"Name,Room\nJo\n", "The table a.csv, line 2, has 1 cells, and the header has 2"),
        ("a.csv", b"Name,Room\nJo,\xff\n", "The table a.csv, line 2, is not UTF-8 text"),
        ("a.jsonl", b"{broken\n", "The table a.jsonl, line 1, is not valid JSON"),
        ("a.csv", b"PK\x03\x04\x00\x00", "The table a.csv"),
    ],
)
def test_a_bad_table_gets_a_sentence(pipeline, name, content, sentence):
    widget = pipeline_widget(pipeline)
    upload(widget, name, content)
    assert sentence in widget.output.value and 'role="alert"' in widget.output.value
    assert "report it" not in widget.output.value


@pytest.mark.parametrize("path", ["no such file.csv", "~nobody/x.csv", "a\0b", "."])
def test_a_path_without_a_table_gets_a_sentence(pipeline, path):
    widget = pipeline_widget(pipeline)
    widget.table.value = path
    assert "The table " in widget.output.value and 'role="alert"' in widget.output.value
    assert "report it" not in widget.output.value
