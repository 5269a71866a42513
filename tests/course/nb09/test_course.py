"""What notebook 09 stands on: other right answers, records without values, a choice that is trained and read off."""

import math
from functools import cache

import pytest
import torch
import torch.nn.functional as F

from momem_lib.course.nb09.choosing import (
    NONE,
    OTHERS,
    RECIPE,
    WINDOW,
    bare_rows,
    label_in,
    learned_words,
    letter_runs,
    pointed,
    train_choice,
    without_values,
)
from momem_lib.course.nb09.parts import JO, MARKS, PARTS, readings
from momem_lib.course.shared.judging import RIGHT, judge
from momem_lib.data.records import Record
from momem_lib.data.tasks import TASKS
from momem_lib.training.batches import tokenize
from momem_lib.training.trainer import module_loss

# Right answers of another kind than the folded solutions


def by_loops(spans):
    """The record's mask, square by square."""
    pairs = [(a, b) for a in spans.tolist() for b in spans.tolist()]
    rule = [a // 2 == b // 2 if a % 2 else b % 2 == 0 for a, b in pairs]
    return torch.tensor(rule).view(len(spans), len(spans))


def by_steps(spans, written):
    """What is seen, step by step."""
    rows, everything = [], False
    for token in written:
        everything = everything or token == ord(":")
        rows.append([bool(everything) or span % 2 == 0 for span in spans.tolist()])
    return torch.tensor(rows)


@cache
def remembered(text, marks):
    """All readings as tuples, of which each text is read once."""
    if not marks:
        return ((text,),)
    places = [place for place in range(len(text)) if text.startswith(marks[0], place)]
    return tuple(
        (text[:place], *more) for place in places for more in remembered(text[place + len(marks[0]) :], marks[1:])
    )


def by_softmax(scores, threshold):
    """A choice by PyTorch's softmax."""
    shares = torch.tensor(list(scores.values()), dtype=torch.float64).softmax(0)
    best = int(shares.argmax())
    return list(scores)[best] if shares[best] >= threshold else NONE


def counted(wanted, chosen, names):
    """A confusion matrix as a tensor of floats."""
    table = torch.zeros(len(names), len(names))
    for row, column in zip(wanted, chosen, strict=True):
        table[names.index(row), names.index(column)] += 1
    return table


@pytest.mark.parametrize(
    ("id", "answer"),
    [
        ("09.1", by_loops),
        ("09.1", lambda spans: ((spans % 2)[None] == 0) & (spans % 2 == 0)[:, None]
            | (spans % 2 == 1)[:, None] & (spans // 2 == spans[:, None] // 2)),
        ("09.2", by_steps),
        ("09.3", lambda question, label: sum(max(float(a @ b) for b in question) for a in label) / len(label)),
        ("09.4", lambda label, labels: tuple(
            n for n in range(len(label)) if any(x[:n] == label[:n] and x[n] != label[n] for x in labels))),
        ("09.5", lambda choice, facts: F.cross_entropy(choice, facts)),
        ("09.5", lambda choice, facts: -sum(row[fact] for row, fact in zip(choice, facts, strict=True)) / len(facts)),
        ("09.6", lambda recipe, others: [{**recipe, key: others[key]} for key in others]),
        ("09.7", counted),
        ("09.8", by_softmax),
        ("09.a", lambda text: [list(one) for one in remembered(
            text.removeprefix("Name: ").removesuffix(";"), MARKS)][::-1]),
    ],
)  # fmt: skip
def test_other_right_answers_are_right(id, answer):
    judge(id, answer)
    assert RIGHT[id]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda choice, facts: -choice.gather(1, facts[:, None]).mean().item(), "where (tensor("),
        (lambda choice, facts: -choice.detach().gather(1, facts[:, None]).mean(), "nothing can be learned"),
        (lambda choice, facts: -choice.gather(1, facts[:, None]), "where (tensor("),
    ],
)
def test_a_loss_that_nothing_can_be_learned_from_is_told_so(answer, words, capsys):
    judge("09.5", answer)
    assert not RIGHT["09.5"] and words in capsys.readouterr().out


def test_all_readings_of_a_record_make_its_text_again():
    for (text,) in PARTS["09.a"].cases:
        for name, *values in readings(text):
            assert Record(name, tuple(zip(JO.labels, values, strict=True))).content == text


# Records without values, and what is trained on them


def test_a_row_without_values_asks_the_same_question():
    row = {"question": "Where?", "name": "Jo", "label": "Lives in", "value": "Oslo", "summary": "Lives in: Oslo",
           "record": {"name": "Jo", "Lives in": "Oslo", "Job": "Nurse"}}  # fmt: skip
    bare = without_values(row)
    assert bare["record"] == {"name": "x", "Lives in": "x", "Job": "x"}
    assert (bare["summary"], bare["question"], bare["name"]) == ("Lives in: x", "Where?", "Jo")
    assert without_values(row | {"summary": None})["summary"] is None


@pytest.fixture(scope="module")
def rows():
    """A few rows without values."""
    return bare_rows(6)


def test_rows_without_values_fit_their_window(rows):
    assert len(tokenize(TASKS["summary"], rows, WINDOW)) == len(rows)
    assert {label_in(row["summary"]) for row in rows} <= {NONE, *(label for row in rows for label in row["record"])}


@pytest.mark.parametrize("changes", [{}, *({key: value} for key, value in OTHERS.items())], ids=str)
def test_each_recipe_trains_and_only_the_fit_is_switched_off(rows, changes):
    seen = []

    def loss_of(model, batch, weight):
        seen.append(weight)
        return module_loss(model, batch, weight)

    module, losses = train_choice(RECIPE | changes, rows, loss_of, 2, device="cpu")
    assert len(losses) == 2 and all(map(math.isfinite, losses))
    assert seen == [(RECIPE | changes)["choice_loss"]] * 2
    pointer = module.model.pointer
    assert bool(pointer.alike.abs().sum() + pointer.trust.abs() > 0) == ("label_fit" not in changes)


def test_the_pointer_gives_each_label_of_a_record_a_share_and_none_too(rows):
    module, _ = train_choice(RECIPE, rows, module_loss, 1, device="cpu")
    records, prompts, _ = zip(*map(module.task.texts, rows), strict=True)
    for record, scores in zip(records, pointed(module, prompts, records, batch_size=4), strict=True):
        assert list(scores) == [NONE, *record.labels]
        assert sum(map(math.exp, scores.values())) == pytest.approx(1, abs=1e-3)
    words = learned_words(module, "Lives in")
    torch.testing.assert_close(words.norm(dim=-1), torch.ones(2))


def test_runs_of_letters_are_alike_only_where_they_are_equal():
    assert letter_runs("Room").shape == (4, 1024)
    assert (letter_runs("Key number") @ letter_runs("key NUMBER").T).trace() == len(letter_runs("Key number"))
    assert label_in("Home: here: there") == "Home"
