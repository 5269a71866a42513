"""Facts for records with open fields: labels of every kind, values that suit them, and a label's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from momem_lib.data.grammar import Grammar, split_of
from momem_lib.data.lists import Lists
from momem_lib.data.records import FIELDS, LABELS, label_of
from momem_lib.data.scripts import pick

CONNECTOR = re.compile(r" (ya|wa|la|cha|za|pa|vya|mwa|kwa)$")  # ends a Swahili noun of the templates, and no header
SMALL = {"of", "the", "in", "on", "at", "for", "to", "a", "an", "by", "ya", "wa", "la", "cha", "za", "kwa", "na"}
MONTHS = ("Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
SIGNS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@dataclass(frozen=True)
class Fact:
    """One fact of a training record."""

    label: str
    value: str
    topic: str | None  # what it is about; None: only its label's own words say that


def content_words(text: str) -> set[str]:
    """The words of a text that tell what it is about.

    Example:
        >>> sorted(content_words("Date of the last visit"))
        ['date', 'last', 'visit']
    """
    return {word for word in re.findall(r"\w+", text.casefold()) if word not in SMALL}


class Headers:
    """The column headers of one split and language: of topics, of phrases, and of random words.

    No word and no phrase heads a column in two splits, and some topics are kept for validation and for test.
    """

    def __init__(self, grammar: Grammar, lists: Lists, split: str):
        self.grammar = grammar
        own = ("train", split)
        self.topics = tuple(key for key in grammar.topics if key in FIELDS or split_of(key, "topic") in own)
        labels = {label.casefold() for topic in grammar.topics.values() for label in topic.labels}
        phrases = [text for noun in grammar.headers if (text := CONNECTOR.sub("", noun)).casefold() not in labels]
        self.phrases = [text for text in phrases if split_of(text, "header") == split] or phrases
        words = [word for word in lists.words[grammar.language] if len(word) > 2 and word.isalpha()]
        self.words = [word for word in words if split_of(word, "header") == split] or words

    def topic(self, rng: Random) -> tuple[str, str]:
        """A topic and one of its labels; of the six fields, the classic one more often than not."""
        key = pick(rng, self.topics) if rng.random() < 0.65 else pick(rng, FIELDS)
        if key in FIELDS and rng.random() < 0.6:
            return key, LABELS[key]
        return key, label_of(pick(rng, self.grammar.topics[key].labels))

    def free(self, rng: Random) -> str:
        """A label that belongs to no topic: a phrase, or one to three random words."""
        if rng.random() < 0.5:
            text = pick(rng, self.phrases)
        else:
            count = pick(rng, (1, 2, 2, 2, 3))
            text = " ".join(pick(rng, self.words) for _ in range(count))
            if count > 1 and rng.random() < 0.15:
                text = text.replace(" ", pick(rng, (" of ", " for ", " no. ", " & ", " / ")), 1)
        style = rng.random()
        if style < 0.08:
            return text.title()
        return text.upper() if style < 0.1 and len(text) < 8 else text[:1].upper() + text[1:]

    def twin(self, rng: Random, label: str) -> str:
        """A label that shares all words but one with another."""
        words = label.split(" ")
        words[int(rng.random() * len(words))] = pick(rng, self.words)
        text = " ".join(words)
        return text[:1].upper() + text[1:]


def own_words(rng: Random, label: str, others: Sequence[str], english: bool = True) -> str:
    """A label as a question says it: as it is, in small letters, inflected, in another order, or with a word less.

    Args:
        others: the record's other labels; a word is left out only where what remains is in none of them.
        english: whether words may be inflected and moved as in English.

    Example:
        >>> rng = Random(3)
        >>> said = {own_words(rng, "Blood group", ["Job"]) for _ in range(99)}
        >>> said >= {"Blood group", "blood group", "blood groups", "group of blood", "blood"}
        True
    """
    words = label.split(" ")
    if not (label.isupper() and len(label) < 8):
        words = [word if word[1:] != word[1:].lower() else word.lower() for word in words]
    chance = rng.random() if english else 0.28 + 0.72 * rng.random()
    if rng.random() < 0.08:
        return label
    if chance < 0.20 and len(words) > 1:
        words = _reordered(rng, words)
    elif chance < 0.28 and words[-1].isalpha():
        words[-1] = words[-1][:-1] if words[-1].endswith("s") and len(words[-1]) > 4 else words[-1] + "s"
    elif chance < 0.36 and len(words) > 1:
        place = int(rng.random() * len(words))
        left = words[:place] + words[place + 1 :]
        taken = set().union(*map(content_words, others)) if others else set()
        if (kept := content_words(" ".join(left))) and not kept & taken:
            words = left
    elif chance < 0.40:
        words = [word for word in words if word not in SMALL] or words
    text = " ".join(words)
    return text[:1].upper() + text[1:] if chance > 0.95 else text


def _reordered(rng: Random, words: list[str]) -> list[str]:
    if "of" in words[1:-1]:
        place = words.index("of")
        return words[place + 1 :] + words[:place]
    if len(words) == 2:
        return pick(rng, ([words[1], "of", words[0]], [words[1], "of", "the", words[0]], [words[1], words[0]],
                          [words[0] + "'s", words[1]], [words[1], "for", words[0]]))  # fmt: skip
    return [*words[1:], "of", words[0]] if rng.random() < 0.5 else [words[-1], *words[:-1]]


def value_of_kind(rng: Random, kind: str, pools: dict[str, list[str]], name: str) -> str:
    """A value that suits a kind of column.

    Example:
        >>> [value_of_kind(Random(seed), "date", {}, "Jo") for seed in (1, 2)]
        ['2015-01-25', '2000-09-12']
    """
    number = int(rng.random() * 10 ** (1 + int(rng.random() * 5)))
    code = "".join(rng.choices(SIGNS[24:], k=2 + int(rng.random() * 6)))
    if kind == "number":
        return pick(rng, (f"{number}", f"{number:,}", f"{number / 10}", f"{number % 40}"))
    if kind == "date":
        day, month, year = 1 + number % 28, int(rng.random() * 12), 1940 + int(rng.random() * 90)
        return pick(rng, (f"{day} {MONTHS[month]} {year}", f"{year}-{month + 1:02}-{day:02}",
                          f"{day:02}/{month + 1:02}/{year}", f"{MONTHS[month]} {day}"))  # fmt: skip
    if kind == "year":
        return str(1800 + int(rng.random() * 240))
    if kind == "phone":
        prefix, groups = pick(rng, ("+254 ", "0", "+49 ", "(020) ", "ext. ")), pick(rng, (1, 2, 3))
        return prefix + " ".join(str(int(rng.random() * 900) + 100) for _ in range(groups))
    if kind == "email":
        user = re.sub("[^a-z]", "", name.casefold())[:9] or code
        return f"{user}{number % 100}@{pick(rng, ('school', 'mail', 'post'))}.org"
    if kind == "money":
        return pick(rng, (f"{number:,} EUR", f"${number}", f"KSh {number:,}", f"{number}.50"))
    if kind == "yesno":
        return pick(rng, ("yes", "no", "Yes", "No", "Ndiyo", "Hapana", "not yet", "n/a"))
    if kind == "time":
        return f"{number % 24:02}:{pick(rng, ('00', '15', '30', '45'))}"
    if kind == "size":
        letters = "XS", "S", "M", "L", "XL", "XXL"
        return pick(rng, (*letters, f"{30 + number % 20}", f"{number % 250} cm", f"{number} kg"))
    if kind == "colour":
        return pick(rng, ("red", "dark blue", "green", "grey", "black and white", "nyekundu", "buluu", "light brown"))
    if kind == "code":
        return pick(rng, (code, f"{code}-{number}", f"{code[:1]} {number}", f"{number}/{code}"))
    if kind == "place":
        return pick(rng, pools["location"])
    texts = pick(rng, pools[pick(rng, FIELDS)])
    return texts if kind != "list" else f"{texts}, {pick(rng, pools['hobbies'])}"
