"""What the reader of notebook 07 writes: the library's versions, small inputs, and typical mistakes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.course.nb07.finder import SpanFinder, question_inputs
from momem_lib.course.shared.judging import Part
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.copying import match_lengths as match_of_batch
from momem_lib.system.gates import word_spans

# The library's versions


def longest_known(question: str, known: set[str]) -> str | None:
    """The longest run of words that is a known name, or None."""
    return max((run for run in word_spans(question) if run in known), key=len, default=None)


def example(prompt: list[str], target: list[str]) -> tuple[list, list, list]:
    """What the decoder reads in training, the token to predict at each place, and whether that counts."""
    asked = len(target) - 1
    return prompt + target[:-1], [None] * len(prompt) + target[1:], [0] * len(prompt) + [1] * asked


def masked_loss(log_probs: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """The mean of -ln p of the right tokens, over those that count."""
    chosen = log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
    return -(chosen * mask).sum() / mask.sum()


def copied(weights: Tensor, source: Tensor, vocab_size: int) -> Tensor:
    """Weights on places (B, T, S) -> probabilities of tokens (B, T, V)."""
    places = source[:, None].expand_as(weights)  # (B, T, S)
    return weights.new_zeros(*weights.shape[:2], vocab_size).scatter_add(-1, places, weights)


def next_token(weights: Tensor, gate: Tensor, generated: Tensor, source: Tensor) -> Tensor:
    """The mixture of copying and generating: (B, T, V)."""
    return gate[:, :, None] * copied(weights, source, generated.shape[-1]) + (1 - gate[:, :, None]) * generated


def match_lengths(written: str, source: str) -> Tensor:
    """For each letter written and each place of the source, how many letters before both are the same: (T, S)."""
    codes = (torch.tensor([[ord(letter) for letter in text]]) for text in (written, source))
    return match_of_batch(*codes)[0]


def exact_match(wanted: Sequence[str | None], wrote: Sequence[str | None]) -> float:
    """The share of names that are right to the last letter; a right silence counts."""
    return sum(one == other for one, other in zip(wanted, wrote, strict=True)) / len(wanted)


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterator, loss_of: Callable, steps: int
) -> list[float]:
    """So many steps, one batch each; returns the losses."""
    losses = []
    for _ in range(steps):
        loss = loss_of(model, next(batches))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def kind_of_error(wanted: str | None, wrote: str | None) -> str:
    """What kind of mistake it is, if any."""
    if wrote == wanted:
        return "right"
    if wrote is None:
        return "missed"
    if wanted is None:
        return "invented"
    return "too long" if wanted in wrote else "too short" if wrote in wanted else "other"


def mended(module: object, question: str, wrote: str | None) -> str | None:
    """What a module wrote, where it is None or a run of words of the question; else the run that it finds likeliest."""
    runs = word_spans(question)
    if wrote is None or wrote in runs:
        return wrote
    (scores,) = module.score([question], [runs])
    return runs[int(scores.argmax())]


def span_of(question: str, name: str | None) -> tuple[int, int]:
    """The places of the name's first and last byte among the prompt's tokens; 0, 0 for nobody."""
    if name is None:
        return 0, 0
    before = len(question[: question.index(name)].encode())
    return before + 1, before + len(name.encode())


def best_pair(first: Tensor, last: Tensor) -> tuple[int, int]:
    """The places i <= j of the highest first[i] + last[j]."""
    table = (first[:, None] + last).masked_fill(torch.ones(len(first), len(first)).tril(-1).bool(), float("-inf"))
    return divmod(int(table.argmax()), len(first))


def precision_recall(wanted: Sequence[str | None], wrote: Sequence[str | None]) -> tuple[float, float]:
    """Of the names written the share that is right, and of those that there were."""
    right = sum(one is not None and one == other for one, other in zip(wanted, wrote, strict=True))
    written, there = (sum(name is not None for name in names) for names in (wrote, wanted))
    return (right / written if written else 1.0), (right / there if there else 1.0)


def allowed(question: str, written: str) -> set[str]:
    """What may come next, letters or special tokens, where a name must be a run of whole words of the question."""
    if not written:
        return {word[0] for word in question.split()} | {"<none>"}
    found = set()
    for place in range(len(question)):
        if question.startswith(written, place) and (place == 0 or question[place - 1] == " "):
            rest = question[place + len(written) :]
            found |= {rest[0]} if rest else set()
            found |= {"</tag>"} if not rest or rest[0] == " " else set()
    return found


# How some parts are judged


def telling_none(cases: Sequence[tuple]) -> Callable:
    """A way to call what may well return None; what returns None in all cases is a stub."""

    def call(version: Callable, *case: object) -> object:
        said = version(*case)
        if said is not None or all(version(*other) is None for other in cases):
            return said
        return "None, nobody"

    return call


def marked(version: Callable, prompt: list, target: list) -> tuple | None:
    """A reader's example; what its labels are where nothing counts makes no difference."""
    made = version(prompt, target)
    if not isinstance(made, tuple) or len(made) != 3:
        return made
    read, labels, counts = map(list, made)
    asked = [label if count else None for label, count in zip(labels, counts, strict=False)]
    return read, asked if len(labels) == len(counts) else labels, list(map(int, counts))


def with_gradient(version: Callable, log_probs: Tensor, labels: Tensor, mask: Tensor) -> tuple | None:
    """A loss and its gradient, which training needs."""
    log_probs.requires_grad_()
    loss = version(log_probs, labels, mask)
    if loss is None:
        return None
    if not isinstance(loss, Tensor):
        return loss
    loss.backward()
    return loss.detach(), log_probs.grad


def table_of(version: Callable, written: str, source: str) -> Tensor | None:
    """Match lengths as a table of floats, however they were counted."""
    table = version(written, source)
    return None if table is None else torch.as_tensor(table).float()


def on_a_line(version: Callable) -> tuple | None:
    """What a loop returns, and what it makes of a model of two numbers."""
    model = nn.Linear(1, 1)
    with torch.no_grad():
        model.weight.fill_(1.0)
        model.bias.fill_(0.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = cycle([(torch.tensor([[1.0]]), torch.tensor([[3.0]])), (torch.tensor([[2.0]]), torch.tensor([[1.0]]))])
    losses = version(model, optimizer, batches, lambda model, pair: F.mse_loss(model(pair[0]), pair[1]), 3)
    if losses is None:
        return None
    return losses, [round(number.item(), 3) for number in (model.weight, model.bias)]


class Guessing:
    """Stands in for a module: it knows how likely it finds some texts."""

    def __init__(self, liked: dict[str | None, float]) -> None:
        self.liked = liked

    def __repr__(self) -> str:
        return f"a module that likes {max(self.liked, key=self.liked.get)!r} best"

    def score(self, questions: Sequence[str], candidates: Iterable[Sequence[str | None]]) -> list[Tensor]:
        """See Module.score."""
        return [torch.tensor([self.liked.get(text, -20.0) for text in own]) for own in candidates]


def finder_of(version: type) -> tuple | None:
    """The scores of an untrained finder, without its padding's."""
    torch.manual_seed(0)
    finder = version(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
    said = finder(question_inputs(["Is Jo in?", "Jo?"]))
    if said is None or not isinstance(said, tuple):
        return said
    return tuple(scores.detach().clamp(min=-1e4) if isinstance(scores, Tensor) else scores for scores in said)


def pair_of(version: Callable, first: Tensor, last: Tensor) -> tuple | None:
    """Two places as whole numbers, whatever they were."""
    pair = version(first, last)
    return tuple(map(int, pair)) if isinstance(pair, list | tuple) else pair


# Typical mistakes


def swapped(one: str, other: str) -> Callable:
    """kind_of_error with two kinds taken for each other."""
    names = {one: other, other: one}
    return lambda wanted, wrote: names.get(kind_of_error(wanted, wrote), kind_of_error(wanted, wrote))


def by_length(wanted: str | None, wrote: str | None) -> str:
    """Too long and too short by counting letters alone."""
    found = kind_of_error(wanted, wrote)
    if found in ("right", "missed", "invented"):
        return found
    return "too long" if len(wrote) > len(wanted) else "too short"


class Unmasked(SpanFinder):
    """Points at padding, too."""

    def forward(self, inputs):
        _, states = self.body.read(inputs)
        states = states[:, : inputs.prompt.shape[1]]
        return self.first(states).squeeze(-1), self.last(states).squeeze(-1)


class OneHead(SpanFinder):
    """Scores the last place as the first."""

    def forward(self, inputs):
        first, _ = super().forward(inputs)
        return first, first


class TooMany(SpanFinder):
    """Scores what the decoder reads after the prompt as well."""

    def forward(self, inputs):
        _, states = self.body.read(inputs)
        mask = torch.cat([inputs.prompt_mask, inputs.target_mask], dim=1)
        return tuple(head(states).squeeze(-1).masked_fill(~mask, -1e9) for head in (self.first, self.last))


def loosely(first: Tensor, last: Tensor) -> tuple[int, int]:
    """Each end by itself."""
    return int(first.argmax()), int(last.argmax())


def first_then_last(first: Tensor, last: Tensor) -> tuple[int, int]:
    """The best beginning, and then the best end behind it."""
    place = int(first.argmax())
    return place, place + int(last[place:].argmax())


LINES = torch.log_softmax(torch.tensor([[[1.0, 0, 0], [0, 2, 0]], [[0, 0, 1], [0, 0, 0]]]), dim=-1)
LABELS, MASK = torch.tensor([[0, 1], [2, 0]]), torch.tensor([[True, True], [True, False]])
WEIGHTS, ANA = torch.tensor([[[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]]), torch.tensor([[1, 0, 1]])
GATE, SAID = torch.tensor([[0.75, 0.0]]), torch.tensor([[[0.5, 0.0, 0.5, 0.0], [0.25, 0.25, 0.25, 0.25]]])
KNOWN = [("Is Jo Doe in?", {"Jo", "Jo Doe"}), ("Is Joanna here?", {"Jo"}), ("Where does Ann's Jo live?", {"Ann"}),
         ("Is Ana Lu or Jo in?", {"Jo", "Ana Lu"})]  # fmt: skip
LIKES = Guessing({"Jo Doe": -0.5, "Jo": -2.0, None: -0.1})
WROTE = [(LIKES, "Is Jo Doe in?", "Jo Doe in"), (LIKES, "Is Jo Doe in?", "Jo Do"), (LIKES, "Is Jo Doe in?", "Jo"),
         (LIKES, "Is Jo Doe in?", None)]  # fmt: skip
ERRORS = [("Jo Doe", "Jo Doe"), ("Jo Doe", "Jo Doe is"), ("Jo Doe", "Jo"), ("Jo Doe", None), (None, "Jo"),
          ("Jo Doe", "Jo Jo Doo"), ("Jo", "Ann Bo"), (None, None)]  # fmt: skip

PARTS = {
    "07.1": Part(
        longest_known,
        KNOWN,
        {
            "a name stands there as whole words: 'Jo' is no word of 'Joanna'": lambda question, known: max(
                (name for name in known if name in question), key=len, default=None),
            "of several known runs the longest is wanted": lambda question, known: next(
                (run for run in word_spans(question) if run in known), None),
            "None is wanted where no run is known, not the longest run of all": lambda question, known: max(
                (run for run in word_spans(question)), key=lambda run: (run in known, len(run))),
        },
        telling_none(KNOWN),
    ),
    "07.2": Part(
        example,
        [(["<prompt>", "H", "i", "</prompt>"], ["<tag>", "<none>", "</tag>"]),
         (["<prompt>", "J", "o", "?", "</prompt>"], ["<tag>", "J", "o", "</tag>"])],
        {
            "each label is the very token that is read: shift by one, the label is the token that comes after it":
                lambda prompt, target: (prompt + target[:-1], [None] * len(prompt) + target[:-1],
                                        example(prompt, target)[2]),
            "it reads the last token too, but nothing comes after that: leave it out":
                lambda prompt, target: (prompt + target, [None] * len(prompt) + target[1:] + [None],
                                        [0] * len(prompt) + [1] * (len(target) - 1) + [0]),
            "the prompt counts: the module would spend itself on learning to write questions":
                lambda prompt, target: (prompt + target[:-1], (prompt + target)[1:],
                                        [1] * (len(prompt) + len(target) - 1)),
            "</prompt> counts, with <tag> for a label: but <tag> is always given, nobody asks for it":
                lambda prompt, target: (prompt + target[:-1], [None] * (len(prompt) - 1) + target,
                                        [0] * (len(prompt) - 1) + [1] * len(target)),
            "</tag> does not count: then the module never learns to stop":
                lambda prompt, target: (prompt + target[:-1], [None] * len(prompt) + target[1:],
                                        [0] * len(prompt) + [1] * (len(target) - 2) + [0]),
        },
        marked,
    ),
    "07.3": Part(
        masked_loss,
        [(LINES, LABELS, MASK)],
        {
            "padding counts: multiply by the mask, and divide by the number of tokens that count":
                lambda log_probs, labels, mask: masked_loss(log_probs, labels, torch.ones_like(mask)),
            "the sum is divided by all places, padding too: divide by the number of tokens that count":
                lambda log_probs, labels, mask: masked_loss(log_probs, labels, mask) * mask.float().mean(),
            "the minus is missing": lambda log_probs, labels, mask: -masked_loss(log_probs, labels, mask),
            "that is the sum: the mean over the tokens that count was asked for":
                lambda log_probs, labels, mask: masked_loss(log_probs, labels, mask) * mask.sum(),
        },
        with_gradient,
        "With ({}), the loss and its gradient in parentheses:",
    ),
    "07.4": Part(
        copied,
        [(WEIGHTS, ANA, 4), (torch.eye(3)[None], torch.tensor([[2, 2, 0]]), 3)],
        {
            "a token that stands at two places gets both weights: add them up, do not overwrite":
                lambda weights, source, vocab_size: torch.zeros(*weights.shape[:2], vocab_size).scatter(
                    -1, source[:, None].expand_as(weights), weights),
            "these are the weights of places: a place's weight belongs to the token that stands there":
                lambda weights, source, vocab_size: F.pad(weights, (0, vocab_size - weights.shape[-1])),
        },
    ),
    "07.5": Part(
        next_token,
        [(WEIGHTS, GATE, SAID, ANA)],
        {
            "the two are swapped: the gate is the share of copying":
                lambda weights, gate, generated, source: next_token(weights, 1 - gate, generated, source),
            "it generates as if there were no gate: the generator has what copying leaves, 1 - gate":
                lambda weights, gate, generated, source: generated + gate[:, :, None] * copied(weights, source, 4),
            "it takes one of the two ways: mix them": lambda weights, gate, generated, source: torch.where(
                gate[:, :, None] > 0.5, copied(weights, source, 4), generated),
        },
    ),
    "07.6": Part(
        match_lengths,
        [("an", "ana ane"), ("aab", "aabaab")],
        {
            "it counts at the place itself: what counts is what stands *before* a place":
                lambda written, source: match_lengths(written, source + "?")[:, 1:],
            "it compares one letter alone: go on backwards while both sides are the same":
                lambda written, source: match_lengths(written, source).clamp(max=1),
        },
        table_of,
    ),
    "07.7": Part(
        exact_match,
        [(["Jo"], ["Jo"]), (["Jo Doe", None], ["Jo", None]), (["Jo", None], ["jo", "Ann"]),
         (["Jo", "Ann", None], ["Jo", None, "Ann"])],
        {
            "a right silence is right too": lambda wanted, wrote: sum(
                one == other is not None for one, other in zip(wanted, wrote, strict=True)) / len(wanted),
            "a part of a name is not the name": lambda wanted, wrote: sum(
                one == other or (None not in (one, other) and other in one)
                for one, other in zip(wanted, wrote, strict=True)) / len(wanted),
            "it is a share that was asked for, not a count": lambda wanted, wrote: exact_match(wanted, wrote) * len(
                wanted),
            "the order counts: compare the first with the first": lambda wanted, wrote: sum(
                one in wanted for one in wrote) / len(wanted),
        },
    ),
    "07.8": Part(
        train,
        [()],
        {
            "nothing sets the gradients back to zero, so those of earlier steps are added: optimizer.zero_grad()": (
                "optimizer.zero_grad()", "pass"
            ),
            "the weights stay as they are: loss.backward() or optimizer.step() is missing": (
                "optimizer.step()", "pass"
            ),
            "it trains on one batch alone: next(batches) belongs into the loop": (
                "losses = []", "losses, batch = [], next(batches)", "(model, next(batches))", "(model, batch)"
            ),
            "the list holds tensors, and all that led to them: keep the number, loss.item()": (".item()", ""),
        },
        on_a_line,
        "On a model of two numbers, three steps{}; in parentheses the losses and the two numbers:",
    ),
    "07.9": Part(
        kind_of_error,
        ERRORS,
        {
            "too long and too short are swapped": swapped("too short", "too long"),
            "missed and invented are swapped": swapped("missed", "invented"),
            "counting letters is not enough: too long means that the name stands in what was written": by_length,
        },
    ),
    "07.10": Part(
        mended,
        WROTE,
        {
            "a run of whole words is left as it is, likely or not": lambda module, question, wrote: wrote and mended(
                module, question, "?"),
            "nobody is left as it is: None was no mistake against the rule": lambda module, question, wrote: mended(
                module, question, wrote or "?"),
            "a score is a log-probability: the highest wins": lambda module, question, wrote: mended(
                SimpleNamespace(score=lambda *given: [-row for row in module.score(*given)]), question, wrote),
            "what stands in the question is not yet a run of words: ask whether it is one of word_spans(question)":
                lambda module, question, wrote: wrote if wrote is None or wrote in question else mended(
                    module, question, wrote),
            "None is no candidate": lambda module, question, wrote: wrote
                if wrote is None or wrote in word_spans(question) else None,
        },
        telling_none(WROTE),
    ),
    "07.11": Part(
        span_of,
        [("Jo?", "Jo"), ("Is Jo in?", "Jo"), ("Hi!", None), ("Où est Zoë?", "Zoë")],
        {
            "place 0 is <prompt>: the question's first byte is at 1": lambda question, name: tuple(
                max(0, place - 1) for place in span_of(question, name)),
            "the second place is that of the last byte, not the one behind it": lambda question, name: (
                span_of(question, name)[0], span_of(question, name)[1] + (name is not None)),
            "it counts letters, and tokens are bytes: encode() what you count": lambda question, name: (0, 0)
                if name is None else (question.index(name) + 1, question.index(name) + len(name)),
        },
    ),
    "07.12": Part(
        SpanFinder,
        [()],
        {
            "padding can be pointed at: give it a score of -1e9": Unmasked,
            "both tables are the same: the last place has a layer of its own": OneHead,
            "the token <tag> after the prompt is no part of the question: keep the prompt's states alone": TooMany,
        },
        finder_of,
        "With the questions 'Is Jo in?' and 'Jo?'{}, and scores below -10,000 told as -10,000:",
    ),
    "07.13": Part(
        best_pair,
        [(torch.tensor([0.0, 2, 1]), torch.tensor([0.0, 1, 2])), (torch.tensor([0.0, 1, 3]), torch.tensor([0, 3.0, 1])),
         (torch.tensor([3.0, 2, 2.5]), torch.tensor([-9.0, -9, 4])),
         (torch.tensor([5.0, 4, 0]), torch.tensor([1.0, 0, 0])),
         (torch.tensor([0, 3, 4.0, 0]), torch.tensor([0, 5, 0, 1.0]))],
        {
            "the name would end before it begins: only pairs i <= j": loosely,
            "the best beginning may be a poor pair's: add up, and compare all pairs": first_then_last,
        },
        pair_of,
    ),
    "07.a": Part(
        precision_recall,
        [(["Jo", "Ann", None, None], ["Jo", None, "Max", "Mo"]), (["Jo", None], ["Jo", None]),
         (["Jo", None, None], [None, None, None]), ([None, None], ["Max", None]), (["Jo", "Ann"], ["jo", "An"])],
        {
            "both are the share of rows that agree: divide by the names written, and by the names that there were":
                lambda wanted, wrote: (exact_match(wanted, wrote),) * 2,
            "the two are swapped: precision comes first, of what was written":
                lambda wanted, wrote: precision_recall(wrote, wanted),
            "a right silence is no name: count pairs that hold a name": lambda wanted, wrote: tuple(
                exact_match(wanted, wrote) * len(wanted) / max(1, sum(name is not None for name in names))
                for names in (wrote, wanted)),
        },
    ),
    "07.b": Part(
        allowed,
        [("Is Jo in?", ""), ("Is Jo in?", "J"), ("Is Jo in?", "Jo"), ("Is Jo in, Jon?", "Jo"), ("Is Jo in?", "o"),
         ("Is Jo Doe in?", "Jo "), ("Ann or Jo", "Jo")],
        {
            "a name begins where a word begins": lambda question, written: allowed(question, written) if not written
                else allowed(question, written) | {
                    question[place + len(written)] for place in range(len(question) - len(written))
                    if question.startswith(written, place)},
            "it may stop only where a word ends": lambda question, written: allowed(question, written) | (
                {"</tag>"} if written and allowed(question, written) else set()),
            "before the first letter nobody has been named yet: <none> is allowed there":
                lambda question, written: allowed(question, written) - {"<none>"},
        },
    ),
}  # fmt: skip
