"""Backpropagation by hand: causal multi-head attention in NumPy, forward and backward (shapes as in by_hand)."""

import numpy as np
from numpy import ndarray

from momem_lib.by_hand.layers import linear, linear_backward, softmax, softmax_backward
from momem_lib.project import InputError


def attend(query: ndarray, key: ndarray, value: ndarray) -> tuple[ndarray, tuple]:
    """Every position mixes the values of itself and of earlier positions (Vaswani et al. 2017, section 3.2.1).

    Args:
        query, key, value: (..., T, D/H).

    Returns:
        The mixed values (..., T, D/H), and what attend_backward needs.

    Example:
        >>> x = np.eye(2)
        >>> attend(9 * x, 9 * x, np.array([[1.0], [2.0]]))[0].round(3).tolist()
        [[1.0], [2.0]]
    """
    scale = query.shape[-1] ** -0.5
    scores = scale * (query @ key.swapaxes(-1, -2))  # (..., T, T)
    seen = np.tri(query.shape[-2], dtype=bool)  # (T, T): each position looks at itself and at earlier ones
    weights = softmax(np.where(seen, scores, -np.inf))
    return weights @ value, (query, key, value, weights, scale)


def attend_backward(dmixed: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
    """dV = Pᵀ dO; dP = dO Vᵀ; dS = P (dP - sum(dP P)); dQ = scale dS K; dK = scale dSᵀ Q, with P the weights.

    Args:
        dmixed: dO, (..., T, D/H).

    Returns:
        dquery, dkey, dvalue: (..., T, D/H) each.

    Example:
        >>> x = np.eye(2)
        >>> mixed, kept = attend(x, x, x)
        >>> dquery, dkey, dvalue = attend_backward(np.array([[1.0, 0.0], [0.0, 0.0]]), kept)
        >>> dvalue.tolist(), dquery[0].tolist()  # the first position sees only itself: nothing to choose
        ([[1.0, 0.0], [0.0, 0.0]], [0.0, 0.0])
    """
    query, key, value, weights, scale = kept
    dvalue = weights.swapaxes(-1, -2) @ dmixed  # (..., T, D/H)
    dscores = softmax_backward(dmixed @ value.swapaxes(-1, -2), weights)  # (..., T, T)
    dscores *= scale  # where the mask stands, the weight is 0 and so is the gradient
    return dscores @ key, dscores.swapaxes(-1, -2) @ query, dvalue


def split_heads(x: ndarray, parts: int, heads: int) -> ndarray:
    """(B, T, parts * D) -> (parts, B, H, T, D/H): a view, nothing is copied.

    Example:
        >>> split_heads(np.zeros((2, 5, 24)), parts=3, heads=4).shape
        (3, 2, 4, 5, 2)
    """
    batch, length, width = x.shape
    return x.reshape(batch, length, parts, heads, width // (parts * heads)).transpose(2, 0, 3, 1, 4)


def causal_attention(
    x: ndarray, weight: ndarray, bias: ndarray, out_weight: ndarray, out_bias: ndarray, heads: int
) -> tuple[ndarray, tuple]:
    """Causal multi-head self-attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2).

    Args:
        x: (B, T, D). weight: (D, 3 D) for queries, keys and values side by side, bias: (3 D,).
        out_weight: (D, D), out_bias: (D,). heads: H, a divisor of D.

    Returns:
        (B, T, D), and what causal_attention_backward needs.

    Raises:
        InputError: D is not a multiple of H.

    Example:
        >>> x = np.ones((2, 3, 4))
        >>> causal_attention(x, np.ones((4, 12)), np.zeros(12), np.eye(4), np.zeros(4), heads=2)[0].shape
        (2, 3, 4)
    """
    if x.shape[-1] % heads:
        raise InputError(f"a width of {x.shape[-1]} cannot be cut into {heads} heads: it must be a multiple of them")
    projected, kept_in = linear(x, weight, bias)  # (B, T, 3 D)
    mixed, kept = attend(*split_heads(projected, 3, heads))  # (B, H, T, D/H)
    joined = mixed.transpose(0, 2, 1, 3).reshape(x.shape)  # (B, H, T, D/H) -> (B, T, D)
    y, kept_out = linear(joined, out_weight, out_bias)
    return y, (kept_in, kept, kept_out, heads)


def causal_attention_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray, ndarray, ndarray]:
    """The same steps in reverse: out projection, heads, projections to queries, keys and values.

    Args:
        dy: (B, T, D).

    Returns:
        dx (B, T, D), dweight (D, 3 D), dbias (3 D,), dout_weight (D, D), dout_bias (D,).

    Example:
        >>> x = np.ones((2, 3, 4))
        >>> y, kept = causal_attention(x, np.ones((4, 12)), np.zeros(12), np.eye(4), np.zeros(4), heads=2)
        >>> [gradient.shape for gradient in causal_attention_backward(y, kept)]
        [(2, 3, 4), (4, 12), (12,), (4, 4), (4,)]
    """
    kept_in, kept_attend, kept_out, heads = kept
    djoined, dout_weight, dout_bias = linear_backward(dy, kept_out)
    dheads = attend_backward(split_heads(djoined, 1, heads)[0], kept_attend)
    dprojected = np.empty((*dy.shape[:-1], 3 * dy.shape[-1]), dy.dtype)  # (B, T, 3 D)
    split_heads(dprojected, 3, heads)[...] = dheads
    dx, dweight, dbias = linear_backward(dprojected, kept_in)
    return dx, dweight, dbias, dout_weight, dout_bias
