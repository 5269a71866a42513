"""One thing changed at a time in a small language model: python tests/benchmarks/lm_ablations.py QUESTION [--write]

QUESTION is one of heads, depth, ngrams, schedule, clipping, optimizer, text (how much of it) and overfitting. Each
setting is trained on the text that every Python brings along, byte by byte, and measured on documents that it never
read. With --write the results go to data/results/06_QUESTION.json, which notebook 06 draws.
"""

import argparse
import json
import time
from datetime import date

import numpy as np
import torch

from momem_lib import RESULTS
from momem_lib.lm import (
    ADAMW_ALONE,
    BPETokenizer,
    LanguageModel,
    LMConfig,
    batches,
    change,
    offline_text,
    window_loss,
)
from momem_lib.nn import hardware
from momem_lib.training import Trainer, fit

SHAPE = {"context_window": 64, "embedding_dim": 64, "num_heads": 4, "hidden_dim": 256, "num_decoder_blocks": 2}
BASE = change(LMConfig(), SHAPE | {"batch_size": 8, "max_global_steps": 300, "warmup_steps": 20}, "lm_ablations.py")
OFF = 1e9  # a limit that no gradient reaches
WHOLE = 10**9  # bytes: all of the text
AGAIN = {"max_global_steps": 600, "checkpoint_steps": 50}  # long enough to learn a short text by heart
# What is asked -> what each setting is called in the picture -> what it changes; "bytes" is the length of the text.
QUESTIONS = {
    "heads": {f"{heads}": {"num_heads": heads} for heads in (1, 4, 8)},
    "depth": {f"{blocks}": {"num_decoder_blocks": blocks} for blocks in (1, 2, 4)},
    "ngrams": {"none": {}} | {f"{rows:,} rows": {"ngram_rows": rows} for rows in (2048, 8192, 32_768)},
    "schedule": {
        "constant": {"warmup_steps": 0, "lr_gamma": 1.0},
        "warm-up, then constant": {"lr_gamma": 1.0},
        "linear without warm-up": {"warmup_steps": 0},
        "warm-up and cosine": {"lr_schedule": "cosine"},
        "warm-up and linear": {},
    },
    "clipping": {
        "no limit": {"clip_norm": OFF},
        "limit 1": {},
        "8 x rate, no limit": {"clip_norm": OFF, "model_lr": 0.16, "muon_lr": 8e-2},
        "8 x rate, limit 1": {"model_lr": 0.16, "muon_lr": 8e-2},
    },
    "optimizer": {
        "AdamW, rate 0.001": {"muon_lr": 0.0} | ADAMW_ALONE | {"model_lr": 1e-3},
        "AdamW, rate 0.004": {"muon_lr": 0.0} | ADAMW_ALONE,
        "AdamW, rate 0.016": {"muon_lr": 0.0} | ADAMW_ALONE | {"model_lr": 1.6e-2},
        "Muon, rate 0.01": {},
        "Muon, rate 0.04": {"muon_lr": 4e-2},
    },
    "text": {f"{size // 1000} KB": {"bytes": size} for size in (10_000, 100_000)} | {"all": {"bytes": WHOLE}},
    "overfitting": {
        "20 KB": {"bytes": 20_000} | AGAIN,
        "20 KB, dropout 0.3": {"bytes": 20_000, "dropout": 0.3} | AGAIN,
        "200 KB": {"bytes": 200_000} | AGAIN,
    },
}


def measure_bits(model, tokens: np.ndarray) -> float:
    """Bits per byte, rounded: what training lowers, over ln 2, since every token is a byte."""
    return round(LanguageModel(model, BPETokenizer()).evaluate(tokens).bits_per_byte, 4)


def run(config: LMConfig, learned: np.ndarray, seen: np.ndarray, unseen: np.ndarray) -> dict:
    """Train one setting; bits per byte on text that it read and on text that it never read."""
    trainer, curve, norms, taken = Trainer(config, torch.device("cpu")), [], [], []
    begun = [time.process_time()]

    def measure(trainer: Trainer) -> None:
        norms.append(trainer.gradient_norm)
        taken.append(time.process_time() - begun.pop())
        if trainer.step % config.checkpoint_steps == 0 or trainer.step == config.max_global_steps:
            curve.append([trainer.step, measure_bits(trainer.average, seen), measure_bits(trainer.average, unseen)])
        begun.append(time.process_time())

    fit(trainer, batches(learned, config), window_loss, config.max_global_steps, measure=measure, disable=True)
    return {
        "parameters": trainer.model.num_parameters(),
        "passes": round(config.max_global_steps * config.batch_size * config.model.context_window / len(learned), 2),
        "seen": curve[-1][1],
        "unseen": curve[-1][2],
        "unseen_last_weights": measure_bits(trainer.model, unseen),
        "step_ms": round(1000 * float(np.median(taken)), 1),  # of processor time
        "gradient_norm": {"median": round(float(np.median(norms)), 3), "longest": round(max(norms), 3)},
        "curve": curve,
    }


def facts(options: argparse.Namespace) -> dict:
    """What was typed, when, and where."""
    command = f"python tests/benchmarks/lm_ablations.py {options.question} --seeds {options.seeds} --write"
    return {
        "command": command + (f" --steps {options.steps}" if options.steps else ""),
        "date": date.today().isoformat(),
        "seed": 0,
        "seeds": options.seeds,
        "measured_bytes": options.measured,
        "hardware": hardware(torch.device("cpu")),
        "torch": torch.__version__,
    }


def unchanged(question: str, name: str) -> bool:
    """Whether a setting is BASE itself; every question but one has it, under another name."""
    changes = dict(QUESTIONS[question][name])
    return changes.pop("bytes", WHOLE) == WHOLE and change(BASE, changes, "here") == BASE


def kept_rows(question: str) -> dict[str, list[dict]]:
    """The settings of a question that are recorded already; the unchanged one may stand in another question's file."""
    files = {other: RESULTS / f"06_{other}.json" for other in QUESTIONS}
    found = {q: json.loads(f.read_text(encoding="utf-8"))["rows"] for q, f in files.items() if f.is_file()}
    same = [rows for q, kept in found.items() for name, rows in kept.items() if unchanged(q, name)]
    base = {name: same[0] for name in QUESTIONS[question] if same and unchanged(question, name)}
    return base | found.get(question, {})


def main() -> None:
    """Train every setting of a question and print it as it comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--seeds", type=int, default=1, help="runs of each setting")
    parser.add_argument("--steps", type=int, help="of each run; the default depends on the question")
    parser.add_argument("--measured", type=int, default=20_000, help="bytes that the loss is measured on")
    parser.add_argument("--write", action="store_true", help="keep the results in data/results, after each setting")
    parser.add_argument("--go-on", action="store_true", help="keep the settings that the file has already")
    options = parser.parse_args()
    text, unseen = (np.frombuffer(path.read_bytes(), np.uint8).astype(np.uint16) for path in offline_text())
    path = RESULTS / f"06_{options.question}.json"
    rows = kept_rows(options.question) if options.go_on else {}
    for name, changes in QUESTIONS[options.question].items():
        if name in rows:
            continue
        changes = {"checkpoint_steps": BASE.max_global_steps} | changes
        learned = text[: changes.pop("bytes", WHOLE)]
        changes |= {"max_global_steps": options.steps} if options.steps else {}
        settings = [change(BASE, changes | {"seed": seed}, "here") for seed in range(options.seeds)]
        rows[name] = [run(each, learned, learned[: options.measured], unseen[: options.measured]) for each in settings]
        for row in rows[name]:
            print(f"{name:<24}{row['seen']:8.3f} seen{row['unseen']:8.3f} unseen, bits per byte", flush=True)
        if options.write:
            ordered = {name: rows[name] for name in QUESTIONS[options.question] if name in rows}
            path.write_text(json.dumps(facts(options) | {"rows": ordered}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
