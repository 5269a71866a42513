"""A Transformer read as a language model: what it expects after each token, all at once or token by token."""

from dataclasses import dataclass

import torch
from torch import Tensor

from momem_lib.nn.attention import CAUSAL, KeyValueCache
from momem_lib.nn.transformer import Transformer

NGRAM_REACH = 4  # earlier tokens that the n-grams of a token look back at


def scores(model: Transformer, tokens: Tensor) -> Tensor:
    """What the model expects after each token, having seen that one and those before it: (B, T) -> logits (B, T, V)."""
    x, angles = model.embed(tokens, torch.arange(tokens.shape[1], device=tokens.device)[None], tokens)
    for block in model.decoder:
        x = block(x, CAUSAL, angles)
    return model.head(model.decoder_norm(x))


@dataclass
class Past:
    """What is kept of the tokens read so far, so that each is computed once."""

    caches: list[KeyValueCache]
    tokens: Tensor  # (B, n) all that the caches hold, in order


@torch.inference_mode()
def read_on(model: Transformer, tokens: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
    """Read more tokens (B, n) after those of the past, and score what follows the last: logits (B, V).

    When the window is full, the last half of it is read anew and the rest is forgotten.

    Returns:
        (B, V) and the past to go on from; the one that was given is used up.
    """
    window = model.config.context_window
    seen = torch.cat([past.tokens, tokens], dim=1) if past else tokens[:, -window:]
    if seen.shape[1] > window:
        seen, past = seen[:, -max(1, window // 2) :], None
    caches = past.caches if past else [KeyValueCache() for _ in model.decoder]
    count = tokens.shape[1] if past else seen.shape[1]
    tokens, begin, end = seen[:, -count:], seen.shape[1] - count, seen.shape[1]
    x, angles = model.embed(tokens, torch.arange(begin, end, device=tokens.device)[None])
    if model.ngrams is not None:
        x = x + model.ngrams(seen[:, -count - NGRAM_REACH :])[:, -count:]
    mask: Tensor | str | None = None if count == 1 else CAUSAL
    if begin and count > 1:
        mask = Transformer.step_mask(torch.ones(1, end, dtype=torch.bool, device=tokens.device), count)
    for block, cache in zip(model.decoder, caches, strict=True):
        x = block(x, mask, angles, cache=cache)
    return model.head(model.decoder_norm(x[:, -1])), Past(caches, seen)
