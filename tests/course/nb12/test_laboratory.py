"""What notebook 12 measures: its small world, its broken parts, its script, its pictures and its tables."""

import json
import math
from dataclasses import replace
from itertools import islice

import laboratory as benchmark  # the script, not momem_lib.course.nb12.small
import pytest
import torch
import torch.nn.functional as F

from momem_lib.course.nb12 import bars as plots_laboratory_bars
from momem_lib.course.nb12 import plots as plots_laboratory
from momem_lib.course.nb12.closed_book import closed_rows, groups_of
from momem_lib.course.nb12.decoding import Job, candidates_of, judge, shares
from momem_lib.course.nb12.food import try_food
from momem_lib.course.nb12.masks import PadToPad, padded, right_with_padding
from momem_lib.course.nb12.precision import CURES, FULL, Recipe, first_bad, train_in
from momem_lib.course.nb12.rows import SHORT, SMALL_FIELDS, short_lists, short_people, short_rows
from momem_lib.course.nb12.small import Watched, small_config, train_watched
from momem_lib.course.nb12.tables import LETTERS, made_by, recorded, table
from momem_lib.course.nb12.targets import fate_of_letters, loss_on_all, with_own_output
from momem_lib.course.nb12.tokens import Bytes, Characters, Pairs, exams, named_tokens, names_found, training_names
from momem_lib.course.nb12.transfer import masked_loss, take_all, take_reading, transfer_config
from momem_lib.course.shared.figures import png
from momem_lib.data.records import Person
from momem_lib.data.tasks import TASKS
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.system.gates import summary_gate
from momem_lib.system.memory import Memory
from momem_lib.training.batches import batch_of, tokenize
from momem_lib.training.trainer import Trainer, cross_entropy

CPU = torch.device("cpu")
TINY = {"embedding_dim": 8, "num_heads": 1, "hidden_dim": 8, "batch_size": 4}
JO = Person("Jo", "Doe", "Nurse", "Oslo", "", "", "chess", "")
DRAWN = {
    "a": plots_laboratory.draw_hallucinations,
    "b": plots_laboratory.draw_masks,
    "c": plots_laboratory.draw_precision,
    "d": lambda results: plots_laboratory.draw_race(results, "summaries"),
    "e": lambda results: plots_laboratory.draw_race(results, "responses"),
    "f": plots_laboratory_bars.draw_closed_book,
    "g": plots_laboratory_bars.draw_alphabets,
    "h": plots_laboratory.draw_targets,
    "i": plots_laboratory_bars.draw_scaling,
    "j": plots_laboratory_bars.draw_decoding,
}


def untrained(task="ner", kind=Transformer, **changes):
    """A small model that has learned nothing."""
    torch.manual_seed(0)
    return kind(small_config(task, **(TINY | changes)).model).eval()


def test_small_world_is_short_and_its_splits_share_nothing():
    for row in short_rows(200, "test", unknown=0.2):
        assert len(row["name"]) <= 2 * SHORT + 1 and row["name"] in row["question"] and row["name"] in row["content"]
        assert (row["summary"] is None) == (row["field"] is None)
        assert row["summary"] is None or (row["summary"] in row["content"] and row["value"] in row["response"])
    for field in SMALL_FIELDS:
        assert not set(short_lists("train")[field]) & set(short_lists("test")[field])
    known, unseen = ({row["name"] for row in short_rows(4000, split)} for split in ("train", "test"))
    assert not known & unseen
    assert short_rows(5, seed=3) == short_rows(5, seed=3) != short_rows(5, seed=4)
    with pytest.raises(InputError, match="1 or more"):
        short_rows(0)
    with pytest.raises(InputError, match="no split"):
        short_lists("nowhere")


def test_watched_training_learns_stops_at_the_mark_and_repeats_itself():
    rows = short_rows(4)
    config = small_config("ner", **(TINY | {"max_global_steps": 12, "embedding_dim": 32, "num_heads": 2}))
    first, again = (train_watched("ner", config, rows) for _ in range(2))
    assert first.losses == again.losses and first.losses[-1] < first.losses[0]
    early = train_watched("ner", config, rows, rows, every=2, until=0.0)
    assert [point["step"] for point in early.points] == [2] and early.reached(0.0) == 2
    assert Watched(None, points=[{"step": 2, "exact": 0.1}]).reached(0.5) is None
    with pytest.raises(InputError, match="no module"):
        small_config("memory")


def test_only_the_right_mask_ignores_padding():
    alone = Module(TASKS["ner"], untrained()).inputs(["Where does Jo Doe live?"])
    for kind, same in ((Transformer, True), (PadToPad, False)):
        model = untrained(kind=kind)
        changed = (model(alone).log_probs - model(padded(alone, 40)).log_probs).abs().max()
        assert (changed < 1e-4) == same


def test_both_masks_are_the_same_without_padding_and_while_writing():
    right, wrong = untrained(), untrained(kind=PadToPad)
    ner = Module(TASKS["ner"], wrong)
    alone = ner.inputs(["Where does Jo Doe live?"])
    assert torch.allclose(right(alone).log_probs, wrong(alone).log_probs, atol=1e-6)
    rows = short_rows(3, "test")
    assert right_with_padding(right, rows, 0) == right_with_padding(wrong, rows, 0)
    # What is written step by step must see what a whole pass sees, mistake included.
    inputs = padded(ner.inputs(["Jo?"], targets=[[TOKENIZER.id("<tag>"), 74]]), 9)
    state, _ = wrong.start(replace(inputs, target=inputs.target[:, :1], target_mask=inputs.target_mask[:, :1]))
    assert torch.allclose(wrong.step(state, inputs.target[:, 1]).log_probs, wrong(inputs).log_probs[:, 1:], atol=1e-4)


def test_half_precision_overflows_and_full_precision_does_not():
    from momem_lib.course.shared.symptoms import toy_text, toy_windows

    windows, hot = toy_windows(toy_text(50)), Recipe("adamw", 2.0)
    assert first_bad(train_in(hot, windows, 12)) is not None
    assert first_bad(train_in(replace(hot, precision=FULL), windows, 12)) is None
    calm = train_in(Recipe("sgd", 0.01, **CURES["clipping alone"]), windows, 2)
    assert len(calm) == 2 and all(map(math.isfinite, calm))


def test_frozen_reading_parts_stay_and_others_move():
    donor = Trainer(transfer_config("response", 1, seed=9), CPU).model
    trainer = Trainer(transfer_config("summary", 1), CPU)
    take_reading(trainer, donor)
    before = {name: p.clone() for name, p in trainer.model.named_parameters()}
    trainer.train_step(*batch_of(tokenize(TASKS["summary"], short_rows(4, unknown=0.0), 256), range(4)))
    moved = {name for name, p in trainer.model.named_parameters() if not torch.equal(p, before[name])}
    assert not {name for name in moved if name.startswith(("embedding.", "encoder"))} and "head.scores.weight" in moved
    assert torch.equal(trainer.model.embedding.weight, donor.embedding.weight)
    whole = Trainer(transfer_config("response", 1), CPU)
    take_all(whole, trainer.model)
    assert torch.equal(whole.model.head.scores.weight, trainer.model.head.scores.weight)


def test_reading_without_labels_looks_at_hidden_bytes_alone():
    model = untrained("summary")
    inputs, _ = batch_of(tokenize(TASKS["summary"], short_rows(2, unknown=0.0), 256), range(2))
    hidden = torch.zeros_like(inputs.source_mask)
    hidden[:, 3] = True
    seen = inputs.source.masked_fill(hidden, TOKENIZER.id("<none>"))
    scores = model.head(model.encode(seen, inputs.source_mask))[:, 3]
    assert torch.isclose(masked_loss(model, inputs, hidden), F.cross_entropy(scores, inputs.source[:, 3]))


def test_loss_on_all_is_a_mean_over_prompt_and_target():
    model = untrained(prompt_attention="causal")
    inputs, labels = batch_of(tokenize(TASKS["ner"], short_rows(3), 256), range(3))
    on_all, on_target = loss_on_all(model, inputs, labels)
    assert torch.isclose(on_target, cross_entropy(model(inputs), labels, inputs.target_mask))
    few, many = inputs.target_mask.sum(), inputs.prompt_mask[:, 1:].sum()
    on_prompt = (on_all * (few + many) - on_target * few) / many
    assert 4.5 < on_prompt < 6.5  # nothing learned: about ln 268 for each byte


def test_own_output_replaces_some_tokens_but_never_the_first():
    model = untrained()
    inputs, _ = batch_of(tokenize(TASKS["ner"], short_rows(8), 256), range(8))
    mixed = with_own_output(model, inputs, torch.Generator().manual_seed(0), share=1.0)
    guessed = model(inputs).log_probs.argmax(-1)
    assert torch.equal(mixed.target[:, 0], inputs.target[:, 0])
    real = inputs.target_mask[:, 1:]
    assert torch.equal(mixed.target[:, 1:][real], guessed[:, :-1][real])
    same = with_own_output(model, inputs, torch.Generator().manual_seed(0), share=0.0)
    assert torch.equal(same.target, inputs.target)


def test_fate_of_letters_starts_alike():
    fate = fate_of_letters(untrained(), short_rows(4, "test"), places=3)
    assert fate["teacher"][0] == fate["own"][0] and len(fate["own"]) == 3


def test_alphabets_come_back_except_for_unknown_signs():
    rows = training_names(60)
    pairs = Pairs([row["question"] for row in rows], merges=40)
    for text in ("Where is Ngũgĩ?", "王小明 🦊", "$tev0 Ca$hmoney"):
        assert Bytes().decode(Bytes().encode(text)) == pairs.decode(pairs.encode(text)) == text
    assert Characters().decode(Characters().encode("Zoë")) == "Zo\ufffd"
    assert len(pairs.encode(rows[0]["question"])) < len(Bytes().encode(rows[0]["question"]))
    assert not any(256 <= token < 268 for row in rows for token in pairs.encode(row["question"]))
    for alphabet in (Bytes(), Characters(), pairs):
        tokens = named_tokens(alphabet, rows[:4])
        assert len(tokens) == 4 and max(tokens.prompt.flat) < alphabet.vocab_size
        assert len(names_found(untrained(vocab_size=alphabet.vocab_size), alphabet, rows[:4])) == 4
    assert all(len(row["name"]) == int(size) for size, some in exams(5)["length"].items() for row in some)


def test_closed_book_groups_are_apart_and_edits_change_everything():
    groups = groups_of(8, seed=0)
    names = [person.name for key in ("known", "edited", "added") for person in groups[key]]
    assert len(set(names)) == len(names) == 12
    for old, new in zip(groups["before the edit"], groups["edited"], strict=True):
        assert old.name == new.name and all(getattr(old, field) != getattr(new, field) for field in SMALL_FIELDS)
    assert {row["name"] for row in closed_rows([JO])} == {"Nurse", "Oslo", "chess"}


def test_verdicts_gates_and_candidates_agree():
    row = short_rows(1, "test", unknown=0.0)[0]
    job = Job("summary", row, row["person"], row["field"])
    other = next(row["person"].summary(field) for field in SMALL_FIELDS if field != row["field"])
    texts = [row["summary"], other, "Lives in: Nowhere", None]
    assert [judge(job, text) for text in texts] == ["right", "other", "made up", "other"]
    counted = shares([job] * 4, texts, Memory())
    assert counted["off"] == {"right": 0.25, "other": 0.5, "made up": 0.25}
    assert counted["on"] == {"right": 0.25, "other": 0.25, "made up": 0.0}
    assert row["summary"] in candidates_of(job) and None in candidates_of(job) and None not in candidates_of(job, False)
    assert summary_gate(job.person, candidates_of(job)[0]) is None
    named = Job("ner", row, row["person"], row["field"])
    assert row["name"] in candidates_of(named) and judge(named, "Somebody Else") == "made up"
    response = Job("response", row, row["person"], row["field"])
    assert judge(response, row["response"]) == "right" and judge(response, "Nobody knows.") == "made up"


def test_the_readers_field_can_be_tried():
    from test_exercises_12 import Food

    said = try_food(Food(), steps=1)
    assert said[0][0] == "What does Jo Doe like to eat?" and len(said) == 3


@pytest.mark.parametrize("letter", "abcdfghij")
def test_the_command_runs_and_its_results_can_be_drawn(letter, tmp_path, monkeypatch, capsys):
    options = ["--only", letter, "--few", "--write", "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["laboratory.py", *options])
    benchmark.main()
    monkeypatch.setattr("momem_lib.course.nb12.tables.RESULTS", tmp_path)
    for name in "de" if letter == "d" else letter:
        results = recorded(name)
        assert results["command"] == f"python tests/benchmarks/laboratory.py --only {letter} --write"
        figure = DRAWN[name](results)
        assert len(figure.get_label()) > 60 and png(figure)[:4] == b"\x89PNG"
        assert len(table(name).splitlines()) >= 2 and made_by(results).startswith("made by: ")
    assert capsys.readouterr().out


def test_parts_are_put_together():
    old = {"seconds": 5, "cpu_seconds": 3, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 2}], "small": {"ner": 1}}
    new = {"seconds": 2, "cpu_seconds": 1, "runs": [{"seed": 1, "x": 9}], "small": {"summary": 2}, "steps": 7}
    assert benchmark.merged(old, new) == {
        "seconds": 7, "cpu_seconds": 4, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 9}],
        "small": {"ner": 1, "summary": 2}, "steps": 7,
    }  # fmt: skip


@pytest.mark.parametrize("letter", LETTERS)
def test_recorded_results_are_there_with_their_command_and_can_be_drawn(letter):
    results = recorded(letter)
    assert {"command", "date", "hardware", "torch", "cpu_seconds"} <= set(results)
    assert DRAWN[letter](results).get_label() and table(letter)
    assert json.dumps(results, allow_nan=False)


def test_short_people_go_on_for_ever():
    assert len({person.name for person in islice(short_people(), 50)}) > 45
