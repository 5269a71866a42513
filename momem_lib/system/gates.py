"""The checks between modules: each says in a sentence why a hand-over must not go through, or nothing."""

import re
from dataclasses import dataclass, fields

from momem_lib.data.records import Record
from momem_lib.data.tasks import frame_of, objection, stands_in
from momem_lib.settings import check
from momem_lib.system.memory import LookUp, Memory

OPENING = "\"'“‘«([{<*_-–—@#"
CLOSING = "\"'”’»)]}>*_-–—.,;:!?…"


@dataclass(frozen=True)
class Gates:
    """Which checks are on. `Gates.all(False)` lets everything through, to show what the checks are worth.

    A module's own <none> ends the answer in any case: that is what it found, and no check of it.

    Example:
        >>> Gates(summary=False).tag, Gates.all(False).tag
        (True, False)
    """

    tag: bool = True  # the tag must stand in the question
    record: bool = True  # exactly one record must bear that name
    summary: bool = True  # the summary must be a fact of that record, and filled in
    response: bool = True  # the response must hold the value, the name, nothing else of the record, nobody else
    confidence: bool = True  # a module less sure than its threshold is not believed

    def __post_init__(self) -> None:
        """Refuse what is neither True nor False."""
        check(self)

    @classmethod
    def all(cls, on: bool) -> "Gates":
        """All checks on, or all off."""
        return cls(*[on] * len(fields(cls)))


def tag_gate(question: str, tag: str | None) -> str | None:
    """The tag must stand in the question, as whole words.

    Example:
        >>> tag_gate("Where does Jo live?", "Jo") is None
        True
        >>> tag_gate("Where does Joanna live?", "Jo")
        "'Jo' does not stand in the question as a name of its own"
        >>> tag_gate("What is the weather?", None)
        'the question names nobody'
    """
    if tag is None:
        return "the question names nobody"
    if not tag.strip():
        return "the name found is empty"
    return None if stands_in(question, tag) else f"'{tag}' does not stand in the question as a name of its own"


def record_gate(found: LookUp) -> str | None:
    """Exactly one person must bear the name; otherwise the memory's own sentence is the reason."""
    return None if found.record is not None else found.reason


def summary_label(record: Record, summary: str | None) -> str | None:
    """The label of the fact that a summary states, or None when it states none of the record's exactly.

    Example:
        >>> oslo = Record("Oslo", (("Country", "Norway"),))
        >>> summary_label(oslo, "Country: Norway"), summary_label(oslo, "Country: Norwa")
        ('Country', None)
    """
    return next((label for label, value in record.facts if f"{label}: {value}" == summary), None)


def summary_gate(record: Record | None, summary: str | None) -> str | None:
    """The summary must be a fact of the record, letter by letter, and its value must be filled in."""
    if record is None:
        return "there is no record to summarise"
    if summary is None:
        return f"the memory does not hold what the question asks about {record.name}"
    label = summary_label(record, summary)
    if label is None:
        return f"the summary {summary!r} is no fact of the record of {record.name}"
    return None if record.value(label) else f"{label!r} of {record.name} is not filled in"


def response_gate(response: str | None, record: Record, label: str, tag: str, memory: Memory) -> str | None:
    """The response must be right, hold the name verbatim too, and name nobody else whom the memory knows.

    Example:
        >>> jo = Record("Jo Doe", (("Lives in", "Oslo"), ("Job", "Nurse")))
        >>> response_gate("Jo Doe lives in Oslo.", jo, "Lives in", "Jo Doe", Memory()) is None
        True
        >>> response_gate("Jo Doe lives in Rome.", jo, "Lives in", "Jo Doe", Memory())
        "the response does not hold the value 'Oslo'"
    """
    value = record.value(label)
    if wrong := objection(response, value, tag, record.others(label)):
        return wrong
    if tag not in response:
        return f"the response does not hold the name {tag!r}"
    strangers = memory.knows(word_spans(frame_of(response, value, tag)))
    return f"the response names somebody else, {min(strangers)!r}" if strangers else None


def word_spans(text: str, longest: int = 8) -> list[str]:
    """All runs of up to `longest` neighbouring words, with and without the punctuation and possessive at their edges.

    None begins or ends with a space: where a sign stands alone ("Jo - job?"), the run without it is one of its own.

    Example:
        >>> spans = word_spans("Is (Jo Doe) here - or there?")
        >>> "Jo Doe" in spans, "here" in spans, "o Doe" in spans, "here " in spans
        (True, True, False, False)
    """
    words = list(re.finditer(r"\S+", text))
    spans: dict[str, None] = {}
    for first, begin in enumerate(words):
        for last in words[first : first + longest]:
            for bare in peeled(text[begin.start() : last.end()]):
                variants = (bare, re.sub(r"['’]s?$", "", bare))
                spans |= dict.fromkeys(text for text in variants if text and text == text.strip())
    return list(spans)


def peeled(text: str) -> list[str]:
    """A text less none, one, two, ... of the signs at its beginning and end: a full stop may be the name's own.

    Example:
        >>> peeled("(Jo Jr.,")
        ['(Jo Jr.,', '(Jo Jr.', '(Jo Jr', 'Jo Jr.,', 'Jo Jr.', 'Jo Jr']
    """
    first, last = len(text) - len(text.lstrip(OPENING)), len(text.rstrip(CLOSING))
    return [text[begin:end] for begin in range(first + 1) for end in range(len(text), max(begin, last) - 1, -1)]
