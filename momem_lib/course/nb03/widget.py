"""The attention viewer: what each head of a trained module looks at while it reads a question and writes a name."""

import base64
import html
import io
from functools import lru_cache

from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from momem_lib.course.modules.reading import Reading, read_along
from momem_lib.course.shared.figures import INK, WEIGHTS
from momem_lib.course.shared.grids import Grid, draw_grids
from momem_lib.course.shared.panel import Panel, card_html, choice, text_box
from momem_lib.course.shared.text import safe, visible
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.module import Module
from momem_lib.project import InputError

COPY = "copy head"
MOST = 96  # tokens of a question: more squares than that cannot be told apart


def read_question(ner: Module, question: str) -> Reading:
    """Let the NER module write the name in a question, and keep everything that it looked at.

    Raises:
        InputError: the question is empty or too long to be drawn, or the module has an encoder or no copy head.

    Example:
        >>> reading = read_question(Module.load(task="ner", device="cpu"), "Where does Jo live?")
        >>> reading.own.shape, reading.read[:3], reading.text
        (torch.Size([3, 4, 24, 24]), ['<prompt>', 'W', 'h'], 'Jo')
    """
    if ner.model.copy is None or ner.model.encoder_norm is not None:
        raise InputError("the viewer reads decoder-only models with a copy head: use data/checkpoints/ner.safetensors")
    if not question.strip():
        raise InputError("the question is empty: type one, for instance 'Where does Jo live?'")
    length = len(TOKENIZER.encode(question))
    if length > MOST:
        raise InputError(f"the question has {length} bytes, but the viewer draws at most {MOST}: shorten it")
    return read_along(ner, question)


def table_of(reading: Reading, layer: int | str, head: int) -> tuple[Tensor, list[str], list[str]]:
    """Weights of one head (numbered from 1) or of the copy head, and the labels of rows and columns.

    Raises:
        InputError: there is no such layer or head.
    """
    if layer == COPY:
        return reading.weights, reading.read[-len(reading.wrote) :], reading.places
    layers, heads = reading.own.shape[:2]
    if layer not in range(1, layers + 1) or head not in range(1, heads + 1):
        raise InputError(
            f"there is no head {head} in layer {layer}: layers go from 1 to {layers}, heads from 1 to {heads}"
        )
    return reading.own[layer - 1, head - 1], reading.read, reading.read


def strongest(reading: Reading, layer: int | str, head: int, count: int = 3) -> list[tuple[str, str, float]]:
    """The steps of writing that look hardest at one place: (who looks, at what, with what weight from 0 to 1)."""
    table, rows, columns = table_of(reading, layer, head)
    written = table[-len(reading.wrote) :]  # (T, P+T) or (T, P)
    weights, places = written.max(dim=-1)
    order = weights.argsort(descending=True, stable=True)[:count].tolist()
    return [(rows[len(rows) - len(written) + row], columns[places[row]], weights[row].item()) for row in order]


def look_alt(reading: Reading, layer: int | str, head: int) -> str:
    """One head's picture in words, for those who cannot see it."""
    name = f"the {COPY}" if layer == COPY else f"layer {layer}, head {head}"
    pairs = "; ".join(f"{row!r} at {column!r}: {weight:.2f}" for row, column, weight in strongest(reading, layer, head))
    return f"Attention weights of {name}, while {reading.text or '<none>'!r} is written. The strongest: {pairs}."


def draw_look(reading: Reading, layer: int | str, head: int) -> Figure:
    """One head's weights as squares, letter by letter; the layer may be the copy head.

    Raises:
        InputError: there is no such layer or head.
    """
    table, rows, columns = table_of(reading, layer, head)
    title = (
        f"{'the copy head' if layer == COPY else f'layer {layer}, head {head}'}, writing “{reading.text or '<none>'}”"
    )
    if layer == COPY:
        grid = Grid(title.replace("$", r"\$"), table, rows, columns, "the step after ...", "points at this letter")
        height = 2.2 + 0.16 * len(rows)
    else:
        grid, height = Grid(title.replace("$", r"\$"), table, rows, columns), 8.4
    return draw_grids([grid], look_alt(reading, layer, head), height, 9.6, scale="weight (each row sums to 1)")


def draw_all_heads(reading: Reading) -> Figure:
    """All heads of all layers as small squares, one row for each layer."""
    grids = [
        Grid(f"layer {layer}, head {head}", table, row_name="who looks", column_name="at whom")
        for layer, heads in enumerate(reading.own, start=1)
        for head, table in enumerate(heads, start=1)
    ]
    layers, heads = reading.own.shape[:2]
    alt = (
        f"The attention weights of {layers} layers with {heads} heads each, as small squares, while the "
        f"module reads {len(reading.read)} tokens and writes {reading.text or '<none>'!r}."
    )
    height = 2.6 * layers
    return draw_grids(grids, alt, height, per_row=heads, scale="weight (each row sums to 1)")


def squares_svg(table: Tensor, rows: list[str], columns: list[str]) -> str:
    """A table of weights as squares with a label at each row and column, as SVG.

    draw_look, its counterpart for paper, takes a second for sixty letters; a slider has to answer sooner.
    """
    size = min(20.0, max(8.0, 760 / len(columns)))  # of a square, in pixels
    wide, high = size * len(columns), size * len(rows)
    left, top = (8 + 0.45 * size * max(map(len, labels)) for labels in (rows, columns))
    pixels, stored = (WEIGHTS(table.float().numpy())[..., :3] * 255).astype("uint8"), io.BytesIO()
    Image.fromarray(pixels).save(stored, "png")
    image = base64.b64encode(stored.getvalue()).decode()
    texts = [
        (f"translate({left - 4:.1f} {top + size * (place + 0.5):.1f})", "end", label)
        for place, label in enumerate(rows)
    ]
    for place, label in enumerate(columns):
        middle = f"translate({left + size * (place + 0.5):.1f} {top - 4 - 0.35 * size * (len(label) == 1):.1f})"
        texts.append((middle, "middle", label) if len(label) == 1 else (f"{middle} rotate(-90)", "start", label))
    words = "".join(
        f'<text transform="{where}" text-anchor="{anchor}">{html.escape(visible(label))}</text>'
        for where, anchor, label in texts
    )
    frame = f'x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{high:.1f}"'
    return (
        f'<svg aria-hidden="true" viewBox="0 0 {left + wide + 2:.0f} {top + high + 2:.0f}" '
        f'style="display:block;width:{left + wide + 2:.0f}px;max-width:100%;background:#FFFFFF" fill="{INK}" '
        f'font-family="monospace" font-size="{0.7 * size:.1f}" dominant-baseline="central">{words}'
        f'<image {frame} preserveAspectRatio="none" style="image-rendering:pixelated" '
        f'href="data:image/png;base64,{image}"/><rect {frame} fill="none" stroke="{INK}"/></svg>'
    )


def look_html(reading: Reading, layer: int | str, head: int) -> str:
    """One head's picture as a page fragment."""
    return card_html(
        f'<p style="margin:0 0 8px">{safe(look_alt(reading, layer, head))}</p>',
        squares_svg(*table_of(reading, layer, head)),
        '<p style="margin:8px 0 0">A row is who looks, a column what is looked at. Pale: 0, dark blue: 1; '
        "each row sums to 1.</p>",
    )


def attention_widget(
    ner: Module, question: str = "Where does Jo Doe live?", layer: int | str = 1, head: int = 1
) -> Panel:
    """Look at every head of a trained NER module: choose a text, a layer (or COPY, the copy head) and a head.

    Args:
        question, layer, head: what the controls begin with; layers and heads are numbered from 1.
    """
    layers = [(str(one), one) for one in (*range(1, len(ner.model.decoder) + 1), COPY)]
    heads = choice(range(1, ner.model.config.num_heads + 1), head, "Head")
    read = lru_cache(maxsize=8)(lambda text: read_question(ner, text))

    def render(question: str, layer: int | str, head: int) -> str:
        heads.disabled = layer == COPY  # it has one head only
        return look_html(read(question), layer, head)

    return Panel(render, question=text_box(question, "Text"), layer=choice(layers, layer, "Layer"), head=heads)
