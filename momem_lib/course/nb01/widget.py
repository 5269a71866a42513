"""Widget of notebook 01: write a record, choose how often it is shuffled, and see what each module will see."""

import html
from collections.abc import Mapping
from functools import lru_cache
from random import Random

from momem_lib.course.nb01.rows import lanes_of
from momem_lib.course.shared.asking import module_title
from momem_lib.course.shared.panel import Panel, button, card_html, choice, number_box, slider, table_html, text_box
from momem_lib.course.shared.text import record_of, record_text, safe
from momem_lib.data.dataset import fits
from momem_lib.data.facts import own_words
from momem_lib.data.grammar import filled
from momem_lib.data.questions import PhrasingPool, question_text
from momem_lib.data.records import LABELS, Record, label_of
from momem_lib.data.rows import Material, SynthesisConfig, empty_row, load_material, wordings_of
from momem_lib.data.scripts import pick
from momem_lib.data.styles import clear_name, shuffled
from momem_lib.project import InputError

NAMES_SHOWN = 8  # rows whose names the widget lists
TRIES = 30  # at a shuffled name that shows where it begins and ends
FIELD_OF = {label: field for field, label in LABELS.items()}


def shuffled_record(record: Record, shuffling: float, seed: int) -> Record:
    """The record as one row would have it: its name shuffled by chance, its values shuffled by another chance.

    Args:
        record: the record in order.
        shuffling: the chance of either, from 0 to 1 (1 - prob_threshold).
        seed: of both chances; a record that is shuffled at some chance is shuffled at every higher one, alike.

    Example:
        >>> jo = Record("Jo Doe", (("Room", "Attic"),))
        >>> shuffled_record(jo, 0.0, 1) == jo
        True
        >>> sorted(shuffled_record(jo, 1.0, 1).value("Room")) == sorted("Attic")
        True
    """
    name, facts = record.name, record.facts
    rng = Random(f"{seed}|name")
    if rng.random() < shuffling:
        tries = (" ".join(shuffled(rng, word) for word in name.split()) for _ in range(TRIES))
        name = next(filter(clear_name, tries), name)
    rng = Random(f"{seed}|values")
    if rng.random() < shuffling:
        facts = tuple((label, shuffled(rng, value)) for label, value in facts)
    return Record(name, facts)


def train_pool(material: Material, language: str) -> PhrasingPool:
    """The phrasings of one language that training may use; made once, since it takes a second.

    Raises:
        InputError: no templates for the language.
    """
    if language not in material.grammars:
        raise InputError(f"no templates for the language {language!r}: there are {', '.join(material.grammars)}")
    return PhrasingPool(material.grammars[language], ("train",))


def record_row(pool: PhrasingPool, record: Record, label: str, shuffling: float, seed: int = 0) -> dict:
    """A training row about a record of one's own: the question in a drawn phrasing, and what each module must write.

    Args:
        pool: the phrasings to draw from, of one language (see train_pool).
        record, shuffling, seed: see shuffled_record; the seed also draws the phrasing.
        label: what is asked: one of the six fields in any phrasing of it, anything else by the label's own words.

    Raises:
        InputError: a label that the record does not have, or a chance that is none.
    """
    if label not in record.labels:
        raise InputError(f"the record has no {label!r}: one of {', '.join(record.labels)} was expected")
    if not 0 <= shuffling <= 1:
        raise InputError(f"the chance of shuffling must lie between 0 and 1, not {shuffling}")
    drawn, rng = shuffled_record(record, shuffling, seed), Random(f"{seed}|question")
    grammar, value, asked = pool.grammar, drawn.value(label), FIELD_OF.get(label, label)
    if asked == label:
        others = [other for other in record.labels if other != label]
        phrasing = pool.draw_open(rng, own_words(rng, label, others, grammar.language == "en"))
    else:
        phrasing = pool.draw(rng, asked)
    row = empty_row("train", grammar.language, "answerable", "plain" if drawn == record else "shuffled", phrasing.id)
    return row | {
        "name": drawn.name, "asked": asked, "label": label, "value": value, "record": drawn.to_dict(),
        "question": question_text(rng, grammar, phrasing, drawn.name),
        "content": drawn.content, "summary": drawn.summary(label),
        "response": filled(pick(rng, wordings_of(grammar, asked, label)), drawn.name, value) if value else None,
    }  # fmt: skip


def row_html(row: Mapping) -> str:
    """What each module reads and must write for a row, as a page fragment; everything in it is escaped."""
    rows = []
    for lane in lanes_of(row):
        reads = "<br>".join(f"{html.escape(what)}: {safe(text)}" for what, text in lane.reads.items())
        cells = reads or "no part in this row", f"<strong>{safe(lane.writes or '')}</strong>"
        rows.append((module_title(lane.module), *cells))
    return table_html({"module": "20%", "reads": "45%", "must write": "35%"}, rows)


def record_html(pool: PhrasingPool, record: Record, label: str, shuffling: float, seed: int) -> str:
    """The widget's page fragment: the row, then the names of the next rows."""
    row = record_row(pool, record, label, shuffling, seed)
    names = [shuffled_record(record, shuffling, seed + place).name for place in range(NAMES_SHOWN)]
    mixed = sum(name != record.name for name in names)
    window = SynthesisConfig().context_window
    long = "" if fits(row, window) else f"<p>This row is longer than {window} bytes: it would be left out.</p>"
    return card_html(
        f'{row_html(row)}{long}<p style="margin:8px 0 0">The name in this row and the next {NAMES_SHOWN - 1}, {mixed} '
        f"of {NAMES_SHOWN} shuffled: {' · '.join(map(safe, names))}</p>"
    )


def record_widget(
    record: Record, prob_threshold: float = 0.7, seed: int = 0, material: Material | None = None
) -> Panel:
    """A form to write a record in, to shuffle it with some chance, and to see what each module will see.

    Args:
        record: what the form begins with, of one fact or more.
        prob_threshold: the chance that the characters stay in order; the slider shows 1 - prob_threshold.
        seed: of the row.
        material: phrasings; None for those that ship.
    """
    material = material or load_material()
    pools = lru_cache(lambda language: train_pool(material, language))
    number = number_box(seed)

    def render(record: str, label: str, language: str, shuffling: float, seed: int) -> str:
        return record_html(pools(language), record_of(record), label_of(label), shuffling, seed)

    return Panel(
        render,
        record=text_box(record_text(record), "Record", lines=9),
        label=text_box(record.labels[0], "Asked for", "32em"),
        language=choice(tuple(material.grammars), next(iter(material.grammars)), "Language"),
        shuffling=slider(round(1 - prob_threshold, 2), "Shuffling", 0, 1, 0.05),
        seed=number,
        button=button("Next row", "Raise the seed by one", lambda: setattr(number, "value", number.value + 1)),
    )
