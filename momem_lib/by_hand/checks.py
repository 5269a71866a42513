"""Is a hand-derived gradient right? Nudge every number and see, or ask the same Transformer in torch, with autograd."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy import ndarray
from torch import Tensor

from momem_lib.by_hand.transformer import HandConfig
from momem_lib.project import InputError


def numerical_gradient(function: Callable[[ndarray], float], x: ndarray, nudge: float = 1e-5) -> ndarray:
    """The gradient of function(x), a single number, by finite differences: (f(x + h) - f(x - h)) / 2h for each number.

    Args:
        x: any shape, float64; every number of it is changed for a moment and then put back. nudge: h.

    Returns:
        The shape of x.

    Raises:
        InputError: x is not float64, so that rounding would drown the difference.

    Example:
        >>> numerical_gradient(lambda x: float((x**2).sum()), np.array([1.0, 3.0])).round(6).tolist()
        [2.0, 6.0]
    """
    if x.dtype != np.float64:
        raise InputError(f"a gradient check needs float64, not {x.dtype}: use x.astype(np.float64)")
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        before = x[place]
        x[place] = before + nudge
        above = function(x)
        x[place] = before - nudge
        below = function(x)
        x[place] = before
        gradient[place] = (above - below) / (2 * nudge)
    return gradient


def relative_error(one: ndarray, other: ndarray) -> float:
    """How far apart two gradients are: the length of their difference over the length of the longer one.

    Example:
        >>> one = np.array([1.0, 0.0])
        >>> relative_error(one, one), relative_error(one, -one)
        (0.0, 2.0)
    """
    if np.shape(one) != np.shape(other):
        raise InputError(f"gradients of shapes {np.shape(one)} and {np.shape(other)} cannot be compared")
    longer = max(np.linalg.norm(one), np.linalg.norm(other))
    return float(np.linalg.norm(np.subtract(one, other)) / longer) if longer else 0.0


def twin_parameters(parameters: dict[str, ndarray]) -> dict[str, Tensor]:
    """Copies of the parameters as tensors whose gradients torch keeps track of.

    Example:
        >>> twin_parameters({"gain": np.ones(2)})["gain"].requires_grad
        True
    """
    return {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}


def _block(x: Tensor, p: dict[str, Tensor], name: str, config: HandConfig) -> Tensor:
    batch, length, width = x.shape

    def linear(x: Tensor, part: str) -> Tensor:
        return F.linear(x, p[f"{name}.{part}.weight"].T, p[f"{name}.{part}.bias"])

    def norm(x: Tensor, part: str) -> Tensor:
        return F.layer_norm(x, (width,), p[f"{name}.{part}.gain"], p[f"{name}.{part}.bias"])

    projected = linear(norm(x, "attention_norm"), "qkv")  # (B, T, 3 D)
    parts = projected.view(batch, length, 3, config.heads, -1).permute(2, 0, 3, 1, 4)  # (3, B, H, T, D/H)
    mixed = F.scaled_dot_product_attention(*parts, is_causal=True)
    x = x + linear(mixed.transpose(1, 2).reshape(batch, length, width), "out")
    hidden = linear(norm(x, "mlp_norm"), "up")
    return x + linear(F.gelu(hidden, approximate="tanh"), "down")


def twin_loss_and_gradients(
    p: dict[str, Tensor], config: HandConfig, tokens: Tensor, targets: Tensor
) -> tuple[float, dict[str, Tensor]]:
    """What by_hand.loss_and_gradients gives without dropout: the gradients are those that autograd finds.

    Args:
        p: from twin_parameters. tokens, targets: (B, T).

    Example:
        >>> from momem_lib.by_hand.transformer import new_parameters
        >>> config = HandConfig(vocab_size=5, width=4, heads=2, blocks=1, hidden=8, context=3)
        >>> twin = twin_parameters(new_parameters(config))
        >>> loss, gradients = twin_loss_and_gradients(twin, config, *torch.tensor([[[1, 2]], [[2, 3]]]))
        >>> round(loss), gradients["tokens"].shape
        (2, torch.Size([5, 4]))
    """
    x = F.embedding(tokens, p["tokens"]) + p["positions"][: tokens.shape[1]]  # (B, T, D)
    for number in range(config.blocks):
        x = _block(x, p, f"blocks.{number}", config)
    x = F.layer_norm(x, (config.width,), p["norm.gain"], p["norm.bias"])
    logits = F.linear(x, p["tokens"])  # (B, T, V)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    found = torch.autograd.grad(loss, list(p.values()))
    return loss.item(), dict(zip(p, found, strict=True))
