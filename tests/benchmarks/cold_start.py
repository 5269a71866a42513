"""Where the processor time of a cold `momem ask` goes: python tests/benchmarks/cold_start.py

Seconds of one process, user and system, from its start to its first answer: what a command costs that answers one
question. (What an import consists of, says  python -X importtime -m momem_lib.cli ask "...".)
"""

import importlib
import sys
import time

QUESTION = "Where does Muchiri T'Challa live?"


def main() -> None:
    """Do what `momem ask` does, part by part, and print a table."""
    times = [("Python", time.process_time())]

    def done(part: str) -> None:
        times.append((part, time.process_time()))

    importlib.import_module("torch")
    done("PyTorch")
    pipeline_file = importlib.import_module("momem_lib.system.pipeline")
    done("momem_lib")
    pipeline = pipeline_file.Pipeline.load(device="cpu")
    done("weights")
    from momem_lib import TEST_PEOPLE
    from momem_lib.data import read_people

    pipeline.remember(read_people(TEST_PEOPLE))
    done("memory")
    answer = pipeline.ask(QUESTION)
    done("answer")
    before = 0.0
    for part, seconds in times:
        print(f"{part:12}{seconds - before:8.2f} s")
        before = seconds
    print(f"{'all of it':12}{before:8.2f} s of processor time, {len(sys.modules):,} modules in memory: {answer}")


if __name__ == "__main__":
    main()
