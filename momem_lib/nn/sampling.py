"""From probabilities to one token: temperature, top-k, top-p, and drawing with given random numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

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
