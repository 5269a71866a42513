"""Notebook 05's exercises: each typical wrong answer is told what is wrong."""

import math
import re

import pytest
import torch

from momem_lib.course.nb05.exercises import check_beam_search, check_language_loss, check_parameter_count, check_top_p


def count(v, d, h, n, head=1, biases=1, norms=1, matrices=4, mlps=2, tied=True, last=1, per_block=2):
    """The parameter formula, with something left out on request."""
    attention = matrices * (d * d + biases * d)
    mlp = mlps * d * h + biases * (h + d)
    blocks = n * (attention + mlp + norms * per_block * 2 * d)
    return v * d * (1 if tied else 2) + blocks + norms * last * 2 * d + head * v


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tied": False}, "count it once"),
        ({"head": 0}, "the head has a bias"),
        ({"norms": 0}, "a gain and a bias"),
        ({"last": 0}, "one more layer norm"),
        ({"per_block": 1}, "two layer norms in each block"),
        ({"biases": 0}, "attention and MLP have biases"),
        ({"matrices": 3}, "four D x D matrices"),
        ({"mlps": 1}, "the MLP has two matrices"),
        ({"head": 2}, "you are off by +268"),
    ],
)
def test_wrong_counts_are_told_what_is_wrong(change, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_parameter_count(lambda *shape: count(*shape, **change))


def test_counts_of_other_kinds_are_told_too():
    check_parameter_count(count)
    with pytest.raises(AssertionError, match="one block only"):
        check_parameter_count(lambda v, d, h, n: count(v, d, h, 1))
    with pytest.raises(AssertionError, match="a whole number was expected"):
        check_parameter_count(lambda *shape: count(*shape) / 1)


def chosen(log_probs, labels):
    """The log-probability of each label."""
    return log_probs.gather(-1, labels[:, :, None]).squeeze(-1)


def masked(log_probs, window, pad, labels, mask):
    """The mean loss over what a mask keeps."""
    return -(chosen(log_probs, labels) * mask).sum() / mask.sum()


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda lp, w, pad: -chosen(lp, w[:, :-1]).mean(), "the labels are not shifted"),
        (lambda lp, w, pad: masked(lp, w, pad, w[:, :-1], w[:, :-1] != pad), "labels are not shifted"),
        (lambda lp, w, pad: -chosen(lp, w[:, 1:]).mean(), "padding counts in your mean"),
        (lambda lp, w, pad: -(chosen(lp, w[:, 1:]) * (w[:, 1:] != pad)).mean(), "you divide by B T"),
        (lambda lp, w, pad: masked(lp, w, pad, w[:, 1:], w[:, :-1] != pad), "your mask looks at the inputs"),
        (lambda lp, w, pad: -chosen(lp, w[:, 1:])[w[:, 1:] != pad].sum(), "that is the sum"),
        (lambda lp, w, pad: -masked(lp, w, pad, w[:, 1:], w[:, 1:] != pad), "the sign is turned round"),
        (lambda lp, w, pad: masked(lp, w, pad, w[:, 1:], w[:, 1:] != pad).item(), "a scalar tensor was expected"),
        (lambda lp, w, pad: lp.sum() * 0, "0.0000, the right one "),
    ],
)
def test_wrong_losses_are_told_what_is_wrong(loss, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_language_loss(loss)


def test_a_mean_of_means_is_told():
    def loss(log_probs, window, pad):
        real = window[:, 1:] != pad
        return -((chosen(log_probs, window[:, 1:]) * real).sum(1) / real.sum(1)).mean()

    with pytest.raises(AssertionError, match="each token should count alike"):
        check_language_loss(loss)


def cut(probs, p, cross=True, back=True, norm=True):
    """Top-p, with something wrong on request."""
    ranked, order = probs.sort(descending=True)
    running = ranked.cumsum(0)
    ranked = torch.where((running - ranked < p) if cross else (running <= p), ranked, 0.0)
    kept = torch.zeros_like(probs).scatter(0, order, ranked) if back else ranked
    return kept / kept.sum() if norm else kept


@pytest.mark.parametrize(
    ("top_p", "message"),
    [
        (lambda probs, p: cut(probs, p, cross=False), "the token that crosses the line"),
        (lambda probs, p: cut(probs, p, back=False), "come back sorted"),
        (lambda probs, p: cut(probs, p, norm=False), "divide by the sum"),
        (lambda probs, p: torch.where(probs >= p, probs, 0.0), "nothing is left"),
        (lambda probs, p: torch.where(probs >= min(p, 0.4), probs, 0.0), "the token that crosses the line"),
        (lambda probs, p: probs, "tokens [0, 1, 2, 3, 4] are kept"),
        (lambda probs, p: cut(probs, p)[:2], "a tensor of 5 probabilities"),
        (lambda probs, p: (cut(probs, p) > 0) / (cut(probs, p) > 0).sum(), "changed their proportions"),
    ],
)
def test_wrong_cuts_are_told_what_is_wrong(top_p, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_top_p(top_p)


def beam(
    next_log_probs, stop, width, length, early=False, forget=False, text_only=False, keep_stop=False, greedy=False
):
    """Beam search, with something wrong on request."""
    alive, finished = [((), 0.0)], []
    for _ in range(length):
        longer = [
            ((*tokens, token), score + value)
            for tokens, score in alive
            for token, value in enumerate(next_log_probs(tokens))
        ]
        best = sorted(longer, key=lambda pair: -pair[1])[: 1 if greedy else width]
        ended = [(tokens if keep_stop else tokens[:-1], score) for tokens, score in best if tokens[-1] == stop]
        finished = ended or finished if forget else finished + ended
        alive = [pair for pair in best if pair[0][-1] != stop]
        if not alive or (early and finished):
            break
    tokens, score = max(finished or alive, key=lambda pair: pair[1])
    return tokens if text_only else (tokens, score)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"early": True}, "you stop at the first end"),
        ({"forget": True}, "keep what has ended until the end"),
        ({"greedy": True}, "that is the greedy way"),
        ({"keep_stop": True}, "the stop token is not part of the text"),
        ({"text_only": True}, "a pair (tokens, log_prob) was expected"),
    ],
)
def test_wrong_searches_are_told_what_is_wrong(change, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_beam_search(lambda *given: beam(*given, **change))


def test_other_wrong_searches_are_told_too():
    check_beam_search(beam)
    with pytest.raises(AssertionError, match="the tokens should be a tuple"):
        check_beam_search(lambda *given: (list(beam(*given)[0]), beam(*given)[1]))
    with pytest.raises(AssertionError, match="never above 0"):
        check_beam_search(lambda *given: (beam(*given)[0], math.exp(beam(*given)[1])))
    with pytest.raises(AssertionError, match="its stop token included"):
        check_beam_search(lambda *given: (beam(*given)[0], beam(*given)[1] - math.log(0.9)))
    with pytest.raises(AssertionError, match="with width 1"):
        check_beam_search(lambda steps, stop, width, length: beam(steps, stop, 9, length))
    with pytest.raises(AssertionError, match="3 tokens were expected"):
        check_beam_search(lambda steps, stop, width, length: beam(steps, stop, width, 4))
