"""momem lm train, test, generate and chat: the mini language model; momem lm alone is a menu of them."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from momem_lib.cli.options import DEVICES, add_command, seed
from momem_lib.project import CHECKPOINTS, GENERATED, ROOT, InputError, write_atomically

MENU = """
The mini language model
  1  train a model on a text
  2  test a model on a text
  3  let a model write
  4  write with a model in turns
  5  leave"""
HEAT = "0 (always the likeliest token) to 100"


def add(parsers) -> None:
    """Add momem lm, its four commands and their options."""
    text = "the mini language model: train, test, generate, chat; alone: a menu of these"
    parser = add_command(parsers, "lm", menu, text)
    kinds = parser.add_subparsers(metavar="train|test|generate|chat")
    sub = add_command(kinds, "train", train, example="my_text.txt --minutes 2 --out runs/mine")
    usual = f"(default: {ROOT / 'data'}/{{0}}ing/{{0}}.txt, or Python's documentation)"
    sub.add_argument(
        "file", nargs="?", metavar="FILE", help=f"text file, folder, or tiny-shakespeare {usual.format('train')}"
    )
    sub.add_argument("--test", metavar="FILE", help="text to measure on at the end (default: none)")
    sub.add_argument("--out", type=Path, default=GENERATED / "language_model", metavar="DIR", help="folder to write to")
    sub.add_argument("--profile", choices=("quick", "full"), help="how long to train (default: quick)")
    minutes = "time for all of it, checkpoints included (default: the profile's number of steps)"
    sub.add_argument("--minutes", type=float, metavar="M", help=minutes)
    own = "settings of your own, keys of LMConfig (default: they follow from the text)"
    sub.add_argument("--config", type=Path, metavar="FILE.json", help=own)
    sub.add_argument("--resume", action="store_true", help="go on with the interrupted run in --out")
    sub.add_argument("--seed", type=int, help="whole number; of weights, order and dropout (default: 0)")
    sub = add_command(kinds, "test", measure, example=f"{CHECKPOINTS} my_text.txt")
    sub.add_argument("folder", type=Path, metavar="DIR", help="folder of the model")
    sub.add_argument("file", nargs="?", metavar="FILE", help=f"text file or folder {usual.format('test')}")
    sub.add_argument("--json", action="store_true", help="as one line of JSON")
    for name, action, tokens in (("generate", generate, 200), ("chat", chat, 80)):
        sub = add_command(kinds, name, action, example=f"{CHECKPOINTS}{' The' * (name == 'generate')}")
        sub.add_argument("folder", type=Path, metavar="DIR", help="folder of the model")
        if name == "generate":
            begin = "the beginning of the text; one that begins with a hyphen goes behind --"
            sub.add_argument("prompt", metavar="PROMPT", help=begin)
        sub.add_argument("--temperature", type=float, default=0.8, help=HEAT)
        sub.add_argument("--top-k", type=int, metavar="K", help="draw from so many tokens only (default: all)")
        best = "draw from the fewest tokens that hold this share, 0 to 1 (default: all)"
        sub.add_argument("--top-p", type=float, metavar="P", help=best)
        sub.add_argument("--tokens", type=int, metavar="N", default=tokens, help="how many to write")
        sub.add_argument("--seed", type=seed, default=0, help="whole number; another one draws other tokens")
    for sub in kinds.choices.values():
        sub.add_argument("--device", default="auto", choices=DEVICES, help="auto takes a GPU if there is one")


def loss_picture(out: Path) -> Callable[[list[dict]], None] | None:
    """What draws a run's losses at each checkpoint; None where the notebooks' packages are not installed."""
    try:
        from momem_lib.course.shared.charts import plot_losses
        from momem_lib.course.shared.figures import png
    except (ImportError, InputError) as missing:
        print(f"loss.png is not drawn: {missing}")
        return None
    return lambda history: write_atomically(out / "loss.png", lambda path: path.write_bytes(png(plot_losses(history))))


def train(options: argparse.Namespace) -> None:
    """Train a language model on a text."""
    began = monotonic()  # PyTorch's own import, next, takes seconds
    from momem_lib.lm import corpus
    from momem_lib.lm import runs as lm_runs
    from momem_lib.lm.config import LMConfig
    from momem_lib.settings import change, read_changes

    draw = loss_picture(options.out)
    if tests := options.test and corpus.find_files(options.test):
        corpus.check_files(tests)  # before the training, not after it
    if options.resume:
        names = ("file", "config", "minutes", "seed", "profile")
        given = [name for name in names if getattr(options, name) is not None]
        if given:
            raise InputError(f"--resume takes text and settings from the run: leave out {', '.join(given)}")
        trained = lm_runs.resume(options.out, device=options.device, on_checkpoint=draw)
    else:
        changes = read_changes(options.config) if options.config else {}
        change(LMConfig(), changes, f"the config file {options.config}")  # a wrong key is found before the work begins
        changes |= {"seed": options.seed} if options.seed is not None else {}
        files, source = lm_runs.files_for("train", options.file)
        print(f"text: {source}")
        how = {"minutes": options.minutes, "changes": changes, "device": options.device, "began": began}
        trained = lm_runs.train_files(files, options.out, options.profile or "quick", on_checkpoint=draw, **how)
    card, out = trained.language_model.card, options.out
    metrics = card["metrics"]
    print(f"{card['parameters']:,} parameters; the best of the checkpoints is that of step {card['steps']:,}")
    print(f"validation: {metrics['validation_loss']:.4f} nats per token, {metrics['bits_per_byte']:.4f} bits per byte")
    picture = ", loss.png" if (out / "loss.png").is_file() else ""
    print(f"written to {out}: language_model.safetensors, .json, tokenizer.json, log.csv{picture}")
    begin = trained.language_model.tokenizer.decode(corpus.open_tokens(out / "tokens.bin")[:50].tolist())
    begin = " ".join("".join(filter(str.isprintable, " ".join(begin.split()))).split()[:3])
    print(f"try: {shlex.join(['momem', 'lm', 'generate', str(out), '--', begin])}")
    if tests:
        print("test: " + sentence(lm_runs.measure_files(trained.language_model, tests)))


def sentence(result) -> str:
    """An evaluation in words."""
    return (
        f"{result.loss:.4f} nats per token, perplexity {result.perplexity:.2f}, {result.bits_per_byte:.4f} bits per "
        f"byte ({result.tokens:,} tokens, {result.bytes:,} bytes)"
    )


def measure(options: argparse.Namespace) -> None:
    """Measure how well a model foresees a text."""
    from momem_lib.lm import runs as lm_runs
    from momem_lib.lm.model import LanguageModel

    model = LanguageModel.load(options.folder, options.device)
    files, source = lm_runs.files_for("test", options.file)
    result = lm_runs.measure_files(model, files)
    if options.json:
        names = ("loss", "perplexity", "bits_per_byte", "nats_per_byte", "tokens", "bytes")
        print(json.dumps({name: getattr(result, name) for name in names} | {"file": source}, ensure_ascii=False))
    else:
        print(f"text: {source}\n{sentence(result)}")


def open_model(options: argparse.Namespace) -> tuple:
    """The model of a folder, and how to sample from it, checked before seconds are spent on loading."""
    from momem_lib.lm.model import MOST_TOKENS, LanguageModel
    from momem_lib.nn.generation import Sampling
    from momem_lib.settings import check_number

    Sampling(options.temperature, options.top_k, options.top_p)  # refuses numbers that cannot be
    check_number("tokens", options.tokens, 0, MOST_TOKENS)
    settings = {name: getattr(options, name) for name in ("temperature", "top_k", "top_p", "tokens")}
    return LanguageModel.load(options.folder, options.device), settings


def write_on(model, text: str, seed: int, settings: dict) -> str:
    """Show what the model writes after a text as it comes; the text with it."""
    for piece in model.stream(text, seed, **settings):
        print(piece, end="", flush=True)
        text += piece
    print()
    return text


def generate(options: argparse.Namespace) -> None:
    """Continue a text."""
    model, settings = open_model(options)
    model.encode(options.prompt)  # what is no text is refused here, before it is printed
    print(options.prompt, end="", flush=True)
    write_on(model, options.prompt, options.seed, settings)


def chat(options: argparse.Namespace) -> None:
    """Write with a model in turns: it goes on from all that you and it have written; an empty line ends it."""
    model, settings = open_model(options)
    print("Write the beginning of a text; the model goes on. An empty line ends the chat.")
    text, turn = "", options.seed
    while line := ask("> "):
        text = write_on(model, text + line, turn, settings)
        turn += 1


def ask(question: str, default: str = "") -> str:
    """A line from the reader; the default for an empty line and at the end of the input."""
    try:
        return input(question).strip("\r\n") or default
    except EOFError:
        print()
        return default
    except UnicodeDecodeError:
        raise InputError("what was typed is no UTF-8 text: set your terminal to UTF-8") from None


def command_of(choice: str, folder: Path) -> list[str]:
    """The command line that a choice of the menu stands for, as the reader wants it."""
    if choice == "1":
        file = ask("Text file or folder to train on (empty: data/training/train.txt, or Python's documentation): ")
        minutes = ask("Minutes to train (empty: 2): ", "2")
        return ["train", *([file] if file else []), "--minutes", minutes]
    model = ask(f"Folder of the model (empty: {folder}): ", str(folder))
    if choice == "2":
        file = ask("Text file to test on (empty: data/testing/test.txt, or Python's documentation): ")
        return ["test", model, *([file] if file else [])]
    prompt = [] if choice == "4" else ["--", ask("Beginning of the text (empty: 'The'): ", "The")]
    temperature = ask(f"Temperature, {HEAT} (empty: 0.8): ", "0.8")
    return ["chat" if choice == "4" else "generate", model, f"--temperature={temperature}", *prompt]


def menu(_options: argparse.Namespace) -> None:
    """Choose from a menu what to do; each choice runs the command that it shows."""
    from momem_lib.cli.main import main
    from momem_lib.lm.runs import OUT

    while True:
        print(MENU)
        choice = ask("Your choice (1 to 5): ", "5").strip()
        if choice == "5":
            return
        if choice not in ("1", "2", "3", "4"):
            print(f"{choice!r} is no choice: type 1, 2, 3, 4 or 5", file=sys.stderr)
            continue
        words = command_of(choice, OUT if (OUT / "language_model.safetensors").is_file() else CHECKPOINTS)
        print(f"momem lm {shlex.join(words)}\n")
        try:
            main(["lm", *words])  # errors become a sentence there, and the menu comes again
        except SystemExit:  # a word that the command line does not take; it has said so
            pass
