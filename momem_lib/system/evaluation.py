"""How good the system is: answers to many questions, compared with what is right."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm.auto import tqdm

from momem_lib.data.records import FIELDS, LABELS, Record, clean
from momem_lib.data.tasks import objection
from momem_lib.data.tokens import TOKENIZER
from momem_lib.project import InputError, read_lines
from momem_lib.system.answer import check_question
from momem_lib.system.names import normalise, same_name, shown
from momem_lib.system.pipeline import Pipeline

CHUNK = 128  # questions answered between two moves of the progress bar
TOLD = ("tag", "content", "summary", "response", "abstained", "reason")  # of an answer, in the predictions file


def read_questions(path: str | Path) -> list[dict]:
    """Read a question file: UTF-8, one JSON object per line with question, name, label, answer and other keys.

    Raises:
        InputError: missing file or a bad line, with its number.
    """
    questions = [check_entry(entry, where) for entry, where in read_lines(path, "the question file")]
    if not questions:
        raise InputError(f"the question file {path} holds no question")
    return questions


def check_entry(entry: object, where: str) -> dict:
    """One question line, checked; InputError says what is wrong with it."""
    if not isinstance(entry, dict) or not {"question", "answer"} <= set(entry):
        raise InputError(f"{where}: an object with the keys question, name, label, answer was expected")
    try:
        check_question(entry["question"])
        TOKENIZER.encode(json.dumps(entry, ensure_ascii=False))  # no half characters anywhere: it is written out again
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    for key in ("fname", "lname", "name", "shown", "field", "label", "answer"):
        if entry.get(key) is not None:
            entry[key] = clean(entry[key], f"{where}: {key}")  # as in a record, which it is compared with
    if entry["answer"] == "":
        raise InputError(f"{where}: answer is empty; null says that there is none")
    if entry["answer"] is not None and label_asked(entry) is None:
        found = f"field is {entry['field']!r}" if entry.get("field") else "there is no label"
        raise InputError(f"{where}: {found}; a label (or field: {', '.join(FIELDS)}) was expected")
    return entry


def label_asked(entry: dict) -> str | None:
    """The label that a question line asks for, given as such or as one of the six fields."""
    return entry.get("label") or LABELS.get(entry.get("field"))


def name_of(entry: dict) -> str | None:
    """The name that a question line asks about, or None for nobody."""
    return entry.get("name") or " ".join(part for part in (entry.get("fname"), entry.get("lname")) if part) or None


def verdict(entry: dict, response: str | None, record: Record | None) -> str:
    """'right', 'wrong' or 'abstained' for one question; a right abstention counts as right.

    Example:
        >>> verdict({"answer": None}, None, None), verdict({"answer": "Oslo", "label": "Lives in"}, None, None)
        ('right', 'abstained')
    """
    if entry["answer"] is None:
        return "right" if response is None else "wrong"
    if response is None:
        return "abstained"
    name, others = (record.name, record.others(label_asked(entry))) if record else ("", [])
    return "wrong" if objection(response, entry["answer"], name, others) else "right"


def asked_records(entries: Sequence[dict], records: Iterable[Record]) -> list[Record | None]:
    """The record that each question is about, or None where the people file does not hold it."""
    by_name = defaultdict(list)
    for record in records:
        by_name[normalise(record.name)].append(record)
    chosen = []
    for entry in entries:
        bearers, answer = by_name.get(normalise(name_of(entry) or ""), []), entry["answer"]
        fitting = [record for record in bearers if answer is not None and record.value(label_asked(entry)) == answer]
        chosen.append((fitting or bearers or [None])[0])
    return chosen


def evaluate(pipeline: Pipeline, entries: Sequence[dict], records: Sequence[Record], **how) -> Iterator[dict]:
    """Ask every question end to end; yields the question line with tag, content, summary, response, abstained, reason.

    The records must be in the pipeline's memory already. An extra key, verdict, says right, wrong or abstained.

    Args:
        how: temperature, seed and gates, as Pipeline.ask_many takes them.
    """
    for chunk in chunks(list(zip(entries, asked_records(entries, records), strict=True)), "evaluate"):
        answers = pipeline.ask_many([entry["question"] for entry, _ in chunk], **how)
        for (entry, record), answer in zip(chunk, answers, strict=True):
            told = answer.to_dict()
            yield entry | {key: told[key] for key in TOLD} | {"verdict": verdict(entry, answer.text, record)}


def chunks(jobs: Sequence[tuple], words: str) -> Iterator[Sequence[tuple]]:
    """So many jobs at a time as are done between two moves of the progress bar, which it moves."""
    with tqdm(total=len(jobs), mininterval=1, desc=words) as bar:
        for begin in range(0, len(jobs), CHUNK):
            yield jobs[begin : begin + CHUNK]
            bar.update(len(jobs[begin : begin + CHUNK]))


def named(entry: dict) -> str | None:
    """The name as a question line's question writes it: the key shown, where there is one, says so."""
    return entry["shown"] if "shown" in entry else name_of(entry)


def gold_jobs(
    module: str, entries: Sequence[dict], records: Iterable[Record]
) -> list[tuple[dict, Record | None, Record | str | None, str | None]]:
    """The questions in which a module has a part: line, record, what it reads beside the question and must write."""
    jobs = []
    for entry, record in zip(entries, asked_records(entries, records), strict=True):
        # Asked about by a part of the name only: no record would have been handed over.
        known, label = record if same_name(named(entry), name_of(entry)) else None, label_asked(entry)
        summary = known.summary(label) if known and label in known.labels else None
        if module == "ner":
            jobs.append((entry, record, None, named(entry)))
        elif module == "summary" and known:
            jobs.append((entry, record, known, summary))
        elif module == "response" and summary and entry["answer"]:
            jobs.append((entry, record, summary, entry["answer"]))
    return jobs


def evaluate_module(
    pipeline: Pipeline, module: str, entries: Sequence[dict], records: Sequence[Record]
) -> Iterator[dict]:
    """Run one module alone on gold inputs: greedy, unconstrained, no gates; lines as evaluate yields them.

    Questions in which the module has no part (no record, for Module 2; nothing to say, for Module 3) are left out.
    """
    alone = pipeline.modules[module]
    for chunk in chunks(gold_jobs(module, entries, records), f"evaluate {module}"):
        prompts = [alone.prompt(entry["question"].strip(), named(entry)) for entry, *_ in chunk]
        written = alone.write(prompts, [source for _, _, source, _ in chunk])
        for (entry, record, source, wanted), said in zip(chunk, written, strict=True):
            line = dict.fromkeys(TOLD) | {"tag": name_of(entry), "content": record.content if record else None}
            line |= {"summary": source if module == "response" else None, "abstained": said.text is None}
            line |= {"tag" if module == "ner" else module: said.text}
            yield entry | line | {"verdict": verdict_alone(module, entry, record, wanted, said.text)}


def verdict_alone(module: str, entry: dict, record: Record | None, wanted: str | None, wrote: str | None) -> str:
    """The verdict on what one module alone wrote; Module 3 must say the name too."""
    if module == "response":
        said = verdict(entry, wrote, record)
        return "wrong" if said == "right" and named(entry) not in wrote else said
    # The question may write the name in other letters (all capitals, say).
    right = same_name(wrote, wanted) if module == "ner" else wrote == wanted
    return "right" if right else "wrong"


def tally(lines: Iterable[dict], by: str | None = None) -> dict[str, dict[str, int]]:
    """How many lines are right, wrong and abstained, in all and for each value of one key.

    What is no text (null: the key is missing), or might be taken for something else, stands as JSON has it.

    Example:
        >>> tally([{"verdict": "right", "language": "en"}, {"verdict": "wrong", "language": "sw"}], "language")["sw"]
        {'right': 0, 'wrong': 1, 'abstained': 0}
        >>> list(tally([{"verdict": "right", "age": age} for age in ("all", "7", 7, None)], "age"))
        ['all', '"all"', '"7"', '7', 'null']
    """
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"right": 0, "wrong": 0, "abstained": 0})
    for line in lines:
        counts["all"][line["verdict"]] += 1
        if by is not None:
            value = line.get(by)
            plain = isinstance(value, str) and value[:1].isalpha() and value not in ("all", "null", "true", "false")
            counts[value if plain else json.dumps(value, ensure_ascii=False)][line["verdict"]] += 1
    return dict(counts)


def table(counts: dict[str, dict[str, int]]) -> str:
    """A tally as a text table for the terminal."""
    width = max(24, *(len(shown(name)) for name in counts))
    rows = [f"{'':{width}}{'questions':>10}{'right':>9}{'wrong':>9}{'abstained':>11}"]
    for name, row in counts.items():
        total = sum(row.values())
        shares = [f"{row[key] / total:.1%}" for key in ("right", "wrong", "abstained")]
        rows.append(f"{shown(name):{width}}{total:>10,}{shares[0]:>9}{shares[1]:>9}{shares[2]:>11}")
    return "\n".join(rows)
