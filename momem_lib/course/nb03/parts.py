"""What the reader of notebook 03 writes: the library's versions, small inputs, and typical mistakes."""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
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
from momem_lib.course.shared.toy import plain_loop
from momem_lib.nn.attention import attention_by_hand, causal_mask, rotation
from momem_lib.nn.attention import rotate as rotate_by

NOTHING = float("-inf")


# The library's versions


def softmax(scores: Tensor, dim: int = -1) -> Tensor:
    """Shares that sum to 1 along an axis."""
    return torch.softmax(scores, dim)


def attention(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Mixed values (..., T, D) and weights (..., T, S)."""
    return attention_by_hand(query, key, value)


def masked_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The same with a mask, True where a query may look."""
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    weights = torch.softmax(scores if mask is None else scores.masked_fill(~mask, NOTHING), dim=-1)
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


# Typical mistakes


def mixing(
    scores: Callable[[Tensor, Tensor], Tensor] = lambda q, k: q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]),
    share: Callable[[Tensor], Tensor] = lambda scores: torch.softmax(scores, -1),
    mask_before: Callable[[Tensor, Tensor], Tensor] = lambda scores, mask: scores.masked_fill(~mask, NOTHING),
    mask_after: Callable[[Tensor, Tensor], Tensor] = lambda weights, mask: weights,
) -> Callable:
    """Attention with one of its steps done in another way."""

    def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        table = scores(query, key)
        weights = share(table if mask is None else mask_before(table, mask))
        weights = weights if mask is None else mask_after(weights, mask)
        return weights @ value, weights

    return attention


def product(query: Tensor, key: Tensor) -> Tensor:
    """Scores without a scale."""
    return query @ key.transpose(-2, -1)


def ahead(scores: Tensor, mask: Tensor) -> Tensor:
    """Scores with what may be looked at taken away."""
    return scores.masked_fill(mask, NOTHING)


def turning(
    pairs: Callable[[Tensor], tuple[Tensor, Tensor]] = lambda x: x.chunk(2, -1),
    join: Callable[[Tensor, Tensor], Tensor] = lambda a, b: torch.cat([a, b], -1),
    speed: Callable[[int], Tensor] = lambda half: 10_000 ** (-torch.arange(half) / half),
    way: int = 1,
) -> Callable:
    """rotate with one of its choices made in another way."""

    def rotate(x: Tensor, positions: Tensor) -> Tensor:
        a, b = pairs(x)
        angle = way * positions[:, None] * speed(x.shape[-1] // 2)
        cos, sin = angle.cos(), angle.sin()
        return join(a * cos - b * sin, a * sin + b * cos)

    return rotate


def layer_like(order: str = "split rotate", scale: bool = True, final: bool = True, causal: bool = True) -> type:
    """SelfAttention with a step left out or misplaced."""

    class Layer(SelfAttention):
        def forward(self, x: Tensor, looks: list[Tensor] | None = None) -> Tensor:
            length = x.shape[1]
            query, key, value = (split_heads(part(x), self.heads) for part in (self.query, self.key, self.value))
            if "rotate" in order:
                query, key = rotate(query, torch.arange(length)), rotate(key, torch.arange(length))
            if "value" in order:
                value = rotate(value, torch.arange(length))
            mixed, weights = masked_attention(query, key, value, causal_mask(length) if causal else None)
            if looks is not None:
                looks.append(weights)
            joined = join_heads(mixed) if "flat" not in order else mixed.reshape(x.shape)
            return self.out(joined) if final else joined

    return Layer


def copier_like(added: bool = True, normed: bool = True, last: bool = True, every: bool = True) -> type:
    """Copier with a step left out."""

    class Model(Copier):
        def forward(self, tokens: Tensor, looks: list[Tensor] | None = None) -> Tensor:
            x = self.letters(tokens)
            for norm, layer in list(zip(self.norms, self.layers, strict=True))[: None if every else 1]:
                found = layer(norm(x) if normed else x, looks)
                x = x + found if added else found
            return self.scores(self.last_norm(x) if last else x)

    return Model


def loss_like(shift: int = 1, sure: bool = True, mean: bool = True) -> Callable:
    """copy_loss with a mistake."""

    def copy_loss(scores: Tensor, tokens: Tensor, period: Tensor) -> Tensor:
        length = tokens.shape[1]
        losses = F.cross_entropy(
            scores[:, : length - shift].transpose(1, 2), tokens[:, shift:], reduction="none"
        )  # (B, T - shift)
        known = torch.arange(shift, length) >= period[:, None]
        losses = losses[known] if sure else losses.flatten()
        return losses.mean() if mean else losses.sum()

    return copy_loss


def train_like(**wrong: bool) -> Callable:
    """train with a line left out, see plain_loop."""

    def train(model: torch.nn.Module, batches: Sequence, learning_rate: float = 3e-3) -> list:
        optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
        return plain_loop([optimizer], batches, lambda batch: copy_loss(model(batch[0]), *batch), **wrong)

    return train


def streamed_like(total: bool = True, mixture: bool = True, divide: bool = True, calm: bool = True) -> Callable:
    """Attention from blocks of keys, with a step left out."""

    def streamed(query: Tensor, key: Tensor, value: Tensor, block: int) -> Tensor:
        largest = torch.full((len(query), 1), NOTHING if calm else 0.0)
        powers_so_far, mixed = torch.zeros(len(query), 1), torch.zeros(len(query), value.shape[-1])
        for keys, values in zip(key.split(block), value.split(block), strict=True):
            scores = query @ keys.T / math.sqrt(query.shape[-1])  # (T, block)
            new = torch.maximum(largest, scores.amax(-1, keepdim=True)) if calm else largest
            powers, shrink = (scores - new).exp(), (largest - new).exp()
            powers_so_far = (shrink if total else 1) * powers_so_far + powers.sum(-1, keepdim=True)
            mixed = (shrink if mixture else 1) * mixed + powers @ values
            largest = new
        return mixed / powers_so_far if divide else mixed

    return streamed


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
    "the scale is missing: divide the scores by the square root of the width D": mixing(product),
    "the scores were divided by D, not by its square root": mixing(lambda q, k: product(q, k) / q.shape[-1]),
    "the scores were divided by the root of a length: D is the last number of query.shape": mixing(
        lambda q, k: product(q, k) / math.sqrt(k.shape[-2])
    ),
    "the scores were multiplied by the square root of D: divide": mixing(
        lambda q, k: product(q, k) * math.sqrt(q.shape[-1])
    ),
    "the softmax is missing: the scores themselves are no weights": mixing(share=lambda scores: scores),
    "the softmax runs over the queries: it must run over the keys, the last axis": mixing(
        share=lambda scores: torch.softmax(scores, -2)
    ),
}
MASKS = {
    "the mask is not used": mixing(mask_before=lambda scores, mask: scores),
    "the mask is the wrong way round: True is where a query may look": mixing(mask_before=ahead),
    "forbidden scores were set to 0, but exp(0) is 1: they must be -inf": mixing(
        mask_before=lambda scores, mask: scores * mask
    ),
    "weights were set to 0 after the softmax, so that rows no longer sum to 1: mask the scores": mixing(
        mask_before=lambda scores, mask: scores, mask_after=lambda weights, mask: weights * mask
    ),
}

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
            "every position sees the next one too: off by one": lambda n: torch.ones(n, n).bool().tril(1),
            "no position sees itself: its own token is known, only the next one is not": lambda n: (
                torch.ones(n, n).bool().tril(-1)
            ),
            "rows and columns are swapped: row t is the query, the one who looks": lambda n: (
                torch.ones(n, n).bool().triu()
            ),
            "it is the wrong way round: True is where a position may look": lambda n: ~torch.ones(n, n).bool().tril(),
        },
    ),
    "03.4": Part(
        masked_attention,
        [(*PLAIN[0], torch.tensor([[False, True]])), *PLAIN, (*PLAIN[1], SOME)],
        MASKS | SCALES,
    ),
    "03.5": Part(
        padding_mask,
        [([1], 2), ([2, 3], 3), ([8, 4, 5], 8)],
        {
            "one place of the padding counts as a token: positions are counted from 0": lambda lengths, longest: (
                torch.arange(longest) <= torch.tensor(lengths)[:, None]
            )[:, None, None],
            "it is the wrong way round: True is where there is a token": lambda lengths, longest: (
                ~padding_mask(lengths, longest)
            ),
            "the padding is on the left: here it comes after the text": lambda lengths, longest: padding_mask(
                lengths, longest
            ).flip(-1),
            "two axes are missing: heads and queries, so that it can be stretched over them": lambda lengths, longest: (
                padding_mask(lengths, longest)[:, 0, 0]
            ),
        },
    ),
    "03.6": Part(
        split_heads,
        [(torch.arange(12.0).view(1, 3, 4), 2), (numbers(2, 5, 12), 3)],
        {
            "the shape is right, the content is not: cut the width first, then swap heads and positions": (
                lambda x, heads: x.reshape(x.shape[0], heads, x.shape[1], -1)
            ),
            "heads and positions are not swapped yet: transpose(1, 2)": lambda x, heads: x.unflatten(-1, (heads, -1)),
            "each head got every second number: cut the width into (heads, D/H), not (D/H, heads)": lambda x, heads: (
                x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)
            ),
        },
    ),
    "03.7": Part(
        join_heads,
        [(torch.arange(12.0).view(1, 2, 3, 2),), (numbers(2, 3, 5, 4),)],
        {
            "the shape is right, the content is not: swap heads and positions back before the reshape": lambda x: (
                x.reshape(x.shape[0], x.shape[2], -1)
            ),
            "the heads are not joined yet: reshape to (B, T, D)": lambda x: x.transpose(1, 2),
            "the numbers of the heads are mixed like cards: (T, H, D/H) is the order": lambda x: x.permute(
                0, 2, 3, 1
            ).flatten(2),
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
            "it turns the wrong way: (a cos - b sin, a sin + b cos)": turning(way=-1),
            "neighbours are paired: here the first half is paired with the second (RoPE exists in both ways)": turning(
                lambda x: (x[..., 0::2], x[..., 1::2]), lambda a, b: torch.stack([a, b], -1).flatten(-2)
            ),
            "all pairs turn at one speed: pair i turns 10000 ** (-i / half) as fast": turning(
                speed=lambda half: torch.ones(half)
            ),
            "the speeds fall too slowly: divide i by the number of pairs, half, not by the width": turning(
                speed=lambda half: 10_000 ** (-torch.arange(half) / (2 * half))
            ),
            "the later pairs turn faster, not slower: a minus is missing in the power": turning(
                speed=lambda half: 10_000 ** (torch.arange(half) / half)
            ),
            "nothing is turned": lambda x, positions: x,
        },
    ),
    "03.9": Part(
        SelfAttention,
        [(numbers(1, 2, 4),), (numbers(2, 5, 8),)],
        {
            "queries and keys are not rotated, so it does not know where anything stands": layer_like("split"),
            "the values were rotated too: what is fetched must not depend on where it stood": layer_like(
                "split rotate value"
            ),
            "the heads were joined without swapping them back": layer_like("split rotate flat"),
            "the last matrix, self.out, is missing": layer_like(final=False),
            "the causal mask is missing": layer_like(causal=False),
        },
        layer_of,
        "With x = {}",
    ),
    "03.10": Part(
        Copier,
        [(1, encode_letters("ab")), (2, encode_letters("kenyake"))],
        {
            "what a layer finds replaces x: add it to x": copier_like(added=False),
            "the layers read x itself: give them norm(x)": copier_like(normed=False),
            "the last norm is missing": copier_like(last=False),
            "one layer only was used": copier_like(every=False),
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
            "each letter is compared with itself: the scores at t are about the letter at t + 1": loss_like(shift=0),
            "the first round counts too: nobody can know its letters": loss_like(sure=False),
            "the losses are summed: take their mean": loss_like(mean=False),
        },
    ),
    "03.12": Part(
        train,
        [(1,), (3,)],
        {
            "gradients pile up from step to step: optimizer.zero_grad() before backward": train_like(clear=False),
            "nothing is learned: optimizer.step() is missing": train_like(step=False),
            "it ends after one batch: return comes after the loop": train_like(once=True),
            "the losses are tensors, which keep all that made them in memory: loss.item()": train_like(number=False),
        },
        trained,
        "After {} steps",
    ),
    "03.13": Part(
        follows_same,
        [(encode_letters("aa"),), (encode_letters("abab"),), (encode_letters("kenyaken"),)],
        {
            "it marks the earlier letter itself: it should mark the place just after it": lambda tokens: (
                tokens[:, :, None] == tokens[:, None]
            ).tril(-1),
            "it looks ahead: nothing right of the diagonal": lambda tokens: F.pad(
                tokens[:, :, None] == tokens[:, None, :-1], (1, 0)
            ),
            "it marks equal letters, each with itself too": lambda tokens: (
                tokens[:, :, None] == tokens[:, None]
            ).tril(),
            "rows and columns are swapped: row t is who looks": lambda tokens: follows_same(tokens).transpose(1, 2),
        },
    ),
    "03.a": Part(masked_attention, [*PLAIN, (*PLAIN[1], SOME)], MASKS | SCALES),
    "03.b": Part(
        lambda query, key, value, block: attention_by_hand(query, key, value)[0],
        [
            (torch.ones(1, 1), torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]]), 1),
            (torch.ones(1, 1), torch.tensor([[1000.0], [0.0], [1000.0]]), torch.tensor([[0.0], [1.0], [2.0]]), 1),
            (numbers(3, 4, seed=1), numbers(5, 4, seed=2), numbers(5, 6), 2),
        ],
        {
            "the sum of the powers is not scaled down when a larger score comes": streamed_like(total=False),
            "the mixture is not scaled down when a larger score comes": streamed_like(mixture=False),
            "the mixture is never divided by the sum of the powers": streamed_like(divide=False),
            "large scores overflow: take the largest so far off before exp": streamed_like(calm=False),
            "each block got a softmax of its own, and the results were added up": lambda query, key, value, block: sum(
                attention(query, *pair)[0] for pair in zip(key.split(block), value.split(block), strict=True)
            ),
        },
    ),
}
