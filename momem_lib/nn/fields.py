"""Two-phase reading of a record: labels first, and a value only once its label is written.

A record's tokens come with spans: twice the number of their fact, and 1 more where they belong to its value. Which fact
is asked for is settled first, by the words of the question and of the labels (FactPointer). Then its summary is copied:
labels look at labels alone, a value at its own fact; while the decoder writes a label, up to the colon, it sees labels
alone, then everything. So the choice is a function of the question and the labels: no letter of a value, nor how long
it is, can change it, and a value that holds another fact's label cannot be taken for it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.data.tasks import COLON
from momem_lib.nn.attention import rotation
from momem_lib.nn.blocks import Block, ModelConfig


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


def pointer_positions(facts: Tensor) -> Tensor:
    """Positions that begin anew with every label, so that their order says nothing: (B, W) -> (B, W).

    Example:
        >>> pointer_positions(torch.tensor([[-1, -1, -1, 0, 1, 1, 2]])).tolist()
        [[0, 1, 2, 0, 0, 1, 0]]
    """
    place = torch.arange(facts.shape[1], device=facts.device).expand_as(facts)
    begins = F.pad(facts, (1, 0), value=-2)[:, :-1] != facts
    return place - torch.where(begins, place, 0).cummax(dim=1).values


def pointer_mask(facts: Tensor, there: Tensor) -> Tensor:
    """Who may look at whom among words: (B, W) and (B, W) -> (B, 1, W, W), True where allowed.

    The question (-1) and "none" (0) look at everything; a label's words at the question and at their own label.

    Example:
        >>> pointer_mask(torch.tensor([[-1, 0, 1, 2]]), torch.ones(1, 4).bool())[0, 0].int().tolist()
        [[1, 1, 1, 1], [1, 1, 1, 1], [1, 0, 1, 0], [1, 0, 0, 1]]
    """
    own = facts[:, :, None] == facts[:, None, :]
    return (((facts[:, :, None] <= 0) | (facts[:, None, :] < 0) | own) & there[:, None, :])[:, None]


class FactPointer(nn.Module):
    """Points at the fact that is asked for, or at none: one choice for each question, before a letter is written.

    The words of the question and of all labels are read together by a few blocks, and each label gets a score (a
    pointer network: Vinyals, Fortunato and Jaitly 2015, arXiv:1506.03134, section 2.3); "none" stands in the place of
    fact 0, the name. Each word is told how much the most similar word on the other side is like it (late interaction:
    Khattab and Zaharia 2020, arXiv:2004.12832, section 3.3). So a label that nobody ever trained is found by its own
    words at once; which words mean the same is learned.

    Example:
        >>> pointer = FactPointer(ModelConfig(embedding_dim=8, num_heads=2, hidden_dim=16))
        >>> words, there = torch.randn(1, 3, 8), torch.ones(1, 3).bool()  # of the question; the labels: 0, and two more
        >>> choice = pointer(words, there, torch.randn(1, 3, 8), there, torch.tensor([[0, 1, 2]]))
        >>> choice.shape, round(choice.exp().sum().item(), 3)
        (torch.Size([1, 3]), 1.0)
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.embedding_dim
        self.head_dim = width // config.num_heads
        self.role = nn.Embedding(3, width)  # question, none, label
        self.project = nn.Linear(width, width, bias=False)  # for comparing words
        self.alike = nn.Parameter(0.3 * torch.randn(3, width))  # for a like word on the other side, by role
        self.blocks = nn.ModuleList(Block(config, cross=False) for _ in range(config.num_pointer_blocks))
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, 1)
        self.trust = nn.Parameter(torch.tensor(4.0))  # in how many of a label's words the question holds

    def likeness(self, question: Tensor, asked: Tensor, labels: Tensor, named: Tensor) -> tuple[Tensor, Tensor]:
        """How much the most similar word on the other side is like each, 0 to 1: (B, P) and (B, W).

        Args:
            question: (B, P, D) vectors of words. asked: (B, P), True where there is one. labels: (B, W, D).
            named: (B, W), True where there is a word of a fact's label.
        """
        asked_words, label_words = (F.normalize(self.project(x), dim=-1) for x in (question, labels))
        alike = (asked_words @ label_words.mT).float()  # (B, P, W), -1 to 1
        alike = alike.masked_fill(~(asked[:, :, None] & named[:, None]), 0.0).clamp(min=0)
        return alike.amax(2), alike.amax(1)

    def forward(self, question: Tensor, asked: Tensor, labels: Tensor, there: Tensor, facts: Tensor) -> Tensor:
        """The log-probability of each fact, and of none in the place of the name, number 0: (B, facts).

        Args:
            question: (B, P, D) vectors of the question's words. asked: (B, P), True where there is one.
            labels: (B, W, D) of the labels' words. there: (B, W). facts: (B, W), the number of each word's fact.
        """
        likeness = self.likeness(question, asked, labels, there & (facts > 0))
        whose = torch.cat([torch.full_like(asked, -1, dtype=torch.long), facts], dim=1)  # (B, P+W)
        role = whose.clamp(max=1) + 1
        x = torch.cat([question, labels], dim=1) + self.role(role)
        x = x + torch.cat(likeness, dim=1)[..., None].to(x.dtype) * self.alike[role]
        mask = pointer_mask(whose, torch.cat([asked, there], dim=1))
        angles = rotation(pointer_positions(whose), self.head_dim)
        for block in self.blocks:
            x = block(x, mask, angles)
        words = self.score(self.norm(x[:, question.shape[1] :])).squeeze(-1).float()  # (B, W)
        words = (words + self.trust * likeness[1]) * there
        total = words.new_zeros(len(words), int(facts.max()) + 1)
        count = total.scatter_add(1, facts, there.float())
        scores = total.scatter_add(1, facts, words) / count.clamp(min=1)  # of a label: the mean of its words'
        return scores.masked_fill(count == 0, -1e9).log_softmax(-1)
