"""An autograd in NumPy: arrays that remember how they were made, and the way back through that record (notebook 04)."""

from collections.abc import Callable

import numpy as np
from numpy import ndarray


def fit(gradient: ndarray, shape: tuple[int, ...]) -> ndarray:
    """Sum a gradient over the axes along which broadcasting had stretched an array of this shape.

    Example:
        >>> fit(np.ones((2, 3)), (3,)).tolist(), fit(np.ones((2, 3)), (2, 1)).tolist(), float(fit(np.ones((2, 3)), ()))
        ([2.0, 2.0, 2.0], [[3.0], [3.0]], 6.0)
    """
    gradient = np.asarray(gradient)  # a plain 1.0 is one too
    while gradient.ndim > len(shape):
        gradient = gradient.sum(axis=0)
    for axis, length in enumerate(shape):
        if length == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


class Node:
    """An array that remembers how it was made: from which nodes, and how a gradient goes back to each of them.

    Example:
        >>> w = Node(np.array([3.0]))
        >>> loss = (w + Node(1.0)) * (Node(2.0) * w)
        >>> backward(loss)
        >>> w.gradient.tolist()
        [14.0]
    """

    def __init__(self, value: ndarray, parents: tuple = (), back: Callable | None = None) -> None:
        self.value = value
        self.parents = parents  # the nodes that it was made of
        self.back = back  # takes dy, gives a tuple: one gradient for each parent
        self.gradient = 0.0  # filled in on the way back

    def __add__(self, other: "Node") -> "Node":
        def back(dy: ndarray) -> tuple:
            return fit(dy, np.shape(self.value)), fit(dy, np.shape(other.value))

        return Node(self.value + other.value, (self, other), back)

    def __mul__(self, other: "Node") -> "Node":
        def back(dy: ndarray) -> tuple:
            return fit(dy * other.value, np.shape(self.value)), fit(dy * self.value, np.shape(other.value))

        return Node(self.value * other.value, (self, other), back)

    def __matmul__(self, other: "Node") -> "Node":
        def back(dy: ndarray) -> tuple:
            return dy @ other.value.T, self.value.T @ dy

        return Node(self.value @ other.value, (self, other), back)

    def tanh(self) -> "Node":
        """Of each number."""
        y = np.tanh(self.value)
        return Node(y, (self,), lambda dy: (dy * (1 - y * y),))

    @property
    def T(self) -> "Node":
        """Rows and columns exchanged."""
        return Node(self.value.T, (self,), lambda dy: (dy.T,))


def backward(loss: Node) -> None:
    """Fill in the gradient of every node that a loss was made of: the record, read from its end to its beginning."""
    order, seen = [], set()

    def visit(node: Node) -> None:  # notes a node after all that it was made of
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(loss)
    loss.gradient = np.ones_like(loss.value)
    for node in reversed(order):
        if node.parents:
            for parent, gradient in zip(node.parents, node.back(node.gradient), strict=True):
                parent.gradient = parent.gradient + gradient
