"""Byte-pair encoding, the learning half: from a text to merges, once the slow and plain way and once fast."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise

from tqdm.auto import trange

from momem_lib.lm.chunks import chunk_bytes, split_chunks

Pair = tuple[int, int]  # the numbers of two tokens that stand side by side

# Of two pairs that are equally frequent, the one with the lower numbers wins, and for this purpose bytes are numbered
# as GPT-2 lists them: those with a printable character of their own first. Hugging Face does the same.
PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))
GPT2_ORDER = (*PRINTABLE, *(byte for byte in range(256) if byte not in PRINTABLE))
PLACE = tuple(GPT2_ORDER.index(byte) for byte in range(256))


def tie_order(pair: Pair) -> Pair:
    """What decides between equally frequent pairs: the lower one wins (see PLACE).

    Example:
        >>> min([(32, 97), (97, 98)], key=tie_order)  # ' a' and 'ab': the space is no printable character
        (97, 98)
    """
    left, right = pair
    return (PLACE[left] if left < 256 else left, PLACE[right] if right < 256 else right)


def merge_pair(ids: list[int], pair: Pair, new: int) -> list[int]:
    """Replace each occurrence of a pair, from left to right, by a new token.

    Example:
        >>> merge_pair([1, 2, 3, 1, 2], (1, 2), 256), merge_pair([7, 7, 7], (7, 7), 256)
        ([256, 3, 256], [256, 7])
    """
    merged, place = [], 0
    while place < len(ids):
        if place + 1 < len(ids) and (ids[place], ids[place + 1]) == pair:
            merged.append(new)
            place += 2
        else:
            merged.append(ids[place])
            place += 1
    return merged


def train_naive(text: str, number: int) -> list[Pair]:
    """Learn merges the slow, plain way: count all pairs of the whole text anew for each merge.

    They come in the order learned, and merge i makes token 256 + i; fewer than `number` when nothing is left to merge.

    Source: Sennrich et al. 2016, arXiv:1508.07909, section 3.2; on bytes: Radford et al. 2019 (GPT-2), section 2.2.

    Example:
        >>> train_naive("aaabdaaabac", 2)  # 'aa' occurs four times; then 'ab' twice, which comes before (256, 97)
        [(97, 97), (97, 98)]
    """
    sequences = [list(chunk_bytes(chunk)) for chunk in split_chunks(text)]
    merges: list[Pair] = []
    while len(merges) < number and (counts := Counter(pair for ids in sequences for pair in pairwise(ids))):
        best = min(counts, key=lambda pair: (-counts[pair], tie_order(pair)))
        sequences = [merge_pair(ids, best, 256 + len(merges)) for ids in sequences]
        merges.append(best)
    return merges


def train_fast(
    counts: Mapping[str, int], number: int, progress: bool = False, touched: list[int] | None = None
) -> list[Pair]:
    """Learn the same merges from counted chunks, and after each merge update only the pairs that changed.

    Args:
        counts: how often each chunk occurs, from `count_chunks`.
        number: merges wanted; fewer when nothing is left to merge.
        progress: whether to show a bar.
        touched: a list to be filled with how many chunks each merge looked at.
    """
    words, weights = [list(chunk_bytes(chunk)) for chunk in counts], list(counts.values())
    totals: dict[Pair, int] = defaultdict(int)
    where: dict[Pair, list[int]] = defaultdict(list)  # the words that hold a pair
    for index, word in enumerate(words):
        for pair in pairwise(word):
            totals[pair] += weights[index]
            where[pair].append(index)
    heap = [(-total, tie_order(pair), pair) for pair, total in totals.items()]
    heapify(heap)
    merges: list[Pair] = []
    for new in trange(256, 256 + number, desc="merges", unit="", mininterval=1, disable=not progress):
        if (best := pop_best(heap, totals)) is None:
            break
        indices = dict.fromkeys(where.pop(best))
        changes: dict[Pair, int] = defaultdict(int)
        for index in indices:
            for pair in merge_in_word(words[index], best, new, weights[index], changes):
                where[pair].append(index)
        del totals[best]
        changes.pop(best, None)
        for pair, change in changes.items():
            totals[pair] += change
            if change > 0:
                heappush(heap, (-totals[pair], tie_order(pair), pair))
        merges.append(best)
        if touched is not None:
            touched.append(len(indices))
    return merges


def pop_best(heap: list[tuple[int, Pair, Pair]], totals: dict[Pair, int]) -> Pair | None:
    """Take the most frequent pair from the heap; None when no pair is left.

    An entry may be out of date, since counts that fall are not corrected in the heap: it goes back with its true count.
    """
    while heap:
        minus, order, pair = heappop(heap)
        total = totals.get(pair, 0)
        if total == -minus:
            return pair
        if total > 0:
            heappush(heap, (-total, order, pair))
    return None


def merge_in_word(word: list[int], pair: Pair, new: int, weight: int, changes: dict[Pair, int]) -> list[Pair]:
    """Merge a pair within one word, in place, and note by how much each neighbouring pair changed.

    Returns:
        the pairs that came into being.

    Example:
        >>> word, changes = [1, 2, 3], defaultdict(int)
        >>> merge_in_word(word, (1, 2), 256, 10, changes), word, dict(changes)
        ([(256, 3)], [256, 3], {(2, 3): -10, (256, 3): 10})
    """
    left, right = pair
    made, place = [], 0
    while place < len(word) - 1:
        if word[place] != left or word[place + 1] != right:
            place += 1
            continue
        if place > 0:
            changes[word[place - 1], left] -= weight
            changes[word[place - 1], new] += weight
            made.append((word[place - 1], new))
        if place + 2 < len(word):
            changes[right, word[place + 2]] -= weight
            changes[new, word[place + 2]] += weight
            made.append((new, word[place + 2]))
        word[place : place + 2] = [new]
        place += 1
    return made
