"""From a phrasing and a name to a question as people type it, and back: openings, case, marks, typos; noise frames."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from string import ascii_lowercase, punctuation

from momem_lib.data.grammar import FORMS, Grammar, Phrasing
from momem_lib.data.records import FIELDS
from momem_lib.data.scripts import pick
from momem_lib.data.tasks import FRAME_SIGNS
from momem_lib.project import InputError

# Chances, for one question.
OPENING, CLOSING, TAIL, DECORATION, TYPO = 0.18, 0.08, 0.06, 0.09, 0.06
LOWER, AS_WRITTEN, UPPER = 0.24, 0.10, 0.04  # the words around the name; the rest begins with a capital
NO_MARK, ODD_MARK = 0.25, 0.07
ODD_MARKS = ("??", " ?", "?!", "!", "...", "???", ".", " ")
NAME = "{name}"


class PhrasingPool:
    """The phrasings of one language that a split may use, arranged so that a draw is quick and forms are balanced."""

    def __init__(self, grammar: Grammar, splits: tuple[str, ...]):
        self.grammar = grammar
        self.fields = {
            field: self._forms([phrasing for phrasing in phrasings if phrasing.split in splits])
            for field, phrasings in grammar.phrasings.items()
        }
        self.loose = tuple(key for key in grammar.loose if self.fields[key])
        self.near = tuple(key for key in grammar.near if self.fields[key])
        written = [phrasing for phrasing in grammar.nobody if phrasing.split in splits]
        self.nobody = [phrasing for phrasing in written if phrasing.form != "thing"]
        self.things = [phrasing for phrasing in written if phrasing.form == "thing"]
        if not self.nobody or not self.things or not self.near or not all(self.fields[field] for field in FIELDS):
            raise InputError(f"too few phrasings ({grammar.language}) for the split {' and '.join(splits)}: "
                             "each field needs a dozen, see data/templates/README.md")  # fmt: skip

    @staticmethod
    def _forms(phrasings: list[Phrasing]) -> list[list[Phrasing]]:
        """One list of phrasings per form, each standing there as often as its form weighs."""
        forms = []
        for form, weight in FORMS.items():
            own = [phrasing for phrasing in phrasings if phrasing.form == form for _ in range(phrasing.weight)]
            forms += [own] * weight if own else []
        return forms

    def draw(self, rng: Random, field: str) -> Phrasing:
        """Draw a phrasing that asks for a topic."""
        return pick(rng, pick(rng, self.fields[field]))

    def draw_open(self, rng: Random, words: str) -> Phrasing:
        """Draw a phrasing that asks for a label by these words."""
        drawn = self.draw(rng, "open")
        return replace(drawn, variants=tuple(core.replace("{label}", words) for core in drawn.variants))


def question_text(
    rng: Random, grammar: Grammar, phrasing: Phrasing, shown: str, role: str = "name", typos: float = TYPO
) -> str:
    """Write one question.

    Args:
        rng: where chance comes from.
        grammar: the language's openings, closings and so on.
        phrasing: what is asked.
        shown: the name, exactly as it shall stand in the question.
        role: what `shown` is: a "name"; a "filler" ("my friend"), which changes case with the sentence; a "value".
        typos: the chance of one.
    """
    core, lead = pick(rng, phrasing.variants), pick(rng, phrasing.leads)
    text = lead.replace("{core}", core) if "{core}" in lead else lead.replace("{Core}", core[:1].upper() + core[1:])
    mark = text[-1] if text[-1] in "?." and text[-2:-1] not in ("", ".", "?") else ""  # an ellipsis stays whole
    text = text.removesuffix(mark)
    if rng.random() < CLOSING and mark:
        text += pick(rng, grammar.closings)
    mark = _mark(rng, mark)
    if mark and rng.random() < TAIL:
        mark += pick(rng, grammar.tails)
    case = rng.random()
    if rng.random() < OPENING:
        opening = pick(rng, grammar.openings)
        text = opening + (text[:1].upper() + text[1:] if opening[-2] in ".!" else text)
    if role == "filler":
        text = text.replace(NAME, shown, 1)
    if case > LOWER + AS_WRITTEN + UPPER:
        text = text[:1].upper() + text[1:]
    before, name, after = (text + mark).partition(NAME)
    decorations = grammar.decorations if role == "name" and rng.random() < DECORATION else ()
    before, name, after = _around(rng, decorations, before, shown if name else "", after, case)
    if rng.random() < typos:
        before, after = typo(rng, before, after)
    return f"{before}{name}{after}".strip() if not name else f"{before}{name}{after}".rstrip()


def with_other(rng: Random, leads: Sequence[str], phrasing: Phrasing) -> Phrasing:
    """The same question in a lead that names somebody else too, as {other}, where its form has such a lead.

    Example:
        >>> asked = Phrasing("en/x", "x", "direct", ("where is {name}",), ("{core}?",), "train")
        >>> with_other(Random(0), ["not {other}: {core}?"], asked).leads
        ('not {other}: {core}?',)
    """
    slot = "{indirect}" if phrasing.form == "indirect" else "{core}"
    fitting = [lead for lead in leads if slot in lead.replace("{Core}", "{core}")]
    if phrasing.form not in ("direct", "indirect") or not fitting:
        return phrasing
    return replace(phrasing, leads=(pick(rng, fitting).replace("{indirect}", "{core}"),))


def in_chat(rng: Random, grammar: Grammar, question: str) -> str:
    """A question with side remarks around it, as people type into a chat box; some name others, as {other}."""
    before = [pick(rng, grammar.chat["before"]) for _ in range(pick(rng, (0, 1, 1, 2, 2, 3)))]
    after = [pick(rng, grammar.chat["after"]) for _ in range(pick(rng, (0, 0, 1, 1, 2)))]
    return " ".join([*before, question, *after])


def _mark(rng: Random, mark: str) -> str:
    chance = rng.random()
    if not mark or chance < NO_MARK or (mark == "." and chance < 2 * NO_MARK):
        return ""
    return pick(rng, ODD_MARKS) if chance > 1 - ODD_MARK else mark


def _around(rng: Random, decorations: tuple[str, ...], before: str, name: str, after: str, case: float) -> tuple:
    """Put the words around the name in their final shape; the name itself is never touched."""
    if name and after[:2] == "'s":
        after = _possessive(rng, name) + after[2:]
    if name and decorations:
        left, _, right = pick(rng, decorations).partition(NAME)
        if not before:
            left = left[:1].upper() + left[1:]
        before, after = before + left, right + after
    if case < LOWER:
        before, after = before.lower(), after.lower()
    elif LOWER + AS_WRITTEN < case <= LOWER + AS_WRITTEN + UPPER:
        before, after = before.upper(), after.upper()
    if name[-1:] == "." and after[:1] == ".":
        after = after[1:]  # one full stop will do for "... Bob Jr."
    return before, name, after


def _possessive(rng: Random, name: str) -> str:
    chance = rng.random()
    if name[-1] in "sS" and chance < 0.5:
        return "'" if chance < 0.44 else "’"
    if chance > 0.985 and name[-1] not in "sS":
        return "s"
    return "’s" if chance > 0.9 else "'s"


def typo(rng: Random, before: str, after: str) -> tuple[str, str]:
    """One slip of the finger in the words before or after the name, never next to it.

    Example:
        >>> typo(Random(1), "where does ", " live?")
        ('where doees ', ' live?')
    """
    left = rng.random() * (len(before) + len(after)) < len(before)
    text = before if left else after
    letters = [number for number in range(3, len(text) - 2) if text[number].isalpha() and text[number - 1].isalpha()]
    if not letters:
        return before, after
    place, kind = pick(rng, letters), rng.random()
    if kind < 0.35:
        text = text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]  # swapped
    elif kind < 0.65:
        text = text[:place] + text[place + 1 :]  # left out
    elif kind < 0.85:
        text = text[:place] + text[place] + text[place:]  # doubled
    else:
        text = text[:place] + pick(rng, ascii_lowercase) + text[place + 1 :]  # the wrong key
    return (text, after) if left else (before, text)


def noise_question(rng: Random, words: list[str], keyword: str | None, name: str) -> str:
    """Random words around a name, with a keyword of the field among them: no grammar to lean on.

    Args:
        rng: where chance comes from.
        words: words of the language that give no field away.
        keyword: what tells the field ("job"), or None.
        name: as it shall stand there, or "" for a question that names nobody.
    """
    count = 1 + int(rng.random() * 9) if name or not keyword else int(rng.random() * 7)
    parts = [_noise_word(rng, words) for _ in range(count)]
    if keyword:
        parts.insert(int(rng.random() * (len(parts) + 1)), keyword)
    case = rng.random()
    if case < 0.12:
        parts = [part.title() if rng.random() < 0.5 else part for part in parts]
    elif case < 0.16:
        parts = [part.upper() for part in parts]
    place = int(rng.random() * (len(parts) + 1))
    before, after = " ".join(parts[:place]), " ".join(parts[place:])
    if case > 0.6:
        before = before[:1].upper() + before[1:]
    if not name:
        return f"{before} {after}".strip() + pick(rng, ("?", "", "", ".", "!"))
    return _noise_join(rng, before, name, after)


def _noise_join(rng: Random, before: str, name: str, after: str) -> str:
    chance = rng.random()
    if chance < 0.06:
        before, after = f'{before} "'.lstrip(), f'" {after}'
    elif chance < 0.30 and after:
        after = f"{_possessive(rng, name)} {after}"
    elif chance < 0.50:
        after = f"{pick(rng, FRAME_SIGNS)} {after}" if rng.random() < 0.5 else f" {after}"
        before = f"{before}{pick(rng, FRAME_SIGNS[:8])} " if before else ""
    else:
        after = f" {after}" if after else ""
    before += " " if before and before[-1] not in ' "' else ""
    end = pick(rng, ("?", "?", "", "", ".", "!", " please"))
    if name[-1] == "." and not after:
        end = end.replace(".", "")
    return f"{before}{name}{after.rstrip()}{end}"


def _noise_word(rng: Random, words: list[str]) -> str:
    chance = rng.random()
    if chance < 0.84:
        return pick(rng, words)
    if chance < 0.89:
        return pick(rng, words) + pick(rng, FRAME_SIGNS)
    if chance < 0.92:
        return str(int(rng.random() * 2000))
    if chance < 0.93:
        return pick(rng, punctuation)
    word = pick(rng, words)  # and one with a slip: a letter too few, or twice
    place = int(rng.random() * len(word))
    return word[:place] + pick(rng, ("", 2 * word[place])) + word[place + 1 :] or word
