"""Rows of data: who is asked about, how, and what each module should say; endless, and the same for the same seed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from momem_lib.data.grammar import SPLITS, Grammar, filled, read_grammar
from momem_lib.data.lists import Lists
from momem_lib.data.questions import TYPO, PhrasingPool, noise_question, question_text, splits_of_phrasings
from momem_lib.data.records import FIELDS, Person
from momem_lib.data.scripts import pick
from momem_lib.data.styles import STYLES, short_text, styled_name, styled_value
from momem_lib.project import LISTS, TEMPLATES, InputError
from momem_lib.settings import check, number

# Raised whenever the same lists, templates and config would make other rows (tests/data/test_dataset.py sees it): a
# dataset that was kept is then made anew.
RECIPE = 1
KINDS = ("answerable", "nobody", "unknown_person", "unknown_field")
# Of ten questions that cannot be answered: a field that nobody stores comes most often, it is the easiest to get wrong.
UNANSWERABLE = ("nobody",) * 3 + ("unknown_person",) * 2 + ("unknown_field",) * 5
# Beside entries of the lists; of the values, label_share hold labels too.
NAME_STYLES = (("random", 0.10), ("script", 0.13), ("long", 0.03), ("label", 0.02))
VALUE_STYLES = (("random", 0.14), ("script", 0.10), ("long", 0.08))


@dataclass(frozen=True)
class SynthesisConfig:
    """What the data look like; every share is a chance between 0 and 1."""

    num_datapoints: int = number(40_000, 1, 10**9)  # rows of train; validation and test get a tenth, but 200 at least
    # Bytes: a longer content, or question + response, leaves the row out.
    context_window: int = number(512, 16, 10**6, key="data_window")
    prob_threshold: float = number(0.7, 0.0, 1.0)  # chance that the characters of a list entry stay unshuffled
    seed: int = number(0, 0, 2**63 - 1, key="data_seed")
    languages: tuple[str, ...] = ("en", "sw")  # the first one has first_language_share of the rows
    first_language_share: float = number(0.7, 0.0, 1.0)
    name_styles: tuple[tuple[str, float], ...] = NAME_STYLES  # shares; the rest of the names come from the lists
    value_styles: tuple[tuple[str, float], ...] = VALUE_STYLES  # likewise, of the values
    label_share: float = number(0.08, 0.0, 0.5)  # records: values with ';', ':' or another field's label in them
    short_share: float = number(0.0, 0.0, 1.0)  # records whose values are a few letters: practice in questions
    unanswerable_share: float = number(0.2, 0.0, 0.9)  # questions of the kinds in UNANSWERABLE
    noise_share: float = number(0.4, 0.0, 1.0)  # questions of random words around the name; test has none
    name_case_share: float = number(0.06, 0.0, 1.0)  # questions that write the name in lower case or in capitals
    typo_share: float = number(TYPO, 0.0, 1.0)  # questions with a slip of the finger in the words around the name
    blend_share: float = number(0.0, 0.0, 1.0)  # names blended for this row alone: no list to learn by heart
    odd_share: float = number(0.0, 0.0, 1.0)  # names with a word that no list of names holds
    final_s_share: float = number(0.0, 0.0, 1.0)  # names that end in s, though no possessive is meant ("Roberts")
    keyword_share: float = number(0.0, 0.0, 1.0)  # names with a word that gives a field away elsewhere ("Melody")
    one_word_share: float = number(0.3, 0.0, 1.0)  # unknown persons who are a known one's name cut to one word

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn, in a sentence."""
        check(self)


@dataclass(frozen=True)
class Material:
    """Everything that rows are made from: value lists cut into splits, and a grammar per language."""

    lists: Lists
    grammars: dict[str, Grammar]
    noise_words: dict[str, list[str]]  # words that are no field's keyword
    digest: str  # sha256 of the lists, the templates and RECIPE


def load_material(lists_path: str | Path = LISTS, template_path: str | Path = TEMPLATES) -> Material:
    """Read the value lists (CSV) and the templates (one JSON file per language).

    Raises:
        InputError: a folder or file that is missing or broken, with its place.
    """
    files = sorted(Path(template_path).glob("*.json"))
    if not files:
        raise InputError(f"no template file (such as en.json) in {template_path}: check the path")
    grammars = {grammar.language: grammar for grammar in map(read_grammar, files)}
    lists = Lists(lists_path, tuple(grammars))
    noise = {}
    for language, grammar in grammars.items():
        taken = {word.lower() for words in grammar.keywords.values() for text in words for word in text.split()}
        noise[language] = [word for word in lists.words[language] if word.lower() not in taken]
        if not noise[language]:
            raise InputError(f"the list words_{language}.csv in {lists_path} holds nothing but keywords of the fields")
    digest = hashlib.sha256(str(RECIPE).encode())
    for file in [*files, *sorted(Path(lists_path).glob("*.csv"))]:
        digest.update(file.name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n"))
    return Material(lists, grammars, noise, digest.hexdigest())


class RowMaker:
    """Draws rows of one split; what does not change from row to row is prepared once."""

    def __init__(self, material: Material, config: SynthesisConfig, split: str, phrasings: str | None, noise: float):
        _check(material, config, split)
        self.material, self.config, self.split, self.noise = material, config, split, noise
        self.rng = Random(f"{config.seed}|{split}|{phrasings}")
        wanted = splits_of_phrasings(split, phrasings)
        self.pools = {language: PhrasingPool(material.grammars[language], wanted) for language in config.languages}
        known = material.lists.splits  # "Melody" is a name of another split: it must not be learned here
        self.keywords = {
            language: [word for word in single_words(grammar) if known.get(word.capitalize(), split) == split]
            for language, grammar in material.grammars.items()
        }
        self.name_styles = _ladder(config.name_styles, config.prob_threshold)
        self.value_styles = _ladder((*config.value_styles, ("label", config.label_share)), config.prob_threshold)

    def row(self) -> dict:
        """One row, with every key."""
        rng, config = self.rng, self.config
        language = config.languages[0]
        if len(config.languages) > 1 and rng.random() >= config.first_language_share:
            language = pick(rng, config.languages[1:])
        chance = rng.random()
        kind = "answerable" if chance >= config.unanswerable_share else pick(rng, UNANSWERABLE)
        if kind == "nobody":
            return self.nobody(language)
        return self.about_somebody(language, kind)

    def about_somebody(self, language: str, kind: str) -> dict:
        """A row whose question names a person, of one of the three other kinds."""
        rng = self.rng
        person, style = self.person(language)
        name = self.shown(person.name, kind)
        asked = pick(rng, self.pools[language].unknown) if kind == "unknown_field" else pick(rng, FIELDS)
        phrasing, question = self.question(language, asked, name)
        row = empty_row(self.split, language, kind, style, phrasing)
        row.update(fname=person.fname, lname=person.lname, name=name, question=question)
        if kind != "unknown_person":
            row.update(content=person.content, person=person.to_dict())
        elif name.casefold() != person.name.casefold():
            row["person"] = person.to_dict()  # the memory may hold the full name: a near miss
        if kind == "unknown_field":
            row["field"] = asked
        elif kind == "answerable":
            value = getattr(person, asked)
            response = pick(rng, self.material.grammars[language].responses[asked])
            row.update(field=asked, value=value, summary=person.summary(asked), response=filled(response, name, value))
        return row

    def person(self, language: str) -> tuple[Person, str]:
        """A person, and the more exotic style of name and values."""
        rng, lists, split = self.rng, self.material.lists, self.split
        name_style, value_style = pick(rng, self.name_styles), pick(rng, self.value_styles)
        fresh = self.config.blend_share > 0 and rng.random() < self.config.blend_share
        shares = self.config.odd_share, self.config.keyword_share, self.config.final_s_share
        fname, lname = styled_name(rng, name_style, lists, split, fresh, *shares, self.keywords[language])
        pools = lists.values[split, language]
        if self.config.short_share and rng.random() < self.config.short_share:
            values = {field: short_text(rng) for field in pools}
        elif value_style == "plain":
            values = {field: pick(rng, pool) for field, pool in pools.items()}
        else:
            values = {field: styled_value(rng, value_style, pool, lists, split) for field, pool in pools.items()}
        return Person(fname, lname, **values), max(name_style, value_style, key=STYLES.index)

    def shown(self, name: str, kind: str) -> str:
        """The name as the question writes it: mostly as it is, seldom in another case or one word of it."""
        rng = self.rng
        if kind == "unknown_person" and " " in name and rng.random() < self.config.one_word_share:
            words = [word for word in name.split(" ") if len(word) > 2 and word.isalpha() and not word.islower()]
            return pick(rng, words) if words else name
        if rng.random() < self.config.name_case_share:
            changed = name.lower() if rng.random() < 0.8 else name.upper()
            return changed if changed.casefold() == name.casefold() else name
        return name

    def question(self, language: str, asked: str, name: str) -> tuple[str, str]:
        """The id of a phrasing and the question; a noise frame for some."""
        rng, grammar = self.rng, self.material.grammars[language]
        if rng.random() < self.noise:
            keyword = pick(rng, grammar.keywords[asked])
            return "noise", noise_question(rng, self.material.noise_words[language], keyword, name)
        phrasing = self.pools[language].draw(rng, asked)
        return phrasing.id, question_text(rng, grammar, phrasing, name, typos=self.config.typo_share)

    def nobody(self, language: str) -> dict:
        """A row that names nobody: chat, a question with "my friend" for a name, keywords, random words, things."""
        rng, grammar, pool = self.rng, self.material.grammars[language], self.pools[language]
        if rng.random() < self.noise:
            keyword = pick(rng, grammar.keywords[pick(rng, FIELDS)]) if rng.random() < 0.5 else None
            phrasing, question = "noise", noise_question(rng, self.material.noise_words[language], keyword, "")
        elif rng.random() < 0.45:
            drawn = pool.draw(rng, pick(rng, FIELDS if rng.random() < 0.8 else pool.unknown))
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, pick(rng, grammar.fillers), "filler")
        elif rng.random() < 0.25:  # a value where a name might stand: "Who lives in Oslo?"
            drawn = pick(rng, pool.things)
            value = pick(rng, self.material.lists.values[self.split, language][drawn.field])
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, value, "value")
        else:
            drawn = pick(rng, pool.nobody)
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, "")
        return empty_row(self.split, language, "nobody", "plain", phrasing) | {"question": question}


def single_words(grammar: Grammar) -> list[str]:
    """The words of three letters or more that the keywords of all fields are made of, stored or not."""
    words = {word for texts in grammar.keywords.values() for text in texts for word in text.split()}
    return sorted(word for word in words if len(word) > 2 and word.isalpha())


def empty_row(split: str, language: str, kind: str, style: str, phrasing: str) -> dict:
    """A row with every key that a row has; what is unknown yet is None."""
    return {
        "split": split, "language": language, "kind": kind, "style": style, "phrasing": phrasing,
        "fname": None, "lname": None, "field": None, "value": None, "name": None,
        "question": None, "content": None, "summary": None, "response": None, "person": None,
    }  # fmt: skip


def _ladder(shares: tuple[tuple[str, float], ...], prob_threshold: float) -> list[str]:
    """Styles by share, as a list of a thousand to pick from; entries of the lists, plain or shuffled, are the rest."""
    others = [style for style, share in shares for _ in range(round(1000 * share))]
    listed = 1000 - len(others)
    plain = round(listed * prob_threshold)
    return ["plain"] * plain + ["shuffled"] * (listed - plain) + others


def _check(material: Material, config: SynthesisConfig, split: str) -> None:
    if split not in SPLITS:
        raise InputError(f"split must be train, validation or test, not {split!r}")
    missing = [language for language in config.languages if language not in material.grammars]
    if missing or not config.languages:
        raise InputError(f"no templates for the language {', '.join(map(repr, missing)) or 'none'}: "
                         f"there are {', '.join(material.grammars)}")  # fmt: skip


def row_stream(
    material: Material,
    config: SynthesisConfig,
    split: str,
    phrasings: str | None = None,
    noise_share: float | None = None,
) -> Iterator[dict]:
    """Yield rows of one split for ever, whatever their length; the same ones for the same arguments.

    Args:
        material: lists and grammars.
        config: shares and seed.
        split: "train", "validation" or "test": whose names and values.
        phrasings: whose phrasings: None for the split's own, "known" (train's), "held-out" (the split's own, never
            trained on) or "any".
        noise_share: instead of the config's; 0 by default for test.
    """
    if noise_share is None:
        noise_share = 0.0 if split == "test" else config.noise_share
    maker = RowMaker(material, config, split, phrasings, noise_share)
    while True:
        yield maker.row()
