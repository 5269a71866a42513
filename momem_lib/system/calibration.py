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
from momem_lib.system.evaluation import asked_records, gold
from momem_lib.system.gates import Gates
from momem_lib.system.memory import Memory
from momem_lib.system.names import normalise
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


def name_confidences(pipeline: Pipeline, questions: list[dict]) -> list[tuple[float, bool]]:
    """Confidence and rightness of each tag that the memory knows: with any other, the memory abstains by itself."""
    answers = [Answer(entry["question"]) for entry in questions]
    pipeline.find_names(answers, Gates(confidence=False))
    pairs = []
    for entry, answer in zip(questions, answers, strict=True):
        if answer.tag is not None and pipeline.memory.knows([answer.tag]):
            right = entry["shown"] is not None and normalise(entry["shown"]) == normalise(answer.tag)
            pairs.append((answer.trace[0].confidence, right))
    return pairs


def summary_confidences(pipeline: Pipeline, questions: list[dict], records: list[Record]) -> list[tuple[float, bool]]:
    """Confidence and rightness of each summary that passes its gate, on the right record; <none> lets nothing by."""
    asked = zip(questions, asked_records(questions, records), strict=True)
    jobs = [(entry, record, wanted) for entry, record in asked if (wanted := gold("summary", entry, record))]
    answers = [Answer(entry["question"], tag=entry["shown"], record=record) for entry, record, _ in jobs]
    pipeline.pick_facts(answers, Gates(confidence=False))
    said = zip(answers, jobs, strict=True)
    return [(a.trace[-1].confidence, a.summary == wanted[1]) for a, (_, _, wanted) in said if a.reason is None]


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
        pairs["ner"] += name_confidences(pipeline, questions)
        pairs["summary"] += summary_confidences(pipeline, questions, records)
    thresholds = {module: lowest_threshold(found, int(MOST_WRONG * count)) for module, found in pairs.items()}
    for name, module in pipeline.modules.items():
        module.card["metrics"] |= {"confidence_threshold": thresholds[name]} if name in thresholds else {}
        save_model(paths[name], module.model, module.card, torch.float16)
    return thresholds
