"""The experiments of notebook 12: python tests/benchmarks/laboratory.py [--only b c] [--part 0] [--few] [--write]

Each letter is one experiment of the notebook. With --write the results go to data/results/12_LETTER.json, which the
notebook draws. --part takes one seed alone (for a: one module) and leaves the others in the file as they are, so that
a long experiment can be run piece by piece. --few takes a few steps of each, to see that the script runs.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path

import torch
from laboratory_breaking import mask_experiment, precision_experiment
from laboratory_closed_book import closed_book_experiment
from laboratory_heat import hallucination_experiment
from laboratory_scaling import scaling_experiment
from laboratory_targets import target_experiment
from laboratory_tokens import alphabet_experiment

from momem_lib import RESULTS
from momem_lib.data import TASKS, SynthesisConfig, load_material, questions_and_people
from momem_lib.nn import Module, hardware

LETTERS = "abcdefg"
QUESTIONS = 40  # of the test split, for the shipped modules; in phrasings that were kept from training
HARD = ("long", "shuffled", "label", "script", "random")  # names and values that stand in no list


def shipped(count: int, tasks: tuple[str, ...] = tuple(TASKS)) -> tuple:
    """The shipped modules, hard questions of the test split, and the people in them."""
    modules = {task: Module.load(task=task, device="cpu") for task in tasks}
    material, config = load_material(), SynthesisConfig(seed=12)
    return modules, *questions_and_people(material, config, "test", count, "held-out", styles=HARD)


def run(letter: str, few: bool, part: str | None) -> dict:
    """The results of one experiment, or of one part of it."""
    seeds = {"seeds": (int(part),)} if part and letter != "a" else {"seeds": (0,)} if few else {}
    small = {"steps": 2, "exam_rows": 2} if few else {}
    count = 4 if few else QUESTIONS
    if letter == "a":
        told = small | {"temperatures": (0.0, 1.0)} if few else {}
        return hallucination_experiment(*shipped(count, (part,) if part else tuple(TASKS)), **told)
    if letter == "b":
        return mask_experiment(**small, **seeds, **({"lengths": (0, 64)} if few else {}))
    if letter == "c":
        return precision_experiment(**seeds, **({"steps": 2} if few else {}))
    if letter == "d":
        told = {"count": 4, "steps": 2, "more_steps": 1, "width": 8} if few else {}
        return closed_book_experiment(**seeds, **told)
    if letter == "e":
        told = {"training_rows": 40, "merges": 10} if few else {}
        return alphabet_experiment(**small, **seeds, **told, shipped=shipped(1, ("ner",))[0]["ner"].model)
    if letter == "f":
        return target_experiment(**small, **seeds, **({"early": 2, "every": 1} if few else {}))
    return scaling_experiment(**small, **seeds, **({"records": (8, 16), "widths": (8, 16)} if few else {}))


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
    parser.add_argument("--part", help="one seed alone, or for a one module: ner, summary or response")
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
