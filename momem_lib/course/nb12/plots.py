"""Pictures of notebook 12, one for each experiment, drawn from its recorded results; bars in plots_laboratory_bars."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.shared.figures import GREY, INK, LOOKS, legend_outside, name_axes, page, percent_axis
from momem_lib.course.shared.plots_training import readable, smooth

NAMES = {"ner": "Module 0", "summary": "Module 2", "response": "Module 3"}


def style_of(number: int) -> dict:
    """Colour, dashes and mark of the n-th line: nobody needs to tell colours apart."""
    look = LOOKS[number % len(LOOKS)]
    return {"color": look.colour, "ls": look.dashes, "marker": look.mark, "lw": 2, "ms": 5}


def grouped(runs: Sequence[Mapping], key: str) -> dict[str, list[Mapping]]:
    """Runs by one of their facts, in the order in which it first comes.

    Example:
        >>> grouped([{"way": "a", "n": 1}, {"way": "b", "n": 2}, {"way": "a", "n": 3}], "way")["a"]
        [{'way': 'a', 'n': 1}, {'way': 'a', 'n': 3}]
    """
    groups = defaultdict(list)
    for run in runs:
        groups[run[key]].append(run)
    return dict(groups)


def draw_with_seeds(axes: Axes, x: Sequence, rows: Sequence[Sequence[float]], name: str, number: int) -> None:
    """The mean over the seeds as a line, and the least and the most as a band."""
    columns = list(zip(*rows, strict=True))
    axes.plot(x, [mean(column) for column in columns], label=name, **style_of(number))
    if len(rows) > 1:
        low, high = [min(column) for column in columns], [max(column) for column in columns]
        axes.fill_between(x, low, high, color=style_of(number)["color"], alpha=0.15, lw=0)


def draw_hallucinations(recorded: Mapping) -> Figure:
    """(a): what each module makes up at each temperature; shipped modules above, small twins below."""
    temperatures = recorded["temperatures"]
    alt = "Share of outputs that are made up, against temperature. "
    figure, axes = page(10.4, 5.8, alt, 3, 2, sharex=True, sharey=True)
    words = []
    for place, (task, name) in enumerate(NAMES.items()):
        lines = {"shipped, gate off": [row["off"]["made up"] for row in recorded["shipped"][task]],
                 "shipped, gate on": [row["on"]["made up"] for row in recorded["shipped"][task]]}  # fmt: skip
        small = {f"{head}, gate {gates}": [row[gates]["made up"] for row in rows]
                 for head, rows in recorded["small"][task].items() for gates in ("off", "on")}  # fmt: skip
        for panel, curves in ((axes[place], lines), (axes[place + 3], small)):
            for number, (key, values) in enumerate(curves.items()):
                panel.plot(temperatures, values, label=key, clip_on=False, **style_of(number))
                words.append(f"{name}, {key}: {', '.join(f'{value:.0%}' for value in values)}")
            percent_axis(panel.yaxis, -0.03)
        name_axes(axes[place], "", "made up, of all outputs" if not place else "", name)
        name_axes(axes[place + 3], "temperature", "made up, of all outputs" if not place else "")
    for row, title in ((0, "shipped modules (with copy head)"), (3, "small twins, trained alike")):
        axes[row].legend(fontsize=8.5, frameon=False, title=title, title_fontsize=8.5, loc="center left")
    figure.set_label(f"{alt}Temperatures {temperatures}. {'. '.join(words)}.")
    return figure


def draw_masks(recorded: Mapping) -> Figure:
    """(b): losses in training, and names found against the padding at inference, for both masks."""
    names = {"Transformer": "right mask", "PadToPad": "pad-to-pad mask"}
    figure, (left, right) = page(9.6, 3.9, columns=2, width_ratios=(1, 1.15))
    words, lengths = [], recorded["lengths"]
    for number, (kind, runs) in enumerate(grouped(recorded["runs"], "mask").items()):
        steps = range(1, len(runs[0]["losses"]) + 1)
        colour, dashes, *_ = LOOKS[number]
        curve = [mean(column) for column in zip(*(smooth(run["losses"]) for run in runs), strict=True)]
        left.semilogy(steps, curve, ls=dashes, color=colour, lw=2, label=names[kind])
        draw_with_seeds(right, range(len(lengths)), [run["exact"] for run in runs], names[kind], number)
        shares = [mean(column) for column in zip(*(run["exact"] for run in runs), strict=True)]
        words.append(f"{names[kind]}: last loss {curve[-1]:.3f}; found {', '.join(f'{share:.0%}' for share in shares)}")
    right.set_xticks(range(len(lengths)), [str(length or "none") for length in lengths])
    if recorded["padded"] in lengths:
        right.axvline(lengths.index(recorded["padded"]), color=GREY, ls=":", lw=1)
        right.text(lengths.index(recorded["padded"]) + 0.06, 0.03, "as in training", color=GREY, fontsize=9)
    name_axes(left, "training step", "loss, nats per token (log)", "training")
    name_axes(right, "questions padded to so many tokens", "unseen names found", "inference")
    percent_axis(right.yaxis, -0.03)
    left.legend(frameon=False, fontsize=10)
    figure.set_label(f"Two masks. Padded to {lengths}. {'. '.join(words)}.")
    return figure


def draw_precision(recorded: Mapping) -> Figure:
    """(c): the loss of each recipe up to the step at which it is no number any more, for the first seed."""
    optimizers = grouped(recorded["runs"], "optimizer")
    figure, axes = page(5 * len(optimizers), 4.2, columns=len(optimizers), sharey=True)
    words = []
    for panel, (optimizer, runs) in zip(axes, optimizers.items(), strict=True):
        for number, (cure, some) in enumerate(grouped(runs, "cure").items()):
            draw_until_bad(panel, some[0]["losses"], some[0]["bad"], f"{cure}{ends(some)}", number)
            words.append(f"{optimizer}, {cure}{ends(some)}, loss at the end {some[0]['losses'][-1]:.2f}")
        panel.set_yscale("log")
        name_axes(panel, "training step", "loss, nats per token (log)" if panel is axes[0] else "", optimizer)
        panel.legend(frameon=False, fontsize=8.5)
    figure.set_label(f"Loss curves in half precision; a cross marks NaN. {'. '.join(words)}.")
    return figure


def ends(runs: Sequence[Mapping]) -> str:
    """How many seeds ended in NaN, in words.

    Example:
        >>> ends([{"bad": 3}, {"bad": None}])
        ' (NaN: 1 of 2)'
    """
    return f" (NaN: {sum(run['bad'] is not None for run in runs)} of {len(runs)})"


def draw_until_bad(panel: Axes, losses: Sequence[float], bad: int | None, name: str, number: int) -> None:
    """A loss curve that ends in a cross where the loss or its gradient is no finite number."""
    losses = readable(losses, highest=1e4)
    colour, dashes, *_ = LOOKS[number % len(LOOKS)]
    panel.plot(range(len(losses)), losses, ls=dashes, color=colour, lw=1.8, label=name)
    if bad is not None:
        panel.plot(len(losses) - 1, losses[-1], "X", color=colour, ms=10, mec=INK)


def draw_race(recorded: Mapping, what: str) -> Figure:
    """(d), (e): exact match while training from each start, and the steps to the mark, one dot a seed."""
    starts = grouped(recorded["runs"], "start")
    figure, (left, right) = page(10.2, 3.9, columns=2, width_ratios=(1, 1.1))
    words = []
    for number, (start, runs) in enumerate(starts.items()):
        for index, run in enumerate(runs):
            x, y = [p["step"] for p in run["points"]], [p["exact"] for p in run["points"]]
            left.plot(x, y, **(style_of(number) | {"lw": 1.3, "ms": 3}), label=None if index else start)
        never = recorded["steps"] * 1.12
        reached = [run["reached"] or never for run in runs]
        dots = {"color": LOOKS[number].colour, "marker": LOOKS[number].mark, "ls": "", "ms": 9, "alpha": 0.8}
        right.plot(reached, [number] * len(reached), **dots)
        words.append(f"{start}: {', '.join(str(run['reached'] or 'never') for run in runs)}")
    left.axhline(recorded["mark"], color=GREY, ls=":", lw=1)
    percent_axis(left.yaxis, -0.03)
    legend_outside(figure, "upper", 2)
    name_axes(left, "training step", f"{what} exactly right (unseen)", "on the way")
    right.axvline(recorded["steps"] * 1.06, color=GREY, ls=":", lw=1)
    right.text(recorded["steps"] * 1.075, -0.45, "never", ha="left", fontsize=9.5, color=INK)
    right.set_yticks(range(len(starts)), list(starts), fontsize=9.5)
    right.set(ylim=(len(starts) - 0.5, -0.7), xlim=(0, recorded["steps"] * 1.2))
    name_axes(right, f"steps to {recorded['mark']:.0%} (one mark per seed)".replace("%", " %"), "", "at the mark")
    figure.set_label(f"Steps to {recorded['mark']:.0%} exact match. {'; '.join(words)}.")
    return figure


def draw_targets(recorded: Mapping) -> Figure:
    """(h): exact match while training in three ways, and the fate of each letter of a name."""
    figure, (left, right) = page(10.2, 3.9, columns=2)
    words = []
    for number, (way, runs) in enumerate(grouped(recorded["runs"], "way").items()):
        steps = [point["step"] for point in runs[0]["points"]]
        rows = [[point["exact"] for point in run["points"]] for run in runs]
        draw_with_seeds(left, steps, rows, way, number)
        words.append(f"{way}: {mean(row[-1] for row in rows):.0%} at the end")
    for number, (key, name) in enumerate(
        {"teacher": "reads the right letters", "own": "reads its own letters"}.items()
    ):
        rows = [fate[key] for fate in recorded["fates"]]
        draw_with_seeds(right, range(1, len(rows[0]) + 1), rows, name, number)
        words.append(f"{name}: " + ", ".join(f"{mean(c):.0%}" for c in zip(*rows, strict=True)))
    for panel in (left, right):
        percent_axis(panel.yaxis, -0.03)
        panel.legend(frameon=False, fontsize=9.5, loc="lower right" if panel is left else "lower left")
    name_axes(left, "training step", "unseen names found", "trained in three ways")
    name_axes(right, "place in the name", "right tokens at this place", f"stopped after {recorded['early']} steps")
    figure.set_label(f"Ways to train Module 0. {'. '.join(words)}.")
    return figure
