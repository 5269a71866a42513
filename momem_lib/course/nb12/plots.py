"""Pictures of notebook 12, one for each experiment, drawn from its recorded results; in words they say its table."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.nb11.plots import HATCHES, SHADES
from momem_lib.course.nb12 import tables
from momem_lib.course.nb12.tables import grouped, in_words
from momem_lib.course.shared.charts import capped, smooth
from momem_lib.course.shared.figures import GREY, INK, LOOKS, legend_outside, lines, name_axes, page, percent_axis


def told(figure: Figure, title: str, rows: Iterable[Mapping]) -> Figure:
    """The figure with its label: what it shows, and the lines of its table."""
    figure.set_label(f"{title}. {in_words(rows)}.")
    return figure


def lines_of_seeds(panel: Axes, x: Sequence, curves: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Draw the mean over the seeds of each curve, in a band from the least to the most."""
    lines(panel, {name: np.mean(rows, axis=0) for name, rows in curves.items()}, x)
    for rows, look in zip(curves.values(), LOOKS, strict=False):
        panel.fill_between(x, np.min(rows, axis=0), np.max(rows, axis=0), color=look.colour, alpha=0.15, lw=0)


def bars_of_seeds(
    panel: Axes, names: Sequence[str], bars: Mapping[str, Sequence[Sequence[float]]], looks: Sequence[tuple], **style
) -> None:
    """Draw groups of bars, the means over the seeds, with a dot for each seed where there are several.

    Args:
        names: of the groups. bars: name -> of each group, the shares of all seeds. looks: colour and hatch of each bar.
    """
    wide = 0.84 / len(bars)
    for number, ((name, shares), (colour, hatch)) in enumerate(zip(bars.items(), looks, strict=False)):
        places = [group + wide * (number - (len(bars) - 1) / 2) for group in range(len(names))]
        panel.bar(places, list(map(mean, shares)), 0.95 * wide, color=colour, hatch=hatch, label=name, **style)
        for place, own in zip(places, shares, strict=True):
            if len(own) > 1:
                panel.plot([place] * len(own), own, "o", ms=3.5, color=INK, mec="white", mew=0.5)
    panel.set_xticks(range(len(names)), names, fontsize=9.5)


def draw_masks(recorded: Mapping) -> Figure:
    """(a): losses in training, and names found against the padding at inference, for both masks."""
    figure, (left, right) = page(9.6, 3.9, columns=2, width_ratios=(1, 1.15))
    runs, lengths = grouped(recorded["runs"], "mask"), recorded["lengths"]
    lines(left, {kind: np.mean([smooth(run["losses"]) for run in some], axis=0) for kind, some in runs.items()})
    left.set_yscale("log")
    found = {kind: [run["exact"] for run in some] for kind, some in runs.items()}
    lines_of_seeds(right, range(len(lengths)), found)
    right.set_xticks(range(len(lengths)), [str(length or "none") for length in lengths])
    if recorded["padded"] in lengths:
        right.axvline(lengths.index(recorded["padded"]), color=GREY, ls=":", lw=1)
        right.text(lengths.index(recorded["padded"]) + 0.06, 0.03, "as in training", color=GREY, fontsize=9)
    name_axes(left, "training step", "loss, nats per token (log)", "training")
    name_axes(right, "questions padded to so many tokens", "unseen names found", "inference", legend=False)
    percent_axis(right.yaxis, -0.03)
    return told(figure, "Names found with two masks", tables.masks(recorded))


def draw_precision(recorded: Mapping) -> Figure:
    """(b): the loss of each recipe, for the first seed; a cross where it, or its gradient, is no number any more."""
    optimizers = grouped(recorded["runs"], "optimizer")
    figure, axes = page(5 * len(optimizers), 4.2, columns=len(optimizers), sharey=True)
    for panel, (optimizer, runs) in zip(axes, optimizers.items(), strict=True):
        for (cure, some), look in zip(grouped(runs, "cure").items(), LOOKS, strict=False):
            losses = capped(some[0]["losses"], highest=1e4)
            ended = f"NaN: {sum(run['bad'] is not None for run in some)} of {len(some)}"
            panel.semilogy(losses, ls=look.dashes, color=look.colour, lw=1.8, label=f"{cure} ({ended})")
            if some[0]["bad"] is not None:
                panel.plot(len(losses) - 1, losses[-1], "X", color=look.colour, ms=10, mec=INK)
        name_axes(panel, "training step", "" if panel is axes[1] else "loss, nats per token (log)", optimizer)
    return told(figure, "Loss curves in half precision; a cross marks NaN", tables.precision(recorded))


def draw_closed_book(recorded: Mapping) -> Figure:
    """(c): who is answered rightly, by the closed-book model before and after more training, and by the pipeline."""
    groups = {"known": "known people", "added": "added a minute ago", "edited": "after an edit"}
    more = f"closed book, {recorded['more_steps']} more steps on the news"
    systems = {
        "closed book": ("closed", "now"),
        more: ("closed", "after_more"),
        "modules with a memory": ("open", "now"),
    }
    bars = {name: [[run[system][when][group] for run in recorded["runs"]] for group in groups]
            for name, (system, when) in systems.items()}  # fmt: skip
    figure, (panel,) = page(8.6, 3.8)
    looks = [(SHADES[key], HATCHES[key]) for key in ("wrong", "abstained", "right")]
    bars_of_seeds(panel, list(groups.values()), bars, looks, edgecolor=INK, lw=0.6)
    for container in panel.containers:
        panel.bar_label(container, fmt=lambda share: f"{100 * share:.0f} %", padding=13, fontsize=9.5)
    percent_axis(panel.yaxis, 0, 1.12)
    name_axes(panel, "", "questions answered rightly")
    return told(legend_outside(figure, "upper", 3), "Right answers", tables.closed_book(recorded))


def draw_pretraining(recorded: Mapping) -> Figure:
    """(d): kinds found at equal steps, and at equal time, that of the pre-training included."""
    figure, (left, right) = page(9.8, 3.9, columns=2, sharey=True)
    for (way, runs), look in zip(grouped(recorded["runs"], "way").items(), LOOKS, strict=False):
        shares = [[point["met"] for point in run["points"]] for run in runs]
        steps, style = [point["step"] for point in runs[0]["points"]], {"color": look.colour, "ls": look.dashes}
        before = mean(one["seconds"] for one in recorded["encoders"]) if way in recorded["pretrained"] else 0.0
        seconds = np.mean([[point["seconds"] for point in run["points"]] for run in runs], axis=0) + before
        for panel, x in ((left, steps), (right, seconds)):
            panel.plot(x, np.mean(shares, axis=0), marker=look.mark, label=way, **style)
            panel.fill_between(x, np.min(shares, axis=0), np.max(shares, axis=0), color=look.colour, alpha=0.15, lw=0)
    left.set_xlim(0, recorded["steps"])
    name_axes(left, "step of the fine-tuning", "kinds found", "equal steps", legend=False)
    name_axes(right, "s of CPU time, the pre-training's included", "", "equal time", loc="lower right")
    for panel in (left, right):
        panel.axhline(1 / 3, color=GREY, ls=":", lw=1)  # what guessing is worth
    percent_axis(left.yaxis, 0)
    return told(figure, "Kinds of words found", tables.pretraining(recorded))
