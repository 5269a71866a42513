"""Training a language model: windows of a text, the loss on them, and a run with samples and checkpoints on the way."""

import copy
import csv
import math
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path
from time import monotonic

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm.auto import tqdm

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import LMConfig
from momem_lib.lm.model import NAME, LanguageModel, tokenizer_card
from momem_lib.lm.reading import scores
from momem_lib.nn.checkpoints import model_card, pick_device
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError, write_atomically
from momem_lib.settings import flat
from momem_lib.training.config import learning_rate
from momem_lib.training.loop import Interrupted, fit
from momem_lib.training.trainer import Trainer, TrainingStopped

STATE = f"{NAME}.train.safetensors"  # the file that resume reads
LOG_LINES = 200  # about so many rows in the history of a run
LOGGED = ("step", "seconds", "tokens", "loss", "learning_rate", "gradient_norm", "tokens_per_second")
LOGGED += ("validation_loss", "bits_per_byte")  # columns of log.csv; samples are left out
SAMPLE = 120  # bytes, about, of the text that each checkpoint shows
CHECKPOINTS = 5  # of a run in minutes, evenly in time
History = list[dict]


@lru_cache(maxsize=2)
def window_starts(length: int, window: int, seed: int, epoch: int) -> np.ndarray:
    """Where the windows of one pass over a text begin: side by side from a random place on, in random order."""
    generator = np.random.default_rng((seed, epoch))
    number = (length - window) // window  # whatever the offset is, so many windows fit
    offset = generator.integers(0, (length - 1) - number * window, endpoint=True)
    return offset + window * generator.permutation(number)


def windows(tokens: np.ndarray, window: int, batch: int, seed: int, step: int) -> Tensor:
    """The batch of one step: (B, T+1); [:, :-1] is what the model reads, [:, 1:] what it should foresee.

    It depends on the seed and the step alone, so that a resumed run goes on with the same batches.

    Raises:
        InputError: fewer tokens than two windows.
    """
    if len(tokens) < 2 * window:
        raise InputError(f"{len(tokens):,} tokens are too few for windows of {window}: {2 * window} or more are needed")
    number = (len(tokens) - window) // window
    places = range(step * batch, (step + 1) * batch)
    starts = [window_starts(len(tokens), window, seed, place // number)[place % number] for place in places]
    return torch.from_numpy(np.stack([tokens[start : start + window + 1] for start in starts]).astype(np.int64))


def batches(tokens: np.ndarray, config: LMConfig, start_step: int = 0) -> Iterator[Tensor]:
    """The windows of each step of a run, from one step on, for ever."""
    window = config.model.context_window
    return (windows(tokens, window, config.batch_size, config.seed, step) for step in count(start_step))


def window_loss(model: Transformer, batch: Tensor) -> Tensor:
    """The mean loss of foreseeing each next token of a batch of windows (B, T+1): a scalar, in nats per token."""
    batch = batch.to(model.device, non_blocking=True)
    logits = scores(model, batch[:, :-1])  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())


class Clock:
    """The time of a run in minutes: how many steps still fit, and when a checkpoint is due.

    Args:
        deadline: when the run must be over, by time.monotonic().
    """

    def __init__(self, deadline: float) -> None:
        self.deadline, self.before = deadline, monotonic()
        self.between = (deadline - self.before) / CHECKPOINTS
        self.due = self.before + self.between  # the next checkpoint
        self.pace = self.measuring = 0.0  # seconds of a step, of late, and of the last checkpoint

    def steps_left(self) -> int:
        """How many more steps fit before the last checkpoint, if they go on as of late; to be asked after each."""
        now = monotonic()
        self.pace += (now - self.before - self.pace) * (0.1 if self.pace else 1.0)
        self.before = now
        return max(0, int((self.deadline - now - 1.2 * self.measuring) / max(1e-9, self.pace)))

    def measured(self) -> None:
        """Note that a checkpoint has been made since the last step."""
        now = monotonic()
        self.measuring, self.before, self.due = now - self.before, now, now + self.between


@dataclass
class Trained:
    """What a run leaves behind."""

    language_model: LanguageModel  # as it was when it foresaw the validation text best
    history: History


@dataclass
class Run:
    """One training run: its texts, where it writes (or nowhere), and what it measures at each checkpoint."""

    trainer: Trainer
    now: LanguageModel  # the trainer's averaged weights, as they stand
    train_tokens: np.ndarray
    validation_tokens: np.ndarray
    out: Path | None
    facts: dict
    show: bool = True
    on_checkpoint: Callable[[History], None] | None = None
    best: LanguageModel | None = None
    clock: Clock | None = None  # of a run in minutes; None: it has steps

    def card(self) -> dict:
        """The card of the model as it stands."""
        trainer = self.trainer
        made = {"training": flat(trainer.config), "steps": trainer.step, "seconds": round(trainer.seconds, 1)}
        card = model_card(trainer.average, NAME, **self.facts, **made, history=self.measured())
        return card | {"tokenizer": tokenizer_card(self.now.tokenizer)}

    def save(self) -> None:
        """Write what resume needs, and the history as a table."""
        if self.out is not None:
            self.trainer.save(self.out / STATE, self.card())
            write_atomically(self.out / "log.csv", self.write_log)

    def write_log(self, path: Path) -> None:
        """The history as CSV."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, LOGGED, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.trainer.history)

    def row(self) -> dict:
        """The present step, for the history."""
        trainer, config = self.trainer, self.trainer.config
        tokens = trainer.step * config.batch_size * config.model.context_window
        return {
            "step": trainer.step,
            "seconds": round(trainer.seconds, 2),
            "tokens": tokens,
            "loss": trainer.loss,
            "learning_rate": learning_rate(config, trainer.step - 1),
            "gradient_norm": trainer.gradient_norm,
            "tokens_per_second": round(tokens / max(1e-9, trainer.seconds)),
        }

    def checkpoint(self) -> None:
        """Measure on the validation text, write a sample, keep the model if it is the best so far, save."""
        trainer, before = self.trainer, [row["validation_loss"] for row in self.measured()]
        held_out = self.now.evaluate(self.validation_tokens)
        metrics = {"validation_loss": held_out.loss, "bits_per_byte": held_out.bits_per_byte}
        sample = self.now.generate("\n", trainer.step, tokens=max(8, int(SAMPLE / self.now.sizes.mean())))
        trainer.history.append(row := self.row() | metrics | {"sample": sample})
        if not before or held_out.loss < min(before):
            card = self.card() | {"metrics": metrics}
            self.best = LanguageModel(copy.deepcopy(trainer.average), self.now.tokenizer, card)
            if self.out is not None:
                self.best.save(self.out)
        self.save()
        if self.show:
            measured = f"validation loss {held_out.loss:.4f}  {held_out.bits_per_byte:.3f} bits per byte"
            speed = f"{row['tokens_per_second']:,} tokens/s  {row['seconds']:.0f} s"
            tqdm.write(f"step {trainer.step:6,d}  loss {row['loss']:.4f}  {measured}  {speed}\n    {sample!r}")
        if self.on_checkpoint:
            self.on_checkpoint(trainer.history)

    def measured(self) -> History:
        """The rows of the history that are checkpoints."""
        return [row for row in self.trainer.history if "validation_loss" in row]

    def enough(self) -> bool:
        """Whether the last steps are done, or the validation loss has not fallen for too long."""
        config, losses = self.trainer.config, [row["validation_loss"] for row in self.measured()]
        waited = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
        return self.trainer.step >= config.max_global_steps or 0 < config.patience <= waited

    def measure(self, trainer: Trainer) -> bool:
        """After a step: a checkpoint, a line in the history, or nothing; whether that is enough.

        A run in minutes plans its steps anew each time, so that the learning rate ends where the time does.
        """
        due = trainer.step % trainer.config.checkpoint_steps == 0
        if self.clock is not None:
            trainer.config = replace(trainer.config, max_global_steps=trainer.step + self.clock.steps_left())
            due = self.clock.before >= self.clock.due
        if due or trainer.step == trainer.config.max_global_steps:
            self.checkpoint()
            if self.clock is not None:
                self.clock.measured()
        elif trainer.step % max(1, trainer.config.max_global_steps // LOG_LINES) == 0:
            trainer.history.append(self.row())
        return self.enough()

    def go(self) -> Trained:
        """Train to the end, a checkpoint every checkpoint_steps; Ctrl-C saves and stops."""
        trainer = self.trainer
        steps = 0 if self.enough() else trainer.config.max_global_steps  # a run whose patience was at its end
        bar = {"desc": "train", "disable": not self.show}
        if self.clock is not None:  # measure ends it
            steps, bar = sys.maxsize, bar | {"total": None}
        try:
            fit(trainer, batches(self.train_tokens, trainer.config, trainer.step), window_loss, steps,
                measure=self.measure, words=self.words, **bar)  # fmt: skip
        except Interrupted:
            self.save()
            kept = "nothing is saved without a folder"
            if self.out is not None:
                kept = "saved; to go on: " + shlex.join(["momem", "lm", "train", "--resume", "--out", str(self.out)])
            raise TrainingStopped(f"stopped at step {trainer.step}; {kept}") from None
        best = self.best or LanguageModel.load(self.out, trainer.device.type)
        return Trained(best, trainer.history)

    def words(self, trainer: Trainer) -> str:
        """Loss, bits per byte and speed beside the bar; and the time that is left, where the bar cannot say it."""
        bits = trainer.loss / math.log(2) / self.bytes_per_token
        left = "" if self.clock is None else f"{max(0, self.clock.deadline - monotonic()):.0f} s left, "
        return f"{left}loss {trainer.loss:.3f}, {bits:.3f} bits per byte, {self.row()['tokens_per_second']:,} tokens/s"

    @cached_property
    def bytes_per_token(self) -> float:
        """Of the validation text."""
        return float(self.now.sizes[self.validation_tokens[:100_000]].mean())


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
    deadline: float | None = None,
) -> Trained:
    """Train a language model on token numbers.

    Args:
        train_tokens, validation_tokens: (N,) token numbers, mapped from the disk or not.
        out: folder for the model, the log and the state that resume reads; None writes nothing.
        show: whether to print checkpoints and a bar. on_checkpoint: called with the history at each checkpoint.
        facts: more for the card, such as the hash of the text.
        deadline: when to be done, by time.monotonic(); max_global_steps is then a first guess, planned anew on the way.

    Raises:
        InputError: a text too short. TrainingStopped: NaN, or Ctrl-C.
    """
    if len(validation_tokens) < 2:
        raise InputError("the text is too short to keep a part of it for validation: 2 tokens are the least")
    windows(train_tokens, config.model.context_window, 1, 0, 0)  # says so when the text is too short
    trainer, out, facts = Trainer(config, pick_device(device)), Path(out) if out is not None else None, facts or {}
    now = LanguageModel(trainer.average, tokenizer)
    run = Run(trainer, now, train_tokens, validation_tokens, out, facts, show, on_checkpoint)
    run.clock = None if deadline is None else Clock(deadline)
    if resume:
        trainer.resume(out / STATE, facts.get("data"))
    else:
        run.save()  # a run that is killed before its first checkpoint can be resumed too
    return run.go()
