"""A question that can be read, an answer, and the trace of how the modules came to it."""

import dataclasses
from dataclasses import asdict, dataclass
from itertools import islice

from momem_lib.data.records import Record, clean
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Generated
from momem_lib.project import InputError

LONGEST_QUESTION = 400  # bytes; more is refused in a sentence


@dataclass
class Step:
    """One module's part in an answer."""

    module: str  # ner, memory, summary or response
    read: dict[str, str | None]  # what went in
    wrote: str | None  # what came out; None: nothing
    confidence: float | None = None  # probability that the module gave its output, 0 to 1; None for the memory
    gate: str = "off"  # "passed", "off", or the reason why not
    tries: list[str] = dataclasses.field(default_factory=list)  # tried before, and the reasons why it was not taken
    copied: list[tuple[str, float]] = dataclasses.field(default_factory=list)  # per character, the copied share

    def strip(self) -> None:
        """Take the spaces off both ends of what was written.

        Example:
            >>> step = Step("ner", {}, " Jo", copied=[(" ", 0.2), ("J", 0.9), ("o", 1.0)])
            >>> step.strip()
            >>> step.wrote, step.copied
            ('Jo', [('J', 0.9), ('o', 1.0)])
        """
        text = self.wrote or ""
        begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
        self.wrote, self.copied = self.wrote and text.strip(), self.copied[begin:end]

    def replace(self, text: str | None, reason: str, confidence: float | None = None) -> None:
        """Put another text in the place of what was written, and note why."""
        self.tries.append(f"{self.wrote!r} ({reason})")
        self.wrote, self.copied = text, []
        self.confidence = self.confidence if confidence is None else confidence

    @property
    def notes(self) -> list[str]:
        """What else there is to say about the step, in sentences."""
        return [f"tried before: {'; '.join(self.tries)}"] if self.tries else []

    def line(self) -> str:
        """The step in one line, for people."""
        sure = "" if self.confidence is None else f" ({self.confidence:.1%} sure)"
        wrote = "nothing" if self.wrote is None else repr(self.wrote)
        return "; ".join([f"{self.module:8} -> {wrote}{sure}", f"gate: {self.gate}", *self.notes])


@dataclass
class Answer:
    """What the pipeline says, and how it came to it."""

    question: str
    text: str | None = None  # the response; None when abstained
    reason: str | None = None  # why it abstained; None when it answered
    tag: str | None = None
    record: Record | None = None
    summary: str | None = None
    label: str | None = None  # of the record, the one whose fact the summary states
    trace: list[Step] = dataclasses.field(default_factory=list)
    seconds: float = 0.0  # of the whole batch, divided by its questions

    @property
    def abstained(self) -> bool:
        """Whether the pipeline gave no answer."""
        return self.text is None

    @property
    def content(self) -> str | None:
        """The record as the text that Module 2 reads."""
        return self.record.content if self.record else None

    @property
    def value(self) -> str | None:
        """The fact itself."""
        return self.record.value(self.label) if self.record else None

    def note(self, step: Step, objection: str | None, gate_on: bool) -> None:
        """Put a module's step into the trace; an objection ends the answer here."""
        step.gate = objection or ("passed" if gate_on else "off")
        self.trace.append(step)
        self.reason = objection

    def __str__(self) -> str:
        if self.text is not None:
            return self.text
        return f"I cannot answer that: {self.reason}" + ("" if self.reason.endswith((".", "?", "!")) else ".")

    def to_dict(self) -> dict:
        """The answer as `momem ask --json` prints it."""
        steps = [{name: value for name, value in asdict(step).items() if name != "copied"} for step in self.trace]
        answer = {key: getattr(self, key) for key in ("question", "tag", "content", "summary")}
        return answer | {"response": self.text, "abstained": self.abstained, "reason": self.reason, "trace": steps}


def check_question(question: object) -> str:
    """A question that the pipeline can read, without the space around it and the signs that nobody sees.

    Raises:
        InputError: not text, empty, too long, or with control characters or half surrogates in it.

    Example:
        >>> check_question("  ")
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: the question is empty: type one, for instance "Where does Muchiri T'Challa live?"
    """
    question = clean(question, "the question")
    if not question:
        raise InputError('the question is empty: type one, for instance "Where does Muchiri T\'Challa live?"')
    size = len(TOKENIZER.encode(question))
    if size > LONGEST_QUESTION:
        raise InputError(f"the question has {size:,} bytes; at most {LONGEST_QUESTION} were expected: shorten it")
    return question


def step_of(module: str, read: dict[str, str | None], written: Generated) -> Step:
    """A trace entry from what a module wrote; of a character's bytes, the one with the smallest copied share counts."""
    shares = (share for token, share in zip(written.tokens, written.copied, strict=True) if token < 256)
    letters = written.text or ""
    copied = [(letter, min(islice(shares, len(letter.encode())), default=0.0)) for letter in letters]
    return Step(module, read, written.text, written.confidence, copied=copied)
