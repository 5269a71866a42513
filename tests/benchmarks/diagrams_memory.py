"""The constant pictures of notebook 08: the memory's table, a look-up's way to its four ends, a crash."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

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
    write_text,
)
from momem_lib.data.records import Record
from momem_lib.system.memory import NEAR
from momem_lib.system.names import normalise, search_key


def draw_schema(record: Record) -> Figure:
    """Draw the tables `records` and `facts` with one record in them, and the three indexes that find it."""
    keys = {"id": "3", "name": record.name, "normalised_name": normalise(record.name)}
    keys |= {"search_name": search_key(record.name), "remembered_at": "when it was told"}
    alt = (
        f"The table records, columns {', '.join(keys)}, and the table facts, columns record, position, label, value, "
        "with one row for each fact. Indexes: records_by_name, records_with_short_names, name_trigrams."
    )
    figure, panel = blank(10.4, 4.5, alt)
    pitch, places = 0.3, {}

    def row(y: float, edge: str, *cells: tuple[float, str]) -> None:
        panel.add_patch(Rectangle((0.25, y - pitch / 2 + 0.02), 5.3, pitch - 0.04, fc=GROUNDS[edge], ec=PAPER))
        for number, (x, text) in enumerate(cells):
            bold = {"family": MONO, "weight": "bold", "fontsize": 9.5} if not number else {}
            write_text(panel, x, y, text if len(text) <= 42 else text[:41] + "…", ha="left", **bold)

    write_text(panel, 0.25, 4.3, "table records: one row for each record", ha="left", weight="bold", fontsize=11)
    for number, (column, text) in enumerate(keys.items()):
        places[column] = 4.1 - pitch * (number + 0.5)
        edge = {"normalised_name": BLUE, "search_name": ORANGE}.get(column, GREY)
        row(places[column], edge, (0.35, column), (2.15, text))
    write_text(panel, 0.25, 2.35, "table facts: record, position, label, value", ha="left", weight="bold", fontsize=11)
    for number, (label, value) in enumerate(record.facts):
        row(2.15 - pitch * (number + 0.5), GREEN, (0.35, f"3  {number}"), (0.95, label), (2.75, value))
    boxes = (
        (3.7, "normalised_name", BLUE, "index records_by_name\nfinds exact matches"),
        (2.6, "search_name", ORANGE, "name_trigrams: three-letter pieces → id\nfinds misspelt names"),
        (1.6, "search_name", ORANGE, "index records_with_short_names\nfor names of six letters or fewer"),
    )
    for y, column, edge, text in boxes:
        draw_box(panel, 8.45, y, 3.5, 0.75, text, edge)
        draw_arrow(panel, (5.58, places[column]), (6.68, y))
    words = "three triggers keep name_trigrams in step\nwhen a record comes, changes or goes"
    write_text(panel, 8.45, 0.75, words, fontsize=9)
    write_text(panel, 5.65, 0.85, "what is\nanswered from", ha="left", color=GREEN, fontsize=9)
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
