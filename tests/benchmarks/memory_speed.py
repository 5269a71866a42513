"""How fast the memory is: python tests/benchmarks/memory_speed.py [PEOPLE ...] [--clock cpu] [--write] prints a table.

PEOPLE are the sizes to measure, 1,000,000 if none is given. Names are put together from data/lists, so that common
pieces are as common as in life; a near miss is a name with one or two letters changed, left out or put in. With
--write the sizes 1,000 to 1,000,000 are measured and kept in data/results/memory_speed.json, with the command, date
and hardware, for notebook 08.
"""

import argparse
import json
import os
import platform
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from momem_lib import RESULTS
from momem_lib.course.nb08 import invented_people, measure
from momem_lib.system import Memory

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)  # with --write


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}  # cpu: what this program used of a busy machine


def measure_size(count: int, seed: int, trials: int, clock: str) -> dict[str, float]:
    """Build a memory of so many people in a temporary folder, time it, and delete it."""
    now = CLOCKS[clock]
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.db"
        start = now()
        with Memory(path) as memory:
            memory.remember(invented_people(count, rng))
        built = now() - start
        size = sum(os.path.getsize(part) for part in Path(folder).iterdir())
        with Memory(path) as memory:
            numbers = measure(memory, rng, trials, now)
    return numbers | {"build_s": built, "file_mb": size / 1e6}


def show(numbers: dict[str, float]) -> None:
    """Print what was measured at one size."""
    rows = [
        ("people", f"{numbers['people']:,}"),
        ("SQLite", sqlite3.sqlite_version),
        ("build, with the making of the names (s)", f"{numbers['build_s']:.1f}"),
        ("file (MB)", f"{numbers['file_mb']:.1f}"),
        ("exact look-up, median (µs)", f"{numbers['exact_us']:.0f}"),
    ]
    kinds = {
        "near": "near miss",
        "nobody": "nobody of that name",
        "short": "two letters only",
        "every_name": "every name read instead, from a list in RAM",
    }
    for kind, words in kinds.items():
        rows.append((f"{words}, median and p95 (ms)", f"{numbers[f'{kind}_ms']:.1f}  {numbers[f'{kind}_p95_ms']:.1f}"))
    rows.append(("misspelt name's owner among those offered", f"{numbers['offered']} of {numbers['trials']}"))
    for label, value in rows:
        print(f"{label:<66}{value:>14}", flush=True)
    print()


def write(rows: list[dict[str, float]], seed: int, clock: str, path: Path) -> None:
    """Keep the rows, with what made them."""
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    facts = {
        "command": f"python tests/benchmarks/memory_speed.py --clock {clock} --write",
        "date": date.today().isoformat(),
        "seed": seed,
        "hardware": f"{platform.machine()} CPU, {os.cpu_count()} cores, OMP_NUM_THREADS={threads}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    rounded = [{key: round(value, 4) for key, value in row.items()} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts | {"rows": rounded}, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size, print it, and perhaps keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("people", nargs="*", type=int, help="sizes (default: 1000000, or 1,000 to 1,000,000 to write)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=300, help="near misses timed at each size")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu: for a machine that others use too")
    parser.add_argument("--write", action="store_true", help="keep the numbers in data/results")
    parser.add_argument("--to", type=Path, default=RESULTS / "memory_speed.json", help="where --write keeps them")
    options = parser.parse_args(arguments)
    rows = []
    for count in options.people or (SIZES if options.write else SIZES[-1:]):
        rows.append(measure_size(count, options.seed, options.trials, options.clock))
        show(rows[-1])
    if options.write:
        write(rows, options.seed, options.clock, options.to)


if __name__ == "__main__":
    main(sys.argv[1:])
