"""The four modules in a row: a question goes in, an answer or an honest refusal comes out."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from rapidfuzz import fuzz

from momem_lib.data.records import Record
from momem_lib.data.tasks import COLON
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Generated, Sampling
from momem_lib.nn.module import Module
from momem_lib.project import InputError
from momem_lib.system.answer import Answer, Step, check_question, step_of
from momem_lib.system.gates import Gates, record_gate, response_gate, summary_gate, summary_label, tag_gate, word_spans
from momem_lib.system.memory import Memory

LEAST_SURE = 0.02  # a name that the memory knows, and that stands in the question, must be at least this likely
ALIKE = 80.0  # likeness, of 100, from which on a part of a name is nearly all of it
MOST_SPANS = 64  # names that Module 0 is asked about, at most


class Pipeline:
    """Module 0 finds the name, the memory the record, Module 2 the fact, Module 3 the words.

    Args:
        modules: the trained ones: ner, summary and response.
        memory: where the records are.
    """

    def __init__(self, modules: dict[str, Module], memory: Memory):
        self.modules, self.memory = modules, memory

    @classmethod
    def load(
        cls,
        ner: str | Path | None = None,
        summary: str | Path | None = None,
        response: str | Path | None = None,
        memory: str | Path | Memory = ":memory:",
        device: str = "auto",
    ) -> "Pipeline":
        """Read the shipped checkpoints, or others, and open a memory (":memory:" is empty and lives in RAM).

        Raises:
            InputError: a checkpoint or a database that cannot be used.
        """
        paths = {"ner": ner, "summary": summary, "response": response}
        modules = {task: Module.load(path, device, task) for task, path in paths.items()}
        return cls(modules, memory if isinstance(memory, Memory) else Memory(memory))

    def remember(self, records: Iterable[Record]) -> int:
        """Write records to the memory; returns how many were new."""
        return self.memory.remember(records)

    def ask(
        self, question: str, temperature: float = 0.0, seed: int | None = None, gates: bool | Gates = True
    ) -> Answer:
        """Answer one question.

        Args:
            temperature: of Module 3, which chooses the words; 0 is greedy. seed: for temperature above 0.
            gates: True, False, or Gates with some off.

        Raises:
            InputError: a question that cannot be read (empty, too long, control characters), a bad temperature, seed or
                gates.
        """
        return self.ask_many([question], temperature, seed, gates)[0]

    def ask_many(
        self,
        questions: Sequence[str],
        temperature: float = 0.0,
        seed: int | None = None,
        gates: bool | Gates = True,
    ) -> list[Answer]:
        """Answer questions in batches, in their order; each gets the answer that ask would give it."""
        begin = time.perf_counter()
        Sampling(temperature, seeds=None if seed is None else [seed])  # refuses what cannot be, before any module works
        if not isinstance(gates, bool | Gates):
            raise InputError(f"gates is {gates!r}; True, False or Gates(...) was expected")
        gates = gates if isinstance(gates, Gates) else Gates.all(gates)
        answers = [Answer(check_question(question)) for question in questions]
        for stage in (self.find_names, self.recall, self.pick_facts):
            stage([answer for answer in answers if not answer.reason], gates)
        self.respond([answer for answer in answers if not answer.reason], gates, temperature, seed)
        for answer in answers:
            answer.seconds = (time.perf_counter() - begin) / len(answers)
        return answers

    def find_names(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 0: the name in the question; what does not pass is linked to a name that the memory knows."""
        written = self.modules["ner"].write([answer.question for answer in answers])
        for answer, said in zip(answers, written, strict=True):
            step, objection = step_of("ner", {"question": answer.question}, said), None
            if gates.tag:
                step.strip()  # no name begins or ends with a space
                objection = self.link(answer.question, step)
            elif step.wrote is None:  # that is Module 0's own word, and no gate's
                objection = tag_gate(answer.question, None)
            answer.note(step, objection or self.doubt(step, gates), gates.tag)
            answer.tag = step.wrote

    def link(self, question: str, step: Step) -> str | None:
        """Entity linking: the likeliest known name where the one that was written will not do, else why not."""
        objection = tag_gate(question, step.wrote)
        if objection is None and self.memory.knows([step.wrote]):
            return None
        found = likeliest_name(self.modules["ner"], self.memory, question, step.wrote, step.confidence)
        if found is None:
            named = step.wrote is None and self.memory.knows(word_spans(question))
            return f"it is not clear that the question is about {max(sorted(named), key=len)!r}" if named else objection
        step.replace(found[0], objection or "nobody of that name", found[1])
        return None

    def recall(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 1: the record; without its gate, the nearest name will do, as in a system that never says no."""
        room = self.modules["summary"].model.config.context_window - 2  # the special tokens around it
        for answer in answers:
            found = self.memory.look_up(answer.tag or "")
            answer.record = found.record or (None if gates.record else found.nearest)
            objection = record_gate(found) if gates.record else None
            if answer.record and (size := len(answer.content.encode())) > room:  # it is never cut
                objection = f"the record of {answer.record.name} has {size:,} bytes, and Module 2 reads {room:,}"
            answer.note(Step("memory", {"tag": answer.tag}, answer.content), objection, gates.record)

    def pick_facts(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 2: the asked-for fact, label and value, or <none>."""
        module = self.modules["summary"]
        prompts = [module.prompt(answer.question, answer.tag or "") for answer in answers]
        written = module.write(prompts, [answer.record or Record("") for answer in answers])
        for answer, prompt, said in zip(answers, prompts, written, strict=True):
            step = step_of("summary", {"question": prompt, "content": answer.content}, said)
            # The gate compares the value with the record; what is left to be sure of is the choice of the label.
            step.confidence = said.confidence_until(COLON)
            if gates.summary:
                copy_whole(step, answer.record)
            own_word = step.wrote is None  # <none> is Module 2's decision, whether its gate is on or not
            objection = summary_gate(answer.record, step.wrote) if gates.summary or own_word else None
            answer.note(step, objection or self.doubt(step, gates), gates.summary)
            answer.summary = step.wrote
            answer.label = summary_label(answer.record, step.wrote) if answer.record else None

    def respond(
        self, answers: Sequence[Answer], gates: Gates, temperature: float = 0.0, seed: int | None = None
    ) -> None:
        """Module 3: the words; what does not pass is tried greedily, and then said plainly: name, label, value."""
        module = self.modules["response"]
        for heat in (temperature, 0.0) if temperature else (0.0,):
            silent = [answer for answer in answers if answer.text is None]
            seeds = [int(torch.randint(2**31, ())) if seed is None else seed for _ in silent] if heat else None
            prompts = [module.prompt(answer.question, answer.tag) for answer in silent]
            written = module.write(prompts, [answer.summary or "" for answer in silent], heat, seeds)
            for answer, said in zip(silent, written, strict=True):
                self.take(answer, said, gates)
        for answer in answers:
            if answer.text is None and answer.value:
                plain = TOKENIZER.encode(f"{answer.tag} - {answer.summary}")
                self.take(answer, Generated(plain, [0.0], [1.0] * len(plain), True), gates)

    def take(self, answer: Answer, written: Generated, gates: Gates) -> None:
        """Put what Module 3 wrote through its gate and into the answer, in the place of what was refused before."""
        step, objection = step_of("response", {"question": answer.question, "summary": answer.summary}, written), None
        if answer.trace[-1].module == "response":
            earlier = answer.trace.pop()
            step.tries = [*earlier.tries, f"{earlier.wrote!r} ({earlier.gate})"]
        if gates.response:
            objection = "there is no fact to put into words"
            if answer.value:
                objection = response_gate(step.wrote, answer.record, answer.label, answer.tag, self.memory)
        answer.note(step, objection, gates.response)
        answer.text = None if objection else step.wrote or ""

    def doubt(self, step: Step, gates: Gates) -> str | None:
        """The confidence gate: a module that is not sure enough is not believed."""
        least = self.modules[step.module].threshold
        if not gates.confidence or step.wrote is None or step.confidence >= least:
            return None
        return f"module {step.module} is only {step.confidence:.1%} sure of {step.wrote!r}, less than {least:.1%}"


def likeliest_name(
    ner: Module, memory: Memory, question: str, wrote: str | None, confidence: float
) -> tuple[str, float] | None:
    """Among the spans of the question that the memory knows, the one that Module 0 finds likeliest.

    That the memory knows it says much: it need not be likelier than "nobody is named". But a part of a longer name must
    be likelier than that name, or be nearly all of it: @Jo Doe may mean Jo Doe, knowing King does not make King of
    Wakanda mean him.

    Args:
        wrote, confidence: what Module 0 said of its own accord, and how sure it was.

    Returns:
        The name and its probability, or None where no span will do.
    """
    known = memory.knows(word_spans(question))
    spans = [span for span in sorted(known) if tag_gate(question, span) is None][:MOST_SPANS]
    if not spans:
        return None
    scores = ner.score([question], [spans])[0].exp().tolist()
    sure, span = max(zip(scores, spans, strict=True))
    shorter = wrote is not None and span in wrote and fuzz.ratio(span, wrote) < ALIKE
    if sure < LEAST_SURE or (shorter and sure < confidence):
        return None
    return span, sure


def copy_whole(step: Step, record: Record | None) -> None:
    """Constrained copying: behind a label that the record has, Module 2 may write nothing but that label's value."""
    label = (step.wrote or "").partition(": ")[0]
    if record is not None and label in record.labels and step.wrote != record.summary(label):
        step.replace(record.summary(label), "its label's value, copied whole")
