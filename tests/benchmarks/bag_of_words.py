"""A second opinion on the asked-for field: a model that knows only which words, and which neighbours, a question holds.

A linear classifier on a bag of words and pairs of words (Joulin, Grave, Bojanowski and Mikolov 2017, arXiv:1607.01759,
section 2; there the features share an embedding, here each has a row of its own).
"""

import random
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from momem_lib.data.records import FIELDS
from momem_lib.data.rows import Material, SynthesisConfig, row_stream
from momem_lib.data.tasks import HIDDEN_NAME, around_name
from momem_lib.nn.checkpoints import FORMAT, hardware, load_tensors, save_card, save_tensors
from momem_lib.nn.threads import threads
from momem_lib.project import InputError, git_commit
from momem_lib.system.spelling import WORD

CHOICES = (*FIELDS, None)  # None: something that no record holds
TASK = "bag_of_words"
FILE = f"{TASK}.safetensors"  # in a folder of checkpoints
FEWEST = 12  # questions of the training data that a feature must stand in
DROPPED = 0.2  # share of the features that a training question loses, so that none is relied on alone (word dropout)
EPOCHS, BATCH, LEARNING_RATE, DECAY = 5, 1_000, 0.02, 1e-6
VALIDATION = 3_000  # questions that the card's figures are measured on


def features(question: str, name: str | None) -> list[str]:
    """The words of a question, in lower case, and its pairs of neighbours; a name of any length is the one word <name>.

    Example:
        >>> features("Where does Jo Doe live?", "Jo Doe")[:5]
        ['<begin>', 'where', 'does', '<name>', 'live']
        >>> features("Where does Jo Doe live?", "Jo Doe")[6:]
        ['<begin> where', 'where does', 'does <name>', '<name> live', 'live <end>']
    """
    before, found, after = around_name(question, name)
    left, right = ([word.casefold() for word in WORD.findall(text)] for text in (before, after))
    words = ["<begin>", *left, *([HIDDEN_NAME] if found else []), *right, "<end>"]
    return words + [" ".join(pair) for pair in pairwise(words)]


class BagOfWords(nn.Module):
    """Adds up one row of seven numbers for each feature of a question: a score for each field, and one for <none>.

    Args:
        vocabulary: the features that have a row; all others are passed over.

    Example:
        >>> model = BagOfWords(["live", "does live"])
        >>> model.log_probs(["Where does Jo live?"], ["Jo"]).exp().shape
        torch.Size([1, 7])
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__()
        self.rows = {feature: row for row, feature in enumerate(vocabulary)}
        self.scores = nn.EmbeddingBag(len(vocabulary), len(CHOICES), mode="sum")
        self.bias = nn.Parameter(torch.zeros(len(CHOICES)))
        nn.init.zeros_(self.scores.weight)

    def forward(self, bags: Sequence[Sequence[str]]) -> Tensor:
        """One list of features per question, each counted once -> logits (N, 7)."""
        rows = [sorted({self.rows[feature] for feature in bag if feature in self.rows}) for bag in bags]
        offsets = torch.tensor([0, *map(len, rows)])[:-1].cumsum(0)
        return self.scores(torch.tensor([row for bag in rows for row in bag], dtype=torch.long), offsets) + self.bias

    def log_probs(self, questions: Sequence[str], names: Sequence[str | None]) -> Tensor:
        """Natural logarithms of how probable each of CHOICES is: (N, 7).

        Args:
            names: who each question asks about, as it stands there.
        """
        with torch.no_grad():
            return torch.log_softmax(self(list(map(features, questions, names))), dim=-1)


def asked(material: Material, config: SynthesisConfig, split: str, count: int, **options) -> list[tuple[str, str, int]]:
    """Questions about somebody, the name in each, and which of CHOICES it asks for, as a number."""
    rows = row_stream(material, config, split, noise_share=0.0, **options)
    wanted = (row for row in rows if row["kind"] in ("answerable", "unknown_field"))
    return [
        (row["question"], row["name"], CHOICES.index(row["field"] if row["kind"] == "answerable" else None))
        for row in islice(wanted, count)
    ]


def train_bag_of_words(material: Material, count: int, seed: int = 0, progress: bool = True) -> tuple[BagOfWords, dict]:
    """Train one on questions of the training split; returns it with its card.

    Args:
        count: questions to train on; 240,000 take half a minute.

    Raises:
        InputError: too few questions.
    """
    if count < BATCH:
        raise InputError(f"{count} questions are too few; at least {BATCH:,} were expected")
    begin = time.perf_counter()
    config = SynthesisConfig(seed=seed, unanswerable_share=0.4)  # half of these ask for a field that nobody stores
    data = asked(material, config, "train", count)
    bags = [features(question, name) for question, name, _ in data]
    counts = Counter(feature for bag in bags for feature in set(bag))
    model = BagOfWords(sorted(feature for feature, seen in counts.items() if seen >= FEWEST))
    fit(model, bags, torch.tensor([choice for *_, choice in data]), random.Random(seed), progress)
    card = {
        "format": FORMAT,
        "task": TASK,
        "choices": list(CHOICES),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "training": {"num_datapoints": count, "seed": seed, "epochs": EPOCHS},
        "data_hash": material.digest,
        "commit": git_commit(),
        "hardware": hardware(torch.device("cpu")),
        "seconds": round(time.perf_counter() - begin, 1),
        "metrics": {phrasings: accuracy(model, material, phrasings, seed) for phrasings in ("known", "held-out")},
    }
    return model, card


def fit(model: BagOfWords, bags: list[list[str]], choices: Tensor, rng: random.Random, progress: bool) -> None:
    """Minimise the cross-entropy with Adam, a few times over all questions."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    order = list(range(len(bags)))
    for _ in tqdm(range(EPOCHS), "bag of words", mininterval=1, disable=not progress):
        rng.shuffle(order)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            kept = [[feature for feature in bags[row] if rng.random() >= DROPPED] for row in batch]
            loss = F.cross_entropy(model(kept), choices[batch]) + DECAY * model.scores.weight.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: BagOfWords, material: Material, phrasings: str, seed: int) -> float:
    """The share of validation questions whose field, or <none>, the model finds."""
    data = asked(material, SynthesisConfig(seed=seed), "validation", VALIDATION, phrasings=phrasings)
    best = model.log_probs([question for question, _, _ in data], [name for _, name, _ in data]).argmax(dim=-1)
    return round(float((best == torch.tensor([choice for *_, choice in data])).float().mean()), 4)


def save_bag_of_words(path: str | Path, model: BagOfWords, card: dict) -> None:
    """Write weights and vocabulary as one safetensors file, and the card as JSON beside it."""
    words = "\n".join(model.rows).encode()
    vocabulary = torch.frombuffer(bytearray(words), dtype=torch.uint8)
    save_tensors(path, dict(model.named_parameters()) | {"vocabulary": vocabulary}, card)
    save_card(path, card)


@threads()
def load_bag_of_words(path: str | Path) -> BagOfWords:
    """Read what save_bag_of_words wrote; it stays on the CPU, which adds up a few rows sooner than it could send them.

    Raises:
        InputError: no such file, a damaged one, or one for other fields than a Person has.
    """
    tensors, card = load_tensors(path)
    try:
        if card["task"] != TASK or card["format"] != FORMAT:
            raise ValueError("it is no bag of words")
        if card["choices"] != list(CHOICES):
            raise ValueError("made for other fields")
        vocabulary = bytes(tensors.pop("vocabulary").tolist()).decode().split("\n")
        model = BagOfWords(vocabulary)
        model.load_state_dict(tensors)
        if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
            raise ValueError("weights that are no numbers")
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the checkpoint {path} does not fit this program ({reason}): train a new one with 'momem words'"
        ) from None
    return model.eval()
