"""People files: what spreadsheets and people make of them, and what cannot be read."""

import time

import pytest

from momem_lib.data.people import read_people, separator_of, write_people
from momem_lib.data.records import LABELS, Person, Record
from momem_lib.project import DATA, TEST_PEOPLE, InputError

JO = Record("Jo Doe", (("Room", "12"), ("Blood group", "0+"), ("Notes", "")))
ANA = Record("Ana Núñez", (("Room", "3; left"), ("Blood group", ""), ("Notes", 'says "no", often')))
TABLE = 'Name,room,Blood_Group,Notes\nJo Doe,12,0+,\nAna Núñez,3; left,,"says ""no"", often"\n'


def read(tmp_path, content: str | bytes, name: str = "staff.csv") -> list[Record]:
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return read_people(path)


def refused(tmp_path, content: str | bytes, name: str = "staff.csv") -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, name)
    sentence = str(caught.value)
    assert str(tmp_path / name) in sentence and len(sentence.splitlines()) == 1
    return sentence


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_usual_table(tmp_path, separator, ending, mark):
    rows = [["Name", "room", "Blood_Group", "Notes"], ["Jo Doe", "12", "0+", ""]]
    rows.append(["Ana Núñez", '"3; left"', "", '"says ""no"", often"'])
    text = ending.join(separator.join(row) for row in rows)
    for name in ("staff.csv", "staff.tsv", "STAFF.TXT", "staff"):
        assert read(tmp_path, mark + text + ending, name) == [JO, ANA]
    assert read(tmp_path, mark + text) == [JO, ANA]  # no line break at the end


def test_what_excel_adds(tmp_path):
    assert read(tmp_path, "sep=;\r\n" + TABLE.replace(",", ";").replace("3; left", '"3; left"')) != []
    table = "Name;Room;;\r\nJo Doe; 12 ;;\r\n;;;\r\n;;;\r\n"  # empty rows and columns
    assert read(tmp_path, table) == [Record("Jo Doe", (("Room", "12"),))]
    assert read(tmp_path, "Name;;Room\nJo;x;1\n") == [Record("Jo", (("Column 2", "x"), ("Room", "1")))]


def test_a_line_break_in_a_cell_becomes_a_space(tmp_path):
    table = 'Name,"Emergency\r\ncontact"\r\n"Jo\nDoe","Al Doe \r\n+47 1\t2"\r\nAna Núñez,-\r\n'
    assert read(tmp_path, table)[0] == Record("Jo Doe", (("Emergency contact", "Al Doe +47 1 2"),))
    assert "line 7, has 1 cells" in refused(tmp_path, table + "Al")  # lines are counted as an editor counts them


@pytest.mark.parametrize(
    "text, separator",
    [
        ("Name;Height\nJo;1,5\nAl;1,6", ";"),
        ("Name,Hobbies\nJo,a; b; c\nAl,d; e; f", ","),
        ("Name\tRoom, floor\nJo\t3, 1\nAl\t4, 1", "\t"),
        ('Name|"Tea, milk; sugar"\nJo|"1, 2; 3"', "|"),
        ("Name,Room\nJo,1\nAl,1,2\nBo,1\n", ","),
        ("Name\nJo", "\t"),
        ("", "\t"),
        ('"', "\t"),
    ],
)
def test_the_separator(text, separator):
    assert separator_of(text) == separator


@pytest.mark.parametrize(
    "table, sentence",
    [
        ("", "holds nobody"),
        ("Name,Room\n", "holds nobody"),
        ("\n ,\n", "holds nobody"),
        ("Room,Floor\n1,2\n", "line 2: no 'name'"),
        ("Name,Room\nJo,1\n,2\n", "line 3: the name is empty"),
        (
            "Name,Room\nJo,1\n\nAl,1,2\n",
            "line 4, has 3 cells, and the header has 2: put quotes",
        ),
        ("Name,Room,Floor\nJo,1,2\nAl\n", "line 3, has 1 cells, and the header has 3"),
        ("Name\tRoom\nJo\t1\t2\nAl\t1\n", "holds a tab"),
        ("Name,Phone,phone \nJo,1,2\n", "columns 2 and 3 are both called 'phone'"),
        ("Name,Lives in,location\nJo,1,2\n", "columns 2 and 3 are both called 'location'"),
        ("Name,Room\nJo,1\x002\n", "line 2: 'Room' holds a control character"),
        ('Name,Room\nJo,1\nAl,"1\nBo,2\n', "line 3: a quoted cell does not end as it should"),
        ('Name,Room\nJo,"1" or 2\n', "line 2: a quoted cell does not end as it should"),
        ("Name,Room\nJo," + "x" * 200_000, "line 2: a quoted cell does not end as it should"),
    ],
)
def test_tables_with_mistakes(tmp_path, table, sentence):
    assert sentence in refused(tmp_path, table)


def test_another_encoding_gets_a_sentence_that_says_how_to_save_it(tmp_path):
    # Reading it as cp1252 would be a guess: a wrong one would put wrong letters into answers.
    wanted = "line 3, is not UTF-8 text: save the file as UTF-8 (Excel: 'CSV UTF-8')"
    assert wanted in refused(tmp_path, TABLE.encode("cp1252"))
    assert "is not UTF-8 text" in refused(tmp_path, TABLE.encode("utf-16"))
    assert "is not UTF-8 text" in refused(tmp_path, b"PK\x03\x04\x14\x00\xff\xfe", "staff.xlsx")


def test_json_lines(tmp_path):
    lines = '\ufeff{"name": "Jo Doe", "room": "12", "bloodGroup": "0+", "Notes": ""}\r\n\r\n{"name": "Al"}\r\n'
    for name in ("people.jsonl", "people.JSON", "people.csv", "people"):
        assert read(tmp_path, lines, name) == [JO, Record("Al")]
    for line, sentence in {
        "{": "line 4, is not valid JSON",
        "[]": "line 4: a JSON object was expected",
        '{"name": "Jo", "age": 7}': "line 4: 'Age' must be text",
        '{"name": "Jo", "age": NaN}': "line 4, is not valid JSON (NaN is no number)",
        '{"name": "\\ud83d"}': "line 4: 'name' holds half",
        '{"fname": "Jo"}': "line 4: no 'name'",
    }.items():
        assert sentence in refused(tmp_path, lines + line, "people.jsonl")
    assert "line 1, is not UTF-8" in refused(tmp_path, b'{"name": "\xff"}', "people.jsonl")
    assert "holds nobody" in refused(tmp_path, "\n", "people.jsonl")


def test_places_without_a_file(tmp_path):
    for path in (tmp_path / "no.csv", tmp_path / "no.jsonl", tmp_path, tmp_path / "nul\0"):
        with pytest.raises(InputError):
            read_people(path)


def test_what_is_written_is_read_again(tmp_path):
    records = [JO, ANA, Record("李"), Record("Zoë", (("DOB", "1.1."), ("Favourite movie", '; Lives in: "x"')))]
    write_people(tmp_path / "people.jsonl", records)
    assert read_people(tmp_path / "people.jsonl") == records


def test_the_classic_people():
    people = read_people(TEST_PEOPLE)
    assert len(people) == 34 and all(person.labels == tuple(LABELS.values()) for person in people)
    star = Person("$tev0", "Ca$hmoney", "Influencer", "State of Denial (Population: Me)", "The Wolf of Walled Street",
                  "Money, Money, Money", "selfies, likes & lattes", ";) School of Hard Knocks")  # fmt: skip
    assert people[1] == star


@pytest.mark.parametrize("name, count, labels", [("staff.csv", 24, 12), ("towns.csv", 20, 9)])
def test_the_tables_that_ship(name, count, labels):
    records = read_people(DATA / name)
    assert len({record.name for record in records}) == len(records) == count
    assert all(len(record.labels) >= labels for record in records)
    empty = sum(not value for record in records for _, value in record.facts)
    assert 3 <= empty <= count


def test_ten_thousand_rows_are_read_at_once(tmp_path):
    header = ",".join(["Name", *(f"Column_{number}" for number in range(12))])
    rows = [",".join([f"Jo{row} Doe", *(f'"value, {row}"' for _ in range(12))]) for row in range(10_000)]
    start = time.process_time()
    assert len(read(tmp_path, "\n".join([header, *rows]))) == 10_000
    assert time.process_time() - start < 2
