"""What is settled after training: how sure each module must be to be believed."""

from collections.abc import Sequence
from pathlib import Path

import torch

from momem_lib.data.dataset import questions_and_people
from momem_lib.data.records import Record
from momem_lib.data.rows import SynthesisConfig, load_material
from momem_lib.nn.checkpoints import save_model
from momem_lib.project import InputError
from momem_lib.system.answer import Answer
from momem_lib.system.evaluation import gold_jobs, named
from momem_lib.system.gates import Gates
from momem_lib.system.memory import Memory
from momem_lib.system.names import same_name
from momem_lib.system.pipeline import Pipeline

WORSE = 3  # a wrong answer is as bad as so many silences
FEWEST = 200  # questions; fewer say little about rare mistakes
CAUTION = 0.02  # no threshold is lower than this, even where validation shows no mistake


def best_threshold(pairs: Sequence[tuple[float, bool]], worse: float = WORSE) -> float:
    """The threshold at which silence costs least, a wrong output counting as so many silences; the lowest of the best.

    Of what is silenced, each right output costs one and each wrong one saves `worse` (Chow 1970, "On Optimum
    Recognition Error and Reject Tradeoff": doubt where the chance of an error exceeds the cost of doubt).

    Args:
        pairs: (confidence, right) of outputs.

    Example:
        >>> outputs = [(0.9, True), (0.75, False), (0.5, True), (0.25, False), (0.125, True)]
        >>> best_threshold(outputs, 3), best_threshold(outputs, 0.5)
        (0.825, 0.02)
    """
    best, least, cost = CAUTION, 0.0, 0.0
    for number, (confidence, right) in enumerate(ranked := sorted(pairs)):
        cost += 1 if right else -worse
        above = ranked[number + 1][0] if number + 1 < len(ranked) else 1.0
        if cost < least and above > confidence:
            best, least = max(CAUTION, (confidence + above) / 2), cost
    return best


def confidences(
    pipeline: Pipeline, questions: list[dict], records: list[Record]
) -> dict[str, list[tuple[float, bool]]]:
    """Confidence and rightness of what ner and summary hand on, each asked alone, behind its own gate.

    Of the tags, those count that the memory knows: with any other, it abstains by itself. Of the summaries, of the
    right records, those that pass their gate; <none> lets nothing by.
    """
    gates, answers = Gates(confidence=False), [Answer(entry["question"]) for entry in questions]
    pipeline.find_names(answers, gates)
    known = pipeline.memory.knows(answer.tag for answer in answers if answer.tag is not None)
    asked = [(answer, named(entry)) for entry, answer in zip(questions, answers, strict=True) if answer.tag in known]
    tags = [(answer.trace[-1].confidence, same_name(answer.tag, name)) for answer, name in asked]
    jobs = gold_jobs("summary", questions, records)
    answers = [Answer(entry["question"], tag=named(entry), record=record) for entry, record, *_ in jobs]
    pipeline.pick_facts(answers, gates)
    passed = [(answer, job[-1]) for job, answer in zip(jobs, answers, strict=True) if answer.reason is None]
    return {"ner": tags, "summary": [(a.trace[-1].confidence, a.summary == wanted) for a, wanted in passed]}


def calibrate(paths: dict[str, Path], count: int = 4_000, seed: int = 1) -> dict[str, float]:
    """Choose the thresholds of ner and summary on validation questions, and write all three as they are kept.

    Validation people and values are used, half of them in known phrasings and half in those that validation alone has:
    the test split's stay untouched. Module 3 needs no threshold: its gate compares its words with the record itself.
    """
    if count < FEWEST:
        raise InputError(f"{count} questions are too few to calibrate on; at least {FEWEST} were expected")
    pipeline, material = Pipeline.load(**paths), load_material()
    for module in pipeline.modules.values():
        module.model.half().float()  # measured with the very weights that are kept: half the size, and the same answers
    pairs: dict[str, list[tuple[float, bool]]] = {"ner": [], "summary": []}
    for phrasings in ("known", "held-out"):
        questions, records = questions_and_people(
            material, SynthesisConfig(seed=seed, noise_share=0.0), "validation", count // 2, phrasings=phrasings
        )
        pipeline.memory = Memory()
        pipeline.remember(records)
        for module, found in confidences(pipeline, questions, records).items():
            pairs[module] += found
    thresholds = {module: best_threshold(found) for module, found in pairs.items()}
    for name, module in pipeline.modules.items():
        module.card["metrics"] |= {"confidence_threshold": thresholds[name]} if name in thresholds else {}
        save_model(paths[name], module.model, module.card, torch.float16)
    return thresholds
