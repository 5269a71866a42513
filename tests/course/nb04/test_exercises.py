"""Notebook 04's exercises: each typical wrong answer is told what is wrong."""

import re

import numpy as np
import pytest

from momem_lib.course.nb04.exercises import (
    check_clip,
    check_padded_gradient,
    check_rms_norm_backward,
    check_silu_backward,
)


def s(x):
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def test_right_answers_pass():
    check_silu_backward(lambda dy, x: dy * (s(x) + x * s(x) * (1 - s(x))))
    check_padded_gradient(lambda *given: padded(*given))
    check_clip(lambda gradients, most: clipped(gradients, most))
    check_rms_norm_backward(lambda dy, kept: (rms_dx(dy, *kept), (dy * kept[0]).sum(axis=(0, 1))))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda dy, x: None, "dx should be a NumPy array, not NoneType"),
        (lambda dy, x: dy.sum(axis=0), "dx has the shape (4,)"),
        (lambda dy, x: 0 * dy, "it is 0 everywhere"),
        (lambda dy, x: s(x) + x * s(x) * (1 - s(x)), "this is the slope alone"),
        (lambda dy, x: dy * s(x), "x times the slope of the logistic function is missing"),
        (lambda dy, x: dy * x * s(x) * (1 - s(x)), "the logistic function itself is missing"),
        (lambda dy, x: dy * s(x) * (1 - s(x)), "product rule"),
        (lambda dy, x: dy * (s(x) - x * s(x) * (1 - s(x))), "a sign is wrong"),
        (lambda dy, x: dy * (s(x) + x * s(x)), "is s (1 - s), not s"),
        (lambda dy, x: dy * x * s(x), "this is the forward pass times dy"),
        (lambda dy, x: dy * (s(x) + x), "nudging x gives another gradient"),
    ],
)
def test_wrong_silu_is_told_what_is_wrong(answer, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_silu_backward(answer)


def probabilities(logits, axis=-1, shift=True):
    """Softmax, with or without the shift that keeps it from overflowing."""
    with np.errstate(over="ignore", invalid="ignore"):
        exps = np.exp(logits - logits.max(axis=axis, keepdims=True) if shift else logits)
        return exps / exps.sum(axis=axis, keepdims=True)


def padded(logits, targets, real, axis=-1, shift=True, divide=None, mask=True, least=1, target=1.0):
    """The right answer, or a wrong one of many kinds."""
    gradient = probabilities(logits, axis, shift) - target * np.eye(logits.shape[1])[targets]
    if mask:
        gradient = gradient * real[:, None]
    with np.errstate(invalid="ignore"):
        return gradient / (divide or np.maximum(real.sum(), least))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"divide": 5}, "you divided by all rows"),
        ({"divide": 1}, "the loss is a mean"),
        ({"mask": False}, "padded rows still have a gradient"),
        ({"mask": False, "divide": 5}, "padding still takes part"),
        ({"target": 0.0}, "the 1 of the right token was never taken off"),
        ({"axis": 0}, "softmax ran down the columns"),
        ({"least": 0}, "a batch of padding alone must give 0"),
        ({"shift": False}, "large logits overflow"),
        ({"target": 0.5}, "it differs from the true gradient"),
    ],
)
def test_wrong_padded_gradients_are_told_what_is_wrong(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_padded_gradient(lambda *given: padded(*given, **wrong))


def test_other_padded_gradients_are_told_what_is_wrong():
    for answer, message in (
        (lambda *given: np.zeros_like(given[0]), "it is 0 everywhere"),
        (lambda *given: -padded(*given), "the sign is turned"),
        (lambda *given: None, "not NoneType"),
        (lambda *given: padded(*given)[given[2]], "has the shape"),
    ):
        with pytest.raises(AssertionError, match=message):
            check_padded_gradient(answer)


def length_of(arrays):
    """The length of all numbers together."""
    return np.sqrt(sum((array**2).sum() for array in arrays))


def scaled(gradients, factor):
    """All gradients times a number."""
    return {name: array * factor for name, array in gradients.items()}


def clipped(gradients, most):
    """The right answer."""
    length = length_of(gradients.values())
    return scaled(gradients, most / length) if length > most else gradients


def shorten_each(gradients, most):
    """Each array for itself."""
    return {name: array * min(1, most / length_of([array])) for name, array in gradients.items()}


def largest(gradients):
    """The largest number of all."""
    return max(np.abs(array).max() for array in gradients.values())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda g, most: None, "return a dict"),
        (lambda g, most: {"a": g["a"]}, "return a dict"),
        (lambda g, most: scaled(g, 1) | {"b": g["b"].ravel()}, "gradient 'b' has the shape (2,)"),
        (lambda g, most: g, "nothing was shortened"),
        (shorten_each, "each was cut for itself"),
        (lambda g, most: {name: np.clip(array, -most, most) for name, array in g.items()}, "each was cut for itself"),
        (lambda g, most: scaled(g, most / sum(length_of([a]) for a in g.values())), "not the sum of lengths"),
        (lambda g, most: scaled(g, most / length_of(g.values()) ** 2), "take the root"),
        (lambda g, most: scaled(g, most / largest(g)), "you divided by the largest number"),
        (lambda g, most: scaled(g, 0.5), "were expected"),
        (lambda g, most: scaled(g, 1 / length_of(g.values())), "with a limit of 2"),
        (lambda g, most: scaled(g, most / length_of(g.values())), "never grow"),
        (lambda g, most: clipped(g, most) if largest(g) else scaled(g, np.nan), "became NaN"),
    ],
)
def test_wrong_clipping_is_told_what_is_wrong(answer, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_clip(answer)


def row_mean(x):
    """The mean of each row."""
    return x.mean(axis=-1, keepdims=True)


def rms_dx(dy, normal, scale, gain, front=True, sign=-1, times=1, use_gain=True, centre=False, mean=row_mean):
    """The right dx, or a wrong one of many kinds."""
    g = dy * gain if use_gain else dy
    dx = g + sign * times * normal * mean(g * normal)
    if centre:
        dx = dx - row_mean(g)
    return scale * dx if front else dx


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"times": 0}, "treats the scale as a constant"),
        ({"use_gain": False}, "forgets the gain"),
        ({"times": 4}, "the mean over the row is needed, not the sum"),
        ({"centre": True}, "that is layer norm's dx"),
        ({"sign": 1}, "a sign in dx is wrong"),
        ({"front": False}, "lacks the factor scale"),
        ({"mean": np.mean}, "the mean is over each row"),
        ({"times": 2}, "nudging x gives another dx"),
    ],
)
def test_wrong_rms_norm_dx_is_told_what_is_wrong(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_rms_norm_backward(lambda dy, kept: (rms_dx(dy, *kept, **wrong), (dy * kept[0]).sum(axis=(0, 1))))


@pytest.mark.parametrize(
    ("dgain", "message"),
    [
        (lambda dy, normal: dy.sum(axis=(0, 1)), "not of dy alone"),
        (lambda dy, normal: (dy * normal).mean(axis=(0, 1)), "not a mean"),
        (lambda dy, normal: dy * normal, "dgain has the shape (2, 3, 4)"),
        (lambda dy, normal: 2 * (dy * normal).sum(axis=(0, 1)), "dgain is the sum, over all rows"),
    ],
)
def test_wrong_rms_norm_dgain_is_told_what_is_wrong(dgain, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_rms_norm_backward(lambda dy, kept: (rms_dx(dy, *kept), dgain(dy, kept[0])))


def test_other_rms_norm_answers_are_told_what_is_wrong():
    for answer, message in (
        (lambda dy, kept: dy, "return two gradients"),
        (lambda dy, kept: (0 * dy, kept[2]), "dx is 0 everywhere"),
        (lambda dy, kept: (dy[0], kept[2]), "dx has the shape"),
    ):
        with pytest.raises(AssertionError, match=message):
            check_rms_norm_backward(answer)
