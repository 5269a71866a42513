"""The one training loop for all modules: batches, loss, AdamW, checkpoints, resume."""

import copy
import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from momem_lib.checkpoints import (
    build,
    git_commit,
    hardware,
    load_tensors,
    model_card,
    pick_device,
    save_model,
    save_tensors,
)
from momem_lib.configs import TrainConfig, learning_rate
from momem_lib.copying import Mixture
from momem_lib.generation import Generated, exact_match, is_right, write
from momem_lib.project import InputError
from momem_lib.tasks import TASKS, Task, TokenSet, batch_indices, batch_of, tokenize
from momem_lib.transformer import Transformer


class TrainingStopped(InputError):
    """Training cannot go on; the message says why and what to try."""


def cross_entropy(out: Mixture, labels: Tensor, mask: Tensor) -> Tensor:
    """The mean negative log-probability of the right next token, over the tokens that count.

    Args:
        out: log_probs (B, T, V). labels: (B, T). mask: (B, T), True where a token counts.

    Returns:
        A scalar, in nats per token.
    """
    chosen = out.log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
    return -(chosen * mask).sum() / mask.sum()


def parameter_groups(model: Transformer, weight_decay: float) -> list[dict]:
    """Matrices are decayed towards zero, biases and gains are not."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


class Trainer:
    """A model, its optimizer and its moving average, at some step of a run."""

    def __init__(self, config: TrainConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.model = Transformer(config.model).to(device)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, config.weight_decay), betas=(0.9, 0.98))
        self.step = 0
        self.seconds = 0.0
        self.history: list[dict] = []
        self.half = config.precision == "bfloat16" or (config.precision == "auto" and device.type == "cuda")

    def train_step(self, inputs, labels: Tensor) -> float:
        """One batch: loss, gradients, one step of the optimizer; returns the loss in nats per token.

        Raises:
            TrainingStopped: the loss is NaN or infinite; nothing was changed.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            loss = cross_entropy(self.model(inputs), labels, inputs.target_mask)
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingStopped(
                f"the loss became {value} at step {self.step}: nothing after the last checkpoint is kept. Try a lower "
                "model_lr, more warmup_steps, a smaller clip_norm, or precision float32"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.optimizer.step()
        self.step += 1
        self.update_average()
        return value

    @torch.no_grad()
    def update_average(self) -> None:
        """Move the averaged weights a little towards the current ones, faster in the beginning."""
        decay = min(self.config.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)

    def save(self, path: Path, card: dict) -> None:
        """Write all that resume needs: weights, average, optimizer, random state, history."""
        tensors = {f"model.{name}": p for name, p in self.model.named_parameters()}
        tensors |= {f"average.{name}": p for name, p in self.average.named_parameters()}
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optim.{index}.{name}": torch.as_tensor(value) for name, value in slots.items()}
        tensors["rng"] = torch.get_rng_state()
        progress = {"step": self.step, "seconds": self.seconds, "history": self.history}
        save_tensors(path, tensors, card | {"training": asdict(self.config), "progress": progress})

    def load_weights(self, path: Path, with_optimizer: bool = False) -> dict:
        """Take weights, and perhaps the optimizer's state, from a file that save or save_model wrote."""
        tensors, card = load_tensors(path)
        if any(name.startswith("model.") for name in tensors):
            weights = {name[6:]: value for name, value in tensors.items() if name.startswith("model.")}
            average = {name[8:]: value for name, value in tensors.items() if name.startswith("average.")}
        else:
            weights = average = tensors
        if card.get("model") != asdict(self.config.model):
            raise InputError(f"the checkpoint {path} has another model shape than this run: use the same config")
        self.model.load_state_dict(build(card, weights, path).state_dict())
        self.average.load_state_dict(build(card, average, path).state_dict())
        if with_optimizer:
            self.load_optimizer(tensors, path)
        return {"tensors": tensors, "card": card}

    def load_optimizer(self, tensors: dict[str, Tensor], path: Path) -> None:
        """Give the optimizer back its memory (its moments and step counts)."""
        state: dict[int, dict] = {}
        for name, value in tensors.items():
            if name.startswith("optim."):
                _, index, slot = name.split(".")
                state.setdefault(int(index), {})[slot] = value
        if not state:
            raise InputError(f"the checkpoint {path} holds no optimizer state: give a '.train.safetensors' file")
        self.optimizer.load_state_dict({"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]})

    def resume(self, path: Path) -> None:
        """Go back to the step at which save was called."""
        loaded = self.load_weights(path, with_optimizer=True)
        if loaded["card"]["training"] != asdict(self.config):
            ours, theirs = asdict(self.config), loaded["card"]["training"]
            other = sorted(key for key in ours if ours[key] != theirs.get(key))
            raise InputError(f"cannot resume from {path}: {', '.join(other)} differ; use the same config and options")
        progress = loaded["card"]["progress"]
        self.step, self.seconds, self.history = progress["step"], progress["seconds"], progress["history"]
        torch.set_rng_state(loaded["tensors"]["rng"])


@torch.no_grad()
def validation_loss(model: Transformer, tokens: TokenSet, device: torch.device, batch_size: int = 64) -> float:
    """Mean loss over a token set, in nats per target token."""
    total = count = 0.0
    for begin in range(0, len(tokens), batch_size):
        inputs, labels = batch_of(tokens, range(begin, min(begin + batch_size, len(tokens))), device)
        tokens_here = int(inputs.target_mask.sum())
        total += cross_entropy(model(inputs), labels, inputs.target_mask).item() * tokens_here
        count += tokens_here
    return total / max(1.0, count)


def describe(entry: dict, pair: tuple[dict, Generated], task: Task) -> str:
    """One checkpoint in two lines: the figures, and what the model writes for one question."""
    row, result = pair
    return (
        f"step {entry['step']:6,d}  loss {entry['loss']:.4f}  validation loss {entry['validation_loss']:.4f}  "
        f"exact match {entry['exact_match']:.1%}  {entry['seconds']:.0f} s\n"
        f"    {row['question']!r} -> {result.text!r}" + ("" if is_right(task, row, result.text) else "  (not right)")
    )


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

    def checkpoint(self, loss: float) -> dict:
        """Measure, save, and show a sampled answer; returns the card."""
        trainer, config = self.trainer, self.trainer.config
        match, pairs = exact_match(self.task.name, trainer.average, self.validation)
        held_out = validation_loss(trainer.average, self.validation_tokens, trainer.device)
        entry = {"step": trainer.step, "loss": loss, "validation_loss": held_out, "exact_match": match}
        trainer.history.append(entry | {"seconds": round(trainer.seconds, 1)})
        metrics = {"exact_match": match, "validation_loss": held_out, "validation_rows": len(pairs)}
        card = model_card(trainer.average, self.task.name, **self.facts, metrics=metrics, training=asdict(config))
        card |= {"steps": trainer.step, "seconds": round(trainer.seconds, 1), "history": trainer.history}
        save_model(self.out / f"{self.task.name}.safetensors", trainer.average, card)
        trainer.save(self.state_path, card)
        if pairs:
            row = pairs[len(trainer.history) % len(pairs)][0]
            texts = self.task.texts(row)
            seeds = [trainer.step]
            answer = write(trainer.average, self.task, [texts[0]], [texts[1]], self.temperature, seeds)[0]
            tqdm.write(describe(trainer.history[-1], (row, answer), self.task))
        return card

    def go(self, tokens: TokenSet) -> dict:
        """Train to the end, a checkpoint every checkpoint_steps; Ctrl-C saves and stops."""
        trainer, config = self.trainer, self.trainer.config
        lengths = tokens.source.lengths + tokens.prompt.lengths + tokens.target.lengths
        batches = batch_indices(lengths, config.batch_size, config.seed, trainer.step)
        bar = tqdm(total=config.max_global_steps, initial=trainer.step, mininterval=1, desc=f"train {self.task.name}")
        card, loss, smooth = {}, math.nan, math.nan
        try:
            with bar:
                while trainer.step < config.max_global_steps:
                    begin = time.perf_counter()
                    loss = trainer.train_step(*batch_of(tokens, next(batches), trainer.device))
                    trainer.seconds += time.perf_counter() - begin
                    smooth = loss if math.isnan(smooth) else 0.95 * smooth + 0.05 * loss
                    bar.set_postfix(loss=f"{smooth:.4f}", refresh=False)
                    bar.update()
                    if trainer.step % config.checkpoint_steps == 0 or trainer.step == config.max_global_steps:
                        card = self.checkpoint(smooth)
        except KeyboardInterrupt:
            self.checkpoint(smooth)
            raise TrainingStopped(f"stopped at step {trainer.step} and saved: add --resume to go on") from None
        return card or self.checkpoint(loss)


def train(
    task_name: str,
    config: TrainConfig,
    train_rows: Iterable[dict],
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

    Args:
        train_rows, validation_rows: rows of the dataset (see synthesis). facts: more for the card, such as data hashes.
        temperature: of the sampled answer that each checkpoint shows.

    Returns:
        The card of the trained model.

    Raises:
        InputError: nothing to train on, or a checkpoint that does not fit. TrainingStopped: NaN, or Ctrl-C.
    """
    task = TASKS[task_name]
    trainer = Trainer(config, pick_device(device))
    if init_from:
        trainer.load_weights(Path(init_from), load_optim)
    rows = list(islice((row for row in validation_rows if task.texts(row) is not None), config.validation_rows))
    facts = (facts or {}) | {"seed": config.seed, "commit": git_commit(), "hardware": hardware(trainer.device)}
    tokens = tokenize(task, train_rows, config.context_window)
    facts |= {"torch": torch.__version__, "rows": len(tokens), "rows_left_out": tokens.left_out}
    few = tokenize(task, rows, config.context_window)
    run = Run(trainer, task, Path(out_dir), rows, few, facts, temperature)
    if resume:
        trainer.resume(run.state_path)
    return run.go(tokens)
