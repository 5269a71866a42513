"""What README measures beside the pipeline: the baseline without Transformers, the intervals, the near questions."""

import doctest

import accuracy
import baseline
import near_questions
import pytest

from momem_lib.data.people import read_people
from momem_lib.data.records import Record
from momem_lib.project import TEST_PEOPLE
from momem_lib.system.evaluation import evaluate
from momem_lib.system.memory import Memory
from momem_lib.system.pipeline import Pipeline

STAFF = (("Office", "12"), ("Office phone", "345"), ("Shoe size", ""), ("Lives in", "Oslo"))


@pytest.fixture(scope="module")
def memory():
    """The test people, who have the six fields, and somebody with others."""
    memory = Memory()
    memory.remember([*read_people(TEST_PEOPLE), Record("Ana Ruiz", STAFF)])
    return memory


@pytest.fixture(scope="module")
def bag():
    """A bag of words that has read few questions."""
    return baseline.trained(6_000)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Where does Muchiri T'Challa live?", "Muchiri T'Challa: Wakanda"),
        ("Where does $tev0 Ca$hmoney live?", "$tev0 Ca$hmoney: State of Denial (Population: Me)"),
        ("Muchiri T’Challa anafanya kazi gani?", "Muchiri T'Challa: King"),
        ("How tall is Muchiri T'Challa?", None),
        ("Where does Nobody Atall live?", None),
        ("Where does Jo Smith live?", None),  # two people
        ("Ana Ruiz, which office phone?", "Ana Ruiz: 345"),
        ("The office of Ana Ruiz?", "Ana Ruiz: 12"),
        ("What are Ana Ruiz's shoe sizes?", None),  # an empty cell
        ("Where does Ana Ruiz live?", "Ana Ruiz: Oslo"),
        ("What is Ana Ruiz's job?", None),  # no such column
    ],
)
def test_the_baseline_answers_what_words_give_away(monkeypatch, memory, bag, question, said):
    monkeypatch.setattr(baseline, "trained", lambda: bag)
    assert baseline.answer(memory, question) == said


def test_it_is_evaluated_like_a_pipeline(memory):
    entry = {"question": "Where is the office of Ana Ruiz?", "name": "Ana Ruiz", "label": "Office", "answer": "12"}
    entries = [entry, entry | {"question": "Who won?", "name": None, "label": None, "answer": None}]
    lines = list(evaluate(baseline.Baseline(memory), entries, list(memory)))
    assert [(line["verdict"], line["abstained"]) for line in lines] == [("right", False), ("right", True)]


def test_the_examples_in_its_docstrings_hold():
    outcome = doctest.testmod(baseline)
    assert outcome.attempted >= 4 and not outcome.failed


def test_the_interval_beside_a_share_is_wilsons():
    assert accuracy.interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    low, high = accuracy.interval(1.0, 500)
    assert 0.99 < low < 1.0 and high == pytest.approx(1.0)


def test_questions_near_a_field_are_counted_when_they_are_answered():
    people = read_people(TEST_PEOPLE)[:2]
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(people)
    answers = near_questions.answers_to(pipeline, ["Where does {name} live?", "What does {name} weigh?"], people)
    assert "Wakanda" in answers["Where does {name} live?"][0] and len(answers["Where does {name} live?"]) == 2
    assert answers["What does {name} weigh?"] == []


def test_the_file_of_near_questions_names_the_person_and_repeats_nothing():
    texts = near_questions.near_questions()
    assert len({*texts}) == len(texts) > 30
    assert all(text.count("{name}") == 1 and text.endswith("?") for text in texts)
