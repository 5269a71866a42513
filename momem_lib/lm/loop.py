"""Training a language model: the loop, with measurements, samples and checkpoints on the way."""

import csv
import io
import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm import tqdm

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import LMConfig
from momem_lib.lm.model import NAME, LanguageModel, build, tokenizer_card
from momem_lib.lm.trainer import LMTrainer, batches, window_loss, windows
from momem_lib.nn.checkpoints import model_card, pick_device
from momem_lib.project import InputError, write_atomically
from momem_lib.settings import flat
from momem_lib.training.config import learning_rate
from momem_lib.training.loop import Interrupted, fit
from momem_lib.training.trainer import TrainingStopped

LOG_LINES = 200  # about so many rows in the history of a run
SAMPLE = 120  # bytes, about, of the text that each checkpoint shows
History = list[dict]


@dataclass
class Trained:
    """What a run leaves behind."""

    language_model: LanguageModel  # as it was when it foresaw the validation text best
    history: History
    card: dict


@dataclass
class Run:
    """One training run: its texts, where it writes (or nowhere), and what it measures at each checkpoint."""

    trainer: LMTrainer
    tokenizer: BPETokenizer
    train_tokens: np.ndarray
    validation_tokens: np.ndarray
    out: Path | None
    facts: dict
    show: bool = True
    on_checkpoint: Callable[[History], None] | None = None
    best: LanguageModel | None = None

    def __post_init__(self) -> None:
        self.sizes = LanguageModel(self.trainer.average, self.tokenizer).sizes

    @property
    def state_path(self) -> Path:
        """The file that resume reads."""
        return self.out / f"{NAME}.train.safetensors"

    def card(self) -> dict:
        """The card of the model as it stands."""
        trainer = self.trainer
        tokens = tokenizer_card(self.tokenizer)
        card = model_card(trainer.average, NAME, **self.facts) | {"tokenizer": tokens}
        card |= {"training": flat(trainer.config), "steps": trainer.step, "seconds": round(trainer.seconds, 1)}
        return card | {"history": [row for row in trainer.history if "validation_loss" in row]}

    def save(self) -> None:
        """Write what resume needs, and the log."""
        if self.out is not None:
            self.trainer.save(self.state_path, self.card())
            write_atomically(
                self.out / "log.csv", lambda path: path.write_text(log_text(self.trainer.history), "utf-8")
            )

    def note(self) -> dict:
        """Add the present step to the history."""
        trainer, config = self.trainer, self.trainer.config
        tokens = trainer.step * config.batch_size * config.model.context_window
        row = {
            "step": trainer.step,
            "seconds": round(trainer.seconds, 2),
            "tokens": tokens,
            "loss": trainer.loss,
            "learning_rate": learning_rate(config, trainer.step - 1),
            "gradient_norm": trainer.gradient_norm,
            "tokens_per_second": round(tokens / max(1e-9, trainer.seconds)),
        }
        trainer.history.append(row)
        return row

    def checkpoint(self) -> None:
        """Measure on the validation text, write a sample, keep the model if it is the best so far, save."""
        trainer = self.trainer
        before = self.validation_losses()
        row = self.note()
        now = LanguageModel(trainer.average, self.tokenizer)
        held_out = now.evaluate(self.validation_tokens)
        row |= {"validation_loss": held_out.loss, "bits_per_byte": held_out.bits_per_byte}
        row["sample"] = now.generate("\n", seed=trainer.step, tokens=max(8, int(SAMPLE / self.sizes.mean())))
        if not before or held_out.loss < min(before):
            card = self.card() | {
                "metrics": {"validation_loss": held_out.loss, "bits_per_byte": held_out.bits_per_byte}
            }
            self.best = LanguageModel(build(card, trainer.average.state_dict(), "the run").eval(), self.tokenizer, card)
            self.best.model.to(trainer.device)
            if self.out is not None:
                self.best.save(self.out)
        self.save()
        if self.show:
            tqdm.write(describe(row))
        if self.on_checkpoint:
            self.on_checkpoint(trainer.history)

    def validation_losses(self) -> list[float]:
        """One for each checkpoint so far."""
        return [row["validation_loss"] for row in self.trainer.history if "validation_loss" in row]

    def enough(self) -> bool:
        """Whether the last steps are done, or the validation loss has not fallen for too long."""
        config, losses = self.trainer.config, self.validation_losses()
        waited = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
        return self.trainer.step >= config.max_global_steps or 0 < config.patience <= waited

    def measure(self, trainer: LMTrainer) -> bool:
        """After a step: a checkpoint, a line in the history, or nothing; whether that is enough."""
        config = trainer.config
        if trainer.step % config.checkpoint_steps == 0 or trainer.step == config.max_global_steps:
            self.checkpoint()
        elif trainer.step % max(1, config.max_global_steps // LOG_LINES) == 0:
            self.note()
        return self.enough()

    def go(self) -> Trained:
        """Train to the end, a checkpoint every checkpoint_steps; Ctrl-C saves and stops."""
        trainer = self.trainer
        steps = 0 if self.enough() else trainer.config.max_global_steps  # a run whose patience was at its end
        try:
            fit(trainer, batches(self.train_tokens, trainer.config, trainer.step), window_loss, steps,
                measure=self.measure, words=self.words, desc="train", disable=not self.show)  # fmt: skip
        except Interrupted:
            self.save()
            kept = "nothing is saved without a folder"
            if self.out is not None:
                kept = "saved; to go on: " + shlex.join(["momem", "lm", "train", "--resume", "--out", str(self.out)])
            raise TrainingStopped(f"stopped at step {trainer.step}; {kept}") from None
        best = self.best or LanguageModel.load(self.out, trainer.device.type)
        return Trained(best, trainer.history, best.card)

    def words(self, trainer: LMTrainer) -> str:
        """Loss, bits per byte and speed beside the bar, which itself says how much time is left."""
        config = trainer.config
        speed = trainer.step * config.batch_size * config.model.context_window / max(1e-9, trainer.seconds)
        bits = trainer.loss / math.log(2) / self.bytes_per_token
        return f"loss {trainer.loss:.3f}, {bits:.3f} bits per byte, {speed:,.0f} tokens/s"

    @cached_property
    def bytes_per_token(self) -> float:
        """Of the validation text."""
        return float(self.sizes[self.validation_tokens[:100_000]].mean())


def log_text(history: History) -> str:
    """The history as CSV, a column for each figure; samples are left out."""
    columns = ["step", "seconds", "tokens", "loss", "learning_rate", "gradient_norm", "tokens_per_second"]
    columns += ["validation_loss", "bits_per_byte"]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    return out.getvalue()


def describe(row: dict) -> str:
    """One checkpoint in two lines: the figures, and what the model writes."""
    return (
        f"step {row['step']:6,d}  loss {row['loss']:.4f}  validation loss {row['validation_loss']:.4f}  "
        f"{row['bits_per_byte']:.3f} bits per byte  {row['tokens_per_second']:,} tokens/s  {row['seconds']:.0f} s\n"
        f"    {row['sample']!r}"
    )


def train(
    config: LMConfig,
    train_tokens: np.ndarray,
    validation_tokens: np.ndarray,
    tokenizer: BPETokenizer,
    out: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    show: bool = True,
    on_checkpoint: Callable[[History], None] | None = None,
    facts: dict | None = None,
) -> Trained:
    """Train a language model on token numbers.

    Args:
        train_tokens, validation_tokens: (N,) token numbers, mapped from the disk or not.
        out: folder for the model, the log and the state that resume reads; None writes nothing.
        show: whether to print checkpoints and a bar. on_checkpoint: called with the history at each checkpoint.
        facts: more for the card, such as the hash of the text.

    Raises:
        InputError: a text too short. TrainingStopped: NaN, or Ctrl-C.
    """
    if len(validation_tokens) < 2:
        raise InputError("the text is too short to keep a part of it for validation: 2 tokens are the least")
    windows(train_tokens, config.model.context_window, 1, 0, 0)  # says so when the text is too short
    trainer = LMTrainer(config, pick_device(device))
    out = Path(out) if out is not None else None
    run = Run(trainer, tokenizer, train_tokens, validation_tokens, out, facts or {}, show, on_checkpoint)
    if resume:
        trainer.resume(run.state_path, (facts or {}).get("data"))
    else:
        run.save()  # a run that is killed before its first checkpoint can be resumed too
    return run.go()
