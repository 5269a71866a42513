"""The mean of several trained models."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import torch

from momem_lib.data.tasks import TASKS
from momem_lib.nn.checkpoints import load_model, save_model
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.training.batches import tokenize
from momem_lib.training.config import TrainConfig
from momem_lib.training.loop import fitting_rows
from momem_lib.training.trainer import validation_loss


def average(
    task_name: str, config: TrainConfig, paths: Sequence[Path], out: Path, validation_rows: Iterable[dict]
) -> dict:
    """Write the mean of several trained models of one shape, and measure it: a "model soup".

    Models that began with the same weights lie in one valley of the loss, and its middle is often lower than where
    either came to rest (Wortsman et al. 2022, arXiv:2203.05482, section 2). It costs nothing when the model is used.

    Args:
        config: of the last stage: how many rows to measure on. validation_rows: as in train.
        paths: two checkpoints or more. out: the .safetensors file to write.

    Returns:
        The card: that of the last model, with what was averaged and how good the mean is.

    Raises:
        InputError: fewer than two checkpoints, or models of different shapes.
    """
    task, loaded = TASKS[task_name], [load_model(path, "cpu", task_name) for path in paths]
    cards = [card for _, card in loaded]
    if len(paths) < 2 or any(card["model"] != cards[0]["model"] for card in cards):
        raise InputError("an average needs two checkpoints or more, all of the same module and shape")
    (model, _), card = loaded[-1], dict(cards[-1])
    with torch.no_grad():
        for same in zip(*(other.parameters() for other, _ in loaded), strict=True):  # model's own comes last
            same[-1].copy_(torch.stack(same).mean(dim=0))
    rows = list(islice(fitting_rows(task, validation_rows, config.model.context_window), config.validation_rows))
    match, pairs = Module(task, model).exact_match(rows)
    loss = validation_loss(model, tokenize(task, rows, config.model.context_window), torch.device("cpu"))
    card["averaged"] = [{"steps": each.get("steps"), "data": each.get("data")} for each in cards]
    card["metrics"] = {"exact_match": match, "validation_loss": loss, "validation_rows": len(pairs)}
    save_model(out, model, card)
    return card
