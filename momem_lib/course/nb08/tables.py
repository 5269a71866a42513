"""The small memory that the reader of notebook 08 builds: two tables, adding, looking up, all or none."""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from momem_lib.data.records import Record
from momem_lib.system.memory_file import transaction
from momem_lib.system.names import normalise


def connected(make: Callable[[sqlite3.Connection], object], path: str | Path = ":memory:") -> sqlite3.Connection:
    """A new database with tables, in RAM unless a path is given; it checks what REFERENCES says.

    Args:
        make: makes the tables. No transaction begins by itself (isolation_level=None).

    Example:
        >>> connected(make_tables).execute("SELECT count(*) FROM records").fetchone()
        (0,)
    """
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA foreign_keys = ON")
    make(db)
    return db


def make_tables(db: sqlite3.Connection) -> None:
    """The tables records and facts, and what finds a record by its name and the facts of a record."""
    db.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, name TEXT NOT NULL, normalised_name TEXT NOT NULL)")
    db.execute(
        "CREATE TABLE facts (record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE, "
        "label TEXT NOT NULL, value TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX records_by_name ON records (normalised_name)")
    db.execute("CREATE INDEX facts_by_record ON facts (record)")


def add(db: sqlite3.Connection, record: Record) -> None:
    """Write a record and its facts.

    Example:
        >>> db = connected(make_tables)
        >>> add(db, Record("Jo Doe", (("Lives in", "Oslo"),)))
        >>> look_up(db, "jo  DOE"), look_up(db, "Jo Do")
        (('exact', {'Lives in': 'Oslo'}), ('unknown', None))
    """
    put = "INSERT INTO records (name, normalised_name) VALUES (?, ?)"
    number = db.execute(put, (record.name, normalise(record.name))).lastrowid
    facts = [(number, label, value) for label, value in record.facts]
    db.executemany("INSERT INTO facts (record, label, value) VALUES (?, ?, ?)", facts)


def look_up(db: sqlite3.Connection, tag: str) -> tuple[str, dict | None]:
    """("exact", facts), ("ambiguous", None) or ("unknown", None)."""
    found = db.execute("SELECT id FROM records WHERE normalised_name = ?", (normalise(tag),)).fetchall()
    if len(found) != 1:
        return "ambiguous" if found else "unknown", None
    return "exact", dict(db.execute("SELECT label, value FROM facts WHERE record = ?", found[0]))


def remember_all(db: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Write all records, or none."""
    with transaction(db):
        for record in records:
            add(db, record)


def add_new(db: sqlite3.Connection, record: Record) -> bool:
    """Write a record unless its name is known, and say whether it was written."""
    with transaction(db):
        new = look_up(db, record.name)[0] == "unknown"
        if new:
            add(db, record)
    return new
