"""Module 1, the memory: records in one SQLite file, found by name, never learned by heart.

The file reads well in any SQLite browser. Table `records` has one row per record, in the order in which they came:
id; name ("Jo Doe"); normalised_name ("jo doe", what an exact look-up compares); search_name (the same without accents,
what near misses compare); remembered_at (UTC). Table `facts` has a row for each fact: record (its id), position,
label ("Lives in") and value ("Oslo"). The view `people_facts` shows name, label and value side by side.
`name_trigrams` indexes the three-letter pieces of search_name, and triggers keep it in step with `records`.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
from rapidfuzz import fuzz, process
from tqdm.auto import tqdm

from momem_lib.data.records import Record, checked, clean, label_of
from momem_lib.project import InputError
from momem_lib.system.memory_file import SHORT, in_words, opened, plain_errors, transaction
from momem_lib.system.names import likeness, listed, normalise, search_key, shown, told_apart

LONGEST_NAME = 10_000  # characters
NEAR = 72.0  # likeness of a near miss, of 100: less is nobody we know. Two letters of a name of eight may differ
NEAR_SHORT = 60.0  # the same for tags of four letters or fewer, where one letter is worth so much more
MOST_NEAR = 5  # near misses that a look-up names
SHORTLIST = 400  # names that `likeness` ranks
POSTINGS = 30_000  # index entries that a search reads: the rarest trigrams first, until these are spent
MOST_TRIGRAMS = 200  # how much of a very long tag is searched for
BEARERS = "normalised_name = ?"  # the condition of an exact look-up
LAST = "\U0010ffff"  # sorts behind every letter


@dataclass(frozen=True)
class LookUp:
    """What the memory says about one tag."""

    status: str  # "exact", "ambiguous", "near" or "unknown"; only "exact" is an answer
    reason: str  # one sentence for people
    record: Record | None = None  # of who bears the name, when exact
    candidates: tuple[tuple[str, float], ...] = ()  # (name, score 0..100), best first; bearers carry a detail
    nearest: Record | None = None  # of the best candidate, when ambiguous or near: what to take if nobody checked


class Memory(AbstractContextManager):
    """Records in a SQLite file: remember, replace, forget, look up.

    Every change is one transaction: after a crash all of it is there, or nothing. Several programs may use one file.
    Threads may share an object and take turns; after a fork, open the file anew.

    Args:
        path: the file, made if missing, asked alone if it cannot be written; ":memory:" keeps all in RAM.

    Raises:
        InputError: a folder, no memory of ours, of a newer version, or damaged; later, of any method, when the file is
            closed, damaged, full, not writable or busy for 30 seconds, or a record is none (see `checked`).

    Example:
        >>> memory = Memory()
        >>> memory.remember([Record("Jo Doe", (("Lives in", "Oslo"),))])
        1
        >>> memory.look_up("JO  DOE").record.value("Lives in"), memory.look_up("Jo Do").reason
        ('Oslo', "I know nobody called 'Jo Do'. Did you mean Jo Doe?")
    """

    def __init__(self, path: str | Path = ":memory:"):
        self.path = path
        self._turn = threading.RLock()
        if "\0" in str(path):
            raise InputError(f"the memory {str(path)!r} cannot be opened: no file name holds a NUL character")
        with plain_errors(path):
            self._db = opened(path)

    def remember(self, records: Iterable[Record], replacing: bool = False) -> int:
        """Add records, all or none, and return how many were new; one that is known with the same facts is not new.

        Another record under a known name is another who bears it (the name becomes ambiguous), or, with `replacing`,
        what is known from now on: the old ones are forgotten first. Where nothing changes, nothing is written.
        """
        if replacing:
            records, own = [checked(record) for record in records], {}
            for record in records:
                own.setdefault(normalise(record.name), {})[record] = None
            if all([*self._records(BEARERS, name).values()] == [*bearers] for name, bearers in own.items()):
                return 0  # all is as it was: who only asks needs no file that can be written
        with self._writing():
            for name in {record.name for record in records} if replacing else ():
                self.forget(name)
            bar = tqdm(records, desc="remembering", unit=" records", mininterval=1, delay=2, leave=False)
            return sum(map(self._add, bar))

    def replace(self, record: Record) -> int:
        """Put this record in the place of all those of its name, and return how many it replaced (0: it is new)."""
        with self._writing():
            places = self._rows(f"SELECT min(id) FROM records WHERE {BEARERS}", _exact(checked(record).name))
            replaced = self.forget(record.name)
            self._add(record, *places[0])
        return replaced

    def replace_fact(self, name: str, label: str, value: str) -> str | None:
        """Put a value under a label of the record of this name, and return the old one (None: a new last label)."""
        with self._writing():
            record, label = self._find(name, label)
            self.replace(Record(record.name, tuple({**dict(record.facts), label: value}.items())))
        return record.value(label)

    def forget(self, name: str) -> int:
        """Forget all who bear this name, and return how many they were."""
        with self._writing():
            return self._db.execute(f"DELETE FROM records WHERE {BEARERS}", (_exact(name),)).rowcount

    def forget_fact(self, name: str, label: str) -> str:
        """Forget one fact of the record of this name, label and all, and return its value."""
        with self._writing():
            record, label = self._find(name, label)
            if label not in record.labels:
                raise InputError(f"{shown(record.name)} has no {label!r}, but {listed(record.labels, 'and')}")
            self.replace(Record(record.name, tuple(fact for fact in record.facts if fact[0] != label)))
        return record.value(label)

    def compact(self) -> None:
        """Write the file anew: only then does no byte, and no trigram, of what was forgotten stay in it."""
        with self._turn, plain_errors(self.path):
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
        records = list(self._records(BEARERS, name).values())
        if len(records) == 1:
            return LookUp("exact", f"I know one person called '{shown(tag)}'.", records[0], ((records[0].name, 100.0),))
        if records:
            bearers = told_apart(records)
            reason = f"{len(records):,} people are called '{shown(tag)}': {listed(bearers, 'and')}."
            return LookUp("ambiguous", reason, None, tuple((bearer, 100.0) for bearer in bearers), records[0])
        near = self._near(search_key(name))
        if near:
            others = listed([shown(other) for other, _ in near], "or")
            reason = f"I know nobody called '{shown(tag)}'. Did you mean {others}?"
            best = self._records(f"{BEARERS} AND name = ?", _exact(near[0][0]), near[0][0])
            return LookUp("near", reason, None, near, next(iter(best.values()), None))
        return LookUp("unknown", f"I know nobody called '{shown(tag)}', nor by a similar name.")

    def knows(self, tags: Iterable[str]) -> set[str]:
        """Those of the tags that an exact look-up would find, whether one person bears the name or several."""
        sql = f"SELECT 1 FROM records WHERE {BEARERS} LIMIT 1"
        return {tag for tag in set(tags) if self._rows(sql, _exact(tag))}

    def names(self) -> list[str]:
        """Every name once, in the order in which they came."""
        return list(dict.fromkeys(name for (name,) in self._rows("SELECT name FROM records ORDER BY id")))

    def __len__(self) -> int:
        return self._rows("SELECT count(*) FROM records")[0][0]

    def __iter__(self) -> Iterator[Record]:
        last = -(2**63)
        while page := self._records("id IN (SELECT id FROM records WHERE id > ? ORDER BY id LIMIT 1000)", last):
            yield from page.values()  # page by page: a slow reader holds nobody up
            last = max(page)

    def close(self) -> None:
        """Close the file; the object cannot be used afterwards."""
        with self._turn:
            self._db.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _rows(self, sql: str, *values: object) -> list[tuple]:
        try:  # what plain_errors does, in half of its time: an exact look-up takes 20 µs in all
            with self._turn:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise in_words(error, self.path) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._turn, plain_errors(self.path), transaction(self._db):
            yield

    def _records(self, where: str, *values: object) -> dict[int, Record]:
        """The records of which a condition holds, by their ids, in order."""
        facts = "SELECT json_group_object(label, value) FROM facts WHERE record = id"  # in the order of their positions
        rows = self._rows(f"SELECT id, name, ({facts}) FROM records WHERE {where}", *values)
        return {number: Record(name, tuple(orjson.loads(facts).items())) for number, name, facts in sorted(rows)}

    def _add(self, record: Record, place: int | None = None) -> bool:
        """Add a record unless it is known, and say whether it was new; without a place, SQLite numbers it."""
        record = checked(record)
        name = normalise(record.name)
        if not name or len(record.name) > LONGEST_NAME:
            raise InputError(f"'{shown(record.name)}' cannot be a name: 1 to {LONGEST_NAME:,} visible characters can")
        if any(known.facts == record.facts for known in self._records(BEARERS, name).values()):
            return False
        sql = "INSERT INTO records (id, name, normalised_name, search_name) VALUES (?, ?, ?, ?)"
        place = self._db.execute(sql, (place, record.name, name, search_key(name))).lastrowid
        facts = ((place, position, *fact) for position, fact in enumerate(record.facts))
        self._db.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", facts)
        return True

    def _find(self, name: str, label: str) -> tuple[Record, str]:
        """The one record of this name, and a label as it has it, or as it would have it."""
        found, label = self.look_up(name), clean(label, "a label")
        if found.record is None:
            raise InputError(found.reason)
        alike = {label.casefold(), label_of(label).casefold()}
        return found.record, next((own for own in found.record.labels if own.casefold() in alike), label_of(label))

    def _near(self, key: str) -> tuple[tuple[str, float], ...]:
        """The names most like a search key, as (name, likeness), best first."""
        keys = self._by_trigrams(key) | self._by_shortness(key)
        enough = NEAR_SHORT if len(key) <= 4 else NEAR
        # Letter by letter first, which is quick: `likeness` ranks those that are left.
        alike = process.extract(key, keys, scorer=fuzz.ratio, limit=SHORTLIST)
        scores = {name: likeness(key, keys[name]) for _, _, name in alike}
        best = sorted((name for name in scores if scores[name] >= enough), key=lambda name: (-scores[name], name))
        return tuple((name, round(scores[name], 1)) for name in best[:MOST_NEAR])

    def _by_trigrams(self, key: str) -> dict[str, str]:
        """Names, with their search keys, that share the most of this key's rarest trigrams: the others tell little."""
        pieces = {key[i : i + 3] for i in range(min(len(key) - 2, MOST_TRIGRAMS))}
        # A piece is a bound value, never part of a query's text, so no sign in it can do harm.
        names = "SELECT doc FROM temp.trigram_counts WHERE term = ?"
        counted = sorted((count, piece) for piece in pieces for (count,) in self._rows(names, piece))
        shared, spent = Counter(), 0
        for count, piece in counted:
            if spent and spent + count > POSTINGS:
                break
            spent += count
            rows = self._rows("SELECT doc FROM temp.trigram_places WHERE term = ? LIMIT ?", piece, POSTINGS)
            shared.update(number for (number,) in rows)
        ids = [number for number, _ in shared.most_common(SHORTLIST)]
        places = ", ".join("?" * len(ids))
        return dict(self._rows(f"SELECT name, search_name FROM records WHERE id IN ({places})", *ids))

    def _by_shortness(self, key: str) -> dict[str, str]:
        """For a short tag, which has few trigrams or none: the short names, and those that begin with it."""
        if len(key) >= SHORT:
            return {}
        columns = "SELECT name, search_name FROM records WHERE"
        short = f"{columns} length(search_name) <= {SHORT}"
        starts = f"{columns} normalised_name >= ? AND normalised_name < ? LIMIT ?"
        alike = f"{short} AND search_name >= ? AND search_name < ? LIMIT ?"  # the same first letter
        return dict(
            self._rows(starts, key, key + LAST, SHORTLIST)
            + self._rows(alike, key[:1], key[:1] + LAST, POSTINGS)
            + self._rows(f"{short} LIMIT ?", POSTINGS)
        )


def _exact(tag: str) -> str:
    """A tag as SQLite can compare it: half a surrogate pair, which UTF-8 does not know, becomes a question mark."""
    if not isinstance(tag, str):
        raise InputError(f"a name must be text, not {type(tag).__name__}")
    return normalise(tag[: LONGEST_NAME + 1].encode("utf-8", "replace").decode("utf-8"))
