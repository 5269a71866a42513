"""How text is written: what is drawn from the probabilities of the next token, and the loop around it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.copying import Mixture
from momem_lib.nn.inputs import Inputs, pad
from momem_lib.nn.transformer import State, Transformer
from momem_lib.project import InputError

COLD = 1e-6  # below this, a temperature is as good as 0, and dividing by it would overflow


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise an InputError when a sampling parameter is out of its range.

    Example:
        >>> check_sampling(-1.0, None, None)
        Traceback (most recent call last):
        ...
        momem_lib.project.InputError: temperature is -1.0; a number from 0 (greedy) to 100 was expected
    """
    if not 0 <= temperature <= 100:
        raise InputError(f"temperature is {temperature}; a number from 0 (greedy) to 100 was expected")
    if top_k is not None and top_k < 1:
        raise InputError(f"top_k is {top_k}; a whole number of at least 1 was expected")
    if top_p is not None and not 0 < top_p <= 1:
        raise InputError(f"top_p is {top_p}; a number above 0 and up to 1 was expected")


def next_token_probs(
    log_probs: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """The distribution that a token is drawn from: heat, then keep the best.

    Args:
        log_probs: (B, V). temperature: 0 means all on the most probable token. top_k: keep so many tokens.
        top_p: keep the fewest tokens that hold this share (nucleus sampling, Holtzman et al. 2020, section 3.1).

    Returns:
        (B, V), rows sum to 1.

    Example:
        >>> log_probs = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
        >>> next_token_probs(log_probs, top_k=2).round(decimals=3).tolist()
        [[0.625, 0.375, 0.0]]
        >>> next_token_probs(log_probs, temperature=0).tolist()
        [[1.0, 0.0, 0.0]]
    """
    if temperature < COLD:
        return torch.nn.functional.one_hot(log_probs.argmax(-1), log_probs.shape[-1]).to(log_probs.dtype)
    probs = torch.softmax(log_probs / temperature, dim=-1)
    if top_k is None and top_p is None:  # nothing to leave out, and sorting takes longer than all else here
        return probs / probs.sum(-1, keepdim=True)
    ranked, order = probs.sort(dim=-1, descending=True, stable=True)
    keep = torch.ones_like(ranked, dtype=torch.bool)
    if top_k is not None:
        keep[:, top_k:] = False
    if top_p is not None:
        keep &= ranked.cumsum(-1) - ranked < top_p  # the token that crosses the line still belongs
    ranked = ranked * keep
    probs = torch.zeros_like(probs).scatter(-1, order, ranked)
    return probs / probs.sum(-1, keepdim=True)


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


def uniforms(seeds: Sequence[int], length: int) -> Tensor:
    """Random numbers (B, length), each row from its own seed: a row draws the same alone and in any batch."""
    return torch.stack([torch.rand(length, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


DRAFT = 15  # tokens guessed ahead while a text is copied


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
    def log_prob(self) -> float:
        """Natural logarithm of the probability of the whole output."""
        return sum(self.log_probs)

    @property
    def confidence(self) -> float:
        """Probability of the whole output, 0 to 1."""
        return math.exp(min(0.0, self.log_prob))

    def confidence_until(self, last: int) -> float:
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
    model: Transformer,
    inputs: Inputs,
    stop: int,
    max_tokens: int,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seeds: Sequence[int] | None = None,
    draft: int = DRAFT,
    guesses: Sequence[Sequence[int]] | None = None,
) -> list[Generated]:
    """Continue each row of a batch until its stop token.

    Args:
        inputs: a batch whose targets hold only what is already written (the start token, at least), unpadded.
        stop: number of the token that ends a row; it is not part of the result.
        temperature, top_k, top_p: as in next_token_probs. seeds: one per row; needed when temperature is above 0.
        draft: how many tokens a row that is copying guesses ahead, see drafted; changes the speed, never the result.
        guesses: what each row will perhaps write, from the first token on; changes the speed, never the result.

    Raises:
        InputError: a sampling parameter out of range, or an input longer than the context window.
    """
    check_sampling(temperature, top_k, top_p)
    heat = (temperature, top_k, top_p)
    rows = len(inputs.target)
    numbers = uniforms(seeds or [0] * rows, max_tokens + draft + 1) if temperature > 0 else None
    results = [Generated() for _ in range(rows)]
    alive = torch.arange(rows)
    state, out = model.start(inputs)
    device = inputs.target.device
    tokens = torch.empty(rows, 1, dtype=torch.long, device=device)  # what the step has read
    guessed = pad([guess[:max_tokens] for guess in guesses], device)[0] if guesses else None  # (B, G)
    while True:
        drawn = None if numbers is None else row_numbers(numbers, alive, results, tokens.shape[1])
        chosen = choose(out, drawn, *heat)  # (B, n)
        shares = copied_shares(model, state, out, chosen)
        kept = 1 + (tokens[:, 1:] == chosen[:, :-1]).cumprod(dim=1).sum(dim=1)  # (B,) right guesses, and one new token
        record([results[row] for row in alive.tolist()], chosen, out, shares, kept, stop)
        going = torch.tensor([not results[row].finished and len(results[row].tokens) < max_tokens for row in alive])
        if not going.any():
            return [result.cut(max_tokens) for result in results]
        ends = (torch.arange(len(kept), device=kept.device), kept - 1)
        last, weights, copying = chosen[ends], out.copy_weights[ends], shares[ends] > 0.5
        state.keep(tokens.shape[1], kept)
        if going.float().mean() <= 0.75:  # finished rows leave the batch, a few at a time
            keep = going.nonzero().squeeze(1).to(last.device)
            state, alive = state.select(keep), alive[going]
            last, weights, copying = last[keep], weights[keep], copying[keep]
            guessed = None if guessed is None else guessed[keep]
        tokens = last[:, None]
        if guessed is not None:  # all of it is checked at once, in the first step
            tokens, guessed = torch.cat([tokens, guessed[:, 1:]], dim=1), None
        elif draft and copying.float().mean() > 0.2:
            tokens = torch.cat([tokens, drafted(state, weights, last, draft)], dim=1)
        out = model.step(state, tokens)


def drafted(state: State, weights: Tensor, token: Tensor, length: int) -> Tensor:
    """What follows a copied token in the text that it was copied from: a good guess, (B, length).

    Guesses are checked all at once, in one step, and only right ones are kept, so they cost little and change nothing
    (speculative decoding: Leviathan et al. 2023, arXiv:2211.17192; guessing from the input: Yang et al. 2023,
    arXiv:2304.04487).

    Args:
        weights: (B, S) where the token was copied from. token: (B,).
    """
    place = (weights * (state.copy_tokens == token[:, None])).argmax(dim=-1)  # (B,)
    ahead = place[:, None] + 1 + torch.arange(length, device=token.device)  # (B, length)
    return state.copy_tokens.gather(1, ahead.clamp(max=state.copy_tokens.shape[1] - 1))


def row_numbers(numbers: Tensor, alive: Tensor, results: list[Generated], count: int) -> Tensor:
    """The random numbers for the next `count` tokens of each row, by how many it has written: (B, count)."""
    written = torch.tensor([len(results[row].log_probs) for row in alive])
    places = written[:, None] + torch.arange(count)
    return numbers[alive].gather(1, places.clamp(max=numbers.shape[1] - 1))


def choose(out: Mixture, drawn: Tensor | None, temperature: float, top_k: int | None, top_p: float | None) -> Tensor:
    """The most probable token at each position, or, given random numbers (B, n), one drawn: (B, n)."""
    if drawn is None:
        return out.log_probs.argmax(dim=-1)
    probs = next_token_probs(out.log_probs.flatten(0, 1), temperature, top_k, top_p)
    return draw(probs, drawn.flatten()).view(drawn.shape)


def record(results: list[Generated], chosen: Tensor, out: Mixture, shares: Tensor, kept: Tensor, stop: int) -> None:
    """Write the first kept tokens (B,) of each row into its result, up to its stop token."""
    log_probs = out.log_probs.gather(-1, chosen[:, :, None]).squeeze(-1)  # (B, n)
    columns = (chosen.tolist(), log_probs.tolist(), shares.tolist(), kept.tolist())
    for result, numbers, logs, copied, count in zip(results, *columns, strict=True):
        for number, log_prob, share in zip(numbers[:count], logs, copied, strict=False):
            if result.finished:
                break
            result.log_probs.append(log_prob)
            if number == stop:
                result.finished = True
            else:
                result.tokens.append(number)
                result.copied.append(share)


def copied_shares(model: Transformer, state: State, out: Mixture, chosen: Tensor) -> Tensor:
    """How much of each chosen token's probability came from copying: (B, n), 0 to 1."""
    if model.copy is None:
        return torch.zeros(chosen.shape, device=chosen.device)
    weights = (out.copy_weights * (state.copy_tokens[:, None] == chosen[:, :, None])).sum(-1)
    probability = out.log_probs.gather(-1, chosen[:, :, None]).squeeze(-1).exp()
    return (out.copy_gate * weights / probability).clamp(0, 1)
