"""What the reader of notebook 12 writes: the library's versions, small inputs, and typical mistakes."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import torch
from torch import Tensor

from momem_lib.course.nb12.breaking import may_look, pad_to_pad
from momem_lib.course.nb12.relations import hop_rows
from momem_lib.course.shared.judging import Part
from momem_lib.data.records import Record
from momem_lib.data.tasks import stands_in
from momem_lib.system.gates import record_gate, tag_gate
from momem_lib.system.memory import Memory

WHERE, BOSS = "Where does Jo Doe's boss live?", "Jo Doe's boss"
PEOPLE = (
    Record("Jo Doe", (("Lives in", "Oslo"), ("Boss", "Ann Lee"), ("Aunt", "Eve Ray"))),
    Record("Ann Lee", (("Lives in", "Rome"), ("Boss", "Jo Doe"))),
)


# The library's versions


def change(model: Callable, inputs: object, padded: object) -> float:
    """The largest difference between two predictions, in nats."""
    return (model(inputs).log_probs - model(padded).log_probs).abs().max().item()


def clearly_better(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Whether the worst of ours lies above the best of theirs."""
    return min(ours) > max(theirs)


def hop_gate(question: str, described: str, answer: object, memory: Memory) -> str | None:
    """Why the first of two answers must not be used for the second question, or None.

    Args:
        described: of the question, what names somebody. answer: to "Who is {described}?", see Pipeline.ask.
    """
    if reason := tag_gate(question, described):
        return reason
    if answer.text is None:
        return answer.reason
    if not stands_in(described.lower(), answer.label.lower()):
        return f"{answer.label!r} is not what {described!r} asks for"
    return record_gate(memory.look_up(answer.value))


def ask_twice(read: Callable, ask: Callable, gate: Callable, question: str) -> tuple[str | None, str | None]:
    """Text and reason: of the question itself where nobody is described, else of the one about who that is.

    Args:
        read: from a question to what describes somebody in it, or None. ask: as Pipeline.ask.
        gate: from question, description and first answer to a reason, or None.
    """
    described = read(question)
    if described is not None:
        first = ask(f"Who is {described}?")
        if reason := gate(question, described, first):
            return None, reason
        question = question.replace(described, first.value)
    answer = ask(question)
    return answer.text, answer.reason


# How some parts are judged


def with_model(version: Callable, alone: Tensor, padded: Tensor) -> object:
    """The change that a version finds for a model that hands back what it reads."""
    return version(lambda inputs: SimpleNamespace(log_probs=inputs), alone, padded)


def judged_gate(version: Callable, *case: object) -> object:
    """What a gate says of a case, told in a word; only what returns None for all cases is a stub."""

    def said(question: str, described: str, text: str | None, label: str | None, value: str | None) -> object:
        memory = Memory()
        memory.remember(PEOPLE)
        answer = SimpleNamespace(text=text, reason=None if text else "nobody knows", label=label, value=value)
        return version(question, described, answer, memory)

    found = said(*case)
    if found is None:
        return None if all(said(*other) is None for other in GATED) else "passes"
    return "stops" if isinstance(found, str) and found else found


def scripted(version: Callable, question: str, stopped: bool = False) -> object:
    """What a version makes of a question, and what it asked of whom."""
    calls = []

    def read(asked: str) -> str | None:
        calls.append(("read", asked))
        return BOSS if BOSS in asked and not asked.startswith("Who") else None

    def ask(asked: str) -> object:
        calls.append(("ask", asked))
        value = "Ann Lee" if asked.startswith("Who") else "Rome" if "Ann Lee" in asked else "Oslo"
        return SimpleNamespace(text=f"It is {value}.", reason=None, label="Boss", value=value)

    def gate(asked: str, described: str, answer: object) -> str | None:
        calls.append(("gate", asked, described, answer.value))
        return "nobody of that name" if stopped else None

    given = version(read, ask, gate, question)
    return None if given is None else (given, calls)


GATED = [
    (WHERE, BOSS, "It is Ann Lee.", "Boss", "Ann Lee"),
    ("Where does Ann Lee's boss live?", BOSS, "It is Ann Lee.", "Boss", "Ann Lee"),
    (WHERE, BOSS, None, None, None),
    ("Where does Jo Doe's uncle live?", "Jo Doe's uncle", "It is Ann Lee.", "Boss", "Ann Lee"),
    ("Where does Jo Doe's aunt live?", "Jo Doe's aunt", "It is Eve Ray.", "Aunt", "Eve Ray"),
]
REAL = torch.tensor([[True, True, False], [True, True, True]])
BEFORE = torch.tensor([[-1.0, -2.0], [-3.0, -0.5]])

PARTS = {
    "12.1": Part(
        may_look,
        [(REAL[:1],), (REAL,)],
        {
            "a real position may look at padding: only the pair of two paddings is shut out": pad_to_pad,
            "a row of padding without a single True gives NaN in a softmax: let it look at the real ones":
                (".expand(-1, real.shape[1], -1)", " & real[:, :, None]"),
            "rows are who looks, columns are who is looked at": ("[1], -1)", "[1], -1).mT"),
            "True means that one may look": ("return real", "return ~real"),
        },
    ),
    "12.2": Part(
        change,
        [(BEFORE, BEFORE), (BEFORE, BEFORE - 0.25), (BEFORE, BEFORE + torch.tensor([[0.0, 3.0], [-2.0, 0.0]]))],
        {
            "a change downwards is a change too: take the absolute value": (".abs()", ""),
            "a mean hides a change in one place: take the largest": (".max()", ".mean()"),
        },
        with_model,
        "With log-probabilities of ({})",
    ),
    "12.3": Part(
        clearly_better,
        [([0.5], [0.5]), ([0.8, 0.9], [0.6, 0.7]), ([0.6, 0.9], [0.5, 0.7]), ([0.9, 0.1], [0.8, 0.7])],
        {
            "the best of ours against the best of theirs: one lucky run decides": ("min(ours)", "max(ours)"),
            "the means may lie apart although the runs overlap":
                ("min(ours) > max(theirs)", "sum(ours) / len(ours) > sum(theirs) / len(theirs)"),
            "the same is not better": ("min(ours) >", "min(ours) >="),
        },
    ),
    "12.4": Part(
        hop_rows,
        [("Where does {} live?", "Jo Doe", BOSS), ("What are {}'s hobbies?", "Ann Lee", "the aunt of Ann Lee")],
        {
            "who is meant must be found first in the first question only; in the two others the target is None":
                ("format(name): None", "format(name): name", "?\": None}", "?\": described}"),
            "the target is the whole description, not the name in it": ("format(described): described",
                                                                        "format(described): name"),
        },
    ),
    "12.5": Part(
        hop_gate,
        GATED,
        {
            "the description must stand in the question, as whole words":
                ("tag_gate(question, described)", "tag_gate(described, described)"),
            "the label must be the relation that was asked for: nobody has an uncle because he has a boss":
                ("if not stands_in(described.lower(), answer.label.lower())", "if not answer.label"),
            "the memory must know the person whom the next question is about":
                ("record_gate(memory.look_up(answer.value))", "None"),
        },
        judged_gate,
        "With question, description, and the first answer's text, label and value being ({}), and a sentence told as "
        "'stops', None as 'passes',",
    ),
    "12.6": Part(
        ask_twice,
        [("Where does Jo Doe live?",), (WHERE,), (WHERE, True)],
        {
            "the first answer only says whom the question is about: ask a second time":
                ("question = question.replace(described, first.value)", "return first.text, first.reason"),
            "nothing checks the first answer": ("reason := gate(question, described, first)", "reason := first.reason"),
            "it asks a second time before the gate has spoken: return at once":
                ("if reason :=", "if ask(question.replace(described, first.value)) and (reason :=",
                 "described, first):", "described, first)):"),
        },
        scripted,
        "Asked {} (True: the gate objects), in parentheses the result and all calls,",
    ),
}  # fmt: skip
