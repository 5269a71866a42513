"""What the reader of notebook 04 writes: the library's versions, small inputs, and typical mistakes."""

import math
from collections.abc import Callable

import numpy as np
from numpy import ndarray

from momem_lib.by_hand import attention, layers
from momem_lib.by_hand.checks import numerical_gradient
from momem_lib.by_hand.layers import gelu, layer_norm, linear, linear_backward, softmax, softmax_backward
from momem_lib.course.nb04.autograd import Node, backward, fit
from momem_lib.course.nb04.mistakes import (
    adam_like,
    attend_backward_like,
    attend_like,
    backward_like,
    blame_like,
    clip_like,
    fit_like,
    gelu_slope,
    half_like,
    learn_like,
    linear_like,
    loss_like,
    node_like,
    norm_backward_like,
    normed,
    nudge_like,
    once,
    one_hot,
    padded_like,
    path_by_path,
    rms_backward_like,
    root_of_squares,
    schedule_like,
    train_like,
    turned,
)
from momem_lib.course.nb04.rules import adam, clip, learn, sgd, train, warmup_cosine
from momem_lib.course.shared.judging import Part

LATER = "only y came back: return y and, as a tuple, what the way back will need"


def numbers(*shape: int, seed: int = 0) -> ndarray:
    """Random numbers, the same at each call."""
    return np.random.default_rng(seed).standard_normal(shape)


# The library's versions, where they differ from by_hand's


def cross_entropy(logits: ndarray, targets: ndarray) -> tuple[float, tuple]:
    """The mean loss, and the probabilities and targets."""
    loss, (probabilities, right, _) = layers.cross_entropy(logits, targets)
    return loss, (probabilities, right)


def cross_entropy_backward(kept: tuple) -> ndarray:
    """(probabilities - truth) / N."""
    return layers.cross_entropy_backward((*kept, kept[0].shape))


def attend(query: ndarray, key: ndarray, value: ndarray) -> tuple[ndarray, tuple]:
    """Causal attention, and query, key, value and weights."""
    mixed, kept = attention.attend(query, key, value)
    return mixed, kept[:4]


def attend_backward(dmixed: ndarray, kept: tuple) -> tuple[ndarray, ndarray, ndarray]:
    """The gradients of query, key and value."""
    return attention.attend_backward(dmixed, (*kept, kept[0].shape[-1] ** -0.5))


def half_backward(dy: ndarray, kept: tuple) -> tuple[ndarray, ...]:
    """Back through x + down(gelu(up(norm(x))))."""
    return half_like(lambda dy, dx: dy + dx)(dy, kept)


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


def padded(logits: ndarray, targets: ndarray, real: ndarray) -> ndarray:
    """The gradient of a cross-entropy in which padding takes no part."""
    return padded_like()(logits, targets, real)


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
            "it climbs: w moves against its slope, so the step is taken off": learn_like(lambda e, x: 2 * e * x, -1),
            "the slope of w * x with respect to w is missing: x": learn_like(lambda e, x: 2 * e),
            "the slope of e squared is 2 e": learn_like(lambda e, x: e * x),
            "it begins with the w that it was given: note w after each step": learn_like(
                lambda e, x: 2 * e * x, given=lambda path, w: path[:-1]
            ),
            "each step starts from the first w again": learn_like(lambda e, x: 2 * e * x, anew=True),
            "only the last w came back: a list of all of them was asked for": learn_like(
                lambda e, x: 2 * e * x, given=lambda path, w: path[-1]
            ),
        },
        words="With (w, x, target, rate, steps) = ({})",
    ),
    "04.2": Part(
        numerical_gradient,
        [(np.array([1.0]), 0.1), (np.array([[1.0, 2.0], [-1.0, 1.0]]), 0.1)],
        {
            "it nudges to one side only: to both, and take the difference": nudge_like(sides=1, width=1),
            "two nudges lie between the two values: divide by 2 * nudge": nudge_like(width=1),
            "all numbers were nudged at once: one alone, while the others stay": nudge_like(alone=False),
            "a number was not put back after its nudges": nudge_like(back=False),
        },
        nudged,
        "For the function x.prod() ** 3, with (x, nudge) = ({})",
    ),
    "04.3": Part(
        linear,
        [(ROW, COLUMN, np.array([100.0])), (numbers(3, 2), numbers(2, 4), numbers(4))],
        {
            LATER: lambda x, weight, bias: x @ weight + bias,
            "the bias is missing": lambda x, weight, bias: (x @ weight, (x, weight)),
            "what is kept should be (x, weight): the bias is not needed on the way back": lambda x, weight, bias: (
                x @ weight + bias,
                (x, weight, bias),
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
            "dbias is a sum over the rows, not their mean": linear_like(dbias=lambda dy: dy.mean(axis=0)),
            "dbias has a row for each row of dy: sum over them": linear_like(dbias=lambda dy: dy),
            "dweight is a sum over the rows, not their mean": linear_like(dweight=lambda dy, x: x.T @ dy / len(x)),
            "dweight has rows and columns exchanged: it has the shape of weight": linear_like(
                dweight=lambda dy, x: dy.T @ x
            ),
            "the gradients come in another order: dx, dweight, dbias": linear_like(order=lambda a, b, c: (b, a, c)),
        },
        seconds=2,
    ),
    "04.5": Part(
        gelu,
        [(np.array([1.0]),), (2 * numbers(2, 3),)],
        {
            LATER: lambda x: gelu(x)[0],
            "the factor 1/2 in front is missing": lambda x: (2 * gelu(x)[0], gelu(x)[1]),
            "the 1 beside tanh u is missing": lambda x: (0.5 * x * gelu(x)[1][1], gelu(x)[1]),
            "what is kept should be (x, tanh u)": lambda x: (gelu(x)[0], (x, np.arctanh(gelu(x)[1][1]))),
        },
    ),
    "04.6": Part(
        layers.gelu_backward,
        [(np.array([2.0]), GELU["one"]), (numbers(2, 3, seed=1), GELU["many"])],
        {
            "this is the slope alone: dx is dy times the slope": gelu_slope(given=False),
            "x stands in u too: the second part of the slope is missing": gelu_slope(second=False),
            "x stands in front too: the first part of the slope is missing": gelu_slope(first=False),
            "the slope of u itself is missing: u' = s (1 + 3 c x²)": gelu_slope(inner=False),
            "the slope of tanh u is 1 - tanh² u: the square is missing": gelu_slope(square=False),
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
            LATER: lambda logits, targets: cross_entropy(logits, targets)[0],
            "the loss is a mean over the rows, not their sum": loss_like(mean=False),
            "the sign is turned: a loss is never negative": loss_like(sign=-1),
            "the logarithm of a probability that was rounded to 0 is infinite: take ln of the sum of the powers, "
            "and the right score off it": loss_like(naive=True),
        },
    ),
    "04.8": Part(
        cross_entropy_backward,
        [
            ((np.array([[0.25, 0.75], [0.5, 0.5]]), np.array([1, 0])),),
            ((softmax(numbers(3, 4)), np.array([0, 3, 3])),),
        ],
        {
            "the 1 of the right token was not taken off": blame_like(lambda p, targets: 0),
            "the loss is a mean over N rows: divide by N": blame_like(one_hot, mean=False),
            "the sign is turned: probability minus truth": blame_like(one_hot, sign=-1),
            "a 1 was taken off in whole columns: each row has one right token": blame_like(
                lambda p, targets: np.isin(np.arange(p.shape[1]), targets)
            ),
        },
        words="With kept = {}",
    ),
    "04.9": Part(
        softmax_backward,
        [(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])), (numbers(3, 3, seed=1), SHARES)],
        {
            "the average dy is missing: only what is better than the average may grow": lambda dy, y: y * dy,
            "the average must be weighted by y": lambda dy, y: y * (dy - dy.mean(axis=-1, keepdims=True)),
            "the factor y in front is missing": lambda dy, y: dy - (dy * y).sum(axis=-1, keepdims=True),
            "the average ran over the whole table: along each row alone": lambda dy, y: y * (dy - (dy * y).sum()),
            "the averages lost their axis, so rows got each other's: keepdims=True": lambda dy, y: (
                y * (dy - (dy * y).sum(axis=-1))
            ),
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
            LATER: lambda x, gain, bias: layer_norm(x, gain, bias)[0],
            "the mean was not taken off first": normed(mean=False),
            "it works along the columns: each row has its own mean and spread (axis=-1)": normed(axis=0),
            "a row of equal numbers is divided by 0: epsilon is missing": normed(eps=0.0),
            "the gain is missing": normed(gain=False),
            "the bias is missing": normed(bias=False),
        },
    ),
    "04.11": Part(
        layers.layer_norm_backward,
        [(np.array([[1.0, 0.0]]), NORMS["one"]), (numbers(4, 4, seed=2), NORMS["square"])],
        {
            "dx takes mean and spread for constants": norm_backward_like(lambda g, n, r, m: r * g),
            "in dx, the mean of g is not taken off": norm_backward_like(lambda g, n, r, m: r * (g - n * m(g * n))),
            "in dx, the part of the spread is missing, n mean(g n)": norm_backward_like(
                lambda g, n, r, m: r * (g - m(g))
            ),
            "dx forgets the gain: g = dy * gain comes first": norm_backward_like(gained=False),
            "the factor r in front of dx is missing": norm_backward_like(lambda g, n, r, m: g - m(g) - n * m(g * n)),
            "dgain is the sum of dy * n, not of dy alone": norm_backward_like(dgain=lambda dy, n: dy.sum(axis=0)),
            "dgain is a sum over the rows, not their mean": norm_backward_like(
                dgain=lambda dy, n: (dy * n).mean(axis=0)
            ),
        },
    ),
    "04.12": Part(
        layers.embedding_backward,
        [(np.ones((2, 1)), (np.array([1, 1]), (2, 1))), (numbers(5, 3), (np.array([1, 0, 1, 3, 1]), (4, 3)))],
        {
            "a token that stands at two places was counted once": once,
            "the gradient has the shape of the table, a row for each token that there is": lambda dy, kept: dy,
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
            LATER: lambda query, key, value: attend(query, key, value)[0],
            "the causal mask is missing": attend_like(mask=False),
            "the mask is the wrong way round: a position sees itself and earlier ones": attend_like(
                seen=lambda n: np.tri(n).T
            ),
            "a position does not see itself": attend_like(seen=lambda n: np.tri(n, k=-1)),
            "a position sees the next one too": attend_like(seen=lambda n: np.tri(n, k=1)),
            "the scale is missing: divide the scores by the square root of d": attend_like(scale=0),
            "the scores were divided by d, not by its square root": attend_like(scale=-1),
        },
    ),
    "04.14": Part(
        attend_backward,
        [(np.array([[0.0], [1.0]]), LOOKS["two"]), (numbers(2, 2, 4, 3, seed=1), LOOKS["many"])],
        {
            "the way back through the softmax is missing between dP and dS": attend_backward_like(soft=False),
            "the scale is missing on the way back": attend_backward_like(scale=False),
            "dS is not turned for the keys: dK = dSᵀ Q": attend_backward_like(turn=False),
            "the gradients come in another order: of query, key, value": attend_backward_like(swap=True),
        },
    ),
    "04.15": Part(
        half_backward,
        [(numbers(4, 4, seed=5), HALF)],
        {
            "the straight path is missing: dy itself is part of dx": half_like(lambda dy, dx: dx),
            "what comes back through the branch is missing in dx": half_like(lambda dy, dx: dy),
            "slopes of two paths add, they do not multiply": half_like(lambda dy, dx: dy * dx),
            "the gradients are right, but in the order of the way back: give them in that of mlp_half": half_like(
                lambda dy, dx: dy + dx, lambda dx, a, b, c, d, e, f: (dx, e, f, c, d, a, b)
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
            "axes in front are summed, stretched ones (of length 1) are not": fit_like(stretched=False),
            "stretched axes (of length 1) are summed, those put in front are not": fit_like(front=False),
            "the stretched axis is gone, and should stay with the length 1: keepdims=True": fit_like(keep=False),
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
            "in a product, each number's slope is the other number": node_like(lambda dy, a, b: (dy * a, dy * b)),
            "the gradient that arrives, dy, is missing in the product": node_like(
                lambda dy, a, b: (fit(b + 0 * dy, a.shape), fit(a + 0 * dy, b.shape))
            ),
            "a factor may have been stretched: fit its gradient to its shape": node_like(
                lambda dy, a, b: (dy * b, dy * a)
            ),
            "the gradients of the matrix product are exchanged: first that of a, then that of b": turned(turn=True),
            "the slope of tanh is 1 - tanh²: the square is missing": turned(slope=lambda y: 1 - y),
            "back must give a tuple, for one parent too: (gradient,)": turned(wrap=False),
        },
        operation,
        "For {} (its value, and the gradients of a dy of 2)",
    ),
    "04.18": Part(
        backward,
        [("w * 2",), ("w * w",), ("(w + 1) * (w * 2)",), ("h * h + h, with h = w * 2",), ("2h + 2h, with h = w + w",)],
        {
            "the loss's own gradient is 1: begin with that": backward_like(start=0.0),
            "a node that is used twice keeps one gradient only: add what arrives": backward_like(add=False),
            "a node hands its gradient on before all of it has arrived: only when every node that used it is through": (
                backward_like(sort=False)
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
            "it climbs: the step is taken off": lambda w, g, memory, rate, momentum=0.0: (
                2 * w - sgd(w, g, memory, rate, momentum)
            ),
            "nothing is remembered from step to step: memory['v']": lambda w, g, memory, rate, momentum=0.0: (
                w - rate * g
            ),
            "the gradient counts in full: v = momentum v + g": (
                lambda w, g, memory, rate, momentum=0.0: sgd(w, (1 - momentum) * g, memory, rate, momentum)
            ),
        },
        walked,
        "With (steps, momentum) = ({})",
    ),
    "04.20": Part(
        adam,
        [(1, 0.0), (3, 0.0), (3, 0.5)],
        {
            "nothing is remembered from step to step: t, m and s belong into memory": adam_like(kept=False),
            "m and s start at 0 and are too small at first: divide them by 1 - beta ** t": adam_like(False, False),
            "m was not corrected: divide it by 1 - 0.9 ** t": adam_like(first=False),
            "s was not corrected: divide it by 1 - 0.999 ** t": adam_like(second=False),
            "the root of s is missing": adam_like(root=1.0),
            "s is a mean of the squares: g ** 2": adam_like(power=1),
            "the decay is missing": adam_like(decay="none"),
            "the decay went into the gradient, where it is divided like everything else: shrink w itself": adam_like(
                decay="gradient"
            ),
        },
        walked,
        "With (steps, decay) = ({})",
    ),
    "04.21": Part(
        clip,
        [(THREE, 1.0), (THREE, 2.0), (THREE, 10.0), ({"a": np.zeros(2)}, 1.0)],
        {
            "nothing was shortened": lambda gradients, limit: gradients,
            "each was shortened for itself, which turns the direction: one factor for all": clip_like(each=True),
            "the length is the root of the sum of squares, not the sum of the lengths": clip_like(
                lambda arrays: sum(root_of_squares([array]) for array in arrays)
            ),
            "the root is missing": clip_like(lambda arrays: root_of_squares(arrays) ** 2),
            "short gradients grow: those below the limit stay as they are": clip_like(grow=True),
        },
    ),
    "04.22": Part(
        train,
        [(1, None, math.inf), (3, None, math.inf), (3, 0.4, math.inf), (3, None, 0.5)],
        {
            "nothing is learned: optimizer.step(parameters, gradients) is missing": train_like(step=False),
            "it ends after one batch: return comes after the loop": train_like(once=True),
            "the rate of the schedule is never set: optimizer.rate = rate(step)": train_like(scheduled=False),
            "the gradients are not clipped (clip gives new ones: use them)": train_like(clipped=False),
        },
        trained,
        "With (steps, the first rate, limit) = ({})",
    ),
    "04.23": Part(
        warmup_cosine,
        [(0, 10, 1.0, 4), (3, 10, 1.0, 4), (7, 10, 2.0, 4), (10, 10, 1.0, 4)],
        {
            "the very first step has the rate 0 and is wasted: count from step + 1": schedule_like(first=0),
            "it never falls": schedule_like(end=False),
            "it ends at 0, not at the floor": schedule_like(floor=False),
            "the way down begins after the warm-up: share = (step - warmup) / (count - warmup)": schedule_like(
                since=False
            ),
            "that is a whole wave, down and up again: half of one, cos(pi * share)": schedule_like(wave=2.0),
        },
        words="With (step, count, peak, warmup) = ({})",
    ),
    "04.a": Part(
        padded,
        [
            (np.zeros((2, 2)), np.array([1, 0]), np.array([True, False])),
            (np.array([[1e4, 0.0]]), np.array([1]), np.array([True])),
            (np.zeros((1, 2)), np.array([1]), np.array([False])),
            (numbers(5, 4), np.array([2, 0, 3, 1, 0]), np.array([True, True, True, False, False])),
        ],
        {
            "padded rows still have a gradient: make them 0": padded_like(mask=False),
            "the mean is over the real rows alone: divide by their number": padded_like(count=len),
            "the loss is a mean: divide by the number of real rows": padded_like(count=lambda real: 1),
            "the 1 of the right token was not taken off": padded_like(truth=0.0),
            "padding alone gives 0 / 0: divide by 1 at least": padded_like(count=lambda real: real.sum()),
        },
    ),
    "04.b": Part(
        rms_backward_like(),
        [
            (np.array([[1.0, 0.0]]), (np.array([[0.6, 1.28]]), np.array([[0.5]]), np.array([1.0, 2.0]))),
            (numbers(2, 4, seed=2), RMS),
        ],
        {
            "dx takes r for a constant: each x changes the r of its row": rms_backward_like(
                dx=lambda g, n, r, m: r * g
            ),
            "that is layer norm's dx: no mean is taken off here": rms_backward_like(
                dx=lambda g, n, r, m: r * (g - m(g) - n * m(g * n))
            ),
            "dx forgets the gain: g = dy * gain comes first": rms_backward_like(gained=False),
            "a sign in dx is wrong: a larger x makes r smaller": rms_backward_like(
                dx=lambda g, n, r, m: r * (g + n * m(g * n))
            ),
            "the factor r in front of dx is missing": rms_backward_like(dx=lambda g, n, r, m: g - n * m(g * n)),
            "dx needs the mean along the row, not the sum": rms_backward_like(
                dx=lambda g, n, r, m: r * (g - n * n.shape[-1] * m(g * n))
            ),
            "dgain is the sum of dy * n, not of dy alone": rms_backward_like(dgain=lambda dy, n: dy.sum(axis=0)),
        },
    ),
}
