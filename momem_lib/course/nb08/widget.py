"""Widget of notebook 08: type a name, and see how the memory takes it. Thin views over `Memory.look_up`."""

import html
import textwrap
from collections.abc import Sequence

from momem_lib.course.shared.widgets import CARD, CELL, SILENT, TABLE, Debounced, error_html, safe
from momem_lib.project import InputError, optional_import
from momem_lib.system.memory import LookUp, Memory
from momem_lib.system.names import normalise, search_key, shown

ipywidgets = optional_import("ipywidgets")

VERDICTS = {
    "exact": "✓ exact: this answers",
    "ambiguous": "? ambiguous: several people, no answer",
    "near": "? near miss: asks back, no answer",
    "unknown": "✗ unknown: no answer",
}
BAR = "display:inline-block;height:0.8em;background:#0072B2;vertical-align:baseline"


def candidate_row(name: str, score: float) -> str:
    """A candidate as a row of a page's table: its name, its likeness as a bar and as a number."""
    bar = f'<span style="{BAR};width:{0.8 * score:.0f}px" aria-hidden="true"></span> {score:.1f}'
    return (
        f'<tr style="background:#FFFFFF"><th scope="row" style="{CELL}">{safe(name)}</th>'
        f'<td style="{CELL}">{bar}</td></tr>'
    )


def found_html(tag: str, found: LookUp) -> str:
    """One look-up as a page fragment: verdict, reason, how the tag was compared, and the candidates; all escaped."""
    forms = f"compared as {safe(shown(normalise(tag)))}, searched for as {safe(shown(search_key(tag)))}"
    record = f'<p style="margin:4px 0">{safe(found.person.content)}</p>' if found.person else ""
    rows = "".join(candidate_row(name, score) for name, score in found.candidates)
    heads = "".join(f'<th scope="col" style="{CELL};width:{wide}">{html.escape(head)}</th>'
                    for head, wide in (("candidate", "65%"), ("likeness, 0 to 100", "35%")))  # fmt: skip
    head = f'<thead><tr style="background:#FFFFFF">{heads}</tr></thead>'
    table = f'<table style="{TABLE}">{head}<tbody>{rows}</tbody></table>'
    return (
        f'<div role="status" style="{CARD};overflow-wrap:anywhere"><p style="margin:0 0 4px;font-size:1.15em">'
        f"<strong>{VERDICTS[found.status]}</strong></p>"
        f'<p style="margin:4px 0">{safe(found.reason)}</p>{record}{table if rows else ""}'
        f'<p style="margin:8px 0 0;font-size:0.9em">{forms}</p></div>'
    )


def look_up_html(memory: Memory, tag: str) -> str:
    """What a look-up gives, or a sentence about what went wrong, as a page fragment; never raises."""
    try:
        return found_html(tag.encode("utf-8", "replace").decode(), memory.look_up(tag))
    except InputError as error:
        return error_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    except Exception as error:  # a reader who types is not helped by a traceback
        return error_html(f"Something went wrong inside ({type(error).__name__}: {error}). Please report it.")


def look_up_table(memory: Memory, tags: Sequence[str], width: int = 60) -> str:
    """Look-ups as a plain-text table: what the widget shows, for paper, terminals and headless runs.

    Example:
        >>> print(look_up_table(Memory(), ["Jo"]))
        tag                     status     candidates and their likeness
        Jo                      unknown    nobody
    """
    lines = [f"{'tag':<22}  {'status':<9}  candidates and their likeness"]
    for tag in tags:
        found = memory.look_up(tag)
        named = "; ".join(f"{shown(name)} {score:.0f}" for name, score in found.candidates) or "nobody"
        for number, part in enumerate(textwrap.wrap(named, width)):
            first = (shown(tag), found.status) if number == 0 else ("", "")
            lines.append(f"{first[0]:<22}  {first[1]:<9}  {part}")
    return "\n".join(lines)


class LookUpWidget(ipywidgets.VBox):
    """A text field for a name, and below it what the memory says."""

    def __init__(self, memory: Memory, tag: str):
        labels, wide = {"description_width": "5em"}, {"width": "min(100%, 34em)"}
        self.memory = memory
        self.tag = ipywidgets.Text(
            tag, description="Name", style=labels, layout=wide, placeholder="type a name, well or badly spelt"
        )
        self.output = ipywidgets.HTML()
        super().__init__([self.tag, self.output])
        self.look_soon = Debounced(self.look)
        self.tag.observe(lambda _: self.look_soon(), names="value")
        self.look()

    def __repr__(self) -> str:
        return SILENT  # what a run without a browser leaves in the notebook

    def look(self) -> None:
        """Look up the name that stands in the field, and show what came of it."""
        self.output.value = look_up_html(self.memory, self.tag.value)


def look_up_widget(memory: Memory, tag: str = "Muchri TChalla") -> LookUpWidget:
    """Type a name and see whether the memory takes it for an exact match, a near miss, several people, or nobody.

    Args:
        memory: filled; it must stay open while the widget is used.
        tag: what the field begins with.
    """
    return LookUpWidget(memory, tag)
