"""Slips of the finger: a word that no phrasing holds is read as the known word that is one slip away from it."""

import re

from rapidfuzz import process
from rapidfuzz.distance import OSA

from momem_lib.data.tasks import around_name
from momem_lib.system.taught import taught

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
SHORTEST = 3  # letters; too many words lie one slip away from a shorter one


def corrected(question: str, name: str | None) -> str:
    """The question with each unknown word replaced by a known one that is a single slip away; the name stays.

    A slip is a letter left out, put in, replaced, or swapped with its neighbour: four misspellings in five are one of
    these (Damerau 1964, Communications of the ACM 7(3), pages 171 to 176). Among several known words, one with the
    same first letter comes first; then one that needs no wrong letter, but a swap, a letter more or one less; then the
    one that stands in more phrasings.

    Example:
        >>> corrected("Which fimls does Fiml Smith like?", "Fiml Smith")
        'Which films does Fiml Smith like?'
        >>> corrected("WHERE DOES Jo LVIE", "Jo")
        'WHERE DOES Jo LIVE'
    """
    before, found, after = around_name(question, name)
    return "".join([WORD.sub(_known, before), found, WORD.sub(_known, after)])


def _known(match: re.Match) -> str:
    word = match[0]
    low, known = word.casefold(), taught()["words"]
    if len(low) < SHORTEST or low in known:
        return word
    near = [text for text, _, _ in process.extract(low, list(known), scorer=OSA.distance, score_cutoff=1, limit=None)]
    if not near:
        return word
    return _in_case_of(
        word, max(near, key=lambda text: (text[0] == low[0], _same_letters(text, low), known[text], text))
    )


def _same_letters(text: str, word: str) -> bool:
    """No letter stands for another one: of two words as long as each other, the letters are the same."""
    return len(text) != len(word) or sorted(text) == sorted(word)


def _in_case_of(word: str, text: str) -> str:
    if word.isupper():
        return text.upper()
    return text[:1].upper() + text[1:] if word[:1].isupper() else text
