"""Questions near a stored field that nobody can answer: python tests/benchmarks/near_questions.py

Each question of data/evaluation/near_questions.json is asked about each person of data/test_people.jsonl. Right is
silence; printed are the questions that were answered, how often, and with what.
"""

import json
from collections import defaultdict

from momem_lib.pipeline import Pipeline
from momem_lib.project import DATA


def main() -> None:
    """Ask all of them at once, and count the answers that should not be there."""
    questions = json.loads((DATA / "evaluation" / "near_questions.json").read_text(encoding="utf-8"))
    texts = [text for part in questions.values() for text in part]
    pipeline = Pipeline.load(device="cpu")
    people = list(pipeline.memory)
    asked = [(text, text.replace("{name}", person.name)) for text in texts for person in people]
    answered = defaultdict(list)
    for (text, _), answer in zip(asked, pipeline.ask_many([question for _, question in asked]), strict=True):
        if not answer.abstained:
            answered[text].append(answer.text)
    for text, answers in sorted(answered.items(), key=lambda item: -len(item[1])):
        print(f"{len(answers):3} of {len(people)}  {text}  for instance: {answers[0]}")
    wrong = sum(map(len, answered.values()))
    print(f"{len(texts)} questions about {len(people)} people each: {1 - wrong / len(asked):.1%} silent, "
          f"{wrong / len(asked):.1%} answered; {len(texts) - len(answered)} questions are never answered")  # fmt: skip


if __name__ == "__main__":
    main()
