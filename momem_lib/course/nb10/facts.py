"""What is special about Module 3: one fact, many wordings, and heat that must change the words and not the fact."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from momem_lib.course.modules.judging import material
from momem_lib.data.grammar import filled
from momem_lib.data.records import LABELS, Record
from momem_lib.data.rows import in_sentence, wordings_of
from momem_lib.data.tasks import mark_name
from momem_lib.nn.generation import Generated
from momem_lib.system.answer import Answer, Step
from momem_lib.system.gates import Gates, response_gate
from momem_lib.system.memory import Memory
from momem_lib.system.pipeline import Pipeline

QUESTIONS = {
    "Occupation": "What is {name}'s job?",
    "Lives in": "Where does {name} live?",
    "Favourite movie": "What is {name}'s favourite movie?",
    "Favourite music": "Which music does {name} like best?",
    "Hobbies": "What are {name}'s hobbies?",
    "University attended": "Where did {name} study?",
}


@dataclass(frozen=True)
class Fact:
    """What Module 3 is given, and what its answer must hold.

    Example:
        >>> fact = Fact("Where does Jo Doe live?", "Jo Doe", "Lives in", Record("Jo Doe", (("Lives in", "Oslo"),)))
        >>> fact.summary, fact.value
        ('Lives in: Oslo', 'Oslo')
    """

    question: str
    name: str  # as the question writes it
    label: str  # which fact of the record
    record: Record

    @property
    def prompt(self) -> str:
        """The question as Module 3 reads it, with marks around the name."""
        return mark_name(self.question, self.name)

    @property
    def summary(self) -> str:
        """What Module 2 hands over: label and value."""
        return self.record.summary(self.label)

    @property
    def value(self) -> str:
        """The fact itself."""
        return self.record.value(self.label)

    def objection(self, text: str | None, memory: Memory) -> str | None:
        """What the response gate says against a text, or None."""
        return response_gate(text, self.record, self.label, self.name, memory)

    def wordings(self, language: str = "en", any_label: bool = False) -> list[str]:
        """All sentences that the dataset's templates make of it, or those that suit any label."""
        field = next((field for field, label in LABELS.items() if label == self.label), self.label)
        templates = wordings_of(material().grammars[language], self.label if any_label else field, self.label)
        return [filled(template, self.name, self.value) for template in templates]


def facts_about(record: Record) -> list[Fact]:
    """All facts of one record that are filled in, each with a plain question for it, in the order of the record.

    Example:
        >>> [fact.question for fact in facts_about(Record("Jo", (("Lives in", "Oslo"), ("Room", "12"), ("Key", ""))))]
        ['Where does Jo live?', "What is Jo's room?"]
    """
    known = [label for label, value in record.facts if value]
    asked = [QUESTIONS.get(label, f"What is {{name}}'s {in_sentence(label)}?") for label in known]
    return [
        Fact(question.replace("{name}", record.name), record.name, label, record)
        for label, question in zip(known, asked, strict=True)
    ]


def wording_of(text: str | None, name: str, value: str) -> str | None:
    """A response with slots where name and value stood, letter by letter; None where it does not hold both.

    Where one may be part of the other, the longer one counts.

    Example:
        >>> wording_of("Jo lives in Oslo.", "Jo", "Oslo"), wording_of("Jo Oslo: Oslo", "Jo Oslo", "Oslo")
        ('{name} lives in {value}.', '{name}: {value}')
        >>> wording_of("Oslo Jones is here.", "Oslo Jones", "Oslo")
    """
    slots = {name: "{name}", value: "{value}"}
    pieces = "|".join(re.escape(piece) for piece in sorted(slots, key=len, reverse=True))  # the first that fits
    wording = re.sub(pieces, lambda found: slots[found[0]], text or "")
    return wording if all(slot in wording for slot in slots.values()) else None


def choices(row: dict) -> int:
    """From how many wordings the response of a row was drawn, each as often as the others.

    Example:
        >>> choices({"language": "en", "asked": "location", "label": "Lives in"})
        9
    """
    return len(wordings_of(material().grammars[row["language"]], row["asked"], row["label"]))


@dataclass
class Said:
    """One answer of Module 3 and what the response gate made of it."""

    written: Generated
    objection: str | None  # of the gate; None: it passed
    final: str | None  # what the pipeline says in the end: the same, or its second try, or nothing


def say(pipeline: Pipeline, fact: Fact, temperature: float, seeds: Sequence[int]) -> list[Said]:
    """Let Module 3 put one fact into words, once for each seed, and put each text through the response gate.

    Args:
        pipeline: its memory must hold the record.
    """
    count, later = len(seeds), None
    said, response = [], pipeline.modules["response"]
    for written in response.write([fact.prompt] * count, [fact.summary] * count, temperature, seeds):
        objection = fact.objection(written.text, pipeline.memory)
        if objection and later is None:
            later = second_try(pipeline, fact)
        said.append(Said(written, objection, later if objection else written.text))
    return said


def second_try(pipeline: Pipeline, fact: Fact) -> str | None:
    """What the pipeline says when a hot answer was refused: greedy, then the plain fact; None: silence."""
    answer = Answer(fact.question, tag=fact.name, record=fact.record, summary=fact.summary, label=fact.label)
    answer.trace.append(Step("summary", {}, fact.summary))
    pipeline.respond([answer], Gates())
    return answer.text


def heat_row(pipeline: Pipeline, facts: Sequence[Fact], temperature: float, seeds: Sequence[int]) -> dict:
    """What one temperature does, on average over some facts: wordings, and whether name and value survive.

    Returns:
        temperature; distinct: wordings per fact that the gate lets through, by Module 3 itself; answers: distinct
        wordings that the pipeline says in the end; kept: share of Module 3's texts that hold the fact; passed: share
        that its gate lets through; right: share of final answers that hold the fact; silent: share without an answer.
    """
    rows = []
    for fact in facts:
        said = say(pipeline, fact, temperature, seeds)
        good = {wording_of(one.written.text, fact.name, fact.value) for one in said if one.objection is None}
        final = {wording_of(one.final, fact.name, fact.value) for one in said if one.final is not None}
        counts = {
            "distinct": len(good),
            "answers": len(final),
            "kept": sum(fact.value in (one.written.text or "") for one in said) / len(said),
            "passed": sum(one.objection is None for one in said) / len(said),
            "right": sum(fact.value in (one.final or "") for one in said) / len(said),
            "silent": sum(one.final is None for one in said) / len(said),
        }
        rows.append(counts)
    means = {key: round(sum(row[key] for row in rows) / len(rows), 4) for key in rows[0]}
    return {"temperature": temperature, **means}
