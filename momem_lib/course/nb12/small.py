"""Small models for notebook 12: a shape, a training loop that is watched, and what a model gets right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from momem_lib.data.tasks import TASKS
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.settings import change
from momem_lib.training.batches import batch_stream, tokenize
from momem_lib.training.config import TrainConfig, check_task
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer, module_loss

CPU = torch.device("cpu")
COPIES = {"ner": "prompt", "summary": "source", "response": "both"}
SMALL = {
    "model_lr": 2.5e-3, "muon_lr": 5e-3, "warmup_steps": 20, "lr_gamma": 0.1, "max_global_steps": 300, "batch_size": 32,
    "embedding_dim": 64, "num_heads": 4, "hidden_dim": 128, "num_decoder_blocks": 2, "context_window": 256,
    "longest_match": 8, "average_decay": 0.9, "precision": "float32",
}  # fmt: skip


@dataclass
class Watched:
    """A model that was trained, and how that went."""

    model: Transformer
    losses: list[float]  # nats per token, one a step
    seconds: float  # for training alone


def small_config(task: str, **changes) -> TrainConfig:
    """The settings of a small model for one module; changes overwrite them, each checked.

    Example:
        >>> small_config("ner", embedding_dim=32).model.num_encoder_blocks, small_config("summary").model.copy_from
        (0, 'source')
    """
    if task not in TASKS:
        raise InputError(f"no module {task!r}; one of {', '.join(TASKS)} was expected")
    shape = {"num_encoder_blocks": 0 if task == "ner" else 2, "copy_from": COPIES[task]}
    config = change(TrainConfig(), SMALL | shape | changes, "the laboratory")
    return check_task(config, task, "the laboratory")


def right_share(model: Transformer, task: str, rows: Sequence[dict]) -> float:
    """The share of rows that a model gets right, greedily: 0 to 1."""
    return Module(TASKS[task], model.eval()).exact_match(rows)[0]


def train_watched(
    task: str,
    config: TrainConfig,
    rows: Sequence[dict],
    prepare: Callable[[Trainer], None] | None = None,
    loss_of: Callable = module_loss,
) -> Watched:
    """Train a small model, and keep its losses.

    Args:
        prepare: changes the fresh trainer (other weights, another mask). loss_of: see Trainer.train_step.

    Example:
        >>> from momem_lib.course.nb12.rows import short_rows
        >>> config = small_config("ner", max_global_steps=2, embedding_dim=8, num_heads=1, hidden_dim=8)
        >>> len(train_watched("ner", config, short_rows(8)).losses)
        2
    """
    trainer = Trainer(config, CPU)
    if prepare is not None:
        prepare(trainer)
    batches = batch_stream(tokenize(TASKS[task], rows, config.model.context_window), config.batch_size, config.seed)
    losses = fit(trainer, batches, loss_of, config.max_global_steps, disable=True)
    return Watched(trainer.model.eval(), losses, trainer.seconds)
