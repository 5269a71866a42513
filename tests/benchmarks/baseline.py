"""A baseline without Transformers, for comparison: what an afternoon buys, and so what the modules must add.

The name is the longest span of the question that the memory knows. A label is chosen by the words that it shares with
the question; where none will do, a bag of words says which of the six classic fields is asked for, if any (Joulin et
al. 2017, arXiv:1607.01759, section 2). The answer is "name: value", and silence where nothing is found.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import islice, pairwise

import torch
from torch import Tensor, nn

from momem_lib.data import LABELS, Record, SynthesisConfig, hide_name, load_material, row_stream
from momem_lib.system import Answer, Memory, word_spans

ROWS, EPOCHS, BATCH, LEARNING_RATE = 100_000, 4, 1_000, 0.02  # of the bag of words
FEWEST, SHARED = 8, 0.6  # questions that a feature must stand in; of a label's words, those that a question must hold
CHOICES = (*LABELS.values(), None)  # None: something else
DULL = {*"a an the of in on at for to is are was do does did has have what which who where when how s and me my tell "
         "ni ya wa la cha za na kwa gani nini nani wapi je".split()}  # fmt: skip


class Baseline:
    """Takes the place of a Pipeline in `evaluate`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    def ask_many(self, questions: Sequence[str], **_: object) -> list[Answer]:
        """Answer questions in their order; temperature, seed and gates mean nothing here."""
        return [Answer(question, answer(self.memory, question), "nothing was found") for question in questions]


def answer(memory: Memory, question: str) -> str | None:
    """What the baseline says, or None for silence.

    Example:
        >>> memory = Memory()
        >>> memory.remember([Record("Jo Doe", (("Blood group", "0+"), ("Shoe size", "38")))])
        1
        >>> answer(memory, "Which blood group has Jo Doe?"), answer(memory, "How old is Jo Doe?")
        ('Jo Doe: 0+', None)
    """
    name = max(sorted(memory.knows(word_spans(question))), key=len, default="")
    record = memory.look_up(name).record if name else None
    label = label_asked(record, hide_name(question, name)) if record else None
    return f"{record.name}: {record.value(label)}" if label and record.value(label) else None


def label_asked(record: Record, question: str) -> str | None:
    """The label that a question asks for, the name in it hidden, or None; of labels that fit equally, the longer."""
    words, none = stems(question), ((0.0, 0), None)
    ranks = [((len(own & words) / len(own), len(own)), label) for label in record.labels if (own := stems(label))]
    (other, _), (rank, best) = sorted([none, none, *ranks], key=lambda pair: pair[0])[-2:]
    if record.labels != CHOICES[:-1] and rank[0] >= SHARED and rank > other:
        return best
    classic = classic_label(question) if set(record.labels) & set(CHOICES) else None
    return classic if classic in record.labels else None


def stems(text: str) -> set[str]:
    """The telling words of a text, without the s of a plural.

    Example:
        >>> sorted(stems("What are the shoe sizes of Jo?"))
        ['jo', 'shoe', 'size']
    """
    words = re.findall(r"\w+", text.replace("<name>", " ").casefold())
    return {word.removesuffix("s") if len(word) > 3 else word for word in words if word not in DULL}


def features(question: str) -> list[str]:
    """The words of a question, and its pairs of neighbours."""
    words = ["<begin>", *re.findall(r"<name>|[\w']+", question.casefold()), "<end>"]
    return words + [" ".join(pair) for pair in pairwise(words)]


class BagOfWords(nn.EmbeddingBag):
    """Adds up one row of seven numbers for each known feature of a question: a score for each of CHOICES."""

    def __init__(self, vocabulary: list[str]) -> None:
        super().__init__(len(vocabulary), len(CHOICES), mode="sum")
        self.rows = {feature: row for row, feature in enumerate(vocabulary)}
        nn.init.zeros_(self.weight)

    def logits(self, bags: list[list[str]]) -> Tensor:
        """Features of N questions, each counted once -> (N, 7)."""
        rows = [sorted({self.rows[feature] for feature in bag if feature in self.rows}) for bag in bags]
        offsets = torch.tensor([0, *map(len, rows)])[:-1].cumsum(0)
        return self(torch.tensor([row for bag in rows for row in bag], dtype=torch.long), offsets)


@cache
def trained(rows: int = ROWS) -> BagOfWords:
    """A bag of words trained on questions of the training split: half a minute, once in each run."""
    none = {"stranger_share": 0.0, "nobody_share": 0.0, "noise_share": 0.0}
    config = SynthesisConfig(classic_share=1.0, absent_share=0.2, near_share=0.2, **none)
    drawn = list(islice(row_stream(load_material(), config, "train"), rows))
    bags = [features(hide_name(row["question"], row["name"])) for row in drawn]
    right = torch.tensor([CHOICES.index(row["label"]) for row in drawn])
    counts = Counter(feature for bag in bags for feature in set(bag))
    torch.manual_seed(0)
    model = BagOfWords(sorted(feature for feature, count in counts.items() if count >= FEWEST))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(bags)).split(BATCH):
            loss = nn.functional.cross_entropy(model.logits([bags[row] for row in batch.tolist()]), right[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model


def classic_label(question: str) -> str | None:
    """Which of the six classic fields a question asks for, by its label, or None."""
    return CHOICES[int(trained().logits([features(question)]).argmax())]
