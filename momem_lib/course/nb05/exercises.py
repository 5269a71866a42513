"""Checkers of notebook 05's exercises: each asserts, and says what is wrong."""

import math
from collections.abc import Callable, Mapping

import torch

from momem_lib.course.nb05.symptoms import CAUSES, ILL

EVIDENCE = {  # cause -> what would have been found
    1: "then no weight would have moved (weights)",
    2: "then it would have learned how often letters occur, and no more (last), though it began in health",
    3: "then it would say every letter once more: look at what it writes",
    4: "then a later token would move an earlier prediction (later)",
    5: "then shuffling what it has read would change nothing (order), and it would learn all the same",
    6: "then the token just read would not reach the head of the untrained model (echo 1)",
    7: "then single steps would throw the loss far above ln V: look at its curve",
    8: "then one question would get two answers (twice)",
    9: "then it would have learned to write <pad>: look at what it writes",
}


def check_diagnosis(said: Mapping[str, int]) -> None:
    """05.8: which patient has which cause."""
    assert isinstance(said, dict), (
        f"a dict was expected, from a patient's letter to the number of a cause, not {said!r}"
    )
    given = {name: cause for name, cause in said.items() if cause not in (None, ..., 0)}
    if not given:
        raise NotImplementedError
    assert given.keys() <= ILL.keys(), f"there is no patient {min(map(str, given.keys() - ILL.keys()))}: A to I"
    strange = [name for name, cause in given.items() if cause not in CAUSES]
    assert not strange, (
        f"{strange[0]}: {given[strange[0]]!r} is no cause: they have the numbers 1 to 9" if strange else ""
    )
    right = sum(ILL[name] == cause for name, cause in given.items())
    for name, cause in given.items():
        assert ILL[name] == cause, (
            f"{right} of 9 are right. {name} does not have {cause}, {CAUSES[cause]}: {EVIDENCE[cause]}"
        )
    assert len(given) == len(ILL), (
        f"{right} of 9 are right, and none is wrong: go on with {min(ILL.keys() - given.keys())}"
    )


PAGE_TEXT, PAGE_PROMPT, PAGE_LETTERS = "the cat sleeps. the dog runs. " * 20, "the ", 60
RUN, ENOUGH = 5, 0.6  # letters in a row that must stand in the text; the share of such runs that must


def check_page(learn_and_write: Callable[..., str]) -> None:
    """05.13: a Transformer of one page learns a simple text by heart."""
    torch.manual_seed(0)
    said = learn_and_write(PAGE_TEXT, PAGE_PROMPT, PAGE_LETTERS, steps=80)
    if said is None or said is ...:
        raise NotImplementedError
    assert isinstance(said, str), f"a text was expected, not {said!r:.60}"
    assert said.startswith(PAGE_PROMPT), f"the prompt and what follows were expected, in one text; this is {said!r}"
    expected = len(PAGE_PROMPT) + PAGE_LETTERS
    assert len(said) == expected, f"{expected} letters were expected, prompt included, not {len(said)}"
    written = said[len(PAGE_PROMPT) - RUN + 1 :]
    most = max(map(written.count, set(written))) / len(written)
    assert most < 0.7, f"{said!r}: the same again and again. Are the labels the letters one place further on?"
    runs = [written[place : place + RUN] for place in range(len(written) - RUN + 1)]
    share = sum(run in PAGE_TEXT for run in runs) / len(runs)
    assert share >= ENOUGH, (
        f"after 80 steps on {PAGE_TEXT[:30]!r}, again and again, it writes {said!r}. Does the loss fall? (Then look "
        "for the causal mask, and whether writing reads all that was written.) Does it not? (Then look at the loop.)"
    )


def check_top_p(top_p: Callable[[torch.Tensor, float], torch.Tensor]) -> None:
    """05.a: nucleus sampling's cut: the fewest tokens that hold the share p, made to sum to 1."""
    probs, even = torch.tensor([0.05, 0.4, 0.15, 0.3, 0.1]), torch.tensor([0.25, 0.5, 0.125, 0.125])
    cases = [(probs, 0.6, [1, 3]), (probs, 0.75, [1, 2, 3]), (probs, 0.1, [1]), (probs, 1.0, [0, 1, 2, 3, 4])]
    for probs, p, kept in [*cases, (even, 0.5, [1]), (even, 0.75, [0, 1])]:
        said = top_p(probs.clone(), p)
        assert isinstance(said, torch.Tensor) and said.shape == probs.shape, (
            f"a tensor of {len(probs)} probabilities was expected, zeros included"
        )
        found = said.nonzero().flatten().tolist()
        assert found, (
            f"p = {p}: nothing is left, but the most probable token is always kept: p is a share of the whole, compare "
            "it with a running sum, not with single probabilities"
        )
        ranked = probs.sort(descending=True).values
        assert (
            p == 1
            or not torch.allclose(said[: len(kept)], ranked[: len(kept)] / ranked[: len(kept)].sum())
            or (found == kept)
        ), "the probabilities come back sorted: put each one back to its own token"
        assert p != 0.6 or found != [1], "the token that crosses the line p belongs to the kept ones too"
        assert probs is not even or len(found) <= len(kept), (
            f"p = {p}: of {even.tolist()} the tokens {found} are kept, but {kept} hold {p} exactly, and that is enough"
        )
        assert found == kept, f"p = {p}: tokens {found} are kept, {kept} hold that share already"
        assert abs(said.sum().item() - 1) < 1e-5, f"p = {p}: what is left sums to {said.sum():.2f}: divide by the sum"
        assert torch.allclose(said[kept], probs[kept] / probs[kept].sum()), "the kept ones changed their proportions"


STOP = 0
TREES = {  # what was written so far -> the probabilities of tokens 0 (stop), 1 and 2
    "a good start that ends badly": {(): (0.0, 0.6, 0.4), (1,): (0.3, 0.35, 0.35), (2,): (0.9, 0.05, 0.05)},
    "an early end": {(): (0.3, 0.7, 0.0), (1,): (0.9, 0.1, 0.0)},
    "an end that is not beaten": {
        (): (0.0, 0.5, 0.5),
        (1,): (0.8, 0.2, 0.0),
        (2,): (0.0, 0.9, 0.1),
        (2, 1): (0.5, 0.5, 0),
    },
    "no end": {},
}
ELSEWHERE = {"no end": (0.0, 0.6, 0.4)}  # what holds where a tree says nothing; else all tokens alike


def tree(name: str) -> Callable[[tuple[int, ...]], list[float]]:
    """A tiny language model: natural logarithms of the next token's probabilities.

    Example:
        >>> [round(math.exp(value), 2) for value in tree("an early end")((1,))]
        [0.9, 0.1, 0.0]
    """
    known, rest = TREES[name], ELSEWHERE.get(name, (1 / 3, 1 / 3, 1 / 3))
    return lambda tokens: [math.log(p) if p else -math.inf for p in known.get(tuple(tokens), rest)]


def check_beam_search(search: Callable) -> None:
    """05.c: beam search: the likeliest text that can be found with a few open ends."""

    def run(name: str, width: int, length: int) -> tuple[tuple[int, ...], float]:
        said = search(tree(name), STOP, width, length)
        assert isinstance(said, tuple) and len(said) == 2, f"a pair (tokens, log_prob) was expected, not {said!r}"
        assert isinstance(said[0], tuple), f"the tokens should be a tuple, not {type(said[0]).__name__}"
        assert STOP not in said[0], "the stop token is not part of the text: leave it out of the tokens"
        return said[0], said[1]

    tokens, score = run("an early end", 2, 4)
    assert tokens != (), "you stop at the first end, (), of probability 0.3; going on ends at (1,) with 0.7 x 0.9"
    assert len(tokens) < 2, f"(1,) ended earlier and is likelier than {tokens}: keep what has ended until the end"
    assert tokens == (1,), f"'an early end' with width 2: {tokens} was found, (1,) is the likeliest"
    assert score <= 0, f"a log-probability is never above 0, yours is {score:.3f}: add the logarithms of the steps"
    assert abs(score - math.log(0.63)) < 1e-6, (
        f"the log-probability of (1,) is ln 0.7 + ln 0.9, its stop token included, {math.log(0.63):.3f}; "
        f"yours is {score:.3f}"
    )
    tokens, _ = run("a good start that ends badly", 2, 4)
    assert tokens != (1,) and tokens[:1] != (1,), "that is the greedy way: keep `width` open ends, not the best alone"
    assert tokens == (2,), f"'a good start that ends badly' with width 2: {tokens} was found, (2,) is the likeliest"
    tokens, _ = run("an end that is not beaten", 2, 4)
    assert tokens != (2, 1), "(1,) ended earlier and is likelier: keep what has ended until the end"
    assert tokens == (1,), f"'an end that is not beaten' with width 2: {tokens} was found, (1,) is the likeliest"
    tokens, _ = run("a good start that ends badly", 1, 4)
    assert tokens[:1] == (1,), "with width 1 only one open end survives, and that is the greedy way: (1, ...)"
    tokens, _ = run("no end", 2, 3)
    assert len(tokens) == 3, f"max_tokens is 3, and nothing ends: 3 tokens were expected, not {len(tokens)}"
    assert tokens == (1, 1, 1), f"nothing ends within max_tokens: the likeliest open end is (1, 1, 1), not {tokens}"
