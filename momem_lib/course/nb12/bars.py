"""Pictures of notebook 12, second part: who is answered, which names are found, what size buys, ways to decode."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.nb12.plots import NAMES, draw_with_seeds, grouped
from momem_lib.course.shared.figures import INK, LOOKS, legend_outside, name_axes, page, percent_axis
from momem_lib.course.shared.plots_pipeline import HATCHES, SHADES


def in_words(names: Iterable[str], values: Iterable[float]) -> str:
    """Shares by name, for those who cannot see the picture.

    Example:
        >>> in_words(["a", "b"], [0.5, 1.0])
        'a 50%, b 100%'
    """
    return ", ".join(f"{name} {value:.0%}" for name, value in zip(names, values, strict=True))


def dot_seeds(panel: Axes, places: Sequence[float], shares: Sequence[Sequence[float]]) -> None:
    """A dot for each seed on bars that show their means, where there is more than one."""
    for place, own in zip(places, shares, strict=True):
        if len(own) > 1:
            panel.plot([place] * len(own), own, "o", ms=3.5, color=INK, mec="white", mew=0.5)


def draw_closed_book(recorded: Mapping) -> Figure:
    """(f): who is answered rightly, by the closed-book model before and after more training, and by the pipeline."""
    groups = {"known": "known people", "added": "added a minute ago", "edited": "after an edit"}
    runs = recorded["runs"]
    bars = {  # of each group, the shares of all seeds
        "closed book": [[run["closed"]["now"][group] for run in runs] for group in groups],
        f"closed book, {recorded['more_steps']} more steps on the news": [
            [run["closed"]["after_more"][group] for run in runs] for group in groups
        ],
        "modules with a memory": [[run["open"]["now"][group] for run in runs] for group in groups],
    }
    figure, (panel,) = page(8.6, 3.8)
    shades = (SHADES["wrong"], SHADES["abstained"], SHADES["right"])
    for number, ((name, shares), shade) in enumerate(zip(bars.items(), shades, strict=True)):
        places = [group + 0.27 * (number - 1) for group in range(len(groups))]
        hatch = list(HATCHES.values())[2 - number]
        panel.bar(places, list(map(mean, shares)), 0.25, color=shade, hatch=hatch, edgecolor=INK, lw=0.6, label=name)
        dot_seeds(panel, places, shares)
        for place, own in zip(places, shares, strict=True):
            panel.text(place, max(own) + 0.02, f"{mean(own):.0%}".replace("%", " %"), ha="center", fontsize=9.5)
    panel.set_xticks(range(len(groups)), list(groups.values()))
    percent_axis(panel.yaxis, 0)
    panel.set_ylim(0, 1.12)
    name_axes(panel, "", "questions answered rightly")
    legend_outside(figure, "upper", 3)
    words = [f"{name}: {in_words(groups, map(mean, shares))}" for name, shares in bars.items()]
    figure.set_label(f"Right answers. {'. '.join(words)}.")
    return figure


def draw_alphabets(recorded: Mapping) -> Figure:
    """(g): names found by script and by length, for each kind of tokens."""
    figure, (left, right) = page(10.4, 3.9, columns=2, width_ratios=(1.35, 1))
    kinds = grouped(recorded["runs"], "tokens")
    scripts, words = list(recorded["runs"][0]["script"]), []
    for number, (kind, runs) in enumerate(kinds.items()):
        shares = [[run["script"][script] for run in runs] for script in scripts]
        values = list(map(mean, shares))
        places = [place + 0.21 * (number - 1.5) for place in range(len(scripts))]
        look = LOOKS[number]
        left.bar(places, values, 0.2, color=look.colour, hatch=look.hatch, edgecolor="white", lw=0.4, label=kind)
        dot_seeds(left, places, shares)
        rows = [list(run["length"].values()) for run in runs]
        draw_with_seeds(right, [str(length) for length in recorded["lengths"]], rows, kind, number)
        words.append(f"{kind}: {in_words(scripts, values)}")
    left.set_xticks(range(len(scripts)), scripts, fontsize=9.5, rotation=20)
    for panel in (left, right):
        percent_axis(panel.yaxis, 0)
    name_axes(left, "", "unseen names found", "by script")
    name_axes(right, "letters in the name", "", "by length (English letters)")
    legend_outside(figure, "upper", 4)
    figure.set_label(f"Names found by script. {'. '.join(words)}.")
    return figure


def draw_scaling(recorded: Mapping) -> Figure:
    """(i): exact match against records, and against parameters, a band from the worst seed to the best."""
    figure, (left, right) = page(9.8, 3.8, columns=2, sharey=True)
    widest, most = max(recorded["widths"]), max(recorded["records"])
    runs, words = recorded["runs"], []
    by_records = grouped([run for run in runs if run["width"] == widest], "records")
    by_width = grouped([run for run in runs if run["records"] == most], "width")
    for number, (key, name) in enumerate({"exact": "unseen names", "exact_known": "names it was trained on"}.items()):
        for panel, groups, x in ((left, by_records, "records"), (right, by_width, "parameters")):
            groups = dict(sorted(groups.items()))
            rows = list(zip(*([run[key] for run in some] for some in groups.values()), strict=True))
            places = [some[0][x] for some in groups.values()]
            draw_with_seeds(panel, places, rows, name, number)
            panel.set_xscale("log")
            panel.set_xticks(places, [f"{place:,}" for place in places], fontsize=9.5)
            panel.minorticks_off()
            shares = [mean(column) for column in zip(*rows, strict=True)]
            words.append(f"{name} by {x} {places}: {', '.join(f'{share:.0%}' for share in shares)}")
    name_axes(left, "records to learn from (log)", "names found", f"{recorded['steps']} steps, width {widest}")
    name_axes(right, "parameters (log)", "", f"{most:,} records")
    percent_axis(left.yaxis, -0.03)
    left.legend(frameon=False, fontsize=9.5, loc="lower right")
    figure.set_label(f"Names found. {'. '.join(words)}.")
    return figure


def draw_decoding(recorded: Mapping) -> Figure:
    """(j): right, other and made up for each module and each way of decoding."""
    figure, axes = page(10.4, 3.4, columns=3, sharex=True)
    shades = {"right": SHADES["right"], "other": SHADES["abstained"], "made up": SHADES["wrong"]}
    words = []
    for panel, (task, runs) in zip(axes, grouped(recorded["runs"], "module").items(), strict=True):
        ways = grouped(runs, "way")
        left = [0.0] * len(ways)
        for number, (verdict, shade) in enumerate(shades.items()):
            values = [mean(run["all"][verdict] for run in some) for some in ways.values()]
            hatch = ("", "..", "//")[number]
            panel.barh(
                list(ways), values, 0.65, left, color=shade, hatch=hatch, edgecolor="white", lw=0.4, label=verdict
            )
            left = [start + value for start, value in zip(left, values, strict=True)]
            words.append(f"{NAMES[task]} {verdict}: {in_words(ways, values)}")
        panel.invert_yaxis()
        panel.set_xlim(0, 1)
        percent_axis(panel.xaxis)
        panel.tick_params(axis="y", labelsize=9)
        name_axes(panel, "share of the questions", "", NAMES[task])
    legend_outside(figure, "upper", 3)
    figure.set_label(f"Outcomes by decoding. {'. '.join(words)}.")
    return figure
