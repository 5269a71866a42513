"""Pictures of notebook 04: optimizers on their way, schedules, clipping, and two loss curves over each other."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray

from momem_lib.course.shared.figures import BLUE, GREEN, GREY, INK, ORANGE, PINK, RED, SIZE, name_axes, page

COLOURS, MARKS = (GREY, BLUE, RED, GREEN, PINK, ORANGE), "osD^vP"


def smooth(values: Sequence[float], weight: float = 0.9) -> ndarray:
    """A running mean that forgets: each new value counts 1 - weight.

    Example:
        >>> smooth([1.0, 0.0, 0.0], weight=0.5).tolist()
        [1.0, 0.5, 0.25]
    """
    out = [values[0]]
    for value in values[1:]:
        out.append(weight * out[-1] + (1 - weight) * value)
    return np.array(out)


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
    map_panel.contour(x, y, height(x, y), levels=np.geomspace(0.3, 150, 11), colors="#B5B5B5", linewidths=0.9)
    for (name, path), colour, mark in zip(paths.items(), COLOURS, MARKS, strict=False):
        map_panel.plot(*path.T, color=colour, marker=mark, ms=2.5, lw=1.4, label=name)
        panel.semilogy(np.maximum(losses[name], 1e-9), color=colour, lw=2, label=name)
    map_panel.plot(0, 0, marker="*", ms=15, color=INK, ls="")
    map_panel.set(xlim=(-10.5, 3), ylim=(-1.4, 1.4))
    name_axes(map_panel, "first parameter", "second parameter", "the path (star: the lowest point)", legend=False)
    name_axes(panel, "step", "loss (logarithmic)", "the loss")
    return figure


def readable(losses: Sequence[float], highest: float) -> ndarray:
    """A loss curve that can be drawn: what exploded, even to NaN, stays at the upper edge.

    Example:
        >>> readable([3.0, 1e9, float("nan")], highest=9.0).tolist()
        [3.0, 9.0, 9.0]
    """
    return np.minimum(np.nan_to_num(losses, nan=highest), highest)


def plot_schedules(schedules: dict[str, list[float]], losses: dict[str, list[float]], highest: float = 7.0) -> Figure:
    """Left: the learning rate at each step; right: the loss of a training run with it."""
    ends = ", ".join(
        f"{name}: {'exploded' if not np.mean(values[-10:]) < highest else format(np.mean(values[-10:]), '.2f')}"
        for name, values in losses.items()
    )
    alt = (
        f"Left: learning rates over the steps of a run: {', '.join(schedules)}. Right: the smoothed loss of a small "
        f"training run with each of them; its mean over the last ten steps, in nats per byte: {ends}."
    )
    figure, (left, right) = page(10, 3.6, alt, columns=2)
    looks = zip(schedules.items(), (GREY, RED, GREEN, BLUE), ("--", "-.", ":", "-"), strict=False)
    for (name, rates), colour, style in looks:
        left.plot(rates, style, color=colour, lw=2.4, label=name)
        right.plot(smooth(readable(losses[name], highest), 0.7), style, color=colour, lw=2, label=name)
    left.set_ylim(0, 1.45 * max(max(rates) for rates in schedules.values()))  # room for the legend
    right.set_ylim(top=highest)
    name_axes(left, "step", "learning rate", legend=False)
    left.legend(fontsize=SIZE - 1, loc="upper center", ncols=2)
    name_axes(right, "step", "loss (nats per byte, smoothed)", legend=False)
    return figure


def plot_clipping(lengths: list[float], limit: float, losses: dict[str, list[float]], highest: float = 9.0) -> Figure:
    """Left: the length of the gradient at each step; right: the loss with and without clipping it."""
    alt = (
        "Left: the length of the gradient at each step; it shoots up over the limit where a bad batch comes. Right: "
        "the loss of three runs; with the bad batch and no limit it explodes some time later, with a limit it goes on "
        "falling as if there had been no bad batch."
    )
    figure, (left, right) = page(10, 3.6, alt, columns=2)
    left.plot(lengths, color=GREY, lw=1.8, label="before clipping")
    left.axhline(limit, color=RED, lw=2, ls="--", label=f"limit {limit:g}")
    name_axes(left, "step", "length of the gradient")
    for (name, values), colour, style in zip(losses.items(), (GREY, BLUE, GREEN), ("--", "-", ":"), strict=False):
        right.plot(readable(values, highest), style, color=colour, lw=2, label=name)
    right.set_ylim(top=highest)
    name_axes(right, "step", "loss (nats per byte)", legend=False)
    right.legend(fontsize=SIZE - 1, loc="upper left")
    return figure


def plot_twins(by_hand: list[float], by_torch: list[float], gaps: dict[str, ndarray]) -> Figure:
    """Two loss curves over each other, and how far they are apart at each step."""
    alt = (
        f"Left: the loss of {len(by_hand)} training steps, by hand in NumPy (a wide line) and with torch's autograd "
        f"(dashes on top): one curve, from {by_hand[0]:.1f} down to {np.mean(by_hand[-10:]):.1f} nats per byte. Right: "
        "how far they are apart, logarithmic, a dot for each step at which they differ at all: rounding errors only, "
        "much smaller in float64 than in float32."
    )
    figure, (left, right) = page(10, 3.8, alt, columns=2)
    left.plot(by_hand, color="#8FC3E3", lw=5, label="NumPy, by hand")
    left.plot(by_torch, color=RED, lw=1.4, ls="--", label="torch, autograd")
    left.set_ylim(bottom=0)
    name_axes(left, "step", "loss (nats per byte)")
    for (name, gap), colour, mark in zip(gaps.items(), (BLUE, GREEN), "o^", strict=False):
        seen = np.where(gap > 0, gap, np.nan)  # a logarithmic axis has no place for "no difference"
        right.semilogy(seen, mark, color=colour, ms=3, label=name)
    name_axes(right, "step", "difference of the two losses (nats)", legend=False)
    right.legend(fontsize=SIZE - 1, loc="center right", markerscale=2)
    return figure
