"""Backpropagation by hand: optimizers and gradient clipping in NumPy, equal to torch's.

An optimizer changes the parameters in place: `optimizer.step(parameters, gradients)`, both dicts with the same names.
Its `learning_rate` may be set anew before each step, which is all that a schedule does.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy import ndarray

from momem_lib.project import InputError

START = partial(defaultdict, float)  # what an optimizer remembers of a parameter before its first step: 0


@dataclass
class SGD:
    """w <- w - learning rate * gradient (stochastic gradient descent), and momentum where it is above 0.

    With momentum the step follows a velocity, v <- momentum * v + gradient (Polyak 1964): what all gradients agree on
    adds up, and what goes to and fro cancels.

    Example:
        >>> w, optimizer = {"w": np.array([1.0])}, SGD(learning_rate=0.1, momentum=0.9)
        >>> for _ in range(2):
        ...     optimizer.step(w, {"w": np.array([1.0])})
        >>> w["w"].round(2).tolist()  # 1 - 0.1 - 0.19
        [0.71]
    """

    learning_rate: float
    momentum: float = 0.0
    velocity: dict[str, ndarray] = field(default_factory=START, init=False)

    def step(self, parameters: dict[str, ndarray], gradients: dict[str, ndarray]) -> None:
        """Move every parameter a little downhill, in place."""
        for name, parameter in parameters.items():
            self.velocity[name] = self.momentum * self.velocity[name] + gradients[name]
            parameter -= self.learning_rate * self.velocity[name]


@dataclass
class Adam:
    """Steps of about one learning rate for every number, however large its gradients (Kingma and Ba 2015, algorithm 1).

    Example:
        >>> w, optimizer = {"w": np.array([1.0, 1.0])}, Adam(learning_rate=0.1)
        >>> optimizer.step(w, {"w": np.array([1000.0, 0.001])})
        >>> w["w"].round(3).tolist()
        [0.9, 0.9]
    """

    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    first: dict[str, ndarray] = field(default_factory=START, init=False)  # running mean of the gradients
    second: dict[str, ndarray] = field(default_factory=START, init=False)  # running mean of their squares
    steps: int = field(default=0, init=False)

    weight_decay = 0.0  # AdamW's

    def step(self, parameters: dict[str, ndarray], gradients: dict[str, ndarray]) -> None:
        """Move every parameter a little downhill, in place.

        Raises:
            InputError: a gradient of another shape than its parameter.
        """
        self.steps += 1
        (beta, beta_square), rate = self.betas, self.learning_rate
        for name, parameter in parameters.items():
            gradient = gradients[name]
            if gradient.shape != parameter.shape:
                raise InputError(f"{name}: shapes {parameter.shape} and {gradient.shape} do not belong together")
            self.first[name] = beta * self.first[name] + (1 - beta) * gradient
            self.second[name] = beta_square * self.second[name] + (1 - beta_square) * gradient * gradient
            # Both means start at 0, so they are too small at first, by a factor that is known.
            first = self.first[name] / (1 - beta**self.steps)
            second = self.second[name] / (1 - beta_square**self.steps)
            parameter *= 1 - rate * self.weight_decay
            parameter -= rate * first / (np.sqrt(second) + self.eps)


@dataclass
class AdamW(Adam):
    """Adam, and every weight shrinks a little at each step, whatever its gradient (Loshchilov and Hutter 2019).

    Example:
        >>> w, optimizer = {"w": np.array([1.0])}, AdamW(learning_rate=0.1, weight_decay=0.5)
        >>> optimizer.step(w, {"w": np.array([0.0])})
        >>> w["w"].tolist()
        [0.95]
    """

    weight_decay: float = 0.01


def clip_gradients(gradients: dict[str, ndarray], most: float) -> float:
    """Shorten the gradients, in place, to a common length of at most `most`; the direction stays.

    Returns:
        The length that they had.

    Source: Pascanu et al. 2013, arXiv:1211.5063, section 3.2. Equal to torch.nn.utils.clip_grad_norm_.

    Example:
        >>> gradients = {"a": np.array([3.0]), "b": np.array([4.0])}
        >>> clip_gradients(gradients, 1.0), gradients["a"].round(3).tolist(), gradients["b"].round(3).tolist()
        (5.0, [0.6], [0.8])
    """
    length = math.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values()))
    if length > most:
        for gradient in gradients.values():
            gradient *= most / (length + 1e-6)
    return length
