"""Pictures of notebooks 07, 09 and 10: a module's training, what it gets right by group, and heads compared."""

import math
from collections.abc import Mapping, Sequence

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
    WIDE,
    legend_outside,
    name_axes,
    page,
    percent_axis,
)
from momem_lib.project import InputError


def draw_run(run: LiveRun) -> Figure:
    """Draw a live training: the loss of each step, and exact match on unseen rows."""
    steps, matches = zip(*run.matches, strict=True)
    curve = smooth(run.losses)
    alt = (
        f"A live training of {len(run.losses)} steps. Left: the smoothed loss falls from {run.losses[0]:.1f} to "
        f"{curve[-1]:.2f} nats per token. Right: exact match on unseen rows, {matches[0]:.0%} after {steps[0]} steps, "
        f"{matches[-1]:.0%} at the end."
    )
    figure, (left, right) = page(WIDE, 3.5, alt, columns=2)
    numbers = range(1, len(run.losses) + 1)
    left.plot(numbers, run.losses, color="#B5D4E8", lw=1, label="each step")
    left.plot(numbers, curve, color=BLUE, lw=2.2, label="smoothed")
    left.set_ylim(bottom=0)
    name_axes(left, "step", "loss (nats per token)", "what is trained on")
    right.plot((0, *steps), (0, *matches), "o-", color=RED, lw=2.2)
    right.set_ylim(0, 1.02)
    percent_axis(right.yaxis)
    name_axes(right, "step", "share right", "unseen rows")
    return figure


def draw_recorded(card: dict) -> Figure:
    """Draw the recorded full run of a shipped module, from its card.

    Raises:
        InputError: the card tells nothing of the run.
    """
    history = card.get("history")
    if not history:
        raise InputError(f"the model card holds no history: {str(card)[:80]}")
    steps = [row["step"] for row in history]
    last = history[-1]
    alt = (
        f"The recorded run of {last['step']:,} steps. Left: training loss {last['loss']:.4f} and validation loss "
        f"{last['validation_loss']:.4f} nats per token at the end. Right: exact match on validation rows, from "
        f"{history[0]['exact_match']:.1%} after {steps[0]:,} steps to {last['exact_match']:.1%}."
    )
    figure, (left, right) = page(WIDE, 3.5, alt, columns=2)
    left.plot(steps, [row["loss"] for row in history], "o-", color=BLUE, lw=2.2, label="training (smoothed)")
    held_out = [row["validation_loss"] for row in history]
    left.plot(steps, held_out, "s--", color=RED, lw=2.2, label="validation")
    left.set_ylim(bottom=0)
    name_axes(left, "step", "loss (nats per token)", f"{card.get('rows', 0):,} rows, {card.get('hardware', '')}")
    right.plot(steps, [row["exact_match"] for row in history], "s--", color=RED, lw=2.2)
    low = min(row["exact_match"] for row in history)
    right.set_ylim(low - 0.08 * (1 - low) - 1e-3, 1)
    percent_axis(right.yaxis)
    rows = card.get("metrics", {}).get("validation_rows", 0)
    name_axes(right, "step", "share right", f"{rows} rows of the validation split")
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
        left.semilogy(
            head["steps"], head["losses"], look.dashes, color=look.colour, lw=2.2
        )  # named by the bar of its colour
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


def draw_head_groups(results: dict, by: str = "length") -> Figure:
    """Draw the recorded comparison by group: `by` length (in bytes) or characters."""
    heads = results["heads"]
    names = [name for name in next(iter(heads.values()))[by]]
    series = {head: [share(counts[by].get(name, (0, 1))) for name in names] for head, counts in heads.items()}
    words = ". ".join(
        f"{head}: {', '.join(f'{name} {value:.0%}' for name, value in zip(names, values, strict=True))}"
        for head, values in series.items()
    )
    unit = {"length": "bytes to copy", "characters": "kind of characters"}[by]
    chart = Chart("", names, series, unit, "share right", top=1.0)
    return legend_outside(draw_charts([chart], f"Share right, by {unit}. {words}.", height=3.6), "upper")


def share(counts: Sequence[int]) -> float:
    """Right, of how many, as a share."""
    return counts[0] / max(1, counts[1])
