"""The shipped value lists and test people: enough of them, clean, and as the data card says."""

import csv
import re
import unicodedata

import pytest

from momem_lib.data.people import read_people
from momem_lib.data.rows import load_material
from momem_lib.project import LISTS, TEST_PEOPLE

LEAST = {
    "first_names": 700,
    "last_names": 700,
    "occupations": 400,
    "locations": 500,
    "movies": 350,
    "music": 350,
    "hobbies": 350,
    "universities": 350,
    "words_en": 700,
    "words_sw": 300,
}
FIELD_WORDS = {
    "words_en": "job work live lives home house film movie song music hobby hobbies university college study school",
    "words_sw": "kazi ishi anaishi makazi nyumbani filamu sinema wimbo nyimbo muziki hobi burudani chuo kikuu shule",
}
FIELD_LISTS = [name for name in LEAST if not name.startswith(("words", "first", "last"))]


def rows_of(name):
    with (LISTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def values_of(name):
    return [row[0] for row in rows_of(name)[1:]]


def is_control(letter):
    """Control, format, surrogate, private and unassigned characters, and the two odd line breaks."""
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def writes_beyond_latin(value):
    return any(letter.isalpha() and "LATIN" not in unicodedata.name(letter, "LATIN") for letter in value)


@pytest.mark.parametrize("name", LEAST)
def test_a_list_has_the_header_and_enough_rows_of_two_columns(name):
    header, *rows = rows_of(name)
    assert header == ["value", "language"]
    assert len(rows) >= LEAST[name]
    assert [row for row in rows if len(row) != 2 or not re.fullmatch(r"[a-z]{2,4}", row[1])] == []


def test_no_first_name_begins_with_a_title():
    """A question about Dr. Jo Doe means Jo Doe; if somebody were called Dr. Jo, nobody could tell who is meant."""
    decorations = [text for grammar in load_material().grammars.values() for text in grammar.decorations]
    titles = {text.partition("{name}")[0].strip().casefold() for text in decorations} - {""}
    begins = tuple(f"{title} " for title in titles)
    assert [name for name in values_of("first_names") if name.casefold().startswith(begins)] == []


@pytest.mark.parametrize("name", LEAST)
def test_values_are_clean_sorted_and_unique(name):
    values = values_of(name)
    assert [value for value in values if not value or value != value.strip()] == []
    assert [value for value in values if any(map(is_control, value))] == []
    assert [value for value in values if value != unicodedata.normalize("NFC", value)] == []
    assert [value for value in values if "  " in value] == []
    assert values == sorted(set(values))


@pytest.mark.parametrize("name", LEAST)
def test_values_that_differ_in_case_alone_are_not_two_values(name):
    values = values_of(name)
    assert len({value.casefold() for value in values}) == len(values)


@pytest.mark.parametrize("name", FIELD_LISTS)
def test_field_values_vary_in_length_and_some_hold_a_separator(name):
    values = values_of(name)
    assert min(map(len, values)) >= 2
    assert 35 <= max(map(len, values)) <= 48
    held = sum(";" in value or ":" in value for value in values) / len(values)
    assert 0.02 <= held <= 0.06
    assert sum(writes_beyond_latin(value) for value in values) >= 15


@pytest.mark.parametrize("name", ["first_names", "last_names"])
def test_names_come_in_many_shapes(name):
    values = values_of(name)
    shapes = {
        "other scripts": 0.10 <= sum(map(writes_beyond_latin, values)) / len(values) <= 0.20,
        "apostrophe": sum("'" in value for value in values) >= 25,
        "hyphen": sum("-" in value for value in values) >= 25,
        "two words": sum(" " in value for value in values) >= 25,
        "digit": sum(any(map(str.isdigit, value)) for value in values) >= 5,
        "one letter": sum(len(value) == 1 for value in values) >= 3,
    }
    assert [shape for shape, present in shapes.items() if not present] == []


@pytest.mark.parametrize("name", FIELD_WORDS)
def test_noise_words_are_lower_case_and_name_no_field(name):
    words = values_of(name)
    assert [word for word in words if word != word.lower() or " " in word] == []
    assert set(words).isdisjoint(FIELD_WORDS[name].split())


def test_the_data_card_states_the_measured_counts():
    card = (LISTS / "README.md").read_text(encoding="utf-8")
    stated = {match[1]: int(match[2]) for match in re.finditer(r"\| `(\w+)\.csv` \|[^|]*\| (\d+) \|", card)}
    assert stated == {name: len(values_of(name)) for name in LEAST}
    assert int(re.search(r"holds (\d+) invented people", card)[1]) == len(read_people(TEST_PEOPLE))


def test_the_classic_people_are_there_to_the_letter():
    people = {person.name: person for person in read_people(TEST_PEOPLE)}
    king, influencer = people["Muchiri T'Challa"], people["$tev0 Ca$hmoney"]
    assert [king.value(label) for label in ("Occupation", "Lives in")] == ["King", "Wakanda"]
    assert king.value("Favourite music") == "Twinkle twinkle little star."
    assert influencer.summary("Occupation") == "Occupation: Influencer"
    assert influencer.value("Lives in") == "State of Denial (Population: Me)"
    assert influencer.value("University attended") == ";) School of Hard Knocks"


def test_the_test_people_cover_the_hard_cases():
    people = read_people(TEST_PEOPLE)
    names = [person.name for person in people]
    assert len(people) >= 30
    assert names.count("Jo Smith") == 2
    assert {"Amina Hassan", "Amina Hassani"} <= set(names)
    assert any(" " not in name for name in names)
    assert max(len(name.split()) for name in names) == 5
    scripts = {unicodedata.name(letter).split()[0] for name in names for letter in name if letter.isalpha()}
    assert {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "CJK", "HANGUL", "DEVANAGARI"} <= scripts


def test_no_fact_of_a_test_person_is_part_of_another_fact_or_of_the_name():
    # A right response holds no other value of the record: a fact inside another one could never be answered.
    for person in read_people(TEST_PEOPLE):
        facts = [value.casefold() for _, value in person.facts]
        assert all(facts), person.name
        texts = [person.name.casefold(), *facts]
        assert [(part, text) for part in facts for text in texts if part in text and part is not text] == []
