"""Records: labels, names, and what cannot be one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from momem_lib.data.records import FIELDS, LABELS, Person, Record, checked, clean, label_of, record_from
from momem_lib.project import InputError

JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
CLASSIC = dict(zip(FIELDS, ("Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT"), strict=True))


def test_the_six_classic_keys_get_their_classic_labels():
    assert record_from({"fname": "Jo", "lname": "Doe"} | CLASSIC) == JO
    assert record_from({"fname": "", "lname": "Jo"}).name == record_from({"fname": "Jo", "lname": ""}).name == "Jo"
    assert JO.labels == tuple(LABELS.values()) and record_from(JO.to_dict()) == JO


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Jo Doe"},
        {"NAME ": " Jo Doe"},
        {"Full name": "Jo Doe"},
        {"fullName": "Jo Doe"},
        {"LNAME": "Doe", "Fname": "Jo"},
        {"first_name": "Jo", "Last name": "Doe"},
        {"\ufeffname": "\u2068Jo\u200b Doe\u2069"},
    ],
)
def test_where_the_name_stands(row):
    assert record_from(row | {"room": ""}) == Record("Jo Doe", (("Room", ""),))


def test_what_could_be_a_name_beside_the_name_is_a_fact():
    row = {"First name": "Jo", "Name": "Jo Doe", "Last name": "Doe", "full name": "Jo B. Doe"}
    assert record_from(row).labels == ("First name", "Last name", "Full name")


@pytest.mark.parametrize(
    "row, sentence",
    [
        ([], "a JSON object was expected, not list"),
        ({"Room": "7"}, "line 3: no 'name'"),
        ({"fname": "Jo"}, "no 'name'"),
        ({"name": " "}, "the name is empty"),
        ({"fname": "", "lname": "\u200b"}, "the name is empty"),
        ({"name": "Jo", "Name": "Al"}, "'name' and 'Name' mean one label"),
        ({"name": "Jo", "phone": "1", "Phone": "2"}, "'phone' and 'Phone' mean one label, 'Phone'"),
        ({"name": "Jo", "location": "1", "Lives in": "2"}, "mean one label, 'Lives in'"),
        ({"name": "Jo", " ": "1"}, "cannot be a label"),
        ({"name": "Jo", "age": 7}, "'Age' must be text in quotes, not 7"),
        ({"name": None}, "must be text in quotes, not None"),
        ({"name": "Jo", "age": float("nan")}, "not nan"),
        ({"name": "Jo", "a\x00": "1"}, "a key holds a control character"),
        ({"name": "Jo", "room": "a\nb"}, "'Room' holds a control character"),
        ({"name": "Jo", "room": "\x9b31m"}, "control character"),
        ({"name": "Jo", "room": "a\u2028b"}, "control character"),
        ({"name": "Jo", "room": "\ud83d"}, "half of a surrogate pair"),
    ],
)
def test_what_is_no_record_gets_a_sentence(row, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        record_from(row, "line 3")
    assert str(caught.value).startswith("line 3") and len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("value", [None, float("nan"), ["a"], b"x", 7, "\x1b[31mred", "two\nlines", "a\x00", "\udfff"])
def test_records_made_by_hand_are_checked_as_files_are(value):
    for record in (Record("Jo", (("Room", value),)), Record(value), Record("Jo", ((value, "7"),))):
        with pytest.raises(InputError):
            checked(record)


@pytest.mark.parametrize("labels", [("Room", "ROOM"), ("Name",), ("",), ("a:b",), ("Room ", "Room")])
def test_labels_that_cannot_be(labels):
    with pytest.raises(InputError, match="labels differ, are not empty, and hold no colon"):
        checked(Record("Jo", tuple((label, "7") for label in labels)))
    with pytest.raises(InputError, match="a Record was expected, not dict"):
        checked({"name": "Jo"})


@pytest.mark.parametrize("facts", [None, 7, "ab", {"ab": "7"}, (("a",),), (("a", "b", "c"),), ("ab",), [("a", "b")]])
def test_facts_are_pairs(facts):
    with pytest.raises(InputError, match="pairs"):
        checked(Record("Jo", facts))


@pytest.mark.parametrize("name", [(None, "Doe"), ("Jo", None), ("Jo", 7), ("Jo\x1b", "Doe")])
def test_a_person_has_a_name_of_text(name):
    with pytest.raises(InputError, match="name"):
        Person(*name, *CLASSIC.values())


def test_a_joiner_that_joins_nothing_is_unseen():
    assert clean("J\u200do\u200c\u200d Doe\u200d", "it") == "Jo Doe" and clean("\u3164Jo\uffa0", "it") == "Jo"


def test_mere_signs_are_no_other_value():
    assert Record("Jo", (("Hobby", "."), ("Job", "-"), ("Room", "7"), ("Pet", ""))).others("Hobby") == ["7"]


def test_what_joins_letters_or_shapes_a_sign_stays():
    kept = ["علی\u200cرضا", "👩\u200d🚀", "❤\ufe0f", "辻\U000e0100", "a\u00a0b", "़"]
    assert [clean(text, "it") for text in kept] == kept
    assert clean("\u200eso\u00adft\u202e\u2066 \ufeff", "it") == "soft"


@given(st.text())
@example("0 _")
def test_a_label_made_of_a_label_is_the_same(key):
    label = label_of(key)
    assert label_of(label) == label and ":" not in label


def test_labels_as_a_person_would_write_them():
    labels = {
        "T-shirt size": "T-shirt size",
        "first_aid_UNTIL": "First aid UNTIL",
        "ID": "ID",
        "time: start": "Time - start",
    }
    assert {key: label_of(key) for key in labels} == labels
