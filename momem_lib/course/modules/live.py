"""The trained modules in the course: a short live training of each (or the full one, on a GPU), and how fast it was."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch

from momem_lib.course.modules.judging import course_rows
from momem_lib.data.tasks import Task, task_named
from momem_lib.nn.checkpoints import pick_device
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.settings import change
from momem_lib.training.batches import TokenSet, batch_stream, tokenize
from momem_lib.training.config import TrainConfig, check_task, read_config
from momem_lib.training.datasets import training_rows
from momem_lib.training.loop import fit, fitting_rows
from momem_lib.training.trainer import Trainer, module_loss

# What makes a profile small enough to be trained while somebody watches.
LIVE = {
    "embedding_dim": 64, "num_heads": 4, "hidden_dim": 256, "num_decoder_blocks": 2, "ngram_rows": 2048,
    "batch_size": 32, "warmup_steps": 20, "average_decay": 0.95, "model_lr": 4e-3, "muon_lr": 8e-3,
    "num_datapoints": 8_000, "data_window": 192, "validation_rows": 64, "noise_share": 0.05, "max_global_steps": 150,
}  # fmt: skip
TINY = {"embedding_dim": 32, "hidden_dim": 128, "batch_size": 16, "model_lr": 6e-3, "muon_lr": 12e-3}
LIVE_SHAPES = {
    "ner": TINY | {"data_window": 128, "max_global_steps": 200},  # so short a text needs no more
    "summary": {"num_encoder_blocks": 1},
    "response": {"num_encoder_blocks": 1},
}
MEASUREMENTS = 5  # of exact match, in one live training


def course_config(
    task_name: str, profile: str = "quick", steps: int | None = None, seed: int = 0, **changes
) -> TrainConfig:
    """The settings of a live training: a small model and few steps, or, with profile "full", the full recipe.

    Args:
        steps: of the live training; the full recipe has its own number of them. changes: other keys of TrainConfig.

    Raises:
        InputError: an unknown task, profile or key.

    Example:
        >>> course_config("ner", steps=60).max_global_steps, course_config("ner", "full", 60).max_global_steps > 60
        (60, True)
    """
    task_named(task_name)
    if profile not in ("quick", "full"):
        raise InputError(f"profile is {profile!r}; quick or full was expected")
    if profile == "quick":
        changes = LIVE | LIVE_SHAPES[task_name] | ({"max_global_steps": steps} if steps else {}) | changes
        changes = {"checkpoint_steps": max(1, changes["max_global_steps"] // MEASUREMENTS)} | changes
    where = "the live training"
    config = change(read_config(task_name, profile), {"seed": seed} | changes, where)
    return check_task(config, task_name, where)


@dataclass
class CourseData:
    """What a live training learns from, and what it is measured on."""

    task: Task
    tokens: TokenSet  # training rows, as tokens
    rows: list[dict]  # rows of the validation split: names and values that are not trained on


def course_data(task_name: str, config: TrainConfig, profile: str = "quick") -> CourseData:
    """The data of a live training: made on the spot, or, with profile "full", the dataset of the full recipe.

    Example:
        >>> data = course_data("ner", course_config("ner", num_datapoints=20, validation_rows=5))
        >>> len(data.tokens), len(data.rows)
        (20, 5)
    """
    task, longest = task_named(task_name), config.data.context_window
    if profile == "full":
        train, validation, _ = training_rows(config)
        return CourseData(task, tokenize(task, train, longest), fitting_rows(task, validation, config))
    shares = {key: share for key, share in vars(config.data).items() if key.endswith("_share")}
    rows = course_rows(task_name, config.data.num_datapoints, "train", config.seed, longest=longest, **shares)
    unseen = course_rows(task_name, config.validation_rows, "validation", config.seed, longest=longest)
    return CourseData(task, tokenize(task, rows, longest), unseen)


@dataclass
class LiveRun:
    """A training that was watched: what it made, and how it went."""

    module: Module  # its weights are the moving average, for use
    config: TrainConfig
    device: torch.device
    losses: list[float] = field(default_factory=list)  # nats per token, one number a step
    matches: list[tuple[int, object]] = field(default_factory=list)  # step, share of unseen rows written exactly, say
    seconds: float = 0.0  # of training steps; measuring is not counted


def train_live(
    config: TrainConfig,
    data: CourseData,
    device: str = "auto",
    show: bool = True,
    watch: Callable[[Module], object] | None = None,
) -> LiveRun:
    """Train a fresh module for config.max_global_steps, and measure exact match every config.checkpoint_steps.

    Args:
        watch: what is measured in place of exact match.
        show: whether to draw a progress bar.

    Raises:
        TrainingStopped: the loss became NaN.

    Example:
        >>> config = course_config("ner", steps=2, batch_size=2, num_datapoints=8, validation_rows=2)
        >>> run = train_live(config, course_data("ner", config), "cpu", show=False)
        >>> len(run.losses), [step for step, _ in run.matches]
        (2, [1, 2])
    """
    trainer = Trainer(config, pick_device(device))
    run = LiveRun(Module(data.task, trainer.average), config, trainer.device)

    def measure(trainer: Trainer) -> None:
        run.matches.append((trainer.step, watch(run.module) if watch else run.module.exact_match(data.rows)[0]))

    batches = batch_stream(data.tokens, config.batch_size, config.seed, trainer.device)
    run.losses = fit(trainer, batches, partial(module_loss, choice=config.choice_loss), config.max_global_steps,
                     config.checkpoint_steps, measure, desc=f"train {data.task.name}", disable=not show)  # fmt: skip
    run.seconds = trainer.seconds
    return run
