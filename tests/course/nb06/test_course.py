"""What notebook 06 draws, turns and records: pictures, the sampling widget, and the runs behind its tables."""

import json
import subprocess
import sys

import lm_ablations
import pytest
import torch

from momem_lib.course.nb06.plots import (
    SURPRISE,
    draw_ablations,
    draw_overfitting,
    draw_ruler,
    draw_shift,
    draw_surprise,
    stopped_at,
)
from momem_lib.course.nb06.widget import lm_widget, next_token_of, samples_html
from momem_lib.course.shared.charts import Bar, draw_sampling, plot_losses
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.course.shared.sampling import bars, sampling_html
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import change, plan
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import scores
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import CHECKPOINTS, PROFILES, RESULTS
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
        "20 KB: seen 0.40, unseen 3.90, its lowest 3.00": draw_overfitting({"20 KB": curve, "200 KB": curve[:2]}),
        "heads: 1 2.90, 2 2.80": draw_ablations({"heads": {"1": [2.9], "2": [2.75, 2.85]}, "x": {"y": [3.0]}}),
        "T = 1: ␣a 60%, $b$ 40%": draw_sampling({"T = 1": [Bar(" a", 0.5, 0.6), Bar("$b$", 0.4, 0.4)]}),
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


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [
        ([3.0, 2.0, 2.5, 2.4, 1.0], 2, (3, 1)),
        ([3.0, 2.0, 1.0], 1, (2, 2)),
        ([2.0, 2.0, 2.0], 2, (2, 0)),
        ([1.0], 3, (0, 0)),
    ],
)
def test_early_stopping_keeps_the_best(losses, patience, expected):
    assert stopped_at(losses, patience) == expected


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


def test_every_setting_can_be_trained():
    for settings in lm_ablations.QUESTIONS.values():
        for changes in settings.values():
            change(lm_ablations.BASE, {key: value for key, value in changes.items() if key != "bytes"}, "here")


@pytest.mark.parametrize("question", ["overfitting", "clipping"])
def test_the_recorded_command_still_runs(question, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lm_ablations, "RESULTS", tmp_path)
    command = ["lm_ablations.py", question, "--seeds", "1", "--steps", "2", "--measured", "300", "--write"]
    monkeypatch.setattr(sys, "argv", command)
    lm_ablations.main()
    made = json.loads((tmp_path / f"06_{question}.json").read_text(encoding="utf-8"))
    assert {"command", "date", "hardware", "seed"} <= set(made)
    assert set(made["rows"]) == set(lm_ablations.QUESTIONS[question])
    assert len(capsys.readouterr().out.splitlines()) == len(made["rows"])
    monkeypatch.setattr(sys, "argv", [*command, "--go-on"])
    lm_ablations.main()
    assert capsys.readouterr().out == ""  # nothing is left to do


@pytest.mark.parametrize("question", lm_ablations.QUESTIONS)
def test_recorded_results_are_those_of_the_command(question):
    recorded = json.loads((RESULTS / f"06_{question}.json").read_text(encoding="utf-8"))
    assert recorded["command"].startswith(f"python tests/benchmarks/lm_ablations.py {question}")
    assert {"date", "hardware", "seed"} <= set(recorded)
    assert list(recorded["rows"]) == list(lm_ablations.QUESTIONS[question])
    for runs in recorded["rows"].values():
        assert len(runs) == recorded["seeds"] and all(0 < run["unseen"] < 8 for run in runs)
