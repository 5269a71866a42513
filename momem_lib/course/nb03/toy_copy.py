"""A toy world in which copying is learned within seconds: letters in a random order, again and again.

Two layers of attention and nothing else are enough (Olsson et al. 2022, arXiv:2209.11895, "In-context Learning and
Induction Heads"): one head tells each letter what stood before it, and one finds where that was the case before.
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.nn.attention import attention_by_hand, causal_mask, rotate, rotation
from momem_lib.project import InputError

LETTERS = "abcdefghijklmnopqrstuvwxyz"


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


class SelfAttention(nn.Module):
    """A whole attention layer: H heads, causal, with rotary positions (Vaswani et al. 2017, section 3.2.2).

    Example:
        >>> SelfAttention(width=8, heads=2)(torch.zeros(1, 5, 8)).shape  # (B, T, D)
        torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor, looks: list[Tensor] | None = None) -> Tensor:
        """(B, T, D) -> (B, T, D); looks collects the weights (B, H, T, T)."""
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )  # (B, H, T, D/H)
        angles = rotation(torch.arange(x.shape[1])[None], query.shape[-1])
        query, key = rotate(query, angles), rotate(key, angles)
        mixed, weights = attention_by_hand(query, key, value, causal_mask(x.shape[1]))
        if looks is not None:
            looks.append(weights)
        return self.out(mixed.transpose(1, 2).flatten(2))  # (B, H, T, D/H) -> (B, T, D)


class Copier(nn.Module):
    """Letters to vectors, layers of attention, and a score for each next letter: no MLP.

    Example:
        >>> Copier(layers=2)(encode_letters("abcab")).shape  # (B, T, V)
        torch.Size([1, 5, 26])
    """

    def __init__(self, layers: int = 2, width: int = 64, heads: int = 2) -> None:
        super().__init__()
        self.letters = nn.Embedding(len(LETTERS), width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.layers = nn.ModuleList(SelfAttention(width, heads) for _ in range(layers))
        self.last_norm = nn.LayerNorm(width)
        self.scores = nn.Linear(width, len(LETTERS))

    def forward(self, tokens: Tensor, looks: list[Tensor] | None = None) -> Tensor:
        """Score every next letter: (B, T) -> (B, T, V); looks collects each layer's (B, H, T, T)."""
        x = self.letters(tokens)  # (B, T, D)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = x + layer(norm(x), looks)  # added to what was known before
        return self.scores(self.last_norm(x))


def copy_loss(scores: Tensor, tokens: Tensor, period: Tensor) -> Tensor:
    """Cross-entropy in nats, over the letters that can be known: those from the second time round on.

    Args:
        scores: (B, T, V). tokens: (B, T). period: (B,).

    Example:
        >>> tokens = encode_letters("abab")
        >>> f"{copy_loss(torch.zeros(1, 4, 26), tokens, torch.tensor([2])).item():.3f}"  # ln 26: no idea
        '3.258'
    """
    losses = F.cross_entropy(scores[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")  # (B, T-1)
    known = torch.arange(1, tokens.shape[1]) >= period[:, None]  # (B, T-1)
    return losses[known].mean()


def train(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], learning_rate: float = 3e-3) -> list[float]:
    """Train a copier, one step a batch, and return the loss of each step in nats.

    Args:
        batches: pairs of tokens (B, T) and periods (B,), see repeated_letters.

    Example:
        >>> draw = torch.Generator().manual_seed(0)
        >>> len(train(Copier(width=8), [repeated_letters(2, (3, 5), 12, draw) for _ in range(3)]))
        3
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    losses = []
    for tokens, period in batches:
        loss = copy_loss(model(tokens), tokens, period)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.inference_mode()
def copy_accuracy(model: Copier, periods: tuple[int, int], length: int = 40, rows: int = 256) -> float:
    """How often the most probable letter is right, 0 to 1, where one letter of the repetition has been seen.

    Example:
        >>> 0 <= copy_accuracy(Copier(), (4, 4), rows=8) < 0.5  # it learned nothing
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
def head_scores(model: Copier, periods: tuple[int, int] = (6, 16), length: int = 40) -> tuple[Tensor, Tensor]:
    """What each head looks at, on average over fresh rows, as a share from 0 to 1.

    Returns:
        previous (L, H): the weight on the letter just before. induction (L, H): the weight on what followed the same
        letter last time, where there is such a place. L is the number of layers.

    Example:
        >>> previous, induction = head_scores(Copier(layers=2))
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
