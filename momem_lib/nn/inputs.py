"""What a Transformer reads: token sequences padded into one batch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from momem_lib.data.tokens import TOKENIZER


@dataclass
class Inputs:
    """One batch of token numbers, padded on the right; masks are True where there is a token."""

    target: Tensor  # (B, T) what the decoder reads, its start token first
    target_mask: Tensor  # (B, T)
    prompt: Tensor  # (B, P) what the decoder is prompted with; P may be 0
    prompt_mask: Tensor  # (B, P)
    source: Tensor | None = None  # (B, S) what the encoder reads; None for a decoder-only model
    source_mask: Tensor | None = None  # (B, S)
    spans: Tensor | None = None  # (B, S) of a record's tokens: twice the number of the fact, and 1 more in its value

    def select(self, rows: slice) -> "Inputs":
        """Some rows of the batch."""
        return Inputs(*(part if part is None else part[rows] for part in vars(self).values()))


def pad(sequences: Sequence[Sequence[int]], device: str | torch.device = "cpu") -> tuple[Tensor, Tensor]:
    """Stack sequences of unequal length, padded on the right: tokens (B, T) and mask (B, T).

    Example:
        >>> tokens, mask = pad([[1, 2], [3]])
        >>> tokens.tolist(), mask.int().tolist()
        ([[1, 2], [3, 256]], [[1, 1], [1, 0]])
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    tokens = np.full((len(sequences), max(lengths, default=0)), TOKENIZER.pad, dtype=np.int64)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = sequence
    mask = np.arange(tokens.shape[1]) < lengths[:, None]
    return torch.from_numpy(tokens).to(device), torch.from_numpy(mask).to(device)


def make_inputs(
    sources: Sequence[Sequence[int]] | None,
    prompts: Sequence,
    targets: Sequence,
    device: str | torch.device = "cpu",
    spans: Sequence[Sequence[int]] | None = None,
) -> Inputs:
    """Pad token sequences into one batch; sources is None for a decoder-only model, spans where they are no records."""
    source = pad(sources, device) if sources is not None else (None, None)
    places = pad(spans, device)[0] if spans is not None else None
    return Inputs(*pad(targets, device), *pad(prompts, device), *source, places)
