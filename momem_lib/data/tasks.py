"""What each module reads and writes, as text and as tokens."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from momem_lib.data.records import Record
from momem_lib.data.tokens import TOKENIZER
from momem_lib.project import InputError

COLON = ord(":")  # ends the label of a summary; no label holds one (see records.label_of)


@dataclass(frozen=True)
class Task:
    """One module's job: which columns of a row it reads and which it must write.

    Example:
        >>> row = {"question": "Where does Jo live?", "name": "Jo", "summary": "Lives in: Oslo", "record": None,
        ...        "response": "Jo lives in Oslo."}
        >>> TASKS["ner"].texts(row)
        (None, 'Where does Jo live?', 'Jo')
        >>> TASKS["summary"].texts(row) is None  # there is no record to summarise
        True
        >>> TASKS["summary"].prompt("Where does Jo live?", "Jo")
        'Where does <name> live?'
    """

    name: str
    source: str | None  # column that the encoder reads, a record or a text; None for a decoder-only module
    target: str  # column to write; where it is empty, the module must write <none>
    needs: str | None  # rows without this column are not for this module
    start: str  # special token before the target
    stop: str  # special token after it
    prompt: Callable[[str, str | None], str]  # what the decoder reads of a question and the name that stands in it

    def texts(self, row: Mapping) -> tuple[str | Record | None, str, str | None] | None:
        """Source, prompt and target of a row, or None when the row is not for this module."""
        if self.needs and row[self.needs] is None:
            return None
        source = row[self.source] if self.source else None
        if self.source == "record":  # as Record.to_dict made it, and checked when it was read
            source = Record(source["name"], tuple((key, value) for key, value in source.items() if key != "name"))
        return source, self.prompt(row["question"], row["name"]), row[self.target]

    def is_right(self, row: Mapping, text: str | None) -> bool:
        """Whether an output will do: equal to the target, or, for responses, holding name and value verbatim.

        Example:
            >>> row = {"name": "Jo", "value": "Oslo", "response": "Jo lives in Oslo."}
            >>> [TASKS["response"].is_right(row, text) for text in ("Oslo is where Jo lives.", "Jo: Osl", None)]
            [True, False, False]
        """
        if self.name != "response":
            return text == row[self.target]
        return objection(text, row["value"], row["name"]) is None and row["name"] in text


LONGEST_FRAME = 200  # characters that a response may have beside value and name


def objection(text: str | None, value: str, name: str = "", others: Iterable[str] = ()) -> str | None:
    """Why a response is not right, in a sentence, or None: "right" is defined here, and nowhere else.

    It holds the value verbatim, no other value of the record, and little beside value and name. Values count as whole
    words: "S" neither stands in "Siobhán" nor in "Subject".

    Args:
        name: the person's, in which another value may well occur. others: the record's other values.

    Example:
        >>> objection("Jo lives in Oslo.", "Oslo", "Jo", ["Nurse"]) is None
        True
        >>> objection("Nurse Jo lives in Oslo.", "Oslo", "Jo", ["Nurse"])
        "the response holds another value of the record, 'Nurse'"
    """
    if text is None or not stands_in(text, value):
        return f"the response does not hold the value {value!r}"
    if len(text) > len(value) + len(name) + LONGEST_FRAME:
        return "the response is too long"
    frame = frame_of(text, value, name)
    for other in sorted(set(others)):
        if other and other not in value and stands_in(frame, other):
            return f"the response holds another value of the record, {other!r}"
    return None


def stands_in(text: str, piece: str) -> bool:
    """Whether a piece stands in a text as whole words: no letter or digit goes on where the piece ends in one.

    Example:
        >>> stands_in("Is Ann's hat red?", "Ann"), stands_in("Is Joanna there?", "Jo")
        (True, False)
    """
    return piece in text and re.search(whole(piece), text) is not None


def whole(piece: str) -> str:
    """The pattern of a piece as whole words."""
    before = r"(?<![^\W_])" if piece[:1].isalnum() else ""
    return before + re.escape(piece) + (r"(?![^\W_])" if piece[-1:].isalnum() else "")


def frame_of(text: str, value: str, name: str) -> str:
    """A response less value and name, as whole words; the longer goes first, since one may be part of the other.

    Example:
        >>> frame_of("You find Jo Y: Y", "Y", "Jo Y").splitlines()
        ['You find ', ': ']
    """
    for piece in sorted(filter(None, (value, name)), key=len, reverse=True):
        text = re.sub(whole(piece), "\n", text)
    return text


def task_named(name: str | None) -> Task:
    """The task of that name.

    Raises:
        InputError: there is none.

    Example:
        >>> task_named("ner").target
        'name'
    """
    if name not in TASKS:
        raise InputError(f"no module {name!r}; one of {', '.join(TASKS)} was expected")
    return TASKS[name]


def frame(start: str, tokens: list[int], stop: str) -> list[int]:
    """Put special tokens around a text's tokens.

    Example:
        >>> TOKENIZER.show(frame("<tag>", TOKENIZER.encode("Jo"), "</tag>"))
        '<tag>Jo</tag>'
    """
    return [TOKENIZER.id(start), *tokens, TOKENIZER.id(stop)]


def encode_source(source: str | Record | None) -> list[int]:
    """Tokens of what the encoder reads, a text or a record's content; none at all for a decoder-only module."""
    if source is None:
        return []
    text = source.content if isinstance(source, Record) else source
    return frame("<encoding>", TOKENIZER.encode(text), "</encoding>")


def spans_of(record: Record | None) -> list[int]:
    """For each token of encode_source(record): twice the number of its fact, and 1 more where it is in the value.

    Example:
        >>> spans_of(Record("Jo", (("Job", "Cook"),)))  # <encoding>, "Name: ", "Jo; ", "Job: ", "Cook;", </encoding>
        [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    """
    pieces = list(record.pieces()) if record else []
    spans = [2 * number + is_value for text, number, is_value in pieces for _ in text.encode()]
    return [0, *spans[:-1], spans[-1]] if spans else []  # content ends without the last space


def encode_prompt(text: str) -> list[int]:
    """Tokens of the question, as the decoder is prompted with it."""
    return frame("<prompt>", TOKENIZER.encode(text), "</prompt>")


def encode_target(task: Task, text: str | None) -> list[int]:
    """Tokens of what the module must write, <none> where there is nothing to write."""
    tokens = [TOKENIZER.id("<none>")] if text is None else TOKENIZER.encode(text)
    return frame(task.start, tokens, task.stop)


FRAME_SIGNS = (",", ".", ":", "?", "!", " -", ";", "...", ")", "/", '"')
HIDDEN_NAME = "<name>"


def around_name(question: str, name: str | None) -> tuple[str, str, str]:
    """What stands before a name in a question, the name as it stands there, and what follows.

    The first place where it stands as words of its own is taken, else the first at all, else one in another case; where
    there is none, all of the question comes before it.

    Example:
        >>> around_name("Answer me: where does An live?", "An")
        ('Answer me: where does ', 'An', ' live?')
        >>> around_name("WHERE DOES JO LIVE?", "Jo"), around_name("Who won?", None)
        (('WHERE DOES ', 'JO', ' LIVE?'), ('Who won?', '', ''))
    """
    if not name:
        return question, "", ""
    if question.count(name) == 1:  # as nearly always
        return question.partition(name)
    text = re.escape(name)
    for pattern in (rf"(?<!\w){text}(?!\w)", text, rf"(?i:{text})"):
        if found := re.search(pattern, question):
            return question[: found.start()], found[0], question[found.end() :]
    return question, "", ""


def hide_name(question: str, name: str | None) -> str:
    """A question with <name> in the place of a name: what it asks for does not hang on whom it asks about.

    So a name that holds a word of some field ("Melody Doe") draws nobody towards that field (delexicalisation:
    Henderson, Thomson and Young 2014, Robust dialog state tracking, section 3).

    Example:
        >>> hide_name("Where does Melody Doe live?", "Melody Doe"), hide_name("Who won?", None)
        ('Where does <name> live?', 'Who won?')
    """
    before, found, after = around_name(question, name)
    return f"{before}{HIDDEN_NAME}{after}" if found else question


MARKS = "\x02", "\x03"  # "start of text" and "end of text": no question holds control characters


def mark_name(question: str, name: str | None) -> str:
    """A question with marks around the name, which Module 0 has found: Module 3 need not find it once more.

    Example:
        >>> mark_name("Where does Jo live?", "Jo"), mark_name("Who won?", None)
        ('Where does \\x02Jo\\x03 live?', 'Who won?')
    """
    before, found, after = around_name(question, name)
    return before + MARKS[0] + found + MARKS[1] + after if found else question


TASKS = {
    "ner": Task("ner", None, "name", None, "<tag>", "</tag>", lambda question, _: question),
    "summary": Task("summary", "record", "summary", "record", "<summary>", "</summary>", hide_name),
    "response": Task("response", "summary", "response", "response", "<response>", "</response>", mark_name),
}
