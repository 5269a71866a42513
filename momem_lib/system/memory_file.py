"""The memory's file: its schema, how it is made, checked and opened, and its troubles in plain sentences."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from momem_lib.data.records import FIELDS, KEYS
from momem_lib.project import InputError

APPLICATION_ID = 0x4D6F4D65  # "MoMe": marks the file as ours
SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0  # how long one program waits for another that writes
CHECKED_BYTES = 64 * 2**20  # files up to this size are checked whole when opened, which takes 0.3 s or less
SHORT = 6  # letters; names of this length or less have an index of their own
TOKENIZER = "trigram case_sensitive 1"  # the search keys are case-folded already

COLUMNS = ("id", "name", "normalised_name", "search_name", *KEYS)
CREATE = (
    f"""CREATE TABLE people (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  normalised_name TEXT NOT NULL,
  search_name TEXT NOT NULL,
  {", ".join(f"{key} TEXT NOT NULL" for key in KEYS)},
  remembered_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)""",
    "CREATE INDEX people_by_name ON people (normalised_name)",
    f"CREATE INDEX people_with_short_names ON people (search_name, name) WHERE length(search_name) <= {SHORT}",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
# detail=none: which names hold a trigram, not where. The index is a quarter of the size, and quicker to make and read.
INDEX = """CREATE VIRTUAL TABLE IF NOT EXISTS name_trigrams USING fts5 (
  search_name, content='people', content_rowid='id', detail=none, columnsize=0, tokenize='{tokenizer}')"""
_FORGET = "INSERT INTO name_trigrams (name_trigrams, rowid, search_name) VALUES ('delete', old.id, old.search_name);"
_ADD = "INSERT INTO name_trigrams (rowid, search_name) VALUES (new.id, new.search_name);"
TRIGGERS = {
    "person_added": f"AFTER INSERT ON people BEGIN {_ADD} END",
    "person_forgotten": f"AFTER DELETE ON people BEGIN {_FORGET} END",
    "person_changed": f"AFTER UPDATE OF id, search_name ON people BEGIN {_FORGET} {_ADD} END",
}

INSERT = f"INSERT INTO people ({', '.join(COLUMNS)}) SELECT {', '.join(f':{column}' for column in COLUMNS)}"
INSERT_UNLESS_KNOWN = f"""{INSERT} WHERE NOT EXISTS (SELECT 1 FROM people WHERE normalised_name = :normalised_name
  AND {" AND ".join(f"{field} = :{field}" for field in FIELDS)})"""

_TROUBLE = {
    "SQLITE_BUSY": f"is busy: another program has been writing to it for {BUSY_SECONDS:.0f} seconds; try again later",
    "SQLITE_READONLY": "cannot be written: copy it to a folder of your own",
    "SQLITE_CANTOPEN": "cannot be opened: check that the file and its folder can be written",
    "SQLITE_FULL": "cannot grow, the disk is full: free some space; nothing was changed",
    "SQLITE_IOERR": "cannot be read or written: check the disk; nothing was changed",
}
_DAMAGED = "is damaged: put a copy of the file in its place, or delete it and remember the people anew"


@contextmanager
def plain_errors(path: str | Path) -> Iterator[None]:
    """Turn SQLite's errors into an InputError, a sentence about the memory at `path`."""
    try:
        yield
    except UnicodeEncodeError:
        raise InputError("a name or value holds half of a surrogate pair, which is no character: remove it") from None
    except sqlite3.ProgrammingError as error:
        if "closed" not in str(error):
            raise
        raise InputError(f"the memory {path} is closed: open it again with Memory(path)") from None
    except sqlite3.DatabaseError as error:
        kind = getattr(error, "sqlite_errorname", "")
        trouble = next((sentence for start, sentence in _TROUBLE.items() if kind.startswith(start)), None)
        if trouble is None and not kind.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise  # a mistake of ours, not of the file's
        raise InputError(f"the memory {path} {trouble or _DAMAGED}") from None


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of what is done inside, or nothing: also after an error, Ctrl-C or a crash."""
    db.execute("BEGIN IMMEDIATE")  # a writer's lock at once: two writers queue up instead of failing half-way
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def check_path(path: Path) -> None:
    """Refuse, without a touch, what is no memory of ours or could not be written.

    Raises:
        InputError: a folder, no SQLite file, another program's, of a newer version, or in a read-only place.
    """
    if "\0" in str(path):
        raise InputError(f"the memory {str(path)!r} cannot be opened: no file name holds a NUL character")
    try:
        if path.is_dir():
            raise InputError(f"the memory {path} is a folder: a file was expected")
        if not path.parent.is_dir():
            raise InputError(f"the memory {path} cannot be made: its folder does not exist, make it first")
        if not os.access(path.parent, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
            raise InputError(f"the memory {path} cannot be written: choose a file in a folder of your own")
        head = path.open("rb").read(100) if path.exists() else b""
    except OSError as error:
        raise InputError(f"the memory {path} cannot be opened ({error.strerror})") from None
    if not head:
        return  # a new memory, or an empty file, which SQLite takes for one
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise InputError(f"the memory {path} is not a SQLite file: choose another path to make a new memory")
    if int.from_bytes(head[68:72]) != APPLICATION_ID:  # the places are those of SQLite's file format, section 1.3
        raise InputError(f"the memory {path} is another program's SQLite file: choose another path for a new memory")
    _check_version(path, int.from_bytes(head[60:64]))


def _check_version(path: str | Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        newer = f"was made by a newer MoMeM (schema {version}; this one reads {SCHEMA_VERSION})"
        raise InputError(f"the memory {path} {newer}: update MoMeM to open it")


def prepare(db: sqlite3.Connection, path: str | Path) -> bool:
    """Check an open file, make its schema where it is new, and say whether names are indexed by trigrams.

    Raises:
        InputError: the file is damaged or of a newer version.
    """
    _check_version(path, db.execute("PRAGMA user_version").fetchone()[0])
    pages, size = (db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
    if pages * size <= CHECKED_BYTES and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise InputError(f"the memory {path} {_DAMAGED}")
    if not db.execute("PRAGMA user_version").fetchone()[0]:
        with transaction(db):
            if not db.execute("PRAGMA user_version").fetchone()[0]:  # nobody was quicker
                for statement in CREATE:
                    db.execute(statement)
    # After the schema, so that the file's head, which check_path reads, says whose it is from the start.
    db.execute("PRAGMA journal_mode = WAL")
    for pragma in ("foreign_keys = ON", "cache_size = -65536", "temp_store = MEMORY", "journal_size_limit = 67108864"):
        db.execute(f"PRAGMA {pragma}")
    return _index_names(db)


def _index_names(db: sqlite3.Connection) -> bool:
    """Make or mend the trigram index; where SQLite cannot keep it, drop its triggers: then it counts as stale."""
    try:
        db.execute(f"CREATE VIRTUAL TABLE temp.probe USING fts5 (name, tokenize='{TOKENIZER}')")
        db.execute("DROP TABLE temp.probe")
        able = True
    except sqlite3.OperationalError:
        able = False
    known = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"
    if db.execute(known).fetchone()[0] != len(TRIGGERS) * able:
        with transaction(db):
            for name in TRIGGERS:
                db.execute(f"DROP TRIGGER IF EXISTS {name}")
            if able:
                db.execute(INDEX.format(tokenizer=TOKENIZER))
                db.execute("INSERT INTO name_trigrams (name_trigrams) VALUES ('rebuild')")
                for name, body in TRIGGERS.items():
                    db.execute(f"CREATE TRIGGER {name} {body}")
    if able:
        db.execute("CREATE VIRTUAL TABLE temp.trigram_counts USING fts5vocab (main, name_trigrams, row)")
        db.execute("CREATE VIRTUAL TABLE temp.trigram_places USING fts5vocab (main, name_trigrams, instance)")
    return able
