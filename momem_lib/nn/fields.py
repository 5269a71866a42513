"""Two-phase reading of a record: labels first, and a value only once its label is written.

A record's tokens come with spans: twice the number of their fact, and 1 more where they belong to its value. Labels
look at labels alone, a value at its own fact. While the decoder writes a label, up to the colon, it sees labels alone;
then it sees everything. So which fact is chosen is a function of the question and the labels: no letter of a value, nor
how long it is, can change the choice, and a value that holds another fact's label cannot be taken for it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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


class LabelFit(nn.Module):
    """How well each label fits the question, run of letters by run of letters, before anything else is understood.

    Each run of the question looks for the one most like it in a label (late interaction: Khattab and Zaharia 2020,
    arXiv:2004.12832, section 3.3), and each run of the label for one in the question. So a label that nobody ever
    trained is found by its own words at once; which words mean the same is learned.

    Example:
        >>> fit = LabelFit(width=8)
        >>> words = torch.randn(1, 3, 8)  # the label is one of the question's words
        >>> fit(words, torch.ones(1, 3).bool(), words[:, :1], torch.zeros(1, 1).long(), torch.ones(1, 1).bool()).shape
        torch.Size([1, 1, 2])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, width, bias=False)
        self.counts = nn.Linear(width, 1)  # how much a run of the question counts

    def forward(self, question: Tensor, asked: Tensor, record: Tensor, spans: Tensor, there: Tensor) -> Tensor:
        """The fit of each fact, as found in the label and as found in the question: (B, facts, 2).

        Args:
            question: (B, P, D) vectors. asked: (B, P), True where there is one. record: (B, S, D). spans: (B, S).
            there: (B, S), True where there is a token.
        """
        words, heads = (F.normalize(self.project(x), dim=-1) for x in (question, record))
        alike = (words @ heads.mT).float()  # (B, P, S), -1 to 1
        in_label = in_labels(spans) & there
        alike = alike.masked_fill(~(in_label[:, None] & asked[:, :, None]), 0.0).clamp(min=0)
        facts = spans // 2
        size = alike.shape[0], alike.shape[1], int(facts.max()) + 1
        best = alike.new_zeros(size).scatter_reduce(2, facts[:, None].expand_as(alike), alike, "amax")  # (B, P, facts)
        counts = F.softplus(self.counts(question)).squeeze(-1) * asked  # (B, P)
        found = (counts[..., None] * best).sum(1)  # (B, facts)
        covered = alike.new_zeros(found.shape).scatter_add(1, facts, alike.amax(1))
        length = alike.new_zeros(found.shape).scatter_add(1, facts, in_label.float()).clamp(min=1)
        return torch.stack([found, covered / length], dim=-1)


class FactPointer(nn.Module):
    """Points at the fact that is asked for, or at none: one choice for each question, before a letter is written.

    A fact is the mean of its label's states, and how well the label fits; "none" has a score of its own (a pointer
    network: Vinyals, Fortunato and Jaitly 2015, arXiv:1506.03134, section 2.3).

    Example:
        >>> pointer, spans = FactPointer(width=8), torch.tensor([[0, 2, 3, 4, 5]])  # the name, and two facts
        >>> question, record, there = torch.randn(1, 4, 8), torch.randn(1, 5, 8), torch.ones(1, 5).bool()
        >>> choice = pointer(torch.randn(1, 8), record, spans, there, (question, torch.ones(1, 4).bool(), record))
        >>> choice.shape, choice.exp().sum().round().item()
        (torch.Size([1, 3]), 1.0)
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fit = LabelFit(width)
        self.fit_scales = nn.Parameter(torch.tensor([0.2, 12.0]))  # what a fit adds
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.none = nn.Linear(width, 1)

    def forward(
        self, asked: Tensor, record: Tensor, spans: Tensor, there: Tensor, runs: tuple[Tensor, Tensor, Tensor]
    ) -> Tensor:
        """The log-probability of each fact, and of none in the place of the name, number 0: (B, facts).

        Args:
            asked: (B, D), what the decoder knows of the question. record: (B, S, D), what the encoder knows of it.
            spans, there: (B, S). runs: vectors of the question's runs of letters (B, P, D), where there are any (B, P),
                and of the record's (B, S, D), for LabelFit.
        """
        fits = self.fit(*runs, spans, there)  # (B, facts, 2)
        facts, label = (spans // 2)[..., None], (in_labels(spans) & there)[..., None].to(record.dtype)
        total = record.new_zeros(*fits.shape[:2], record.shape[2])
        total = total.scatter_add(1, facts.expand_as(record), record * label)  # (B, facts, D)
        count = record.new_zeros(*fits.shape[:2], 1).scatter_add(1, facts, label)
        keys = self.key(total / count.clamp(min=1))
        scores = (keys @ self.query(asked)[..., None]).squeeze(-1) / record.shape[2] ** 0.5 + fits @ self.fit_scales
        scores = scores.float().masked_fill(count.squeeze(-1) == 0, -1e9)
        return torch.cat([self.none(asked).float(), scores[:, 1:]], dim=1).log_softmax(-1)
