"""Pictures of the whole pipeline: the results table, and how errors travel with and without gates."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from momem_lib.course.nb11.cascade import OUTCOMES
from momem_lib.course.shared.charts import stacked_bars
from momem_lib.course.shared.figures import INK, PAPER, legend_outside, lines, name_axes, page, percent_axis
from momem_lib.project import InputError

# Okabe and Ito's blue and vermilion, a light grey between them; hatched too, for eyes that see no colours.
SHADES = {"right": "#56B4E9", "abstained": "#D9D9D9", "wrong": "#D55E00"}
HATCHES = {"right": "", "abstained": "..", "wrong": "//"}
WORDS = {"right": "right", "abstained": "abstained, though there is an answer", "wrong": "wrong"}


def in_words(shares: Mapping[str, float]) -> str:
    """Outcomes as words, for instance "right 90.0 %, abstained 8.0 %, wrong 2.0 %".

    Example:
        >>> in_words({"right": 0.5, "abstained": 0.25, "wrong": 0.25})
        'right 50.0 %, abstained 25.0 %, wrong 25.0 %'
    """
    return ", ".join(f"{outcome} {shares[outcome]:.1%}".replace("%", " %") for outcome in OUTCOMES)


def draw_outcomes(rows: Mapping[str, Mapping]) -> Figure:
    """Draw one bar of outcomes per row, and a diamond at what the baseline without Transformers gets right.

    Args:
        rows: name -> shares of right, abstained and wrong, and perhaps the same again under the key "baseline".
    """
    marked = {name: row["baseline"]["right"] for name, row in rows.items() if "baseline" in row}
    words = [f"{name}: {in_words(row)}" + (f", by the baseline {marked[name]:.1%} right" if name in marked else "")
             for name, row in rows.items()]  # fmt: skip
    figure, (panel,) = page(9.6, 0.37 * len(rows) + 1.3, "Bars of outcomes. " + ". ".join(words) + ".")
    looks = {WORDS[outcome]: (SHADES[outcome], HATCHES[outcome]) for outcome in OUTCOMES}
    stacked_bars(panel, {name: {WORDS[key]: row[key] for key in OUTCOMES} for name, row in rows.items()}, looks)
    if marked:
        style = {"marker": "D", "s": 46, "color": INK, "edgecolor": PAPER, "zorder": 3}
        panel.scatter(list(marked.values()), list(marked), label="right without Transformers", **style)
    for number, row in enumerate(rows.values()):
        panel.text(1.01, number, f"{row['right']:.1%}", va="center", fontsize=10, color=INK)
    panel.set_xlabel("share of the questions; at the right edge, the share that is right")
    return legend_outside(figure, "upper", 4)


def draw_cascade(columns: Mapping[str, Sequence[Mapping]], unit: str) -> Figure:
    """Draw what becomes of the answers while one module gets worse: gates off above, gates on below.

    Args:
        columns: title -> rows with level, off and on (shares of the outcomes), and perhaps alone (the module's own).
        unit: what a level is, for the axis.

    Raises:
        InputError: a column with fewer than two rows.
    """
    few = [title for title, rows in columns.items() if len(rows) < 2]
    if few or not columns:
        raise InputError(f"at least two levels are needed to draw a cascade, unlike in {few}")
    words = [f"{title}, {unit} {row['level']:g}, gates {gates}: {in_words(row[gates])}"
             for title, rows in columns.items() for row in (rows[0], rows[-1]) for gates in ("off", "on")]  # fmt: skip
    size = (3.1 * len(columns) + 0.9, 5.4)
    figure, panels = page(*size, ". ".join(words) + ".", len(columns), 2, sharex="col", sharey=True)
    for place, panel in enumerate(panels):
        title, gates = list(columns)[place % len(columns)], ("off", "on")[place // len(columns)]
        _areas(panel, columns[title], gates)
        panel.set_title(f"{title}\ngates {gates}" if gates == "off" else f"gates {gates}", fontsize=10.5, color=INK)
        panel.set_ylabel("" if place % len(columns) else "share of all questions", fontsize=10)
        panel.set_xlabel(unit if gates == "on" else "", fontsize=10)
    return legend_outside(figure, columns=2)


def draw_doubt(groups: Sequence[tuple[float, float, int]], curve: Sequence[tuple[float, float]]) -> Figure:
    """Draw how often a module is right by how sure it is, and how often wrong by how much it answers.

    Args:
        groups: (mean confidence, share right, how many). curve: (coverage, risk).
    """
    words = [f"sure {sure:.0%}: right {right:.0%} of {count}" for sure, right, count in groups]
    words += [f"answering {curve[-1][0]:.0%}: wrong {curve[-1][1]:.1%}"] if curve else []
    figure, (left, right) = page(9.6, 3.6, ". ".join(words) + ".", 2)
    left.plot([0, 1], [0, 1], color="#888888", lw=1, label="as right as sure")
    lines(left, {"Module 2": [(sure, share) for sure, share, _ in groups]})
    name_axes(left, "how sure (mean of a group)", "how often right")
    percent_axis(left.xaxis, 0)
    percent_axis(left.yaxis, 0)
    lines(right, {"Module 2": list(curve)}, few=0)
    name_axes(right, "coverage: the share that is answered", "risk: the share of it that is wrong", legend=False)
    percent_axis(right.xaxis, 0)
    percent_axis(right.yaxis)
    return figure


def _areas(panel: Axes, rows: Sequence[Mapping], gates: str) -> None:
    """Outcomes as areas on top of each other, wrong at the top; a dashed line for the module by itself."""
    levels = [row["level"] for row in rows]
    low = [0.0] * len(rows)
    for outcome in OUTCOMES:
        high = [start + row[gates][outcome] for start, row in zip(low, rows, strict=True)]
        style = {"facecolor": SHADES[outcome], "hatch": HATCHES[outcome], "edgecolor": PAPER, "linewidth": 0.0}
        panel.fill_between(levels, low, high, label=WORDS[outcome], **style)
        low = high
    if "alone" in rows[0]:
        line = {"color": INK, "ls": "--", "marker": "o", "ms": 4, "clip_on": False}
        panel.plot(levels, [row["alone"] for row in rows], label="the module alone", **line)
    panel.set(xlim=(levels[0], levels[-1]), ylim=(0, 1))
    percent_axis(panel.yaxis)
