"""The memory's file: its schema, how it is made, checked and opened, and its troubles in plain sentences."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from momem_lib.data.records import LABELS
from momem_lib.project import InputError
from momem_lib.system.names import normalise, search_key

APPLICATION_ID = 0x4D6F4D65  # "MoMe": marks the file as ours
SCHEMA_VERSION = 2
BUSY_SECONDS = 30.0  # how long one program waits for another that writes
CHECKED_BYTES = 64 * 2**20  # files up to this size are checked whole when opened, which takes 0.3 s or less
SHORT = 6  # letters; names of this length or less have an index of their own

_FORGET = "INSERT INTO name_trigrams (name_trigrams, rowid, search_name) VALUES ('delete', old.id, old.search_name);"
_ADD = "INSERT INTO name_trigrams (rowid, search_name) VALUES (new.id, new.search_name);"
CREATE = (
    """CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  normalised_name TEXT NOT NULL,
  search_name TEXT NOT NULL,
  remembered_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)""",
    """CREATE TABLE facts (
  record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
  position INTEGER NOT NULL,
  label TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (record, position)) WITHOUT ROWID""",
    """CREATE VIEW people_facts AS
  SELECT name, label, value FROM records JOIN facts ON record = id ORDER BY id, position""",
    "CREATE INDEX records_by_name ON records (normalised_name, name)",  # both: a look-up need not read `records` too
    f"CREATE INDEX records_with_short_names ON records (search_name, name) WHERE length(search_name) <= {SHORT}",
    # The search keys are case-folded already. detail=none: which names hold a trigram, not where; the index is a
    # quarter of the size, and quicker to make and read.
    """CREATE VIRTUAL TABLE name_trigrams USING fts5 (search_name, content='records', content_rowid='id', detail=none,
  columnsize=0, tokenize='trigram case_sensitive 1')""",
    f"CREATE TRIGGER record_added AFTER INSERT ON records BEGIN {_ADD} END",
    f"CREATE TRIGGER record_forgotten AFTER DELETE ON records BEGIN {_FORGET} END",
    f"CREATE TRIGGER record_changed AFTER UPDATE OF id, search_name ON records BEGIN {_FORGET} {_ADD} END",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
FROM_1 = (  # the first schema: one table `people`, a column for each of the six fields
    "DROP TABLE IF EXISTS name_trigrams",
    *CREATE,
    "INSERT INTO records SELECT id, name, normalise(name), search_key(name), remembered_at FROM people",
    *(f"INSERT INTO facts SELECT id, {place}, '{LABELS[key]}', {key} FROM people" for place, key in enumerate(LABELS)),
    "DROP TABLE people",
)
# Of each connection. The last two read the index: in how many names a trigram stands, and in which.
SETTINGS = """PRAGMA journal_mode = WAL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
PRAGMA journal_size_limit = 67108864;
CREATE VIRTUAL TABLE temp.trigram_counts USING fts5vocab (main, name_trigrams, row);
CREATE VIRTUAL TABLE temp.trigram_places USING fts5vocab (main, name_trigrams, instance);"""

_TROUBLE = {
    "SQLITE_BUSY": f"is busy: another program has been writing to it for {BUSY_SECONDS:.0f} seconds; try again later",
    "SQLITE_READONLY": "cannot be written: copy it to a folder of your own",
    "SQLITE_CANTOPEN": "cannot be opened: it must be a file, in a folder that exists, and both must be yours to write",
    "SQLITE_FULL": "cannot grow, the disk is full: free some space; nothing was changed",
    "SQLITE_IOERR": "cannot be read or written: check the disk; nothing was changed",
    "SQLITE_NOTADB": "is not a SQLite file: choose another path to make a new memory",
    "Cannot operate on a closed": "is closed: open it again with Memory(path)",
    "SQLITE_CORRUPT": "is damaged: put a copy of the file in its place, or delete it and remember the people anew",
}


@contextmanager
def plain_errors(path: str | Path) -> Iterator[None]:
    """Turn SQLite's errors into an InputError, a sentence about the memory at `path`."""
    try:
        yield
    except sqlite3.Error as error:
        raise in_words(error, path) from None


def in_words(error: sqlite3.Error, path: str | Path) -> Exception:
    """The InputError for one of SQLite's errors, or the error itself where the fault is not the file's but ours."""
    kind = getattr(error, "sqlite_errorname", str(error))
    sentence = next((sentence for start, sentence in _TROUBLE.items() if kind.startswith(start)), None)
    return InputError(f"the memory {path} {sentence}") if sentence else error


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of what is done inside, or nothing: also after an error, Ctrl-C or a crash; within another, part of it."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE")  # a writer's lock at once: two writers queue up instead of failing half-way
    with db:  # commits at the end, or rolls back
        yield


def opened(path: str | Path, place: str | None = None) -> sqlite3.Connection:
    """Open and prepare a file; where nothing can be written beside it, for reading alone."""
    how = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False, "uri": place is not None}
    db = sqlite3.connect(place or Path(path), **how)
    try:
        prepare(db, path)
    except BaseException as error:
        db.close()
        if place is None and getattr(error, "sqlite_errorname", "") == "SQLITE_READONLY_DIRECTORY":
            # No log stands beside it: all that it knows is in the file itself.
            return opened(path, f"{Path(path).absolute().as_uri()}?immutable=1")
        raise
    return db


def prepare(db: sqlite3.Connection, path: str | Path) -> None:
    """Refuse an open file that is no memory of ours, untouched; make the schema of a new one, renew that of an old one.

    Raises:
        InputError: another program's file, a damaged one, one of a newer version, or an SQLite without trigrams.
    """
    tables = _one(db, "SELECT count(*) FROM sqlite_master")  # none: the file is new, or empty
    if tables and _one(db, "PRAGMA application_id") != APPLICATION_ID:
        raise InputError(f"the memory {path} is another program's SQLite file: choose another path for a new memory")
    version = _one(db, "PRAGMA user_version")
    if version > SCHEMA_VERSION:
        newer = f"was made by a newer MoMeM (schema {version}; this one reads {SCHEMA_VERSION})"
        raise InputError(f"the memory {path} {newer}: update MoMeM to open it")
    size = _one(db, "PRAGMA page_count") * _one(db, "PRAGMA page_size")
    if size <= CHECKED_BYTES and _one(db, "PRAGMA quick_check(1)") != "ok":
        raise InputError(f"the memory {path} {_TROUBLE['SQLITE_CORRUPT']}")
    for function in (normalise, search_key):
        db.create_function(function.__name__, 1, function)
    try:
        if version < SCHEMA_VERSION:
            with transaction(db):  # in which the version is read again: somebody may have been quicker
                for statement in (CREATE, FROM_1, ())[_one(db, "PRAGMA user_version")]:
                    db.execute(statement)
        db.executescript(SETTINGS)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_ERROR":
            raise
        here = f"made, renewed or read by SQLite {sqlite3.sqlite_version} ({error})"
        raise InputError(f"the memory {path} cannot be {here}: use a new file, and SQLite 3.34 or newer") from None


def _one(db: sqlite3.Connection, sql: str) -> int | str:
    return db.execute(sql).fetchone()[0]
