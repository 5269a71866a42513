"""The mini language model: what it may see, how it writes, how it trains, and that a killed run resumes to the same."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from momem_lib.cli.main import main
from momem_lib.lm import corpus
from momem_lib.lm import runs as lm_runs
from momem_lib.lm import training as lm_training
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import LMConfig, Plan, least_bytes, plan
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import read_on, scores
from momem_lib.lm.training import train, window_loss, windows
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.checkpoints import load_tensors
from momem_lib.nn.transformer import Transformer
from momem_lib.project import CHECKPOINTS, InputError, alone
from momem_lib.settings import change, read_changes
from momem_lib.training.trainer import Trainer, TrainingStopped, make_optimizers

SMALL = {"embedding_dim": 16, "num_heads": 2, "hidden_dim": 32, "num_decoder_blocks": 2, "context_window": 16}
SMALL |= {"batch_size": 4, "max_global_steps": 12, "checkpoint_steps": 4, "warmup_steps": 2}
TEXT = "To be, or not to be, that is the question: whether 'tis nobler in the mind to suffer. " * 20


def small_model(seed: int = 0, **changes) -> Transformer:
    torch.manual_seed(seed)
    sizes = {"vocab_size": 256, "embedding_dim": 16, "num_heads": 2, "hidden_dim": 32, "num_decoder_blocks": 2}
    model = Transformer(ModelConfig(**sizes | {"context_window": 16} | changes)).eval()
    for parameter in model.parameters():  # larger weights: differences must show
        parameter.data.normal_(std=0.3)
    return model


def tokens_of(text: str = TEXT) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8).astype(np.uint16)


@pytest.fixture
def text_file(tmp_path):
    file = tmp_path / "text.txt"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.mark.parametrize("ngram_rows", [0, 64])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_no_token_sees_those_after_it(ngram_rows, positions):
    model = small_model(ngram_rows=ngram_rows, positions=positions)
    tokens = torch.randint(0, 256, (2, 16))
    changed = tokens.clone()
    changed[:, 9] = (changed[:, 9] + 1) % 256
    before, after = scores(model, tokens), scores(model, changed)
    assert torch.equal(before[:, :9], after[:, :9])
    assert not torch.isclose(before[:, 9:], after[:, 9:]).all(dim=-1).any()


@pytest.mark.parametrize("ngram_rows", [0, 64])
@pytest.mark.parametrize("positions", ["rotary", "learned"])
def test_reading_on_with_the_cache_gives_the_scores_of_reading_anew(ngram_rows, positions):
    model = small_model(ngram_rows=ngram_rows, positions=positions)
    tokens = torch.randint(0, 256, (2, 16))
    expected = scores(model, tokens)
    reading, begin = None, 0
    for count in (1, 1, 5, 1, 3, 1, 4):
        logits, reading = read_on(model, tokens[:, begin : begin + count], reading)
        begin += count
        assert torch.allclose(logits, expected[:, begin - 1], atol=1e-4)


def test_a_full_window_is_read_anew_from_its_last_half():
    model = small_model(ngram_rows=64)
    tokens = torch.randint(0, 256, (1, 40))
    reading = None
    for index in range(40):
        logits, reading = read_on(model, tokens[:, index : index + 1], reading)
        assert reading.tokens.shape[1] <= 16
    # 16 fill the window; the 17th begins a half of 8, and so every 9 tokens; the last began at token 25 + 9 = 34
    assert torch.allclose(logits, scores(model, tokens[:, 40 - reading.tokens.shape[1] :])[:, -1], atol=1e-4)


def test_a_prompt_longer_than_the_window_is_cut_at_its_beginning():
    model = LanguageModel(small_model(), BPETokenizer())
    assert model.generate("a" * 100 + TEXT[:16], tokens=5) == model.generate(TEXT[:16], tokens=5)


def test_generation_is_greedy_at_0_and_repeatable_with_a_seed():
    model = LanguageModel(small_model(), BPETokenizer())
    tokens = model.encode("To be")
    for _ in range(10):
        tokens = torch.cat([tokens, scores(model.model, tokens)[:, -1:].argmax(-1)], dim=1)
    assert model.generate("To be", temperature=0, tokens=10) == BPETokenizer().decode(tokens[0, 5:].tolist())
    one, two, again = (model.generate("To be", seed, tokens=30) for seed in (1, 2, 1))
    assert one == again != two
    assert model.samples("To be", seeds=[2, 1], tokens=30) == [two, one]  # alone or side by side
    assert "".join(model.stream("To be", 1, tokens=30)) == one
    assert model.generate("", tokens=0) == "" and len(model.generate("", tokens=3)) > 0
    with pytest.raises(InputError, match="temperature"):
        model.generate("a", temperature=-1)


def test_evaluation_predicts_every_token_but_the_first_once():
    model, tokens = small_model(), tokens_of()[:100]
    nats = 0.0
    for begin in range(0, 99, 16):
        part = torch.tensor(tokens[begin : min(begin + 17, 100)].astype(int))[None]
        nats += F.cross_entropy(scores(model, part[:, :-1])[0], part[0, 1:], reduction="sum").item()
    for batch in (1, 2, 64):
        result = LanguageModel(model, BPETokenizer()).evaluate(tokens, batch)
        assert abs(result.nats - nats) < 1e-2 and (result.tokens, result.bytes) == (99, 99)
    assert abs(result.perplexity - math.exp(nats / 99)) < 1e-2
    assert abs(result.bits_per_byte - nats / 99 / math.log(2)) < 1e-4
    with pytest.raises(InputError):
        LanguageModel(model, BPETokenizer()).evaluate(tokens[:1])


def test_bits_per_byte_compares_tokenizers():
    """A model that finds all tokens equally likely needs ln V nats a token, whatever the tokens are."""
    tokenizer = BPETokenizer.train(TEXT, 300)
    model = small_model(vocab_size=tokenizer.vocab_size)
    for parameter in model.parameters():
        parameter.data.zero_()
    result = LanguageModel(model, tokenizer).evaluate(TEXT)
    tokens = tokenizer.encode(TEXT)
    assert abs(result.loss - math.log(tokenizer.vocab_size)) < 1e-5 and result.tokens == len(tokens) - 1
    assert result.bytes == len(TEXT.encode()) - len(tokenizer.token_bytes(tokens[0]))


def test_windows_are_pieces_of_the_text_and_each_is_read_once_a_pass():
    tokens = np.arange(1000)
    number = (1000 - 8) // 8
    batches = [windows(tokens, 8, 4, seed=3, step=step) for step in range(number // 4)]
    rows = torch.cat(batches)
    assert rows.shape == (number, 9) and (rows.diff(dim=1) == 1).all()
    assert rows[:, :-1].unique().numel() == number * 8
    assert torch.equal(windows(tokens, 8, 4, seed=3, step=5), batches[5])
    assert not torch.equal(windows(tokens, 8, 4, seed=4, step=5), batches[5])
    with pytest.raises(InputError, match="too few"):
        windows(tokens[:15], 8, 4, 0, 0)
    assert windows(tokens[:16], 8, 4, 0, 0).shape == (4, 9)  # one window, four times


def test_muon_takes_the_hidden_matrices_even_where_they_are_as_wide_as_the_vocabulary():
    model = small_model(embedding_dim=128, num_heads=4)  # keys and values: 128 -> 256, as many as tokens
    adamw, muon = make_optimizers(model, LMConfig())
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    hidden = [names[id(parameter)] for group in muon.param_groups for parameter in group["params"]]
    assert len(hidden) == 2 * 5 and any("key_value" in name for name in hidden)
    rest = [parameter for group in adamw.param_groups for parameter in group["params"]]
    assert len(rest) + len(hidden) == len(names)
    assert len(make_optimizers(model, LMConfig(muon_lr=0.0))) == 1


def test_training_learns_and_keeps_the_best():
    config = change(LMConfig(), SMALL | {"max_global_steps": 60, "checkpoint_steps": 20}, "here")
    tokens = tokens_of()
    seen: list[int] = []
    trained = train(
        config, tokens[:-200], tokens[-200:], BPETokenizer(), show=False, on_checkpoint=lambda h: seen.append(len(h))
    )
    losses = [row["validation_loss"] for row in trained.history if "validation_loss" in row]
    assert len(seen) == 3 and losses[-1] < 4 < 5 < trained.history[0]["loss"]
    best = trained.language_model.evaluate(tokens[-200:]).loss
    assert abs(best - min(losses)) < 1e-5
    assert {"step", "seconds", "tokens", "loss", "learning_rate", "gradient_norm"} <= set(trained.history[0])


def test_patience_stops_a_run_that_no_longer_gets_better():
    config = change(LMConfig(), SMALL | {"max_global_steps": 400, "checkpoint_steps": 10, "patience": 2}, "here")
    noise = np.random.default_rng(0).integers(0, 256, 400).astype(np.uint16)
    trained = train(config, noise[:300], noise[300:], BPETokenizer(), show=False)
    assert trained.history[-1]["step"] < 400


def test_nan_stops_with_a_sentence():
    config = change(LMConfig(), SMALL, "here")
    trainer = Trainer(config, torch.device("cpu"))
    next(trainer.model.parameters()).data.fill_(float("nan"))
    with pytest.raises(TrainingStopped, match="model_lr"):
        trainer.train_step(windows(tokens_of(), 16, 4, 0, 0), window_loss)


def test_the_dial_follows_the_length_of_the_text():
    plans = [
        plan(size, profile)
        for size in (2_000, 30_000, 1_000_000, 25_000_000, 100_000_000)
        for profile in ("quick", "full")
    ]
    assert all(isinstance(p, Plan) and "passes" in str(p) for p in plans)
    quick = [p.config.model for p in plans[::2]]
    assert [m.vocab_size for m in quick] == sorted(m.vocab_size for m in quick) and quick[0].vocab_size == 256
    assert [m.embedding_dim for m in quick] == sorted(m.embedding_dim for m in quick)
    rows = {(size, p): plan(size, p).config.model.ngram_rows for size in (30_000, 1_000_000) for p in ("quick", "full")}
    assert rows[1_000_000, "quick"] > rows[30_000, "quick"] == rows[30_000, "full"] > 0
    assert rows[1_000_000, "full"] == 0  # which reads a long text often, and would learn its n-grams by heart
    mine = plan(1_000_000, changes={"context_window": 32, "vocab_size": 256}).config
    assert mine.model.context_window == 32 and mine.model.vocab_size == 256
    words = str(plan(1_000_000, changes={"lr_schedule": "cosine", "tie_embeddings": False}, where="my file"))
    assert "lr_schedule            cosine  set by my file" in words and "False  set by" in words
    alone = plan(1_000_000, changes={"muon_lr": 0.0})
    assert alone.config.model_lr < mine.model_lr and "which trains all of it" in str(alone)
    assert plan(1_000_000, changes={"muon_lr": 0.0, "model_lr": 0.5}).config.model_lr == 0.5
    with pytest.raises(InputError, match="too few for windows"):
        plan(10)
    with pytest.raises(InputError, match="unknown key"):
        plan(10_000, changes={"depth": 3})
    with pytest.raises(InputError, match="int was expected"):
        plan(10_000, changes={"batch_size": "many"})
    with pytest.raises(InputError, match="multiple of 2 x num_heads"):
        plan(10_000, changes={"embedding_dim": 50, "num_heads": 4})


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"depth": 3}', '{"dropout": 2}', '{"seed": true}', '{"precision": "half"}']
)
def test_bad_config_files(tmp_path, text):
    file = tmp_path / "config.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="config"):
        change(LMConfig(), read_changes(file), f"the config file {file}")


def config_file(tmp_path, **changes):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(SMALL | {"vocab_size": 270, "dropout": 0.1} | changes), encoding="utf-8")
    return file


def lm(capsys, *words) -> tuple[int, str, str]:
    try:
        code = main(["lm", *map(str, words)])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_train_test_generate_and_chat(capsys, tmp_path, text_file, monkeypatch):
    out = tmp_path / "out"
    code, printed, _ = lm(
        capsys, "train", text_file, "--config", config_file(tmp_path), "--out", out, "--test", text_file
    )
    assert code == 0 and "bits per byte" in printed and "set by" in printed and "test: " in printed
    names = {"language_model.safetensors", "language_model.json", "tokenizer.json", "log.csv", "loss.png", "tokens.bin"}
    assert names <= {file.name for file in out.iterdir()}
    assert (out / "log.csv").read_text(encoding="utf-8").startswith("step,seconds,tokens,loss")
    code, printed, _ = lm(capsys, "test", out, text_file, "--json")
    result = json.loads(printed)
    assert code == 0 and 0 < result["bits_per_byte"] < 9 and result["tokens"] > 100
    assert abs(result["perplexity"] - math.exp(result["loss"])) < 1e-6
    code, printed, _ = lm(capsys, "generate", out, "To be", "--tokens", 5, "--top-k", 3, "--top-p", 0.9, "--seed", 4)
    assert (
        code == 0
        and printed.startswith("To be")
        and printed == lm(capsys, "generate", out, "To be", "--tokens", 5, "--top-k", 3, "--top-p", 0.9, "--seed", 4)[1]
    )
    lines = iter(["To be", ""])
    monkeypatch.setattr("builtins.input", lambda _question: next(lines))
    code, printed, _ = lm(capsys, "chat", out, "--tokens", 5)
    assert code == 0 and len(printed.splitlines()) >= 2


def test_an_earlier_model_is_set_aside_and_nothing_is_lost(capsys, tmp_path, text_file):
    out, config = tmp_path / "out", config_file(tmp_path, max_global_steps=2)
    (out / "previous").mkdir(parents=True)
    (out / "previous" / "notes.txt").write_text("the reader's own", encoding="utf-8")
    (out / "log.csv").write_text("the reader's own, too", encoding="utf-8")
    models = []
    for _ in range(2):
        assert lm(capsys, "train", text_file, "--config", config, "--out", out)[0] == 0
        models.append((out / "language_model.safetensors").read_bytes())
    assert (out / "previous" / "notes.txt").read_text(encoding="utf-8") == "the reader's own"
    assert (out / "previous-2" / "log.csv").read_text(encoding="utf-8") == "the reader's own, too"
    assert (out / "previous-3" / "language_model.safetensors").read_bytes() == models[0]
    names = {path.name for path in out.iterdir()}
    assert "tokens.bin" in names and not any(name.startswith(".") for name in names)


def test_a_second_run_in_the_folder_is_refused_and_leftovers_are_cleared(capsys, tmp_path, text_file):
    out, config = tmp_path / "out", config_file(tmp_path, max_global_steps=2)
    for left in (".next-abc", "next-week"):  # the second is the reader's own
        (out / left).mkdir(parents=True)
    (out / ".log.csv.123.tmp").touch()
    with alone(out / "language_model"):
        code, _, errors = lm(capsys, "train", text_file, "--config", config, "--out", out)
        assert code == 2 and "another program is making" in errors
    code, printed, _ = lm(capsys, "train", text_file, "--config", config, "--out", out)
    assert code == 0 and {path.name for path in out.iterdir() if path.is_dir() or path.name[0] == "."} == {"next-week"}
    begin = text_file.read_text(encoding="utf-8").split()[0]
    assert f"momem lm generate {out} -- " in printed and begin in printed.split("try: ")[1]
    assert "nothing is left to resume" in lm(capsys, "train", "--resume", "--out", out)[2]


def test_a_start_that_fails_leaves_the_earlier_model_where_it_is(capsys, tmp_path, text_file):
    out, config = tmp_path / "out", config_file(tmp_path, max_global_steps=2)
    assert lm(capsys, "train", text_file, "--config", config, "--out", out)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    short = tmp_path / "short.txt"
    short.write_text("few words", encoding="utf-8")
    for words in (["nowhere.txt"], [short], [text_file, "--minutes", "1", "--config", config]):
        assert lm(capsys, "train", *words, "--out", out)[0] == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_the_shortest_text_that_is_let_in_can_be_trained(tmp_path, text_file):
    needed = least_bytes(16, 256)
    for size, fits in ((needed - 1, False), (needed, True)):
        (tmp_path / "cut.txt").write_bytes(text_file.read_bytes()[:size])
        small = SMALL | {"vocab_size": 256, "context_window": 16, "max_global_steps": 1}
        run = partial(lm_runs.train_files, [tmp_path / "cut.txt"], tmp_path / "out", changes=small, show=False)
        if fits:
            assert run().history
        else:
            with pytest.raises(InputError, match=f"{needed} are needed"):
                run()


def clock_of(monkeypatch, seconds):
    """A clock that moves only when a step is done, or a model measured, by so many seconds for each."""
    now = [0.0]
    monkeypatch.setattr(lm_training, "monotonic", lambda: now[0])
    for owner, method, name in ((Trainer, "train_step", "step"), (LanguageModel, "evaluate", "checkpoint")):
        real = getattr(owner, method)

        def slow(*arguments, real=real, name=name):
            now[0] += seconds(name, now[0])
            return real(*arguments)

        monkeypatch.setattr(owner, method, slow)
    return now


@pytest.mark.parametrize("step", [0.2, 1.0, 5.0, 12.0])
def test_a_run_in_minutes_ends_with_them_however_quick_the_machine_turns_out(tmp_path, monkeypatch, step):
    """Planned are 1-second steps; they take 0.2, 5 or 12, and three times that in the middle."""
    now = clock_of(monkeypatch, lambda what, now: 6.0 if what == "checkpoint" else step * (3 if 60 < now < 90 else 1))
    config = change(LMConfig(), SMALL | {"max_global_steps": 160, "checkpoint_steps": 32, "warmup_steps": 4}, "test")
    tokens = tokens_of(TEXT * 5)
    options = {"out": tmp_path, "device": "cpu", "show": False, "deadline": 200.0}
    trained = lm_training.train(config, tokens[:-900], tokens[-900:], BPETokenizer(), **options)
    last = trained.history[-1]
    assert 180 - 2 * step <= now[0] <= 200 + step
    # It ends where the time ends, but for a step or two.
    assert last["learning_rate"] < max(0.1, 2 / last["step"]) * config.model_lr
    checkpoints = [row["step"] for row in trained.history if "validation_loss" in row]
    assert checkpoints[-1] == last["step"] and 2 <= len(checkpoints) <= lm_training.CHECKPOINTS + 1


def test_minutes_are_kept_by_the_command(tmp_path, text_file, capsys):
    changes = SMALL | {"vocab_size": 256}
    del changes["max_global_steps"], changes["warmup_steps"], changes["checkpoint_steps"]
    trained = lm_runs.train_files([text_file], tmp_path / "out", minutes=0.02, changes=changes, device="cpu")
    rows = [row for row in trained.history if "validation_loss" in row]
    assert 1 <= len(rows) and trained.history[-1]["seconds"] < 30
    shown = capsys.readouterr().out
    assert "gzip needs" in shown and "minutes allow here" in shown


def test_a_text_that_takes_all_the_minutes_is_refused_and_leaves_nothing(tmp_path, text_file):
    with pytest.raises(InputError, match="took all the minutes"):
        lm_runs.train_files([text_file], tmp_path / "out", minutes=1e-9, show=False)
    assert list((tmp_path / "out").iterdir()) == []


def test_another_kind_of_text_is_told_from_over_fitting():
    row = {"tokens": 1000, "loss": 1.0, "validation_loss": 1.3}
    assert "30% above" in lm_runs.another_kind(lm_training.Trained(None, [row]), 1000)
    assert lm_runs.another_kind(lm_training.Trained(None, [row]), 500) is None  # read twice
    assert lm_runs.another_kind(lm_training.Trained(None, [row | {"validation_loss": 1.05}]), 1000) is None


def test_minutes_decide_what_depends_on_the_steps(tmp_path, text_file, monkeypatch, capsys):
    """Many steps over a text mean dropout and no large table, and the table of settings that is printed says so."""
    timed = []

    def steps_in(_minutes, config, _tokens, _device):
        timed.append(config.model.ngram_rows)
        return 3000 if config.model.ngram_rows else 4000

    monkeypatch.setattr(lm_runs, "steps_in", steps_in)
    size, tokens = 1_000_000, np.zeros(1_000_000, np.uint16)
    first = plan(size, "quick", {"seed": 1})
    fitted = lm_runs.fit_minutes(3, first, size, "quick", {"seed": 1}, tokens, torch.device("cpu"))
    assert timed == [65_536, 0]  # the speed is measured again where the model is another
    assert fitted.config == plan(size, "quick", {"seed": 1, "max_global_steps": 4000}).config
    assert fitted.config.model.dropout > first.config.model.dropout and "3 minutes allow" in str(fitted)


def test_the_menu_trains_tests_writes_and_leaves(capsys, tmp_path, text_file, monkeypatch):
    monkeypatch.setattr(lm_runs, "OUT", tmp_path / "none")
    out = tmp_path / "out"
    lm(capsys, "train", text_file, "--config", config_file(tmp_path), "--out", out)
    lines = ["9", "2", str(out), str(text_file), "3", str(out), "To", "0", "2", "nowhere", "", "4", str(out), "warm"]
    lines = iter([*lines, "4", str(out), "0", "To", "", "5"])
    monkeypatch.setattr("builtins.input", lambda _question: next(lines))
    code, printed, errors = lm(capsys)
    assert code == 0 and "bits per byte" in printed and "momem lm generate" in printed
    assert "no choice" in errors and "holds no language model" in errors and "invalid float value: 'warm'" in errors
    assert "momem lm chat" in printed and "Traceback" not in errors

    def end_of_input(_question):
        raise EOFError

    monkeypatch.setattr("builtins.input", end_of_input)
    assert lm(capsys)[0] == 0
    monkeypatch.setattr("builtins.input", lambda _question: b"\xff".decode())
    code, _, errors = lm(capsys)
    assert code == 2 and "no UTF-8 text" in errors


@pytest.mark.parametrize(
    "words",
    [
        ["train", "nowhere.txt"],
        ["train", "{empty}"],
        ["train", "{binary}"],
        ["train", "{short}"],
        ["train", "{text}", "--config", "nowhere.json"],
        ["train", "{text}", "--config", "{binary}"],
        ["train", "{text}", "--config", "{bad_config}"],
        ["train", "{text}", "--minutes", "0"],
        ["train", "{text}", "--minutes", "nan"],
        ["train", "{text}", "--minutes", "soon"],
        ["train", "{text}", "--seed", "-1"],
        ["train", "{text}", "--test", "nowhere.txt"],
        ["train", "{text}", "--test", "{empty}"],
        ["train", "{text}", "--test", "{binary}"],
        ["train", "{text}", "--device", "tpu"],
        ["train", "{text}", "--out", "{empty}"],
        ["train", "--resume"],
        ["train", "{text}", "--resume"],
        ["train", "--resume", "--profile", "full"],
        ["train", ""],
        ["test", "nowhere"],
        ["test", "{model}", "nowhere.txt"],
        ["test", "{model}", "{empty}"],
        ["generate", "{model}"],
        ["generate", "{model}", "half a letter \udcff"],
        ["generate", "nowhere", "To be"],
        ["generate", "{model}", "To be", "--temperature", "-1"],
        ["generate", "{model}", "To be", "--top-k", "0"],
        ["generate", "{model}", "To be", "--top-p", "2"],
        ["generate", "{model}", "To be", "--tokens", "-1"],
        ["generate", "{model}", "To be", "--seed", "-1"],
        ["generate", "{broken}", "To be"],
        ["chat", "nowhere"],
        ["sing"],
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(capsys, tmp_path, text_file, words):
    places = {"text": text_file, "empty": tmp_path / "empty.txt", "binary": tmp_path / "binary.txt"}
    places |= {"short": tmp_path / "short.txt", "bad_config": tmp_path / "bad.json", "model": tmp_path / "model"}
    places |= {"broken": tmp_path / "broken"}
    places["empty"].write_bytes(b"")
    places["binary"].write_bytes(b"\0\1\2")
    places["short"].write_text("short", encoding="utf-8")
    places["bad_config"].write_text('{"embedding_dim": 7}', encoding="utf-8")
    if "{model}" in words or "{broken}" in words:
        for name in ("model", "broken"):
            LanguageModel(small_model(), BPETokenizer(), card_of(small_model())).save(places[name])
        (places["broken"] / "tokenizer.json").write_text(BPETokenizer.train("a b a b", 257).to_json(), encoding="utf-8")
    arguments = [word.format(**places) for word in words]
    out = [] if "--out" in words or words[0] != "train" else ["--out", tmp_path / "out"]
    code, _, errors = lm(capsys, *arguments, *out)
    assert code == 2 and errors.strip() and "Traceback" not in errors


def card_of(model: Transformer) -> dict:
    from momem_lib.lm.model import NAME, tokenizer_card
    from momem_lib.nn.checkpoints import model_card

    return model_card(model, NAME) | {"tokenizer": tokenizer_card(BPETokenizer())}


def test_save_and_load_give_the_same_model(tmp_path):
    model = LanguageModel(small_model(), BPETokenizer(), card_of(small_model()))
    again = LanguageModel.load(model.save(tmp_path), "cpu")
    assert model.generate("To be") == again.generate("To be") and again.tokenizer.vocab_size == 256


def test_a_run_killed_at_any_step_resumes_to_the_same_weights(tmp_path, text_file):
    """kill -9 in the middle, then --resume: bit for bit the weights, history and log of an uninterrupted run."""
    config = config_file(tmp_path, max_global_steps=100, checkpoint_steps=10)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(lm_runs.GENERATED.parent.parent)}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    words = [sys.executable, "-m", "momem_lib.cli", "lm", "train"]
    fresh = [str(text_file), "--config", str(config), "--device", "cpu", "--out"]
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*words, *fresh, str(broken)], **quiet)
    state = broken / "language_model.train.safetensors"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if state.is_file() and state.with_name("log.csv").is_file():
            if load_tensors(state)[1]["progress"]["step"] >= 10:
                break
        time.sleep(0.05)
    time.sleep(0.07)  # somewhere between two checkpoints
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert process.wait() != 0
    assert 0 < load_tensors(state)[1]["progress"]["step"] < 100
    subprocess.run([*words, "--resume", "--device", "cpu", "--out", str(broken)], check=True, **quiet)
    subprocess.run([*words, *fresh, str(whole)], check=True, **quiet)
    for name in ("language_model.train.safetensors", "language_model.safetensors"):
        ours, theirs = (load_tensors(folder / name)[0] for folder in (broken, whole))
        assert set(ours) == set(theirs) and all(torch.equal(ours[key], theirs[key]) for key in ours)
    cards = [load_tensors(folder / state.name)[1]["progress"]["history"] for folder in (broken, whole)]
    timeless = [[{k: v for k, v in row.items() if "second" not in k} for row in history] for history in cards]
    assert timeless[0] == timeless[1]


def test_ctrl_c_saves_and_says_how_to_resume(tmp_path, text_file):
    config = change(LMConfig(), SMALL, "here")
    tokens = corpus.write_tokens(BPETokenizer(), [text_file], tmp_path / "tokens.bin")

    def interrupt(_history):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(TrainingStopped, match="--resume"):
        train(
            config, tokens[:-100], tokens[-100:], BPETokenizer(), tmp_path, "cpu", show=False, on_checkpoint=interrupt
        )
    trained = train(config, tokens[:-100], tokens[-100:], BPETokenizer(), tmp_path, "cpu", resume=True, show=False)
    assert trained.history[-1]["step"] == 12


def test_the_shipped_model_is_small_and_foresees_text_about_python():
    path = CHECKPOINTS / "language_model.safetensors"
    assert path.stat().st_size <= 5_000_000
    model = LanguageModel.load(CHECKPOINTS, "cpu")
    text = "Return the number of elements in the list. If the key is not found, raise a KeyError.\n"
    assert model.evaluate(text).bits_per_byte < 3
    assert model.generate("Return the ", seed=1, tokens=20)


@pytest.mark.parametrize(
    "given",
    [
        *({"prompt": prompt} for prompt in (None, 5, ["a"], "\ud800")),
        *({"seed": seed} for seed in (None, "1", 1.5, True, -1)),
        *({"tokens": tokens} for tokens in (None, "3", 1.5, True, -1)),
        *({"temperature": heat} for heat in (None, "hot", True, -1)),
        *({name: value} for name in ("top_k", "top_p") for value in (0, "x", True)),
    ],
)
def test_what_is_no_prompt_seed_or_number_is_refused_in_a_sentence(given):
    with pytest.raises(InputError, match=r"expected|half of a surrogate"):
        LanguageModel(small_model(), BPETokenizer()).generate(**{"prompt": "To be", "tokens": 2} | given)


def test_what_is_no_text_cannot_be_measured():
    for wrong in (None, 5, ["a", "b"]):
        with pytest.raises(InputError, match="a text was expected"):
            LanguageModel(small_model(), BPETokenizer()).evaluate(wrong)
    with pytest.raises(InputError, match="the seeds are"):
        LanguageModel(small_model(), BPETokenizer()).samples("To be", "12", tokens=1)
