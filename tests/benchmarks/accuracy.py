"""How right the system is, row by row: python tests/benchmarks/accuracy.py [--count 400] [--fresh] [--write]

Names and values come from the test split: no module was trained or tuned on any of them. Beside the system stands a
composition without Transformers (baseline.py), on the same questions. With --fresh also the questions of
data/evaluation/open_phrasings.json, which were written without sight of the templates: they are not to be tuned on.
With --write the table goes to data/results/accuracy.json, with command, date and hardware, and into README.md.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import date
from itertools import islice
from random import Random
from statistics import NormalDist

import torch
from baseline import Baseline

from momem_lib import DATA, RESULTS, ROOT
from momem_lib.data import (
    LABELS,
    Person,
    Record,
    SynthesisConfig,
    label_of,
    load_material,
    questions_and_people,
    row_stream,
    value_of_kind,
)
from momem_lib.nn import hardware
from momem_lib.system import LONGEST_QUESTION, Memory, Pipeline, evaluate, evaluate_module, tally
from momem_lib.training import read_config

BEGIN, END = "<!-- RESULTS -->", "<!-- /RESULTS -->"
CONFIDENCE = 0.95  # of the interval around a share
SEEN = 60_000  # training rows, to find the longest name and value that was trained on
SIX = SynthesisConfig(seed=2026, classic_share=1.0, noise_share=0.0, chat_share=0.0, two_names_share=0.0)
OPEN = SynthesisConfig(seed=2027, classic_share=0.0, noise_share=0.0, chat_share=0.0, two_names_share=0.0)
OWN_WORDS = SynthesisConfig(seed=2028, classic_share=0.0, own_words_share=1.0, noise_share=0.0)
NEVER = ("absent", "near", "stranger", "nobody")
Rows = tuple[list[dict], list[Record]]


def asked(question: str, name: str | None, label: str | None, answer: str | None) -> dict:
    """One question line."""
    return {"question": question, "name": name, "shown": name, "label": label, "answer": answer}


class Fresh:
    """The questions of open_phrasings.json, each about a record of its own, with names and values of the test split."""

    def __init__(self, material, per_question: int):
        path = DATA / "evaluation" / "open_phrasings.json"
        self.data = json.loads(path.read_text(encoding="utf-8"))
        self.people = questions_and_people(material, SIX, "test", 2500, kinds=("answerable",))[1]
        self.pools = material.lists.values["test", "en"]
        self.repeats, self.next, self.rng = per_question, 0, Random(2026)

    def person(self) -> Record:
        """The next record of the six fields; no name comes twice."""
        self.next += 1
        return self.people[self.next - 1]

    def of_table(self, headers: list[str]) -> Record:
        """A record with these columns, and values of any kind."""
        name = self.person().name
        kinds = ("words", "number", "date", "code", "phone", "name", "place", "time")
        values = (value_of_kind(self.rng, kinds[i % len(kinds)], self.pools, name) for i in range(len(headers)))
        return Record(name, tuple(zip(map(label_of, headers), values, strict=True)))

    def six(self, language: str) -> Rows:
        """The six fields in fresh words."""
        pairs = [(f, text) for f, texts in self.data["six_fields"][language].items() for text in texts] * self.repeats
        records = [self.person() for _ in pairs]
        lines = [asked(text.replace("{name}", record.name), record.name, LABELS[f], record.value(LABELS[f]))
                 for (f, text), record in zip(pairs, records, strict=True)]  # fmt: skip
        return lines, records

    def open(self, kind: str) -> Rows:
        """A column of a table: by its own words, reworded, or one of two much alike."""
        entries = [entry for entry in self.data["open"] if entry["kind"] == kind] * self.repeats
        records = [self.of_table(entry["table"]) for entry in entries]
        lines = []
        for entry, record in zip(entries, records, strict=True):
            label = label_of(entry["label"])
            text = entry["question"].replace("{name}", record.name)
            lines.append(asked(text, record.name, label, record.value(label)))
        return lines, records

    def absent(self) -> Rows:
        """What no column of the table holds."""
        entries = self.data["absent"] * self.repeats
        records = [self.of_table(entry["table"]) for entry in entries]
        return [asked(entry["question"].replace("{name}", record.name), record.name, None, None)
                for entry, record in zip(entries, records, strict=True)], records  # fmt: skip

    def talk(self, kind: str) -> Rows:
        """Near questions, chat messages, or questions with two names, about records of the six fields."""
        entries, lines, records = self.data[kind] * self.repeats, [], []
        for entry in entries:
            record, other = self.person(), self.person()
            records += [record, other]
            label = LABELS.get(entry.get("field"))
            text = entry["question"].replace("{name}", record.name).replace("{other}", other.name)
            lines.append(asked(text, record.name, label, record.value(label)))
        return lines, records


def longest_trained(material) -> tuple[int, int]:
    """Characters of the longest name and of the longest value among training rows of Module 2."""
    rows = islice(row_stream(material, read_config("summary", "full").data, "train"), SEEN)
    records = [row["record"] for row in rows if row["record"]]
    values = (len(value) for record in records for key, value in record.items() if key != "name")
    return max(len(record["name"]) for record in records), max(values)


def joined(texts: list[str], begin: int, length: int) -> str:
    """Neighbouring texts joined until they have `length` characters."""
    joint = texts[begin % len(texts)]
    while len(joint) < length:
        begin += 1
        joint += " " + texts[begin % len(texts)]
    return joint


def longest(material, count: int) -> Rows:
    """Questions about people whose names and values are 2, 3 or 4 times as long as the longest trained ones."""
    name, value = longest_trained(material)
    options = {"phrasings": "known", "styles": ("plain",), "kinds": ("answerable",)}
    questions, people = questions_and_people(material, SIX, "test", count, **options)
    lines, grown = [], []
    for index, (entry, person) in enumerate(zip(questions, people, strict=True)):
        times = 2 + index % 3
        values = [joined([p.value(label) for p in people], index, times * value) for label in LABELS.values()]
        grown.append(Person(joined([p.name for p in people], index, times * name), "", *values))
        text = entry["question"].replace(person.name, grown[-1].name)
        if person.name in entry["question"] and len(text.encode()) <= LONGEST_QUESTION:
            label = entry["label"]
            lines.append(asked(text, grown[-1].name, label, grown[-1].value(label)))
    return lines, grown


def rows_of(material, count: int, fresh: Fresh | None) -> Iterator[tuple[str, list[dict], list[Record], float]]:
    """Name of the row, questions, records, temperature."""

    def drawn(config: SynthesisConfig, phrasings: str = "known", most: int = count, **options) -> Rows:
        return questions_and_people(material, config, "test", most, phrasings=phrasings, **options)

    answerable = {"kinds": ("answerable",)}
    yield "six fields: known phrasings", *drawn(SIX, **answerable), 0.0
    yield "six fields: held-out phrasings, English", *drawn(SIX, "held-out", language="en", **answerable), 0.0
    yield "six fields: held-out phrasings, Swahili", *drawn(SIX, "held-out", language="sw", **answerable), 0.0
    yield "open fields: the label's own words", *drawn(OWN_WORDS, "any", **answerable), 0.0
    yield "open fields: the topic's words, held out", *drawn(OPEN, "held-out", **answerable), 0.0
    yield "random or non-Latin characters", *drawn(SIX, styles=("random", "script"), **answerable), 0.0
    yield "';', ':' or labels inside", *drawn(SIX, styles=("label",), **answerable), 0.0
    yield "names and values 2 to 4 times the longest trained", *longest(material, min(count, 100)), 0.0
    mix = SynthesisConfig(seed=2029)
    yield "cannot be answered, the mix", *drawn(mix, "held-out", kinds=NEVER), 0.0
    yield "the mix: six and open fields, chat, two names", *drawn(mix, "held-out", 2 * count), 0.0
    yield "the mix, temperature 1.0", *drawn(mix, "held-out", 2 * count), 1.0
    if fresh is not None:
        yield "fresh: six fields, English", *fresh.six("en"), 0.0
        yield "fresh: six fields, Swahili", *fresh.six("sw"), 0.0
        for kind in ("own words", "reworded", "two alike"):
            yield f"fresh: open fields, {kind}", *fresh.open(kind), 0.0
        yield "fresh: open fields, absent", *fresh.absent(), 0.0
        for kind in ("near", "chat", "two_names"):
            yield f"fresh: {kind.replace('_', ' ')}", *fresh.talk(kind), 0.0


def alone_rows(material, count: int) -> Iterator[tuple[str, str, list[dict], list[Record]]]:
    """Name of the row, module, questions, records, for each module alone."""
    mix = questions_and_people(material, SynthesisConfig(seed=2030), "test", count, "held-out")
    yield "module alone: ner", "ner", *mix
    six = questions_and_people(material, SIX, "test", count, "held-out", kinds=("answerable", "absent", "near"))
    yield "module alone: summary, six fields", "summary", *six
    own = questions_and_people(material, OWN_WORDS, "test", count, "any", kinds=("answerable",))
    yield "module alone: summary, open fields by their own words", "summary", *own
    yield "module alone: response", "response", *mix


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


def main() -> None:
    """Measure each row and print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="questions per row")
    parser.add_argument("--alone", type=int, default=1000, help="questions for each module alone")
    parser.add_argument("--fresh", action="store_true", help="ask the fresh questions too")
    parser.add_argument("--checkpoints", help="a folder of modules, instead of the shipped ones")
    parser.add_argument("--errors", help="a file for the lines that are not right")
    parser.add_argument("--write", action="store_true", help="keep the table in data/results and in README.md")
    options = parser.parse_args()
    begin, material, found, failed = time.perf_counter(), load_material(), {}, []
    paths = {m: f"{options.checkpoints}/{m}.safetensors" if options.checkpoints else None
             for m in ("ner", "summary", "response")}  # fmt: skip
    pipeline = Pipeline.load(**paths)
    print(f"{'':54}{'questions':>10}{'right':>9}{'wrong':>9}{'silent':>9}   without Transformers: right    wrong")
    for name, module, questions, records in alone_rows(material, options.alone):
        lines = list(evaluate_module(pipeline, module, questions, records))
        failed += [line | {"row": name} for line in lines if line["verdict"] != "right"]
        found[name] = shares(lines)
        show(name, found[name])
    fresh = Fresh(material, 2) if options.fresh else None
    for name, questions, records, temperature in rows_of(material, options.count, fresh):
        pipeline.memory = Memory()
        pipeline.remember(records)
        lines = list(evaluate(pipeline, questions, records, temperature=temperature, seed=0))
        failed += [line | {"row": name} for line in lines if line["verdict"] != "right"]
        found[name] = shares(lines)
        if temperature == 0:
            plain = Baseline(pipeline.memory)
            found[name]["baseline"] = shares(list(evaluate(plain, questions, records)))
        show(name, found[name])
    print(f"{time.perf_counter() - begin:.0f} s")
    if options.errors:
        with open(options.errors, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in failed)
    if options.write:
        facts = {"command": " ".join(["python", *sys.argv]), "date": date.today().isoformat()}
        facts |= {"hardware": hardware(torch.device("cpu")), "torch": torch.__version__}
        text = json.dumps(facts | {"rows": found}, indent=1)
        (RESULTS / "accuracy.json").write_text(text + "\n", encoding="utf-8")
        write_readme(facts, found)


def write_readme(facts: dict, results: dict[str, dict]) -> None:
    """Put the table between the two RESULTS marks of README.md."""
    lines = [
        f"| Names and values never trained on | Questions | Right | {CONFIDENCE:.0%} interval | Wrong | Silent "
        "| Without Transformers: right | wrong |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, row in results.items():
        low, high = (f"{100 * edge:.1f}" for edge in interval(row["right"], row["questions"]))
        cells = f"{row['right']:.1%} | {low} to {high} | {row['wrong']:.1%} | {row['abstained']:.1%}"
        plain = " | ".join(f"{row['baseline'][key]:.1%}" if "baseline" in row else "" for key in ("right", "wrong"))
        lines.append(f"| {name} | {row['questions']:,} | {cells} | {plain} |")
    lines.append(f"\nMeasured {facts['date']} with `{facts['command']}` ({facts['hardware']}).")
    path = ROOT / "README.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    table = "\n".join([BEGIN, *lines, END])
    path.write_text(before + table + rest.split(END)[1], encoding="utf-8")


def show(name: str, row: dict) -> None:
    """Print one row."""
    cells = "".join(f"{row[key]:>9.1%}" for key in ("right", "wrong", "abstained"))
    plain = "".join(f"{row['baseline'][key]:>{width}.1%}" for key, width in (("right", 31), ("wrong", 9))
                    if "baseline" in row)  # fmt: skip
    print(f"{name:54}{row['questions']:>10,}{cells}{plain}", flush=True)


if __name__ == "__main__":
    main()
