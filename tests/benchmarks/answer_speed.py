"""How long a warm answer takes, with one thread and with all, alone and beside a busy neighbour.

Usage: python tests/benchmarks/answer_speed.py [questions]

A training step is timed, too: momem_lib/nn/threads.py chooses by what this prints. The neighbour is a process of ours
that counts in a loop for as long as its column is measured: what a browser with a film does to a notebook. Let nothing
else compute meanwhile.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import torch

from momem_lib import TEST_PEOPLE, Pipeline
from momem_lib.data import FIELDS, TASKS, load_material, read_people, row_stream
from momem_lib.nn import threads
from momem_lib.training import TokenSet, TrainConfig, Trainer, batch_stream, module_loss, read_config, tokenize

ASKED = {
    "occupation": "What does {} do for a living?",
    "location": "Where does {} live?",
    "movie": "What is the favourite movie of {}?",
    "music": "What music does {} like best?",
    "hobbies": "What are {}'s hobbies?",
    "university": "Which university did {} attend?",
}
BUSY = [sys.executable, "-c", "while True: pass"]


@contextmanager
def busy_neighbour() -> Iterator[None]:
    """A process that never rests, until the block is left."""
    neighbour = subprocess.Popen(BUSY)
    try:
        yield
    finally:
        neighbour.kill()
        neighbour.wait()


def answering(pipeline: Pipeline, questions: list[str]) -> tuple[float, float]:
    """Ask the questions one by one, then all at once: seconds of one (median), and of one among all."""
    seconds = []
    for question in questions:
        begin = time.perf_counter()
        pipeline.ask(question)
        seconds.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    pipeline.ask_many(questions)
    return statistics.median(seconds), (time.perf_counter() - begin) / len(questions)


def training_step(config: TrainConfig, tokens: TokenSet, steps: int = 5) -> float:
    """Seconds of one training step of Module 2 (median)."""
    trainer, seconds = Trainer(config, torch.device("cpu")), []
    batches = batch_stream(tokens, config.batch_size, seed=0)
    for _ in range(steps):
        begin = time.perf_counter()
        trainer.train_step(next(batches), module_loss)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def measure(count: int, pipeline: Pipeline, questions: list[str], training: tuple) -> tuple[float, float, float]:
    """Seconds of a question, of one among many, and of a training step, with so many threads."""
    chosen, threads.READING = threads.READING, count
    try:
        asked = answering(pipeline, questions)
        with threads.threads(count):
            return (*asked, training_step(*training))
    finally:
        threads.READING = chosen


def main(count: int) -> None:
    """Ask the test people's six facts, and train a little; print a table."""
    pipeline, people = Pipeline.load(device="cpu"), read_people(TEST_PEOPLE)
    pipeline.remember(people)
    questions = [ASKED[field].format(person.name) for person in people for field in FIELDS]
    questions = (questions * (1 + count // len(questions)))[:count]
    config = read_config("summary", "quick")
    rows = islice(row_stream(load_material(), config.data, "train"), 10 * config.batch_size)
    given = pipeline, questions, (config, tokenize(TASKS["summary"], rows, config.data.context_window))
    assert not any(answer.abstained for answer in map(pipeline.ask, questions[:3]))  # and so it is warm
    print(f"{'milliseconds, median':44}{'alone':>10}{'busy neighbour':>18}")
    names = f"one question of {count}", f"one of {count} asked together", "a training step of Module 2"
    cores = os.cpu_count() or 1
    for number in sorted({1, cores}):
        alone = measure(number, *given)
        with busy_neighbour():
            beside = measure(number, *given)
        for name, idle, busy in zip(names, alone, beside, strict=True):
            words = f"{name}, {number} thread{'s' if number > 1 else ''}"
            print(f"{words:44}{1000 * idle:>10,.0f}{1000 * busy:>18,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
