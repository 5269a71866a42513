"""What goes into a Transformer, what it keeps while it writes, and what people may look at."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from momem_lib.nn.attention import KeyValueCache


@dataclass
class Inputs:
    """One batch of token numbers, padded on the right; masks are True where there is a token."""

    target: Tensor  # (B, T) what the decoder reads, its start token first
    target_mask: Tensor  # (B, T)
    prompt: Tensor  # (B, P) what the decoder is prompted with; P may be 0
    prompt_mask: Tensor  # (B, P)
    source: Tensor | None = None  # (B, S) what the encoder reads; None for a decoder-only model
    source_mask: Tensor | None = None  # (B, S)
    copyable: Tensor | None = None  # (B, S) where the copy head may point, source first, then prompt; None: anywhere


@dataclass
class State:
    """What generation remembers between two steps of a batch."""

    caches: list[KeyValueCache]  # self-attention of each decoder block
    context: list[tuple[Tensor, Tensor]] | None  # keys and values of the encoded source, of each decoder block
    context_mask: Tensor | None  # (B, 1, 1, S)
    key_mask: Tensor  # (B, K) which cached positions hold a token
    positions: Tensor  # (B,) position of the next token
    copy_states: Tensor | None = None  # (B, S, D) what the copy head can point at
    copy_keys: Tensor | None = None  # (B, S, D) the same as keys, computed once
    copy_tokens: Tensor | None = None  # (B, S)
    copy_mask: Tensor | None = None  # (B, S)
    copy_boundary: int = 0  # where the prompt begins in what the copy head can point at
    matches: Tensor | None = None  # (B, n, S) after each token of the last step

    def select(self, rows: Tensor) -> "State":
        """Keep only some rows of the batch, given by index, and return the state."""
        for cache in self.caches:
            cache.select(rows)
        if self.context is not None:
            self.context = [(key[rows], value[rows]) for key, value in self.context]
        names = ("context_mask", "key_mask", "positions", "copy_states", "copy_keys", "copy_tokens", "copy_mask")
        for name in (*names, "matches"):
            if getattr(self, name) is not None:
                setattr(self, name, getattr(self, name)[rows])
        return self

    def keep(self, tokens: int, kept: Tensor) -> None:
        """Take back what the last step read in vain: of its tokens, each row keeps the first kept (B,), at least one.

        Keys that no row keeps leave the caches; those that only some rows keep are masked for the others.
        """
        most = int(kept.max())
        order = torch.arange(most, device=kept.device)
        for cache in self.caches:
            cache.length -= tokens - most
        self.key_mask = self.key_mask[:, : self.key_mask.shape[1] - (tokens - most)]
        self.key_mask[:, self.key_mask.shape[1] - most :] &= order < kept[:, None]
        self.positions = self.positions - (tokens - kept)
        if self.matches is not None:
            self.matches = self.matches[torch.arange(len(kept), device=kept.device), kept - 1][:, None]


@dataclass
class Looks:
    """Attention weights kept for people to look at: one tensor (B, H, T, S) per block."""

    encoder: list[Tensor] = field(default_factory=list)
    decoder: list[Tensor] = field(default_factory=list)
    cross: list[Tensor] = field(default_factory=list)
