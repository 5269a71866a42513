"""Notebook 08's pictures, widget and timings: they show what the memory does, and any text can be shown."""

import asyncio
import html
import json
import random

import memory_speed
import pytest

from momem_lib.course.nb08.plots import draw_speed, draw_threshold, draw_trigrams, pieces_of
from momem_lib.course.nb08.timing import invented_people, measure, misspelt, read_every_name
from momem_lib.course.nb08.widget import look_up_html, look_up_widget
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.data.people import read_people
from momem_lib.data.records import Record
from momem_lib.project import RESULTS, TEST_PEOPLE
from momem_lib.system.memory import Memory

NASTY = "<script>alert('1')</script> & $x$"
JO = Record("Jo Doe", (("Lives in", "Oslo"),))


@pytest.fixture(scope="module")
def memory():
    with Memory() as made:
        made.remember(read_people(TEST_PEOPLE))
        yield made


@pytest.mark.parametrize(
    ("tag", "verdict"),
    [("jo  smith", "? ambiguous"), ("Juma", "✓ exact"), ("Amina Hasan", "? near miss"), ("Zxqv Wkrr", "✗ unknown")],
)
def test_the_widget_shows_each_kind_of_look_up(memory, tag, verdict):
    shown = look_up_html(memory, tag)
    assert verdict in shown and html.escape(memory.look_up(tag).reason) in shown
    for name, score in memory.look_up(tag).candidates:
        assert html.escape(name) in shown and f"{score:.1f}" in shown


@pytest.mark.parametrize("tag", [NASTY, "", " ", "a\x1b[2J", "\ud800", "Jo" * 10_000, "' OR '1'='1"])
def test_any_text_can_be_typed(memory, tag):
    shown = look_up_html(memory, tag)
    assert 'role="status"' in shown and "<script" not in shown and "\x1b" not in shown
    shown.encode("utf-8")


def test_a_closed_memory_and_any_other_error_get_a_sentence():
    memory = Memory()
    memory.close()
    shown = rendered(look_up_html, memory, "Jo")
    assert 'role="alert"' in shown and "is closed" in shown
    assert "Please report it" in rendered(look_up_html, None, "Jo")


def test_typing_looks_up(memory, capsys):
    widget = look_up_widget(memory, "Juma")
    assert "✓ exact" in widget.output.value and repr(widget) == SILENT
    widget.tag.value = "Jum"
    assert "? near miss" in widget.output.value
    assert capsys.readouterr() == ("", "")


def test_fast_typing_looks_up_once(memory, monkeypatch):
    asked, look_up = [], memory.look_up

    def listen(tag):
        asked.append(tag)
        return look_up(tag)

    async def types():
        widget = look_up_widget(memory, "")
        asked.clear()
        widget.show_soon.pause = 0.05
        for end in range(1, 5):
            widget.tag.value = "Juma"[:end]
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)

    monkeypatch.setattr(memory, "look_up", listen)
    asyncio.run(types())
    assert asked == ["Juma"]


def test_each_picture_can_be_drawn_of_any_text():
    rows = [{"people": n, "exact_us": 20.0, "near_ms": 3.0, "every_name_ms": n / 1e4} for n in (1000, 10_000)]
    for figure in (
        draw_trigrams(NASTY, "ab"),
        draw_trigrams("Jo Do", "Jo Doe"),
        draw_threshold([90.0, 95.0], [50.0], 72),
        draw_speed(rows, rows[:1]),
    ):
        assert len(figure.get_label()) > 40 and png(figure).startswith(b"\x89PNG")


def test_the_pictures_say_what_they_show():
    assert "they share 2: ['jo ', 'o d']" in draw_trigrams("Jo Dua", "Jo Doe").get_label()
    assert "1 of 2 misspelt names and 0 of 1 strangers" in draw_threshold([60.0, 95.0], [50.0], 72).get_label()


def test_pieces_are_those_of_the_index(memory):
    """The picture's trigrams are what SQLite's tokenizer makes of a name."""
    with Memory() as one:
        one.remember([JO])
        rows = one._db.execute("SELECT term FROM temp.trigram_counts").fetchall()
        assert sorted(term for (term,) in rows) == sorted(pieces_of("jo doe"))


def test_timings_find_what_was_misspelt():
    rng = random.Random(1)
    with Memory() as memory:
        memory.remember(invented_people(500, rng))
        numbers = measure(memory, rng, trials=30)
        assert numbers["people"] == len(memory) and numbers["offered"] >= 25
    assert all(value > 0 for value in numbers.values())
    keys = {"Jo Doe": "jo doe", "Zoë Strauß": "zoe strauss"}
    assert read_every_name("Zoe Straus", keys)[0] == "Zoë Strauß"
    assert any(misspelt("Muchiri", random.Random(seed)) != "Muchiri" for seed in range(5))


def test_the_benchmark_still_runs_and_writes(tmp_path, capsys):
    path = tmp_path / "speed.json"
    memory_speed.main(["50", "100", "--trials", "5", "--write", "--to", str(path)])
    written = json.loads(path.read_text(encoding="utf-8"))
    recorded = json.loads((RESULTS / "memory_speed.json").read_text(encoding="utf-8"))
    assert written.keys() == recorded.keys() and [row["people"] for row in written["rows"]] == [50, 100]
    assert written["rows"][0].keys() == recorded["rows"][0].keys()
    assert "memory_speed.py --clock" in recorded["command"] and recorded["rows"][-1]["people"] >= 999_000
    assert "exact look-up, median" in capsys.readouterr().out
