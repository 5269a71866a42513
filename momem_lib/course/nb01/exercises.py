"""Checkers of notebook 01's exercises: each asserts, and says what is wrong."""

import builtins
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from unittest.mock import patch

from momem_lib.data.grammar import SPLITS
from momem_lib.data.records import Person
from momem_lib.data.rows import empty_row

NAMES = 4000  # made up, to count how a split function deals them out
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
JO_ROW = empty_row("train", "en", "answerable", "plain", "en/location/where does {name} live") | {
    "name": "Jo Doe", "asked": "location", "label": "Lives in", "value": "Oslo", "record": JO.to_dict(),
    "question": "Where does Jo Doe live?", "content": JO.content, "summary": JO.summary("Lives in"),
    "response": "Jo Doe lives in Oslo.",
}  # fmt: skip


def check_fill(fill: Callable[[str, str, str], str]) -> None:
    """01.1: a template's {name} and {value} filled in, whatever name and value hold."""
    for template, name, value, right, why in (
        ("{name} lives in {value}.", "Jo Doe", "Oslo", "Jo Doe lives in Oslo.", "both slots have to be filled"),
        ("{value}: that is where {name} lives.", "Jo", "Oslo", "Oslo: that is where Jo lives.",
         "the slots may come in any order"),
        ("{name} likes {value}.", "$tev0", "{name}", "$tev0 likes {name}.",
         "a song may be called {name}: look for slots in the template alone, not in what was put in"),
        ("{name} likes {value}.", "Jo {value}", "Jaws", "Jo {value} likes Jaws.",
         "somebody may be called Jo {value}: look for slots in the template alone, not in what was put in"),
        ("{name} likes {value}.", "Jo", "{} & %s", "Jo likes {} & %s.", "brackets in a value are no slots"),
    ):  # fmt: skip
        said = fill(template, name, value)
        assert isinstance(said, str), f"your function returned {said!r}: return the filled text"
        assert said == right, f"fill({template!r}, {name!r}, {value!r}) gave {said!r}, not {right!r}: {why}"


WHY = {
    ("nobody", "name"): "nobody is named, so Module 0 must learn to write nothing",
    ("nobody", "content"): "without a name there is no record",
    ("stranger", "name"): "the question does name somebody: Module 0 cannot know whom the memory holds",
    ("stranger", "content"): "the memory does not hold this person, so there is no record",
    ("absent", "name"): "the question does name somebody",
    ("absent", "content"): "the person is known, so the memory finds the record",
}
QUESTIONS = {"nobody": "Where does my friend live?", "stranger": "Where does Jo Doe live?",
             "absent": "How old is Jo Doe?"}  # fmt: skip


def check_unanswerable(unanswerable: Callable[[dict, str, str], dict]) -> None:
    """01.2: an answerable row turned into one of the kinds that cannot be answered."""
    for kind, question in QUESTIONS.items():
        given = deepcopy(JO_ROW)
        row = unanswerable(given, kind, question)
        assert isinstance(row, Mapping), f"your function returned {row!r}: return the new row, a dict"
        assert given == JO_ROW, "your function changed the row that it was given: copy it first, for instance dict(row)"
        assert row.get("kind") == kind, f"the new row is of the kind {row.get('kind')!r}: it should say {kind!r}"
        assert row.get("question") == question, f"{kind}: the new row should ask {question!r}"
        for key in ("name", "record", "content"):
            keep = kind == "absent" or (kind, key) == ("stranger", "name")
            why = WHY[kind, "name" if key == "name" else "content"]
            assert row.get(key) == (JO_ROW[key] if keep else None), (
                f"{kind}: {key!r} should {'stay as it was' if keep else 'be None'}; {why}"
            )
        for key in ("summary", "response"):
            assert key in row, f"{kind}: the key {key!r} is gone: keep every key, with None for nothing"
            assert row[key] is None, f"{kind}: {key!r} should be None; a module that is shown an answer learns to guess"


def _row(record: dict | None) -> dict:
    return JO_ROW | {"record": record, "value": record and record.get("Lives in")}


def check_leaks(leaks: Callable[[Sequence[Mapping], Sequence[Mapping]], set]) -> None:
    """01.3: every text of the test rows' records that stands in the training rows too."""
    oak = {"name": "Oak Tree", "Soil": "Loam", "Height": "", "Found in": "Metropolis"}
    train = [_row(JO.to_dict()), _row(None), _row(oak)]
    other = {"name": "Bo Li", "Occupation": "Cook", "Lives in": "Lima", "Height": "1.70", "Soil": "no"}
    for change, right, why in (
        ({}, set(), "these rows share nothing: that two records have the same labels is no leak"),
        ({"Lives in": "Oslo"}, {"oslo"}, "the place that is asked for stands in both"),
        ({"Occupation": "Nurse"}, {"nurse"}, "values that are not asked for leak too: look at the whole record"),
        ({"name": "Jo Doe"}, {"jo doe"}, "a name leaks too"),
        ({"Lives in": "METROPOLIS"}, {"metropolis"},
         "stood under another label, and not in capitals: compare all texts with all, in lower case"),
        ({"Height": ""}, set(), "an empty cell is no text that leaks"),
    ):  # fmt: skip
        found = leaks(train, [_row(None), _row(other | change)])
        assert isinstance(found, set), f"your function returned {found!r}: return a set of texts in lower case"
        assert found == right, f"your function found {found or 'nothing'} where {right or 'nothing'} leaks: {why}"


def check_name_split(split: Callable[[str], str]) -> None:
    """01.4: a split by the name: stable, 80/10/10, and the same for every spelling of a name."""
    names = [f"Person {number} Doe" for number in range(NAMES)]
    calls, true_hash = [], hash

    def listening(thing: object) -> int:
        calls.append(thing)
        return true_hash(thing)

    with patch.object(builtins, "hash", listening):
        dealt = [split(name) for name in names]
    odd = [one for one in dealt if one not in SPLITS]
    assert not odd, f"your function returned {odd[0]!r}: one of {', '.join(SPLITS)} was expected"
    assert not calls, "your function calls hash(), which differs from process to process: use hashlib"
    assert dealt == [split(name) for name in names], "the same names were dealt otherwise at the second call: no chance"
    assert dealt[::-1] == [split(name) for name in names[::-1]], "a name's split depends on the names before it"
    for name, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        got = dealt.count(name) / NAMES
        assert abs(got - share) < 0.03, f"{got:.0%} of {NAMES} names fell into {name}: {share:.0%} were expected"
    for respell, why in (
        (str.upper, "capitals"),
        (lambda name: f"  {name.replace(' ', '   ')} ", "more white space around and between the words"),
        (lambda name: name.replace(" ", "\u00a0"), "no-break spaces (str.split() without an argument knows them)"),
    ):
        other = next((name for name in names if split(respell(name)) != split(name)), None)
        assert other is None, f"{respell(other)!r} and {other!r} fell into two splits: {why} make no other name"
    for name in (f"Strauß {number}" for number in range(200)):
        assert split(name) == split(name.upper()), (
            f"{name!r} and {name.upper()!r} fell into two splits: ß is SS in capitals (str.casefold knows)"
        )
