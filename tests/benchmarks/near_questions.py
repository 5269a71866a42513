"""Questions near a stored field that nobody can answer: python tests/benchmarks/near_questions.py

Each question of data/evaluation/near_questions.json is asked about each person of data/test_people.jsonl. Right is
silence; printed are the questions that were answered, how often, and with what.
"""

import json
from collections.abc import Sequence

from momem_lib import DATA, TEST_PEOPLE
from momem_lib.data import Record, read_people
from momem_lib.system import Pipeline


def near_questions() -> list[str]:
    """All questions of the file, with {name} where the person goes."""
    parts = json.loads((DATA / "evaluation" / "near_questions.json").read_text(encoding="utf-8"))
    return [text for part in parts.values() for text in part]


def answers_to(pipeline: Pipeline, texts: Sequence[str], people: Sequence[Record]) -> dict[str, list[str]]:
    """What each question is answered with, about whomever it is answered."""
    answers: dict[str, list[str]] = {text: [] for text in texts}
    asked = [(text, text.replace("{name}", person.name)) for text in texts for person in people]
    for (text, _), answer in zip(asked, pipeline.ask_many([question for _, question in asked]), strict=True):
        if not answer.abstained:
            answers[text].append(answer.text)
    return answers


def main() -> None:
    """Ask all of them, and count the answers that should not be there."""
    pipeline, people, texts = Pipeline.load(device="cpu"), read_people(TEST_PEOPLE), near_questions()
    pipeline.remember(people)
    answers = answers_to(pipeline, texts, people)
    for text, given in sorted(answers.items(), key=lambda item: -len(item[1])):
        if given:
            print(f"{len(given):3} of {len(people)}  {text}  for instance: {given[0]}")
    wrong, silent = sum(map(len, answers.values())), sum(not given for given in answers.values())
    share = wrong / len(texts) / len(people)
    print(f"{len(texts)} questions about {len(people)} people: {share:.1%} answered, {silent} never, about anybody")


if __name__ == "__main__":
    main()
