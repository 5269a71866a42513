"""Notebook 08's exercises: each typical wrong answer is told what is wrong."""

import contextlib
import re
import sqlite3
from collections import Counter, defaultdict

import pytest

from momem_lib.course.nb08.exercises import check_find_place, check_index, check_move_all


def pieces(text):
    """The trigrams of a text."""
    return {text[place : place + 3] for place in range(len(text) - 2)}


def first(cursor):
    """The first column of the first row, or None."""
    row = cursor.fetchone()
    return row and row[0]


def find_place(db, name):
    """The right answer to 08.1."""
    return first(db.execute("SELECT location FROM people WHERE name = ?", (name,)))


def by_script(db, name):
    """Runs whatever is in the name."""
    db.executescript(f"SELECT location FROM people WHERE name = '{name}'")
    return find_place(db, name)


def test_right_look_up_passes():
    check_find_place(find_place)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda db, name: None, "'Jo Doe' lives in Oslo, but it returned None"),
        (
            lambda db, name: db.execute("SELECT location FROM people WHERE name = ?", (name,)).fetchone(),
            "it returned the row ('Oslo',)",
        ),
        (
            lambda db, name: first(db.execute(f"SELECT location FROM people WHERE name = '{name}'")),
            '"Ann O\'Neil" broke the query',
        ),
        (
            lambda db, name: first(db.execute(f'SELECT location FROM people WHERE name = "{name}"')),
            "Jo\\x00Doe",
        ),
        (
            lambda db, name: first(
                db.execute("SELECT location FROM people WHERE name = '{}'".format(name.replace("'", "''")))
            ),
            "Jo\\x00Doe",
        ),
        (
            lambda db, name: first(db.execute("SELECT location FROM people WHERE name LIKE ?", (name,))),
            "'Jo%' it returned 'Oslo': LIKE takes %",
        ),
        (
            lambda db, name: first(db.execute("SELECT location FROM people WHERE lower(name) = lower(?)", (name,))),
            "'jo doe' it returned 'Oslo'",
        ),
        (by_script, "broke the query"),
        (lambda db, name: find_place(db, name) or "unknown", "'Nobody' it returned 'unknown'"),
    ],
)
def test_wrong_look_ups_are_told_what_is_wrong(wrong, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_find_place(wrong)


SET = "UPDATE people SET location = ? WHERE name = ?"


def move_each(db, moves):
    """The moves, one by one."""
    for name, place in moves:
        if db.execute(SET, (place, name)).rowcount == 0:
            raise KeyError(name)


def move_all(db, moves):
    """The right answer to 08.2."""
    db.execute("BEGIN")
    try:
        move_each(db, moves)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def never_commits(db, moves):
    """A COMMIT is missing."""
    db.execute("BEGIN")
    move_each(db, moves)


def never_rolls_back(db, moves):
    """A ROLLBACK is missing."""
    db.execute("BEGIN")
    move_each(db, moves)
    db.execute("COMMIT")


def swallows(db, moves):
    """The error stays inside."""
    with contextlib.suppress(sqlite3.Error, KeyError):
        move_all(db, moves)


def forgets_nobody(db, moves):
    """A name that is nobody's is passed over in silence."""
    db.execute("BEGIN")
    try:
        for name, place in moves:
            db.execute(SET, (place, name))
        db.execute("COMMIT")
    except sqlite3.Error:
        db.execute("ROLLBACK")
        raise


def commits_in_the_end(db, moves):
    """COMMIT in a finally: also after an error."""
    db.execute("BEGIN")
    try:
        move_each(db, moves)
    finally:
        db.execute("COMMIT")


def test_right_moves_pass():
    check_move_all(move_all)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda db, moves: None, "not both of them are there"),
        (never_commits, "a transaction is still open: COMMIT"),
        (never_rolls_back, "the transaction is still open; ROLLBACK"),
        (move_each, "the first move stayed"),
        (commits_in_the_end, "the first move stayed"),
        (swallows, "nobody was told"),
        (forgets_nobody, "the second name is nobody's, and yet the first move stayed"),
        (lambda db, moves: db.execute("UPDATE people SET location = 'Lima'"), "not both of them are there"),
    ],
)
def test_wrong_moves_are_told_what_is_wrong(wrong, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_move_all(wrong)


class Index:
    """The right answer to 08.3."""

    def __init__(self):
        self.holders = defaultdict(set)

    def add(self, name):
        for piece in pieces(name):
            self.holders[piece].add(name)

    def remove(self, name):
        for piece in pieces(name):
            self.holders[piece].discard(name)

    def score(self, shared, text, name):
        return shared / len(pieces(text) | pieces(name))

    def search(self, text, most=5):
        shared = Counter(name for piece in pieces(text) for name in self.holders[piece])
        return sorted(shared, key=lambda name: (-self.score(shared[name], text, name), name))[:most]


class CountsOnly(Index):
    """Ranks by the number of shared pieces alone, and of equals the longer name first."""

    def score(self, shared, text, name):
        return shared + len(name) / 1000


class NeverForgets(Index):
    """Removing does nothing."""

    def remove(self, name):
        pass


class ForgetsTooMuch(Index):
    """Removing a name takes its pieces away from everybody."""

    def remove(self, name):
        for piece in pieces(name):
            self.holders.pop(piece, None)


class Lists(Index):
    """Keeps lists instead of sets."""

    def __init__(self):
        self.holders = defaultdict(list)

    def add(self, name):
        for piece in pieces(name):
            self.holders[piece].append(name)

    def search(self, text, most=5):
        return [name for piece in sorted(pieces(text)) for name in self.holders[piece]][:most]


class GivesAll(Index):
    """Takes no notice of `most`."""

    def search(self, text, most=5):
        return super().search(text, 99)


class WithScores(Index):
    """Gives pairs."""

    def search(self, text, most=5):
        return [(name, 1.0) for name in super().search(text, most)]


class WorstFirst(Index):
    """Turned round."""

    def search(self, text, most=5):
        return super().search(text, 99)[::-1][:most]


class Everybody(Index):
    """Gives everybody, the best first."""

    def search(self, text, most=5):
        best = super().search(text, most)
        return (best + [name for name in set().union(*self.holders.values()) if name not in best])[:most]


def test_a_right_index_passes():
    check_index(Index)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict, "your class has no method add"),
        (type("Stub", (Index,), {"search": lambda self, text, most=5: []}), "the best match comes first"),
        (type("Tuple", (Index,), {"search": lambda self, text, most=5: ()}), "search must give a list"),
        (WithScores, "names alone, without scores"),
        (WorstFirst, "the best match comes first"),
        (CountsOnly, "the best match comes first"),
        (Everybody, "'xyzzy' shares no piece"),
        (GivesAll, "at most `most` names"),
        (NeverForgets, "a removed name is still found"),
        (ForgetsTooMuch, "must not touch the others"),
        (Lists, "comes first"),
    ],
)
def test_wrong_indexes_are_told_what_is_wrong(wrong, message):
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_index(wrong)
