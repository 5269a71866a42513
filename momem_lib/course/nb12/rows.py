"""The small world of notebook 12: short records with three facts, so that a module is trained in under a minute."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from random import Random

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


def short_rows(count: int, split: str = "train", seed: int = 0) -> list[dict]:
    """Questions about as many people, and the name in each, as Module 0 needs them; one in ten asks for no stored fact.

    Raises:
        InputError: fewer than one row.

    Example:
        >>> short_rows(1, "test")
        [{'question': 'What does Sharifa Kariuki like?', 'name': 'Sharifa Kariuki'}]
    """
    if count < 1:
        raise InputError(f"{count} rows were asked for; 1 or more was expected")
    rng, rows = Random(f"{split}|{seed}|rows"), []
    for person in islice(short_records(split, seed), count):
        phrasings = UNKNOWN if rng.random() < 0.1 else PHRASINGS[pick(rng, SMALL_FIELDS)]
        question = phrasings[int(rng.random() * len(phrasings))].format(name=person.name)
        rows.append({"question": question, "name": person.name})
    return rows
