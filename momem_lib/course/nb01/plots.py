"""Pictures of notebook 01: what a dataset holds, students who learn by heart or by copying, splits, and leakage."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.charts import lying_bars, percent
from momem_lib.course.shared.figures import (
    BLUE,
    INK,
    LOOKS,
    ORANGE,
    PAPER,
    WIDE,
    legend_outside,
    lines,
    name_axes,
    page,
    percent_axis,
)
from momem_lib.data.grammar import SPLITS

SCRIPTS = {"CJK": "Han"} | {
    name.upper(): name for name in ("Latin Cyrillic Greek Arabic Hebrew Ethiopic Hangul Hiragana Katakana".split())
}
SPLIT_COLOURS = {"train": "#DCEBF5", "validation": ORANGE, "test": BLUE}


def draw_students(curves: Mapping[str, Sequence[tuple[int, float]]], exam: Mapping[str, float]) -> Figure:
    """Draw how students did on training rows as they read on, and on names that they never saw.

    Args:
        curves: per student, pairs of rows read and the share of the latest rows that it got right.
        exam: per student the share of right answers in the exam.
    """
    ends = "; ".join(f"{name}: {percent(points[-1][1])} in training, {percent(exam[name])} in the exam"
                     for name, points in curves.items())  # fmt: skip
    alt = f"Left: share of training rows right, against rows read. Right: the exam on unseen names. At the end {ends}."
    figure, (left, right) = page(10.2, 3.7, alt, columns=2, width_ratios=(3, 2))
    lines(left, curves)
    percent_axis(left.yaxis, -0.03, 1.06)
    name_axes(left, "training rows read", "share right, of the latest rows", "In training")
    lying_bars(right, exam, [look.colour for look in LOOKS])
    name_axes(right, "share right, of the exam", "", "In the exam: names never seen")
    return legend_outside(figure)


def draw_splits(grids: Mapping[str, Sequence[str]], width: int = 25) -> Figure:
    """Draw which split each of some names fell into, one grid of squares for each way of splitting (two in a row).

    Args:
        grids: per title the splits ("train", "validation", "test") of the same names in the same order.
    """
    counts = "; ".join(f"{title}: {sum(split == 'test' for split in splits)} in test"
                       for title, splits in grids.items())  # fmt: skip
    rows = -(-len(grids) // 2)
    tall = -(-max(map(len, grids.values())) // width)
    alt = f"A square for each name, coloured by its split. {counts}."
    figure, panels = page(10.2, rows * (0.2 * tall + 0.4) + 0.35, alt, 2, rows)
    for panel, (title, splits) in zip(panels, grids.items(), strict=False):
        for number, split in enumerate(splits):
            x, y = number % width, number // width
            panel.add_patch(Rectangle((x + 0.06, y + 0.06), 0.88, 0.88, color=SPLIT_COLOURS[split], lw=0))
            if split != "train":
                panel.text(x + 0.5, y + 0.54, split[0], ha="center", va="center", fontsize=8, weight="bold",
                           color=INK if split == "validation" else PAPER)  # fmt: skip
        panel.set(xlim=(0, width), ylim=(tall, 0), aspect="equal")
        panel.set_title(title, fontsize=10.5)
        panel.axis("off")
    handles = [Rectangle((0, 0), 1, 1, color=SPLIT_COLOURS[split]) for split in SPLITS]
    words = [f"{split} ({split[0]})" if split != "train" else split for split in SPLITS]
    figure.legend(handles, words, loc="outside lower center", ncols=3, fontsize=9.5, frameon=False)
    return figure


def draw_lengths(lengths: Mapping[str, Sequence[int]], window: int) -> Figure:
    """Draw how long texts are, in bytes, as one panel of bars for each kind of text; a line marks the window."""
    told = "; ".join(f"{name}: {min(sizes)} to {max(sizes)}" for name, sizes in lengths.items())
    alt = f"How many rows have texts of which length. Bytes: {told}. The context window: {window}."
    figure, panels = page(WIDE, 2.9, alt, len(lengths), sharey=True)
    right = max(window, *(max(sizes) for sizes in lengths.values())) * 1.05
    for look, panel, (name, sizes) in zip(LOOKS, panels, lengths.items(), strict=False):
        panel.hist(sizes, bins=range(0, int(right) + 20, 20), color=look.colour)
        panel.axvline(window, color=INK, ls="--", lw=1.5)
        panel.text(window - 0.02 * right, 0.97, "window", transform=panel.get_xaxis_transform(), rotation=90,
                   ha="right", va="top", fontsize=9)  # fmt: skip
        panel.set_xlim(0, right)
        name_axes(panel, "bytes", "rows (in steps of 20 bytes)" if panel is panels[0] else "", name)
    return figure


def draw_shares(
    shares: Mapping[str, Mapping[str, float]], unit: str = "of the rows", wide: float | None = None
) -> Figure:
    """Draw shares as lying bars, a panel for each kind, two in a row.

    Args:
        shares: per title, the share of each value, from 0 to 1.
        unit: of what they are shares, for the axis. wide: where all axes end; None: each where its longest bar does.
    """
    bars = [max(map(len, pair)) for pair in zip_longest(*[iter(shares.values())] * 2, fillvalue=())]
    heights = [0.24 * number + 0.85 for number in bars]
    told = (f"{name}: {', '.join(f'{value} {percent(share)}' for value, share in parts.items())}"
            for name, parts in shares.items())  # fmt: skip
    alt = f"Shares {unit}. {'; '.join(told)}."
    figure, panels = page(WIDE, sum(heights), alt, 2, len(bars), height_ratios=heights)
    for look, panel, (name, parts) in zip(LOOKS, panels, shares.items(), strict=False):
        lying_bars(panel, parts, (look.colour,))
        panel.set_xlim(0, wide)
        name_axes(panel, f"share {unit}", "", name)
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
