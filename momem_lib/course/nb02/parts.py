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


def learned(
    sequences: Sequence[list[int]],
    number: int,
    order: Callable[[Pair], object] = tie_order,
    often: int = 1,
    first: int = 256,
    merged: bool = True,
) -> list[Pair]:
    """train, or train with a mistake."""
    merges: list[Pair] = []
    while len(merges) < number:
        counts = pair_counts(sequences)
        if not counts:
            break
        pair = min(counts, key=lambda pair: (-often * counts[pair], order(pair)))
        if merged:
            sequences = [merge_pair(ids, pair, first + len(merges)) for ids in sequences]
        merges.append(pair)
    return merges


def train(sequences: Sequence[list[int]], number: int) -> list[Pair]:
    """Learn up to so many merges."""
    return learned(sequences, number)


def encode(text: str, merges: Sequence[Pair]) -> list[int]:
    """The tokens of a text."""
    return BPETokenizer(merges).encode(text)


def decode(ids: Sequence[int], merges: Sequence[Pair]) -> str:
    """The text of tokens."""
    return BPETokenizer(merges).decode(ids)


# Typical mistakes


def merge_like(step: int = 2, overlap: bool = False, tail: bool = True) -> Callable:
    """merge with a mistake."""

    def merge(ids: list[int], pair: Pair, new: int) -> list[int]:
        merged, place = [], 0
        while place < len(ids) - (not tail):
            if tuple(ids[place : place + 2]) == pair:
                merged.append(new)
                place += 1 if overlap else step
            else:
                merged.append(ids[place])
                place += 1
        return merged

    return merge


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


def word_like(left: bool = True, right: bool = True, weighted: bool = True, lose: bool = True) -> Callable:
    """merge_in_word with a neighbour forgotten, or counted once where the chunk occurs more often."""

    def step(word: list[int], pair: Pair, new: int, weight: int, changes: dict[Pair, int]) -> list[Pair]:
        made, place = [], 0
        while place < len(word) - 1:
            if (word[place], word[place + 1]) == pair:
                around = []
                if left and place > 0:
                    around.append(((word[place - 1], pair[0]), (word[place - 1], new)))
                if right and place + 2 < len(word):
                    around.append(((pair[1], word[place + 2]), (new, word[place + 2])))
                for gone, came in around:
                    changes[gone] -= weight * lose if weighted else 1
                    changes[came] += weight if weighted else 1
                    made.append(came)
                word[place : place + 2] = [new]
            place += 1
        return made

    return step


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
            "the question's bytes are missing between the signs": lambda question: [257, 258, 259],
            "<tag> is missing at the end": lambda question: [257, *question.encode(), 258],
            "<prompt> is missing at the beginning": lambda question: [*question.encode(), 258, 259],
            "<tag> comes behind the whole question, not before it": lambda question: [
                257,
                259,
                *question.encode(),
                258,
            ],
            "a letter beyond English is several bytes: encode the text": lambda question: [
                257,
                *map(ord, question),
                258,
                259,
            ],
        },
    ),
    "02.2": Part(
        pair_counts,
        [([[1, 2]],), ([[1, 2, 1, 2]],), ([[1, 2], [3, 1, 2]],), ([[7]],)],
        {
            "the last pair of a list is left out": lambda sequences: Counter(
                pair for ids in sequences for pair in pairwise(ids[:-1])
            ),
            "only every second pair was counted: pairs overlap": lambda sequences: Counter(
                pair for ids in sequences for pair in zip(ids[::2], ids[1::2], strict=False)
            ),
            "a pair across the border of two lists is no pair": lambda sequences: Counter(
                pairwise([token for ids in sequences for token in ids])
            ),
            "only the first list was counted": lambda sequences: Counter(pairwise(sequences[0])),
        },
        as_dict,
    ),
    "02.3": Part(
        merge_pair,
        [([1, 2], (1, 2), 256), ([1, 2, 3], (1, 2), 256), ([3, 1], (1, 2), 256), ([7, 7, 7], (7, 7), 256)],
        {
            "after a merge go on two places: both numbers of the pair are used up": merge_like(overlap=True),
            "the last number is lost": merge_like(tail=False),
            "after a merge go on two places, not three": merge_like(step=3),
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
            "the rarest pair was taken": lambda sequences, number: learned(sequences, number, often=-1),
            "the new token begins at 256": lambda sequences, number: learned(sequences, number, first=300),
            "the pair was not merged, so it is found again and again": lambda sequences, number: learned(
                sequences, number, merged=False
            ),
            "of equally frequent pairs the one with the lower tie_order wins": lambda sequences, number: learned(
                sequences, number, lambda pair: tuple(-part for part in tie_order(pair))
            ),
            "compare tie_order(pair), not the pair: a space comes after the letters": lambda sequences, number: learned(
                sequences, number, lambda pair: pair
            ),
        },
    ),
    "02.5": Part(
        encode,
        [("", []), ("a", []), ("ũ", []), ("abc", LADDER), ("abcd", [BC, AB, tuple(b"cd")]), ("b a", [tuple(b"b ")])],
        {
            "the longest token is not the rule: apply the merges in the order learned": longest_first,
            "merges crossed the border of a chunk: encode chunk by chunk": across_chunks,
            "no merge was applied": lambda text, merges: list(text.encode("utf-8")),
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
            "the neighbour on the right was forgotten": word_like(right=False),
            "the neighbour on the left was forgotten": word_like(left=False),
            "each change counts weight times: the chunk occurs so often": word_like(weighted=False),
            "pairs that are gone must lose their count": word_like(lose=False),
        },
        stepped,
    ),
    "02.a": Part(check=check_stream),
    "02.b": Part(check=check_encode_around),
    "02.c": Part(check=check_fewest),
}
