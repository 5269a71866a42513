"""What the reader of notebook 11 writes: the library's versions, small inputs, and typical mistakes."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

from momem_lib.course.nb11.exercises import check_careful, check_whose_fault
from momem_lib.course.shared.judging import Part, unless_stub
from momem_lib.data.records import Record
from momem_lib.data.tasks import frame_of, hide_name, mark_name, stands_in
from momem_lib.system.calibration import best_threshold
from momem_lib.system.gates import record_gate, response_gate, summary_gate, summary_label, tag_gate
from momem_lib.system.memory import Memory

JO = Record("Jo Doe", (("Job", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
LIVES, WEIGHS, WHO = "Where does Jo Doe live?", "What does Jo Doe weigh?", "Where does Jo Do live?"
WEATHER, LIES = "How is the weather?", "Where does Jo Doe live now?"
OUTPUTS = [(0.9, True), (0.75, False), (0.5, True), (0.25, False), (0.125, False)]
EDGES = (0.0, 0.5, 0.9, 1.0)


# The library's versions


def chain(said: Callable, memory: Memory, question: str) -> str:
    """Question in, response out, and no check between."""
    tag = said("ner", question)
    record = memory.look_up(tag).record
    summary = said("summary", hide_name(question, tag), record)
    return said("response", mark_name(question, tag), summary or "")


def my_response_gate(response: str, value: str, name: str, others: Sequence[str]) -> str | None:
    """The response holds value and name, and no other value of the record."""
    for wanted in (value, name):
        if not stands_in(response, wanted):
            return f"{wanted!r} is missing"
    rest = frame_of(response, value, name)
    return next((f"it holds {other!r} too" for other in others if stands_in(rest, other)), None)


def gated(said: Callable, memory: Memory, question: str) -> tuple[str | None, str | None]:
    """Response and None, or None and the first gate's objection."""
    tag = said("ner", question)
    if reason := tag_gate(question, tag):
        return None, reason
    found = memory.look_up(tag)
    if reason := record_gate(found):
        return None, reason
    summary = said("summary", hide_name(question, tag), found.record)
    if reason := summary_gate(found.record, summary):
        return None, reason
    response = said("response", mark_name(question, tag), summary)
    reason = response_gate(response, found.record, summary_label(found.record, summary), tag, memory)
    return (None, reason) if reason else (response, None)


def reliability(outputs: Sequence[tuple[float, bool]], edges: Sequence[float]) -> list[tuple[float, float, int]]:
    """Mean confidence, share right, and how many, of each group that is not empty."""
    rows = []
    for low, high in pairwise(edges):
        group = [(sure, right) for sure, right in outputs if low < sure <= high]
        if group:
            rows.append((sum(s for s, _ in group) / len(group), sum(r for _, r in group) / len(group), len(group)))
    return rows


def risk_coverage(outputs: Sequence[tuple[float, bool]]) -> list[tuple[float, float]]:
    """The share that is answered and the share of it that is wrong, when only the surest one, two, ... are."""
    ranked, wrong, points = sorted(outputs, reverse=True), 0, []
    for number, (_, right) in enumerate(ranked, start=1):
        wrong += not right
        points.append((number / len(ranked), wrong / number))
    return points


def by_words(question: str, labels: Sequence[str]) -> str | None:
    """The label that shares the most words with the question, if any."""
    asked = set(question.lower().replace("?", " ").split())
    shared = {label: len(asked & set(label.lower().split())) for label in labels}
    best = max(shared, key=shared.get, default=None)
    return best if best is not None and shared[best] else None


# How some parts are judged


def scripted(calls: list) -> Callable:
    """Modules that know Jo Doe alone, and note what they are asked."""

    def said(task: str, prompt: str, source: Record | str | None = None) -> str | None:
        calls.append((task, prompt, source.content if isinstance(source, Record) else source))
        if task == "ner":
            return next((name for name in ("Jo Doe", "Jo Do") if name in prompt), None)
        if task == "summary":
            return "Lives in: Oslo" if " live" in prompt else None
        return "Jo Doe lives in Rome." if "now" in prompt else f"Jo Doe lives in {source.removeprefix('Lives in: ')}."

    return said


def with_jo(version: Callable, question: str) -> tuple:
    """What a chain gives, and what it asked of whom."""
    calls, memory = [], Memory()
    memory.remember([JO])
    given = version(scripted(calls), memory, question)
    return None if given is None else (given, calls)


def verdict(said: object) -> object:
    """What a gate says, told in a word where it is a sentence or None."""
    return "passes" if said is None else "stops" if isinstance(said, str) and said else said


def no_label(said: object) -> object:
    """A label, or words for none."""
    return "None, no label" if said is None else said


def cost(outputs: Sequence[tuple[float, bool]], worse: float, least: float) -> float:
    """What a threshold costs: each right output below it one, each wrong one at or above it so much more."""
    return sum((1 if right else 0) if sure < least else (0 if right else worse) for sure, right in outputs)


def check_threshold(version: Callable) -> str | None:
    """Any threshold will do that costs as little as the best."""
    for outputs, worse in ((OUTPUTS, 3), (OUTPUTS, 0.5), ([(0.5, True)], 3), ([(0.5, False)], 3), ([], 3)):
        found = version(list(outputs), worse)
        if found is None or found is ...:
            raise NotImplementedError
        if not isinstance(found, int | float):
            return f"Not yet: it gives {found!r}, where a number was expected."
        mine, best = cost(outputs, worse, found), cost(outputs, worse, best_threshold(outputs, worse))
        if mine > best:
            told = next((s for s, v in THRESHOLD_MISTAKES.items() if v(outputs, worse) == found), None)
            words = f"With ({outputs}, {worse}) it gives {found:.4g}, which costs {mine:g}; {best:g} can be had."
            return f"Not yet: {told}.\n{words}" if told else f"Not yet. {words}"
    return None


def right_ones(outputs: Sequence[tuple[float, bool]], worse: float) -> float:
    """Only wrong outputs are counted."""
    return max((sure for sure, right in outputs if not right), default=0.0) + 1e-9


def most_right(outputs: Sequence[tuple[float, bool]], worse: float) -> float:
    """Only right outputs are counted."""
    return min((sure for sure, right in outputs if right), default=1.0)


THRESHOLD_MISTAKES = {
    "no wrong output passes, whatever else is silenced with it: right outputs below it cost one each": right_ones,
    "it keeps every right output, whatever else passes with the least sure of them": most_right,
}


# Typical mistakes


def deaf(said: Callable, memory: Memory, question: str) -> tuple:
    """All modules work, and then the gates speak."""
    tag = said("ner", question)
    found = memory.look_up(tag or "")
    summary = said("summary", hide_name(question, tag or ""), found.record)
    response = said("response", mark_name(question, tag or ""), summary or "")
    reason = tag_gate(question, tag) or record_gate(found) or summary_gate(found.record, summary)
    return (None, reason) if reason else (response, None)


TAGS = [(LIVES, "Jo Doe"), (LIVES, "Ana"), (LIVES, None), ("Is Joanna here?", "Jo"), ("Jo's job?", "Jo"),
        ("(Jo) here?", "Jo"), ("Jo, Joanna?", "Jo"), ("Is C.C. in?", "C.C.")]  # fmt: skip
RESPONSES = [*((text, "Oslo", "Jo Doe", ["Nurse"]) for text in ("Jo Doe lives in Oslo.", "Jo Doe lives in Rome.",
               "Jo lives in Oslo.", "Nurse Jo Doe lives in Oslo.")),
             ("Jo Doe lives in Oslo.", "Oslo", "Jo Doe", ["Jo"]),
             ("Jo Doe: tea and chess", "tea and chess", "Jo Doe", ["tea"])]  # fmt: skip
WORDS = [("What is the blood group of <name>?", ["Shoe size", "Blood group"]), ("Where does <name> live?", ["Job"]),
         ("Blood type? <name>", ["Blood group", "Type of blood"]), ("?", [])]  # fmt: skip

PARTS = {
    "11.1": Part(
        chain,
        [(LIVES,), (WEIGHS,)],
        {
            "Module 2 reads the question with the name in it: hide it": ("hide_name(question, tag)", "question"),
            "Module 3 is not told where in the question the name stands: mark it":
                ("mark_name(question, tag)", "question"),
        },
        with_jo,
        "Asked {}, in parentheses the response and what each module was asked,",
    ),
    "11.2": Part(
        tag_gate,
        TAGS,
        {
            "a part of a word is not a name: 'Jo' does not stand in 'Joanna'":
                lambda question, tag: None if tag and tag in question else "no",
            "None, where Module 0 found no name, is to be stopped":
                lambda question, tag: tag and tag_gate(question, tag),
            "signs may stand beside a name: it is letters and digits that must not go on":
                lambda question, tag: None if tag and f" {tag} " in f" {question} " else "no",
        },
        unless_stub(TAGS, verdict),
        "With ({}) and a sentence told as 'stops', None as 'passes',",
    ),
    "11.3": Part(
        my_response_gate,
        RESPONSES,
        {
            "the name must stand in it too": ("(value, name):", "(value,):"),
            "another value of the record must not stand in it": ("in others if", "in () if"),
            "another value may well be a part of the name, or of the right value: take these out before you look":
                lambda response, value, name, others: None
                if value in response and name in response and not any(x in response for x in others) else "no",
        },
        unless_stub(RESPONSES, verdict),
        "With ({}) and a sentence told as 'stops', None as 'passes',",
    ),
    "11.4": Part(
        gated,
        [(LIVES,), (WEATHER,), (WHO,), (WEIGHS,), (LIES,)],
        {
            "it goes on after an objection: return at once, so that no later module works on a mistake": deaf,
            "nothing checks the response": ("(None, reason) if reason else (response, None)", "(response, None)"),
        },
        with_jo,
        "Asked {}, in parentheses the result and what each module was asked,",
    ),
    "11.5": Part(
        lambda shares: float(prod(shares)),
        [([0.9, 0.8, 0.9],), ([1.0, 0.5],), ([0.97],), ([],)],
        {
            "that is the weakest link, but the others spoil further questions": lambda shares: min(shares, default=1.0),
            "that is the mean, but a question must survive them all":
                lambda shares: sum(shares) / len(shares) if shares else 1.0,
        },
    ),
    "11.6": Part(
        by_words,
        WORDS,
        {
            "where no word is shared, None is right": lambda question, labels: max(labels, default=None,
                key=lambda label: sum(word in question.lower() for word in label.lower().split())),
            "capital letters make no difference": lambda question, labels: next(
                (label for label in labels if set(label.split()) & set(question.replace("?", " ").split())), None),
        },
        unless_stub(WORDS, no_label),
    ),
    "11.7": Part(
        reliability,
        [([(0.4, False), (0.95, True), (1.0, True)], (0.0, 0.5, 1.0)), (OUTPUTS, EDGES)],
        {
            "a group without outputs has no mean: leave it out": lambda outputs, edges: [
                *reliability(outputs, edges), *[(0.0, 0.0, 0)] * (len(edges) - 1 - len(reliability(outputs, edges)))],
            "an output that is as sure as the upper edge belongs to the group below it":
                ("low < sure <= high", "low <= sure < high"),
        },
    ),
    "11.8": Part(
        risk_coverage,
        [([(0.5, False), (0.9, True)],), (OUTPUTS,)],
        {
            "the surest come first": ("reverse=True", "reverse=False"),
            "the risk is the share of what is *answered* that is wrong, not of all":
                ("wrong / number", "wrong / len(ranked)"),
        },
    ),
    "11.9": Part(best_threshold, check=check_threshold, mistakes=THRESHOLD_MISTAKES),
    "11.a": Part(check=check_whose_fault),
    "11.b": Part(check=check_careful),
}  # fmt: skip
