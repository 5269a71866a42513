"""Sampling to play with: sliders for temperature, top-k and top-p, and the next-token distribution as bars."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from momem_lib.course.shared.anatomy import text_inputs
from momem_lib.course.shared.panel import Panel, button, card_html, number_box, rendered, slider, table_html, text_box
from momem_lib.course.shared.start import HOTTEST
from momem_lib.course.shared.text import one_line, visible
from momem_lib.data.tokens import SPECIALS
from momem_lib.nn.generation import Sampling, draw
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError

NextToken = Callable[[str], Mapping[str, float]]  # from the text so far to the probability of each next token
BEFORE, AFTER = "#8C8C8C", "#0072B2"  # bars: as the model says, and as it is drawn from
MOST_DRAWN = 2000  # letters; a widget is no place for a novel


@dataclass(frozen=True)
class Bar:
    """One token of a next-token distribution."""

    token: str
    model: float  # its probability as the model gave it
    drawn: float  # the probability with which it is drawn, after temperature, top-k and top-p; 0 when cut off


def byte_model(model: Transformer, inputs_of: Callable[[torch.Tensor], Inputs] = text_inputs) -> NextToken:
    """A model over bytes as a plain function from a text to the probabilities of the next byte.

    Args:
        model: decoder-only, or any other together with inputs_of.
        inputs_of: from the bytes so far (1, T) to what the model reads; a module adds its prompt, source and start
            token there. A text that is too long loses its beginning.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> small = Transformer(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
        >>> probs = byte_model(small)("the ")
        >>> len(probs), round(sum(probs.values()), 3), list(probs)[97]
        (268, 1.0, 'a')
    """
    # A lone byte of a longer character is no text: it travels as a surrogate escape until its character is complete.
    names = [bytes([byte]).decode("utf-8", "surrogateescape") for byte in range(256)] + list(SPECIALS)

    @torch.inference_mode()
    def next_token(text: str) -> dict[str, float]:
        written = list(text.encode("utf-8", "surrogateescape"))[-model.config.context_window :]
        if not written and inputs_of is text_inputs:
            raise InputError("the text is empty: a decoder-only model continues, so type at least one letter")
        device = model.device
        tokens = torch.tensor([written], dtype=torch.long, device=device)
        probs = model(inputs_of(tokens)).log_probs[0, -1].double().exp().tolist()
        return dict(zip(names, probs, strict=True))

    return next_token


def bars(
    probs: Mapping[str, float],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    most: int | None = None,
) -> list[Bar]:
    """What sampling makes of a distribution, the most probable token first.

    Args:
        probs: token -> probability, as the model says. temperature, top_k, top_p: as in Sampling.
        most: give back so many tokens at most.

    Raises:
        InputError: no token, a probability that is none, or a sampling parameter out of range.

    Example:
        >>> bars({"a": 0.5, "b": 0.3, "c": 0.2}, top_k=1)[:2]
        [Bar(token='a', model=0.5, drawn=1.0), Bar(token='b', model=0.3, drawn=0.0)]
    """
    sampling = Sampling(temperature, top_k, top_p)
    given = torch.tensor(list(probs.values()), dtype=torch.float64)
    if not len(given) or not bool(((given >= 0) & (given <= 1 + 1e-6)).all()) or not given.sum() > 0:
        raise InputError("a distribution needs tokens with probabilities from 0 to 1, and not all of them 0")
    drawn = sampling.probs(given.log()[None])[0].tolist()
    rows = [Bar(token, model, after) for (token, model), after in zip(probs.items(), drawn, strict=True)]
    return sorted(rows, key=lambda bar: -bar.model)[:most]  # stable: equals stay in the order of the vocabulary


def draw_token(rows: list[Bar], seed: int) -> str:
    """One token, drawn with its probability; the same seed draws the same.

    Example:
        >>> draw_token([Bar("a", 0.5, 1.0), Bar("b", 0.5, 0.0)], seed=3)
        'a'
    """
    number = Sampling(1.0, seeds=[seed]).numbers(1, 1)[:, 0]
    return rows[int(draw(torch.tensor([[bar.drawn for bar in rows]]), number))].token


def _bar_row(bar: Bar) -> tuple[str, ...]:
    """One token's line: its name, two bars, two numbers."""
    strips = "".join(
        f'<div style="height:7px;margin:1px 0;background:{colour};width:{100 * min(1, share):.2f}%"></div>'
        for share, colour in ((bar.model, BEFORE), (bar.drawn, AFTER))
    )
    after = f"{bar.drawn:.1%}" if bar.drawn else "cut off"
    name = f'<span style="font-family:monospace">{html.escape(visible(bar.token))}</span>'
    return name, strips, f"{bar.model:.1%}", f'<strong style="color:{AFTER}">{after}</strong>'


def sampling_html(
    source: NextToken, text: str, temperature: float, top_k: int | None, top_p: float | None, most: int = 12
) -> str:
    """The next-token distribution after a text as a page fragment."""
    rows = bars(source(text), temperature, top_k, top_p)
    possible = sum(bar.drawn > 0 for bar in rows)
    heads = {"next": "12%", "": "60%", "the model": "14%", "drawn from": "14%"}
    return card_html(
        f'<p style="margin:0 0 6px;white-space:pre-wrap">{html.escape(one_line(text))}<strong>▁</strong></p>',
        table_html(heads, map(_bar_row, rows[:most])),
        f'<p style="margin:6px 0 0">{possible} of {len(rows)} tokens can be drawn. Grey: as the model says; '
        "blue: after temperature, top-k and top-p.</p>",
    )


class SamplingPanel(Panel):
    """Sliders for a sampler, buttons that draw from it, and the bars below them for the text so far.

    Args:
        below: from that text, the settings and the seed to another page fragment below the bars.
    """

    def __init__(
        self,
        source: NextToken,
        text: str,
        temperature: float,
        seed: int,
        most: int,
        below: Callable[..., str] | None = None,
    ):
        self.source, self.most, self.below, self.written = source, most, below, ""
        field = text_box(text, "Text")
        field.observe(lambda _: self.restart(), names="value")
        super().__init__(
            self.bars_html,
            text=field,
            temperature=slider(temperature, "Temperature", 0, HOTTEST, 0.05),
            top_k=slider(0, "Top-k (0: off)", 0, 20),
            top_p=slider(1.0, "Top-p (1: off)", 0.05, 1, 0.05),
            one=button("Draw one", "Draw the next token", lambda: self.draw(1)),
            many=button("Draw 40", "Draw forty tokens, one after the other", lambda: self.draw(40)),
            again=button("Start again", "Forget what was drawn", self.restart),
            seed=number_box(seed),
        )

    @property
    def settings(self) -> tuple[float, int | None, float | None]:
        """Temperature, top-k and top-p as the sliders stand; None: off."""
        return self.temperature.value, self.top_k.value or None, None if self.top_p.value >= 1 else self.top_p.value

    def bars_html(self, text: str, seed: int, **_) -> str:
        """The bars for the text so far, and what stands below them."""
        given = text + self.written, *self.settings
        bars = rendered(sampling_html, self.source, *given, self.most)
        return bars + (rendered(self.below, *given, seed) if self.below else "")

    def restart(self) -> None:
        """Forget what was drawn."""
        self.written = ""

    def draw(self, count: int) -> None:
        """Append tokens, each drawn from the bars; what goes wrong is shown with the bars."""
        for _ in range(count):
            text = self.text.value + self.written
            if len(self.written) > MOST_DRAWN:
                break
            try:
                rows = bars(self.source(text), *self.settings)
            except Exception:
                break
            self.written += draw_token(rows, self.seed.value + len(self.written))


def sampling_widget(
    source: NextToken | Transformer,
    text: str = "the ",
    temperature: float = 1.0,
    seed: int = 0,
    most: int = 12,
) -> SamplingPanel:
    """Turn temperature, top-k and top-p, see the next-token distribution change, and draw from it.

    Args:
        source: a function from the text so far to {token: probability}, or a decoder-only model over bytes.
        text, temperature, seed: what the controls begin with. most: how many bars are shown.
    """
    source = byte_model(source) if isinstance(source, Transformer) else source
    return SamplingPanel(source, text, temperature, seed, most)
