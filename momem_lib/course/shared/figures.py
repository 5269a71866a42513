"""What every picture is drawn with, and how it is shown and saved."""

import io
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import PercentFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from momem_lib.project import FIGURES, RUNS

DPI = 160  # dots per inch; notebooks show half of that, so that text stays sharp
WIDE = 10.2  # inches: as wide as a notebook's page
SIZE = 10.5  # points: still legible at half size
SANS, MONO = "DejaVu Sans", "DejaVu Sans Mono"
PAPER, INK, GREY, PALE = "#FFFFFF", "#1A1A1A", "#595959", "#B5B5B5"  # a light ground of our own: pages may be dark
# Okabe and Ito's colours, told apart by colour-blind readers too, and grounds of the same hues that ink is read on.
BLUE, RED, GREEN, PINK, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
GROUNDS = {BLUE: "#DCEBF5", RED: "#FBE6D9", GREEN: "#DBF1EA", PINK: "#F8EAF2", ORANGE: "#FDF1D9", GREY: "#F0F0F0",
           SKY: "#CFE8F7"}  # fmt: skip
WEIGHTS = LinearSegmentedColormap.from_list("pale to blue", ["#F4F6F8", SKY, "#00395C"])  # 0 is pale, 1 is dark


class Look(NamedTuple):
    """How the n-th of several lines or bars looks: nobody needs to tell colours apart."""

    colour: str
    dashes: str | tuple
    mark: str
    hatch: str


LOOKS = (Look(BLUE, "-", "o", ""), Look(RED, "--", "s", "//"), Look(GREEN, "-.", "^", ".."), Look(PINK, ":", "D", "xx"),
         Look(INK, (0, (5, 1, 1, 1)), "v", "++"), Look(ORANGE, (0, (1, 1)), "P", "\\\\"))  # fmt: skip


@lru_cache(maxsize=2)
def glyphs(family: str) -> frozenset[int]:
    """The numbers of the characters that a font has."""
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())


def drawable(text: str, family: str = SANS) -> str:
    """The text with a box in place of each character that the font lacks, so that no picture fails for a name.

    Example:
        >>> drawable("王 Ngũgĩ"), drawable("Jo\\n")
        ('□ Ngũgĩ', 'Jo\\n')
    """
    return "".join(letter if letter == "\n" or ord(letter) in glyphs(family) else "□" for letter in text)


def label_of(text: str) -> str:
    """A label on an axis: a lone space made visible, no formulas, and a box for what the font lacks.

    Example:
        >>> label_of(" "), label_of("$tev0")
        ('␣', '\\\\$tev0')
    """
    return drawable({" ": "␣", "\n": "↵"}.get(text, text)).replace("$", r"\$")


def write_text(panel: Axes, x: float, y: float, text: str, **style) -> None:
    """Put text at a place; dollar signs are dollar signs, not formulas."""
    style = {"fontsize": 9.5, "color": INK, "family": SANS, "va": "center", "ha": "center"} | style
    panel.text(x, y, drawable(text, style["family"]), parse_math=False, **style)


def blank(width: float, height: float, alt: str) -> tuple[Figure, Axes]:
    """An empty light page measured in inches, its label the text for those who cannot see it."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt)
    FigureCanvasAgg(figure)  # draws without a screen
    panel = figure.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, width), ylim=(0, height))
    panel.axis("off")
    return figure, panel


def page(
    width: float, height: float, alt: str = "", columns: int = 1, rows: int = 1, **grid
) -> tuple[Figure, list[Axes]]:
    """An empty light figure in inches with charts in rows and columns, read row by row.

    Args:
        alt: the picture in words; figure.set_label may say them later.
        grid: as in matplotlib's Figure.subplots: sharex, sharey, width_ratios, ...

    Example:
        >>> figure, panels = page(8, 3, "two charts", columns=2)
        >>> figure.get_label(), len(panels)
        ('two charts', 2)
    """
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt, layout="constrained")
    FigureCanvasAgg(figure)  # draws without a screen
    panels = figure.subplots(rows, columns, squeeze=False, **grid).ravel().tolist()
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=SIZE - 1, colors=INK)
        panel.grid(color="#E3E3E3", lw=0.8)
        panel.set_axisbelow(True)
    return figure, panels


def name_axes(panel: Axes, x: str, y: str, title: str = "", legend: bool = True, **style) -> None:
    """Label a panel, and show its legend where it has one (style: as in matplotlib's Axes.legend)."""
    panel.set_xlabel(x, fontsize=SIZE, color=INK)
    panel.set_ylabel(y, fontsize=SIZE, color=INK)
    panel.set_title(title, fontsize=SIZE, color=INK, loc="left")
    if legend and panel.get_legend_handles_labels()[0]:
        panel.legend(**{"fontsize": SIZE - 1.5, "framealpha": 0.85, "edgecolor": "none"} | style)


def legend_outside(figure: Figure, where: str = "lower", columns: int = 4) -> Figure:
    """One legend for all panels, above or below them, where it covers nothing; each name once."""
    names: dict[str, object] = {}
    for panel in figure.axes:
        names = dict(zip(*panel.get_legend_handles_labels()[::-1], strict=True)) | names
        if panel.get_legend() is not None:
            panel.get_legend().remove()
    figure.legend(names.values(), names, loc=f"outside {where} center", ncols=columns, fontsize=9.5, frameon=False)
    return figure


def percent_axis(axis: Axis, low: float | None = None, high: float = 1.03) -> None:
    """Write shares as whole percent on an axis, which runs from low to high where low is given."""
    axis.set_major_formatter(PercentFormatter(1))  # as many decimals as its range needs
    if low is not None:
        getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)


def lines(
    panel: Axes, curves: Mapping[str, object], x: object = None, looks: tuple[Look, ...] = LOOKS, few: int = 20, **style
) -> None:
    """Draw named curves, each with a colour and dashes of its own, and marks where the points are few.

    Args:
        curves: name -> the values, one for each place of x; or pairs of a place and a value where x is None.
        looks: of the curves in their order. style: as in matplotlib's Axes.plot.
    """
    for (name, values), look in zip(curves.items(), looks, strict=False):
        places, heights = (x, values) if x is not None else (range(1, len(values) + 1), values)
        if x is None and len(values) and np.ndim(values[0]):
            places, heights = zip(*values, strict=True)
        mark = look.mark if len(places) <= few else None
        given = {"color": look.colour, "ls": look.dashes, "marker": mark, "ms": 4.5, "lw": 2, "label": name} | style
        panel.plot(places, heights, **given)


def draw_arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = INK, **style) -> None:
    """An arrow between two places."""
    style = {"arrowstyle": "-|>", "color": colour, "lw": 1.6, "mutation_scale": 14, "shrinkA": 0, "shrinkB": 1} | style
    panel.annotate("", xy=end, xytext=start, arrowprops=style)


def draw_box(
    panel: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    text: str = "",
    colour: str = GREY,
    weight: str = "normal",
    **style,
) -> None:
    """A rounded box around its centre, edge and ground of one hue, with text in it (style: of FancyBboxPatch)."""
    corner = (x - width / 2, y - height / 2)
    style = {"fc": GROUNDS.get(colour, PAPER), "ec": colour, "lw": 1.8} | style
    panel.add_patch(FancyBboxPatch(corner, width, height, "round,pad=0,rounding_size=0.1", **style))
    if text:
        write_text(panel, x, y, text, fontsize=10, weight=weight, linespacing=1.35, zorder=style.get("zorder", 2) + 1)


def png(figure: Figure) -> bytes:
    """A figure as the bytes of a PNG file, the same at each call: no date and no version in it, but its description.

    It is stored with 256 colours, a third of the size: pictures travel inside notebooks.
    """
    drawn, stored = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    few = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    words = PngInfo()
    words.add_itxt("Description", figure.get_label())
    few.save(stored, "png", optimize=True, pnginfo=words)
    return stored.getvalue()


def figure_folder() -> Path:
    """Where pictures are saved: figures/, unless this is a run whose pictures may differ from those that are committed.

    Such runs are those of `momem run` and `momem test`, which name a folder in MOMEM_FIGURES, and those in which
    papermill was given parameters: the cell that it adds begins with a comment of its own.
    """
    if named := os.environ.get("MOMEM_FIGURES"):
        return Path(named)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    cells = shell.user_ns.get("In", ()) if shell else ()
    given = any(cell.startswith("# Parameters\n") for cell in cells)
    return RUNS / "figures" if given or not os.access(FIGURES, os.W_OK) else FIGURES


def show(figure: Figure, name: str = "", alt: str = "", folder: Path | None = None):
    """A figure for the end of a notebook cell (an IPython Image), also saved as NAME.png in figures/ (figure_folder).

    Args:
        name: of the file; empty: it is only shown.
        alt: the text for those who cannot see it; the figure's own label unless one is given.

    Example:
        >>> show(blank(1, 1, "nothing")[0])._repr_mimebundle_()[1]["image/png"]["alt"]
        'nothing'
    """
    from IPython.display import Image

    figure.set_label(alt or figure.get_label())
    drawn = png(figure)
    if name:
        folder = folder or figure_folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.png").write_bytes(drawn)
    return Image(drawn, format="png", retina=True, alt=figure.get_label())
