"""What the reader of notebook 03 writes: the library's versions, small inputs, and typical mistakes."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from momem_lib.course.nb03.toy_copy import (
    LETTERS,
    Copier,
    SelfAttention,
    copy_loss,
    encode_letters,
    follows_same,
    repeated_letters,
    train,
)
from momem_lib.course.shared.judging import Part
from momem_lib.nn.attention import causal_mask, rotation
from momem_lib.nn.attention import rotate as rotate_by

NOTHING = float("-inf")


# The library's versions


def softmax(scores: Tensor, dim: int = -1) -> Tensor:
    """Shares that sum to 1 along an axis."""
    return torch.softmax(scores, dim)


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Mixed values (..., T, D) and weights (..., T, S); the mask is True where a query may look."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    if mask is not None:
        scores = scores.masked_fill(~mask, NOTHING)
    weights = torch.softmax(scores, dim=-1)
    return weights @ value, weights  # unlike the library's, a row that may look at nobody is nan: a lesson


def padding_mask(lengths: Sequence[int], longest: int) -> Tensor:
    """True where there is a token: (B, 1, 1, S)."""
    return (torch.arange(longest) < torch.tensor(lengths)[:, None])[:, None, None]


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, T, D) -> (B, H, T, D/H)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, H, T, D/H) -> (B, T, D)."""
    return x.transpose(1, 2).flatten(2)


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Turn each pair of numbers of x (..., T, D/H) by its position (T,)."""
    cos, sin = (part[0, 0] for part in rotation(positions[None], x.shape[-1]))
    return rotate_by(x, (cos, sin))


def streamed(query: Tensor, key: Tensor, value: Tensor, block: int) -> Tensor:
    """Attention from blocks of keys, one after the other, that never sees all scores at once."""
    largest = torch.full((len(query), 1), NOTHING)
    total, mixed = torch.zeros(len(query), 1), torch.zeros(len(query), value.shape[-1])
    for keys, values in zip(key.split(block), value.split(block), strict=True):
        scores = query @ keys.T / math.sqrt(query.shape[-1])  # (T, block)
        new = torch.maximum(largest, scores.amax(-1, keepdim=True))
        powers, shrink = (scores - new).exp(), (largest - new).exp()
        total, mixed = shrink * total + powers.sum(-1, keepdim=True), shrink * mixed + powers @ values
        largest = new
    return mixed / total


# How a class or a loop is called


def layer_of(kind: type, x: Tensor) -> list[Tensor]:
    """What a new layer makes of x, and how it looks."""
    looks: list[Tensor] = []
    out = kind(x.shape[-1], 2)(x, looks)
    return None if out is None else [out, *looks]


def copier_of(kind: type, layers: int, tokens: Tensor) -> Tensor:
    """What a new copier makes of tokens."""
    return kind(layers, 8)(tokens)


def trained(train: Callable, steps: int) -> tuple[list[float], Tensor] | None:
    """The losses of a few steps with a tiny model, and a number that depends on all that it learned."""
    model, draw = Copier(1, 8), torch.Generator().manual_seed(1)
    losses = train(model, [repeated_letters(2, (3, 4), 8, draw) for _ in range(steps)], 0.1)
    return None if losses is None else (losses, model(encode_letters("ab")))


def numbers(*shape: int, seed: int = 3) -> Tensor:
    """Random numbers, the same at each call."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


SOME = torch.tensor([[1, 0, 1, 1, 0], [0, 1, 1, 0, 0], [1, 0, 0, 0, 1]], dtype=torch.bool)
PLAIN = [
    (torch.tensor([[1.0, 1, 1, 1]]), torch.tensor([[1.0, 1, 1, 1], [0, 0, 0, 0]]), torch.tensor([[10.0], [0]])),
    (numbers(2, 3, 4, seed=1), numbers(2, 5, 4, seed=2), numbers(2, 5, 6)),
]
SCALES = {
    "the scale is missing: divide the scores by the square root of the width D": (" / math.sqrt(query.shape[-1])", ""),
    "the scores were divided by D, not by its square root": ("math.sqrt", ""),
    "the scores were divided by the root of a length: D is the last number of query.shape": (
        "query.shape[-1]", "key.shape[-2]"
    ),
    "the scores were multiplied by the square root of D: divide": (" / ", " * "),
    "the softmax is missing: the scores themselves are no weights": ("torch.softmax(scores, dim=-1)", "scores"),
    "the softmax runs over the queries: it must run over the keys, the last axis": ("dim=-1", "dim=-2"),
}  # fmt: skip
MASKS = {
    "the mask is not used": ("scores.masked_fill(~mask, NOTHING)", "scores"),
    "the mask is the wrong way round: True is where a query may look": ("~mask", "mask"),
    "forbidden scores were set to 0, but exp(0) is 1: they must be -inf": (
        "scores.masked_fill(~mask, NOTHING)", "scores * mask"
    ),
    "weights were set to 0 after the softmax, so that rows no longer sum to 1: mask the scores": (
        "scores = scores.masked_fill(~mask, NOTHING)",
        "return (weights := torch.softmax(scores, -1) * mask) @ value, weights",
    ),
}  # fmt: skip

PARTS = {
    "03.1": Part(
        softmax,
        [
            (torch.zeros(2),),
            (torch.tensor([1.0, 0.0]),),
            (torch.tensor([1000.0, 0.0]),),
            (torch.tensor([[1000.0, 1000.0], [0.0, 0.0]]),),
            (torch.tensor([[0.0, 0.0], [0.0, 5.0]]),),
            (numbers(2, 3), 0),
        ],
        {
            "the exponential is missing, and so is the sum: these are the scores themselves": lambda s, dim=-1: s,
            "the exponential is missing: a share of negative scores is no share": lambda s, dim=-1: (
                s / s.sum(dim, keepdim=True)
            ),
            "the powers do not sum to 1 yet: divide them by their sum": lambda s, dim=-1: s.exp(),
            "large scores overflow: take the largest off all scores before exp": lambda s, dim=-1: (
                s.exp() / s.exp().sum(dim, keepdim=True)
            ),
            "the sum runs over the whole table: it must run along dim alone": lambda s, dim=-1: (
                (s - s.amax(dim, keepdim=True)).exp() / (s - s.amax(dim, keepdim=True)).exp().sum()
            ),
            "the largest score of the whole table was taken off: a row that lies far below it becomes 0 / 0": (
                lambda s, dim=-1: (s - s.max()).exp() / (s - s.max()).exp().sum(dim, keepdim=True)
            ),
            "the sum has lost its axis, so rows are divided by each other's sums: keepdim=True": lambda s, dim=-1: (
                (s - s.amax(dim, keepdim=True)).exp() / (s - s.amax(dim, keepdim=True)).exp().sum(dim)
            ),
            "dim is not used: the last axis is only where it begins": lambda s, dim=-1: torch.softmax(s, -1),
        },
    ),
    "03.2": Part(attention, PLAIN, SCALES),
    "03.3": Part(
        causal_mask,
        [(1,), (2,), (5,)],
        {
            "every position sees the next one too: off by one": (".tril()", ".tril(1)"),
            "no position sees itself: its own token is known, only the next one is not": (".tril()", ".tril(-1)"),
            "rows and columns are swapped: row t is the query, the one who looks": (".tril()", ".triu()"),
            "it is the wrong way round: True is where a position may look": ("return ", "return ~"),
        },
    ),
    "03.4": Part(attention, [(*PLAIN[0], torch.tensor([[False, True]])), *PLAIN, (*PLAIN[1], SOME)], MASKS | SCALES),
    "03.5": Part(
        padding_mask,
        [([1], 2), ([2, 3], 3), ([8, 4, 5], 8)],
        {
            "one place of the padding counts as a token: positions are counted from 0": (" < ", " <= "),
            "it is the wrong way round: True is where there is a token": (" < ", " >= "),
            "the padding is on the left: here it comes after the text": ("[:, None, None]", "[:, None, None].flip(-1)"),
            "two axes are missing: heads and queries, so that it can be stretched over them": ("[:, None, None]", ""),
        },
    ),
    "03.6": Part(
        split_heads,
        [(torch.arange(12.0).view(1, 3, 4), 2), (numbers(2, 5, 12), 3)],
        {
            "the shape is right, the content is not: cut the width first, then swap heads and positions": (
                "x.unflatten(-1, (heads, -1)).transpose(1, 2)", "x.reshape(x.shape[0], heads, x.shape[1], -1)"
            ),
            "heads and positions are not swapped yet: transpose(1, 2)": (".transpose(1, 2)", ""),
            "each head got every second number: cut the width into (heads, D/H), not (D/H, heads)": (
                "(heads, -1)).transpose(1, 2)", "(-1, heads)).permute(0, 3, 1, 2)"
            ),
        },
    ),
    "03.7": Part(
        join_heads,
        [(torch.arange(12.0).view(1, 2, 3, 2),), (numbers(2, 3, 5, 4),)],
        {
            "the shape is right, the content is not: swap heads and positions back before the reshape": (
                "x.transpose(1, 2).flatten(2)", "x.reshape(x.shape[0], x.shape[2], -1)"
            ),
            "the heads are not joined yet: reshape to (B, T, D)": (".flatten(2)", ""),
            "the numbers of the heads are mixed like cards: (T, H, D/H) is the order": (
                "transpose(1, 2)", "permute(0, 2, 3, 1)"
            ),
        },
    ),
    "03.8": Part(
        rotate,
        [
            (torch.tensor([[1.0, 0.0]]), torch.tensor([1])),
            (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([0])),
            (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([1])),
            (numbers(2, 3, 5, 8), torch.arange(5)),
        ],
        {
            "it turns the wrong way: (a cos - b sin, a sin + b cos)": ("(cos, sin))", "(cos, -sin))"),
            "neighbours are paired: here the first half is paired with the second (RoPE exists in both ways)": (
                "(x, (cos, sin))",
                "(x.unflatten(-1, (-1, 2)).mT.flatten(-2), (cos, sin)).unflatten(-1, (2, -1)).mT.flatten(-2)",
            ),
            "all pairs turn at one speed: pair i turns 10000 ** (-i / half) as fast": (
                "x.shape[-1])", "x.shape[-1], 1)"
            ),
            "the speeds fall too slowly: divide i by the number of pairs, half, not by the width": (
                "x.shape[-1])", "x.shape[-1], 100)"
            ),
            "the later pairs turn faster, not slower: a minus is missing in the power": (
                "x.shape[-1])", "x.shape[-1], 1e-4)"
            ),
            "nothing is turned": lambda x, positions: x,
        },
    ),
    "03.9": Part(
        SelfAttention,
        [(numbers(1, 2, 4),), (numbers(2, 5, 8),)],
        {
            "queries and keys are not rotated, so it does not know where anything stands": (
                "query, key = rotate(query, angles), rotate(key, angles)", ""
            ),
            "the values were rotated too: what is fetched must not depend on where it stood": (
                "mixed, weights", "value = rotate(value, angles); mixed, weights"
            ),
            "the heads were joined without swapping them back": (
                "mixed.transpose(1, 2).flatten(2)", "mixed.reshape(x.shape)"
            ),
            "the last matrix, self.out, is missing": ("self.out(mixed", "(mixed"),
            "the causal mask is missing": (", causal_mask(x.shape[1])", ""),
        },
        layer_of,
        "With x = {}",
    ),
    "03.10": Part(
        Copier,
        [(1, encode_letters("ab")), (2, encode_letters("kenyake"))],
        {
            "what a layer finds replaces x: add it to x": ("x = x + layer", "x = layer"),
            "the layers read x itself: give them norm(x)": ("norm(x), looks", "x, looks"),
            "the last norm is missing": ("self.last_norm(x)", "x"),
            "one layer only was used": (
                "zip(self.norms, self.layers, strict=True)", "[(self.norms[0], self.layers[0])]"
            ),
        },
        copier_of,
        "With (layers, tokens) = ({})",
    ),
    "03.11": Part(
        copy_loss,
        [
            (numbers(1, 4, len(LETTERS)), encode_letters("abab"), torch.tensor([2])),
            (numbers(2, 8, len(LETTERS)), encode_letters("abcabcabcdabcdab").view(2, 8), torch.tensor([3, 4])),
        ],
        {
            "each letter is compared with itself: the scores at t are about the letter at t + 1": (
                "scores[:, :-1]", "scores", "tokens[:, 1:]", "tokens", "arange(1, ", "arange("
            ),
            "the first round counts too: nobody can know its letters": ("losses[known]", "losses"),
            "the losses are summed: take their mean": (".mean()", ".sum()"),
        },
    ),
    "03.12": Part(
        train,
        [(1,), (3,)],
        {
            "gradients pile up from step to step: optimizer.zero_grad() before backward": ("optimizer.zero_grad()", ""),
            "nothing is learned: optimizer.step() is missing": ("optimizer.step()", ""),
            "it ends after one batch: return comes after the loop": ("    return losses", "        return losses"),
            "the losses are tensors, which keep all that made them in memory: loss.item()": (".item()", ""),
        },
        trained,
        "After {} steps",
    ),
    "03.13": Part(
        follows_same,
        [(encode_letters("aa"),), (encode_letters("abab"),), (encode_letters("kenyaken"),)],
        {
            "it marks the earlier letter itself: it should mark the place just after it": (
                "same[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]",
                "same = tokens[:, :, None] == tokens[:, None]", "tril()", "tril(-1)",
            ),
            "it looks ahead: nothing right of the diagonal": (".tril()", ""),
            "it marks equal letters, each with itself too": (
                "same[:, :, 1:] = tokens[:, :, None] == tokens[:, None, :-1]",
                "same = tokens[:, :, None] == tokens[:, None]",
            ),
            "rows and columns are swapped: row t is who looks": (
                "return same & torch.ones(length, length, dtype=torch.bool).tril()",
                "return (same & torch.ones(length, length, dtype=torch.bool).tril()).mT",
            ),
        },
    ),
    "03.a": Part(attention, [*PLAIN, (*PLAIN[1], SOME)], MASKS | SCALES),
    "03.b": Part(
        streamed,
        [
            (torch.ones(1, 1), torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]]), 1),
            (torch.ones(1, 1), torch.tensor([[1000.0], [0.0], [1000.0]]), torch.tensor([[0.0], [1.0], [2.0]]), 1),
            (numbers(3, 4, seed=1), numbers(5, 4, seed=2), numbers(5, 6), 2),
        ],
        {
            "the sum of the powers is not scaled down when a larger score comes": ("shrink * total", "total"),
            "the mixture is not scaled down when a larger score comes": ("shrink * mixed", "mixed"),
            "the mixture is never divided by the sum of the powers": ("mixed / total", "mixed"),
            "large scores overflow: take the largest so far off before exp": (
                "torch.maximum(largest, scores.amax(-1, keepdim=True))", "0.0", "(largest - new).exp()", "1"
            ),
            "each block got a softmax of its own, and the results were added up": lambda query, key, value, block: sum(
                attention(query, *pair)[0] for pair in zip(key.split(block), value.split(block), strict=True)
            ),
        },
    ),
}  # fmt: skip
