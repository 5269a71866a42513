"""What temperature does to Module 3: python tests/benchmarks/temperature.py [--facts 20] [--seeds 20] [--write]

Puts facts of the test split into words at several temperatures, each once per seed, and counts the wordings, the texts
that hold the fact, and what the response gate and its second tries make of the rest. The name, the fact and the
question are right from the start: what goes wrong here, Module 3 does alone. With --write the results go to
data/results/10_temperature.json, which notebook 10 draws. What is recorded there for other temperatures, on the same
facts and seeds, stays: `--heats 0.5 --write` measures one temperature anew.
"""

import argparse
import json
import time
from collections.abc import Sequence
from datetime import date

import torch

from momem_lib import RESULTS
from momem_lib.course.nb10 import Fact, course_rows, heat_row
from momem_lib.data import TASKS
from momem_lib.nn import hardware
from momem_lib.system import Pipeline

HEATS = (0.0, 0.3, 0.5, 0.7, 1.0, 1.3, 1.6, 2.0)


def facts_of(rows: Sequence[dict]) -> list[Fact]:
    """Rows of the dataset that have an answer as facts."""
    return [Fact(row["question"], row["name"], row["label"], TASKS["summary"].texts(row)[0]) for row in rows]


def main() -> None:
    """Measure temperature by temperature and print each row as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=20, help="facts of the test split, the same ones at each heat")
    parser.add_argument("--seeds", type=int, default=20, help="texts for each fact and heat")
    parser.add_argument("--heats", type=float, nargs="+", default=HEATS, help="temperatures")
    parser.add_argument("--seed", type=int, default=10, help="of the questions")
    parser.add_argument("--write", action="store_true", help="keep the results in data/results")
    options = parser.parse_args()
    begin, pipeline = time.perf_counter(), Pipeline.load(device="cpu")
    facts = facts_of(course_rows("response", options.facts, "test", options.seed))
    pipeline.remember(fact.record for fact in facts)
    rows = []
    for heat in options.heats:
        rows.append(heat_row(pipeline, facts, heat, range(options.seeds)))
        print(rows[-1], f"{time.perf_counter() - begin:.0f} s", flush=True)
    if options.write:
        write(rows, options, round(time.perf_counter() - begin))


def write(rows: list[dict], options: argparse.Namespace, seconds: int) -> None:
    """Record rows beside those of other temperatures on the same facts and seeds."""
    path = RESULTS / "10_temperature.json"
    same = {name: getattr(options, name) for name in ("facts", "seeds", "seed")}
    command = "python tests/benchmarks/temperature.py " + " ".join(f"--{name} {n}" for name, n in same.items())
    facts = {"command": f"{command} --write", "date": date.today().isoformat()}
    facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__, **same}
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if {name: before.get(name) for name in same} == same:
        new = {row["temperature"] for row in rows}
        others = [row for row in before["rows"] if row["temperature"] not in new]
        rows, seconds = rows + others, seconds + (before["seconds"] if others else 0)
    facts |= {"seconds": seconds, "rows": sorted(rows, key=lambda row: row["temperature"])}
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
