"""One step of training a language model: the windows that it reads, its optimizers, and what a run remembers."""

from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.checkpoints import load_tensors
from momem_lib.configs import learning_rate
from momem_lib.language_model import build
from momem_lib.lm_config import LMConfig
from momem_lib.lm_reading import scores
from momem_lib.muon import Muon
from momem_lib.project import InputError
from momem_lib.trainer import Trainer
from momem_lib.transformer import Transformer


@lru_cache(maxsize=2)
def window_starts(length: int, window: int, seed: int, epoch: int) -> np.ndarray:
    """Where the windows of one pass over a text begin: side by side from a random place on, in random order.

    Example:
        >>> starts = window_starts(100, 8, seed=0, epoch=0)
        >>> len(starts), np.unique(starts % 8).size  # all from the same offset
        (11, 1)
    """
    generator = np.random.default_rng((seed, epoch))
    number = (length - window) // window  # whatever the offset is, so many windows fit
    offset = generator.integers(0, (length - 1) - number * window, endpoint=True)
    return offset + window * generator.permutation(number)


def windows(tokens: np.ndarray, window: int, batch: int, seed: int, step: int) -> Tensor:
    """The batch of one step: (B, T+1); [:, :-1] is what the model reads, [:, 1:] what it should foresee.

    It depends on the seed and the step alone, so that a resumed run goes on with the same batches.

    Raises:
        InputError: fewer tokens than two windows.

    Example:
        >>> windows(np.arange(100), window=4, batch=2, seed=0, step=0).diff(dim=1).unique().tolist()
        [1]
    """
    if len(tokens) < 2 * window:
        raise InputError(f"{len(tokens):,} tokens are too few for windows of {window}: {2 * window} or more are needed")
    number = (len(tokens) - window) // window
    places = range(step * batch, (step + 1) * batch)
    starts = [window_starts(len(tokens), window, seed, place // number)[place % number] for place in places]
    return torch.from_numpy(np.stack([tokens[start : start + window + 1] for start in starts]).astype(np.int64))


def make_optimizers(model: Transformer, config: LMConfig) -> list[torch.optim.Optimizer]:
    """AdamW for embeddings, scores and vectors, and Muon for the matrices between them, where muon_lr is above 0."""
    layers = [
        module for module in model.modules() if isinstance(module, torch.nn.Linear) and module is not model.head.scores
    ]
    hidden = [layer.weight for layer in layers] if config.muon_lr else []
    taken = {id(parameter) for parameter in hidden}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in taken]
    groups = [
        {"params": [p for p in rest if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in rest if p.dim() < 2], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(groups, lr=config.model_lr, betas=(0.9, 0.98), fused=True)
    if not hidden:
        return [adamw]
    return [adamw, Muon(hidden, config.muon_lr, weight_decay=config.weight_decay, steps=config.muon_steps)]


class LMTrainer(Trainer):
    """A language model, its optimizers and its moving average, at some step of a run.

    Example:
        >>> config = LMConfig(embedding_dim=16, num_heads=2, hidden_dim=32, num_decoder_blocks=1, context_window=8)
        >>> trainer = LMTrainer(config, torch.device("cpu"))
        >>> first = trainer.train_step(windows(np.arange(256), 8, batch=2, seed=0, step=0))
        >>> 5.3 < first < 5.8  # about ln 256: every byte seems equally likely at first
        True
    """

    def __init__(self, config: LMConfig, device: torch.device) -> None:
        super().__init__(replace(config, muon_lr=0.0), device)
        self.config = config
        self.optimizers = make_optimizers(self.model, config)
        self.gradient_norm = 0.0

    def train_step(self, batch: Tensor) -> float:
        """One batch (B, T+1): loss, gradients, one step of the optimizers; returns the loss in nats per token.

        Raises:
            TrainingStopped: the loss or its gradient is NaN or infinite; nothing was changed.
        """
        batch = batch.to(self.device, non_blocking=True)
        share = learning_rate(self.config, self.step) / self.config.model_lr
        for optimizer, highest in zip(self.optimizers, (self.config.model_lr, self.config.muon_lr), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = share * highest
        with torch.autocast(self.device.type, torch.bfloat16) if self.half else nullcontext():
            logits = scores(self.model, batch[:, :-1])  # (B, T, V)
        loss = F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())
        value = self.finite(loss, "loss")
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self.gradient_norm = self.finite(norm, "gradient")
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        self.update_average()
        self.loss = value if self.loss is None else 0.95 * self.loss + 0.05 * value
        return value

    def load_weights(self, path: Path, with_optimizer: bool = False) -> dict:
        """Take weights, and perhaps the optimizer's state, from a file that save wrote."""
        tensors, card = load_tensors(path)
        for model, prefix in ((self.model, "model."), (self.average, "average.")):
            weights = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
            model.load_state_dict(build(card, weights, path).state_dict())
        if with_optimizer and card["progress"]["step"]:  # before the first step, optimizers remember nothing
            self.load_optimizer(tensors, path)
        return {"tensors": tensors, "card": card}
