"""The judge of by_hand: the same Transformer in torch, with torch's own layers and its autograd."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.by_hand.transformer import HandConfig


def twin_parameters(parameters: dict[str, np.ndarray]) -> dict[str, Tensor]:
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


def twin_loss(p: dict[str, Tensor], config: HandConfig, tokens: Tensor, targets: Tensor) -> Tensor:
    """The loss of by_hand_transformer, without dropout: tokens and targets (B, T), a scalar in nats per token.

    Example:
        >>> from momem_lib.by_hand.transformer import new_parameters
        >>> config = HandConfig(vocab_size=5, width=4, heads=2, blocks=1, hidden=8, context=3)
        >>> loss = twin_loss(twin_parameters(new_parameters(config)), config, *torch.tensor([[[1, 2]], [[2, 3]]]))
        >>> round(loss.item())
        2
    """
    x = F.embedding(tokens, p["tokens"]) + p["positions"][: tokens.shape[1]]  # (B, T, D)
    for number in range(config.blocks):
        x = _block(x, p, f"blocks.{number}", config)
    x = F.layer_norm(x, (config.width,), p["norm.gain"], p["norm.bias"])
    logits = F.linear(x, p["tokens"])  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def twin_loss_and_gradients(
    p: dict[str, Tensor], config: HandConfig, tokens: Tensor, targets: Tensor
) -> tuple[float, dict[str, Tensor]]:
    """The loss, and the gradient that autograd finds for every parameter."""
    loss = twin_loss(p, config, tokens, targets)
    found = torch.autograd.grad(loss, list(p.values()))
    return loss.item(), dict(zip(p, found, strict=True))
