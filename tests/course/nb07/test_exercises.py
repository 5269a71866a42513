"""Notebook 07's exercises: each typical wrong answer is told what is wrong."""

import re

import pytest

from momem_lib.course.nb07.exercises import check_best_span, check_loss_mask, check_scores, check_trap
from momem_lib.system.gates import word_spans


def right_example(prompt, target):
    """A solution."""
    return prompt + target[:-1], [None] * len(prompt) + target[1:], [0] * len(prompt) + [1] * (len(target) - 1)


def changed(read=None, labels=None, counts=None):
    """The solution with one of its lists made by another rule."""

    def make(prompt, target):
        rules, right = (read, labels, counts), right_example(prompt, target)
        return tuple(rule(prompt, target) if rule else part for rule, part in zip(rules, right, strict=True))

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda prompt, target: prompt + target, "three lists were expected"),
        (changed(read=lambda p, t: p + t), "it reads </tag> too"),
        (changed(read=lambda p, t: t[:-1]), "the prompt and then the target was expected"),
        (changed(labels=lambda p, t: t[1:]), "one for each"),
        (changed(labels=lambda p, t: p + t[:-1]), "shift by one"),
        (changed(counts=lambda p, t: [1] * (len(p + t) - 1)), "the prompt counts"),
        (changed(labels=lambda p, t: (p + t)[1:], counts=lambda p, t: [0] * (len(p) - 1) + [1] * len(t)),
         "<tag> is always given"),
        (changed(counts=lambda p, t: [0] * len(p) + [1] * (len(t) - 2) + [0]), "not all of the target counts"),
        (changed(labels=lambda p, t: [None] * len(p) + t[1:-1] + ["<pad>"]), "the labels that count are"),
    ],
)  # fmt: skip
def test_wrong_masks_are_told_what_is_wrong(make, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_loss_mask(make)


def right_scores(wanted, wrote):
    """A solution."""
    right = sum(a is not None and a == b for a, b in zip(wanted, wrote, strict=True))
    written, there = (sum(name is not None for name in names) for names in (wrote, wanted))
    return (right / written if written else 1.0), (right / there if there else 1.0)


def naive_scores(wanted, wrote):
    """Divides by zero where there is nothing."""
    right = sum(a is not None and a == b for a, b in zip(wanted, wrote, strict=True))
    return right / sum(b is not None for b in wrote), right / sum(a is not None for a in wanted)


def silent_hits(wanted, wrote):
    """Counts a right silence as a right name."""
    right = sum(a == b for a, b in zip(wanted, wrote, strict=True))
    return (right / max(1, sum(b is not None for b in wrote))), right / max(1, sum(a is not None for a in wanted))


def accuracy(wanted, wrote):
    """The share of rows that agree, twice."""
    same = sum(a == b for a, b in zip(wanted, wrote, strict=True)) / len(wanted)
    return same, same


def careless(wanted, wrote):
    """Takes no notice of capitals."""
    return right_scores([a and a.lower() for a in wanted], [b and b.lower() for b in wrote])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (lambda wanted, wrote: 0.5, "return precision, recall"),
        (accuracy, "the share of rows that agree"),
        (lambda wanted, wrote: right_scores(wanted, wrote)[::-1], "the two are swapped"),
        (naive_scores, "a share of nothing is 1.0 here"),
        (silent_hits, "a right silence is counted as a right name"),
        (careless, "a capital is another letter"),
    ],
)
def test_wrong_scores_are_told_what_is_wrong(scores, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_scores(scores)


@pytest.mark.parametrize(
    ("trap", "message"),
    [
        ("Where does Jo live?", "a pair of texts was expected"),
        (("Where does Jo live?", "Ann"), "does not stand in the question"),
        (("Where does Joanna live?", "Jo"), "as whole words"),
        (("Where does Jo live? " + "a" * 300, "Jo"), "has more than 200 bytes"),
        (("Anna Anna", "Anna Anna"), "a question needs words beside the name"),
        (("Where does Jo Smith live?", "Jo Smith"), "make it harder"),
    ],
)
def test_what_is_no_trap_is_told_so(trap, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_trap(trap)


def spans(text, longest=5):
    """The candidates of a solution."""
    words = text.split()
    runs = [" ".join(words[a:b]).rstrip("?!.,") for a in range(len(words)) for b in range(a + 1, a + longest + 1)]
    return list(dict.fromkeys([None, *runs, *(run.removesuffix("'s") for run in runs)]))


@pytest.mark.parametrize(
    ("best", "message"),
    [
        (lambda text, chance: max(text.split(), key=chance), "never asks about None"),
        (lambda text, chance: max([None, *text.split()], key=chance), "a run of two words"),
        (lambda text, chance: max(spans(text, 2), key=chance), "names may have five words"),
        (lambda text, chance: max([None, *word_spans(text.replace("?", "#"), 5)], key=chance), "signs at the end"),
        (lambda text, chance: max([s for s in spans(text) if s is None or s + "'s" not in text], key=chance),
         "the 's behind a name"),
        (lambda text, chance: max(spans(text), key=lambda span: chance(span) - 5 * (span is None)), "nobody may be"),
        (lambda text, chance: max(dict.fromkeys([*spans(text), *re.split("[-' ]", text)]), key=chance),
         "no parts of words"),
        (lambda text, chance: max([*spans(text), "Jo Oslo"], key=chance), "words that stand apart"),
        (lambda text, chance: max([*spans(text), None], key=chance), "the same text twice"),
    ],
)  # fmt: skip
def test_wrong_spans_are_told_what_is_wrong(best, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_best_span(best)


def test_solutions_pass():
    check_loss_mask(right_example)
    check_scores(right_scores)
    check_best_span(lambda text, chance: max(spans(text), key=chance))
    check_trap(("Is Will there?", "Will"))
