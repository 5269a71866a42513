"""Checkers of notebook 11's exercises: each asserts, and says what is wrong."""

from collections.abc import Callable, Sequence
from math import isclose, prod

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


def check_chain(chain: Callable[[Sequence[float]], float]) -> None:
    """11.1: the share right of modules in a row, when each errs by itself and no error is ever mended."""
    for shares, why in (
        ([0.9, 0.8, 0.9], "of 1,000 questions 900 survive the first module, 720 the second, 648 the third"),
        ([1.0, 0.5], "a module that never errs changes nothing"),
        ([0.5, 0.0, 0.5], "what one module always spoils is spoilt"),
        ([0.97], "a single module is its own chain"),
        ([], "where nothing works on a text, nothing spoils it"),
    ):
        said, right = chain(list(shares)), prod(shares)
        assert said is not None, "it returns None: the share must come back with return"
        assert isinstance(said, int | float), f"it returns {said!r}: a number between 0 and 1 was expected"
        if len(shares) > 1 and not isclose(said, right):
            assert not isclose(said, sum(shares) / len(shares)), (
                f"for {shares} it says {said:.3f}, the mean: but a question must survive them all"
            )
            assert not isclose(said, min(shares)), (
                f"for {shares} it says {said:.3f}, the weakest link: but the others spoil further questions"
            )
        assert isclose(said, right, abs_tol=1e-9), f"for {shares} it says {said:.3f} instead of {right:.3f}: {why}"


def check_whose_fault(whose_fault: Callable[[dict, dict], str | None]) -> None:
    """11.2: the first module that handed on something wrong, 'gate' for a needless stop, None where all is well."""
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
    """11.3: ask in several wordings, and believe only what more than half of them say."""
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
