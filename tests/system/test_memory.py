"""The memory: what it finds, what it refuses, and that nothing is lost."""

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from momem_lib.data.records import LABELS, Person, Record
from momem_lib.project import ROOT, InputError
from momem_lib.system import memory_file
from momem_lib.system.memory import LONGEST_NAME, MOST_NEAR, NEAR, Memory
from momem_lib.system.names import normalise, search_key

KING = Person(
    "Muchiri", "T'Challa", "King", "Wakanda", "Black Panther", "Twinkle twinkle little star.", "chess", "Oxford"
)
STAR = Person("$tev0", "Ca$hmoney", "Influencer", "State of Denial (Population: Me)", "Up", "Om", "vlogs", ";) School")
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
WRITER = Person("Ngũgĩ", "wa Thiong’o", "Writer", "Kamĩrĩĩthũ", "Xala", "Malaika", "theatre", "Makerere")
NASTY = (
    "Robert'); DROP TABLE people;--",
    '"',
    '""" OR "',
    "*",
    "jo* NEAR doe",
    "NEAR(jo doe, 2)",
    "name : jo AND NOT doe",
    "^jo - doe + (",
    "jo\x00doe",
    "\x00\x00\x00\x00",
    "' OR '1'='1",
    "%_%",
    "\ud800",
    "🙂🙂🙂🙂",
    "ﷺ" * 40,
    "李明",
    "é" * 3000,
)


def like(record: Record, name: str = "", **facts: str) -> Record:
    """Another record, with another name or other facts, by their classic keys."""
    changed = dict(record.facts) | {LABELS[key]: value for key, value in facts.items()}
    return Record(name or record.name, tuple(changed.items()))


def numbered(number: int, batch: str = "a") -> Record:
    """A record of which only one exists."""
    return like(JO, f"Jo{number} Doe-{batch}{number}")


@pytest.fixture
def memory():
    with Memory() as made:
        made.remember([KING, STAR, JO, WRITER])
        yield made


def sound(path: Path) -> bool:
    """Whether SQLite finds the file whole, and the trigram index in step with the people."""
    db = sqlite3.connect(path)
    try:
        db.execute("INSERT INTO name_trigrams (name_trigrams) VALUES ('integrity-check')")
        db.rollback()
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        db.close()


# Looking up


@pytest.mark.parametrize("person", [KING, STAR, JO, WRITER])
def test_exact_names_answer_with_the_record(memory, person):
    for tag in (person.name, person.name.upper(), f" {person.name}  "):
        found = memory.look_up(tag)
        assert (found.status, found.record) == ("exact", person)
        assert found.candidates == ((person.name, 100.0),)


def test_a_near_miss_asks_and_does_not_answer(memory):
    found = memory.look_up("Muchri TChalla")
    assert (found.status, found.record) == ("near", None)
    assert found.reason == "I know nobody called 'Muchri TChalla'. Did you mean Muchiri T'Challa?"
    ((name, score),) = found.candidates
    assert name == "Muchiri T'Challa" and NEAR <= score < 100


@pytest.mark.parametrize(
    "tag, meant",
    [
        ("Ngugi wa Thiong'o", WRITER),  # no accents
        ("Doe Jo", JO),  # the other way round
        ("Muchiri", KING),  # one name of two
        ("stev0 Cashmoney", STAR),
        ("Jo Do", JO),
        ("J", like(JO, "J.")),
        ("李朋", like(JO, "李明")),
        ("Øyvind Lid", like(JO, "Oyvind Lid")),
    ],
)
def test_near_misses_of_many_kinds(memory, tag, meant):
    memory.remember([meant])
    found = memory.look_up(tag)
    assert found.status == ("near" if search_key(tag) != "李朋" else "unknown"), found
    if found.status == "near":
        assert found.candidates[0][0] == meant.name


def test_short_names_have_near_misses():
    with Memory() as memory:
        memory.remember(like(JO, name) for name in ("Bo", "Bob", "Al", "Ivy", "Ng"))
        assert memory.look_up("bo").status == memory.look_up("Ng").status == "exact"
        assert dict(memory.look_up("Bib").candidates).keys() == {"Bob"}
        assert dict(memory.look_up("Boo").candidates).keys() == {"Bo", "Bob"}
        assert memory.look_up("Xu").status == "unknown"


def test_a_name_of_several_bearers_lists_them(memory):
    memory.remember([like(JO, occupation="King", location="Wakanda")])
    found = memory.look_up("jo doe")
    assert (found.status, found.record) == ("ambiguous", None)
    assert found.reason == "2 people are called 'jo doe': Jo Doe (Nurse, Oslo) and Jo Doe (King, Wakanda)."
    assert found.candidates == (("Jo Doe (Nurse, Oslo)", 100.0), ("Jo Doe (King, Wakanda)", 100.0))


def test_bearers_are_told_apart_by_what_differs():
    with Memory() as memory:
        memory.remember(like(JO, university=university) for university in ("MIT", "Yale", ""))
        assert [name for name, _ in memory.look_up("Jo Doe").candidates] == [
            f"Jo Doe ({u})" for u in ("MIT", "Yale", "-")
        ]
        memory.remember(like(JO, hobbies=f"{number}") for number in range(20))
        assert memory.look_up("Jo Doe").reason.endswith(" and 18 others.")


def test_nobody_is_known(memory):
    assert memory.look_up("Zxqv Wkrr").reason == "I know nobody called 'Zxqv Wkrr', nor by a similar name."
    for tag in ("", "   ", "\u3000"):
        assert memory.look_up(tag).status == "unknown" and "No name was given" in memory.look_up(tag).reason
    with Memory() as empty:
        assert empty.look_up("Jo Doe").status == "unknown" and len(empty) == 0 and list(empty) == []


def test_huge_tags_get_a_sentence(memory):
    assert memory.look_up("Jo Doe" * LONGEST_NAME).reason.startswith("60,000 characters are too long for a name")
    start = time.perf_counter()
    found = memory.look_up("Jo Doe " * 1400)
    assert found.status in ("near", "unknown") and len(found.reason) < 300
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("tag", NASTY)
def test_nasty_tags_do_no_harm(memory, tag):
    assert memory.look_up(tag).status in ("unknown", "near")
    assert memory.knows([tag]) == set() and memory.forget(tag) == 0
    assert len(memory) == 4 and memory.look_up("Jo Doe").status == "exact"


@pytest.mark.parametrize("name", [name for name in NASTY if not {"\ud800", "\x00"} & set(name)])
def test_nasty_names_are_remembered_like_any_other(memory, name):
    person = like(JO, name)
    assert memory.remember([person]) == 1
    assert memory.look_up(name).record == person
    assert memory.look_up(f"{name}x").status in ("near", "unknown")
    assert memory.forget(name) == 1 and memory.look_up(name).status != "exact"
    memory._db.execute("INSERT INTO name_trigrams (name_trigrams) VALUES ('integrity-check')")


VISIBLE = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), min_size=1, max_size=30)


@settings(deadline=None)  # SQLite makes a memory anew each time
@given(VISIBLE.filter(normalise), st.text(max_size=30))
def test_whatever_is_remembered_is_found(fname, other):
    person = like(JO, fname.strip())
    with Memory() as memory:
        memory.remember([person])
        assert memory.look_up(fname).record == person
        assert (memory.look_up(other).status == "exact") == (normalise(other) == normalise(fname))


def test_knows_many_at_once(memory):
    tags = ["jo doe", "Jo  Doe", "Jo", "", "MUCHIRI T’CHALLA", "\ud800"]
    assert memory.knows(tags) == {"jo doe", "Jo  Doe", "MUCHIRI T’CHALLA"}
    assert memory.knows(f"nobody {number}" for number in range(2000)) == set()


# Changing


def test_order_names_and_iteration(memory):
    assert list(memory) == [KING, STAR, JO, WRITER] and len(memory) == 4
    memory.remember([like(JO, occupation="Pilot")])
    assert memory.names() == [KING.name, STAR.name, JO.name, WRITER.name]
    with Memory() as many:
        assert many.remember(numbered(number) for number in range(2500)) == 2500
        assert [record.name for record in many] == [f"Jo{number} Doe-a{number}" for number in range(2500)]


def test_the_same_record_is_not_added_twice(memory):
    assert memory.remember([JO, JO, like(JO, "JO DOE")]) == 0
    assert memory.remember([]) == 0
    assert memory.remember(list(memory)) == 0 and len(memory) == 4


def test_replace_changes_the_next_answer_and_keeps_the_place(memory):
    memory.remember([like(JO, occupation="Pilot"), like(JO, occupation="Cook")])
    new = like(JO, "JO DOE", location="Rome")
    assert memory.replace(new) == 3
    assert memory.look_up("Jo Doe").record == new and list(memory) == [KING, STAR, new, WRITER]
    assert memory.replace(numbered(1)) == 0 and len(memory) == 5


def test_forget_removes_from_near_misses_too(memory):
    memory.remember([like(JO, occupation="Pilot")])
    assert memory.forget("JO  DOE") == 2 and memory.forget("Jo Doe") == 0
    assert memory.look_up("Jo Doe").status == memory.look_up("Jo Do").status == "unknown"
    memory._db.execute("INSERT INTO name_trigrams (name_trigrams) VALUES ('integrity-check')")


def test_what_is_forgotten_leaves_no_byte_in_a_compacted_file(tmp_path):
    path = tmp_path / "people.db"
    with Memory(path) as memory:
        memory.remember([JO, like(JO, "Xyzzyx Qwvzk", occupation="Sesquipedalian")])
        assert memory.forget("Xyzzyx Qwvzk") == 1
        memory.compact()
        assert memory.look_up("Jo Do").status == "near"
        db = memory._db
        db.execute("CREATE VIRTUAL TABLE temp.pieces USING fts5vocab (main, name_trigrams, row)")
        assert not db.execute("SELECT * FROM temp.pieces WHERE term IN ('xyz', 'qwv')").fetchall()
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Jo Doe" in left and not any(piece in left for piece in (b"xyz", b"qwv", b"Qwvzk", b"Sesqui"))


def test_a_batch_that_fails_leaves_nothing(memory):
    def failing():
        yield numbered(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.remember(failing())
    bad = [(like(JO, " "), "name is empty"), (like(JO, music="\udfff"), "surrogate")]
    bad += [
        (like(JO, "x" * (LONGEST_NAME + 1)), "cannot be a name"),
        (JO.to_dict(), "a Record was expected"),
    ]
    for person, sentence in bad:
        with pytest.raises(InputError, match=sentence):
            memory.remember([numbered(2), person])
        with pytest.raises(InputError, match=sentence):
            memory.replace(person)
    assert list(memory) == [KING, STAR, JO, WRITER] and memory.look_up("Jo1 Doe-a1").status != "exact"


def test_threads_take_turns(memory):
    def work(batch):
        for number in range(50):
            memory.remember([numbered(number, batch)])
            assert memory.look_up(f"Jo{number} Doe-{batch}{number}").status == "exact"

    threads = [threading.Thread(target=work, args=(batch,)) for batch in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(memory) == 154


def test_many_alike_give_the_best_few():
    with Memory() as memory:
        memory.remember(numbered(number) for number in range(3000))
        found = memory.look_up("Jo1234 Doe-1234")
        assert found.candidates[0][0] == "Jo1234 Doe-a1234" and len(found.candidates) == MOST_NEAR
        scores = [score for _, score in found.candidates]
        assert scores == sorted(scores, reverse=True)


# Files


def test_a_file_keeps_what_it_was_told(tmp_path):
    path = tmp_path / "mémoire 1.db"
    with Memory(path) as memory:
        memory.remember([KING, JO])
        memory.forget("Jo Doe")
    with Memory(str(path)) as memory:
        assert list(memory) == [KING] and memory.look_up("Muchri").status == "near"
    assert sound(path) and [part.name for part in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="is closed"):
        memory.look_up("Jo")


def test_an_empty_file_becomes_a_memory(tmp_path):
    (tmp_path / "empty.db").touch()
    with Memory(tmp_path / "empty.db") as memory:
        assert memory.remember([JO]) == 1


def test_what_is_no_memory_is_refused_untouched(tmp_path):
    other, newer, text, stub = (tmp_path / name for name in ("other.db", "newer.db", "text.db", "stub.db"))
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE people (id INTEGER)")
    db.close()
    Memory(newer).close()
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    text.write_text(json.dumps(JO.to_dict()), encoding="utf-8")
    stub.write_bytes(b"SQLite format 3\0")
    sentences = {other: "another program's", newer: "newer MoMeM", text: "not a SQLite file", stub: "not a SQLite file"}
    before = {path: path.read_bytes() for path in sentences}
    for path, sentence in sentences.items():
        with pytest.raises(InputError, match=sentence):
            Memory(path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_places_where_no_memory_can_be_are_refused(tmp_path):
    for path, sentence in [
        (tmp_path, "must be a file"),
        ("", "must be a file"),
        (tmp_path / "no" / "a.db", "in a folder that exists"),
    ]:
        with pytest.raises(InputError, match=sentence):
            Memory(path)
    with pytest.raises(InputError, match="cannot be opened"):
        Memory(tmp_path / "a\0b")
    assert list(tmp_path.iterdir()) == []


NOBODY_ELSE = 3


def open_as_nobody(path: Path) -> None:
    """In a process of its own: exit with 0 if a user without rights may ask, and is else refused in a sentence."""
    try:
        if os.geteuid() == 0:
            os.setuid(65534)
    except OSError:  # in a user namespace there may be nobody but root
        os._exit(NOBODY_ELSE)
    try:
        with Memory(path) as memory:
            assert memory.look_up("Jo Doe").record == JO and memory.look_up("Jo Do").candidates
            assert memory.remember([JO], replacing=True) == 0
            memory.forget("Jo Doe")
    except InputError as error:
        os._exit(0 if "writ" in str(error) else 1)
    os._exit(2)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_a_read_only_place_can_be_asked_and_not_written(tmp_path):
    path = tmp_path / "people.db"
    with Memory(path) as memory:
        memory.remember([JO])
    before = path.read_bytes()
    for folder in tmp_path.parents[:2]:  # pytest makes them private, so that nobody could even look
        folder.chmod(0o755)
    tmp_path.chmod(0o555)
    try:
        for place in (path, tmp_path / "new.db"):
            process = multiprocessing.get_context("fork").Process(target=open_as_nobody, args=(place,))
            process.start()
            process.join(30)
            if process.exitcode == NOBODY_ELSE:
                pytest.skip("root cannot become another user here")
            assert process.exitcode == 0
    finally:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o700)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("harm", ["cut", "zeros", "noise", "middle"])
def test_a_damaged_file_gets_a_sentence_and_stays_as_it_is(tmp_path, harm):
    path = tmp_path / "people.db"
    with Memory(path) as memory:
        memory.remember(numbered(number) for number in range(2000))
    whole = path.read_bytes()
    half = len(whole) // 2
    damage = {
        "cut": whole[: half + 100],
        "zeros": whole[:4096] + bytes(len(whole) - 4096),
        "noise": whole[:100] + bytes(255 - byte for byte in whole[100:]),
        "middle": whole[:half] + b"\xaa" * 8192 + whole[half + 8192 :],
    }
    path.write_bytes(damage[harm])
    with pytest.raises(InputError, match="is damaged"):
        Memory(path)
    assert path.read_bytes() == damage[harm]


def test_damage_met_later_gets_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "people.db"
    with Memory(path) as memory:
        memory.remember(numbered(number) for number in range(2000))
    whole = path.read_bytes()
    path.write_bytes(whole[:40960] + b"\xaa" * (len(whole) - 40960))
    monkeypatch.setattr(memory_file, "CHECKED_BYTES", 0)  # as if the file were too large to be checked whole
    with pytest.raises(InputError, match="is damaged"), Memory(path) as memory:
        list(memory)


def test_an_sqlite_without_trigrams_gets_a_sentence(tmp_path, monkeypatch):
    older = tuple(statement.replace("'trigram ", "'no_such_tokenizer ") for statement in memory_file.CREATE)
    with monkeypatch.context() as patch, pytest.raises(InputError, match=r"no_such_tokenizer.*SQLite 3\.34 or newer"):
        patch.setattr(memory_file, "CREATE", older)
        Memory(tmp_path / "people.db")
    with Memory(tmp_path / "people.db") as memory:  # nothing was begun
        assert memory.remember([JO]) == 1


# Crashes and company

CHILD = """
import sys
from momem_lib.system.memory import Memory
from tests.system.test_memory import numbered
def people():
    for number in range(10**9):
        if number == 3000:
            print("in the middle", flush=True)
        yield numbered(number, "crash")
with Memory(sys.argv[1]) as memory:
    memory.remember(numbered(number, "kept") for number in range(500))
    print("kept", flush=True)
    memory.remember(people())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_process_killed_in_the_middle_leaves_all_or_nothing(tmp_path):
    path = tmp_path / "people.db"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )
    try:
        assert child.stdout.readline() == "kept\n" and child.stdout.readline() == "in the middle\n"
        time.sleep(0.5)  # well inside the second batch, which would go on for hours
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    with Memory(path) as memory:
        assert len(memory) == 500 and memory.look_up("Jo7 Doe-kept7").status == "exact"
        assert memory.look_up("Jo7 Doe-crash7").status != "exact"
        assert memory.remember([KING]) == 1
    assert sound(path)


def write_batches(path: Path, batch: str) -> None:
    """One of several processes that write to one memory at once."""
    with Memory(path) as memory:
        for start in range(0, 200, 10):
            assert memory.remember(numbered(number, batch) for number in range(start, start + 10)) == 10
            memory.replace(like(KING, location=batch))
            assert memory.look_up(f"Jo{start} Doe-{batch}{start}").status == "exact"


def test_several_processes_write_at_once(tmp_path):
    path = tmp_path / "people.db"  # not made yet: they also make it at once
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_batches, args=(path, batch)) for batch in ("a", "b", "c")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(300)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with Memory(path) as memory:
        assert len(memory) == 601 and memory.look_up(KING.name).record.value("Lives in") in ("a", "b", "c")
    assert sound(path)


def test_a_busy_memory_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("momem_lib.system.memory_file.BUSY_SECONDS", 0.1)
    path = tmp_path / "people.db"
    with Memory(path) as memory, Memory(path) as other:
        other._db.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="is busy"):
            memory.remember([JO])
        other._db.execute("ROLLBACK")
        assert memory.remember([JO]) == 1 and len(other) == 1


def test_the_schema_reads_well(tmp_path):
    with Memory(tmp_path / "people.db") as memory:
        memory.remember([WRITER])
    db = sqlite3.connect(tmp_path / "people.db")
    row = db.execute("SELECT * FROM records").fetchone()
    assert row[:4] == (1, WRITER.name, "ngũgĩ wa thiong'o", "ngugi wa thiong'o") and row[4].startswith("20")
    assert db.execute("SELECT * FROM facts").fetchall() == [
        (1, place, *fact) for place, fact in enumerate(WRITER.facts)
    ]
    shown = db.execute("SELECT value FROM people_facts WHERE name = ? AND label = 'Lives in'", (WRITER.name,))
    assert shown.fetchall() == [("Kamĩrĩĩthũ",)]
    db.close()


# The first schema, as files of earlier days have it: a column for each of six fields.
FIRST = """
CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  normalised_name TEXT NOT NULL,
  search_name TEXT NOT NULL,
  fname TEXT NOT NULL, lname TEXT NOT NULL, occupation TEXT NOT NULL, location TEXT NOT NULL, movie TEXT NOT NULL,
  music TEXT NOT NULL, hobbies TEXT NOT NULL, university TEXT NOT NULL,
  remembered_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE INDEX people_by_name ON people (normalised_name);
CREATE INDEX people_with_short_names ON people (search_name, name) WHERE length(search_name) <= 6;
PRAGMA application_id = 1299139941;
PRAGMA user_version = 1;
CREATE VIRTUAL TABLE IF NOT EXISTS name_trigrams USING fts5 (
  search_name, content='people', content_rowid='id', detail=none, columnsize=0, tokenize='trigram case_sensitive 1');
CREATE TRIGGER person_added AFTER INSERT ON people BEGIN
  INSERT INTO name_trigrams (rowid, search_name) VALUES (new.id, new.search_name); END;
CREATE TRIGGER person_forgotten AFTER DELETE ON people BEGIN
  INSERT INTO name_trigrams (name_trigrams, rowid, search_name) VALUES ('delete', old.id, old.search_name); END;
CREATE TRIGGER person_changed AFTER UPDATE OF id, search_name ON people BEGIN
  INSERT INTO name_trigrams (name_trigrams, rowid, search_name) VALUES ('delete', old.id, old.search_name);
  INSERT INTO name_trigrams (rowid, search_name) VALUES (new.id, new.search_name); END;
PRAGMA journal_mode = WAL;
"""


def first_file(path: Path, people=(KING, STAR, JO, WRITER)) -> None:
    """A file as the first schema had it, ids 1, 3, 5 ..., remembered in the year 2000."""
    db = sqlite3.connect(path)
    db.executescript(FIRST)
    for number, person in enumerate(people):
        values = [
            2 * number + 1,
            person.name,
            normalise(person.name),
            search_key(person.name),
            *person.name.split(" ", 1),
        ]
        values += [value for _, value in person.facts]
        db.execute(f"INSERT INTO people VALUES ({', '.join('?' * len(values))}, '2000-01-01 00:00:00')", values)
    db.commit()
    db.close()


def test_a_file_of_the_first_schema_is_renewed(tmp_path):
    path = tmp_path / "people.db"
    hidden = like(JO, "Jo\u200bhn Doe", location="")
    first_file(path, (KING, STAR, JO, WRITER, hidden))
    for _ in range(2):  # the second time, it is of today's
        with Memory(path) as memory:
            assert list(memory) == [KING, STAR, JO, WRITER, hidden]
            assert memory.look_up("john doe").record == hidden  # found by its letters, which it was not
            assert memory.look_up("Muchri").status == "near"
            assert memory.remember([KING]) == 0
    assert sound(path)
    db = sqlite3.connect(path)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'name_trigrams_%'")}
    assert tables == {"records", "facts", "people_facts", "name_trigrams", "records_by_name",
                      "records_with_short_names", "record_added", "record_forgotten", "record_changed"}  # fmt: skip
    assert db.execute("SELECT id, remembered_at FROM records").fetchall()[1] == (3, "2000-01-01 00:00:00")
    assert (
        db.execute("PRAGMA user_version").fetchone() == (2,) and db.execute("PRAGMA foreign_key_check").fetchall() == []
    )
    db.close()


def test_renewing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "people.db"
    first_file(path)
    with monkeypatch.context() as patch, pytest.raises(InputError, match=r"cannot be made, renewed or read .*no_table"):
        patch.setattr(memory_file, "FROM_1", (*memory_file.FROM_1, "DROP TABLE no_table"))
        Memory(path)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM people").fetchone() == (4,)
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()
    with Memory(path) as memory:
        assert len(memory) == 4
    with sqlite3.connect(tmp_path / "odd.db") as db:  # says that it is of the first schema, and is not
        db.executescript("CREATE TABLE folk (id); PRAGMA application_id = 1299139941; PRAGMA user_version = 1;")
    db.close()
    with pytest.raises(InputError, match="no such table: people"):
        Memory(tmp_path / "odd.db")


# Facts of any kind

TEACHER = Record("Ana Ruiz", (("Room", "12"), ("Blood group", "0+"), ("Notes", "")))


def test_records_of_any_shape_live_side_by_side(memory):
    town = Record("Oslo", (("Country", "Norway"),))
    bare = Record("Bare Name")
    assert memory.remember([TEACHER, town, bare]) == 3 and memory.remember([bare, town, TEACHER]) == 0
    assert list(memory)[-3:] == [TEACHER, town, bare] and memory.look_up("bare name").record == bare
    assert memory.remember([Record("Oslo", (("Country", "Norway"), ("Mayor", "")))]) == 1
    assert memory.look_up("Oslo").reason == "2 people are called 'Oslo': Oslo (Norway, -) and Oslo (Norway, -)."
    memory.replace(Record("Oslo", (("Population", "700,000"), ("River", "Akerselva"))))
    memory.remember([town])
    assert dict(memory.look_up("oslo").candidates).keys() == {"Oslo (700,000, Akerselva)", "Oslo (-, -)"}


def test_one_fact_is_replaced_or_forgotten(memory):
    memory.remember([TEACHER])
    assert memory.replace_fact("ana ruiz", "Room", "14") == "12"
    assert memory.replace_fact("Ana Ruiz", "blood_group", "A-") == "0+"  # the label as a key, too
    assert memory.replace_fact("Ana Ruiz", "t_shirt_size", "M") is None
    changed = (("Room", "14"), ("Blood group", "A-"), ("Notes", ""), ("T shirt size", "M"))
    assert memory.look_up("Ana Ruiz").record == Record("Ana Ruiz", changed)
    assert memory.forget_fact("Ana Ruiz", "ROOM") == "14" and memory.forget_fact("Ana Ruiz", "Notes") == ""
    assert memory.look_up("Ana Ruiz").record.facts == (changed[1], changed[3])
    assert memory.replace_fact(KING.name, "location", "Rome") == "Wakanda"
    assert [record.name for record in memory] == [
        KING.name,
        STAR.name,
        JO.name,
        WRITER.name,
        TEACHER.name,
    ]  # places stay
    memory.remember([like(JO, location="Rome")])
    before = list(memory)
    for change, sentence in (
        (lambda: memory.replace_fact("Ana Ruis", "Room", "1"), "Did you mean Ana Ruiz"),
        (lambda: memory.replace_fact("Jo Doe", "Room", "1"), "2 people are called 'Jo Doe'"),
        (lambda: memory.replace_fact("Ana Ruiz", "Room", None), "'Room' must be text"),
        (lambda: memory.replace_fact("Ana Ruiz", "", "1"), "cannot be a label"),
        (lambda: memory.replace_fact("Ana Ruiz", "Name", "Al"), "labels differ"),
        (lambda: memory.replace_fact("Ana Ruiz", None, "1"), "a label must be text"),
        (lambda: memory.forget_fact("Ana Ruiz", "Room"), "Ana Ruiz has no 'Room', but Blood group and T shirt size"),
        (lambda: memory.forget_fact("Nobody", "Room"), "I know nobody called 'Nobody'"),
        (lambda: memory.forget(7), "a name must be text"),
    ):
        with pytest.raises(InputError, match=sentence):
            change()
    assert list(memory) == before


@pytest.mark.parametrize("value", [None, float("nan"), ["a"], b"x", 7, "\x1b[31mred", "two\nlines", "a\x00b"])
def test_what_a_file_may_not_hold_the_memory_does_not_take(memory, value):
    for change in (
        lambda record: memory.remember([record]),
        lambda record: memory.remember([record], True),
        memory.replace,
    ):
        for record in (like(JO, location=value), Record(value, JO.facts), Record("Jo", ((value, "7"),))):
            with pytest.raises(InputError):
                change(record)
    assert list(memory) == [KING, STAR, JO, WRITER]


@pytest.mark.parametrize(
    "spelt",
    [
        "Jo\u200b Doe",
        "\u200eJo Doe\u200e",
        "\u2068Jo Doe\u2069",
        "\ufeffJo Doe",
        "J\u00ado Doe",
        "Jo\u2060 Doe",
        "Jo Doe\ufe0f",
    ],
)
def test_signs_that_nobody_sees_do_not_count(memory, spelt):
    assert memory.look_up(spelt).record == JO
    memory.replace(like(JO, spelt, location="Rome"))
    assert memory.look_up("Jo Doe").record.value("Lives in") == "Rome" and len(memory) == 4
    with pytest.raises(InputError, match="1 to 10,000 visible characters"):
        memory.remember([Record("\ufe0f\u3164")])


def test_many_records_replace_those_of_their_names_at_once(memory):
    memory.remember([like(JO, location="Rome"), like(JO, location="Bonn")])
    new = [like(JO, "JO DOE", location="Lima"), like(JO, location="Cusco"), numbered(1)]
    assert memory.remember(new, replacing=True) == 3
    assert list(memory) == [KING, STAR, WRITER, *new]
    assert memory.remember(iter(new), replacing=True) == 0 and list(memory) == [KING, STAR, WRITER, *new]

    def failing():
        yield from new
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.remember(failing(), replacing=True)
    with pytest.raises(InputError):
        memory.remember([KING, Record("")], replacing=True)
    assert list(memory) == [KING, STAR, WRITER, *new]


def test_the_second_run_over_a_file_is_as_quick_as_the_first(tmp_path):
    with Memory(tmp_path / "people.db") as memory:
        seconds = []
        for _ in range(2):
            start = time.process_time()
            memory.remember(map(numbered, range(3000)), replacing=True)
            seconds.append(time.process_time() - start)
    assert seconds[1] < 3 * seconds[0] + 0.2, seconds
