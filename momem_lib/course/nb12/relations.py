"""A relation for notebook 12's last exercise: people who are named by what they are to somebody ("Jo Doe's boss")."""

from collections.abc import Callable, Sequence
from itertools import islice
from random import Random

from momem_lib.course.nb12.rows import short_records
from momem_lib.course.nb12.small import small_config, train_watched
from momem_lib.data.records import Record
from momem_lib.data.scripts import pick
from momem_lib.data.tasks import TASKS, stands_in
from momem_lib.nn.module import Module

# Those of the test split are met in no training row: what is learned must be how to copy one, and not a list of them.
RELATIONS = {
    "train": ("boss", "sister", "brother", "neighbour", "doctor", "cousin", "tutor", "partner", "uncle", "dentist",
              "guide", "nephew", "manager", "lawyer", "best friend", "father"),
    "test": ("mentor", "landlord", "aunt", "deputy", "coach", "flatmate"),
}  # fmt: skip
WORDINGS = {
    "Occupation": ("What is {}'s job?", "What does {} do for a living?", "What work does {} do?"),
    "Lives in": ("Where does {} live?", "In which town does {} live?", "Where is the home of {}?"),
    "Hobbies": ("What are {}'s hobbies?", "Which hobbies does {} have?", "What is the hobby of {}?"),
}
FORMS = ("{name}'s {relation}", "the {relation} of {name}")


def described_people(count: int, split: str = "train", seed: int = 0) -> list[tuple[str, str, str]]:
    """Material for rows: a wording with a gap, a name, and somebody described by a relation to that person.

    Example:
        >>> described_people(1, "test")[0][2]
        "Sharifa Kariuki's aunt"
    """
    rng, people = Random(f"described|{split}|{seed}"), short_records(split, seed)
    found = []
    for person in islice(people, count):
        described = pick(rng, FORMS).format(name=person.name, relation=pick(rng, RELATIONS[split]))
        found.append((pick(rng, WORDINGS[pick(rng, tuple(WORDINGS))]), person.name, described))
    return found


def hop_rows(wording: str, name: str, described: str) -> list[dict]:
    """Three rows: a question about somebody who is described, and two in which nobody has to be found first.

    Example:
        >>> [row["name"] for row in hop_rows("Where does {} live?", "Jo Doe", "Jo Doe's boss")]
        ["Jo Doe's boss", None, None]
    """
    asked = {wording.format(described): described, wording.format(name): None, f"Who is {described}?": None}
    return [{"question": question, "name": target} for question, target in asked.items()]


def trained_reader(rows: Sequence[dict], steps: int, seed: int = 0) -> Module:
    """A small module that writes the description in a question, or <none>: shaped and trained as a small Module 0."""
    config = small_config("ner", max_global_steps=steps, batch_size=24, seed=seed, ngram_rows=2048)
    return Module(TASKS["ner"], train_watched("ner", config, rows).model)


def related_people(count: int, seed: int = 0) -> list[Record]:
    """Records of the small world in which each person also has two relations, to people with and without a record.

    Example:
        >>> people = related_people(12)
        >>> len(people), len(people[0].facts)
        (12, 5)
    """
    rng = Random(f"related|{seed}")
    people = list({person.name: person for person in islice(short_records("test", seed), 2 * count)}.values())
    known, strangers, found = people[:count], people[count:], []
    for person in known:
        facts = list(person.facts)
        for relation in rng.sample(RELATIONS["test"], 2):
            others = strangers if rng.random() < 0.2 else [one for one in known if one is not person]
            facts.append((relation.capitalize(), pick(rng, others).name))
        found.append(Record(person.name, tuple(facts)))
    return found


def relation_questions(people: Sequence[Record], seed: int = 0) -> list[tuple[str, str | None]]:
    """Two questions about each person, with the value that is right, or None where the memory does not hold it.

    One in three is plain (about the person, or "Who is Jo Doe's boss?"); the others ask about somebody described.
    """
    rng, names, asked = Random(f"asked|{seed}"), {person.name: person for person in people}, []
    for person in people:
        for kind in ("hop", pick(rng, ("hop", "plain", "who"))):
            relation = pick(rng, RELATIONS["test"] if rng.random() < 0.25 else [x.lower() for x in person.labels[3:]])
            described = pick(rng, FORMS).format(name=person.name, relation=relation)
            relative, label = person.value(relation.capitalize()), pick(rng, tuple(WORDINGS))
            if kind == "who":
                asked.append((f"Who is {described}?", relative))
                continue
            subject = person if kind == "plain" else names.get(relative)
            text = pick(rng, WORDINGS[label]).format(person.name if kind == "plain" else described)
            asked.append((text, subject and subject.value(label)))
    return asked


def counted(answer: Callable[[str], str | None], asked: Sequence[tuple[str, str | None]]) -> dict[str, list[str]]:
    """The questions by outcome: right (the value, or silence where there is none), silent, and wrong.

    Args:
        answer: from a question to a text, or None for silence.
    """
    found: dict[str, list[str]] = {"right": [], "silent": [], "wrong": []}
    for question, value in asked:
        text = answer(question)
        right = text is None if value is None else text is not None and stands_in(text, value)
        found["right" if right else "silent" if text is None else "wrong"].append(question)
    return found
