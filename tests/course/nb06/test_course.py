"""What notebook 06 draws, turns and records: pictures, the sampling widget, and the runs behind its tables."""

import json
import subprocess
import sys

import numpy as np
import overfitting
import pytest
import torch
import torch.nn.functional as F

from momem_lib.course.nb06.ladder import Net, counted, early_stop, generate, optimizers_for, train
from momem_lib.course.nb06.plots import (
    OVERFITTING,
    SURPRISE,
    draw_overfitting,
    draw_ruler,
    draw_runs,
    draw_shift,
    draw_surprise,
    recorded_curves,
)
from momem_lib.course.nb06.widget import lm_widget, next_token_of, samples_html
from momem_lib.course.shared.charts import plot_losses
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.judging import RIGHT, judge
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.course.shared.sampling import bars, sampling_html
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import plan
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import scores
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import CHECKPOINTS, PROFILES
from momem_lib.settings import flat, read_changes

TEXT = "to be or not to be, né 王 " * 20


@pytest.fixture(scope="module")
def language_model():
    torch.manual_seed(0)
    tokenizer = BPETokenizer.train(TEXT, 262)
    config = ModelConfig(tokenizer.vocab_size, 16, 2, 32, num_decoder_blocks=1, context_window=32)
    return LanguageModel(Transformer(config).eval(), tokenizer)


def test_every_picture_is_drawn_and_tells_what_it_shows():
    curve = [[50, 4.0, 4.1], [100, 2.0, 3.0], [150, 1.0, 3.2], [200, 0.5, 3.5], [250, 0.4, 3.9]]
    history = [{"step": 1, "loss": 5.5}, {"step": 2, "loss": 5.0, "validation_loss": 5.1, "bits_per_byte": 7.0}]
    for words, figure in {
        "after to, ␣be is expected": draw_shift(["to", "␣be", "␣or", "$x$"]),
        "gzip 2.50": draw_ruler({"any byte": 8.0, "gzip": 2.5, "ours": 2.0}, ["ours"]),
        "the greatest: ␣王 9.0, b 3.0, a 1.0": draw_surprise(["a", "b", "␣王"], [1.0, 3.0, 9.0]),
        "20 KB: seen 0.40, unseen 3.90, its lowest 3.00": draw_overfitting({"20 KB": [curve], "200 KB": [curve]}),
        "AdamW 2.90, Muon 2.80": draw_runs({"AdamW": [2.9], "Muon": [2.75, 2.85]}),
        "ends at 5.00, on the validation text at 5.10": plot_losses(history),
    }.items():
        assert words in figure.get_label()
        assert len(png(figure)) > 2000


def test_the_picture_of_a_run_needs_no_widgets():
    program = "import sys; sys.modules['ipywidgets'] = None; "
    program += "from momem_lib.course.shared.charts import plot_losses; "
    program += "from momem_lib.course.shared.figures import png; png(plot_losses([{'step': 1, 'loss': 5.5}]))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_long_text_gets_several_lines_and_shades_stay_in_range():
    one, three = (draw_surprise(["word"] * count, [1.0] * count) for count in (5, 40))
    assert three.get_figheight() > 2 * one.get_figheight()
    assert SURPRISE(-1.0) == (1, 1, 1, 1) and SURPRISE(1.0) == SURPRISE(99.0)


def test_rates_fall_to_nothing_and_the_matrices_inside_go_to_muon():
    net = Net(8, 4, [torch.nn.Linear(4, 4)])
    adamw, muon = optimizers_for(net, steps=3, rate=0.3, muon_rate=0.03)
    assert [p.shape for p in muon.param_groups[0]["params"]] == [(4, 4)]
    assert {id(p) for o in (adamw, muon) for p in o.param_groups[0]["params"]} == set(map(id, net.parameters()))
    rates, tokens = [], torch.tensor([[1, 2, 3]])
    for _ in range(4):
        train(net, [(tokens, tokens)], [adamw, muon])
        rates.append((adamw.param_groups[0]["lr"], muon.param_groups[0]["lr"]))
    assert torch.tensor(rates).flatten().tolist() == pytest.approx([0.2, 0.02, 0.1, 0.01, 0, 0, 0, 0], abs=1e-6)
    assert len(optimizers_for(net, steps=3, muon_rate=0)) == 1


def test_the_loop_learns_what_can_be_known():
    torch.manual_seed(0)
    net, tokens = Net(8, 16, []), torch.arange(33)[None] % 8
    losses = train(net, [(tokens[:, :-1], tokens[:, 1:])] * 60, optimizers_for(net, 60, rate=0.05))
    assert losses[0] > 1.5 and losses[-1] < 0.1
    assert generate(net, torch.tensor([[3]]), 4, temperature=0.1)[0].tolist() == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("context", [b"", b"a", b"abracadab", b"zzzz", "王".encode()])
def test_counted_probabilities_are_probabilities(context):
    probs = counted(b"abracadabra", 3)(context)
    assert probs.shape == (256,) and (probs > 0).all() and probs.sum() == pytest.approx(1)


def drawn_by_distribution(model, tokens, count, temperature, window):
    for _ in range(count):
        scores = model(tokens[:, -window:])[:, -1]
        chosen = torch.distributions.Categorical(logits=scores / temperature).sample()
        tokens = torch.hstack([tokens, chosen[:, None]])
    return tokens


def stopped_by_a_count(losses, patience):
    best, waited = 0, 0
    for number in range(1, len(losses)):
        best, waited = (number, 0) if losses[number] < losses[best] else (best, waited + 1)
        if waited == patience:
            return np.array([number, best])
    return [len(losses) - 1, best]


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("06.1", lambda tokens, starts, length: [tokens.unfold(0, length, 1)[starts + shift] for shift in (0, 1)]),
        ("06.2", lambda scores, labels: F.cross_entropy(scores.transpose(1, 2), labels, reduction="none")),
        ("06.3", lambda nats, pieces: np.sum(nats) / np.log(2) / len(b"".join(pieces))),
        ("06.4", lambda tokens, size: (F.one_hot(tokens, size).sum(0) + 1) / (len(tokens) + size)),
        ("06.6", drawn_by_distribution),
        ("06.9", stopped_by_a_count),
    ],
)
def test_other_ways_are_right_too(id, answer, capsys):
    judge(id, answer)
    assert RIGHT[id], capsys.readouterr().out


def test_longer_contexts_help():
    text = TEXT.encode() * 3
    short, long = (counted(text, order)(b"to b")[ord("e")] for order in (0, 4))
    assert long > 0.9 > 0.3 > short


def test_the_bars_are_the_probabilities_of_the_model(language_model):
    probs = next_token_of(language_model)("to be")
    assert len(probs) == language_model.tokenizer.vocab_size and sum(probs.values()) == pytest.approx(1)
    expected = torch.softmax(scores(language_model.model, language_model.encode("to be"))[0, -1], dim=-1)
    rows = bars(probs, temperature=0.5, top_k=3)
    assert [bar.model for bar in rows] == pytest.approx(expected.sort(descending=True).values.tolist(), abs=1e-5)
    assert sum(bar.drawn for bar in rows) == pytest.approx(1) and sum(bar.drawn > 0 for bar in rows) == 3


def test_half_letters_can_be_read_on(language_model):
    probs = next_token_of(language_model)("n\udcc3")  # the first of the two bytes of an é
    assert sum(probs.values()) == pytest.approx(1) and "\udca9" in probs
    assert "seed 3" in samples_html(language_model, "n\udcc3", 1.0, None, None, 3, tokens=4)


def test_samples_stand_side_by_side_and_are_those_of_the_model(language_model):
    page = samples_html(language_model, "<b>", 1.0, None, None, 1, tokens=8)
    assert page.count("<strong>seed") == 3 and "<b>" not in page and "&lt;b&gt;" in page


def test_errors_become_a_sentence(language_model):
    assert "Temperature is -1" in rendered(samples_html, language_model, "to", -1, None, None, 1)
    broken = LanguageModel(language_model.model, None)
    assert "Something went wrong" in rendered(samples_html, broken, "to", 1.0, None, None, 1)


def test_the_widget_shows_bars_and_continuations(language_model):
    widget = lm_widget(language_model, "to be", temperature=1.0, seed=5)
    bars = sampling_html(next_token_of(language_model), "to be", 1.0, None, None, 10)
    assert widget.output.value == bars + samples_html(language_model, "to be", 1.0, None, None, 5)
    widget.top_k.value, widget.temperature.value = 3, 0.5
    assert f"3 of {language_model.tokenizer.vocab_size} tokens" in widget.output.value
    before = widget.output.value
    widget.seed.value = 6
    assert widget.output.value != before and "seed 8" in widget.output.value
    widget.one.click()
    assert widget.written and widget.written in next_token_of(language_model)("to be")
    widget.text.value = ""
    assert "seed 6" in widget.output.value and repr(widget) == SILENT


def test_the_shipped_model_is_small_and_writes():
    shipped = LanguageModel.load(CHECKPOINTS, "cpu")
    assert (CHECKPOINTS / "language_model.safetensors").stat().st_size <= 5_000_000
    assert shipped.card["metrics"]["bits_per_byte"] < 2.0
    assert len(shipped.generate("Return the ", tokens=10)) > 5


def test_the_profile_says_how_the_shipped_model_was_trained():
    card = LanguageModel.load(CHECKPOINTS, "cpu").card
    recipe = plan(card["data"]["bytes"], changes=read_changes(PROFILES / "language_model.json")).config
    assert {key: value for key, value in card["training"].items() if flat(recipe)[key] != value} == {}


def test_the_recorded_command_still_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(overfitting, "FILE", tmp_path / "curves.json")
    command = ["overfitting.py", "--seeds", "1", "--steps", "2", "--measured", "300", "--write"]
    monkeypatch.setattr(sys, "argv", command)
    overfitting.main()
    made = json.loads((tmp_path / "curves.json").read_text(encoding="utf-8"))
    assert {"command", "date", "hardware", "seeds"} <= set(made)
    assert list(made["rows"]) == list(overfitting.SETTINGS)
    assert len(capsys.readouterr().out.splitlines()) == len(made["rows"])


def test_recorded_curves_are_those_of_the_command_and_show_what_the_notebook_says():
    recorded, curves = json.loads(OVERFITTING.read_text(encoding="utf-8")), recorded_curves()
    assert recorded["command"].startswith("python tests/benchmarks/overfitting.py")
    assert list(curves) == list(overfitting.SETTINGS) and recorded["seeds"] >= 3
    assert all(len(runs) == recorded["seeds"] for runs in curves.values())
    for alone, more in zip(curves["20 KB"], curves["200 KB"], strict=True):
        unseen = [row[2] for row in alone]
        _, best = early_stop(unseen, patience=3)
        assert more[-1][2] < unseen[best] < unseen[-1]
