"""Charts of notebook 04: nudges, activation functions, the gradient of a score, and how far two gradients differ."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from momem_lib.course.shared.figures import BLUE, GREEN, GREY, INK, RED, SIZE, name_axes, page


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
