"""The small world of notebook 12: short records with three facts, so that a module is trained in under a minute."""

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from momem_lib.data.grammar import filled
from momem_lib.data.records import LABELS, Person
from momem_lib.data.rows import load_material
from momem_lib.data.scripts import pick
from momem_lib.project import InputError

SHORT = 8  # characters of a name's part or a value, at most
SMALL_FIELDS = ("occupation", "location", "hobbies")
PHRASINGS = {
    "occupation": ("What is {name}'s job?", "What does {name} do?", "{name} works as what?", "Which trade has {name}?"),
    "location": ("Where does {name} live?", "Where is {name} from?", "{name}'s home?", "Which town is {name} in?"),
    "hobbies": ("What does {name} like?", "{name}'s hobby?", "How does {name} relax?", "What fun has {name}?"),
}
UNKNOWN = ("How tall is {name}?", "{name}'s shoe size?", "When was {name} born?", "Who married {name}?")
RESPONSES = {
    "occupation": "{name} works as {value}.",
    "location": "{name} lives in {value}.",
    "hobbies": "{name} enjoys {value}.",
}


@lru_cache(maxsize=4)
def short_lists(split: str) -> dict[str, list[str]]:
    """Short first and last names, and short values of each field, of one split; ASCII letters and a few signs.

    Values of two splits are apart, and so are whole names. A blended first name may by chance be one of another split.

    Raises:
        InputError: another split.

    Example:
        >>> lists = short_lists("test")
        >>> sorted(lists), max(len(text) for texts in lists.values() for text in texts) <= SHORT
        (['first', 'hobbies', 'last', 'location', 'occupation'], True)
    """
    lists = load_material().lists
    if (split, "en") not in lists.values:
        raise InputError(f"no split {split!r}; one of train, validation, test was expected")
    found = {key: lists.names[key][split] for key in ("first", "last")}
    found |= {field: lists.values[split, "en"][field] for field in SMALL_FIELDS}
    return {key: sorted({t for t in texts if len(t) <= SHORT and plain(t)}) for key, texts in found.items()}


def plain(text: str) -> bool:
    """Whether a text has ASCII letters, spaces and hyphens alone.

    Example:
        >>> plain("Jo-Ann Doe"), plain("Zoë"), plain("R2")
        (True, False, False)
    """
    return text.isascii() and text.replace(" ", "").replace("-", "").isalpha()


def short_people(split: str = "train", seed: int = 0) -> Iterator[Person]:
    """People with a short name of two words and three facts, for ever; the other facts are empty.

    Example:
        >>> person = next(short_people("test"))
        >>> len(person.name) <= 2 * SHORT + 1, person.movie
        (True, '')
    """
    rng, lists = Random(f"{split}|{seed}"), short_lists(split)
    while True:
        drawn = {field: pick(rng, lists[field]) for field in SMALL_FIELDS}
        yield Person(pick(rng, lists["first"]), pick(rng, lists["last"]), movie="", music="", university="", **drawn)


def short_content(person: Person) -> str:
    """A record of the small world: name and three facts.

    Example:
        >>> short_content(Person("Jo", "Doe", "Nurse", "Oslo", "", "", "chess", ""))
        'Name: Jo Doe; Occupation: Nurse; Lives in: Oslo; Hobbies: chess;'
    """
    return f"Name: {person.name};" + "".join(f" {LABELS[field]}: {getattr(person, field)};" for field in SMALL_FIELDS)


def short_row(person: Person, field: str | None, phrasing: int) -> dict:
    """A row as the dataset has it: one question about a person, and what each module must write.

    Args:
        field: of SMALL_FIELDS, or None for a fact that nobody stores. phrasing: 0 to 3.

    Example:
        >>> row = short_row(Person("Jo", "Doe", "Nurse", "Oslo", "", "", "chess", ""), "location", 0)
        >>> row["question"], row["summary"], row["response"]
        ('Where does Jo Doe live?', 'Lives in: Oslo', 'Jo Doe lives in Oslo.')
    """
    asked = UNKNOWN if field is None else PHRASINGS[field]
    row = {"question": asked[phrasing].format(name=person.name), "name": person.name, "field": field, "person": person}
    row |= {"content": short_content(person), "summary": None, "response": None, "value": None}
    if field is not None:
        value = getattr(person, field)
        row |= {"summary": person.summary(field), "value": value}
        row["response"] = filled(RESPONSES[field], person.name, value)
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
    rng, people = Random(f"{split}|{seed}|rows"), short_people(split, seed)
    asked = (None if rng.random() < unknown else pick(rng, SMALL_FIELDS) for _ in range(count))
    return [short_row(next(people), field, int(rng.random() * len(UNKNOWN))) for field in asked]
