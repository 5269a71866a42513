"""What the reader of notebook 10 writes: the library's versions, small inputs, and typical mistakes."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from math import log

import torch
from torch import Tensor

from momem_lib.course.nb10.facts import wording_of
from momem_lib.course.shared.judging import Part, unless_stub

MOST_LETTERS = 200  # a search for the most probable text looks no further
Chances = Mapping[str, float]
After = Callable[[str], Mapping[str, float]]

# The library's versions


def least_loss(ways: Sequence[int], lengths: Sequence[int]) -> float:
    """The floor of the loss in nats per token: only which of so many wordings came cannot be known."""
    return sum(map(log, ways)) / sum(lengths)


def apart(text: str, name: str, value: str, nats: Sequence[float]) -> tuple[float, float]:
    """The surprise at the fact (name and value behind their first letters) and at the wording (all else), in nats."""
    data, fact = text.encode(), set()
    for piece in (name.encode(), value.encode()):
        start = data.find(piece)
        fact |= set(range(start + 1, start + len(piece)))
    return sum(nats[place] for place in fact), sum(one for place, one in enumerate(nats) if place not in fact)


def ways(chances: Chances, begun: str) -> dict[str, float]:
    """The share of each next letter among the texts that begin so; "" is the end."""
    shares: dict[str, float] = {}
    for text, chance in chances.items():
        if text.startswith(begun):
            letter = text[len(begun) : len(begun) + 1]
            shares[letter] = shares.get(letter, 0.0) + chance
    total = sum(shares.values())
    return {letter: share / total for letter, share in shares.items()}


def greedy(chances: Chances) -> str:
    """The text that the likeliest letter leads to, one after the other."""
    begun, letter = "", None
    while letter != "":
        shares = ways(chances, begun)
        letter = max(shares, key=shares.get)
        begun += letter
    return begun


def heated(probs: Tensor, temperature: float) -> Tensor:
    """Probabilities to the power of 1/T, made to sum to 1; at T = 0 the likeliest alone: (V,) -> (V,)."""
    if temperature == 0:
        return torch.zeros_like(probs).index_fill(0, probs.argmax(), 1.0)
    return torch.softmax(probs.log() / temperature, dim=0)


def nucleus(probs: Tensor, share: float) -> Tensor:
    """Only the fewest likeliest tokens that hold the share together: (V,) -> (V,)."""
    return cut(probs, lambda ranked: ranked.cumsum(0) - ranked < share)


def cut(probs: Tensor, stays: Callable[[Tensor], Tensor]) -> Tensor:
    """What is left of probabilities by a rule on the sorted ones, made to sum to 1: (V,) -> (V,)."""
    ranked, order = probs.sort(descending=True, stable=True)
    kept = ranked * stays(ranked)
    return torch.zeros_like(probs).scatter(0, order, kept / kept.sum())


def spoken(write: Callable, refuses: Callable, temperature: float, plain: str) -> str | None:
    """The first of hot text, greedy text and plain fact that is not refused; None: silence."""
    text = write(temperature)
    if refuses(text):
        text = write(0.0)
    if refuses(text):
        text = plain
    return None if refuses(text) else text


def most_probable(after: After) -> str:
    """The most probable whole text, by always going on from the likeliest unfinished one."""
    waiting = [(-1.0, "", False)]
    while waiting:
        chance, text, whole = heapq.heappop(waiting)
        if whole:
            return text
        for letter, share in after(text).items():
            heapq.heappush(waiting, (chance * share, text + letter, letter == ""))
    return ""


# How some parts are judged


def no_wording(said: object) -> object:
    """A wording, or words for none."""
    return "None, no wording" if said is None else said


def scripted(version: Callable, *texts: str | None) -> object:
    """What is said in the end, and at which temperatures the module was asked to write; only "ok" texts pass."""
    heats = []

    def write(temperature: float) -> str | None:
        heats.append(float(temperature))
        return texts[0] if temperature else texts[1]

    said = version(write, lambda text: None if text and text.startswith("ok") else "no", 1.5, texts[2])
    return None if said is None and not heats else ("silence" if said is None else said, heats)


def as_tensor(values: Sequence[float]) -> Tensor:
    """Probabilities as a tensor."""
    return torch.tensor(values)


def with_tree(version: Callable, tree: Mapping[str, Mapping[str, float]], rest: Mapping[str, float]) -> str | None:
    """The text that is found in a tree of letters."""
    return version(lambda text: dict(tree.get(text, rest) if len(text) < MOST_LETTERS else {"": 1.0}))


# Typical mistakes


def places_of(
    text: str, name: str, value: str, nats: Sequence[float], first: int = 1, end: bool = True, letters: bool = False
) -> tuple[float, float]:
    """As `apart`, but perhaps the first letters count as fact, the end does not count, or letters are counted."""
    data, fact = text if letters else text.encode(), set()
    for piece in (name, value):
        start = data.find(piece if letters else piece.encode())
        fact |= set(range(start + first, start + len(piece if letters else piece.encode())))
    nats = list(nats) if end else list(nats)[:-1]
    return sum(nats[place] for place in fact), sum(one for place, one in enumerate(nats) if place not in fact)


def replaced(text: str | None, name: str, value: str, name_first: bool) -> str | None:
    """As `wording_of`, but always one of the two first."""
    pieces = [(name, "{name}"), (value, "{value}")]
    if text is None or name not in text or value not in text:
        return None
    for piece, slot in pieces if name_first else pieces[::-1]:
        text = text.replace(piece, slot)
    return text


def longer_first(text: str | None, name: str, value: str, needed: Sequence[str]) -> str | None:
    """As `wording_of`, but asking before that only some of the two stand in the text."""
    if text is None or not all({"name": name, "value": value}[piece] in text for piece in needed):
        return None
    pieces = [(name, "{name}"), (value, "{value}")]
    for piece, slot in sorted(pieces, key=lambda pair: -len(pair[0])):
        text = text.replace(piece, slot)
    return text


def first_letter_only(chances: Chances) -> str:
    """Greedy for one letter, and then the likeliest text."""
    shares = ways(chances, "")
    letter = max(shares, key=shares.get)
    return max((text for text in chances if text.startswith(letter)), key=chances.get)


def greedily(after: After) -> str:
    """The likeliest letter at each step."""
    text, letter = "", None
    while letter != "":
        shares = after(text)
        letter = max(shares, key=shares.get)
        text += letter
    return text


def first_end(after: After) -> str:
    """The first text that comes to an end, letter by letter in breadth."""
    waiting = [""]
    while True:
        text = waiting.pop(0)
        shares = after(text)
        if "" in shares:
            return text
        waiting += [text + letter for letter in shares]


SAID = {"Jo is in.": 0.25, "Jo lives.": 0.25, "In, Jo is.": 0.375, "I": 0.125}
FORKED = {"Jo A": 0.25, "Jo B": 0.15, "Ji": 0.3, "Al": 0.3}
TRAP = {"Jo A": 0.2, "Jo B": 0.2, "Jo C": 0.2, "Is D": 0.3, "Is E": 0.1}
NATS = [0.5, 0.25, 1.0, 2.0, 0.125, 4.0, 0.25, 0.5, 8.0]  # of "Jo: Oslo", and of its end
FIVE = as_tensor([0.05, 0.4, 0.15, 0.3, 0.1])
FOUR, THREE = as_tensor([0.5, 0.25, 0.125, 0.125]), as_tensor([0.75, 0.25, 0.0])
WORDED = [("Jo lives in Oslo.", "Jo", "Oslo"), ("Jo lives in Olso.", "Jo", "Oslo"), ("Bo lives in Oslo.", "Jo", "Oslo"),
          ("Oslo Jones lives in Oslo.", "Oslo Jones", "Oslo"), ("Al lives in Port Al.", "Al", "Port Al"),
          ("Oslo Jones is here.", "Oslo Jones", "Oslo"), (None, "Jo", "Oslo")]  # fmt: skip
SCRIPTS = [("ok hot", "ok greedy", "ok plain"), ("no", "ok greedy", "ok plain"), ("no", None, "ok plain"),
           (None, "no", "no")]  # fmt: skip
TREES = [
    ({"": {"a": 0.6, "b": 0.4}, "a": {"": 0.5, "c": 0.5}}, {"": 1.0}),
    ({}, {"a": 0.6, "": 0.4}),
    ({"": {"a": 0.3, "b": 0.7}, "a": {"": 1.0}, "b": {"x": 0.9, "": 0.1}}, {"": 1.0}),
]

PARTS = {
    "10.1": Part(
        least_loss,
        [([9], [10]), ([1, 8], [10, 40])],
        {
            "a long row has more tokens: divide one sum by the other, not row by row": lambda ways, lengths:
                sum(log(n) / t for n, t in zip(ways, lengths, strict=True)) / len(ways),
            "that is the floor of a row: spread it over the tokens": lambda ways, lengths:
                sum(map(log, ways)) / len(ways),
            "a nat is a natural logarithm": lambda ways, lengths: least_loss(ways, lengths) / log(2),
            "the logarithm comes before the sum": lambda ways, lengths: log(sum(ways)) / sum(lengths),
        },
    ),
    "10.2": Part(
        apart,
        [("Jo: Oslo", "Jo", "Oslo", NATS), ("In Oslo: Jo", "Jo", "Oslo", [*NATS, 1.5, 0.25, 16.0]),
         ("Né: Ob", "Né", "Ob", NATS[:8])],
        {
            "the first letter of name and value says that it comes now: it belongs to the wording":
                lambda *given: places_of(*given, first=0),
            "the end of the text is a choice, too: its surprise, the last one, belongs to the wording":
                lambda *given: places_of(*given, end=False),
            "there is a number for each byte, and é has two: look in text.encode()":
                lambda *given: places_of(*given, letters=True),
            "the fact comes first, then the wording": lambda *given: apart(*given)[::-1],
        },
    ),
    "10.3": Part(
        wording_of,
        WORDED,
        {
            "the name must stand in it, too": lambda *given: longer_first(*given, ["value"]),
            "the value must stand in it, too": lambda *given: longer_first(*given, ["name"]),
            "one may be a part of the other: replace the longer one first": lambda *given: replaced(*given, True),
            "a name may be a part of the value, and a value of the name: replace the longer one first":
                lambda *given: replaced(*given, False),
            "a value that stands inside the name alone was not told: look for both slots in the end":
                lambda *given: longer_first(*given, ["name", "value"]),
        },
        unless_stub(WORDED, no_wording),
    ),
    "10.4": Part(
        ways,
        [({"Jo": 0.5, "Al": 0.25}, ""), (SAID, ""), (SAID, "Jo "), (SAID, "I")],
        {
            "the shares are of what begins so: divide by their sum": lambda chances, begun: {
                letter: share * sum(chance for text, chance in chances.items() if text.startswith(begun))
                for letter, share in ways(chances, begun).items()},
            "a text counts as much as it is probable": lambda chances, begun: ways(dict.fromkeys(chances, 1.0), begun),
            "only texts that begin so lead on from here": lambda chances, begun: {
                letter: share for letter, share in ways({begun + text[len(begun) :]: chance
                for text, chance in chances.items()}, begun).items()},
        },
    ),
    "10.5": Part(
        greedy,
        [({"Jo": 0.75, "Al": 0.25},), (TRAP,), (SAID,), (FORKED,)],
        {
            "that is the most probable text; greedy never looks further than the next letter":
                lambda chances: max(chances, key=chances.get),
            "it is greedy at each letter, not at the first alone": first_letter_only,
        },
    ),
    "10.6": Part(
        heated,
        [(THREE, 0.5), (FOUR, 1.0), (FOUR, 2.0), (FOUR, 0)],
        {
            "heat must bring the probabilities nearer together, and cold apart: the power is 1/T":
                lambda probs, heat: heated(probs, 1 / heat if heat else 0),
            "they must sum to 1 again": lambda probs, heat: probs ** (1 / heat) if heat else heated(probs, 0),
            "it is the logarithm that is divided by T, not the probability":
                lambda probs, heat: torch.softmax(probs / heat, 0) if heat else heated(probs, 0),
        },
    ),
    "10.7": Part(
        nucleus,
        [(FIVE, 0.6), (FIVE, 0.75), (FIVE, 0.1), (FIVE, 1.0), (FOUR, 0.5)],
        {
            "the token that crosses the line belongs to the kept ones, too": lambda probs, share:
                cut(probs, lambda ranked: ranked.cumsum(0) <= share),
            "what is kept must sum to 1 again": lambda probs, share: probs * (nucleus(probs, share) > 0),
            "each probability goes back to its own token": lambda probs, share:
                nucleus(probs, share).sort(descending=True).values,
            "p is a share of the whole: compare it with a running sum, not with single probabilities":
                lambda probs, share: cut(probs, lambda ranked: ranked >= share),
        },
    ),
    "10.8": Part(
        spoken,
        SCRIPTS,
        {
            "write greedily only where the first text is refused: it takes time": lambda write, refuses, heat, plain:
                spoken({heat: write(heat), 0.0: write(0.0)}.get, refuses, heat, plain),
            "the greedy text may be refused as well": lambda write, refuses, heat, plain:
                text if not refuses(text := write(heat)) else write(0.0),
            "the plain fact must pass, too": lambda write, refuses, heat, plain:
                spoken(write, lambda text: text != plain and refuses(text), heat, plain),
            "there is a second try between the first and the plain fact": lambda write, refuses, heat, plain:
                text if not refuses(text := write(heat)) else plain,
        },
        scripted,
        "With texts for hot, greedy and plain {}, of which those with ok may pass, the result and the heats",
    ),
    "10.a": Part(
        lambda chances: sum(-log(chance) for chance in chances.values()) / len(chances) - log(len(chances)),
        [({"a": 0.5, "b": 0.25},), ({"a": 0.5, "b": 0.5},), ({"a": 0.25, "b": 0.125, "c": 0.125, "d": 0.25},)],
        {
            "the die chooses, so each wording counts alike; not as often as the module would say it": lambda chances:
                sum(-chance * log(chance) for chance in chances.values()) - log(len(chances)),
            "that is the whole surprise: what nobody can know, ln n, is to be taken off": lambda chances:
                sum(-log(chance) for chance in chances.values()) / len(chances),
            "a mean over the wordings is wanted": lambda chances:
                sum(-log(chance) for chance in chances.values()) - log(len(chances)),
        },
    ),
    "10.b": Part(
        most_probable,
        TREES,
        {
            "greedy may walk past it: keep what else was begun": greedily,
            "the first text that ends need not be the most probable: an unfinished one may still beat it": first_end,
        },
        with_tree,
        "With a tree of letters {}, and elsewhere the last of these,",
    ),
}  # fmt: skip
