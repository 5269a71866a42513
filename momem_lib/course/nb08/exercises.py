"""Checkers of notebook 08's exercises: each asserts, and says what is wrong."""

import sqlite3
from collections.abc import Callable, Sequence

PEOPLE = (("Jo Doe", "Oslo"), ("Ann O'Neil", "Cork"), ("Robert'); DROP TABLE people;--", "Rome"), ("100%", "Bath"))


def small_database() -> sqlite3.Connection:
    """A database of its own, in RAM, with a table `people` of names and places.

    Example:
        >>> small_database().execute("SELECT count(*) FROM people").fetchone()
        (4,)
    """
    db = sqlite3.connect(":memory:", isolation_level=None)  # no hidden BEGIN: you see every transaction
    db.execute("CREATE TABLE people (name TEXT PRIMARY KEY, location TEXT NOT NULL)")
    db.executemany("INSERT INTO people VALUES (?, ?)", PEOPLE)
    return db


def check_find_place(find_place: Callable[[sqlite3.Connection, str], str | None]) -> None:
    """08.1: the place of exactly one name, whatever signs stand in it, and no harm done."""
    for name, place in PEOPLE:
        db = small_database()
        found = _found(find_place, db, name)
        assert not isinstance(found, tuple), f"it returned the row {found!r}: take the place out of it"
        assert found == place, f"{name!r} lives in {place}, but it returned {found!r}"
        _all_there(db, name)
    for name, why in (
        ("Nobody", "nobody bears this name: return None"),
        ("' OR '1'='1", "the name was read as SQL: hand it over as a value, execute(sql, (name,))"),
        ("Jo%", "LIKE takes % for any text: compare with ="),
        ("jo doe", "this exercise compares letter by letter: use =, not LIKE"),
        ("x'; DELETE FROM people;--", "the name was read as SQL: hand it over as a value"),
        ("Jo\0Doe", "a NUL is a letter like any other, as long as it is a value"),
    ):
        db = small_database()
        found = _found(find_place, db, name)
        assert found is None, f"for {name!r} it returned {found!r}: {why}"
        _all_there(db, name)


def _found(find_place: Callable, db: sqlite3.Connection, name: str) -> object:
    """What a learner's look-up gives; an error of SQLite becomes a sentence."""
    try:
        return find_place(db, name)
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        raise AssertionError(
            f"{name!r} broke the query ({error}): a name must not become part of the SQL text, hand it over as a value"
        ) from None


def _all_there(db: sqlite3.Connection, name: str) -> None:
    try:
        rows = db.execute("SELECT name, location FROM people").fetchall()
    except sqlite3.Error:
        raise AssertionError(f"after {name!r} the table is gone: the name was read as SQL") from None
    assert sorted(rows) == sorted(PEOPLE), f"after {name!r} there are {len(rows)} people instead of {len(PEOPLE)}"


def check_move_all(move_all: Callable[[sqlite3.Connection, Sequence[tuple[str, str]]], None]) -> None:
    """08.2: several changes, all of them or none, and the error is not hidden."""
    db = small_database()
    move_all(db, [("Jo Doe", "Lima"), ("100%", "Why")])
    assert not db.in_transaction, "a transaction is still open: COMMIT when all went well"
    places = dict(db.execute("SELECT name, location FROM people"))
    assert places["Jo Doe"] == "Lima" and places["100%"] == "Why", "after two good moves not both of them are there"
    assert places["Ann O'Neil"] == "Cork", "it moved somebody who was not asked to move"
    for moves, what in (
        ([("Jo Doe", "Lima"), ("100%", None)], "the second place is None, which the table refuses"),
        ([("Jo Doe", "Lima"), ("Nobody", "Rome")], "the second name is nobody's"),
    ):
        db = small_database()
        try:
            move_all(db, moves)
        except (sqlite3.Error, LookupError, ValueError):
            raised = True
        else:
            raised = False
        assert not db.in_transaction, f"{what}: the transaction is still open; ROLLBACK, also after an error"
        moved = dict(db.execute("SELECT name, location FROM people"))["Jo Doe"] != "Oslo"
        assert not moved, f"{what}, and yet the first move stayed: all or none (BEGIN before, ROLLBACK on error)"
        assert raised, f"{what}, and nobody was told: let the error through, raise KeyError for an unknown name"


def check_index(index_class: type) -> None:
    """08.3: a trigram index that finds, ranks, grows and forgets."""
    index = index_class()
    for method in ("add", "remove", "search"):
        assert callable(getattr(index, method, None)), f"your class has no method {method}"
    names = ["muchiri t'challa", "amina hassan", "amina hassani", "jo smith", "anna lee"]
    for name in names:
        index.add(name)
    for name in names:
        found = _listed(index, name)
        assert found[:1] == [name], f"a search for {name!r} itself gives {found}: the best match comes first"
    found = _listed(index, "muchri tchalla")
    assert found[:1] == ["muchiri t'challa"], f"'muchri tchalla' gives {found}, but it shares pieces with one name"
    assert _listed(index, "xyzzy") == [], (
        f"'xyzzy' shares no piece with anybody, yet {_listed(index, 'xyzzy')} is given"
    )
    assert _listed(index, "jo") == [], "a text of two letters has no pieces: give an empty list"
    found = _listed(index, "amina hasan")
    assert found[:2] == ["amina hassan", "amina hassani"], (
        f"'amina hasan' gives {found}: both names share as many pieces with it, but the longer one has more that "
        "do not fit; divide the shared pieces by all different pieces of both"
    )
    assert len(_listed(index, "amina hassan", 1)) == 1, "search(text, most) gives at most `most` names"
    _check_changes(index)


def _check_changes(index: object) -> None:
    """Adding twice, and removing."""
    index.add("jo smith")
    assert _listed(index, "jo smith").count("jo smith") == 1, "a name that was added twice is given twice"
    index.remove("amina hassan")
    found = _listed(index, "amina hassan")
    assert "amina hassan" not in found, "a removed name is still found: take it out of the list of each of its pieces"
    assert found[:1] == ["amina hassani"], "removing one name must not touch the others that share its pieces"
    index.remove("amina hassan")  # nobody of that name any more: no error
    index.add("amina hassan")
    assert _listed(index, "amina hassan")[:1] == ["amina hassan"], "a name that was removed can be added again"


def _listed(index: object, text: str, most: int = 5) -> list[str]:
    found = index.search(text, most)
    assert isinstance(found, list), f"search must give a list of names, not {type(found).__name__}"
    assert all(isinstance(name, str) for name in found), f"search must give names alone, without scores: {found}"
    return found
