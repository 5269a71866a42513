"""The four modules in a row: a question goes in, an answer or an honest refusal comes out."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from momem_lib.data.records import Person
from momem_lib.data.tasks import COLON
from momem_lib.nn.generation import Generated, Sampling
from momem_lib.nn.module import Module
from momem_lib.project import CHECKPOINTS
from momem_lib.system.answer import Answer, Step, check_question, step_of
from momem_lib.system.bag_of_words import FILE as WORDS_FILE
from momem_lib.system.bag_of_words import BagOfWords, load_bag_of_words
from momem_lib.system.choices import asked_fields, likeliest_name, likeliest_wording, wider_name
from momem_lib.system.gates import (
    Gates,
    length_gate,
    nearest_person,
    record_gate,
    response_gate,
    summary_field,
    summary_gate,
    tag_gate,
)
from momem_lib.system.memory import Memory
from momem_lib.system.spelling import corrected


class Pipeline:
    """Module 0 finds the name, the memory the record, Module 2 the fact, Module 3 the words.

    Args:
        modules: the trained ones: ner, summary and response.
        memory: where the people are.
        words: gives a second opinion on the asked-for field; None: there is none.
    """

    def __init__(self, modules: dict[str, Module], memory: Memory, words: BagOfWords | None = None):
        self.modules, self.memory, self.words = modules, memory, words

    @classmethod
    def load(
        cls,
        ner: str | Path | None = None,
        summary: str | Path | None = None,
        response: str | Path | None = None,
        memory: str | Path | Memory = ":memory:",
        device: str = "auto",
        words: str | Path | None = None,
    ) -> "Pipeline":
        """Read the shipped checkpoints, or others, and open a memory (":memory:" is empty and lives in RAM).

        Raises:
            InputError: a checkpoint or a database that cannot be used.
        """
        paths = {"ner": ner, "summary": summary, "response": response}
        modules = {task: Module.load(path, device, task) for task, path in paths.items()}
        bag = load_bag_of_words(words or CHECKPOINTS / WORDS_FILE)
        return cls(modules, memory if isinstance(memory, Memory) else Memory(memory), bag)

    def remember(self, people: Iterable[Person]) -> int:
        """Write people to the memory; returns how many were new."""
        return self.memory.remember(people)

    def ask(
        self, question: str, temperature: float = 0.0, seed: int | None = None, gates: bool | Gates = True
    ) -> Answer:
        """Answer one question.

        Args:
            temperature: of Module 3, which chooses the words; 0 is greedy. seed: for temperature above 0.
            gates: True, False, or Gates with some off.

        Raises:
            InputError: a question that cannot be read (empty, too long, control characters), a bad temperature.
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
        Sampling(temperature)  # refuses one that cannot be, before any module works
        gates = gates if isinstance(gates, Gates) else Gates.all(bool(gates))
        answers = [Answer(check_question(question)) for question in questions]
        for stage in (self.find_names, self.recall, self.pick_facts):
            stage([answer for answer in answers if not answer.reason], gates)
        self.respond([answer for answer in answers if not answer.reason], gates, temperature, seed)
        for answer in answers:
            answer.seconds = (time.perf_counter() - begin) / len(answers)
        return answers

    def find_names(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 0: the name in the question; where it does not pass, the spans of the question are judged instead."""
        written = self.modules["ner"].write([answer.question for answer in answers])
        for answer, said in zip(answers, written, strict=True):
            step, objection = step_of("ner", {"question": answer.question}, said), None
            if gates.tag:
                step.strip()  # no name begins or ends with a space
                objection = self.better_name(answer.question, step, tag_gate(answer.question, step.wrote))
            answer.note(step, objection or self.doubt(step, gates), gates.tag)
            answer.tag = step.wrote

    def better_name(self, question: str, step: Step, objection: str | None) -> str | None:
        """Constrained by the names that the memory knows: a longer one around the tag, or the likeliest of all.

        Args:
            objection: against what Module 0 wrote; what is left of it is returned.
        """
        wider = wider_name(self.memory, question, step.wrote)
        if wider:
            step.replace(wider, "the memory knows somebody by a longer name that stands there")
        elif objection or not self.memory.knows([step.wrote]):
            found = likeliest_name(self.modules["ner"], self.memory, question, step.wrote, step.confidence)
            if found is None:
                return objection
            step.replace(found[0], objection or "nobody of that name", found[1])
        return None

    def recall(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 1: the record; without its gate, the nearest name will do, as in a system that never says no."""
        room = self.modules["summary"].model.config.context_window - 2  # the special tokens around it
        for answer in answers:
            found = self.memory.look_up(answer.tag or "")
            answer.person = found.person or (None if gates.record else nearest_person(self.memory, found))
            objection = (record_gate(found) if gates.record else None) or length_gate(answer.person, room)
            content = answer.content if answer.person or objection else ""  # nobody, and no gate that minds
            answer.note(Step("memory", {"tag": answer.tag}, content), objection, gates.record)

    def pick_facts(self, answers: Sequence[Answer], gates: Gates) -> None:
        """Module 2: the asked-for fact; with its gate on, what counts is the field that stand-in and words give."""
        module = self.modules["summary"]
        questions, tags = [answer.question for answer in answers], [answer.tag or "" for answer in answers]
        spelt, chosen, guesses = questions, [None] * len(answers), None
        if gates.summary:  # only the gate asks again, and reads a word that nobody taught as the one it resembles
            spelt = [corrected(question, tag) for question, tag in zip(questions, tags, strict=True)]
            chosen = asked_fields(module, spelt, tags, self.words)
            # Module 2 will most likely write what it chose: a good guess, which makes writing quicker.
            fields = [field for field, _ in chosen]
            guesses = [a.person.summary(f) if a.person and f else None for a, f in zip(answers, fields, strict=True)]
        prompts = [module.prompt(question, tag) for question, tag in zip(questions, tags, strict=True)]
        written = module.write(prompts, [answer.content or "" for answer in answers], guesses=guesses)
        for answer, prompt, said, asked, choice in zip(answers, prompts, written, spelt, chosen, strict=True):
            step = step_of("summary", {"question": prompt, "content": answer.content or ""}, said)
            step.read_as = asked if asked != answer.question else None
            # The gate compares the value with the record; what is left to be sure of is the choice of the field.
            step.confidence = said.confidence_until(COLON)
            objection = confirm(step, answer.person, *choice) if gates.summary else None
            answer.note(step, self.doubt(step, gates) or objection, gates.summary)
            answer.summary = step.wrote
            answer.field = summary_field(answer.person, step.wrote) if answer.person else None

    def respond(
        self, answers: Sequence[Answer], gates: Gates, temperature: float = 0.0, seed: int | None = None
    ) -> None:
        """Module 3: the words; what does not pass is tried greedily, then with nothing but name and value to copy.

        The last resort is a choice: of the wordings that the templates know, the one that Module 3 finds likeliest.
        """
        self._write_responses(answers, gates, temperature, seed)
        if temperature > 0:
            self._write_responses([answer for answer in answers if answer.reason], gates)
        again = [answer for answer in answers if answer.reason and answer.person and answer.field]
        self._write_responses(again, gates, copy_only=[[answer.value, answer.tag] for answer in again])
        for answer in again:
            if answer.reason:
                take_response(answer, likeliest_wording(self.modules["response"], answer), gates, self.memory)

    def _write_responses(
        self,
        answers: Sequence[Answer],
        gates: Gates,
        temperature: float = 0.0,
        seed: int | None = None,
        copy_only: Sequence[Sequence[str]] | None = None,
    ) -> None:
        seeds = [int(torch.randint(2**31, ())) if seed is None else seed for _ in answers] if temperature else None
        texts = [answer.question for answer in answers], [answer.summary or "" for answer in answers]
        written = self.modules["response"].write(*texts, temperature, seeds, copy_only=copy_only)
        for answer, said in zip(answers, written, strict=True):
            take_response(answer, said, gates, self.memory)

    def doubt(self, step: Step, gates: Gates) -> str | None:
        """The confidence gate: a module that is not sure enough is not believed."""
        least = self.modules[step.module].threshold
        if not gates.confidence or step.wrote is None or step.confidence >= least:
            return None
        return f"module {step.module} is only {step.confidence:.1%} sure of {step.wrote!r}, less than {least:.1%}"


def confirm(step: Step, person: Person | None, field: str | None, confidence: float) -> str | None:
    """Constrained: the record's own words for the field, or <none>, that stand-in and bag of words choose."""
    if person is None:
        return "there is no record to summarise"
    summary = person.summary(field) if field else None
    if step.wrote != summary:
        step.replace(summary, summary_gate(person, step.wrote) or "stand-in and bag of words choose another field")
    step.confidence = confidence
    return summary_gate(person, summary)


def take_response(answer: Answer, written: Generated, gates: Gates, memory: Memory) -> None:
    """Put what Module 3 wrote through its gate and into the answer, in the place of what was refused before."""
    step, objection = step_of("response", {"question": answer.question, "summary": answer.summary}, written), None
    if answer.trace and answer.trace[-1].module == "response":
        earlier = answer.trace.pop()
        step.tries = [*earlier.tries, f"{earlier.wrote!r} ({earlier.gate})"]
    if gates.response:
        objection = "there is no fact to put into words"
        if answer.person and answer.field:
            objection = response_gate(step.wrote, answer.person, answer.field, answer.tag, memory)
    answer.note(step, objection, gates.response)
    answer.text = None if objection else step.wrote or ""
