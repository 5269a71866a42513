"""Checkers of notebook 04's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy import ndarray

from momem_lib.by_hand.checks import numerical_gradient, relative_error

CLOSE = 1e-6  # relative error below which two gradients are taken for equal


def _numbers(*shape: int, seed: int = 0) -> ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def _same_shape(found: object, wanted: ndarray, what: str) -> None:
    assert isinstance(found, ndarray), f"{what} should be a NumPy array, not {type(found).__name__}"
    assert found.shape == wanted.shape, (
        f"{what} has the shape {found.shape}; a gradient always has the shape of its quantity, here {wanted.shape}"
    )


def _close(found: ndarray, wanted: ndarray) -> bool:
    return relative_error(found, wanted) < CLOSE


def check_silu_backward(silu_backward: Callable[[ndarray, ndarray], ndarray]) -> None:
    """04.1: the backward pass of SiLU, x times the logistic function of x."""
    x, dy = _numbers(3, 4), _numbers(3, 4, seed=1)
    sigma = 1 / (1 + np.exp(-x))
    rise = sigma * (1 - sigma)
    slope = sigma + x * rise
    found = silu_backward(dy, x.copy())
    _same_shape(found, x, "dx")
    for wrong, why in (
        (np.zeros_like(x), "it is 0 everywhere: return dy times the slope of SiLU at x"),
        (slope, "this is the slope alone: multiply it by dy, the gradient that arrives from above"),
        (dy * sigma, "the product rule has two terms; x times the slope of the logistic function is missing"),
        (dy * x * rise, "the product rule has two terms; the logistic function itself is missing"),
        (dy * rise, "the slope of the logistic function alone is not that of x times it: product rule"),
        (dy * (sigma - x * rise), "a sign is wrong: the logistic function rises, so its slope is s (1 - s)"),
        (dy * (sigma + x * sigma), "the slope of the logistic function is s (1 - s), not s"),
        (dy * x * sigma, "this is the forward pass times dy: differentiate it first"),
    ):
        assert not _close(found, wrong), why
    checked = numerical_gradient(lambda x: float((x / (1 + np.exp(-x)) * dy).sum()), x)
    error = relative_error(found, checked)
    assert error < CLOSE, (
        f"nudging x gives another gradient (relative error {error:.1g}): write y = x s, then s' = s (1 - s)"
    )


def check_padded_gradient(padded_gradient: Callable[[ndarray, ndarray, ndarray], ndarray]) -> None:
    """04.2: the gradient of a cross-entropy that padding takes no part in."""
    logits, targets = 2 * _numbers(5, 4), np.array([2, 0, 3, 1, 0])
    real = np.array([True, True, True, False, False])
    exps = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = exps / exps.sum(axis=-1, keepdims=True)
    columns = np.exp(logits) / np.exp(logits).sum(axis=0)
    one_hot = np.eye(4)[targets]
    wanted = (p - one_hot) * real[:, None] / real.sum()
    found = padded_gradient(logits.copy(), targets.copy(), real.copy())
    _same_shape(found, logits, "the gradient")
    for wrong, why in (
        (np.zeros_like(logits), "it is 0 everywhere: start from (probabilities - one-hot targets)"),
        (wanted * real.sum() / len(real), "you divided by all rows: the mean is over the real ones alone"),
        (wanted * real.sum(), "the loss is a mean: divide by how many rows are real"),
        (-wanted, "the sign is turned: it is probabilities minus one-hot, not the other way round"),
        ((p - one_hot) / real.sum(), "padded rows still have a gradient: set their rows to 0"),
        ((p - one_hot) / len(real), "padding still takes part: set its rows to 0, and divide by the real rows alone"),
        (p * real[:, None] / real.sum(), "the 1 of the right token was never taken off"),
        ((columns - one_hot) * real[:, None] / real.sum(), "softmax ran down the columns: each row must sum to 1"),
    ):
        assert not _close(found, wrong), why
    error = relative_error(found, wanted)
    assert error < CLOSE, f"it differs from the true gradient (relative error {error:.1g}): check the rows one by one"
    none = padded_gradient(logits.copy(), targets.copy(), np.zeros(5, dtype=bool))
    assert np.isfinite(none).all() and not none.any(), (
        "a batch of padding alone must give 0, not NaN: never divide by 0"
    )
    huge = padded_gradient(logits * 1e4, targets.copy(), real.copy())
    assert np.isfinite(huge).all(), "large logits overflow: take each row's maximum off before exp"


def check_clip(clip: Callable[[dict[str, ndarray], float], dict[str, ndarray]]) -> None:
    """04.3: clipping by the length of all gradients together."""
    given = {"a": np.array([3.0, 0.0]), "b": np.array([[0.0], [4.0]])}
    found = clip({name: array.copy() for name, array in given.items()}, 1.0)
    assert isinstance(found, dict) and set(found) == set(given), "return a dict with the same names as the gradients"
    for name, array in given.items():
        _same_shape(found[name], array, f"gradient {name!r}")

    def returned(wrong: dict[str, list]) -> bool:
        return all(np.allclose(found[name].ravel(), wrong[name], atol=1e-4) for name in found)

    for wrong, why in (
        ({"a": [3, 0], "b": [0, 4]}, "nothing was shortened: together they have length 5, and 1 is the limit"),
        ({"a": [1, 0], "b": [0, 1]}, "each was cut for itself, which turns the direction: use one common factor"),
        ({"a": [3 / 7, 0], "b": [0, 4 / 7]}, "the length is the root of the sum of squares, not the sum of lengths"),
        ({"a": [3 / 25, 0], "b": [0, 4 / 25]}, "you divided by the squared length: take the root"),
        ({"a": [0.75, 0], "b": [0, 1]}, "you divided by the largest number: use the length of all numbers together"),
    ):
        assert not returned(wrong), why
    assert returned({"a": [0.6, 0], "b": [0, 0.8]}), f"[0.6, 0] and [0, 0.8] were expected, not {found}"
    wide = clip({name: array.copy() for name, array in given.items()}, 2.0)
    assert np.allclose(wide["a"], [1.2, 0], atol=1e-4), "with a limit of 2 the common length should be 2, not 1"
    short = clip({name: array.copy() for name, array in given.items()}, 10.0)
    assert np.allclose(short["a"], [3, 0]), "gradients shorter than the limit must stay as they are, never grow"
    zero = clip({"a": np.zeros(2)}, 1.0)
    assert np.isfinite(zero["a"]).all(), "gradients of length 0 became NaN: never divide by 0"


def check_rms_norm_backward(rms_norm_backward: Callable[[ndarray, tuple], tuple[ndarray, ndarray]]) -> None:
    """04.4: the backward pass of RMSNorm."""
    x, gain, dy = _numbers(2, 3, 4), 1 + 0.5 * _numbers(4, seed=1), _numbers(2, 3, 4, seed=2)
    scale = 1 / np.sqrt((x * x).mean(axis=-1, keepdims=True))
    normal, g = x * scale, dy * gain
    answer = rms_norm_backward(dy.copy(), (normal.copy(), scale.copy(), gain.copy()))
    assert isinstance(answer, tuple) and len(answer) == 2, "return two gradients: dx, dgain"
    dx, dgain = answer
    _same_shape(dx, x, "dx")
    _same_shape(dgain, gain, "dgain")
    mean = partial(np.mean, axis=-1, keepdims=True)  # over each row
    along = mean(g * normal)
    for wrong, why in (
        (np.zeros_like(x), "dx is 0 everywhere"),
        (scale * g, "dx treats the scale as a constant: each x also changes the scale of its whole row"),
        (scale * (dy - normal * mean(dy * normal)), "dx forgets the gain: g = dy gain comes first"),
        (scale * (g - normal * 4 * along), "in dx the mean over the row is needed, not the sum: divide by D"),
        (scale * (g - mean(g) - normal * along), "that is layer norm's dx: no mean is taken off here"),
        (scale * (g + normal * along), "a sign in dx is wrong: a larger row gets a smaller scale"),
        (g - normal * along, "dx lacks the factor scale in front"),
        (scale * (g - normal * (g * normal).mean()), "in dx the mean is over each row (axis=-1), not over everything"),
    ):
        assert not _close(dx, wrong), why

    def judged(x: ndarray) -> float:
        return float((x / np.sqrt((x * x).mean(axis=-1, keepdims=True)) * gain * dy).sum())

    error = relative_error(dx, numerical_gradient(judged, x))
    assert error < CLOSE, f"nudging x gives another dx (relative error {error:.1g})"
    wanted = (dy * normal).sum(axis=(0, 1))
    assert not _close(dgain, dy.sum(axis=(0, 1))), "dgain is the sum of dy times the normalised rows, not of dy alone"
    assert not _close(dgain, (dy * normal).mean(axis=(0, 1))), "dgain is a sum over the rows, not a mean"
    assert _close(dgain, wanted), "dgain is the sum, over all rows, of dy times the normalised row"
