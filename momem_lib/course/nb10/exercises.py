"""Checkers of notebook 10's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence

from momem_lib.course.nb05.exercises import check_top_p as check_top_p  # 10.3: once more, in its place

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
