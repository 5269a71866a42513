"""Pictures of notebook 12, one for each experiment, drawn from its recorded results; in words they say its table."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.nb11.plots import HATCHES, SHADES
from momem_lib.course.nb12 import tables
from momem_lib.course.nb12.tables import MASKS, MODULES, grouped, in_words
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


def draw_hallucinations(recorded: Mapping) -> Figure:
    """(a): what each module makes up at each temperature; shipped modules above, small twins below."""
    figure, axes = page(10.4, 5.8, "", 3, 2, sharex=True, sharey=True)
    for place, (task, name) in enumerate(MODULES.items()):
        for below, heads in enumerate(({"shipped": recorded["shipped"][task]}, recorded["small"][task])):
            panel = axes[place + 3 * below]
            curves = {f"{head}, gate {gate}": [row[gate]["made up"] for row in rows]
                      for head, rows in heads.items() for gate in ("off", "on")}  # fmt: skip
            lines(panel, curves, recorded["temperatures"], clip_on=False)
            percent_axis(panel.yaxis, -0.03)
            words = "temperature" if below else "", "" if place else "made up, of all outputs", "" if below else name
            name_axes(panel, *words, legend=False)
    for row, title in ((0, "shipped modules (with copy head)"), (3, "small twins, trained alike")):
        axes[row].legend(fontsize=8.5, frameon=False, title=title, title_fontsize=8.5, loc="center left")
    return told(figure, "The share of outputs that are made up", tables.made_up(recorded))


def draw_masks(recorded: Mapping) -> Figure:
    """(b): losses in training, and names found against the padding at inference, for both masks."""
    figure, (left, right) = page(9.6, 3.9, columns=2, width_ratios=(1, 1.15))
    runs, lengths = grouped(recorded["runs"], "mask"), recorded["lengths"]
    lines(left, {MASKS[kind]: np.mean([smooth(run["losses"]) for run in some], axis=0) for kind, some in runs.items()})
    left.set_yscale("log")
    found = {MASKS[kind]: [run["exact"] for run in some] for kind, some in runs.items()}
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
    """(c): the loss of each recipe, for the first seed; a cross where it, or its gradient, is no number any more."""
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
    """(d): who is answered rightly, by the closed-book model before and after more training, and by the pipeline."""
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


def draw_alphabets(recorded: Mapping) -> Figure:
    """(e): names found by script and by length, for each kind of tokens."""
    figure, (left, right) = page(10.4, 3.9, columns=2, width_ratios=(1.35, 1))
    kinds, scripts = grouped(recorded["runs"], "tokens"), list(recorded["runs"][0]["script"])
    bars = {kind: [[run["script"][script] for run in runs] for script in scripts] for kind, runs in kinds.items()}
    bars_of_seeds(left, scripts, bars, [(look.colour, look.hatch) for look in LOOKS], edgecolor="white", lw=0.4)
    left.tick_params(axis="x", rotation=20)
    found = {kind: [list(run["length"].values()) for run in runs] for kind, runs in kinds.items()}
    lines_of_seeds(right, [str(length) for length in recorded["lengths"]], found)
    for panel in (left, right):
        percent_axis(panel.yaxis, 0)
    name_axes(left, "", "unseen names found", "by script")
    name_axes(right, "letters in the name", "", "by length (English letters)")
    return told(legend_outside(figure, "upper", 4), "Names found", tables.alphabets(recorded))


def draw_targets(recorded: Mapping) -> Figure:
    """(f): exact match while training in three ways, and the fate of each letter of a name."""
    figure, (left, right) = page(10.2, 3.9, columns=2)
    ways, fates = grouped(recorded["runs"], "way"), recorded["fates"]
    shares = {way: [[point["exact"] for point in run["points"]] for run in runs] for way, runs in ways.items()}
    lines_of_seeds(left, [point["step"] for point in recorded["runs"][0]["points"]], shares)
    letters = {"reads the right letters": "teacher", "reads its own letters": "own"}
    kept = {name: [fate[key] for fate in fates] for name, key in letters.items()}
    lines_of_seeds(right, range(1, len(fates[0]["own"]) + 1), kept)
    for panel in (left, right):
        percent_axis(panel.yaxis, -0.03)
    name_axes(left, "training step", "unseen names found", "trained in three ways", loc="lower right")
    title = f"stopped after {recorded['early']} steps"
    name_axes(right, "place in the name", "right tokens at this place", title, loc="lower left")
    return told(figure, "Three ways to train Module 0", tables.targets(recorded))


def draw_scaling(recorded: Mapping) -> Figure:
    """(g): exact match against records, and against parameters, a band from the worst seed to the best."""
    figure, (left, right) = page(9.8, 3.8, columns=2, sharey=True)
    widest, most = max(recorded["widths"]), max(recorded["records"])
    names = {"unseen names": "exact", "names it was trained on": "exact_known"}
    for panel, x, fixed in ((left, "records", {"width": widest}), (right, "parameters", {"records": most})):
        runs = sorted((run for run in recorded["runs"] if fixed.items() <= run.items()), key=lambda run: run[x])
        groups = grouped(runs, x)
        curves = {name: list(zip(*([run[key] for run in some] for some in groups.values()), strict=True))
                  for name, key in names.items()}  # fmt: skip
        lines_of_seeds(panel, list(groups), curves)
        panel.set_xscale("log")
        panel.set_xticks(list(groups), [f"{place:,}" for place in groups], fontsize=9.5)
        panel.minorticks_off()
    title = f"{recorded['steps']} steps, width {widest}"
    name_axes(left, "records to learn from (log)", "names found", title, loc="lower right")
    name_axes(right, "parameters (log)", "", f"{most:,} records", legend=False)
    percent_axis(left.yaxis, -0.03)
    return told(figure, "Names found", tables.scaling(recorded))
