"""The settings of a training run: a profile is a JSON file, its keys are checked."""

import math
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch

from momem_lib.nn.blocks import ModelConfig
from momem_lib.project import PROFILES, InputError, parse_json, read_text


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a training run depends on. A profile is a JSON file with some of these keys."""

    model_lr: float = 2e-3  # highest learning rate of AdamW
    muon_lr: float = 0.0  # highest learning rate of Muon, which then trains the hidden matrices; 0: AdamW trains all
    warmup_steps: int = 100  # steps over which the rate rises from 0
    lr_schedule: str = "cosine"  # the way down, after the warm-up: a cosine, or linear
    lr_gamma: float = 0.1  # the rate ends at this share of the highest; step decay: factor per lr_steps
    lr_steps: int = 0  # steps between two decays; 0 takes lr_schedule instead
    weight_decay: float = 0.01  # of the matrices; vectors are not decayed
    clip_norm: float = 1.0  # longest gradient, as a norm over all parameters
    batch_size: int = 64  # rows per step
    max_global_steps: int = 1000  # steps in all
    checkpoint_steps: int = 200  # steps between two checkpoints, each with a validation and a sampled answer
    average_decay: float = 0.998  # the shipped weights are a moving average over about 1 / (1 - this) steps
    choice_loss: float = 0.0  # weight of the generator's own loss on the label of a summary, see trainer.choice_loss
    precision: str = "auto"  # float32, bfloat16, or auto: bfloat16 where it is quicker, see in_bfloat16
    seed: int = 0  # of weights, order and dropout
    num_datapoints: int = 40_000  # rows of training text to synthesise when no dataset is given
    data_window: int = 512  # bytes: longer rows are not trained on (the model reads up to context_window)
    noise_share: float = 0.4  # of the synthesised questions: random words around a name instead of a phrasing
    unanswerable_share: float = 0.2  # of the synthesised questions: nobody can answer them, or this record cannot
    short_share: float = 0.0  # of the synthesised records: values of a few letters, for practice in questions
    label_share: float = 0.08  # of the synthesised records: values with ';', ':' or another field's label in them
    name_case_share: float = 0.06  # of the synthesised questions: the name in lower case or in capitals
    typo_share: float = 0.06  # of the synthesised questions: a slip in the words around the name
    blend_share: float = 0.0  # of the synthesised people: names blended anew, no list to learn by heart
    odd_share: float = 0.0  # of the synthesised people: names with a word that no list of names holds
    final_s_share: float = 0.0  # of the synthesised people: names that end in s
    keyword_share: float = 0.0  # of the synthesised people: names with a word that gives a field away elsewhere
    prob_threshold: float = 0.7  # chance that the characters of a list entry stay unshuffled
    data_seed: int = 0  # of the synthesised rows
    hardest_share: float = 1.0  # of the rows: those that the weights at the beginning find hardest, see hard_examples
    validation_rows: int = 256  # rows that exact match is measured on at each checkpoint
    vocab_size: int = 268  # from here on: the model's shape, see ModelConfig
    embedding_dim: int = 128
    num_heads: int = 4
    hidden_dim: int = 512
    num_encoder_blocks: int = 0
    num_decoder_blocks: int = 3
    context_window: int = 2048
    activation_type: str = "gelu"
    positions: str = "rotary"
    ngram_rows: int = 0
    prompt_attention: str = "both"
    tie_embeddings: bool = True
    dropout: float = 0.0
    copy_from: str = "prompt"
    longest_match: int = 16
    copied_context: bool = True

    @property
    def model(self) -> ModelConfig:
        """The part that describes the model."""
        return ModelConfig(**{field.name: getattr(self, field.name) for field in fields(ModelConfig)})


WIDE = 96  # numbers per token from which on a processor gains more by bfloat16 than the conversions cost


def in_bfloat16(config, device: torch.device) -> bool:
    """Whether training multiplies matrices in bfloat16: where asked for; by "auto", where the device is quicker so.

    Those are GPUs, and x86 processors with the instructions avx512_bf16 or amx_bf16 unless the model is narrow: on one
    of the former a step of Module 2 took 0.77 s instead of 1.21. Other processors imitate it, and are slower for it.
    Weights and optimizers stay in float32 either way (Micikevicius et al. 2018, arXiv:1710.03740, section 3.1), and so
    does all use of a model.

    Args:
        config: a TrainConfig or an LMConfig.

    Example:
        >>> in_bfloat16(TrainConfig(precision="bfloat16"), torch.device("cpu"))
        True
        >>> in_bfloat16(TrainConfig(embedding_dim=64), torch.device("cpu"))
        False
    """
    if config.precision != "auto":
        return config.precision == "bfloat16"
    if device.type != "cpu":
        return device.type == "cuda"
    known = getattr(torch.cpu, "get_capabilities", dict)()  # older versions of PyTorch do not tell
    return config.embedding_dim >= WIDE and bool(known.get("avx512_bf16") or known.get("amx_bf16"))


# What each number may be, in this config and in LMConfig; the model's own numbers are checked by ModelConfig.
COMMON_RANGES = {
    "model_lr": (1e-9, 1.0),
    "muon_lr": (0.0, 1.0),
    "warmup_steps": (0, 10**9),
    "lr_gamma": (0.0, 1.0),
    "lr_steps": (0, 10**9),
    "weight_decay": (0.0, 10.0),
    "clip_norm": (1e-9, 1e9),
    "batch_size": (1, 10**6),
    "max_global_steps": (1, 10**9),
    "checkpoint_steps": (1, 10**9),
    "average_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "seed": (0, 2**31 - 1),
}
WORDS = {"precision": ("auto", "float32", "bfloat16"), "lr_schedule": ("cosine", "linear")}
RANGES = COMMON_RANGES | {
    "choice_loss": (0.0, 100.0),
    "num_datapoints": (1, 10**9),
    "data_window": (16, 10**6),
    "validation_rows": (1, 10**6),
    "vocab_size": (268, 10**6),
    "noise_share": (0.0, 1.0),
    "unanswerable_share": (0.0, 0.9),
    "short_share": (0.0, 1.0),
    "label_share": (0.0, 0.5),
    "name_case_share": (0.0, 1.0),
    "typo_share": (0.0, 1.0),
    "blend_share": (0.0, 1.0),
    "odd_share": (0.0, 1.0),
    "keyword_share": (0.0, 1.0),
    "final_s_share": (0.0, 1.0),
    "hardest_share": (0.001, 1.0),
    "prob_threshold": (0.0, 1.0),
    "data_seed": (0, 2**31 - 1),
}


def check_changes(kind: type, ranges: dict, changes: dict, where: str) -> None:
    """Check new values for a config, key by key.

    Args:
        kind: the dataclass of the config. ranges: key -> least and greatest number.

    Raises:
        InputError: an unknown key, a value of another type, or one out of range.
    """
    known = {field.name: field.type for field in fields(kind)}
    for key, value in changes.items():
        if key not in known:
            raise InputError(f"{where}: unknown key {key!r}; known keys: {', '.join(sorted(known))}")
        wanted = known[key]
        fits = isinstance(value, int | float) if wanted is float else isinstance(value, wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise InputError(f"{where}: {key} is {value!r}; {wanted.__name__} was expected")
        least, most = ranges.get(key, (value, value))
        if not least <= value <= most:  # False for NaN too
            top = f"{int(most):,}" if most >= 1000 else f"{most:g}"
            raise InputError(f"{where}: {key} is {value}; a number from {least:g} to {top} was expected")
        words = WORDS.get(key, (value,))
        if value not in words:
            raise InputError(f"{where}: {key} is {value!r}; {', '.join(words[:-1])} or {words[-1]} was expected")


def read_changes(path: str | Path) -> dict:
    """The keys and values of a JSON config file, not checked yet.

    Raises:
        InputError: no such file, or no JSON object in it.
    """
    where = f"the config file {path}"
    changes = parse_json(read_text(path, "the config file"), where)
    if not isinstance(changes, dict):
        raise InputError(f"{where} must hold one JSON object, {{...}}")
    return changes


def update_config(config: TrainConfig, changes: dict, where: str) -> TrainConfig:
    """Put other values into a config, each checked.

    Raises:
        InputError: an unknown key, or a value of another type.

    Example:
        >>> update_config(TrainConfig(), {"model_lr": 1e-3, "batch_size": 8}, "here").batch_size
        8
        >>> update_config(TrainConfig(), {"learning_rate": 1}, "my.json")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: my.json: unknown key 'learning_rate'; known keys: activation_type, \
average_decay, batch_size, ...
    """
    check_changes(TrainConfig, RANGES, changes, where)
    config = replace(config, **changes)
    config.model  # noqa: B018  (its own checks)
    return config


def check_task(config: TrainConfig, task: str, where: str) -> TrainConfig:
    """A module that reads a source needs an encoder, and one that reads none must not have one."""
    if (config.num_encoder_blocks > 0) != (task != "ner"):
        wanted = "0 for ner, which is decoder-only" if task == "ner" else f"1 or more: {task} reads with an encoder"
        raise InputError(f"{where}: num_encoder_blocks is {config.num_encoder_blocks}; it must be {wanted}")
    return config


def read_config(task: str, profile: str = "quick", path: str | Path | None = None) -> TrainConfig:
    """The config of a profile (data/profiles/TASK_PROFILE.json), with a file of the reader's own laid over it."""
    config = TrainConfig()
    for file in (PROFILES / f"{task}_{profile}.json", path):
        if file is not None:
            config = update_config(config, read_changes(file), f"the config file {file}")
    return check_task(config, task, f"the config file {path}")


def learning_rate(config: TrainConfig, step: int) -> float:
    """The rate at a step: warm-up, then a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983), a line, or steps.

    The line goes straight to the end (Bergsma et al. 2025, arXiv:2502.15938).

    Example:
        >>> config = TrainConfig(model_lr=1.0, warmup_steps=10, max_global_steps=110, lr_gamma=0.1)
        >>> [round(learning_rate(config, step), 2) for step in (0, 9, 35, 60, 110)]
        [0.1, 1.0, 0.87, 0.55, 0.1]
        >>> round(learning_rate(replace(config, lr_schedule="linear"), 35), 3)
        0.775
    """
    if step < config.warmup_steps:
        return config.model_lr * (step + 1) / config.warmup_steps
    if config.lr_steps:
        return config.model_lr * config.lr_gamma ** (step // config.lr_steps)
    progress = min(1.0, (step - config.warmup_steps) / max(1, config.max_global_steps - config.warmup_steps))
    left = 1 - progress if config.lr_schedule == "linear" else 0.5 * (1 + math.cos(math.pi * progress))
    return config.model_lr * (config.lr_gamma + (1 - config.lr_gamma) * left)
