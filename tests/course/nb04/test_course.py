"""What notebook 04 stands on: an autograd that does as PyTorch does, and a judge that takes each right way."""

import numpy as np
import pytest
import torch

from momem_lib.by_hand.optimizers import clip
from momem_lib.course.nb04.autograd import Node, backward, fit
from momem_lib.course.nb04.plots import draw_chain, plot_errors, plot_paths
from momem_lib.course.shared import judging
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.judging import judge


def numbers(*shape, seed=0):
    """Random numbers, the same each time."""
    return np.random.default_rng(seed).standard_normal(shape)


# The autograd


def formula(x, weight, bias, half):
    """A formula with every operation, whose numbers are used more than once and stretched."""
    hidden = (x @ weight + bias).tanh()
    return half * hidden * (hidden + bias) + (weight.T @ x.T).T * bias


def test_gradients_are_those_of_torch():
    given = [numbers(4, 3), numbers(3, 2, seed=1), numbers(2, seed=2), np.array(0.5)]
    nodes, tensors = [Node(array) for array in given], [torch.tensor(array, requires_grad=True) for array in given]
    mine, theirs = formula(*nodes), formula(*tensors)
    backward(mine)
    theirs.sum().backward()
    assert np.allclose(mine.value, theirs.detach().numpy(), atol=1e-12)
    for node, tensor in zip(nodes, tensors, strict=True):
        assert node.gradient.shape == node.value.shape and np.allclose(node.gradient, tensor.grad.numpy(), atol=1e-12)


def test_a_deep_graph_of_many_paths_takes_no_time():
    w = Node(np.array(1.0))
    doubled = w
    for _ in range(40):
        doubled = doubled + doubled
    backward(doubled)
    assert w.gradient == 2.0**40


def test_float32_stays_float32():
    x = Node(numbers(2, 3).astype(np.float32))
    backward((x * x).tanh() + x)
    assert x.gradient.dtype == np.float32 and fit(1.0, ()).shape == ()


# The judge


def looped_embedding(dy, kept):
    table = np.zeros(kept[1])
    for token, row in zip(kept[0], dy, strict=True):
        table[token] += row
    return table


def multiplied_embedding(dy, kept):
    return np.eye(kept[1][0])[kept[0]].T @ dy


def in_place_sgd(w, g, memory, rate, momentum=0.0):
    if "v" not in memory:
        memory["v"] = np.zeros_like(w)
    memory["v"] *= momentum
    memory["v"] += g
    w -= rate * memory["v"]
    return w


def iterative_backward(loss):
    """Without recursion, and with a plain 1.0: count who uses a node, and go on when all of them are through."""
    users, nodes = {}, [loss]
    for node in nodes:
        for parent in node.parents:
            if parent not in users:
                users[parent] = 0
                nodes.append(parent)
            users[parent] += 1
    loss.gradient, ready = 1.0, [loss]
    while ready:
        node = ready.pop()
        for parent, gradient in zip(node.parents, node.back(node.gradient) if node.parents else (), strict=True):
            parent.gradient += gradient
            users[parent] -= 1
            if users[parent] == 0:
                ready.append(parent)


def summed_norm_backward(dy, kept):
    n, r, gain = kept
    g, width = dy * gain, dy.shape[1]
    dx = r / width * (width * g - g.sum(1, keepdims=True) - n * (g * n).sum(1, keepdims=True))
    return dx, np.einsum("nd,nd->d", dy, n), dy.sum(0)


def jacobian_softmax_backward(dy, y):
    dx = np.zeros_like(y)
    for row in range(len(y)):
        dx[row] = dy[row] @ (np.diag(y[row]) - np.outer(y[row], y[row]))
    return dx


@pytest.mark.parametrize(
    ("id", "version"),
    [
        ("04.9", jacobian_softmax_backward),
        ("04.11", summed_norm_backward),
        ("04.12", looped_embedding),
        ("04.12", multiplied_embedding),
        ("04.18", iterative_backward),
        ("04.19", in_place_sgd),
        ("04.21", lambda gradients, limit: {name: array.copy() for name, array in clip(gradients, limit).items()}),
    ],
)
def test_every_right_way_is_right(id, version):
    assert judge(id, version) is version and judging.RIGHT[id]


def looped_linear_backward(dy, kept):
    x, weight = kept
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for n, i, o in np.ndindex(*x.shape, weight.shape[1]):
        dx[n, i] += dy[n, o] * weight[i, o]
        dweight[i, o] += dy[n, o] * x[n, i]
    return dx, dweight, dy.sum(axis=0)


@pytest.mark.parametrize(
    ("id", "version", "sentence"),
    [
        ("04.3", lambda x, weight, bias: (x @ weight + bias, [x, weight]), "in part 2 of its result it gives ["),
        ("04.4", looped_linear_backward, "your code was stopped after 2 seconds"),
        ("04.4", lambda dy, kept: dy @ kept[1].T, "it gives array("),
        ("04.8", lambda kept: kept[0].__isub__(np.eye(kept[0].shape[1])[kept[1]]) / len(kept[1]), "work on a copy"),
        ("04.17", type("Node", (Node,), {"tanh": lambda self: None}), "For 'a.tanh()', array([0.50])"),
    ],
)
def test_what_else_may_go_wrong_becomes_a_sentence(id, version, sentence, capsys):
    judge(id, version)
    said = capsys.readouterr().out
    assert said.startswith("Not yet") and sentence in said


# Pictures


def test_pictures_can_be_drawn_and_have_words():
    path = np.array([[-9.0, 1.0], [-5.0, 0.5]])
    figures = [
        draw_chain([("w", "2", "4"), ("L = w²", "4", "1")]),
        plot_errors({"w": 1e-12, "b": 0.0}, 1e-6),
        plot_paths(lambda x, y: x * x + y * y, {"SGD": path}, {"SGD": [82.0, 25.25]}),
    ]
    for figure in figures:
        assert figure.get_label() and png(figure).startswith(b"\x89PNG")
