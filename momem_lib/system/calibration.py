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

MOST_WRONG = 0.0015  # wrong answers, of all questions; half of what is bearable: people ask in words still further off
FEWEST = 200  # questions; fewer say little about rare mistakes
CAUTION = 0.02  # no threshold is lower than this, even where validation shows no mistake


def lowest_threshold(pairs: Sequence[tuple[float, bool]], most_wrong: int) -> float:
    """The lowest threshold that lets no more than so many wrong outputs through: no doubt where it buys nothing.

    Args:
        pairs: (confidence, right) of outputs.

    Example:
        >>> outputs = [(1.0, True), (0.75, False), (0.5, True), (0.25, False), (0.125, True)]
        >>> lowest_threshold(outputs, 0), lowest_threshold(outputs, 1), lowest_threshold(outputs, 2)
        (0.875, 0.375, 0.02)
        >>> 0.92624 < lowest_threshold([(0.92624, False), (0.92626, True)], 0) <= 0.92626
        True
    """
    wrong = sorted((confidence for confidence, right in pairs if not right), reverse=True)
    if len(wrong) <= most_wrong:
        return CAUTION
    refused = wrong[most_wrong]  # the surest one that must not pass
    above = min((confidence for confidence, _ in pairs if confidence > refused), default=1.0)
    return max(CAUTION, (refused + above) / 2)


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


def calibrate(paths: dict[str, Path], count: int = 2_000, seed: int = 1) -> dict[str, float]:
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
    thresholds = {module: lowest_threshold(found, int(MOST_WRONG * count)) for module, found in pairs.items()}
    for name, module in pipeline.modules.items():
        module.card["metrics"] |= {"confidence_threshold": thresholds[name]} if name in thresholds else {}
        save_model(paths[name], module.model, module.card, torch.float16)
    return thresholds
