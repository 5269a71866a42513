"""How good the system is: answers to many questions, compared with what is right."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from momem_lib.data.records import FIELDS, LABELS, Record
from momem_lib.data.tasks import objection
from momem_lib.data.tokens import TOKENIZER
from momem_lib.project import InputError, read_lines
from momem_lib.system.answer import check_question
from momem_lib.system.names import normalise
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
        if not isinstance(entry.get(key), (str, type(None))):
            raise InputError(f"{where}: {key} must be text or null, not {entry[key]!r}")
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


def evaluate(
    pipeline: Pipeline,
    entries: Sequence[dict],
    records: Sequence[Record],
    temperature: float = 0.0,
    seed: int | None = None,
    gates=True,
) -> Iterator[dict]:
    """Ask every question end to end; yields the question line with tag, content, summary, response, abstained, reason.

    The records must be in the pipeline's memory already. An extra key, verdict, says right, wrong or abstained.
    """
    for chunk in chunks(list(zip(entries, asked_records(entries, records), strict=True)), "evaluate"):
        answers = pipeline.ask_many([entry["question"] for entry, _ in chunk], temperature, seed, gates)
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


def gold(module: str, entry: dict, record: Record | None) -> tuple[str | Record | None, str | None] | None:
    """What a module reads beside the question and must write, for one question line; None where it has no part."""
    if normalise(named(entry) or "") != normalise(name_of(entry) or ""):
        record = None  # asked about by a part of the name only: no record would have been handed over
    label = label_asked(entry)
    summary = record.summary(label) if record and label in record.labels else None
    if module == "ner":
        return None, named(entry)
    if module == "summary":
        return (record, summary) if record else None
    return (summary, entry["answer"]) if summary and entry["answer"] else None


def evaluate_module(
    pipeline: Pipeline, module: str, entries: Sequence[dict], records: Sequence[Record]
) -> Iterator[dict]:
    """Run one module alone on gold inputs: greedy, unconstrained, no gates; lines as evaluate yields them.

    Questions in which the module has no part (no record, for Module 2; nothing to say, for Module 3) are left out.
    """
    alone, asked = pipeline.modules[module], asked_records(entries, records)
    jobs = [(entry, record, gold(module, entry, record)) for entry, record in zip(entries, asked, strict=True)]
    jobs = [job for job in jobs if job[2] is not None]
    for chunk in chunks(jobs, f"evaluate {module}"):
        sources = [wanted[0] for _, _, wanted in chunk]
        prompts = [alone.prompt(entry["question"].strip(), named(entry)) for entry, _, _ in chunk]
        for (entry, record, wanted), result in zip(chunk, alone.write(prompts, sources), strict=True):
            yield module_outcome(module, entry, record, wanted[1], result.text)


def module_outcome(module: str, entry: dict, record: Record | None, wanted: str | None, wrote: str | None) -> dict:
    """One line of the predictions file for one module alone."""
    if module == "response":
        said = verdict(entry, wrote, record)
        said = "wrong" if said == "right" and named(entry) not in wrote else said
    elif module == "ner":  # the question may write the name in other letters (all capitals, say)
        same = wrote is not None and wanted is not None and normalise(wrote) == normalise(wanted)
        said = "right" if same or wrote is wanted is None else "wrong"
    else:
        said = "right" if wrote == wanted else "wrong"
    line = entry | {"tag": name_of(entry), "content": record.content if record else None, "summary": None}
    if module == "response":
        line["summary"] = record.summary(label_asked(entry))
    line |= {"response": None, "abstained": wrote is None, "reason": None, "verdict": said}
    line["tag" if module == "ner" else module] = wrote
    return line


def tally(lines: Iterable[dict], by: str | None = None) -> dict[str, dict[str, int]]:
    """How many lines are right, wrong and abstained, in all and for each value of one key.

    Example:
        >>> tally([{"verdict": "right", "language": "en"}, {"verdict": "wrong", "language": "sw"}], "language")["sw"]
        {'right': 0, 'wrong': 1, 'abstained': 0}
    """
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"right": 0, "wrong": 0, "abstained": 0})
    for line in lines:
        counts["all"][line["verdict"]] += 1
        if by is not None:
            counts[str(line.get(by))][line["verdict"]] += 1
    return dict(counts)


def table(counts: dict[str, dict[str, int]]) -> str:
    """A tally as a text table for the terminal."""
    rows = [f"{'':24}{'questions':>10}{'right':>9}{'wrong':>9}{'abstained':>11}"]
    for name, row in counts.items():
        total = sum(row.values())
        shares = [f"{row[key] / total:.1%}" for key in ("right", "wrong", "abstained")]
        rows.append(f"{name[:24]:24}{total:>10,}{shares[0]:>9}{shares[1]:>9}{shares[2]:>11}")
    return "\n".join(rows)


def write_lines(path: str | Path, lines: Iterable[dict]) -> list[dict]:
    """Write lines as UTF-8 JSON lines as they come, so that an interrupted run keeps what it has; returns them."""
    kept = []
    try:
        with open(path, "w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                kept.append(line)
    except OSError as error:
        raise InputError(f"cannot write {path} ({error.strerror}): check the folder") from None
    return kept
