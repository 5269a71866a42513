"""A widget for one fact in many wordings: turn the heat, see what is said, and what the response gate says to it."""

import html
from collections import Counter
from collections.abc import Sequence

from momem_lib.course.nb10.facts import Fact, Said, say, wording_of
from momem_lib.course.shared.widgets import (
    CARD,
    CELL,
    COPIED,
    GENERATED,
    SILENT,
    SLIDER,
    TABLE,
    Debounced,
    copied_html,
    error_html,
    focus_style,
    printable,
    safe,
)
from momem_lib.project import InputError, optional_import
from momem_lib.system.answer import step_of
from momem_lib.system.pipeline import Pipeline

ipywidgets = optional_import("ipywidgets")


def tally(said: Sequence[Said]) -> list[tuple[Said, int]]:
    """What was said, each text once with how often it came: what passes the gate first, the most frequent first."""
    counts = Counter(one.written.text for one in said)
    first = {one.written.text: one for one in reversed(said)}
    order = sorted(first, key=lambda text: (first[text].objection is not None, -counts[text], text or ""))
    return [(first[text], counts[text]) for text in order]


def tally_words(fact: Fact, said: Sequence[Said]) -> str:
    """The tally in one sentence: wordings, and what became of the fact.

    Example:
        >>> from momem_lib.nn.generation import Generated
        >>> from momem_lib.data.records import Person
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> written = Generated(list(b"Jo Doe: Oslo"), [0.0] * 13, [0.0] * 12, True)
        >>> tally_words(Fact("Where?", "Jo Doe", "location", jo), [Said(written, None, written.text)] * 2)
        '1 wording in 2 texts; the gate refused 0 of them; in the end 2 of 2 answers hold the fact'
    """
    wordings = {wording_of(one.final, fact.name, fact.value) for one in said if one.final is not None}
    refused = sum(one.objection is not None for one in said)
    held = sum(fact.value in (one.final or "") for one in said)
    return (
        f"{len(wordings)} wording{'s' * (len(wordings) != 1)} in {len(said)} texts; the gate refused {refused} of "
        f"them; in the end {held} of {len(said)} answers hold the fact"
    )


def tally_table(fact: Fact, said: Sequence[Said]) -> str:
    """The tally as plain text: what the widget shows, for paper, terminals and headless runs."""
    rows = [
        f"{count:>3} x  {printable('nothing' if one.written.text is None else one.written.text)}"
        + (f"\n       refused: {printable(one.objection)}" if one.objection else "")
        for one, count in tally(said)
    ]
    return "\n".join([*rows, tally_words(fact, said)])


def wordings_html(pipeline: Pipeline, fact: Fact, temperature: float, seed: int, count: int) -> str:
    """Some texts for one fact as a page fragment, in two colours, each with its gate's verdict; never raises."""
    try:
        said = say(pipeline, fact, temperature, range(seed, seed + count))
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader at a slider is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}).")
    rows = "".join(_row(one, times) for one, times in tally(said))
    heads = "".join(
        f'<th scope="col" style="{CELL};width:{width}">{name}</th>'
        for name, width in (("times", "8%"), ("Module 3 writes", "52%"), ("the response gate", "40%"))
    )
    legend = f'<span style="{COPIED}">copied</span> <span style="{GENERATED}">generated</span>'
    return (
        f'<div role="status" style="{CARD};overflow-wrap:anywhere"><p style="margin:0 0 8px">It reads '
        f"<strong>{safe(fact.summary)}</strong> and <strong>{safe(fact.question)}</strong></p>"
        f'<table style="{TABLE}"><thead><tr style="background:#FFFFFF">{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        f'<p style="margin:8px 0 0"><strong>{html.escape(tally_words(fact, said))}.</strong> {legend}</p></div>'
    )


def _row(one: Said, times: int) -> str:
    """One text of the table."""
    text = copied_html(step_of("response", {}, one.written))
    verdict = (
        "✓ passed" if one.objection is None else f"✗ {safe(one.objection)}; said instead: {safe(one.final or '-')}"
    )
    cells = "".join(f'<td style="{CELL}">{cell}</td>' for cell in (times, text, verdict))
    return f'<tr style="background:#FFFFFF">{cells}</tr>'


class WordingsWidget(ipywidgets.VBox):
    """The controls and the table below them; setting a control's value writes anew."""

    def __init__(self, pipeline: Pipeline, facts: Sequence[Fact], temperature: float, seed: int, count: int):
        style, wide = {"description_width": "7.5em"}, {"width": "min(100%, 46em)"}
        self.pipeline = pipeline
        choices = [(fact.question, fact) for fact in facts]
        self.fact = ipywidgets.Dropdown(options=choices, description="Question", style=style, layout=wide)
        self.temperature = ipywidgets.FloatSlider(
            temperature, min=0, max=max(2.0, temperature), step=0.1, description="Temperature",
            style=style | SLIDER, layout=wide, continuous_update=False,
        )  # fmt: skip
        self.seed = ipywidgets.BoundedIntText(seed, min=0, max=2**31 - 1000, description="First seed", style=style)
        self.count = ipywidgets.BoundedIntText(count, min=1, max=40, description="Texts", style=style)
        self.output = ipywidgets.HTML()
        numbers = ipywidgets.HBox([self.seed, self.count], layout={"flex_flow": "row wrap"})
        super().__init__([focus_style(), self.fact, self.temperature, numbers, self.output])
        self.show_soon = Debounced(self.show)
        for control in (self.fact, self.temperature, self.seed, self.count):
            control.observe(lambda _: self.show_soon(), names="value")
        self.show()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    def show(self) -> None:
        """Write with what the controls say, and show the table."""
        self.output.value = wordings_html(
            self.pipeline, self.fact.value, self.temperature.value, self.seed.value, self.count.value
        )


def wordings_widget(
    pipeline: Pipeline, facts: Sequence[Fact], temperature: float = 1.0, seed: int = 0, count: int = 12
) -> WordingsWidget:
    """Choose a question, turn the temperature, and see one fact in many wordings, each with its gate's verdict.

    Args:
        facts: what can be chosen, about people whom the pipeline's memory holds. count: texts, one per seed.

    Raises:
        InputError: no fact to choose.
    """
    if not facts:
        raise InputError("there is no fact to put into words: give one or more")
    return WordingsWidget(pipeline, facts, temperature, seed, count)
