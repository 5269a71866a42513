"""Charts: curves, and standing, lying and stacked bars, each kind drawn by one function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy import ndarray

from momem_lib.course.shared.figures import (
    BLUE,
    GREY,
    INK,
    LOOKS,
    ORANGE,
    PAPER,
    SIZE,
    WIDE,
    drawable,
    label_of,
    lines,
    name_axes,
    page,
    percent_axis,
)
from momem_lib.project import InputError


@dataclass
class Chart:
    """One panel of curves (or bars, where x holds names)."""

    title: str
    x: Sequence | None  # None: curves over 1, 2, 3 ..., or over their own places where their values are pairs
    series: Mapping[str, Sequence]
    x_name: str
    y_name: str
    log: str = ""  # which axes are logarithmic: "", "x", "y" or "xy"
    top: float | None = None  # the end of the y axis
    bottom: float | None = 0  # where it begins, unless it is logarithmic; None: wherever the curves do
    levels: Mapping[str, float] = field(default_factory=dict)  # dotted lines, named beside the panel
    marked: str | None = None  # the bar that stands out
    dots: bool = False  # points without a line, where values jump to and fro

    @property
    def is_bars(self) -> bool:
        """Whether x holds names."""
        return self.x is not None and isinstance(self.x[0], str)

    def told(self) -> str:
        """The chart in words, for those who cannot see it: where each curve begins and ends, how long each bar is.

        Example:
            >>> Chart("", None, {"a": [(1, 2.5), (9, 0.5)]}, "step", "loss", levels={"floor": 0.1}).told()
            'loss against step: a from 2.5 to 0.5. Levels: floor 0.1.'
        """
        words = []
        for name, values in self.series.items():
            heights = np.array(values, dtype=float)
            heights = heights[:, 1] if heights.ndim == 2 else heights
            if self.is_bars:
                words.append(name + ", ".join(f" {x} {y:.3g}" for x, y in zip(self.x, heights, strict=True)))
            else:
                words.append(f"{name} from {heights[0]:.3g} to {heights[-1]:.3g}")
        begin = f"{self.title}: {self.y_name}" if self.title else self.y_name
        levels = ", ".join(f"{name} {level:.3g}" for name, level in self.levels.items())
        return f"{begin} against {self.x_name}: {'; '.join(words)}." + (f" Levels: {levels}." if levels else "")


def draw_charts(
    charts: Sequence[Chart], alt: str = "", height: float = 3.3, width: float = WIDE, per_row: int = 0, **grid
) -> Figure:
    """Draw curves over numbers, or bars over names, one panel for each chart.

    Args:
        alt: the picture in words; empty: as the charts tell it. per_row: panels side by side; 0: all of them.
        grid: as in matplotlib's Figure.subplots: sharex, sharey, width_ratios.

    Raises:
        InputError: more series in one panel than there are line styles.

    Example:
        >>> draw_charts([Chart("one", [1, 2], {"a": [3, 4]}, "x (steps)", "y (nats)")], "a curve").get_label()
        'a curve'
    """
    per_row = per_row or len(charts)
    alt = alt or " ".join(chart.told() for chart in charts)
    figure, panels = page(width, height, alt, per_row, -(-len(charts) // per_row), **grid)
    for spare in panels[len(charts) :]:
        spare.axis("off")
    for place, (panel, chart) in enumerate(zip(panels, charts, strict=False)):
        if len(chart.series) > len(LOOKS):
            raise InputError(f"{len(chart.series)} series in {chart.title!r}; at most {len(LOOKS)} can be told apart")
        (_draw_bars if chart.is_bars else _draw_curves)(panel, chart)
        beside = charts[place + 1 : place + 2] if (place + 1) % per_row else []
        _draw_levels(panel, chart.levels, named=not any(other.levels == chart.levels for other in beside))
        panel.set_ylim(None if "y" in chart.log else chart.bottom, chart.top)
        new = len(chart.series) > 1 and (place == 0 or list(chart.series) != list(charts[place - 1].series))
        name_axes(panel, chart.x_name, chart.y_name, chart.title, legend=new)
        if "sharex" in grid and "sharey" in grid:
            panel.label_outer()
    return figure


def plot_losses(history: list[dict]) -> Figure:
    """The loss on the training text and on the validation text, over the steps of a run.

    Args:
        history: rows of lm.training.train, each with step and loss, some with validation_loss and bits_per_byte.

    Example:
        >>> plot_losses([{"step": 1, "loss": 5.5}, {"step": 2, "loss": 5.0, "validation_loss": 5.1}]).get_label()[:24]
        'The loss over 2 steps: o'
    """
    measured = [row for row in history if "validation_loss" in row]
    alt = f"The loss over {history[-1]['step']:,} steps: on the training text it ends at {history[-1]['loss']:.2f}"
    alt += f", on the validation text at {measured[-1]['validation_loss']:.2f} nats per token." if measured else "."
    series = {"training": [(row["step"], row["loss"]) for row in history]}
    if measured:
        series["validation (averaged weights)"] = [(row["step"], row["validation_loss"]) for row in measured]
    levels = {"lowest": min(row["validation_loss"] for row in measured)} if measured else {}
    chart = Chart("", None, series, "step", "loss (nats per token)", bottom=None, levels=levels)
    return draw_charts([chart], alt, 4, 7.5)


def _draw_curves(panel: Axes, chart: Chart) -> None:
    lines(panel, chart.series, chart.x, **({"ls": "", "marker": "."} if chart.dots else {}))
    if "x" in chart.log:
        whole = all(float(x).is_integer() for x in chart.x)  # then each has a tick of its own
        panel.set_xscale("log", base=2 if whole else 10)
        if whole:
            panel.set_xticks(list(chart.x), [f"{x:,.0f}" for x in chart.x], minor=False)
    if "y" in chart.log:
        panel.set_yscale("log")


def _draw_bars(panel: Axes, chart: Chart) -> None:
    wide = 0.8 / len(chart.series)
    for number, ((name, values), look) in enumerate(zip(chart.series.items(), LOOKS, strict=False)):
        places = np.arange(len(chart.x)) + (number - (len(chart.series) - 1) / 2) * wide
        colours = [ORANGE if x == chart.marked else look.colour for x in chart.x]
        panel.bar(places, values, wide, label=name, color=colours, hatch=look.hatch, edgecolor=PAPER)
    panel.set_xticks(range(len(chart.x)), [label_of(name) for name in chart.x])
    panel.grid(axis="x", visible=False)
    if chart.bottom is None:
        panel.axhline(0, color=INK, lw=0.8)


def _draw_levels(panel: Axes, levels: Mapping[str, float], named: bool) -> None:
    """Dotted lines at some heights, named beside the panel, where no curve runs over the words."""
    for name, level in levels.items():
        panel.axhline(level, color=GREY, lw=1, ls=(0, (1, 2)))
        if named:
            style = {"fontsize": SIZE - 1, "color": GREY, "va": "center", "textcoords": "offset points"}
            panel.annotate(name, (1, level), (5, 0), xycoords=panel.get_yaxis_transform(), **style)


def percent(share: float) -> str:
    """A share as whole percent.

    Example:
        >>> percent(0.254), percent(0.001), percent(0)
        ('25%', '<1%', '0%')
    """
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def lying_bars(panel: Axes, values: Mapping[str, float], colours: Sequence[str] = (BLUE,), words=percent) -> None:
    """Draw numbers as lying bars, each with its number in words, the first one on top.

    Args:
        colours: of the bars in turn. words: from a number to what stands beside its bar; percent for shares.
    """
    places, longest = range(len(values)), max(values.values())
    panel.barh(places, list(values.values()), 0.62, color=[colours[n % len(colours)] for n in places])
    for place, value in enumerate(values.values()):
        panel.annotate(words(value), (value, place), (4, 0), textcoords="offset points", va="center", fontsize=SIZE - 1)
    panel.set_yticks(places, [drawable(name) for name in values], parse_math=False)
    panel.set(xlim=(0, 1.15 * (longest or 1)), ylim=(len(values) - 0.4, -0.6))
    panel.grid(axis="y", visible=False)
    if words is percent:
        panel.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))  # else 2.5 % would be called 2 %
        percent_axis(panel.xaxis)


def stacked_bars(panel: Axes, rows: Mapping[str, Mapping[str, float]], looks: Mapping[str, tuple[str, str]]) -> None:
    """Draw what each row is made of as one lying bar, cut into parts; the first row on top, an axis in percent.

    Args:
        rows: name -> part -> its share from 0 to 1. looks: part -> its colour and its hatch, in the order of the parts.
    """
    left = np.zeros(len(rows))
    for part, (colour, hatch) in looks.items():
        wide = np.array([row.get(part, 0.0) for row in rows.values()])
        panel.barh(list(rows), wide, 0.66, left, color=colour, hatch=hatch, ec=PAPER, lw=0.6, label=part)
        left += wide
    panel.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    panel.grid(axis="y", visible=False)
    percent_axis(panel.xaxis)


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


def capped(losses: Sequence[float], highest: float) -> ndarray:
    """A loss curve that can be drawn: what exploded, even to NaN, stays at the upper edge.

    Example:
        >>> capped([3.0, 1e9, float("nan")], highest=9.0).tolist()
        [3.0, 9.0, 9.0]
    """
    return np.minimum(np.nan_to_num(losses, nan=highest), highest)
