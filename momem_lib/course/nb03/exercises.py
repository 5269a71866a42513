"""Checkers of notebook 03's exercises: each asserts, and says what is wrong."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from momem_lib.nn.attention import attention_by_hand, causal_mask


def _is_tensor(answer: object, shape: tuple[int, ...], what: str) -> None:
    """Assert that an answer is a tensor of some shape."""
    assert answer is not None, f"your function returned None: return {what}"
    assert isinstance(answer, Tensor), f"a tensor was expected, not {type(answer).__name__}"
    found = tuple(answer.shape)
    assert found == shape, f"the result has the shape {found}, but {what} has the shape {shape}"


def check_window_mask(window_mask: Callable[[int, int], Tensor]) -> None:
    """03.1: a causal mask with a window: a position sees itself and the window - 1 positions before it."""
    for length, window in ((6, 3), (5, 1), (4, 9)):
        mask = window_mask(length, window)
        _is_tensor(mask, (length, length), "the mask")
        assert mask.dtype == torch.bool, f"the mask holds {mask.dtype}: True and False were expected (compare)"
        case = f"for {length} positions and a window of {window}"
        distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]  # how far the key lies behind
        right = (distance >= 0) & (distance < window)
        assert not torch.equal(mask, right.T) or torch.equal(right, right.T), (
            f"{case}, rows and columns are swapped: row t is the query, the one who looks"
        )
        assert not torch.equal(mask, ~right), f"{case}, it is the wrong way round: True is where a position may look"
        assert not (mask & (distance < 0)).any(), f"{case}, some position looks ahead: that is cheating"
        assert mask.diagonal().all(), f"{case}, some position does not see itself: its own token is known"
        assert not (mask & (distance == window)).any() or (mask & (distance > window)).any(), (
            f"{case}, position {window} sees {window + 1} positions: off by one, its own counts too"
        )
        assert not (mask & (distance > window)).any(), f"{case}, some position sees further back than the window"
        assert torch.equal(mask, right), f"{case}, too little is seen: {window} positions, one's own among them"


def _wrong_attentions(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> dict[str, Tensor]:
    """What typical mistakes give, each with the sentence that tells."""
    products, width = query @ key.transpose(-2, -1), query.shape[-1]
    scores = products / math.sqrt(width)
    allowed = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask.expand_as(scores)

    def mix(scores: Tensor, allowed: Tensor = allowed, dim: int = -1) -> Tensor:
        return torch.softmax(scores.masked_fill(~allowed, float("-inf")), dim).nan_to_num() @ value

    return {
        "the scale is missing: divide the scores by the square root of the width D": mix(products),
        "the scores were divided by D, not by its square root": mix(products / width),
        "the scores were divided by the root of a length: D is the last number of query.shape": mix(
            products / math.sqrt(key.shape[-2])
        ),
        "the scores were multiplied by the square root of D: divide": mix(products * math.sqrt(width)),
        "the softmax runs over the queries: it must run over the keys, the last axis": mix(scores, dim=-2),
        "the mask was not used": mix(scores, torch.ones_like(allowed)),
        "the mask is the wrong way round: True is where a query may look": mix(scores, ~allowed),
        "forbidden scores were set to 0, but exp(0) is 1: they must be -inf before the softmax": torch.softmax(
            scores * allowed, -1
        )
        @ value,
        "weights were set to 0 after the softmax, so that rows no longer sum to 1: mask the scores before it": (
            torch.softmax(scores, -1) * allowed
        )
        @ value,
        "the softmax is missing: the scores themselves are no weights": (scores * allowed) @ value,
        "the softmax is missing, and so is the scale: scores are no weights": (products * allowed) @ value,
    }


def check_attention(my_attention: Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]) -> None:
    """03.2: scaled dot-product attention, with a mask or without."""
    generator = torch.Generator().manual_seed(3)
    query, key, value = (torch.randn(2, *shape, generator=generator) for shape in ((3, 4), (5, 4), (5, 6)))
    some = torch.tensor([[1, 0, 1, 1, 0], [0, 1, 1, 0, 0], [1, 0, 0, 0, 1]], dtype=torch.bool)
    for mask in (None, some):
        mine = my_attention(query, key, value, mask)
        _is_tensor(mine, (2, 3, 6), "the mixed values (..., T, D of the values)")
        assert not mine.isnan().any(), "some of the result is NaN (not a number): look for -inf minus -inf, or 0 / 0"
        right, _ = attention_by_hand(query, key, value, mask)
        if torch.allclose(mine, right, atol=1e-5):
            continue
        for sentence, wrong in _wrong_attentions(query, key, value, mask).items():
            assert not torch.allclose(mine, wrong, atol=1e-5), sentence
        raise AssertionError(
            f"the result is {(mine - right).abs().max():.2f} away from the right one "
            f"{'with' if mask is not None else 'without'} a mask: print the weights, and see whether each row sums to 1"
        )


def check_copy_shares(copy_shares: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    """03.3: from weights on places to probabilities of tokens."""
    source, vocab_size = torch.tensor([0, 3, 0, 1]), 5
    weights = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.0, 0.5, 0.0]])
    right = torch.tensor([[0.4, 0.4, 0.0, 0.2, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]])
    before = weights.clone()
    shares = copy_shares(weights, source, vocab_size)
    _is_tensor(shares, (2, vocab_size), "one probability for each token, at each step,")
    assert torch.equal(weights, before), "your function changed the weights that it was given: write into a new tensor"
    lost = shares.sum(-1) < 0.99
    assert not lost.any() or not shares.any(), (
        f"the shares of a step sum to {shares.sum(-1).min():.1f}: token 0 stands at two places, and a plain "
        "assignment keeps one of them; add them up"
    )
    assert shares.any(), "all shares are 0: add each place's weight to the token that stands there"
    assert torch.allclose(shares, right, atol=1e-6), (
        f"at the first step token 0 should get 0.4 (0.1 + 0.3) and token 3 0.2, but they get {shares[0, 0]:.1f} "
        f"and {shares[0, 3]:.1f}"
    )


def check_induction(induction: Callable[[Tensor], Tensor]) -> None:
    """03.4: the weights of a perfect induction head, without any training."""
    for text in ("abcab", "ababab", "abc"):
        tokens = torch.tensor([ord(letter) for letter in text])
        length = len(tokens)
        weights = induction(tokens)
        _is_tensor(weights, (length, length), "a table of weights (query, key)")
        weights = weights.float()
        same = tokens[:, None] == tokens[None, :]
        after = torch.zeros(length, length)
        after[:, 1:] = same[:, :-1].float()  # the letter before s is the one at t
        right = after * causal_mask(length)
        shares = right / right.sum(-1, keepdim=True).clamp(min=1)
        assert not weights.isnan().any(), f"in {text!r} there is NaN (0 / 0): a new letter has nowhere to look, use 0"
        assert not (weights * ~causal_mask(length)).any(), f"in {text!r} a position looks ahead of itself"
        earlier = same.float().tril(-1)
        assert not earlier.any() or not torch.equal(weights > 0, earlier > 0), (
            f"in {text!r} the weight is on the earlier letter itself: it belongs on the place just after it"
        )
        assert torch.equal(weights > 0, right > 0), (
            f"in {text!r} position {int((weights > 0).ne(right > 0).any(-1).nonzero()[0])} looks at the wrong places: "
            "it should look at each place whose letter before is the same as its own letter, up to itself"
        )
        assert torch.allclose(weights, shares), f"in {text!r} a row does not sum to 1: share the weight"
