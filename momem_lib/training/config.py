"""The settings of a training run: a profile is a JSON file, its flat keys are checked."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import torch

from momem_lib.data.rows import SynthesisConfig
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.blocks import ModelConfig
from momem_lib.project import PROFILES, InputError
from momem_lib.settings import change, check, choice, number, read_changes


@dataclass(frozen=True)
class RunConfig:
    """What every training run depends on, beside its model and its data."""

    model_lr: float = number(2e-3, 1e-9, 1.0)  # highest learning rate of AdamW
    muon_lr: float = number(0.0, 0.0, 1.0)  # highest rate of Muon, which then trains the hidden matrices; 0: no Muon
    warmup_steps: int = number(100, 0, 10**9)  # steps over which the rate rises from 0
    lr_schedule: str = choice("cosine", "cosine", "linear")  # the way down, after the warm-up
    lr_gamma: float = number(0.1, 0.0, 1.0)  # where the rate ends, of the highest; step decay: factor per lr_steps
    lr_steps: int = number(0, 0, 10**9)  # steps between two decays; 0 takes lr_schedule instead
    weight_decay: float = number(0.01, 0.0, 10.0)  # of the matrices; vectors are not decayed
    clip_norm: float = number(1.0, 1e-9, 1e9)  # longest gradient, as a norm over all parameters
    batch_size: int = number(64, 1, 10**6)  # rows, or windows of text, per step
    max_global_steps: int = number(1000, 1, 10**9)  # steps in all
    checkpoint_steps: int = number(200, 1, 10**9)  # steps between two checkpoints, each with a validation and a sample
    average_decay: float = number(0.998, 0.0, 1.0)  # for use is a moving average over about 1 / (1 - this) steps
    precision: str = choice("auto", "auto", "float32", "bfloat16")  # auto: where it is quicker, see in_bfloat16
    seed: int = number(0, 0, 2**31 - 1)  # of weights, order and dropout

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, in a sentence."""
        check(self)


@dataclass(frozen=True)
class TrainConfig(RunConfig):
    """Everything that the training of a module depends on; in a JSON file and on a card, its parts' keys stand flat."""

    choice_loss: float = number(0.0, 0.0, 100.0)  # weight of the choice of the fact, see trainer.choice_loss
    validation_rows: int = number(256, 1, 10**6)  # rows that exact match is measured on at each checkpoint
    model: ModelConfig = field(default=ModelConfig(copy_from="prompt"))
    data: SynthesisConfig = field(default=SynthesisConfig())  # of the rows to make when no dataset is given

    def __post_init__(self) -> None:
        """Refuse what cannot be trained, in a sentence."""
        super().__post_init__()
        if (size := self.model.vocab_size) < TOKENIZER.vocab_size:
            raise InputError(f"vocab_size is {size}; {TOKENIZER.vocab_size} or more was expected, as the tokenizer has")


WIDE = 96  # numbers per token from which on a processor gains more by bfloat16 than the conversions cost


def in_bfloat16(config: RunConfig, device: torch.device) -> bool:
    """Whether training multiplies matrices in bfloat16: where asked for; by "auto", where the device is quicker so.

    Those are GPUs, and x86 processors with the instructions avx512_bf16 or amx_bf16 unless the model is narrow: on one
    of the former a step of Module 2 took 0.77 s instead of 1.21. Other processors imitate it, and are slower for it.
    Weights and optimizers stay in float32 either way (Micikevicius et al. 2018, arXiv:1710.03740, section 3.1), and so
    does all use of a model.

    Example:
        >>> in_bfloat16(TrainConfig(precision="bfloat16"), torch.device("cpu"))
        True
        >>> in_bfloat16(TrainConfig(model=ModelConfig(embedding_dim=64)), torch.device("cpu"))
        False
    """
    if config.precision != "auto":
        return config.precision == "bfloat16"
    if device.type != "cpu":
        return device.type == "cuda"
    known = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of PyTorch do not tell
    return config.model.embedding_dim >= WIDE and bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def check_task(config: TrainConfig, task: str, where: str) -> TrainConfig:
    """A module that reads a source needs an encoder, and one that reads none must not have one."""
    if ((blocks := config.model.num_encoder_blocks) > 0) != (task != "ner"):
        wanted = "0 for ner, which is decoder-only" if task == "ner" else f"1 or more: {task} reads with an encoder"
        raise InputError(f"{where}: num_encoder_blocks is {blocks}; it must be {wanted}")
    if config.choice_loss and not config.model.points:
        needed = "source_reading fields, copy_from source, ngram_rows above 0"
        raise InputError(f"{where}: choice_loss {config.choice_loss:g} needs a model that points at a fact ({needed})")
    return config


def read_config(task: str, profile: str = "quick", path: str | Path | None = None) -> TrainConfig:
    """The config of a profile, with a file of the reader's own laid over it.

    data/profiles/TASK.json holds the full profile, and what the quick one has otherwise.
    """
    file = PROFILES / f"{task}.json"
    recipe = read_changes(file)
    changes = recipe["full"] | (recipe["quick"] if profile == "quick" else {})
    config = change(TrainConfig(), changes, f"the config file {file}")
    if path is not None:
        config = change(config, read_changes(path), f"the config file {path}")
    return check_task(config, task, f"the config file {path}")


def learning_rate(config: RunConfig, step: int) -> float:
    """The rate at a step: warm-up, then a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983), a line, or steps.

    The line goes straight to the end (Bergsma et al. 2025, arXiv:2502.15938).

    Example:
        >>> config = RunConfig(model_lr=1.0, warmup_steps=10, max_global_steps=110, lr_gamma=0.1)
        >>> [round(learning_rate(config, step), 2) for step in (0, 9, 35, 60, 110)]
        [0.1, 1.0, 0.87, 0.55, 0.1]
        >>> round(learning_rate(change(config, {"lr_schedule": "linear"}, "here"), 35), 3)
        0.775
    """
    if step < config.warmup_steps:
        return config.model_lr * (step + 1) / config.warmup_steps
    if config.lr_steps:
        return config.model_lr * config.lr_gamma ** (step // config.lr_steps)
    progress = min(1.0, (step - config.warmup_steps) / max(1, config.max_global_steps - config.warmup_steps))
    left = 1 - progress if config.lr_schedule == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
    return config.model_lr * (config.lr_gamma + (1 - config.lr_gamma) * left)
