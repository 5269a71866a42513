"""The picture of notebook 02: the same text, cut into tokens in several ways."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import GREY, MONO, blank, write_text

TINTS = ("#CFE8F7", "#FCE3B6", "#CDEBDD", "#F3DBE9", "#E4E4E4")  # neighbours differ; ink on each is easy to read


def draw_tokens(rows: Sequence[tuple[str, Sequence[str], Sequence[int]]], alt: str) -> Figure:
    """Draw the same text cut in several ways, one row for each.

    Args:
        rows: what to call the row, its tokens as they shall be seen (see text.visible), and their numbers.
        alt: the picture in words.
    """
    letter, gap, left, height = 0.112, 0.13, 1.55, 0.82
    widths = [[max(len(piece), 1) * letter + gap for piece in pieces] for _, pieces, _ in rows]
    figure, panel = blank(left + max(map(sum, widths)) + 1.05, height * len(rows), alt)
    for line, (name, pieces, numbers) in enumerate(rows):
        x, y = left, height * (len(rows) - line) - 0.42
        write_text(panel, left - 0.12, y, name, ha="right", weight="bold")
        for place, (piece, number, width) in enumerate(zip(pieces, numbers, widths[line], strict=True)):
            panel.add_patch(Rectangle((x, y - 0.17), width - 0.03, 0.34, fc=TINTS[place % 5], ec=GREY, lw=0.5))
            write_text(panel, x + width / 2 - 0.015, y - 0.01, piece, family=MONO, fontsize=10)
            write_text(panel, x + width / 2 - 0.015, y - 0.28, str(number), family=MONO, fontsize=8, color=GREY)
            x += width
        write_text(panel, x + 0.08, y, f"{len(pieces)} tokens", ha="left", color=GREY)
    return figure
