"""Experiments (a) and (j) of notebook 12: what a module makes up when it is heated, and three ways to decode."""

import time
from collections.abc import Sequence

from momem_lib.course.nb12 import Job, decode, short_rows, small_config, texts_for, train_watched
from momem_lib.data import TASKS, Person
from momem_lib.nn import Module
from momem_lib.system import Memory, asked_people, response_gate, summary_gate, tag_gate

VERDICTS = ("right", "other", "made up")  # other: it stands in what was read, but it is not what was wanted
WAYS = ("greedy", "sampling", "constrained", "constrained without none")


def jobs_of(task: str, entries: Sequence[dict], people: Sequence[Person]) -> list[Job]:
    """The questions of an evaluation as work for one module; those in which it has no part are left out."""
    jobs = []
    for entry, person in zip(entries, asked_people(entries, people), strict=True):
        field = entry["field"] if entry["answer"] is not None else None
        row = {"question": entry["question"], "name": entry["name"], "content": person.content if person else None}
        row |= {"summary": person.summary(field) if field else None, "value": entry["answer"], "response": None}
        part = {"ner": True, "summary": person is not None, "response": field is not None}[task]
        if part:
            jobs.append(Job(task, row, person, field))
    return jobs


def small_jobs(task: str, count: int) -> list[Job]:
    """The same in the small world."""
    rows = short_rows(count, "test", seed=1, unknown=0.0 if task == "response" else 0.1)
    return [Job(task, row, row["person"], row["field"]) for row in rows]


def judge(job: Job, text: str | None) -> str:
    """One of VERDICTS: a name that is not in the question, a fact that is not in the record, a value that was bent.

    Example:
        >>> row = {"question": "Where is Jo?", "name": "Jo"}
        >>> [judge(Job("ner", row, None, None), text) for text in ("Jo", "Where", "Joe", None)]
        ['right', 'other', 'made up', 'other']
    """
    row = job.row
    if TASKS[job.task].is_right(row, text):
        return "right"
    if text is None:
        return "other"
    read = row["question"] if job.task == "ner" else row.get("content")
    if job.task == "response":
        return "other" if row["value"] in text and row["name"] in text else "made up"
    return "other" if text in read else "made up"


def gate_of(job: Job, text: str | None, memory: Memory) -> str | None:
    """What the module's gate says to a text: a reason, or None where it lets it pass."""
    if job.task == "ner":
        return tag_gate(job.row["question"], text)
    if job.task == "summary":
        return summary_gate(job.person, text)
    return response_gate(text, job.person, job.field, job.row["name"], memory)


def shares(jobs: Sequence[Job], texts: Sequence[str | None], memory: Memory) -> dict:
    """The share of each verdict, without the gate and (what passes) with it: 0 to 1 of all jobs."""
    said = [judge(job, text) for job, text in zip(jobs, texts, strict=True)]
    passed = [gate_of(job, text, memory) is None for job, text in zip(jobs, texts, strict=True)]
    counts = {verdict: said.count(verdict) / len(said) for verdict in VERDICTS}
    after = {v: sum(p and s == v for s, p in zip(said, passed, strict=True)) / len(said) for v in VERDICTS}
    return {"off": {k: round(v, 4) for k, v in counts.items()}, "on": {k: round(v, 4) for k, v in after.items()}}


def heated(module: Module, jobs: Sequence[Job], temperatures: Sequence[float], seed: int, memory: Memory) -> list[dict]:
    """Let one module write all jobs at each temperature."""
    rows = []
    for temperature in temperatures:
        seeds = [1000 * seed + number for number in range(len(jobs))]
        texts = texts_for(module, jobs, temperature, seeds)
        rows.append({"temperature": temperature} | shares(jobs, texts, memory))
    return rows


def twins(task: str, steps: int, seed: int) -> dict[str, Module]:
    """Two small models for one module, trained alike: with a copy head and without."""
    rows, found = short_rows(4000, unknown=0.0 if task == "response" else 0.1), {}
    for name, copies in (("copy head", None), ("plain head", "none")):
        changes = {"max_global_steps": steps, "seed": seed, "batch_size": 16}
        if copies:
            changes |= {"copy_from": copies, "choice_loss": 0.0}
        found[name] = Module(TASKS[task], train_watched(task, small_config(task, **changes), rows).model)
    return found


def hallucination_experiment(
    modules: dict[str, Module], entries: Sequence[dict], people: Sequence[Person],
    temperatures: Sequence[float] = (0.0, 0.7, 1.0, 1.5), steps: int = 120, seed: int = 0, exam_rows: int = 24,
) -> dict:  # fmt: skip
    """(a): each shipped module, and small twins with and without a copy head, heated; gates off and on."""
    facts = {"temperatures": list(temperatures), "steps": steps, "seed": seed, "exam_rows": exam_rows}
    memory, results = Memory(), facts | {"shipped": {}, "small": {}}
    for task, module in modules.items():
        results["shipped"][task] = heated(module, jobs_of(task, entries, people), temperatures, seed, memory)
        jobs = small_jobs(task, exam_rows)
        results["small"][task] = {
            name: heated(twin, jobs, temperatures, seed, memory) for name, twin in twins(task, steps, seed).items()
        }
    return results


def decoding_experiment(
    modules: dict[str, Module], entries: Sequence[dict], people: Sequence[Person], seeds: Sequence[int] = (0, 1)
) -> dict:
    """(j): each shipped module alone, decoded in each way; answerable questions and others apart."""
    memory, runs = Memory(), []
    for task, module in modules.items():
        jobs = jobs_of(task, entries, people)
        for way in WAYS if task != "response" else WAYS[:3]:
            for seed in seeds if way == "sampling" else seeds[:1]:
                begin = time.process_time()
                texts = decode(module, jobs, way, seed)
                seconds = (time.process_time() - begin) / len(jobs)
                wanted = [job.row[TASKS[task].target] is not None or task == "response" for job in jobs]
                run = {"module": task, "way": way, "seed": seed, "seconds": round(seconds, 4), "jobs": len(jobs)}
                for name, kind in (("all", None), ("answerable", True), ("unanswerable", False)):
                    some = [(j, t) for j, t, w in zip(jobs, texts, wanted, strict=True) if kind is None or w == kind]
                    if some:
                        run[name] = shares(*zip(*some, strict=True), memory)["off"] | {"jobs": len(some)}
                runs.append(run)
    return {"runs": runs}
