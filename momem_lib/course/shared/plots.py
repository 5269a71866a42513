"""Pictures: what they are drawn with and how they are saved, and the pipeline with "you are here"."""

import io
import os
import sys
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from momem_lib.project import FIGURES, RUNS, InputError

DPI = 160  # dots per inch; notebooks show half of that, so that text stays sharp
PAPER, INK, GREY = "#FFFFFF", "#1A1A1A", "#595959"  # a light ground of our own: pages may be dark
# Okabe and Ito's colours, told apart by colour-blind readers too; the second of each pair is the same, much lighter.
COLOURS = {
    "ner": ("#E69F00", "#FDF1D9"),
    "memory": ("#0072B2", "#DCEBF5"),
    "summary": ("#009E73", "#DBF1EA"),
    "response": ("#CC79A7", "#F8EAF2"),
}
MODULES = {
    "ner": ("Module 0", "finds the name", "decoder-only\nTransformer"),
    "memory": ("Module 1", "recalls the record", "a database,\nnothing learned"),
    "summary": ("Module 2", "picks the fact", "encoder-decoder\nTransformer"),
    "response": ("Module 3", "finds the words", "encoder-decoder\nTransformer"),
}
# What flows between the modules, for one of the classic people.
EXAMPLE = {
    "question": "“Where does\nMuchiri T'Challa live?”",
    "tag": "“Muchiri T'Challa”",
    "content": "“Name: Muchiri T'Challa;\nOccupation: King;\nLives in: Wakanda; …”",
    "summary": "“Lives in: Wakanda”",
    "response": "“Muchiri T'Challa's\nwhereabouts are\nin Wakanda.”",
}


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


def draw_box(panel: Axes, x: float, y: float, width: float, height: float, module: str, here: bool = False) -> None:
    """A module's rounded box around its centre."""
    edge, ground = COLOURS[module]
    corner, style = (x - width / 2, y - height / 2), "round,pad=0,rounding_size=0.1"
    panel.add_patch(
        FancyBboxPatch(corner, width, height, style, fc=ground, ec=INK if here else edge, lw=3.5 if here else 2)
    )


def draw_arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """An arrow between two places."""
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.6, "mutation_scale": 14, "shrinkA": 0, "shrinkB": 1}
    panel.annotate("", xy=end, xytext=start, arrowprops=style)


def pipeline_alt(*here: str) -> str:
    """The pipeline picture in words, for those who cannot see it."""
    places = f" You are here: {', '.join(MODULES[module][0] for module in here)}." if here else ""
    return (
        "The pipeline: a question goes to Module 0 (NER), which writes the tag, a name; Module 1 (memory) turns the "
        "tag into the content, a record; Module 2 (summary) reads content and question and writes the summary, one "
        f"fact; Module 3 (response) reads summary and question and writes the response.{places}"
    )


def draw_pipeline(*here: str) -> Figure:
    """Draw the four modules in a row, what flows between them, and perhaps "you are here".

    Args:
        here: the modules to mark, of ner, memory, summary and response.

    Raises:
        InputError: another module.

    Example:
        >>> draw_pipeline("ner").get_label()[-23:]
        'You are here: Module 0.'
    """
    for module in here:
        if module not in MODULES:
            raise InputError(f"no module {module!r} to mark; one of {', '.join(MODULES)} was expected")
    pitch, width, height, level = 2.08, 1.36, 1.2, 1.95
    figure, panel = blank(5 * pitch, 3.3, pipeline_alt(*here))
    gaps = [pitch * (place + 0.5) for place in range(5)]
    for place, (flow, text) in enumerate(EXAMPLE.items()):
        start, end = gaps[place] - (pitch - width) / 2, gaps[place] + (pitch - width) / 2
        draw_arrow(panel, (max(start, 0.45) if place else 0.45, level), (end, level))
        write_text(panel, gaps[place], level + 0.16, flow, weight="bold", fontsize=9)
        panel.plot([gaps[place]] * 2, [level - 0.08, 0.95], color=GREY, lw=0.8, ls=":")
        write_text(panel, gaps[place], 0.87, text, va="top", linespacing=1.35)
    for place, (module, words) in enumerate(MODULES.items()):
        x = (gaps[place] + gaps[place + 1]) / 2
        draw_box(panel, x, level, width, height, module, module in here)
        write_text(panel, x, level + 0.37, words[0], weight="bold", fontsize=11)
        write_text(panel, x, level + 0.11, words[1])
        write_text(panel, x, level - 0.28, words[2], fontsize=8, color=GREY, linespacing=1.2)
        if module in here:
            panel.add_patch(Rectangle((x - 0.6, level - height / 2 - 0.25), 1.2, 0.25, color=INK))
            write_text(panel, x, level - height / 2 - 0.13, "you are here", color=PAPER, weight="bold", fontsize=9)
    _draw_second_reading(panel, gaps[0], [3 * pitch, 4 * pitch], level, level + height / 2)
    return figure


def _draw_second_reading(panel: Axes, start: float, modules: list[float], level: float, top: float) -> None:
    """The line on which the question also reaches Modules 2 and 3."""
    panel.plot([start, start, modules[-1]], [level + 0.28, top + 0.42, top + 0.42], color=INK, lw=1.6)
    for x in modules:
        draw_arrow(panel, (x, top + 0.42), (x, top))
    write_text(panel, (start + modules[0]) / 2, top + 0.55, "Modules 2 and 3 read the question too", fontsize=9)


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
