"""Pictures of tokens: a text cut into pieces, what a merge costs to find, compression, and what becomes of copying."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import BLUE, GREY, MONO, ORANGE, RED, blank, lines, name_axes, page, write_text

SIZES = "vocabulary size (tokens)"
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


def draw_sizes(panel: Axes, sizes: Sequence[int], curves: Mapping[str, Sequence[float]]) -> None:
    """Draw values against vocabulary sizes, each line with its own colour and marker."""
    lines(panel, curves, sizes, ms=6)
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes[::2], [f"{size:,}" for size in sizes[::2]])
    panel.minorticks_off()


def draw_work(touched: Sequence[int], everything: int, different: int) -> Figure:
    """Draw how many chunks each merge must look at: all, all different ones, or only those that hold the pair.

    Args:
        touched: chunks that the fast trainer looked at, merge by merge.
        everything: chunks of the text.
        different: different chunks of the text.
    """
    figure, (panel,) = page(
        8.0,
        4.2,
        "Chunks looked at for each merge, on a logarithmic scale. The naive trainer looks at all chunks of the text "
        "each time; counting chunks once leaves only the different ones, a small part; the fast trainer looks only at "
        "those that hold the pair, again far fewer, and ever fewer with later merges.",
    )
    merges = range(1, len(touched) + 1)
    panel.axhline(everything, color=RED, lw=2.5, label="naive: every chunk of the text")
    panel.axhline(different, color=ORANGE, lw=2.5, ls="--", label="count chunks first: every different chunk")
    panel.plot(merges, touched, ".", color=BLUE, ms=5, label="fast: different chunks that hold the pair")
    panel.set_yscale("log")
    panel.set_ylim(0.8, everything * 25)
    name_axes(panel, "merge (in the order learned)", "chunks looked at", loc="upper right", markerscale=2)
    return figure


def draw_compression(sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw bytes per token against vocabulary size, a line for each text."""
    figure, (panel,) = page(
        8.0,
        4.4,
        "Bytes per token against vocabulary size. All lines start at 1 byte per token for 256 tokens and rise, steeply "
        "at first and then ever more slowly. The text that the merges were learned from is highest; texts of another "
        f"kind or language lie lower. Lines: {', '.join(lines)}.",
    )
    draw_sizes(panel, sizes, lines)
    panel.set_ylim(bottom=0.8)
    name_axes(panel, SIZES, "bytes per token", loc="upper left")
    return figure


def draw_copying(
    sizes: Sequence[int], rates: Mapping[str, Sequence[float]], shares: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw how well names are compressed, and how often what must be written can be copied token by token.

    Args:
        sizes: vocabulary sizes.
        rates: bytes per token, for each kind of text.
        shares: for each task, the share (0 to 1) of rows in which the tokens to be written stand in what is read.
    """
    figure, (left, right) = page(
        11.0,
        4.4,
        "Two charts against vocabulary size. Left: bytes per token rise for the words around a name, and much less "
        "for names. Right: with bytes, all tokens that must be written stand in what is read; with longer tokens that "
        f"share falls, deeply for a name that is written without the space before it. Lines: {', '.join(shares)}.",
        columns=2,
    )
    draw_sizes(left, sizes, rates)
    left.set_ylim(bottom=0.8)
    name_axes(left, SIZES, "bytes per token", loc="upper left")
    draw_sizes(right, sizes, {name: [100 * share for share in values] for name, values in shares.items()})
    right.set_ylim(-4, 104)
    name_axes(right, SIZES, "rows that can be copied (%)", loc="lower left")
    return figure
