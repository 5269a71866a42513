"""Two-phase reading of a record: labels first, and a value only once its label is written.

A record's tokens come with spans: twice the number of their fact, and 1 more where they belong to its value. Labels
look at labels alone, a value at its own fact. While the decoder writes a label, up to the colon, it sees labels alone;
then it sees everything. So which fact is chosen is a function of the question and the labels: no letter of a value, nor
how long it is, can change the choice, and a value that holds another fact's label cannot be taken for it.
"""

import torch
from torch import Tensor

from momem_lib.data.tasks import COLON


def in_labels(spans: Tensor) -> Tensor:
    """Which tokens belong to labels (and what stands around them): (B, S) -> (B, S).

    Example:
        >>> in_labels(torch.tensor([[0, 0, 1, 2, 3]])).int().tolist()
        [[1, 1, 0, 1, 0]]
    """
    return spans % 2 == 0


def record_mask(spans: Tensor, mask: Tensor) -> Tensor:
    """Who may look at whom in a record: (B, S) and (B, S) -> (B, 1, S, S), True where allowed.

    Example:
        >>> spans = torch.tensor([[0, 1, 2, 3]])  # a label of one token, its value, and another fact
        >>> record_mask(spans, spans >= 0)[0, 0].int().tolist()
        [[1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]]
    """
    label, fact = in_labels(spans), spans // 2
    among_labels = label[:, :, None] & label[:, None, :]
    own = ~label[:, :, None] & (fact[:, :, None] == fact[:, None, :])
    return ((among_labels | own) & mask[:, None, :])[:, None]


def record_positions(spans: Tensor) -> Tensor:
    """Positions that count labels alone; a value's go on from its label's: (B, S) -> (B, S).

    Example:
        >>> record_positions(torch.tensor([[0, 0, 1, 1, 1, 2, 3]])).tolist()
        [[0, 1, 2, 3, 4, 2, 3]]
    """
    label = in_labels(spans)
    labels = label.cumsum(dim=1) - 1  # of a value's tokens: its label's last position
    values = torch.arange(spans.shape[1], device=spans.device).expand_as(spans)
    begun = torch.where(label, values, -1).cummax(dim=1).values  # where the label before stands
    return labels + torch.where(label, 0, values - begun)


def phase_after(tokens: Tensor, before: Tensor | None = None) -> Tensor:
    """Whether the label is written, after each token: (B, T), and (B,) what it was before -> (B, T).

    Example:
        >>> phase_after(torch.tensor([list(b"Job: a")])).int().tolist()
        [[0, 0, 0, 1, 1, 1]]
    """
    written = (tokens == COLON).cumsum(dim=1) > 0
    return written if before is None else written | before[:, None]


def visible(spans: Tensor, mask: Tensor, phase: Tensor) -> Tensor:
    """What of the record each step sees: (B, S), (B, S) and (B, T) -> (B, T, S).

    Example:
        >>> spans, mask = torch.tensor([[0, 1]]), torch.tensor([[True, True]])
        >>> visible(spans, mask, torch.tensor([[False, True]])).int().tolist()
        [[[1, 0], [1, 1]]]
    """
    return mask[:, None, :] & (in_labels(spans)[:, None, :] | phase[:, :, None])
