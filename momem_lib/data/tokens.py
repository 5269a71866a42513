"""Text to numbers and back: one token per byte, and a few special tokens that no text can contain."""

import json
from itertools import groupby
from pathlib import Path

from momem_lib.project import InputError, parse_json, read_text

SPECIALS = ("<pad>", "<prompt>", "</prompt>", "<tag>", "</tag>", "<summary>", "</summary>", "<response>",
            "</response>", "<encoding>", "</encoding>", "<none>")  # fmt: skip


class ByteTokenizer:
    """Bytes 0 to 255 are their own token numbers; the special tokens follow from 256 on.

    A name such as '$tev0 Ca$hmoney' or 'Ngũgĩ' needs no entry in any vocabulary: every string has an encoding, and
    no string can forge a special token, because those are no bytes.

    Example:
        >>> tokenizer = ByteTokenizer()
        >>> tokenizer.encode("né"), tokenizer.vocab_size
        ([110, 195, 169], 268)
        >>> tokenizer.decode([110, 195, 169])
        'né'
        >>> tokenizer.show([110, tokenizer.id("</tag>")])
        'n</tag>'
    """

    def __init__(self) -> None:
        self.vocab_size = 256 + len(SPECIALS)
        self.pad = self.id("<pad>")

    def id(self, special: str) -> int:
        """The token number of a special token; ValueError if there is none of that name."""
        return 256 + SPECIALS.index(special)

    def encode(self, text: str) -> list[int]:
        """The UTF-8 bytes of a text as numbers.

        Raises:
            InputError: no text, or half of a surrogate pair in it, which no encoding of real text contains.
        """
        if not isinstance(text, str):
            raise InputError(f"a text was expected, not {text!r:.60}")
        try:
            return list(text.encode("utf-8"))
        except UnicodeEncodeError as error:
            raise InputError(
                f"character {error.start + 1} is half of a surrogate pair and no character: remove it"
            ) from None

    def decode(self, ids: list[int]) -> str:
        """The text of some tokens; special tokens are left out, bytes that are no UTF-8 become U+FFFD.

        Raises:
            InputError: there is no such token.
        """
        ids = list(ids)
        if wrong := [token for token in ids if not 0 <= token < self.vocab_size]:
            raise InputError(f"there is no token {wrong[0]}: numbers from 0 to {self.vocab_size - 1} were expected")
        return bytes(token for token in ids if token < 256).decode("utf-8", errors="replace")

    def show(self, ids: list[int]) -> str:
        """Like decode, but special tokens are written by their names, for people to look at."""
        runs = groupby(ids, lambda token: max(token, 255))  # bytes together, each kind of special token alone
        return "".join(
            SPECIALS[kind - 256] * len(list(run)) if 256 <= kind < self.vocab_size else self.decode(run)
            for kind, run in runs
        )

    def to_json(self) -> str:
        """The vocabulary as JSON, for people and other programs.

        Example:
            >>> ByteTokenizer().to_json()[:60]
            '{"type": "bytes", "specials": {"<pad>": 256, "<prompt>": 257'
        """
        return json.dumps({"type": "bytes", "specials": {name: self.id(name) for name in SPECIALS}})


TOKENIZER = ByteTokenizer()


def check_vocabulary(path: Path) -> None:
    """Refuse a vocabulary that is not TOKENIZER's: the numbers of tokens mean something by their vocabulary alone."""
    if parse_json(read_text(path, "the vocabulary"), f"the vocabulary {path}") != json.loads(TOKENIZER.to_json()):
        raise InputError(f"the vocabulary {path} is not the tokenizer's: write it anew with  momem data vocabulary")
