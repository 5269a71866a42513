"""One question from its bytes to its answer as a single picture, with a line from each copied letter to its origin."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib.course.modules.reading import letters_of, read_along
from momem_lib.course.shared.figures import BLUE, GREY, GROUNDS, INK, PAPER, blank, draw_arrow, write_text
from momem_lib.course.shared.pictures import (
    BAD,
    MODULES,
    draw_ground,
    draw_legend,
    gate_words,
    module_box,
    wrapped,
    write_letters,
)
from momem_lib.course.shared.start import letters
from momem_lib.data.people import read_people
from momem_lib.data.records import Record
from momem_lib.data.tasks import encode_prompt, encode_source
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.module import Module
from momem_lib.project import TEST_PEOPLE, InputError
from momem_lib.system.answer import Answer, Step, check_question
from momem_lib.system.gates import record_gate
from momem_lib.system.memory import Memory
from momem_lib.system.names import normalise, shown
from momem_lib.system.pipeline import Pipeline

LEFT, WIDTH = 2.1, 10.9  # inches: where text begins, and the page
PITCH, LINE, LEADING = 0.097, 88, 0.24  # inches from letter to letter, letters in a line, inches from line to line
BYTE, BYTES = 0.235, 37  # inches from byte to byte, and the most bytes that a row shows
GAP = 1.1  # inches between what a module reads and what it writes
WRITES = {"ner": "tag", "memory": "content", "summary": "summary", "response": "response"}
Place = tuple[float, float]
Source = Record | str | None  # what a module's encoder reads


def journey_alt(answer: Answer) -> str:
    """The picture in words."""
    said = f"the answer {answer.text!r}" if answer.text is not None else f"silence: {answer.reason}"
    texts = [f"{MODULES[step.module][0]} writes the {WRITES[step.module]} {shown(step.wrote or 'none')!r}"
             for step in answer.trace]  # fmt: skip
    size = len(TOKENIZER.encode(answer.question))
    return (
        f"One question from bytes to answer. {answer.question!r} is {size} bytes; {'; '.join(texts)}; at the end "
        f"stands {said}. Lines lead from each copied letter back to the place that it was copied from."
    )


def draw_journey(answer: Answer, modules: Mapping[str, Module]) -> Figure:
    """Draw one answer from the bytes of the question to the last letter, with a line for each letter that was copied.

    Args:
        answer: of a pipeline, with its trace. modules: those that gave it, under ner, summary and response.
    """
    counts = [line_count(text_of(step)) for step in answer.trace]
    last = next((step for step in answer.trace if step.module == "response"), None)
    two_lines = last is not None and len(answer.question) + len(last.read["summary"] or "") + 3 > LINE
    ending = textwrap.wrap(str(answer), 84)
    tall = 1.95 + sum(GAP + LEADING * count - 0.1 for count in counts) + LEADING * len(ending)
    tall += LEADING * (line_count(answer.question) + 1) * any(step.module == "summary" for step in answer.trace)
    figure, panel = blank(WIDTH, tall + LEADING * (last is not None) * (1 + two_lines), journey_alt(answer))
    y = figure.get_figheight() - 0.35
    write_text(panel, 0.2, y, "One question, from bytes to answer", ha="left", weight="bold", fontsize=12.5)
    y -= 0.42
    _label(panel, y, "question")
    question = _byte_row(panel, y, answer.question)
    places, y = {"prompt": question}, y - 0.4
    for step in answer.trace:
        if step.module in ("summary", "response"):
            again, y = _question_again(panel, y, step, two_lines)
            places = again or places
        source = {"summary": answer.record, "response": step.read.get("summary")}.get(step.module)
        written = _letters_and_lines(panel, y - GAP, step, source, modules.get(step.module), places)
        _module(panel, y - GAP / 2, step, source, modules.get(step.module))
        y -= GAP + LEADING * line_count(text_of(step)) - 0.1
        places = {"source": written}
    _ending(panel, y - 0.3, ending, answer.abstained)
    return figure


def text_of(step: Step) -> str:
    """What a module wrote, or what it writes where there is nothing to write."""
    return "<none>" if step.wrote is None else step.wrote


def line_count(text: str) -> int:
    """How many lines a text takes; an empty one takes one."""
    return len(wrapped([(letter, None) for letter in text], LINE))


def _label(panel: Axes, y: float, text: str) -> None:
    write_text(panel, LEFT - 0.15, y, text, ha="right", weight="bold", fontsize=10)


def _byte_row(panel: Axes, y: float, text: str) -> dict[int, Place]:
    """The tokens of the question, letter above number; returns where lines to each letter begin."""
    tokens = encode_prompt(text)
    letters = letters_of(text)
    shown_letters = {place: letters.index(place) for place in letters if place is not None}
    cut = len(tokens) > BYTES
    places = {}
    for index, token in enumerate(tokens[: BYTES - cut]):
        x = LEFT + (index + 0.5) * BYTE
        special = token >= 256
        fill = GROUNDS[GREY] if special else PAPER
        panel.add_patch(Rectangle((x - BYTE / 2, y - 0.3), BYTE, 0.44, fc=fill, ec=GREY, lw=0.6))
        letter = letters[index]
        if letter is not None and shown_letters[letter] == index:
            write_letters(panel, x - PITCH / 2, y, [(text[letter], None)], pitch=PITCH)
            places[letter] = (x, y - 0.22)
        elif special:
            write_text(panel, x, y, "◂" if index else "▸", color=GREY, fontsize=8)
        write_text(panel, x, y - 0.18, str(token), fontsize=6.8, color=GREY)
    if cut:
        write_text(panel, LEFT + (BYTES - 0.5) * BYTE, y, "…")
    return places


def _row(panel: Axes, x: float, y: float, text: str, shares: Sequence[float] = ()) -> dict[int, Place]:
    """A text in lines of equal letters, on grounds that say what was copied; returns where each letter stands."""
    cells = list(zip(text, shares or [None] * len(text), strict=True))
    return dict(enumerate(write_letters(panel, x, y, cells, LINE, PITCH, LEADING)))


def _question_again(panel: Axes, y: float, step: Step, two_lines: bool) -> tuple[dict[str, dict[int, Place]], float]:
    """The question once more: below Module 2's record, or with the summary that Module 3 reads, beside or below it.

    Returns:
        Where the letters stand that can be copied here, and the level of the last line.
    """
    summary, question = step.read.get("summary") or "", step.read["question"] or ""
    y -= LEADING
    _label(panel, y, "with the question")
    if step.module == "summary":
        _row(panel, LEFT, y, question)
        return {}, y - LEADING * (line_count(question) - 1)
    places = {"source": _row(panel, LEFT, y, summary)}
    x = LEFT if two_lines else LEFT + (len(summary) + 3) * PITCH
    if not two_lines:
        write_text(panel, x - 1.5 * PITCH, y, "+", weight="bold")
    y -= LEADING * two_lines
    return places | {"prompt": _row(panel, x, y, question)}, y


def _letters_and_lines(
    panel: Axes, y: float, step: Step, source: Source, module: Module | None, places: dict[str, dict[int, Place]]
) -> dict[int, Place]:
    """What a module wrote, and for each letter that it copied a line to the letter's origin."""
    _label(panel, y, WRITES[step.module])
    wrote, came = text_of(step), []
    if module and step.wrote:
        came = read_along(module, step.read["question"], source, step.wrote).origins()
    written = _row(panel, LEFT, y, wrote, [origin.share for origin in came])
    for index, origin in enumerate(came):
        start = places.get(origin.part, {}).get(origin.place)
        if start:
            (x, top), (end, bottom) = (start[0], start[1] - 0.1), written[index]
            draw_ground(panel, *start, PITCH, origin.share, zorder=0)
            panel.plot([x, end], [top, bottom + 0.11], color=BLUE, lw=0.7, alpha=0.55, zorder=2)
    if step.module == "memory":
        x = LEFT + 0.25
        draw_arrow(panel, (x, y + GAP - 0.15), (x, y + 0.15))
        words = f"looked up in the database as “{normalise(step.read['tag'] or '')}”; the whole record comes back"
        write_text(panel, x + 0.2, y + GAP / 2, words, ha="left", color=GREY)
    return written


def _module(panel: Axes, y: float, step: Step, source: Source, module: Module | None) -> None:
    """A module's box with what it makes of its tokens, and its gate's verdict."""
    module_box(panel, 1.0, y, 1.6, 0.74, step.module)
    write_text(panel, 1.0, y + 0.22, MODULES[step.module][0], weight="bold")
    write_text(panel, 1.0, y + 0.02, MODULES[step.module][1], fontsize=8.5)
    size = "no vectors"
    if module:
        tokens = len(encode_prompt(step.read["question"])) + len(encode_source(source))
        size = f"{tokens} × {module.model.config.embedding_dim} numbers"
    write_text(panel, 1.0, y - 0.2, size, fontsize=8, color=GREY)
    sign, colour, _ = gate_words(step)
    write_text(panel, 1.93, y, sign, color=colour, weight="bold", fontsize=12)


def _ending(panel: Axes, y: float, lines: Sequence[str], silent: bool) -> None:
    """The answer, or why there is none, and what the colours mean."""
    _label(panel, y, "silence" if silent else "answer")
    for line in lines:
        write_text(panel, LEFT, y, line, ha="left", fontsize=11, color=BAD if silent else INK)
        y -= LEADING
    draw_legend(panel, LEFT, y - 0.1, "copied, with a line to its origin", 2.6)
    signs = "✓ the gate let it pass   – the gate is off   ✗ stopped here"
    write_text(panel, LEFT + 3.9, y - 0.1, signs, ha="left", fontsize=9, color=GREY)


# What the notebook's parameters may be, so that each runs to its end


def check_followed(question: str) -> None:
    """Refuse a question that does not lead to an answer about one of the shipped people, with gates and without."""
    pipeline = Pipeline.load()
    pipeline.remember(read_people(TEST_PEOPLE))
    for gates in (True, False):
        answer = pipeline.ask(question, gates=gates)
        if reason := answer.reason or record_gate(pipeline.memory.look_up(answer.tag)):
            raise InputError(f"there is no answer to follow ({reason}): ask about somebody in {TEST_PEOPLE.name}")


def check_my_name(name: str) -> None:
    """Refuse a name that no record can have, that is too long to be asked about, or that is taken."""
    letters(1, 80)(name)
    memory = Memory()
    memory.remember([*read_people(TEST_PEOPLE), Record(name)])
    if len(memory.look_up(name).candidates) > 1:
        raise InputError(f"somebody in {TEST_PEOPLE.name} is called {name!r} already: take another one")


def check_table(file: str) -> None:
    """Refuse a table that cannot be read, or whose first record cannot be asked about."""
    first = read_people(file)[0] if file else Record("")
    for label in first.labels[:5]:
        check_question(f"What is the {label} of {first.name}?")
