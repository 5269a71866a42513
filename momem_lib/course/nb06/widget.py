"""The sampling widget of notebook 06: what a language model may write next as bars, and several continuations."""

import html
from functools import partial

import torch

from momem_lib.course.shared.panel import CARD
from momem_lib.course.shared.sampling import NextToken, SamplingPanel
from momem_lib.course.shared.text import printable, readable
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import read_on

SAMPLES, TOKENS = 3, 48  # continuations side by side, and the tokens of each
COLUMN = "flex:1 1 15em;min-width:0;padding:0 10px;border-left:3px solid #0072B2"


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
    tokenizer = language_model.tokenizer  # a lone byte of a longer letter is a surrogate escape
    names = [tokenizer.token_bytes(n).decode("utf-8", "surrogateescape") for n in range(tokenizer.vocab_size)]

    def next_token(text: str) -> dict[str, float]:
        tokens = language_model.encode(text.encode("utf-8", "surrogateescape"))
        probs = torch.softmax(read_on(language_model.model, tokens)[0].double(), dim=-1)
        return dict(zip(names, probs[0].tolist(), strict=True))

    return next_token


def samples_html(
    language_model: LanguageModel,
    text: str,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    tokens: int = TOKENS,
) -> str:
    """SAMPLES continuations of a text side by side as a page fragment, the first one drawn with the seed."""
    seeds = range(seed, seed + SAMPLES)
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


def lm_widget(
    language_model: LanguageModel, text: str = "The ", temperature: float = 0.8, seed: int = 0, most: int = 10
) -> SamplingPanel:
    """Turn temperature, top-k, top-p and seed; see the next token's bars and several continuations change.

    Args:
        text, temperature, seed: what the controls begin with. most: how many bars are shown.
    """
    source, below = next_token_of(language_model), partial(samples_html, language_model)
    return SamplingPanel(source, text, temperature, seed, most, below=below)
