"""The one widget: controls, what they give below them as a page fragment, and a sentence where something goes wrong."""

import asyncio
import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

from momem_lib.course.shared.text import printable, safe
from momem_lib.project import InputError, optional_import
from momem_lib.settings import check_number

ipywidgets = optional_import("ipywidgets")

PAUSE = 0.1  # seconds without a change before a panel answers
# Dark ink on a light ground of our own, because the page may be light or dark.
CARD = "background:#FFFFFF;color:#1A1A1A;border:1px solid #8C8C8C;padding:10px 14px;line-height:1.5"
TABLE = "border-collapse:collapse;background:#FFFFFF;width:100%;table-layout:fixed;margin:0;font-size:1em"
CELL = "text-align:left;vertical-align:top;padding:5px 8px 5px 0;border-top:1px solid #C8C8C8;color:#1A1A1A"
COPIED = "background:#BFE0F7;color:#1A1A1A;border-bottom:2px solid #0072B2"
GENERATED = "background:#FFDDB0;color:#1A1A1A"
LEGEND = f'<span style="{COPIED}">copied</span> <span style="{GENERATED}">generated</span>'
# A ring around the slider that has the keyboard's focus.
FOCUS = "<style>.noUi-handle:focus-visible{outline:3px solid #D55E00;outline-offset:1px}</style>"
SILENT = "This widget needs a running kernel: run the cell in JupyterLab to use it."
LABELS = {"description_width": "9em"}


def error_html(sentence: str) -> str:
    """A sentence that says what went wrong, as a page fragment."""
    return f'<div role="alert" style="{CARD};border-left:6px solid #B34700"><strong>!</strong> {safe(sentence)}</div>'


def card_html(*fragments: str) -> str:
    """Page fragments on one light card, which a screen reader reads out when it changes."""
    return f'<div role="status" style="{CARD};overflow-wrap:anywhere">{"".join(fragments)}</div>'


def table_html(heads: Mapping[str, str], rows: Iterable[Sequence[object]]) -> str:
    """A table of page fragments; the first cell of a row is its head.

    Args:
        heads: name of each column -> its width, such as "20%".
    """
    head = "".join(f'<th scope="col" style="{CELL};width:{wide}">{html.escape(name)}</th>'
                   for name, wide in heads.items())  # fmt: skip
    lines = []
    for first, *rest in rows:
        cells = "".join(f'<td style="{CELL}">{cell}</td>' for cell in rest)
        lines.append(f'<tr style="background:#FFFFFF"><th scope="row" style="{CELL}">{first}</th>{cells}</tr>')
    head = f'<thead><tr style="background:#FFFFFF">{head}</tr></thead>'
    return f'<table style="{TABLE}">{head}<tbody>{"".join(lines)}</tbody></table>'


def coloured(letters: Iterable[tuple[str, float]]) -> str:
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


def rendered(render: Callable[..., str], *given, **values) -> str:
    """What a function gives, or a sentence about what went wrong, as a page fragment; never raises.

    Example:
        >>> rendered("{:.1f}".format, 2), "ZeroDivisionError" in rendered(lambda: 1 / 0)
        ('2.0', True)
    """
    try:
        return render(*given, **values)
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader at a slider is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}). Please report it.")


class Debounced:
    """Calls a function once changes have come to rest; where no event loop runs, at once."""

    def __init__(self, function: Callable[[], None], pause: float = PAUSE):
        self.function, self.pause = function, pause
        self.task: asyncio.Task | None = None

    def __call__(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a test or a script
            self.function()
            return
        if self.task is not None:
            self.task.cancel()
        self.task = loop.create_task(self._later())

    async def _later(self) -> None:
        await asyncio.sleep(self.pause)
        self.function()


class Panel(ipywidgets.VBox):
    """Controls, and below them what they give; a change of a control's value, or a button, renders anew.

    Args:
        render: from the values of the controls, by their names, to a page fragment; what it raises is shown.
        controls: name -> a control of ipywidgets, in the order in which they stand; each is an attribute of the panel.
            Those without a value (buttons, boxes of further controls) are shown and not handed to render.
    """

    def __init__(self, render: Callable[..., str], **controls):
        self.render, self.controls, self.output = render, controls, ipywidgets.HTML()
        # Side by side where there is room: what comes of a change should be in sight of the control.
        form = ipywidgets.HBox(list(controls.values()), layout={"flex_flow": "row wrap"})
        super().__init__([ipywidgets.HTML(FOCUS, layout={"display": "none"}), form, self.output])
        self.show_soon = Debounced(self.show)
        for name, control in controls.items():
            setattr(self, name, control)
            if isinstance(control, ipywidgets.Button):
                control.on_click(lambda _: self.show_soon())
            elif control.has_trait("value"):
                control.observe(lambda _: self.show_soon(), names="value")
        self.show()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    @property
    def values(self) -> dict:
        """What the controls say, by their names."""
        return {name: control.value for name, control in self.controls.items() if control.has_trait("value")}

    def show(self) -> None:
        """Render with what the controls say."""
        self.output.value = rendered(self.render, **self.values)


# Controls that look alike everywhere; they answer when a change is finished (Enter, a released slider), not at each key


def text_box(value: str, label: str, width: str = "46em", lines: int = 1, **more):
    """A field to type in, as wide as the page allows (more: as in ipywidgets.Text)."""
    more = {"continuous_update": False} | more | ({"rows": lines} if lines > 1 else {})
    kind = ipywidgets.Textarea if lines > 1 else ipywidgets.Text
    return kind(value, description=label, style=LABELS, layout={"width": f"min(100%, {width})"}, **more)


def slider(value: float, label: str, low: float, high: float, step: float = 1):
    """A slider over whole numbers, or over numbers with a fraction where its step has one.

    Raises:
        InputError: it cannot show this value; ipywidgets would put another in its place without a word.
    """
    check_number(label, value, low if isinstance(step, int) else float(low), high)
    kind = ipywidgets.IntSlider if isinstance(step, int) else ipywidgets.FloatSlider
    style = LABELS | {"handle_color": "#0072B2"}  # the usual white handle is hard to see on a light page
    return kind(
        value, min=low, max=high, step=step, description=label, style=style, layout={"width": "min(100%, 30em)"},
        continuous_update=False,
    )  # fmt: skip


def number_box(value: int, label: str = "Seed", low: int = 0, high: int = 2**31 - 1):
    """A field for a whole number; an InputError for a value that it cannot show."""
    check_number(label, value, low, high)
    return ipywidgets.BoundedIntText(value, min=low, max=high, description=label, style=LABELS)


def choice(options, value: object, label: str):
    """A list to choose from: values, or pairs of what is shown and the value."""
    return ipywidgets.Dropdown(options=options, value=value, description=label, style=LABELS)


def button(label: str, tooltip: str, click: Callable[[], None] = lambda: None):
    """A button; what it does comes before the panel renders anew."""
    made = ipywidgets.Button(description=label, button_style="primary", tooltip=tooltip)
    made.on_click(lambda _: click())
    return made


def file_button(label: str, accept: str, take: Callable[[str, bytes], None]):
    """A button that uploads a file; its name and content are handed on, and it has no value of its own.

    Args:
        accept: which files are offered, by their endings: ".csv,.tsv".
    """
    upload = ipywidgets.FileUpload(accept=accept, description=label, layout={"width": "auto"})
    upload.observe(lambda change: [take(file["name"], bytes(file["content"])) for file in change["new"]], names="value")
    return ipywidgets.HBox([upload])
