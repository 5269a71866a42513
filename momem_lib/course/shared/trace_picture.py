"""One answer as a picture: what each module wrote, copied or generated, how sure it was, what its gate said."""

import unicodedata
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.shared.plots import COLOURS, GREY, MODULES, blank, draw_box, drawable, write_text
from momem_lib.system.pipeline import Answer, Step

COPIED, GENERATED = "#BFE0F7", "#FFDDB0"  # grounds of letters that were copied, and of those that were generated
GOOD, BAD = "#00704F", "#B34700"
MONO = "DejaVu Sans Mono"
PITCH = 0.082  # inches from one of its letters to the next
LINE = 74  # letters in a line
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


def ground_of(share: float | None) -> str | None:
    """The colour behind a letter: blue when more than half of its probability came from copying, else orange."""
    return None if share is None else COPIED if share > 0.5 else GENERATED


def _draw_line(panel: Axes, x: float, y: float, line: list[tuple[str, float | None]]) -> None:
    """One line of a module's output; letters that were copied have another ground, and a line below."""
    text = "".join(letter for letter, _ in line)
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
        write_text(panel, x, y, LEFT_TO_RIGHT + text, ha="left")  # its letters join, right to left: drawn as a whole
        return
    for place, (letter, share) in enumerate(line):
        left = x + place * PITCH
        if share is not None:
            _draw_ground(panel, left, y, PITCH, share)
        # The font of equal widths does not place accents: letters that carry one come from the other.
        family = MONO if len(letter) == 1 and drawable(letter, MONO) == letter else "DejaVu Sans"
        write_text(panel, left + PITCH / 2, y, letter, family=family)


def _draw_ground(panel: Axes, left: float, y: float, width: float, share: float) -> None:
    panel.add_patch(Rectangle((left, y - 0.1), width, 0.2, fc=ground_of(share), lw=0))
    if share > 0.5:
        panel.plot([left, left + width], [y - 0.1] * 2, color=COLOURS["memory"][0], lw=1.2)


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
        texts = wrapped(cells_of(step))
        sentences = wrapped([(letter, None) for letter in "; ".join([gate_words(step)[2], *step.notes])], 84)
        blocks.append((step, texts, ["".join(letter for letter, _ in line) for line in sentences]))
    heights = [max(0.78, 0.24 * len(texts) + 0.2 * len(notes) + 0.24) for _, texts, notes in blocks]
    ends = [wrapped([(letter, None) for letter in text], 70) for text in (answer.question, str(answer))]
    tall = sum(heights) + 0.22 * sum(map(len, ends)) + 0.8
    figure, panel = blank(10.0, tall, trace_alt(answer))
    y = _draw_sentence(panel, tall - 0.3, "Question", ends[0])
    for (step, texts, notes), height in zip(blocks, heights, strict=True):
        _draw_step(panel, y - height / 2, height, step, texts, notes)
        y -= height
    y = _draw_sentence(panel, y - 0.2, "Silence" if answer.abstained else "Answer", ends[1])
    _draw_legend(panel, y)
    return figure


def _draw_sentence(panel: Axes, y: float, label: str, lines: list) -> float:
    write_text(panel, 0.25, y, label, ha="left", weight="bold", fontsize=11)
    for line in lines:
        write_text(panel, 1.85, y, LEFT_TO_RIGHT + "".join(letter for letter, _ in line), ha="left", fontsize=10.5)
        y -= 0.22
    return y - 0.05


def _draw_step(panel: Axes, y: float, height: float, step: Step, texts: list, notes: list[str]) -> None:
    """One module's row: box, output, gate, and how sure it was as a bar."""
    draw_box(panel, 0.95, y, 1.4, height - 0.14, step.module)
    write_text(panel, 0.95, y + 0.12, MODULES[step.module][0], weight="bold")
    write_text(panel, 0.95, y - 0.12, step.module, fontsize=9)
    line = y + height / 2 - 0.2
    for text in texts:
        _draw_line(panel, 1.85, line, text)
        line -= 0.24
    sign, colour, _ = gate_words(step)
    write_text(panel, 1.85, line, sign, ha="left", color=colour, weight="bold", fontsize=11)
    for note in notes:
        write_text(panel, 2.05, line, note, ha="left", fontsize=8.5)
        line -= 0.2
    if step.confidence is not None:
        panel.add_patch(Rectangle((8.2, y - 0.05), 1.5, 0.16, fc="#E8E8E8", ec=GREY, lw=0.8))
        panel.add_patch(Rectangle((8.2, y - 0.05), 1.5 * step.confidence, 0.16, fc=COLOURS[step.module][0], lw=0))
        write_text(panel, 8.95, y - 0.2, f"{step.confidence:.1%} sure", fontsize=8.5)


def _draw_legend(panel: Axes, y: float) -> None:
    for x, share, words in ((1.85, 1.0, "copied"), (2.95, 0.0, "generated")):
        _draw_ground(panel, x, y, 0.2, share)
        write_text(panel, x + 0.28, y, words, ha="left", fontsize=8.5, color=GREY)
