"""Slips of the finger in the words around a name."""

from random import Random

import pytest

from momem_lib.data.grammar import read_grammar, wordings
from momem_lib.data.questions import typo
from momem_lib.data.records import Person
from momem_lib.project import CHECKPOINTS, TEMPLATES, InputError
from momem_lib.system import taught as home
from momem_lib.system.calibration import known_words, write_taught
from momem_lib.system.pipeline import Pipeline
from momem_lib.system.spelling import corrected
from momem_lib.system.taught import FILE, taught

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")


@pytest.mark.parametrize(
    ("question", "name", "read"),
    [
        ("which fimls does Jo like", "Jo", "which films does Jo like"),  # swapped
        ("which sng does Jo like", "Jo", "which song does Jo like"),  # left out
        ("Which collegge did Jo attend?", "Jo", "Which college did Jo attend?"),  # doubled
        ("WHAT TRATK DOES Jo LOVE", "Jo", "WHAT TRACK DOES Jo LOVE"),  # the wrong key
        ("Jo anapenda fhlamu gani?", "Jo", "Jo anapenda filamu gani?"),
        ("Where does Lvie Fimls live?", "Lvie Fimls", "Where does Lvie Fimls live?"),  # the name is nobody's slip
        ("Where does Jo Doe live?", "Jo Doe", "Where does Jo Doe live?"),
        ("Where does Jo xylophonise?", "Jo", "Where does Jo xylophonise?"),  # near nothing
        ("is ok, zz 7evn?", None, "is ok, zz 7evn?"),  # too short to tell, or with a digit
        ("李明 lvies", "李明", "李明 lives"),
    ],
)
def test_a_slip_is_mended_and_nothing_else(question, name, read):
    assert corrected(question, name) == read


def test_known_words_are_those_of_the_training_phrasings():
    trained, held_out = set(), set()
    for path in TEMPLATES.glob("*.json"):
        for phrasing in (one for group in read_grammar(path).phrasings.values() for one in group):
            words = {word for text in phrasing.variants for word in text.replace("{name}", " ").lower().split()}
            (trained if phrasing.split == "train" else held_out).update(words)
    known = known_words().keys()
    assert {"film", "lives", "anaishi", "job"} <= known
    only = {word for word in held_out - trained if word.isalpha()}
    assert len(only) > 10 and len(only & known) < len(only) / 4  # openings and fillers share a few


def test_what_ships_is_what_the_templates_teach_and_calibrate_writes_it(tmp_path):
    write_taught(tmp_path)
    assert (tmp_path / FILE).read_bytes() == (CHECKPOINTS / FILE).read_bytes()
    assert taught() == {"words": known_words(), "wordings": {key: list(texts) for key, texts in wordings().items()}}


@pytest.mark.parametrize(("text", "message"), [(None, "not exist"), ("{", "not valid"), ("[]", "get it again")])
def test_without_the_file_of_what_was_taught_a_sentence_says_so(tmp_path, monkeypatch, text, message):
    if text is not None:
        (tmp_path / FILE).write_text(text, encoding="utf-8")
    monkeypatch.setattr(home, "CHECKPOINTS", tmp_path)
    with pytest.raises(InputError, match=message):
        taught.__wrapped__()


def test_most_slips_in_long_words_are_undone():
    rng, before, after = Random(0), "which university did ", " graduate from, please?"
    slips = [typo(rng, before, after) for _ in range(200)]
    mended = sum(corrected(f"{left}Jo{right}", "Jo") == f"{before}Jo{after}" for left, right in slips)
    assert mended > 140


def test_a_misspelt_question_is_answered_and_the_trace_says_how_it_was_read():
    pipeline = Pipeline.load()
    pipeline.remember([JO])
    answer = pipeline.ask("Which collegge did Jo Doe atend?")
    assert "MIT" in (answer.text or "")
    step = answer.trace[2]
    assert step.read_as == "Which college did Jo Doe attend?" and step.read_as in step.line()
    assert pipeline.ask("Where does Jo Doe live?").trace[2].read_as is None
    assert pipeline.ask("Which collegge did Jo Doe attend?", gates=False).trace[2].read_as is None
