"""A toy world in which copying is learned within seconds: letters in a random order, again and again.

Two layers of attention and nothing else are enough (Olsson et al. 2022, arXiv:2209.11895, "In-context Learning and
Induction Heads"): one head tells each letter what stood before it, and one finds where that was the case before.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.course.shared.toy import ToyTrainer
from momem_lib.nn.attention import CAUSAL, MultiHeadAttention, rotation
from momem_lib.project import InputError
from momem_lib.training.loop import fit

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WARM_UP = 20  # steps until the learning rate is reached
COOL_DOWN = 0.3  # share of the steps, at the end, over which it falls to nothing


def encode_letters(text: str) -> Tensor:
    """A text of small letters as one row of tokens: (1, T).

    Raises:
        InputError: it holds something else, or nothing.

    Example:
        >>> encode_letters("abz")
        tensor([[ 0,  1, 25]])
    """
    strange = sorted(set(text) - set(LETTERS))
    if strange or not text:
        raise InputError(f"the toy world knows the letters a to z alone, not {''.join(strange) or 'an empty text'!r}")
    return torch.tensor([[LETTERS.index(letter) for letter in text]])


def decode_letters(tokens: Tensor) -> str:
    """Tokens (T,) as letters.

    Example:
        >>> decode_letters(torch.tensor([0, 1, 25]))
        'abz'
    """
    return "".join(LETTERS[token] for token in tokens.tolist())


def repeated_letters(
    rows: int, periods: tuple[int, int], length: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Rows of letters in a random order, each letter once, and then the same again until the row is full.

    Args:
        rows: B.
        periods: the least and the most letters before a row begins again; drawn anew for each row.
        length: T.

    Returns:
        Tokens (B, T), and each row's period (B,).

    Raises:
        InputError: a period that is too small, too large for the alphabet, or that leaves nothing to copy.

    Example:
        >>> tokens, period = repeated_letters(2, (3, 3), 7, torch.Generator().manual_seed(0))
        >>> period.tolist(), torch.equal(tokens[:, 3:], tokens[:, :4])
        ([3, 3], True)
    """
    least, most = periods
    if not 2 <= least <= most <= min(len(LETTERS), length - 1):
        raise InputError(f"periods {periods} cannot be: 2 letters or more, at most 26, below length {length}")
    period = torch.randint(least, most + 1, (rows,), generator=generator)
    order = torch.rand(rows, len(LETTERS), generator=generator).argsort(dim=1)  # (B, 26) no letter twice
    places = torch.arange(length)[None] % period[:, None]  # (B, T)
    return order.gather(1, places), period


class AttentionOnly(nn.Module):
    """Letters to vectors, layers of causal attention with rotary positions, and a score for each next letter: no MLP.

    Example:
        >>> AttentionOnly(num_layers=2)(encode_letters("abcab")).shape  # (B, T, V)
        torch.Size([1, 5, 26])
    """

    def __init__(self, num_layers: int = 2, embedding_dim: int = 64, num_heads: int = 2) -> None:
        super().__init__()
        self.head_dim = embedding_dim // num_heads
        self.embedding = nn.Embedding(len(LETTERS), embedding_dim)
        self.norms = nn.ModuleList(nn.LayerNorm(embedding_dim) for _ in range(num_layers))
        self.layers = nn.ModuleList(MultiHeadAttention(embedding_dim, num_heads) for _ in range(num_layers))
        self.last_norm = nn.LayerNorm(embedding_dim)
        self.scores = nn.Linear(embedding_dim, len(LETTERS))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.6 / math.sqrt(module.in_features))
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor, weights: list[Tensor] | None = None) -> Tensor:
        """Score every next letter: (B, T) -> (B, T, V); weights collects each layer's (B, H, T, T)."""
        x = self.embedding(tokens)  # (B, T, D)
        angles = rotation(torch.arange(tokens.shape[1], device=tokens.device)[None], self.head_dim)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = x + layer(norm(x), mask=CAUSAL, angles=angles, weights=weights)  # added to what was known before
        return self.scores(self.last_norm(x))


@dataclass
class Trained:
    """A model that learned to copy, and how that went."""

    model: AttentionOnly
    losses: list[float]  # nats per letter that could be known, one number a step


def copy_loss(scores: Tensor, tokens: Tensor, period: Tensor) -> Tensor:
    """Cross-entropy in nats, over the letters that can be known: those from the second time round on.

    Args:
        scores: (B, T-1, V) for the letters after the first. tokens: (B, T). period: (B,).

    Example:
        >>> tokens = encode_letters("abab")
        >>> f"{copy_loss(torch.zeros(1, 3, 26), tokens, torch.tensor([2])).item():.3f}"  # ln 26: no idea
        '3.258'
    """
    known = torch.arange(1, tokens.shape[1], device=tokens.device)[None] >= period[:, None]  # (B, T-1)
    losses = F.cross_entropy(scores.transpose(1, 2), tokens[:, 1:], reduction="none")  # (B, T-1)
    return losses[known].mean()


def train_copier(
    num_layers: int = 2,
    steps: int = 300,
    periods: tuple[int, int] = (6, 16),
    seed: int = 0,
    length: int = 40,
    batch_size: int = 32,
    model_lr: float = 3e-3,
    device: str | torch.device = "cpu",
) -> Trained:
    """Train a fresh AttentionOnly on repeated_letters, never on the same row twice; give it back on the CPU.

    Example:
        >>> len(train_copier(steps=2, batch_size=2).losses)
        2
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = AttentionOnly(num_layers).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=model_lr, weight_decay=0.01)

    def rate(step: int) -> float:
        return model_lr * min(1, (step + 1) / WARM_UP, (steps - step) / (COOL_DOWN * steps))

    def loss_of(model: AttentionOnly, batch: tuple[Tensor, Tensor]) -> Tensor:
        tokens, period = (part.to(device) for part in batch)
        return copy_loss(model(tokens[:, :-1]), tokens, period)

    batches = (repeated_letters(batch_size, periods, length, generator) for _ in range(steps))
    losses = fit(ToyTrainer(model, optimizer, rate, clip_norm=1.0), batches, loss_of, steps,
                 desc=f"{num_layers} layers", leave=False)  # fmt: skip
    return Trained(model.cpu().eval(), losses)


@torch.inference_mode()
def copy_accuracy(model: AttentionOnly, periods: tuple[int, int], length: int = 40, rows: int = 256) -> float:
    """How often the most probable letter is right, 0 to 1, where one letter of the repetition has been seen.

    Example:
        >>> 0 <= copy_accuracy(AttentionOnly(), (4, 4), rows=8) < 0.5  # it learned nothing
        True
    """
    tokens, period = repeated_letters(rows, periods, length, torch.Generator().manual_seed(12_345))
    guessed = model(tokens[:, :-1]).argmax(-1)  # (B, T-1)
    known = torch.arange(1, length)[None] > period[:, None]
    return (guessed == tokens[:, 1:])[known].float().mean().item()


def follows_same(tokens: Tensor) -> Tensor:
    """Where an induction head should look: (B, T, T), True at (t, s) when the letter before s equals that at t, s <= t.

    Example:
        >>> follows_same(encode_letters("abab"))[0].int().tolist()
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    """
    length = tokens.shape[1]
    same = torch.zeros(len(tokens), length, length, dtype=torch.bool)
    same[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]
    return same & torch.ones(length, length, dtype=torch.bool).tril()


@torch.inference_mode()
def head_scores(model: AttentionOnly, periods: tuple[int, int] = (6, 16), length: int = 40) -> tuple[Tensor, Tensor]:
    """What each head looks at, on average over fresh rows, as a share from 0 to 1.

    Returns:
        previous (L, H): the weight on the letter just before. induction (L, H): the weight on what followed the same
        letter last time, where there is such a place. L is the number of layers.

    Example:
        >>> previous, induction = head_scores(AttentionOnly(num_layers=2))
        >>> previous.shape, bool((induction < 0.5).all())
        (torch.Size([2, 2]), True)
    """
    tokens, _ = repeated_letters(64, periods, length, torch.Generator().manual_seed(54_321))
    looks: list[Tensor] = []
    model(tokens, looks)
    weights = torch.stack(looks)  # (L, B, H, T, T)
    previous = weights.diagonal(-1, dim1=-2, dim2=-1).mean(dim=(1, 3))
    where = follows_same(tokens)
    on_match = (weights * where[None, :, None]).sum(-1)  # (L, B, H, T)
    seen = where.any(-1)  # (B, T)
    induction = on_match.transpose(2, 3)[:, seen].mean(1)  # (L, H)
    return previous, induction
