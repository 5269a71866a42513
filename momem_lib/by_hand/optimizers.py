"""Backpropagation by hand: optimizers, gradient clipping and learning rate schedules in NumPy, equal to torch.optim's.

An optimizer changes the parameters in place: `optimizer.step(parameters, gradients)`, both dicts with the same names.
Its `learning_rate` may be set anew before each step, which is all that a schedule does.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy import ndarray

from momem_lib.project import InputError

PIECE = 32_768  # numbers worked on at a time: few enough for all arrays of a step to stay in the processor's cache


def pieces(*arrays: ndarray) -> Iterator[list[ndarray]]:
    """The same stretch of each array, one stretch after the other, as flat views that can be changed.

    Raises:
        InputError: an array that cannot be seen as flat without a copy, or arrays of different sizes.

    Example:
        >>> [[part.size for part in parts] for parts in pieces(np.zeros((200, 200)), np.zeros(40_000))]
        [[32768, 32768], [7232, 7232]]
    """
    if len({array.size for array in arrays}) > 1:
        raise InputError(f"shapes {[array.shape for array in arrays]} do not belong together")
    if not arrays[0].flags.c_contiguous:
        raise InputError("a parameter must lie in one piece of memory to be changed in place: use np.ascontiguousarray")
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, arrays[0].size, PIECE):
        yield [array[start : start + PIECE] for array in flat]


class SGD:
    """w <- w - learning rate * gradient (stochastic gradient descent), and momentum where it is above 0.

    With momentum the step follows a velocity, v <- momentum * v + gradient (Polyak 1964): what all gradients agree on
    adds up, and what goes to and fro cancels.

    Example:
        >>> w, optimizer = {"w": np.array([1.0])}, SGD(learning_rate=0.1)
        >>> optimizer.step(w, {"w": np.array([5.0])})
        >>> w["w"].tolist()
        [0.5]
    """

    def __init__(self, learning_rate: float, momentum: float = 0.0) -> None:
        self.learning_rate, self.momentum = learning_rate, momentum
        self.velocity: dict[str, ndarray] = {}

    def step(self, parameters: dict[str, ndarray], gradients: dict[str, ndarray]) -> None:
        """Move every parameter a little downhill, in place."""
        for name, parameter in parameters.items():
            gradient = gradients[name]
            if self.momentum:
                if name not in self.velocity:
                    self.velocity[name] = np.zeros_like(parameter)
                velocity = self.velocity[name]
                velocity *= self.momentum
                velocity += gradient
                gradient = velocity
            parameter -= self.learning_rate * gradient


class Momentum(SGD):
    """SGD with momentum.

    Example:
        >>> w, optimizer = {"w": np.array([1.0])}, Momentum(learning_rate=0.1)
        >>> for _ in range(2):
        ...     optimizer.step(w, {"w": np.array([1.0])})
        >>> w["w"].round(2).tolist()  # 1 - 0.1 - 0.19
        [0.71]
    """

    def __init__(self, learning_rate: float, momentum: float = 0.9) -> None:
        super().__init__(learning_rate, momentum)


class Adam:
    """Steps of about one learning rate for every number, however large its gradients (Kingma and Ba 2015, algorithm 1).

    Example:
        >>> w, optimizer = {"w": np.array([1.0, 1.0])}, Adam(learning_rate=0.1)
        >>> optimizer.step(w, {"w": np.array([1000.0, 0.001])})
        >>> w["w"].round(3).tolist()
        [0.9, 0.9]
    """

    def __init__(self, learning_rate: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.learning_rate, self.betas, self.eps = learning_rate, betas, eps
        self.steps = 0
        self.first: dict[str, ndarray] = {}  # running mean of the gradients
        self.second: dict[str, ndarray] = {}  # running mean of their squares
        self.weight_decay = 0.0

    def step(self, parameters: dict[str, ndarray], gradients: dict[str, ndarray]) -> None:
        """Move every parameter a little downhill, in place."""
        self.steps += 1
        for name, parameter in parameters.items():
            if name not in self.first:
                self.first[name], self.second[name] = np.zeros_like(parameter), np.zeros_like(parameter)
            for parts in pieces(parameter, gradients[name], self.first[name], self.second[name]):
                self._step(*parts)

    def _step(self, parameter: ndarray, gradient: ndarray, first: ndarray, second: ndarray) -> None:
        beta, beta_square = self.betas
        first *= beta
        room = gradient * (1 - beta)
        first += room
        np.multiply(gradient, gradient, out=room)
        room *= 1 - beta_square
        second *= beta_square
        second += room
        # Both means start at 0, so they are too small at first, by a factor that is known.
        np.sqrt(second, out=room)
        room /= math.sqrt(1 - beta_square**self.steps)
        room += self.eps
        np.divide(first, room, out=room)
        room *= self.learning_rate / (1 - beta**self.steps)
        if self.weight_decay:
            parameter *= 1 - self.learning_rate * self.weight_decay
        parameter -= room


class AdamW(Adam):
    """Adam, and every weight shrinks a little at each step, whatever its gradient (Loshchilov and Hutter 2019).

    Example:
        >>> w, optimizer = {"w": np.array([1.0])}, AdamW(learning_rate=0.1, weight_decay=0.5)
        >>> optimizer.step(w, {"w": np.array([0.0])})
        >>> w["w"].tolist()
        [0.95]
    """

    def __init__(
        self,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, betas, eps)
        self.weight_decay = weight_decay


def gradient_norm(gradients: dict[str, ndarray]) -> float:
    """The length of all gradients taken as one long vector.

    Example:
        >>> gradient_norm({"a": np.array([3.0]), "b": np.array([[0.0, 4.0]])})
        5.0
    """
    return math.sqrt(sum(float(np.vdot(gradient, gradient)) for gradient in gradients.values()))


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
    length = gradient_norm(gradients)
    if length > most:
        for gradient in gradients.values():
            gradient *= most / (length + 1e-6)
    return length


def warmup_cosine(step: int, steps: int, peak: float, warmup: int, floor: float = 0.1) -> float:
    """The learning rate of a step (from 0): up in a straight line, then down half a cosine wave.

    Args:
        steps: of the whole run. peak: highest learning rate. warmup: steps until there. floor: last rate / peak.

    Source: the decay is Loshchilov and Hutter 2017, arXiv:1608.03983, section 3.

    Example:
        >>> [round(warmup_cosine(step, 12, peak=1.0, warmup=2, floor=0.0), 2) for step in (0, 1, 7, 12)]
        [0.5, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    share = min(1.0, (step - warmup) / max(1, steps - warmup))
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))


def step_decay(step: int, peak: float, lr_gamma: float, lr_steps: int) -> float:
    """The learning rate of a step (from 0): multiplied by lr_gamma after every lr_steps steps.

    Example:
        >>> [step_decay(step, 1.0, lr_gamma=0.5, lr_steps=10) for step in (0, 9, 10, 25)]
        [1.0, 1.0, 0.5, 0.25]
    """
    return peak * lr_gamma ** (step // lr_steps)
