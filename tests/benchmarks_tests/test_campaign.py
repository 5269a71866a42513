"""The campaign's own judgement: what it counts as fallen, and that its damage can be made again."""

import subprocess
from random import Random
from types import SimpleNamespace

import pytest
from campaign import answered, damaged, judged, looked_at

from momem_lib.data.records import Record
from momem_lib.project import InputError
from momem_lib.system.answer import Answer

JO = Record("Jo Doe", (("Lives in", "Oslo"), ("Hobbies", "chess")))


def says(thing):
    def say(*_):
        if isinstance(thing, Exception):
            raise thing
        return thing

    return say


@pytest.mark.parametrize(
    ("thing", "went"),
    [
        (InputError("too long"), "refused"),
        (Answer("Where does Jo Doe live?", reason="nobody"), "silent"),
        (Answer("Where does Jo Doe live?", "Jo Doe lives in Oslo.", None, "Jo Doe", JO, "", "Lives in"), "right"),
        (Answer("Where does Jo Doe live?", "Jo Doe lives in Rome.", None, "Jo Doe", JO, "", "Lives in"), "Rome"),
        (Answer("Where does Al live?", "Jo Doe lives in Oslo.", None, "Jo Doe", JO, "", "Lives in"), "Oslo"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_a_wrong_answer_or_an_error_of_another_kind_has_fallen(thing, went):
    told = answered(SimpleNamespace(ask=says(thing)), "Where does Jo Doe live?")
    assert told == went if went in ("refused", "silent", "right") else went in told and told not in ("right", "refused")


def test_what_reads_a_file_may_refuse_it_and_nothing_else():
    assert [looked_at(says(thing)) for thing in (1, InputError("x"))] == ["right", "refused"]
    assert "ValueError: y" in looked_at(says(ValueError("y")))


def test_a_traceback_a_silent_refusal_and_another_exit_code_have_fallen():
    ends = [(0, ""), (2, "momem: no"), (2, ""), (1, "momem: no"), (2, "Traceback (most recent call last)")]
    told = [judged(subprocess.CompletedProcess([], code, "", said)) for code, said in ends]
    assert told[:2] == ["right", "refused"] and all("exit code" in one for one in told[2:])


def test_damage_is_damage_and_the_same_for_the_same_seed():
    whole = b'{"name": "Jo Doe", "room": 7}\n' * 20
    once, again = ([damaged(whole, draw) for _ in range(50)] for draw in (Random(1), Random(1)))
    assert once == again and len(set(once)) > 40 and sum(one != whole for one in once) > 45
