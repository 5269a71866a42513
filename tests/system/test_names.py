"""Names: which spellings are one name, how alike two are, how a sentence shows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from momem_lib.data.records import Record
from momem_lib.system.memory import NEAR
from momem_lib.system.names import likeness, normalise, told_apart


@pytest.mark.parametrize(
    "one, other",
    [
        ("Muchiri T'Challa", "muchiri t’challa"),
        ("Muchiri T'Challa", "  MUCHIRI\t\n T´CHALLA "),
        ("Anne–Marie", "anne-marie"),
        ("Zoë", "Zoe\u0308"),
        ("Ｊｏ Ｄｏｅ", "Jo Doe"),
        ("Strauß", "STRAUSS"),
        ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
        ("Jo\u200b Doe\u2069", "J\u00ado \ufeffDoe\ufe0f"),
        ("علی\u200cرضا", "علیرضا"),
    ],
)
def test_spellings_of_one_name_are_alike(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize("one, other", [("$tev0", "stev0"), ("Zoë", "Zoe"), ("Jo Doe", "JoDoe"), ("D'Arc", "Darc")])
def test_names_that_differ_stay_apart(one, other):
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once and once == once.strip()


@given(st.text(st.characters(codec="ascii")))
def test_plain_letters_take_a_shorter_way_to_the_same_form(text):
    assert normalise(text) == normalise(f"{text}\u200b")


def test_normalising_each_character_twice_changes_nothing():
    letters = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    assert [letter for letter in letters if normalise(normalise(f"a{letter}b")) != normalise(f"a{letter}b")] == []


def test_likeness_is_symmetric_and_knows_word_order():
    assert likeness("doe jo", "jo doe") == 100
    assert likeness("jo doe", "jo roe") == likeness("jo roe", "jo doe") > NEAR
    assert likeness("muchiri t'challa", "ngugi wa thiong'o") < NEAR


def test_records_of_one_name_are_told_apart_by_what_differs():
    def jo(*values):
        return Record("Jo", tuple(zip(("Room", "Job", "Shoe size"), values, strict=False)))

    assert told_apart([jo("7", "King"), jo("7", "Cook")]) == ["Jo (King)", "Jo (Cook)"]
    assert told_apart([jo("7", "King", "9"), jo("8", "Cook", "9")]) == ["Jo (7, King)", "Jo (8, Cook)"]
    three = [jo("7", "King", "9"), jo("8", "King", "9"), jo("8", "King", "8"), jo("8", "Cook", "8")]
    assert told_apart(three)[2] == "Jo (8, King, 8)"
    assert told_apart([jo("7"), jo("7", "", "9")]) == ["Jo (-)", "Jo (9)"]
    assert told_apart([jo("7"), jo("7", "")]) == ["Jo (7, -)", "Jo (7, -)"]
    assert told_apart([jo(), jo()]) == ["Jo ()", "Jo ()"]
