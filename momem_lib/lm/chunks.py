"""Text into chunks: the pieces that byte-pair encoding never merges across, from a string or a file of any size."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from momem_lib.data.tokens import ByteTokenizer
from momem_lib.project import InputError, readable

Source = str | bytes | Path  # a text, the bytes of one, or the file that holds one

# Four kinds of characters; whatever is in none of the first three is a letter, accents and all scripts included.
SPACE = r"\t-\r "
DIGIT = "0-9"
SIGN = (  # control characters and ASCII signs; Latin-1 signs; typography to box drawing; Chinese and wide signs; emoji
    r"\x00-\x08\x0e-\x1f!-/:-@\[-`{-\u00bf\u00d7\u00f7"
    r"\u2000-\u200b\u2010-\u2bff\u3000-\u303f\uff00-\uff20" + "\U0001f000-\U0001faff"
)
PATTERN = "|".join(  # tried in this order; Python and Hugging Face read it alike, so it travels in tokenizer.json
    (
        rf"[\t\v\f {SIGN}]?[^{SPACE}{DIGIT}{SIGN}]{{1,32}}",  # a word, with one space or sign before it
        rf" ?[{DIGIT}]{{1,3}}",  # up to three digits
        rf" ?[{SIGN}]{{1,32}}[\r\n]{{0,32}}",  # signs, with the line ends behind them
        rf"[{SPACE}]{{0,32}}[\r\n]{{1,32}}",  # blank lines
        rf"[{SPACE}]{{1,32}}(?![^{SPACE}])",  # spaces, but the last one goes to the word behind it
        rf"[{SPACE}]{{1,32}}",
    )
)
CHUNK = re.compile(PATTERN)
LOOK = 128  # characters; no chunk depends on what stands this far behind it (the longest try above reads 66)
BLOCK = 1 << 20  # bytes or characters that are read and cut at a time
MOST_CHUNKS = 500_000  # different chunks kept while counting; a text of 20 MB has fewer


def split_chunks(text: str) -> list[str]:
    """Cut a text into the chunks that merges never cross: words, numbers, signs, white space.

    Example:
        >>> split_chunks("Where does T'Challa live?\\n")
        ['Where', ' does', ' T', "'Challa", ' live', '?\\n']
    """
    return CHUNK.findall(text)


def read_blocks(source: Source, block: int = BLOCK) -> Iterator[str]:
    """A text piece by piece, so that 100 MB need not be in memory at once.

    Bytes that are no UTF-8 become lone surrogates (Python's "surrogateescape"), which `chunk_bytes` turns back.

    Raises:
        InputError: a file that cannot be read, a string with half a surrogate pair, or no text at all.
    """
    if not isinstance(source, Source):
        raise InputError(f"a text was expected, not {source!r:.60}")
    if isinstance(source, Path):
        as_it_is = {"errors": "surrogateescape", "newline": ""}
        # "sig": the sign that some editors put first is no part of the text.
        with readable(source, "the text file"), source.open(encoding="utf-8-sig", **as_it_is) as file:
            yield from iter(lambda: file.read(block), "")
        return
    if isinstance(source, bytes):
        source = source.decode("utf-8", "surrogateescape")
    elif not source.isascii() and re.search("[\ud800-\udfff]", source):
        ByteTokenizer().encode(source)  # raises, and says where
    yield from (source[start : start + block] for start in range(0, len(source), block))


def chunk_lists(source: Source, block: int = BLOCK) -> Iterator[list[str]]:
    """The chunks of a text, as many at a time as a block holds; together they are those of the whole text.

    Example:
        >>> [chunks for chunks in chunk_lists("one two", block=2) if chunks]
        [['one', ' two']]
    """
    rest = ""
    for text in read_blocks(source, block):
        rest += text
        chunks, tail = split_chunks(rest), 0
        while chunks and tail < LOOK:  # what follows in the next block might change the last chunks: keep them back
            tail += len(chunks.pop())
        rest = rest[len(rest) - tail :]
        yield chunks
    yield split_chunks(rest)


def chunk_bytes(chunk: str) -> bytes:
    """The bytes of a chunk."""
    return chunk.encode("utf-8", "surrogateescape")


def count_chunks(sources: Source | Iterable[Source], block: int = BLOCK, most: int = MOST_CHUNKS) -> Counter:
    """How often each chunk occurs in one text or several, read block by block; no chunk reaches into the next text.

    When there are more than `most` different ones, the rarest are forgotten, which bounds the memory.

    Example:
        >>> count_chunks("to be or not to be").most_common(2)
        [(' be', 2), ('to', 1)]
    """
    counts: Counter = Counter()
    for source in [sources] if isinstance(sources, Source) else sources:
        if isinstance(source, str) and os.path.isfile(source):
            raise InputError(f"{source!r} is the name of a file: give Path({source!r}) to learn from its text")
        for chunks in chunk_lists(source, block):
            counts.update(chunks)
            rare = 1
            while len(counts) > most:
                counts = Counter({chunk: count for chunk, count in counts.items() if count > rare})
                rare *= 2
    return counts
