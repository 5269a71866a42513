"""What the reader of notebook 04 writes: the library's versions, small inputs, and typical mistakes."""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from momem_lib.by_hand import layers
from momem_lib.by_hand.checks import numerical_gradient
from momem_lib.by_hand.layers import (
    gelu,
    gelu_backward,
    layer_norm,
    layer_norm_backward,
    linear,
    linear_backward,
    softmax,
    softmax_backward,
)
from momem_lib.by_hand.optimizers import adam, clip, sgd, train, warmup_cosine
from momem_lib.course.nb04.autograd import Node, backward, fit
from momem_lib.course.shared.judging import Part

LATER = "only y came back: return y and, as a tuple, what the way back will need"


def numbers(*shape: int, seed: int = 0) -> ndarray:
    """Random numbers, the same at each call."""
    return np.random.default_rng(seed).standard_normal(shape)


# The library's versions, where they differ from by_hand's


def learn(w: float, x: float, target: float, rate: float, steps: int) -> list[float]:
    """w after each step down the slope of (w x - target)²."""
    path = []
    for _ in range(steps):
        w = w - rate * 2 * (w * x - target) * x
        path.append(w)
    return path


def cross_entropy(logits: ndarray, targets: ndarray) -> tuple[float, tuple]:
    """The mean loss, and the probabilities and targets."""
    loss, (probabilities, right, _) = layers.cross_entropy(logits, targets)
    return loss, (probabilities, right)


def one_hot(probabilities: ndarray, targets: ndarray) -> ndarray:
    """1 at the right token of each row, 0 elsewhere."""
    return np.eye(probabilities.shape[1], dtype=probabilities.dtype)[targets]


def cross_entropy_backward(kept: tuple) -> ndarray:
    """(probabilities - truth) / N."""
    return kept[0] / len(kept[1]) - one_hot(*kept) / len(kept[1])


def attend(query: ndarray, key: ndarray, value: ndarray) -> tuple[ndarray, tuple]:
    """Causal attention, and query, key, value and weights."""
    scores = query @ key.swapaxes(-1, -2) * query.shape[-1] ** -0.5
    weights = softmax(np.where(np.tri(query.shape[-2], dtype=bool), scores, -1e9))
    return weights @ value, (query, key, value, weights)


def attend_backward(dmixed: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
    """The gradients of query, key and value."""
    query, key, value, weights = kept
    dscores = softmax_backward(dmixed @ value.swapaxes(-1, -2), weights) * query.shape[-1] ** -0.5
    return dscores @ key, dscores.swapaxes(-1, -2) @ query, weights.swapaxes(-1, -2) @ dmixed


def half_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ...]:
    """Back through x + down(gelu(up(norm(x))))."""
    d, ddown, ddown_bias = linear_backward(dy, kept[3])
    d, dup, dup_bias = linear_backward(gelu_backward(d, kept[2]), kept[1])
    d, dgain, dbias = layer_norm_backward(d, kept[0])
    return dy + d, dgain, dbias, dup, dup_bias, ddown, ddown_bias


def padded_gradient(logits: ndarray, targets: ndarray, real: ndarray) -> ndarray:
    """The gradient of a cross-entropy in which padding takes no part."""
    gradient = softmax(logits) - one_hot(logits, targets)
    return gradient * real[:, None] / max(1, real.sum())


def rms_norm_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ndarray]:
    """The gradients of x and gain."""
    n, r, gain = kept
    g = dy * gain
    return r * (g - n * (g * n).mean(axis=-1, keepdims=True)), (dy * n).sum(axis=0)


# Typical mistakes that are more than another word in the library's version


def breadth_first(loss: Node) -> None:
    """backward, where a node may come before one that it still waits for."""
    order = [loss]
    for node in order:
        order += [parent for parent in node.parents if parent not in order]
    loss.gradient = np.ones_like(loss.value)
    for node in order:
        for parent, gradient in zip(node.parents, node.back(node.gradient) if node.parents else (), strict=True):
            parent.gradient = parent.gradient + gradient


def path_by_path(node: Node, dy: float = np.float64(1.0)) -> None:
    """backward along each path for itself."""
    node.gradient = node.gradient + dy
    for parent, gradient in zip(node.parents, node.back(dy) if node.parents else (), strict=True):
        path_by_path(parent, gradient)


# How a version is called


def nudged(version: Callable, x: ndarray, nudge: float) -> ndarray:
    """The gradient of the cube of a product, found by nudges that are far from small."""
    return version(lambda x: float(x.prod() ** 3), x, nudge)


def operation(kind: type, name: str, *arrays: ndarray) -> list | None:
    """What an operation on new nodes gives, and the gradients that it gives back to each of them."""
    nodes = [kind(array) for array in arrays]
    made = {"a * b": lambda a, b: a * b, "a @ b": lambda a, b: a @ b, "a.tanh()": lambda a: a.tanh()}[name](*nodes)
    if made is None:
        return None if name == "a * b" else [None]
    return [made.value, made.back(2 * np.ones_like(made.value))]


def record(loss: str) -> tuple[Node, Node, list]:
    """w, a loss that is made of it, and a list that grows whenever a gradient goes back through a node."""
    w, calls = Node(np.array(3.0)), []

    def noted(a: Node, b: Node, product: bool = True) -> Node:
        made = a * b if product else a + b
        back = made.back
        made.back = lambda dy: (calls.append(1), back(dy))[1]
        return made

    def twice(node: Node) -> Node:
        return noted(node, node, product=False)

    one, two = Node(np.array(1.0)), Node(np.array(2.0))
    h = noted(w, two)
    losses = {
        "w * 2": h,
        "w * w": noted(w, w),
        "(w + 1) * (w * 2)": noted(noted(w, one, product=False), h),
        "h * h + h, with h = w * 2": noted(noted(h, h), h, product=False),
        "2h + 2h, with h = w + w": twice(twice(twice(w))),
    }
    return w, losses[loss], calls


def went_back(version: Callable, loss: str) -> dict | None:
    """The gradient of w, and how often a gradient went back through a node; None where nothing happens."""
    w, made, calls = record(loss)
    version(made)
    if not calls and isinstance(w.gradient, float):
        return None
    return {"w.gradient": float(w.gradient), "calls of back": len(calls)}


def walked(rule: Callable, steps: int, option: float) -> list[ndarray] | None:
    """Where a rule leads, after each of some steps with different gradients."""
    w, memory, path = np.array([1.0, -2.0]), {}, []
    for step in range(steps):
        w = rule(w, np.array([100.0 - 30 * step, 0.5 + step]), memory, 0.1, option)
        if w is None:
            return None
        path.append(np.array(w))
    return path


def trained(version: Callable, steps: int, rate: float | None, limit: float) -> list | None:
    """Losses and w of a small training; a rate is halved from step to step."""

    class Plain:
        rate = 0.5

        def step(self, parameters: dict, gradients: dict) -> None:
            parameters["w"] = parameters["w"] - self.rate * gradients["w"]

    def gradients_of(parameters: dict, x: float, target: float) -> tuple[float, dict]:
        error = parameters["w"] * x - target
        return float(error**2), {"w": np.array(2 * error * x)}

    parameters, batches = {"w": np.array(1.0)}, [(1.0, 3.0 + step) for step in range(steps)]
    schedule = None if rate is None else lambda step: rate / 2**step
    losses = version(gradients_of, parameters, Plain(), batches, schedule, limit)
    return None if losses is None else [losses, parameters["w"]]


# Inputs

ROW, COLUMN = np.array([[1.0, 2.0]]), np.array([[10.0], [20.0]])
LARGE = (numbers(1000, 64), (numbers(1000, 64), numbers(64, 64)))
GELU = {name: gelu(x)[1] for name, x in (("one", np.array([1.0])), ("many", 2 * numbers(2, 3)))}
SHARES = softmax(numbers(3, 3))
NORMS = {name: layer_norm(numbers(*shape), numbers(shape[1], seed=1), np.zeros(shape[1]))[1]
         for name, shape in (("one", (1, 2)), ("square", (4, 4)))}  # fmt: skip
LOOKS = {"two": attend(ROW.T, COLUMN, COLUMN)[1], "many": attend(*numbers(3, 2, 2, 4, 3))[1]}
HALF = (NORMS["square"], linear(numbers(4, 4), numbers(4, 4), numbers(4))[1], gelu(numbers(4, 4))[1],
        linear(numbers(4, 4, seed=2), numbers(4, 4, seed=3), numbers(4))[1])  # fmt: skip
RMS = (numbers(2, 4), np.array([[0.5], [2.0]]), numbers(4, seed=1))
THREE = {"a": np.array([3.0, 0.0]), "b": np.array([[0.0], [4.0]])}

PARTS = {
    "04.1": Part(
        learn,
        [(2.0, 3.0, 12.0, 0.01, 1), (2.0, 3.0, 12.0, 0.03, 3), (0.0, -2.0, 1.0, 0.1, 2)],
        {
            "it climbs: w moves against its slope, so the step is taken off": ("w - rate", "w + rate"),
            "the slope of w * x with respect to w is missing: x": (" - target) * x", " - target)"),
            "the slope of e squared is 2 e": ("rate * 2 *", "rate *"),
            "it begins with the w that it was given: note w after each step": (
                "path = []", "path = [w]", "return path", "return path[:-1]"
            ),
            "each step starts from the first w again": ("w = w", "new = w", "append(w)", "append(new)"),
            "only the last w came back: a list of all of them was asked for": ("return path", "return w"),
        },
        words="With (w, x, target, rate, steps) = ({})",
    ),
    "04.2": Part(
        numerical_gradient,
        [(np.array([1.0]), 0.1), (np.array([[1.0, 2.0], [-1.0, 1.0]]), 0.1)],
        {
            "it nudges to one side only: to both, and take the difference": (
                "before - nudge", "before", "2 * nudge", "nudge"
            ),
            "two nudges lie between the two values: divide by 2 * nudge": ("(2 * nudge)", "nudge"),
            "all numbers were nudged at once: one alone, while the others stay": (
                "x[place]", "x[...]", "before = x[...]", "before = x.copy()"
            ),
            "a number was not put back after its nudges": ("x[place] = before\n", "pass\n"),
        },
        nudged,
        "For the function x.prod() ** 3, with (x, nudge) = ({})",
    ),
    "04.3": Part(
        linear,
        [(ROW, COLUMN, np.array([100.0])), (numbers(3, 2), numbers(2, 4), numbers(4))],
        {
            LATER: (", (rows, weight)", ""),
            "the bias is missing": (" + bias", ""),
            "what is kept should be (x, weight): the bias is not needed on the way back": (
                "(rows, weight)", "(rows, weight, bias)"
            ),
        },
    ),
    "04.4": Part(
        linear_backward,
        [
            (np.array([[1.0], [3.0]]), (np.array([[1.0, 2.0], [0.0, 1.0]]), COLUMN)),
            (numbers(3, 3), (numbers(3, 3, seed=1), numbers(3, 3, seed=2))),
            LARGE,
        ],
        {
            "dbias is a sum over the rows, not their mean": ("dy_rows.sum(", "dy_rows.mean("),
            "dbias has a row for each row of dy: sum over them": ("dy_rows.sum(axis=0)", "dy_rows"),
            "dweight is a sum over the rows, not their mean": ("rows.T @ dy_rows", "rows.T @ dy_rows / len(rows)"),
            "dweight has rows and columns exchanged: it has the shape of weight": (
                "rows.T @ dy_rows", "dy_rows.T @ rows"
            ),
            "the gradients come in another order: dx, dweight, dbias": (
                "dx.reshape(*dy.shape[:-1], -1), rows.T @ dy_rows", "rows.T @ dy_rows, dx.reshape(*dy.shape[:-1], -1)"
            ),
        },
        seconds=2,
    ),
    "04.5": Part(
        gelu,
        [(np.array([1.0]),), (2 * numbers(2, 3),)],
        {
            LATER: (", (x, step)", ""),
            "the factor 1/2 in front is missing": ("0.5 * x", "x"),
            "the 1 beside tanh u is missing": ("(1 + step)", "step"),
            "what is kept should be (x, tanh u)": ("(x, step)", "(x, np.arctanh(step))"),
        },
    ),
    "04.6": Part(
        gelu_backward,
        [(np.array([2.0]), GELU["one"]), (numbers(2, 3, seed=1), GELU["many"])],
        {
            "this is the slope alone: dx is dy times the slope": ("0.5 * dy", "0.5"),
            "x stands in u too: the second part of the slope is missing": (" + x * (1 - step * step) * inner", ""),
            "x stands in front too: the first part of the slope is missing": ("(1 + step + x", "(x"),
            "the slope of u itself is missing: u' = s (1 + 3 c x²)": (" * inner", ""),
            "the slope of tanh u is 1 - tanh² u: the square is missing": ("step * step", "step"),
        },
    ),
    "04.7": Part(
        cross_entropy,
        [
            (np.array([[0.0, 0.0]]), np.array([1])),
            (np.array([[1000.0, 0.0]]), np.array([1])),
            (numbers(3, 4), np.array([0, 3, 1])),
        ],
        {
            LATER: (", (probabilities, right)\n", "\n"),
            "the loss is a mean over the rows, not their sum": ("return loss", "return loss * len(right)"),
            "the sign is turned: a loss is never negative": ("return loss", "return -loss"),
            "the logarithm of a probability that was rounded to 0 is infinite: take ln of the sum of the powers, "
            "and the right score off it": (
                "return loss", "return float(-np.log(probabilities)[range(len(right)), right].mean())"
            ),
        },
    ),
    "04.8": Part(
        cross_entropy_backward,
        [
            ((np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0])),),
            ((softmax(numbers(3, 4)), np.array([0, 3, 3])),),
        ],
        {
            "the 1 of the right token was not taken off": (" - one_hot(*kept) / len(kept[1])", ""),
            "the loss is a mean over N rows: divide by N": (" / len(kept[1])", ""),
            "the sign is turned: probability minus truth": ("return ", "return -", " - ", " + "),
            "a 1 was taken off in whole columns: each row has one right token": (
                "one_hot(*kept)", "np.isin(np.arange(kept[0].shape[1]), kept[1])"
            ),
        },
        words="With kept = {}",
    ),
    "04.9": Part(
        softmax_backward,
        [(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), (numbers(3, 3, seed=1), SHARES)],
        {
            "the average dy is missing: only what is better than the average may grow": (
                " - (dy * y).sum(axis=-1, keepdims=True)", ""
            ),
            "the average must be weighted by y": ("(dy * y).sum", "dy.mean"),
            "the factor y in front is missing": ("return y * ", "return "),
            "the average ran over the whole table: along each row alone": (".sum(axis=-1, keepdims=True)", ".sum()"),
            "the averages lost their axis, so rows got each other's: keepdims=True": (", keepdims=True", ""),
        },
    ),
    "04.10": Part(
        layer_norm,
        [
            (np.array([[1.0, 3.0]]), np.array([1.0, 2.0]), np.array([0.0, 10.0])),
            (np.array([[7.0, 7.0]]), np.ones(2), np.zeros(2)),
            (numbers(4, 4), numbers(4, seed=1), numbers(4, seed=2)),
        ],
        {
            LATER: (", (normal, scale, gain)", ""),
            "the mean was not taken off first": (" - x.mean(axis=-1, keepdims=True)", ""),
            "it works along the columns: each row has its own mean and spread (axis=-1)": ("axis=-1", "axis=0"),
            "a row of equal numbers is divided by 0: epsilon is missing": (" + eps", ""),
            "the gain is missing": ("normal * gain", "normal"),
            "the bias is missing": ("gain + bias", "gain"),
        },
    ),
    "04.11": Part(
        layer_norm_backward,
        [(np.array([[1.0, 0.0]]), NORMS["one"]), (numbers(4, 4, seed=2), NORMS["square"])],
        {
            "dx takes mean and spread for constants": ("(g - g.mean(axis=-1, keepdims=True) - normal * along)", "g"),
            "in dx, the mean of g is not taken off": (" - g.mean(axis=-1, keepdims=True)", ""),
            "in dx, the part of the spread is missing, n mean(g n)": (" - normal * along", ""),
            "dx forgets the gain: g = dy * gain comes first": ("g = dy * gain", "g = dy"),
            "the factor r in front of dx is missing": ("dx = scale * ", "dx = "),
            "dgain is the sum of dy * n, not of dy alone": ("(dy * normal).reshape", "dy.reshape"),
            "dgain is a sum over the rows, not their mean": (
                "(dy * normal).reshape(-1, width).sum", "(dy * normal).reshape(-1, width).mean"
            ),
        },
    ),
    "04.12": Part(
        layers.embedding_backward,
        [(np.ones((2, 1)), (np.array([1, 1]), (2, 1))), (numbers(5, 3), (np.array([1, 0, 1, 3, 1]), (4, 3)))],
        {
            "a token that stands at two places was counted once": (
                "np.add.at(dtable, tokens, dy)", "dtable[tokens] += dy"
            ),
            "the gradient has the shape of the table, a row for each token that there is": (
                "return dtable", "return dy"
            ),
        },
    ),
    "04.13": Part(
        attend,
        [
            (ROW.T, ROW.T, COLUMN),
            (numbers(3, 4), numbers(3, 4, seed=1), numbers(3, 4, seed=2)),
            tuple(numbers(3, 2, 2, 4, 3)),
        ],
        {
            LATER: (", (query, key, value, weights)", ""),
            "the causal mask is missing": ("np.where(np.tri(query.shape[-2], dtype=bool), scores, -1e9)", "scores"),
            "the mask is the wrong way round: a position sees itself and earlier ones": (
                "dtype=bool)", "dtype=bool).T"
            ),
            "a position does not see itself": ("dtype=bool", "k=-1, dtype=bool"),
            "a position sees the next one too": ("dtype=bool", "k=1, dtype=bool"),
            "the scale is missing: divide the scores by the square root of d": (" * query.shape[-1] ** -0.5", ""),
            "the scores were divided by d, not by its square root": ("** -0.5", "** -1.0"),
        },
    ),
    "04.14": Part(
        attend_backward,
        [(np.array([[0.0], [1.0]]), LOOKS["two"]), (numbers(2, 2, 4, 3, seed=1), LOOKS["many"])],
        {
            "the way back through the softmax is missing between dP and dS": (
                "softmax_backward(dmixed @ value.swapaxes(-1, -2), weights)", "(dmixed @ value.swapaxes(-1, -2))"
            ),
            "the scale is missing on the way back": (" * query.shape[-1] ** -0.5", ""),
            "dS is not turned for the keys: dK = dSᵀ Q": ("dscores.swapaxes(-1, -2)", "dscores"),
            "the gradients come in another order: of query, key, value": (
                "dscores @ key, dscores.swapaxes(-1, -2) @ query", "dscores.swapaxes(-1, -2) @ query, dscores @ key"
            ),
        },
    ),
    "04.15": Part(
        half_backward,
        [(numbers(4, 4, seed=5), HALF)],
        {
            "the straight path is missing: dy itself is part of dx": ("dy + d", "d"),
            "what comes back through the branch is missing in dx": ("dy + d", "dy"),
            "slopes of two paths add, they do not multiply": ("dy + d", "dy * d"),
            "the gradients are right, but in the order of the way back: give them in that of mlp_half": (
                "d, dgain, dbias, dup, dup_bias, ddown, ddown_bias", "d, ddown, ddown_bias, dup, dup_bias, dgain, dbias"
            ),
        },
    ),
    "04.16": Part(
        fit,
        [
            (np.ones(3), (3,)),
            (np.ones((2, 3)), (3,)),
            (np.ones((2, 3)), (2, 1)),
            (np.ones((2, 3)), ()),
            (numbers(4, 2, 3), (1, 3)),
        ],
        {
            "nothing is summed: an axis that was put in front, or stretched, adds up": lambda gradient, shape: gradient,
            "axes in front are summed, stretched ones (of length 1) are not": ("length == 1", "False"),
            "stretched axes (of length 1) are summed, those put in front are not": ("while", "while False and"),
            "the stretched axis is gone, and should stay with the length 1: keepdims=True": (", keepdims=True", ""),
        },
    ),
    "04.17": Part(
        Node,
        [
            ("a * b", np.array([3.0]), np.array([5.0])),
            ("a * b", ROW, COLUMN),
            ("a @ b", ROW, COLUMN),
            ("a @ b", numbers(3, 3), numbers(3, 3, seed=1)),
            ("a.tanh()", np.array([0.5])),
        ],
        {
            "in a product, each number's slope is the other number": (
                "dy * other.value, np.shape(self", "dy * self.value, np.shape(self",
                "dy * self.value, np.shape(other", "dy * other.value, np.shape(other",
            ),
            "the gradient that arrives, dy, is missing in the product": (
                "fit(dy * other.value", "fit(other.value + 0 * dy", "fit(dy * self.value", "fit(self.value + 0 * dy"
            ),
            "a factor may have been stretched: fit its gradient to its shape": (
                "fit(dy * other.value, np.shape(self.value)), fit(dy * self.value, np.shape(other.value))",
                "dy * other.value, dy * self.value",
            ),
            "the gradients of the matrix product are exchanged: first that of a, then that of b": (
                "dy @ other.value.T, self.value.T @ dy", "self.value.T @ dy, dy @ other.value.T"
            ),
            "the slope of tanh is 1 - tanh²: the square is missing": ("1 - y * y", "1 - y"),
            "back must give a tuple, for one parent too: (gradient,)": ("(dy * (1 - y * y),)", "dy * (1 - y * y)"),
        },
        operation,
        "For {} (its value, and the gradients of a dy of 2)",
    ),
    "04.18": Part(
        backward,
        [("w * 2",), ("w * w",), ("(w + 1) * (w * 2)",), ("h * h + h, with h = w * 2",), ("2h + 2h, with h = w + w",)],
        {
            "the loss's own gradient is 1: begin with that": ("np.ones_like", "np.zeros_like"),
            "a node that is used twice keeps one gradient only: add what arrives": (
                "parent.gradient + gradient", "gradient"
            ),
            "a node hands its gradient on before all of it has arrived: only when every node that used it is through": (
                breadth_first
            ),
            "each path is walked for itself, which takes for ever in a deep network: wait until a node's gradient is "
            "whole, then go on once": path_by_path,
        },
        went_back,
        "For the loss {}, with w = 3,",
    ),
    "04.19": Part(
        sgd,
        [(1, 0.0), (3, 0.9)],
        {
            "it climbs: the step is taken off": ("w - rate", "w + rate"),
            "nothing is remembered from step to step: memory['v']": ('momentum * memory.get("v", 0.0) + g', "g"),
            "the gradient counts in full: v = momentum v + g": ("+ g", "+ (1 - momentum) * g"),
        },
        walked,
        "With (steps, momentum) = ({})",
    ),
    "04.20": Part(
        adam,
        [(1, 0.0), (3, 0.0), (3, 0.5)],
        {
            "nothing is remembered from step to step: t, m and s belong into memory": (
                'memory["t"] = ', 'memory = {}; memory["t"] = '
            ),
            "m and s start at 0 and are too small at first: divide them by 1 - beta ** t": (
                ' / (1 - 0.9 ** memory["t"])', "", ' / (1 - 0.999 ** memory["t"])', ""
            ),
            "m was not corrected: divide it by 1 - 0.9 ** t": (' / (1 - 0.9 ** memory["t"])', ""),
            "s was not corrected: divide it by 1 - 0.999 ** t": (' / (1 - 0.999 ** memory["t"])', ""),
            "the root of s is missing": ("s**0.5", "s"),
            "s is a mean of the squares: g ** 2": ("g**2", "abs(g)"),
            "the decay is missing": (" - rate * decay * w", ""),
            "the decay went into the gradient, where it is divided like everything else: shrink w itself": (
                " - rate * decay * w", "", 'memory["t"] = ', 'g = g + decay * w; memory["t"] = '
            ),
        },
        walked,
        "With (steps, decay) = ({})",
    ),
    "04.21": Part(
        clip,
        [(THREE, 1.0), (THREE, 2.0), (THREE, 10.0), ({"a": np.zeros(2)}, 1.0)],
        {
            "nothing was shortened": ("g * (limit / length) if length > limit else g", "g"),
            "each was shortened for itself, which turns the direction: one factor for all": (
                lambda gradients, limit: {name: clip({name: g}, limit)[name] for name, g in gradients.items()}
            ),
            "the length is the root of the sum of squares, not the sum of the lengths": (
                "math.sqrt(sum(float((g * g).sum())", "(sum(math.sqrt((g * g).sum())"
            ),
            "the root is missing": ("math.sqrt", ""),
            "short gradients grow: those below the limit stay as they are": (" if length > limit else g", ""),
        },
    ),
    "04.22": Part(
        train,
        [(1, None, math.inf), (3, None, math.inf), (3, 0.4, math.inf), (3, None, 0.5)],
        {
            "nothing is learned: optimizer.step(parameters, gradients) is missing": (
                "optimizer.step(parameters, clip(gradients, limit))", ""
            ),
            "it ends after one batch: return comes after the loop": ("    return losses", "        return losses"),
            "the rate of the schedule is never set: optimizer.rate = rate(step)": (
                "optimizer.rate = rate(step)", "pass"
            ),
            "the gradients are not clipped (clip gives new ones: use them)": ("clip(gradients, limit)", "gradients"),
        },
        trained,
        "With (steps, the first rate, limit) = ({})",
    ),
    "04.23": Part(
        warmup_cosine,
        [(0, 10, 1.0, 4), (3, 10, 1.0, 4), (7, 10, 2.0, 4), (10, 10, 1.0, 4)],
        {
            "the very first step has the rate 0 and is wasted: count from step + 1": ("(step + 1)", "step"),
            "it never falls": (" * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * share)))", ""),
            "it ends at 0, not at the floor": ("floor + (1 - floor) * ", ""),
            "the way down begins after the warm-up: share = (step - warmup) / (count - warmup)": (
                "(step - warmup) / (count - warmup)", "step / count"
            ),
            "that is a whole wave, down and up again: half of one, cos(pi * share)": ("math.pi", "2 * math.pi"),
        },
        words="With (step, count, peak, warmup) = ({})",
    ),
    "04.a": Part(
        padded_gradient,
        [
            (np.zeros((2, 2)), np.array([1, 0]), np.array([True, False])),
            (np.array([[1e4, 0.0]]), np.array([1]), np.array([True])),
            (np.zeros((1, 2)), np.array([1]), np.array([False])),
            (numbers(5, 4), np.array([2, 0, 3, 1, 0]), np.array([True, True, True, False, False])),
        ],
        {
            "padded rows still have a gradient: make them 0": (" * real[:, None]", ""),
            "the mean is over the real rows alone: divide by their number": ("max(1, real.sum())", "len(real)"),
            "the loss is a mean: divide by the number of real rows": (" / max(1, real.sum())", ""),
            "the 1 of the right token was not taken off": (" - one_hot(logits, targets)", ""),
            "padding alone gives 0 / 0: divide by 1 at least": ("max(1, real.sum())", "real.sum()"),
        },
    ),
    "04.b": Part(
        rms_norm_backward,
        [
            (np.array([[1.0, 0.0]]), (np.array([[0.6, 1.28]]), np.array([[0.5]]), np.array([1.0, 2.0]))),
            (numbers(2, 4, seed=2), RMS),
        ],
        {
            "dx takes r for a constant: each x changes the r of its row": (
                " - n * (g * n).mean(axis=-1, keepdims=True)", ""
            ),
            "that is layer norm's dx: no mean is taken off here": ("g - n", "g - g.mean(axis=-1, keepdims=True) - n"),
            "dx forgets the gain: g = dy * gain comes first": ("dy * gain", "dy"),
            "a sign in dx is wrong: a larger x makes r smaller": ("g - n", "g + n"),
            "the factor r in front of dx is missing": ("return r * ", "return "),
            "dx needs the mean along the row, not the sum": (".mean(", ".sum("),
            "dgain is the sum of dy * n, not of dy alone": ("(dy * n).sum", "dy.sum"),
        },
    ),
}  # fmt: skip
