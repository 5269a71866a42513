"""Pictures of notebook 06: the shift by one, losses as lengths, surprise token by token, runs side by side."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.charts import lying_bars
from momem_lib.course.shared.figures import (
    BLUE,
    GREY,
    MONO,
    ORANGE,
    PALE,
    PAPER,
    RED,
    SIZE,
    blank,
    draw_arrow,
    drawable,
    legend_outside,
    name_axes,
    page,
    write_text,
)
from momem_lib.project import RESULTS

SURPRISE = LinearSegmentedColormap.from_list("white to orange", [PAPER, ORANGE])
MOST_NATS = 7.0  # a surprise that is orange all through
LONGEST_PIECE = 9  # letters that fit into a box of draw_shift
OVERFITTING = RESULTS / "06_overfitting.json"  # what tests/benchmarks/overfitting.py writes


def boxed(piece: str) -> str:
    """A token as a small box can show it: its bytes where the font lacks a letter, its beginning where it is long.

    Example:
        >>> boxed("␣the"), boxed("王"), boxed("internationalisation")
        ('␣the', '‹e78e8b›', 'internat…')
    """
    if drawable(piece, MONO) != piece:
        piece = f"‹{piece.encode('utf-8', 'surrogateescape').hex()}›"
    return piece if len(piece) <= LONGEST_PIECE else piece[: LONGEST_PIECE - 1] + "…"


def draw_shift(pieces: Sequence[str]) -> Figure:
    """A window of T + 1 tokens, and the T inputs and T labels that are cut from it.

    Args:
        pieces: the tokens as they shall be seen, at least 3.

    Example:
        >>> draw_shift(["a", "b", "c"]).get_label()[-50:]
        'after a, b is expected; after a, b, c is expected.'
    """
    told = "; ".join(f"after {', '.join(pieces[:end])}, {pieces[end]} is expected" for end in range(1, len(pieces)))
    alt = f"One window, cut twice: the inputs leave out its last token, the labels its first. So, {told}."
    width, left, rows = 1.02, 1.25, {"window": 2.75, "inputs": 1.75, "labels": 0.45}
    figure, panel = blank(left + width * len(pieces) + 0.25, 3.25, alt)
    grounds = {"window": "#F0F0F0", "inputs": "#DCEBF5", "labels": "#FBE6D9"}
    edges = {"window": GREY, "inputs": BLUE, "labels": RED}
    cuts = {"window": (0, len(pieces)), "inputs": (0, len(pieces) - 1), "labels": (1, len(pieces))}
    for name, y in rows.items():
        first, end = cuts[name]
        write_text(panel, left - 0.15, y, name, ha="right", weight="bold", fontsize=SIZE, color=edges[name])
        for place in range(first, end):
            x = left + width * (place - first)  # labels move one place to the left: that is the shift
            panel.add_patch(
                Rectangle((x, y - 0.2), width - 0.08, 0.4, fc=grounds[name], ec=edges[name], lw=1.4),
            )
            write_text(panel, x + width / 2 - 0.04, y, boxed(pieces[place]), family=MONO, fontsize=SIZE)
    for place in range(len(pieces) - 1):
        x = left + width * (place + 0.5) - 0.04
        draw_arrow(panel, (x, rows["inputs"] - 0.22), (x, rows["labels"] + 0.24))
    words = "the model sees this token and all to its left, and should foresee:"
    write_text(panel, left + width * (len(pieces) - 1) / 2, 1.1, words, fontsize=SIZE - 1, backgroundcolor="#FFFFFF")
    return figure


def draw_ruler(rows: Mapping[str, float], ours: Sequence[str]) -> Figure:
    """Bits per byte as lengths, the shortest below: what each way to foresee a text needs for a byte of it.

    Args:
        rows: name -> bits per byte. ours: the names that are marked.

    Example:
        >>> draw_ruler({"any byte": 8.0, "ours": 2.0}, ["ours"]).get_label()
        'Bits per byte: any byte 8.00, ours 2.00.'
    """
    alt = f"Bits per byte: {', '.join(f'{name} {bits:.2f}' for name, bits in rows.items())}."
    figure, (panel,) = page(8.5, 0.5 + 0.42 * len(rows), alt)
    lying_bars(panel, rows, [BLUE if name in ours else PALE for name in rows], "{:.2f}".format)
    name_axes(panel, "bits per byte of the same held-out text (shorter is better)", "")
    return figure


def draw_surprise(pieces: Sequence[str], nats: Sequence[float], line: int = 88) -> Figure:
    """A text whose tokens are shaded by how surprised a model was, the number below each.

    Args:
        pieces: the tokens as they shall be seen. nats: the surprise at each, -ln p. line: letters in a line.
    """
    worst = sorted(zip(nats, pieces, strict=True))[::-1][:3]
    told = ", ".join(f"{piece} {value:.1f}" for value, piece in worst)
    alt = f"The tokens of a text, shaded by the model's surprise in nats; the greatest: {told}."
    letter, gap, rows, used = 0.105, 0.17, [[]], 0
    for piece, value in zip(pieces, nats, strict=True):
        if used + len(piece) + 1.6 > line:
            rows, used = [*rows, []], 0
        rows[-1].append((piece, value))
        used += len(piece) + 1.6
    figure, panel = blank(9.6, 0.72 * len(rows) + 0.1, alt)
    for number, row in enumerate(rows):
        x, y = 0.1, 0.72 * (len(rows) - number) - 0.25
        for piece, value in row:
            width = max(2, len(piece)) * letter + gap
            panel.add_patch(
                Rectangle((x, y - 0.19), width - 0.04, 0.38, fc=SURPRISE(value / MOST_NATS), ec=PALE, lw=0.7)
            )
            write_text(panel, x + width / 2 - 0.02, y - 0.01, piece, family=MONO, fontsize=10)
            write_text(panel, x + width / 2 - 0.02, y - 0.3, f"{value:.1f}", fontsize=8, color=GREY)
            x += width
    return figure


def recorded_curves() -> dict[str, list[list[list[float]]]]:
    """The recorded runs in which a text was learned by heart: setting -> runs -> rows of (step, seen, unseen).

    Example:
        >>> len(recorded_curves()["20 KB"][0][0])
        3
    """
    rows = json.loads(OVERFITTING.read_text(encoding="utf-8"))["rows"]
    return {name: [run["curve"] for run in runs] for name, runs in rows.items()}


def draw_overfitting(curves: Mapping[str, Sequence[Sequence[Sequence[float]]]]) -> Figure:
    """Bits per byte on text that a model read and on text that it did not, over the steps of some runs.

    Args:
        curves: setting -> runs -> rows of (step, seen, unseen).
    """
    ends = {name: np.mean([rows[-1][1:] for rows in runs], axis=0) for name, runs in curves.items()}
    lowest = {name: np.mean([min(row[2] for row in rows) for rows in runs]) for name, runs in curves.items()}
    told = "; ".join(f"{n}: seen {ends[n][0]:.2f}, unseen {ends[n][1]:.2f}, its lowest {lowest[n]:.2f}" for n in curves)
    alt = (
        f"Bits per byte over the steps, on text that was read and on text that was not. At the end, on average: {told}."
    )
    figure, panels = page(10, 3.7, alt, columns=len(curves), sharey=True)
    for (name, runs), panel in zip(curves.items(), panels, strict=True):
        for number, rows in enumerate(runs):
            steps, seen, unseen = zip(*rows, strict=True)
            panel.plot(steps, seen, "--", color=BLUE, lw=1.5, label="" if number else "read in training")
            panel.plot(steps, unseen, "-", color=RED, lw=1.5, label="" if number else "never read")
        name_axes(panel, "step", "bits per byte" if panel is panels[0] else "", name, legend=False)
    return legend_outside(figure)


def draw_runs(rows: Mapping[str, Sequence[float]]) -> Figure:
    """Bits per byte of a held-out text for each setting, a dot for each run, the mean beside them.

    Args:
        rows: setting -> bits per byte of its runs.

    Example:
        >>> draw_runs({"without": [2.9, 2.8], "with": [2.5, 2.5]}).get_label()
        'Bits per byte of held-out text, on average: without 2.85, with 2.50.'
    """
    told = ", ".join(f"{name} {np.mean(runs):.2f}" for name, runs in rows.items())
    figure, (panel,) = page(7, 1.1 + 0.42 * len(rows), f"Bits per byte of held-out text, on average: {told}.")
    lowest, highest = min(map(min, rows.values())), max(map(max, rows.values()))
    for place, runs in enumerate(rows.values()):
        panel.plot(runs, [place] * len(runs), "o", ms=8, color=BLUE)
        panel.annotate(f"{np.mean(runs):.2f}", (max(runs), place), (8, -4), textcoords="offset points", fontsize=SIZE)
    panel.set_yticks(range(len(rows)), list(rows))
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xlim(lowest - 0.1, highest + 0.25 * (highest - lowest) + 0.1)
    name_axes(panel, "bits per byte, held-out text", "")
    return figure
