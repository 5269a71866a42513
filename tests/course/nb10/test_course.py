"""What notebook 10 measures and shows: chances of texts, the tree of them, heat, gates, and the widget."""

import json
import math
import subprocess
import sys

import pytest
import torch
from temperature import facts_of

from momem_lib.course.modules.judging import course_rows
from momem_lib.course.nb10.chances import Fork, chances_of, drawn, grow, leaves, next_letters, row_nats
from momem_lib.course.nb10.facts import (
    QUESTIONS,
    Fact,
    Said,
    choices,
    facts_about,
    heat_row,
    say,
    second_try,
    wording_of,
)
from momem_lib.course.nb10.parts import apart, greedy, heated, least_loss, most_probable, nucleus, ways
from momem_lib.course.nb10.plots import draw_forks, draw_heat
from momem_lib.course.nb10.widget import tally, tally_table, wordings_html, wordings_widget
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.course.shared.start import check_parameters
from momem_lib.data.people import read_people
from momem_lib.data.records import FIELDS, LABELS, Record
from momem_lib.nn.generation import Generated
from momem_lib.project import RESULTS, ROOT, TEST_PEOPLE, InputError
from momem_lib.system.pipeline import Pipeline

PEOPLE = read_people(TEST_PEOPLE)
FACT = next(fact for fact in facts_about(PEOPLE[0]) if fact.label == "Lives in")
JO = Record("Jo Doe", tuple(zip(LABELS.values(), ("Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT"), strict=True)))
BLOOD = Fact("What is Ana's blood group?", "Ana", "Blood group", Record("Ana", (("Blood group", "0+"), ("Room", ""))))


@pytest.fixture(scope="module")
def shipped():
    """The shipped modules with the test people."""
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(PEOPLE)
    return pipeline


def test_facts_are_those_of_the_record_with_a_question_each():
    facts = facts_about(PEOPLE[0])
    assert [fact.label for fact in facts] == list(LABELS.values()) == list(QUESTIONS)
    for fact in facts:
        assert fact.name in fact.question and fact.value in fact.summary and fact.summary in fact.record.content
    assert facts_about(BLOOD.record) == [BLOOD]  # what is not filled in is no fact


def test_rows_with_an_answer_become_facts():
    for fact, row in zip(facts_of(rows := course_rows("response", 9, "test", 1)), rows, strict=True):
        assert (fact.summary, fact.value, fact.record.content) == (row["summary"], row["value"], row["content"])


def test_each_row_was_drawn_from_the_wordings_that_are_counted():
    rows = course_rows("response", 60, "validation", 3)
    for row in rows:
        fact = Fact(row["question"], row["name"], row["label"], Record("", ((row["label"], row["value"]),)))
        known = fact.wordings(row["language"])
        if row["asked"] in FIELDS or row["label"] not in LABELS.values():
            assert row["response"] in known and len(known) == choices(row)
    assert {row["label"] in LABELS.values() for row in rows} == {True, False}
    lengths = [len(row["response"].encode()) + 1 for row in rows]
    assert 0.01 < least_loss([choices(row) for row in rows], lengths) < 0.2


def test_nats_are_those_of_the_module_in_the_order_of_the_rows(shipped):
    response, rows = shipped.modules["response"], course_rows("response", 6, "validation", 3)
    for row, nats in zip(rows, row_nats(response, rows), strict=True):
        ((score,),) = response.score(
            [response.prompt(row["question"], row["name"])], [[row["response"]]], [row["summary"]]
        )
        assert math.isclose(sum(nats), -float(score), rel_tol=1e-3, abs_tol=1e-3)
        assert len(nats) == len(row["response"].encode()) + 1


def test_the_shipped_module_pays_for_the_wording_and_hardly_for_the_fact(shipped):
    rows = course_rows("response", 60, "test", 5, longest=128)
    pairs = [apart(row["response"], row["name"], row["value"], nats)
             for row, nats in zip(rows, row_nats(shipped.modules["response"], rows), strict=True)]  # fmt: skip
    of_fact, of_wording = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    die = sum(math.log(choices(row)) for row in rows) / len(rows)
    assert of_fact < 0.6 and die - 0.3 < of_wording < die + 0.8


def test_chances_are_those_of_whole_texts_and_make_the_tree(shipped):
    response = shipped.modules["response"]
    for fact in (FACT, BLOOD):
        chances = chances_of(response, fact, fact.wordings())
        wanted = response.score([fact.prompt], [fact.wordings()], [fact.summary])[0].exp().tolist()
        for (text, share), right in zip(chances.items(), wanted, strict=True):
            assert math.isclose(share, right, rel_tol=1e-3, abs_tol=1e-6), text
        ends = leaves(grow(chances, ways))
        assert ends == pytest.approx(chances)


def test_shares_at_a_fork_sum_to_one_and_multiply(shipped):
    def visit(fork):
        if fork.ahead:
            assert sum(way.share for way in fork.ahead) == pytest.approx(1)
            assert len({way.text[:1] for way in fork.ahead}) == len(fork.ahead)
        for way in fork.ahead:
            assert way.whole == pytest.approx(fork.whole * way.share)
            visit(way)

    visit(grow(chances_of(shipped.modules["response"], FACT, FACT.wordings()), ways))


def test_one_text_may_begin_another():
    tree = grow({"Jo": 0.25, "Jo is": 0.75}, ways)
    assert tree.text == "Jo" and [(way.text, way.share) for way in tree.ahead] == [("", 0.25), (" is", 0.75)]
    assert leaves(tree) == {"Jo": 0.25, "Jo is": 0.75} and png(draw_forks(tree))


def test_changed_chances_are_drawn_from_as_the_librarys_own(shipped):
    response = shipped.modules["response"]
    greedily = response.write([FACT.prompt], [FACT.summary])[0].text
    assert [one.text for one in drawn(response, FACT, lambda probs: heated(probs, 0), 2)] == [greedily] * 2
    assert chances_of(response, FACT, [greedily], lambda probs: heated(probs, 0)) == {greedily: 1.0}
    own = [one.text for one in drawn(response, FACT, lambda probs: heated(probs, 1.3), 3, 7)]
    assert own == [one.text for one in response.write([FACT.prompt] * 3, [FACT.summary] * 3, 1.3, [7, 8, 9])]
    known = FACT.wordings()
    tail, cut = (chances_of(response, FACT, known, lambda probs, share=share: nucleus(heated(probs, 1.5), share))
                 for share in (1.0, 0.9))  # fmt: skip
    assert sum(tail.values()) < sum(cut.values()) <= 1 + 1e-6


def test_the_search_finds_a_text_that_is_at_least_as_probable_as_greedys(shipped):
    response = shipped.modules["response"]
    found = most_probable(next_letters(response, BLOOD))
    chances = chances_of(response, BLOOD, list({found: 0, greedy(chances_of(response, BLOOD, BLOOD.wordings())): 0}))
    assert chances[found] == max(chances.values()) > 0.01


def test_probabilities_that_are_zero_stay_zero():
    probs = torch.tensor([0.0, 0.75, 0.25])
    for heat in (0, 0.01, 0.5, 3):
        assert heated(probs, heat)[0] == 0 and float(heated(probs, heat).sum()) == pytest.approx(1)


SWAHILI = ("anafanya kazi gani?", "anaishi wapi?", "anapenda filamu gani?", "anapenda wimbo gani?",
           "anapenda kufanya nini?", "alisoma wapi?")  # fmt: skip


@pytest.mark.parametrize(("number", "asked"), list(enumerate(SWAHILI)))
def test_the_shipped_module_knows_every_wording(shipped, number, asked):
    """A wording may get thin though all answers are right: right answers do not tell."""
    fact = facts_about(JO)[number]
    for language, question in (("en", fact.question), ("sw", f"{JO.name} {asked}")):
        wordings = fact.wordings(language)
        ends = chances_of(shipped.modules["response"], Fact(question, JO.name, fact.label, JO), wordings)
        assert min(ends.values()) > 1 / len(wordings) / 50 and sum(ends.values()) > 0.3, ends


def test_the_shipped_module_says_any_label(shipped):
    for fact in (BLOOD, Fact("Kundi la damu la Ana ni lipi?", "Ana", "Kundi la damu", BLOOD.record)):
        record = Record("Ana", ((fact.label, "0+"),))
        said = say(shipped, Fact(fact.question, "Ana", fact.label, record), 1.0, range(12))
        assert len({one.final for one in said}) >= 3 and sum(one.objection is None for one in said) >= 10
        assert all("0+" in one.final and "Ana" in one.final for one in said)


def test_greedy_says_one_thing_and_heat_several_of_the_same_fact(shipped):
    cold, warm = say(shipped, FACT, 0.0, range(3)), say(shipped, FACT, 1.0, range(12))
    assert len({one.written.text for one in cold}) == 1 and all(one.objection is None for one in cold)
    assert len({one.final for one in warm}) >= 3
    assert all(FACT.value in one.final and FACT.name in one.final for one in warm)


def test_a_refused_text_is_replaced_by_the_second_try(shipped):
    said, second = say(shipped, FACT, 5.0, range(3)), second_try(shipped, FACT)
    assert all(one.objection and one.final == second for one in said) and FACT.objection(second, shipped.memory) is None


def test_the_last_resort_is_the_plain_fact(shipped, monkeypatch):
    monkeypatch.setattr(type(shipped.modules["response"]), "write", lambda *_: [told("mumble").written])
    assert second_try(shipped, BLOOD) == "Ana - Blood group: 0+"


def test_the_same_seeds_say_the_same(shipped):
    one, again = (say(shipped, FACT, 1.0, [4, 5]) for _ in range(2))
    assert [said.written.text for said in one] == [said.written.text for said in again]


def test_a_row_of_heat_counts_wordings_and_facts(shipped):
    row = heat_row(shipped, facts_about(PEOPLE[0])[:2], 0.0, range(2))
    assert row == {"temperature": 0.0, "distinct": 1, "answers": 1, "kept": 1, "passed": 1, "right": 1, "silent": 0}


def told(text, objection=None, final=None):
    """Something said."""
    return Said(Generated(list(text.encode()), [0.0], [0.9] * len(text.encode()), True), objection, final or text)


def test_the_tally_counts_texts_and_puts_the_refused_ones_last():
    said = [told("b", "no fact", "a"), told("a"), told("c"), told("a")]
    assert [(one.written.text, count) for one, count in tally(said)] == [("a", 2), ("c", 1), ("b", 1)]
    table = tally_table(FACT, said)
    assert "refused: no fact" in table and table.endswith("0 of 4 answers hold the fact")


def test_wordings_take_the_longer_piece_out_first():
    assert wording_of("Al lives in Port Al.", "Al", "Port Al") == "{name} lives in {value}."
    assert wording_of(None, "Jo", "Oslo") is None and wording_of("Jo is here.", "Jo", "Oslo") is None
    assert wording_of("M is me", "M", "m") == "{name} is {value}e"


def test_the_page_shows_texts_gates_and_mistakes_in_a_sentence(shipped):
    page = wordings_html(shipped, FACT.question, 5.0, 0, 2)
    assert "said instead" in page and "2 of 2 answers hold the fact" in page
    assert "number from 0 to 100" in rendered(wordings_html, shipped, FACT.question, -1.0, 0, 2)
    assert "Silence:" in wordings_html(shipped, "Where does Nobody Here live?", 0.0, 0, 2)


def test_what_goes_wrong_inside_becomes_a_sentence(shipped, monkeypatch):
    monkeypatch.setattr("momem_lib.course.nb10.widget.say", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in rendered(wordings_html, shipped, FACT.question, 1.0, 0, 2)


def test_turning_the_heat_writes_anew_and_another_table_may_be_asked(shipped, tmp_path):
    widget = wordings_widget(shipped, FACT.question, 0.0, count=2)
    before = widget.output.value
    widget.temperature.value = 1.5
    assert widget.output.value != before and repr(widget) == SILENT
    table = tmp_path / "rooms.csv"
    table.write_text("Name,Room,Extra\nJo <b>Doe</b>,12,\n", encoding="utf-8")
    widget.table.value = str(table)
    assert "Jo &lt;b&gt;Doe" in widget.output.value and "<b>Doe" not in widget.output.value
    assert all(control.description for control in (widget.question, widget.table, widget.temperature, widget.seed))


def test_pictures_say_in_words_what_they_show():
    tree = Fork("", 1.0, [Fork("Jo", 0.6, [Fork(" is", 0.5, [], 0.3), Fork("", 0.5, [], 0.3)], 0.6), Fork("$", 0.2)])
    figure = draw_forks(tree, "A $tree$")
    assert "'Jo is' 30%" in figure.get_label() and png(figure).startswith(b"\x89PNG")
    row = {"temperature": 0.0, "answers": 1.0, "kept": 1.0, "passed": 1.0, "right": 1.0}
    figure = draw_heat([row, row | {"temperature": 2.0, "kept": 0.1}])
    assert "without: the text holds the fact from 1 to 0.1" in figure.get_label() and png(figure)


@pytest.mark.parametrize(
    ("given", "allowed", "sentence"),
    [
        ({"heat": "hot"}, {"heat": (0.0, 5.0)}, "the parameter heat is 'hot'; a number from 0 to 5 was expected"),
        ({"heat": float("nan")}, {"heat": (0.0, 5.0)}, "a number from 0 to 5"),
        ({"heat": True}, {"heat": (0.0, 5.0)}, "a number from 0 to 5"),
        ({"heat": None}, {"heat": (0.0, 5.0)}, "a number from 0 to 5"),
        ({"steps": 1.5}, {"steps": (1, 9)}, "the parameter steps is 1.5; a whole number from 1 to 9 was expected"),
        ({"steps": 10}, {"steps": (1, 9)}, "a whole number from 1 to 9"),
        ({"field": "shoe size"}, {"field": FIELDS}, "one of occupation, location"),
        ({"field": 3}, {"field": FIELDS}, "text was expected"),
        ({"name": 3}, {"name": str}, "text was expected"),
        ({"profile": "fast"}, {}, "the parameter profile is 'fast'; one of quick, full was expected"),
        ({"device": "tpu"}, {}, "one of auto, cpu, cuda, mps"),
        ({"who": "X"}, {"who": [str(n) for n in range(20)]}, r"6, 7, ... \(20 in all\)"),
    ],
)
def test_wrong_parameters_are_refused_by_a_sentence(given, allowed, sentence):
    with pytest.raises(InputError, match=sentence):
        check_parameters(given, **allowed)


def test_right_parameters_pass():
    check_parameters({"heat": 1, "steps": 9, "profile": "quick", "name": ""}, heat=(0.0, 5.0), steps=(1, 9), name=str)


def test_the_recorded_heat_keeps_the_fact_and_varies_the_words():
    record = json.loads((RESULTS / "10_temperature.json").read_text(encoding="utf-8"))
    assert record["command"].startswith("python tests/benchmarks/temperature.py") and record["seeds"] >= 20
    assert {"date", "hardware", "seed", "torch"} <= set(record)
    rows = {row["temperature"]: row for row in record["rows"]}
    assert rows[0.0]["answers"] == 1 and rows[1.0]["answers"] >= 3
    assert all(row["right"] + row["silent"] > 0.999 for row in rows.values())


def test_the_command_behind_the_recorded_heat_still_runs():
    options = ["--facts", "1", "--seeds", "1", "--heats", "0"]
    command = [sys.executable, "tests/benchmarks/temperature.py", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "'temperature': 0.0" in done.stdout
