"""How probable Module 3 finds letters, whole texts and the tree of them, and texts drawn in another way."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from momem_lib.course.modules.reading import MOST_WRITTEN, prompted
from momem_lib.course.nb10.facts import Fact
from momem_lib.course.shared.sampling import byte_model
from momem_lib.data.tasks import encode_target
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Generated, Sampling, generate_fast
from momem_lib.nn.inputs import pad
from momem_lib.nn.module import Module

Change = Callable[[Tensor], Tensor]  # of the probabilities of the next token (V,): heated, say
BATCH = 32  # rows that are read together
UNLIKELY = 1e-3  # letters below this are no ways that a search would look into


@torch.inference_mode()
def row_nats(response: Module, rows: Sequence[dict]) -> list[list[float]]:
    """The surprise at each byte of each row's response, and at its end, in nats.

    Example:
        >>> from momem_lib.course.modules.judging import course_rows
        >>> (row,) = course_rows("response", 1)
        >>> (nats,) = row_nats(Module.load(task="response", device="cpu"), [row])
        >>> len(nats) == len(row["response"].encode()) + 1
        True
    """
    found: dict[int, list[float]] = {}
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]["question"] + rows[place]["response"]))
    for begin in range(0, len(order), BATCH):  # rows of like length together: less padding
        places = order[begin : begin + BATCH]
        part = [rows[place] for place in places]
        prompts = [response.prompt(row["question"], row["name"]) for row in part]
        targets = [encode_target(response.task, row["response"]) for row in part]
        log_probs, labels = _read(response, prompts, [row["summary"] for row in part], targets)
        nats = -log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
        found |= {
            place: row[: len(target) - 1].tolist() for place, row, target in zip(places, nats, targets, strict=True)
        }
    return [found[place] for place in range(len(rows))]


def _read(response: Module, prompts: Sequence, summaries: Sequence, targets: Sequence) -> tuple[Tensor, Tensor]:
    """What is likely at each place of given texts, ln p (B, T, V), and the tokens that stand there (B, T)."""
    labels, _ = pad([target[1:] for target in targets], response.model.device)
    return response.model(response.inputs(prompts, summaries, [target[:-1] for target in targets])).log_probs, labels


@torch.inference_mode()
def chances_of(response: Module, fact: Fact, texts: Sequence[str], change: Change | None = None) -> dict[str, float]:
    """The probability that Module 3 puts a fact into just these words, for each of some texts, the end included.

    Args:
        change: what is made of the probabilities at each letter before one is drawn.
    """
    targets = [encode_target(response.task, text) for text in texts]
    log_probs, labels = _read(response, [fact.prompt] * len(texts), [fact.summary] * len(texts), targets)
    probs = log_probs.exp()  # (C, T, V)
    if change is not None:
        probs = torch.stack([torch.stack([change(letter) for letter in text]) for text in probs])
    steps = probs.gather(-1, labels[:, :, None]).squeeze(-1).double()  # (C, T)
    return {
        text: float(step[: len(target) - 1].prod()) for text, step, target in zip(texts, steps, targets, strict=True)
    }


@dataclass(frozen=True)
class Changed(Sampling):
    """Sampling from probabilities that a function has changed."""

    change: Change = lambda probs: probs

    def probs(self, log_probs: Tensor) -> Tensor:
        """The distribution that a token is drawn from: (B, V) -> (B, V)."""
        return torch.stack([self.change(row) for row in log_probs.exp()])


def drawn(response: Module, fact: Fact, change: Change, count: int, seed: int = 0) -> list[Generated]:
    """What Module 3 says when each letter is drawn from changed probabilities; text n with the seed `seed` + n."""
    inputs = response.inputs([fact.prompt] * count, [fact.summary] * count)
    sampling = Changed(1.0, seeds=range(seed, seed + count), change=change)
    return generate_fast(response.model, inputs, TOKENIZER.id(response.task.stop), MOST_WRITTEN, sampling)


def next_letters(response: Module, fact: Fact) -> Callable[[str], dict[str, float]]:
    """A function from what was said so far to the likely next letters with their probabilities; "" is the end."""
    after, stop = byte_model(response.model, prompted(response, fact.prompt, fact.summary)), response.task.stop
    return lambda text: {
        "" if token == stop else token: share for token, share in after(text).items() if share > UNLIKELY
    }


@dataclass
class Fork:
    """A piece of text that is written without a choice, how probable the way to it is, and where it goes on."""

    text: str
    share: float  # probability of this way, of all that lead on from the fork before it
    ahead: list["Fork"] = field(default_factory=list)
    whole: float = 1.0  # probability of all texts that begin with everything up to and with this piece


def grow(chances: Mapping[str, float], ways: Callable[[Mapping, str], Mapping[str, float]], begun: str = "") -> Fork:
    """The tree of some texts; its root is what all of them begin with, or what was begun.

    Args:
        ways: from the chances and the text so far to the share of each next letter; "" is the end.

    Example:
        >>> from momem_lib.course.nb10.parts import ways
        >>> tree = grow({"Jo is": 0.5, "Jo, in Oslo": 0.25}, ways)
        >>> tree.text, [fork.text for fork in tree.ahead], round(tree.ahead[0].share, 2)
        ('Jo', [' is', ', in Oslo'], 0.67)
    """
    text = begun
    while len(shares := ways(chances, text)) == 1 and "" not in shares:
        text += next(iter(shares))
    here = {whole: chance for whole, chance in chances.items() if whole.startswith(text)}
    fork = Fork(text[len(begun) :], 1.0, whole=math.fsum(here.values()))
    for letter, share in shares.items() if len(shares) > 1 else ():
        way = grow(here, ways, text + letter) if letter else Fork("", 1.0, whole=chances[text])
        fork.ahead.append(Fork(letter + way.text, share, way.ahead, way.whole))
    return fork


def leaves(fork: Fork, before: str = "") -> dict[str, float]:
    """The whole texts of a tree, with the probability of each.

    Example:
        >>> leaves(Fork("", 1.0, [Fork("Jo", 0.5, [], 0.5), Fork("He", 0.25, [], 0.25)]))
        {'Jo': 0.5, 'He': 0.25}
    """
    text = before + fork.text
    if not fork.ahead:
        return {text: fork.whole}
    return {whole: share for way in fork.ahead for whole, share in leaves(way, text).items()}
