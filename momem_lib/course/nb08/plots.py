"""Pictures of notebook 08: trigrams, likeness and the line, time against size."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from momem_lib.course.shared.figures import (
    BLUE,
    GREY,
    GROUNDS,
    INK,
    MONO,
    ORANGE,
    PAPER,
    RED,
    blank,
    legend_outside,
    page,
    write_text,
)
from momem_lib.system.names import search_key


def pieces_of(text: str) -> list[str]:
    """The three-letter pieces of a text in reading order, each once.

    Example:
        >>> pieces_of("banana")
        ['ban', 'ana', 'nan']
    """
    return list(dict.fromkeys(text[place : place + 3] for place in range(len(text) - 2)))


def draw_trigrams(tag: str, name: str) -> Figure:
    """Draw the trigrams of a misspelt name above those of the right one, and which they share."""
    rows = {"asked for": search_key(tag), "in the memory": search_key(name)}
    pieces = [pieces_of(key) for key in rows.values()]
    shared = set(pieces[0]) & set(pieces[1])
    longest = max(map(len, pieces))
    width = 1.5 + 0.62 * longest + 0.2
    alt = f"{tag} has {len(pieces[0])} trigrams, {name} {len(pieces[1])}; they share {len(shared)}: {sorted(shared)}."
    figure, panel = blank(max(6.0, width), 2.35, alt)
    for (what, key), own, y in zip(rows.items(), pieces, (1.85, 0.75), strict=True):
        write_text(panel, 0.15, y + 0.14, what, ha="left", fontsize=9, color=GREY)
        write_text(
            panel, 0.15, y - 0.1, key if len(key) < 18 else key[:17] + "…", ha="left", weight="bold", fontsize=8.5
        )
        for place, piece in enumerate(own):
            x = 1.5 + 0.62 * (place + 0.5)
            common = piece in shared
            panel.add_patch(Rectangle((x - 0.27, y - 0.18), 0.54, 0.36, fc=GROUNDS[BLUE] if common else PAPER,
                                      ec=BLUE if common else RED, lw=1.8, ls="-" if common else "--"))  # fmt: skip
            write_text(panel, x, y, piece.replace(" ", "␣"), family=MONO, fontsize=11)
            if common and y > 1:
                end = 1.5 + 0.62 * (pieces[1].index(piece) + 0.5)
                panel.plot([x, end], [y - 0.18, 0.93], color=BLUE, lw=1.4)
    words = f"{len(shared)} shared (solid, blue); a dashed red one stands in one of the two only"
    write_text(panel, 1.5, 0.2, words, ha="left", fontsize=9.5)
    return figure


def draw_threshold(owners: Sequence[float], strangers: Sequence[float], threshold: float) -> Figure:
    """Draw the likeness of misspelt names to their owners, and of strangers' names to the nearest name we know."""
    passed = [sum(score >= threshold for score in scores) for scores in (owners, strangers)]
    alt = (
        f"Likeness, 0 to 100, with a line at {threshold:.0f}: {passed[0]} of {len(owners)} misspelt names and "
        f"{passed[1]} of {len(strangers)} strangers reach it."
    )
    figure, (panel,) = page(8.8, 3.3, alt)
    bins = range(30, 104, 2)
    panel.hist(owners, bins, color=BLUE, alpha=0.85, label="a misspelt name, and the name that was meant")
    panel.hist(strangers, bins, color=ORANGE, alpha=0.75, hatch="//", ec=PAPER,
               label="a stranger's name, and the nearest one we know")  # fmt: skip
    panel.axvline(threshold, color=INK, ls="--", lw=1.5)
    panel.text(threshold - 0.7, 0.96, "asked about from here →", transform=panel.get_xaxis_transform(), ha="right",
               va="top", fontsize=9.5)  # fmt: skip
    panel.set(xlabel="likeness (0 to 100)", ylabel="names", xlim=(30, 102))
    panel.legend(fontsize=9.5, frameon=False, loc="upper left", bbox_to_anchor=(0, 0.88))
    return figure


def draw_speed(recorded: Sequence[Mapping], live: Sequence[Mapping]) -> Figure:
    """Draw the time of three kinds of look-up against the number of people, as recorded and as measured just now.

    Args:
        recorded, live: what `memory_timing.measure` gave at each size.
    """
    kinds = {
        "every_name_ms": ("every name read", RED, "s", 1),
        "near_ms": ("near miss, by trigrams", ORANGE, "^", 1),
        "exact_us": ("exact", BLUE, "o", 1e-3),
    }
    last = recorded[-1]
    told = "; ".join(f"{words} {last[key] * scale:.3g} ms" for key, (words, _, _, scale) in kinds.items())
    figure, (panel,) = page(8.8, 4.2, f"Time against people, both logarithmic. At {last['people']:,}: {told}.")
    for key, (words, colour, mark, scale) in kinds.items():
        for rows, line, fill, when in ((recorded, "-", colour, "recorded"), (live, "none", PAPER, "just now")):
            panel.plot([row["people"] for row in rows], [row[key] * scale for row in rows], color=colour, ls=line,
                       lw=2, marker=mark, ms=8 if line == "none" else 5, mfc=fill, mew=1.8,
                       label=f"{words}, {when}")  # fmt: skip
    panel.set(xscale="log", yscale="log", xlabel="people in the memory (log scale)",
              ylabel="time of one look-up, median\n(milliseconds, log scale)")  # fmt: skip
    for axis in (panel.xaxis, panel.yaxis):  # 10,000 and 0.1, not powers of ten
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    panel.grid(alpha=0.3)
    return legend_outside(figure, columns=3)
