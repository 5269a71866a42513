"""The copy head: at each step, generate a token or copy one from a source (a pointer-generator).

See, Liu and Manning 2017, arXiv:1704.04368, section 2.2; for Transformers, Enarvi et al. 2020. The match feature is an
induction head by construction: what followed last time is a good guess at what follows now.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = 1e-9  # a floor under probabilities, so that their logarithm stays finite


def match_lengths(written: Tensor, source: Tensor, boundary: int = 0, before: Tensor | None = None) -> Tensor:
    """For every step t and source position j: how many tokens before j equal the last tokens written.

    Args:
        written: (B, T) tokens that the decoder has read up to and including step t. source: (B, S) tokens.
        boundary: where a second text begins in the source; no match runs across it.
        before: (B, S) lengths before the first of these tokens; None: nothing was written.

    Returns:
        (B, T, S), whole numbers as float.

    Example:
        >>> source = torch.tensor([list(b"ana ane")])
        >>> match_lengths(torch.tensor([list(b"an")]), source).int().tolist()
        [[[0, 1, 0, 1, 0, 1, 0], [0, 0, 2, 0, 0, 0, 2]]]
    """
    match = torch.zeros(source.shape, device=source.device) if before is None else before
    steps = []
    for token in written.unbind(dim=1):
        longer = torch.where(source == token[:, None], match + 1, torch.zeros_like(match))
        # What ended at j - 1 speaks for copying j next. match is stored already shifted, so its j - 1 needs no shift.
        match = F.pad(longer, (1, -1))
        match[:, boundary] = 0
        steps.append(match)
    return torch.stack(steps, dim=1)


@dataclass
class Mixture:
    """What the head says about the next token, for T steps."""

    log_probs: Tensor  # (B, T, V) the mixture: natural logarithm of each token's probability
    copy_gate: Tensor  # (B, T) probability of copying rather than generating
    copy_weights: Tensor  # (B, T, S) where it copies from
    generated: Tensor  # (B, T, V) what the generator alone would say, as log_probs
    source: Tensor  # (B, S) the tokens that can be copied
    choice: Tensor | None = None  # (B, facts) log-probability of each fact of a record, see fields.FactPointer

    def of(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Of one token for each step (B, T): its log-probability, and the share of it that came from copying, 0 to 1.

        Example:
            >>> half, weights, source = torch.tensor([[0.5]]), torch.tensor([[[0.2, 0.8]]]), torch.tensor([[9, 0]])
            >>> mixture = Mixture(half[..., None].log(), half, weights, half, source)
            >>> [round(number.item(), 3) for number in mixture.of(torch.tensor([[0]]))]
            [-0.693, 0.8]
        """
        log_probs = self.log_probs.gather(-1, tokens[..., None]).squeeze(-1)  # (B, T)
        fitting = (self.copy_weights * (self.source[:, None] == tokens[..., None])).sum(-1)
        return log_probs, (self.copy_gate * fitting / log_probs.exp()).clamp(0, 1)


class GenerateHead(nn.Module):
    """The plain head: a score for each token of the vocabulary, softmax; it can only say what its weights hold."""

    def __init__(self, embedding: nn.Embedding | None, embedding_dim: int, vocab_size: int) -> None:
        super().__init__()
        self.scores = nn.Linear(embedding_dim, vocab_size)
        if embedding is not None:
            self.scores.weight = embedding.weight

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D) -> logits (B, T, V)."""
        return self.scores(states)


class CopyHead(nn.Module):
    """Mixes "generate a token" with "copy a token of the source", by a gate that it learns.

    Args of the constructor switch it part by part, so that each part's worth can be measured:
        longest_match: match lengths up to this are told apart; 0 switches the match feature off.
        copied_context: whether gate and generator see the states that are about to be copied.
        pointed: whether it is told which fact is asked for.

    Example:
        >>> head = CopyHead(embedding_dim=8, vocab_size=268, longest_match=4, copied_context=True)
        >>> source = torch.tensor([list(b"Jo Doe")])
        >>> out = head(torch.randn(1, 2, 8), torch.randn(1, 2, 268), torch.randn(1, 6, 8), source,
        ...            torch.ones(1, 6, dtype=torch.bool), match_lengths(source[:, :2], source))
        >>> out.log_probs.shape, torch.allclose(out.log_probs.exp().sum(-1), torch.ones(1, 2), atol=1e-4)
        (torch.Size([1, 2, 268]), True)
    """

    def __init__(
        self, embedding_dim: int, vocab_size: int, longest_match: int, copied_context: bool, pointed: bool = False
    ) -> None:
        super().__init__()
        self.trust = nn.Parameter(torch.ones(2)) if pointed else None  # in the fact chosen, and in that there is one
        self.query = nn.Linear(embedding_dim, embedding_dim)
        self.key = nn.Linear(embedding_dim, embedding_dim)
        self.match_weights = nn.Parameter(torch.full((longest_match,), 0.5))
        self.context = nn.Linear(embedding_dim, embedding_dim) if copied_context else None
        self.context_scores = nn.Linear(embedding_dim, vocab_size, bias=False) if copied_context else None
        self.gate = nn.Linear(embedding_dim * (2 if copied_context else 1), 1)

    def copy_scores(self, states: Tensor, keys: Tensor, match: Tensor) -> Tensor:
        """How well each source position fits as the next token: (B, T, S), by meaning and by match."""
        scores = self.query(states) @ keys.transpose(1, 2) / math.sqrt(states.shape[-1])
        if not len(self.match_weights):
            return scores.float()
        # A match of length k earns the weights of 1 to k; what is longer, the last weight once more for each token. So
        # the longest match stands out even where a value says the same thing twice ("salsa, chess, salsa, tennis").
        longest = len(self.match_weights)
        earned = torch.cat([self.match_weights.new_zeros(1), self.match_weights.cumsum(0)])
        beyond = (match - longest).clamp(min=0) * self.match_weights[-1]
        return scores.float() + earned[match.clamp(max=longest).long()] + beyond

    def forward(
        self,
        states: Tensor,
        logits: Tensor,
        source_states: Tensor,
        source: Tensor,
        source_mask: Tensor,
        match: Tensor,
        keys: Tensor | None = None,
        pointed: tuple[Tensor, Tensor] | None = None,
    ) -> Mixture:
        """Mix the two ways to the next token.

        Args:
            states: (B, T, D) of the decoder. logits: (B, T, V) of the generator.
            source_states: (B, S, D). source: (B, S) tokens.
            source_mask: (B, S), or (B, T, S) where steps differ; True where a step may point.
            match: (B, T, S) from match_lengths. keys: self.key(source_states), where it is known already.
            pointed: (B, T, S), the log-probability that a position's fact is asked for, and (B, T), the log-odds that
                any is.
        """
        scores = self.copy_scores(states, self.key(source_states) if keys is None else keys, match)
        scores = scores if pointed is None else scores + self.trust[0] * pointed[0]
        open_to = source_mask if source_mask.dim() == 3 else source_mask[:, None]
        scores = scores.masked_fill(~open_to, -1e9)  # finite: a source of padding alone gives no NaN
        weights = torch.softmax(scores, dim=-1)  # (B, T, S)
        seen = states
        if self.context is not None:
            context = torch.tanh(self.context(weights.to(states.dtype) @ source_states))  # (B, T, D)
            logits = logits + self.context_scores(context)
            seen = torch.cat([states, context], dim=-1)
        copying = self.gate(seen).float()  # (B, T, 1)
        copying = copying if pointed is None else copying + (self.trust[1] * pointed[1])[..., None]
        gate = torch.sigmoid(copying)
        # A token's share is the sum over all places where it stands.
        places = source[:, None, :].expand_as(weights)  # (B, T, S)
        copied = torch.zeros_like(logits, dtype=torch.float32).scatter_add(-1, places, weights)  # (B, T, V)
        generated = torch.log_softmax(logits.float(), dim=-1)  # (B, T, V)
        probs = (1 - gate) * generated.exp() + gate * copied
        return Mixture(torch.log(probs + NEVER), gate.squeeze(-1), weights, generated, source)
