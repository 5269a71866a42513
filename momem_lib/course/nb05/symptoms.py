"""Nine models, each ill of one mistake: they are trained, asked what can be asked of any model, and told apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.course.nb05.model import PAD, Block, next_token_loss
from momem_lib.course.shared.text import printable
from momem_lib.course.shared.toy import toy_windows, window_batches

CAUSES = {  # number -> what somebody did
    1: "the optimizer holds the numbers of another model",
    2: "inputs and labels come from different rows",
    3: "the labels are not shifted: each token is its own label",
    4: "no causal mask",
    5: "no positions",
    6: "x = layer(x), where x = x + layer(x) was meant",
    7: "a learning rate of 1",
    8: "dropout, left on in use",
    9: "padding counts in the loss",
}
ILL = dict(zip("ABCDEFGHI", (7, 4, 2, 9, 5, 1, 8, 3, 6), strict=True))  # patient -> cause
LENGTH, BATCH, ROOM = 64, 16, 128  # tokens of a window, windows of a batch, tokens of a row that is filled up
KNOWN = range(6, 21)  # after so many letters a model is asked for the next one, "in use"


@dataclass
class Patient:
    """A model after its training, and what was noted on the way."""

    model: nn.Module
    losses: list[float]  # of each step
    moved: float  # the largest change of a weight
    echo: float  # before the training, see below


class NoResidual(Block):
    """A block that forgets what it was given."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = self.attention(self.attention_norm(x))
        return self.mlp(self.mlp_norm(x))


def sentences_of(text: str) -> Tensor:
    """The sentences of a toy text as rows of tokens, filled up: (N, ROOM + 1).

    Example:
        >>> sentences_of("the cat runs on the roof. good cat! the dog runs on the roof. good dog! ").shape
        torch.Size([2, 129])
    """
    rows = [list(sentence.encode()) for sentence in text.replace("! ", "!\n").splitlines()]
    return torch.tensor([row + [PAD] * (ROOM + 1 - len(row)) for row in rows])


def fresh(kind: Callable[..., nn.Module], seed: int, **shape: int) -> nn.Module:
    """A model that is the same at each call."""
    torch.manual_seed(seed)
    return kind(**shape)


def labels_of_other_rows(model: nn.Module, window: Tensor) -> Tensor:
    """Mistake 2."""
    return F.cross_entropy(model(window[:, :-1]).transpose(1, 2), window.roll(1, dims=0)[:, 1:])


def labels_not_shifted(model: nn.Module, window: Tensor) -> Tensor:
    """Mistake 3."""
    return F.cross_entropy(model(window[:, :-1]).transpose(1, 2), window[:, :-1])


def padding_counts(model: nn.Module, window: Tensor) -> Tensor:
    """Mistake 9."""
    return F.cross_entropy(model(window[:, :-1]).transpose(1, 2), window[:, 1:])


def fallen_ill(
    cause: int, kind: Callable[..., nn.Module], train: Callable, text: str, steps: int, rate: float, seed: int = 0
) -> Patient:
    """Train a model with one mistake; 0 makes none.

    Args:
        kind: the class of the model, DecoderOnly. train: the loop, as in model.train.
    """
    model = fresh(kind, seed, **{5: {"blocks": 1}, 6: {"blocks": 4}}.get(cause, {}))
    width, heads = model.embedding.embedding_dim, model.blocks[0].attention.heads
    if cause == 6:
        model.blocks = nn.ModuleList(NoResidual(width, heads) for _ in model.blocks)
    for block in model.blocks:
        block.attention.causal, block.attention.rotary = cause != 4, cause != 5
        if cause == 8:
            block.mlp = nn.Sequential(block.mlp, nn.Dropout(0.3))
    losses_of = {2: labels_of_other_rows, 3: labels_not_shifted, 9: padding_counts}
    loss_of, trained = losses_of.get(cause, next_token_loss), model
    if cause == 1:
        trained = fresh(kind, seed + 1)
        loss_of = lambda _, window: next_token_loss(model, window)  # noqa: E731
    rows = sentences_of(text) if cause == 9 else toy_windows(text, LENGTH)
    stream, before = window_batches(rows, BATCH, seed), [p.detach().clone() for p in model.parameters()]
    at_first = echo(model, toy_windows(text[:500], LENGTH)[:, :-1])
    losses = train(trained, [next(stream) for _ in range(steps)], 1.0 if cause == 7 else rate, loss_of)
    moved = max((p - q).abs().max().item() for p, q in zip(model.parameters(), before, strict=True))
    return Patient(model, losses, moved, at_first)


def patients(
    kind: Callable[..., nn.Module], train: Callable, text: str, steps: int, rate: float, seed: int = 0
) -> dict:
    """A healthy model, and the nine by letter: see fallen_ill."""
    who = {"healthy": 0} | ILL
    return {name: fallen_ill(cause, kind, train, text, steps, rate, seed) for name, cause in who.items()}


@torch.no_grad()
def echo(model: nn.Module, tokens: Tensor) -> float:
    """How probable a model finds the token that it has just read, as a multiple of 1 / V.

    Example:
        >>> round(echo(lambda tokens: torch.zeros(1, 3, 257), torch.tensor([list(b"cat")])), 2)
        1.0
    """
    scores = model(tokens)  # (B, T, V)
    return scores.shape[-1] * torch.softmax(scores, dim=-1).gather(-1, tokens[..., None]).mean().item()


@torch.no_grad()
def findings(patient: Patient, text: str) -> dict[str, float | str]:
    """What can be asked of any model, without knowing its code: name of the test -> what was found.

    Args:
        text: fresh, of toy sentences.
    """
    model, tokens = patient.model, sentences_of(text)[:64, :30]

    def probs(tokens: Tensor) -> Tensor:
        return torch.softmax(model(tokens), dim=-1)

    def differ(one: Tensor, other: Tensor) -> float:
        return (one - other).abs().max().item()

    use = [F.cross_entropy(model(tokens[:, :n])[:, -1], tokens[:, n]).item() for n in KNOWN]
    twice = differ(probs(tokens), probs(tokens))
    written = list(b"the c")
    for _ in range(40):
        written.append(int(model(torch.tensor([written]))[0, -1].argmax()))
    model.eval()
    last = tokens[:, -1:]
    later = torch.cat([tokens[:, :-1], last + 1], dim=1)
    shuffled = torch.cat([tokens[:, :-1].flip(1), last], dim=1)
    found = {
        "first": patient.losses[0],
        "last": sum(patient.losses[-10:]) / len(patient.losses[-10:]),
        "in use": sum(use) / len(use),
        "weights": patient.moved,
        "twice": twice,
        "later": differ(probs(later)[:, :-1], probs(tokens)[:, :-1]),
        "order": differ(probs(shuffled)[:, -1], probs(tokens)[:, -1]),
        "echo": patient.echo,
        "writes": "".join("·" if token == PAD else printable(chr(token)) for token in written),
    }
    model.train()
    return found


def findings_table(ill: Mapping[str, Patient], text: str) -> str:
    """The findings of all patients, a line for each."""
    rows = {name: findings(patient, text) for name, patient in ill.items()}
    heads = list(next(iter(rows.values())))
    lines = [" " * 8 + "".join(f"{head:>9}" for head in heads[:-1]) + f"  {heads[-1]}"]
    for name, row in rows.items():
        *numbers, said = row.values()
        lines.append(f"{name:<8}" + "".join(f"{number:9.2f}" for number in numbers) + f"  {said}")
    return "\n".join(lines)
