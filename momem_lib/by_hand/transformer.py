"""Backpropagation by hand: a decoder-only Transformer in NumPy, put together from by_hand's layers, and its gradients.

The parameters are a dict from names to arrays, and the gradients a dict with the same names and shapes.
"""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from momem_lib.by_hand import layers
from momem_lib.by_hand.attention import causal_attention, causal_attention_backward
from momem_lib.project import InputError

Arrays = dict[str, ndarray]  # by name: all parameters, or the gradients of all


@dataclass(frozen=True)
class HandConfig:
    """The shape of the hand-made Transformer."""

    vocab_size: int = 256  # V, tokens
    width: int = 64  # D, numbers per token in the residual stream
    heads: int = 4  # H, attentions side by side; D must be a multiple of it
    blocks: int = 2  # attention and MLP, one after the other
    hidden: int = 256  # numbers in the middle of each MLP
    context: int = 64  # the most tokens that are read at once
    dropout: float = 0.0  # share of numbers set to zero in training
    spread: float = 0.06  # standard deviation of the random weights at the start

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        for name in ("vocab_size", "width", "heads", "blocks", "hidden", "context"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; a whole number from 1 up was expected")
        if self.width % self.heads:
            raise InputError(f"width {self.width} must be a multiple of heads {self.heads}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; a number from 0 to below 1 was expected")


def new_parameters(config: HandConfig, seed: int = 0, dtype: type = np.float32) -> Arrays:
    """Small random weights, gains of one, biases of zero, calmer branches (as in GPT-2: Radford et al. 2019, 2.3).

    Example:
        >>> parameters = new_parameters(HandConfig(vocab_size=5, width=4, heads=2, blocks=1, hidden=8, context=3))
        >>> sum(array.size for array in parameters.values())
        212
    """
    generator, width, hidden = np.random.default_rng(seed), config.width, config.hidden
    calm = config.spread / np.sqrt(2 * config.blocks)  # the more is added to the residual stream, the smaller each part

    def drawn(*shape: int, spread: float = config.spread) -> ndarray:
        return (spread * generator.standard_normal(shape)).astype(dtype)

    def norm(name: str) -> Arrays:
        return {f"{name}.gain": np.ones(width, dtype), f"{name}.bias": np.zeros(width, dtype)}

    def linear(name: str, *shape: int, spread: float = config.spread) -> Arrays:
        return {f"{name}.weight": drawn(*shape, spread=spread), f"{name}.bias": np.zeros(shape[1], dtype)}

    parameters = {"tokens": drawn(config.vocab_size, width), "positions": drawn(config.context, width)}
    for name in (f"blocks.{number}" for number in range(config.blocks)):
        parameters |= norm(f"{name}.attention_norm") | linear(f"{name}.qkv", width, 3 * width)
        parameters |= linear(f"{name}.out", width, width, spread=calm)
        parameters |= norm(f"{name}.mlp_norm") | linear(f"{name}.up", width, hidden)
        parameters |= linear(f"{name}.down", hidden, width, spread=calm)
    return parameters | norm("norm")


def block(x: ndarray, p: Arrays, name: str, config: HandConfig, generator=None) -> tuple[ndarray, list]:
    """x + attention(norm(x)), then x + mlp(norm(x)); dropout on what is added.

    Args:
        x: (B, T, D). p: all parameters. name: of the block, such as "blocks.0". generator: of dropout, or None.

    Returns:
        (B, T, D), and what block_backward needs.
    """
    normal, kept_norm = layers.layer_norm(x, p[f"{name}.attention_norm.gain"], p[f"{name}.attention_norm.bias"])
    weights = [p[f"{name}.{part}"] for part in ("qkv.weight", "qkv.bias", "out.weight", "out.bias")]
    added, kept_attention = causal_attention(normal, *weights, config.heads)
    added, kept_drop = layers.dropout(added, config.dropout, generator)
    x = x + added
    normal, kept_norm_2 = layers.layer_norm(x, p[f"{name}.mlp_norm.gain"], p[f"{name}.mlp_norm.bias"])
    hidden, kept_up = layers.linear(normal, p[f"{name}.up.weight"], p[f"{name}.up.bias"])  # (B, T, hidden)
    active, kept_gelu = layers.gelu(hidden)
    added, kept_down = layers.linear(active, p[f"{name}.down.weight"], p[f"{name}.down.bias"])
    added, kept_drop_2 = layers.dropout(added, config.dropout, generator)
    return x + added, [kept_norm, kept_attention, kept_drop, kept_norm_2, kept_up, kept_gelu, kept_down, kept_drop_2]


def block_backward(dy: ndarray, kept: list, gradients: Arrays, name: str) -> ndarray:
    """The block's steps in reverse; fills the gradients of its parameters in, and returns dx (B, T, D).

    A sum hands the same gradient to both its terms: dy goes on along the residual stream and into the branch.
    """
    kept_norm, kept_attention, kept_drop, kept_norm_2, kept_up, kept_gelu, kept_down, kept_drop_2 = kept

    def note(part: str, values: tuple) -> None:
        names = ("gain", "bias") if part.endswith("norm") else ("weight", "bias")
        gradients.update({f"{name}.{part}.{key}": value for key, value in zip(names, values, strict=True)})

    d, *rest = layers.linear_backward(layers.dropout_backward(dy, kept_drop_2), kept_down)
    note("down", rest)
    d, *rest = layers.linear_backward(layers.gelu_backward(d, kept_gelu), kept_up)
    note("up", rest)
    d, *rest = layers.layer_norm_backward(d, kept_norm_2)
    note("mlp_norm", rest)
    dx = dy + d
    d, *rest = causal_attention_backward(layers.dropout_backward(dx, kept_drop), kept_attention)
    note("qkv", rest[:2])
    note("out", rest[2:])
    d, *rest = layers.layer_norm_backward(d, kept_norm)
    note("attention_norm", rest)
    return dx + d


def forward(
    p: Arrays, config: HandConfig, tokens: ndarray, generator: Generator | None = None
) -> tuple[ndarray, tuple]:
    """Scores for the next token at each position.

    Args:
        tokens: (B, T), T at most config.context. generator: of dropout; None while the model is used.

    Returns:
        logits (B, T, V), and what backward needs.

    Raises:
        InputError: more tokens than the model has positions for.

    Example:
        >>> config = HandConfig(vocab_size=5, width=4, heads=2, blocks=1, hidden=8, context=3)
        >>> forward(new_parameters(config), config, np.array([[1, 2]]))[0].shape
        (1, 2, 5)
    """
    length = tokens.shape[1]
    if length > config.context:
        raise InputError(f"{length} tokens are more than the context of {config.context}: give fewer")
    x, kept_embedding = layers.embedding(tokens, p["tokens"])  # (B, T, D)
    x, kept_drop = layers.dropout(x + p["positions"][:length], config.dropout, generator)
    kept_blocks = []
    for number in range(config.blocks):
        x, kept = block(x, p, f"blocks.{number}", config, generator)
        kept_blocks.append(kept)
    last, kept_norm = layers.layer_norm(x, p["norm.gain"], p["norm.bias"])
    rows = last.reshape(-1, config.width)  # (B T, D)
    logits = rows @ p["tokens"].T  # (B T, V): the embedding table serves twice ("tied")
    return logits.reshape(*tokens.shape, -1), (kept_embedding, kept_drop, kept_blocks, kept_norm, rows)


def backward(p: Arrays, dlogits: ndarray, kept: tuple) -> Arrays:
    """The gradients of all parameters, from the gradient of the logits (B, T, V)."""
    kept_embedding, kept_drop, kept_blocks, kept_norm, rows = kept
    gradients: Arrays = {}
    dscores = dlogits.reshape(-1, dlogits.shape[-1])  # (B T, V)
    dx = (dscores @ p["tokens"]).reshape(*dlogits.shape[:-1], -1)  # (B, T, D)
    dx, gradients["norm.gain"], gradients["norm.bias"] = layers.layer_norm_backward(dx, kept_norm)
    for number in reversed(range(len(kept_blocks))):
        dx = block_backward(dx, kept_blocks[number], gradients, f"blocks.{number}")
    dx = layers.dropout_backward(dx, kept_drop)
    gradients["positions"] = np.zeros_like(p["positions"])
    gradients["positions"][: dx.shape[1]] = dx.sum(axis=0)  # a position is shared by all texts of the batch
    gradients["tokens"] = dscores.T @ rows  # its first use, in the scores ...
    gradients["tokens"] += layers.embedding_backward(dx, kept_embedding)  # ... and its second, at the bottom
    return gradients


def loss_and_gradients(
    p: Arrays, config: HandConfig, tokens: ndarray, targets: ndarray, generator: Generator | None = None
) -> tuple[float, Arrays]:
    """The loss in nats per token, and its gradient with respect to every parameter.

    Args:
        tokens: (B, T). targets: (B, T), the token that comes next at each position. generator: of dropout, or None.

    Example:
        >>> config = HandConfig(vocab_size=5, width=4, heads=2, blocks=1, hidden=8, context=3)
        >>> parameters = new_parameters(config)
        >>> loss, gradients = loss_and_gradients(parameters, config, np.array([[1, 2]]), np.array([[2, 3]]))
        >>> round(loss), all(gradients[name].shape == array.shape for name, array in parameters.items())
        (2, True)
    """
    logits, kept = forward(p, config, tokens, generator)
    loss, kept_loss = layers.cross_entropy(logits, targets)
    return loss, backward(p, layers.cross_entropy_backward(kept_loss), kept)


def draw_batch(data: ndarray, config: HandConfig, batch: int, generator: Generator) -> tuple[ndarray, ndarray]:
    """Pieces of a text from random places, and for each token the one that follows it.

    Args:
        data: the tokens of the text, (any length above config.context,). batch: B.

    Returns:
        tokens and targets, (B, T) each, with T = config.context.

    Example:
        >>> draw_batch(np.arange(4), HandConfig(context=3), 1, np.random.default_rng(0))
        (array([[0, 1, 2]]), array([[1, 2, 3]]))
    """
    if len(data) <= config.context:
        raise InputError(f"a text of {len(data)} tokens is too short: more than {config.context} are needed")
    starts = generator.integers(0, len(data) - config.context, batch)
    pieces = np.lib.stride_tricks.sliding_window_view(data, config.context + 1)[starts]  # (B, T + 1)
    return pieces[:, :-1], pieces[:, 1:]
