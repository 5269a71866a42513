"""Rows of data: who is asked about, how, and what each module should say; endless, and the same for the same seed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from momem_lib.data.facts import Fact, Headers, content_words, own_words, value_of_kind
from momem_lib.data.grammar import SPLITS, Grammar, Phrasing, Topic, filled, read_grammar
from momem_lib.data.lists import Lists
from momem_lib.data.questions import TYPO, PhrasingPool, in_chat, noise_question, question_text, with_other
from momem_lib.data.records import FIELDS, LABELS, Record
from momem_lib.data.scripts import pick
from momem_lib.data.styles import STYLES, clear_name, plain_name, styled_name, styled_value
from momem_lib.project import LISTS, TEMPLATES, InputError
from momem_lib.settings import check, number

# Raised whenever the same lists, templates and config would make other rows (tests/data/test_dataset.py sees it): a
# dataset that was kept is then made anew.
RECIPE = 3
KINDS = ("answerable", "absent", "near", "stranger", "nobody")
# Beside entries of the lists; of the values, label_share hold labels too.
NAME_STYLES = (("random", 0.10), ("script", 0.13), ("long", 0.03), ("label", 0.02))
VALUE_STYLES = (("random", 0.14), ("script", 0.10), ("long", 0.08))
MOST_FACTS = 14  # of an open record, before labels too much alike are left out
VALUE_KINDS = ("words", "number", "date", "code", "phone", "money", "name", "place", "list", "yesno", "size", "time")


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
    bare_share: float = number(0.0, 0.0, 1.0)  # records whose other values are not filled in: practice in choosing
    classic_share: float = number(0.4, 0.0, 1.0)  # records of the six fields in their order; the others are open
    own_words_share: float = number(0.4, 0.0, 1.0)  # of the questions about open records: ask by the label's own words
    absent_share: float = number(0.15, 0.0, 0.9)  # questions for what the record does not hold, but another might
    near_share: float = number(0.15, 0.0, 0.9)  # near questions, which no record answers
    stranger_share: float = number(0.05, 0.0, 0.9)  # questions about somebody whom the memory does not know
    nobody_share: float = number(0.08, 0.0, 0.9)  # questions and chat that name nobody
    empty_share: float = number(0.02, 0.0, 1.0)  # answerable questions whose value is not filled in
    chat_share: float = number(0.08, 0.0, 1.0)  # questions amid side remarks
    two_names_share: float = number(0.06, 0.0, 1.0)  # questions that name somebody else too
    thing_share: float = number(0.05, 0.0, 1.0)  # names that are a place's, a film's or another thing's
    noise_share: float = number(0.1, 0.0, 1.0)  # questions of random words around the name; test has none
    name_case_share: float = number(0.06, 0.0, 1.0)  # questions that write the name in lower case or in capitals
    typo_share: float = number(TYPO, 0.0, 1.0)  # questions with a slip of the finger in the words around the name
    blend_share: float = number(0.0, 0.0, 1.0)  # names blended for this row alone: no list to learn by heart
    odd_share: float = number(0.0, 0.0, 1.0)  # names with a word that no list of names holds
    final_s_share: float = number(0.0, 0.0, 1.0)  # names that end in s, though no possessive is meant ("Roberts")
    keyword_share: float = number(0.0, 0.0, 1.0)  # names with a word that gives a field away elsewhere ("Melody")
    one_word_share: float = number(0.3, 0.0, 1.0)  # strangers who are a known one's name cut to one word

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

    def __init__(self, material: Material, config: SynthesisConfig, split: str, phrasings: str | None = None):
        wanted = _splits(material, config, split, phrasings)
        self.material, self.config, self.split = material, config, split
        self.noise = 0.0 if split == "test" else config.noise_share
        self.rng = Random(f"{config.seed}|{split}|{phrasings}")
        self.pools = {language: PhrasingPool(material.grammars[language], wanted) for language in config.languages}
        self.headers = {language: Headers(grammar, material.lists, split)
                        for language, grammar in material.grammars.items()}  # fmt: skip
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
        kind = self.kind()
        return self.nobody(language) if kind == "nobody" else self.about_somebody(language, kind)

    def kind(self) -> str:
        """What kind of row comes next: answerable where no share takes it."""
        chance, config = self.rng.random(), self.config
        shares = config.absent_share, config.near_share, config.stranger_share, config.nobody_share
        for kind, share in zip(KINDS[1:], shares, strict=True):
            if chance < share:
                return kind
            chance -= share
        return "answerable"

    def about_somebody(self, language: str, kind: str) -> dict:
        """A row whose question names somebody, of one of the four other kinds."""
        rng = self.rng
        full, name_style = self.name(language)
        name = self.shown(full, kind)
        facts, value_style = self.facts(language, full)
        asked, topic, label, core, noisy = self.asked(language, kind, facts)
        facts = self.unambiguous(language, facts, topic, label, core)
        if not facts:
            return self.about_somebody(language, kind)
        question = self.question(language, core, noisy, asked, name)
        style = max(name_style, value_style, key=STYLES.index)
        row = empty_row(self.split, language, kind, style, "noise" if noisy else core.id)
        row.update(name=name, question=question, asked=asked)
        bare = rng.random() < self.config.bare_share
        record = Record(full, tuple((fact.label, "" if bare and fact.label != label else fact.value) for fact in facts))
        if kind != "stranger":
            row.update(record=record.to_dict(), content=record.content)
        elif name.casefold() != full.casefold():
            row["bearer"] = record.to_dict()  # the memory may hold the full name: a near miss
        if kind == "answerable":
            value = record.value(label)
            row.update(label=label, value=value, summary=record.summary(label))
            if value:
                wordings = wordings_of(self.material.grammars[language], asked, label)
                row["response"] = filled(pick(rng, wordings), name, value)
        return row

    def name(self, language: str) -> tuple[str, str]:
        """A name and its style."""
        rng, lists, split, config = self.rng, self.material.lists, self.split, self.config
        if rng.random() < config.thing_share:
            name = pick(rng, lists.values[split, language][pick(rng, FIELDS[1:])])
            if clear_name(name):
                return name, "plain"
        style = pick(rng, self.name_styles)
        fresh = config.blend_share > 0 and rng.random() < config.blend_share
        shares = config.odd_share, config.keyword_share, config.final_s_share
        parts = styled_name(rng, style, lists, split, fresh, *shares, self.keywords[language])
        return " ".join(parts).strip(), style

    def other_name(self) -> str:
        """Somebody else, who is only mentioned."""
        names = self.material.lists.names
        return " ".join(plain_name(self.rng, names["first"][self.split], names["last"][self.split]))

    def facts(self, language: str, name: str) -> tuple[list[Fact], str]:
        """What a record holds, and the most exotic style of its values: the six fields, or a varying choice of any."""
        rng, headers = self.rng, self.headers[language]
        if rng.random() < self.config.classic_share:
            labels = [(field, label) for field, label in LABELS.items()]
        else:
            labels = self.open_labels(headers)
        style = pick(rng, self.value_styles)
        return [Fact(label, self.value(language, topic, style, name), topic) for topic, label in labels], style

    def open_labels(self, headers: Headers) -> list[tuple[str | None, str]]:
        """Two labels or more, each with its topic (None: it has none), no two alike."""
        rng, chosen, topics = self.rng, {}, set()
        for _ in range(2 + int(rng.random() ** 1.5 * (MOST_FACTS - 1))):
            if rng.random() < 0.6:
                topic, label = headers.topic(rng)
            elif chosen and rng.random() < 0.3:
                topic, label = None, headers.twin(rng, pick(rng, list(chosen.values()))[1])
            else:
                topic, label = None, headers.free(rng)
            if topic not in topics and label.casefold() not in chosen and label.casefold() != "name":
                chosen[label.casefold()] = (topic, label)
                topics |= {topic} - {None}
        return list(chosen.values())

    def value(self, language: str, topic: str | None, style: str, name: str) -> str:
        """A value for one fact."""
        rng, lists, split = self.rng, self.material.lists, self.split
        pools = lists.values[split, language]
        if topic not in FIELDS and rng.random() < self.config.empty_share:
            return ""
        if topic not in FIELDS and style == "plain":
            kind = self.material.grammars[language].topics[topic].kind if topic else None
            return value_of_kind(rng, kind or pick(rng, VALUE_KINDS), pools, name)
        pool = pools[topic if topic in FIELDS else pick(rng, FIELDS)]
        return styled_value(rng, style, pool, lists, split)

    def asked(self, language: str, kind: str, facts: list[Fact]):
        """What is asked for: a word for it, its topic, the label of the right fact, the phrasing, whether by noise."""
        rng, pool, grammar = self.rng, self.pools[language], self.material.grammars[language]
        if kind == "near":
            family = pick(rng, pool.near)
            return family, grammar.near[family], None, pool.draw(rng, family), False
        fact = pick(rng, facts) if kind != "absent" else self.absent(language, facts)
        open_record = tuple(fact.label for fact in facts) != tuple(LABELS.values())
        label = fact.label if kind != "absent" else None
        others = [other.label for other in facts if other is not fact]
        words = own_words(rng, fact.label, others, language == "en")
        if fact.topic is None or (open_record and rng.random() < self.config.own_words_share):
            return fact.label, None, label, pool.draw_open(rng, words), False
        loose = [key for key in pool.loose if grammar.loose[key].field == fact.topic]
        if loose and rng.random() < 0.15:
            key = pick(rng, loose)
            return fact.topic, grammar.loose[key], label, pool.draw(rng, key), False
        noisy = rng.random() < self.noise
        core = pool.draw(rng, fact.topic) if pool.fields[fact.topic] else pool.draw_open(rng, words)
        return fact.topic, grammar.topics[fact.topic], label, core, noisy

    def absent(self, language: str, facts: list[Fact]) -> Fact:
        """A fact that this record does not hold: a topic's, or one labelled freely, or much like one it holds."""
        rng, headers = self.rng, self.headers[language]
        held = {fact.topic for fact in facts}
        labels = {fact.label.casefold() for fact in facts}
        while True:
            topic, chance = None, rng.random()
            if chance < 0.6:
                topic, label = headers.topic(rng)
            elif chance < 0.8:
                label = headers.twin(rng, pick(rng, facts).label)
            else:
                label = headers.free(rng)
            if (topic is None or topic not in held) and label.casefold() not in labels:
                return Fact(label, "", topic)

    def unambiguous(self, language: str, facts: list[Fact], topic: Topic | None, label: str | None, core: Phrasing):
        """The facts less those that the question might ask for as well: excluded topics, labels that stand in it."""
        topics, words = self.material.grammars[language].topics, content_words(" ".join(core.variants))
        kept = []
        for fact in facts:
            rival = topic is not None and fact.topic is not None
            rival = rival and (fact.topic in topic.excludes or topic.field in topics[fact.topic].excludes)
            if fact.label == label or not (rival or content_words(fact.label) <= words):
                kept.append(fact)
        return kept

    def shown(self, name: str, kind: str) -> str:
        """The name as the question writes it: mostly as it is, seldom in another case or one word of it."""
        rng = self.rng
        if kind == "stranger" and " " in name and rng.random() < self.config.one_word_share:
            words = [word for word in name.split(" ") if len(word) > 2 and word.isalpha() and not word.islower()]
            return pick(rng, words) if words else name
        if rng.random() < self.config.name_case_share:
            changed = name.lower() if rng.random() < 0.8 else name.upper()
            return changed if changed.casefold() == name.casefold() else name
        return name

    def question(self, language: str, core: Phrasing, noisy: bool, asked: str, name: str) -> str:
        """The question as it is typed: amid random words, with somebody else's name, amid side remarks, or plain."""
        rng, grammar, config = self.rng, self.material.grammars[language], self.config
        if noisy:
            keyword = pick(rng, grammar.keywords[asked])
            return noise_question(rng, self.material.noise_words[language], keyword, name)
        if rng.random() < config.two_names_share:
            core = with_other(rng, grammar.two_names, core)
        text = question_text(rng, grammar, core, name, typos=config.typo_share)
        if rng.random() < config.chat_share:
            text = in_chat(rng, grammar, text)
        other = next(other for other in iter(self.other_name, None) if other not in name and name not in other)
        return text.replace("{other}", other).replace("{OTHER}", other)

    def nobody(self, language: str) -> dict:
        """A row that names nobody: chat, a question with "my friend" for a name, keywords, random words, things."""
        rng, grammar, pool = self.rng, self.material.grammars[language], self.pools[language]
        if rng.random() < self.noise:
            keyword = pick(rng, grammar.keywords[pick(rng, FIELDS)]) if rng.random() < 0.5 else None
            phrasing, question = "noise", noise_question(rng, self.material.noise_words[language], keyword, "")
        elif rng.random() < 0.45:
            drawn = pool.draw(rng, pick(rng, FIELDS if rng.random() < 0.8 else pool.near))
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, pick(rng, grammar.fillers), "filler")
        elif rng.random() < 0.25:  # a value where a name might stand: "Who lives in Oslo?"
            drawn = pick(rng, pool.things)
            value = pick(rng, self.material.lists.values[self.split, language][drawn.field])
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, value, "value")
        else:
            drawn = pick(rng, pool.nobody)
            phrasing, question = drawn.id, question_text(rng, grammar, drawn, "")
        return empty_row(self.split, language, "nobody", "plain", phrasing) | {"question": question}


def wordings_of(grammar: Grammar, asked: str, label: str) -> tuple[str, ...]:
    """How a response may state a fact: in its field's own words under its classic label, else by the label.

    Args:
        asked: the field or topic that was asked for, or the label itself.
    """
    if LABELS.get(asked) == label:
        return grammar.responses[asked]
    return tuple(text.replace("{label}", in_sentence(label)) for text in grammar.open_responses)


def in_sentence(label: str) -> str:
    """A label as it stands within a sentence: "blood group", but "DOB"."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def single_words(grammar: Grammar) -> list[str]:
    """The words of three letters or more that the keywords of all fields are made of, stored or not."""
    words = {word for texts in grammar.keywords.values() for text in texts for word in text.split()}
    return sorted(word for word in words if len(word) > 2 and word.isalpha())


def empty_row(split: str, language: str, kind: str, style: str, phrasing: str) -> dict:
    """A row with every key that a row has; what is unknown yet is None."""
    return {
        "split": split, "language": language, "kind": kind, "style": style, "phrasing": phrasing,
        "name": None, "question": None, "asked": None, "label": None, "value": None, "record": None,
        "content": None, "summary": None, "response": None, "bearer": None,
    }  # fmt: skip


def _ladder(shares: tuple[tuple[str, float], ...], prob_threshold: float) -> list[str]:
    """Styles by share, as a list of a thousand to pick from; entries of the lists, plain or shuffled, are the rest."""
    others = [style for style, share in shares for _ in range(round(1000 * share))]
    listed = 1000 - len(others)
    plain = round(listed * prob_threshold)
    return ["plain"] * plain + ["shuffled"] * (listed - plain) + others


def _splits(material: Material, config: SynthesisConfig, split: str, phrasings: str | None) -> tuple[str, ...]:
    """Whose phrasings rows of a split may use, once what was asked for has been checked."""
    if split not in SPLITS:
        raise InputError(f"split must be train, validation or test, not {split!r}")
    missing = [language for language in config.languages if language not in material.grammars]
    if missing or not config.languages:
        raise InputError(f"no templates for the language {', '.join(map(repr, missing)) or 'none'}: "
                         f"there are {', '.join(material.grammars)}")  # fmt: skip
    if phrasings not in (None, "known", "held-out", "any"):
        raise InputError(f"phrasings must be known, held-out or any, not {phrasings!r}")
    if phrasings == "held-out" and split == "train":
        raise InputError("the split 'train' has no held-out phrasings: choose validation or test")
    return {"known": ("train",), "any": SPLITS}.get(phrasings, (split,))


def row_stream(material: Material, config: SynthesisConfig, split: str, phrasings: str | None = None) -> Iterator[dict]:
    """Yield rows of one split for ever, whatever their length; the same ones for the same arguments.

    Args:
        material: lists and grammars.
        config: shares and seed.
        split: "train", "validation" or "test": whose names and values.
        phrasings: whose phrasings: None for the split's own, "known" (train's), "held-out" (the split's own, never
            trained on) or "any".
    """
    maker = RowMaker(material, config, split, phrasings)
    while True:
        yield maker.row()
