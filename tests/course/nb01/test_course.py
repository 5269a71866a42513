"""Notebook 01's pictures and widget: what they show is what training sees, and any text can be shown."""

import asyncio
import warnings

import pytest

from momem_lib.course.nb01 import parts
from momem_lib.course.nb01.plots import (
    characters_by_script,
    draw_lengths,
    draw_shares,
    draw_splits,
    draw_students,
    script_or_kind,
)
from momem_lib.course.nb01.rows import NONE, draw_layers, draw_row, lanes_of
from momem_lib.course.nb01.widget import record_html, record_row, record_widget, row_html, shuffled_record, train_pool
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT
from momem_lib.course.shared.pictures import MODULES
from momem_lib.course.shared.text import record_of, record_text
from momem_lib.data.grammar import split_of
from momem_lib.data.people import read_people
from momem_lib.data.records import Person, Record
from momem_lib.data.rows import empty_row, load_material
from momem_lib.data.styles import clear_name
from momem_lib.data.tasks import TASKS
from momem_lib.project import TEST_PEOPLE, InputError

NASTY = "<script>alert('1')</script> & $x$"
PEOPLE = read_people(TEST_PEOPLE)
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
JO_ROW = empty_row("train", "en", "answerable", "plain", "en/location/where does {name} live") | {
    "name": "Jo Doe", "asked": "location", "label": "Lives in", "value": "Oslo", "record": JO.to_dict(),
    "question": "Where does Jo Doe live?", "content": JO.content, "summary": JO.summary("Lives in"),
    "response": "Jo Doe lives in Oslo.",
}  # fmt: skip
OAK = Record("Oak", (("Soil", "loam"), ("Hobbies", "none; or: growing"), ("Height", "")))


@pytest.fixture(scope="module")
def material():
    return load_material()


@pytest.fixture(scope="module")
def pool(material):
    """Swahili has fewer phrasings, so its pool is made sooner."""
    return train_pool(material, "sw")


def test_lanes_are_what_training_sees():
    lanes = {lane.module: lane for lane in lanes_of(JO_ROW)}
    assert list(lanes) == list(MODULES)
    for name, task in TASKS.items():
        source, question, target = task.texts(JO_ROW)
        assert lanes[name].reads.pop("question") == question and lanes[name].writes == target
        assert list(lanes[name].reads.values()) == ([getattr(source, "content", source)] if source else [])
    assert lanes["memory"] == ("memory", {"tag": "Jo Doe"}, JO.content)


@pytest.mark.parametrize(
    ("changed", "writes"),
    [
        ({"name": None, "content": None, "record": None}, [NONE, None, None, None]),
        ({"content": None, "record": None}, ["Jo Doe", "nobody of that name", None, None]),
        ({}, ["Jo Doe", JO.content, NONE, None]),
    ],
)
def test_lanes_of_rows_without_an_answer(changed, writes):
    row = JO_ROW | {"summary": None, "response": None} | changed
    assert [lane.writes for lane in lanes_of(row)] == writes
    assert all(lane.reads for lane in lanes_of(row) if lane.writes) and png(draw_row(row))


def words_of(figure):
    return " ".join(text.get_text() for panel in figure.axes for text in panel.texts)


def test_row_picture_holds_every_text():
    words = " ".join(words_of(draw_row(JO_ROW)).split())
    for part in ("question: Where does Jo Doe live?", "Lives in: Oslo", "Jo Doe lives in Oslo.", "Module 1", "tag: "):
        assert part in words


def test_any_person_can_be_drawn_without_a_warning(pool):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for person in PEOPLE[::5]:
            assert png(draw_row(record_row(pool, person, "Favourite movie", 0.5)))


def test_layers_stand_in_order_and_unknown_ones_are_refused():
    figure = draw_layers([("core", "where "), ("name", "Jo"), ("mark", "?")])
    assert "".join(text.get_text() for text in figure.axes[0].texts if len(text.get_text()) == 1) == "where Jo?"
    with pytest.raises(InputError, match="one of opening, lead, core"):
        draw_layers([("hat", "x")])


def test_charts_tell_their_numbers_in_words_too():
    students = draw_students(
        {"parrot": [(1, 0.5), (2, 0.9)], "copier": [(1, 1.0), (2, 1.0)]}, {"parrot": 0, "copier": 1}
    )
    assert "parrot: 90% in training, 0% in the exam" in students.get_label()
    overlap = draw_shares({"random": {"value": 0.75, "name": 0.5}, "hash": {"value": 0.0, "name": 0.0}})
    assert "random: value 75%" in overlap.get_label() and "75%" in words_of(overlap)
    lengths = draw_lengths({"content": [10, 20], "question": [5, 600]}, 512)
    assert "question: 5 to 600" in lengths.get_label() and lengths.axes[0].get_xlim()[1] > 600
    shares = draw_shares({"kind": {"a": 0.75, "b": 0.25}, "language": {"en": 1}, "style": {"$x$": 1}})
    assert "kind: a 75%, b 25%" in shares.get_label()
    splits = draw_splits({"one": ["train", "test", "validation"] * 10, "two": ["train"] * 30})
    assert "one: 10 in test; two: 0 in test" in splits.get_label() and words_of(splits).count("t") == 10
    assert all(png(figure) for figure in (students, overlap, lengths, shares, splits))


def test_bars_of_all_exams_stand_in_the_same_order():
    figure = draw_shares({"one": {"a": 0.1, "b": 0.9}, "two": {"a": 0.2, "b": 0.8}})
    for panel, first in zip(figure.axes, (0.1, 0.2), strict=True):
        bottom, top = panel.get_ylim()
        assert bottom > top, "the first bar stands on top"
        assert panel.patches[0].get_width() == first


def test_scripts_are_told_apart():
    assert [script_or_kind(letter) for letter in "aßЖ王アﬁ٣_\u0301"] == [
        "Latin", "Latin", "Cyrillic", "Han", "Katakana", "Latin", "digit", "sign", "another script",
    ]  # fmt: skip
    assert characters_by_script([]) == {}


def test_shuffling_keeps_the_letters_and_depends_on_chance_and_seed_alone():
    for record in (*PEOPLE, OAK):
        assert shuffled_record(record, 0.0, 3) == record
        mixed = shuffled_record(record, 1.0, 3)
        assert mixed == shuffled_record(record, 1.0, 3) and clear_name(mixed.name) and mixed.labels == record.labels
        for label in record.labels:
            one, other = mixed.value(label), record.value(label)
            assert sorted(one.replace(" ", "")) == sorted(other.replace(" ", ""))
    king = PEOPLE[0]
    names = [shuffled_record(king, 0.3, seed).name for seed in range(300)]
    assert 60 < sum(name != king.name for name in names) < 120
    for seed in range(50):  # what is shuffled at some chance is shuffled at every higher one, alike
        drawn = [shuffled_record(king, chance / 10, seed) for chance in range(11)]
        assert len(set(drawn)) <= 3 and drawn[-1].name != king.name


@pytest.mark.parametrize("record", [PEOPLE[1], OAK], ids=["person", "tree"])
def test_row_of_a_record_is_consistent(pool, record):
    for seed, label in enumerate(record.labels * 3):
        row = record_row(pool, record, label, 0.5, seed)
        assert row["name"] in row["question"] and row["summary"] in row["content"]
        assert row["response"] is None if not row["value"] else row["value"] in row["response"]
        assert row == record_row(pool, record, label, 0.5, seed)
        assert row["style"] == ("plain" if row["record"] == record.to_dict() else "shuffled")
    assert "soil" in record_row(pool, OAK, "Soil", 0.0)["question"].lower()


def test_a_record_can_be_typed():
    for record in (*PEOPLE, OAK):
        assert record_of(record_text(record)) == record
    for text, message in (("", "the name is empty"), ("Name: Jo\nRoom: 1\nroom: 2", "stands there twice")):
        with pytest.raises(InputError, match=message):
            record_of(text)


def test_bad_wishes_are_refused_with_a_sentence(pool, material):
    with pytest.raises(InputError, match="the record has no 'Age': one of Occupation, Lives in"):
        record_row(pool, JO, "Age", 0.5)
    with pytest.raises(InputError, match="between 0 and 1, not 2"):
        record_row(pool, JO, "Hobbies", 2)
    with pytest.raises(InputError, match="no templates for the language 'xx'"):
        train_pool(material, "xx")


def test_page_is_escaped_and_holds_every_module(pool):
    page = row_html(JO_ROW | {"question": NASTY, "name": NASTY, "content": NASTY, "summary": NASTY, "response": NASTY})
    assert "<script" not in page and page.count('scope="row"') == 4
    assert "<script" not in record_html(pool, Record(NASTY, ((NASTY, NASTY),)), NASTY, 0.0, 0)


def test_page_counts_shuffled_names_and_says_what_is_too_long(pool):
    assert "0 of 8 shuffled" in record_html(pool, JO, "Hobbies", 0.0, 0)
    assert "8 of 8 shuffled" in record_html(pool, PEOPLE[0], "Hobbies", 1.0, 0)
    assert "longer than 512 bytes" in record_html(pool, Record("Jo", (("Room", "x" * 600),)), "Room", 0.0, 0)


@pytest.fixture
def widget(material, monkeypatch, pool):
    """The widget, in Swahili alone: it would spend a second on English."""
    monkeypatch.setattr("momem_lib.course.nb01.widget.train_pool", lambda *_: pool)
    return record_widget(JO, 0.7, 4, material)


def test_widget_shows_the_row_of_its_controls(widget, pool, capsys):
    assert widget.shuffling.value == 0.3
    lima = Record("Jo Doe", (("Lives in", "Lima; Hobbies: tea"), ("Blood group", "0+")))
    widget.shuffling.value, widget.label.value = 0.0, "blood group"
    widget.record.value = record_text(lima)
    assert widget.output.value == record_html(pool, lima, "Blood group", 0.0, 4)
    assert "Blood group: 0+" in widget.output.value
    widget.label.value = "location"
    assert "Lives in: Lima; Hobbies: tea</bdi>" in widget.output.value
    assert capsys.readouterr() == ("", "")


def test_button_takes_the_next_seed(widget, pool):
    widget.button.click()
    assert widget.seed.value == 5
    assert widget.output.value == record_html(pool, JO, JO.labels[0], 0.3, 5)


def test_widget_tells_what_is_wrong_and_goes_on(widget):
    widget.record.value = "Name:  "
    assert 'role="alert"' in widget.output.value and "the name is empty" in widget.output.value
    widget.record.value = "Name: Jo\nOccupation: Cook"
    assert 'role="status"' in widget.output.value


def test_widget_waits_for_a_drag_to_end_and_is_silent_headless(widget, monkeypatch):
    drawn = []
    monkeypatch.setattr(widget.show_soon, "function", lambda: drawn.append(widget.shuffling.value))

    async def drag():
        widget.show_soon.pause = 0.02
        for place in range(1, 11):
            widget.shuffling.value = place / 10
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)

    asyncio.run(drag())
    assert drawn == [1.0]
    assert repr(widget) == SILENT
    assert all(control.description for control in widget.controls.values())


def test_the_readers_split_is_that_of_the_lists():
    names = [f"Person {number}" for number in range(300)]
    assert [parts.split_of(name) for name in names] == [split_of(name, "entry") for name in names]
