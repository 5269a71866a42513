"""Notebook 12's exercises: each typical wrong answer is told what is wrong."""

import re

import pytest
import torch

from momem_lib.course.nb12.exercises import check_choose, check_clearly_faster, check_food, check_may_look, try_food


def right_mask(real):
    """A solution: everybody may look at what is real."""
    return real[:, None, :].expand(-1, real.shape[1], -1)


@pytest.mark.parametrize(
    ("may_look", "message"),
    [
        (lambda real: None, "it returns None"),
        (lambda real: "all", "a tensor was expected"),
        (lambda real: real, "(B, T, T), here (2, 3, 3)"),
        (lambda real: right_mask(real).float(), "True and False were expected"),
        (lambda real: ~right_mask(real), "everybody may look at everybody"),
        (lambda real: real[:, :, None] | real[:, None, :], "only the pair of two paddings is shut out"),
        (lambda real: real[:, :, None].expand(-1, -1, 3), "columns are who is looked at"),
        (lambda real: right_mask(real) & torch.eye(3).bool() | real.all(1)[:, None, None], "look at each other"),
        (lambda real: real[:, :, None] & real[:, None, :], "a row without any True gives NaN"),
    ],
)
def test_wrong_masks_are_told_what_is_wrong(may_look, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_may_look(may_look)


def faster(ours, theirs):
    """A solution."""
    never = float("inf")
    slowest = max(never if steps is None else steps for steps in ours)
    return slowest < min(never if steps is None else steps for steps in theirs)


def by_mean(ours, theirs):
    """Compares means, and takes never for a large number."""
    ours, theirs = ([1e9 if steps is None else steps for steps in some] for some in (ours, theirs))
    return sum(ours) / len(ours) < sum(theirs) / len(theirs)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (lambda ours, theirs: None, "it returns None"),
        (lambda ours, theirs: 1, "True or False was expected"),
        (lambda ours, theirs: min(s or 9999 for s in ours) < min(s or 9999 for s in theirs), "took 300"),
        (by_mean, "one seed of ours took 300"),
        (lambda ours, theirs: max(s or 9999 for s in ours) <= min(s or 9999 for s in theirs), "not faster"),
        (lambda ours, theirs: max(s or 0 for s in ours) < min(s or 0 for s in theirs), "None means never"),
        (lambda ours, theirs: max(ours) < min(theirs), "TypeError"),
    ],
)  # fmt: skip
def test_wrong_comparisons_are_told_what_is_wrong(way, message):
    if message == "TypeError":
        with pytest.raises(TypeError):
            check_clearly_faster(way)
        return
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_clearly_faster(way)


def choose(probs, threshold):
    """A solution."""
    total = sum(probs.values())
    best = max(probs, key=probs.get)
    return best if total and probs[best] / total >= threshold else None


@pytest.mark.parametrize(
    ("way", "message"),
    [
        (lambda probs, threshold: max((p, c or "") for c, p in probs.items())[1] or "none", "'none' is the likeliest"),
        (lambda probs, threshold: next(iter(probs)), "'none' is the likeliest"),
        (lambda probs, threshold: max(probs, key=probs.get), "less than the threshold"),
        (lambda probs, threshold: next((c for c, p in probs.items() if p >= threshold), None), "three quarters"),
    ],
)
def test_wrong_choices_are_told_what_is_wrong(way, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_choose(way)


class Food:
    """A solution."""

    def content(self, person, food):
        return f"{person.content} Favourite food: {food};"

    def examples(self, name, food):
        asked = ("What does {} like to eat?", "What is {}'s favourite food?", "{}'s favourite dish?")
        return [
            {"question": question.format(name), "name": name, "summary": f"Favourite food: {food}" if food else None,
             "response": f"{name} loves {food}." if food else None}
            for question in asked
        ]  # fmt: skip

    def migrate(self, database):
        if "food" not in [row[1] for row in database.execute("PRAGMA table_info(people)")]:
            database.execute("ALTER TABLE people ADD COLUMN food TEXT NOT NULL DEFAULT ''")

    def remember(self, database, name, food):
        database.execute("UPDATE people SET food = ? WHERE name = ?", (food, name))

    def look_up(self, database, name):
        row = database.execute("SELECT food FROM people WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None


def but(**methods):
    """The solution with some methods replaced."""
    return type("Other", (Food,), methods)


def row_with(**changes):
    """Examples with something changed in each."""
    return lambda self, name, food: [row | changes for row in Food.examples(self, name, food)]


def rebuilt(self, database):
    """Makes the table anew."""
    database.execute("DROP TABLE people")
    database.execute("CREATE TABLE people (name TEXT PRIMARY KEY, occupation TEXT, location TEXT, food TEXT)")


@pytest.mark.parametrize(
    ("food", "message"),
    [
        (but(content=lambda self, person, food: None), "the text of a record was expected"),
        (but(content=lambda self, person, food: f"Favourite food: {food}; {person.content}"), "must begin with"),
        (but(content=lambda self, person, food: f"{person.content} Food: {food};"), "' Favourite food: plov;'"),
        (but(content=lambda self, person, food: Food.content(self, person, food.split(";")[0])), "may hold anything"),
        (but(examples=lambda self, name, food: []), "must return a list of dicts"),
        (but(examples=lambda self, name, food: ["x"]), "a dict with question"),
        (but(examples=lambda self, name, food: [{"question": "?"}]), "an example lacks name"),
        (but(examples=row_with(question="What do you eat?")), "does not hold the name"),
        (but(examples=row_with(name="Jo")), "what Module 0 must write"),
        (but(examples=row_with(question="Does Jo Doe like plov?")), "gives the answer away"),
        (but(examples=row_with(question="What does Jo Doe eat?")), "1 different questions"),
        (but(examples=row_with(summary="plov")), "'Favourite food: plov' was expected"),
        (but(examples=row_with(response="Jo Doe eats.")), "does not hold the food"),
        (but(examples=row_with(response="plov!")), "its gate would object"),
        (but(examples=lambda self, name, food: [row | {"summary": f"Favourite food: {food}"}
                                                for row in Food.examples(self, name, food)]), "nobody knows what Jo"),
        (but(examples=lambda self, name, food: Food.examples(self, name, food) if food else []), "who teaches"),
        (but(migrate=lambda self, database: None), "the column food is missing"),
        (but(migrate=rebuilt), "migrate lost Jo Doe"),
        (but(migrate=lambda self, database: database.execute("ALTER TABLE people ADD COLUMN food TEXT")),
         "give a DEFAULT"),
        (but(remember=lambda self, database, name, food: None), "look_up must find the new food"),
        (but(remember=lambda self, database, name, food: database.execute(
            f"UPDATE people SET food = '{food}' WHERE name = '{name}'")), "hand values over as parameters"),
        (but(remember=lambda self, database, name, food: Food.remember(self, database, name, food.replace("'", ""))),
         "letter by letter"),
        (but(look_up=lambda self, database, name: Food.look_up(self, database, name) or ""), "must return None"),
        (but(migrate=lambda self, database: database.execute(
            "ALTER TABLE people ADD COLUMN food TEXT NOT NULL DEFAULT ''")), "a second migrate"),
    ],
)  # fmt: skip
def test_wrong_fields_are_told_what_is_wrong(food, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_food(food)


def test_solutions_pass():
    check_may_look(right_mask)
    check_clearly_faster(faster)
    check_choose(choose)
    check_food(Food)


def test_the_readers_field_can_be_tried():
    said = try_food(Food(), steps=1)
    assert said[0][0] == "What does Jo Doe like to eat?" and len(said) == 3
