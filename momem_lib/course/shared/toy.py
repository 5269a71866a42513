"""A toy text whose every choice is known, and a plain training step: for notebooks 05 and 12."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from momem_lib.course.shared.anatomy import text_inputs
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.training.trainer import cross_entropy

# Word -> probability. Within a place, no two words begin alike, so that each choice falls on one letter.
WHO = {"cat": 0.4, "dog": 0.3, "fox": 0.15, "hen": 0.1, "owl": 0.05}
DOES = {"sleeps": 0.5, "runs": 0.25, "hides": 0.15, "waits": 0.1}
WHERE = {"on the roof": 0.4, "in the garden": 0.3, "by the river": 0.2, "under the tree": 0.1}
PLACES = (WHO, DOES, WHERE)
TOY = ModelConfig(embedding_dim=48, num_heads=4, hidden_dim=192, num_decoder_blocks=2, context_window=64)


def toy_sentence(who: str, does: str, where: str) -> str:
    """One sentence; its last word repeats who it was about, so a model must look back to get it right.

    Example:
        >>> toy_sentence("cat", "sleeps", "on the roof")
        'the cat sleeps on the roof. good cat! '
    """
    return f"the {who} {does} {where}. good {who}! "


def toy_text(sentences: int = 2000, seed: int = 0) -> str:
    """Sentences drawn at random, one after the other.

    Raises:
        InputError: fewer than one sentence.

    Example:
        >>> toy_text(2)
        'the fox sleeps in the garden. good fox! the fox sleeps in the garden. good fox! '
    """
    if sentences < 1:
        raise InputError(f"{sentences} sentences were asked for; 1 or more was expected")
    draw = random.Random(seed)
    words = [draw.choices(list(place), list(place.values()), k=sentences) for place in PLACES]
    return "".join(toy_sentence(*chosen) for chosen in zip(*words, strict=True))


def entropy(probs) -> float:
    """The mean surprise of a choice, -sum p ln p, in nats (Shannon 1948, section 6).

    Example:
        >>> round(entropy([0.5, 0.5]), 3)
        0.693
    """
    return -sum(p * math.log(p) for p in probs if p > 0)


def toy_floor() -> float:
    """The least mean loss that an honest model of toy_text can have, in nats per letter.

    All that is uncertain in a sentence is its three choices; their entropy is spread over its letters.

    Example:
        >>> round(toy_floor(), 4)
        0.1012
    """
    uncertain = sum(entropy(place.values()) for place in PLACES)
    who, does, where = (sum(len(word) * p for word, p in place.items()) for place in PLACES)
    return uncertain / (len(toy_sentence("", "", "")) + 2 * who + does + where)


def toy_windows(text: str, length: int = 64) -> Tensor:
    """Every window of a text, as byte numbers: (N, length + 1); a window's last token is a label only.

    Example:
        >>> toy_windows("good cat", length=3)[0].tolist() == list(b"good")
        True
    """
    return torch.tensor(list(text.encode("utf-8"))).unfold(0, length + 1, 1)


def toy_model(seed: int = 0, **changes) -> Transformer:
    """A small untrained decoder-only model, the same at each call.

    Its token vectors start at 0.1: small models learn faster from there than from the 0.02 of the larger ones.

    Args:
        changes: fields of ModelConfig that shall differ from TOY.

    Example:
        >>> toy_model(num_decoder_blocks=1).config.num_decoder_blocks, toy_model().num_parameters() < 100_000
        (1, True)
    """
    torch.manual_seed(seed)
    model = Transformer(replace(TOY, **changes))
    torch.nn.init.normal_(model.embedding.weight, std=0.1)
    return model


def next_token_loss(model: Transformer, window: Tensor) -> Tensor:
    """The mean loss of predicting each next token: window (B, T+1) -> a scalar, in nats per token."""
    inputs = text_inputs(window[:, :-1])
    return cross_entropy(model(inputs), window[:, 1:], inputs.target_mask)


class ToyTrainer:
    """A model and an optimizer with no warm-up, no clipping and no guard, unless a rate or a limit is given.

    Args:
        rate: from the number of a step to its learning rate. clip_norm: longest gradient; its length is then kept.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        rate: Callable[[int], float] | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.model, self.optimizer, self.rate, self.clip_norm = model, optimizer, rate, clip_norm
        self.step, self.seconds, self.loss, self.gradient_norm = 0, 0.0, math.nan, math.nan

    def train_step(self, batch, loss_of: Callable) -> float:
        """One step, as plain as can be: the loss, its gradient, and a step of the optimizer; returns the loss."""
        loss = loss_of(self.model, batch)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm is not None:
            self.gradient_norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm).item()
        if self.rate is not None:
            self.optimizer.param_groups[0]["lr"] = self.rate(self.step)
        self.optimizer.step()
        self.step, self.loss = self.step + 1, loss.item()
        return self.loss


def window_batches(windows: Tensor, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Random windows, for ever: batches (B, T+1) of windows (N, T+1).

    Example:
        >>> next(window_batches(toy_windows(toy_text(5), length=8), batch_size=2, seed=0)).shape
        torch.Size([2, 9])
    """
    draw = torch.Generator().manual_seed(seed)
    while True:
        yield windows[torch.randint(len(windows), (batch_size,), generator=draw)]
