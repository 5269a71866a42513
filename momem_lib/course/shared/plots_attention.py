"""Pictures of attention: masks and weights as grids, curves, and bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from momem_lib.course.shared.figures import INK, PAPER, drawable
from momem_lib.project import InputError

BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"  # Okabe and Ito
SERIES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PINK, ":", "D"))  # told apart without colour too
HATCHES = ("", "//", "..", "xx")
PALE = LinearSegmentedColormap.from_list("pale to blue", ["#F4F6F8", "#56B4E9", "#00395C"])
WIDE = 10.4  # inches: as wide as a notebook's page
LOOKS, LOOKED_AT = "query: this position looks ...", "key: ... at this position"


@dataclass
class Grid:
    """One table to draw as squares: dark is much, pale is nothing."""

    title: str
    table: object  # (rows, columns), bool or float: a tensor, an array or lists
    rows: Sequence[str] = ()  # a label for each row; none at all where there is no room
    columns: Sequence[str] = ()
    row_name: str = LOOKS
    column_name: str = LOOKED_AT


@dataclass
class Chart:
    """One panel of curves (or bars, where x holds names)."""

    title: str
    x: Sequence
    series: Mapping[str, Sequence[float]]
    x_name: str
    y_name: str
    log: str = ""  # which axes are logarithmic: "", "x", "y" or "xy"
    top: float | None = None  # the end of the y axis
    bottom: float | None = 0  # where it begins, unless it is logarithmic; None: wherever the curves do


def sheet(
    count: int, alt: str, height: float, width: float = WIDE, per_row: int | None = None
) -> tuple[Figure, list[Axes]]:
    """A light page with panels side by side, its label the text for those who cannot see it."""
    per_row = per_row or count
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt, layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    panels = figure.subplots(-(-count // per_row), per_row, squeeze=False).ravel().tolist()
    for spare in panels[count:]:
        spare.axis("off")
    return figure, panels[:count]


def label_of(text: str) -> str:
    """A token's label on an axis: a space made visible, no formulas, and a box for what the font lacks."""
    return drawable({" ": "␣", "\n": "↵"}.get(text, text)).replace("$", r"\$")


def draw_grids(
    grids: Sequence[Grid],
    alt: str,
    height: float = 3.6,
    width: float = WIDE,
    per_row: int | None = None,
    numbers: str = "",
    top: float | None = 1.0,
    scale: str = "",
) -> Figure:
    """Draw tables as squares: masks, attention weights, match lengths.

    Args:
        numbers: how to write the number in each square, for instance ".2f"; empty: not at all.
        top: the number that is darkest; None: each panel's largest.
        scale: what the colours mean; empty: no scale is drawn.

    Example:
        >>> draw_grids([Grid("a mask", [[True, False], [True, True]], "ab", "ab")], "a mask").get_label()
        'a mask'
    """
    figure, panels = sheet(len(grids), alt, height, width, per_row)
    image = None
    for panel, grid in zip(panels, grids, strict=True):
        table = np.asarray(grid.table.detach() if isinstance(grid.table, Tensor) else grid.table, dtype=float)
        image = panel.imshow(table, cmap=PALE, vmin=0, vmax=top or max(table.max(), 1e-9), aspect="equal")
        panel.set_title(grid.title, fontsize=10, color=INK)
        panel.set_xlabel(grid.column_name, fontsize=9)
        panel.set_ylabel(grid.row_name, fontsize=9)
        _label_axis(panel.xaxis, grid.columns)
        _label_axis(panel.yaxis, grid.rows)
        panel.set_xticks(np.arange(-0.5, table.shape[1]), minor=True)
        panel.set_yticks(np.arange(-0.5, table.shape[0]), minor=True)
        if table.size <= 900:
            panel.grid(which="minor", color=PAPER, lw=1 if table.size < 300 else 0.4)
        panel.tick_params(which="both", length=0)
        for (row, column), value in np.ndenumerate(table):
            if numbers and (value > 1e-6 or numbers.endswith(".0f")):  # a weight of 0 is a forbidden one
                ink = PAPER if value > 0.6 * image.norm.vmax else INK
                panel.text(column, row, f"{value:{numbers}}", ha="center", va="center", fontsize=8, color=ink)
    if scale and image is not None:
        bar = figure.colorbar(image, ax=panels, shrink=0.8, pad=0.02)
        bar.set_label(scale, fontsize=9)
    return figure


def _label_axis(axis, labels: Sequence[str]) -> None:
    """Write a label at each square; long ones stand upright where there are many."""
    size = 9 if len(labels) <= 24 else 7 if len(labels) <= 60 else 5.5
    axis.set_ticks(range(len(labels)), [label_of(label) for label in labels], fontsize=size)
    if axis.axis_name == "x" and len(labels) > 8:
        for label, tick in zip(labels, axis.get_ticklabels(), strict=True):
            tick.set_rotation(90 if len(label) > 2 else 0)


def draw_charts(charts: Sequence[Chart], alt: str, height: float = 3.3, width: float = WIDE) -> Figure:
    """Draw curves over numbers, or bars over names, one panel for each chart.

    Raises:
        InputError: more series in one panel than there are line styles.

    Example:
        >>> draw_charts([Chart("one", [1, 2], {"a": [3, 4]}, "x (steps)", "y (nats)")], "a curve").get_label()
        'a curve'
    """
    figure, panels = sheet(len(charts), alt, height, width)
    for panel, chart in zip(panels, charts, strict=True):
        if len(chart.series) > len(SERIES):
            raise InputError(f"{len(chart.series)} series in {chart.title!r}; at most {len(SERIES)} can be told apart")
        bars = isinstance(chart.x[0], str)
        (_draw_bars if bars else _draw_curves)(panel, chart)
        panel.set_title(chart.title, fontsize=10, color=INK)
        panel.set_xlabel(chart.x_name, fontsize=9)
        panel.set_ylabel(chart.y_name, fontsize=9)
        panel.set_ylim(None if "y" in chart.log else chart.bottom, chart.top)
        panel.grid(axis="y" if bars else "both", color="#E3E3E3", lw=0.7)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8.5)
        if len(chart.series) > 1:
            panel.legend(fontsize=8.5, facecolor=PAPER, edgecolor="none", framealpha=0.85)
    return figure


def one_legend(figure: Figure) -> Figure:
    """Put the legend of the first panel above all of them, where it covers nothing; the others have the same names."""
    lines = figure.axes[0].get_legend_handles_labels()
    for panel in figure.axes:
        if panel.get_legend() is not None:
            panel.get_legend().remove()
    figure.legend(*lines, loc="outside upper center", ncols=4, fontsize=9, frameon=False)
    return figure


def _draw_curves(panel: Axes, chart: Chart) -> None:
    few = len(chart.x) <= 20
    for (name, values), (colour, line, marker) in zip(chart.series.items(), SERIES, strict=False):
        panel.plot(chart.x, values, line, color=colour, marker=marker if few else None, ms=4.5, lw=1.8, label=name)
    if "x" in chart.log:
        panel.set_xscale("log", base=2)
        panel.set_xticks(list(chart.x), [f"{x:g}" for x in chart.x], minor=False)
    if "y" in chart.log:
        panel.set_yscale("log")


def _draw_bars(panel: Axes, chart: Chart) -> None:
    wide = 0.8 / len(chart.series)
    for number, (name, values) in enumerate(chart.series.items()):
        places = np.arange(len(chart.x)) + (number - (len(chart.series) - 1) / 2) * wide
        style = {"color": SERIES[number][0], "hatch": HATCHES[number], "edgecolor": PAPER}
        panel.bar(places, values, wide, label=name, **style)
    panel.set_xticks(range(len(chart.x)), [label_of(name) for name in chart.x])
