"""The momem command: every part of the project from the command line."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from momem_lib.project import CHECKPOINTS, GENERATED, LISTS, RUNS, TEMPLATES, TEST_PEOPLE, InputError

# What needs torch, SQLite or papermill is imported by the command that uses it: `momem --help` answers at once.
DEMO = (
    "Where does Muchiri T'Challa live?",
    "What is the favourite music of Muchiri T'Challa?",
    "Which university did $tev0 Ca$hmoney attend?",
)


def data_text(options: argparse.Namespace) -> int:
    """Synthesise train, validation and test rows."""
    from momem_lib.synthesis import SynthesisConfig, load_material, write_dataset

    config = SynthesisConfig(
        num_datapoints=options.num_datapoints,
        context_window=options.context_window,
        prob_threshold=options.prob_threshold,
        seed=options.seed,
    )
    report = write_dataset(config, options.dest_path, load_material(options.lists_path, options.template_path))
    for split, part in report["splits"].items():
        print(f"{options.dest_path / split}.jsonl: {part['rows']:,} rows; {part['left_out']:,} longer ones left out")
    return 0


def data_vocabulary(options: argparse.Namespace) -> int:
    """Write the byte vocabulary and its special tokens as JSON."""
    from momem_lib.tokenizers import ByteTokenizer

    options.dest_path.mkdir(parents=True, exist_ok=True)
    path = options.dest_path / "vocabulary.json"
    path.write_text(ByteTokenizer().to_json() + "\n", encoding="utf-8")
    print(f"{ByteTokenizer().vocab_size} tokens: {path}")
    return 0


def data_tokens(options: argparse.Namespace) -> int:
    """Tokenize the rows under the destination path, one file per split and module."""
    from momem_lib.synthesis import read_rows
    from momem_lib.tasks import TASKS, tokenize

    for split in ("train", "validation", "test"):
        rows = read_rows(options.dest_path / f"{split}.jsonl")
        for name, task in TASKS.items():
            tokens = tokenize(task, rows, options.context_window)
            path = options.dest_path / f"{split}.{name}.safetensors"
            tokens.save(path)
            print(f"{path}: {len(tokens):,} sequences; {tokens.left_out} longer than the window left out")
    return 0


def data_questions(options: argparse.Namespace) -> int:
    """Write questions with their answers, and the people that they are about, for momem evaluate."""
    from momem_lib.people import write_people
    from momem_lib.synthesis import SynthesisConfig, load_material, questions_and_people

    material = load_material(options.lists_path, options.template_path)
    config = SynthesisConfig(
        seed=options.seed, context_window=options.context_window, prob_threshold=options.prob_threshold
    )
    chosen = {name: tuple(value.split(",")) for name in ("styles", "kinds") if (value := getattr(options, name))}
    questions, people = questions_and_people(
        material,
        config,
        options.split,
        options.num_datapoints,
        phrasings=options.phrasings,
        language=options.language,
        **chosen,
    )
    options.dest_path.mkdir(parents=True, exist_ok=True)
    path = options.dest_path / "questions.jsonl"
    lines = (json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    path.write_text("".join(lines), encoding="utf-8")
    write_people(options.dest_path / "people.jsonl", people)
    print(f"{len(questions):,} questions: {path}\n{len(people):,} people: {options.dest_path / 'people.jsonl'}")
    return 0


def train(options: argparse.Namespace) -> int:
    """Train one module."""
    from momem_lib.configs import read_config, update_config
    from momem_lib.datasets import training_rows
    from momem_lib.training import train as train_module

    config = read_config(options.module, options.profile, options.config)
    given = {key: getattr(options, key) for key in ("batch_size", "checkpoint_steps", "lr_steps", "seed")}
    given |= {"max_global_steps": options.steps}
    config = update_config(config, {key: value for key, value in given.items() if value is not None}, "the options")
    rows, held_out, facts = training_rows(config, options.tr_dataset_path, options.val_dataset_path)
    card = train_module(
        options.module,
        config,
        rows,
        held_out,
        options.out_dir,
        options.device,
        options.resume,
        options.init_from,
        options.load_optim,
        options.temperature,
        facts,
    )
    print(f"{card['parameters']:,} parameters, {card['steps']:,} steps, {card['seconds']:.0f} s of training")
    print(f"exact match on unseen names and values: {card['metrics']['exact_match']:.1%}")
    print(f"written: {options.out_dir / options.module}.safetensors (for use), .json, .train.safetensors (--resume)")
    return 0


def open_pipeline(options: argparse.Namespace):
    """The pipeline that the options describe, with the people file remembered."""
    from momem_lib.people import read_people
    from momem_lib.pipeline import Pipeline

    people = read_people(options.people)
    pipeline = Pipeline.load(options.ner, options.summary, options.response, options.memory, options.device)
    pipeline.remember(people)
    return pipeline, people


def ask(options: argparse.Namespace) -> int:
    """Answer one question."""
    from momem_lib.pipeline import check_question

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
        answer = pipeline.ask(question)
        print(f"\n{question}\n  {answer}  ({answer.seconds:.2f} s)")
        print("\n".join(f"    {step.line()}" for step in answer.trace))
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Ask a file of questions and count what is right."""
    from momem_lib import evaluation

    entries = evaluation.read_questions(options.questions)
    pipeline, people = open_pipeline(options)
    if options.module:
        lines = evaluation.evaluate_module(pipeline, options.module, entries, people)
    else:
        lines = evaluation.evaluate(pipeline, entries, people, options.temperature, options.seed, options.gates == "on")
    kept = evaluation.write_lines(options.predictions, lines)
    print(evaluation.table(evaluation.tally(kept, options.by)))
    print(f"written: {options.predictions}")
    return 0


def run(options: argparse.Namespace) -> int:
    """Run notebooks without a browser."""
    from momem_lib.headless import run_and_report

    sweep = (options.sweep[0], options.sweep[1:]) if options.sweep else None
    if sweep and not sweep[1]:
        raise InputError("--sweep needs a name and at least one value: --sweep temperature 0.5 1.0")
    names = [name for name, _ in options.parameter]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"-p gives {', '.join(twice)} more than once; use --sweep for several values")
    parameters = dict(options.parameter)
    return run_and_report(options.notebooks, parameters, options.profile, options.device, sweep, options.out_dir)


def test(options: argparse.Namespace) -> int:
    """Run the project's checks."""
    from momem_lib.checks import STEPS, run_checks

    unknown = [name for name in options.steps if name not in STEPS]
    if unknown:
        raise InputError(f"no check is called {', '.join(unknown)}; there are {', '.join(STEPS)}")
    return run_checks(options.steps)


def lab(options: argparse.Namespace) -> int:
    """Open JupyterLab at a notebook."""
    from momem_lib.notebooks import open_lab

    return open_lab(options.notebook)


def html(options: argparse.Namespace) -> int:
    """Write the notebooks as web pages."""
    from momem_lib.notebooks import export_html

    pages = export_html(options.out_dir)
    print(f"{len(pages)} pages: {Path(options.out_dir) / 'index.html'}")
    return 0


def format_code(options: argparse.Namespace) -> int:
    """Bring code and notebooks into the common style."""
    from momem_lib.checks import format_code as lay_out

    return lay_out()


def normalise(options: argparse.Namespace) -> int:
    """Make notebooks ready to commit, or check that they are."""
    from momem_lib.notebooks import normalise_notebooks, resolve_notebooks

    changed = normalise_notebooks(resolve_notebooks(options.notebooks), options.check)
    for path in changed:
        print(f"{'not normalised' if options.check else 'normalised'}: {path.name}")
    return 1 if options.check and changed else 0


def add_data(commands) -> None:
    """momem data text|vocabulary|tokens|questions."""
    parser = commands.add_parser("data", help="synthesise the dataset")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, action, count in (
        ("text", data_text, 40_000),
        ("vocabulary", data_vocabulary, 0),
        ("tokens", data_tokens, 0),
        ("questions", data_questions, 2_000),
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


def add_train(commands) -> None:
    """momem train ner|summary|response."""
    parser = commands.add_parser("train", help="train one module", description=train.__doc__)
    parser.set_defaults(action=train)
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
    parser.add_argument("--people", type=Path, default=TEST_PEOPLE, metavar="FILE.jsonl", help="who is remembered")
    parser.add_argument("--memory", default=":memory:", metavar="FILE.db", help="a SQLite file that keeps them")
    for module in ("ner", "summary", "response"):
        parser.add_argument(f"--{module}", type=Path, metavar="CKPT", help=f"default: {CHECKPOINTS.name}/{module}")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--temperature", type=float, default=0.0, help="of Module 3, which chooses the words")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--gates", choices=("on", "off"), default="on")


def add_asking(commands) -> None:
    """momem ask, demo and evaluate."""
    parser = commands.add_parser("ask", help="answer a question", description=ask.__doc__)
    parser.set_defaults(action=ask)
    parser.add_argument("question")
    add_pipeline_options(parser)
    parser.add_argument("--json", action="store_true", help="everything as one line of JSON")
    parser.add_argument("--trace", action="store_true", help="also what each module did")
    parser = commands.add_parser("demo", help="three questions, answered", description=demo.__doc__)
    parser.set_defaults(action=demo)
    add_pipeline_options(parser)
    parser = commands.add_parser("evaluate", help="measure how good it is", description=evaluate.__doc__)
    parser.set_defaults(action=evaluate)
    parser.add_argument("--questions", type=Path, required=True, metavar="Q.jsonl")
    parser.add_argument("--predictions", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument("--module", choices=("ner", "summary", "response"), help="this one alone, on gold inputs")
    parser.add_argument("--by", metavar="KEY", help="count for each value of this key of the question lines too")
    add_pipeline_options(parser)


def add_notebooks(commands) -> None:
    """momem run, lab, html, normalise, format and test."""
    parser = commands.add_parser("run", help="run notebooks headless", description=run.__doc__)
    parser.set_defaults(action=run)
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="number, name or path; none: all")
    parser.add_argument("--profile", choices=("quick", "full"))
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("-p", dest="parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    parser.add_argument("--sweep", nargs="+", metavar="NAME VALUE", help="one run for each value of a parameter")
    parser.add_argument("--out-dir", type=Path, default=RUNS)
    simple: dict[str, tuple[Callable, str]] = {
        "lab": (lab, "open JupyterLab"),
        "html": (html, "notebooks as web pages"),
        "normalise": (normalise, "make notebooks ready to commit"),
        "format": (format_code, "bring code and notebooks into the common style"),
        "test": (test, "run every check"),
    }
    for name, (action, text) in simple.items():
        sub = commands.add_parser(name, help=text, description=action.__doc__)
        sub.set_defaults(action=action)
        if name == "lab":
            sub.add_argument("notebook", nargs="?", default="00")
        if name == "html":
            sub.add_argument("--out-dir", type=Path, default=RUNS.parent / "html")
        if name == "normalise":
            sub.add_argument("notebooks", nargs="*")
            sub.add_argument("--check", action="store_true", help="change nothing; exit code 1 if something would be")
        if name == "test":
            sub.add_argument("steps", nargs="*", metavar="CHECK", help="style, format, normalised, library, notebooks")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 1 when a check or notebook failed, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="momem", description="Modular Memory-augmented Models, built from scratch.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (add_asking, add_train, add_data, add_notebooks):
        add(commands)
    options = parser.parse_args(arguments)
    try:
        return options.action(options)
    except InputError as error:
        print(f"momem: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("momem: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output (head, say) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
