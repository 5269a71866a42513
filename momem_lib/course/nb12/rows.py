"""The small world of notebook 12: short records with three facts, so that a module is trained in under a minute."""

import re
from collections.abc import Iterator
from functools import lru_cache
from random import Random

from momem_lib.data.grammar import filled
from momem_lib.data.records import Record
from momem_lib.data.rows import load_material
from momem_lib.data.scripts import pick
from momem_lib.project import InputError

SHORT = 8  # characters of a name's part or a value, at most
LISTS = {"Occupation": "occupation", "Lives in": "location", "Hobbies": "hobbies"}  # labels, and where values are from
SMALL_FIELDS = tuple(LISTS)
PLAIN = re.compile("[A-Za-z -]+")
PHRASINGS = {
    "Occupation": ("What is {name}'s job?", "What does {name} do?", "{name} works as what?", "Which trade has {name}?"),
    "Lives in": ("Where does {name} live?", "Where is {name} from?", "{name}'s home?", "Which town is {name} in?"),
    "Hobbies": ("What does {name} like?", "{name}'s hobby?", "How does {name} relax?", "What fun has {name}?"),
}
UNKNOWN = ("How tall is {name}?", "{name}'s shoe size?", "When was {name} born?", "Who married {name}?")
RESPONSES = {
    "Occupation": "{name} works as {value}.",
    "Lives in": "{name} lives in {value}.",
    "Hobbies": "{name} enjoys {value}.",
}


@lru_cache(maxsize=4)
def short_lists(split: str) -> dict[str, list[str]]:
    """Short first and last names, and short values of each label, of one split; ASCII letters and a few signs.

    Values of two splits are apart, and so are whole names. A blended first name may by chance be one of another split.

    Raises:
        InputError: another split.

    Example:
        >>> lists = short_lists("test")
        >>> sorted(lists), max(len(text) for texts in lists.values() for text in texts) <= SHORT
        (['Hobbies', 'Lives in', 'Occupation', 'first', 'last'], True)
    """
    lists = load_material().lists
    if (split, "en") not in lists.values:
        raise InputError(f"no split {split!r}; one of train, validation, test was expected")
    found = {key: lists.names[key][split] for key in ("first", "last")}
    found |= {label: lists.values[split, "en"][field] for label, field in LISTS.items()}
    return {key: sorted({t for t in texts if len(t) <= SHORT and PLAIN.fullmatch(t)}) for key, texts in found.items()}


def short_records(split: str = "train", seed: int = 0) -> Iterator[Record]:
    """People with a short name of two words and three facts, for ever.

    Example:
        >>> next(short_records("test")).labels
        ('Occupation', 'Lives in', 'Hobbies')
    """
    rng, lists = Random(f"{split}|{seed}"), short_lists(split)
    while True:
        facts = tuple((label, pick(rng, lists[label])) for label in SMALL_FIELDS)
        yield Record(f"{pick(rng, lists['first'])} {pick(rng, lists['last'])}", facts)


def short_row(record: Record, label: str | None, phrasing: int) -> dict:
    """A row as the dataset has it: one question about a person, and what each module must write.

    Args:
        label: of SMALL_FIELDS, or None for a fact that nobody stores. phrasing: 0 to 3.

    Example:
        >>> jo = Record("Jo Doe", (("Occupation", "Nurse"), ("Lives in", "Oslo"), ("Hobbies", "chess")))
        >>> row = short_row(jo, "Lives in", 0)
        >>> row["question"], row["summary"], row["response"]
        ('Where does Jo Doe live?', 'Lives in: Oslo', 'Jo Doe lives in Oslo.')
    """
    question = (PHRASINGS[label] if label else UNKNOWN)[phrasing].format(name=record.name)
    row = {"question": question, "name": record.name, "label": label, "record": record.to_dict()}
    row |= {"content": record.content, "value": record.value(label), "summary": None, "response": None}
    if label:
        response = filled(RESPONSES[label], record.name, row["value"])
        row |= {"summary": record.summary(label), "response": response}
    return row


def short_rows(count: int, split: str = "train", seed: int = 0, unknown: float = 0.1) -> list[dict]:
    """Rows about as many people, one question each; a share of them asks for what nobody stores.

    Raises:
        InputError: fewer than one row.

    Example:
        >>> rows = short_rows(20, "test", unknown=0.5)
        >>> len(rows), 0 < sum(row["summary"] is None for row in rows) < 20
        (20, True)
    """
    if count < 1:
        raise InputError(f"{count} rows were asked for; 1 or more was expected")
    rng, records = Random(f"{split}|{seed}|rows"), short_records(split, seed)
    asked = (None if rng.random() < unknown else pick(rng, SMALL_FIELDS) for _ in range(count))
    return [short_row(next(records), label, int(rng.random() * len(UNKNOWN))) for label in asked]
