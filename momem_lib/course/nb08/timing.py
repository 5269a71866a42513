"""How fast the memory is: invented people, misspelt names, and the time that each kind of look-up takes.

Names are put together from data/lists, so that common pieces are as common as in life.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from string import ascii_lowercase

from rapidfuzz import fuzz, process

from momem_lib.data.lists import read_list
from momem_lib.data.records import LABELS, Record
from momem_lib.project import LISTS
from momem_lib.system.memory import SHORTLIST, Memory
from momem_lib.system.names import likeness, search_key


def made_up_word(rng: random.Random) -> str:
    """A made-up name of one to three syllables."""
    syllables = "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3)))
    return (syllables + rng.choice(["", "n", "r", "s", "l", "ki", "son", "ez", "ova", "t"])).capitalize()


def invented_people(count: int, rng: random.Random) -> Iterator[Record]:
    """So many people, most of whom bear a middle name or a double last name, so that few share a full name.

    Example:
        >>> len({person.name for person in invented_people(50, random.Random(0))}) > 45
        True
    """
    first, last = ([name for name, _ in read_list(LISTS / f"{part}_names.csv")] for part in ("first", "last"))
    for number in range(count):
        surname = rng.choice(last) if number % 3 else f"{rng.choice(last)}-{rng.choice(last)}"
        names = rng.choice(first) if number % 4 == 0 else f"{rng.choice(first)} {rng.choice(first)}"
        values = [f"{value} {rng.randrange(1000)}" for value in ("Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")]
        yield Record(f"{names} {surname}", tuple(zip(LABELS.values(), values, strict=True)))


def misspelt(name: str, rng: random.Random) -> str:
    """The name with one or two letters changed, left out or put in; it may come out as it was.

    Example:
        >>> misspelt("Muchiri", random.Random(1))
        'Muchii'
    """
    for _ in range(rng.choice((1, 2))):
        place = rng.randrange(1, len(name))
        instead = rng.choice(("", rng.choice(ascii_lowercase), name[place] + rng.choice(ascii_lowercase)))
        name = name[:place] + instead + name[place + 1 :]
    return name


def slips(seed: int, known: int = 600, searches: int = 150, longest: int = 14) -> tuple[list[str], ...]:
    """Search keys of short names: who is known, who of them is meant, how that was spelt, and strangers' keys.

    Args:
        seed: of all that is drawn. longest: letters of a name; in a short one, each letter counts the more.

    Example:
        >>> everybody, meant, spelt, strangers = slips(0, known=50, searches=2)
        >>> len(everybody), meant == everybody[:2], len(spelt), set(strangers) & set(everybody)
        (50, True, 2, set())
    """
    rng = random.Random(seed)
    short = {}  # each once
    for person in invented_people(1000 * (known + searches), rng):
        if len(person.name) <= longest:
            short[search_key(person.name)] = None
        if len(short) == known + searches:
            break
    names = list(short)
    meant = names[:searches]
    spelt = [search_key(misspelt(name, rng)) for name in meant]
    return names[:known], meant, spelt, names[known:]


Clock = Callable[[], float]


def timed(call: Callable[[str], object], tags: Sequence[str], clock: Clock) -> tuple[list[float], list]:
    """Seconds of each call, and what each gave."""
    times, results = [], []
    for tag in tags:
        start = clock()
        results.append(call(tag))
        times.append(clock() - start)
    return times, results


def read_every_name(tag: str, keys: dict[str, str]) -> list[str]:
    """What a search without an index does: compare the tag with every name, then rank the most alike.

    Args:
        tag: the name asked for.
        keys: name -> search key, of everybody.

    Example:
        >>> read_every_name("Jo Do", {"Jo Doe": "jo doe", "Zoë": "zoe"})
        ['Jo Doe', 'Zoë']
    """
    key = search_key(tag)
    alike = process.extract(key, keys, scorer=fuzz.ratio, limit=SHORTLIST)
    return sorted((name for _, _, name in alike), key=lambda name: -likeness(key, keys[name]))


def measure(memory: Memory, rng: random.Random, trials: int = 300, clock: Clock = time.perf_counter) -> dict:
    """Time the look-ups of a filled memory: medians and 95th percentiles, and how many misspelt owners were offered.

    Args:
        memory: filled with people whose names have two letters at least.
        rng: draws the names, and misspells them.
        trials: near misses timed; ten times as many exact look-ups, and a tenth as many readings of every name.
        clock: gives seconds; time.process_time leaves out what other programs take of a busy machine.

    Example:
        >>> with Memory() as memory:
        ...     _ = memory.remember(invented_people(100, random.Random(0)))
        ...     found = measure(memory, random.Random(0), trials=20)
        >>> found["people"], found["trials"], found["offered"] >= 15, found["exact_us"] > 0
        (100, 20, True, True)
    """
    names = memory.names()
    tags = [rng.choice(names) for _ in range(10 * trials)]
    exact, found = timed(memory.look_up, tags, clock)
    assert all(answer.status in ("exact", "ambiguous") for answer in found)
    wrong = [misspelt(tag, rng) for tag in tags[:trials]]
    near, guesses = timed(memory.look_up, wrong, clock)
    nobody, _ = timed(memory.look_up, [f"{made_up_word(rng)} {made_up_word(rng)}" for _ in range(trials)], clock)
    short, _ = timed(memory.look_up, [name[:2] for name in tags[:trials]], clock)
    keys = {name: search_key(name) for name in names}
    every, _ = timed(lambda tag: read_every_name(tag, keys), wrong[: max(3, trials // 10)], clock)
    offered = sum(tag in dict(guess.candidates) for tag, guess in zip(tags, guesses, strict=False))
    numbers = {"people": len(memory), "trials": trials, "offered": offered}
    numbers["exact_us"] = 1e6 * statistics.median(exact)
    for kind, times in (("near", near), ("nobody", nobody), ("short", short), ("every_name", every)):
        numbers[f"{kind}_ms"] = 1e3 * statistics.median(times)
        numbers[f"{kind}_p95_ms"] = 1e3 * sorted(times)[int(0.95 * len(times))]
    return numbers
