"""What each momem command does, given its options; `lm` and the commands that train have files of their own."""

import argparse
import json
from pathlib import Path

from momem_lib.project import TEST_PEOPLE, InputError

# What needs torch, SQLite or papermill is imported by the command that uses it: `momem --help` answers at once.
DEMO = (
    "Where does Muchiri T'Challa live?",
    "What is the favourite music of Muchiri T'Challa?",
    "Which university did $tev0 Ca$hmoney attend?",
)


def material_and_config(options: argparse.Namespace) -> tuple:
    """The reader's lists and templates, and what the options say about the rows to make of them."""
    from momem_lib.data.rows import SynthesisConfig, load_material

    material = load_material(options.lists_path, options.template_path)
    config = SynthesisConfig(
        num_datapoints=options.num_datapoints,
        context_window=options.context_window,
        prob_threshold=options.prob_threshold,
        seed=options.seed,
        languages=tuple(material.grammars),
    )
    return material, config


def data_text(options: argparse.Namespace) -> int:
    """Synthesise train, validation and test rows."""
    from momem_lib.data.dataset import write_dataset

    material, config = material_and_config(options)
    report = write_dataset(config, options.dest_path, material)
    for split, part in report["splits"].items():
        print(f"{options.dest_path / split}.jsonl: {part['rows']:,} rows; {part['left_out']:,} longer ones left out")
    return 0


def data_vocabulary(options: argparse.Namespace) -> int:
    """Write the byte vocabulary and its special tokens as JSON."""
    from momem_lib.data.tokens import ByteTokenizer

    options.dest_path.mkdir(parents=True, exist_ok=True)
    path = options.dest_path / "vocabulary.json"
    path.write_text(ByteTokenizer().to_json() + "\n", encoding="utf-8")
    print(f"{ByteTokenizer().vocab_size} tokens: {path}")
    return 0


def data_tokens(options: argparse.Namespace) -> int:
    """Tokenize the rows under the destination path, one file per split and module."""
    from momem_lib.data.dataset import read_rows
    from momem_lib.data.tasks import TASKS
    from momem_lib.training.batches import tokenize

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
    from momem_lib.data.dataset import questions_and_people
    from momem_lib.data.records import write_people

    material, config = material_and_config(options)
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
    from momem_lib.system.pipeline import check_question

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


def run(options: argparse.Namespace) -> int:
    """Run notebooks without a browser."""
    from momem_lib.tools.headless import run_and_report

    sweep = (options.sweep[0], options.sweep[1:]) if options.sweep else None
    if sweep and not sweep[1]:
        raise InputError("--sweep needs a name and at least one value: --sweep temperature 0.5 1.0")
    names = [name for name, _ in options.parameter]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"-p gives {', '.join(twice)} more than once; use --sweep for several values")
    parameters = dict(options.parameter)
    return run_and_report(options.notebooks, parameters, options.profile, options.device, sweep, options.out_dir)


def check(options: argparse.Namespace) -> int:
    """Run the project's checks."""
    from momem_lib.tools.checks import EXTRA, STEPS, run_checks

    known = [*STEPS, *EXTRA]
    unknown = [name for name in options.steps if name not in known]
    if unknown:
        raise InputError(f"no check is called {', '.join(unknown)}; there are {', '.join(known)}")
    return run_checks(options.steps)


def lab(options: argparse.Namespace) -> int:
    """Open JupyterLab at a notebook."""
    from momem_lib.tools.notebooks import open_lab

    return open_lab(options.notebook)


def html(options: argparse.Namespace) -> int:
    """Write the notebooks as web pages."""
    from momem_lib.tools.notebooks import export_html

    pages = export_html(options.out_dir)
    print(f"{len(pages)} pages: {Path(options.out_dir) / 'index.html'}")
    return 0


def format_code(options: argparse.Namespace) -> int:
    """Bring code and notebooks into the common style."""
    from momem_lib.tools.checks import format_code as lay_out

    return lay_out()


def normalise(options: argparse.Namespace) -> int:
    """Make notebooks ready to commit, or check that they are."""
    from momem_lib.tools.notebooks import normalise_notebooks, resolve_notebooks

    changed = normalise_notebooks(resolve_notebooks(options.notebooks), options.check)
    for path in changed:
        print(f"{'not normalised' if options.check else 'normalised'}: {path.name}")
    return 1 if options.check and changed else 0
