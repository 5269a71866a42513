"""Pictures of notebook 04: how values go forward and gradients come back, and what training does with them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy import ndarray

from momem_lib.plots import GREY, INK, PAPER, blank, write_text

# Okabe and Ito's colours; what goes forward is blue and what comes back is vermilion, in every picture.
BLUE, RED, GREEN, ORANGE, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7"
GROUNDS = {BLUE: "#DCEBF5", RED: "#FBE6D9", GREEN: "#DBF1EA", ORANGE: "#FDF1D9", GREY: "#F0F0F0"}
SIZE = 11  # points: still legible at half size


def page(width: float, height: float, alt: str, columns: int = 1, rows: int = 1, **grid) -> tuple[Figure, list[Axes]]:
    """An empty light figure in inches with a row (or a column) of plain panels."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt, layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    panels = list(np.atleast_1d(figure.subplots(rows, columns, **grid)).flat)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=SIZE, colors=INK)
        panel.grid(color="#E3E3E3", lw=0.8)
        panel.set_axisbelow(True)
    return figure, panels


def name_axes(panel: Axes, x: str, y: str, title: str = "", legend: bool = True) -> None:
    """Label a panel, and show its legend where it has one."""
    panel.set_xlabel(x, fontsize=SIZE, color=INK)
    panel.set_ylabel(y, fontsize=SIZE, color=INK)
    panel.set_title(title, fontsize=SIZE + 1, color=INK, loc="left")
    if legend and panel.get_legend_handles_labels()[0]:
        panel.legend(fontsize=SIZE - 1, framealpha=0.9)


def _box(panel: Axes, x: float, y: float, text: str, colour: str, width: float, height: float = 0.62) -> None:
    style = "round,pad=0,rounding_size=0.1"
    patch = FancyBboxPatch((x - width / 2, y - height / 2), width, height, style, fc=GROUNDS[colour], ec=colour, lw=2)
    panel.add_patch(patch)
    write_text(panel, x, y, text, fontsize=SIZE, linespacing=1.3)


def _arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "mutation_scale": 15, "shrinkA": 0, "shrinkB": 1}
    panel.annotate("", xy=end, xytext=start, arrowprops=style)


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
        _box(panel, x, 1.25, name, GREY, width, 0.7)
        write_text(panel, x, 1.82, value, color=BLUE, weight="bold", fontsize=SIZE)
        write_text(panel, x, 0.68, gradient, color=RED, weight="bold", fontsize=SIZE)
        if number:
            _arrow(panel, (x - pitch + width / 2 + 0.04, 1.4), (x - width / 2 - 0.04, 1.4), BLUE)
            _arrow(panel, (x - width / 2 - 0.04, 1.1), (x - pitch + width / 2 + 0.04, 1.1), RED)
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
    _box(panel, 4.5, 2.1, "linear(x, W, b)", BLUE, 2.6)
    _box(panel, 4.5, 0.75, "linear_backward(dy, kept)", RED, 2.9)
    _arrow(panel, (1.6, 2.1), (3.15, 2.1), BLUE)
    _arrow(panel, (5.85, 2.1), (7.4, 2.1), BLUE)
    _arrow(panel, (7.4, 0.75), (6.0, 0.75), RED)
    _arrow(panel, (3.0, 0.75), (1.6, 0.75), RED)
    _arrow(panel, (4.5, 1.77), (4.5, 1.09), GREY)
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
        _box(panel, x, y, f"{name}   {shapes[name]}", GREY, 1.35)
    flows = [("Q", "S", 0.15), ("K", "S", -0.15), ("S", "P", 0), ("P", "O", 0.15), ("V", "O", -0.15)]
    for start, end, port in flows:  # two arrows that end in one box get a port each
        (x, y), (to_x, to_y) = places[start], places[end]
        _arrow(panel, (x + 0.7, y + 0.09), (to_x - 0.7, to_y + port + 0.07), BLUE)
        _arrow(panel, (to_x - 0.7, to_y + port - 0.07), (x + 0.7, y - 0.13), RED)
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
            _box(panel, x, top, text, BLUE, width, 0.6)
        _arrow(panel, (end, 1.6), (end, stream + 0.17), BLUE)
        panel.plot([end], [stream], marker="o", ms=19, mfc=PAPER, mec=INK, mew=1.6)
        write_text(panel, end, stream + 0.01, "+", fontsize=15)
        inner = top - 0.45  # the way back, below the boxes that it passes through in reverse
        panel.plot([end - 0.15, end - 0.15, start + 0.15], [stream + 0.2, inner, inner], color=RED, lw=1.8)
        _arrow(panel, (start + 0.15, inner), (start + 0.15, stream - 0.02), RED)
        words = "a copy of the gradient\ngoes back through them"
        write_text(panel, (start + end) / 2, inner - 0.3, words, color=RED, fontsize=SIZE)
    write_text(panel, 0.4, stream, "x", ha="right", fontsize=SIZE + 1, weight="bold")
    write_text(panel, 10.0, stream, "y", ha="left", fontsize=SIZE + 1, weight="bold")
    return figure


def plot_nudges(nudges: ndarray, errors: dict[str, ndarray]) -> Figure:
    """Relative error of a finite difference against the size of the nudge, for several number formats.

    Example:
        >>> plot_nudges(np.array([1e-3, 1e-2]), {"float64": np.array([1e-6, 1e-4])}).get_label()[:20]
        'The error of a finit'
    """
    alt = (
        "The error of a finite difference against the nudge, both logarithmic: a valley. Large nudges miss the curve's "
        "bend, tiny ones drown in rounding; the valley of float64 is far deeper than that of float32."
    )
    figure, (panel,) = page(7.5, 3.6, alt)
    for (name, error), colour, mark in zip(errors.items(), (BLUE, RED), ("o", "s"), strict=False):
        panel.loglog(nudges, np.maximum(error, 1e-16), color=colour, marker=mark, ms=4, lw=1.8, label=name)
    name_axes(panel, "nudge h (no unit)", "relative error of the slope")
    return figure


def plot_gelu(x: ndarray, curves: dict[str, ndarray], slopes: dict[str, ndarray]) -> Figure:
    """Activation functions on the left, and their slopes on the right."""
    alt = (
        "Left: GELU follows ReLU for large x, but bends smoothly through zero and dips a little below it. Right: its "
        "slope goes smoothly from 0 to 1 and a little beyond, where ReLU's jumps from 0 to 1."
    )
    figure, panels = page(9, 3.3, alt, columns=2)
    for panel, values, label in zip(panels, (curves, slopes), ("output", "slope (dy/dx)"), strict=True):
        for (name, y), colour, style in zip(values.items(), (BLUE, GREY), ("-", "--"), strict=False):
            panel.plot(x, y, style, color=colour, lw=2.2, label=name)
        name_axes(panel, "input x", label)
    return figure


def plot_blame(names: Sequence[str], probabilities: ndarray, gradient: ndarray, right: int) -> Figure:
    """Probabilities of the next token (left) and the gradient of its score (right), one bar per token.

    Example:
        >>> plot_blame(["a", "b"], np.array([0.9, 0.1]), np.array([0.9, -0.9]), right=1).get_label()[:5]
        'Left:'
    """
    alt = (
        f"Left: the probability of each token; the right one, {names[right]}, has {probabilities[right]:.2f}. Right: "
        "the gradient of each score: as large as the probability for every wrong token, and negative for the right one."
    )
    figure, panels = page(9, 3.2, alt, columns=2)
    colours = [GREEN if place == right else GREY for place in range(len(names))]
    for panel, values, label in zip(
        panels, (probabilities, gradient), ("probability", "gradient of the score"), strict=True
    ):
        panel.bar(range(len(names)), values, color=colours, edgecolor=INK, lw=0.8)
        panel.axhline(0, color=INK, lw=0.8)
        panel.set_xticks(range(len(names)), names)
        name_axes(panel, f"next token (right: {names[right]})", label)
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
