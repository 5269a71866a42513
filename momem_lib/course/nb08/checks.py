"""How notebook 08's parts that work on a database are judged: by what stands in the tables afterwards."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from momem_lib.course.nb08.tables import add, connected, make_tables
from momem_lib.data.records import Record

COLUMNS = {"records": ("id", "name", "normalised_name"), "facts": ("record", "label", "value")}
JO = Record("Jo Doe", (("Lives in", "Oslo"),))
ANN = Record("Ann O'Neil", (("Job", "King's guard"), ("Lives in", "Cork")))
SMITHS = [Record("Jo Smith", (("Lives in", place),)) for place in ("Bath", "Why")]
ODD = [Record("J", ()), Record("100%", (("Room", "7"),)), Record("Robert'); DROP TABLE facts;--", (("Room", "8"),)),
       Record('Al "Ace" Li', (("Motto", 'Say "no"'),))]  # fmt: skip


def rows(db: sqlite3.Connection) -> tuple[list, list]:
    """Everything in the two tables."""
    return (
        db.execute("SELECT name, normalised_name FROM records ORDER BY id").fetchall(),
        db.execute("SELECT record, label, value FROM facts ORDER BY record, label").fetchall(),
    )


def writes(sql: str) -> bool:
    """Whether a command puts in a row."""
    return sql.lstrip()[:6].upper() == "INSERT"


def filled(*records: Record) -> sqlite3.Connection:
    """A database of its own that holds these records."""
    db = connected(make_tables)
    for record in records:
        add(db, record)
    return db


@contextmanager
def in_words(text: str) -> Iterator[None]:
    """Errors of SQLite become sentences about what the reader wrote; the text is what was to be written or found."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        said = str(error)
        counted = re.search(r"uses (\d+), and there (?:are|is) (\d+) supplied", said)
        if (counted and counted[1] == "1") or "unsupported type" in said:
            given = f"{counted[2]} values for one question mark" if counted else "a bare value"
            sentence = (
                f"SQLite was given {given}: (name) is the name itself, letter by letter, and a tuple of one needs a "
                "comma, (name,)"
            )
        elif counted:
            sentence = f"there are {counted[1]} question marks, and {counted[2]} values were handed over"
        elif "FOREIGN KEY" in said:
            sentence = f"a fact of {text!r} has the number of a record that there is not: take the cursor's lastrowid"
        elif set(text) & set("'%\""):
            sentence = f"{text!r} broke the command ({said}): never paste a text into it, hand it over as a value"
        else:
            sentence = f"SQLite refuses the command: {said}"
        raise AssertionError(sentence) from None


# 08.3 to 08.5: tables, adding, looking up


def check_tables(make: Callable[[sqlite3.Connection], object]) -> None:
    """08.3: both tables, with what may stand in them, what goes together, and what is found without reading all."""
    with in_words("the schema"):
        db = connected(make)
    found = {name: [row[1] for row in db.execute(f"PRAGMA table_info({name})")] for name in COLUMNS}
    if not any(found.values()):
        raise NotImplementedError
    for table, columns in COLUMNS.items():
        assert sorted(found[table]) == sorted(columns), (
            f"the table {table} has the columns {', '.join(found[table]) or '(there is no such table)'}: "
            f"{', '.join(columns)} were asked for"
        )
    _check_rows(db)
    for table, column, value in (("records", "normalised_name", "jo doe"), ("facts", "record", 1)):
        plan = db.execute(f"EXPLAIN QUERY PLAN SELECT * FROM {table} WHERE {column} = ?", (value,)).fetchall()
        assert "SCAN" not in plan[0][-1], f"a search by {column} reads all of {table}: make an index for it"


def _check_rows(db: sqlite3.Connection) -> None:
    """What the tables take, refuse and let go."""
    put = "INSERT INTO records (name, normalised_name) VALUES (?, ?)"
    try:
        numbers = [db.execute(put, ("Jo Smith", "jo smith")).lastrowid for _ in range(2)]
    except sqlite3.IntegrityError:
        raise AssertionError("the second Jo Smith was refused: two people may bear one name") from None
    assert [number for (number,) in db.execute("SELECT id FROM records ORDER BY id")] == numbers, (
        "a new record gets no number in id: SQLite counts by itself where the column is an INTEGER PRIMARY KEY"
    )
    assert _refused(db, put, (None, "jo")), "a record without a name was taken: say NOT NULL"
    fact = "INSERT INTO facts (record, label, value) VALUES (?, ?, ?)"
    assert _refused(db, fact, (numbers[0], "Lives in", None)), "a fact without a value was taken: say NOT NULL"
    assert _refused(db, fact, (99, "Lives in", "Oslo")), (
        "a fact of a record that there is not was taken: facts.record REFERENCES records"
    )
    for number, label in ((numbers[0], "Lives in"), (numbers[0], "Job"), (numbers[1], "Job")):
        assert not _refused(db, fact, (number, label, "x")), (
            "a record has several facts, and two records may have the same label: do not make them unique"
        )
    assert not _refused(db, "DELETE FROM records WHERE id = ?", (numbers[0],)), (
        "a record that has facts cannot be deleted: its facts should go with it, ON DELETE CASCADE"
    )
    left = db.execute("SELECT record, label FROM facts").fetchall()
    assert left == [(numbers[1], "Job")], "a record was deleted, and its facts are still there: say ON DELETE CASCADE"


def _refused(db: sqlite3.Connection, sql: str, values: tuple) -> bool:
    try:
        db.execute(sql, values)
    except sqlite3.IntegrityError:
        return True
    return False


def check_add(version: Callable[[sqlite3.Connection, Record], object]) -> None:
    """08.4: a record and its facts, whatever letters stand in them."""
    mine, right = connected(make_tables), connected(make_tables)
    for number, record in enumerate((JO, ANN, *SMITHS, *ODD)):
        with in_words(record.name):
            version(mine, record)
        add(right, record)
        (people, facts), (all_people, all_facts) = rows(mine), rows(right)
        if not number and not people and not facts:
            raise NotImplementedError
        assert len(people) == len(all_people), (
            f"after {record.name!r}, records has {len(people)} rows, not {number + 1}"
        )
        for (name, key), (right_name, right_key) in zip(people, all_people, strict=True):
            assert name == right_name, f"under name stands {name!r}: {right_name!r} was to be kept as it is"
            assert key == right_key, f"under normalised_name stands {key!r}: normalise(name) is {right_key!r}"
        assert sorted(facts) == sorted(all_facts), (
            f"after {record.name!r}, facts holds {len(facts)} rows, the last {facts[-1:]}: "
            f"{len(all_facts)} were expected, the last {all_facts[-1:]}"
        )


def check_look_up(version: Callable[[sqlite3.Connection, str], object]) -> None:
    """08.5: exact, ambiguous or unknown, whatever is asked for, and nothing is changed by asking."""
    people = (JO, ANN, *SMITHS, *ODD)
    cases = [(record.name, ("exact", dict(record.facts)), "") for record in (JO, ANN, *ODD)]
    cases[1:1] = [
        ("JO  DOE", cases[0][1], "capitals and spaces make no other name: look for normalise(tag)"),
        ("Jo Smith", ("ambiguous", None), "two people bear this name, so neither is the answer"),
        ("Nobody", ("unknown", None), "nobody bears this name"),
    ]
    cases += [(tag, ("unknown", None), why) for tag, why in (
        ("' OR '1'='1", "the name was read as SQL: hand it over as a value"),
        ("Jo D%", "LIKE takes % for any text: compare with ="),
    )]  # fmt: skip
    for number, (tag, right, why) in enumerate(cases):
        db = filled(*people)
        before = rows(db)
        with in_words(tag):
            found = version(db, tag)
        if not number and (found is None or found is ...):
            raise NotImplementedError
        told = f"{tag!r} gives {found!r}, where {right!r} was expected"
        assert found == right or found == list(right), f"{told}: {why}" if why else told
        assert rows(db) == before, f"after the look-up of {tag!r} something has changed in the tables"


# 08.11 and 08.b: transactions


def check_remember_all(version: Callable) -> None:
    """08.11: all records, or none of them, in one transaction."""
    _check_whole(version)
    for broken, what in (
        ([JO, Record("Al", (("Lives in", None),))], "the second record has a fact without a value"),
        (_ends_early(), "the second record cannot be read"),
    ):
        db, raised = connected(make_tables), False
        try:
            version(db, broken)
        except Exception:
            raised = True
        assert not db.in_transaction, f"{what}, and the transaction is still open: ROLLBACK after an error"
        people, facts = rows(db)
        assert not people and not facts, (
            f"{what}, and yet {people[-1][0] if people else 'a fact'} stayed: all or none (BEGIN first, ROLLBACK after "
            "an error)"
        )
        assert raised, f"{what}, and nobody was told: let the error through (raise)"


def _ends_early() -> Iterator[Record]:
    yield JO
    raise ValueError("the file ends here")


def _check_whole(version: Callable) -> None:
    db, within = connected(make_tables), []
    db.set_trace_callback(
        lambda sql: within.append(db.in_transaction) if sql.lstrip()[:6].upper() == "INSERT" else None
    )
    with in_words(""):
        version(db, [JO, *SMITHS])
    if not within:
        raise NotImplementedError
    assert not db.in_transaction, "the transaction is still open: COMMIT when all is written"
    assert rows(db) == rows(filled(JO, *SMITHS)), f"of three records, {len(rows(db)[0])} came in"
    assert all(within), "the first record was written before a transaction began: BEGIN comes first"


def check_add_new(version: Callable[[sqlite3.Connection, Record], bool]) -> None:
    """08.b: a record unless its name is known, also while another program writes."""
    db = connected(make_tables)
    first = version(db, JO)
    if first is None or first is ...:
        raise NotImplementedError
    assert not db.in_transaction, "the transaction is still open: COMMIT, also where nothing was to be written"
    assert first is True and rows(db) == rows(filled(JO)), f"a new record: it returned {first!r}, and True was expected"
    again = version(db, Record("JO  doe", ()))
    assert again is False and rows(db) == rows(filled(JO)), (
        f"'JO  doe' is known by another spelling: it returned {again!r}, and {len(rows(db)[0])} records are there"
    )
    assert not db.in_transaction, "the transaction is still open where the name was known: end it there too"
    _check_race(version)


def _check_race(version: Callable) -> None:
    """Another program adds the same record when the reader's function is about to write."""
    with TemporaryDirectory() as folder, closing(connected(make_tables, Path(folder) / "race.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        with closing(sqlite3.connect(Path(folder) / "race.db", timeout=0, isolation_level=None)) as other:
            tries = []

            def meanwhile(sql: str) -> None:
                if writes(sql) and not tries:
                    tries.append(sql)
                    try:
                        add(other, JO)
                    except sqlite3.OperationalError:
                        pass  # locked out, as it should be

            db.set_trace_callback(meanwhile)
            try:
                version(db, JO)
            except sqlite3.OperationalError as error:
                raise AssertionError(
                    f"another program wrote between your reading and your writing, and SQLite refused yours ({error}): "
                    "take the writer's lock before you read, BEGIN IMMEDIATE"
                ) from None
            known = other.execute("SELECT count(*) FROM records").fetchone()[0]
            assert known == 1, (
                "another program added the same name between your reading and your writing, and now it stands there "
                f"{known} times: take the writer's lock before you read, BEGIN IMMEDIATE"
            )
