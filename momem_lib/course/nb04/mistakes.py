"""Versions of what the reader of notebook 04 writes with a typical mistake each, by which the judge knows it."""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from momem_lib.by_hand import layers
from momem_lib.by_hand.layers import gelu_backward, layer_norm_backward, linear_backward, softmax, softmax_backward
from momem_lib.course.nb04.autograd import Node
from momem_lib.course.nb04.rules import clip


def learn_like(slope: Callable, sign: int = 1, given: Callable = lambda path, w: path[1:], anew: bool = False):
    """learn with a mistake."""

    def learn(w: float, x: float, target: float, rate: float, steps: int) -> list[float]:
        path = [w]
        for _ in range(steps):
            at = path[0] if anew else path[-1]
            path.append(at - sign * rate * slope(at * x - target, x))
        return given(path, w)

    return learn


def nudge_like(sides: int = 2, width: float = 2, alone: bool = True, back: bool = True) -> Callable:
    """numerical_gradient with a mistake."""

    def numerical_gradient(function: Callable, x: ndarray, nudge: float = 1e-5) -> ndarray:
        x, gradient = x.copy(), np.zeros_like(x)
        for place in np.ndindex(x.shape):
            here = place if alone else ...
            before = x.copy()
            x[here] += nudge
            above = function(x)
            x[here] = before[here] - (nudge if sides == 2 else 0)
            gradient[place] = (above - function(x)) / (width * nudge)
            if back:
                x[:] = before
        return gradient

    return numerical_gradient


def linear_like(
    dweight: Callable = lambda dy, x: x.T @ dy,
    dbias: Callable = lambda dy: dy.sum(axis=0),
    order: Callable = lambda *gradients: gradients,
) -> Callable:
    """linear_backward with another formula, or another order."""

    def linear_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ...]:
        x, weight = kept
        return order(dy @ weight.T, dweight(dy, x), dbias(dy))

    return linear_backward


def fit_like(front: bool = True, stretched: bool = True, keep: bool = True) -> Callable:
    """fit with a step left out."""

    def fit(gradient: ndarray, shape: tuple[int, ...]) -> ndarray:
        if front:
            gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
        axes = tuple(axis for axis, length in enumerate(shape) if length == 1)
        return gradient.sum(axis=axes, keepdims=keep) if stretched else gradient

    return fit


def gelu_slope(first: bool = True, second: bool = True, inner: bool = True, square: bool = True, given: bool = True):
    """gelu_backward with a piece left out."""

    def gelu_backward(dy: ndarray, kept: tuple) -> ndarray:
        x, step = kept
        du = layers.GELU_SCALE * (1 + 3 * layers.GELU_CUBE * x * x) if inner else 1
        slope = 0.5 * (1 + step) * first + 0.5 * x * (1 - (step * step if square else step)) * du * second
        return dy * slope if given else slope

    return gelu_backward


def loss_like(naive: bool = False, mean: bool = True, sign: int = 1) -> Callable:
    """cross_entropy with a mistake."""

    def cross_entropy(logits: ndarray, targets: ndarray) -> tuple[float, tuple]:
        probabilities = softmax(logits)
        with np.errstate(divide="ignore"):
            naively = -np.log(probabilities[np.arange(len(targets)), targets]).mean()
        loss = naively if naive else layers.cross_entropy(logits, targets)[0]
        return float(sign * loss * (1 if mean else len(targets))), (probabilities, targets)

    return cross_entropy


def blame_like(truth: Callable, mean: bool = True, sign: int = 1) -> Callable:
    """cross_entropy_backward with a mistake."""

    def cross_entropy_backward(kept: tuple) -> ndarray:
        probabilities, targets = kept
        return sign * (probabilities - truth(*kept)) / (len(targets) if mean else 1)

    return cross_entropy_backward


def one_hot(probabilities: ndarray, targets: ndarray) -> ndarray:
    """1 at the right token of each row, 0 elsewhere."""
    return np.eye(probabilities.shape[1])[targets]


def normed(mean: bool = True, axis: int = -1, eps: float = 1e-5, gain: bool = True, bias: bool = True) -> Callable:
    """layer_norm with a mistake."""

    def layer_norm(x: ndarray, by: ndarray, plus: ndarray) -> tuple[ndarray, tuple]:
        c = x - x.mean(axis=axis, keepdims=True) if mean else x
        with np.errstate(all="ignore"):
            r = 1 / np.sqrt((c * c).mean(axis=axis, keepdims=True) + eps)
            return c * r * (by if gain else 1) + (plus if bias else 0), (c * r, r, by)

    return layer_norm


def norm_backward_like(
    dx: Callable = lambda g, n, r, m: r * (g - m(g) - n * m(g * n)),
    dgain: Callable = lambda dy, n: (dy * n).sum(axis=0),
    gained: bool = True,
) -> Callable:
    """layer_norm_backward with another formula; m is the mean of each row."""

    def layer_norm_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
        n, r, gain = kept
        made = dx(dy * gain if gained else dy, n, r, lambda rows: rows.mean(axis=-1, keepdims=True))
        return made, dgain(dy, n), dy.sum(axis=0)

    return layer_norm_backward


def rms_backward_like(**other: Callable | bool) -> Callable:
    """rms_norm_backward with another formula."""
    right = {"dx": lambda g, n, r, m: r * (g - n * m(g * n))}
    return lambda dy, kept: norm_backward_like(**(right | other))(dy, kept)[:2]


def once(dy: ndarray, kept: tuple) -> ndarray:
    """embedding_backward that counts a token once."""
    table = np.zeros(kept[1])
    table[kept[0]] += dy
    return table


def attend_like(scale: float = -0.5, seen: Callable = np.tri, mask: bool = True) -> Callable:
    """attend with a mistake."""

    def attend(query: ndarray, key: ndarray, value: ndarray) -> tuple[ndarray, tuple]:
        scores = query.shape[-1] ** scale * (query @ key.swapaxes(-1, -2))
        allowed = seen(query.shape[-2]).astype(bool)
        weights = softmax(np.where(allowed, scores, -1e9) if mask else scores)
        return weights @ value, (query, key, value, weights)

    return attend


def attend_backward_like(scale: bool = True, soft: bool = True, turn: bool = True, swap: bool = False) -> Callable:
    """attend_backward with a mistake."""

    def attend_backward(dmixed: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
        query, key, value, weights = kept
        dweights = dmixed @ value.swapaxes(-1, -2)
        dscores = (softmax_backward(dweights, weights) if soft else dweights) * query.shape[-1] ** (-0.5 * scale)
        dquery, dkey = dscores @ key, (dscores.swapaxes(-1, -2) if turn else dscores) @ query
        return *((dkey, dquery) if swap else (dquery, dkey)), weights.swapaxes(-1, -2) @ dmixed

    return attend_backward


def half_like(join: Callable, order: Callable = lambda *gradients: gradients) -> Callable:
    """half_backward with another sum at its end, or another order."""

    def half_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ...]:
        d, ddown, ddown_bias = linear_backward(dy, kept[3])
        d, dup, dup_bias = linear_backward(gelu_backward(d, kept[2]), kept[1])
        d, dgain, dbias = layer_norm_backward(d, kept[0])
        return order(join(dy, d), dgain, dbias, dup, dup_bias, ddown, ddown_bias)

    return half_backward


class NodeOf(Node):
    """Node with a mistake: a gradient is changed before it goes back, or its shape is not."""

    way = staticmethod(lambda dy, a, b: (dy, dy))

    def __mul__(self, other: Node) -> Node:
        return Node(self.value * other.value, (self, other), lambda dy: type(self).way(dy, self.value, other.value))


def node_like(back: Callable) -> type:
    """A Node whose product of numbers has another way back."""
    return type("Node", (NodeOf,), {"way": staticmethod(back)})


def turned(turn: bool = False, slope: Callable = lambda y: 1 - y * y, wrap: bool = True) -> type:
    """A Node with another matrix product, or another tanh."""

    class Turned(Node):
        def __matmul__(self, other: Node) -> Node:
            back = (lambda dy: (self.value.T @ dy, dy @ other.value.T)) if turn else super().__matmul__(other).back
            return Node(self.value @ other.value, (self, other), back)

        def tanh(self) -> Node:
            y = np.tanh(self.value)
            return Node(y, (self,), lambda dy: (dy * slope(y),) if wrap else dy * slope(y))

    return Turned


def backward_like(add: bool = True, sort: bool = True, start: float = 1.0) -> Callable:
    """backward with a mistake."""

    def backward(loss: Node) -> None:
        order = [loss]
        for node in order:  # breadth first: a node may come before one that it still waits for
            order += [parent for parent in node.parents if parent not in order]
        if sort:
            order.sort(key=depth, reverse=True)
        loss.gradient = start * np.ones_like(loss.value)
        for node in order:
            found = node.back(node.gradient) if node.parents else ()
            for parent, gradient in zip(node.parents, found, strict=True):
                parent.gradient = parent.gradient + gradient if add else gradient

    return backward


def depth(node: Node) -> int:
    """The longest way from a node to a beginning."""
    return 1 + max(map(depth, node.parents), default=0)


def path_by_path(node: Node, dy: float = np.float64(1.0)) -> None:
    """backward along each path for itself."""
    node.gradient = node.gradient + dy
    for parent, gradient in zip(node.parents, node.back(dy) if node.parents else (), strict=True):
        path_by_path(parent, gradient)


def adam_like(
    first: bool = True, second: bool = True, root: float = 0.5, power: int = 2, decay: str = "apart", kept: bool = True
) -> Callable:
    """adam with a mistake."""

    def adam(w: ndarray, g: ndarray, memory: dict, rate: float, shrink: float = 0.0) -> ndarray:
        memory = memory if kept else {}
        g = g + shrink * w if decay == "gradient" else g
        t = memory["t"] = memory.get("t", 0) + 1
        memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * g
        memory["s"] = 0.999 * memory.get("s", 0.0) + 0.001 * np.abs(g) ** power
        m, s = memory["m"] / (1 - 0.9**t if first else 1), memory["s"] / (1 - 0.999**t if second else 1)
        w = w * (1 - rate * shrink) if decay == "apart" else w
        return w - rate * m / (s**root + 1e-8)

    return adam


def clip_like(length: Callable = lambda gs: root_of_squares(gs), each: bool = False, grow: bool = False) -> Callable:
    """clip with another length."""

    def clip(gradients: dict[str, ndarray], limit: float) -> dict[str, ndarray]:
        together = length(list(gradients.values()))
        lengths = {name: root_of_squares([g]) if each else together for name, g in gradients.items()}
        with np.errstate(all="ignore"):
            factors = {name: np.divide(limit, size) for name, size in lengths.items()}
            return {name: g * (factors[name] if grow else min(1, factors[name])) for name, g in gradients.items()}

    return clip


def root_of_squares(arrays: list[ndarray]) -> float:
    """The length of all numbers together."""
    return math.sqrt(sum(float((array * array).sum()) for array in arrays))


def schedule_like(first: int = 1, floor: bool = True, since: bool = True, wave: float = 1.0, end: bool = True):
    """warmup_cosine with a mistake."""

    def warmup_cosine(step: int, count: int, peak: float, warmup: int, least: float = 0.1) -> float:
        if step < warmup:
            return peak * (step + first) / warmup
        share = (step - warmup) / (count - warmup) if since else step / count
        if not end:
            return peak
        least = least if floor else 0.0
        return peak * (least + (1 - least) * 0.5 * (1 + math.cos(wave * math.pi * share)))

    return warmup_cosine


def train_like(step: bool = True, clipped: bool = True, scheduled: bool = True, once: bool = False) -> Callable:
    """train with a line left out."""

    def train(gradients_of, parameters, optimizer, batches, rate=None, limit=math.inf):
        losses = []
        for number, (tokens, targets) in enumerate(batches[:1] if once else batches):
            loss, gradients = gradients_of(parameters, tokens, targets)
            if rate is not None and scheduled:
                optimizer.rate = rate(number)
            if step:
                optimizer.step(parameters, clip(gradients, limit) if clipped else gradients)
            losses.append(loss)
        return losses

    return train


def padded_like(truth: float = 1.0, mask: bool = True, count: Callable = lambda real: max(1, real.sum())) -> Callable:
    """padded_gradient with a mistake."""

    def padded_gradient(logits: ndarray, targets: ndarray, real: ndarray) -> ndarray:
        gradient = softmax(logits) - truth * one_hot(logits, targets)
        with np.errstate(all="ignore"):
            return gradient * (real[:, None] if mask else 1) / count(real)

    return padded_gradient
