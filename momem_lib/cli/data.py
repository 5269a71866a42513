"""momem data: the vocabulary, rows, their tokens (three steps before momem train), and questions to evaluate with."""

import argparse
from pathlib import Path

from momem_lib.cli.options import add_command
from momem_lib.project import GENERATED, LISTS, TEMPLATES, alone, set_aside, write_atomically, write_lines


def add(parsers) -> None:
    """Add momem data and its four kinds."""
    steps = "Step by step: vocabulary, text, tokens, then momem train. (momem train alone makes its data itself.)"
    parser = parsers.add_parser("data", help="synthesise the dataset", description=steps)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for action in (vocabulary, text, tokens, questions):
        parser = add_command(kinds, action.__name__, action, example="--dest-path data/generated/mine")
        parser.add_argument("--dest-path", type=Path, default=GENERATED / "default", help="folder to write to")
        if action is not vocabulary:
            window = "tokens; longer rows are left out, never cut"
            parser.add_argument("--context-window", type=int, metavar="N", default=512, help=window)
        if action in (text, questions):  # of what to make rows, and how; the defaults are those of SynthesisConfig
            parser.add_argument("--lists-path", type=Path, default=LISTS, help="folder with value lists")
            parser.add_argument("--template-path", type=Path, default=TEMPLATES, help="folder with templates")
            count = 40_000 if action is text else 2_000
            parser.add_argument("--num-datapoints", type=int, metavar="N", default=count, help="rows to make")
            share = "chance that the characters of names and values stay unshuffled, 0 to 1"
            parser.add_argument("--prob-threshold", type=float, metavar="P", default=0.7, help=share)
            parser.add_argument("--seed", type=int, default=0, help="whole number; another one gives other rows")
    parser = kinds.choices["questions"]
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test", help="of names and values")
    wordings = "known: those of training; held-out: those of validation and test alone"
    parser.add_argument("--phrasings", choices=("known", "held-out", "any"), default="known", help=wordings)
    parser.add_argument("--language", choices=("en", "sw"), help="only this one (default: both)")
    parser.add_argument("--styles", metavar="A,B", help="only these styles of names and values (default: all)")
    parser.add_argument("--kinds", metavar="A,B", help="only these kinds of question (default: all)")


def material_and_config(options: argparse.Namespace) -> tuple:
    """The reader's lists and templates, and what the options say about the rows to make of them."""
    from momem_lib.data.rows import SynthesisConfig, load_material

    material = load_material(options.lists_path, options.template_path)
    given = ("num_datapoints", "context_window", "prob_threshold", "seed")
    chosen = {name: getattr(options, name) for name in given}
    return material, SynthesisConfig(languages=tuple(material.grammars), **chosen)


def text(options: argparse.Namespace) -> None:
    """Step 2: synthesise train, validation and test rows, one JSON object a line; momem train reads them too."""
    from momem_lib.data.dataset import write_dataset

    material, config = material_and_config(options)
    report = write_dataset(config, options.dest_path, material)
    for split, part in report["splits"].items():
        print(f"{options.dest_path / split}.jsonl: {part['rows']:,} rows; {part['left_out']:,} longer ones left out")


def vocabulary(options: argparse.Namespace) -> None:
    """Step 1: write the byte vocabulary and its special tokens as JSON; it needs no text, and knows every one."""
    from momem_lib.data.tokens import ByteTokenizer

    path, text = options.dest_path / "vocabulary.json", ByteTokenizer().to_json() + "\n"
    set_aside(options.dest_path, [path.name])
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    print(f"{ByteTokenizer().vocab_size} tokens: {path}")


def tokens(options: argparse.Namespace) -> None:
    """Step 3: tokenize the rows in that folder, one file per split and module, for momem train --tr-dataset-path."""
    from momem_lib.data.dataset import read_rows
    from momem_lib.data.rows import SynthesisConfig
    from momem_lib.data.tasks import TASKS
    from momem_lib.data.tokens import check_vocabulary
    from momem_lib.training.batches import tokenize

    window = SynthesisConfig(context_window=options.context_window).context_window  # checked
    if (options.dest_path / "vocabulary.json").is_file():
        check_vocabulary(options.dest_path / "vocabulary.json")
    for split in ("train", "validation", "test"):
        rows = read_rows(options.dest_path / f"{split}.jsonl")
        for name, task in TASKS.items():
            encoded = tokenize(task, rows, window)
            path = options.dest_path / f"{split}.{name}.safetensors"
            write_atomically(path, encoded.save)
            print(f"{path}: {len(encoded):,} sequences; {encoded.left_out} longer than the window left out")


def questions(options: argparse.Namespace) -> None:
    """Write questions with their answers, and the people that they are about, for momem evaluate."""
    from momem_lib.data.dataset import questions_and_people
    from momem_lib.data.people import write_people

    material, config = material_and_config(options)
    chosen = {name: tuple(value.split(",")) for name in ("styles", "kinds") if (value := getattr(options, name))}
    chosen |= {"phrasings": options.phrasings, "language": options.language}
    entries, people = questions_and_people(material, config, options.split, options.num_datapoints, **chosen)
    paths = options.dest_path / "questions.jsonl", options.dest_path / "people.jsonl"
    with alone(paths[0]):
        set_aside(options.dest_path, [path.name for path in paths])
        write_lines(paths[0], entries)
        write_people(paths[1], people)
    print(f"{len(entries):,} questions: {paths[0]}\n{len(people):,} people: {paths[1]}")
