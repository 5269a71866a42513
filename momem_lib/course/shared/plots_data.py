"""Pictures of the data: one row, a question's layers, and what a dataset holds."""

import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from momem_lib.course.shared.figures import (
    GREY,
    INK,
    LOOKS,
    MONO,
    PAPER,
    blank,
    draw_arrow,
    drawable,
    page,
    percent_axis,
    write_text,
)
from momem_lib.course.shared.pictures import MODULES, module_box
from momem_lib.data.tasks import TASKS
from momem_lib.project import InputError

COLOURS = tuple(look.colour for look in LOOKS)
NONE = "<none>"  # what a module writes where there is nothing to write
LAYER_COLOURS = {"opening": "#CFE8F7", "lead": "#DBF1EA", "core": "#FDF1D9", "name": "#E69F00", "closing": "#F8EAF2",
                 "mark": "#E8E8E8", "tail": "#CFE8F7"}  # fmt: skip
SCRIPTS = {"CJK": "Han"} | {
    name.upper(): name for name in ("Latin Cyrillic Greek Arabic Hebrew Ethiopic Hangul Hiragana Katakana".split())
}


class Lane(NamedTuple):
    """What one module reads and must write for a row; nothing to read means that the module has no part in it."""

    module: str
    reads: dict[str, str]
    writes: str | None


def lanes_of(row: Mapping) -> list[Lane]:
    """What each of the four modules reads and must write for one row, as training sees it.

    Example:
        >>> row = {"question": "Who won?", "name": None, "content": None, "summary": None, "response": None}
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
            reads = {task.source: source} if task.source else {}
            lanes.append(Lane(module, {"question": question} | reads, NONE if target is None else target))
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


def percent(share: float) -> str:
    """A share as whole percent.

    Example:
        >>> percent(0.254), percent(0.001), percent(0)
        ('25%', '<1%', '0%')
    """
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"


def draw_bars(panel: Axes, shares: Mapping[str, float], unit: str, colours: Sequence[str] = COLOURS) -> None:
    """Draw shares as lying bars, each with its percentage, the first one on top."""
    names = [drawable(name) for name in shares]
    panel.barh(names, list(shares.values()), color=[colours[n % len(colours)] for n in range(len(names))], height=0.62)
    for place, share in enumerate(shares.values()):
        panel.annotate(percent(share), (share, place), (4, 0), textcoords="offset points", va="center", fontsize=9.5)
    panel.set(xlim=(0, max(1.0, *shares.values()) * 1.14), xlabel=unit)
    panel.xaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 5, 10)))  # else 2.5 % would be called 2 %
    percent_axis(panel.xaxis)
    panel.grid(axis="y", visible=False)
    panel.invert_yaxis()


def draw_lengths(lengths: Mapping[str, Sequence[int]], window: int) -> Figure:
    """Draw how long texts are, in bytes, as one panel of bars for each kind of text; a line marks the window."""
    told = "; ".join(f"{name}: {min(sizes)} to {max(sizes)}" for name, sizes in lengths.items())
    alt = f"How many rows have texts of which length. Bytes: {told}. The context window: {window}."
    figure, panels = page(10.2, 2.9, alt, len(lengths), sharey=True)
    right = max(window, *(max(sizes) for sizes in lengths.values())) * 1.05
    for number, (panel, (name, sizes)) in enumerate(zip(panels, lengths.items(), strict=True)):
        panel.hist(sizes, bins=range(0, int(right) + 20, 20), color=COLOURS[number])
        panel.axvline(window, color=INK, ls="--", lw=1.5)
        panel.text(window - 0.02 * right, 0.97, "window", transform=panel.get_xaxis_transform(), rotation=90,
                   ha="right", va="top", fontsize=9)  # fmt: skip
        panel.set(xlabel="bytes", xlim=(0, right))
        panel.set_title(name, fontsize=11)
    panels[0].set_ylabel("rows (in steps of 20 bytes)")
    return figure


def draw_shares(counts: Mapping[str, Mapping[str, int]], unit: str = "of the rows") -> Figure:
    """Draw what a dataset is made of: a panel for each column, its values as shares.

    Args:
        counts: per title, how often each value occurs.
        unit: what is counted, for the axis.
    """
    shares = {name: {value: count / sum(parts.values()) for value, count in parts.items()}
              for name, parts in counts.items()}  # fmt: skip
    told = "; ".join(f"{name}: " + ", ".join(f"{value} {percent(share)}" for value, share in parts.items())
                     for name, parts in shares.items())  # fmt: skip
    bars = [max(map(len, pair)) for pair in zip_longest(*[iter(shares.values())] * 2, fillvalue=())]
    heights = [0.24 * number + 0.85 for number in bars]
    figure, panels = page(
        10.2,
        sum(heights),
        f"What the data are made of, as shares {unit}. {told}.",
        2,
        len(bars),
        height_ratios=heights,
    )
    for number, (panel, (name, parts)) in enumerate(zip(panels, shares.items(), strict=False)):
        draw_bars(panel, parts, f"share {unit}", (COLOURS[number % len(COLOURS)],))
        panel.set_xlim(0, max(parts.values()) * 1.2)
        panel.set_title(name, fontsize=11)
    for panel in panels[len(shares) :]:
        panel.axis("off")
    return figure


def script_or_kind(letter: str) -> str:
    """The script of a character by its Unicode name, or what else it is.

    Example:
        >>> [script_or_kind(letter) for letter in "ñШ王7$ "]
        ['Latin', 'Cyrillic', 'Han', 'digit', 'sign', 'space']
    """
    kind = unicodedata.category(letter)
    if kind[0] in "LM":
        return SCRIPTS.get(unicodedata.name(letter, "?").split(" ")[0], "another script")
    return {"N": "digit", "Z": "space"}.get(kind[0], "sign")


def characters_by_script(texts: Iterable[str]) -> dict[str, int]:
    """Count the characters of texts by script, the most frequent first.

    Example:
        >>> characters_by_script(["Jo 7", "王"])
        {'Latin': 2, 'space': 1, 'digit': 1, 'Han': 1}
    """
    return dict(Counter(script_or_kind(letter) for text in texts for letter in text).most_common())
