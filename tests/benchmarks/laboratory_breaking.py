"""Experiments (a) and (b) of notebook 12: two masks, and half precision; the notebook shows both live, in few steps."""

from collections.abc import Sequence
from dataclasses import replace

from momem_lib.course.nb12 import (
    CURES,
    PADDED,
    Recipe,
    first_bad,
    found_padded,
    may_look,
    pad_to_pad,
    short_rows,
    train_in,
    train_masked,
)
from momem_lib.course.shared import toy_text, toy_windows

# The broken recipe of each optimizer.
BROKEN = {"SGD with momentum": Recipe("sgd", 0.5), "AdamW": Recipe("adamw", 0.5)}
# The two masks.
RULES = {"right mask": may_look, "pad-to-pad mask": pad_to_pad}


def mask_experiment(
    steps: int = 120, seeds: Sequence[int] = (0, 1, 2), lengths: Sequence[int] = (0, 40, PADDED, 96),
    exam_rows: int = 40,
) -> dict:  # fmt: skip
    """(a): losses in training, and the share of unseen names found, by the length that questions are padded to."""
    rows, exam, runs = short_rows(4000), short_rows(exam_rows, "test", seed=1), []
    for seed in seeds:
        for mask, rule in RULES.items():
            done = train_masked(rule, steps, seed, rows)
            exact = [round(found_padded(done.model, exam, length), 4) for length in lengths]
            losses = [round(loss, 4) for loss in done.losses]
            runs.append({"mask": mask, "seed": seed, "exact": exact, "losses": losses})
    return {"lengths": list(lengths), "padded": PADDED, "steps": steps, "runs": runs}


def precision_experiment(steps: int = 50, seeds: Sequence[int] = (0, 1, 2)) -> dict:
    """(b): each optimizer's broken recipe, and each cure alone: the losses, and the first step that is no number."""
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
