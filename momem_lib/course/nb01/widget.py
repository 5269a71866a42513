"""Widget of notebook 01: write a record, choose how often it is shuffled, and see what each module will see."""

import html
from collections.abc import Mapping
from random import Random

from momem_lib.course.shared.plots_data import lanes_of
from momem_lib.course.shared.text import safe
from momem_lib.course.shared.widgets import (
    CARD,
    CELL,
    MODULES,
    SILENT,
    SLIDER,
    TABLE,
    Debounced,
    error_html,
    focus_style,
)
from momem_lib.data.dataset import fits
from momem_lib.data.grammar import filled
from momem_lib.data.questions import PhrasingPool, question_text
from momem_lib.data.records import FIELDS, KEYS, LABELS, Person, person_from
from momem_lib.data.rows import Material, SynthesisConfig, content_of, empty_row, load_material
from momem_lib.data.scripts import pick
from momem_lib.data.styles import clear_name, shuffled
from momem_lib.project import InputError, optional_import

ipywidgets = optional_import("ipywidgets")

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
        "content": content_of(drawn.to_dict(), drawn.name), "summary": drawn.summary(field),
        "response": filled(pick(rng, grammar.responses[field]), drawn.name, value), "person": drawn.to_dict(),
    }  # fmt: skip


def row_html(row: Mapping) -> str:
    """What each module reads and must write for a row, as a page fragment; everything in it is escaped."""
    lines = []
    for lane in lanes_of(row):
        reads = "<br>".join(f"{html.escape(what)}: {safe(text)}" for what, text in lane.reads.items())
        cells = (reads or "no part in this row", f"<strong>{safe(lane.writes or '')}</strong>")
        head = f'<th scope="row" style="{CELL}">{MODULES[lane.module]}</th>'
        columns = "".join(f'<td style="{CELL}">{cell}</td>' for cell in cells)
        lines.append(f'<tr style="background:#FFFFFF">{head}{columns}</tr>')
    heads = "".join(f'<th scope="col" style="{CELL};width:{wide}">{name}</th>'
                    for name, wide in (("module", "20%"), ("reads", "45%"), ("must write", "35%")))  # fmt: skip
    return (
        f'<table style="{TABLE}"><thead><tr style="background:#FFFFFF">{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def record_html(pool: PhrasingPool, record: Mapping, field: str, shuffling: float, seed: int) -> str:
    """The widget's page fragment: the row, then the names of the next rows; a sentence where something is wrong."""
    try:
        person = person_from(dict(record), "your record")
        row = record_row(pool, person, field, shuffling, seed)
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    names = [shuffled_person(person, shuffling, seed + place).name for place in range(NAMES_SHOWN)]
    mixed = sum(name != person.name for name in names)
    window = SynthesisConfig().context_window
    long = "" if fits(row, window) else f"<p>This row is longer than {window} bytes: it would be left out.</p>"
    return (
        f'<div role="status" style="{CARD};overflow-wrap:anywhere">{row_html(row)}{long}'
        f'<p style="margin:8px 0 0">The name in this row and the next {NAMES_SHOWN - 1}, {mixed} of {NAMES_SHOWN} '
        f"shuffled: {' · '.join(map(safe, names))}</p></div>"
    )


class RecordWidget(ipywidgets.VBox):
    """A form for a record, the chance of shuffling, and below it the row that comes of it."""

    def __init__(self, material: Material, person: Person, shuffling: float, seed: int):
        labels, wide = {"description_width": "10.5em"}, {"width": "min(100%, 32em)"}
        self.material, self.pools = material, {}
        names = {"fname": "First name", "lname": "Last name"} | LABELS
        self.boxes = {
            key: ipywidgets.Text(
                getattr(person, key), description=names[key], style=labels, layout=wide, continuous_update=False
            )
            for key in KEYS
        }
        self.field = ipywidgets.Dropdown(
            options=[(label, field) for field, label in LABELS.items()], value="location",
            description="Asked for", style=labels, layout=wide,
        )  # fmt: skip
        self.language = ipywidgets.Dropdown(
            options=tuple(material.grammars), description="Language", style=labels, layout=wide
        )
        self.shuffling = ipywidgets.FloatSlider(
            shuffling, min=0, max=1, step=0.05, description="Shuffling", style=labels | SLIDER, layout=wide,
            continuous_update=False,
        )  # fmt: skip
        self.seed = ipywidgets.BoundedIntText(seed, min=0, max=2**31 - 1, description="Seed", style=labels, layout=wide)
        self.button = ipywidgets.Button(description="Next row", button_style="primary", tooltip="Raise the seed by one")
        self.output = ipywidgets.HTML()
        controls = (self.field, self.language, self.shuffling, self.seed)
        # Side by side where there is room: what comes of a change should be in sight of the control.
        form = ipywidgets.HBox([*self.boxes.values(), *controls], layout={"flex_flow": "row wrap"})
        super().__init__([focus_style(), form, self.button, self.output])
        self.draw_soon = Debounced(self.draw)
        for control in (*self.boxes.values(), *controls):
            control.observe(lambda _: self.draw_soon(), names="value")
        self.button.on_click(lambda _: setattr(self.seed, "value", self.seed.value + 1))
        self.draw()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    def draw(self) -> None:
        """Make the row that the controls describe, and show it."""
        language = self.language.value
        if language not in self.pools:
            self.pools[language] = train_pool(self.material, language)
        record = {key: box.value for key, box in self.boxes.items()}
        self.output.value = record_html(
            self.pools[language], record, self.field.value, self.shuffling.value, self.seed.value
        )


def record_widget(
    person: Person, prob_threshold: float = 0.7, seed: int = 0, material: Material | None = None
) -> RecordWidget:
    """A form to write a record in, to shuffle it with some chance, and to see what each module will see.

    Args:
        person: what the form begins with.
        prob_threshold: the chance that the characters stay in order; the slider shows 1 - prob_threshold.
        seed: of the row.
        material: phrasings; None for those that ship.
    """
    return RecordWidget(material or load_material(), person, round(1 - prob_threshold, 2), seed)
