"""How sure a module must be before it is believed: a threshold, chosen on the validation split."""

from collections.abc import Sequence
from pathlib import Path

from momem_lib.checkpoints import load_tensors, save_model
from momem_lib.evaluation import asked_people, gold, module_outcome
from momem_lib.generation import write
from momem_lib.pipeline import Pipeline
from momem_lib.synthesis import SynthesisConfig, load_material, questions_and_people
from momem_lib.tasks import TASKS

COST_OF_WRONG = 20.0  # one wrong answer is as bad as this many needless abstentions
CAUTION = 0.02  # no threshold is lower than this, even where validation shows no mistake


def best_threshold(pairs: Sequence[tuple[float, bool]], cost_of_wrong: float = COST_OF_WRONG) -> float:
    """The threshold with the least cost: right outputs refused, plus cost_of_wrong for each wrong one let through.

    Args:
        pairs: (confidence, right) of outputs.

    Example:
        >>> best_threshold([(0.99, True), (0.9, True), (0.4, False), (0.3, True)])
        0.65
        >>> best_threshold([(0.99, True), (0.98, True)])
        0.02
    """
    ranked = sorted(pairs)
    cost = best = cost_of_wrong * sum(not right for _, right in ranked)
    threshold = CAUTION
    for index, (confidence, right) in enumerate(ranked):
        cost += 1.0 if right else -cost_of_wrong
        if cost < best and (index + 1 == len(ranked) or ranked[index + 1][0] > confidence):
            above = ranked[index + 1][0] if index + 1 < len(ranked) else 1.0
            best, threshold = cost, max(CAUTION, (confidence + above) / 2)
    return round(threshold, 4)


def module_confidences(
    pipeline: Pipeline, module: str, questions: list[dict], people: list
) -> list[tuple[float, bool]]:
    """Confidence and rightness of each output of one module on gold inputs; where it says <none>, nothing is let by."""
    asked = zip(questions, asked_people(questions, people), strict=True)
    jobs = [(entry, person, wanted) for entry, person in asked if (wanted := gold(module, entry, person)) is not None]
    sources, prompts = [wanted[0] for _, _, wanted in jobs], [entry["question"] for entry, _, _ in jobs]
    results = write(pipeline.models[module], TASKS[module], sources, prompts)
    pairs = []
    for (entry, person, wanted), result in zip(jobs, results, strict=True):
        if result.text is not None:
            line = module_outcome(module, entry, person, wanted[1], result.text)
            pairs.append((result.confidence, line["verdict"] == "right"))
    return pairs


def calibrate(paths: dict[str, Path], count: int = 2_000, seed: int = 1) -> dict[str, float]:
    """Choose the thresholds of ner and summary on validation questions and write them into their checkpoints.

    Validation people and values, and both known and held-out phrasings of the validation split, are used: the test
    split stays untouched. Module 3 needs no threshold: its gate compares its words with the record itself.
    """
    pipeline = Pipeline.load(**paths)
    questions, people = questions_and_people(
        load_material(), SynthesisConfig(seed=seed, noise_share=0.0), "validation", count, phrasings="any"
    )
    thresholds = {}
    for module in ("ner", "summary"):
        thresholds[module] = best_threshold(module_confidences(pipeline, module, questions, people))
        _, card = load_tensors(paths[module])
        card["metrics"]["confidence_threshold"] = thresholds[module]
        save_model(paths[module], pipeline.models[module], card)
    return thresholds
