"""One step of training, and all that a run must remember between two steps."""

import copy
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from momem_lib.data.tasks import COLON
from momem_lib.nn.checkpoints import build, load_tensors, save_tensors
from momem_lib.nn.copying import Mixture
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.settings import flat
from momem_lib.training.batches import TokenSet, batch_of
from momem_lib.training.config import RunConfig, in_bfloat16, learning_rate
from momem_lib.training.muon import Muon


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


def asked_facts(inputs: Inputs, labels: Tensor) -> Tensor:
    """The number of the fact that each target states, 0 for none: (B,).

    Args:
        inputs: of records, with their spans. labels: (B, T), the targets.
    """
    numbers = []
    for source, spans, target in zip(inputs.source.tolist(), inputs.spans.tolist(), labels.tolist(), strict=True):
        label = target[: target.index(COLON) + 2] if COLON in target else None
        parts: dict[int, list[int]] = {}
        for token, span in zip(source, spans, strict=True):
            parts.setdefault(span, []).append(token)
        numbers.append(next((span // 2 for span, part in parts.items() if part == label), 0))
    return torch.tensor(numbers, device=labels.device)


def choice_loss(choice: Tensor, facts: Tensor) -> Tensor:
    """How surely the pointer chooses the right fact, or none: a scalar, in nats per question.

    Which field was asked for is settled by one or two letters of thirty ("L" of "Lives in", "o" of "Favourite movie").
    A mean over letters hardly feels them; asked for by itself, the choice is learned like any classification.

    Args:
        choice: (B, facts) log-probabilities. facts: (B,) of asked_facts.

    Example:
        >>> round(choice_loss(torch.tensor([[0.25, 0.75]]).log(), torch.tensor([1])).exp().item(), 2)
        1.33
    """
    return torch.nn.functional.nll_loss(choice, facts)


WRITTEN = 8  # with a choice to learn, one row in so many is also written: copying is soon learned, choosing is not


def module_loss(
    model: Transformer, batch: tuple[Inputs, Tensor], choice: float = 0.0
) -> Tensor | tuple[Tensor, Tensor]:
    """The loss of a module on a batch of batches.batch_of, in nats per target token.

    Args:
        choice: weight of choice_loss in the loss to descend, which then stands beside the one to report.
    """
    inputs, labels = batch
    if not choice:
        return cross_entropy(model(inputs), labels, inputs.target_mask)
    written = slice(None, None, WRITTEN)
    loss = module_loss(model, (inputs.select(written), labels[written]))
    return loss, loss + choice * choice_loss(model.choose(inputs), asked_facts(inputs, labels))


def hidden_matrices(model: Transformer) -> list[Tensor]:
    """The matrices between hidden states: all but the embeddings and those that end in scores or in one gate."""
    ends = [model.head.scores]
    if model.copy is not None:
        ends += [model.copy.gate, model.copy.context_scores]
    if model.pointer is not None:
        ends += [model.pointer.score]
    layers = (module for module in model.modules() if isinstance(module, torch.nn.Linear) and module not in ends)
    return [layer.weight for layer in layers]


def make_optimizers(model: Transformer, config: RunConfig) -> list[torch.optim.Optimizer]:
    """AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), and Muon beside it where muon_lr is above 0.

    Muon (see training/muon.py) makes the update of a hidden matrix orthogonal, so that no few directions take it all;
    the rest is AdamW's. Matrices are decayed towards zero, biases and gains are not.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> model = Transformer(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
        >>> [type(optimizer).__name__ for optimizer in make_optimizers(model, RunConfig(muon_lr=0.01))]
        ['AdamW', 'Muon']
    """
    hidden = hidden_matrices(model) if config.muon_lr else []
    taken = {id(parameter) for parameter in hidden}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in taken]
    groups = [
        {"params": [p for p in rest if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in rest if p.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=config.model_lr, betas=(0.9, 0.98), fused=True)
    if not hidden:
        return [adamw]
    return [adamw, Muon(hidden, lr=config.muon_lr, weight_decay=config.weight_decay)]


class Trainer:
    """A model, its optimizers and its moving average, at some step of a run."""

    def __init__(self, config: RunConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device = config, device
        self.model = Transformer(config.model).to(device)
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizers = make_optimizers(self.model, config)
        self.step = 0
        self.seconds = 0.0
        self.loss: float | None = None  # smoothed over about 20 steps
        self.gradient_norm = 0.0  # before it was shortened
        self.history: list[dict] = []
        self.half = in_bfloat16(config, device)

    def train_step(self, batch, loss_of: Callable) -> float:
        """One batch: loss, gradients, one step of the optimizers; returns the loss in nats per token.

        Args:
            loss_of: from model and batch to a scalar; or to two, the one to report and the one to descend.

        Raises:
            TrainingStopped: the loss or its gradient is NaN or infinite; nothing was changed.
        """
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            loss = loss_of(self.model, batch)
        reported, loss = loss if isinstance(loss, tuple) else (loss, loss)
        value = self.finite(reported, "loss")
        self.descend(loss)
        self.loss = value if self.loss is None else 0.95 * self.loss + 0.05 * value
        return value

    def descend(self, loss: Tensor) -> None:
        """Gradients of a loss, and one step of the optimizers at this step's rate.

        Raises:
            TrainingStopped: the gradient is NaN or infinite; nothing was changed.
        """
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.gradient_norm = self.finite(norm, "gradient")
        share = learning_rate(self.config, self.step) / self.config.model_lr
        for optimizer, highest in zip(self.optimizers, (self.config.model_lr, self.config.muon_lr), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = share * highest
            optimizer.step()
        self.step += 1
        self.update_average()

    def finite(self, number: Tensor, what: str) -> float:
        """The number, or TrainingStopped when it is none."""
        if math.isfinite(value := number.item()):
            return value
        raise TrainingStopped(
            f"the {what} became {value} at step {self.step}: nothing after the last checkpoint is kept. Try a lower "
            "model_lr, more warmup_steps, a smaller clip_norm, or precision float32"
        )

    @torch.no_grad()
    def update_average(self) -> None:
        """Move the averaged weights a little towards the current ones, faster in the beginning."""
        decay = min(self.config.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)

    def save(self, path: Path, card: dict) -> None:
        """Write all that resume needs: weights, average, optimizer, random state, history."""
        tensors = {f"model.{name}": p for name, p in self.model.named_parameters()}
        tensors |= {f"average.{name}": p for name, p in self.average.named_parameters()}
        for place, optimizer in enumerate(self.optimizers):
            for index, slots in optimizer.state_dict()["state"].items():
                tensors |= {f"optim.{place}.{index}.{name}": torch.as_tensor(value) for name, value in slots.items()}
        tensors["rng"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["rng_cuda"] = torch.cuda.get_rng_state(self.device)
        progress = {"step": self.step, "seconds": self.seconds, "loss": self.loss, "history": self.history}
        save_tensors(path, tensors, card | {"training": flat(self.config), "progress": progress})

    def load_weights(self, path: Path, with_optimizer: bool = False) -> tuple[dict[str, Tensor], dict]:
        """Take weights, and perhaps the optimizer's state, from a file that save or save_model wrote; return it all."""
        tensors, card = load_tensors(path)
        if card.get("model") != asdict(self.config.model):
            raise InputError(f"the checkpoint {path} has another model shape than this run: use the same config")
        for model, prefix in ((self.model, "model."), (self.average, "average.")):
            saved = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
            saved = saved or tensors  # save_model writes one set of weights, and no prefixes
            model.load_state_dict(build(card, saved, path, tokenizer=card.get("tokenizer")).state_dict())
        if with_optimizer and card.get("progress", {}).get("step") != 0:  # before the first step they remember nothing
            self.load_optimizer(tensors, path)
        return tensors, card

    def load_optimizer(self, tensors: dict[str, Tensor], path: Path) -> None:
        """Give the optimizers back their memory (moments and step counts)."""
        states: list[dict[int, dict]] = [{} for _ in self.optimizers]
        for name, value in tensors.items():
            if name.startswith("optim."):
                _, place, index, slot = name.split(".")
                states[int(place)].setdefault(int(index), {})[slot] = value
        if not all(states):
            raise InputError(f"the checkpoint {path} holds no optimizer state: give a '.train.safetensors' file")
        for optimizer, state in zip(self.optimizers, states, strict=True):
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

    def resume(self, path: Path, data: object = None) -> dict:
        """Go back to the step at which save was called, and return its card; the dataset must be that run's."""
        tensors, card = self.load_weights(path, with_optimizer=True)
        if data is not None and card.get("data") != data:
            raise InputError(f"cannot resume from {path}: it was trained on another dataset")
        check_same(self.config, card, path)
        progress = card["progress"]
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.loss, self.history = progress["loss"], progress["history"]
        torch.set_rng_state(tensors["rng"])
        if self.device.type == "cuda" and "rng_cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng_cuda"], self.device)
        return card


def check_same(config: RunConfig, card: dict, path: Path) -> None:
    """Refuse to resume a run with other settings than it began with."""
    ours, theirs = flat(config), card.get("training", {})
    if other := sorted(key for key in ours if ours[key] != theirs.get(key)):
        raise InputError(f"cannot resume from {path}: {', '.join(other)} differ; use the same config and options")


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
