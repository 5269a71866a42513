"""Widget of notebook 08: type a name, and see how the memory takes it. Thin views over `Memory.look_up`."""

from functools import partial

from momem_lib.course.shared.panel import Panel, card_html, table_html, text_box
from momem_lib.course.shared.text import safe
from momem_lib.system.memory import LookUp, Memory
from momem_lib.system.names import normalise, search_key, shown

VERDICTS = {
    "exact": "✓ exact: this answers",
    "ambiguous": "? ambiguous: several people, no answer",
    "near": "? near miss: asks back, no answer",
    "unknown": "✗ unknown: no answer",
}
BAR = "display:inline-block;height:0.8em;background:#0072B2;vertical-align:baseline"


def found_html(tag: str, found: LookUp) -> str:
    """One look-up as a page fragment: verdict, reason, how the tag was compared, and the candidates; all escaped."""
    forms = f"compared as {safe(shown(normalise(tag)))}, searched for as {safe(shown(search_key(tag)))}"
    record = f'<p style="margin:4px 0">{safe(found.record.content)}</p>' if found.record else ""
    rows = [(safe(name), f'<span style="{BAR};width:{0.8 * score:.0f}px" aria-hidden="true"></span> {score:.1f}')
            for name, score in found.candidates]  # fmt: skip
    return card_html(
        f'<p style="margin:0 0 4px;font-size:1.15em"><strong>{VERDICTS[found.status]}</strong></p>',
        f'<p style="margin:4px 0">{safe(found.reason)}</p>{record}',
        table_html({"candidate": "65%", "likeness, 0 to 100": "35%"}, rows) if rows else "",
        f'<p style="margin:8px 0 0;font-size:0.9em">{forms}</p>',
    )


def look_up_html(memory: Memory, tag: str) -> str:
    """What a look-up gives, as a page fragment."""
    return found_html(tag.encode("utf-8", "replace").decode(), memory.look_up(tag))


def look_up_widget(memory: Memory, tag: str = "Muchri TChalla") -> Panel:
    """Type a name and see whether the memory takes it for an exact match, a near miss, several people, or nobody.

    Args:
        memory: filled; it must stay open while the widget is used.
        tag: what the field begins with.
    """
    hint = "type a name, well or badly spelt"
    field = text_box(tag, "Name", "34em", placeholder=hint, continuous_update=True)
    return Panel(partial(look_up_html, memory), tag=field)
