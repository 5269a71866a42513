"""Experiment (c) of notebook 12: half precision, two ways to blow up, and each cure alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from momem_lib.course.shared.symptoms import next_token_loss, toy_model, toy_text, toy_windows

HALF, BRAIN, FULL = torch.float16, torch.bfloat16, torch.float32


@dataclass(frozen=True)
class Recipe:
    """How a toy model is trained: each cure is one field."""

    optimizer: str  # sgd (with momentum 0.9) or adamw
    learning_rate: float
    warmup_steps: int = 0  # steps until the rate is reached; 0: none
    clip_norm: float = 0.0  # longest gradient; 0: any
    precision: torch.dtype = HALF  # of the products of matrices, forwards and backwards; weights stay in 32 bits


# The broken recipe of each optimizer, and what is changed in each cure.
BROKEN = {"SGD with momentum": Recipe("sgd", 0.5), "AdamW": Recipe("adamw", 0.5)}
CURES = {
    "nothing": {},
    "warm-up alone": {"warmup_steps": 30},
    "clipping alone": {"clip_norm": 0.5},
    "bfloat16 alone": {"precision": BRAIN},
    "float32 alone": {"precision": FULL},
    "warm-up and clipping": {"warmup_steps": 30, "clip_norm": 0.5},
}


def first_bad(losses: Sequence[float]) -> int | None:
    """The first step whose loss is no finite number, or None.

    Example:
        >>> first_bad([2.0, float("inf"), float("nan")]), first_bad([2.0])
        (1, None)
    """
    return next((step for step, loss in enumerate(losses) if not math.isfinite(loss)), None)


def train_in(recipe: Recipe, windows: Tensor, steps: int, seed: int = 0) -> list[float]:
    """Train a toy model by a recipe, with no guard: the loss of each step, up to the first that is NaN or infinite.

    A gradient that is NaN or infinite counts as a loss of NaN: one step with it, and all weights are NaN.

    Example:
        >>> len(train_in(Recipe("sgd", 0.01, precision=FULL), toy_windows(toy_text(20), 16), steps=2))
        2
    """
    model = toy_model(seed=seed).train()
    draw = torch.Generator().manual_seed(seed)
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=recipe.learning_rate, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate)
    losses: list[float] = []
    for step in range(steps):
        share = min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0
        optimizer.param_groups[0]["lr"] = recipe.learning_rate * share
        batch = windows[torch.randint(len(windows), (8,), generator=draw)]
        with torch.autocast("cpu", recipe.precision, enabled=recipe.precision != FULL):
            loss = next_token_loss(model, batch)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm or math.inf)
        losses.append(loss.item() if math.isfinite(norm) else math.nan)
        if not math.isfinite(losses[-1]):
            break
        optimizer.step()
    return losses


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
