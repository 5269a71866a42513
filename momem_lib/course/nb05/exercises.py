"""Checkers of notebook 05's exercises: each asserts, and says what is wrong."""

import math
from collections.abc import Callable

import torch

from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer

SHAPES = ((268, 8, 2, 32, 1), (268, 16, 2, 32, 3), (50, 24, 3, 96, 2))  # V, D, H, hidden, blocks
COUNTS = {  # what people forget -> how far that is off, from V, D, hidden and blocks
    "the head shares its matrix with the token vectors: count it once": lambda v, d, h, n: v * d,
    "the head has a bias of its own: one number per token": lambda v, d, h, n: -v,
    "each layer norm has a gain and a bias: 2 D numbers, twice per block and once at the end": lambda v, d, h, n: (
        -(2 * n + 1) * 2 * d
    ),
    "one more layer norm stands between the last block and the head": lambda v, d, h, n: -2 * d,
    "there are two layer norms in each block, not one": lambda v, d, h, n: -2 * d * n,
    "each of attention's four matrices has a bias of D numbers": lambda v, d, h, n: -4 * d * n,
    "the MLP has two biases, of hidden and of D numbers": lambda v, d, h, n: -(h + d) * n,
    "attention and MLP have biases": lambda v, d, h, n: -(4 * d + h + d) * n,
    "attention has four D x D matrices: query, key, value and out": lambda v, d, h, n: -(d * d + d) * n,
    "attention has four matrices, query, key, value and out (their biases you have)": lambda v, d, h, n: -d * d * n,
    "the MLP has two matrices, one there and one back": lambda v, d, h, n: -d * h * n,
    "you counted one block only": lambda v, d, h, n: -(n - 1) * (4 * d * d + 4 * d + 2 * d * h + h + d + 4 * d),
}


def check_parameter_count(count: Callable[[int, int, int, int], int]) -> None:
    """05.1: the parameters of a decoder-only model with tied token vectors, by formula."""
    rows = []
    for vocabulary, width, heads, hidden, blocks in SHAPES:
        config = ModelConfig(vocabulary, width, heads, hidden, num_decoder_blocks=blocks)
        true, said = Transformer(config).num_parameters(), count(vocabulary, width, hidden, blocks)
        assert isinstance(said, int), f"a whole number was expected, not {said!r}: multiply and add, divide nothing"
        rows.append((said - true, (vocabulary, width, hidden, blocks)))
    for message, off in COUNTS.items():
        if any(gap for gap, _ in rows):
            assert [gap for gap, _ in rows] != [off(*shape) for _, shape in rows], message
    gap, shape = next(((gap, shape) for gap, shape in rows if gap), (0, None))
    assert not gap, f"for (V, D, hidden, blocks) = {shape} you are off by {gap:+,}: print model.named_parameters()"


def check_language_loss(loss: Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]) -> None:
    """05.2: next-token cross-entropy with labels shifted by one and padding left out."""
    pad, draw = 9, torch.Generator().manual_seed(5)
    window = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, pad, pad], [3, 1, pad, pad, pad]])
    log_probs = torch.log_softmax(2 * torch.randn(3, 4, 10, generator=draw), dim=-1)  # (B, T, V)

    def chosen(labels: torch.Tensor) -> torch.Tensor:
        return log_probs.gather(-1, labels[:, :, None]).squeeze(-1)

    shifted, inputs = window[:, 1:], window[:, :-1]
    real, given = shifted != pad, inputs != pad
    right = -chosen(shifted)[real].mean()
    said = loss(log_probs, window, pad)
    assert isinstance(said, torch.Tensor) and said.dim() == 0, "a scalar tensor was expected: gradients start from it"
    wrong = (
        (-chosen(inputs).mean(), "the labels are not shifted: position t must be asked for token t + 1, window[:, 1:]"),
        (-chosen(inputs)[given].mean(), "padding is left out, but labels are not shifted: they are window[:, 1:]"),
        (-chosen(shifted).mean(), "padding counts in your mean: leave out the places where the label is padding"),
        (
            -(chosen(shifted) * real).mean(),
            "padding adds nothing to your sum, but you divide by B T: divide by real.sum()",
        ),
        (-(chosen(shifted) * given).sum() / given.sum(), "your mask looks at the inputs: it must look at the labels"),
        (-chosen(shifted)[real].sum(), "that is the sum: take the mean, else a long batch takes larger steps"),
        (-right, "the sign is turned round: log-probabilities are negative, a loss is not"),
        (-(chosen(shifted) * real).sum(1).div(real.sum(1)).mean(), "mean of means: each token should count alike"),
    )
    for value, message in wrong:
        assert abs(said.item() - value.item()) > 1e-5, message
    assert abs(said.item() - right.item()) < 1e-5, f"your loss is {said.item():.4f}, the right one {right.item():.4f}"


def check_top_p(top_p: Callable[[torch.Tensor, float], torch.Tensor]) -> None:
    """05.3 and 10.3: nucleus sampling's cut: the fewest tokens that hold the share p, made to sum to 1."""
    probs = torch.tensor([0.05, 0.4, 0.15, 0.3, 0.1])
    for p, kept in ((0.6, [1, 3]), (0.75, [1, 2, 3]), (0.1, [1]), (1.0, [0, 1, 2, 3, 4])):
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
        assert p == 1 or not torch.allclose(said[: len(kept)], ranked[: len(kept)] / ranked[: len(kept)].sum()), (
            "the probabilities come back sorted: put each one back to its own token"
        )
        assert p != 0.6 or found != [1], "the token that crosses the line p belongs to the kept ones too"
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
    """05.4: beam search: the likeliest text that can be found with a few open ends."""

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
