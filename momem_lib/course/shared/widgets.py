"""Widgets: ask the pipeline with a text field, a slider and switches. Thin views over plain functions."""

import asyncio
import html
import textwrap
from collections.abc import Callable, Iterable
from itertools import groupby

from momem_lib.course.shared.text import printable, safe
from momem_lib.project import InputError, optional_import
from momem_lib.system.gates import Gates
from momem_lib.system.pipeline import Answer, Pipeline, Step

ipywidgets = optional_import("ipywidgets")

MODULES = {
    "ner": "Module 0: finds the name",
    "memory": "Module 1: recalls the record",
    "summary": "Module 2: picks the fact",
    "response": "Module 3: finds the words",
}
GATES = {
    "tag": "Tag: the name must stand in the question",
    "record": "Record: exactly one person must bear it",
    "summary": "Summary: it must be a fact of that record",
    "response": "Response: it must hold the fact, and nobody else",
    "confidence": "Confidence: a module must be sure enough",
}
PAUSE = 0.1  # seconds without a change before a widget answers
# Dark ink on a light ground of our own, because the page may be light or dark.
CARD = "background:#FFFFFF;color:#1A1A1A;border:1px solid #8C8C8C;padding:10px 14px;line-height:1.5"
TABLE = "border-collapse:collapse;background:#FFFFFF;width:100%;table-layout:fixed;margin:0;font-size:1em"
COLUMNS = {"module": "15%", "read": "26%", "wrote": "31%", "sure": "9%", "gate": "19%"}
CELL = "text-align:left;vertical-align:top;padding:5px 8px 5px 0;border-top:1px solid #C8C8C8;color:#1A1A1A"
COPIED = "background:#BFE0F7;color:#1A1A1A;border-bottom:2px solid #0072B2"
GENERATED = "background:#FFDDB0;color:#1A1A1A"
SLIDER = {"handle_color": "#0072B2"}  # the usual white handle is hard to see on a light page
FOCUS = "<style>.noUi-handle:focus-visible{outline:3px solid #D55E00;outline-offset:1px}</style>"
SILENT = "This widget needs a running kernel: run the cell in JupyterLab to use it."


def copied_html(step: Step) -> str:
    """What a module wrote; letters that were copied are blue and underlined, generated ones orange.

    Example:
        >>> copied_html(Step("ner", {}, "<Jo", copied=[("<", 0.1), ("J", 0.9), ("o", 0.8)]))
        '<bdi><span style="...">&lt;</span><span style="..." title="copied">Jo</span></bdi>'
    """
    if step.wrote is None:
        return "<em>nothing</em>"
    if not step.copied:
        return safe(step.wrote)
    pieces = []
    for copied, run in groupby(step.copied, key=lambda pair: pair[1] > 0.5):
        style = f'style="{COPIED}" title="copied"' if copied else f'style="{GENERATED}"'
        text = printable("".join(letter for letter, _ in run))
        pieces.append(f"<span {style}>{html.escape(text)}</span>")
    return f"<bdi>{''.join(pieces)}</bdi>"


def gate_sentence(step: Step) -> str:
    """What a module's gate said, with a sign in front, how a misspelt question was read, and what was tried before.

    Example:
        >>> gate_sentence(Step("ner", {}, "Jo", gate="passed", tries=["'J' (nobody of that name)"]))
        "✓ passed; tried before: 'J' (nobody of that name)"
    """
    known = {"passed": "✓ passed", "off": "– gate off"}
    return "; ".join([known.get(step.gate, f"✗ stopped: {step.gate}"), *step.notes])


def sure_text(step: Step) -> str:
    """A module's confidence in words, for instance 98.7%; the memory has none."""
    return "-" if step.confidence is None else f"{step.confidence:.1%}"


def _row(step: Step) -> str:
    reads = "<br>".join(f"{name}: {safe(text or 'nothing')}" for name, text in step.read.items())
    cells = (reads, copied_html(step), sure_text(step), safe(gate_sentence(step)))
    head = f'<th scope="row" style="{CELL}">{MODULES[step.module]}</th>'
    columns = "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:#FFFFFF">{head}{columns}</tr>'


def answer_html(answer: Answer, asked: str = "") -> str:
    """One answer as a page fragment: the answer, then a row for each module; everything in it is escaped.

    Args:
        asked: how it was asked, in words: the same answer as before is then seen to be a new one.
    """
    kind = "Silence" if answer.abstained else "Answer"
    heads = "".join(f'<th scope="col" style="{CELL};width:{wide}">{name}</th>' for name, wide in COLUMNS.items())
    legend = f'<span style="{COPIED}">copied</span> <span style="{GENERATED}">generated</span>'
    return (
        f'<div role="status" style="{CARD};overflow-wrap:anywhere"><p style="margin:0 0 8px;font-size:1.15em">'
        f"<strong>{kind}:</strong> {safe(str(answer))}</p>"
        f'<table style="{TABLE}"><thead><tr style="background:#FFFFFF">{heads}</tr></thead>'
        f"<tbody>{''.join(map(_row, answer.trace))}</tbody></table>"
        f'<p style="margin:8px 0 0">{legend} {html.escape(asked)}</p></div>'
    )


def error_html(sentence: str) -> str:
    """A sentence that says what went wrong, as a page fragment."""
    return f'<div role="alert" style="{CARD};border-left:6px solid #B34700"><strong>!</strong> {safe(sentence)}</div>'


def ask_html(pipeline: Pipeline, question: str, temperature: float, seed: int, gates: bool | Gates) -> str:
    """Ask, and give the answer or a sentence about what went wrong as a page fragment; never raises."""
    try:
        answer = pipeline.ask(question, temperature, seed, gates)
        return answer_html(answer, f"· asked at temperature {temperature:.1f} with seed {seed}")
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader at a slider is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}). Please report it.")


def trace_table(answer: Answer, width: int = 46) -> str:
    """The trace as a plain-text table: what the widget shows, for paper, terminals and headless runs."""
    rows = [("module", "wrote", "sure", "gate")]
    for step in answer.trace:
        wrote = textwrap.wrap("nothing" if step.wrote is None else printable(step.wrote), width) or [""]
        gate = textwrap.wrap(printable(gate_sentence(step)), width)
        for place in range(max(len(wrote), len(gate))):
            first = (step.module, sure_text(step)) if place == 0 else ("", "")
            cells = (lines[place] if place < len(lines) else "" for lines in (wrote, gate))
            rows.append((first[0], next(cells), first[1], next(cells)))
    lines = (f"{module:<8}  {wrote:<{width}}  {sure:>6}  {gate}".rstrip() for module, wrote, sure, gate in rows)
    return "\n".join([f"question: {answer.question}", f"answer:   {printable(str(answer))}", "", *lines])


def focus_style():
    """A widget that is not seen: it draws a ring around the slider that has the keyboard's focus."""
    return ipywidgets.HTML(FOCUS, layout={"display": "none"})


class Debounced:
    """Calls a function once changes have come to rest; where no event loop runs, at once."""

    def __init__(self, function: Callable[[], None], pause: float = PAUSE):
        self.function, self.pause = function, pause
        self.task: asyncio.Task | None = None

    def __call__(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a test or a script
            self.function()
            return
        if self.task is not None:
            self.task.cancel()
        self.task = loop.create_task(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(self.pause)
        self.function()


class PipelineWidget(ipywidgets.VBox):
    """The controls and the answer below them; setting a control's value asks anew."""

    def __init__(self, pipeline: Pipeline, question: str, temperature: float, seed: int, gates: Gates):
        wide, labels = {"width": "min(100%, 46em)"}, {"description_width": "7.5em"}
        self.pipeline = pipeline
        # continuous_update=False: ask when a change is finished (Enter, a released slider), not at every key.
        self.question = ipywidgets.Text(
            question, description="Question", style=labels, layout=wide, continuous_update=False
        )
        self.temperature = ipywidgets.FloatSlider(
            temperature, min=0, max=2, step=0.1, description="Temperature", style=labels | SLIDER,
            continuous_update=False,
        )  # fmt: skip
        self.seed = ipywidgets.BoundedIntText(seed, min=0, max=2**31 - 1, description="Seed", style=labels)
        self.all_gates = ipywidgets.Checkbox(
            gates == Gates(), description="All gates on", indent=False, layout={"width": "10em"}
        )
        self.single_gates = {
            name: ipywidgets.Checkbox(getattr(gates, name), description=words, indent=False, layout=wide)
            for name, words in GATES.items()
        }
        self.button = ipywidgets.Button(description="Ask", button_style="primary", tooltip="Ask the question again")
        self.output = ipywidgets.HTML()
        single = ipywidgets.Accordion([ipywidgets.VBox(tuple(self.single_gates.values()))], titles=("Single gates",))
        first = ipywidgets.HBox([self.temperature, self.seed], layout={"flex_flow": "row wrap"})
        last = ipywidgets.HBox([self.all_gates, self.button], layout={"flex_flow": "row wrap"})
        super().__init__([focus_style(), self.question, first, last, single, self.output])
        self._switching = False
        self.ask_soon = Debounced(self.ask)
        self._listen()
        self.ask()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    @property
    def gates(self) -> Gates:
        """The gates as the switches stand."""
        return Gates(**{name: box.value for name, box in self.single_gates.items()})

    def ask(self) -> None:
        """Ask with what the controls say, and show the answer."""
        self.output.value = ask_html(
            self.pipeline, self.question.value, self.temperature.value, self.seed.value, self.gates
        )

    def _listen(self) -> None:
        for control in (self.question, self.temperature, self.seed):
            control.observe(lambda _: self.ask_soon(), names="value")
        self.button.on_click(lambda _: self.ask_soon())
        self.all_gates.observe(lambda change: self._switch(self.single_gates.values(), change["new"]), names="value")
        for box in self.single_gates.values():
            box.observe(lambda _: self._switch([self.all_gates], self.gates == Gates()), names="value")

    def _switch(self, boxes: Iterable, on: bool) -> None:
        """Bring the other switches in line, then ask once."""
        if self._switching:
            return
        self._switching = True
        for box in boxes:
            box.value = on
        self._switching = False
        self.ask_soon()


def pipeline_widget(
    pipeline: Pipeline,
    question: str = "Where does Muchiri T'Challa live?",
    temperature: float = 0.0,
    seed: int = 0,
    gates: bool | Gates = True,
) -> PipelineWidget:
    """Ask a pipeline with a text field, a temperature slider, a seed and switches for the gates.

    Args:
        question, temperature, seed, gates: what the controls begin with.
    """
    gates = gates if isinstance(gates, Gates) else Gates.all(bool(gates))
    return PipelineWidget(pipeline, question, temperature, seed, gates)
