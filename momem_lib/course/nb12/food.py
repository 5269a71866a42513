"""The last exercise of notebook 12, tried out: a small Module 2 that learns a field of the reader's own."""

from dataclasses import replace
from itertools import islice
from random import Random

from momem_lib.course.nb12.rows import short_content, short_people, short_rows
from momem_lib.course.nb12.small import small_config, train_watched
from momem_lib.data.records import Person
from momem_lib.data.tasks import TASKS
from momem_lib.nn.module import Module

STARTS, ENDS = ("pi", "ko", "ra", "fu", "te", "sam", "cur", "noo"), ("zza", "ri", "men", "fu", "bo", "lash", "ge", "li")
ASKED = (("Jo Doe", "plov"), ("Amina Hassan", "chapati"), ("Zoe Lind", ""))  # the last one's food is unknown


def invented_food(rng: Random) -> str:
    """A food that nobody has ever cooked, so that a module must copy it.

    Example:
        >>> len(invented_food(Random(0))) >= 4
        True
    """
    return rng.choice(STARTS) + rng.choice(ENDS)


def food_rows(field, person: Person, food: str) -> list[dict]:
    """The reader's examples about one person, with a record of the small world that holds the food.

    The reader's content stands on the whole record; the small world needs its own in front, so it is put in its place.
    """
    content = field.content(person, food).replace(person.content, short_content(person), 1)
    return [row | {"content": content, "value": food or None} for row in field.examples(person.name, food)]


def with_food(field, row: dict, food: str) -> dict:
    """A row of the small world whose record has a food too."""
    return row | {"content": food_rows(field, row["person"], food)[0]["content"]}


def try_food(field, steps: int = 250, seed: int = 0) -> list[tuple[str, str | None]]:
    """Train a small Module 2 on old fields and the new one; returns questions about unseen foods and what it writes.

    Args:
        field: with the methods content and examples, as exercises_12.check_food wants them.
    """
    rng, rows = Random(seed), []
    for person in islice(short_people("train", seed), 1500):
        rows.append(rng.choice(food_rows(field, person, invented_food(rng) if rng.random() < 0.8 else "")))
    rows += [with_food(field, row, invented_food(rng)) for row in short_rows(1500, "train", seed)]
    config = small_config("summary", max_global_steps=steps, seed=seed, batch_size=16, num_encoder_blocks=1)
    module = Module(TASKS["summary"], train_watched("summary", config, rows).model)
    people = [
        replace(person, fname=name.split(" ")[0], lname=name.split(" ")[1])
        for person, (name, _) in zip(short_people("test", seed), ASKED, strict=False)
    ]
    exam = [food_rows(field, person, food)[0] for person, (_, food) in zip(people, ASKED, strict=True)]
    _, written = module.exact_match(exam)
    return [(row["question"], result.text) for row, result in written]
