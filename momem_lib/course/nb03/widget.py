"""The attention viewer: what each head of a trained module looks at while it reads a question and writes a name."""

import base64
import html
import io
from dataclasses import dataclass
from functools import lru_cache

import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from momem_lib.course.shared.figures import INK, WEIGHTS
from momem_lib.course.shared.plots_attention import Grid, draw_grids
from momem_lib.course.shared.text import safe, visible
from momem_lib.course.shared.widgets import CARD, SILENT, Debounced, error_html
from momem_lib.data.tasks import TASKS, encode_prompt
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import generate
from momem_lib.nn.inputs import make_inputs
from momem_lib.nn.transformer import Looks, Transformer
from momem_lib.project import InputError, optional_import

ipywidgets = optional_import("ipywidgets")

COPY = "copy head"
MOST = 96  # tokens of a question: more squares than that cannot be told apart
LONGEST_NAME = 48  # tokens


@dataclass
class Reading:
    """What a module that copies from its prompt looked at."""

    labels: list[str]  # P+T, one for each position: the prompt, then what was written
    prompt_length: int  # P
    written: str  # the answer as text
    layers: list[Tensor]  # for each layer the weights of its heads (H, P+T, P+T)
    copy: Tensor  # (T, P) where the copy head points, at each step of writing

    def table(self, layer: int | str, head: int) -> tuple[Tensor, list[str], list[str]]:
        """Weights of one head (numbered from 1), and the labels of its rows and columns.

        Raises:
            InputError: there is no such layer or head.
        """
        if layer == COPY:
            return self.copy, self.labels[self.prompt_length :], self.labels[: self.prompt_length]
        if layer not in range(1, len(self.layers) + 1) or head not in range(1, len(self.layers[0]) + 1):
            raise InputError(
                f"there is no head {head} in layer {layer}: layers go from 1 to {len(self.layers)}, "
                f"heads from 1 to {len(self.layers[0])}"
            )
        return self.layers[layer - 1][head - 1], self.labels, self.labels


def token_labels(tokens: list[int]) -> list[str]:
    """Short names of byte tokens: the letter, the special token's name, or two hexadecimal digits of another byte.

    Example:
        >>> token_labels([74, 32, 195, 169, 259])
        ['J', ' ', 'c3', 'a9', '<tag>']
    """
    return [TOKENIZER.show([token]) if 32 <= token < 127 or token > 255 else f"{token:02x}" for token in tokens]


@torch.inference_mode()
def read_question(model: Transformer, question: str) -> Reading:
    """Let the NER module write the name in a question, and keep everything that it looked at.

    Raises:
        InputError: the question is empty or too long to be drawn, or the model has an encoder or no copy head.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> model = Transformer(ModelConfig(embedding_dim=8, num_heads=2, hidden_dim=8, copy_from="prompt")).eval()
        >>> reading = read_question(model, "Who is Jo?")
        >>> len(reading.layers), reading.labels[:3], reading.prompt_length
        (3, ['<prompt>', 'W', 'h'], 12)
    """
    if model.copy is None or model.encoder_norm is not None:
        raise InputError("the viewer reads decoder-only models with a copy head: use data/checkpoints/ner.safetensors")
    if not question.strip():
        raise InputError("the question is empty: type one, for instance 'Where does Jo live?'")
    prompt, task = encode_prompt(question), TASKS["ner"]
    if len(prompt) > MOST + 2:
        raise InputError(f"the question has {len(prompt) - 2} bytes, but the viewer draws at most {MOST}: shorten it")
    device = model.device
    start = [TOKENIZER.id(task.start)]
    first = make_inputs(None, [prompt], [start], device)
    answer = generate(model, first, TOKENIZER.id(task.stop), LONGEST_NAME)[0]
    looks = Looks()
    mixture = model(make_inputs(None, [prompt], [start + answer.tokens], device), looks)
    return Reading(
        token_labels(prompt + start + answer.tokens),
        len(prompt),
        answer.text or "<none>",
        [weights[0].cpu() for weights in looks.decoder],
        mixture.copy_weights[0].cpu(),
    )


def strongest(reading: Reading, layer: int | str, head: int, count: int = 3) -> list[tuple[str, str, float]]:
    """The steps of writing that look hardest at one place: (who looks, at what, with what weight from 0 to 1)."""
    table, rows, columns = reading.table(layer, head)
    written = table[-(len(reading.labels) - reading.prompt_length) :]  # (T, P+T) or (T, P)
    weights, places = written.max(dim=-1)
    order = weights.argsort(descending=True, stable=True)[:count].tolist()
    return [(rows[len(rows) - len(written) + row], columns[places[row]], weights[row].item()) for row in order]


def look_alt(reading: Reading, layer: int | str, head: int) -> str:
    """One head's picture in words, for those who cannot see it."""
    name = f"the {COPY}" if layer == COPY else f"layer {layer}, head {head}"
    pairs = "; ".join(f"{row!r} at {column!r}: {weight:.2f}" for row, column, weight in strongest(reading, layer, head))
    return f"Attention weights of {name}, while {reading.written!r} is written. The strongest: {pairs}."


def draw_look(reading: Reading, layer: int | str, head: int) -> Figure:
    """One head's weights as squares, letter by letter; the layer may be the copy head.

    Raises:
        InputError: there is no such layer or head.
    """
    table, rows, columns = reading.table(layer, head)
    title = f"{'the copy head' if layer == COPY else f'layer {layer}, head {head}'}, writing “{reading.written}”"
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
        for layer, heads in enumerate(reading.layers, start=1)
        for head, table in enumerate(heads, start=1)
    ]
    heads = len(reading.layers[0])
    alt = (
        f"The attention weights of {len(reading.layers)} layers with {heads} heads each, as small squares, while the "
        f"module reads {len(reading.labels)} tokens and writes {reading.written!r}."
    )
    height = 2.6 * len(reading.layers)
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


def look_html(read, question: str, layer: int | str, head: int) -> str:
    """One head's picture, or a sentence about what went wrong, as a page fragment; never raises.

    Args:
        read: from a question to a Reading.
    """
    try:
        reading = read(question)
        picture = squares_svg(*reading.table(layer, head))
        words = safe(look_alt(reading, layer, head))
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader at a slider is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}). Please report it.")
    return (
        f'<div role="status" style="{CARD}"><p style="margin:0 0 8px">{words}</p>{picture}'
        '<p style="margin:8px 0 0">A row is who looks, a column what is looked at. Pale: 0, dark blue: 1; '
        "each row sums to 1.</p></div>"
    )


class AttentionWidget(ipywidgets.VBox):
    """A text, a layer and a head to choose, and the picture below them."""

    def __init__(self, model: Transformer, question: str, layer: int | str, head: int):
        style = {"description_width": "5em"}
        self.read = lru_cache(maxsize=8)(lambda text: read_question(model, text))
        self.question = ipywidgets.Text(
            question, description="Text", style=style, layout={"width": "min(100%, 46em)"}, continuous_update=False
        )
        layers = [*range(1, len(model.decoder) + 1), COPY]
        self.layer = ipywidgets.Dropdown(
            options=[(str(one), one) for one in layers], value=layer, description="Layer", style=style
        )
        self.head = ipywidgets.Dropdown(
            options=range(1, model.config.num_heads + 1), value=head, description="Head", style=style
        )
        self.output = ipywidgets.HTML()
        controls = ipywidgets.HBox([self.layer, self.head], layout={"flex_flow": "row wrap"})
        super().__init__([self.question, controls, self.output])
        self.show_soon = Debounced(self.show)
        for control in (self.question, self.layer, self.head):
            control.observe(lambda _: self.show_soon(), names="value")
        self.show()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    def show(self) -> None:
        """Draw what the controls say."""
        self.head.disabled = self.layer.value == COPY  # it has one head only
        self.output.value = look_html(self.read, self.question.value, self.layer.value, self.head.value)


def attention_widget(
    model: Transformer, question: str = "Where does Jo Doe live?", layer: int | str = 1, head: int = 1
) -> AttentionWidget:
    """Look at every head of a trained NER module: choose a text, a layer (or COPY, the copy head) and a head.

    Args:
        question, layer, head: what the controls begin with; layers and heads are numbered from 1.
    """
    return AttentionWidget(model, question, layer, head)
