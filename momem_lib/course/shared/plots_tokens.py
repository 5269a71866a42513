"""Pictures of tokens: a text cut into pieces, what a merge costs to find, compression, and what becomes of copying."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import GREY, INK, PAPER, blank, write_text

MONO = "DejaVu Sans Mono"
TINTS = ("#CFE8F7", "#FCE3B6", "#CDEBDD", "#F3DBE9", "#E4E4E4")  # neighbours differ; ink on each is easy to read
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")  # Okabe and Ito
MARKERS = "os^Dv"
SIGNS = {" ": "␣", "\n": "↵", "\r": "←", "\t": "⇥"}


def visible_piece(piece: bytes) -> str:
    """The bytes of a token for people to look at: white space as a sign, half a character as its numbers.

    Example:
        >>> visible_piece(b" the"), visible_piece("ũ".encode()), visible_piece("ũ".encode()[:1])
        ('␣the', 'ũ', '‹c5›')
    """
    shown = []
    for letter in piece.decode("utf-8", "surrogateescape"):
        if letter in SIGNS:
            shown.append(SIGNS[letter])
        elif letter.isprintable():
            shown.append(letter)
        else:
            shown.append(f"‹{letter.encode('utf-8', 'surrogateescape').hex()}›")
    return "".join(shown)


def draw_tokens(rows: Sequence[tuple[str, Sequence[str], Sequence[int]]], alt: str) -> Figure:
    """Draw the same text cut in several ways, one row for each.

    Args:
        rows: what to call the row, its tokens as they shall be seen (see visible_piece), and their numbers.
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


def chart(width: float, height: float, alt: str, columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    """An empty light figure with axes side by side."""
    figure = Figure(figsize=(width, height), facecolor=PAPER, label=alt, layout="constrained")
    FigureCanvasAgg(figure)
    panels = [figure.add_subplot(1, columns, number + 1, facecolor=PAPER) for number in range(columns)]
    for panel in panels:
        panel.grid(color="#E0E0E0", lw=0.8)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(colors=INK, labelsize=11)
    return figure, panels


def draw_lines(panel: Axes, sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> None:
    """Draw values against vocabulary sizes, each line with its own colour and marker."""
    for number, (name, values) in enumerate(lines.items()):
        colour, marker = LINES[number % 5], MARKERS[number % 5]
        panel.plot(sizes, values, color=colour, marker=marker, lw=2.2, ms=6, label=name)
    panel.set_xscale("log", base=2)
    panel.set_xticks(sizes[::2], [f"{size:,}" for size in sizes[::2]])
    panel.minorticks_off()
    panel.set_xlabel("vocabulary size (tokens)", fontsize=12, color=INK)


def draw_work(touched: Sequence[int], everything: int, different: int) -> Figure:
    """Draw how many chunks each merge must look at: all, all different ones, or only those that hold the pair.

    Args:
        touched: chunks that the fast trainer looked at, merge by merge.
        everything: chunks of the text.
        different: different chunks of the text.
    """
    figure, (panel,) = chart(
        8.0,
        4.2,
        "Chunks looked at for each merge, on a logarithmic scale. The naive trainer looks at all chunks of the text "
        "each time; counting chunks once leaves only the different ones, a small part; the fast trainer looks only at "
        "those that hold the pair, again far fewer, and ever fewer with later merges.",
    )
    merges = range(1, len(touched) + 1)
    panel.axhline(everything, color=LINES[1], lw=2.5, label="naive: every chunk of the text")
    panel.axhline(different, color=LINES[4], lw=2.5, ls="--", label="count chunks first: every different chunk")
    panel.plot(merges, touched, ".", color=LINES[0], ms=5, label="fast: different chunks that hold the pair")
    panel.set_yscale("log")
    panel.set_ylim(0.8, everything * 25)
    panel.set_xlabel("merge (in the order learned)", fontsize=12, color=INK)
    panel.set_ylabel("chunks looked at", fontsize=12, color=INK)
    panel.legend(fontsize=11, loc="upper right", frameon=False, markerscale=2)
    return figure


def draw_compression(sizes: Sequence[int], lines: Mapping[str, Sequence[float]]) -> Figure:
    """Draw bytes per token against vocabulary size, a line for each text."""
    figure, (panel,) = chart(
        8.0,
        4.4,
        "Bytes per token against vocabulary size. All lines start at 1 byte per token for 256 tokens and rise, steeply "
        "at first and then ever more slowly. The text that the merges were learned from is highest; texts of another "
        f"kind or language lie lower. Lines: {', '.join(lines)}.",
    )
    draw_lines(panel, sizes, lines)
    panel.set_ylim(bottom=0.8)
    panel.set_ylabel("bytes per token", fontsize=12, color=INK)
    panel.legend(fontsize=11, loc="upper left", frameon=False)
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
    figure, (left, right) = chart(
        11.0,
        4.4,
        "Two charts against vocabulary size. Left: bytes per token rise for the words around a name, and much less "
        "for names. Right: with bytes, all tokens that must be written stand in what is read; with longer tokens that "
        f"share falls, deeply for a name that is written without the space before it. Lines: {', '.join(shares)}.",
        columns=2,
    )
    draw_lines(left, sizes, rates)
    left.set_ylim(bottom=0.8)
    left.set_ylabel("bytes per token", fontsize=12, color=INK)
    left.legend(fontsize=11, loc="upper left", frameon=False)
    draw_lines(right, sizes, {name: [100 * share for share in values] for name, values in shares.items()})
    right.set_ylim(-4, 104)
    right.set_ylabel("rows that can be copied (%)", fontsize=12, color=INK)
    right.legend(fontsize=11, loc="lower left", frameon=False)
    return figure
