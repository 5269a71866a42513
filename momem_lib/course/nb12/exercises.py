"""Checkers of notebook 12's exercises: each asserts, and says what is wrong; and the last exercise tried out."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from random import Random

import torch

from momem_lib.course.nb12.rows import short_content, short_people, short_rows
from momem_lib.course.nb12.small import small_config, train_watched
from momem_lib.data.records import Person
from momem_lib.data.tasks import TASKS
from momem_lib.nn.module import Module

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
OLD_TABLE = "CREATE TABLE people (name TEXT PRIMARY KEY, occupation TEXT NOT NULL, location TEXT NOT NULL)"
NASTY = "fish'); DROP TABLE people; --"
STARTS, ENDS = ("pi", "ko", "ra", "fu", "te", "sam", "cur", "noo"), ("zza", "ri", "men", "fu", "bo", "lash", "ge", "li")
ASKED = (("Jo Doe", "plov"), ("Amina Hassan", "chapati"), ("Zoe Lind", ""))  # the last one's food is unknown


def check_may_look(may_look: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """12.1: who may look at whom when some positions are padding: (B, T) real -> (B, T, T)."""
    real = torch.tensor([[True, True, False], [True, True, True]])
    said = may_look(real)
    assert said is not None, "it returns None: the mask must come back with return"
    assert isinstance(said, torch.Tensor), f"it returns {type(said).__name__}: a tensor was expected"
    assert said.shape == (2, 3, 3), f"its shape is {tuple(said.shape)}: (B, T, T), here (2, 3, 3), was expected"
    assert said.dtype == torch.bool, f"it holds {said.dtype}: True and False were expected"
    assert bool(said[1].all()), "in a row without padding everybody may look at everybody"
    looker = said[0, :2]  # the real positions of the row with padding
    pad_to_pad = bool(looker[:, 2].all()) and bool(said[0, 2, :2].all()) and not bool(said[0, 2, 2])
    assert not pad_to_pad, (
        "real positions may look at the padding: only the pair of two paddings is shut out, as in experiment (b)"
    )
    assert not bool(looker[:, 2].any()), (
        "a real position may look at padding: rows are who looks, columns are who is looked at"
    )
    assert bool(looker[:, :2].all()), "real positions must be able to look at each other"
    assert bool(said[0, 2, :2].all()), (
        "the padding's own row is shut as well: nobody reads what it gathers, but a row without any True gives NaN "
        "in a plain softmax: let it look at the real ones"
    )


def check_clearly_faster(clearly_faster: Callable[[list, list], bool]) -> None:
    """12.2: is one way clearly faster, over all seeds? Steps to the mark; None: never reached."""
    for ours, theirs, right, why in (
        ([100, 125], [200, 225], True, "the slowest of ours is faster than the fastest of theirs"),
        ([100, 125, 300], [200, 225, 250], False, "one seed of ours took 300 steps, longer than all of theirs"),
        ([100], [100], False, "the same is not faster"),
        ([100, 125], [150, None], True, "None means never: slower than any number"),
        ([100, None], [150, 175], False, "one of ours never got there"),
        ([None, None], [None, None], False, "nobody got there"),
        ([150, 175], [None, None], True, "all of ours got there, and none of theirs"),
    ):
        said = clearly_faster(list(ours), list(theirs))
        assert said is not None, "it returns None: True or False must come back with return"
        assert isinstance(said, bool), f"it returns {said!r}: True or False was expected"
        assert said == right, f"for {ours} against {theirs} it says {said}: {why}"


def check_choose(choose: Callable[[dict, float], str | None]) -> None:
    """12.3: constrained decoding that may still say nothing: candidate -> probability, and a threshold."""
    for probs, threshold, right, why in (
        ({"Lives in: Oslo": 0.6, "Hobbies: chess": 0.1, None: 0.02}, 0.5, "Lives in: Oslo", "the likeliest by far"),
        ({"Lives in: Oslo": 0.02, "Hobbies: chess": 0.01, None: 0.6}, 0.5, None, "'none' is the likeliest candidate"),
        ({"Lives in: Oslo": 0.03, "Hobbies: chess": 0.02, None: 0.01}, 0.6, None,
         "among the candidates it has 0.03 of 0.06, which is half, and less than the threshold"),
        ({"Lives in: Oslo": 0.03, "Hobbies: chess": 0.01, None: 0.0}, 0.6, "Lives in: Oslo",
         "among the candidates it has 0.03 of 0.04: a share of three quarters"),
        ({None: 0.4}, 0.1, None, "nothing else may be said"),
        ({"Lives in: Oslo": 0.0, None: 0.0}, 0.5, None, "all candidates are impossible: nothing to divide by"),
    ):  # fmt: skip
        said = choose(dict(probs), threshold)
        assert said == right, f"for {probs} and the threshold {threshold} it says {said!r} instead of {right!r}: {why}"


def check_food(food: type) -> None:
    """12.4: the field "Favourite food" in the data, in the examples for the modules, and in the memory."""
    field = food()
    food_data(field)
    food_examples(field)
    food_memory(field)


def food_data(field) -> None:
    """The content: the old record with the new fact behind it."""
    content = field.content(JO, "plov")
    assert isinstance(content, str), f"content returns {content!r}: the text of a record was expected"
    assert content.startswith(JO.content), "content must begin with the record as it was (person.content)"
    wanted = f"{JO.content} Favourite food: plov;"
    assert content == wanted, f"content ends in {content[len(JO.content) :]!r}: ' Favourite food: plov;' was expected"
    tricky = field.content(JO, "fish; Hobbies: chips")
    assert "Favourite food: fish; Hobbies: chips;" in tricky, "a food may hold anything, ';' and labels included"


def food_examples(field) -> None:
    """The examples: several questions, a summary and a response for each, and one without an answer."""
    examples = field.examples("Jo Doe", "plov")
    assert isinstance(examples, list) and examples, "examples must return a list of dicts, one per question"
    for row in examples:
        assert isinstance(row, dict), (
            f"examples holds {row!r}: a dict with question, name, summary, response was expected"
        )
        missing = {"question", "name", "summary", "response"} - set(row)
        assert not missing, f"an example lacks {', '.join(sorted(missing))}"
        assert "Jo Doe" in row["question"], (
            f"the question {row['question']!r} does not hold the name: what would NER find?"
        )
        assert row["name"] == "Jo Doe", f"name is {row['name']!r}: what Module 0 must write is 'Jo Doe'"
        assert "plov" not in row["question"], f"the question {row['question']!r} gives the answer away"
    asked = {row["question"] for row in examples}
    assert len(asked) >= 3, (
        f"{len(asked)} different questions: a module that knows one phrasing knows a sentence, not a field"
    )
    for row in examples:
        assert row["summary"] == "Favourite food: plov", (
            f"summary is {row['summary']!r}: 'Favourite food: plov' was expected"
        )
        assert "plov" in (row["response"] or ""), f"the response {row['response']!r} does not hold the food"
        assert "Jo Doe" in row["response"], (
            f"the response {row['response']!r} does not hold the name: its gate would object"
        )
    for row in field.examples("Jo Doe", ""):
        assert row["summary"] is None and row["response"] is None, (
            "nobody knows what Jo eats (the food is empty): summary and response must be None, so that modules learn "
            "to say that there is no such fact"
        )
    assert field.examples("Jo Doe", ""), "examples for an empty food are missing: who teaches the modules to be silent?"


def old_database() -> sqlite3.Connection:
    """A memory from before the new field, with one person in it."""
    database = sqlite3.connect(":memory:")
    database.execute(OLD_TABLE)
    database.execute("INSERT INTO people VALUES ('Jo Doe', 'Nurse', 'Oslo')")
    return database


def food_memory(field) -> None:
    """The memory: a new column, nobody lost, values that are never taken for SQL."""
    database = old_database()
    field.migrate(database)
    columns = [row[1] for row in database.execute("PRAGMA table_info(people)")]
    assert "food" in columns, f"after migrate the table has {', '.join(columns)}: the column food is missing"
    kept = database.execute("SELECT occupation, location FROM people WHERE name = 'Jo Doe'").fetchall()
    assert kept == [("Nurse", "Oslo")], "migrate lost Jo Doe: add a column (ALTER TABLE), do not make the table anew"
    assert field.look_up(database, "Jo Doe") == "", (
        "somebody from before must have the food '', not None: give a DEFAULT"
    )
    field.remember(database, "Jo Doe", "plov")
    assert field.look_up(database, "Jo Doe") == "plov", "after remember, look_up must find the new food"
    try:
        field.remember(database, "Jo Doe", NASTY)
    except sqlite3.Error as error:
        raise AssertionError(
            f"the food {NASTY!r} raises {error}: hand values over as parameters (?, ?), never inside the SQL text"
        ) from None
    assert field.look_up(database, "Jo Doe") == NASTY, "a food with quotes in it must come back letter by letter"
    assert field.look_up(database, "Nobody") is None, (
        "look_up must return None for somebody whom the memory does not hold"
    )
    try:
        field.migrate(database)
    except sqlite3.Error as error:
        raise AssertionError(f"a second migrate raises {error}: look first whether the column is there") from None


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
        field: with the methods content and examples, as check_food wants them.
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
