"""Experiment (a) of notebook 12: what a module makes up when it is heated, with and without a copy head and a gate."""

from collections.abc import Sequence

from momem_lib.course.nb12 import short_rows, small_config, train_watched
from momem_lib.data import TASKS, Record
from momem_lib.nn import Module
from momem_lib.system import Memory, asked_records, response_gate, summary_gate, tag_gate

VERDICTS = ("right", "other", "made up")  # other: it stands in what was read, but it is not what was wanted


def rows_for(task: str, entries: Sequence[dict], records: Sequence[Record]) -> list[dict]:
    """The questions of an evaluation as rows for one module; those in which it has no part are left out."""
    rows = []
    for entry, record in zip(entries, asked_records(entries, records), strict=True):
        label = entry["label"] if record and entry["label"] in record.labels else None
        row = {"question": entry["question"], "name": entry["shown"], "label": label, "value": entry["answer"]}
        row |= {"record": record and record.to_dict(), "summary": record.summary(label) if label else None}
        rows.append(row | {"response": label and entry["answer"]})  # any text: a response may be worded in many ways
    return [row for row in rows if TASKS[task].texts(row) is not None]


def small_rows(task: str, count: int) -> list[dict]:
    """The same in the small world."""
    return short_rows(count, "test", seed=1, unknown=0.0 if task == "response" else 0.1)


def judge(task: str, row: dict, text: str | None) -> str:
    """One of VERDICTS: a name that is not in the question, a fact that is not in the record, a value that was bent.

    Example:
        >>> row = {"question": "Where is Jo?", "name": "Jo"}
        >>> [judge("ner", row, text) for text in ("Jo", "Where", "Joe", None)]
        ['right', 'other', 'made up', 'other']
    """
    if TASKS[task].is_right(row, text):
        return "right"
    if text is None:
        return "other"
    if task == "response":
        return "other" if row["value"] in text and row["name"] in text else "made up"
    return "other" if text in (row["question"] if task == "ner" else record_of(row).content) else "made up"


def record_of(row: dict) -> Record:
    """The record that a row is about."""
    return TASKS["summary"].texts(row)[0]


def gate_of(task: str, row: dict, text: str | None, memory: Memory) -> str | None:
    """What the module's gate says to a text: a reason, or None where it lets it pass."""
    if task == "ner":
        return tag_gate(row["question"], text)
    if task == "summary":
        return summary_gate(record_of(row), text)
    return response_gate(text, record_of(row), row["label"], row["name"], memory) if text else "there is none"


def shares(task: str, rows: Sequence[dict], texts: Sequence[str | None], memory: Memory) -> dict:
    """The share of each verdict, without the gate and (what passes) with it: 0 to 1 of all rows."""
    said = [judge(task, row, text) for row, text in zip(rows, texts, strict=True)]
    passed = [gate_of(task, row, text, memory) is None for row, text in zip(rows, texts, strict=True)]
    counts = {verdict: said.count(verdict) / len(said) for verdict in VERDICTS}
    after = {v: sum(p and s == v for s, p in zip(said, passed, strict=True)) / len(said) for v in VERDICTS}
    return {"off": {k: round(v, 4) for k, v in counts.items()}, "on": {k: round(v, 4) for k, v in after.items()}}


def heated(module: Module, rows: Sequence[dict], temperatures: Sequence[float], seed: int, memory: Memory) -> list:
    """Let one module write all rows at each temperature."""
    seeds, found = [1000 * seed + number for number in range(len(rows))], []
    sources, prompts, _ = zip(*map(module.task.texts, rows), strict=True)
    for temperature in temperatures:
        texts = [written.text for written in module.write(prompts, sources, temperature, seeds)]
        found.append({"temperature": temperature} | shares(module.task.name, rows, texts, memory))
    return found


def twins(task: str, steps: int, seed: int) -> dict[str, Module]:
    """Two small models for one module, trained alike: with a copy head and without."""
    rows, found = short_rows(4000, unknown=0.0 if task == "response" else 0.1), {}
    for name, copies in (("copy head", None), ("plain head", "none")):
        changes = {"max_global_steps": steps, "seed": seed, "batch_size": 16}
        changes |= {"copy_from": copies} if copies else {}
        found[name] = Module(TASKS[task], train_watched(task, small_config(task, **changes), rows).model)
    return found


def hallucination_experiment(
    modules: dict[str, Module], entries: Sequence[dict], records: Sequence[Record],
    temperatures: Sequence[float] = (0.0, 0.7, 1.0, 1.5), steps: int = 120, seed: int = 0, exam_rows: int = 24,
) -> dict:  # fmt: skip
    """(a): each shipped module, and small twins with and without a copy head, heated; gates off and on."""
    facts = {"temperatures": list(temperatures), "steps": steps, "seed": seed, "exam_rows": exam_rows}
    memory, results = Memory(), facts | {"shipped": {}, "small": {}}
    for task, module in modules.items():
        results["shipped"][task] = heated(module, rows_for(task, entries, records), temperatures, seed, memory)
        rows = small_rows(task, exam_rows)
        results["small"][task] = {
            name: heated(twin, rows, temperatures, seed, memory) for name, twin in twins(task, steps, seed).items()
        }
    return results
