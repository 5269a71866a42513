"""From counting to a Transformer: the library's versions of what the reader of notebook 06 writes."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from momem_lib.training.muon import Muon

Model = Callable[[Tensor], Tensor]  # tokens (B, T) -> a score for each next token (B, T, V)


def cut(tokens: Tensor, starts: Sequence[int] | Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Inputs and labels (B, T) of the windows that begin at some places of a text (N,).

    Example:
        >>> cut(torch.arange(10, 20), [0, 5], 3)
        (tensor([[10, 11, 12],
                [15, 16, 17]]), tensor([[11, 12, 13],
                [16, 17, 18]]))
    """
    rows = torch.stack([tokens[start : start + length + 1] for start in starts])  # (B, T+1)
    return rows[:, :-1], rows[:, 1:]


def surprise(scores: Tensor, labels: Tensor) -> Tensor:
    """How surprising each label is, -ln p in nats: (B, T, V), (B, T) -> (B, T)."""
    return -scores.log_softmax(-1).gather(-1, labels[..., None])[..., 0]


def bits_per_byte(nats: Sequence[float], pieces: Sequence[bytes]) -> float:
    """The surprise at each token of a text, and the bytes that each stands for -> bits for a byte of the text.

    Example:
        >>> round(bits_per_byte([1.386, 0.0], [b"a", b"bcd"]), 2)
        0.5
    """
    return sum(nats) / math.log(2) / sum(len(piece) for piece in pieces)


def unigram(tokens: Tensor, size: int) -> Tensor:
    """How probable each of V tokens is, by counting, each seen once more than it was: (N,) -> (V,)."""
    counts = torch.bincount(tokens, minlength=size) + 1.0
    return counts / counts.sum()


def bigram(tokens: Tensor, size: int, strength: float = 10.0) -> Tensor:
    """The same after each token: (N,) -> (V, V), rows are what came before; unigram weighs `strength` observations."""
    counts = torch.bincount(tokens[:-1] * size + tokens[1:], minlength=size * size).view(size, size).float()
    return (counts + strength * unigram(tokens, size)) / (counts.sum(1, keepdim=True) + strength)


@torch.inference_mode()
def generate(model: Model, tokens: Tensor, count: int, temperature: float = 1.0, window: int = 64) -> Tensor:
    """Go on with a text, one token after the other: (1, n) -> (1, n + count)."""
    for _ in range(count):
        scores = model(tokens[:, -window:])[:, -1]  # (1, V)
        probs = torch.softmax(scores / temperature, dim=-1)
        tokens = torch.cat([tokens, torch.multinomial(probs, 1)], dim=1)
    return tokens


class Net(nn.Module):
    """Token vectors, layers, and a score for each next token.

    Example:
        >>> Net(size=5, width=8, layers=[])(torch.tensor([[1, 2]])).shape  # (B, T, V)
        torch.Size([1, 2, 5])
    """

    def __init__(self, size: int, width: int, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.vectors = nn.Embedding(size, width)
        nn.init.normal_(self.vectors.weight, std=0.1)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(width)
        self.scores = nn.Linear(width, size)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        x = self.vectors(tokens)  # (B, T, D)
        for layer in self.layers:
            x = layer(x)
        return self.scores(self.norm(x))


def train(
    model: Model, batches: Iterable[tuple[Tensor, Tensor]], optimizers: Sequence[torch.optim.Optimizer]
) -> list[float]:
    """One step a batch of inputs and labels; returns the loss of each step, in nats per token."""
    losses = []
    for inputs, labels in batches:
        loss = surprise(model(inputs), labels).mean()
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
    return losses


def early_stop(losses: Sequence[float], patience: int) -> tuple[int, int]:
    """Where early stopping ends a run: (the checkpoint after which it stops, the checkpoint that it keeps).

    Example:
        >>> early_stop([3.0, 2.0, 2.5, 2.4, 1.0], patience=2)  # it never sees the 1.0
        (3, 1)
    """
    best = 0
    for number, loss in enumerate(losses):
        if loss < losses[best]:
            best = number
        if number - best >= patience:
            return number, best
    return len(losses) - 1, best


def counted(train: bytes, order: int) -> Callable[[bytes], np.ndarray]:
    """A language model of bytes by counting: from the text so far to the probability of each next byte (256,).

    Each context is mixed with the next shorter one, which weighs as much as different bytes have followed (Witten and
    Bell 1991, method C).
    """
    follows: dict[bytes, Counter] = {}
    for place, byte in enumerate(train):
        for length in range(min(order, place) + 1):
            follows.setdefault(train[place - length : place], Counter())[byte] += 1

    def next_probs(text: bytes) -> np.ndarray:
        probs = np.full(256, 1 / 256)
        for length in range(min(order, len(text)) + 1):
            counts = follows.get(text[len(text) - length :])
            if counts is None:
                break
            probs = len(counts) * probs
            probs[list(counts)] += list(counts.values())
            probs = probs / (len(counts) + counts.total())
        return probs

    return next_probs


def optimizers_for(
    model: nn.Module, steps: int, rate: float = 0.01, muon_rate: float = 0.01
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside a model's layers and AdamW for the rest, or AdamW for all where muon_rate is 0.

    The rates fall along a line, and are 0 after so many steps.

    Args:
        model: its layers are called layers, or decoder as a Transformer's are.

    Example:
        >>> optimizer, = optimizers_for(Net(5, 8, []), steps=4, rate=0.1)
        >>> optimizer.step()
        >>> f"{optimizer.param_groups[0]['lr']:.3f}"
        '0.075'
    """
    layers = model.decoder if hasattr(model, "decoder") else model.layers
    hidden = [parameter for parameter in layers.parameters() if parameter.dim() == 2] if muon_rate else []
    taken = {id(parameter) for parameter in hidden}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in taken]
    found: list[torch.optim.Optimizer] = [torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.1)]
    if hidden:
        found.append(Muon(hidden, lr=muon_rate, weight_decay=0.1))

    def fall(optimizer: torch.optim.Optimizer, *_: object) -> None:
        for group in optimizer.param_groups:
            group["lr"] = max(0.0, group["lr"] - optimizer.defaults["lr"] / steps)

    for optimizer in found:
        optimizer.register_step_post_hook(fall)
    return found
