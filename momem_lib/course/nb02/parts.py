"""What the reader of notebook 02 writes: the library's versions, small inputs, and typical mistakes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

from momem_lib.course.nb02.exercises import check_encode_around, check_fewest, check_stream
from momem_lib.course.shared.judging import Part
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.bpe_training import Pair, merge_in_word, merge_pair, tie_order

AB, BC, AA = tuple(b"ab"), tuple(b"bc"), tuple(b"aa")
LADDER = [AB, (256, ord("c")), BC, (258, ord("d"))]  # ab, abc, bc, bcd


# The library's versions


def module_input(question: str) -> list[int]:
    """The question between <prompt> and </prompt>, then <tag>."""
    return [257, *question.encode("utf-8"), 258, 259]


def pair_counts(sequences: Sequence[Sequence[int]]) -> Counter:
    """How often each pair of neighbours occurs."""
    return Counter(pair for ids in sequences for pair in pairwise(ids))


def train(sequences: Sequence[list[int]], number: int) -> list[Pair]:
    """Learn up to so many merges."""
    merges: list[Pair] = []
    while len(merges) < number and (counts := pair_counts(sequences)):
        pair = min(counts, key=lambda pair: (-counts[pair], tie_order(pair)))
        sequences = [merge_pair(ids, pair, 256 + len(merges)) for ids in sequences]
        merges.append(pair)
    return merges


def encode(text: str, merges: Sequence[Pair]) -> list[int]:
    """The tokens of a text."""
    return BPETokenizer(merges).encode(text)


def decode(ids: Sequence[int], merges: Sequence[Pair]) -> str:
    """The text of tokens."""
    return BPETokenizer(merges).decode(ids)


# Typical mistakes


def longest_first(text: str, merges: Sequence[Pair]) -> list[int]:
    """Take the longest token that fits, then the next."""
    data, ids = text.encode("utf-8"), []
    known = {piece: token for token, piece in enumerate(BPETokenizer(merges).pieces)}
    while data:
        size = max(size for size in range(1, len(data) + 1) if data[:size] in known)
        ids.append(known[data[:size]])
        data = data[size:]
    return ids


def across_chunks(text: str, merges: Sequence[Pair]) -> list[int]:
    """Merges applied to the whole text at once."""
    ids = list(text.encode("utf-8"))
    for place, pair in enumerate(merges):
        ids = merge_pair(ids, pair, 256 + place)
    return ids


def stepped(version: Callable, word: list[int], pair: Pair, new: int, weight: int) -> tuple | None:
    """What a step returns, the list that it leaves, and the changes that it noted."""
    changes: dict[Pair, int] = defaultdict(int)
    made = version(word, pair, new, weight, changes)
    return None if made is None else (sorted(made), word, {key: n for key, n in sorted(changes.items()) if n})


def as_dict(version: Callable, sequences: list[list[int]]) -> dict | None:
    """Counts as a plain dict, in order."""
    counts = version(sequences)
    return dict(sorted(counts.items())) if isinstance(counts, dict) else counts


PARTS = {
    "02.1": Part(
        module_input,
        [("",), ("Who?",), ("ũ",)],
        {
            "the question's bytes are missing between the signs": ('*question.encode("utf-8"), ', ""),
            "<tag> is missing at the end": (", 259]", "]"),
            "<prompt> is missing at the beginning": ("[257, ", "["),
            "<tag> comes behind the whole question, not before it": ("[257, ", "[257, 259, ", "258, 259]", "258]"),
            "a letter beyond English is several bytes: encode the text": (
                'question.encode("utf-8")', "map(ord, question)"
            ),
        },
    ),
    "02.2": Part(
        pair_counts,
        [([[1, 2]],), ([[1, 2, 1, 2]],), ([[1, 2], [3, 1, 2]],), ([[7]],)],
        {
            "the last pair of a list is left out": ("pairwise(ids)", "pairwise(ids[:-1])"),
            "only every second pair was counted: pairs overlap": ("pairwise(ids)", "zip(ids[::2], ids[1::2])"),
            "a pair across the border of two lists is no pair": ("in sequences", "in [sum(sequences, [])]"),
            "only the first list was counted": ("in sequences", "in sequences[:1]"),
        },
        as_dict,
    ),
    "02.3": Part(
        merge_pair,
        [([1, 2], (1, 2), 256), ([1, 2, 3], (1, 2), 256), ([3, 1], (1, 2), 256), ([7, 7, 7], (7, 7), 256)],
        {
            "after a merge go on two places: both numbers of the pair are used up": ("place += 2", "place += 1"),
            "the last number is lost": ("while place < len(ids)", "while place + 1 < len(ids)"),
            "after a merge go on two places, not three": ("place += 2", "place += 3"),
            "nothing was merged": lambda ids, pair, new: list(ids),
        },
    ),
    "02.4": Part(
        train,
        [
            ([list(b"ab")], 1),
            ([list(b"ab")], 5),
            ([list(b"abab"), list(b"ab")], 1),
            ([list(b"abcabcab")], 2),
            ([list(b"zyab")], 1),
            ([list(b" aab")], 1),
        ],
        {
            "the rarest pair was taken": ("-counts", "counts"),
            "the new token begins at 256": ("256", "300"),
            "the pair was not merged, so it is found again and again": ("sequences = [", "["),
            "of equally frequent pairs the one with the lower tie_order wins": (
                "tie_order(pair)", "[-part for part in tie_order(pair)]"
            ),
            "compare tie_order(pair), not the pair: a space comes after the letters": ("tie_order(pair)", "pair"),
        },
    ),
    "02.5": Part(
        encode,
        [("", []), ("a", []), ("ũ", []), ("abc", LADDER), ("abcd", [BC, AB, tuple(b"cd")]), ("b a", [tuple(b"b ")])],
        {
            "the longest token is not the rule: apply the merges in the order learned": longest_first,
            "merges crossed the border of a chunk: encode chunk by chunk": across_chunks,
            "no merge was applied": ("BPETokenizer(merges)", "BPETokenizer()"),
            "a letter beyond English is several bytes: encode the text first": lambda text, merges: (
                encode(text, merges) if text.isascii() else [ord(letter) for letter in text]
            ),
        },
    ),
    "02.6": Part(
        decode,
        [([], []), ([97], []), (list("ũ".encode()), []), (list("ũ".encode())[:1], []), ([97, 259, 256], LADDER)],
        {
            "each byte is not a character: join the bytes first": lambda ids, merges: "".join(
                BPETokenizer(merges).token_bytes(token).decode("utf-8", errors="replace") for token in ids
            ),
            "half a character must become \ufffd: errors='replace'": lambda ids, merges: (
                BPETokenizer(merges).decode_bytes(ids).decode("utf-8", errors="ignore")
            ),
            "what comes out are bytes: decode them": lambda ids, merges: BPETokenizer(merges).decode_bytes(ids),
        },
    ),
    "02.7": Part(
        merge_in_word,
        [
            ([1, 2], (1, 2), 256, 1),
            ([1, 2, 3], (1, 2), 256, 1),
            ([3, 1, 2], (1, 2), 256, 1),
            ([3, 1, 2, 4], (1, 2), 256, 10),
            ([1, 2, 1, 2], (1, 2), 256, 1),
            ([7, 7, 7], (7, 7), 256, 2),
        ],
        {
            "the neighbour on the right was forgotten": ("if place + 2 < len(word):", "if False:"),
            "the neighbour on the left was forgotten": ("if place > 0:", "if False:"),
            "each change counts weight times: the chunk occurs so often": ("= weight", "= 1"),
            "pairs that are gone must lose their count": ("-= weight", "-= 0"),
        },
        stepped,
    ),
    "02.a": Part(check=check_stream),
    "02.b": Part(check=check_encode_around),
    "02.c": Part(check=check_fewest),
}  # fmt: skip
