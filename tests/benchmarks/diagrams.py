"""Draw the constant pictures that pages show, into figures/: the pipeline, and diagrams of notebooks 03, 04, 05 and 08.

python tests/benchmarks/diagrams.py [FOLDER]
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from diagrams_memory import draw_crash, draw_look_up, draw_schema
from diagrams_pipeline import draw_pipeline
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from momem_lib import TEST_PEOPLE
from momem_lib.course.shared import MODULES, show
from momem_lib.course.shared.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAPER,
    RED,
    SIZE,
    blank,
    draw_arrow,
    draw_box,
    write_text,
)
from momem_lib.data import read_people
from momem_lib.project import FIGURES

NORM, MIX, THINK, ENDS = BLUE, ORANGE, GREEN, GREY  # layer norm, attention, MLP, embedding and head


def draw_induction(text: str = "kenyake", period: int = 5) -> Figure:
    """The idea of an induction head on a repeated text: who tells whom what stood before, and who finds it."""
    last, after, pitch = len(text) - 1, len(text) - period, 0.85
    alt = (
        f"The letters {' '.join(text)} in a row. Arc 1, from the {text[after]} at position {after} to the "
        f"{text[after - 1]} just before it: the previous-token head of layer 1 notes what stood before. Arc 2, from "
        f"the last {text[last]} at position {last} back to position {after}: the induction head of layer 2 looks for a "
        f"place of which {text[last]} was noted, and copies the {text[after]} that stands there."
    )
    width = pitch * (len(text) + 2)
    figure, panel = blank(width, 3.0, alt)
    places = [pitch * (place + 0.8) for place in range(len(text) + 1)]
    for place, letter in enumerate([*text, text[after]]):
        guessed = place == len(text)
        edge = {"fc": PAPER, "ec": ORANGE, "ls": "--"} if guessed else {"fc": "#DCEBF5", "ec": BLUE}
        panel.add_patch(Rectangle((places[place] - 0.3, 1.15), 0.6, 0.6, lw=2, **edge))
        write_text(panel, places[place], 1.45, letter, fontsize=15, weight="bold")
        write_text(panel, places[place], 0.98, "next?" if guessed else str(place), fontsize=9, color=GREY)
    for start, end, height, colour in ((after, after - 1, -0.9, GREEN), (last, after, -0.35, ORANGE)):
        arc = {"connectionstyle": f"arc3,rad={-height}", "arrowstyle": "-|>", "mutation_scale": 16, "lw": 2.4}
        panel.add_patch(FancyArrowPatch((places[start], 1.8), (places[end], 1.8), color=colour, **arc))
    first = f"1  previous-token head (layer 1):\nnotes “{text[after - 1]} stands before me”"
    write_text(panel, places[after] - 0.5, 2.52, first, fontsize=9)
    second = f"2  induction head (layer 2): “I am {text[last]}: who has {text[last]} before it?”"
    write_text(panel, (places[after] + places[last]) / 2 + 1.1, 2.8, second, fontsize=9)
    write_text(
        panel, width / 2, 0.5, f"what it finds there, {text[after]}, is the guess for what comes next", fontsize=9.5
    )
    return figure


def draw_layer() -> Figure:
    """What every layer promises: x in, y out, something kept; dy in, dx and the gradients of its weights out."""
    figure, panel = blank(
        9.2,
        2.9,
        "A layer is a pair of functions. Forward takes x and the weights W and b, gives y, and keeps what it will "
        "need. Backward takes dy and what was kept, and gives dx, which goes on to the layer before, and dW and db, "
        "which the optimizer uses.",
    )
    draw_box(panel, 4.5, 2.1, 2.6, 0.62, "linear(x, W, b)", BLUE)
    draw_box(panel, 4.5, 0.75, 2.9, 0.62, "linear_backward(dy, kept)", RED)
    draw_arrow(panel, (1.6, 2.1), (3.15, 2.1), BLUE)
    draw_arrow(panel, (5.85, 2.1), (7.4, 2.1), BLUE)
    draw_arrow(panel, (7.4, 0.75), (6.0, 0.75), RED)
    draw_arrow(panel, (3.0, 0.75), (1.6, 0.75), RED)
    draw_arrow(panel, (4.5, 1.77), (4.5, 1.09), GREY)
    write_text(panel, 4.62, 1.42, "kept", ha="left", color=GREY, fontsize=SIZE)
    for x, y, text, side, colour in (
        (1.5, 2.1, "x   (N, I)\nW  (I, O)\nb   (O,)", "right", BLUE),
        (7.5, 2.1, "y   (N, O)\nto the layer after", "left", BLUE),
        (7.5, 0.75, "dy   (N, O)\nfrom the layer after", "left", RED),
        (1.5, 0.75, "dx   (N, I)\ndW  (I, O)\ndb   (O,)", "right", RED),
    ):
        write_text(panel, x, y, text, ha=side, color=colour, fontsize=SIZE, linespacing=1.4)
    return figure


def draw_attention_steps() -> Figure:
    """The steps of one attention head, forward from left to right, and the gradient of each."""
    figure, panel = blank(
        10.4,
        4.3,
        "One attention head as a graph. Forward: scores S are Q times K transposed times the scale; softmax of the "
        "masked scores gives weights P; P times V gives the output O. Backward: dO gives dV = P transposed times dO "
        "and dP = dO times V transposed; dP through softmax gives dS; dS gives dQ = scale dS K and dK = scale dS "
        "transposed Q.",
    )
    places = {"Q": (0.9, 3.3), "K": (0.9, 2.1), "V": (0.9, 0.8), "S": (4.0, 2.7), "P": (7.0, 2.7), "O": (9.6, 1.7)}
    shapes = {"Q": "(T, d)", "K": "(T, d)", "V": "(T, d)", "S": "(T, T)", "P": "(T, T)", "O": "(T, d)"}
    for name, (x, y) in places.items():
        draw_box(panel, x, y, 1.35, 0.62, f"{name}   {shapes[name]}", GREY)
    flows = [("Q", "S", 0.15), ("K", "S", -0.15), ("S", "P", 0), ("P", "O", 0.15), ("V", "O", -0.15)]
    for start, end, port in flows:  # two arrows that end in one box get a port each
        (x, y), (to_x, to_y) = places[start], places[end]
        draw_arrow(panel, (x + 0.7, y + 0.09), (to_x - 0.7, to_y + port + 0.07), BLUE)
        draw_arrow(panel, (to_x - 0.7, to_y + port - 0.07), (x + 0.7, y - 0.13), RED)
    texts = (
        (4.0, 3.25, "S = scale · Q Kᵀ", BLUE),
        (7.0, 3.25, "P = softmax(S + mask)", BLUE),
        (9.6, 2.25, "O = P V", BLUE),
        (2.6, 3.5, "dQ = scale · dS K", RED),
        (2.75, 1.8, "dK = scale · dSᵀ Q", RED),
        (5.5, 2.12, "dS = P (dP − sum(dP P))", RED),
        (7.5, 1.92, "dP = dO Vᵀ", RED),
        (5.2, 0.68, "dV = Pᵀ dO", RED),
    )
    for x, y, text, colour in texts:
        write_text(panel, x, y, text, color=colour, fontsize=SIZE, weight="bold")
    write_text(panel, 0.2, 4.05, "forward →", color=BLUE, ha="left", fontsize=SIZE)
    write_text(panel, 10.2, 0.3, "← backward", color=RED, ha="right", fontsize=SIZE)
    return figure


def draw_block() -> Figure:
    """A block of the Transformer: two branches, each added back to the residual stream, and the gradient's way back."""
    figure, panel = blank(
        10.4,
        3.0,
        "A Transformer block. The residual stream runs straight through; two branches leave it and are added back: "
        "layer norm and attention, then layer norm, linear, GELU and linear. Backward, the gradient runs straight "
        "through as well, and at each sum a copy of it goes into the branch and is added again where the branch began.",
    )
    stream = 0.95
    panel.plot([0.5, 9.9], [stream + 0.06] * 2, color=BLUE, lw=2.4)
    panel.plot([0.5, 9.9], [stream - 0.06] * 2, color=RED, lw=2.4)
    write_text(panel, 5.2, 0.55, "the residual stream: x goes through, and so does its gradient", fontsize=SIZE)
    branches = (
        (1.1, 4.3, [(1.9, "norm", 0.95), (3.3, "attention", 1.3)]),
        (5.2, 9.5, [(5.95, "norm", 0.9), (7.0, "linear", 0.85), (7.95, "GELU", 0.8), (8.9, "linear", 0.85)]),
    )
    for start, end, boxes in branches:
        top = 2.2
        panel.plot([start, start, end, end], [stream, top, top, stream + 0.2], color=BLUE, lw=1.8, zorder=1)
        for x, text, width in boxes:
            draw_box(panel, x, top, width, 0.6, text, BLUE)
        draw_arrow(panel, (end, 1.6), (end, stream + 0.17), BLUE)
        panel.plot([end], [stream], marker="o", ms=19, mfc=PAPER, mec=INK, mew=1.6)
        write_text(panel, end, stream + 0.01, "+", fontsize=15)
        inner = top - 0.45  # the way back, below the boxes that it passes through in reverse
        panel.plot([end - 0.15, end - 0.15, start + 0.15], [stream + 0.2, inner, inner], color=RED, lw=1.8)
        draw_arrow(panel, (start + 0.15, inner), (start + 0.15, stream - 0.02), RED)
        words = "a copy of the gradient\ngoes back through them"
        write_text(panel, (start + end) / 2, inner - 0.3, words, color=RED, fontsize=SIZE)
    write_text(panel, 0.4, stream, "x", ha="right", fontsize=SIZE + 1, weight="bold")
    write_text(panel, 10.0, stream, "y", ha="left", fontsize=SIZE + 1, weight="bold")
    return figure


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


DIAGRAMS = {
    "pipeline": draw_pipeline,
    "pipeline_learned": lambda: draw_pipeline("ner", "summary", "response"),
    **{f"pipeline_{module}": partial(draw_pipeline, module) for module in MODULES},
    "diagram_induction": draw_induction,
    "diagram_layer": draw_layer,
    "diagram_attention": draw_attention_steps,
    "diagram_block": draw_block,
    "diagram_blocks": draw_blocks,
    "diagram_architectures": draw_architectures,
    "diagram_schema": lambda: draw_schema(read_people(TEST_PEOPLE)[2]),
    "diagram_look_up": draw_look_up,
    "diagram_crash": lambda: draw_crash(500),
}

if __name__ == "__main__":
    for name, draw in DIAGRAMS.items():
        show(draw(), name, folder=Path(sys.argv[1]) if len(sys.argv) > 1 else FIGURES)
