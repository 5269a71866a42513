"""What notebook 12 measures: its small world, its broken parts, its pictures and its tables."""

import json
import math
from dataclasses import replace
from itertools import islice

import pytest
import torch

from momem_lib.course.nb12.breaking import (
    CURES,
    FULL,
    Recipe,
    first_bad,
    found_padded,
    may_look,
    pad_to_pad,
    padded,
    train_in,
    with_mask,
)
from momem_lib.course.nb12.relations import RELATIONS, counted, described_people, related_people, relation_questions
from momem_lib.course.nb12.rows import SHORT, SMALL_FIELDS, short_lists, short_records, short_rows
from momem_lib.course.nb12.small import small_config, train_watched
from momem_lib.course.nb12.tables import LETTERS, recorded, table
from momem_lib.data.tasks import TASKS
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.module import Module
from momem_lib.project import InputError


def test_small_world_is_short_and_its_splits_share_nothing():
    assert all(len(row["name"]) <= 2 * SHORT + 1 and row["name"] in row["question"] for row in short_rows(200, "test"))
    for label in SMALL_FIELDS:
        assert not set(short_lists("train")[label]) & set(short_lists("test")[label])
    known, unseen = ({row["name"] for row in short_rows(4000, split)} for split in ("train", "test"))
    assert not known & unseen
    assert short_rows(5, seed=3) == short_rows(5, seed=3) != short_rows(5, seed=4)
    with pytest.raises(InputError, match="1 or more"):
        short_rows(0)
    with pytest.raises(InputError, match="no split"):
        short_lists("nowhere")


def test_watched_training_learns_and_repeats_itself():
    rows = short_rows(4)
    config = small_config("ner", embedding_dim=32, num_heads=2, hidden_dim=8, batch_size=4, max_global_steps=12)
    first, again = (train_watched("ner", config, rows) for _ in range(2))
    assert first.losses == again.losses and first.losses[-1] < first.losses[0]
    with pytest.raises(InputError, match="no module"):
        small_config("memory")


def test_only_the_right_mask_ignores_padding(untrained):
    alone = Module(TASKS["ner"], untrained()).inputs(["Where does Jo Doe live?"])
    for rule, same in ((may_look, True), (pad_to_pad, False)):
        model = untrained(kind=with_mask(rule))
        changed = (model(alone).log_probs - model(padded(alone, 40)).log_probs).abs().max()
        assert (changed < 1e-4) == same


def test_both_masks_are_the_same_without_padding_and_while_writing(untrained):
    library, right, wrong = untrained(), untrained(kind=with_mask(may_look)), untrained(kind=with_mask(pad_to_pad))
    ner, rows = Module(TASKS["ner"], wrong), short_rows(3, "test")
    alone = ner.inputs(["Where does Jo Doe live?"])
    for model in (right, wrong):
        assert torch.allclose(library(alone).log_probs, model(alone).log_probs, atol=1e-6)
    assert found_padded(right, rows, 0) == found_padded(wrong, rows, 0)
    assert torch.allclose(library(padded(alone, 40)).log_probs, right(padded(alone, 40)).log_probs, atol=1e-6)
    # What is written step by step must see what a whole pass sees, mistake included.
    inputs = padded(ner.inputs(["Jo?"], targets=[[TOKENIZER.id("<tag>"), 74]]), 9)
    state, _ = wrong.start(replace(inputs, target=inputs.target[:, :1], target_mask=inputs.target_mask[:, :1]))
    assert torch.allclose(wrong.step(state, inputs.target[:, 1]).log_probs, wrong(inputs).log_probs[:, 1:], atol=1e-4)


def test_half_precision_overflows_and_full_precision_does_not():
    from momem_lib.course.shared.toy import toy_text, toy_windows

    windows, hot = toy_windows(toy_text(50)), Recipe("adamw", 2.0)
    assert first_bad(train_in(hot, windows, 12)) is not None
    assert first_bad(train_in(replace(hot, precision=FULL), windows, 12)) is None
    calm = train_in(Recipe("sgd", 0.01, **CURES["clipping alone"]), windows, 2)
    assert len(calm) == 2 and all(map(math.isfinite, calm))


@pytest.mark.parametrize("letter", LETTERS)
def test_recorded_results_are_there_with_their_command_and_can_be_drawn(letter, drawn):
    results = recorded(letter)
    assert {"command", "date", "hardware", "torch", "cpu_seconds"} <= set(results)
    assert drawn[letter](results).get_label() and table(letter)
    assert json.dumps(results, allow_nan=False)


def test_short_people_go_on_for_ever():
    assert len({record.name for record in islice(short_records(), 50)}) > 45


def test_relations_of_the_exam_are_met_in_no_training_row():
    assert not set(RELATIONS["train"]) & set(RELATIONS["test"])
    for split, relations in RELATIONS.items():
        for wording, name, described in described_people(60, split):
            assert "{}" in wording and name in described and any(relation in described for relation in relations)


def test_relation_questions_have_their_answer_on_record_or_none():
    people = related_people(16)
    asked, values = relation_questions(people), {value for person in people for _, value in person.facts}
    assert len(asked) == 32 and {value for _, value in asked} - {None} <= values
    assert 3 <= sum(value is None for _, value in asked) <= 20


def test_outcomes_are_counted():
    asked = [("a", "Oslo"), ("b", "Oslo"), ("c", "Oslo"), ("d", None), ("e", None)]
    said = {"a": "Jo lives in Oslo.", "b": "Jo lives in Osl.", "e": "Who knows?"}
    assert counted(said.get, asked) == {"right": ["a", "d"], "silent": ["c"], "wrong": ["b", "e"]}
