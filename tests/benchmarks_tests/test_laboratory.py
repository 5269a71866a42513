"""The laboratory's scripts: their parts, their commands, and the examples in their docstrings."""

import doctest
from importlib import import_module

import laboratory
import pytest
import torch
from laboratory_breaking import right_with_padding
from laboratory_closed_book import closed_rows, groups_of
from laboratory_heat import judge, shares
from laboratory_targets import fate_of_letters, loss_on_all, with_own_output
from laboratory_tokens import Bytes, Characters, Pairs, exams, named_tokens, names_found, training_names

from momem_lib.course.nb12.breaking import PadToPad
from momem_lib.course.nb12.rows import SMALL_FIELDS, short_rows
from momem_lib.course.nb12.tables import made_by, recorded, table
from momem_lib.course.shared.figures import png
from momem_lib.data.records import Record
from momem_lib.data.tasks import TASKS
from momem_lib.system.memory import Memory
from momem_lib.training.batches import batch_of, tokenize
from momem_lib.training.trainer import cross_entropy

CPU = torch.device("cpu")
JO = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
SCRIPTS = ("cascade", "temperature", "laboratory", *(f"laboratory_{part}" for part in (
    "breaking", "closed_book", "heat", "scaling", "targets", "tokens")))  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_examples_of_a_script_are_true(script):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(import_module(script), optionflags=options).failed == 0


def test_both_masks_find_the_same_without_padding(untrained):
    right, wrong, rows = untrained(), untrained(kind=PadToPad), short_rows(3, "test")
    assert right_with_padding(right, rows, 0) == right_with_padding(wrong, rows, 0)


def test_loss_on_all_is_a_mean_over_prompt_and_target(untrained):
    model = untrained(prompt_attention="causal")
    inputs, labels = batch_of(tokenize(TASKS["ner"], short_rows(3), 256), range(3))
    few, many = inputs.target_mask.sum(), inputs.prompt_mask[:, 1:].sum()
    on_target = cross_entropy(model(inputs), labels, inputs.target_mask)
    on_prompt = (loss_on_all(model, (inputs, labels)) * (few + many) - on_target * few) / many
    assert 4.5 < on_prompt < 6.5  # nothing learned: about ln 268 for each byte


def test_own_output_replaces_some_tokens_but_never_the_first(untrained):
    model = untrained()
    inputs, _ = batch_of(tokenize(TASKS["ner"], short_rows(8), 256), range(8))
    mixed = with_own_output(model, inputs, torch.Generator().manual_seed(0), share=1.0)
    guessed = model(inputs).log_probs.argmax(-1)
    assert torch.equal(mixed.target[:, 0], inputs.target[:, 0])
    real = inputs.target_mask[:, 1:]
    assert torch.equal(mixed.target[:, 1:][real], guessed[:, :-1][real])
    same = with_own_output(model, inputs, torch.Generator().manual_seed(0), share=0.0)
    assert torch.equal(same.target, inputs.target)


def test_fate_of_letters_starts_alike(untrained):
    fate = fate_of_letters(untrained(), short_rows(4, "test"), places=3)
    assert fate["teacher"][0] == fate["own"][0] and len(fate["own"]) == 3


def test_alphabets_come_back_except_for_unknown_signs(untrained):
    rows = training_names(60)
    pairs = Pairs([row["question"] for row in rows], merges=40)
    for text in ("Where is Ngũgĩ?", "王小明 🦊", "$tev0 Ca$hmoney"):
        assert Bytes().decode(Bytes().encode(text)) == pairs.decode(pairs.encode(text)) == text
    assert Characters().decode(Characters().encode("Zoë")) == "Zo\ufffd"
    assert len(pairs.encode(rows[0]["question"])) < len(Bytes().encode(rows[0]["question"]))
    assert not any(256 <= token < 268 for row in rows for token in pairs.encode(row["question"]))
    for alphabet in (Bytes(), Characters(), pairs):
        tokens = named_tokens(alphabet, rows[:4])
        assert len(tokens) == 4 and max(map(max, tokens.prompt)) < alphabet.vocab_size
        assert len(names_found(untrained(vocab_size=alphabet.vocab_size), alphabet, rows[:4])) == 4
    assert all(len(row["name"]) == int(size) for size, some in exams(5)["length"].items() for row in some)


def test_closed_book_groups_are_apart_and_edits_change_everything():
    groups = groups_of(8, seed=0)
    names = [person.name for key in ("known", "edited", "added") for person in groups[key]]
    assert len(set(names)) == len(names) == 12
    for old, new in zip(groups["before the edit"], groups["edited"], strict=True):
        assert old.name == new.name and all(old.value(label) != new.value(label) for label in SMALL_FIELDS)
    assert {row["name"] for row in closed_rows([JO])} == {"Nurse", "Oslo", "chess"}


def test_verdicts_and_gates_agree():
    row = short_rows(1, "test", unknown=0.0)[0]
    other = next(f"{label}: {row['record'][label]}" for label in SMALL_FIELDS if label != row["label"])
    texts = [row["summary"], other, "Lives in: Nowhere", None]
    assert [judge("summary", row, text) for text in texts] == ["right", "other", "made up", "other"]
    counted = shares("summary", [row] * 4, texts, Memory())
    assert counted["off"] == {"right": 0.25, "other": 0.5, "made up": 0.25}
    assert counted["on"] == {"right": 0.25, "other": 0.25, "made up": 0.0}
    assert judge("ner", row, "Somebody Else") == "made up"
    assert judge("response", row, row["response"]) == "right" and judge("response", row, "Nobody knows.") == "made up"


@pytest.mark.parametrize("letter", "abcdefg")
def test_the_command_runs_and_its_results_can_be_drawn(letter, tmp_path, monkeypatch, capsys, drawn):
    options = ["--only", letter, "--few", "--write", "--out", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["laboratory.py", *options])
    laboratory.main()
    monkeypatch.setattr("momem_lib.course.nb12.tables.RESULTS", tmp_path)
    results = recorded(letter)
    assert results["command"] == f"python tests/benchmarks/laboratory.py --only {letter} --write"
    figure = drawn[letter](results)
    assert len(figure.get_label()) > 60 and png(figure)[:4] == b"\x89PNG"
    assert len(table(letter).splitlines()) >= 2 and made_by(results).startswith("made by: ")
    assert capsys.readouterr().out


def test_parts_are_put_together():
    old = {"seconds": 5, "cpu_seconds": 3, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 2}], "small": {"ner": 1}}
    new = {"seconds": 2, "cpu_seconds": 1, "runs": [{"seed": 1, "x": 9}], "small": {"summary": 2}, "steps": 7}
    assert laboratory.merged(old, new) == {
        "seconds": 7, "cpu_seconds": 4, "runs": [{"seed": 0, "x": 1}, {"seed": 1, "x": 9}],
        "small": {"ner": 1, "summary": 2}, "steps": 7,
    }  # fmt: skip
