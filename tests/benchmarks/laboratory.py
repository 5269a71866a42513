"""The experiments of notebook 12: python tests/benchmarks/laboratory.py [--only b c] [--part 0] [--few] [--write]

Each letter is one experiment of the notebook. With --write the results go to data/results/12_LETTER.json, which the
notebook draws. --part takes one seed alone and leaves the others in the file as they are, so that a long experiment can
be run piece by piece. --few takes a few steps of each, to see that the script runs.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path

import torch
from laboratory_breaking import mask_experiment, precision_experiment
from laboratory_closed_book import closed_book_experiment
from laboratory_pretraining import pretraining_experiment

from momem_lib import RESULTS
from momem_lib.nn import hardware

LETTERS = "abcd"


def run(letter: str, few: bool, part: str | None) -> dict:
    """The results of one experiment, or of one seed of it."""
    seeds = {"seeds": (int(part),)} if part else {"seeds": (0,)} if few else {}
    if letter == "a":
        return mask_experiment(**seeds, **({"steps": 2, "exam_rows": 2, "lengths": (0, 64)} if few else {}))
    if letter == "b":
        return precision_experiment(**seeds, **({"steps": 2} if few else {}))
    if letter == "c":
        told = {"count": 4, "steps": 2, "more_steps": 1, "width": 8} if few else {}
        return closed_book_experiment(**seeds, **told)
    told = {"before": 2, "steps": 2, "every": 1, "labelled": 2, "exam_rows": 2, "texts": 20} if few else {}
    return pretraining_experiment(**seeds, **told)


def merged(old: dict, new: dict) -> dict:
    """The results of a part put into those that were there: rows of the same seed, and keys of the same name, anew."""
    joint = dict(new)
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            joint[key] = before | value
        elif isinstance(value, list) and value and isinstance(value[0], dict) and "seed" in value[0]:
            seeds = {row["seed"] for row in value}
            joint[key] = sorted(
                [row for row in before or [] if row["seed"] not in seeds] + value, key=lambda r: r["seed"]
            )
    for key in ("seconds", "cpu_seconds"):
        joint[key] = old.get(key, 0) + new[key]
    return joint


def keep(letter: str, results: dict, part: str | None, folder: Path) -> None:
    """Write a results file."""
    path = folder / f"12_{letter}.json"
    if part and path.is_file():
        results = merged(json.loads(path.read_text(encoding="utf-8")), results)
    path.write_text(json.dumps(results) + "\n", encoding="utf-8")


def main() -> None:
    """Run the chosen experiments one after the other, and keep each as soon as it is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(LETTERS), choices=list(LETTERS), help="these alone")
    parser.add_argument("--part", help="one seed alone")
    parser.add_argument("--few", action="store_true", help="a few steps each, to see that the script runs")
    parser.add_argument("--write", action="store_true", help="keep the results in --out")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    for letter in options.only:
        begin, used = time.perf_counter(), time.process_time()
        command = f"python tests/benchmarks/laboratory.py --only {letter} --write"
        facts = {"command": command, "date": date.today().isoformat(), "hardware": hardware(torch.device("cpu"))}
        results = run(letter, options.few, options.part)
        spent = {"seconds": round(time.perf_counter() - begin), "cpu_seconds": round(time.process_time() - used)}
        print(letter, json.dumps(results)[:2000], spent)
        if options.write:
            keep(letter, facts | {"torch": torch.__version__} | spent | results, options.part, options.out)


if __name__ == "__main__":
    main()
