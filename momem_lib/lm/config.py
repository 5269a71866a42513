"""The settings of a language model, and the dial: what follows from the length of a text, with a reason for each."""

import math
from dataclasses import dataclass, field, replace

from momem_lib.lm.corpus import HELD_OUT
from momem_lib.nn.blocks import ModelConfig
from momem_lib.project import InputError
from momem_lib.settings import change, check_changes, flat, number
from momem_lib.training.config import RunConfig


@dataclass(frozen=True)
class LMShape(ModelConfig):
    """The shape of a language model: a decoder alone."""

    vocab_size: int = number(256, 256, 65_536)  # tokens: 256 bytes, and merges of them
    context_window: int = number(64, 8, 8192)  # T, tokens in a training window, and the most that the model looks at
    num_decoder_blocks: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        super().__post_init__()
        if self.num_encoder_blocks or self.copy_from != "none":
            raise InputError("num_encoder_blocks must be 0 and copy_from none: a language model reads no source")


@dataclass(frozen=True)
class LMConfig(RunConfig):
    """Everything that training depends on, beside the text; in a --config file, the model's keys stand flat."""

    model_lr: float = 2e-2  # of AdamW, which has token vectors, n-grams and gains
    muon_lr: float = 1e-2  # of Muon, which trains the hidden matrices; 0: see ADAMW_ALONE
    warmup_steps: int = 50
    lr_schedule: str = "linear"
    lr_gamma: float = 0.0
    weight_decay: float = 0.4
    batch_size: int = 12  # B, windows per step
    max_global_steps: int = 2000
    average_decay: float = 0.99
    patience: int = number(0, 0, 10**6)  # stop after so many checkpoints without a better validation loss; 0: never
    model: LMShape = field(default=LMShape())


@dataclass(frozen=True)
class Plan:
    """A config and the reasons for it; printed, it is a table."""

    config: LMConfig
    reasons: dict[str, str]  # key of the config -> why it has its value

    def with_vocabulary(self, size: int) -> "Plan":
        """The same plan for a vocabulary of another size."""
        return replace(self, config=change(self.config, {"vocab_size": size}, "the vocabulary"))

    def __str__(self) -> str:
        values = flat(self.config)
        words = {key: str(v) if isinstance(v, str | bool) else f"{v:,}" for key, v in values.items()}
        return "\n".join(f"  {key:<20}{words[key]:>9}  {reason}" for key, reason in self.reasons.items())


@dataclass(frozen=True)
class Profile:
    """One position of the dial."""

    context: int  # tokens in a window
    tokens: int  # per step
    steps: int  # at most
    passes: int  # over the text, at most
    minutes: str  # in words
    sizes: tuple[tuple[int, int, int], ...]  # from so many bytes of text on: width, blocks


QUICK_SIZES = ((0, 64, 2), (50_000, 96, 3), (400_000, 128, 4), (8_000_000, 160, 4))
FULL_SIZES = ((0, 96, 3), (50_000, 128, 4), (400_000, 256, 6), (8_000_000, 384, 6))
PROFILES = {
    "quick": Profile(128, 1536, 1000, 8, "about two minutes on two CPU cores", QUICK_SIZES),
    "full": Profile(256, 8192, 4000, 10, "about an hour on two CPU cores, minutes on a GPU", FULL_SIZES),
}
NGRAM_ROWS = ((0, 2048), (400_000, 65_536))
ADAMW_ALONE = {"model_lr": 4e-3, "weight_decay": 0.1}  # it must tread more softly where it has the hidden matrices, too
MOST_PASSES = 3.0  # with a large table of n-grams, which learns by heart what it reads again and again
VOCABULARIES = ((0, 256), (1_500_000, 512), (4_000_000, 1024), (12_000_000, 2048), (40_000_000, 4096))
BYTES_PER_TOKEN = ((256, 1.0), (512, 1.9), (1024, 2.4), (2048, 2.9), (4096, 3.3))  # about, in English


def rung(ladder: tuple[tuple, ...], size: int) -> tuple:
    """The last entry of a ladder whose first number is not above size.

    Example:
        >>> rung(((0, "short"), (100, "long")), 99)
        (0, 'short')
    """
    return [entry for entry in ladder if entry[0] <= size][-1]


def heads_for(width: int) -> int:
    """How many heads for vectors of so many numbers: of 32 numbers each, or of the next larger even part.

    Example:
        >>> heads_for(128), heads_for(100), heads_for(200), heads_for(16)
        (4, 2, 5, 1)
    """
    return next((heads for heads in range(width // 32, 1, -1) if width % (2 * heads) == 0), 1)


def least_bytes(window: int, vocab_size: int) -> int:
    """The shortest text, about, whose training part holds two windows."""
    return math.ceil((2 * window + 1) / (1 - HELD_OUT) * rung(BYTES_PER_TOKEN, vocab_size)[1])


def against_overfitting(text_bytes: int, passes: float) -> dict:
    """The settings that depend on how often a text of so many bytes is read.

    Example:
        >>> against_overfitting(1_000_000, 1.5), against_overfitting(1_000_000, 20)
        ({'dropout': 0.0, 'ngram_rows': 65536}, {'dropout': 0.2, 'ngram_rows': 0})
    """
    rows = rung(NGRAM_ROWS, text_bytes)[1]
    return {
        "dropout": 0.0 if passes < 3 else 0.1 if passes < 6 else 0.2,
        "ngram_rows": rows if rows == NGRAM_ROWS[0][1] or passes < MOST_PASSES else 0,
    }


def plan(text_bytes: int, profile: str = "quick", changes: dict | None = None, where: str = "the settings") -> Plan:
    """What to train on a text of so many bytes: the length of the text and one dial, the profile, decide.

    Args:
        text_bytes: length of the text to train on.
        profile: a key of PROFILES.
        changes: values that the reader sets; the dial chooses the others to fit. where: their place, for messages.

    Raises:
        InputError: a text too short for one window, or changes out of range.
    """
    dial, changes = PROFILES[profile], changes or {}
    check_changes(LMConfig, changes, where)
    softer = {} if changes.get("muon_lr", LMConfig.muon_lr) else ADAMW_ALONE
    chosen = softer | changes
    choose = chosen.setdefault  # what the reader has set stays, and the rest is chosen to fit it
    vocab_size = choose("vocab_size", rung(VOCABULARIES, text_bytes)[1])
    tokens = int(text_bytes / rung(BYTES_PER_TOKEN, vocab_size)[1])
    window = choose("context_window", max(8, min(dial.context, tokens // 100)))
    _, width, blocks = rung(dial.sizes, text_bytes)
    width = choose("embedding_dim", width)
    choose("num_decoder_blocks", blocks)
    choose("num_heads", heads_for(width))
    choose("hidden_dim", 4 * width)
    a_step = window * choose("batch_size", max(1, min(dial.tokens, tokens // 8) // window))
    steps = choose("max_global_steps", min(dial.steps, max(100, dial.passes * tokens // a_step)))
    choose("warmup_steps", max(1, steps // 20))
    choose("checkpoint_steps", max(1, steps // 10))
    chosen = against_overfitting(text_bytes, passes=steps * a_step / max(1, tokens)) | chosen
    if text_bytes < (needed := least_bytes(window, vocab_size)):
        raise InputError(
            f"the text has {text_bytes:,} bytes, too few for windows of {window} tokens: about {needed:,} are needed, "
            "and 100,000 or more are good"
        )
    config = change(LMConfig(), chosen, where)
    reasons = explain(config, text_bytes, tokens, "" if changes else dial.minutes)
    return Plan(config, reasons | dict.fromkeys(changes, f"set by {where}"))


def explain(config: LMConfig, text_bytes: int, tokens: int, minutes: str) -> dict[str, str]:
    """Why the dial has chosen what it has, key by key; minutes are those of its own choice, in words, or nothing."""
    size = f"{text_bytes / 1e6:.1f} MB" if text_bytes >= 100_000 else f"{max(1, round(text_bytes / 1e3))} KB"
    a_step = config.batch_size * config.model.context_window
    passes = config.max_global_steps * a_step / max(1, tokens)
    runs = f"vectors for runs of 3 to 5 tokens, as many as {size} of text can fill"
    if config.model.ngram_rows == 0:
        runs = f"no vectors for runs of 3 to 5 tokens: {passes:.1f} passes would learn them by heart"
    merged = "each merged token often enough" if config.model.vocab_size > 256 else "too few words to learn merges"
    alone = config.muon_lr == 0
    return {
        "vocab_size": f"{size} of text show {merged}",
        "context_window": f"tokens that it looks back at; about {tokens:,} tokens in the text",
        "embedding_dim": f"numbers per token, as many as {size} of text can fill",
        "ngram_rows": runs,
        "num_decoder_blocks": "deep enough for this width",
        "num_heads": f"of {config.model.embedding_dim // config.model.num_heads} numbers each",
        "batch_size": f"windows, so that a step reads about {a_step:,} tokens",
        "max_global_steps": f"{passes:.1f} passes over the text" + (f"; at most {minutes}" if minutes else ""),
        "model_lr": f"highest rate of AdamW, which trains {'all of it' if alone else 'all but the hidden matrices'}",
        "muon_lr": "no Muon" if alone else "highest rate of Muon, which trains the hidden matrices",
        "weight_decay": "pulls the matrices towards 0",
        "dropout": f"{passes:.1f} passes {'could' if passes >= 3 else 'are too few to'} learn the text by heart",
        "checkpoint_steps": f"{config.max_global_steps // config.checkpoint_steps:,} checkpoints on the way",
    }
