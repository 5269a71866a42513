"""The sampling widget of notebook 06: what a language model may write next as bars, and several continuations."""

import html
from collections.abc import Sequence

import torch

from momem_lib.course.shared.charts import Bar
from momem_lib.course.shared.panel import CARD, rendered
from momem_lib.course.shared.sampling import NextToken, SamplingPanel, bars
from momem_lib.course.shared.text import one_line, printable, readable
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import read_on

SAMPLES, TOKENS = 3, 48  # continuations side by side, and the tokens of each
COLUMN = "flex:1 1 15em;min-width:0;padding:0 10px;border-left:3px solid #0072B2"


def token_names(language_model: LanguageModel) -> list[str]:
    """A name for each token (V,): its text; a lone byte of a longer letter is a surrogate escape."""
    tokenizer = language_model.tokenizer
    return [tokenizer.token_bytes(token).decode("utf-8", "surrogateescape") for token in range(tokenizer.vocab_size)]


def next_token_of(language_model: LanguageModel) -> NextToken:
    """A language model as a plain function from a text to the probability of each next token.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> from momem_lib.lm.bpe import BPETokenizer
        >>> from momem_lib.nn.transformer import Transformer
        >>> model = Transformer(ModelConfig(256, 16, 2, 32, num_decoder_blocks=1, context_window=32))
        >>> probs = next_token_of(LanguageModel(model.eval(), BPETokenizer()))("To be")
        >>> len(probs), round(sum(probs.values()), 3)
        (256, 1.0)
    """
    names = token_names(language_model)

    def next_token(text: str) -> dict[str, float]:
        tokens = language_model.encode(text.encode("utf-8", "surrogateescape"))
        probs = torch.softmax(read_on(language_model.model, tokens)[0].double(), dim=-1)
        return dict(zip(names, probs[0].tolist(), strict=True))

    return next_token


def next_bars(
    language_model: LanguageModel,
    prompt: str,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    most: int = 12,
) -> list[Bar]:
    """What sampling makes of the next token after a prompt, the most probable first; see sampling.bars."""
    return bars(next_token_of(language_model)(prompt), temperature, top_k, top_p, most)


def samples_table(
    language_model: LanguageModel,
    prompt: str,
    settings: Sequence[dict],
    seeds: Sequence[int],
    tokens: int = 24,
    width: int = 70,
) -> str:
    """Continuations of a prompt as plain text, a line for each seed below each setting of the sampler.

    Args:
        settings: keywords of LanguageModel.generate, such as {"temperature": 0.5}. width: letters kept of each line.
    """
    lines = []
    for setting in settings:
        lines.append(", ".join(f"{name} {value}" for name, value in setting.items()))
        texts = language_model.samples(prompt, seeds, tokens=tokens, **setting)
        lines += [f"  seed {seed}: {one_line(prompt + text)[:width]}" for seed, text in zip(seeds, texts, strict=True)]
    return "\n".join(lines)


def samples_html(
    language_model: LanguageModel,
    text: str,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seeds: Sequence[int],
    tokens: int = TOKENS,
) -> str:
    """Several continuations of a text side by side as a page fragment."""
    prompt = text.encode("utf-8", "surrogateescape")
    heat = {"tokens": tokens, "temperature": temperature, "top_k": top_k, "top_p": top_p}
    columns = "".join(
        f'<div style="{COLUMN}"><strong>seed {seed}</strong>'
        f'<p style="margin:4px 0 0;white-space:pre-wrap;overflow-wrap:anywhere">{_lines(readable(text))}'
        f'<span style="background:#DCEBF5;color:#1A1A1A">{_lines(more)}</span></p></div>'
        for seed, more in zip(seeds, language_model.samples(prompt, seeds, **heat), strict=True)
    )
    return f'<div style="{CARD};display:flex;flex-wrap:wrap;gap:12px;margin-top:8px">{columns}</div>'


def _lines(text: str) -> str:
    """Text for a page, its line breaks kept and its markup without effect."""
    return "\n".join(html.escape(printable(line)) for line in text.split("\n"))


class LMPanel(SamplingPanel):
    """The sampling panel of notebook 05 around a language model, with continuations below the bars."""

    def __init__(self, language_model: LanguageModel, *begin):
        self.language_model = language_model
        super().__init__(next_token_of(language_model), *begin, stop=())

    def bars_html(self, text: str, seed: int, **_) -> str:
        """The bars and the continuations for the text so far."""
        seeds = range(seed, seed + SAMPLES)
        samples = rendered(samples_html, self.language_model, text + self.written, *self.settings, seeds)
        return rendered(super().bars_html, text) + samples


def lm_widget(
    language_model: LanguageModel, text: str = "The ", temperature: float = 0.8, seed: int = 0, most: int = 10
) -> LMPanel:
    """Turn temperature, top-k, top-p and seed; see the next token's bars and several continuations change.

    Args:
        text, temperature, seed: what the controls begin with. most: how many bars are shown.
    """
    return LMPanel(language_model, text, temperature, seed, most)
