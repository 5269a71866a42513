"""Experiments (b) and (c) of notebook 12: two masks, and half precision; the notebook shows both live, in few steps."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from momem_lib.course.nb12 import (
    CURES,
    PADDED,
    PadToPad,
    Recipe,
    first_bad,
    padded,
    short_rows,
    train_in,
    train_masked,
)
from momem_lib.course.shared import toy_text, toy_windows
from momem_lib.data import TASKS, TOKENIZER
from momem_lib.nn import Module, Transformer, generate

# The broken recipe of each optimizer.
BROKEN = {"SGD with momentum": Recipe("sgd", 0.5), "AdamW": Recipe("adamw", 0.5)}


@torch.inference_mode()
def right_with_padding(model: Transformer, exam: Sequence[dict], length: int) -> float:
    """The share of names found when every question is padded to a length; 0: each question alone, without any."""
    right = 0
    for begin in range(0, len(exam), 32 if length else 1):
        some = exam[begin : begin + (32 if length else 1)]
        inputs = padded(Module(TASKS["ner"], model).inputs([row["question"] for row in some]), length)
        written = generate(model, inputs, TOKENIZER.id("</tag>"), 30)
        right += sum(result.text == row["name"] for row, result in zip(some, written, strict=True))
    return right / len(exam)


def mask_experiment(
    steps: int = 120, seeds: Sequence[int] = (0, 1), lengths: Sequence[int] = (0, 40, PADDED, 96),
    exam_rows: int = 40,
) -> dict:  # fmt: skip
    """Losses in training, and the share of unseen names found, by the length that questions are padded to."""
    rows, exam = short_rows(4000), short_rows(exam_rows, "test", seed=1)
    results: dict = {"lengths": list(lengths), "padded": PADDED, "steps": steps, "runs": []}
    for seed in seeds:
        for kind in (Transformer, PadToPad):
            done = train_masked(kind, steps, seed, rows)
            exact = [right_with_padding(done.model, exam, length) for length in lengths]
            results["runs"].append(
                {
                    "mask": kind.__name__,
                    "seed": seed,
                    "exact": exact,
                    "losses": [round(loss, 4) for loss in done.losses],
                }
            )
    return results


def precision_experiment(steps: int = 50, seeds: Sequence[int] = (0, 1, 2)) -> dict:
    """(c): each optimizer's broken recipe, and each cure alone: the losses, and the first step that is no number."""
    windows, runs = toy_windows(toy_text()), []
    for optimizer, recipe in BROKEN.items():
        for cure, change in CURES.items():
            for seed in seeds:
                losses = train_in(replace(recipe, **change), windows, steps, seed)
                bad = first_bad(losses)
                kept = [round(loss, 3) for loss in losses[:bad]]
                runs.append({"optimizer": optimizer, "cure": cure, "seed": seed, "bad": bad, "losses": kept})
    rates = {name: recipe.learning_rate for name, recipe in BROKEN.items()}
    return {"steps": steps, "rates": rates, "runs": runs}
