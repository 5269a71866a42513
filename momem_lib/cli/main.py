"""The momem command: every part of the project from the command line."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from momem_lib.cli import commands, lm_commands, training_commands
from momem_lib.project import CHECKPOINTS, GENERATED, LISTS, RUNS, TEMPLATES, TEST_PEOPLE, InputError


def seed(text: str) -> int:
    """A seed from the command line: what torch's generators take."""
    if 0 <= int(text) < 2**63:
        return int(text)
    raise ValueError(text)


def add_data(parsers) -> None:
    """momem data text|vocabulary|tokens|questions."""
    parser = parsers.add_parser("data", help="synthesise the dataset")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, action, count in (
        ("text", commands.data_text, 40_000),
        ("vocabulary", commands.data_vocabulary, 0),
        ("tokens", commands.data_tokens, 0),
        ("questions", commands.data_questions, 2_000),
    ):
        sub = kinds.add_parser(name, help=action.__doc__, description=action.__doc__)
        sub.set_defaults(action=action)
        sub.add_argument("--dest-path", type=Path, default=GENERATED / "default", help="folder to write to")
        sub.add_argument("--context-window", type=int, default=512, help="tokens; longer rows are left out, never cut")
        if not count:
            continue
        sub.add_argument("--lists-path", type=Path, default=LISTS, help="folder with your own value lists")
        sub.add_argument("--template-path", type=Path, default=TEMPLATES, help="folder with your own templates")
        sub.add_argument("--num-datapoints", type=int, default=count, help="rows to make")
        sub.add_argument("--prob-threshold", type=float, default=0.7, help="chance that characters stay unshuffled")
        sub.add_argument("--seed", type=int, default=0)
        if name == "questions":
            sub.add_argument("--split", choices=("train", "validation", "test"), default="test")
            sub.add_argument("--phrasings", choices=("known", "held-out", "any"), default="known")
            sub.add_argument("--language", choices=("en", "sw"), default=None)
            sub.add_argument("--styles", help="only these styles of names and values, with commas between")
            sub.add_argument("--kinds", help="only these kinds of question, with commas between")


def add_train(parsers) -> None:
    """momem train ner|summary|response."""
    parser = parsers.add_parser("train", help="train one module", description=training_commands.train.__doc__)
    parser.set_defaults(action=training_commands.train)
    parser.add_argument("module", choices=("ner", "summary", "response"))
    parser.add_argument("--profile", choices=("quick", "full"), default="quick")
    parser.add_argument("--config", type=Path, help="a JSON file with keys of your own (see data/profiles)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--checkpoint-steps", type=int, help="steps between two checkpoints")
    parser.add_argument("--steps", type=int, help="steps in all (max_global_steps)")
    parser.add_argument("--lr-steps", type=int, help="steps between two decays of the learning rate by lr_gamma")
    parser.add_argument("--out-dir", type=Path, default=GENERATED / "checkpoints")
    parser.add_argument("--tr-dataset-path", type=Path, help="rows to train on; by default they are synthesised")
    parser.add_argument("--val-dataset-path", type=Path, help="rows to validate on")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint in --out-dir")
    parser.add_argument("--init-from", type=Path, metavar="CKPT", help="start from these weights")
    parser.add_argument("--load-optim", action="store_true", help="with --init-from: take the optimizer's state too")
    parser.add_argument("--temperature", type=float, default=0.0, help="of the sampled answer at each checkpoint")
    parser.add_argument("--seed", type=int)


def add_pipeline_options(parser) -> None:
    """What ask, demo and evaluate share."""
    parser.add_argument("--people", type=Path, metavar="FILE.jsonl", help=f"default: {TEST_PEOPLE.name}")
    parser.add_argument("--memory", default=":memory:", metavar="FILE.db", help="a SQLite file that keeps them")
    for module in ("ner", "summary", "response"):
        parser.add_argument(f"--{module}", type=Path, metavar="CKPT", help=f"default: {CHECKPOINTS.name}/{module}")
    parser.add_argument("--words", type=Path, metavar="CKPT", help=f"default: {CHECKPOINTS.name}/bag_of_words")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--temperature", type=float, default=0.0, help="of Module 3, which chooses the words")
    parser.add_argument("--seed", type=seed)
    parser.add_argument("--gates", choices=("on", "off"), default="on")


def add_asking(parsers) -> None:
    """momem ask, demo and evaluate."""
    parser = parsers.add_parser("ask", help="answer a question", description=commands.ask.__doc__)
    parser.set_defaults(action=commands.ask)
    parser.add_argument("question")
    add_pipeline_options(parser)
    parser.add_argument("--json", action="store_true", help="everything as one line of JSON")
    parser.add_argument("--trace", action="store_true", help="also what each module did")
    parser = parsers.add_parser("demo", help="three questions, answered", description=commands.demo.__doc__)
    parser.set_defaults(action=commands.demo)
    add_pipeline_options(parser)
    parser = parsers.add_parser("evaluate", help="measure how good it is", description=commands.evaluate.__doc__)
    parser.set_defaults(action=commands.evaluate)
    parser.add_argument("--questions", type=Path, required=True, metavar="Q.jsonl")
    parser.add_argument("--predictions", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument("--module", choices=("ner", "summary", "response"), help="this one alone, on gold inputs")
    parser.add_argument("--by", metavar="KEY", help="count for each value of this key of the question lines too")
    add_pipeline_options(parser)


def add_calibrate(parsers) -> None:
    """momem average, words and calibrate."""
    parser = parsers.add_parser(
        "average", help="the mean of trained models", description=training_commands.average.__doc__
    )
    parser.set_defaults(action=training_commands.average)
    parser.add_argument("module", choices=("ner", "summary", "response"))
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CKPT", help="two or more, of one shape")
    parser.add_argument("--out", type=Path, required=True, metavar="CKPT", help="the .safetensors file to write")
    parser.add_argument("--val-dataset-path", type=Path, help="rows to measure on; by default those of training")
    parser = parsers.add_parser("words", help="train the bag of words", description=training_commands.words.__doc__)
    parser.set_defaults(action=training_commands.words)
    parser.add_argument("--num-datapoints", type=int, default=240_000, help="questions to train on")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--out-dir", type=Path, default=GENERATED / "checkpoints", help="folder to write to")
    parser = parsers.add_parser(
        "calibrate", help="set the confidence thresholds", description=training_commands.calibrate.__doc__
    )
    parser.set_defaults(action=training_commands.calibrate)
    parser.add_argument("--out-dir", type=Path, default=GENERATED / "checkpoints", help="where the checkpoints are")
    parser.add_argument("--num-datapoints", type=int, default=2_000, help="validation questions to use")


def add_lm(parsers) -> None:
    """momem lm train|test|generate|chat, and the menu."""
    parser = parsers.add_parser("lm", help="the mini language model: train, test, generate, chat; alone: a menu")
    parser.set_defaults(action=lm_commands.menu, run=main)
    kinds = parser.add_subparsers(metavar="train|test|generate|chat")
    sub = kinds.add_parser("train", help=lm_commands.train.__doc__, description=lm_commands.train.__doc__)
    sub.set_defaults(action=lm_commands.train)
    sub.add_argument("file", nargs="?", metavar="FILE", help="text file, folder, or tiny-shakespeare")
    sub.add_argument("--test", metavar="FILE", help="measure on this text at the end")
    sub.add_argument("--out", type=Path, default=GENERATED / "language_model", help="folder to write to")
    sub.add_argument("--profile", choices=("quick", "full"), help="default: quick")
    sub.add_argument("--minutes", type=float, metavar="M", help="train for about so long")
    sub.add_argument("--config", type=Path, metavar="FILE.json", help="settings of your own (keys of LMConfig)")
    sub.add_argument("--resume", action="store_true", help="go on with the interrupted run in --out")
    sub.add_argument("--seed", type=int)
    sub = kinds.add_parser("test", help=lm_commands.measure.__doc__, description=lm_commands.measure.__doc__)
    sub.set_defaults(action=lm_commands.measure)
    sub.add_argument("folder", type=Path, metavar="DIR", help="folder of the model")
    sub.add_argument("file", nargs="?", metavar="FILE", help="text file or folder")
    sub.add_argument("--json", action="store_true", help="as one line of JSON")
    for name, action, tokens in (("generate", lm_commands.generate, 200), ("chat", lm_commands.chat, 80)):
        sub = kinds.add_parser(name, help=action.__doc__, description=action.__doc__)
        sub.set_defaults(action=action)
        sub.add_argument("folder", type=Path, metavar="DIR", help="folder of the model")
        if name == "generate":
            sub.add_argument("prompt", metavar="PROMPT", help="the beginning of the text")
        sub.add_argument("--temperature", type=float, default=0.8)
        sub.add_argument("--top-k", type=int, help="draw from so many tokens only")
        sub.add_argument("--top-p", type=float, help="draw from the fewest tokens that hold this share")
        sub.add_argument("--tokens", type=int, default=tokens, help="how many to write")
        sub.add_argument("--seed", type=seed, default=0)
    for sub in kinds.choices.values():
        sub.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))


def add_notebooks(parsers) -> None:
    """momem run, lab, html, normalise, format and test."""
    parser = parsers.add_parser("run", help="run notebooks headless", description=commands.run.__doc__)
    parser.set_defaults(action=commands.run)
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, name or path; none: all")
    parser.add_argument("--profile", choices=("quick", "full"))
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("-p", dest="parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("--sweep", nargs="+", metavar="NAME VALUE", help="one run for each value of a parameter")
    parser.add_argument("--out-dir", type=Path, default=RUNS)
    simple: dict[str, tuple[Callable, str]] = {
        "lab": (commands.lab, "open JupyterLab"),
        "html": (commands.html, "notebooks as web pages"),
        "normalise": (commands.normalise, "make notebooks ready to commit"),
        "format": (commands.format_code, "bring code and notebooks into the common style"),
        "test": (commands.check, "run every check"),
    }
    for name, (action, text) in simple.items():
        sub = parsers.add_parser(name, help=text, description=action.__doc__)
        sub.set_defaults(action=action)
        if name == "lab":
            sub.add_argument("notebook", nargs="?", default="00")
        if name == "html":
            sub.add_argument("--out-dir", type=Path, default=RUNS.parent / "html")
        if name == "normalise":
            sub.add_argument("notebooks", nargs="*")
            sub.add_argument("--check", action="store_true", help="change nothing; exit code 1 if something would be")
        if name == "test":
            names = "style, format, normalised, library, notebooks; or browser, which only runs when it is named"
            sub.add_argument("steps", nargs="*", metavar="CHECK", help=names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 1 when a check or notebook failed, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="momem", description="Modular Memory-augmented Models, built from scratch.")
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (add_asking, add_train, add_calibrate, add_data, add_lm, add_notebooks):
        add(parsers)
    for stream in (sys.stdout, sys.stderr):  # names of every script, also where the terminal's encoding knows few
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    options = parser.parse_args(arguments)
    try:
        return options.action(options)
    except InputError as error:
        print(f"momem: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output (head, say) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"momem: {error.strerror}: {error.filename}: check the path and the space on the disk", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("momem: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
