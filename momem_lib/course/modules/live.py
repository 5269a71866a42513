"""The trained modules in the course: a short live training of each (or the full one, on a GPU), and how fast it was."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import torch
from torch import Tensor

from momem_lib.course.modules.judging import course_rows
from momem_lib.course.shared.anatomy import counted_flops
from momem_lib.data.tasks import Task, task_named
from momem_lib.nn.checkpoints import hardware, pick_device
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.settings import change
from momem_lib.training.batches import TokenSet, batch_stream, tokenize
from momem_lib.training.config import TrainConfig, check_task, in_bfloat16, read_config
from momem_lib.training.datasets import training_rows
from momem_lib.training.loop import fit
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
        window = config.model.context_window
        fitting = (row for row in validation if task.texts(row) and len(tokenize(task, [row], window)))
        return CourseData(task, tokenize(task, train, longest), list(islice(fitting, config.validation_rows)))
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
    matches: list[tuple[int, float]] = field(default_factory=list)  # step, share of unseen rows written exactly
    seconds: float = 0.0  # of training steps; measuring is not counted
    tokens: int = 0  # read in training, padding not counted
    padded: int = 0  # the same, padding counted: so much was computed
    flops_per_token: float = 0.0  # of a training step, per token, padding counted


def train_live(config: TrainConfig, data: CourseData, device: str = "auto", show: bool = True) -> LiveRun:
    """Train a fresh module for config.max_global_steps, and measure exact match every config.checkpoint_steps.

    Args:
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
    latest = []

    def batches() -> Iterator[tuple[Inputs, Tensor]]:
        for batch in batch_stream(data.tokens, config.batch_size, config.seed, trainer.device):
            real, padded = token_counts(batch[0])
            run.tokens, run.padded, latest[:] = run.tokens + real, run.padded + padded, [batch[0]]
            yield batch

    def measure(trainer: Trainer) -> None:
        run.matches.append((trainer.step, run.module.exact_match(data.rows)[0]))

    run.losses = fit(trainer, batches(), partial(module_loss, choice=config.choice_loss), config.max_global_steps,
                     config.checkpoint_steps, measure, desc=f"train {data.task.name}", disable=not show)  # fmt: skip
    run.seconds = trainer.seconds
    run.flops_per_token = counted_flops(trainer.model, latest[0], backward=True) / token_counts(latest[0])[1]
    return run


def token_counts(inputs: Inputs) -> tuple[int, int]:
    """How many tokens a batch holds: without and with its padding."""
    masks = [mask for mask in (inputs.source_mask, inputs.prompt_mask, inputs.target_mask) if mask is not None]
    return sum(int(mask.sum()) for mask in masks), sum(mask.numel() for mask in masks)


def matmul_peak(device: torch.device, half: bool = False, size: int | None = None) -> float:
    """The operations per second of one large matrix product, the best of five: what the device can do at most.

    Args:
        half: in bfloat16 instead of float32.

    Example:
        >>> matmul_peak(torch.device("cpu"), size=64) > 0
        True
    """
    gpu = device.type == "cuda"
    size, kind = size or (8192 if gpu else 1024), torch.bfloat16 if half else torch.float32
    left, right = (torch.randn(size, size, device=device).to(kind) for _ in range(2))
    best = float("inf")
    for _ in range(6):  # the first one wakes the device up
        begin = time.perf_counter()
        left @ right
        if gpu:
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best


def speed(run: LiveRun) -> dict[str, float]:
    """How fast a run was: seconds, tokens_per_second, flops_per_second, and the share of the device's matmul_peak.

    Counted are the matrix products of the model, forward and backward; what the optimizer computes is left out.
    """
    half = in_bfloat16(run.config, run.device)
    done = run.flops_per_token * run.padded / run.seconds
    share = done / matmul_peak(run.device, half)
    return {"seconds": run.seconds, "tokens_per_second": run.tokens / run.seconds,
            "flops_per_second": done, "share_of_peak": share}  # fmt: skip


def speed_words(run: LiveRun) -> str:
    """The same as a sentence for people."""
    fast = speed(run)
    return (
        f"{len(run.losses):,} steps in {fast['seconds']:.1f} s on {hardware(run.device)}: "
        f"{fast['tokens_per_second']:,.0f} tokens a second, {fast['flops_per_second'] / 1e9:,.1f} GFLOP/s, "
        f"{fast['share_of_peak']:.1%} of this device's matrix-multiply peak"
    )
