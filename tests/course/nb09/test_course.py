"""What notebook 09 rests on: how a field is chosen, measured and drawn; the recorded commands still run."""

import json
import subprocess
import sys

import pytest
import torch
from field_choice import measure_choice

from momem_lib.course.nb09.field_choice import CHANCE, draw_field_choice
from momem_lib.data.tasks import TASKS
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import RESULTS, ROOT, InputError
from momem_lib.training.batches import tokenize

TINY = ModelConfig(embedding_dim=8, num_heads=1, num_encoder_blocks=1, num_decoder_blocks=1, copy_from="source")


def rows(count):
    """Rows about one person."""
    text = "Name: Jo; Occupation: Nurse; Lives in: Oslo;"
    return [{"question": "Where?", "name": None, "content": text, "summary": "Lives in: Oslo"}] * count


def test_copying_and_generating_are_told_apart():
    tokens = tokenize(TASKS["summary"], rows(2), 99)
    model = Transformer(TINY)
    for bias, low, high in ((-20.0, 0.0, 0.001), (20.0, 0.999, 1.0)):  # the gate shut, and wide open
        with torch.no_grad():
            model.copy.gate.bias.fill_(bias)
        assert low <= measure_choice(model, tokens)["copied"] <= high


def test_measuring_does_not_depend_on_the_batch():
    torch.manual_seed(0)
    tokens, model = tokenize(TASKS["summary"], rows(3), 99), Transformer(TINY)
    assert measure_choice(model, tokens, batch_size=1) == pytest.approx(measure_choice(model, tokens), rel=1e-4)


def test_the_recorded_choice_can_be_drawn():
    recorded = json.loads((RESULTS / "09_field_choice.json").read_text(encoding="utf-8"))
    assert {"command", "date", "hardware", "seed", "runs"} <= set(recorded)
    assert recorded["command"].startswith("python tests/benchmarks/field_choice.py")
    label = draw_field_choice(recorded["runs"]).get_label()
    assert all(name in label for name in list(recorded["runs"])[:3])
    best, without = (recorded["runs"][name]["curve"][-1] for name in list(recorded["runs"])[:2])
    assert best["mixture"] < CHANCE and best["generator"] < without["generator"] / 10  # what the notebook says of them


def test_nothing_recorded_is_told_in_a_sentence():
    with pytest.raises(InputError, match="no run was recorded"):
        draw_field_choice({})


def test_the_recorded_command_still_runs():
    sizes = ["--steps", "1", "--every", "1", "--rows", "40", "--few", "2", "--runs", "label letters weighted instead"]
    command = [sys.executable, "tests/benchmarks/field_choice.py", *sizes]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "label letters weighted instead" in run.stdout
