"""Experiment (c) of notebook 12: a model that keeps the people in its weights, against a memory that can be written."""

import time
from collections.abc import Sequence
from itertools import islice
from random import Random

from momem_lib.course.nb12 import (
    PHRASINGS,
    SMALL_FIELDS,
    Watched,
    right_share,
    short_lists,
    short_records,
    small_config,
    train_watched,
)
from momem_lib.data.records import Record
from momem_lib.nn.transformer import Transformer
from momem_lib.system.pipeline import Pipeline
from momem_lib.training.trainer import Trainer

# How the modular system is asked; it was trained elsewhere, on wordings of its own.
OPEN_ASKED = {
    "Occupation": "What is {name}'s job?",
    "Lives in": "Where does {name} live?",
    "Hobbies": "What are {name}'s hobbies?",
}
LEARNED = (0, 1, 2)  # the phrasings that the closed-book model learns from; the fourth one is kept for the exam


def closed_rows(people: Sequence[Record], phrasings: Sequence[int] = LEARNED) -> list[dict]:
    """Question in, value out, with no text to copy from: the value stands in the column that a decoder-only writes.

    Example:
        >>> jo = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
        >>> [(row["question"], row["name"]) for row in closed_rows([jo], [0])][1]
        ('Where does Jo Doe live?', 'Oslo')
    """
    return [
        {"question": PHRASINGS[label][number].format(name=person.name), "name": person.value(label)}
        for person in people
        for label in SMALL_FIELDS
        for number in phrasings
    ]


def moved(people: Sequence[Record], seed: int = 0) -> list[Record]:
    """The same people after an edit of all three facts.

    Example:
        >>> jo = Record("Jo Doe", (("Lives in", "Oslo"),))
        >>> moved([jo])[0].name, moved([jo])[0].value("Lives in") != "Oslo"
        ('Jo Doe', True)
    """
    rng, lists = Random(seed), short_lists("train")
    edits = []
    for person in people:
        facts = ((label, rng.choice([text for text in lists[label] if text != old])) for label, old in person.facts)
        edits.append(Record(person.name, tuple(facts)))
    return edits


def closed_config(steps: int, seed: int, width: int):
    """A decoder-only model without a copy head: all that it says must come from its weights."""
    changes = {"embedding_dim": width, "hidden_dim": 4 * width, "copy_from": "none", "prompt_attention": "both"}
    return small_config("ner", max_global_steps=steps, seed=seed, batch_size=32, **changes)


def closed_shares(model: Transformer, groups: dict[str, Sequence[Record]]) -> dict[str, float]:
    """The share of right values for each group of people, in the phrasings that were learned from."""
    return {name: round(right_share(model, "ner", closed_rows(people)), 4) for name, people in groups.items()}


def open_shares(pipeline: Pipeline, groups: dict[str, Sequence[Record]]) -> dict[str, float]:
    """The same for the modular system, one question a fact: right when the response holds the value."""
    shares = {}
    for name, people in groups.items():
        jobs = [(text.format(name=p.name), p.value(label)) for p in people for label, text in OPEN_ASKED.items()]
        answers = pipeline.ask_many([question for question, _ in jobs])
        right = [value in (answer.text or "") for (_, value), answer in zip(jobs, answers, strict=True)]
        shares[name] = round(sum(right) / len(right), 4)
    return shares


def groups_of(count: int, seed: int) -> dict[str, list[Record]]:
    """People who were there from the beginning, half of them edited, and as many newcomers."""
    people = list(islice(short_records("train", seed), 400))
    people = list({person.name.casefold(): person for person in people}.values())[: count + count // 2]
    stay, edited, new = people[: count // 2], people[count // 2 : count], people[count:]
    return {"known": stay, "edited": moved(edited, seed), "added": new, "before the edit": edited}


def closed_book(groups: dict[str, list[Record]], steps: int, more_steps: int, seed: int, width: int) -> dict:
    """Learn the people by heart, then meet newcomers and edits, then learn these alone for some steps more."""
    first = groups["known"] + groups["before the edit"]
    now = {name: groups[name] for name in ("known", "added", "edited")}
    done = train_watched("ner", closed_config(steps, seed, width), closed_rows(first))
    held_out = right_share(done.model, "ner", closed_rows(first, [3]))
    facts = {"learned": closed_shares(done.model, {"all": first})["all"], "held_out": round(held_out, 4)}
    facts["now"] = closed_shares(done.model, now)
    facts["old_answers"] = closed_shares(done.model, {"before": groups["before the edit"]})["before"]
    again = more_training(done, groups["added"] + groups["edited"], more_steps, seed, width)
    facts |= {"after_more": closed_shares(again.model, now), "seconds": round(done.seconds, 1)}
    return facts | {"more_seconds": round(again.seconds, 1), "parameters": done.model.num_parameters()}


def more_training(done: Watched, people: Sequence[Record], steps: int, seed: int, width: int) -> Watched:
    """Train on, on some people alone."""

    def prepare(trainer: Trainer) -> None:
        trainer.model.load_state_dict(done.model.state_dict())

    return train_watched("ner", closed_config(steps, seed, width), closed_rows(people), prepare)


def open_book(groups: dict[str, list[Record]]) -> dict:
    """The modular system: write the people down, then the newcomers and the edits."""
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember(groups["known"] + groups["before the edit"])
    before = open_shares(pipeline, {"all": groups["known"] + groups["before the edit"]})["all"]
    begin = time.perf_counter()
    pipeline.remember(groups["added"])
    for person in groups["edited"]:
        pipeline.memory.replace(person)
    seconds = time.perf_counter() - begin
    now = open_shares(pipeline, {name: groups[name] for name in ("known", "added", "edited")})
    size = sum(module.model.num_parameters() for module in pipeline.modules.values())
    return {"learned": before, "now": now, "write_seconds": round(seconds, 4), "parameters": size}


def closed_book_experiment(
    count: int = 24, steps: int = 300, more_steps: int = 60, seeds: Sequence[int] = (0, 1, 2), width: int = 64
) -> dict:
    """(c): both systems, with the same people."""
    runs = []
    for seed in seeds:
        groups = groups_of(count, seed)
        closed = closed_book(groups, steps, more_steps, seed, width)
        runs.append({"seed": seed, "closed": closed, "open": open_book(groups)})
    facts = {"people": count, "newcomers": count // 2, "edited": count - count // 2}
    return facts | {"steps": steps, "more_steps": more_steps, "runs": runs}
