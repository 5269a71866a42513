"""Widget of notebook 02: type a text, drag the number of merges, see the tokens in colours."""

import html
from functools import partial

from momem_lib.course.nb02.plots import TINTS
from momem_lib.course.shared.panel import CARD, Panel, slider, text_box
from momem_lib.course.shared.text import visible
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.project import InputError

LONGEST = 2_000  # characters; a page of ten thousand coloured boxes would be slow
BOX = "color:#1A1A1A;padding:1px 2px;margin:1px;border-radius:3px;display:inline-block;font-family:monospace"


def tokens_html(tokenizer: BPETokenizer, text: str, merges: int) -> str:
    """The text as coloured boxes, cut by the first merges of a tokenizer, as a page fragment.

    Resting the pointer on a box shows the token's number.

    Raises:
        InputError: the text is too long to be shown.
    """
    if len(text) > LONGEST:
        raise InputError(f"the text has {len(text):,} characters: {LONGEST:,} or fewer can be shown")
    cut = tokenizer.first(merges)
    pieces = [(token, html.escape(visible(cut.token_bytes(token)))) for token in cut.encode(text)]
    size = len(text.encode("utf-8"))
    rate = f"{size / len(pieces):.2f} bytes per token, " if pieces else ""
    told = f"{len(pieces)} tokens for {size} bytes: {rate}with {len(cut.merges)} merges."
    boxes = "".join(
        f'<span style="{BOX};background:{TINTS[place % len(TINTS)]}" title="token {token}">{shown}</span>'
        for place, (token, shown) in enumerate(pieces)
    )
    return f'<div style="{CARD}"><bdi>{boxes}</bdi><div style="color:#595959">{told}</div></div>'


def token_widget(tokenizer: BPETokenizer, text: str = "Where does Wanjikũ live?", merges: int | None = None) -> Panel:
    """Cut a text into tokens with as many merges as a slider says.

    Args:
        tokenizer: its merges are those that the slider counts.
        text, merges: what the controls begin with; None: 100 merges, or all where there are fewer.
    """
    merges = min(100, len(tokenizer.merges)) if merges is None else merges
    return Panel(
        partial(tokens_html, tokenizer),
        text=text_box(text, "Text", lines=2, continuous_update=True),
        merges=slider(merges, "Merges", 0, len(tokenizer.merges)),
    )
