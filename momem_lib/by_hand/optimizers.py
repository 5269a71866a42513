"""Backpropagation by hand: what makes a step of a gradient, in NumPy, equal to torch's.

Rules for one array with a memory of its own, clipping, a schedule, the loop: plain functions, nothing in place.
"""

import math
from collections.abc import Callable, Iterable, Mapping

from numpy import ndarray

Arrays = dict[str, ndarray]


def sgd(w: ndarray, g: ndarray, memory: dict, rate: float, momentum: float = 0.0) -> ndarray:
    """The new w: a step against the gradient, or against a velocity in which old gradients live on.

    Example:
        >>> sgd(1.0, 1.0, {}, rate=0.1), sgd(1.0, 1.0, {"v": 1.0}, rate=0.1, momentum=0.9)
        (0.9, 0.81)
    """
    memory["v"] = momentum * memory.get("v", 0.0) + g
    return w - rate * memory["v"]


def adam(w: ndarray, g: ndarray, memory: dict, rate: float, decay: float = 0.0) -> ndarray:
    """The new w: a step of about the rate for each number; with a decay, AdamW.

    Example:
        >>> round(adam(1.0, 1000.0, {}, rate=0.1), 6), round(adam(1.0, -0.001, {}, rate=0.1), 6)
        (0.9, 1.099999)
    """
    memory["t"] = memory.get("t", 0) + 1
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
    memory["s"] = 0.999 * memory.get("s", 0.0) + 0.001 * g**2
    m = memory["m"] / (1 - 0.9 ** memory["t"])
    s = memory["s"] / (1 - 0.999 ** memory["t"])
    return w - rate * decay * w - rate * m / (s**0.5 + 1e-8)


def clip(gradients: Mapping[str, ndarray], limit: float) -> Arrays:
    """The gradients, shortened by one common factor where all together they are longer than a limit.

    Example:
        >>> import numpy as np
        >>> clip({"a": np.array([3.0]), "b": np.array([4.0])}, 1.0)
        {'a': array([0.6]), 'b': array([0.8])}
    """
    length = math.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
    return {name: g * (limit / length) if length > limit else g for name, g in gradients.items()}


def warmup_cosine(step: int, count: int, peak: float, warmup: int, floor: float = 0.1) -> float:
    """The learning rate of a step: a straight way up to the peak, then half a wave down to a share of it.

    Example:
        >>> [round(warmup_cosine(step, 10, 1.0, warmup=2), 2) for step in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (count - warmup)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))


def train(
    gradients_of: Callable,
    parameters: Arrays,
    optimizer: object,
    batches: Iterable[tuple],
    rate: Callable[[int], float] | None = None,
    limit: float = math.inf,
) -> list[float]:
    """The loss of each step: loss and gradients of a batch, clip, set the rate, step."""
    losses = []
    for step, (tokens, targets) in enumerate(batches):
        loss, gradients = gradients_of(parameters, tokens, targets)
        if rate is not None:
            optimizer.rate = rate(step)
        optimizer.step(parameters, clip(gradients, limit))
        losses.append(loss)
    return losses
