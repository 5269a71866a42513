"""Notebook 03's exercises: each typical wrong answer is told what is wrong."""

import math
import re

import pytest
import torch

from momem_lib.course.nb03.exercises import check_attention, check_copy_shares, check_induction, check_window_mask
from momem_lib.nn.attention import attention_by_hand, causal_mask


def distances(length):
    """How far each key lies behind each query: (T, T)."""
    return torch.arange(length)[:, None] - torch.arange(length)[None, :]


def window(length, width, more=0):
    """The right mask, or one whose window is too wide or too narrow."""
    return (distances(length) >= 0) & (distances(length) < width + more)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (lambda length, width: None, "your function returned None: return the mask"),
        (lambda length, width: window(length, width).tolist(), "a tensor was expected, not list"),
        (lambda length, width: window(length, width)[:-1], "the result has the shape (5, 6)"),
        (lambda length, width: window(length, width).float(), "the mask holds torch.float32"),
        (lambda length, width: window(length, width).T, "rows and columns are swapped"),
        (lambda length, width: ~window(length, width), "it is the wrong way round"),
        (lambda length, width: distances(length).abs() < width, "some position looks ahead"),
        (lambda length, width: distances(length) < width, "some position looks ahead"),
        (lambda length, width: (distances(length) > 0) & (distances(length) <= width), "does not see itself"),
        (lambda length, width: window(length, width, 1), "position 3 sees 4 positions: off by one"),
        (lambda length, width: window(length, width, -1) | (distances(length) == 0), "too little is seen"),
        (lambda length, width: causal_mask(length), "sees further back than the window"),
    ],
)
def test_wrong_windows_are_told_what_is_wrong(mask, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_window_mask(mask)


def attend(scale=math.sqrt, dim=-1, forbidden=float("-inf"), invert=False, use_mask=True, late=False, width=-1):
    """Attention with a mistake to order."""

    def made(query, key, value, mask=None):
        size = query.shape[-1] if width == -1 else key.shape[width]
        scores = query @ key.transpose(-2, -1) / scale(size)
        keep = torch.ones_like(scores, dtype=torch.bool) if mask is None or not use_mask else mask
        keep = ~keep if invert and mask is not None else keep
        if not late:
            scores = scores.masked_fill(~keep, forbidden)
        weights = torch.softmax(scores, dim=dim)
        return (weights * keep if late else weights) @ value

    return made


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        (lambda query, key, value, mask: None, "your function returned None: return the mixed values"),
        (attention_by_hand, "a tensor was expected, not tuple"),
        (lambda query, key, value, mask: query, "the result has the shape (2, 3, 4)"),
        (lambda query, key, value, mask: query @ key.transpose(-2, -1) @ value, "the softmax is missing, and so is"),
        (lambda query, key, value, mask: query @ key.transpose(-2, -1) / 2 @ value, "the softmax is missing: the"),
        (attend(scale=lambda size: 1), "the scale is missing"),
        (attend(scale=float), "divided by D, not by its square root"),
        (attend(scale=lambda size: size**-0.5), "were multiplied by the square root of D"),
        (attend(width=-2), "divided by the root of a length"),
        (attend(dim=-2), "the softmax runs over the queries"),
        (attend(use_mask=False), "the mask was not used"),
        (attend(invert=True), "the mask is the wrong way round"),
        (attend(forbidden=0), "forbidden scores were set to 0"),
        (attend(late=True), "rows no longer sum to 1"),
        (lambda *inputs: attend()(*inputs) * float("nan"), "some of the result is NaN"),
        (lambda *inputs: attend()(*inputs) + 1, "the result is 1.00 away from the right one without a mask"),
    ],
)
def test_wrong_attentions_are_told_what_is_wrong(mine, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_attention(mine)


def assigned(weights, source, vocab_size):
    """Shares by assignment: where a token stands twice, one of its weights is lost."""
    shares = torch.zeros(len(weights), vocab_size)
    shares[:, source] = weights
    return shares


def in_place(weights, source, vocab_size):
    """The right shares, but the weights are spoilt."""
    shares = torch.zeros(len(weights), vocab_size).index_add(1, source, weights)
    weights.zero_()
    return shares


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (lambda weights, source, size: None, "your function returned None: return one probability for each token"),
        (lambda weights, source, size: weights, "the result has the shape (2, 4)"),
        (lambda weights, source, size: torch.zeros(2, size), "all shares are 0"),
        (assigned, "token 0 stands at two places"),
        (in_place, "changed the weights that it was given"),
        (lambda weights, source, size: torch.full((2, size), 0.2), "at the first step token 0 should get 0.4"),
    ],
)
def test_wrong_copy_shares_are_told_what_is_wrong(shares, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_copy_shares(shares)


def followers(tokens, ahead=False, shared=True, safe=True, shift=1):
    """The weights of an induction head, with a mistake to order."""
    same = (tokens[:, None] == tokens[None, :]).float()
    fits = torch.zeros_like(same)
    fits[:, shift:] = same[:, : len(tokens) - shift]
    fits = fits if ahead else fits.tril() if shift else fits.tril(-1)
    total = fits.sum(-1, keepdim=True)
    return fits / (total.clamp(min=1) if safe else total) if shared else fits


@pytest.mark.parametrize(
    ("induction", "message"),
    [
        (lambda tokens: None, "your function returned None: return a table"),
        (lambda tokens: torch.eye(len(tokens)), "in 'abcab' position 0 looks at the wrong places"),
        (lambda tokens: followers(tokens, ahead=True), "in 'abcab' a position looks ahead of itself"),
        (lambda tokens: followers(tokens, shift=0), "the weight is on the earlier letter itself"),
        (lambda tokens: followers(tokens, safe=False), "in 'abcab' there is NaN"),
        (lambda tokens: followers(tokens, shared=False), "in 'ababab' a row does not sum to 1"),
    ],
)
def test_wrong_induction_heads_are_told_what_is_wrong(induction, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_induction(induction)


def test_right_answers_pass():
    check_window_mask(window)
    check_attention(lambda *inputs: attention_by_hand(*inputs)[0])
    check_copy_shares(lambda weights, source, size: torch.zeros(len(weights), size).index_add(1, source, weights))
    check_induction(followers)
