"""Diagrams of notebook 05: the block in both orders, and the two ways to assemble a Transformer."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from momem_lib.course.shared.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAPER,
    blank,
    draw_arrow,
    draw_box,
    write_text,
)

NORM, MIX, THINK, ENDS = BLUE, ORANGE, GREEN, GREY  # layer norm, attention, MLP, embedding and head


def _box(panel: Axes, x: float, y: float, text: str, ground: str, width: float = 1.5, height: float = 0.42) -> None:
    draw_box(panel, x, y, width, height, text, ground, zorder=3)


def _plus(panel: Axes, x: float, y: float) -> None:
    panel.plot([x], [y], "o", ms=17, mfc=PAPER, mec=INK, mew=1.5, zorder=3)
    write_text(panel, x, y, "+", fontsize=13, weight="bold", zorder=4)


def _pre_norm_part(panel: Axes, x: float, y: float, layer: str, ground: str) -> None:
    """One layer beside the stream at x: normalise a copy, work on it, add the result back."""
    side = x + 1.75
    panel.plot([x, side], [y, y], color=INK, lw=1.6)
    draw_arrow(panel, (side, y), (side, y + 0.24))
    _box(panel, side, y + 0.46, "layer norm", NORM)
    draw_arrow(panel, (side, y + 0.67), (side, y + 0.89))
    _box(panel, side, y + 1.1, layer, ground)
    panel.plot([side, side], [y + 1.31, y + 1.56], color=INK, lw=1.6)
    draw_arrow(panel, (side, y + 1.56), (x + 0.14, y + 1.56))
    _plus(panel, x, y + 1.56)


def _post_norm_part(panel: Axes, x: float, y: float, layer: str, ground: str) -> None:
    """The same in the order of 2017: work on the stream itself, add, then normalise the sum."""
    side = x + 1.75
    panel.plot([x, side], [y, y], color=INK, lw=1.6)
    draw_arrow(panel, (side, y), (side, y + 0.24))
    _box(panel, side, y + 0.46, layer, ground)
    panel.plot([side, side], [y + 0.67, y + 0.92], color=INK, lw=1.6)
    draw_arrow(panel, (side, y + 0.92), (x + 0.14, y + 0.92))
    _plus(panel, x, y + 0.92)
    _box(panel, x, y + 1.44, "layer norm", NORM)


def draw_blocks() -> Figure:
    """Draw one block in both orders: pre-norm, where the stream runs through, and post-norm, where it does not."""
    alt = (
        "Two blocks, read from bottom to top. Pre-norm: the residual stream is one straight line; attention and MLP "
        "each read a normalised copy from it and add their result back. Post-norm: attention and MLP read the stream "
        "itself, and after each addition a layer norm stands on the stream, so that nothing runs straight through."
    )
    figure, panel = blank(8.4, 5.0, alt)
    for x, title, part in ((1.1, "pre-norm (used here)", _pre_norm_part), (5.3, "post-norm (2017)", _post_norm_part)):
        draw_arrow(panel, (x, 0.45), (x, 4.5))
        write_text(panel, x - 0.6, 4.78, title, weight="bold", fontsize=12, ha="left")
        write_text(panel, x, 0.25, "residual stream, (B, T, D)", fontsize=10)
        part(panel, x, 0.75, "attention", MIX)
        part(panel, x, 2.6, "MLP", THINK)
    return figure


def _stack(panel: Axes, x: float, y: float, names: Sequence[str], colours: Sequence[str], width: float) -> float:
    """Boxes on top of each other with arrows between them; returns the height of the last one's upper edge."""
    for place, (name, ground) in enumerate(zip(names, colours, strict=True)):
        _box(panel, x, y + 0.62 * place, name, ground, width=width)
        if place:
            draw_arrow(panel, (x, y + 0.62 * place - 0.41), (x, y + 0.62 * place - 0.21))
    return y + 0.62 * (len(names) - 1) + 0.21


def _repeat(panel: Axes, x: float, low: float, high: float, width: float, text: str) -> None:
    corner = (x - width / 2, low)
    style = "round,pad=0,rounding_size=0.1"
    panel.add_patch(FancyBboxPatch(corner, width, high - low, style, fc="none", ec=GREY, lw=1.2, ls="--"))
    write_text(panel, x + width / 2 + 0.08, (low + high) / 2, text, ha="left", fontsize=10, color=GREY)


def draw_architectures() -> Figure:
    """Draw the decoder-only model and the encoder-decoder side by side."""
    alt = (
        "Two models, read from bottom to top. Decoder-only: tokens, token vectors, N blocks of causal self-attention "
        "and MLP, layer norm, head, next token. Encoder-decoder: on the left an encoder whose blocks look in both "
        "directions; on the right a decoder whose blocks have a cross-attention between self-attention and MLP, which "
        "reads what the encoder made of the source."
    )
    figure, panel = blank(9.6, 5.3, alt)
    ends = [ENDS, MIX, THINK, NORM, ENDS]
    names = ["token vectors", "causal self-attention", "MLP", "layer norm", "head: V scores"]
    for x, title, below in ((1.5, "decoder-only", "the text so far"), (8.0, "", "prompt and target so far")):
        write_text(panel, x, 0.25, below)
        draw_arrow(panel, (x, 0.4), (x, 0.69))
        here, colours = list(names), list(ends)
        if not title:
            here.insert(2, "cross-attention")
            colours.insert(2, MIX)
        top = _stack(panel, x, 0.9, here, colours, 2.0)
        draw_arrow(panel, (x, top), (x, top + 0.3))
        write_text(panel, x, top + 0.43, "next token")
        _repeat(panel, x, 1.22, 1.22 + 0.62 * (2 if title else 3), 2.2, "× n")
    write_text(panel, 1.5, 5.05, "decoder-only", weight="bold", fontsize=12)
    write_text(panel, 6.4, 5.05, "encoder-decoder", weight="bold", fontsize=12)
    write_text(panel, 4.9, 0.25, "the source")
    draw_arrow(panel, (4.9, 0.4), (4.9, 0.69))
    read = ["token vectors", "self-attention", "MLP", "layer norm"]
    top = _stack(panel, 4.9, 0.9, read, [ENDS, MIX, THINK, NORM], 1.8)
    _repeat(panel, 4.9, 1.22, 2.46, 2.0, "× n")
    panel.plot([4.9, 4.9, 6.55, 6.55], [top, 3.35, 3.35, 2.14], color=INK, lw=1.6)
    draw_arrow(panel, (6.55, 2.14), (7.0, 2.14))
    return figure
