"""A widget for one module: heat it, see what it writes several times over, and what it would write next as bars."""

import html
from itertools import groupby

from momem_lib.course.modules.reading import BROKEN, letters_of_sample, prompted, sample_module
from momem_lib.course.shared.text import printable
from momem_lib.course.shared.widgets import (
    CARD,
    COPIED,
    GENERATED,
    SILENT,
    SLIDER,
    Debounced,
    error_html,
    focus_style,
)
from momem_lib.course.shared.widgets_sampling import byte_model, sampling_html
from momem_lib.nn.module import Module
from momem_lib.project import InputError, optional_import

ipywidgets = optional_import("ipywidgets")


def coloured(letters: list[tuple[str, float]]) -> str:
    """Letters with their copied shares as a page fragment: copied ones blue and underlined, generated ones orange.

    Example:
        >>> coloured([("J", 0.9), ("o", 0.8), ("<none>", 0.1)])
        '<span style="..." title="copied">Jo</span><span style="..." title="generated">&lt;none&gt;</span>'
    """
    pieces = []
    for copied, run in groupby(letters, key=lambda pair: pair[1] > 0.5):
        style, title = (COPIED, "copied") if copied else (GENERATED, "generated")
        text = html.escape(printable("".join(letter for letter, _ in run)))
        pieces.append(f'<span style="{style}" title="{title}">{text}</span>')
    return "".join(pieces)


def samples_html(
    module: Module,
    prompt: str,
    source: str | None = None,
    temperature: float = 0.8,
    seed: int = 0,
    count: int = 4,
    place: int = 0,
) -> str:
    """Samples of a module in two colours, and what the first of them could go on with, as a page fragment.

    Args:
        place: the bars show what comes after so many letters of the first sample.

    Returns:
        The fragment, or a sentence about what went wrong; never raises.
    """
    try:
        samples = sample_module(module, prompt, source, temperature, count, seed)
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader at a slider is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}).")
    lines = []
    for written in samples:
        letters = letters_of_sample(written)
        end = "" if written.finished else " …"
        lines.append(f"<li><bdi>{coloured(letters) or '<em>nothing</em>'}</bdi>{end}</li>")
    legend = f'<span style="{COPIED}">copied</span> <span style="{GENERATED}">generated</span>'
    so_far = "".join(letter for letter, _ in _plain(letters_of_sample(samples[0]))[:place])
    bars = sampling_html(byte_model(module.model, prompted(module, prompt, source)), so_far, temperature, None, None)
    return (
        f'<div role="status" style="{CARD};overflow-wrap:anywhere"><ol style="margin:0 0 6px 1.4em">{"".join(lines)}'
        f'</ol><p style="margin:0">{legend}</p></div>{bars}'
    )


def _plain(letters: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The letters before the first that is no text: a special token, or a broken byte."""
    ends = [number for number, (letter, _) in enumerate(letters) if len(letter) > 1 or letter == BROKEN]
    return letters[: ends[0]] if ends else letters


class ModuleWidget(ipywidgets.VBox):
    """The controls and the samples below them; setting a control's value draws anew."""

    def __init__(self, module: Module, prompt: str, source: str | None, heat: float, seed: int, count: int):
        style, wide = {"description_width": "9em"}, {"width": "min(100%, 46em)"}
        common = {"style": style, "layout": wide, "continuous_update": False}
        slider = common | {"style": style | SLIDER}
        self.module, self.count = module, count
        self.source = ipywidgets.Textarea(source or "", description=(module.task.source or "").capitalize(), **common)
        self.prompt = ipywidgets.Text(prompt, description="Question", **common)
        self.temperature = ipywidgets.FloatSlider(heat, min=0, max=3, step=0.1, description="Temperature", **slider)
        self.place = ipywidgets.IntSlider(0, min=0, max=40, description="Bars after letter", **slider)
        self.seed = ipywidgets.BoundedIntText(seed, min=0, max=2**31 - 1, description="Seed", style=style)
        self.output = ipywidgets.HTML()
        reads = [self.source, self.prompt] if module.task.source else [self.prompt]
        super().__init__([focus_style(), *reads, self.temperature, self.place, self.seed, self.output])
        self.show_soon = Debounced(self.show)
        for control in (self.source, self.prompt, self.temperature, self.place, self.seed):
            control.observe(lambda _: self.show_soon(), names="value")
        self.show()

    def __repr__(self) -> str:
        return SILENT

    def show(self) -> None:
        """Draw samples with what the controls say."""
        source = self.source.value if self.module.task.source else None
        heat = (self.temperature.value, self.seed.value, self.count, self.place.value)
        self.output.value = samples_html(self.module, self.prompt.value, source, *heat)


def module_widget(
    module: Module,
    prompt: str,
    source: str | None = None,
    temperature: float = 0.8,
    seed: int = 0,
    count: int = 4,
) -> ModuleWidget:
    """Turn one module's temperature, and see several samples of what it writes, and what could come next.

    Args:
        source: what the encoder reads; None for a decoder-only module. prompt, temperature, seed: to begin with.
        count: samples that are shown; number n is drawn with the seed `seed` + n.
    """
    return ModuleWidget(module, prompt, source, temperature, seed, count)
