"""How long a warm answer takes, alone and beside a busy neighbour: python tests/benchmarks/answer_speed.py [questions]

The neighbour is a process of our own that counts in a loop for as long as its column is measured: what a browser with a
film does to a notebook. Let nothing else compute meanwhile.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from momem_lib import TEST_PEOPLE, Pipeline
from momem_lib.data import FIELDS, read_people

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


def measure(pipeline: Pipeline, questions: list[str]) -> dict[str, float]:
    """Ask the questions one by one and all at once: seconds of one (median, slowest), and how many a second."""
    seconds = []
    for question in questions:
        begin = time.perf_counter()
        pipeline.ask(question)
        seconds.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    pipeline.ask_many(questions)
    together = len(questions) / (time.perf_counter() - begin)
    return {"median": statistics.median(seconds), "slowest": max(seconds), "together": together}


def main(count: int) -> None:
    """Ask the test people's six facts; print a table."""
    begin = time.perf_counter()
    pipeline, people = Pipeline.load(device="cpu"), read_people(TEST_PEOPLE)
    pipeline.remember(people)
    print(f"loading the three modules and the memory: {time.perf_counter() - begin:.2f} s; {os.cpu_count()} cores")
    questions = [ASKED[field].format(person.name) for person in people for field in FIELDS]
    questions = (questions * (1 + count // len(questions)))[:count]
    answered = sum(not answer.abstained for answer in map(pipeline.ask, questions[:3]))  # and so it is warm
    alone = measure(pipeline, questions)
    with busy_neighbour():
        beside = measure(pipeline, questions)
    print(f"{'':34}{'alone':>14}{'busy neighbour':>18}")
    for key, words, unit in (
        ("median", f"one question, median of {count}", "s"),
        ("slowest", "one question, slowest", "s"),
        ("together", f"ask_many, {count} questions", "a second"),
    ):
        digits = ".1f" if unit == "a second" else ".3f"
        print(f"{words:34}{alone[key]:>14{digits}}{beside[key]:>18{digits}} {unit}")
    assert answered == min(3, count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
