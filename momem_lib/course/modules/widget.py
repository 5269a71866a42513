"""A widget for one module: heat it, see what it writes several times over, and what it would write next as bars."""

from functools import partial
from itertools import islice, takewhile

from momem_lib.course.modules.reading import BROKEN, letters_of_sample, prompted, sample_module
from momem_lib.course.shared.panel import LEGEND, Panel, card_html, coloured, number_box, slider, text_box
from momem_lib.course.shared.sampling import byte_model, sampling_html
from momem_lib.course.shared.start import HOTTEST
from momem_lib.course.shared.text import record_of, record_text
from momem_lib.data.records import Record
from momem_lib.nn.module import Module


def samples_html(
    module: Module,
    prompt: str,
    source: str | Record | None = None,
    temperature: float = 0.8,
    seed: int = 0,
    count: int = 4,
    place: int = 0,
) -> str:
    """Samples of a module in two colours, and what the first of them could go on with, as a page fragment.

    Args:
        source: for Module 2, a record, or one that somebody typed, a fact a line.
        place: the bars show what comes after so many letters of the first sample.
    """
    if module.task.source == "record" and isinstance(source, str):
        source = record_of(f"Name: somebody\n{source}")
    samples = sample_module(module, prompt, source, temperature, count, seed)
    lines = []
    for written in samples:
        letters = letters_of_sample(written)
        end = "" if written.finished else " …"
        lines.append(f"<li><bdi>{coloured(letters) or '<em>nothing</em>'}</bdi>{end}</li>")
    first = (letter for letter, _ in letters_of_sample(samples[0]))  # up to a special token or a broken byte:
    so_far = "".join(islice(takewhile(lambda letter: len(letter) == 1 and letter != BROKEN, first), place))
    bars = sampling_html(byte_model(module.model, prompted(module, prompt, source)), so_far, temperature, None, None)
    return card_html(f'<ol style="margin:0 0 6px 1.4em">{"".join(lines)}</ol><p style="margin:0">{LEGEND}</p>') + bars


def module_widget(
    module: Module,
    prompt: str,
    source: str | Record | None = None,
    temperature: float = 0.8,
    seed: int = 0,
    count: int = 4,
) -> Panel:
    """Turn one module's temperature, and see several samples of what it writes, and what could come next.

    Args:
        source: what the encoder reads; None for a decoder-only module. prompt, temperature, seed: to begin with.
        count: samples that are shown; number n is drawn with the seed `seed` + n.
    """
    reads, lines = module.task.source, 2
    if isinstance(source, Record):
        source, lines = record_text(source).partition("\n")[2], 1 + len(source.facts)
    sources = {"source": text_box(source or "", reads.capitalize(), lines=lines)} if reads else {}
    return Panel(
        partial(samples_html, module, count=count),
        **sources,
        prompt=text_box(prompt, "Question"),
        temperature=slider(temperature, "Temperature", 0, HOTTEST, 0.05),
        place=slider(0, "Bars after letter", 0, 40),
        seed=number_box(seed),
    )
