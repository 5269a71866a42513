"""Experiment (j) of notebook 12: one module's work on one question, and the ways to decode what it writes."""

from collections.abc import Sequence
from dataclasses import dataclass

from momem_lib.data.grammar import filled, wordings
from momem_lib.data.records import FIELDS, Person
from momem_lib.data.tasks import TASKS
from momem_lib.nn.module import Module
from momem_lib.system.gates import tag_gate, word_spans

MOST_SPANS = 64  # candidates for a name


@dataclass(frozen=True)
class Job:
    """One module's work on one question, from perfect inputs, and what it should write."""

    task: str
    row: dict  # question, name, content, summary, response, value
    person: Person | None
    field: str | None

    @property
    def source(self) -> str | None:
        """What the encoder reads."""
        return self.row[TASKS[self.task].source] if TASKS[self.task].source else None

    @property
    def prompt(self) -> str:
        """What the decoder is prompted with."""
        return TASKS[self.task].prompt(self.row["question"], self.row["name"])


def candidates_of(job: Job, none: bool = True) -> list[str | None]:
    """All that a module may say under a constraint; None, "there is no such thing", unless it is forbidden."""
    question, may_be_none = job.row["question"], [None] if none else []
    if job.task == "ner":
        spans = [span for span in word_spans(question, longest=5) if tag_gate(question, span) is None]
        return spans[:MOST_SPANS] + may_be_none
    if job.task == "summary":
        return [job.person.summary(field) for field in FIELDS] + may_be_none
    return [filled(wording, job.row["name"], job.row["value"]) for wording in wordings()[job.field][:MOST_SPANS]]


def constrained(module: Module, job: Job, none: bool = True) -> str | None:
    """The candidate that a module finds likeliest."""
    candidates = candidates_of(job, none)
    (scores,) = module.score([job.prompt], [candidates], [job.source])
    return candidates[int(scores.argmax())]


def texts_for(
    module: Module, jobs: Sequence[Job], temperature: float = 0.0, seeds: Sequence[int] | None = None
) -> list[str | None]:
    """What a module writes for each job."""
    sources, prompts = [job.source for job in jobs], [job.prompt for job in jobs]
    return [result.text for result in module.write(prompts, sources, temperature, seeds)]


def decode(module: Module, jobs: Sequence[Job], way: str, seed: int = 0) -> list[str | None]:
    """What a module says, decoded in one way: greedy, sampling, constrained, or constrained without none."""
    if way.startswith("constrained"):
        return [constrained(module, job, none=not way.endswith("none")) for job in jobs]
    temperature, seeds = (1.0, [1000 * seed + n for n in range(len(jobs))]) if way == "sampling" else (0.0, None)
    return texts_for(module, jobs, temperature, seeds)
