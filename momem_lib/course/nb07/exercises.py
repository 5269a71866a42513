"""Checkers of notebook 07's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence
from math import isclose

from momem_lib.nn.module import Module
from momem_lib.system.gates import tag_gate

LONGEST = 200  # bytes of a question that is meant to trap Module 0


def check_loss_mask(make: Callable[[list, list], tuple[list, list, list]]) -> None:
    """7.1: what the decoder reads, what it must say next, and which of that counts."""
    for prompt, target in (
        (["<prompt>", *"Is Jo in?", "</prompt>"], ["<tag>", *"Jo", "</tag>"]),
        (["<prompt>", *"Hi!", "</prompt>"], ["<tag>", "<none>", "</tag>"]),
    ):
        made = make(list(prompt), list(target))
        assert isinstance(made, tuple) and len(made) == 3, "three lists were expected: return read, labels, counts"
        read, labels, counts = (list(part) for part in made)
        assert read != prompt + target, (
            f"it reads {target[-1]} too, but nothing comes after that: leave the last token of the target out"
        )
        assert read == prompt + target[:-1], f"it reads {read}: the prompt and then the target was expected"
        assert len(labels) == len(counts) == len(read), (
            f"it reads {len(read)} tokens, but there are {len(labels)} labels and {len(counts)} marks: one for each"
        )
        own = [place for place in range(len(prompt), len(read)) if counts[place] and labels[place] == read[place]]
        assert len(own) < len(target) - 1, (
            "each label is the very token that is read: shift by one, the label is the token that comes after it"
        )
        assert not any(counts[: len(prompt) - 1]), (
            "the prompt counts: the module would spend itself on learning to write questions"
        )
        assert not counts[len(prompt) - 1], (
            f"{prompt[-1]} counts, with {target[0]} for a label: but {target[0]} is always given, nobody asks for it"
        )
        assert all(counts[len(prompt) :]), (
            f"not all of the target counts: {target[0]} must be followed by the first letter, and the last letter by "
            f"{target[-1]}, or the module never learns to begin and to stop"
        )
        asked = [label for label, count in zip(labels, counts, strict=True) if count]
        assert asked == target[1:], f"the labels that count are {asked} instead of {target[1:]}"


def check_scores(scores: Callable[[Sequence[str | None], Sequence[str | None]], tuple[float, float]]) -> None:
    """7.2: precision and recall of names, where None stands for no name."""
    for wanted, wrote, right, why in (
        (["Jo", "Ann", None, None], ["Jo", None, "Max", "Mo"], (1 / 3, 1 / 2), "three written, one of them right"),
        (["Jo", None], ["Jo", None], (1.0, 1.0), "all is right"),
        (["Jo", "Ann"], ["jo", "An"], (0.0, 0.0), "letter by letter, and a capital is another letter"),
        (["Jo", None, None], [None, None, None], (1.0, 0.0), "nothing written, so nothing written wrongly"),
        ([None, None], ["Max", None], (0.0, 1.0), "there was no name to miss"),
    ):
        try:
            said = scores(list(wanted), list(wrote))
        except ZeroDivisionError:
            raise AssertionError(f"for {wanted} and {wrote} it divides by 0: a share of nothing is 1.0 here") from None
        assert isinstance(said, tuple) and len(said) == 2, f"it returns {said!r}: return precision, recall"
        if all(isclose(mine, share) for mine, share in zip(said, right, strict=True)):
            continue
        pairs = list(zip(wanted, wrote, strict=True))
        same = sum(a == b for a, b in pairs)
        assert not all(isclose(share, same / len(pairs)) for share in said), (
            f"for {wanted} and {wrote} both are {same / len(pairs):.2f}, the share of rows that agree: divide by how "
            "many names were written, and by how many there were"
        )
        assert not (isclose(said[0], right[1]) and isclose(said[1], right[0])), (
            "the two are swapped: precision comes first, of what was written"
        )
        names = sum(name is not None for name in wrote)
        assert not isclose(said[0], same / max(1, names)) or same == sum(a == b for a, b in pairs if a), (
            f"for {wanted} and {wrote} a right silence is counted as a right name: count pairs that hold a name"
        )
        told = tuple(round(share, 3) for share in said)
        raise AssertionError(f"for {wanted} and {wrote} it says {told} instead of {right}: {why}")


def check_trap(trap: tuple[str, str]) -> None:
    """7.3: a question, and the name in it that Module 0 gets wrong though every person would find it."""
    assert isinstance(trap, tuple) and len(trap) == 2 and all(isinstance(text, str) for text in trap), (
        "a pair of texts was expected: (question, name)"
    )
    question, name = (text.strip() for text in trap)
    assert len(question.encode()) <= LONGEST, f"the question has more than {LONGEST} bytes: a shorter one will do"
    assert name and tag_gate(question, name) is None, (
        f"{name!r} does not stand in the question as whole words, letter by letter: nobody could find it there"
    )
    rest = question.replace(name, "", 1)
    assert sum(letter.isalpha() for letter in rest) >= 6, "ask something: a question needs words beside the name"
    (written,) = Module.load(task="ner", device="cpu").write([question])
    assert written.text != name, f"Module 0 finds {name!r}, {written.confidence:.0%} sure: make it harder"


def check_best_span(best: Callable[[str, Callable[[str | None], float]], str | None]) -> None:
    """7.4: of all runs of whole words, and nothing at all, the one that a module finds likeliest."""
    for question, right, others, why in (
        ("Where does Jo Doe live", "Jo Doe", {"Jo": -2.0, None: -9.0, "Jo live": -0.1}, "a run of two words"),
        ("Who knows Ann Bo Cy Di Ed best", "Ann Bo Cy Di Ed", {"Ann": -3.0}, "names may have five words"),
        ("Who is Ann?", "Ann", {None: -4.0}, "signs at the end of a word are no part of the name"),
        ("Is Jo Doe's dog nice?", "Jo Doe", {"Jo": -5.0}, "neither is the 's behind a name"),
        ("How is the weather today?", None, {"weather": -1.5}, "nobody may be the likeliest of all"),
        ("Where is Mary-Jane O'Hara", "Mary-Jane O'Hara", {"Mary": -0.2, "Hara": -0.2}, "no parts of words"),
        ("Was Jo in Oslo", "Jo", {"Jo Oslo": -0.1, "Oslo": -3.0}, "words that stand apart are no run"),
    ):
        asked: list[str | None] = []
        chances = {right: -0.5} | others

        def log_prob(text, chances=chances, asked=asked):
            assert text is None or isinstance(text, str), f"log_prob was asked about {text!r}: one text, or None"
            asked.append(text)
            return chances.get(text, -20.0)

        said = best(question, log_prob)
        assert None in asked, f"for {question!r} it never asks about None: then it must find a name, even in no name"
        if right is not None and right not in asked:
            raise AssertionError(f"for {question!r} it never asks about {right!r}: {why}")
        assert said == right, f"for {question!r} it says {said!r} instead of {right!r}: {why}"
        assert len(asked) == len(set(asked)), f"for {question!r} it asks about the same text twice: that costs time"
