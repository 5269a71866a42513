"""Text for people to look at: what cannot be seen gets a sign, what cannot be printed too, and no markup works."""

import html

from momem_lib.data.records import Record, checked, label_of

SIGNS = {" ": "␣", "\n": "↵", "\r": "←", "\t": "⇥"}


def printable(text: str) -> str:
    """Text with a sign in place of each control character: a hot module may write anything.

    Example:
        >>> printable("Jo\\x1b[2J")
        'Jo\N{REPLACEMENT CHARACTER}[2J'
    """
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def visible(token: str | bytes) -> str:
    """A token with a sign for white space, and numbers for bytes and characters that cannot be seen.

    Args:
        token: its bytes, or a text in which a lone byte of a longer character is a surrogate escape.

    Example:
        >>> visible(" the"), visible("\\n"), visible("ũ".encode()), visible("ũ".encode()[:1]), visible("\\udcc5")
        ('␣the', '↵', 'ũ', '‹c5›', '‹c5›')
    """
    text = token.decode("utf-8", "surrogateescape") if isinstance(token, bytes) else token
    return "".join(SIGNS.get(c) or (c if c.isprintable() else f"‹{_number(c):02x}›") for c in text)


def _number(letter: str) -> int:
    code = ord(letter)
    return code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code


def one_line(text: str) -> str:
    """A text on one line, with signs for new lines and for what cannot be printed, lone bytes among it.

    Example:
        >>> one_line("to be\\nor")
        'to be↵or'
    """
    return printable(readable(text).replace("\n", "↵"))


def readable(text: str) -> str:
    """Text in which complete characters have been put together and lone bytes are a sign."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def safe(text: str) -> str:
    """Text for a page: no markup in it works, and its writing direction stays its own.

    Example:
        >>> safe("<b>Jo</b>")
        '<bdi>&lt;b&gt;Jo&lt;/b&gt;</bdi>'
    """
    return f"<bdi>{html.escape(printable(text))}</bdi>"


def record_text(record: Record) -> str:
    """A record as people type it: a fact on each line, the name first."""
    return "\n".join(f"{label}: {value}" for label, value in (("Name", record.name), *record.facts))


def record_of(text: str) -> Record:
    """The record that somebody typed.

    Raises:
        InputError: no name on the first line, or labels that cannot be.

    Example:
        >>> record_of("Name: Jo Doe\\nblood_group: 0+")
        Record(name='Jo Doe', facts=(('Blood group', '0+'),))
    """
    lines = (line.partition(":") for line in text.splitlines() if line.strip())
    (_, name), *facts = [(label_of(label), value) for label, _, value in lines] or [("", "")]
    return checked(Record(name, tuple(facts)), "your record")
