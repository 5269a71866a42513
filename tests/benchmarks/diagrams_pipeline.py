"""The picture of the pipeline with "you are here", for diagrams.py."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from momem_lib import InputError
from momem_lib.course.shared import MODULES
from momem_lib.course.shared.figures import GREY, INK, PAPER, blank, draw_arrow, write_text
from momem_lib.course.shared.pictures import module_box

# What flows between the modules, for one of the classic people.
EXAMPLE = {
    "question": "“Where does\nMuchiri T'Challa live?”",
    "tag": "“Muchiri T'Challa”",
    "content": "“Name: Muchiri T'Challa;\nOccupation: King;\nLives in: Wakanda; …”",
    "summary": "“Lives in: Wakanda”",
    "response": "“Muchiri T'Challa's\nwhereabouts are\nin Wakanda.”",
}


def pipeline_alt(*here: str) -> str:
    """The pipeline picture in words, for those who cannot see it."""
    places = f" You are here: {', '.join(MODULES[module][0] for module in here)}." if here else ""
    return (
        "The pipeline: a question goes to Module 0 (NER), which writes the tag, a name; Module 1 (memory) turns the "
        "tag into the content, a record; Module 2 (summary) reads content and question and writes the summary, one "
        f"fact; Module 3 (response) reads summary and question and writes the response.{places}"
    )


def draw_pipeline(*here: str) -> Figure:
    """Draw the four modules in a row, what flows between them, and perhaps "you are here".

    Args:
        here: the modules to mark, of ner, memory, summary and response.

    Raises:
        InputError: another module.

    Example:
        >>> draw_pipeline("ner").get_label()[-23:]
        'You are here: Module 0.'
    """
    for module in here:
        if module not in MODULES:
            raise InputError(f"no module {module!r} to mark; one of {', '.join(MODULES)} was expected")
    pitch, width, height, level = 2.08, 1.36, 1.2, 1.95
    figure, panel = blank(5 * pitch, 3.3, pipeline_alt(*here))
    gaps = [pitch * (place + 0.5) for place in range(5)]
    for place, (flow, text) in enumerate(EXAMPLE.items()):
        start, end = gaps[place] - (pitch - width) / 2, gaps[place] + (pitch - width) / 2
        draw_arrow(panel, (max(start, 0.45) if place else 0.45, level), (end, level))
        write_text(panel, gaps[place], level + 0.16, flow, weight="bold", fontsize=9)
        panel.plot([gaps[place]] * 2, [level - 0.08, 0.95], color=GREY, lw=0.8, ls=":")
        write_text(panel, gaps[place], 0.87, text, va="top", linespacing=1.35)
    for place, (module, words) in enumerate(MODULES.items()):
        x = (gaps[place] + gaps[place + 1]) / 2
        module_box(panel, x, level, width, height, module, module in here)
        write_text(panel, x, level + 0.37, words[0], weight="bold", fontsize=11)
        write_text(panel, x, level + 0.11, words[1])
        write_text(panel, x, level - 0.28, words[2], fontsize=8, color=GREY, linespacing=1.2)
        if module in here:
            panel.add_patch(Rectangle((x - 0.6, level - height / 2 - 0.25), 1.2, 0.25, color=INK))
            write_text(panel, x, level - height / 2 - 0.13, "you are here", color=PAPER, weight="bold", fontsize=9)
    _draw_second_reading(panel, gaps[0], [3 * pitch, 4 * pitch], level, level + height / 2)
    return figure


def _draw_second_reading(panel: Axes, start: float, modules: list[float], level: float, top: float) -> None:
    """The line on which the question also reaches Modules 2 and 3."""
    panel.plot([start, start, modules[-1]], [level + 0.28, top + 0.42, top + 0.42], color=INK, lw=1.6)
    for x in modules:
        draw_arrow(panel, (x, top + 0.42), (x, top))
    write_text(panel, (start + modules[0]) / 2, top + 0.55, "Modules 2 and 3 read the question too", fontsize=9)
