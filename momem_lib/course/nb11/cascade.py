"""Errors that travel: one module is made worse step by step, and it is counted what becomes of the answers.

Two ways to be worse: `worsened` shakes a module's weights, and the module itself gets confused; `Slipping` hands on,
with a given chance, an output that is well formed and wrong, which is what gates find harder to see.
"""

import copy
import hashlib
from collections.abc import Callable, Sequence
from random import Random

import torch
from tqdm.auto import tqdm

from momem_lib.data.dataset import questions_and_people
from momem_lib.data.records import Record
from momem_lib.data.rows import SynthesisConfig, load_material
from momem_lib.data.tasks import hide_name
from momem_lib.project import InputError
from momem_lib.system.answer import Answer, Step
from momem_lib.system.evaluation import asked_records, evaluate_module, label_asked, named, tally, verdict
from momem_lib.system.gates import Gates, summary_gate
from momem_lib.system.names import same_name
from momem_lib.system.pipeline import Pipeline

OUTCOMES = ("right", "abstained", "wrong")
STAGES = ("ner", "memory", "summary", "response")
SLIPPERY = ("ner", "summary")  # modules whose well-formed mistakes Slipping knows


def unseen_questions(
    count: int, seed: int = 0, phrasings: str = "known", split: str = "test"
) -> tuple[list[dict], list[Record]]:
    """Questions of the test split (or validation), two in five without an answer, and the records: never trained on.

    Args:
        phrasings: "known" are of kinds that training knew, "held-out" were kept from it.

    Example:
        >>> questions, records = unseen_questions(3)
        >>> len(questions), sorted(questions[0])[:3]
        (3, ['answer', 'kind', 'label'])
    """
    return questions_and_people(load_material(), SynthesisConfig(seed=seed), split, count, phrasings=phrasings)


def outcomes(
    pipeline: Pipeline, entries: Sequence[dict], records: Sequence[Record], gates: bool | Gates = True
) -> dict[str, float]:
    """Ask everything, greedily: the shares that are right (rightly silent included), abstained and wrong.

    The records must be in the pipeline's memory already.
    """
    answers = pipeline.ask_many([entry["question"] for entry in entries], gates=gates)
    jobs = zip(entries, answers, asked_records(entries, records), strict=True)
    said = [verdict(entry, answer.text, record) for entry, answer, record in jobs]
    return {outcome: said.count(outcome) / max(1, len(said)) for outcome in OUTCOMES}


def handed_over(entry: dict, record: Record | None, answer: Answer) -> dict[str, bool]:
    """For a question that has an answer: whether what each module handed on was right, whatever it was given.

    Example:
        >>> jo = Record("Jo Doe", (("Lives in", "Oslo"), ("Hobbies", "chess")))
        >>> entry = {"name": "Jo Doe", "label": "Lives in", "answer": "Oslo"}
        >>> handed_over(entry, jo, Answer("?", "Jaws!", tag="Jo Doe", record=jo, summary="Hobbies: chess"))
        {'ner': True, 'memory': True, 'summary': False, 'response': False}
    """
    return {
        "ner": same_name(answer.tag, named(entry)),
        "memory": record is not None and answer.record == record,
        "summary": record is not None and answer.summary == record.summary(label_asked(entry)),
        "response": verdict(entry, answer.text, record) == "right",
    }


def survival(entries: Sequence[dict], records: Sequence[Record], answers: Sequence[Answer]) -> dict[str, float]:
    """The share of the questions with an answer that is still right after each module: right so far, at every one.

    Raises:
        InputError: no question has an answer.
    """
    jobs = zip(entries, asked_records(entries, records), answers, strict=True)
    rows = [handed_over(*job) for job in jobs if job[0]["answer"] is not None]
    if not rows:
        raise InputError("none of these questions has an answer, so nothing can be handed over rightly")
    return {
        stage: sum(all(row[s] for s in STAGES[: n + 1]) for row in rows) / len(rows) for n, stage in enumerate(STAGES)
    }


def alone(pipeline: Pipeline, module: str, entries: Sequence[dict], records: Sequence[Record]) -> float:
    """The share that one module gets right by itself, from perfect inputs, without gates.

    Raises:
        InputError: none of the questions has anything to do for this module.
    """
    counts = tally(evaluate_module(pipeline, module, entries, records)).get("all")
    if counts is None:
        raise InputError(f"none of these {len(entries)} questions gives module {module} anything to do: ask more")
    return counts["right"] / sum(counts.values())


def worsened(pipeline: Pipeline, module: str, noise: float, seed: int = 0) -> Pipeline:
    """The same pipeline with one module's weights shaken; the original is left alone.

    Args:
        module: ner, summary or response.
        noise: standard deviation of what is added to each weight, in units of the root mean square of its matrix.
            The same seed adds the same pattern at every level, so that a larger noise goes further the same way.

    Raises:
        InputError: another module, or a negative noise.
    """
    if module not in pipeline.modules:
        raise InputError(f"no trained module {module!r}; one of {', '.join(pipeline.modules)} was expected")
    if not 0 <= noise < float("inf"):
        raise InputError(f"noise must be 0 or more, not {noise}")
    shaken, rng = copy.deepcopy(pipeline.modules[module]), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in shaken.model.parameters():
            if weight.dim() < 2:  # gains and biases: few, and of another size
                continue
            shake = torch.randn(weight.shape, generator=rng).to(weight.device)
            weight += noise * weight.square().mean().sqrt() * shake
    return Pipeline(pipeline.modules | {module: shaken}, pipeline.memory)


class Slipping(Pipeline):
    """A pipeline one of whose modules slips: now and then it hands on something well formed, and wrong.

    Module 0 names somebody else whom the memory knows; Module 2 states another fact of the same record. Which
    questions it slips on depends on seed and question alone, and a larger chance adds to them.

    Args:
        pipeline: the healthy one. module: ner or summary. chance: 0 to 1.

    Raises:
        InputError: another module, or a chance that is none.
    """

    def __init__(self, pipeline: Pipeline, module: str, chance: float, seed: int = 0):
        super().__init__(pipeline.modules, pipeline.memory)
        if module not in SLIPPERY:
            raise InputError(f"no slips are known of {module!r}; one of {', '.join(SLIPPERY)} was expected")
        if not 0 <= chance <= 1:
            raise InputError(f"the chance of a slip must lie between 0 and 1, not {chance}")
        self.module, self.chance, self.seed = module, chance, seed

    def slip(self, answer: Answer) -> Random | None:
        """Where the slip's choice comes from, or None where the module does its work."""
        digest = hashlib.sha256(f"{self.seed}|{self.module}|{answer.question}".encode()).digest()
        slips = int.from_bytes(digest[:8], "big") / 2**64 < self.chance
        return Random(digest) if slips else None

    def find_names(self, answers: Sequence[Answer], gates: Gates) -> None:
        super().find_names(answers, gates)
        for answer in answers if self.module == "ner" else ():
            rng = self.slip(answer)
            others = [name for name in self.memory.names() if not same_name(name, answer.tag)]
            if rng is None or answer.tag is None or not others:
                continue
            step = answer.trace.pop()
            step.wrote, step.copied = rng.choice(others), []
            wrong = self.link(answer.question, step) if gates.tag else None  # a second try, as for any other mistake
            answer.note(step, wrong, gates.tag)
            answer.tag = step.wrote

    def pick_facts(self, answers: Sequence[Answer], gates: Gates) -> None:
        super().pick_facts(answers, gates)
        for answer in answers if self.module == "summary" else ():
            rng, record = self.slip(answer), answer.record
            others = [label for label, value in record.facts if value and label != answer.label] if record else []
            if rng is None or answer.reason or answer.label is None or not others:
                continue
            answer.label, step = rng.choice(others), answer.trace.pop()
            answer.summary = step.wrote = record.summary(answer.label)
            step.copied = []
            answer.note(step, summary_gate(record, step.wrote) if gates.summary else None, gates.summary)


class Swapped(Pipeline):
    """A pipeline in which something simple does a module's work, to see what the module is worth.

    Args:
        pipeline: the whole one. pick: from a question without its name, and labels, to a label or None, in the place of
            Module 2. word: from name, label and value to a text, in the place of Module 3.
    """

    def __init__(self, pipeline: Pipeline, pick: Callable | None = None, word: Callable | None = None):
        super().__init__(pipeline.modules, pipeline.memory)
        self.pick, self.word = pick, word

    def pick_facts(self, answers: Sequence[Answer], gates: Gates) -> None:
        if self.pick is None:
            return super().pick_facts(answers, gates)
        for answer in answers:
            prompt = hide_name(answer.question, answer.tag)
            answer.label = self.pick(prompt, answer.record.labels)
            answer.summary = answer.record.summary(answer.label) if answer.label else None
            step = Step("summary", {"question": prompt, "content": answer.content}, answer.summary)
            answer.note(step, summary_gate(answer.record, answer.summary), gates.summary)

    def respond(
        self, answers: Sequence[Answer], gates: Gates, temperature: float = 0.0, seed: int | None = None
    ) -> None:
        if self.word is None:
            return super().respond(answers, gates, temperature, seed)
        for answer in answers:
            answer.text = self.word(answer.tag, answer.label, answer.value)
            read = {"question": answer.question, "summary": answer.summary}
            answer.note(Step("response", read, answer.text), None, gates.response)


def noise_cascade(
    pipeline: Pipeline, module: str, levels: Sequence[float], entries: Sequence[dict], records: list[Record], seed=0
) -> list[dict]:
    """One module shaken level by level: at each, its own share right, and all outcomes with gates off and on."""
    rows = []
    for level in tqdm(levels, desc=f"noise in {module}", mininterval=1):
        worse = worsened(pipeline, module, level, seed)
        row = {"level": level, "alone": alone(worse, module, entries, records)}
        rows.append(row | {name: outcomes(worse, entries, records, name == "on") for name in ("off", "on")})
    return rows


def surest(answers: Sequence[Answer], said: Sequence[str], outcome: str) -> Answer:
    """Of the answers that state a fact, with one outcome and no second try, the surest; the first of all if none does.

    Sure is what the less sure of Modules 0 and 2 is: how probable Module 3's words are says how many others would do.
    """

    def least_sure(answer: Answer) -> float:
        return min((step.confidence for step in answer.trace if step.module in ("ner", "summary")), default=0.0)

    chosen = [
        answer
        for answer, verdict in zip(answers, said, strict=True)
        if verdict == outcome and answer.summary and not answer.abstained and not any(s.tries for s in answer.trace)
    ]
    return max(chosen, key=least_sure, default=answers[0])
