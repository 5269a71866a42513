"""Attention, written out and fused, with masks, rotary positions and a cache of keys and values.

Shapes, here and everywhere: B batch, T target (query) length, S source (key) length, D model width, H heads,
V vocabulary.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CAUSAL = "causal"  # stands for the lower-triangular mask, which the fused kernel does not need to see


def causal_mask(length: int) -> Tensor:
    """Who may look at whom when nobody may look ahead: (T, T), True where query t may see key s.

    Example:
        >>> causal_mask(3).int().tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    return torch.ones(length, length, dtype=torch.bool).tril()


def attention_by_hand(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention as the paper writes it (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.1).

    Args:
        query: (..., T, D). key, value: (..., S, D).
        mask: True where a query may look, broadcastable to (..., T, S). A row without any gets zeros.

    Returns:
        The mixed values (..., T, D) and the weights (..., T, S).

    Example:
        >>> one_hot = torch.eye(2)
        >>> mixed, weights = attention_by_hand(9 * one_hot, 9 * one_hot, torch.tensor([[1.0], [2.0]]))
        >>> mixed.round().flatten().tolist()
        [1.0, 2.0]
    """
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (..., T, S)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)  # softmax of a row of -inf alone is NaN
    return weights @ value, weights


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | str | None = None) -> Tensor:
    """The same as attention_by_hand, in one fused kernel and without the weights.

    Args:
        query: (B, H, T, D/H). key, value: (B, H, S, D/H).
        mask: True where a query may look, broadcastable to (B, H, T, S); CAUSAL; or None for everything.

    Example:
        >>> x = torch.randn(1, 2, 3, 4)
        >>> torch.allclose(attention(x, x, x, CAUSAL), attention_by_hand(x, x, x, causal_mask(3))[0], atol=1e-6)
        True
    """
    if query.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
        # The CPU's fused kernel is three times slower backwards in bfloat16 than in float32.
        with torch.autocast("cpu", enabled=False):
            return attention(query.float(), key.float(), value.float(), mask)
    if isinstance(mask, str):
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    if mask is None:
        return mixed
    # Kernels differ in what a row without any permitted key gives (0, NaN or an average): make it 0.
    return mixed.masked_fill(~mask.any(dim=-1, keepdim=True), 0.0)


def rotation(positions: Tensor, head_dim: int, base: float = 10_000.0) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles (Su et al. 2021, arXiv:2104.09864, section 3.2.2), ready for rotate.

    Args:
        positions: (B, T) or (1, T), whole numbers.
        head_dim: D/H, even.

    Returns:
        Two tensors (B, 1, T, D/H); the angles of the first half stand there twice, their sines first with a minus.

    Example:
        >>> cos, sin = rotation(torch.tensor([[0, 1]]), head_dim=4)
        >>> cos.shape, cos[0, 0, 0].tolist()
        (torch.Size([1, 1, 2, 4]), [1.0, 1.0, 1.0, 1.0])
    """
    half = torch.arange(0, head_dim, 2, device=positions.device, dtype=torch.float32)
    angles = positions[:, None, :, None].float() * base ** (-half / head_dim)  # (B, 1, T, D/H/2)
    cos, sin = angles.cos(), angles.sin()
    return torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)


def rotate(x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (i, i + D/H/2) of x (B, H, T, D/H) by its angle; dot products then depend on distance alone.

    Example:
        >>> x = torch.randn(1, 1, 2, 4)
        >>> far, near = rotation(torch.tensor([[7, 9]]), 4), rotation(torch.tensor([[0, 2]]), 4)
        >>> a, b = rotate(x, far), rotate(x, near)
        >>> torch.allclose(a[0, 0, 0] @ a[0, 0, 1], b[0, 0, 0] @ b[0, 0, 1], atol=1e-5)
        True
    """
    cos, sin = (part.to(x.dtype) for part in angles)
    return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin  # roll puts each number's partner in its place


class KeyValueCache:
    """The keys and values of one attention layer for the tokens read so far, so that each is computed once.

    When it is full, room is made for twice as many tokens as there then are, so that appending n tokens one by one
    copies O(n) numbers in all.

    Example:
        >>> cache = KeyValueCache()
        >>> key, value = cache.append(torch.zeros(1, 2, 5, 8), torch.zeros(1, 2, 5, 8))
        >>> key, value = cache.append(torch.ones(1, 2, 1, 8), torch.ones(1, 2, 1, 8))
        >>> key.shape
        torch.Size([1, 2, 6, 8])
    """

    def __init__(self) -> None:
        self.key: Tensor | None = None
        self.value: Tensor | None = None
        self.length = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values (B, H, T, D/H) and return all so far (B, H, S, D/H)."""
        end = self.length + key.shape[2]
        if self.key is None:
            self.key, self.value = key[:, :, :0], value[:, :, :0]
        if end > self.key.shape[2]:
            more = 2 * end - self.key.shape[2]
            self.key, self.value = (F.pad(part, (0, 0, 0, more)) for part in (self.key, self.value))
        self.key[:, :, self.length : end] = key
        self.value[:, :, self.length : end] = value
        self.length = end
        return self.key[:, :, :end], self.value[:, :, :end]

    def select(self, rows: Tensor) -> None:
        """Keep only some rows of the batch, given by index."""
        self.key, self.value = self.key[rows], self.value[rows]


class MultiHeadAttention(nn.Module):
    """H attentions side by side, each D/H wide (Vaswani et al. 2017, section 3.2.2); self- or cross-attention.

    Example:
        >>> layer = MultiHeadAttention(embedding_dim=8, num_heads=2)
        >>> layer(torch.randn(3, 5, 8), mask=CAUSAL).shape
        torch.Size([3, 5, 8])
        >>> layer(torch.randn(3, 5, 8), context=torch.randn(3, 9, 8)).shape
        torch.Size([3, 5, 8])
    """

    def __init__(self, embedding_dim: int, num_heads: int) -> None:
        super().__init__()
        if embedding_dim % num_heads:
            raise ValueError(f"embedding_dim {embedding_dim} must be a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.query = nn.Linear(embedding_dim, embedding_dim)
        self.key_value = nn.Linear(embedding_dim, 2 * embedding_dim)
        self.out = nn.Linear(embedding_dim, embedding_dim)

    def split(self, x: Tensor) -> Tensor:
        """Cut the width into heads: (B, T, D) -> (B, H, T, D/H)."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def keys_values(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """What is looked at: (B, S, D) -> keys and values, (B, H, S, D/H) each."""
        both = self.key_value(context).unflatten(-1, (2, self.num_heads, -1))  # (B, S, 2, H, D/H)
        return both.permute(2, 0, 3, 1, 4).unbind(0)

    def forward(
        self,
        x: Tensor,
        context: Tensor | tuple[Tensor, Tensor] | None = None,
        mask: Tensor | str | None = None,
        angles: tuple[Tensor, Tensor] | None = None,
        cache: KeyValueCache | None = None,
        weights: list[Tensor] | None = None,
    ) -> Tensor:
        """Let every position of x look at itself and others, or at a context.

        Args:
            x: (B, T, D).
            context: (B, S, D), or its keys_values, for cross-attention; None for self-attention.
            mask: as in attention().
            angles: rotary angles of the T positions, for self-attention.
            cache: keys and values of earlier positions, to look at too and to be added to.
            weights: a list to which the attention weights (B, H, T, S) are appended, for people to look at.

        Returns:
            (B, T, D).
        """
        query = self.split(self.query(x))  # (B, H, T, D/H)
        key, value = context if isinstance(context, tuple) else self.keys_values(x if context is None else context)
        if angles is not None:
            query, key = rotate(query, angles), rotate(key, angles)
        if cache is not None:
            key, value = cache.append(key, value)
        if weights is None:
            mixed = attention(query, key, value, mask)
        else:
            seen = causal_mask(x.shape[1]).to(x.device) if isinstance(mask, str) else mask
            mixed, layer_weights = attention_by_hand(query, key, value, seen)
            weights.append(layer_weights)
        return self.out(mixed.transpose(1, 2).flatten(2))  # (B, H, T, D/H) -> (B, T, D)
