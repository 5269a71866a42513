"""Checkers of notebook 11's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence

from momem_lib.data.records import Record
from momem_lib.system.pipeline import Pipeline

JO = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
PERFECT = {"ner": "Jo Doe", "memory": JO.content, "summary": "Lives in: Oslo", "response": "Oslo"}
WORDINGS = ("Where does {name} live?", "What is the place of residence of {name}?", "In which town does {name} live?")


def try_careful(
    careful: Callable, pipeline: Pipeline, people: Sequence[Record], wordings: Sequence[str]
) -> tuple[int, int]:
    """Ask where each person lives, in several wordings: how many summaries are wrong, and how often it is silent."""

    def ask(question: str) -> str | None:
        answer = pipeline.ask(question)
        return None if answer.abstained else answer.summary

    heard = [careful(ask, [wording.format(name=person.name) for wording in wordings]) for person in people]
    said = [(text, person) for text, person in zip(heard, people, strict=True) if text is not None]
    return sum(text != person.summary("Lives in") for text, person in said), len(heard) - len(said)


def check_whose_fault(whose_fault: Callable[[dict, dict], str | None]) -> None:
    """Exercise 1: the first module that handed on something wrong, "gate" for a needless stop, None for neither."""
    answer = "Jo Doe lives in Oslo."
    stopped = dict(list(PERFECT.items())[:3])
    for wrote, right, why in (
        (PERFECT | {"response": answer}, None, "every module did its work; the response need only hold the value"),
        (PERFECT | {"response": "Jo Doe lives in Rome."}, "response", "the summary said Oslo, the response says Rome"),
        (PERFECT | {"response": None}, "response", "a response of None holds nothing"),
        (
            PERFECT | {"summary": "Hobbies: chess", "response": "Jo Doe loves chess."},
            "summary",
            "the response is wrong as well, but only because it believed the summary: the first mistake counts",
        ),
        ({"ner": "Jo", "memory": None}, "ner", "the memory found nobody, because it was asked for the wrong name"),
        (
            {"response": "Jane lives in Rome.", "summary": "Lives in: Rome", "memory": "Name: Jane;", "ner": "Jane"},
            "ner",
            "the modules work in the order ner, memory, summary, response, whatever the order of the dict",
        ),
        (stopped, "gate", "all that was written is right, and yet the response is missing: a gate stopped too early"),
        ({"ner": "Jo Doe", "memory": "Name: Jo Do;"}, "memory", "the tag was right, and another record came back"),
    ):
        said = whose_fault(dict(wrote), dict(PERFECT))
        assert said == right, f"for {wrote} it says {said!r} instead of {right!r}: {why}"


def check_careful(careful: Callable[[Callable[[str], str | None], Sequence[str]], str | None]) -> None:
    """Exercise 2: ask in several wordings, and believe only what more than half of them say."""
    for heard, right, why in (
        (["Oslo", "Oslo", "Oslo"], "Oslo", "all agree"),
        (["Rome", "Oslo", "Oslo"], "Oslo", "two of three agree, and the first is not one of them"),
        (["Oslo", "Rome", "Bath"], None, "no two agree: the most frequent answer has one vote of three"),
        (["Oslo", None, None], None, "one vote of three: who is silent does not agree"),
        (["Oslo", "Oslo", "Rome", "Rome"], None, "half is not more than half"),
        ([None, None, "Oslo"], None, "most are silent"),
        (["Oslo", "Oslo", None], "Oslo", "two of three agree"),
        ([], None, "nobody was asked"),
    ):
        asked = []

        def ask(wording, heard=heard, asked=asked):
            assert isinstance(wording, str), f"it asks {wording!r}: one wording at a time was expected"
            asked.append(wording)
            return heard[int(wording.removeprefix("wording "))]

        said = careful(ask, [f"wording {number}" for number in range(len(heard))])
        assert said == right, f"when it hears {heard}, it says {said!r} instead of {right!r}: {why}"
        assert len(asked) == len(set(asked)), "it asks the same wording twice: keep what ask returned"
