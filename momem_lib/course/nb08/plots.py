"""Pictures of notebook 08: weights as a memory, the schema, a look-up's way, trigrams, a crash, time against size."""

from collections.abc import Mapping, Sequence

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import (
    BLUE,
    GREEN,
    GREY,
    GROUNDS,
    INK,
    MONO,
    ORANGE,
    PAPER,
    RED,
    blank,
    draw_arrow,
    draw_box,
    legend_outside,
    page,
    percent_axis,
    write_text,
)
from momem_lib.data.records import KEYS, Person
from momem_lib.system.memory import NEAR
from momem_lib.system.memory_file import COLUMNS
from momem_lib.system.names import normalise, search_key

Points = Sequence[tuple[float, float]]


def _plain_numbers(*axes: Axis) -> None:
    """Write 10,000 and 0.1 on log scales, not powers of ten."""
    for axis in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def draw_weights(known: Points, strangers: Points, kept: Points, width: int) -> Figure:
    """Draw how a memory of weights does, beside a database, which answers all that it holds and nothing else.

    Args:
        known: pairs of people learned and the share of them answered right.
        strangers: pairs of people learned and the share of strangers who get an answer all the same.
        kept: pairs of people learned later and the share of the first ones still answered right.
        width: numbers that stand for a name.
    """
    ends = {"top": 1.06, "bottom": -0.04}
    taught = {"known people, right": known, "strangers, answered": strangers}
    levels = {"a database,\nknown people": 1.0, "a database,\nstrangers": 0.0}
    charts = [
        Chart("More people", None, taught, "people learned", "share of the people", levels=levels, **ends),
        Chart("New people", None, {"known people, right": kept}, "new people learned afterwards",
              "the first people, still right", levels={"a database": 1.0}, **ends),
    ]  # fmt: skip
    figure = draw_charts(charts, height=3.9)
    figure.axes[0].axvline(width, color=GREY, lw=1)
    words = f"grey line: as many people\nas numbers in a name ({width})"
    figure.axes[0].text(0.97, 0.8, words, transform=figure.axes[0].transAxes, ha="right", color=GREY, fontsize=9)
    for panel in figure.axes:
        percent_axis(panel.yaxis)
    return figure


def draw_schema(person: Person) -> Figure:
    """Draw the table `people` with one person in it, and the three indexes that find this row."""
    values = {"id": "3", "name": person.name, "remembered_at": "when it was told"} | person.to_dict()
    values |= {"normalised_name": normalise(person.name), "search_name": search_key(person.name)}
    colours = {"normalised_name": BLUE, "search_name": ORANGE} | dict.fromkeys(KEYS, GREEN)
    columns = [*COLUMNS, "remembered_at"]
    pitch, top = 0.3, 4.1
    alt = f"The table people, columns {', '.join(columns)}. Indexes: people_by_name, people_with_short_names, "
    figure, panel = blank(10.4, 4.5, alt + "name_trigrams.")
    write_text(panel, 0.25, top + 0.2, "table people: one row for each person", ha="left", weight="bold", fontsize=11)
    places = {}
    for number, column in enumerate(columns):
        y = top - pitch * (number + 0.5)
        places[column] = y
        edge = colours.get(column, GREY)
        panel.add_patch(Rectangle((0.25, y - pitch / 2 + 0.02), 5.3, pitch - 0.04, fc=GROUNDS[edge], ec=PAPER))
        write_text(panel, 0.35, y, column, ha="left", family=MONO, weight="bold", fontsize=9.5)
        text = values[column] if len(values[column]) <= 42 else values[column][:41] + "…"
        write_text(panel, 2.15, y, text, ha="left")
    boxes = (
        (3.7, "normalised_name", BLUE, "index people_by_name\nfinds exact matches"),
        (2.6, "search_name", ORANGE, "name_trigrams: three-letter pieces → id\nfinds misspelt names"),
        (1.6, "search_name", ORANGE, "index people_with_short_names\nfor names of six letters or fewer"),
    )
    for y, column, edge, text in boxes:
        draw_box(panel, 8.45, y, 3.5, 0.75, text, edge)
        draw_arrow(panel, (5.58, places[column]), (6.68, y))
    write_text(
        panel, 8.45, 0.75, "three triggers keep name_trigrams in step\nwhen a row comes, changes or goes", fontsize=9
    )
    write_text(
        panel, 5.65, places["university"], "the record: what is\nanswered from", ha="left", color=GREEN, fontsize=9
    )
    return figure


def draw_look_up() -> Figure:
    """Draw the way of a tag through a look-up, to its four ends."""
    alt = (
        "A tag is normalised; the memory counts who bears exactly this name. One: exact, the record goes on. Several: "
        f"ambiguous, they are listed. Nobody: search by trigrams; a likeness of {NEAR:.0f} or more is a near miss and "
        "is asked about, less is unknown. Only exact answers."
    )
    figure, panel = blank(10.4, 3.3, alt)
    draw_box(panel, 0.9, 2.55, 1.3, 0.7, "tag\n“JO  DOE”")
    draw_box(panel, 2.9, 2.55, 1.5, 0.7, "normalise\n“jo doe”", BLUE)
    draw_box(panel, 5.1, 2.55, 1.7, 0.7, "who bears exactly\nthis name?", BLUE)
    draw_box(panel, 5.1, 0.75, 1.7, 0.9, "search by\ntrigrams, rank\nby likeness", ORANGE)
    ends = (
        (2.95, GREEN, "exact: here is the record"),
        (2.05, GREY, "ambiguous: lists who they are"),
        (1.15, GREY, "near: “did you mean …?”"),
        (0.35, GREY, "unknown: nobody like that"),
    )
    for y, edge, text in ends:
        draw_box(panel, 8.9, y, 2.7, 0.55, text, edge, weight="bold" if edge == GREEN else "normal")
    arrows = (
        ((1.57, 2.55), (2.12, 2.55), ""), ((3.67, 2.55), (4.22, 2.55), ""), ((5.1, 2.18), (5.1, 1.23), "nobody"),
        ((5.97, 2.65), (7.52, 2.95), "one"), ((5.97, 2.45), (7.52, 2.05), "several"),
        ((5.97, 0.85), (7.52, 1.15), f"{NEAR:.0f} or more"), ((5.97, 0.65), (7.52, 0.35), "less"),
    )  # fmt: skip
    for start, end, text in arrows:
        draw_arrow(panel, start, end)
        x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        upright = start[0] == end[0]
        write_text(panel, x + 0.36 if upright else x, y if upright else y + 0.17, text, fontsize=9, color=GREY)
    write_text(panel, 8.9, 2.5, "only this one answers", fontsize=9, color=GREEN, weight="bold")
    return figure


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


def draw_postings(counts: Sequence[tuple[str, int]], read: int, people: int) -> Figure:
    """Draw how many names hold each trigram of a tag, the rarest first, and which of them a search reads.

    Args:
        counts: pairs of a trigram and its number of names, rarest first.
        read: how many of the pairs are read.
        people: how many people the memory holds.
    """
    told = ", ".join(f"“{piece}” {count:,}" for piece, count in counts)
    alt = f"How many of {people:,} names hold each trigram: {told}. The first {read} are read."
    figure, (panel,) = page(8.4, 0.9 + 0.25 * len(counts), alt)
    bars = panel.barh(
        [f"“{piece.replace(' ', '␣')}”" for piece, _ in counts], [max(count, 0.8) for _, count in counts], height=0.7,
        color=[BLUE if number < read else PAPER for number in range(len(counts))], ec=[BLUE] * len(counts),
    )  # fmt: skip
    panel.bar_label(bars, [f"{count:,}" for _, count in counts], padding=4, fontsize=9.5)
    for label in panel.get_yticklabels():
        label.set_family(MONO)
    panel.set(xscale="log", xlabel=f"names that hold it, of {people:,} (log scale); filled: read, empty: left out",
              xlim=(0.8, people * 1.6))  # fmt: skip
    _plain_numbers(panel.xaxis)
    panel.invert_yaxis()
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


def draw_crash(kept: int) -> Figure:
    """Draw the life of a process that is killed in the middle of its second transaction, and what remains."""
    alt = f"A process commits {kept:,} people, begins a second transaction and is killed. Later: {kept:,} people."
    figure, panel = blank(10.4, 2.15, alt)
    panel.plot([0.3, 10.1], [0.75, 0.75], color=INK, lw=1.2)
    write_text(panel, 10.1, 0.55, "time", ha="right", fontsize=9, color=GREY)
    draw_box(panel, 2.05, 1.25, 2.9, 0.55, f"first transaction\n{kept:,} people", BLUE)
    panel.add_patch(Rectangle((4.4, 0.98), 2.2, 0.54, fc=PAPER, ec=RED, lw=1.8, ls="--"))
    write_text(panel, 5.45, 1.25, "second transaction\nthousands of people", linespacing=1.35)
    write_text(panel, 6.6, 1.25, "✖", fontsize=22, color=RED)
    draw_box(panel, 8.75, 1.25, 2.4, 0.55, f"somebody opens the file:\n{kept:,} people", GREEN)
    for x, text in ((0.6, "BEGIN"), (3.5, "COMMIT"), (4.4, "BEGIN"), (6.6, "killed")):
        panel.plot([x, x], [0.69, 0.81], color=INK, lw=1.2)
        write_text(panel, x, 0.5, text, fontsize=9, family=MONO)
    write_text(panel, 5.2, 1.85, "what was not committed never happened", fontsize=10, color=GREY)
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
    _plain_numbers(panel.xaxis, panel.yaxis)
    panel.grid(alpha=0.3)
    return legend_outside(figure, columns=3)
