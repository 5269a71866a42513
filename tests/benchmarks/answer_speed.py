"""How long an answer takes, warm: python tests/benchmarks/answer_speed.py [questions]"""

import statistics
import sys
import time

from momem_lib import TEST_PEOPLE
from momem_lib.data import FIELDS, read_people
from momem_lib.system import Pipeline

ASKED = {
    "occupation": "What does {} do for a living?",
    "location": "Where does {} live?",
    "movie": "What is the favourite movie of {}?",
    "music": "What music does {} like best?",
    "hobbies": "What are {}'s hobbies?",
    "university": "Which university did {} attend?",
}


def main(count: int) -> None:
    """Ask the test people's six facts one by one and all at once; print a table."""
    begin = time.perf_counter()
    pipeline = Pipeline.load(device="cpu")
    people = read_people(TEST_PEOPLE)
    pipeline.remember(people)
    loading = time.perf_counter() - begin
    questions = [ASKED[field].format(person.name) for person in people for field in FIELDS]
    questions = (questions * (1 + count // len(questions)))[:count]
    for question in questions[:3]:
        pipeline.ask(question)
    seconds = []
    for question in questions:
        begin = time.perf_counter()
        pipeline.ask(question)
        seconds.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    answers = pipeline.ask_many(questions)
    together = time.perf_counter() - begin
    answered = sum(not answer.abstained for answer in answers)
    print(f"loading the three modules and the memory   {loading:8.2f} s")
    print(f"one question, median of {count:<6}             {statistics.median(seconds):8.3f} s")
    print(f"one question, slowest                      {max(seconds):8.3f} s")
    print(f"ask_many, {count} questions                  {count / together:8.1f} a second")
    print(f"answered rather than abstained             {answered:8} of {count}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
