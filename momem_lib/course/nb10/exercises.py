"""Checkers of notebook 10's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence

import torch

JO = ("Jo Doe", "Oslo")
SPOKEN = (  # (text, name, value), right number of wordings, why
    ([], 0, "nothing was said"),
    ([("Jo Doe lives in Oslo.", *JO)] * 2, 1, "the same text twice is one wording"),
    ([("Jo Doe lives in Oslo.", *JO), ("Oslo is where Jo Doe lives.", *JO)], 2, "these two are worded differently"),
    (
        [("Jo Doe lives in Oslo.", *JO), ("Ana lives in Rome.", "Ana", "Rome")],
        1,
        "only name and value differ: put the same slots in their place, {name} and {value}, before you compare",
    ),
    (
        [("Jo Doe lives in Oslo.", *JO), ("Jo Doe lives in Olso.", *JO)],
        1,
        "the second text does not hold the value, so it is no wording of this fact",
    ),
    ([("Jo Deo lives in Oslo.", *JO)], 0, "the text does not hold the name, so it is no wording of this fact"),
    (
        [("Jo Doe lives in Oslo.", *JO), ("Oslo Jones lives in Oslo.", "Oslo Jones", "Oslo")],
        1,
        "this value is part of the name: take the longer of the two out first",
    ),
    (
        [("Jo Doe lives in Oslo.", *JO), ("Al lives in Port Al.", "Al", "Port Al")],
        1,
        "this name is part of the value: take the longer of the two out first",
    ),
)  # fmt: skip
LONG = "a house by the sea, " * 15
HEARD = (  # text, name, value, other values of the record, whether it may pass, why
    ("Jo Doe lives in Oslo.", *JO, ["Nurse", "Jaws"], True, "name and value stand in it, and nothing else"),
    ("Oslo is where Jo Doe lives.", *JO, ["Nurse"], True, "the order of the words is free"),
    (None, *JO, ["Nurse"], False, "None is no response at all"),
    ("Jo Doe lives in Olso.", *JO, ["Nurse"], False, "the value is misspelt"),
    ("Jo Doe lives in oslo.", *JO, [], False, "the value must stand there verbatim, capitals included"),
    ("Jo Deo lives in Oslo.", *JO, [], False, "this is not the name that was asked about"),
    ("Jo Doe, a Nurse, lives in Oslo.", *JO, ["Nurse"], False, "another value of the record was let slip"),
    ("Jo Doe lives in Oslo" + "o" * 300, *JO, [], False, "it runs away: 200 characters beside them are enough"),
    (f"Jo lives in {LONG}.", "Jo", LONG, [], True, "the value itself is long: only what stands beside it counts"),
    (f"{LONG} lives in Oslo.", LONG, "Oslo", [], True, "the name itself is long: only what stands beside it counts"),
    ("Nurse Jo lives in Oslo.", "Nurse Jo", "Oslo", ["Nurse"], True, "here 'Nurse' is part of the name"),
    ("Jo sings Blue Jeans.", "Jo", "Blue Jeans", ["Blue"], True, "here 'Blue' is part of the value that was asked for"),
    ("Jo, a Nurse, lives in Nurse.", "Jo", "Nurse", ["Nurse"], True, "the two values are equal: nothing else is told"),
    ("Jo Doe lives in Oslo.", *JO, ["", "Nurse"], True, "an empty value stands in every text, and says nothing"),
)  # fmt: skip
GENERATED = torch.tensor([0.6, 0.3, 0.1, 0.0])
COPIED = torch.tensor([0.0, 0.2, 0.3, 0.5])


def check_count_wordings(count: Callable[[Sequence[tuple[str, str, str]]], int]) -> None:
    """10.1: how many different wordings stand in some texts, whoever they are about."""
    for spoken, right, why in SPOKEN:
        said = count(list(spoken))
        assert said is not None, "it returns None: the number must come back with return"
        assert isinstance(said, int), f"it returns {said!r}: a whole number was expected"
        assert said == right, f"for {[text for text, _, _ in spoken]} it says {said} instead of {right}: {why}"


def check_gate(gate: Callable[[str | None, str, str, Sequence[str]], str | None]) -> None:
    """10.2: a response gate: None for what may pass, a sentence for what may not."""
    for text, name, value, others, passes, why in HEARD:
        said = gate(text, name, value, list(others))
        told = text if text is None or len(text) < 60 else f"{text[:40]}... ({len(text)} characters)"
        shown = f"{told!r} (name {name!r}, value {value[:20]!r}, others {others})"
        assert said is None or (isinstance(said, str) and said.strip()), (
            f"for {shown} it returns {said!r}: None lets pass, a sentence says why not"
        )
        if passes:
            assert said is None, f"it refuses {shown}, saying {said!r}: {why}"
        else:
            assert said is not None, f"it lets {shown} pass: {why}"


def check_heat_words(recipe: Callable[[torch.Tensor, torch.Tensor, float, float], torch.Tensor]) -> None:
    """10.3: heat where words are generated, and stay cold where a fact is copied."""
    mixture = 0.1 * GENERATED + 0.9 * COPIED
    cold = torch.tensor([0.0, 0.0, 0.0, 1.0])
    for heat in (1.0, 2.0):
        said = _probabilities(recipe, 0.9, heat)
        assert not _same(said, _heated(mixture, heat)), "it heats the mixture of both halves: take one of the two"
        assert not _same(said, mixture), "it mixes the two halves: at a gate of 0.9, take the copy half alone"
        assert not _same(said, _heated(GENERATED, heat)), "at a gate of 0.9 it generates: above 0.5 it must copy"
        assert heat == 1 or not _same(said, _heated(COPIED, heat)), (
            "it heats the copies too, and a letter of the fact may get lost: all on the one that is copied most"
        )
        assert not _same(said, COPIED), "it draws among the copies: all must lie on the one that is copied most"
        assert _same(said, cold), f"at a gate of 0.9 it says {_shown(said)}, and {_shown(cold)} was expected"
        said, right = _probabilities(recipe, 0.1, heat), _heated(GENERATED, heat)
        assert not _same(said, cold), "at a gate of 0.1 it copies: up to 0.5 it must generate"
        assert heat == 1 or not _same(said, GENERATED), "the temperature changes nothing: heat the generator's half"
        assert heat == 1 or not _same(said, _heated(GENERATED, 1 / heat)), (
            "temperature is turned round: above 1 all must get more alike, p ** (1 / T)"
        )
        assert not _same(said, torch.softmax(GENERATED / heat, dim=-1)), (
            "softmax wants logarithms: divide ln p by the temperature, not p"
        )
        assert _same(said, right), f"at gate 0.1 and T = {heat} it says {_shown(said)} instead of {_shown(right)}"
    greedy = _probabilities(recipe, 0.1, 0.0)
    assert _same(greedy, torch.tensor([1.0, 0, 0, 0])), (
        f"at temperature 0 it says {_shown(greedy)}: all must lie on the most probable token"
    )


def _probabilities(recipe: Callable, gate: float, heat: float) -> torch.Tensor:
    """What a recipe says, once it is known to be a distribution."""
    said = recipe(GENERATED.clone(), COPIED.clone(), gate, heat)
    assert isinstance(said, torch.Tensor), f"it returns {said!r}: a tensor of probabilities was expected"
    assert said.shape == GENERATED.shape, f"its shape is {tuple(said.shape)}; (V,) was expected, here {(4,)}"
    assert not said.isnan().any(), f"at T = {heat} it says {_shown(said)}: is something divided by 0?"
    assert abs(said.sum().item() - 1) < 1e-4, (
        f"at a gate of {gate} and T = {heat} it sums to {said.sum():.3f}: divide by the sum (or use softmax)"
    )
    return said


def _heated(probs: torch.Tensor, heat: float) -> torch.Tensor:
    """Probabilities at a temperature above 0."""
    hot = probs ** (1 / heat)
    return hot / hot.sum()


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one.float(), other.float(), atol=1e-4)


def _shown(probs: torch.Tensor) -> list[float]:
    return [round(value, 3) for value in probs.tolist()]
