"""Random words in many scripts, so that no module takes a name for a thing of Latin letters."""

from collections.abc import Sequence
from random import Random
from unicodedata import name as sign_name


def pick(rng: Random, options):
    """Draw one of a sequence, evenly (several times as fast as rng.choice)."""
    return options[int(rng.random() * len(options))]


def _syllables(consonants: str, signs: str) -> list[str]:
    return [consonant + sign for consonant in consonants for sign in ("", "", *signs)]


def _span(first: int, last: int) -> list[str]:
    return [chr(code) for code in range(first, last + 1)]


# Scripts as lists of letters or syllables: a sign that needs a letter before it never comes first.
SCRIPTS = {
    "Cyrillic": _span(0x430, 0x44F) + list("іїєґћђљњџ"),
    "Greek": list("αβγδεζηθικλμνξοπρστυφχψωάέήίόύώ"),
    "Armenian": _span(0x561, 0x586),
    "Georgian": _span(0x10D0, 0x10F0),
    "Hebrew": _span(0x5D0, 0x5EA),
    "Arabic": list("ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأةىپچژگکی"),
    "Devanagari": _syllables("कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह", "ािीुूेैो"),
    "Bengali": _syllables("কখগঘচছজঝটঠডঢণতথদধনপফবভমযরলশষসহ", "ািীুূে"),
    "Tamil": _syllables("கஙசஞடணதநபமயரலவழளறன", "ாிீுூெேை"),
    "Telugu": _syllables("కఖగఘచఛజటడతదనపబభమయరలవశసహ", "ాిీుూెే"),
    "Thai": _syllables("กขคงจชซญดตถทนบปผพฟมยรลวสหอ", "าิีุู"),
    "Ethiopic": [chr(base + vowel) for base in (0x1200, 0x1218, 0x1228, 0x1260, 0x1290, 0x12A8) for vowel in range(7)],
    "Hangul": _span(0xAC00, 0xD7A3)[::7],
    "Hiragana": _span(0x3042, 0x3093)[1::2] + list("あいうえおん"),
    "Katakana": list("アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"),
    "Han": _span(0x4E00, 0x9FA5)[::11] + list("王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗山田中村小川木本佐藤"),
    "Latin": list("aeiounrstlmk" * 2) + [sign for sign in map(chr, (*range(0xE0, 0x17F), *range(0x1EA1, 0x1EFA)))
                                         if sign.islower() and sign not in "ŉĳſẚẜẝẞẛ"],
    "emoji": list("😀😎🤖👑🦁🐘🌍🌈🔥⭐🎵🎸⚽🏀🎲📚🎓🍕🍫🚀✨💡💎🦊🐍"),
}  # fmt: skip
SCRIPT_NAMES = tuple(SCRIPTS)
UNSPACED = {"Hangul", "Hiragana", "Katakana", "Han", "emoji", "Thai"}
CASED = {"Cyrillic", "Greek", "Armenian", "Latin"}


def script_word(rng: Random, script: str) -> str:
    """A random word of a script; scripts with capitals mostly begin with one."""
    short = script in UNSPACED
    letters, random = SCRIPTS[script], rng.random
    size, count = len(letters), (1 if short else 2) + int(random() * (4 if short else 8))
    word = "".join([letters[int(random() * size)] for _ in range(count)])
    return word[0].upper() + word[1:] if script in CASED and rng.random() < 0.8 else word


def script_text(rng: Random, words: int) -> str:
    """Random words of one random script."""
    script = pick(rng, SCRIPT_NAMES)
    return " ".join([script_word(rng, script) for _ in range(words)])


def script_of(text: str) -> str:
    """The script of a text's first letter.

    Example:
        >>> script_of("Zoë"), script_of("Ναι")
        ('LATIN', 'GREEK')
    """
    return sign_name(text[0], "?").split()[0]


def blends(rng: Random, entries: Sequence[str], count: int) -> list[str]:
    """Names that nobody bears: the beginning of one entry and the end of another, of the same script.

    A list of some hundred names is soon known by heart; a module that has seen thousands of unknown ones that sound
    like them must look at how a name stands in its question instead.

    Example:
        >>> blends(Random(1), ["Wanjiku", "Ingeborg", "Salvador", "Penelope"], 3)
        ['Wanjlope', 'Ingeorg', 'Wanjiku']
    """
    made = []
    while len(made) < count:
        one, other = pick(rng, entries), pick(rng, entries)
        if script_of(one) == script_of(other):
            cut = 1 + int(rng.random() * min(5, len(one)))
            made.append((one[:cut] + other[min(cut + int(rng.random() * 2), len(other) - 1) :]).strip())
    return made
