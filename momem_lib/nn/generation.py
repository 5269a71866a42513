"""How text is written: what is drawn from the probabilities of the next token, and the loop around it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.copying import Mixture
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import State, Transformer
from momem_lib.settings import check_number

COLD = 1e-6  # below this, a temperature is as good as 0, and dividing by it would overflow


def draw(probs: Tensor, uniform: Tensor) -> Tensor:
    """Draw one token per row with given random numbers: (B, V) and (B,) in [0, 1) -> (B,).

    Example:
        >>> draw(torch.tensor([[0.2, 0.8], [0.2, 0.8]]), torch.tensor([0.1, 0.9])).tolist()
        [0, 1]
    """
    device, probs = probs.device, probs.cpu()  # in double precision, which not every device has
    cumulative = probs.double().cumsum(-1)
    token = torch.searchsorted(cumulative, uniform.cpu().double()[:, None] * cumulative[:, -1:], right=True)
    last = probs.shape[-1] - 1 - (probs > 0).flip(-1).int().argmax(-1)  # rounding must not step past what is possible
    return torch.minimum(token.squeeze(-1), last).to(device)


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen: heat its distribution, keep the best, draw.

    Raises:
        InputError: a value of another type, or out of its range.

    Example:
        >>> log_probs = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
        >>> Sampling(temperature=1.0, top_k=2).probs(log_probs).round(decimals=3).tolist()
        [[0.625, 0.375, 0.0]]
        >>> Sampling(temperature=0).probs(log_probs).tolist()
        [[1.0, 0.0, 0.0]]
        >>> Sampling(-1.0)
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: temperature is -1.0; a number from 0 to 100 was expected
    """

    temperature: float = 0.0  # 0: always the most probable token
    top_k: int | None = None  # keep so many tokens
    top_p: float | None = None  # keep the fewest tokens that hold this share (Holtzman et al. 2020, section 3.1)
    seeds: Sequence[int] | None = None  # one per row; needed above temperature 0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check_number("temperature", self.temperature, 0.0, 100.0)
        if self.top_k is not None:
            check_number("top_k", self.top_k, 1, 2**63 - 1)
        if self.top_p is not None:
            check_number("top_p", self.top_p, COLD, 1.0)
        for seed in self.seeds or ():
            check_number("seed", seed, 0, 2**63 - 1)

    def probs(self, log_probs: Tensor) -> Tensor:
        """The distribution that a token is drawn from: (B, V) -> (B, V), rows sum to 1."""
        if self.temperature < COLD:
            return torch.nn.functional.one_hot(log_probs.argmax(-1), log_probs.shape[-1]).to(log_probs.dtype)
        probs = torch.softmax(log_probs / self.temperature, dim=-1)
        if self.top_k is not None or self.top_p is not None:  # else nothing is left out, and sorting takes long
            ranked, order = probs.sort(dim=-1, descending=True, stable=True)
            keep = torch.ones_like(ranked, dtype=torch.bool)
            if self.top_k is not None:
                keep[:, self.top_k :] = False
            if self.top_p is not None:
                keep &= ranked.cumsum(-1) - ranked < self.top_p  # the token that crosses the line still belongs
            probs = torch.zeros_like(probs).scatter(-1, order, ranked * keep)
        return probs / probs.sum(-1, keepdim=True)

    def numbers(self, rows: int, length: int) -> Tensor:
        """What rows draw their tokens with (B, length): each from its own seed, so the same alone and in any batch."""
        if self.temperature < COLD:
            return torch.zeros(rows, length)
        generators = (torch.Generator().manual_seed(seed) for seed in self.seeds or [0] * rows)
        return torch.stack([torch.rand(length, generator=generator) for generator in generators])

    def choose(self, log_probs: Tensor, numbers: Tensor) -> Tensor:
        """One token for each place, given a random number for each: (B, T, V) and (B, T) -> (B, T)."""
        if self.temperature < COLD:
            return log_probs.argmax(dim=-1)
        return draw(self.probs(log_probs.flatten(0, 1)), numbers.flatten()).view(numbers.shape)


GREEDY = Sampling()


@dataclass
class Generated:
    """What one run of a module wrote."""

    tokens: list[int] = field(default_factory=list)  # without start and stop token
    log_probs: list[float] = field(default_factory=list)  # natural logarithm, per token, the stop token's at the end
    copied: list[float] = field(default_factory=list)  # per token, the share of its probability that came from copying
    finished: bool = False  # the stop token came before the length limit

    @property
    def text(self) -> str | None:
        """The text, or None when the module said <none>."""
        return None if self.tokens == [TOKENIZER.id("<none>")] else TOKENIZER.decode(self.tokens)

    @property
    def confidence(self) -> float:
        """Probability of the whole output, 0 to 1."""
        return self.confidence_until(None)

    def confidence_until(self, last: int | None) -> float:
        """Probability of the output up to and with the first token of one kind: a label up to its colon, say.

        Example:
            >>> Generated([65, 58, 66], [0.0, math.log(0.5), math.log(0.1), 0.0]).confidence_until(58)
            0.5
        """
        end = self.tokens.index(last) + 1 if last in self.tokens else len(self.log_probs)
        return math.exp(min(0.0, sum(self.log_probs[:end])))

    def cut(self, length: int) -> "Generated":
        """The output up to a length limit."""
        if len(self.tokens) <= length:
            return self
        return Generated(self.tokens[:length], self.log_probs[:length], self.copied[:length])


@torch.inference_mode()
def generate(
    model: Transformer, inputs: Inputs, stop: int, max_tokens: int, sampling: Sampling = GREEDY
) -> list[Generated]:
    """Continue each row of a batch until its stop token, one token after the other.

    Args:
        inputs: a batch whose targets hold only what is already written (the start token, at least), unpadded.
        stop: number of the token that ends a row; it is not part of the result.

    Raises:
        InputError: an input longer than the context window.
    """
    results = [Generated() for _ in inputs.target]
    numbers = sampling.numbers(len(results), max_tokens)  # (B, max_tokens)
    state, out = model.start(inputs)
    for place in range(max_tokens):
        chosen = sampling.choose(out.log_probs, numbers[:, place : place + 1])  # (B, 1)
        record(results, out, chosen, stop)
        if all(result.finished for result in results):
            break
        out = model.step(state, chosen)
    return results


def record(results: list[Generated], out: Mixture, chosen: Tensor, stop: int, counts: Tensor | None = None) -> Tensor:
    """Write down the tokens chosen (B, n) for each row, or only its first counts (B,), up to the stop token.

    Returns:
        How much of each token's probability came from copying: (B, n), 0 to 1.
    """
    log_probs, copied = out.of(chosen)
    columns = [part.tolist() for part in (chosen, log_probs, copied)]
    for row, result in enumerate(results):
        tokens = list(zip(*(column[row] for column in columns), strict=True))
        for token, log_prob, share in tokens if counts is None else tokens[: counts[row]]:
            if result.finished:
                break
            result.log_probs.append(log_prob)
            result.finished = token == stop
            if not result.finished:
                result.tokens.append(token)
                result.copied.append(share)
    return copied


DRAFT = 15  # tokens guessed ahead while a text is copied


@torch.inference_mode()
def generate_fast(
    model: Transformer, inputs: Inputs, stop: int, max_tokens: int, sampling: Sampling = GREEDY
) -> list[Generated]:
    """The same as generate, two to three times as fast: what will probably come is read ahead, and checked in one step.

    Only right guesses are kept, so they change nothing but the speed (speculative decoding: Leviathan et al. 2023,
    arXiv:2211.17192; guessing from the input: Yang et al. 2023, arXiv:2304.04487).
    """
    results, device = [Generated() for _ in inputs.target], inputs.target.device
    alive = results  # rows that are not finished, and a few that are
    numbers = sampling.numbers(len(alive), max_tokens).to(device)
    written = torch.zeros(len(alive), dtype=torch.long, device=device)  # (B,) tokens
    read = inputs.target[:, -1:]  # (B, n) the last token of each row, and guesses at what follows it
    state, out = model.start(inputs)
    while True:
        places = written[:, None] + torch.arange(read.shape[1], device=device)
        chosen = sampling.choose(out.log_probs, numbers.gather(1, places.clamp(max=max_tokens - 1)))  # (B, n)
        kept = 1 + (read[:, 1:] == chosen[:, :-1]).cumprod(dim=1).sum(dim=1)  # (B,) right guesses, and one new token
        shares = record(alive, out, chosen, stop, torch.minimum(kept, max_tokens - written).clamp(min=0))
        written = written + kept
        going = torch.tensor([not result.finished for result in alive], device=device) & (written < max_tokens)
        if not going.any():
            return results
        ends = (torch.arange(len(kept), device=device), kept - 1)
        last, weights, copying = chosen[ends], out.copy_weights[ends], shares[ends] > 0.5
        state.keep(read.shape[1], kept)
        if going.float().mean() <= 0.75:  # finished rows leave the batch, a few at a time
            rows = going.nonzero().squeeze(1)
            state, alive = state.select(rows), [alive[row] for row in rows.tolist()]
            last, weights, copying, numbers, written = (
                part[rows] for part in (last, weights, copying, numbers, written)
            )
        read = last[:, None]
        if copying.float().mean() > 0.2:
            read = torch.cat([read, what_follows(state, weights, last)], dim=1)
        out = model.step(state, read)


def what_follows(state: State, weights: Tensor, token: Tensor) -> Tensor:
    """What follows a copied token in the text that it was copied from, a good guess: (B, DRAFT).

    Args:
        weights: (B, S) where the token was copied from. token: (B,).
    """
    place = (weights * (state.copy_tokens == token[:, None])).argmax(dim=-1)  # (B,)
    ahead = place[:, None] + 1 + torch.arange(DRAFT, device=token.device)  # (B, DRAFT)
    return state.copy_tokens.gather(1, ahead.clamp(max=state.copy_tokens.shape[1] - 1))
