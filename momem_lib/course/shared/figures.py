"""What every picture is drawn with, and how it is shown and saved."""

import io
import os
import sys
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from momem_lib.project import FIGURES, RUNS

DPI = 160  # dots per inch; notebooks show half of that, so that text stays sharp
PAPER, INK, GREY = "#FFFFFF", "#1A1A1A", "#595959"  # a light ground of our own: pages may be dark


@lru_cache(maxsize=2)
def glyphs(family: str) -> frozenset[int]:
    """The numbers of the characters that a font has."""
    return frozenset(font_manager.get_font(font_manager.findfont(family)).get_charmap())


def drawable(text: str, family: str = "DejaVu Sans") -> str:
    """The text with a box in place of each character that the font lacks, so that no picture fails for a name.

    Example:
        >>> drawable("王 Ngũgĩ"), drawable("Jo\\n")
        ('□ Ngũgĩ', 'Jo\\n')
    """
    return "".join(letter if letter == "\n" or ord(letter) in glyphs(family) else "□" for letter in text)


def write_text(panel: Axes, x: float, y: float, text: str, **style) -> None:
    """Put text at a place in inches; dollar signs are dollar signs, not formulas."""
    style = {"fontsize": 9.5, "color": INK, "family": "DejaVu Sans", "va": "center", "ha": "center"} | style
    panel.text(x, y, drawable(text, style["family"]), parse_math=False, **style)


def blank(width: float, height: float, alt: str) -> tuple[Figure, Axes]:
    """An empty light page measured in inches, its label the text for those who cannot see it."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt)
    FigureCanvasAgg(figure)  # draws without a screen
    panel = figure.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, width), ylim=(0, height))
    panel.axis("off")
    return figure, panel


def draw_arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """An arrow between two places."""
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.6, "mutation_scale": 14, "shrinkA": 0, "shrinkB": 1}
    panel.annotate("", xy=end, xytext=start, arrowprops=style)


def png(figure: Figure, alt: str | None = None) -> bytes:
    """A figure as the bytes of a PNG file, the same at each call: no date and no version in it, but its description.

    It is stored with 256 colours, a third of the size: pictures travel inside notebooks.
    """
    drawn, stored = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI)
    few = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    words = PngInfo()
    words.add_itxt("Description", alt or figure.get_label())
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
    return RUNS / "figures" if any(cell.startswith("# Parameters\n") for cell in cells) else FIGURES


def save_figure(figure: Figure, name: str, alt: str | None = None, folder: Path | None = None) -> Path:
    """Write NAME.png into figures/ (see figure_folder), with the text for those who cannot see it; return its path."""
    folder = folder or figure_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    path.write_bytes(png(figure, alt))
    return path


def show_figure(figure: Figure, alt: str | None = None):
    """A figure for the end of a notebook cell, with the text for those who cannot see it (an IPython Image)."""
    from IPython.display import Image

    return Image(png(figure, alt), format="png", retina=True, alt=alt or figure.get_label())
