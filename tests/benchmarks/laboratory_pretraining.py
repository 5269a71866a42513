"""Experiment (d) of notebook 12: an encoder is pre-trained, and then frozen or not while the rest is fine-tuned."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from math import log2
from random import Random
from time import process_time

import torch
from torch import Tensor

from momem_lib.course.nb12 import SMALL_FIELDS, short_lists, small_config
from momem_lib.data.scripts import pick
from momem_lib.data.tasks import TASKS, encode_source
from momem_lib.nn.inputs import pad
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.training.batches import batch_stream, tokenize
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer, cross_entropy, module_loss

CPU, HIDDEN = torch.device("cpu"), 0  # what stands for a hidden byte: no text holds it
# What people may have written about themselves: the words around a value tell its kind, and nothing is labelled.
SENTENCES = {
    "Occupation": ("i work as a {}", "my trade is {}", "they hired a {} today", "{} is my job all day"),
    "Lives in": ("i live in {}", "my home is {}", "the train goes to {}", "{} is far from here"),
    "Hobbies": ("i enjoy {}", "my hobby is {}", "after work we go for {}", "{} is great fun"),
}
KINDS = {"Occupation": "job", "Lives in": "home", "Hobbies": "fun"}
READS = ("embedding", "ngrams", "encoder", "encoder_norm")  # what is pre-trained: all that reads the source


def values_of(split: str) -> dict[str, list[str]]:
    """The values of each label in small letters, so that no capital tells their kind; none stands under two labels."""
    lists = {label: {text.lower() for text in short_lists(split)[label]} for label in SMALL_FIELDS}
    count = Counter(text for texts in lists.values() for text in texts)
    return {label: sorted(text for text in texts if count[text] == 1) for label, texts in lists.items()}


def sentences(seed: int) -> Iterator[str]:
    """The text to pre-train on, for ever: sentences with the values of the training split.

    Example:
        >>> all(isinstance(text, str) and len(text) > 8 for text in islice(sentences(0), 9))
        True
    """
    rng, values = Random(f"text|{seed}"), values_of("train")
    while True:
        label = pick(rng, SMALL_FIELDS)
        yield pick(rng, SENTENCES[label]).format(pick(rng, values[label]))


def kind_rows(values: dict[str, Sequence[str]], count: int, seed: int) -> list[dict]:
    """So many values of each kind, and the kind to write; what is read is the bare value.

    Example:
        >>> kind_rows({"Lives in": ["oslo"]}, 1, 0)
        [{'question': 'Which kind?', 'name': None, 'summary': 'oslo', 'response': 'home'}]
    """
    rng, rows = Random(f"rows|{seed}"), []
    for label, texts in values.items():
        for text in rng.sample(list(texts), count):
            rows.append({"question": "Which kind?", "name": None, "summary": text, "response": KINDS[label]})
    return rows


def hidden_batches(seed: int, size: int = 32) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Sentences (B, S), where there is a token, and what is hidden: single bytes, or, every other time, whole words."""
    texts, draw, words = sentences(seed), Random(f"hide|{seed}"), False
    while True:
        words = not words
        some = [encode_source(text) for text in islice(texts, size)]
        hidden = []
        for tokens in some:
            gone, hide = [], False
            for place, token in enumerate(tokens):
                begins = place == 1 or tokens[place - 1] == ord(" ") or not words
                hide = (draw.random() < (0.25 if words else 0.12)) if begins else hide and token != ord(" ")
                gone.append(hide and token < 256)
            hidden.append(gone)
        tokens, seen = pad(some)
        yield tokens, seen, pad(hidden)[0].eq(1) & seen


def hidden_loss(model: Transformer, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """The mean surprise at the hidden bytes, in nats a byte (Devlin et al. 2019, arXiv:1810.04805, section 3.1)."""
    tokens, seen, hidden = batch
    return cross_entropy(model.plain(model.encode(tokens.where(~hidden, HIDDEN), seen)), tokens, hidden)


def single_holes(texts: Sequence[str]) -> Iterator[tuple[list[int], int]]:
    """Each text with one byte to guess: its tokens, and the place."""
    draw = Random("holes")
    for text in texts:
        tokens = encode_source(text)
        yield tokens, draw.randrange(1, len(tokens) - 1)


@torch.inference_mode()
def bits_of_encoder(model: Transformer, texts: Sequence[str]) -> float:
    """The mean surprise at one hidden byte a text, in bits, with all other bytes given."""
    holes = list(single_holes(texts))
    tokens, seen = pad([tokens for tokens, _ in holes])
    hidden = torch.zeros_like(seen)
    hidden[torch.arange(len(holes)), torch.tensor([place for _, place in holes])] = True
    return hidden_loss(model.eval(), (tokens, seen, hidden)).item() / torch.log(torch.tensor(2.0)).item()


def bits_of_neighbours(texts: Sequence[str], learned: Sequence[str]) -> float:
    """The same for counts of the byte before and the byte after: a bigram from both sides, mixed with single bytes."""
    between, alone = Counter(), Counter()
    for text in learned:
        tokens = encode_source(text)
        between.update(zip(tokens, tokens[2:], tokens[1:], strict=False))
        alone.update(tokens)
    pairs = Counter()
    for (before, after, _), count in between.items():
        pairs[before, after] += count
    bits = 0.0
    for tokens, place in single_holes(texts):
        before, byte, after = tokens[place - 1 : place + 2]
        single = (alone[byte] + 1) / (alone.total() + 268)
        bits -= log2((between[before, after, byte] + single) / (pairs[before, after] + 1))
    return bits / len(texts)


def kinds_found(model: Transformer, rows: Sequence[dict]) -> float:
    """The share of values whose kind is written, letter by letter: 0 to 1."""
    module = Module(TASKS["response"], model.eval())
    sources, prompts, targets = zip(*(module.task.texts(row) for row in rows), strict=True)
    written = module.write(prompts, sources)
    return sum(one.text == target for one, target in zip(written, targets, strict=True)) / len(rows)


def run_of(steps: int, seed: int, batch_size: int = 32) -> Trainer:
    """A fresh small Module 3 without a copy head, and its trainer."""
    shape = {"copy_from": "none", "ngram_rows": 2048}
    changes = shape | {"max_global_steps": steps, "seed": seed, "batch_size": batch_size}
    return Trainer(small_config("response", **changes), CPU)


def pretrained(steps: int, seed: int) -> tuple[Transformer, float]:
    """A model whose encoder has read sentences with holes in them, and the CPU time that this took, in s."""
    trainer, begin = run_of(steps, seed), process_time()
    fit(trainer, hidden_batches(seed), hidden_loss, steps, disable=True)
    return trainer.model, process_time() - begin


def reading_part(model: Transformer) -> dict[str, Tensor]:
    """The weights that read the source."""
    return {name: weight for name, weight in model.state_dict().items() if name.split(".")[0] in READS}


def begun(steps: int, seed: int, weights: dict[str, Tensor] | None = None, frozen: bool = False) -> Trainer:
    """What is fine-tuned: from given weights of the reading part, or from none; that part frozen, or not."""
    trainer = run_of(steps, seed, batch_size=16)
    if weights:
        trainer.model.load_state_dict(weights, strict=False)
    for name, weight in trainer.model.named_parameters():
        weight.requires_grad_(not (frozen and name.split(".")[0] in READS))
    return trainer


def fine_tuned(trainer: Trainer, rows: Sequence[dict], exams: dict[str, Sequence[dict]], every: int) -> list[dict]:
    """Train on labelled rows; what the exams said on the way, and the CPU time so far, theirs left out."""
    config, points, begin, exam_time = trainer.config, [], process_time(), 0.0

    def measure(trainer: Trainer) -> None:
        nonlocal exam_time
        stopped = process_time()
        found = {name: round(kinds_found(trainer.model, exam), 4) for name, exam in exams.items()}
        points.append({"step": trainer.step, "seconds": round(stopped - begin - exam_time, 2)} | found)
        trainer.model.train()
        exam_time += process_time() - stopped

    batches = batch_stream(tokenize(TASKS["response"], rows, config.model.context_window), 16, config.seed)
    fit(trainer, batches, module_loss, config.max_global_steps, every, measure, disable=True)
    return points


def texts_and_rows(labelled: int, exam_rows: int) -> tuple[list[dict], dict[str, list[dict]]]:
    """Labelled rows, and two exams of other values: those that the unlabelled text held, and those that it did not."""
    met = values_of("train")
    rows = kind_rows(met, labelled, 0)
    used = {row["summary"] for row in rows}
    others = {label: [text for text in texts if text not in used] for label, texts in met.items()}
    taken, late = {text for texts in met.values() for text in texts}, (values_of("validation"), values_of("test"))
    new = {label: sorted({*late[0][label], *late[1][label]} - taken) for label in met}
    few = min(exam_rows, *map(len, new.values()))
    return rows, {"met": kind_rows(others, exam_rows, 1), "new": kind_rows(new, few, 2)}


WAYS = {
    "pre-trained, frozen": {"given": True, "frozen": True},
    "pre-trained, unfrozen": {"given": True},
    "from scratch": {},
    "random, frozen": {"frozen": True},
}


def pretraining_experiment(
    before: int = 800, steps: int = 120, every: int = 40, seeds: Sequence[int] = (0, 1, 2),
    labelled: int = 20, exam_rows: int = 40, texts: int = 400,
) -> dict:  # fmt: skip
    """(d): each way to begin, at equal steps; from scratch also for as many steps as take the pre-training's time too.

    Args:
        before: steps of the pre-training. labelled: values of each kind to fine-tune on. texts: to measure bits on.
    """
    rows, exams = texts_and_rows(labelled, exam_rows)
    held_out, learned = list(islice(sentences(10**6), texts)), list(islice(sentences(0), 50 * texts))
    results: dict = {"before": before, "steps": steps, "labelled": len(rows), "runs": []}
    results |= {"pretrained": list(WAYS)[:2], "encoders": []}
    results["neighbours"] = round(bits_of_neighbours(held_out, learned), 3)
    for seed in seeds:
        model, spent = pretrained(before, seed)
        bits = round(bits_of_encoder(model, held_out), 3)
        results["encoders"].append({"seed": seed, "seconds": round(spent, 1), "bits": bits})
        for way, how in WAYS.items():
            weights = reading_part(model) if how.get("given") else None
            done = fine_tuned(begun(steps, seed, weights, how.get("frozen", False)), rows, exams, every)
            results["runs"].append({"way": way, "seed": seed, "points": done})
            if way == "from scratch":
                longer = round(steps * (1 + spent / done[-1]["seconds"]))
                done = fine_tuned(begun(longer, seed), rows, exams, longer)
                results["runs"].append({"way": "from scratch, as long in all", "seed": seed, "points": done})
    return results
