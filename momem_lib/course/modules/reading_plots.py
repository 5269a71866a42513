"""Pictures of notebooks 07, 09 and 10: what a module sees, token by token, where it looks, and samples of it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.modules.reading import Example, Reading, letters_of_sample, token_labels
from momem_lib.course.shared.figures import (
    BLUE,
    GREY,
    MONO,
    ORANGE,
    PAPER,
    SIZE,
    WEIGHTS,
    WIDE,
    blank,
    drawable,
    label_of,
    page,
    write_text,
)
from momem_lib.course.shared.pictures import COPIED, draw_legend, wrapped, write_letters
from momem_lib.nn.generation import Generated

CELL, TALL = 0.25, 0.27  # inches: a token's cell
LEFT = 1.3  # inches: where cells begin
MOST_PLACES = 76  # places that one picture of weights can show
PITCH, LEADING = 0.092, 0.25  # inches from letter to letter, from line to line


def draw_example(example: Example, most_source: int = 105) -> Figure:
    """Draw a row token by token: what is read, what must be predicted after each token, and which of that counts.

    Args:
        most_source: tokens of the source that are shown.
    """
    source = token_labels(example.source)
    cut = source[:most_source] + (["…"] if len(source) > most_source else [])
    whole = token_labels(example.target[1:])
    asked = [""] * len(example.prompt) + whole
    columns = list(zip(token_labels(example.read), asked, example.counts, strict=True))
    above, below = _lines([(label,) for label in cut]), _lines(columns)
    alt = (
        f"One example token by token. {f'The encoder reads {len(source)} tokens. ' if source else ''}The decoder reads "
        f"{len(columns)}: the prompt of {len(example.prompt)} tokens, whose predictions do not count, then the target; "
        f"its {sum(example.counts)} predictions count: {' '.join(whole)}."
    )
    height = len(above) * (TALL + 0.14) + len(below) * (3 * TALL + 0.22) + 0.35 + 0.2 * bool(above)
    figure, panel = blank(WIDE, height, alt)
    y = height - 0.35
    for number, line in enumerate(above):
        _cells(panel, y, "encoder reads" if number == 0 else "", [(label, "#F0F0F0") for (label,) in line])
        y -= TALL + 0.14
    y -= 0.2 * bool(above)
    for line in below:
        _cells(panel, y, "decoder reads", [(read, PAPER if c else "#F0F0F0") for read, _, c in line], line)
        asks = [(label, COPIED if c else PAPER) for _, label, c in line]
        _cells(panel, y - TALL, "must say next", asks, line, edge="#B5B5B5")
        counted = [("1" if c else "0", COPIED if c else PAPER) for *_, c in line]
        _cells(panel, y - 2 * TALL, "loss mask", counted, line, edge="#B5B5B5")
        y -= 3 * TALL + 0.22
    return figure


def _widths(line: Sequence[tuple]) -> list[float]:
    """How wide each column must be, in inches: special tokens have long names."""
    longest = [max(len(part) for part in column if isinstance(part, str)) for column in line]
    return [CELL if count < 2 else 0.1 + 0.067 * count for count in longest]


def _lines(columns: Sequence[tuple]) -> list[list[tuple]]:
    """Columns in lines that fit the page."""
    lines: list[list[tuple]] = []
    room = 0.0
    for column, wide in zip(columns, _widths(columns), strict=True):
        if room < wide:
            lines.append([])
            room = WIDE - LEFT - 0.1
        lines[-1].append(column)
        room -= wide
    return lines


def _cells(
    panel: Axes, y: float, name: str, cells: Sequence[tuple[str, str]], like: Sequence[tuple] = (), edge: str = GREY
) -> None:
    """One row of cells with its name on the left; as wide as the columns `like`."""
    write_text(panel, LEFT - 0.12, y, name, ha="right", fontsize=9.5, weight="bold")
    x = LEFT
    for (label, ground), wide in zip(cells, _widths(like or [(label,) for label, _ in cells]), strict=True):
        panel.add_patch(Rectangle((x, y - TALL / 2), wide, TALL, fc=ground, ec=edge, lw=0.6))
        text = {" ": "␣", "\n": "↵"}.get(label, label)
        family = MONO if len(text) == 1 and drawable(text, MONO) == text else "DejaVu Sans"
        write_text(panel, x + wide / 2, y - 0.01, text, family=family, fontsize=9.5 if len(text) == 1 else 7.5)
        x += wide


def shown_places(weights: np.ndarray) -> slice:
    """Which places to show where there are too many: those with the most weight, side by side.

    Example:
        >>> weights = np.zeros((1, 200)); weights[0, 150] = 1
        >>> shown_places(weights)
        slice(100, 176, None)
    """
    length = weights.shape[1]
    if length <= MOST_PLACES:
        return slice(0, length)
    mass = np.concatenate([[0.0], weights.sum(0).cumsum()])
    begins = np.arange(length - MOST_PLACES + 1)
    held = mass[begins + MOST_PLACES] - mass[begins]
    best = begins[np.isclose(held, held.max())]
    begin = int(best[len(best) // 2])
    return slice(begin, begin + MOST_PLACES)


def draw_reading(reading: Reading, block: int = -1, head: int | None = None) -> Figure:
    """Draw where a module looked for each token that it wrote: copy gate and copy weights, sureness and attention.

    Args:
        block: whose attention, counted from 0 or, with a minus, from the end. head: None for the mean over heads.
    """
    attention = reading.attention[block]  # (H, T, A)
    looked = (attention.mean(0) if head is None else attention[head]).numpy()
    weights, rows = reading.weights.numpy(), [label_of(label) for label in reading.wrote]
    count = len(reading.attention)
    one = "mean over heads" if head is None else f"head {head + 1} of {len(attention)}"
    which = f"attention of block {block % count + 1} of {count}, {one}"
    best = [
        f"{label} from {reading.places[int(row.argmax())]} ({gate:.0%})"
        for label, row, gate in zip(reading.wrote, reading.weights, reading.gate.tolist(), strict=True)
        if len(reading.places)
    ]
    alt = f"Where the module looked, a row for each token written. Copy head (gate in brackets): {', '.join(best)}."
    parts = [(reading.gate, "copy gate", weights, reading.places, "copy weights")] if len(reading.places) else []
    parts.append((reading.chances, "how sure", looked, reading.attended, which))
    row = 0.19 if len(rows) <= 24 else 0.13  # inches
    row = 0.11 if len(rows) > 40 else row
    tall = len(parts) * (row * len(rows) + 0.75) + 0.3
    figure, axes = page(WIDE, tall, alt, columns=2, rows=len(parts), width_ratios=(1, 7))
    same = list(reading.places) == list(reading.attended)  # then both panels show the same columns
    shared = shown_places(weights) if same else None
    for (bars, name, table, places, title), left, right in zip(parts, axes[::2], axes[1::2], strict=True):
        colours = [BLUE if share > 0.5 else ORANGE for share in reading.copied.tolist()]
        left.barh(range(len(rows)), bars.numpy(), 0.8, color=colours if name == "copy gate" else GREY)
        left.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
        left.set_yticks(range(len(rows)), rows, fontsize=8.5 if row > 0.15 else 7)
        left.set_xticks([0, 1])
        left.set_title(name, fontsize=SIZE - 1, loc="left")
        window = shared or shown_places(table)
        _weights(right, table[:, window], [label_of(label) for label in places[window]])
        some = f", tokens {window.start} to {window.stop - 1} of {len(places)}" if len(places) > MOST_PLACES else ""
        right.set_title(title + some, fontsize=SIZE - 1, loc="left")
    axes[0].set_ylabel("written, from top to bottom", fontsize=9)
    axes[-1].set_xlabel("what it read", fontsize=9)
    return figure


def _weights(panel: Axes, table: np.ndarray, places: Sequence[str]) -> None:
    """A table of weights as pale to dark cells; rows are shared with the panel on the left."""
    panel.imshow(table, cmap=WEIGHTS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    panel.set_xticks(range(len(places)), places, fontsize=8.5 if len(places) <= 50 else 7)
    for label, tick in zip(places, panel.get_xticklabels(), strict=True):
        tick.set_rotation(90 if len(label) > 2 else 0)
    panel.set_yticks([])
    panel.tick_params(length=0)
    panel.grid(visible=False)


def draw_samples(groups: Mapping[str, Sequence[Generated]], width: int = 84) -> Figure:
    """Draw samples as text: copied letters on blue, generated ones on orange; a text that was cut off ends in dots.

    Args:
        groups: title, such as "temperature 0.8" -> what sample_module gave.
    """
    blocks = {title: [sample_cells(one) for one in samples] for title, samples in groups.items()}
    lines = [line for samples in blocks.values() for cells in samples for line in wrapped(cells, width)]
    texts = "; ".join(
        f"{title}: {', '.join(repr(''.join(letter for letter, _ in cells)) for cells in samples)}"
        for title, samples in blocks.items()
    )
    height = 0.5 + LEADING * len(lines) + 0.2 * len(blocks)
    figure, panel = blank(max(6.0, 2.1 + PITCH * max(map(len, lines), default=0)), height, f"Samples. {texts}.")
    y = height - 0.25
    for title, samples in blocks.items():
        write_text(panel, 1.75, y, title, ha="right", weight="bold")
        for cells in samples:
            write_letters(panel, 1.9, y, cells, width, PITCH, LEADING)
            y -= LEADING * len(wrapped(cells, width))
        y -= 0.2
    draw_legend(panel, 1.9, 0.19)
    return figure


def sample_cells(written: Generated) -> list[tuple[str, float | None]]:
    """A sample as letters with their copied shares, names of special tokens letter by letter."""
    cells = [
        (letter, share)
        for label, share in letters_of_sample(written)
        for letter in (label if label.startswith("<") and len(label) > 1 else [label])
    ]
    return cells + ([] if written.finished else [(" ", None), ("…", None)])
