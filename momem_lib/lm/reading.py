"""A Transformer read as a language model: what it expects after each token, all at once or token by token."""

from dataclasses import dataclass, field

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
    tokens: list[Tensor] = field(default_factory=list)  # (B, n) each; all that was read, in order
    length: int = 0  # tokens in the caches

    def recent(self) -> Tensor:
        """The last tokens (B, at most NGRAM_REACH): what n-grams reach back to."""
        return torch.cat(self.tokens[-NGRAM_REACH:], dim=1)[:, -NGRAM_REACH:]


@torch.inference_mode()
def read_on(model: Transformer, tokens: Tensor, reading: Past | None = None) -> tuple[Tensor, Past]:
    """Read more tokens (B, n) after those of a reading, and score what follows the last: logits (B, V).

    When the window is full, the last half of it is read anew and the rest is forgotten.

    Returns:
        (B, V) and the reading to go on from; the one that was given is used up.
    """
    window = model.config.context_window
    if reading is not None and reading.length + tokens.shape[1] > window:
        tokens, reading = torch.cat([*reading.tokens, tokens], dim=1)[:, -max(1, window // 2) :], None
    if reading is None:
        tokens = tokens[:, -window:]
        reading = Past([KeyValueCache() for _ in model.decoder])
    count, past = tokens.shape[1], reading.length
    x, angles = model.embed(tokens, torch.arange(past, past + count, device=tokens.device)[None])
    if model.ngrams is not None:
        seen = torch.cat([reading.recent(), tokens], dim=1) if past else tokens
        x = x + model.ngrams(seen)[:, -count:]
    mask: Tensor | str | None = None if count == 1 else CAUSAL
    if past and count > 1:
        mask = Transformer.step_mask(torch.ones(1, past + count, dtype=torch.bool, device=tokens.device), count)
    for block, cache in zip(model.decoder, reading.caches, strict=True):
        x = block(x, mask, angles, cache=cache)
    reading.tokens.append(tokens)
    reading.length += count
    return model.head(model.decoder_norm(x[:, -1])), reading
