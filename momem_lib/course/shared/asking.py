"""Ask the pipeline with a text field, a slider and a list of gates, and see its trace as a table."""

import html

from momem_lib.course.shared.panel import (
    LEGEND,
    Panel,
    button,
    card_html,
    choice,
    coloured,
    number_box,
    slider,
    table_html,
    text_box,
)
from momem_lib.course.shared.pictures import MODULES, gate_words
from momem_lib.course.shared.start import HOTTEST
from momem_lib.course.shared.text import safe
from momem_lib.system.answer import Answer, Step
from momem_lib.system.gates import Gates
from momem_lib.system.pipeline import Pipeline

GATES = {
    "tag": "Tag: the name must stand in the question",
    "record": "Record: exactly one person must bear it",
    "summary": "Summary: it must be a fact of that record",
    "response": "Response: it must hold the fact, and nobody else",
    "confidence": "Confidence: a module must be sure enough",
}
COLUMNS = {"module": "15%", "read": "26%", "wrote": "31%", "sure": "9%", "gate": "19%"}


def module_title(module: str) -> str:
    """A module's number and what it does, for instance 'Module 0: finds the name'."""
    return ": ".join(MODULES[module][:2])


def copied_html(step: Step) -> str:
    """What a module wrote; letters that were copied are blue and underlined, generated ones orange.

    Example:
        >>> copied_html(Step("ner", {}, "<Jo", copied=[("<", 0.1), ("J", 0.9), ("o", 0.8)]))
        '<bdi><span style="..." title="generated">&lt;</span><span style="..." title="copied">Jo</span></bdi>'
    """
    if step.wrote is None:
        return "<em>nothing</em>"
    return f"<bdi>{coloured(step.copied)}</bdi>" if step.copied else safe(step.wrote)


def _row(step: Step) -> tuple[str, ...]:
    reads = "<br>".join(f"{name}: {safe(text or 'nothing')}" for name, text in step.read.items())
    sign, _, words = gate_words(step)
    sure = "-" if step.confidence is None else f"{step.confidence:.1%}"
    gate = "; ".join([f"{sign} {words}", *step.notes])
    return module_title(step.module), reads, copied_html(step), sure, safe(gate)


def answer_html(answer: Answer, asked: str = "") -> str:
    """One answer as a page fragment: the answer, then a row for each module; everything in it is escaped.

    Args:
        asked: how it was asked, in words: the same answer as before is then seen to be a new one.
    """
    kind = "Silence" if answer.abstained else "Answer"
    return card_html(
        f'<p style="margin:0 0 8px;font-size:1.15em"><strong>{kind}:</strong> {safe(str(answer))}</p>',
        table_html(COLUMNS, map(_row, answer.trace)),
        f'<p style="margin:8px 0 0">{LEGEND} {html.escape(asked)}</p>',
    )


def ask_html(pipeline: Pipeline, question: str, temperature: float, seed: int, gates: bool | Gates) -> str:
    """Ask, and give the answer as a page fragment."""
    answer = pipeline.ask(question, temperature, seed, gates)
    return answer_html(answer, f"· asked at temperature {temperature:.2f} with seed {seed}")


def gate_choices(gates: Gates) -> list[tuple[str, Gates]]:
    """What the widget offers: all gates on, all off, one of them off; first those that were given, if not among these.

    Example:
        >>> [words for words, _ in gate_choices(Gates())][:2], gate_choices(Gates(tag=False, record=False))[0][0]
        (['all on', 'all off'], 'as given')
    """
    known = {"all on": Gates(), "all off": Gates.all(False)}
    known |= {f"off: {words}": Gates(**{name: False}) for name, words in GATES.items()}
    return list((known if gates in known.values() else {"as given": gates} | known).items())


def pipeline_widget(
    pipeline: Pipeline,
    question: str = "Where does Muchiri T'Challa live?",
    temperature: float = 0.0,
    seed: int = 0,
    gates: bool | Gates = True,
) -> Panel:
    """Ask a pipeline with a text field, a temperature slider, a seed and a list of gates.

    Args:
        question, temperature, seed, gates: what the controls begin with.
    """
    gates = gates if isinstance(gates, Gates) else Gates.all(bool(gates))
    return Panel(
        lambda **values: ask_html(pipeline, **values),
        question=text_box(question, "Question"),
        temperature=slider(temperature, "Temperature", 0, HOTTEST, 0.05),
        seed=number_box(seed),
        gates=choice(gate_choices(gates), gates, "Gates"),
        button=button("Ask", "Ask the question again"),
    )
