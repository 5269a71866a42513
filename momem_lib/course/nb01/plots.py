"""Pictures of experiments on data: students who learn by heart or by copying, splits, and leakage."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import BLUE, INK, ORANGE, PAPER, RED, legend_outside, lines, page, percent_axis
from momem_lib.course.shared.plots_data import draw_bars, percent
from momem_lib.data.grammar import SPLITS

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
    left.set(xlabel="training rows read", ylabel="share right, of the latest rows", ylim=(-0.03, 1.06),
             title="In training")  # fmt: skip
    legend_outside(figure)
    draw_bars(right, exam, "share right, of the exam")
    right.set_title("In the exam: names never seen")
    percent_axis(left.yaxis)
    return figure


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


def draw_overlap(seen: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw, for each exam, which share of its rows holds something that stood in training already.

    Args:
        seen: per exam, per part of a row ("the value"), a share.
    """
    told = "; ".join(f"{exam}: " + ", ".join(f"{part} {percent(share)}" for part, share in parts.items())
                     for exam, parts in seen.items())  # fmt: skip
    figure, panels = page(10.2, 2.5, f"Share of exam rows seen in training. {told}.", len(seen), sharey=True)
    for number, (panel, (exam, parts)) in enumerate(zip(panels, seen.items(), strict=True)):
        draw_bars(panel, parts, "share of the exam's rows", ((RED, BLUE)[number % 2],))
        panel.set_title(exam, fontsize=11)
        if number:  # the axis is shared: turned over once is enough
            panel.invert_yaxis()
    return figure
