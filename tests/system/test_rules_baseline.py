"""What README measures beside the pipeline: the rule-based baseline, the intervals, the questions near a field."""

import doctest

import accuracy
import near_questions
import pytest
import rules

from momem_lib.data.records import read_people
from momem_lib.project import TEST_PEOPLE
from momem_lib.system.evaluation import evaluate
from momem_lib.system.pipeline import Pipeline


@pytest.fixture(scope="module")
def people():
    return read_people(TEST_PEOPLE)


@pytest.fixture(scope="module")
def baseline(people):
    baseline = rules.RuleBaseline()
    baseline.remember(people)
    return baseline


CLASSIC = [
    ("Where does Muchiri T'Challa live?", "Muchiri", "T'Challa", "location", "Wakanda"),
    ("What is $tev0 Ca$hmoney's favourite movie?", "$tev0", "Ca$hmoney", "movie", "The Wolf of Walled Street"),
    ("Muchiri T’Challa anafanya kazi gani?", "Muchiri", "T'Challa", "occupation", "King"),
]


def test_classic_questions_are_right(baseline, people):
    keys = ("question", "fname", "lname", "field", "answer")
    entries = [dict(zip(keys, values, strict=True)) for values in CLASSIC]
    assert [line["verdict"] for line in evaluate(baseline, entries, people)] == ["right"] * 3


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("How tall is Muchiri T'Challa?", "no rule knows what is asked about Muchiri T'Challa"),
        ("Where does Nobody Atall live?", "no known name stands in the question"),
        ("Where does Jo Smith live?", "2 people are called Jo Smith"),
    ],
)
def test_what_cannot_be_answered_is_not(baseline, question, reason):
    answer = baseline.ask(question)
    assert answer.abstained and answer.text is None and answer.reason == reason


def test_a_longer_name_wins_over_its_part(baseline):
    assert baseline.ask("Where does Amina Hassani live?").tag == "Amina Hassani"
    assert baseline.ask("Where does AMINA HASSAN live?").tag == "Amina Hassan"


def test_the_examples_in_its_docstrings_hold():
    outcome = doctest.testmod(rules)
    assert outcome.attempted >= 7 and not outcome.failed


def test_the_interval_beside_a_share_is_wilsons():
    assert accuracy.interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    low, high = accuracy.interval(1.0, 500)
    assert 0.99 < low < 1.0 and high == pytest.approx(1.0)


def test_questions_near_a_field_are_counted_when_they_are_answered(people):
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(people)
    answers = near_questions.answers_to(pipeline, ["Where does {name} live?", "What does {name} weigh?"], people[:2])
    assert "Wakanda" in answers["Where does {name} live?"][0] and len(answers["Where does {name} live?"]) == 2
    assert answers["What does {name} weigh?"] == []


def test_the_file_of_near_questions_names_the_person_and_repeats_nothing():
    texts = near_questions.near_questions()
    assert len({*texts}) == len(texts) > 30
    assert all(text.count("{name}") == 1 and text.endswith("?") for text in texts)
