"""Module 1, the memory: people in one SQLite file, found by name, never learned by heart.

The file reads well in any SQLite browser. Table `people` has one row per person, in the order in which they came:
id; name ("Jo Doe"); normalised_name ("jo doe", what an exact look-up compares); search_name (the same without accents,
what near misses compare); the eight fields of the record, fname to university; remembered_at (UTC).
`name_trigrams` indexes the three-letter pieces of search_name, and triggers keep it in step with `people`.
Where SQLite knows no trigrams (before 3.34), near misses are found by reading every name: slower, but found.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from momem_lib.data.records import KEYS, Person
from momem_lib.project import InputError
from momem_lib.system.memory_file import (
    BUSY_SECONDS,
    INSERT,
    INSERT_UNLESS_KNOWN,
    SHORT,
    check_path,
    plain_errors,
    prepare,
    transaction,
)
from momem_lib.system.names import closest, likeness, listed, normalise, search_key, shown, told_apart

LONGEST_NAME = 10_000  # characters
NEAR = 72.0  # likeness of a near miss, of 100: less is nobody we know. Two letters of a name of eight may differ
NEAR_SHORT = 60.0  # the same for tags of four letters or fewer, where one letter is worth so much more
MOST_NEAR = 5  # near misses that a look-up names
SHORTLIST = 400  # names that `likeness` ranks
POSTINGS = 30_000  # index entries that a search reads: the rarest trigrams first, until these are spent
MOST_TRIGRAMS = 200  # how much of a very long tag is searched for
LAST = "\U0010ffff"  # sorts behind every letter
_PERSON = f"SELECT {', '.join(KEYS)} FROM people"


@dataclass(frozen=True)
class LookUp:
    """What the memory says about one tag."""

    status: str  # "exact", "ambiguous", "near" or "unknown"; only "exact" is an answer
    reason: str  # one sentence for people
    person: Person | None = None  # who bears the name, when exact
    candidates: tuple[tuple[str, float], ...] = ()  # (name, score 0..100), best first; bearers carry a detail


class Memory:
    """People in a SQLite file: remember, replace, forget, look up.

    Every change is one transaction: after a crash all of it is there, or nothing. Several programs may use one file.
    Threads may share an object and take turns; after a fork, open the file anew.

    Args:
        path: the file, made if missing; ":memory:" keeps all in RAM.

    Raises:
        InputError: a folder, not writable, no memory of ours, of a newer version, or damaged; later, of any method,
            when the file is closed, damaged, full or busy for 30 seconds.

    Example:
        >>> memory = Memory()
        >>> memory.remember([Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")])
        1
        >>> memory.look_up("JO  DOE").person.location, memory.look_up("Jo Do").reason
        ('Oslo', "I know nobody called 'Jo Do'. Did you mean Jo Doe?")
    """

    def __init__(self, path: str | Path = ":memory:"):
        self.path = path
        self._turn = threading.RLock()
        if str(path) != ":memory:":
            check_path(Path(path))
        with plain_errors(path):
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._indexed = prepare(self._db, path)
            except BaseException:
                self._db.close()
                raise

    def remember(self, people: Iterable[Person]) -> int:
        """Add people, all or none, and return how many were new; a person known with the same facts is not new.

        Another record under a known name is another person who bears it: the name becomes ambiguous.
        """
        with self._writing():
            bar = tqdm(people, desc="remembering", unit=" people", mininterval=1, delay=2, leave=False)
            added = self._db.executemany(INSERT_UNLESS_KNOWN, map(_row, bar)).rowcount
        return max(added, 0)  # SQLite says -1 of an empty batch

    def replace(self, person: Person) -> int:
        """Put this record in the place of all those of its name, and return how many it replaced (0: it is new)."""
        row = _row(person)
        who = "FROM people WHERE normalised_name = :normalised_name"
        with self._writing():
            (row["id"],) = self._db.execute(f"SELECT min(id) {who}", row).fetchone()
            replaced = self._db.execute(f"DELETE {who}", row).rowcount
            self._db.execute(INSERT, row)
        return replaced

    def forget(self, name: str) -> int:
        """Forget all who bear this name, and return how many they were."""
        with self._writing():
            return self._db.execute("DELETE FROM people WHERE normalised_name = ?", (_exact(name),)).rowcount

    def compact(self) -> None:
        """Write the file anew with what is still remembered alone: of what was forgotten, no byte stays in it.

        Without this, places of deleted rows may keep their bytes, and the trigram index three-letter pieces of names.
        """
        with self._turn, plain_errors(self.path):
            if self._indexed:
                self._db.execute("INSERT INTO name_trigrams (name_trigrams) VALUES ('optimize')")
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def look_up(self, tag: str) -> LookUp:
        """Find who is called `tag`: only an exact match of the normalised name answers.

        A near miss has a likeness of NEAR or more (NEAR_SHORT if the tag has four letters or fewer).
        It can reach 100, for 'Zoe' instead of 'Zoë' or 'Doe Jo' instead of 'Jo Doe', and still does not answer.
        """
        name = _exact(tag)
        if not name:
            return LookUp("unknown", "No name was given, so there is nobody to look up.")
        if len(tag) > LONGEST_NAME:
            return LookUp("unknown", f"{len(tag):,} characters are too long for a name: {LONGEST_NAME:,} is the most.")
        people = [Person(*row) for row in self._rows(f"{_PERSON} WHERE normalised_name = ? ORDER BY id", name)]
        if len(people) == 1:
            return LookUp("exact", f"I know one person called '{shown(tag)}'.", people[0], ((people[0].name, 100.0),))
        if people:
            bearers = told_apart(people)
            reason = f"{len(people):,} people are called '{shown(tag)}': {listed(bearers, 'and')}."
            return LookUp("ambiguous", reason, None, tuple((bearer, 100.0) for bearer in bearers))
        near = self._near(search_key(_storable(tag)))
        if near:
            others = listed([shown(other) for other, _ in near], "or")
            return LookUp("near", f"I know nobody called '{shown(tag)}'. Did you mean {others}?", None, near)
        return LookUp("unknown", f"I know nobody called '{shown(tag)}', nor by a similar name.")

    def knows(self, tags: Iterable[str]) -> set[str]:
        """Those of the tags that an exact look-up would find, whether one person bears the name or several."""
        sql = "SELECT 1 FROM people WHERE normalised_name = ? LIMIT 1"
        return {tag for tag in set(tags) if self._rows(sql, _exact(tag))}

    def names(self) -> list[str]:
        """Every name once, in the order in which they came."""
        return list(dict.fromkeys(name for (name,) in self._rows("SELECT name FROM people ORDER BY id")))

    def __len__(self) -> int:
        return self._rows("SELECT count(*) FROM people")[0][0]

    def __iter__(self) -> Iterator[Person]:
        sql = f"SELECT id, {', '.join(KEYS)} FROM people WHERE id > ? ORDER BY id LIMIT 1000"
        page = self._rows(sql, -(2**63))
        while page:  # page by page: a slow reader holds nobody up
            yield from (Person(*values) for _, *values in page)
            page = self._rows(sql, page[-1][0])

    def close(self) -> None:
        """Close the file; the object cannot be used afterwards."""
        with self._turn:
            self._db.close()

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, sql: str, *values: object) -> list[tuple]:
        with self._turn, plain_errors(self.path):
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, plain_errors(self.path), transaction(self._db):
            yield

    def _near(self, key: str) -> tuple[tuple[str, float], ...]:
        """The names most like a search key, as (name, likeness), best first."""
        if self._indexed:
            keys = self._by_trigrams(key) | self._by_shortness(key)
        else:
            keys = dict(self._rows("SELECT name, search_name FROM people"))
        enough = NEAR_SHORT if len(key) <= 4 else NEAR
        scores = {name: likeness(key, keys[name]) for name in closest(key, keys, SHORTLIST)}
        best = sorted((name for name in scores if scores[name] >= enough), key=lambda name: (-scores[name], name))
        return tuple((name, round(scores[name], 1)) for name in best[:MOST_NEAR])

    def _by_trigrams(self, key: str) -> dict[str, str]:
        """Names, with their search keys, that share the most of this key's rarest trigrams: the others tell little."""
        pieces = {key[i : i + 3] for i in range(min(len(key) - 2, MOST_TRIGRAMS))}
        counted = [(self._rows("SELECT doc FROM temp.trigram_counts WHERE term = ?", piece), piece) for piece in pieces]
        shared: Counter[int] = Counter()
        spent = 0
        for ((count,),), piece in sorted(pair for pair in counted if pair[0]):
            if spent and spent + count > POSTINGS:
                break
            spent += count
            # The piece is a bound value, never part of a query's text, so no sign in it can do harm.
            rows = self._rows("SELECT doc FROM temp.trigram_places WHERE term = ? LIMIT ?", piece, POSTINGS)
            shared.update(number for (number,) in rows)
        ids = [number for number, _ in shared.most_common(SHORTLIST)]
        return dict(self._rows(f"SELECT name, search_name FROM people WHERE id IN ({', '.join('?' * len(ids))})", *ids))

    def _by_shortness(self, key: str) -> dict[str, str]:
        """For a short tag, which has few trigrams or none: the short names, and those that begin with it."""
        if len(key) >= SHORT:
            return {}
        columns = "SELECT name, search_name FROM people WHERE"
        short = f"{columns} length(search_name) <= {SHORT}"
        starts = f"{columns} normalised_name >= ? AND normalised_name < ? LIMIT ?"
        alike = f"{short} AND search_name >= ? AND search_name < ? LIMIT ?"  # the same first letter
        return dict(
            self._rows(starts, key, key + LAST, SHORTLIST)
            + self._rows(alike, key[:1], key[:1] + LAST, POSTINGS)
            + self._rows(f"{short} LIMIT ?", POSTINGS)
        )


def _storable(text: str) -> str:
    """Text as SQLite can compare it: half a surrogate pair, which UTF-8 does not know, becomes a question mark."""
    if not isinstance(text, str):
        raise InputError(f"a name must be text, not {type(text).__name__}")
    return text.encode("utf-8", "replace").decode("utf-8")


def _exact(tag: str) -> str:
    return normalise(_storable(tag)[: LONGEST_NAME + 1])


def _row(person: Person) -> dict[str, str | None]:
    """A person as the values of a row of `people`; SQLite numbers it."""
    if not isinstance(person, Person):
        raise InputError(
            f"a Person was expected, not {type(person).__name__}: momem_lib.data.records.person_from makes one"
        )
    name = person.name
    if not normalise(name):
        raise InputError("a person without a name cannot be remembered: give at least a first name")
    if len(name) > LONGEST_NAME:
        raise InputError(f"a name of {len(name):,} characters is too long to remember: {LONGEST_NAME:,} is the most")
    derived = {"id": None, "name": name, "normalised_name": normalise(name), "search_name": search_key(name)}
    return derived | person.to_dict()
