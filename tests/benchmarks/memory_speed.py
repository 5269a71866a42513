"""How fast the memory is: prints a table. Run: python tests/benchmarks/memory_speed.py [PEOPLE]  (default 1,000,000).

Names are put together from data/lists, or of made-up syllables where the lists are missing, so that common pieces
are as common as in life. A near miss is a name with one or two letters changed, left out or put in.
"""

import argparse
import csv
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from momem_lib.memory import Memory
from momem_lib.people import Person
from momem_lib.project import LISTS

TRIALS = 300  # near misses timed; exact look-ups: ten times as many
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(rng: random.Random) -> str:
    """A made-up name of one to three syllables."""
    syllables = "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3)))
    return (syllables + rng.choice(["", "n", "r", "s", "l", "ki", "son", "ez", "ova", "t"])).capitalize()


def name_list(file_name: str, count: int, rng: random.Random) -> list[str]:
    """The values of a list in data/lists, or made-up names where there is no such list."""
    path = LISTS / file_name
    if not path.exists():
        return [word(rng) for _ in range(count)]
    with path.open(encoding="utf-8", newline="") as lines:
        return [row["value"] for row in csv.DictReader(lines)]


def people(count: int, rng: random.Random) -> Iterator[Person]:
    """So many people, most of whom bear a middle name or a double last name, so that few share a full name."""
    first, last = name_list("first_names.csv", 3000, rng), name_list("last_names.csv", 20000, rng)
    for number in range(count):
        surname = rng.choice(last) if number % 3 else f"{rng.choice(last)}-{rng.choice(last)}"
        names = rng.choice(first) if number % 4 == 0 else f"{rng.choice(first)} {rng.choice(first)}"
        facts = [f"{fact} {rng.randrange(1000)}" for fact in ("Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")]
        yield Person(names, surname, *facts)


def misspelt(name: str, rng: random.Random) -> str:
    """The name with one or two letters changed, left out or put in."""
    for _ in range(rng.choice((1, 2))):
        place = rng.randrange(1, len(name))
        name = (
            name[:place] + rng.choice(("", rng.choice(LETTERS), name[place] + rng.choice(LETTERS))) + name[place + 1 :]
        )
    return name


def seconds(call: Callable[[str], object], tags: list[str]) -> tuple[list[float], list]:
    """Seconds of each call, and what each gave."""
    times, results = [], []
    for tag in tags:
        start = time.perf_counter()
        results.append(call(tag))
        times.append(time.perf_counter() - start)
    return times, results


def main() -> None:
    """Build a memory in a temporary folder, time it, and delete it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("people", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.db"
        start = time.perf_counter()
        with Memory(path) as memory:
            memory.remember(people(options.people, rng))
        built = time.perf_counter() - start
        size = sum(os.path.getsize(part) for part in Path(folder).iterdir())
        with Memory(path) as memory:
            names = memory.names()
            tags = [rng.choice(names) for _ in range(10 * TRIALS)]
            exact, found = seconds(memory.look_up, tags)
            wrong = [misspelt(tag, rng) for tag in tags[:TRIALS]]
            near, guesses = seconds(memory.look_up, wrong)
            nobody, _ = seconds(memory.look_up, [f"{word(rng)} {word(rng)}" for _ in range(TRIALS)])
            short, _ = seconds(memory.look_up, [name[:2] for name in tags[:TRIALS]])
    assert all(answer.status in ("exact", "ambiguous") for answer in found)
    offered = sum(tag in dict(guess.candidates) for tag, guess in zip(tags, guesses, strict=False))
    p95 = [1e3 * sorted(times)[int(0.95 * len(times))] for times in (near, nobody, short)]
    rows = [
        ("people", f"{options.people:,}"),
        ("SQLite", sqlite3.sqlite_version),
        ("build, with the making of the names (s)", f"{built:.1f}"),
        ("file (MB)", f"{size / 1e6:.0f}"),
        ("exact look-up, median (µs)", f"{1e6 * statistics.median(exact):.0f}"),
        ("near miss, median and p95 (ms)", f"{1e3 * statistics.median(near):.1f}  {p95[0]:.1f}"),
        ("nobody of that name, median and p95 (ms)", f"{1e3 * statistics.median(nobody):.1f}  {p95[1]:.1f}"),
        ("two letters only, median and p95 (ms)", f"{1e3 * statistics.median(short):.1f}  {p95[2]:.1f}"),
        ("misspelt name's owner among those offered", f"{offered} of {TRIALS}"),
    ]
    for label, value in rows:
        print(f"{label:<44}{value:>14}")


if __name__ == "__main__":
    main()
