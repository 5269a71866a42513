"""Pictures of notebook 10: the tree of wordings, and what temperature does to the fact."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.nb10.chances import Fork, leaves
from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import BLUE, GREY, INK, MONO, blank, percent_axis, write_text

LETTER, LINE = 0.083, 0.36  # inches from letter to letter, and from text to text
STEP = 0.86  # inches that a way takes from its fork to its first letter
WAY = "#9A9A9A"


def draw_forks(tree: Fork, title: str = "") -> Figure:
    """Draw a tree of texts from left to right: at each fork the probability of each way, the likeliest in blue."""
    tree = Fork("", 1.0, [tree], tree.whole) if tree.text else tree  # what all begin with is drawn, too
    ends = leaves(tree)
    words = ", ".join(f"{text!r} {share:.0%}" for text, share in ends.items())
    alt = f"A tree of texts. {title}. Followed to its end: {words}."
    width = 0.3 + _reach(tree) + 0.9
    height = LINE * len(ends) + 0.9
    figure, panel = blank(width, height, alt)
    write_text(panel, 0.2, height - 0.25, title, ha="left", fontsize=12)
    write_text(panel, width - 0.2, height - 0.25, "whole", ha="right", fontsize=10, color=GREY)
    rows = iter(range(len(ends)))
    _draw_ways(panel, tree, 0.2, height - 0.65, rows, width - 0.2)
    return figure


def _reach(fork: Fork) -> float:
    """Inches from a fork to the end of the longest text behind it."""
    return max((STEP + LETTER * len(way.text) + _reach(way) for way in fork.ahead), default=0.0)


def _draw_ways(panel: Axes, fork: Fork, x: float, top: float, rows, right: float) -> float:
    """Draw all that lies ahead of a fork whose ways begin at x; returns the height of the fork."""
    placed = []
    for way in fork.ahead:
        end = x + STEP + LETTER * len(way.text)
        if way.ahead:
            y = _draw_ways(panel, way, end, top, rows, right)
        else:
            y = top - LINE * next(rows)
            write_text(panel, right, y, f"{way.whole:.1%}", ha="right", fontsize=10, color=GREY)
        placed.append((way, y))
    middle = sum(y for _, y in placed) / len(placed)
    likeliest = max(way.share for way, _ in placed)
    for way, y in placed:
        best = way.share == likeliest
        colour = BLUE if best else WAY
        panel.plot([x, x + 0.24, x + STEP - 0.06], [middle, y, y], color=colour, lw=0.8 + 4 * way.share)
        style = {"fontsize": 9, "color": INK, "ha": "center", "va": "bottom"}
        write_text(panel, x + 0.53, y + 0.03, f"{way.share:.0%}", **style)
        shown = way.text.replace(" ", "␣")
        write_text(panel, x + STEP, y, shown, ha="left", fontsize=9, family=MONO,
                   weight="bold" if best else "normal")  # fmt: skip
    return middle


def draw_heat(rows: Sequence[Mapping]) -> Figure:
    """Draw what temperature does to the fact (left) and to the number of wordings (right), on average over questions.

    Args:
        rows: of `heat_row`.
    """
    heats = [row["temperature"] for row in rows]
    names = {"with gates: the answer holds the fact": "right", "without: the text holds the fact": "kept",
             "the first text passes the gate": "passed"}  # fmt: skip
    shares = {name: [row[key] for row in rows] for name, key in names.items()}
    words = {"with gates": [row["answers"] for row in rows]}
    charts = [
        Chart("the fact", heats, shares, "temperature", "share of all texts", top=1.04),
        Chart("the words", heats, words, "temperature", "different wordings per question"),
    ]
    figure = draw_charts(charts, height=3.6)
    percent_axis(figure.axes[0].yaxis)
    figure.axes[0].legend(fontsize=9.5, frameon=False, loc="lower left")
    return figure
