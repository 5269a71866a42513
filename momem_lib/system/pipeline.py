"""The four modules in a row: a question goes in, an answer or an honest refusal comes out."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass
class Work:
    """A question on its way through the modules."""

    answer: Answer
    person: Person | None = None
    field: str | None = None

    @property
    def open(self) -> bool:
        """Still to be answered."""
        return self.answer.reason is None


class Pipeline:
    """Module 0 finds the name, the memory the record, Module 2 the fact, Module 3 the words.

    Args:
        modules: the trained module for each of ner, summary and response; its threshold says how sure it must be
            while the confidence gate is on.
        memory: where the people are.
        words: gives a second opinion on the asked-for field; None: there is none.
    """

    def __init__(
        self,
        modules: dict[str, Module],
        memory: Memory,
        words: BagOfWords | None = None,
    ):
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
        words = load_bag_of_words(words or CHECKPOINTS / WORDS_FILE)
        return cls(modules, memory if isinstance(memory, Memory) else Memory(memory), words)

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
        works = [Work(Answer(check_question(question))) for question in questions]
        self._name(works, gates)
        self._recall([work for work in works if work.open], gates)
        self._summarise([work for work in works if work.open], gates)
        self._respond([work for work in works if work.open], gates, temperature, seed)
        for work in works:
            work.answer.seconds = (time.perf_counter() - begin) / len(works)
        return [work.answer for work in works]

    def _name(self, works: list[Work], gates: Gates) -> None:
        """Module 0: the name in the question; where it does not pass, the spans of the question are judged instead."""
        questions = [work.answer.question for work in works]
        results = self.modules["ner"].write(questions)
        for work, written in zip(works, results, strict=True):
            answer = work.answer
            step = step_of("ner", {"question": answer.question}, written)
            answer.trace.append(step)
            wrong = None
            if gates.tag:
                step.strip()  # no name begins or ends with a space
                wrong = self._name_again(answer.question, step, tag_gate(answer.question, step.wrote))
            wrong = wrong or self._doubt("ner", step, gates)
            step.gate = wrong or ("passed" if gates.tag else "off")
            answer.tag = step.wrote
            answer.reason = wrong

    def _name_again(self, question: str, step: Step, wrong: str | None) -> str | None:
        """Constrained by the names that the memory knows: a longer one around the tag, or the likeliest of all."""
        wider = wider_name(self.memory, question, step.wrote)
        if wider:
            step.tries.append(f"{step.wrote!r} (the memory knows somebody by a longer name that stands there)")
            step.wrote, step.copied = wider, []
        if wider or (not wrong and self.memory.knows([step.wrote])):
            return None
        found = likeliest_name(self.modules["ner"], self.memory, question, step.wrote, step.confidence)
        if found is None:
            return wrong
        step.tries.append(f"{step.wrote!r} ({wrong or 'nobody of that name'})")
        step.wrote, step.confidence, step.copied = *found, []
        return None

    def _recall(self, works: list[Work], gates: Gates) -> None:
        """Module 1: the record; without its gate, the nearest name will do, as in a system that never says no."""
        room = self.modules["summary"].model.config.context_window - 2  # the special tokens around it
        for work in works:
            answer = work.answer
            found = self.memory.look_up(answer.tag or "")
            work.person = found.person or (None if gates.record else nearest_person(self.memory, found))
            wrong = (record_gate(found) if gates.record else None) or length_gate(work.person, room)
            answer.content = work.person.content if work.person else ("" if not wrong else None)
            gate = wrong or ("passed" if gates.record else "off")
            answer.trace.append(Step("memory", {"tag": answer.tag}, answer.content, gate=gate))
            answer.reason = wrong

    def _summarise(self, works: list[Work], gates: Gates) -> None:
        """Module 2: the asked-for fact; with its gate on, what counts is the field that stand-in and words give."""
        contents = [work.answer.content or "" for work in works]
        questions, tags = [work.answer.question for work in works], [work.answer.tag or "" for work in works]
        confirmed, spelt, guesses = [None] * len(works), questions, None
        if gates.summary:  # only the gate asks again, and reads a word that nobody taught as the one it resembles
            spelt = [corrected(question, tag) for question, tag in zip(questions, tags, strict=True)]
            confirmed = asked_fields(self.modules["summary"], spelt, tags, self.words)
            # Module 2 will most likely write what it chose: a good guess, which makes writing quicker.
            chosen = zip(works, confirmed, strict=True)
            guesses = [work.person.summary(field) if work.person and field else None for work, (field, _) in chosen]
        module = self.modules["summary"]
        prompts = [module.prompt(question, tag) for question, tag in zip(questions, tags, strict=True)]
        results = module.write(prompts, contents, guesses=guesses)
        for work, prompt, written, asked, choice in zip(works, prompts, results, spelt, confirmed, strict=True):
            answer = work.answer
            step = step_of("summary", {"question": prompt, "content": answer.content}, written)
            step.read_as = asked if asked != answer.question else None
            # The gate compares the value with the record; what is left to be sure of is the choice of the field.
            step.confidence = written.confidence_until(COLON)
            answer.trace.append(step)
            wrong = None
            if gates.summary:
                wrong = self._confirm(step, work.person, *choice) if work.person else "there is no record to summarise"
            wrong = self._doubt("summary", step, gates) or wrong
            work.field = summary_field(work.person, step.wrote) if work.person else None
            step.gate = wrong or ("passed" if gates.summary else "off")
            answer.summary, answer.reason = step.wrote, wrong

    @staticmethod
    def _confirm(step: Step, person: Person, field: str | None, confidence: float) -> str | None:
        """Constrained: the record's own words for the field, or <none>, that stand-in and bag of words choose."""
        summary = person.summary(field) if field else None
        if step.wrote != summary:
            reason = summary_gate(person, step.wrote) or "stand-in and bag of words choose another field"
            step.tries.append(f"{step.wrote!r} ({reason})")
            step.wrote, step.copied = summary, []
        step.confidence = confidence
        return summary_gate(person, summary)

    def _respond(self, works: list[Work], gates: Gates, temperature: float, seed: int | None) -> None:
        """Module 3: the words; what does not pass is tried greedily, then with nothing but name and value to copy.

        The last resort is a choice: of the wordings that the templates know, the one that Module 3 finds likeliest.
        """
        self._respond_once(works, gates, temperature, seed)
        if temperature > 0:
            self._respond_once([work for work in works if work.answer.reason], gates)
        again = [work for work in works if work.answer.reason and work.person and work.field]
        self._respond_once(again, gates, constrained=True)
        for work in again:
            if work.answer.reason:
                wording = likeliest_wording(self.modules["response"], work.person, work.field, work.answer)
                self._take_response(work, wording, gates)

    def _respond_once(
        self,
        works: list[Work],
        gates: Gates,
        temperature: float = 0.0,
        seed: int | None = None,
        constrained: bool = False,
    ) -> None:
        questions, summaries = ([work.answer.question for work in works], [work.answer.summary or "" for work in works])
        seeds = [seed if seed is not None else int(torch.randint(2**31, ())) for _ in works]
        only = [[getattr(work.person, work.field), work.answer.tag] for work in works] if constrained else None
        results = self.modules["response"].write(questions, summaries, temperature, seeds, copy_only=only)
        for work, written in zip(works, results, strict=True):
            self._take_response(work, written, gates)

    def _take_response(self, work: Work, written: Generated, gates: Gates) -> None:
        """Put what Module 3 wrote through its gate and into the answer."""
        answer = work.answer
        step = step_of("response", {"question": answer.question, "summary": answer.summary}, written)
        if answer.trace[-1].module == "response":
            earlier = answer.trace.pop()
            step.tries = [*earlier.tries, f"{earlier.wrote!r} ({earlier.gate})"]
        answer.trace.append(step)
        wrong = None
        if gates.response:
            wrong = "there is no fact to put into words"
            if work.person and work.field:
                wrong = response_gate(step.wrote, work.person, work.field, answer.tag, self.memory)
        step.gate = wrong or ("passed" if gates.response else "off")
        answer.reason = wrong
        answer.text = None if wrong else (step.wrote or "")

    def _doubt(self, module: str, step: Step, gates: Gates) -> str | None:
        """The confidence gate: a module that is not sure enough is not believed."""
        threshold = self.modules[module].threshold
        if not gates.confidence or step.wrote is None or step.confidence >= threshold:
            return None
        return f"module {module} is only {step.confidence:.1%} sure of {step.wrote!r}, less than {threshold:.1%}"
