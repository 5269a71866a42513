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


def draw_chain(steps: Sequence[tuple[str, str, str]]) -> Figure:
    """A computation as a chain: values go forward on top (blue), gradients come back below (vermilion).

    Args:
        steps: for each quantity: what it is, its value, its gradient; between two of them an arrow to and fro.

    Example:
        >>> draw_chain([("w", "2", "4"), ("L = w²", "4", "1")]).get_label()
        'Forward: w 2, L = w² 4. Backward: L = w² 1, w 4.'
    """
    pitch, width = 2.3, 1.5
    there = ", ".join(f"{name} {value}" for name, value, _ in steps)
    back = ", ".join(f"{name} {gradient}" for name, _, gradient in reversed(steps))
    alt = f"Forward: {there}. Backward: {back}."
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


def plot_errors(errors: dict[str, float], limit: float, title: str = "") -> Figure:
    """One bar per parameter: how far the gradient by hand is from the judge's, logarithmic, with the permitted limit.

    Example:
        >>> plot_errors({"w": 1e-12}, 1e-6).get_label()[:11]
        'For each of'
    """
    worst = max(errors.values())
    alt = (
        f"For each of {len(errors)} parameters, the relative difference between the gradient by hand and autograd's, "
        f"on a logarithmic axis: from {min(errors.values()):.0e} to {worst:.0e}; the limit is {limit:g}."
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
