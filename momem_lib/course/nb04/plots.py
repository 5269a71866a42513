"""Pictures of notebook 04: what goes forward through layers and back, errors of gradients, optimizers on their way."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from momem_lib.course.shared.figures import (
    BLUE,
    GREY,
    INK,
    PALE,
    PAPER,
    RED,
    SIZE,
    blank,
    draw_arrow,
    draw_box,
    lines,
    name_axes,
    page,
    write_text,
)


def draw_chain(steps: Sequence[tuple[str, str, str]], alt: str) -> Figure:
    """A computation as a chain: values go forward on top (blue), gradients come back below (vermilion).

    Args:
        steps: for each quantity: what it is, its value, its gradient; between two of them an arrow to and fro.

    Example:
        >>> draw_chain([("w", "2", "12"), ("L = w²", "4", "1")], "Two boxes").get_label()
        'Two boxes'
    """
    pitch, width = 2.3, 1.5
    figure, panel = blank(len(steps) * pitch + 0.2, 2.5, alt)
    for number, (name, value, gradient) in enumerate(steps):
        x = 0.1 + (number + 0.5) * pitch
        draw_box(panel, x, 1.25, width, 0.7, name, GREY)
        write_text(panel, x, 1.82, value, color=BLUE, weight="bold", fontsize=SIZE)
        write_text(panel, x, 0.68, gradient, color=RED, weight="bold", fontsize=SIZE)
        if number:
            draw_arrow(panel, (x - pitch + width / 2 + 0.04, 1.4), (x - width / 2 - 0.04, 1.4), BLUE)
            draw_arrow(panel, (x - width / 2 - 0.04, 1.1), (x - pitch + width / 2 + 0.04, 1.1), RED)
    write_text(panel, 0.15, 2.28, "forward: values →", color=BLUE, ha="left", fontsize=SIZE)
    middle = figure.get_figwidth() - 0.15
    write_text(
        panel,
        middle,
        0.22,
        "← backward: how much the loss moves when this moves by 1",
        color=RED,
        ha="right",
        fontsize=SIZE,
    )
    return figure


def draw_layer() -> Figure:
    """What every layer promises: x in, y out, something kept; dy in, dx and the gradients of its weights out."""
    figure, panel = blank(
        9.2,
        2.9,
        "A layer is a pair of functions. Forward takes x and the weights W and b, gives y, and keeps what it will "
        "need. Backward takes dy and what was kept, and gives dx, which goes on to the layer before, and dW and db, "
        "which the optimizer uses.",
    )
    draw_box(panel, 4.5, 2.1, 2.6, 0.62, "linear(x, W, b)", BLUE)
    draw_box(panel, 4.5, 0.75, 2.9, 0.62, "linear_backward(dy, kept)", RED)
    draw_arrow(panel, (1.6, 2.1), (3.15, 2.1), BLUE)
    draw_arrow(panel, (5.85, 2.1), (7.4, 2.1), BLUE)
    draw_arrow(panel, (7.4, 0.75), (6.0, 0.75), RED)
    draw_arrow(panel, (3.0, 0.75), (1.6, 0.75), RED)
    draw_arrow(panel, (4.5, 1.77), (4.5, 1.09), GREY)
    write_text(panel, 4.62, 1.42, "kept", ha="left", color=GREY, fontsize=SIZE)
    for x, y, text, side, colour in (
        (1.5, 2.1, "x   (N, I)\nW  (I, O)\nb   (O,)", "right", BLUE),
        (7.5, 2.1, "y   (N, O)\nto the layer after", "left", BLUE),
        (7.5, 0.75, "dy   (N, O)\nfrom the layer after", "left", RED),
        (1.5, 0.75, "dx   (N, I)\ndW  (I, O)\ndb   (O,)", "right", RED),
    ):
        write_text(panel, x, y, text, ha=side, color=colour, fontsize=SIZE, linespacing=1.4)
    return figure


def draw_attention_steps() -> Figure:
    """The steps of one attention head, forward from left to right, and the gradient of each."""
    figure, panel = blank(
        10.4,
        4.3,
        "One attention head as a graph. Forward: scores S are Q times K transposed times the scale; softmax of the "
        "masked scores gives weights P; P times V gives the output O. Backward: dO gives dV = P transposed times dO "
        "and dP = dO times V transposed; dP through softmax gives dS; dS gives dQ = scale dS K and dK = scale dS "
        "transposed Q.",
    )
    places = {"Q": (0.9, 3.3), "K": (0.9, 2.1), "V": (0.9, 0.8), "S": (4.0, 2.7), "P": (7.0, 2.7), "O": (9.6, 1.7)}
    shapes = {"Q": "(T, d)", "K": "(T, d)", "V": "(T, d)", "S": "(T, T)", "P": "(T, T)", "O": "(T, d)"}
    for name, (x, y) in places.items():
        draw_box(panel, x, y, 1.35, 0.62, f"{name}   {shapes[name]}", GREY)
    flows = [("Q", "S", 0.15), ("K", "S", -0.15), ("S", "P", 0), ("P", "O", 0.15), ("V", "O", -0.15)]
    for start, end, port in flows:  # two arrows that end in one box get a port each
        (x, y), (to_x, to_y) = places[start], places[end]
        draw_arrow(panel, (x + 0.7, y + 0.09), (to_x - 0.7, to_y + port + 0.07), BLUE)
        draw_arrow(panel, (to_x - 0.7, to_y + port - 0.07), (x + 0.7, y - 0.13), RED)
    texts = (
        (4.0, 3.25, "S = scale · Q Kᵀ", BLUE),
        (7.0, 3.25, "P = softmax(S + mask)", BLUE),
        (9.6, 2.25, "O = P V", BLUE),
        (2.6, 3.5, "dQ = scale · dS K", RED),
        (2.75, 1.8, "dK = scale · dSᵀ Q", RED),
        (5.5, 2.12, "dS = P (dP − sum(dP P))", RED),
        (7.5, 1.92, "dP = dO Vᵀ", RED),
        (5.2, 0.68, "dV = Pᵀ dO", RED),
    )
    for x, y, text, colour in texts:
        write_text(panel, x, y, text, color=colour, fontsize=SIZE, weight="bold")
    write_text(panel, 0.2, 4.05, "forward →", color=BLUE, ha="left", fontsize=SIZE)
    write_text(panel, 10.2, 0.3, "← backward", color=RED, ha="right", fontsize=SIZE)
    return figure


def draw_block() -> Figure:
    """A block of the Transformer: two branches, each added back to the residual stream, and the gradient's way back."""
    figure, panel = blank(
        10.4,
        3.0,
        "A Transformer block. The residual stream runs straight through; two branches leave it and are added back: "
        "layer norm and attention, then layer norm, linear, GELU and linear. Backward, the gradient runs straight "
        "through as well, and at each sum a copy of it goes into the branch and is added again where the branch began.",
    )
    stream = 0.95
    panel.plot([0.5, 9.9], [stream + 0.06] * 2, color=BLUE, lw=2.4)
    panel.plot([0.5, 9.9], [stream - 0.06] * 2, color=RED, lw=2.4)
    write_text(panel, 5.2, 0.55, "the residual stream: x goes through, and so does its gradient", fontsize=SIZE)
    branches = (
        (1.1, 4.3, [(1.9, "norm", 0.95), (3.3, "attention", 1.3)]),
        (5.2, 9.5, [(5.95, "norm", 0.9), (7.0, "linear", 0.85), (7.95, "GELU", 0.8), (8.9, "linear", 0.85)]),
    )
    for start, end, boxes in branches:
        top = 2.2
        panel.plot([start, start, end, end], [stream, top, top, stream + 0.2], color=BLUE, lw=1.8, zorder=1)
        for x, text, width in boxes:
            draw_box(panel, x, top, width, 0.6, text, BLUE)
        draw_arrow(panel, (end, 1.6), (end, stream + 0.17), BLUE)
        panel.plot([end], [stream], marker="o", ms=19, mfc=PAPER, mec=INK, mew=1.6)
        write_text(panel, end, stream + 0.01, "+", fontsize=15)
        inner = top - 0.45  # the way back, below the boxes that it passes through in reverse
        panel.plot([end - 0.15, end - 0.15, start + 0.15], [stream + 0.2, inner, inner], color=RED, lw=1.8)
        draw_arrow(panel, (start + 0.15, inner), (start + 0.15, stream - 0.02), RED)
        words = "a copy of the gradient\ngoes back through them"
        write_text(panel, (start + end) / 2, inner - 0.3, words, color=RED, fontsize=SIZE)
    write_text(panel, 0.4, stream, "x", ha="right", fontsize=SIZE + 1, weight="bold")
    write_text(panel, 10.0, stream, "y", ha="left", fontsize=SIZE + 1, weight="bold")
    return figure


def plot_errors(errors: dict[str, float], limit: float, title: str = "") -> Figure:
    """One bar per parameter: how far the gradient by hand is from the judge's, logarithmic, with the permitted limit.

    Example:
        >>> plot_errors({"w": 1e-12}, 1e-6).get_label()[:11]
        'For each of'
    """
    worst = max(errors.values())
    alt = (
        f"For each of {len(errors)} parameters, the relative difference between the gradient by hand and autograd's, "
        f"on a logarithmic axis: all lie {'far left of' if worst < limit else 'beyond'} the limit of {limit:g}."
    )
    figure, (panel,) = page(8.5, 0.7 + 0.21 * len(errors), alt)
    panel.barh(range(len(errors)), [max(error, 1e-17) for error in errors.values()], left=1e-18, color=BLUE)
    panel.set(xscale="log", xlim=(1e-18, 1e-4), ylim=(len(errors) - 0.4, -0.6))
    panel.set_yticks(range(len(errors)), errors, fontsize=SIZE - 2)
    panel.axvline(limit, color=RED, lw=2, ls="--", label=f"limit {limit:g}")
    name_axes(panel, "relative difference (logarithmic)", "", title)
    return figure


def plot_paths(height: Callable, paths: dict[str, ndarray], losses: dict[str, list[float]]) -> Figure:
    """Left: the paths of optimizers over a map of the loss; right: the loss after each step.

    Args:
        height: loss of (x, y), for arrays. paths: name -> (steps, 2).
    """
    alt = (
        "Left: a long, narrow valley seen from above, and the path that each optimizer takes to its lowest point: "
        f"{', '.join(paths)}. Right: the loss after each step."
    )
    figure, (map_panel, panel) = page(9.5, 3.5, alt, columns=2, width_ratios=(1.3, 1))
    x, y = np.meshgrid(np.linspace(-10.5, 3, 120), np.linspace(-1.4, 1.4, 120))
    map_panel.contour(x, y, height(x, y), levels=np.geomspace(0.3, 150, 11), colors=PALE, linewidths=0.9)
    lines(map_panel, paths, few=1000, ms=2.5, lw=1.4, ls="-")
    lines(panel, {name: np.maximum(loss, 1e-9) for name, loss in losses.items()})
    panel.set_yscale("log")
    map_panel.plot(0, 0, marker="*", ms=15, color=INK, ls="")
    map_panel.set(xlim=(-10.5, 3), ylim=(-1.4, 1.4))
    name_axes(map_panel, "first parameter", "second parameter", "the path (star: the lowest point)", legend=False)
    name_axes(panel, "step", "loss (logarithmic)", "the loss")
    return figure
