"""The one training loop for all modules: from rows to a checkpoint, with measurements on the way."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from tqdm.auto import tqdm

from momem_lib.data.tasks import TASKS, Task
from momem_lib.nn.checkpoints import circumstances, load_tensors, model_card, pick_device, save_model
from momem_lib.nn.generation import Sampling
from momem_lib.nn.module import Module
from momem_lib.project import InputError, alone, set_aside
from momem_lib.settings import flat
from momem_lib.training.batches import TokenSet, batch_stream, tokenize
from momem_lib.training.config import TrainConfig
from momem_lib.training.trainer import Trainer, TrainingStopped, module_loss, validation_loss


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Within, a first Ctrl-C is only noted, so that the step at hand is finished and saved; a second one breaks off.

    Example:
        >>> with stop_requests() as asked:
        ...     signal.raise_signal(signal.SIGINT)
        >>> len(asked)
        1
    """
    asked: list[int] = []

    def note(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield asked
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, between two steps of fit: the model is whole, and may be saved."""


def fit(
    trainer,
    batches: Iterator,
    loss_of: Callable,
    steps: int,
    every: int = 1,
    measure: Callable[[object], object] | None = None,
    words: Callable[[object], str] = lambda trainer: f"loss={trainer.loss:.4f}",
    **bar,
) -> list[float]:
    """Train to a number of steps, and measure now and then: the one training loop, of modules, of toys and of all else.

    Args:
        trainer: a Trainer, or whatever has a step, seconds, a loss and train_step(batch, loss_of).
        batches: one for each step. loss_of: from model and batch to a loss, see Trainer.train_step.
        steps: in all; a trainer that has done some of them goes on.
        measure: called with the trainer every so many steps and after the last; fit ends where it returns True.
        words: what stands beside the progress bar. bar: further options of it, such as desc or disable (see tqdm).

    Returns:
        The loss of each step.

    Raises:
        TrainingStopped: see Trainer.train_step. Interrupted: Ctrl-C; a second one does not wait for the step's end.

    Example:
        >>> import torch
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> config = TrainConfig(model=ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
        >>> trainer, seen = Trainer(config, torch.device("cpu")), []
        >>> tokens = tokenize(TASKS["ner"], [{"question": "Where does Jo live?", "name": "Jo"}], 64)
        >>> losses = fit(trainer, batch_stream(tokens, 1, seed=0), module_loss, 3, 2, lambda t: seen.append(t.step))
        >>> len(losses), seen
        (3, [2, 3])
    """
    losses: list[float] = []
    options = {"total": steps, "initial": trainer.step, "mininterval": 1} | bar
    with tqdm(**options) as shown, stop_requests() as asked:
        while trainer.step < steps:
            begin = time.perf_counter()
            losses.append(trainer.train_step(next(batches), loss_of))
            trainer.seconds += time.perf_counter() - begin
            shown.set_postfix_str(words(trainer), refresh=False)
            shown.update()
            if measure and (trainer.step % every == 0 or trainer.step == steps) and measure(trainer):
                break
            if asked and trainer.step < steps:
                raise Interrupted
    return losses


@dataclass
class Run:
    """One training run: where it writes, what it measures at each checkpoint."""

    trainer: Trainer
    task: Task
    out: Path
    validation: list[dict]  # rows for this module
    validation_tokens: TokenSet
    facts: dict  # for the card
    temperature: float = 0.0  # of the sampled answer

    @property
    def state_path(self) -> Path:
        """The file that --resume reads."""
        return self.out / f"{self.task.name}.train.safetensors"

    def card(self, metrics: dict) -> dict:
        """The card of the model as it stands."""
        trainer = self.trainer
        config = flat(trainer.config)
        card = model_card(trainer.average, self.task.name, **self.facts, metrics=metrics, training=config)
        return card | {"steps": trainer.step, "seconds": round(trainer.seconds, 1), "history": trainer.history}

    def checkpoint(self) -> dict:
        """Save, measure, show a sampled answer; returns the card."""
        trainer = self.trainer
        trainer.save(self.state_path, self.card({}))  # first of all: measuring takes a while, and can be interrupted
        module = Module(self.task, trainer.average)
        match, pairs = module.exact_match(self.validation)
        held_out = validation_loss(trainer.average, self.validation_tokens, trainer.device)
        entry = {"step": trainer.step, "loss": trainer.loss, "validation_loss": held_out, "exact_match": match}
        trainer.history.append(entry | {"seconds": round(trainer.seconds, 1)})
        metrics = {"exact_match": match, "validation_loss": held_out, "validation_rows": len(pairs)}
        card = self.card(metrics)
        save_model(self.out / f"{self.task.name}.safetensors", trainer.average, card)
        trainer.save(self.state_path, card)
        if pairs:
            row = pairs[len(trainer.history) % len(pairs)][0]
            source, prompt, _ = self.task.texts(row)
            (answer,) = module.write([prompt], [source], self.temperature, [trainer.step])
            note = "" if self.task.is_right(row, answer.text) else "  (not right)"
            tqdm.write(
                f"step {trainer.step:6,d}  loss {trainer.loss:.4f}  validation loss {held_out:.4f}  "
                f"exact match {match:.1%}  {trainer.seconds:.0f} s\n    {row['question']!r} -> {answer.text!r}{note}"
            )
        return card

    def is_written(self) -> bool:
        """Whether the model for use is that of this very step."""
        path = self.out / f"{self.task.name}.safetensors"
        return path.is_file() and load_tensors(path)[1].get("steps") == self.trainer.step

    def go(self, tokens: TokenSet) -> dict:
        """Train to the end, a checkpoint every checkpoint_steps; Ctrl-C saves and stops."""
        trainer, config = self.trainer, self.trainer.config
        steps, cards = config.max_global_steps, []
        if trainer.step >= steps and self.is_written():
            raise InputError(f"{self.state_path} has done all its {trainer.step} steps: nothing is left to resume")
        if trainer.step >= steps:  # killed between its last step and its last checkpoint's end
            return self.checkpoint()
        batches = batch_stream(tokens, config.batch_size, config.seed, trainer.device, trainer.step)
        try:
            every, note = config.checkpoint_steps, lambda _: cards.append(self.checkpoint())
            loss_of = partial(module_loss, choice=config.choice_loss)
            fit(trainer, batches, loss_of, steps, every, note, desc=f"train {self.task.name}")
        except Interrupted:
            trainer.save(self.state_path, self.card({}))
            raise TrainingStopped(f"stopped at step {trainer.step} and saved: add --resume to go on") from None
        return cards[-1]


def fitting_rows(task: Task, rows: Iterable[dict], config: TrainConfig) -> list[dict]:
    """The first validation_rows rows that a module has a part in and can read whole."""
    fitting = (row for row in rows if len(tokenize(task, [row], config.model.context_window)))
    return list(islice(fitting, config.validation_rows))


def train(
    task_name: str,
    config: TrainConfig,
    train_rows: Iterable[dict] | TokenSet,
    validation_rows: Iterable[dict],
    out_dir: str | Path,
    device: str = "auto",
    resume: bool = False,
    init_from: str | Path | None = None,
    load_optim: bool = False,
    temperature: float = 0.0,
    facts: dict | None = None,
) -> dict:
    """Train one module and write OUT_DIR/TASK.safetensors (for use) and TASK.train.safetensors (for resume).

    An earlier model of that name is moved to the folder "previous" when the first step is about to be made.

    Args:
        train_rows, validation_rows: see datasets.training_rows. facts: more for the card, such as data hashes.
        temperature: of the sampled answer that each checkpoint shows.

    Returns:
        The card of the trained model.

    Raises:
        InputError: nothing to train or measure on, a checkpoint that does not fit, or another run at the same model.
        TrainingStopped: NaN, or Ctrl-C.
    """
    task, out_dir = TASKS[task_name], Path(out_dir)
    Sampling(temperature)  # refuses one that cannot be, before hours of training
    with alone(out_dir / task_name, f".{task_name}.*.tmp"):
        trainer = Trainer(config, pick_device(device))
        facts = (facts or {}) | circumstances(config.seed, trainer.device)
        if init_from:
            _, before = trainer.load_weights(Path(init_from), load_optim)
            facts["began_from"] = {"steps": before.get("steps"), "data": before.get("data")}
        if resume:
            card = trainer.resume(out_dir / f"{task_name}.train.safetensors", facts.get("data"))
            if "began_from" in card:  # what the run began with is not among this call's options
                facts["began_from"] = card["began_from"]
        if not (rows := fitting_rows(task, validation_rows, config)):
            raise InputError("the validation dataset holds no row for this module that its window holds: give another")
        if isinstance(train_rows, TokenSet):
            if train_rows.task is not task:
                raise InputError(f"the tokens are for {train_rows.task.name}: give train.{task_name}.safetensors")
            tokens = train_rows.within(config.model.context_window)
        else:
            tokens = tokenize(task, train_rows, config.model.context_window)
        facts |= {"rows": len(tokens), "rows_left_out": tokens.left_out}
        few = tokenize(task, rows, config.model.context_window)
        if len(tokens) and not resume:
            set_aside(out_dir, [f"{task_name}{end}" for end in (".safetensors", ".json", ".train.safetensors")])
        return Run(trainer, task, out_dir, rows, few, facts, temperature).go(tokens)
