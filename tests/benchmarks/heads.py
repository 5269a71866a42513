"""What a module's copy head is worth, part by part: python tests/benchmarks/heads.py ner [--steps 300] [--write]

Trains the plain head, the copy head, the copy head with the match feature, and the library's (with the copied context
too) from the same seed on the same batches, in a tiny model (--dim and --batch make it larger). Then each writes for
rows of the test split, greedily. With --write each head's results go to data/results as soon as they are there, for the
notebook to draw (07_heads.json); a run that was broken off is gone on with.
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

import torch

from momem_lib import RESULTS
from momem_lib.course.modules import (
    TINY,
    CourseData,
    course_config,
    course_data,
    course_rows,
    examine,
    shares_by,
    train_live,
)
from momem_lib.course.shared import smooth
from momem_lib.nn import hardware

NOTEBOOKS = {"ner": "07"}
HEADS = {
    "plain head": {"copy_from": "none"},
    "copy head": {"longest_match": 0, "copied_context": False},
    "+ match feature": {"copied_context": False},
    "+ copied context": {},
}
POINTS = 50  # of a recorded loss curve
SAMPLES = 12  # of what each head wrote


def measure(task: str, changes: dict, data: CourseData, rows: list[dict], options: argparse.Namespace) -> dict:
    """Train one head and count what it gets right."""
    config = settings(task, options, **changes)
    run = train_live(config, data, "cpu")
    judged = examine(run.module, rows)
    every = max(1, len(run.losses) // POINTS)
    curve = smooth(run.losses)
    return {
        "parameters": run.module.model.num_parameters(),
        "seconds": round(run.seconds, 1),
        "steps": list(range(every, len(curve) + 1, every)),
        "losses": [round(float(loss), 5) for loss in curve[every - 1 :: every]],
        "right": sum(one.right for one in judged),
        "count": len(judged),
        "length": shares_by(judged, lambda one: one.length),
        "characters": shares_by(judged, lambda one: one.characters),
        "samples": [[one.wanted, one.wrote] for one in judged[:SAMPLES]],
    }


def settings(task: str, options: argparse.Namespace, **changes):
    """The config of one head: measured once only, at the end of its training."""
    rate = (TINY["embedding_dim"] / options.dim) ** 0.5  # wider models take smaller steps
    size = {"num_datapoints": options.rows, "data_window": options.data_window, "validation_rows": 8}
    size |= {"embedding_dim": options.dim, "hidden_dim": 4 * options.dim, "batch_size": options.batch}
    size |= {"model_lr": TINY["model_lr"] * rate, "muon_lr": TINY["muon_lr"] * rate}
    return course_config(task, "quick", options.steps, options.seed, checkpoint_steps=options.steps, **size | changes)


def main() -> None:
    """Measure each head, print a table, and perhaps keep the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=NOTEBOOKS, help="the module")
    parser.add_argument("--steps", type=int, default=300, help="of training")
    parser.add_argument("--count", type=int, default=300, help="unseen rows to write for")
    parser.add_argument("--rows", type=int, default=6_000, help="rows to train on")
    parser.add_argument("--dim", type=int, default=TINY["embedding_dim"], help="width of the model")
    parser.add_argument("--batch", type=int, default=TINY["batch_size"], help="rows in a step")
    parser.add_argument("--data-window", type=int, default=192, help="tokens; longer rows are left out")
    parser.add_argument("--seed", type=int, default=0, help="of weights, rows and batches")
    parser.add_argument("--write", action="store_true", help="keep the results in data/results")
    parser.add_argument("--few", action="store_true", help="two steps and two rows, to see that the script runs")
    options = parser.parse_args()
    if options.few:
        options.steps, options.count, options.rows = 2, 2, 64
    task = options.task
    data = course_data(task, settings(task, options))
    rows = course_rows(task, options.count, "test", options.seed, longest=options.data_window)
    facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat(), "seed": options.seed}
    facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__, "task": task}
    facts |= {
        "dim": options.dim,
        "batch": options.batch,
        "steps": options.steps,
        "questions": len(rows),
        "rows": len(data.tokens),
    }
    heads = begun(RESULTS / f"{NOTEBOOKS[task]}_heads.json", facts) if options.write else {}
    for name, changes in HEADS.items():
        if name not in heads:
            heads[name] = measure(task, changes, data, rows, options)
        head = heads[name]
        print(f"{name:18} {head['parameters']:>9,} parameters  loss {head['losses'][-1]:.3f}  "
              f"right {head['right']} of {head['count']}  {head['seconds']:.0f} s", flush=True)  # fmt: skip
        if options.write:
            text = json.dumps(facts | {"heads": heads}, indent=1) + "\n"
            (RESULTS / f"{NOTEBOOKS[task]}_heads.json").write_text(text, encoding="utf-8")


def begun(path: Path, facts: dict) -> dict:
    """The heads that the same command has measured already, where it was broken off; none where all were."""
    if not path.is_file():
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    same = all(before.get(key) == facts[key] for key in ("command", "torch", "rows"))
    return before["heads"] if same and len(before["heads"]) < len(HEADS) else {}


if __name__ == "__main__":
    main()
