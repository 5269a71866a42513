"""Widget of notebook 01: write a record, choose how often it is shuffled, and see what each module will see."""

import html
from collections.abc import Mapping
from functools import lru_cache
from random import Random

from momem_lib.course.nb01.rows import lanes_of
from momem_lib.course.shared.asking import module_title
from momem_lib.course.shared.panel import Panel, button, card_html, choice, number_box, slider, table_html, text_box
from momem_lib.course.shared.text import safe
from momem_lib.data.dataset import fits
from momem_lib.data.grammar import filled
from momem_lib.data.questions import PhrasingPool, question_text
from momem_lib.data.records import FIELDS, KEYS, LABELS, Person, person_from
from momem_lib.data.rows import Material, SynthesisConfig, empty_row, load_material
from momem_lib.data.scripts import pick
from momem_lib.data.styles import clear_name, shuffled
from momem_lib.project import InputError

NAMES_SHOWN = 8  # rows whose names the widget lists
TRIES = 30  # at a shuffled name that shows where it begins and ends


def shuffled_person(person: Person, shuffling: float, seed: int) -> Person:
    """The record as one row would have it: its name shuffled by chance, its values shuffled by another chance.

    Args:
        person: the record in order.
        shuffling: the chance of either, from 0 to 1 (1 - prob_threshold).
        seed: of both chances; a record that is shuffled at some chance is shuffled at every higher one, alike.

    Example:
        >>> jo = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")
        >>> shuffled_person(jo, 0.0, 1) == jo
        True
        >>> sorted(shuffled_person(jo, 1.0, 1).movie) == sorted("Jaws")
        True
    """
    changed = {}
    for part, keys in (("name", ("fname", "lname")), ("values", FIELDS)):
        rng = Random(f"{seed}|{part}")
        if rng.random() >= shuffling:
            continue
        for _ in range(TRIES):
            mixed = {key: shuffled(rng, getattr(person, key)) for key in keys}
            if part == "values" or clear_name(f"{mixed['fname']} {mixed['lname']}".strip()):
                changed |= mixed
                break
    return Person(**(person.to_dict() | changed))


def train_pool(material: Material, language: str) -> PhrasingPool:
    """The phrasings of one language that training may use; made once, since it takes a second.

    Raises:
        InputError: no templates for the language.
    """
    if language not in material.grammars:
        raise InputError(f"no templates for the language {language!r}: there are {', '.join(material.grammars)}")
    return PhrasingPool(material.grammars[language], ("train",))


def record_row(pool: PhrasingPool, person: Person, field: str, shuffling: float, seed: int = 0) -> dict:
    """A training row about a record of one's own: the question in a drawn phrasing, and what each module must write.

    Args:
        pool: the phrasings to draw from, of one language (see train_pool).
        person, shuffling, seed: see shuffled_person; the seed also draws the phrasing.
        field: what is asked.

    Raises:
        InputError: a field that nobody stores, or a chance that is none.
    """
    if field not in FIELDS:
        raise InputError(f"no field {field!r} is stored: one of {', '.join(FIELDS)} was expected")
    if not 0 <= shuffling <= 1:
        raise InputError(f"the chance of shuffling must lie between 0 and 1, not {shuffling}")
    drawn, rng = shuffled_person(person, shuffling, seed), Random(f"{seed}|question")
    grammar, value = pool.grammar, getattr(drawn, field)
    phrasing = pool.draw(rng, field)
    row = empty_row("train", grammar.language, "answerable", "plain" if drawn == person else "shuffled", phrasing.id)
    return row | {
        "fname": drawn.fname, "lname": drawn.lname, "field": field, "value": value, "name": drawn.name,
        "question": question_text(rng, grammar, phrasing, drawn.name),
        "content": drawn.content, "summary": drawn.summary(field),
        "response": filled(pick(rng, grammar.responses[field]), drawn.name, value), "person": drawn.to_dict(),
    }  # fmt: skip


def row_html(row: Mapping) -> str:
    """What each module reads and must write for a row, as a page fragment; everything in it is escaped."""
    rows = []
    for lane in lanes_of(row):
        reads = "<br>".join(f"{html.escape(what)}: {safe(text)}" for what, text in lane.reads.items())
        cells = reads or "no part in this row", f"<strong>{safe(lane.writes or '')}</strong>"
        rows.append((module_title(lane.module), *cells))
    return table_html({"module": "20%", "reads": "45%", "must write": "35%"}, rows)


def record_html(pool: PhrasingPool, record: Mapping, field: str, shuffling: float, seed: int) -> str:
    """The widget's page fragment: the row, then the names of the next rows.

    Raises:
        InputError: the record is none.
    """
    person = person_from(dict(record), "your record")
    row = record_row(pool, person, field, shuffling, seed)
    names = [shuffled_person(person, shuffling, seed + place).name for place in range(NAMES_SHOWN)]
    mixed = sum(name != person.name for name in names)
    window = SynthesisConfig().context_window
    long = "" if fits(row, window) else f"<p>This row is longer than {window} bytes: it would be left out.</p>"
    return card_html(
        f'{row_html(row)}{long}<p style="margin:8px 0 0">The name in this row and the next {NAMES_SHOWN - 1}, {mixed} '
        f"of {NAMES_SHOWN} shuffled: {' · '.join(map(safe, names))}</p>"
    )


def record_widget(
    person: Person, prob_threshold: float = 0.7, seed: int = 0, material: Material | None = None
) -> Panel:
    """A form to write a record in, to shuffle it with some chance, and to see what each module will see.

    Args:
        person: what the form begins with.
        prob_threshold: the chance that the characters stay in order; the slider shows 1 - prob_threshold.
        seed: of the row.
        material: phrasings; None for those that ship.
    """
    material = material or load_material()
    pools = lru_cache(lambda language: train_pool(material, language))
    number = number_box(seed)

    def render(field: str, language: str, shuffling: float, seed: int, **record: str) -> str:
        return record_html(pools(language), record, field, shuffling, seed)

    names = {"fname": "First name", "lname": "Last name"} | LABELS
    return Panel(
        render,
        **{key: text_box(getattr(person, key), names[key], "32em") for key in KEYS},
        field=choice([(label, field) for field, label in LABELS.items()], "location", "Asked for"),
        language=choice(tuple(material.grammars), next(iter(material.grammars)), "Language"),
        shuffling=slider(round(1 - prob_threshold, 2), "Shuffling", 0, 1, 0.05),
        seed=number,
        button=button("Next row", "Raise the seed by one", lambda: setattr(number, "value", number.value + 1)),
    )
