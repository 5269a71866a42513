"""What taught Module 2 to choose a field: python tests/benchmarks/field_choice.py [--steps 200] [--write]

Trains small summarisers on short records: with all that the recipe holds, and with parts of it taken away. With
--write the results go to data/results/09_field_choice.json, which notebook 09 draws.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from datetime import date
from functools import partial

import torch
from tqdm import tqdm

from momem_lib import RESULTS
from momem_lib.data import TASKS, TOKENIZER
from momem_lib.data.tasks import COLON
from momem_lib.nn import Transformer, hardware
from momem_lib.training import (
    TokenSet,
    TrainConfig,
    Trainer,
    batch_indices,
    batch_of,
    change,
    choice_loss,
    cross_entropy,
    fit,
    module_loss,
    read_config,
    tokenize,
    training_rows,
)

SMALL = {"embedding_dim": 64, "hidden_dim": 256, "num_encoder_blocks": 1, "num_decoder_blocks": 2, "ngram_rows": 2048,
         "batch_size": 16, "data_window": 208, "noise_share": 0.2, "num_datapoints": 8_000}  # fmt: skip
RUNS = {  # what is changed in the recipe; small_start and label_weight are no keys of a config
    "the recipe": {},
    "without the generator's own loss": {"choice_loss": 0.0},
    "as it was at first": {"choice_loss": 0.0, "ngram_rows": 0, "small_start": True, "muon_lr": 0.0},
    "label letters weighted instead": {"choice_loss": 0.0, "label_weight": 0.3},
    "without n-grams": {"ngram_rows": 0},
    "with smaller weights at the start": {"small_start": True},
}


@torch.inference_mode()
def measure_choice(model: Transformer, tokens: TokenSet, batch_size: int = 64) -> dict[str, float]:
    """How well a summary's label is chosen, read along the right summary (teacher forcing).

    Returns:
        right: share of summaries each of whose label letters was the most probable one, 0 to 1.
        mixture, generator: nats per label, of the whole head and of its generator alone.
        copied: share of the probability of the label's letters that came from copying, 0 to 1.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> from momem_lib.data.tasks import TASKS
        >>> from momem_lib.training.batches import tokenize
        >>> row = {"question": "Where?", "name": None, "content": "Lives in: Oslo;", "summary": "Lives in: Oslo"}
        >>> shape = ModelConfig(embedding_dim=8, num_heads=1, num_encoder_blocks=1, copy_from="source")
        >>> found = measure_choice(Transformer(shape), tokenize(TASKS["summary"], [row], 99))
        >>> sorted(found), found["right"]
        (['copied', 'generator', 'mixture', 'right'], 0.0)
    """
    sums = dict.fromkeys(("right", "mixture", "generator", "copied"), 0.0)
    letters = 0
    for begin in range(0, len(tokens), batch_size):
        inputs, labels = batch_of(tokens, range(begin, min(begin + batch_size, len(tokens))), model.device)
        out = model(inputs)
        here = ((labels == COLON).cumsum(dim=1) == 0) & (labels != TOKENIZER.pad)  # (B, T) up to the colon
        chosen = out.log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
        made = out.generated.gather(-1, labels[:, :, None]).squeeze(-1) + torch.log1p(
            -out.copy_gate.clamp(max=1 - 1e-6)
        )
        sums["right"] += float(((out.log_probs.argmax(-1) == labels) | ~here).all(dim=1).sum())
        sums["mixture"] -= float((chosen * here).sum())
        sums["generator"] += float(choice_loss(out, labels)) * len(labels)
        sums["copied"] += float(((1 - (made - chosen).exp().clamp(max=1)) * here).sum())
        letters += int(here.sum())
    return {name: total / (letters if name == "copied" else len(tokens)) for name, total in sums.items()}


def label_loss(model: Transformer, batch: tuple, weight: float) -> tuple:
    """Weights the letters of the label as choice_loss does, but in the loss of the whole head."""
    inputs, labels = batch
    out = model(inputs)
    loss = cross_entropy(out, labels, inputs.target_mask)
    return loss, loss + weight * choice_loss(replace(out, generated=out.log_probs), labels)


def one_run(
    config: TrainConfig, small_start: bool, label_weight: float, tokens: TokenSet, few: TokenSet, every: int
) -> dict:
    """Train from scratch; what is measured at step 0 and every few steps."""
    trainer = Trainer(config, torch.device("cpu"))
    loss_of = partial(label_loss, weight=label_weight) if label_weight else None
    loss_of = loss_of or partial(module_loss, choice=config.choice_loss)
    if small_start:  # as GPT-2 starts: the same size for every matrix, however many inputs it has
        for layer in trainer.model.modules():
            if isinstance(layer, torch.nn.Linear) and layer is not trainer.model.head.scores:
                torch.nn.init.normal_(layer.weight, std=0.02)
    batches = (batch_of(tokens, rows) for rows in batch_indices(tokens.source.lengths, config.batch_size, config.seed))
    curve, begin = [], time.process_time()

    def measure(trainer: Trainer) -> None:
        trainer.model.eval()
        found = measure_choice(trainer.model, few).items()
        curve.append({"step": trainer.step} | {name: round(value, 4) for name, value in found})
        tqdm.write(str(curve[-1]))
        trainer.model.train()

    measure(trainer)
    fit(trainer, batches, loss_of, config.max_global_steps, every, measure)
    return {"curve": curve, "parameters": trainer.model.num_parameters(), "seconds": round(time.process_time() - begin)}


def main() -> None:
    """Train every run and print what it reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200, help="training steps of each run")
    parser.add_argument("--every", type=int, default=40, help="steps between two measurements")
    parser.add_argument("--rows", type=int, default=8_000, help="rows of the dataset to make")
    parser.add_argument("--few", type=int, default=64, help="validation questions measured")
    parser.add_argument("--runs", nargs="*", choices=RUNS, default=list(RUNS), help="only these")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="keep the results in data/results")
    parser.add_argument("--go-on", action="store_true", help="beside the runs that are recorded already")
    options = parser.parse_args()
    small = SMALL | {"max_global_steps": options.steps, "seed": options.seed, "num_datapoints": options.rows}
    recipe = change(read_config("summary", "quick"), small, "field_choice.py")
    rows, validation, _ = training_rows(recipe)
    tokens = tokenize(TASKS["summary"], rows, recipe.model.context_window)
    answerable = [row for row in validation if row["kind"] == "answerable"][: options.few]
    few = tokenize(TASKS["summary"], answerable, recipe.model.context_window)
    facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat(), "seed": options.seed}
    facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__, "questions": len(few)}
    facts |= {"rows": len(tokens), "config": small}
    path = RESULTS / "09_field_choice.json"
    results = json.loads(path.read_text(encoding="utf-8"))["runs"] if options.go_on and path.is_file() else {}
    for name in options.runs:
        changes = dict(RUNS[name])
        special = changes.pop("small_start", False), changes.pop("label_weight", 0.0)
        results[name] = one_run(change(recipe, changes, name), *special, tokens, few, options.every)
        print(f"{name}: {results[name]['curve'][-1]}, {results[name]['seconds']} s of CPU time", flush=True)
        if options.write:  # after each run: what is done is kept
            runs = {name: results[name] for name in RUNS if name in results}
            path.write_text(json.dumps(facts | {"runs": runs}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
