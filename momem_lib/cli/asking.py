"""momem ask, demo and evaluate: the four modules in a row, asked from the command line."""

import argparse
from pathlib import Path

from momem_lib.cli.options import DEVICES, MODULES, add_command, seed
from momem_lib.project import CHECKPOINTS, TEST_PEOPLE, InputError

# What needs torch or SQLite is imported by the command that uses it: `momem --help` answers at once.
DEMO = (
    "Where does Muchiri T'Challa live?",
    "What is the favourite music of Muchiri T'Challa?",
    "Which university did $tev0 Ca$hmoney attend?",
)


def add(parsers) -> None:
    """Add the three commands and their options."""
    parser = add_command(parsers, "ask", ask, "answer a question")
    parser.add_argument("question")
    add_pipeline_options(parser)
    parser.add_argument("--json", action="store_true", help="everything as one line of JSON")
    parser.add_argument("--trace", action="store_true", help="also what each module did")
    add_pipeline_options(add_command(parsers, "demo", demo, "three questions, answered"))
    parser = add_command(parsers, "evaluate", evaluate, "measure how good it is")
    parser.add_argument("--questions", type=Path, required=True, metavar="Q.jsonl")
    parser.add_argument("--predictions", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument("--module", choices=MODULES, help="this one alone, on gold inputs")
    parser.add_argument("--by", metavar="KEY", help="count for each value of this key of the question lines too")
    add_pipeline_options(parser)


def add_pipeline_options(parser) -> None:
    """What the three share."""
    parser.add_argument("--people", type=Path, metavar="FILE.jsonl", help=f"default: {TEST_PEOPLE.name}")
    parser.add_argument("--memory", default=":memory:", metavar="FILE.db", help="a SQLite file that keeps them")
    for module in MODULES:
        parser.add_argument(f"--{module}", type=Path, metavar="CKPT", help=f"default: {CHECKPOINTS.name}/{module}")
    parser.add_argument("--words", type=Path, metavar="CKPT", help=f"default: {CHECKPOINTS.name}/bag_of_words")
    parser.add_argument("--device", default="auto", choices=DEVICES)
    parser.add_argument("--temperature", type=float, default=0.0, help="of Module 3, which chooses the words")
    parser.add_argument("--seed", type=seed)
    parser.add_argument("--gates", choices=("on", "off"), default="on")


def open_pipeline(options: argparse.Namespace):
    """The pipeline that the options describe, with the people file remembered."""
    from momem_lib.data.records import read_people
    from momem_lib.system.memory import Memory
    from momem_lib.system.pipeline import Pipeline

    memory = Memory(options.memory)
    # A database of the reader's own is asked as it is; only an empty one gets the shipped people.
    people = read_people(options.people or TEST_PEOPLE) if options.people or not len(memory) else list(memory)
    pipeline = Pipeline.load(options.ner, options.summary, options.response, memory, options.device, options.words)
    for name in {person.name for person in people} if options.people else ():
        memory.forget(name)  # what the people file says now is what counts
    pipeline.remember(people)
    return pipeline, people


def ask(options: argparse.Namespace) -> int:
    """Answer one question."""
    from momem_lib.system.answer import check_question

    check_question(options.question)  # before seconds are spent on loading
    pipeline, _ = open_pipeline(options)
    answer = pipeline.ask(options.question, options.temperature, options.seed, options.gates == "on")
    if options.json:
        print(answer.to_json())
        return 0
    print(answer)
    if options.trace:
        print("\n".join(f"  {step.line()}" for step in answer.trace))
    return 0


def demo(options: argparse.Namespace) -> int:
    """Answer three questions about the shipped people, with what each module did."""
    pipeline, people = open_pipeline(options)
    print(f"The memory holds {len(people)} people.")
    for question in DEMO:
        answer = pipeline.ask(question, options.temperature, options.seed, options.gates == "on")
        print(f"\n{question}\n  {answer}  ({answer.seconds:.2f} s)")
        print("\n".join(f"    {step.line()}" for step in answer.trace))
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Ask a file of questions and count what is right."""
    from momem_lib.system import evaluation

    entries = evaluation.read_questions(options.questions)
    inputs = [path.resolve() for path in (options.questions, options.people) if path]
    if options.predictions.resolve() in inputs:
        raise InputError(f"--predictions {options.predictions} would overwrite an input: give another file")
    pipeline, people = open_pipeline(options)
    if options.module:
        lines = evaluation.evaluate_module(pipeline, options.module, entries, people)
    else:
        lines = evaluation.evaluate(pipeline, entries, people, options.temperature, options.seed, options.gates == "on")
    kept = evaluation.write_lines(options.predictions, lines)
    print(evaluation.table(evaluation.tally(kept, options.by)))
    print(f"written: {options.predictions}")
    return 0
