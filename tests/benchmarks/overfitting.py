"""A small language model learns a short text by heart, and two cures: python tests/benchmarks/overfitting.py [--write]

Each setting is trained with several seeds on the text that every Python brings along, byte by byte, and measured on
the beginning of what it read and on documents that it never read. With --write the curves go to
data/results/06_overfitting.json, which notebook 06 draws.
"""

import argparse
import json
from datetime import date

import numpy as np
import torch

from momem_lib import RESULTS
from momem_lib.lm import BPETokenizer, LanguageModel, LMConfig, batches, change, offline_text, window_loss
from momem_lib.nn import hardware
from momem_lib.training import Trainer, fit

SHAPE = {"context_window": 64, "embedding_dim": 64, "num_heads": 4, "hidden_dim": 256, "num_decoder_blocks": 2}
STEPS = {"batch_size": 8, "max_global_steps": 600, "warmup_steps": 20, "checkpoint_steps": 50}
# What a setting is called -> how many bytes it learns from, and what else it changes.
SETTINGS = {
    "20 KB": (20_000, {}),
    "20 KB, dropout 0.3": (20_000, {"dropout": 0.3}),
    "200 KB": (200_000, {}),
}
FILE = RESULTS / "06_overfitting.json"


def measure_bits(model, tokens: np.ndarray) -> float:
    """Bits per byte, rounded: what training lowers, over ln 2, since every token is a byte."""
    return round(LanguageModel(model, BPETokenizer()).evaluate(tokens).bits_per_byte, 4)


def run(config: LMConfig, learned: np.ndarray, seen: np.ndarray, unseen: np.ndarray) -> dict:
    """Train one setting; bits per byte at each checkpoint, on text that it read and on text that it never read."""
    trainer, curve = Trainer(config, torch.device("cpu")), []

    def measure(trainer: Trainer) -> None:
        if trainer.step % config.checkpoint_steps == 0 or trainer.step == config.max_global_steps:
            curve.append([trainer.step, measure_bits(trainer.average, seen), measure_bits(trainer.average, unseen)])

    fit(trainer, batches(learned, config), window_loss, config.max_global_steps, measure=measure, disable=True)
    read = config.max_global_steps * config.batch_size * config.model.context_window
    return {"passes": round(read / len(learned), 2), "curve": curve}


def main() -> None:
    """Train every setting with every seed, and print each as it comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each setting")
    parser.add_argument("--steps", type=int, default=STEPS["max_global_steps"], help="of each run")
    parser.add_argument("--measured", type=int, default=20_000, help="bytes that the loss is measured on")
    parser.add_argument("--write", action="store_true", help="keep the curves in data/results")
    options = parser.parse_args()
    text, unseen = (np.frombuffer(path.read_bytes(), np.uint8).astype(np.uint16) for path in offline_text())
    rows: dict[str, list[dict]] = {}
    for name, (size, changes) in SETTINGS.items():
        for seed in range(options.seeds):
            changed = SHAPE | STEPS | changes | {"seed": seed, "max_global_steps": options.steps}
            config, learned = change(LMConfig(), changed, "overfitting.py"), text[:size]
            row = run(config, learned, learned[: options.measured], unseen[: options.measured])
            rows.setdefault(name, []).append(row)
            print(f"{name:<20}{row['curve'][-1][1]:8.3f} seen{row['curve'][-1][2]:8.3f} unseen", flush=True)
    if options.write:
        asked = f"--seeds {options.seeds} --steps {options.steps}"
        facts = {
            "command": f"python tests/benchmarks/overfitting.py {asked} --write",
            "date": date.today().isoformat(),
            "seeds": options.seeds,
            "measured_bytes": options.measured,
            "hardware": hardware(torch.device("cpu")),
            "torch": torch.__version__,
        }
        FILE.write_text(json.dumps(facts | {"rows": rows}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
