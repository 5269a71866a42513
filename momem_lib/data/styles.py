"""Names and values of many shapes: shuffled, random, of every script, long, or with a label in them."""

import string
from collections.abc import Callable, Sequence
from random import Random
from unicodedata import category

from momem_lib.data.lists import LONGEST, Lists
from momem_lib.data.records import FIELDS, LABELS
from momem_lib.data.scripts import blends, pick, script_text

STYLES = ("plain", "long", "shuffled", "label", "script", "random")  # from the tamest to the most exotic
PRINTABLE = string.ascii_letters * 2 + string.digits + string.punctuation + "  "


def shuffled(rng: Random, text: str) -> str:
    """The characters of a text in another order, without white space at the ends."""
    random = rng.random
    return "".join(sorted(text, key=lambda _: random())).strip()


def random_text(rng: Random, shortest: int = 2, longest: int = 25) -> str:
    """Random printable ASCII, without white space at the ends and without closing punctuation."""
    while True:
        text = "".join(rng.choices(PRINTABLE, k=shortest + int(rng.random() * (longest - shortest + 1))))
        if text[0] != " " and text[-1] not in " .?!,":
            return text


def sprinkled(rng: Random, text: str) -> str:
    """A text with a few characters replaced by random ones ("$tev0 Ca$hmoney")."""
    letters = list(text)
    for _ in range(1 + len(letters) // 5):
        letters[int(rng.random() * len(letters))] = pick(rng, PRINTABLE[:-2])
    return "".join(letters).rstrip(".?!, ") or "x1"


def long_text(rng: Random, pool: list[str]) -> str:
    """Several values of a list joined, up to LONGEST characters."""
    joint = pick(rng, (" and ", ", ", " & ", " / ", " or ", "; ", " - ", ", ", " + "))
    text = pick(rng, pool)
    for _ in range(3):
        longer = text + joint + pick(rng, pool)
        if len(longer) > LONGEST:
            break
        text = longer
    return text


def label_text(rng: Random, value: str, other: str) -> str:
    """A value with ';', ':' or the label of a field in it: a module that trusts such signs will be misled."""
    label = LABELS[pick(rng, FIELDS)]
    kind = int(rng.random() * 9)
    return (f"{value}; {label}: {other}", f"{value}: {other}", f"{value}; {other}", f"{label}: {value}", f"{value};",
            f"{value} ({label}: {other})", f"{label} {value}", f";) {value}", f"{value}; {other};")[kind]  # fmt: skip


def styled_value(rng: Random, style: str, pool: list[str], lists: Lists, split: str) -> str:
    """A value of a style, made from the entries of one split."""
    if style == "plain":
        return pick(rng, pool)
    while True:
        if style == "shuffled":
            value = shuffled(rng, pick(rng, pool))
        elif style == "random":
            value = random_text(rng) if rng.random() < 0.7 else sprinkled(rng, pick(rng, pool))
        elif style == "script":
            value = script_text(rng, pick(rng, (1, 1, 2, 3)))
        elif style == "label":
            value = label_text(rng, pick(rng, pool), pick(rng, pool))
        else:
            value = long_text(rng, pool)
        if value and value == value.strip() and lists.splits.get(value, split) == split:
            return value


QUOTES = "'\"’‘“”«»()[]{}<> "
NAME_STARTS = frozenset(QUOTES + ".,;:-")  # would leave open where a name begins,
NAME_ENDS = frozenset(QUOTES + ".,;:-?!–/\\|_*`")  # and where it ends
PARTICLES = ("van", "van der", "van den", "de", "de la", "del", "della", "di", "da", "dos", "du", "le", "la", "von",
             "von der", "zu", "bin", "bint", "ibn", "al", "el", "ben", "bat", "wa", "ole", "ter", "ten", "af", "av",
             "y", "e", "St.", "Mac")  # fmt: skip
PREFIXES = ("al-", "el-", "O'", "D'", "T'", "Mc", "Mac", "N'", "d'", "Fitz", "El ", "Al-", "L'", "ap ", "Ó ", "Nic ",
            "M'", "Ng'")  # fmt: skip
SUFFIXES = ("Jr.", "Jr.", "Sr.", "Sr.", "II", "III", "IV", "PhD", "MD", "the Great", "the Younger", "Esq.", "OBE",
            "3rd", "VIII", "XIV")  # fmt: skip
ODD_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZÆØÅÞÐÑÇŁŠŽÉÖÜ"


def plain_name(rng: Random, first: list[str], last: list[str]) -> tuple[str, str]:
    """A first and a last name of one to five words: middle names, particles, initials, suffixes."""
    kind = rng.random()
    fname, lname = pick(rng, first), pick(rng, last)
    if kind < 0.46:
        return fname, lname
    if kind < 0.58:
        return fname, ""
    if kind < 0.60:
        return lname, ""
    if kind < 0.68:
        return f"{fname} {pick(rng, first)}", lname
    if kind < 0.76:
        return fname, f"{pick(rng, PARTICLES)} {lname}"
    if kind < 0.79:
        return fname, pick(rng, PREFIXES) + lname
    if kind < 0.82:
        return f"{fname} {pick(rng, ODD_LETTERS[:25])}.", lname
    if kind < 0.86:
        initials = f"{pick(rng, ODD_LETTERS[:25])}.{pick(rng, (' ', ''))}{pick(rng, ODD_LETTERS[:25])}."
        return (initials, lname) if rng.random() < 0.7 else (initials[:2], lname)
    if kind < 0.90:
        return fname, f"{lname} {pick(rng, SUFFIXES)}"
    if kind < 0.93:
        return fname, f"{lname}-{pick(rng, last)}"
    if kind < 0.96:
        return fname, f"{lname} {pick(rng, last)}"
    if kind < 0.975:
        odd = f"{pick(rng, ODD_LETTERS)} {pick(rng, ODD_LETTERS)}"
        return odd, pick(rng, (lname, f"{pick(rng, PARTICLES)} {lname}"))
    if kind < 0.985:
        return f"{fname}-{pick(rng, first)}", lname
    return f"{fname} {pick(rng, first)}", f"{pick(rng, PARTICLES)} {lname} {pick(rng, SUFFIXES)}"


def with_odd_word(rng: Random, fname: str, lname: str, words: list[str]) -> tuple[str, str]:
    """A name with a word in it that no list of names holds: two letters, a number, an everyday word.

    Only how such a name stands in its question says where it begins and ends, since the look of its words does not.

    Example:
        >>> [" ".join(with_odd_word(Random(seed), "Jo", "Doe", ["market"])) for seed in (1, 2, 12, 24)]
        ['Jo Market Doe', 'Jo #8 Doe', 'Jo rr Doe', 'Jo Doe Vez']
    """
    letters = "".join(rng.choices(string.ascii_lowercase, k=1 + int(rng.random() * 3)))
    number = int(rng.random() * 10)
    word = pick(rng, (letters.capitalize(), letters.capitalize(), letters, pick(rng, words).capitalize(), f"#{number}",
                      f"{letters.upper()}{number}", f"{number}th"))  # fmt: skip  # 2th is as good a name as 4th
    place = rng.random()
    if word == letters or (place < 0.45 and lname):  # a particle stands before a last name alone
        return fname, f"{word} {lname}".strip() if lname else word.capitalize()
    if place < 0.65:
        return fname, word
    return (f"{word} {fname}", lname) if place > 0.9 and word[0] != "#" else (fname, f"{lname} {word}".strip())


def with_keyword(rng: Random, fname: str, lname: str, keywords: Sequence[str]) -> tuple[str, str]:
    """A name with a word in it that gives a field away elsewhere: "Melody Doe", "Jo Field".

    Such a word in a question says nothing about what is asked for; only where it stands tells.

    Example:
        >>> [" ".join(with_keyword(Random(seed), "Jo", "Doe", ["melody"])) for seed in (0, 1, 4)]
        ['Jo Melody', 'Jo Melody Doe', 'Melody Doe']
    """
    word = pick(rng, keywords).capitalize()
    place = rng.random()
    if place < 0.5:
        return word, lname
    return (fname, word) if place < 0.8 else (f"{fname} {word}", lname)


def ending_in_s(word: str) -> str:
    """A word with an s at its end, unless it has one or ends in another sign than a Latin letter.

    Example:
        >>> ending_in_s("Robert"), ending_in_s("Jonas"), ending_in_s("OAK"), ending_in_s("Jr."), ending_in_s("王")
        ('Roberts', 'Jonas', 'OAKS', 'Jr.', '王')
    """
    if not word[-1:].isalpha() or word[-1] > "\u024f" or word[-1] in "sS":
        return word
    return word + ("S" if word[-1].isupper() and len(word) > 1 else "s")


def styled_name(
    rng: Random,
    style: str,
    lists: Lists,
    split: str,
    fresh: bool = False,
    odd: float = 0.0,
    keyword: float = 0.0,
    final_s: float = 0.0,
    keywords: Sequence[str] = (),
) -> tuple[str, str]:
    """A name of a style, as first and last name, that leaves no doubt where it ends.

    Args:
        fresh: made of names blended for it. odd: the chance of a word that no list of names holds.
        keyword: the chance of one of the keywords. final_s: the chance of an s at the end.
    """
    listed = [lists.names[key][split] for key in ("first", "last")]
    while True:
        first, last = [blends(rng, pool, 3) for pool in listed] if fresh else listed
        fname, lname = NAME_MAKERS[style](rng, first, last)
        if odd and rng.random() < odd:
            fname, lname = with_odd_word(rng, fname, lname, pick(rng, list(lists.words.values())))
        if keyword and rng.random() < keyword:
            fname, lname = with_keyword(rng, fname, lname, keywords)
        if final_s and rng.random() < final_s:
            fname, lname = (fname, ending_in_s(lname)) if lname else (ending_in_s(fname), "")
        name = f"{fname} {lname}" if lname else fname
        # A name may by chance (van + Dyk) be the entry of another split.
        if fname and clear_name(name) and all(lists.splits.get(part, split) == split for part in (name, fname, lname)):
            return fname, lname


def clear_name(name: str) -> bool:
    """Whether a question can show where a name begins and ends (no quotes, 's or punctuation at its edges).

    Example:
        >>> clear_name("Bob Jr."), clear_name("Bob's"), clear_name("Bob,")
        (True, False, False)
    """
    if name[0] in NAME_STARTS or (name[-1] in NAME_ENDS and not (name[-1] == "." and name[-2:-1].isalpha())):
        return False
    if category(name[0])[0] == "M":  # a sign that would join the white space before it
        return False
    return "  " not in name and name[-2:] not in ("'s", "’s", "'S", "’S") and name == name.strip()


def _shuffled_name(rng: Random, first: list[str], last: list[str]) -> tuple[str, str]:
    return shuffled(rng, pick(rng, first)), shuffled(rng, pick(rng, last)) if rng.random() < 0.8 else ""


def _random_name(rng: Random, first: list[str], last: list[str]) -> tuple[str, str]:
    kind = rng.random()
    if kind < 0.4:
        return sprinkled(rng, pick(rng, first)), sprinkled(rng, pick(rng, last))
    if kind < 0.6:
        return random_text(rng, 2, 18), ""
    return random_text(rng, 2, 12), random_text(rng, 2, 12)


def _script_name(rng: Random, _first: list[str], _last: list[str]) -> tuple[str, str]:
    words = script_text(rng, pick(rng, (1, 2, 2, 2, 3))).split(" ")
    return words[0], " ".join(words[1:])


def _long_name(rng: Random, first: list[str], last: list[str]) -> tuple[str, str]:
    words = [pick(rng, pick(rng, (first, last))) for _ in range(pick(rng, (2, 3, 3)))]
    return pick(rng, first), " ".join(words)


NAME_MAKERS: dict[str, Callable] = {
    "plain": plain_name,
    "shuffled": _shuffled_name,
    "random": _random_name,
    "script": _script_name,
    "label": lambda rng, first, last: (pick(rng, first), label_text(rng, pick(rng, last), pick(rng, last))),
    "long": _long_name,
}
