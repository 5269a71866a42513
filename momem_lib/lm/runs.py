"""From a text to a folder with a trained language model: what `momem lm train` and `momem lm test` do."""

import bz2
import gzip
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic

import numpy as np
import torch
from tqdm.auto import tqdm

from momem_lib.data.dataset import file_hash
from momem_lib.lm import corpus
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.config import LMConfig, Plan, plan
from momem_lib.lm.model import NAME, Evaluation, LanguageModel
from momem_lib.lm.training import STATE, History, Trained, batches, train, window_loss, windows
from momem_lib.nn.checkpoints import circumstances, load_tensors, pick_device
from momem_lib.project import GENERATED, InputError, alone, set_aside
from momem_lib.settings import change
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer

OUT = GENERATED / "language_model"  # where a model is written when no folder is named
FILES = (f"{NAME}.safetensors", f"{NAME}.json", STATE, "tokenizer.json", "tokens.bin")
FILES += ("log.csv", "loss.png")
LEFTOVERS = (".next-*", ".*.[0-9]*.tmp")  # of a run that was killed
# The trial run of --minutes: at least and at most so many steps, at least and at most such a share of the minutes.
TIMED = (3, 100, 0.05, 0.2)
FOR_STEPS = 0.9  # of the minutes; the rest is for checkpoints
MEASURED = 0.1  # of the tokens that a run in minutes reads: it measures on no more, so that a checkpoint stays short
HARDLY_TWICE, HARDER = 1.5, 0.1  # passes over a text that teach nothing by heart; a validation loss so much higher


def files_for(part: str, path: str | Path | None = None) -> tuple[list[Path], str]:
    """The files to train or to test on (a part is "train" or "test"), and their origin in words.

    They are those named, the usual one, or Python's documentation.
    """
    usual = {"train": corpus.TRAIN_FILE, "test": corpus.TEST_FILE}[part]
    if path is not None:
        return corpus.find_files(path), str(path)
    if usual.is_file():
        return [usual], str(usual)
    return [corpus.offline_text()[part == "test"]], f"Python's own documentation, since there is no {usual}"


def steps_in(minutes: float, config: LMConfig, tokens: np.ndarray, device: torch.device) -> int:
    """How many steps this machine does in some minutes, measured by a few steps of a model that is thrown away."""
    trainer, state, seconds = Trainer(config, device), torch.get_rng_state(), []

    def measure(trainer: Trainer) -> bool:
        seconds.append(trainer.seconds - sum(seconds))  # a step reads its loss, so a GPU cannot run far ahead of it
        spent = sum(seconds) / (60 * minutes)
        return spent >= TIMED[3] or (len(seconds) >= TIMED[0] and spent >= TIMED[2])

    fit(trainer, batches(tokens, config), window_loss, TIMED[1], measure=measure, disable=True)
    torch.set_rng_state(state)
    # The middle one: the first steps are slow, and so are those that another program disturbs.
    return max(10, int(FOR_STEPS * 60 * minutes / median(seconds)))


def fit_minutes(
    minutes: float, chosen: Plan, text_bytes: int, profile: str, changes: dict, tokens: np.ndarray, device: torch.device
) -> Plan:
    """The plan with as many steps as fit into some minutes, about, and with all that depends on them."""
    for _ in range(2):  # other steps may mean no table of n-grams, or one, and then another speed
        steps, before = steps_in(minutes, chosen.config, tokens, device), chosen.config.model
        chosen = plan(text_bytes, profile, changes | {"max_global_steps": steps}).with_vocabulary(before.vocab_size)
        if chosen.config.model.ngram_rows == before.ngram_rows:
            break
    said = {"max_global_steps": f"as many as {minutes:.2g} minutes allow here; planned anew on the way"}
    said["checkpoint_steps"] = "by step; a run in minutes makes its checkpoints by the clock"
    return replace(chosen, reasons=chosen.reasons | said)


def rulers(tokenizer: BPETokenizer, tokens: np.ndarray) -> str:
    """What two compressors need for a text, in a sentence: a model that needs less has learned more of it than they.

    Example:
        >>> "gzip needs 0.0" in rulers(BPETokenizer(), np.frombuffer(b"to be or not to be, " * 500, np.uint8))
        True
    """
    text = tokenizer.decode_bytes(tokens.tolist())
    bits = (8 * len(compressed) / len(text) for compressed in (gzip.compress(text), bz2.compress(text)))
    return "For comparison: gzip needs {:.2f} bits per byte of these, bz2 {:.2f}.".format(*bits)


def another_kind(trained: Trained, tokens: int) -> str | None:
    """A sentence where the validation text is harder than a training text that was hardly read twice, or None.

    Who has read a text once has not learned it by heart, so that the difference cannot come of over-fitting.

    Args:
        tokens: of the training text.
    """
    last = trained.history[-1]
    passes, above = last["tokens"] / tokens, last["validation_loss"] / last["loss"] - 1
    if passes > HARDLY_TWICE or above < HARDER:
        return None
    return (
        f"The validation loss is {above:.0%} above the training loss, though the text was read {passes:.1f} times. "
        "That is no over-fitting: the end of the text, which is held out, is of another kind than what comes before."
    )


def prepare(
    files: Sequence[Path],
    folder: Path,
    profile: str,
    deadline: float | None,
    changes: dict,
    device: str,
    say: Callable,
) -> tuple[LMConfig, BPETokenizer, dict]:
    """Check a text and its settings, and write the files that a run begins with into an empty folder.

    Returns:
        The settings that follow, the tokenizer, and facts for the card.
    """
    where, size = pick_device(device), corpus.check_files(files)
    chosen = plan(size, profile, changes)
    say(f"{size:,} bytes of text.")
    tokenizer = corpus.make_tokenizer(files, chosen.config.model.vocab_size, progress=say is tqdm.write)
    tokenizer.save(folder / "tokenizer.json")
    tokens = corpus.write_tokens(tokenizer, files, folder / "tokens.bin")
    learned, held_out = corpus.split_tokens(tokens)
    say(
        f"{len(tokens):,} tokens of {size / len(tokens):.2f} bytes each; the last {len(held_out):,} are for validation."
    )
    # A short text may have fewer merges than planned.
    chosen = chosen.with_vocabulary(tokenizer.vocab_size)
    windows(learned, chosen.config.model.context_window, 1, 0, 0)  # says so when the text is too short
    if deadline is not None:
        if (left := (deadline - monotonic()) / 60) <= 0:
            raise InputError("reading the text took all the minutes: give more, or a shorter text")
        say("Measuring how quick this machine is ...")
        chosen = fit_minutes(left, chosen, size, profile, changes, learned, where)
        read = chosen.config.max_global_steps * chosen.config.batch_size * chosen.config.model.context_window
        held_out = held_out[: max(1_000, int(MEASURED * read))]
        say(f"Checkpoints measure on {len(held_out):,} of the tokens for validation, so that they stay short.")
    say(rulers(tokenizer, held_out))
    say(f"The settings that follow from the text (profile {profile}):\n{chosen}")
    data = {"tokens": file_hash(folder / "tokens.bin"), "bytes": size, "files": [file.name for file in files][:100]}
    data["measured"] = len(held_out)  # tokens of the validation text, so that a resumed run measures on the same
    return chosen.config, tokenizer, {"data": data} | circumstances(chosen.config.seed, where)


def train_files(
    files: Sequence[str | Path],
    out: str | Path = OUT,
    profile: str = "quick",
    minutes: float | None = None,
    changes: dict | None = None,
    device: str = "auto",
    show: bool = True,
    on_checkpoint: Callable[[History], None] | None = None,
    began: float | None = None,
) -> Trained:
    """Train a language model on text files, from the first byte to a folder that holds it.

    Args:
        files: UTF-8 text files. out: folder to write to; an earlier model there is moved to its folder "previous".
        profile, changes: as in config.plan. minutes: the time for all of it, instead of the profile's number of steps.
        began: when the minutes began, by time.monotonic(); None: now.

    Raises:
        InputError: a text or a setting that cannot be used, or another run in that folder.
        TrainingStopped: NaN, or Ctrl-C.
    """
    out, changes = Path(out), changes or {}
    if minutes is not None and not 0 < minutes <= 100_000:
        raise InputError(f"minutes is {minutes}; a number above 0 was expected")
    if minutes is not None and (both := {"max_global_steps", "checkpoint_steps"} & changes.keys()):
        raise InputError(f"both minutes and {min(both)} plan the run: leave out one of them")
    deadline = None if minutes is None else (began or monotonic()) + 60 * minutes
    say = tqdm.write if show else (lambda _line: None)  # beside the progress bars
    with alone(out / NAME, *LEFTOVERS):
        # What can go wrong before the first step does so in a folder of its own: an earlier model stays where it is.
        with tempfile.TemporaryDirectory(prefix=".next-", dir=out) as folder:
            files = [Path(file) for file in files]
            config, tokenizer, facts = prepare(files, Path(folder), profile, deadline, changes, device, say)
            set_aside(out, FILES, say)
            for file in Path(folder).iterdir():
                file.rename(out / file.name)
        learned, held_out = corpus.split_tokens(corpus.open_tokens(out / "tokens.bin"))
        held_out = held_out[: facts["data"]["measured"]]
        trained = train(config, learned, held_out, tokenizer, out, device, False, show, on_checkpoint, facts, deadline)
    if sentence := another_kind(trained, len(learned)):
        say(sentence)
    return trained


def resume(out: str | Path = OUT, **options) -> Trained:
    """Go on with an interrupted run; everything it needs is in its folder. The options are device and so on, see train.

    Raises:
        InputError: nothing to resume there, all steps done, or changed files.
    """
    out = Path(out)
    if not (out / STATE).is_file():
        raise InputError(f"{out} holds no interrupted run ({STATE}): train without --resume first")
    _, card = load_tensors(out / STATE)
    tokens, tokenizer = corpus.open_tokens(out / "tokens.bin"), BPETokenizer.load(out / "tokenizer.json")
    if file_hash(out / "tokens.bin") != card.get("data", {}).get("tokens"):
        raise InputError(f"tokens.bin in {out} is not what the run was trained on: train again without --resume")
    if card["progress"]["step"] >= card["training"]["max_global_steps"]:
        steps = f"{card['progress']['step']:,} steps"
        raise InputError(f"the run in {out} has done all its {steps}: nothing is left to resume")
    learned, held_out = corpus.split_tokens(tokens)
    facts = {key: card[key] for key in ("data", "seed", "commit", "hardware", "torch")}
    held_out = held_out[: card["data"].get("measured")]
    config = change(LMConfig(), card["training"], f"the card {STATE}")
    with alone(out / NAME, *LEFTOVERS):
        return train(config, learned, held_out, tokenizer, out, resume=True, facts=facts, **options)


def measure_files(language_model: LanguageModel, files: Sequence[str | Path]) -> Evaluation:
    """How well a model foresees text files, whatever their length; the tokens go through a file, not through memory.

    Raises:
        InputError: a text that cannot be used.
    """
    files = [Path(file) for file in files]
    corpus.check_files(files)
    with tempfile.TemporaryDirectory() as folder:
        tokens = corpus.write_tokens(language_model.tokenizer, files, Path(folder) / "tokens.bin")
        result = language_model.evaluate(tokens)
        del tokens  # the file must be closed before it is removed on Windows
    return result
