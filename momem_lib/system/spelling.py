"""Slips of the finger: a word that no phrasing holds is read as the known word that is one slip away from it."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from momem_lib.data.grammar import Grammar, read_grammar
from momem_lib.data.tasks import around_name
from momem_lib.project import TEMPLATES

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
SLOT = re.compile(r"\{\w+\}")
SHORTEST = 3  # letters; too many words lie one slip away from a shorter one


@cache
def known_words() -> Counter[str]:
    """The words of the phrasings that the modules were trained on, in lower case, and in how many each stands.

    The words of held-out phrasings are not among them: to the modules, they are words that nobody taught.
    """
    counts: Counter[str] = Counter()
    for path in sorted(TEMPLATES.glob("*.json")):
        for text in taught_texts(read_grammar(path)):
            counts.update({word.casefold() for word in WORD.findall(SLOT.sub(" ", text))})
    return counts


def taught_texts(grammar: Grammar) -> Iterator[str]:
    """Every text of a language that the questions of the training split are made of; slots are left in."""
    phrasings = [phrasing for group in grammar.phrasings.values() for phrasing in group]
    for phrasing in [*phrasings, *grammar.nobody]:
        if phrasing.split == "train":
            yield from phrasing.variants
    yield from {lead for phrasing in phrasings for lead in phrasing.leads}
    for texts in (grammar.openings, grammar.closings, grammar.tails, grammar.decorations, grammar.fillers):
        yield from set(texts)
    for texts in grammar.keywords.values():
        yield from texts


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
    low, known = word.casefold(), known_words()
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
