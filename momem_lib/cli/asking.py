"""momem ask, demo and evaluate: the four modules in a row, asked from the command line."""

import argparse
import json
from pathlib import Path

from momem_lib.cli.options import DEVICES, MODULES, add_command, seed
from momem_lib.cli.people import IN_RAM, TABLE, existing, memory_option
from momem_lib.project import CHECKPOINTS, TEST_PEOPLE, InputError, alone, write_lines

# What needs torch or SQLite is imported by the command that uses it: `momem --help` answers at once.
DEMO = (
    "Where does Muchiri T'Challa live?",
    "What is the favourite music of Muchiri T'Challa?",
    "Which university did $tev0 Ca$hmoney attend?",
)


def add(parsers) -> None:
    """Add the three commands and their options."""
    example = '"What is Ana Ruiz\'s blood group?" --people data/staff.csv'
    parser = add_command(parsers, "ask", ask, "answer a question", example)
    parser.add_argument("question", help="in quotes, English or Swahili, about one name of the table")
    add_pipeline_options(parser)
    parser.add_argument("--json", action="store_true", help="everything as one line of JSON")
    parser.add_argument("--trace", action="store_true", help="also what each module did")
    add_pipeline_options(add_command(parsers, "demo", demo, "three questions, answered", "--device cpu"))
    example = "--questions questions.jsonl --people people.jsonl --predictions answers.jsonl --by kind"
    parser = add_command(parsers, "evaluate", evaluate, "measure how good it is", example)
    asked = "JSON lines, as momem data questions writes them"
    parser.add_argument("--questions", type=Path, required=True, metavar="Q.jsonl", help=asked)
    parser.add_argument("--predictions", type=Path, required=True, metavar="OUT.jsonl", help="file to write answers to")
    parser.add_argument("--module", choices=MODULES, help="this one alone, on gold inputs (default: all in a row)")
    parser.add_argument("--by", metavar="KEY", help="count for each value of this key of the lines too (default: none)")
    add_pipeline_options(parser)


def add_pipeline_options(parser) -> None:
    """What the three share."""
    parser.add_argument("--people", type=Path, metavar="FILE", help=f"{TABLE} (default: {TEST_PEOPLE})")
    memory_option(parser, "and takes in those of --people (default: none is kept)", default=IN_RAM)
    for module in MODULES:
        path = CHECKPOINTS / f"{module}.safetensors"
        parser.add_argument(f"--{module}", type=Path, metavar="CKPT", default=path, help="checkpoint of this module")
    parser.add_argument("--device", default="auto", choices=DEVICES, help="auto takes a GPU if there is one")
    heat = "of Module 3, which chooses the words: 0 (always the likeliest) to 100"
    parser.add_argument("--temperature", type=float, default=0.0, help=heat)
    drawn = "whole number; of the words that a temperature above 0 draws (default: another each time)"
    parser.add_argument("--seed", type=seed, help=drawn)
    parser.add_argument("--gates", choices=("on", "off"), default="on", help="the checks between modules")


def open_pipeline(options: argparse.Namespace):
    """The pipeline that the options describe, with the people file remembered."""
    from momem_lib.data.people import read_people
    from momem_lib.system.pipeline import Pipeline

    # A memory of the reader's own is asked as it is; without one, the shipped people are known.
    people = read_people(options.people or TEST_PEOPLE) if options.people or options.memory == IN_RAM else []
    memory = options.memory if people else existing(options.memory)
    pipeline = Pipeline.load(options.ner, options.summary, options.response, memory, options.device)
    pipeline.memory.remember(people, replacing=True)  # what the people file says now is what counts
    if not len(pipeline.memory):
        raise InputError(f"the memory {memory} is empty: type  momem remember FILE --memory {memory}")
    return pipeline


def ask(options: argparse.Namespace) -> None:
    """Answer one question."""
    from momem_lib.system.answer import check_question

    check_question(options.question)  # before seconds are spent on loading
    pipeline = open_pipeline(options)
    answer = pipeline.ask(options.question, options.temperature, options.seed, options.gates == "on")
    print(json.dumps(answer.to_dict(), ensure_ascii=False) if options.json else answer)
    if options.trace and not options.json:
        print("\n".join(f"  {step.line()}" for step in answer.trace))


def demo(options: argparse.Namespace) -> None:
    """Answer three questions about the shipped people, with what each module did."""
    pipeline = open_pipeline(options)
    print(f"The memory holds {len(pipeline.memory):,} people.")
    for question in DEMO:
        answer = pipeline.ask(question, options.temperature, options.seed, options.gates == "on")
        print(f"\n{question}\n  {answer}  ({answer.seconds:.2f} s)")
        print("\n".join(f"    {step.line()}" for step in answer.trace))


def evaluate(options: argparse.Namespace) -> None:
    """Ask a file of questions and count what is right."""
    from momem_lib.system import evaluation

    entries = evaluation.read_questions(options.questions)
    inputs = [options.questions, options.people or TEST_PEOPLE, Path(options.memory)]
    inputs += [getattr(options, module) for module in MODULES]
    out, there = options.predictions.resolve(), [path for path in inputs if path.exists()]
    if out in (path.resolve() for path in inputs) or (out.exists() and any(path.samefile(out) for path in there)):
        raise InputError(f"--predictions {out} would overwrite an input: give another file")
    if out.exists() and not out.is_file():
        raise InputError(f"--predictions {out} is no file: what is written beside it could not be moved there")
    pipeline = open_pipeline(options)
    people = list(pipeline.memory)
    if options.module:
        lines = evaluation.evaluate_module(pipeline, options.module, entries, people)
    else:
        how = {"temperature": options.temperature, "seed": options.seed, "gates": options.gates == "on"}
        lines = evaluation.evaluate(pipeline, entries, people, **how)
    with alone(out, f".{out.name}.*.tmp"):
        kept = write_lines(out, lines)
    print(evaluation.table(evaluation.tally(kept, options.by)))
    print(f"written: {out}")
