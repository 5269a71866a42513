"""How right the system is, row by row: python tests/benchmarks/accuracy.py [--count 500] [--alone 2000] [--write]

Names and values come from the test split: no module was trained or tuned on any of them. Beside the system stands the
rule-based baseline of rules.py, on the same questions. With --write the table also goes to data/results/accuracy.json,
with the command, date and hardware, and into README.md.
"""

import argparse
import json
import sys
import time
from collections import Counter
from datetime import date
from itertools import chain, islice
from statistics import NormalDist

import torch
from rules import RuleBaseline

from momem_lib import DATA, PROFILES, RESULTS, ROOT
from momem_lib.data import FIELDS, Person, SynthesisConfig, load_material, questions_and_people, row_stream
from momem_lib.nn import hardware
from momem_lib.system import LONGEST_QUESTION, Memory, Pipeline, asked_people, evaluate, evaluate_module, tally, verdict
from momem_lib.training import read_config

BEGIN, END = "<!-- RESULTS -->", "<!-- /RESULTS -->"
MOST_REPEATED, SEEDS = 25, 20  # questions that are asked again and again at temperature 1.0
LATE_STAGES = "hard short short2 wide wide2 wide3 wide4 wide5 mined hidden hidden2 hidden3".split()  # of the summary
ROWS = 60_000  # of each of these stages, to find the longest name and value that was trained on
CONFIDENCE = 0.95  # of the interval around a share
VERY_LONG = 100  # questions about names and values far longer than these, at most: each takes a second
UNANSWERABLE = ("nobody", "unknown_person", "unknown_field")


def outside(material, language: str, config: SynthesisConfig, most: int) -> tuple[list[dict], list[Person]]:
    """Questions in the words of somebody who had not read the templates, about people of the test split."""
    phrasings = json.loads((DATA / "evaluation" / "outside_phrasings.json").read_text(encoding="utf-8"))[language]
    asked = [(field, text) for field, texts in phrasings.items() for text in texts]
    repeats = max(1, most // len(asked))
    drawn, people = questions_and_people(
        material, config, "test", repeats * len(asked), language=language, kinds=("answerable",)
    )
    questions = []
    for index, entry in enumerate(drawn):
        field, text = asked[index % len(asked)]
        name = None if field == "nobody" else people[index].name
        known = field in FIELDS
        questions.append(
            {
                "question": text.replace("{name}", name or ""),
                "fname": entry["fname"] if name else None,
                "lname": entry["lname"] if name else None,
                "name": name,
                "field": field if known else None,
                "answer": getattr(people[index], field) if known else None,
                "kind": "answerable" if known else field,
                "style": entry["style"],
            }
        )
    return questions, people


def longer(people: list[Person], times: int) -> list[Person]:
    """The same people with values several times as long: neighbours' values joined."""

    def neighbours(index: int, field: str) -> str:
        return " ".join(getattr(people[(index + step) % len(people)], field) for step in range(times))

    return [Person(p.fname, p.lname, *(neighbours(i, field) for field in FIELDS)) for i, p in enumerate(people)]


def joined(texts: list[str], begin: int, length: int) -> str:
    """Neighbouring texts joined until they have `length` characters."""
    joint = texts[begin % len(texts)]
    while len(joint) < length:
        begin += 1
        joint += " " + texts[begin % len(texts)]
    return joint


def longest_trained(material) -> tuple[int, int]:
    """Characters of the longest name and of the longest value that the last training stages saw."""
    profiles = [PROFILES / f"summary_{stage}.json" for stage in LATE_STAGES]
    configs = [read_config("summary", "full", profile).data for profile in profiles]
    rows = chain.from_iterable(islice(row_stream(material, config, "train"), ROWS) for config in configs)
    people = [row["person"] for row in rows if row["person"]]
    names = (len(f"{person['fname']} {person['lname']}") for person in people)
    return max(names), max(len(person[field]) for person in people for field in FIELDS)


def longest(questions: list[dict], people: list[Person], name: int, value: int) -> tuple[list[dict], list[Person]]:
    """Questions about the same people, their names and values 2, 3 or 4 times as long as the longest trained ones.

    Args:
        name, value: characters of those.
    """
    names, grown, asked = [person.name for person in people], [], []
    for index, (entry, person) in enumerate(zip(questions, people, strict=True)):
        times = 2 + index % 3
        fname, _, lname = joined(names, index, times * name).partition(" ")
        values = [joined([getattr(p, f) for p in people], index, times * value) for f in FIELDS]
        grown.append(Person(fname, lname, *values))
        if entry["name"] != person.name or person.name not in entry["question"]:
            continue  # the question writes the name in lower case
        text = entry["question"].replace(person.name, grown[-1].name)
        if len(text.encode()) > LONGEST_QUESTION:
            continue  # refused in a sentence before any module reads it
        told = {"question": text, "fname": fname, "lname": lname, "name": grown[-1].name}
        asked.append(entry | told | {"answer": getattr(grown[-1], entry["field"])})
    return asked, grown


def rows_of(material, count: int) -> dict[str, tuple[list[dict], list[Person], float]]:
    """Name of the row -> questions, people, temperature."""
    config = SynthesisConfig(seed=2026)

    def drawn(**options):
        return questions_and_people(material, config, "test", count, **options)

    mix, people = drawn(phrasings="known")
    plain, plain_people = drawn(phrasings="known", styles=("plain",))
    long_people = longer(plain_people, 3)
    answerable = questions_and_people(
        material, config, "test", min(count, VERY_LONG), phrasings="known", styles=("plain",), kinds=("answerable",)
    )
    by_name = {person.name: person for person in long_people}
    long_questions = [
        entry | {"answer": getattr(by_name[f"{entry['fname']} {entry['lname']}".strip()], entry["field"])}
        for entry in plain
        if entry["kind"] == "answerable"
    ]
    return {
        "known phrasings, all styles": (mix, people, 0.0),
        "known phrasings, names and values of the lists": (plain, plain_people, 0.0),
        "held-out phrasings, English": (*drawn(phrasings="held-out", language="en"), 0.0),
        "held-out phrasings, Swahili": (*drawn(phrasings="held-out", language="sw"), 0.0),
        "outside phrasings, English": (*outside(material, "en", config, count), 0.0),
        "outside phrasings, Swahili": (*outside(material, "sw", config, count), 0.0),
        "random or non-Latin characters": (*drawn(phrasings="known", styles=("random", "script")), 0.0),
        "';', ':' or labels inside": (*drawn(phrasings="known", styles=("label",)), 0.0),
        "values three times as long": (long_questions, long_people, 0.0),
        "names and values 2 to 4 times the longest trained": (*longest(*answerable, *longest_trained(material)), 0.0),
        "cannot be answered": (*drawn(phrasings="known", kinds=UNANSWERABLE), 0.0),
        "known phrasings, temperature 1.0": (mix, people, 1.0),
    }


def shares(lines: list[dict]) -> dict:
    """Counts as shares of all lines."""
    counts = tally(lines)["all"]
    total = sum(counts.values())
    return {"questions": total} | {name: count / total for name, count in counts.items()}


def interval(share: float, count: int) -> tuple[float, float]:
    """Where a share probably lies (CONFIDENCE) if as many other questions were asked, after Wilson (1927)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle, width = share + z**2 / (2 * count), z * (share * (1 - share) / count + (z / count) ** 2 / 4) ** 0.5
    return (middle - width) / (1 + z**2 / count), (middle + width) / (1 + z**2 / count)


def wordings(pipeline: Pipeline, entries: list[dict], people: list[Person], seeds: int) -> dict:
    """At temperature 1.0, over seeds: how many wordings a question gets, and whether each still holds its fact."""
    asked = [(entry, person) for entry, person in zip(entries, asked_people(entries, people), strict=True)]
    asked = [(entry, person) for entry, person in asked if entry["kind"] == "answerable"][:MOST_REPEATED]
    questions = [entry["question"] for entry, _ in asked]
    texts: list[set[str]] = [set() for _ in asked]
    said: Counter[str] = Counter()
    for seed in range(seeds):
        answers = pipeline.ask_many(questions, temperature=1.0, seed=seed)
        for (entry, person), answer, own in zip(asked, answers, texts, strict=True):
            said[verdict(entry, answer.text, person)] += 1
            own |= {answer.text} - {None}
    several = [len(own) for own in texts if own]  # questions that are answered at all
    return {
        "questions": len(several),
        "seeds": seeds,
        "distinct": sum(several) / len(several),
        "wrong": said["wrong"] / said.total(),
    }


def main() -> None:
    """Measure each row and print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="questions per row")
    parser.add_argument("--alone", type=int, default=2000, help="questions for each module alone")
    parser.add_argument("--write", action="store_true", help="keep the table in data/results")
    options = parser.parse_args()
    begin, material, pipeline = time.perf_counter(), load_material(), Pipeline.load()
    results: dict[str, dict] = {}
    print(f"{'':50}{'questions':>10}{'right':>9}{'wrong':>9}{'abstained':>11}   by rules: right    wrong")
    rows = rows_of(material, options.count)
    alone = questions_and_people(material, SynthesisConfig(seed=2026), "test", options.alone, phrasings="known")
    for module in ("ner", "summary", "response"):
        results[f"module alone: {module}"] = shares(list(evaluate_module(pipeline, module, *alone)))
        show(f"module alone: {module}", results)
    for name, (questions, people, temperature) in rows.items():
        pipeline.memory = Memory()
        pipeline.remember(people)
        results[name] = shares(list(evaluate(pipeline, questions, people, temperature, seed=0)))
        if temperature == 0:
            rules = RuleBaseline()
            rules.remember(people)
            results[name]["rules"] = shares(list(evaluate(rules, questions, people)))
        show(name, results)
    mix, people, _ = rows["known phrasings, all styles"]
    pipeline.memory = Memory()
    pipeline.remember(people)
    heat = wordings(pipeline, mix, people, SEEDS)
    print(heat_line(heat))
    print(f"{time.perf_counter() - begin:.0f} s")
    if options.write:
        facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat(), "seed": 2026}
        facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__}
        RESULTS.mkdir(parents=True, exist_ok=True)
        text = json.dumps(facts | {"rows": results, "wordings": heat}, indent=1)
        (RESULTS / "accuracy.json").write_text(text + "\n", encoding="utf-8")
        write_readme(facts, results, heat)


def heat_line(heat: dict) -> str:
    """What wordings found, as a sentence."""
    return (
        f"At temperature 1.0, over {heat['seeds']} seeds, {heat['questions']} questions got "
        f"{heat['distinct']:.1f} distinct wordings each on average; {heat['wrong']:.1%} of these answers were wrong."
    )


def write_readme(facts: dict, results: dict[str, dict], heat: dict) -> None:
    """Put the table between the two RESULTS marks of README.md."""
    lines = [
        f"| Names and values never trained on | Questions | Right | {CONFIDENCE:.0%} interval | Wrong | Abstained "
        "| Rules: right | wrong |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in results.items():
        low, high = (f"{100 * edge:.1f}" for edge in interval(row["right"], row["questions"]))
        cells = f"{row['right']:.1%} | {low} to {high} | {row['wrong']:.1%} | {row['abstained']:.1%}"
        rules = " | ".join(f"{row['rules'][key]:.1%}" if "rules" in row else "" for key in ("right", "wrong"))
        lines.append(f"| {name} | {row['questions']:,} | {cells} | {rules} |")
    lines.append("\n" + heat_line(heat))
    lines.append(f"\nMeasured {facts['date']} with `{facts['command']}` ({facts['hardware']}, seed {facts['seed']}).")
    path = ROOT / "README.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    table = "\n".join([BEGIN, *lines, END])
    path.write_text(before + table + rest.split(END)[1], encoding="utf-8")


def show(name: str, results: dict[str, dict]) -> None:
    """Print one row."""
    row = results[name]
    cells = "".join(f"{row[key]:>{width}.1%}" for key, width in (("right", 9), ("wrong", 9), ("abstained", 11)))
    rules = "".join(
        f"{row['rules'][key]:>{width}.1%}" for key, width in (("right", 18), ("wrong", 9)) if "rules" in row
    )
    print(f"{name:50}{row['questions']:>10,}{cells}{rules}", flush=True)


if __name__ == "__main__":
    main()
