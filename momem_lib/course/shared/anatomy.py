"""The sizes of a Transformer, by formula, and its attention weights, kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from momem_lib.nn.blocks import ModelConfig, NGramEmbedding
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer


def text_inputs(tokens: Tensor) -> Inputs:
    """Plain text for a decoder-only model: tokens (B, T) as its target, no prompt, no padding.

    Example:
        >>> text_inputs(torch.tensor([[7, 8, 9]])).prompt.shape
        torch.Size([1, 0])
    """
    nothing = tokens[:, :0]
    return Inputs(tokens, torch.ones_like(tokens, dtype=torch.bool), nothing, nothing.bool())


def parameter_count(config: ModelConfig) -> dict[str, int]:
    """How many parameters each kind of part has, by formula; the sum is what num_parameters() counts.

    Example:
        >>> parameter_count(ModelConfig(embedding_dim=8, num_heads=2, hidden_dim=32, num_decoder_blocks=3))
        {'token vectors': 2144, 'attention': 864, 'MLP': 1656, 'layer norms': 112, 'head': 268}
    """
    width, hidden, vocabulary = config.embedding_dim, config.hidden_dim, config.vocab_size
    encoders, decoders, cross = config.num_encoder_blocks, config.num_decoder_blocks, bool(config.num_encoder_blocks)
    attentions = encoders + decoders * (1 + cross)
    blocks = encoders + decoders
    norms = attentions + blocks + 1 + cross  # one before each attention and each MLP, one at the end of each stack
    count = {
        "token vectors": vocabulary * width,
        "position vectors": config.context_window * width if config.positions == "learned" else 0,
        "role vectors": 2 * width if config.source_reading == "fields" else 0,
        "n-gram vectors": config.ngram_rows * NGramEmbedding.WIDTH + NGramEmbedding.WIDTH * width,
        "attention": attentions * (4 * width**2 + 4 * width),  # query, key, value, out, each with a bias
        "MLP": blocks * (2 * width * hidden + hidden + width),
        "layer norms": norms * 2 * width,  # a gain and a bias
        "head": vocabulary + (0 if config.tie_embeddings else vocabulary * width),
        "copy head": copy_head_count(config) if config.copy_from != "none" else 0,
        "pointer": pointer_count(config) if config.points else 0,
    }
    if not config.ngram_rows:
        count["n-gram vectors"] = 0
    return {part: number for part, number in count.items() if number}


def copy_head_count(config: ModelConfig) -> int:
    """The parameters of the copy head of notebook 07: query and key, match weights, context, gate."""
    width, gate_inputs = config.embedding_dim, config.embedding_dim * (2 if config.copied_context else 1)
    context = width**2 + width + width * config.vocab_size if config.copied_context else 0
    return 2 * (width**2 + width) + config.longest_match + context + gate_inputs + 1


def pointer_count(config: ModelConfig) -> int:
    """The parameters of the pointer of notebook 09: its blocks, roles and likeness, projection, norm, score, trusts."""
    width, hidden = config.embedding_dim, config.hidden_dim
    block = 4 * width**2 + 4 * width + 2 * width * hidden + hidden + width + 4 * width
    return config.num_pointer_blocks * block + 2 * 3 * width + width**2 + 2 * width + width + 1 + 3


@dataclass
class Looks:
    """Attention weights kept for people to look at: one tensor (B, H, T, S) per block."""

    encoder: list[Tensor] = field(default_factory=list)
    decoder: list[Tensor] = field(default_factory=list)
    cross: list[Tensor] = field(default_factory=list)


@contextmanager
def looking(model: Transformer) -> Iterator[Looks]:
    """Within, a model's attention runs written out, and its weights are kept.

    Example:
        >>> model = Transformer(ModelConfig(embedding_dim=8, num_heads=2, hidden_dim=8, num_decoder_blocks=1))
        >>> with looking(model) as looks:
        ...     out = model(text_inputs(torch.tensor([[1, 2, 3]])))
        >>> looks.decoder[0].shape
        torch.Size([1, 2, 3, 3])
    """
    looks = Looks()
    layers = [(block.attention, looks.encoder) for block in model.encoder]
    for block in model.decoder:
        layers += [(block.attention, looks.decoder), (block.cross_attention, looks.cross)]
    hooks = [layer.register_forward_pre_hook(lambda _, given, named, kept=kept: (given, named | {"weights": kept}),
                                             with_kwargs=True)
             for layer, kept in layers if layer is not None]  # fmt: skip
    try:
        yield looks
    finally:
        for hook in hooks:
            hook.remove()
