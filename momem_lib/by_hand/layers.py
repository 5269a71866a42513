"""Backpropagation by hand: the layers of a Transformer and its loss in NumPy, each with its derived backward pass.

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
    y = rows @ weight + bias  # (N, O)
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
    step = np.tanh(GELU_SCALE * (x + GELU_CUBE * x * x * x))  # tanh u, with u = s (x + c x³)
    return 0.5 * x * (1 + step), (x, step)


def gelu_backward(dy: ndarray, kept: tuple) -> ndarray:
    """dx = dy times the slope, ½ (1 + tanh u) + ½ x (1 - tanh² u) u', where u' = s (1 + 3 c x²).

    Example:
        >>> gelu_backward(np.ones(3), gelu(np.array([-10.0, 0.0, 10.0]))[1]).tolist()
        [0.0, 0.5, 1.0]
    """
    x, step = kept
    inner = GELU_SCALE * (1 + 3 * GELU_CUBE * x * x)  # u'
    return 0.5 * dy * (1 + step + x * (1 - step * step) * inner)


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
    centred = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)  # (..., 1)
    normal = centred * scale
    return normal * gain + bias, (normal, scale, gain)


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
    g = dy * gain
    along = (g * normal).mean(axis=-1, keepdims=True)  # mean(g n), (..., 1)
    dx = scale * (g - g.mean(axis=-1, keepdims=True) - normal * along)
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
    dtable = np.zeros(shape, dy.dtype)
    np.add.at(dtable, tokens, dy)  # dtable[tokens] += dy would count a token once, however often it stands there
    return dtable


def softmax(x: ndarray) -> ndarray:
    """Positive numbers that sum to 1 along the last axis: exp(x) over the sum of exp(x).

    Example:
        >>> softmax(np.array([1000.0, 1000.0])).tolist()  # exp(1000) alone would overflow
        [0.5, 0.5]
    """
    y = np.exp(x - x.max(axis=-1, keepdims=True))
    return y / y.sum(axis=-1, keepdims=True)


def softmax_backward(dy: ndarray, y: ndarray) -> ndarray:
    """dx = y (dy - sum(dy y)), all along the last axis; y is softmax's result.

    Example:
        >>> softmax_backward(np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
        [0.25, -0.25]
    """
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


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
    powers = np.exp(shifted)
    total = powers.sum(axis=-1, keepdims=True)
    loss = float(np.mean(np.log(total[:, 0]) - shifted[np.arange(len(right)), right]))
    return loss, (powers / total, right, logits.shape)


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
