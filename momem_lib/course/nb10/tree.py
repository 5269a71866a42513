"""The tree of the texts that Module 3 may write for one fact: where it has a choice, and how probable each way is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from momem_lib.course.nb10.facts import Fact
from momem_lib.data.tasks import encode_target
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Sampling
from momem_lib.nn.inputs import pad
from momem_lib.nn.module import Module
from momem_lib.project import InputError


@dataclass
class Fork:
    """A piece of text that is written without a choice, how probable the way to it is, and where it goes on."""

    text: str
    share: float  # probability of this way, given that writing came to the fork before it
    ahead: list["Fork"] = field(default_factory=list)
    whole: float = 1.0  # probability of everything up to and with this piece


@torch.inference_mode()
def forks(response: Module, fact: Fact, texts: Sequence[str], temperature: float = 1.0) -> Fork:
    """The tree of some texts, with the probability that Module 3 goes each way; its root is the empty text.

    Raises:
        InputError: no text, the same one twice, or a bad temperature.

    Example:
        >>> from momem_lib.data.records import Record
        >>> fact = Fact("Where?", "Jo Doe", "Lives in", Record("Jo Doe", (("Lives in", "Oslo"),)))
        >>> response = Module.load(task="response", device="cpu")
        >>> tree = forks(response, fact, ["Jo is", "Jo, in Oslo"])
        >>> [fork.text for fork in tree.ahead], [fork.text for fork in tree.ahead[0].ahead]
        (['Jo'], [' is', ', in Oslo'])
    """
    sampling = Sampling(temperature)
    if not texts or len(set(texts)) < len(texts):
        raise InputError("a tree needs at least one text, and each only once")
    targets = [encode_target(response.task, text) for text in texts]
    many = len(targets)
    inputs = response.inputs([fact.prompt] * many, [fact.summary] * many, [target[:-1] for target in targets])
    labels, _ = pad([target[1:] for target in targets], response.model.device)  # (C, T)
    probs = sampling.probs(response.model(inputs).log_probs.flatten(0, 1))  # (C T, V)
    chosen = probs.view(*labels.shape, -1).gather(-1, labels[:, :, None]).squeeze(-1).tolist()  # (C, T)
    steps = [list(zip(target[1:], shares, strict=False)) for target, shares in zip(targets, chosen, strict=True)]
    return Fork("", 1.0, _grow(steps, 0, 1.0))


def _grow(steps: list[list[tuple[int, float]]], start: int, whole: float) -> list[Fork]:
    """The ways from a fork on: steps are the (token, probability) pairs of the texts that came here."""
    ways = []
    for first in dict.fromkeys(step[start][0] for step in steps):
        here = [step for step in steps if step[start][0] == first]
        end = start + 1
        while all(len(step) > end for step in here) and len({step[end][0] for step in here}) == 1:
            end += 1
        share = math.prod(probability for _, probability in here[0][start:end])
        text = TOKENIZER.decode([token for token, _ in here[0][start:end]])
        ahead = _grow(here, end, whole * share) if len(here) > 1 else []
        ways.append(Fork(text, share, ahead, whole * share))
    return ways


def leaves(fork: Fork, before: str = "") -> dict[str, float]:
    """The whole texts of a tree, with the probability of each, its end included.

    Example:
        >>> leaves(Fork("", 1.0, [Fork("Jo", 0.5, [], 0.5), Fork("He", 0.25, [], 0.25)]))
        {'Jo': 0.5, 'He': 0.25}
    """
    text = before + fork.text
    if not fork.ahead:
        return {text: fork.whole}
    return {whole: share for way in fork.ahead for whole, share in leaves(way, text).items()}
