"""Backpropagation by hand: softmax, and the loss that training makes small (shapes as in by_hand)."""

import numpy as np
from numpy import ndarray


def softmax(x: ndarray) -> ndarray:
    """Positive numbers that sum to 1 along the last axis: exp(x) over the sum of exp(x).

    Example:
        >>> softmax(np.array([1000.0, 1000.0])).tolist()  # exp(1000) alone would overflow
        [0.5, 0.5]
    """
    y = x - x.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def softmax_backward(dy: ndarray, y: ndarray) -> ndarray:
    """dx = y (dy - sum(dy y)), all along the last axis; y is softmax's result.

    Example:
        >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
        [0.25, -0.25]
    """
    dx = dy - (dy * y).sum(axis=-1, keepdims=True)
    dx *= y
    return dx


def cross_entropy(logits: ndarray, targets: ndarray) -> tuple[float, tuple]:
    """Softmax, then the mean of -ln(probability of the right token), in nats per token.

    Args:
        logits: (..., V), any numbers. targets: (...), whole numbers below V.

    Example:
        >>> loss, kept = cross_entropy(np.zeros((1, 4)), np.array([2]))
        >>> round(loss, 4)  # ln 4: all four are equally probable
        1.3863
    """
    rows, right = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    shifted = rows - rows.max(axis=-1, keepdims=True)
    chosen = shifted[np.arange(len(right)), right]
    np.exp(shifted, out=shifted)
    total = shifted.sum(axis=-1, keepdims=True)
    loss = float(np.mean(np.log(total[:, 0]) - chosen))
    shifted /= total  # now the probabilities
    return loss, (shifted, right, logits.shape)


def cross_entropy_backward(kept: tuple) -> ndarray:
    """dlogits = (probabilities - one-hot targets) / number of tokens.

    Example:
        >>> loss, kept = cross_entropy(np.zeros((1, 4)), np.array([2]))
        >>> cross_entropy_backward(kept).tolist()
        [[0.25, 0.25, -0.75, 0.25]]
    """
    probabilities, right, shape = kept
    dlogits = probabilities / len(right)
    dlogits[np.arange(len(right)), right] -= 1 / len(right)
    return dlogits.reshape(shape)
