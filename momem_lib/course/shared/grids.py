"""Tables drawn as squares: masks, attention weights, match lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from momem_lib.course.shared.figures import INK, PAPER, WEIGHTS, WIDE, label_of, name_axes, page

WHO, AT_WHOM = "query: this position looks ...", "key: ... at this position"


@dataclass
class Grid:
    """One table to draw as squares: dark is much, pale is nothing."""

    title: str
    table: object  # (rows, columns), bool or float: a tensor, an array or lists
    rows: Sequence[str] = ()  # a label for each row; none at all where there is no room
    columns: Sequence[str] = ()
    row_name: str = WHO
    column_name: str = AT_WHOM

    def told(self) -> str:
        """The table in words, for those who cannot see it: where each row has most.

        Example:
            >>> Grid("weights", [[0.9, 0.1], [0.5, 0.5]], "ab", "ab").told()
            'weights, 2 rows and 2 columns; most in row a: a; b: a, b.'
        """
        table = np.asarray(self.table, dtype=float)
        columns, rows = (
            names or range(n) for names, n in zip((self.columns, self.rows), table.shape[::-1], strict=True)
        )
        most = [
            f"{row}: " + ", ".join(str(column) for column, one in zip(columns, line, strict=True) if one == line.max())
            for row, line in zip(rows, table, strict=True)
        ]
        return f"{self.title}, {len(table)} rows and {table.shape[1]} columns; most in row {'; '.join(most)}."


def draw_grids(
    grids: Sequence[Grid],
    alt: str = "",
    height: float = 3.6,
    width: float = WIDE,
    per_row: int | None = None,
    numbers: str = "",
    top: float | None = 1.0,
    scale: str = "",
) -> Figure:
    """Draw tables as squares: masks, attention weights, match lengths.

    Args:
        alt: the picture in words; empty: as the grids tell it.
        numbers: how to write the number in each square, for instance ".2f"; empty: not at all.
        top: the number that is darkest; None: each panel's largest.
        scale: what the colours mean; empty: no scale is drawn.

    Example:
        >>> draw_grids([Grid("a mask", [[True, False], [True, True]], "ab", "ab")], "a mask").get_label()
        'a mask'
    """
    per_row = per_row or len(grids)
    alt = alt or " ".join(grid.told() for grid in grids)
    figure, panels = page(width, height, alt, per_row, -(-len(grids) // per_row))
    for spare in panels[len(grids) :]:
        spare.axis("off")
    for panel, grid in zip(panels, grids, strict=False):
        image = _draw_grid(panel, grid, numbers, top)
    if scale and grids:
        figure.colorbar(image, ax=panels, shrink=0.8, pad=0.02).set_label(scale, fontsize=9)
    return figure


def _draw_grid(panel: Axes, grid: Grid, numbers: str, top: float | None):
    """One table as squares; gives the image, whose scale may be drawn."""
    table = np.asarray(grid.table.detach() if isinstance(grid.table, Tensor) else grid.table, dtype=float)
    image = panel.imshow(table, cmap=WEIGHTS, vmin=0, vmax=top or max(table.max(), 1e-9), aspect="equal")
    name_axes(panel, grid.column_name, grid.row_name, grid.title)
    panel.spines[:].set_visible(True)
    panel.grid(visible=False)
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
    return image


def _label_axis(axis, labels: Sequence[str]) -> None:
    """Write a label at each square; long ones stand upright where there are many."""
    size = 9 if len(labels) <= 24 else 7 if len(labels) <= 60 else 5.5
    axis.set_ticks(range(len(labels)), [label_of(label) for label in labels], fontsize=size)
    if axis.axis_name == "x" and len(labels) > 8:
        for label, tick in zip(labels, axis.get_ticklabels(), strict=True):
            tick.set_rotation(90 if len(label) > 2 else 0)
