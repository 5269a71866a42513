"""Pictures of one row of data: what each module reads and must write, and the layers of a question."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import GREY, MONO, PAPER, blank, draw_arrow, write_text
from momem_lib.course.shared.pictures import MODULES, module_box
from momem_lib.data.records import Record
from momem_lib.data.tasks import TASKS
from momem_lib.project import InputError

NONE = "<none>"  # what a module writes where there is nothing to write
LAYER_COLOURS = {"opening": "#CFE8F7", "lead": "#DBF1EA", "core": "#FDF1D9", "name": "#E69F00", "closing": "#F8EAF2",
                 "mark": "#E8E8E8", "tail": "#CFE8F7"}  # fmt: skip


class Lane(NamedTuple):
    """What one module reads and must write for a row; nothing to read means that the module has no part in it."""

    module: str
    reads: dict[str, str]
    writes: str | None


def lanes_of(row: Mapping) -> list[Lane]:
    """What each of the four modules reads and must write for one row, as training sees it.

    Example:
        >>> row = dict.fromkeys(("name", "record", "content", "summary", "response")) | {"question": "Who won?"}
        >>> [(lane.module, lane.writes) for lane in lanes_of(row)]
        [('ner', '<none>'), ('memory', None), ('summary', None), ('response', None)]
    """
    lanes = []
    for module in MODULES:
        if module == "memory":
            lanes.append(Lane(module, {"tag": row["name"]}, row["content"] or "nobody of that name")
                         if row["name"] else Lane(module, {}, None))  # fmt: skip
            continue
        task = TASKS[module]
        texts = task.texts(row)
        if texts is None:
            lanes.append(Lane(module, {}, None))
        else:
            source, question, target = texts
            reads = {"content": source.content} if isinstance(source, Record) else {task.source: source}
            reads = {"question": question} | (reads if source is not None else {})
            lanes.append(Lane(module, reads, NONE if target is None else target))
    return lanes


def draw_row(row: Mapping) -> Figure:
    """Draw one row of data: for each module what it reads, and what it must write."""
    lanes, texts = lanes_of(row), []
    for lane in lanes:
        reads = [part for what, text in lane.reads.items() for part in _wrap(f"{what}: {text}", 58)]
        texts.append((reads or ["(no part in this row)"], _wrap(lane.writes or "–", 46)))
    heights = [max(0.8, 0.2 * max(map(len, pair)) + 0.3) for pair in texts]
    told = "; ".join(f"{MODULES[lane.module][0]} writes {lane.writes}" for lane in lanes if lane.reads)
    figure, panel = blank(10.4, sum(heights) + 0.5, f"One row of data. The question: {row['question']} {told}.")
    y = sum(heights) + 0.5
    for x, head in ((1.85, "reads"), (6.55, "must write")):
        write_text(panel, x, y - 0.25, head, ha="left", weight="bold", fontsize=11)
    y -= 0.5
    for lane, (reads, writes), height in zip(lanes, texts, heights, strict=True):
        middle = y - height / 2
        module_box(panel, 0.95, middle, 1.5, height - 0.12, lane.module)
        write_text(panel, 0.95, middle + 0.12, MODULES[lane.module][0], weight="bold")
        write_text(panel, 0.95, middle - 0.12, MODULES[lane.module][1], fontsize=8)
        write_text(panel, 1.85, middle, "\n".join(reads), ha="left", fontsize=9, linespacing=1.4)
        if lane.reads:
            draw_arrow(panel, (6.0, middle), (6.42, middle))
            write_text(panel, 6.55, middle, "\n".join(writes), ha="left", fontsize=9, weight="bold", linespacing=1.4)
        y -= height
    return figure


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]


def draw_layers(layers: Sequence[tuple[str, str]]) -> Figure:
    """Draw a question as the layers that it is made of.

    Args:
        layers: pairs of a layer (opening, lead, core, name, closing, mark, tail) and its text, in reading order.

    Raises:
        InputError: an unknown layer.
    """
    for layer, _ in layers:
        if layer not in LAYER_COLOURS:
            raise InputError(f"no layer {layer!r}; one of {', '.join(LAYER_COLOURS)} was expected")
    pitch, question = 0.125, "".join(text for _, text in layers)
    alt = f"A question in layers: {question} " + ", ".join(f"{layer} “{text.strip()}”" for layer, text in layers)
    figure, panel = blank(max(4.0, pitch * len(question) + 0.6), 1.25, alt)
    x = 0.3
    for number, (layer, text) in enumerate(layers):
        width = pitch * len(text)
        panel.add_patch(Rectangle((x, 0.5), width, 0.36, fc=LAYER_COLOURS[layer], ec=PAPER, lw=1.5))
        for place, letter in enumerate(text):
            write_text(panel, x + pitch * (place + 0.5), 0.68, letter, family=MONO, fontsize=13)
        above = number % 2 == 1  # labels take turns, so that those of short layers do not collide
        panel.plot([x + width / 2] * 2, [0.86, 0.94] if above else [0.5, 0.42], color=GREY, lw=0.8)
        write_text(panel, x + width / 2, 1.04 if above else 0.31, layer, fontsize=10, weight="bold")
        x += width
    return figure
