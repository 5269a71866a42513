"""Constrained decoding: a module is asked which of the allowed texts it finds likeliest, and how sure it is of that."""

from collections.abc import Sequence

import torch
from rapidfuzz import fuzz
from torch import Tensor

from momem_lib.data.grammar import filled
from momem_lib.data.records import FIELDS, Person
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Generated
from momem_lib.nn.module import Module
from momem_lib.system.answer import Answer
from momem_lib.system.bag_of_words import CHOICES, BagOfWords
from momem_lib.system.gates import tag_gate, word_spans
from momem_lib.system.memory import Memory
from momem_lib.system.taught import taught

LEAST_SURE = 0.05  # a name that the memory knows, and that stands in the question, must be at least this likely
ALIKE = 80.0  # likeness, of 100, from which on a part of a name is nearly all of it
MOST_CHOICES = 64  # texts that a module is asked about, at most
MOST_WORDS = 64  # of a name that the memory completes
UNLIKELY = 1e-6  # as improbable as this is a choice at most, so that neither of two opinions forbids it for good
TRUST = 0.5  # in Module 2's choice of a field beside the second opinion, which is less sure of its own mistakes
# Whose record Module 2 reads in place of the real one while it chooses: nothing in it is odd.
STAND_IN = Person("Amina", "Otieno", "Teacher", "Nairobi", "Arrival", "Imagine", "cooking", "Harvard University")


def likeliest_name(
    ner: Module, memory: Memory, question: str, wrote: str | None, confidence: float
) -> tuple[str, float] | None:
    """Among the spans of the question that the memory knows, the one that Module 0 finds likeliest.

    It must be likelier than "nobody is named". A part of a longer name must be likelier than that name too, or be
    nearly all of it: @Jo Doe may mean Jo Doe, but knowing King does not make King of Wakanda mean him.

    Args:
        wrote, confidence: what Module 0 said of its own accord, and how sure it was.

    Returns:
        The name and its probability, or None where no span will do.
    """
    known = memory.knows(word_spans(question))
    spans = [span for span in sorted(known) if tag_gate(question, span) is None][:MOST_CHOICES]
    if not spans:
        return None
    *scores, nobody = ner.score([question], [[*spans, None]])[0].exp().tolist()
    sure, span = max(zip(scores, spans, strict=True))
    shorter = wrote is not None and span in wrote and fuzz.ratio(span, wrote) < ALIKE
    if sure < LEAST_SURE or sure < nobody or (shorter and sure < confidence):
        return None
    return span, sure


def wider_name(memory: Memory, question: str, wrote: str | None) -> str | None:
    """The longest name that the memory knows and that stands in the question around what Module 0 wrote.

    A module that stops early ("Jo" of "Jo Doe") or begins late may hit the name of somebody else; who bears the whole
    name is meant. The other way round, nobody is meant by a part of the name that a question gives.

    Example:
        >>> memory = Memory()
        >>> memory.remember([Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")])
        1
        >>> wider_name(memory, "Where does Jo Doe live?", "Doe"), wider_name(memory, "Where does Jo live?", "Jo")
        ('Jo Doe', None)
    """
    if not wrote:
        return None
    around = [span for span in word_spans(question, MOST_WORDS) if wrote in span and wrote != span]
    known = [span for span in sorted(memory.knows(around)) if tag_gate(question, span) is None]
    return max(known, key=len, default=None)


def asked_fields(
    summary: Module, questions: Sequence[str], names: Sequence[str], words: BagOfWords | None = None
) -> list[tuple[str | None, float]]:
    """Which field each question asks for, and how sure Module 2 is, whoever is asked about and whatever is known.

    The choice must not hang on the letters of a value, so Module 2 reads the record of a stand-in instead, where no
    strange value stirs anything up. A second opinion, where there is one, errs on other questions: the two are
    multiplied.

    Args:
        names: who each question asks about, as it stands there. words: gives the second opinion.

    Returns:
        Per question the key of a field, or None for <none>, and its probability, 0 to 1.
    """
    if not questions:
        return []
    shares = stand_in_shares(summary, questions, names)
    if words is not None:
        shares = product_of_experts(shares, words.log_probs(questions, names).exp(), TRUST)
    return [(CHOICES[int(row.argmax())], float(row.max())) for row in shares]


def stand_in_shares(summary: Module, questions: Sequence[str], names: Sequence[str]) -> Tensor:
    """The probabilities that Module 2 gives to CHOICES with the record of the stand-in: (N, 7), rows add up to 1."""
    count = len(questions)
    prompts = [summary.prompt(question, name) for question, name in zip(questions, names, strict=True)]
    choices = [*(STAND_IN.summary(field) for field in FIELDS), None]
    # The label is chosen with its first letter, or with "Favourite m": what follows need not be scored.
    scores = summary.score(prompts, [choices] * count, [STAND_IN.content] * count, whole=False, batch_size=64)
    return torch.stack(scores).softmax(dim=-1)


def product_of_experts(first: Tensor, second: Tensor, trust: float = 1.0) -> Tensor:
    """Two opinions about the same choices made one: multiplied, then scaled to add up to 1 (Hinton 2002, section 1).

    Where both agree, the product is surer than either; where they differ, it is less sure than the surer one.

    Args:
        first, second: probabilities, (N, choices). trust: in the first, as a power: below 1 it counts for less
            (a logarithmic opinion pool: Genest and Zidek 1986, Statistical Science 1(1), section 3.2).

    Example:
        >>> both = product_of_experts(torch.tensor([[0.9, 0.1], [0.9, 0.1]]), torch.tensor([[0.8, 0.2], [0.2, 0.8]]))
        >>> [[round(share, 2) for share in row] for row in both.tolist()]
        [[0.97, 0.03], [0.69, 0.31]]
        >>> product_of_experts(torch.tensor([[0.9, 0.1]]), torch.tensor([[0.2, 0.8]]), trust=0.5)
        tensor([[0.4286, 0.5714]])
    """
    product = first.clamp(min=UNLIKELY) ** trust * second.clamp(min=UNLIKELY)
    return product / product.sum(dim=-1, keepdim=True)


def known_wordings(name: str, field: str, value: str) -> list[str]:
    """The responses that the templates know for a fact, English first."""
    return [filled(wording, name, value) for wording in taught()["wordings"][field]]


def likeliest_wording(response: Module, answer: Answer) -> Generated:
    """Among the wordings that the templates know, the one that Module 3 finds likeliest."""
    texts = known_wordings(answer.tag, answer.field, answer.value)[:MOST_CHOICES]
    (scores,) = response.score([answer.question], [texts], [answer.summary])
    best = int(scores.argmax())
    tokens = TOKENIZER.encode(texts[best])
    return Generated(tokens, [float(scores[best])], [0.0] * len(tokens), True)
