"""Notebook 05's exercises: each typical wrong answer is told what is wrong."""

import math
import re

import pytest
import torch

from momem_lib.course.nb05.exercises import check_beam_search, check_diagnosis, check_top_p
from momem_lib.course.nb05.symptoms import ILL


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (ILL | {"B": 3}, "8 of 9 are right. B does not have 3, the labels are not shifted"),
        (dict.fromkeys(ILL, 1), "1 of 9 are right. A does not have 1, the optimizer"),
        ({"C": 2}, "1 of 9 are right, and none is wrong: go on with A"),
        ({"J": 2}, "there is no patient J"),
        ({"A": 10}, "A: 10 is no cause"),
        ([7, 4], "a dict was expected"),
    ],
)
def test_wrong_diagnoses_are_told_why(said, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_diagnosis(said)


def test_a_diagnosis_that_was_not_made_is_not_wrong():
    check_diagnosis(dict(ILL))
    with pytest.raises(NotImplementedError):
        check_diagnosis(dict.fromkeys(ILL, ...))


def cut(probs, p, cross=True, back=True, norm=True, enough=True):
    """Top-p, with something wrong on request."""
    ranked, order = probs.sort(descending=True)
    running = ranked.cumsum(0)
    before = running - ranked
    kept = (before < p if enough else before <= p) if cross else running <= p
    ranked = torch.where(kept, ranked, 0.0)
    kept = torch.zeros_like(probs).scatter(0, order, ranked) if back else ranked
    return kept / kept.sum() if norm else kept


@pytest.mark.parametrize(
    ("top_p", "message"),
    [
        (lambda probs, p: cut(probs, p, cross=False), "the token that crosses the line"),
        (lambda probs, p: cut(probs, p, back=False), "come back sorted"),
        (lambda probs, p: cut(probs, p, enough=False), "[1] hold 0.5 exactly, and that is enough"),
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
