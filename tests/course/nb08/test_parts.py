"""Notebook 08's parts: each typical wrong answer is told what is wrong, and other right ways are taken."""

import contextlib
import functools
import sqlite3
from collections import Counter, defaultdict

import numpy as np
import pytest

from momem_lib.course.nb08.parts import alike, candidates, fit, learn, pieces_of, vector
from momem_lib.course.nb08.tables import add, look_up, make_tables
from momem_lib.course.shared import judging
from momem_lib.course.shared.judging import judge
from momem_lib.system.names import normalise

RECORDS = "CREATE TABLE records (id INTEGER PRIMARY KEY, name TEXT NOT NULL, normalised_name TEXT NOT NULL)"
FACTS = (
    "CREATE TABLE facts (record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE, "
    "label TEXT NOT NULL, value TEXT NOT NULL)"
)
INDEXES = "CREATE INDEX a ON records (normalised_name)", "CREATE INDEX b ON facts (record)"


def told(capsys, id, thing):
    judge(id, thing)
    said = capsys.readouterr().out
    assert judging.RIGHT[id] == said.startswith("Right!")
    return said


def schema(*commands):
    """A make_tables of these commands."""

    def make(db):
        for command in commands:
            db.execute(command)

    return make


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ((RECORDS,), "the table facts has the columns (there is no such table)"),
        ((RECORDS.replace("normalised_", "search_"), FACTS, INDEXES[1]), "the columns id, name, search_name"),
        ((RECORDS.replace("INTEGER PRIMARY KEY", "INT PRIMARY KEY"), FACTS, *INDEXES), "gets no number in id"),
        (
            (RECORDS.replace("name TEXT NOT NULL,", "name TEXT UNIQUE,"), FACTS, *INDEXES),
            "two people may bear one name",
        ),
        ((RECORDS.replace("name TEXT NOT NULL,", "name TEXT,"), FACTS, *INDEXES), "a record without a name was taken"),
        ((RECORDS, FACTS.replace("value TEXT NOT NULL", "value"), *INDEXES), "a fact without a value was taken"),
        ((RECORDS, FACTS.replace("REFERENCES records ON DELETE CASCADE", ""), *INDEXES), "REFERENCES records"),
        ((RECORDS, FACTS.replace("ON DELETE CASCADE", ""), *INDEXES), "should go with it, ON DELETE CASCADE"),
        ((RECORDS, FACTS.replace("ON DELETE CASCADE", "PRIMARY KEY"), *INDEXES), "a record has several facts"),
        ((RECORDS, FACTS, INDEXES[0]), "a search by record reads all of facts"),
        ((RECORDS, FACTS, INDEXES[1]), "a search by normalised_name reads all of records"),
        (("CREATE TABEL records",), 'SQLite refuses the command: near "TABEL"'),
    ],
)
def test_wrong_tables(capsys, commands, message):
    assert message in told(capsys, "08.3", schema(*commands))


def test_other_right_tables(capsys):
    keyed = FACTS.removesuffix(")") + ", PRIMARY KEY (record, label))"
    assert told(capsys, "08.3", schema(RECORDS, keyed, INDEXES[0])).startswith("Right!")
    script = ";".join((RECORDS, FACTS, *INDEXES))
    assert told(capsys, "08.3", lambda db: db.executescript(script)).startswith("Right!")


PUT = "INSERT INTO records (name, normalised_name) VALUES (?, ?)"


def facts_of(db, record, number):
    facts = [(number, *fact) for fact in record.facts]
    db.executemany("INSERT INTO facts (record, label, value) VALUES (?, ?, ?)", facts)


def adding(values=lambda record: (record.name, normalise(record.name)), number=lambda cursor: cursor.lastrowid):
    """An add with other values, or another number for its facts."""

    def version(db, record):
        facts_of(db, record, number(db.execute(PUT, values(record))))

    return version


def pasting(quote):
    def version(db, record):
        name, key = record.name, normalise(record.name)
        command = f"INSERT INTO records (name, normalised_name) VALUES ({quote}{name}{quote}, {quote}{key}{quote})"
        facts_of(db, record, db.execute(command).lastrowid)

    return version


def no_facts(db, record):
    db.execute(PUT, (record.name, normalise(record.name)))


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (adding(lambda record: (record.name, record.name)), "normalise(name) is 'jo doe'"),
        (adding(lambda record: (normalise(record.name),) * 2), "'Jo Doe' was to be kept as it is"),
        (adding(lambda record: record.name), "there are 2 question marks, and 6 values were handed over"),
        (adding(number=lambda cursor: 0), "the number of a record that there is not: take the cursor's lastrowid"),
        (adding(number=lambda cursor: 1), "facts holds 3 rows, the last"),
        (no_facts, "facts holds 0 rows"),
        (lambda db, record: [add(db, record) for _ in range(2)], "records has 2 rows, not 1"),
        (pasting("'"), '"Ann O\'Neil" broke the command'),
        (pasting('"'), "never paste"),
    ],
)
def test_wrong_ways_to_add(capsys, version, message):
    assert message in told(capsys, "08.4", version)


def asking(where="normalised_name = ?", values=lambda tag: (normalise(tag),), several="ambiguous"):
    """A look_up with another condition, other values, or another word for several."""

    def version(db, tag):
        found = db.execute(f"SELECT id FROM records WHERE {where}", values(tag)).fetchall()
        if not found:
            return "unknown", None
        if len(found) > 1 and several:
            return several, None
        return "exact", dict(db.execute("SELECT label, value FROM facts WHERE record = ?", found[0]))

    return version


def pasted(quote):
    def version(db, tag):
        return asking(f"normalised_name = {quote}{normalise(tag)}{quote}", lambda tag: ())(db, tag)

    return version


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (asking(values=lambda tag: normalise(tag)), "6 values for one question mark: (name) is the name itself"),
        (asking(values=lambda tag: (tag,)), "'Jo Doe' gives ('unknown', None)"),
        (asking(several=None), "two people bear this name, so neither is the answer"),
        (asking(several="several"), "where ('ambiguous', None) was expected"),
        (asking("normalised_name LIKE ?"), "LIKE takes % for any text"),
        (asking("name = ?", lambda tag: (tag,)), "capitals and spaces make no other name"),
        (pasted("'"), "never paste a text into it"),
        (pasted('"'), "never paste a text into it"),
        (lambda db, tag: look_up(db, tag)[0], "'Jo Doe' gives 'exact'"),
    ],
)
def test_wrong_look_ups(capsys, version, message):
    assert message in told(capsys, "08.5", version)


def test_a_list_is_as_good_as_a_tuple(capsys):
    assert told(capsys, "08.5", lambda db, tag: list(look_up(db, tag))).startswith("Right!")


def each(db, records):
    for record in records:
        add(db, record)


def whole(begin="BEGIN", commit="COMMIT", rollback="ROLLBACK", again=True):
    """A remember_all with other commands, or one that keeps errors to itself."""

    def version(db, records):
        db.execute(begin)
        try:
            each(db, records)
            db.execute(commit)
        except Exception:
            db.execute(rollback)
            if again:
                raise

    return version


def undone_by_hand(db, records):
    try:
        each(db, records)
    except Exception:
        db.execute("DELETE FROM records")
        raise


def with_only(db, records):
    with db:
        each(db, records)


def commits_in_the_end(db, records):
    db.execute("BEGIN")
    try:
        each(db, records)
    finally:
        db.execute("COMMIT")


def begin_and_with(db, records):
    db.execute("BEGIN")
    with db:
        each(db, records)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (each, "the first record was written before a transaction began"),
        (with_only, "the first record was written before a transaction began"),
        (undone_by_hand, "the first record was written before a transaction began"),
        (commits_in_the_end, "stayed: all or none"),
        (whole(commit="SELECT 1"), "the transaction is still open: COMMIT"),
        (whole(rollback="SELECT 1"), "the transaction is still open: ROLLBACK"),
        (whole(rollback="COMMIT"), "stayed: all or none"),
        (whole(again=False), "nobody was told"),
        (lambda db, records: whole()(db, list(records)[:1]), "of three records, 1 came in"),
    ],
)
def test_wrong_transactions(capsys, version, message):
    assert message in told(capsys, "08.11", version)


@pytest.mark.parametrize("version", [whole(), whole("SAVEPOINT a", "RELEASE a", "ROLLBACK"), begin_and_with])
def test_right_transactions(capsys, version):
    assert told(capsys, "08.11", version).startswith("Right!")


def new_within(begin):
    def version(db, record):
        db.execute(begin)
        with db:
            new = look_up(db, record.name)[0] == "unknown"
            if new:
                add(db, record)
            return new

    return version


def open_ended(db, record):
    db.execute("BEGIN IMMEDIATE")
    if look_up(db, record.name)[0] != "unknown":
        return False
    add(db, record)
    db.execute("COMMIT")
    return True


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (new_within("BEGIN"), "SQLite refused yours (database is locked): take the writer's lock"),
        (new_within("SELECT 1"), "now it stands there 2 times: take the writer's lock"),
        (open_ended, "the transaction is still open where the name was known"),
        (lambda db, record: add(db, record) or True, "'JO  doe' is known by another spelling"),
        (lambda db, record: None, "Not written yet"),
    ],
)
def test_wrong_ways_to_look_and_write(capsys, version, message):
    assert message in told(capsys, "08.b", version)


def test_a_right_way_to_look_and_write(capsys):
    assert told(capsys, "08.b", new_within("BEGIN IMMEDIATE")).startswith("Right!")


class Index:
    """A right answer to 08.a."""

    def __init__(self):
        self.holders = defaultdict(set)

    def add(self, name):
        for piece in pieces_of(name):
            self.holders[piece].add(name)

    def remove(self, name):
        for piece in pieces_of(name):
            self.holders[piece].discard(name)

    def score(self, shared, text, name):
        return shared / len({*pieces_of(text), *pieces_of(name)})

    def search(self, text, most=5):
        shared = Counter(name for piece in pieces_of(text) for name in self.holders[piece])
        return sorted(shared, key=lambda name: (-self.score(shared[name], text, name), name))[:most]


class CountsOnly(Index):
    """Ranks by the number of shared pieces alone, and of equals the longer name first."""

    def score(self, shared, text, name):
        return shared + len(name) / 1000


class ForgetsTooMuch(Index):
    """Removing a name takes its pieces away from everybody."""

    def remove(self, name):
        for piece in pieces_of(name):
            self.holders.pop(piece, None)


class Lists(Index):
    """Keeps lists instead of sets."""

    def __init__(self):
        self.holders = defaultdict(list)

    def add(self, name):
        for piece in pieces_of(name):
            self.holders[piece].append(name)

    def search(self, text, most=5):
        return [name for piece in pieces_of(text) for name in self.holders[piece]][:most]


class ReadsEverybody(Index):
    """Right, and slow: compares with everybody, from sets made when they came."""

    def __init__(self):
        self.pieces = {}

    def add(self, name):
        self.pieces[name] = set(pieces_of(name))

    def remove(self, name):
        self.pieces.pop(name, None)

    def search(self, text, most=5):
        wanted, score = set(pieces_of(text)), {}
        for name, own in self.pieces.items():
            if shared := wanted & own:
                score[name] = len(shared) / len(wanted | own)
        return sorted(score, key=lambda name: (-score[name], name))[:most]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dict, "your class has no method add"),
        (type("Stub", (Index,), {"search": lambda self, text, most=5: []}), "the best comes first"),
        (type("Late", (Index,), {"search": lambda self, text, most=5: None}), "Not written yet"),
        (type("Tuple", (Index,), {"search": lambda self, text, most=5: ()}), "search must give a list"),
        (type("Pairs", (Index,), {"search": lambda self, text, most=5: [(text, 1.0)]}), "names alone, without scores"),
        (type("All", (Index,), {"search": lambda self, text, most=5: Index.search(self, text, 99)}), "at most `most`"),
        (type("Keeps", (Index,), {"remove": lambda self, name: None}), "a removed name is still found"),
        (CountsOnly, "the best comes first"),
        (ForgetsTooMuch, "must not touch the others"),
        (Lists, "comes first"),
        (ReadsEverybody, "look only at the sets of the text's own pieces"),
    ],
)
def test_wrong_indexes(capsys, wrong, message):
    assert message in told(capsys, "08.a", wrong)


def test_a_right_index(capsys):
    assert told(capsys, "08.a", Index).startswith("Right!")


# Other ways to be right, and errors that are told


def memoised(one, other):
    """The longest common subsequence by a function that calls itself and remembers."""

    @functools.cache
    def best(i, j):
        if not i or not j:
            return 0
        if one[i - 1] == other[j - 1]:
            return best(i - 1, j - 1) + 1
        return max(best(i - 1, j), best(i, j - 1))

    return 200 * best(len(one), len(other)) / (len(one) + len(other))


def without_a_note(one, other):
    """The same without remembering: it does not end on long names."""

    def best(i, j):
        if not i or not j:
            return 0
        if one[i - 1] == other[j - 1]:
            return best(i - 1, j - 1) + 1
        return max(best(i - 1, j), best(i, j - 1))

    return 200 * best(len(one), len(other)) / (len(one) + len(other))


def with_transpose(names, wanted):
    return np.linalg.pinv(names) @ wanted


def in_place(weights, name, wanted):
    weights += learn(weights, name, wanted) - weights
    return weights


def read_through(index, tag, most=3):
    shared = Counter()
    for piece, names in index.items():
        if piece in tag:
            shared.update(names)
    return shared.most_common(most)


def trusting(index, tag, most=3):
    """Each piece is taken to be in the index."""
    return Counter(name for piece in pieces_of(tag) for name in index[piece]).most_common(most)


def ties_turned(index, tag, most=3):
    """Equals in another order."""
    found = candidates(index, tag, 99)
    return sorted(found, key=lambda pair: (pair[1], pair[0]), reverse=True)[:most]


@pytest.mark.parametrize(
    ("id", "version", "message"),
    [
        ("08.1", lambda W, x, y: W + x[:, None] * (y - x @ W)[None] / sum(x * x), "Right!"),
        ("08.1", in_place, "it changes what it was given: work on a copy"),
        ("08.2", with_transpose, "Right!"),
        ("08.2", lambda names, wanted: fit(names, wanted) + 0.1, "a table with the squared error"),
        ("08.2", lambda names, wanted: fit(wanted, names), "it gives the shape (5, 2), where (2, 5) was expected"),
        ("08.6", memoised, "Right!"),
        ("08.6", without_a_note, "stopped after 4 seconds"),
        ("08.6", lambda one, other: round(alike(one, other)), "it gives 67, where 66.67 was expected"),
        ("08.7", lambda text: [*dict.fromkeys(map("".join, zip(text, text[1:], text[2:], strict=False)))], "Right!"),
        ("08.8", ties_turned, "Right!"),
        ("08.8", read_through, "it reads through the whole index"),
        ("08.8", trusting, "your code raised KeyError: 'xyz'"),
        ("08.9", lambda text, width: list(vector(text, width)), "where a ndarray was expected"),
        ("08.10", lambda k, found, meant: np.mean([m in f[:k] for f, m in zip(found, meant, strict=True)]), "Right!"),
    ],
)
def test_other_versions(capsys, id, version, message):
    assert message in told(capsys, id, version)


def test_the_small_memory_holds_what_it_is_told():
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        make_tables(db)
        assert look_up(db, "Jo") == ("unknown", None)
