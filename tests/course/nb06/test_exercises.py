"""Notebook 06's exercises: each typical wrong answer is told what is wrong."""

import math
import re

import numpy as np
import pytest
import torch

from momem_lib.course.nb06.exercises import (
    check_bits_per_byte,
    check_counts,
    check_early_stopping,
    check_train_on,
    small_text,
)
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.model import LanguageModel
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer


def untrained(vocab_size=256):
    """A model that has read nothing."""
    tokenizer = BPETokenizer.train("to be or not to be", vocab_size)
    config = ModelConfig(tokenizer.vocab_size, 16, 2, 32, num_decoder_blocks=1, context_window=32)
    return LanguageModel(Transformer(config).eval(), tokenizer)


def saved(out):
    """The same, written to a folder."""
    model = untrained()
    model.save(out)
    return model


class Left:
    """What a run leaves behind."""

    language_model = None


@pytest.mark.parametrize(
    ("train_on", "message"),
    [
        (lambda path, out: None, "nothing came back"),
        (lambda path, out: Left(), "give back its .language_model"),
        (lambda path, out: "a model", "not a str"),
        (lambda path, out: untrained(258), "'vocab_size': 256"),
        (lambda path, out: untrained(), "not in the folder `out`"),
        (lambda path, out: saved(out), "was it trained on that file"),
    ],
)
def test_models_of_an_own_text(train_on, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_train_on(train_on)


def test_the_small_text_is_of_several_scripts_and_a_few_kilobytes():
    assert 5_000 < len(small_text().encode()) < 20_000
    assert not small_text().isascii()


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (lambda nats, pieces: sum(nats) / len(nats), "that is nats per token"),
        (lambda nats, pieces: sum(nats) / len(nats) / math.log(2), "that is bits per token"),
        (lambda nats, pieces: sum(nats) / sum(map(len, pieces)), "that is nats per byte"),
        (lambda nats, pieces: sum(nats) / sum(map(len, pieces)) * math.log(2), "so divide"),
        (lambda nats, pieces: sum(nats) / len(b"".join(pieces).decode()) / math.log(2), "you divide by letters:"),
        (lambda nats, pieces: sum(nats) / len(b"".join(pieces).decode()), "you divide by letters, and"),
        (
            lambda nats, pieces: np.mean([n / len(p) for n, p in zip(nats, pieces, strict=True)]) / math.log(2),
            "mean of ratios",
        ),
        (lambda nats, pieces: sum(nats) / math.log(2), "bits of the whole text"),
        (lambda nats, pieces: None, "a number was expected"),
        (lambda nats, pieces: 42.0, "is not right"),
    ],
)
def test_wrong_bits_per_byte(convert, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_bits_per_byte(convert)


def right_bits(nats, pieces):
    return sum(nats) / sum(map(len, pieces)) / math.log(2)


@pytest.mark.parametrize("kind", [float, np.float32, torch.tensor, lambda value: np.array([value])])
def test_every_kind_of_number_is_taken(kind):
    check_bits_per_byte(lambda nats, pieces: kind(right_bits(nats, pieces)))
    check_early_stopping(lambda losses, patience: list(walk(losses, patience)))


def walk(losses, patience, better=lambda new, old: new < old, kept=lambda number, best: best, reset=True, extra=0):
    """Early stopping, with a mistake on request."""
    best = bad = 0
    for number, loss in enumerate(losses):
        if number and better(loss, losses[best]):
            best, bad = number, 0 if reset else bad
        elif number:
            bad += 1
        if bad >= patience + extra:
            return number, kept(number, best)
    return len(losses) - 1, kept(len(losses) - 1, best)


@pytest.mark.parametrize(
    ("stop", "message"),
    [
        (lambda losses, patience: walk(losses, patience, kept=lambda number, best: number), "keep the best"),
        (lambda losses, patience: walk(losses, patience, better=lambda new, old: new <= old), "compare with <"),
        (lambda losses, patience: walk(losses, patience, reset=False), "begins anew"),
        (lambda losses, patience: walk(losses, patience, extra=1), "the patience is at an end"),
        (lambda losses, patience: walk(losses, patience, extra=-1), "the patience ends"),
        (lambda losses, patience: walk(losses, patience)[::-1], "the wrong way round"),
        (lambda losses, patience: (walk(losses, patience)[0], int(np.argmin(losses))), "had the lowest loss by then"),
        (lambda losses, patience: 3, "two numbers were expected"),
    ],
)
def test_wrong_stops(stop, message):
    check_early_stopping(walk)
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_early_stopping(stop)


def counted(train, order, strength=1.0, cut=True, unseen="shorter", floor=1.0, longest_only=False, most=9):
    """A model by counting, with a mistake on request."""
    follows, order = {}, min(order, most)
    for place, byte in enumerate(train):
        for length in range(min(order, place) + 1):
            follows.setdefault(train[place - length : place], np.zeros(256))[byte] += 1

    def next_probs(text):
        probs = np.full(256, floor / 256)
        for length in range(1 if longest_only else min(order, len(text)) + 1):
            counts = follows.get(text[len(text) - length :])
            if counts is None:
                if unseen == "shorter":
                    break
                return np.full(256, 1 / 256)
            probs = (counts + strength * probs) / (counts.sum() + strength)
        if not cut:
            probs = probs + 1e-3 * np.eye(256)[len(text) % 256]
            probs /= probs.sum()
        return probs

    return next_probs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"longest_only": True}, "what came before makes no difference"),
        ({"floor": 0.0}, "has probability 0"),
        ({"unseen": "chance"}, "fall back to the shorter ones"),
        ({"cut": False}, "only the last `order` bytes count"),
        ({"most": 1}, "the more it should weigh"),
    ],
)
def test_wrong_counts(changes, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_counts(lambda train, order: counted(train, order, **changes))


def test_counts_that_are_no_distribution_or_no_function():
    check_counts(counted)
    with pytest.raises(AssertionError, match="a function of the text so far"):
        check_counts(lambda train, order: np.full(256, 1 / 256))
    with pytest.raises(AssertionError, match="256 probabilities"):
        check_counts(lambda train, order: lambda text: np.ones(3) / 3)
    with pytest.raises(AssertionError, match="a dict came back"):
        check_counts(lambda train, order: lambda text: {"a": 1.0})
    with pytest.raises(AssertionError, match="sum to 256"):
        check_counts(lambda train, order: lambda text: np.ones(256))
