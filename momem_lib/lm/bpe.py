"""Byte-pair encoding, the using half: encode, decode, save and load with merges that were learned from a text."""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path

import numpy as np

from momem_lib.lm.bpe_training import PRINTABLE, Pair, train_fast
from momem_lib.lm.chunks import BLOCK, PATTERN, Source, chunk_bytes, chunk_lists, count_chunks
from momem_lib.project import InputError, parse_json, read_text

MOST_CACHED = 200_000  # different chunks whose tokens are remembered, about 50 MB
NEVER = 1 << 32  # above every token number
# How tokenizer.json writes a byte: as the character of that number where it can be seen, else one from 256 on.
VISIBLE = {byte: chr(byte) for byte in PRINTABLE}
VISIBLE |= {byte: chr(256 + n) for n, byte in enumerate(byte for byte in range(256) if byte not in VISIBLE)}


class BPETokenizer:
    """Text to tokens and back: bytes are tokens 0 to 255, merge i makes token 256 + i, special tokens come last.

    Every string and every byte string has an encoding. Without merges it is the ByteTokenizer.

    Example:
        >>> tokenizer = BPETokenizer.train("low lower lowest", vocab_size=259)
        >>> [tokenizer.token_bytes(token) for token in tokenizer.encode("lowland")]
        [b'low', b'l', b'a', b'n', b'd']
        >>> tokenizer.decode(tokenizer.encode("né 王")), BPETokenizer(tokenizer.merges, ["<end>"]).id("<end>")
        ('né 王', 259)
    """

    def __init__(self, merges: Iterable[Pair] = (), specials: Iterable[str] = ()):
        self.merges, self.specials = tuple(tuple(pair) for pair in merges), tuple(specials)
        if "" in self.specials or len(set(self.specials)) < len(self.specials):
            raise InputError("special tokens need names, each another one")
        self.made = {pair: 256 + rank for rank, pair in enumerate(self.merges)}  # pair -> the token it becomes
        self.pieces = [bytes([byte]) for byte in range(256)]  # the bytes of each token that is not special
        for left, right in self.merges:
            if not (0 <= left < len(self.pieces) and 0 <= right < len(self.pieces)):
                raise InputError(f"merge {len(self.pieces) - 256} uses a token that does not exist yet")
            self.pieces.append(self.pieces[left] + self.pieces[right])
        if len(set(self.pieces)) < len(self.pieces):
            raise InputError("two merges make the same token: the merges must come from one training")
        # Texts repeat their words, and each is merged once.
        self._tokens_of_chunk = lru_cache(MOST_CACHED)(self._merge_chunk)

    @classmethod
    def train(cls, sources: Source | Iterable[Source], vocab_size: int, progress: bool = False) -> "BPETokenizer":
        """Learn merges from a text, bytes, a path, or several of them; files are read block by block.

        Args:
            vocab_size: tokens in all, bytes included; fewer when nothing is left to merge. progress: shows a bar.

        Raises:
            InputError: a file that cannot be read, or a vocabulary smaller than the bytes or larger than 16 bits hold.
        """
        if not 256 <= vocab_size <= 1 << 16:
            raise InputError(f"a vocabulary of {vocab_size} tokens cannot be: 256 to 65,536 were expected")
        return cls(train_fast(count_chunks(sources), vocab_size - 256, progress))

    def first(self, number: int) -> "BPETokenizer":
        """The tokenizer as it was after its first merges, for looking at how it grew."""
        return BPETokenizer(self.merges[:number], self.specials)

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included."""
        return len(self.pieces) + len(self.specials)

    def id(self, special: str) -> int:
        """The number of a special token; ValueError if there is none of that name."""
        return len(self.pieces) + self.specials.index(special)

    def encode(self, text: str | bytes) -> list[int]:
        """The tokens of a string or of any bytes; the name of a special token in it is plain text.

        Raises:
            InputError: the text holds half of a surrogate pair, which no encoding of real text contains.
        """
        return list(chain.from_iterable(map(self._tokens_of_chunk, chain.from_iterable(chunk_lists(text)))))

    def encode_stream(self, source: Source, block: int = BLOCK) -> Iterator[np.ndarray]:
        """The tokens of a text or a file as arrays (uint16), block after block, within bounded memory.

        Together the arrays are what `encode` gives for the whole text, wherever the blocks end.
        """
        for chunks in chunk_lists(source, block):
            if chunks:
                yield np.fromiter(chain.from_iterable(map(self._tokens_of_chunk, chunks)), np.uint16)

    def _merge_chunk(self, chunk: str) -> tuple[int, ...]:
        """Merge the pair that was learned first, again and again; of several such places, the leftmost."""
        ids, get = list(chunk_bytes(chunk)), self.made.get
        found = [get(pair, NEVER) for pair in pairwise(ids)]  # what a pair would become; the lowest comes first
        while found and (token := min(found)) != NEVER:
            place = found.index(token)
            ids[place : place + 2] = [token]
            del found[place]
            if place > 0:
                found[place - 1] = get((ids[place - 1], token), NEVER)
            if place < len(found):
                found[place] = get((token, ids[place + 1]), NEVER)
        return tuple(ids)

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for; none for a special token.

        Raises:
            InputError: there is no such token.
        """
        if not 0 <= token < self.vocab_size:
            raise InputError(f"there is no token {token}: numbers from 0 to {self.vocab_size - 1} were expected")
        return self.pieces[token] if token < len(self.pieces) else b""

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of some tokens; special tokens are left out. The exact reverse of encode."""
        return b"".join(map(self.token_bytes, ids))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some tokens; special tokens are left out, bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def to_json(self) -> str:
        """The tokenizer as the text of a tokenizer.json, which Hugging Face `tokenizers` reads too."""
        names = ["".join(VISIBLE[byte] for byte in piece) for piece in self.pieces]
        special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
        data = {
            "version": "1.0",
            **dict.fromkeys(("truncation", "padding")),
            "added_tokens": [{"id": self.id(name), "content": name, **special} for name in self.specials],
            "normalizer": None,
            "pre_tokenizer": PRE_TOKENIZER,
            "post_processor": None,
            "decoder": BYTE_LEVEL,
            "model": {
                "type": "BPE",
                **dict.fromkeys(("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")),
                **dict.fromkeys(("fuse_unk", "byte_fallback", "ignore_merges"), False),
                "vocab": {name: number for number, name in enumerate(names)},
                "merges": [f"{names[left]} {names[right]}" for left, right in self.merges],
            },
        }
        return json.dumps(data, ensure_ascii=False, indent=1)

    def save(self, path: str | Path) -> Path:
        """Write tokenizer.json (or another name) and return its path."""
        path = Path(path)
        path.write_text(self.to_json() + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> "BPETokenizer":
        """Read what `save` wrote.

        Raises:
            InputError: a file that cannot be read, or that another kind of tokenizer wrote.
        """
        where = f"the tokenizer {path}"
        data = parse_json(read_text(path, "the tokenizer"), where)
        try:
            vocab = data["model"]["vocab"]
            merges = [(vocab[left], vocab[right]) for left, right in map(str.split, data["model"]["merges"])]
            specials = [token["content"] for token in data["added_tokens"]]
            ours = cls(merges, specials)
            same = json.loads(ours.to_json()) == data
        except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
            raise InputError(f"{where} does not look like one of this course ({error})") from None
        if not same:
            raise InputError(f"{where} was made by another program or another version: only files of `save` are read")
        return ours


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
SPLIT = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
PRE_TOKENIZER = {"type": "Sequence", "pretokenizers": [SPLIT, BYTE_LEVEL]}
