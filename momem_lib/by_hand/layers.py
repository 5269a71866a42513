"""Backpropagation by hand: the layers of a Transformer in NumPy, each with its forward pass and its derived backward.

Every layer is a pair of functions. The forward one returns its result and what it *kept* for later; the backward one
takes `dy`, the gradient of the loss with respect to that result, and what was kept, and returns the gradients with
respect to the forward one's inputs, in the same order. No autograd anywhere: this is the course's one deliberate double
of what torch does, and tests prove it equal. Numbers stay in the type they come in: float32 to train, float64 to check.

Shapes: B batch, T length, D width, V vocabulary; N rows, I numbers in and O numbers out of one row. A row is one
position of a text, and a layer multiplies it from the right: y = x W + b.
"""

import math

import numpy as np
from numpy import ndarray

from momem_lib.project import InputError

GELU_SCALE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


def linear(x: ndarray, weight: ndarray, bias: ndarray) -> tuple[ndarray, tuple]:
    """y = x W + b: every output is a weighted sum of the inputs.

    Args:
        x: (..., I). weight: (I, O). bias: (O,).

    Returns:
        y (..., O), and what linear_backward needs.

    Example:
        >>> y, kept = linear(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]), np.zeros(3))
        >>> y.tolist()
        [[1.0, 2.0, 5.0]]
    """
    if x.shape[-1] != weight.shape[0]:
        raise InputError(f"rows of {x.shape[-1]} numbers do not fit a weight of shape {weight.shape}: it needs (I, O)")
    rows = x.reshape(-1, x.shape[-1])  # (..., I) -> (N, I): one large product is faster than many small ones
    y = rows @ weight  # (N, O)
    y += bias
    return y.reshape(*x.shape[:-1], -1), (rows, weight)


def linear_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
    """Gradients of linear: dx = dy Wᵀ, dW = xᵀ dy, db = the sum of dy's rows.

    Args:
        dy: (..., O).

    Returns:
        dx (..., I), dweight (I, O), dbias (O,).

    Example:
        >>> y, kept = linear(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]), np.zeros(3))
        >>> [gradient.tolist() for gradient in linear_backward(np.array([[1.0, 0.0, 10.0]]), kept)]
        [[[31.0, 10.0]], [[1.0, 0.0, 10.0], [2.0, 0.0, 20.0]], [1.0, 0.0, 10.0]]
    """
    rows, weight = kept
    dy_rows = dy.reshape(-1, dy.shape[-1])  # (N, O)
    dx = dy_rows @ weight.T  # (N, I)
    return dx.reshape(*dy.shape[:-1], -1), rows.T @ dy_rows, dy_rows.sum(axis=0)


def gelu(x: ndarray) -> tuple[ndarray, tuple]:
    """GELU in its tanh form: x times a smooth step from 0 to 1 (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    The exact form has the bell curve's integral (erf) in place of tanh; the two differ by less than 0.0005.

    Args:
        x: any shape.

    Example:
        >>> gelu(np.array([-10.0, 0.0, 10.0]))[0].tolist()
        [-0.0, 0.0, 10.0]
    """
    # In place: on matrices that outgrow the processor's cache, each new array costs more time than its arithmetic.
    step = x * x
    step *= GELU_CUBE
    step += 1
    step *= x
    step *= GELU_SCALE  # u = s (x + c x³)
    np.tanh(step, out=step)
    y = step + 1
    y *= x
    y *= 0.5
    return y, (x, step)


def gelu_backward(dy: ndarray, kept: tuple) -> ndarray:
    """dx = dy times the slope, ½ (1 + tanh u) + ½ x (1 - tanh² u) u', where u' = s (1 + 3 c x²).

    Example:
        >>> gelu_backward(np.ones(3), gelu(np.array([-10.0, 0.0, 10.0]))[1]).tolist()
        [0.0, 0.5, 1.0]
    """
    x, step = kept
    inner = x * x
    inner *= 3 * GELU_CUBE
    inner += 1
    inner *= GELU_SCALE  # u'
    slope = step * step
    np.subtract(1, slope, out=slope)
    slope *= x
    slope *= inner
    slope += step
    slope += 1
    slope *= 0.5
    slope *= dy
    return slope


def dropout(x: ndarray, share: float, generator: np.random.Generator | None) -> tuple[ndarray, ndarray | None]:
    """Set a random share of the numbers to zero and scale up the rest, so that the mean stays (Srivastava et al. 2014).

    Args:
        x: any shape. share: from 0 to below 1. generator: None switches dropout off, as in use after training.

    Raises:
        InputError: another share.

    Example:
        >>> sorted(set(dropout(np.ones(99), 0.5, np.random.default_rng(0))[0].tolist()))
        [0.0, 2.0]
    """
    if not 0 <= share < 1:
        raise InputError(f"the share to drop is {share}; a number from 0 to below 1 was expected")
    if generator is None or share == 0:
        return x, None
    mask = (generator.random(x.shape, dtype=np.float32) >= share).astype(x.dtype)
    mask /= 1 - share
    return x * mask, mask


def dropout_backward(dy: ndarray, mask: ndarray | None) -> ndarray:
    """dx = dy times the same mask: what was silenced gets no blame.

    Example:
        >>> dropout_backward(np.array([3.0, 3.0]), np.array([2.0, 0.0])).tolist()
        [6.0, 0.0]
    """
    return dy if mask is None else dy * mask


def layer_norm(x: ndarray, gain: ndarray, bias: ndarray, eps: float = 1e-5) -> tuple[ndarray, tuple]:
    """Give each row mean 0 and variance 1, then a gain and a bias for each column (Ba et al. 2016, arXiv:1607.06450).

    Args:
        x: (..., D). gain, bias: (D,). eps: keeps a constant row from being divided by 0.

    Example:
        >>> layer_norm(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2), eps=0.0)[0].tolist()
        [[-1.0, 1.0]]
    """
    normal = x - x.mean(axis=-1, keepdims=True)
    variance = (normal * normal).mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(variance + eps)  # (..., 1)
    normal *= scale
    y = normal * gain
    y += bias
    return y, (normal, scale, gain)


def layer_norm_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
    """dx = scale (g - mean g - n mean(g n)), where g = dy gain and n is the normalised row.

    Returns:
        dx (..., D), dgain (D,), dbias (D,).

    Example:
        >>> y, kept = layer_norm(np.array([[0.0, 1.0, 5.0]]), np.ones(3), np.zeros(3))
        >>> dx, dgain, dbias = layer_norm_backward(np.ones((1, 3)), kept)
        >>> bool(np.abs(dx).max() < 1e-12)  # with all weights alike, a row always sums to 0: nothing can be gained
        True
    """
    normal, scale, gain = kept
    width = dy.shape[-1]
    dgain = (dy * normal).reshape(-1, width).sum(axis=0)
    dbias = dy.reshape(-1, width).sum(axis=0)
    dx = dy * gain  # g
    along = (dx * normal).mean(axis=-1, keepdims=True)  # mean(g n), (..., 1)
    dx -= dx.mean(axis=-1, keepdims=True)
    dx -= normal * along
    dx *= scale
    return dx, dgain, dbias


def embedding(tokens: ndarray, table: ndarray) -> tuple[ndarray, tuple]:
    """Look up one row of the table for each token.

    Args:
        tokens: (B, T), whole numbers below V. table: (V, D).

    Returns:
        (B, T, D), and what embedding_backward needs.

    Raises:
        InputError: a token that the table has no row for.

    Example:
        >>> embedding(np.array([[1, 1, 0]]), np.array([[0.0, 1.0], [2.0, 3.0]]))[0].tolist()
        [[[2.0, 3.0], [2.0, 3.0], [0.0, 1.0]]]
    """
    if tokens.min() < 0 or tokens.max() >= len(table):
        raise InputError(f"tokens from 0 to {len(table) - 1} were expected, not {tokens.min()} to {tokens.max()}")
    return table[tokens], (tokens, table.shape)


def embedding_backward(dy: ndarray, kept: tuple) -> ndarray:
    """Each table row gets the sum of dy over all places where its token stood.

    Args:
        dy: (B, T, D).

    Returns:
        dtable (V, D).

    Example:
        >>> y, kept = embedding(np.array([[1, 1, 0]]), np.zeros((3, 2)))
        >>> embedding_backward(np.array([[[1.0, 0.0], [1.0, 5.0], [7.0, 7.0]]]), kept).tolist()
        [[7.0, 7.0], [2.0, 5.0], [0.0, 0.0]]
    """
    tokens, shape = kept
    flat = tokens.reshape(-1)
    order = np.argsort(flat, kind="stable")  # equal tokens now stand side by side, and each run is summed at once
    found, starts = np.unique(flat[order], return_index=True)
    dtable = np.zeros(shape, dy.dtype)
    dtable[found] = np.add.reduceat(dy.reshape(-1, shape[1])[order], starts, axis=0)
    return dtable
