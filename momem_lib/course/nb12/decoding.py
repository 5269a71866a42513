"""Experiment (j) of notebook 12: the ways to decode what a module writes for a row, from perfect inputs."""

from collections.abc import Sequence
from functools import cache

from momem_lib.data.grammar import filled
from momem_lib.data.records import LABELS, Record
from momem_lib.data.rows import load_material, wordings_of
from momem_lib.data.tasks import Task
from momem_lib.nn.module import Module
from momem_lib.system.gates import tag_gate, word_spans

MOST_CANDIDATES = 64  # names, or finished responses


def candidates_of(task: Task, row: dict, none: bool = True) -> list[str | None]:
    """All that a module may say under a constraint; None, "there is no such thing", unless it is forbidden."""
    may_be_none = [None] if none else []
    if task.name == "ner":
        spans = [span for span in word_spans(row["question"], longest=5) if tag_gate(row["question"], span) is None]
        return spans[:MOST_CANDIDATES] + may_be_none
    if task.name == "summary":
        record, _, _ = task.texts(row)
        return [record.summary(label) for label in record.labels] + may_be_none
    return [filled(wording, row["name"], row["value"]) for wording in said_of(row["label"])[:MOST_CANDIDATES]]


@cache
def said_of(label: str) -> tuple[str, ...]:
    """How responses of the templates state a fact under a label, in all languages.

    Example:
        >>> "{name} lives in {value}." in said_of("Lives in"), "{name}'s shoe size is {value}." in said_of("Shoe size")
        (True, True)
    """
    asked = next((field for field, classic in LABELS.items() if classic == label), label)
    grammars = load_material().grammars.values()
    return tuple(text for grammar in grammars for text in wordings_of(grammar, asked, label))


def constrained(module: Module, row: dict, none: bool = True) -> str | None:
    """The candidate that a module finds likeliest."""
    candidates, (source, prompt, _) = candidates_of(module.task, row, none), module.task.texts(row)
    (scores,) = module.score([prompt], [candidates], [source])
    return candidates[int(scores.argmax())]


def texts_for(
    module: Module, rows: Sequence[dict], temperature: float = 0.0, seeds: Sequence[int] | None = None
) -> list[str | None]:
    """What a module writes for each row."""
    sources, prompts, _ = zip(*map(module.task.texts, rows), strict=True)
    return [result.text for result in module.write(prompts, sources, temperature, seeds)]


def decode(module: Module, rows: Sequence[dict], way: str, seed: int = 0) -> list[str | None]:
    """What a module says, decoded in one way: greedy, sampling, constrained, or constrained without none."""
    if way.startswith("constrained"):
        return [constrained(module, row, none=not way.endswith("none")) for row in rows]
    temperature, seeds = (1.0, [1000 * seed + n for n in range(len(rows))]) if way == "sampling" else (0.0, None)
    return texts_for(module, rows, temperature, seeds)


def chosen_label(module: Module, question: str, record: Record) -> str | None:
    """The label that a Module 2 writes, or None.

    Example:
        >>> jo = Record("Jo Doe", (("Job", "Cook"), ("Home town", "Oslo")))
        >>> chosen_label(Module.load(task="summary", device="cpu"), "Which home town has Jo Doe?", jo)
        'Home town'
    """
    (result,) = module.write([module.prompt(question, record.name)], [record])
    return None if result.text is None else result.text.partition(": ")[0]
