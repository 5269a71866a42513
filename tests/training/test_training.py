"""The training loop: it learns, resumes to the same weights after kill -9, stops on NaN, refuses what does not fit."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch

from momem_lib.data.rows import SynthesisConfig, load_material, row_stream
from momem_lib.data.tasks import TASKS
from momem_lib.nn.checkpoints import load_model, load_tensors, save_tensors
from momem_lib.nn.module import Module
from momem_lib.project import InputError, alone
from momem_lib.settings import change
from momem_lib.training.batches import batch_of, batch_stream, tokenize
from momem_lib.training.config import TrainConfig, in_bfloat16, learning_rate, read_config
from momem_lib.training.loop import Interrupted, fit, train
from momem_lib.training.trainer import Trainer, TrainingStopped, cross_entropy, module_loss

SMALL = {"embedding_dim": 32, "num_heads": 2, "hidden_dim": 32, "num_decoder_blocks": 1, "batch_size": 4}
NUMBERS = {"max_global_steps": 12, "checkpoint_steps": 4, "warmup_steps": 2, "validation_rows": 3, "dropout": 0.1}

STEPS = 100  # of the small model that learns to copy


@pytest.fixture(scope="module")
def rows():
    stream = row_stream(load_material(), SynthesisConfig(), "train")
    return [next(stream) for _ in range(60)]


def small_config(task="ner", **changes) -> TrainConfig:
    shape = {"num_encoder_blocks": int(task != "ner"), "copy_from": "prompt" if task == "ner" else "source"}
    shape |= {"source_reading": "fields"} if task == "summary" else {}
    return change(TrainConfig(), {**SMALL, **NUMBERS, **shape, **changes}, "test")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("profile", ["quick", "full"])
def test_three_steps_of_each_profile_at_reduced_width_in_bfloat16(task, profile, rows):
    config = change(
        read_config(task, profile),
        {"embedding_dim": 32, "hidden_dim": 64, "batch_size": 4, "precision": "bfloat16"},
        "t",
    )
    trainer = Trainer(config, torch.device("cpu"))
    tokens = tokenize(TASKS[task], rows, config.model.context_window)
    before = [parameter.clone() for parameter in trainer.model.parameters()]
    losses = [trainer.train_step(batch_of(tokens, range(4)), module_loss) for _ in range(3)]
    assert all(0 < loss < 10 for loss in losses)
    assert losses[2] < losses[0]
    changed = [not torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True)]
    assert sum(changed) > 0.9 * len(changed)


@pytest.mark.parametrize(
    ("device", "processor", "width", "half"),
    [("cuda", {}, 32, True), ("mps", {"avx512_bf16": True}, 128, False), ("cpu", {"avx512_bf16": True}, 128, True),
     ("cpu", {"amx_bf16": True}, 96, True), ("cpu", {"avx512_bf16": False, "bf16": True}, 128, False),
     ("cpu", {"avx512_bf16": True}, 64, False)],
)  # fmt: skip
def test_training_is_in_bfloat16_where_the_device_is_quicker_with_it(device, processor, width, half, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: processor, raising=False)
    for precision, wanted in (("auto", half), ("float32", False), ("bfloat16", True)):
        config = change(TrainConfig(), {"precision": precision, "embedding_dim": width}, "here")
        assert in_bfloat16(config, torch.device(device)) is wanted


def test_a_version_of_torch_that_does_not_know_its_processor_trains_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not in_bfloat16(TrainConfig(), torch.device("cpu"))


@pytest.mark.parametrize("task", TASKS)
def test_a_step_in_bfloat16_goes_where_one_in_float32_goes(task, rows):
    tokens, moves = tokenize(TASKS[task], rows, 512), []
    for precision in ("float32", "bfloat16"):
        trainer = Trainer(small_config(task, dropout=0.0, precision=precision), torch.device("cpu"))
        trainer.model.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=trainer.half):
            inputs, labels = batch_of(tokens, range(16))
            cross_entropy(trainer.model(inputs), labels, inputs.target_mask).backward()
        moves.append(torch.cat([parameter.grad.flatten() for parameter in trainer.model.parameters()]))
    assert moves[0].dtype == moves[1].dtype == torch.float32
    assert 0.99 < torch.cosine_similarity(*moves, dim=0) < 1  # and not the same to the last bit


def test_a_small_model_learns_to_copy_names_never_seen():
    """From 'Where is NAME today?' to NAME: of eight random letters, so that no name comes twice."""
    generator = torch.Generator().manual_seed(0)

    def row():
        name = "".join(chr(97 + i) for i in torch.randint(0, 26, (8,), generator=generator))
        return {"question": f"Where is {name} today?", "name": name, "content": None, "summary": None, "response": None}

    config = small_config(max_global_steps=STEPS, dropout=0.0, batch_size=16, warmup_steps=20, model_lr=5e-3)
    trainer = Trainer(config, torch.device("cpu"))
    tokens = tokenize(TASKS["ner"], [row() for _ in range(16 * STEPS)], 128)
    for step in range(STEPS):
        trainer.train_step(batch_of(tokens, range(16 * step, 16 * step + 16)), module_loss)
    share, _ = Module(TASKS["ner"], trainer.model.eval()).exact_match([row() for _ in range(50)])
    assert share > 0.9


def momem(*arguments, **options):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "momem_lib.cli", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options)


def test_killed_and_resumed_gives_the_weights_of_an_uninterrupted_run(rows, tmp_path):
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**SMALL, **NUMBERS, "max_global_steps": 60}), encoding="utf-8")
    shared = ("train", "ner", "--config", config, "--device", "cpu", "--tr-dataset-path", dataset)
    shared += ("--val-dataset-path", dataset, "--out-dir")
    whole = momem(*shared, tmp_path / "whole")
    killed = momem(*shared, tmp_path / "killed")
    state = tmp_path / "killed" / "ner.train.safetensors"
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.01)
    time.sleep(0.15)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    step = load_tensors(state)[1]["progress"]["step"]
    assert 0 < step < 60, "the kill came too late to prove anything"
    resumed = momem(*shared, tmp_path / "killed", "--resume")
    assert resumed.communicate()[1] is not None and resumed.returncode == 0
    whole.communicate()
    first, second = (load_tensors(tmp_path / name / "ner.train.safetensors")[0] for name in ("whole", "killed"))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_ctrl_c_saves_and_says_how_to_go_on(rows, tmp_path):
    dataset = tmp_path / "rows.jsonl"
    dataset.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**SMALL, "max_global_steps": 100_000, "checkpoint_steps": 50_000}), encoding="utf-8")
    run = momem("train", "ner", "--config", config, "--tr-dataset-path", dataset, "--val-dataset-path", dataset,
                "--out-dir", tmp_path, "--device", "cpu")  # fmt: skip
    seen = b""
    while b"loss" not in seen and run.poll() is None:
        seen += os.read(run.stderr.fileno(), 1000)
    run.send_signal(signal.SIGINT)
    message = run.communicate(timeout=60)[1].decode()
    assert run.returncode == 130 and "--resume" in message and "Traceback" not in message
    assert load_tensors(tmp_path / "ner.train.safetensors")[1]["progress"]["step"] > 0


def test_nan_stops_training_with_a_sentence_and_harms_nothing(rows, tmp_path):
    config = small_config()
    trainer = Trainer(config, torch.device("cpu"))
    tokens = tokenize(TASKS["ner"], rows, 512)
    with torch.no_grad():
        trainer.model.decoder_norm.weight[0] = float("nan")
    before = trainer.model.embedding.weight.clone()
    with pytest.raises(TrainingStopped, match="model_lr"):
        trainer.train_step(batch_of(tokens, range(4)), module_loss)
    assert torch.equal(trainer.model.embedding.weight, before)


def test_init_from_takes_weights_and_optimizer(rows, tmp_path):
    config = small_config(max_global_steps=4)
    train("ner", config, rows, rows[:5], tmp_path / "a", "cpu")
    trainer = Trainer(config, torch.device("cpu"))
    trainer.load_weights(tmp_path / "a" / "ner.safetensors")
    model, card = load_model(tmp_path / "a" / "ner.safetensors", "cpu", "ner")
    assert torch.equal(trainer.model.embedding.weight, model.embedding.weight)
    assert card["steps"] == 4 and card["seed"] == 0 and card["history"]
    trainer.load_weights(tmp_path / "a" / "ner.train.safetensors", with_optimizer=True)
    assert sum(len(optimizer.state_dict()["state"]) for optimizer in trainer.optimizers) == len(
        list(trainer.model.parameters())
    )
    with pytest.raises(InputError, match="no optimizer state"):
        trainer.load_weights(tmp_path / "a" / "ner.safetensors", with_optimizer=True)
    with pytest.raises(InputError, match="another model shape"):
        Trainer(small_config(hidden_dim=40), torch.device("cpu")).load_weights(tmp_path / "a" / "ner.safetensors")
    with pytest.raises(InputError, match="model_lr"):
        train(
            "ner", small_config(max_global_steps=4, model_lr=1e-3), rows, rows[:5], tmp_path / "a", "cpu", resume=True
        )


def test_fit_goes_on_where_a_trainer_stands_and_ends_where_it_is_told_to(rows):
    tokens, trainer, seen = tokenize(TASKS["ner"], rows, 512), Trainer(small_config(), torch.device("cpu")), []
    batches, quiet = batch_stream(tokens, 4, 0), {"disable": True}
    assert len(fit(trainer, batches, module_loss, 3, 2, lambda t: seen.append(t.step), **quiet)) == 3 == trainer.step
    assert len(fit(trainer, batches, module_loss, 9, 2, lambda t: t.step == 6, **quiet)) == 3 and seen == [2, 3]
    assert fit(trainer, batches, module_loss, 6, **quiet) == []
    with pytest.raises(Interrupted):  # the step at hand is finished, and measured
        fit(trainer, batches, module_loss, 9, 1, lambda _: signal.raise_signal(signal.SIGINT), **quiet)
    assert trainer.step == 7 and fit(trainer, batches, module_loss, 8, **quiet)


@contextmanager
def broken_off(at: int):
    """Within it, a run is broken off before a step, as by a power cut: whatever its last checkpoint holds remains."""
    train_step = Trainer.train_step

    def step_or_stop(trainer, *batch):
        if trainer.step == at:
            raise KeyboardInterrupt
        return train_step(trainer, *batch)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "train_step", step_or_stop)
        yield


def test_a_run_killed_after_its_last_step_still_writes_its_model(rows, tmp_path):
    """The state is saved first, then the model is measured and written: between the two nothing must get lost."""
    shared = ("ner", small_config(max_global_steps=2, checkpoint_steps=2), rows, rows[:3], tmp_path, "cpu")
    train(*shared)
    model = tmp_path / "ner.safetensors"
    expected, _ = load_tensors(model)
    with pytest.raises(InputError, match="nothing is left to resume"):
        train(*shared, resume=True)
    model.unlink()
    assert train(*shared, resume=True)["steps"] == 2
    again, _ = load_tensors(model)
    assert again.keys() == expected.keys() and all(torch.equal(again[name], expected[name]) for name in expected)


def test_a_resumed_run_still_says_what_it_began_from(rows, tmp_path):
    config = small_config(max_global_steps=4, checkpoint_steps=2)
    train("ner", config, rows, rows[:5], tmp_path / "first", "cpu")
    shared = ("ner", config, rows, rows[:5], tmp_path / "second", "cpu")
    with broken_off(at=3):
        train(*shared, init_from=tmp_path / "first" / "ner.safetensors", facts={"data": "b"})
    card = train(*shared, resume=True, facts={"data": "b"})
    assert card["steps"] == 4 and card["began_from"] == {"steps": 4, "data": None}


def test_gradients_that_are_no_numbers_stop_training_before_a_weight_changes(rows):
    trainer = Trainer(small_config(), torch.device("cpu"))
    trainer.model.decoder_norm.weight.register_hook(lambda gradient: gradient * float("inf"))
    before = [parameter.clone() for parameter in trainer.model.parameters()]
    with pytest.raises(TrainingStopped, match="gradient"):
        trainer.train_step(batch_of(tokenize(TASKS["ner"], rows, 512), range(4)), module_loss)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))


def test_validation_rows_that_do_not_fit_the_window_are_left_out(rows, tmp_path):
    card = train(
        "ner", small_config(max_global_steps=1, context_window=70, validation_rows=50), rows, rows, tmp_path, "cpu"
    )
    assert 0 < card["metrics"]["validation_rows"] < 50


def test_validation_without_a_row_is_refused_before_training(rows, tmp_path):
    with pytest.raises(InputError, match="validation dataset holds no row"):
        train("ner", small_config(), rows, [], tmp_path, "cpu")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_model_is_set_aside_when_another_one_begins(rows, tmp_path):
    config = small_config(max_global_steps=1)
    train("ner", config, rows, rows[:3], tmp_path, "cpu")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(before) == {"ner.safetensors", "ner.json", "ner.train.safetensors"}
    for wrong in ([], rows[:3]), (rows, []):
        with pytest.raises(InputError, match="holds no row"):
            train("ner", config, *wrong, tmp_path, "cpu")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    train("ner", config, rows, rows[:3], tmp_path, "cpu", init_from=tmp_path / "ner.safetensors")
    assert {path.name: path.read_bytes() for path in (tmp_path / "previous").iterdir()} == before
    with alone(tmp_path / "ner"), pytest.raises(InputError, match="another program"):
        train("ner", config, rows, rows[:3], tmp_path, "cpu")


def test_another_dataset_is_no_resuming(rows, tmp_path):
    train("ner", small_config(max_global_steps=2), rows, rows[:3], tmp_path, "cpu", facts={"data": "a"})
    with pytest.raises(InputError, match="another dataset"):
        train(
            "ner", small_config(max_global_steps=2), rows, rows[:3], tmp_path, "cpu", resume=True, facts={"data": "b"}
        )
    with pytest.raises(InputError, match="nothing is left"):
        train(
            "ner", small_config(max_global_steps=2), rows, rows[:3], tmp_path, "cpu", resume=True, facts={"data": "a"}
        )


def test_a_folder_that_cannot_be_written_is_found_before_training(rows, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="choose another folder"):
        train("ner", small_config(), rows, rows[:3], tmp_path / "file", "cpu")


def test_a_config_file_is_laid_over_the_profile(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"batch_size": 7}', encoding="utf-8")
    config = read_config("summary", "full", path)
    assert config == change(read_config("summary", "full"), {"batch_size": 7}, "test")


@pytest.mark.parametrize("task", TASKS)
def test_the_quick_profile_is_the_full_one_with_fewer_steps_and_rows(task):
    quick, full = (read_config(task, profile) for profile in ("quick", "full"))
    assert quick.model == full.model and quick.max_global_steps < full.max_global_steps
    assert quick == change(full, {key: getattr(quick, key) for key in ("max_global_steps", "checkpoint_steps")}
                           | {"num_datapoints": quick.data.num_datapoints}, "test")  # fmt: skip


def test_learning_rate_by_steps():
    config = small_config(model_lr=1.0, lr_gamma=0.5, lr_steps=10, warmup_steps=1)
    assert [learning_rate(config, step) for step in (1, 10, 25)] == [1.0, 0.5, 0.25]


def test_learning_rate_along_a_cosine():
    config = small_config(model_lr=1.0, lr_gamma=0.1, warmup_steps=10, max_global_steps=100)
    rates = [learning_rate(config, step) for step in range(120)]
    assert rates[9] == max(rates) == 1.0 and all(a < b for a, b in pairwise(rates[:10]))
    assert all(a > b for a, b in pairwise(rates[10:101])) and rates[100:] == [pytest.approx(0.1)] * 20
    assert learning_rate(small_config(model_lr=1.0, warmup_steps=0), 0) == 1.0


def test_learning_rate_along_a_line():
    config = small_config(model_lr=1.0, lr_gamma=0.0, lr_schedule="linear", warmup_steps=10, max_global_steps=110)
    rates = [learning_rate(config, step) for step in range(10, 112)]
    assert rates[0] == 1.0 and rates[-2:] == [0.0, 0.0]  # a run may be asked for its rate after the end
    falls = [before - after for before, after in pairwise(rates[:101])]
    assert max(falls) - min(falls) < 1e-9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "one JSON object"),
        ('{"model_lrr": 1}', "unknown key"),
        ('{"model_lr": "fast"}', "float was expected"),
        ('{"batch_size": 0}', "from 1 to"),
        ('{"clip_norm": -1}', "from 1e-09 to"),
        ('{"lr_gamma": 1e999}', "from 0 to 1"),
        ('{"dropout": NaN}', "NaN is no number"),
        ('{"seed": -1}', "from 0 to"),
        ('{"longest_match": -1}', "from 0 to"),
        ('{"hidden_dim": 1000000000000}', "from 1 to"),
        ('{"num_encoder_blocks": 1}', "decoder-only"),
        ('{"choice_loss": 1}', "points at a fact"),
        ('{"batch_size": ' + "1" * 5000 + "}", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"num_heads": 3}', "multiple of"),
        ('{"model_lr": -1}', "from 1e-09"),
        ('{"precision": "int8"}', "precision is 'int8'; auto, float32 or bfloat16 was expected"),
        ('{"lr_schedule": "steep"}', "lr_schedule is 'steep'; cosine or linear was expected"),
    ],
)
def test_bad_configs_are_refused_in_a_sentence(text, message, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_config("ner", path=path)


def test_damaged_checkpoints_are_refused_in_a_sentence(rows, tmp_path):
    train("ner", small_config(max_global_steps=1), rows, rows[:3], tmp_path, "cpu")
    path = tmp_path / "ner.safetensors"
    good = path.read_bytes()
    tensors, card = load_tensors(path)
    for damage in (good[:100], good[: len(good) // 2], b"", b"\x00" * 500, b"hello"):
        path.write_bytes(damage)
        with pytest.raises(InputError, match="damaged"):
            load_model(path, "cpu")
    for broken in (card | {"format": 99}, card | {"model": {**card["model"], "embedding_dim": 64}}, {"task": "ner"}):
        save_tensors(path, tensors, broken)
        with pytest.raises(InputError, match="cannot be used"):
            load_model(path, "cpu")
    save_tensors(path, {name: value * float("nan") for name, value in tensors.items()}, card)
    with pytest.raises(InputError, match="NaN"):
        load_model(path, "cpu")
    save_tensors(path, tensors, card)
    with pytest.raises(InputError, match="'summary' was expected"):
        load_model(path, "cpu", "summary")
