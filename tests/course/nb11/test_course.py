"""What notebook 11 measures, breaks and draws: the cascade, its benchmark, the journey of a question."""

import json
import subprocess
import sys
import warnings
from collections import Counter

import pytest
import torch
from cascade import gate_by_gate

from momem_lib.course.modules.reading import read_along
from momem_lib.course.nb11.cascade import (
    OUTCOMES,
    Slipping,
    handed_over,
    noise_cascade,
    outcomes,
    surest,
    survival,
    unseen_questions,
    worsened,
)
from momem_lib.course.nb11.exercises import WORDINGS, try_careful
from momem_lib.course.nb11.journey import LINE, draw_journey, line_count
from momem_lib.course.nb11.plots import draw_cascade, draw_outcomes
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.pictures import wrapped
from momem_lib.data.people import read_people
from momem_lib.project import RESULTS, ROOT, TEST_PEOPLE, InputError
from momem_lib.system.answer import Answer, Step
from momem_lib.system.pipeline import Pipeline

PEOPLE = read_people(TEST_PEOPLE)
CLASSIC = PEOPLE[0]
ENTRIES = [
    {"question": f"Where does {record.name} live?", "name": record.name, "label": "Lives in",
     "answer": record.value("Lives in")}
    for record in PEOPLE[:5]
]  # fmt: skip


@pytest.fixture(scope="module")
def shipped():
    """The shipped modules with the test people."""
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(PEOPLE)
    return pipeline


def test_noise_shakes_one_module_the_same_way_each_time_and_leaves_the_original(untrained_pipeline):
    healthy = untrained_pipeline
    before = {name: weight.clone() for name, weight in healthy.modules["ner"].model.named_parameters()}
    one, again, further = (worsened(healthy, "ner", noise, seed=3) for noise in (0.5, 0.5, 1.0))
    for name, weight in one.modules["ner"].model.named_parameters():
        assert torch.equal(weight, again.modules["ner"].model.get_parameter(name))
        assert torch.equal(before[name], healthy.modules["ner"].model.get_parameter(name))
        shift, larger = weight - before[name], further.modules["ner"].model.get_parameter(name) - before[name]
        torch.testing.assert_close(larger, 2 * shift, atol=1e-5, rtol=1e-4)
        assert (shift.abs().max() > 0) == (weight.dim() > 1 and before[name].abs().max() > 0)
    assert one.modules["summary"] is healthy.modules["summary"] and one.memory is healthy.memory
    unchanged = worsened(healthy, "ner", 0.0).modules["ner"].model.state_dict()
    weights = healthy.modules["ner"].model.state_dict()
    assert all(torch.equal(unchanged[name], weight) for name, weight in weights.items())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: worsened(p, "memory", 0.1), "no trained module 'memory'; one of ner, summary, response"),
        (lambda p: worsened(p, "ner", -1), "noise must be 0 or more, not -1"),
        (lambda p: worsened(p, "ner", float("nan")), "noise must be 0 or more, not nan"),
        (lambda p: Slipping(p, "response", 0.1), "no slips are known of 'response'; one of ner, summary"),
        (lambda p: Slipping(p, "ner", 1.5), "must lie between 0 and 1, not 1.5"),
        (lambda p: survival([], [], []), "none of these questions has an answer"),
        (lambda p: draw_cascade({"x": []}, "noise"), "at least two levels"),
    ],
)
def test_what_cannot_be_done_is_told(untrained_pipeline, make, message):
    with pytest.raises(InputError, match=message):
        make(untrained_pipeline)


def test_gates_mend_a_name_that_is_not_in_the_question_and_cannot_see_the_wrong_fact(shipped):
    assert outcomes(shipped, ENTRIES, PEOPLE)["right"] == 1
    stranger, other_fact = Slipping(shipped, "ner", 1.0), Slipping(shipped, "summary", 1.0)
    assert outcomes(stranger, ENTRIES, PEOPLE, gates=False)["right"] == 0  # somebody else's fact, or none
    assert outcomes(stranger, ENTRIES, PEOPLE)["right"] == 1
    for gates in (True, False):
        assert outcomes(other_fact, ENTRIES, PEOPLE, gates)["right"] == 0
    answer = other_fact.ask(ENTRIES[0]["question"])
    assert answer.trace[2].gate == "passed"
    assert answer.summary in [CLASSIC.summary(label) for label in CLASSIC.labels if label != "Lives in"]


def test_more_slips_include_the_fewer_and_none_are_the_healthy_pipeline(shipped):
    questions = [entry["question"] for entry in ENTRIES]

    def slipped(chance):
        answers = Slipping(shipped, "ner", chance, seed=5).ask_many(questions, gates=False)
        return {answer.question for answer, entry in zip(answers, ENTRIES, strict=True) if answer.tag != entry["name"]}

    none, some, all_of_them = slipped(0.0), slipped(0.5), slipped(1.0)
    assert none == set() and some <= all_of_them == set(questions)
    assert slipped(0.5) == some


def test_several_wordings_help_against_slips(shipped):
    people = [record for record in PEOPLE if shipped.memory.look_up(record.name).record][:12]

    def careful(ask, wordings):
        (said, votes), *_ = Counter(map(ask, wordings)).most_common(1)
        return said if votes > len(wordings) / 2 else None

    slipping = Slipping(shipped, "summary", 0.3, seed=11)
    alone_wrong, _ = try_careful(careful, slipping, people, WORDINGS[:1])
    wrong, silent = try_careful(careful, slipping, people, WORDINGS)
    assert wrong < alone_wrong and silent < len(people)


def test_survival_counts_what_was_right_at_every_module_so_far():
    jo, entry = CLASSIC, ENTRIES[0]
    wrong_fact = Answer(entry["question"], "x", tag=jo.name, record=jo, summary=jo.summary("Favourite music"))
    lucky = Answer(entry["question"], f"It is {entry['answer']}.", tag="Jo", summary=jo.summary("Lives in"))
    assert handed_over(entry, jo, lucky) == {"ner": False, "memory": False, "summary": True, "response": True}
    shares = survival([entry] * 2, PEOPLE, [wrong_fact, lucky])
    assert shares == {"ner": 0.5, "memory": 0.5, "summary": 0.0, "response": 0.0}


def test_unseen_questions_are_the_same_each_time_and_some_have_no_answer():
    questions, records = unseen_questions(40, seed=1)
    assert (questions, records) == unseen_questions(40, seed=1)
    assert 5 < sum(entry["answer"] is None for entry in questions) < 30


def test_the_surest_of_an_outcome_is_found():
    def answer(text, share):
        fact = text and f"Lives in: {text}"
        return Answer("?", text, summary=fact, trace=[Step("ner", {}, "Jo", share), Step("memory", {}, "x")])

    sure, unsure, silent = answer("Oslo.", 0.9), answer("Rome.", 0.2), answer(None, 1.0)
    assert surest([unsure, sure, silent, unsure], ["wrong", "wrong", "wrong", "right"], "wrong") is sure
    assert surest([unsure, silent], ["right", "wrong"], "wrong") is unsure  # none is: the first will do


def test_cascade_and_gates_have_all_rows(shipped):
    rows = noise_cascade(shipped, "ner", (0.0, 8.0), ENTRIES, PEOPLE)
    assert [row["level"] for row in rows] == [0.0, 8.0] and rows[0]["alone"] == 1
    assert rows[1]["alone"] < rows[0]["alone"]
    assert rows[1]["on"]["wrong"] <= rows[1]["off"]["wrong"]
    assert png(draw_cascade({"Module 0": rows}, "noise"))
    table = gate_by_gate(shipped, ENTRIES[:1], PEOPLE)
    without = [f"without {gate}" for gate in ("tag", "record", "summary", "response", "confidence")]
    assert list(table) == ["all gates on", *without, "all gates off"]
    assert png(draw_outcomes(table))


def test_lines_lead_to_letters_that_are_the_same(shipped):
    answer = shipped.ask(f"Where does {PEOPLE[2].name} live?")  # letters of two bytes
    for step in answer.trace:
        if step.module == "memory":
            continue
        texts = {"source": step.read.get("content") or step.read.get("summary"), "prompt": step.read["question"]}
        source = answer.record if step.module == "summary" else step.read.get("summary")
        found = read_along(shipped.modules[step.module], step.read["question"], source, step.wrote).origins()
        assert len(found) == len(step.wrote)
        copied = [(letter, origin) for letter, origin in zip(step.wrote, found, strict=True) if origin.part]
        same = [texts[origin.part][origin.place].encode()[0] == letter.encode()[0] for letter, origin in copied]
        assert all(same) and len(copied) > len(step.wrote) / 4


def test_every_answer_can_be_drawn(shipped, untrained_pipeline):
    shipped.remember(PEOPLE)
    questions = [f"Where does {record.name} live?" for record in PEOPLE] + ["?", "What about " + "x" * 300]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pipeline, gates in ((shipped, True), (untrained_pipeline, False)):
            for answer in pipeline.ask_many(questions[:: 1 if gates else 9], gates=gates):
                figure = draw_journey(answer, pipeline.modules)
                words = " ".join(text.get_text() for text in figure.axes[0].texts)
                assert ("silence" if answer.abstained else "answer") in words
                readers = sum(step.module in ("summary", "response") for step in answer.trace)
                assert words.count("with the question") == readers  # Modules 2 and 3 read it once more
                assert figure.get_label().startswith("One question from bytes to answer.")
        assert png(figure)


def test_lines_break_at_spaces_and_long_words_anyway():
    lines = wrapped([(letter, None) for letter in "word " * 20 + "x" * 100], LINE)
    assert [len(line) for line in lines] == [85, 15, 88, 12] and line_count("word " * 20 + "x" * 100) == 4
    assert line_count("") == 1


def test_recorded_results_can_be_drawn():
    recorded = json.loads((RESULTS / "cascade.json").read_text(encoding="utf-8"))
    assert recorded["command"].startswith("python tests/benchmarks/cascade.py")
    for rows in [*recorded["noise"].values(), *recorded["slips"].values()]:
        for row in rows:
            for gates in ("off", "on"):
                assert sum(row[gates].values()) == pytest.approx(1) and set(row[gates]) == set(OUTCOMES)
    accuracy = json.loads((RESULTS / "accuracy.json").read_text(encoding="utf-8"))
    figure = draw_outcomes(accuracy["rows"])
    assert all(name in figure.get_label() for name in accuracy["rows"])


def test_the_recorded_command_still_runs():
    command = [sys.executable, "tests/benchmarks/cascade.py", "--count", "6", "--gate-count", "2", "--few"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, env=None)
    assert run.returncode == 0, run.stderr[-2000:]
    assert set(json.loads(run.stdout)) > {"command", "date", "hardware", "seed", "gates", "noise", "slips"}
