"""Ask the pipeline with a text field, a slider and a list of gates, about its memory or about a table of one's own."""

import html
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from momem_lib.course.shared.panel import (
    LEGEND,
    Panel,
    button,
    card_html,
    choice,
    coloured,
    file_button,
    number_box,
    slider,
    table_html,
    text_box,
)
from momem_lib.course.shared.pictures import MODULES, gate_words
from momem_lib.course.shared.start import HOTTEST
from momem_lib.course.shared.text import safe
from momem_lib.data.people import read_people
from momem_lib.data.rows import in_sentence
from momem_lib.project import ROOT, InputError, readable
from momem_lib.system.answer import Answer, Step
from momem_lib.system.gates import Gates
from momem_lib.system.memory import Memory
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


def asking_panel(pipeline: Pipeline, render: Callable[..., str], question: str, **controls) -> Panel:
    """A panel that asks about what the pipeline remembers, or about a table whose path is typed or which is uploaded.

    Args:
        render: from a pipeline, the question, and the values of further controls, to a page fragment.
    """
    uploads: dict[str, bytes] = {}

    def answer(question: str, table: str, **values) -> str:
        if not table.strip():
            return render(pipeline, question, **values)
        memory = memory_of(*table_file(table.strip(), uploads))
        return render(Pipeline(pipeline.modules, memory), question, **values) + card_html(safe(told(memory)))

    def take(name: str, content: bytes) -> None:
        uploads[name] = content
        panel.table.value = ""  # so that the same name with another content is a change, too
        panel.table.value = name

    hint = "path of a table (CSV, TSV, JSON lines); empty: the memory that the notebook has made"
    panel = Panel(
        answer,
        question=text_box(question, "Question"),
        table=text_box("", "Table", placeholder=hint),
        upload=file_button("or upload a table", ".csv,.tsv,.txt,.jsonl,.json", take),
        **controls,
    )
    return panel


def table_file(name: str, uploads: Mapping[str, bytes]) -> tuple[str, bytes]:
    """A table by its path (from here, or from the folder of the repo), or an uploaded one by its name.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    if name in uploads:
        return name, uploads[name]
    with readable(name, "the table"):
        path = Path(name).expanduser()
        return path.name, (ROOT / path if not path.exists() and (ROOT / path).exists() else path).read_bytes()


@lru_cache(maxsize=2)  # a slider that is dragged reads no file anew
def memory_of(name: str, content: bytes) -> Memory:
    """A memory of what a table holds.

    Raises:
        InputError: it is no table, see read_people.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        try:
            records = read_people(path)
        except InputError as error:
            raise InputError(str(error).replace(f"the people file {path}", f"the table {path.name}")) from None
    memory = Memory()
    memory.remember(records)
    return memory


def told(memory: Memory) -> str:
    """What a table is about, and a question to begin with.

    Example:
        >>> told(memory_of("rooms.csv", b"Name,Room,Floor\\nJo,12,\\n"))
        "Records in this table: 1. The first is about Jo and holds: Room. Ask, for instance: What is Jo's room?"
    """
    first = next(iter(memory))
    labels = [label for label, value in first.facts if value]
    begin = f"Records in this table: {len(memory):,}. The first is about {first.name} and holds"
    if not labels:
        return f"{begin} no facts."
    return f"{begin}: {', '.join(labels)}. Ask, for instance: What is {first.name}'s {in_sentence(labels[0])}?"


def pipeline_widget(
    pipeline: Pipeline,
    question: str = "Where does Muchiri T'Challa live?",
    temperature: float = 0.0,
    seed: int = 0,
    gates: bool | Gates = True,
) -> Panel:
    """Ask a pipeline, or its modules about another table, with a temperature slider, a seed and a list of gates.

    Args:
        question, temperature, seed, gates: what the controls begin with.
    """
    gates = gates if isinstance(gates, Gates) else Gates.all(bool(gates))
    return asking_panel(
        pipeline,
        ask_html,
        question,
        temperature=slider(temperature, "Temperature", 0, HOTTEST, 0.05),
        seed=number_box(seed),
        gates=choice(gate_choices(gates), gates, "Gates"),
        button=button("Ask", "Ask the question again"),
    )
