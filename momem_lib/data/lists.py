"""The value lists: names, places, films and more, each value in one of three splits."""

import csv
import io
from pathlib import Path
from random import Random

from momem_lib.data.grammar import SPLITS, split_of
from momem_lib.data.records import FIELDS, clean
from momem_lib.data.scripts import blends
from momem_lib.project import InputError, read_text, readable

LIST_OF_FIELD = {"occupation": "occupations", "location": "locations", "movie": "movies", "music": "music",
                 "hobbies": "hobbies", "university": "universities"}  # fmt: skip
OWN_WEIGHT = 3  # a list entry of the row's own language is drawn this many times as often as another
BLENDS = 10  # training names that nobody bears, per one of the list; each of the list is then repeated as often
LONGEST = 60  # characters of a "long" value, at most


class Lists:
    """The value lists, cut into splits: no entry stands in two splits, whatever list it comes from."""

    def __init__(self, folder: str | Path, languages: tuple[str, ...]):
        folder = Path(folder)
        self.names = {}  # "first" or "last" -> split -> entries
        self.values = {}  # (split, language) -> field -> entries
        self.words = {language: [word for word, _ in read_list(folder / f"words_{language}.csv")]
                      for language in languages}  # fmt: skip
        self.splits = {}  # entry -> split
        for key in ("first", "last"):
            self.names[key] = names = self._cut(folder / f"{key}_names.csv")[None]
            names["train"] = names["train"] * BLENDS + blends(Random(key), names["train"], BLENDS * len(names["train"]))
        for field in FIELDS:
            cut = self._cut(folder / f"{LIST_OF_FIELD[field]}.csv", languages)
            for language, split in ((language, split) for language in languages for split in SPLITS):
                self.values.setdefault((split, language), {})[field] = cut[language][split]

    def _cut(self, path: Path, languages: tuple[str | None, ...] = (None,)) -> dict:
        """Read one list and cut it: language -> split -> entries, those of the language OWN_WEIGHT times."""
        entries = read_list(path)
        cut = {language: {split: [] for split in SPLITS} for language in languages}
        for value, tongue in entries:
            self.splits[value] = split = split_of(value, "entry")
            for language in languages:
                cut[language][split] += [value] * (OWN_WEIGHT if tongue == language else 1)
        for split in SPLITS:
            if not cut[languages[0]][split]:
                raise InputError(f"the list {path} is too short: no entry fell into the split {split!r}; "
                                 "about 60 entries are enough")  # fmt: skip
        return cut


def read_list(path: Path) -> list[tuple[str, str]]:
    """Read a CSV file with the header value,language: the entries in order, each once.

    Raises:
        InputError: a missing file, another header, an empty list, an entry with a control character or none at all.
    """
    with readable(path, "the list"):
        rows = list(csv.reader(io.StringIO(read_text(path, "the list"), newline="")))
    if not rows or [cell.strip() for cell in rows[0]] != ["value", "language"]:
        raise InputError(f"the list {path} must begin with the line value,language")
    entries = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        if len(row) != 2 or not row[0].strip():
            raise InputError(f"the list {path}, row {number}: a value and a language were expected, not {row}")
        entries.setdefault(clean(row[0], f"the list {path}, row {number}: the value"), row[1].strip())
    if not entries:
        raise InputError(f"the list {path} is empty: one entry per line was expected")
    return list(entries.items())
