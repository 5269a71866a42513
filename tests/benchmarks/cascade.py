"""How errors travel, with and without gates: python tests/benchmarks/cascade.py [--count 200] [--write]

Shakes each trained module's weights, lets Modules 0 and 2 slip, and switches the gates off one by one, on questions
of the test split. With --write the results go to data/results/cascade.json, which notebook 11 draws.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import date

import torch
from tqdm import tqdm

from momem_lib import RESULTS, Gates
from momem_lib.course.nb11 import SLIPPERY, Slipping, noise_cascade, outcomes, unseen_questions
from momem_lib.data import Record
from momem_lib.nn import hardware
from momem_lib.system import Memory, Pipeline

NOISE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
SLIPS = (0.0, 0.1, 0.2, 0.3, 0.4)


def slip_cascade(
    pipeline: Pipeline, module: str, levels: Sequence[float], entries: Sequence[dict], records: Sequence[Record], seed=0
) -> list[dict]:
    """One module slipping more and more often: at each chance, all outcomes with gates off and on."""
    rows = []
    for level in tqdm(levels, desc=f"slips of {module}", mininterval=1):
        worse = Slipping(pipeline, module, level, seed)
        shares = {name: outcomes(worse, entries, records, name == "on") for name in ("off", "on")}
        rows.append({"level": level} | shares)
    return rows


def gate_by_gate(pipeline: Pipeline, entries: Sequence[dict], records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """The outcomes with all gates on, with each one off alone, and with all off."""
    settings = {"all gates on": Gates()}
    settings |= {f"without {name}": Gates(**{name: False}) for name in vars(Gates())} | {
        "all gates off": Gates.all(False)
    }
    bar = tqdm(settings.items(), desc="gates", mininterval=1)
    return {name: outcomes(pipeline, entries, records, gates) for name, gates in bar}


def main() -> None:
    """Measure everything and print it as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="questions, the same ones for every setting")
    parser.add_argument("--gate-count", type=int, default=400, help="questions asked with the gates off one by one")
    parser.add_argument("--seed", type=int, default=11, help="of the questions, the noise and the slips")
    parser.add_argument("--write", action="store_true", help="keep the results in data/results")
    parser.add_argument("--few", action="store_true", help="two levels each, to see that the script runs")
    options = parser.parse_args()
    begin, pipeline = time.perf_counter(), Pipeline.load()
    entries, records = unseen_questions(options.count, options.seed)
    pipeline.remember(records)
    noise, slips = (NOISE[::6], SLIPS[::4]) if options.few else (NOISE, SLIPS)
    told = entries, records, options.seed
    many = unseen_questions(options.gate_count, options.seed)
    gate_pipeline = Pipeline(pipeline.modules, Memory())  # with records of its own
    gate_pipeline.remember(many[1])
    results = {"gates": gate_by_gate(gate_pipeline, *many)}
    results["noise"] = {module: noise_cascade(pipeline, module, noise, *told) for module in pipeline.modules}
    results["slips"] = {module: slip_cascade(pipeline, module, slips, *told) for module in SLIPPERY}
    seconds = round(time.perf_counter() - begin)
    facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat(), "seed": options.seed}
    facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__, "seconds": seconds}
    text = json.dumps(facts | {"questions": len(entries), "gate_questions": len(many[0])} | results, indent=1) + "\n"
    print(text)
    if options.write:
        (RESULTS / "cascade.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
