"""Is a hand-derived gradient right? Nudge every number and see, or ask somebody who knows."""

import ast
import inspect
import textwrap
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from momem_lib.project import InputError


def numerical_gradient(function: Callable[[ndarray], float], x: ndarray, nudge: float = 1e-5) -> ndarray:
    """The gradient of function(x), a single number, by finite differences: (f(x + h) - f(x - h)) / 2h for each number.

    Args:
        x: any shape, float64; every number of it is changed for a moment and then put back. nudge: h.

    Returns:
        The shape of x.

    Raises:
        InputError: x is not float64, so that rounding would drown the difference.

    Example:
        >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, 3.0])).round(6).tolist()
        [2.0, 6.0]
    """
    if x.dtype != np.float64:
        raise InputError(f"a gradient check needs float64, not {x.dtype}: use x.astype(np.float64)")
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        before = x[place]
        x[place] = before + nudge
        above = function(x)
        x[place] = before - nudge
        below = function(x)
        x[place] = before
        gradient[place] = (above - below) / (2 * nudge)
    return gradient


def relative_error(one: ndarray, other: ndarray) -> float:
    """How far apart two gradients are: the length of their difference over the length of the longer one.

    Example:
        >>> one = np.array([1.0, 0.0])
        >>> relative_error(one, one), relative_error(one, -one)
        (0.0, 2.0)
    """
    if np.shape(one) != np.shape(other):
        raise InputError(f"gradients of shapes {np.shape(one)} and {np.shape(other)} cannot be compared")
    longer = max(np.linalg.norm(one), np.linalg.norm(other))
    return float(np.linalg.norm(np.subtract(one, other)) / longer) if longer else 0.0


def layer_errors(
    forward: Callable, backward: Callable, inputs: dict[str, ndarray], seed: int = 0, nudge: float = 1e-5
) -> dict[str, float]:
    """Check a layer's backward pass: the relative error of the gradient of each of its inputs.

    A layer's result y is many numbers and a loss is one, so the layer is judged by sum(y * dy) with a random dy.

    Args:
        forward: takes the inputs in order, returns y and what it kept. backward: takes dy and what was kept, returns
            the gradients in the order of the inputs (or the only one). inputs: name -> array, float64.

    Example:
        >>> from momem_lib.by_hand.layers import gelu, gelu_backward
        >>> errors = layer_errors(gelu, gelu_backward, {"x": np.linspace(-2.0, 2.0, 7)})
        >>> {name: error < 1e-8 for name, error in errors.items()}
        {'x': True}
    """
    y, kept = forward(*inputs.values())
    dy = np.random.default_rng(seed).standard_normal(np.shape(y))
    found = backward(dy, kept)
    found = found if isinstance(found, tuple) else (found,)

    def judged(_: ndarray) -> float:
        return float((forward(*inputs.values())[0] * dy).sum())

    return {
        name: relative_error(gradient, numerical_gradient(judged, array, nudge))
        for (name, array), gradient in zip(inputs.items(), found, strict=True)
    }


def code_of(function: Callable) -> str:
    """A function's own source without its docstring, to be read in a notebook.

    Example:
        >>> from momem_lib.by_hand.layers import dropout_backward
        >>> print(code_of(dropout_backward))
        def dropout_backward(dy: ndarray, mask: ndarray | None) -> ndarray:
            return dy if mask is None else dy * mask
    """
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    first = ast.parse(source).body[0].body[0]
    lines = source.splitlines()
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines)
