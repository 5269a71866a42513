"""The checks between modules: each says in a sentence why a hand-over must not go through, or nothing."""

import re
from dataclasses import dataclass, fields

from momem_lib.data.records import FIELDS, Person
from momem_lib.data.tasks import frame_of, objection
from momem_lib.system.memory import LookUp, Memory

OPENING = "\"'“‘«([{<*_-–—@#"
CLOSING = "\"'”’»)]}>*_-–—.,;:!?…"


@dataclass(frozen=True)
class Gates:
    """Which checks are on. `Gates.all(False)` lets everything through, to show what the checks are worth.

    Example:
        >>> Gates(summary=False).tag, Gates.all(False).tag
        (True, False)
    """

    tag: bool = True  # the tag must stand in the question
    record: bool = True  # exactly one person must bear that name
    summary: bool = True  # the summary must be a field of that person's record, the one that the stand-in confirms
    response: bool = True  # the response must hold the value, the name, nothing else of the record, nobody else
    confidence: bool = True  # a module less sure than its threshold is not believed

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
    for begin in occurrences(question, tag):
        end = begin + len(tag)
        before, after = question[begin - 1 : begin], question[end : end + 1]
        if not (before.isalnum() and tag[0].isalnum()) and not (after.isalnum() and tag[-1].isalnum()):
            return None
    return f"'{tag}' does not stand in the question as a name of its own"


def occurrences(text: str, piece: str) -> list[int]:
    """Where a piece begins in a text, overlapping occurrences included.

    Example:
        >>> occurrences("anana", "ana")
        [0, 2]
    """
    return [begin for begin in range(len(text) - len(piece) + 1) if text.startswith(piece, begin)]


def record_gate(found: LookUp) -> str | None:
    """Exactly one person must bear the name; otherwise the memory's own sentence is the reason."""
    return None if found.person is not None else found.reason


def nearest_person(memory: Memory, found: LookUp) -> Person | None:
    """The first person with the best near miss's name: whom a system without a record gate would take."""
    if not found.candidates:
        return None
    # The bearers of an ambiguous name are listed with a detail behind the name.
    best = found.candidates[0][0]
    fitting = (person for person in memory if best == person.name or best.startswith(f"{person.name} ("))
    return next(fitting, None)


def length_gate(person: Person | None, room: int) -> str | None:
    """A record that Module 2 cannot read whole (room is in bytes) is not read at all: it is never cut."""
    size = len(person.content.encode()) if person else 0
    return f"the record of {person.name} has {size:,} bytes, and Module 2 reads {room:,}" if size > room else None


def summary_field(person: Person, summary: str | None) -> str | None:
    """The field of the record that a summary states, or None when it states none of them exactly.

    Example:
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> summary_field(jo, "Lives in: Oslo"), summary_field(jo, "Lives in: Osl")
        ('location', None)
    """
    return next((field for field in FIELDS if person.summary(field) == summary), None)


def summary_gate(person: Person, summary: str | None) -> str | None:
    """The summary must be a field of the record, letter by letter, and that field must hold something."""
    if summary is None:
        return f"the memory does not hold what the question asks about {person.name}"
    field = summary_field(person, summary)
    if field is None:
        return f"the summary {summary!r} is no field of the record of {person.name}"
    if not getattr(person, field):
        return f"the record of {person.name} is empty there"
    return None


def other_values(person: Person, field: str) -> list[str]:
    """What else stands in the record, beside one field."""
    return [getattr(person, other) for other in FIELDS if other != field]


def response_gate(response: str | None, person: Person, field: str, tag: str, memory: Memory) -> str | None:
    """The response must be right, hold the name verbatim too, and name nobody else whom the memory knows.

    Example:
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> response_gate("Jo Doe lives in Oslo.", jo, "location", "Jo Doe", Memory()) is None
        True
        >>> response_gate("Jo Doe lives in Rome.", jo, "location", "Jo Doe", Memory())
        "the response does not hold the value 'Oslo'"
    """
    value = getattr(person, field)
    if wrong := objection(response, value, tag, other_values(person, field)):
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
            whole = text[begin.start() : last.end()]
            for piece in peeled(whole, OPENING, begin=True):
                for bare in peeled(piece, CLOSING, begin=False):
                    variants = (bare, re.sub(r"['’]s?$", "", bare))
                    spans |= dict.fromkeys(text for text in variants if text and text == text.strip())
    return list(spans)


def peeled(text: str, signs: str, begin: bool) -> list[str]:
    """A text less none, one, two, ... of the signs at its beginning or end: a full stop may be the name's own.

    Example:
        >>> peeled("Jo Doe Jr.,", CLOSING, begin=False)
        ['Jo Doe Jr.,', 'Jo Doe Jr.', 'Jo Doe Jr']
    """
    bare = text.lstrip(signs) if begin else text.rstrip(signs)
    most = len(text) - len(bare)
    return [text[less:] if begin else text[: len(text) - less] for less in range(most + 1)]
