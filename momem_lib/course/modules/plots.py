"""Pictures of notebooks 07, 09 and 10: a module's training, what it gets right by group, and heads compared."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from momem_lib.course.modules.live import LiveRun
from momem_lib.course.shared.charts import Chart, draw_charts, smooth
from momem_lib.course.shared.figures import (
    BLUE,
    INK,
    LOOKS,
    RED,
    SIZE,
    SKY,
    WIDE,
    name_axes,
    page,
    percent_axis,
)
from momem_lib.project import InputError


def _loss_and_match(losses: Chart, matches: Chart) -> Figure:
    figure = draw_charts([losses, matches], height=3.5)
    figure.axes[1].lines[0].set(color=RED, ls="--", marker="s")  # as the validation rows on the left
    percent_axis(figure.axes[1].yaxis)
    return figure


def draw_run(run: LiveRun) -> Figure:
    """Draw a live training: the loss of each step, and exact match on unseen rows."""
    losses = {"each step": run.losses, "smoothed": smooth(run.losses)}
    figure = _loss_and_match(
        Chart(f"{len(run.losses)} steps of training", None, losses, "step", "loss (nats per token)"),
        Chart("unseen rows", None, {"exact match": [(0, 0.0), *run.matches]}, "step", "share right", top=1.02),
    )
    figure.axes[0].lines[0].set(color=SKY, alpha=0.6, marker="", lw=1)
    figure.axes[0].lines[1].set(color=BLUE, marker="", ls="-")
    figure.axes[0].legend(fontsize=SIZE - 1.5, edgecolor="none")
    return figure


def interval(right: int, count: int) -> tuple[float, float]:
    """Where the true share lies with 95 % confidence, given a sample (Wilson 1927).

    Example:
        >>> [round(end, 2) for end in interval(9, 10)]
        [0.6, 0.98]
    """
    share, z = right / count, 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def draw_groups(panels: Mapping[str, Mapping[str, tuple[int, int]]]) -> Figure:
    """Draw the share that is right in each group, with its 95 % interval and how many rows it rests on.

    Args:
        panels: title -> shares_by(...), group -> (right, count).

    Raises:
        InputError: nothing to draw.
    """
    if not panels or not all(panels.values()):
        raise InputError("there is no row to draw: judge some first")
    words = "; ".join(
        f"{title}: {', '.join(f'{name} {right} of {count}' for name, (right, count) in groups.items())}"
        for title, groups in panels.items()
    )
    tall = 0.36 * max(map(len, panels.values())) + 1.1
    figure, axes = page(WIDE, tall, f"Share right by group. {words}.", columns=len(panels))
    for panel, (title, groups) in zip(axes, panels.items(), strict=True):
        shares = [right / count for right, count in groups.values()]
        ends = np.array([interval(right, count) for right, count in groups.values()]).T
        gaps = np.abs(ends - np.array(shares))
        panel.barh(list(groups), shares, 0.62, color="#9CCBE6", xerr=gaps, ecolor=INK, capsize=3)
        for number, (right, count) in enumerate(groups.values()):
            panel.text(0.02, number, f"{right} of {count}", va="center", fontsize=SIZE - 1.5, color=INK)
        panel.set_xlim(0, 1.01)
        panel.invert_yaxis()
        panel.grid(axis="y", visible=False)
        percent_axis(panel.xaxis)
        name_axes(panel, "share right", "", title)
    return figure


def draw_heads(results: dict) -> Figure:
    """Draw the recorded comparison of heads: the loss while they learn, and exact match on unseen rows."""
    heads = results["heads"]
    ends = ", ".join(f"{name} {head['right'] / head['count']:.0%}" for name, head in heads.items())
    alt = f"Heads compared over {results['steps']} steps. Left: loss. Right: exact match on unseen rows: {ends}."
    figure, (left, right) = page(WIDE, 3.7, alt, columns=2)
    for number, (head, look) in enumerate(zip(heads.values(), LOOKS, strict=False)):
        left.semilogy(head["steps"], head["losses"], ls=look.dashes, color=look.colour, lw=2.2)  # named by its bar
        share = head["right"] / head["count"]
        low, high = interval(head["right"], head["count"])
        gaps = [[share - low], [high - share]]
        right.barh(number, share, 0.62, color=look.colour, xerr=gaps, ecolor=INK, capsize=3)
        right.text(high + 0.02, number, f"{share:.0%}", va="center", fontsize=SIZE)
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    left.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    left.yaxis.set_minor_formatter(NullFormatter())
    name_axes(left, "step", "loss (nats per token, logarithmic)", "while they learn", legend=False)
    right.set_yticks(range(len(heads)), list(heads))
    right.set_xlim(0, 1.14)  # room for the number beside a full bar
    right.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    right.invert_yaxis()
    right.grid(axis="y", visible=False)
    percent_axis(right.xaxis)
    name_axes(right, "share right", "", f"{results['questions']} unseen rows")
    return figure
