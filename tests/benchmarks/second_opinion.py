"""What a second opinion on the field is worth: python tests/benchmarks/second_opinion.py [--count 2000] [--write]

On held-out phrasings of the validation split: how often Module 2 (with a stand-in's record), the bag of words, and the
two multiplied choose what was asked for; and how many right choices are believed where the threshold lets `--wrong`
wrong ones pass. With --write the results go to data/results/11_second_opinion.json, which notebook 11 quotes.
"""

import argparse
import json
import sys
import time
from datetime import date

import torch
from torch import Tensor

from momem_lib import RESULTS
from momem_lib.data import SynthesisConfig, load_material
from momem_lib.nn import hardware
from momem_lib.system import CHOICES, TRUST, Pipeline, asked, corrected, product_of_experts, stand_in_shares

LANGUAGES = {"English": "en", "Swahili": "sw"}
NONE = CHOICES.index(None)


def opinions(pipeline: Pipeline, language: str, count: int, seed: int) -> tuple[dict[str, Tensor], Tensor]:
    """The probabilities of CHOICES by who gives them, (N, 7) each, and the right choices (N,)."""
    config = SynthesisConfig(seed=seed, languages=(language,))
    texts, names, choices = zip(*asked(load_material(), config, "validation", count, phrasings="held-out"), strict=True)
    questions = list(map(corrected, texts, names))
    module = stand_in_shares(pipeline.modules["summary"], questions, names)
    bag = pipeline.words.log_probs(questions, names).exp()
    both = product_of_experts(module, bag, TRUST)
    shares = {"Module 2": module, "bag of words": bag, "both, multiplied": both}
    return shares, torch.tensor(choices)


def judge(shares: Tensor, right: Tensor, most_wrong: int) -> dict:
    """Right choices, and those that are believed beside at most so many wrong ones; <none> is always believed."""
    sure, chosen = shares.max(dim=-1)
    good = chosen == right
    wrong = sure[~good & (chosen != NONE)].sort(descending=True).values
    least = float(wrong[most_wrong]) if len(wrong) > most_wrong else 0.0
    believed = good & ((sure > least) | (chosen == NONE))
    return {"right": round(float(good.float().mean()), 4), "believed": round(float(believed.float().mean()), 4)}


def main() -> None:
    """Measure both languages and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000, help="questions for each language")
    parser.add_argument("--wrong", type=int, default=4, help="wrong choices that may be believed, in each language")
    parser.add_argument("--seed", type=int, default=21, help="of the questions")
    parser.add_argument("--write", action="store_true", help="keep the results in data/results")
    options = parser.parse_args()
    begin, pipeline = time.perf_counter(), Pipeline.load(device="cpu")
    rows = []
    print(f"{'':18}{'':10}{'questions':>10}{'right':>8}{'believed':>10}")
    for language, code in LANGUAGES.items():
        shares, right = opinions(pipeline, code, options.count, options.seed)
        for who, share in shares.items():
            row = {"language": language, "who": who, "questions": len(right), **judge(share, right, options.wrong)}
            print(f"{who:18}{language:10}{len(right):10,}{row['right']:8.1%}{row['believed']:10.1%}", flush=True)
            rows.append(row)
    if options.write:
        chosen = {"count": options.count, "wrong": options.wrong, "seed": options.seed}
        facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat()}
        facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__, **chosen}
        facts |= {"seconds": round(time.perf_counter() - begin), "rows": rows}
        path = RESULTS / "11_second_opinion.json"
        path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
