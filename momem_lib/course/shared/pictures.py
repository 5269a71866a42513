"""The pictures of a module and of a question's way through all of them."""

import unicodedata
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MONO,
    ORANGE,
    PINK,
    SANS,
    blank,
    draw_box,
    drawable,
    write_text,
)
from momem_lib.course.shared.text import printable
from momem_lib.system.answer import Answer, Step

COLOURS = {"ner": ORANGE, "memory": BLUE, "summary": GREEN, "response": PINK}
MODULES = {
    "ner": ("Module 0", "finds the name", "decoder-only\nTransformer"),
    "memory": ("Module 1", "recalls the record", "a database,\nnothing learned"),
    "summary": ("Module 2", "picks the fact", "encoder-decoder\nTransformer"),
    "response": ("Module 3", "finds the words", "encoder-decoder\nTransformer"),
}


def module_box(panel: Axes, x: float, y: float, width: float, height: float, module: str, here: bool = False) -> None:
    """A module's rounded box around its centre."""
    style = {"ec": INK, "lw": 3.5} if here else {"lw": 2}
    draw_box(panel, x, y, width, height, colour=COLOURS[module], **style)


COPIED, GENERATED = "#BFE0F7", "#FFDDB0"  # grounds of letters that were copied, and of those that were generated
GOOD, BAD = "#00704F", "#B34700"
PITCH = 0.082  # inches from one of its letters to the next
LINE, LEADING = 74, 0.24  # letters in a line, and inches from line to line
LEFT_TO_RIGHT = "\u200e"  # says that the sentence is English, even where it begins with an Arabic name


def cells_of(step: Step) -> list[tuple[str, float | None]]:
    """A module's output as letters with their copied share; None where nobody knows it (memory, constrained output)."""
    cells: list[tuple[str, float | None]] = []
    for letter, share in step.copied or [(letter, None) for letter in (step.wrote or "nothing")]:
        if cells and unicodedata.combining(letter):  # an accent stands on the letter before it
            cells[-1] = (cells[-1][0] + letter, cells[-1][1])
        else:
            cells.append((letter, share))
    return cells


def wrapped(cells: Sequence[tuple[str, float | None]], width: int = LINE) -> list[list[tuple[str, float | None]]]:
    """Letters in lines, broken at spaces where that is possible.

    Example:
        >>> ["".join(letter for letter, _ in line) for line in wrapped([(c, None) for c in "one two three"], 8)]
        ['one two ', 'three']
    """
    lines, rest = [], list(cells)
    while len(rest) > width:
        spaces = [place for place in range(width) if rest[place][0] == " "]
        cut = spaces[-1] + 1 if spaces else width
        lines.append(rest[:cut])
        rest = rest[cut:]
    return [*lines, rest]


def write_letters(
    panel: Axes,
    x: float,
    y: float,
    cells: Sequence[tuple[str, float | None]],
    width: int = LINE,
    pitch: float = PITCH,
    leading: float = LEADING,
) -> list[tuple[float, float]]:
    """Write letters in lines; those that were copied have another ground, and a line below; returns where each stands.

    Args:
        cells: letters with their copied share; None: no ground. width: letters in a line. pitch, leading: in inches,
            from letter to letter and from line to line.
    """
    places = []
    for number, line in enumerate(wrapped(cells, width)):
        level, text = y - leading * number, printable("".join(letter for letter, _ in line))
        joined = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
        if joined:  # right to left, and each letter looks as its neighbours want it
            write_text(panel, x, level, LEFT_TO_RIGHT + text, ha="left")
        for place, (letter, share) in enumerate(line):
            centre = x + (place + 0.5) * pitch
            places.append((centre, level))
            if share is not None and not joined:
                draw_ground(panel, centre, level, pitch, share)
            if not joined:
                # The font of equal widths does not place accents: letters that carry one come from the other.
                family = MONO if len(letter) == 1 and drawable(letter, MONO) == letter else SANS
                write_text(panel, centre, level, printable(letter), family=family)
    return places


def draw_ground(panel: Axes, x: float, y: float, width: float, share: float, **style) -> None:
    """The ground of a letter around its centre (style: of Rectangle)."""
    style = {"fc": COPIED if share > 0.5 else GENERATED, "lw": 0} | style
    panel.add_patch(Rectangle((x - width / 2, y - 0.1), width, 0.2, **style))
    if share > 0.5:
        panel.plot([x - width / 2, x + width / 2], [y - 0.1] * 2, color=BLUE, lw=1.2)


def draw_legend(panel: Axes, x: float, y: float, copied: str = "copied", pitch: float = 1.1) -> None:
    """What the grounds of letters mean."""
    for left, share, words in ((x, 1.0, copied), (x + pitch, 0.0, "generated")):
        draw_ground(panel, left + 0.1, y, 0.2, share)
        write_text(panel, left + 0.28, y, words, ha="left", fontsize=9, color=GREY)


def gate_words(step: Step) -> tuple[str, str, str]:
    """A gate's verdict as a sign, a colour and a sentence.

    Example:
        >>> gate_words(Step("ner", {}, None, gate="the question names nobody"))[2]
        'stopped here: the question names nobody'
    """
    known = {"passed": ("✓", GOOD, "the gate let it pass"), "off": ("–", GREY, "the gate is off")}
    return known.get(step.gate, ("✗", BAD, f"stopped here: {step.gate}"))


def trace_alt(answer: Answer) -> str:
    """The trace picture in words: the question, a line per module, the answer."""
    lines = (" ".join(step.line().split()) for step in answer.trace)
    return f"The question: {answer.question} " + ". ".join(lines) + f". The answer: {answer}"


def draw_trace(answer: Answer) -> Figure:
    """Draw one answer: what each module wrote, how sure it was, what its gate said."""
    blocks = []
    for step in answer.trace:
        cells = cells_of(step)
        sentences = wrapped([(letter, None) for letter in "; ".join([gate_words(step)[2], *step.notes])], 84)
        blocks.append((step, cells, ["".join(letter for letter, _ in line) for line in sentences]))
    heights = [max(0.78, LEADING * len(wrapped(cells)) + 0.2 * len(notes) + 0.24) for _, cells, notes in blocks]
    ends = [wrapped([(letter, None) for letter in text], 70) for text in (answer.question, str(answer))]
    tall = sum(heights) + 0.22 * sum(map(len, ends)) + 0.8
    figure, panel = blank(10.0, tall, trace_alt(answer))
    y = _draw_sentence(panel, tall - 0.3, "Question", ends[0])
    for (step, cells, notes), height in zip(blocks, heights, strict=True):
        _draw_step(panel, y - height / 2, height, step, cells, notes)
        y -= height
    y = _draw_sentence(panel, y - 0.2, "Silence" if answer.abstained else "Answer", ends[1])
    draw_legend(panel, 1.85, y)
    return figure


def _draw_sentence(panel: Axes, y: float, label: str, lines: list) -> float:
    write_text(panel, 0.25, y, label, ha="left", weight="bold", fontsize=11)
    for line in lines:
        write_text(panel, 1.85, y, LEFT_TO_RIGHT + "".join(letter for letter, _ in line), ha="left", fontsize=10.5)
        y -= 0.22
    return y - 0.05


def _draw_step(panel: Axes, y: float, height: float, step: Step, cells: list, notes: list[str]) -> None:
    """One module's row: box, output, gate, and how sure it was as a bar."""
    module_box(panel, 0.95, y, 1.4, height - 0.14, step.module)
    write_text(panel, 0.95, y + 0.12, MODULES[step.module][0], weight="bold")
    write_text(panel, 0.95, y - 0.12, step.module, fontsize=9)
    line = y + height / 2 - 0.2
    line = write_letters(panel, 1.85, line, cells)[-1][1] - LEADING
    sign, colour, _ = gate_words(step)
    write_text(panel, 1.85, line, sign, ha="left", color=colour, weight="bold", fontsize=11)
    for note in notes:
        write_text(panel, 2.05, line, note, ha="left", fontsize=8.5)
        line -= 0.2
    if step.confidence is not None:
        panel.add_patch(Rectangle((8.2, y - 0.05), 1.5, 0.16, fc="#E8E8E8", ec=GREY, lw=0.8))
        panel.add_patch(Rectangle((8.2, y - 0.05), 1.5 * step.confidence, 0.16, fc=COLOURS[step.module], lw=0))
        write_text(panel, 8.95, y - 0.2, f"{step.confidence:.1%} sure", fontsize=8.5)
