"""Names as text: when two spellings are one name, how alike two names are, and how a sentence lists them."""

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz

from momem_lib.data.records import Record

PLAIN = str.maketrans(dict.fromkeys("’‘‛ʼʻ′`´", "'") | dict.fromkeys("‐‑‒–—―−﹘", "-"))
UNSEEN = re.compile(  # Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt)
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Letters that Unicode does not take apart into a plain letter and a sign.
BARE = str.maketrans(dict(zip("øłđðħıŧæœþ", ("o", "l", "d", "d", "h", "i", "t", "ae", "oe", "th"), strict=True)))
SHOWN = 60  # characters of a name or value that a sentence shows
LISTED = 5  # names that a sentence lists


def normalise(tag: str) -> str:
    """The form in which two spellings of one name are equal: case, white space, apostrophe and hyphen style aside.

    Unicode NFKC and case folding, and what nobody sees does not count; accents and signs stay, so '$tev0' is not
    'stev0' and 'Zoë' is not 'Zoe'.

    Example:
        >>> normalise("  MUCHIRI\\u00a0 T\\u2019Challa ")
        "muchiri t'challa"
        >>> normalise("$tev0 Ca$hmoney"), normalise("Zoë Strauß")
        ('$tev0 ca$hmoney', 'zoë strauss')
    """
    if tag.isascii():  # the same, ten times as fast
        return " ".join(tag.replace("`", "'").lower().split())
    # The quotes and hyphens come first because NFKC takes a loose accent (´) apart, into a space and a sign.
    folded = unicodedata.normalize("NFKC", UNSEEN.sub("", tag).translate(PLAIN)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).translate(PLAIN).split())


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names are one; None is nobody.

    Example:
        >>> same_name("JO  Doe", "Jo Doe"), same_name("Jo Doe", None), same_name(None, None)
        (True, False, True)
    """
    return one is other is None or (None not in (one, other) and normalise(one) == normalise(other))


def search_key(tag: str) -> str:
    """The normalised name without accents, by which near misses are found.

    Example:
        >>> search_key("Ngũgĩ wa Thiong’o"), search_key("Søren Łuczak")
        ("ngugi wa thiong'o", 'soren luczak')
    """
    letters = unicodedata.normalize("NFKD", normalise(tag))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(BARE)


def likeness(tag: str, name: str) -> float:
    """How alike two search keys are, 0 to 100: letter by letter, in either word order; 90 at most for a part of a name.

    Source: RapidFuzz, `fuzz.ratio`: 100 * (1 - (letters put in or taken out) / (letters of both)).

    Example:
        >>> likeness("muchri tchalla", "muchiri t'challa"), likeness("doe jo", "jo doe"), likeness("jo", "jo doe")
        (93.33333333333333, 100.0, 90.0)
    """
    whole = max(fuzz.ratio(tag, name), fuzz.token_sort_ratio(tag, name))
    part = fuzz.token_set_ratio(tag, name)
    if " " not in tag:  # one word, perhaps misspelt: like one of the name's words?
        part = max([part, *(fuzz.ratio(tag, word) for word in name.split())])
    return max(whole, 0.9 * part)


def shown(text: str) -> str:
    """A name or value as a sentence shows it: on one line, no control characters, at most SHOWN characters.

    Example:
        >>> shown("Jo\\n\\x00Doe"), shown("a" * 100)[-5:]
        ('Jo \N{REPLACEMENT CHARACTER}Doe', 'aaaa…')
    """
    text = " ".join(text[: 10 * SHOWN].split())
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def listed(names: Sequence[str], word: str) -> str:
    """Names as a sentence lists them, the first LISTED of them.

    Example:
        >>> listed(["Jo Doe", "Jo Do", "Joe Doe"], "or"), listed(["Jo"] * 9, "and")
        ('Jo Doe, Jo Do or Joe Doe', 'Jo, Jo, Jo, Jo, Jo and 4 others')
    """
    heads, rest = list(names[:LISTED]), len(names) - LISTED
    if rest > 0:
        heads.append(f"{rest:,} other{'s' if rest > 1 else ''}")
    return f" {word} ".join(filter(None, (", ".join(heads[:-1]), heads[-1])))


def told_apart(records: Sequence[Record]) -> list[str]:
    """Each name with the values that tell its record from the others: two, or more where two do not suffice.

    Example:
        >>> one, two = Record("Jo", (("Job", "Nurse"), ("Room", "7"))), Record("Jo", (("Room", "7"), ("Job", "King")))
        >>> told_apart([one, two, Record("Jo", (("Job", "King"),))])
        ['Jo (Nurse, 7)', 'Jo (King, 7)', 'Jo (King, -)']
    """
    labels = dict.fromkeys(label for record in records for label in record.labels)
    columns = [[record.value(label) or "" for record in records] for label in labels]
    telling = [column for column in columns if len(set(column)) > 1] or columns[:2]
    enough = (n for n in range(2, len(telling)) if len(set(zip(*telling[:n], strict=True))) == len(records))
    chosen = telling[: next(enough, len(telling))]
    facts = (", ".join(shown(column[n]) or "-" for column in chosen) for n in range(len(records)))
    return [f"{shown(record.name)} ({fact})" for record, fact in zip(records, facts, strict=True)]
