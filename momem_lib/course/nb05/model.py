"""A small decoder-only Transformer in plain PyTorch, its loss, its loop and its sampler: what notebook 05 writes."""

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.nn.attention import rotate, rotation

PAD = 256  # the token that fills rows up; 0 to 255 are bytes


class SelfAttention(nn.Module):
    """The layer of notebook 03: H heads, causal, with rotary positions.

    Example:
        >>> SelfAttention(width=8, heads=2)(torch.zeros(1, 5, 8)).shape  # (B, T, D)
        torch.Size([1, 5, 8])
    """

    causal, rotary = True, True

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x: Tensor) -> Tensor:
        """Cut the width into heads: (B, T, D) -> (B, H, T, D/H)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def join(self, mixed: Tensor) -> Tensor:
        """Put the heads together, and mix what they found: (B, H, T, D/H) -> (B, T, D)."""
        return self.out(mixed.transpose(1, 2).flatten(2))

    def parts(self, x: Tensor, start: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, H, T, D/H) of x (B, T, D), whose first token stands at the place start."""
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        if self.rotary:
            angles = rotation(torch.arange(start, start + x.shape[1])[None], query.shape[-1])
            query, key = rotate(query, angles), rotate(key, angles)
        return query, key, value

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        query, key, value = self.parts(x)
        return self.join(F.scaled_dot_product_attention(query, key, value, is_causal=self.causal))


class LayerNorm(nn.Module):
    """Each position's numbers brought to mean 0 and size 1, then a learned gain and bias (Ba et al. 2016).

    Example:
        >>> x = torch.tensor([1.0, 2.0, 6.0])
        >>> torch.allclose(LayerNorm(3)(x), (x - 3) / 2.1602, atol=1e-4)
        True
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias)


class MLP(nn.Module):
    """D numbers widened to 4 D, bent by GELU, brought back to D.

    Example:
        >>> MLP(8)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return self.down(F.gelu(self.up(x)))


class Block(nn.Module):
    """Attention, then an MLP, each on a normalised copy of the stream, each added to it (pre-norm).

    Example:
        >>> Block(width=8, heads=2)(torch.zeros(1, 5, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = LayerNorm(width), SelfAttention(width, heads)
        self.mlp_norm, self.mlp = LayerNorm(width), MLP(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


class DecoderOnly(nn.Module):
    """Token vectors, blocks, a last norm, and a score for each next token; the head shares the token vectors.

    Example:
        >>> DecoderOnly()(torch.tensor([list(b"the cat")])).shape  # (B, T, V)
        torch.Size([1, 7, 257])
    """

    def __init__(self, vocabulary: int = 257, width: int = 48, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.bias = LayerNorm(width), nn.Parameter(torch.zeros(vocabulary))
        nn.init.normal_(self.embedding.weight, std=0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        x = self.embedding(tokens)  # (B, T, D)
        for block in self.blocks:
            x = block(x)
        return self.norm(x) @ self.embedding.weight.T + self.bias


def next_token_loss(model: nn.Module, window: Tensor) -> Tensor:
    """The mean surprise at each next token of a window (B, T+1), padding left out: a scalar, in nats.

    Example:
        >>> f"{next_token_loss(lambda tokens: torch.zeros(1, 3, 257), torch.tensor([list(b'cats')])).item():.2f}"
        '5.55'
    """
    scores, labels = model(window[:, :-1]), window[:, 1:]
    return F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=PAD)


def train(
    model: nn.Module,
    batches: Iterable[Tensor],
    learning_rate: float = 5e-3,
    loss_of: Callable[[nn.Module, Tensor], Tensor] = next_token_loss,
) -> list[float]:
    """Train a model, one step a batch, and return the loss of each step in nats.

    Example:
        >>> len(train(DecoderOnly(width=8, heads=2, blocks=1), [torch.tensor([list(b"cats")])] * 3))
        3
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    losses = []
    for batch in batches:
        loss = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def sample_probs(scores: Tensor, temperature: float = 1.0, top_k: int | None = None) -> Tensor:
    """What a token is drawn from: scores (V,) -> probabilities (V,).

    Example:
        >>> [round(p, 2) for p in sample_probs(torch.tensor([2.0, 1.0, 0.0]), temperature=0.5, top_k=2).tolist()]
        [0.88, 0.12, 0.0]
    """
    if top_k is not None:
        scores = scores.masked_fill(scores < scores.topk(top_k).values[-1], float("-inf"))
    return torch.softmax(scores / temperature, dim=-1)


@torch.no_grad()
def write(model: nn.Module, tokens: Sequence[int], length: int, choose: Callable[[Tensor], int]) -> list[int]:
    """Continue a text token by token; choose takes the scores (V,) of the next one.

    Example:
        >>> write(DecoderOnly(), list(b"cat"), 2, lambda scores: 7)
        [99, 97, 116, 7, 7]
    """
    tokens = list(tokens)
    for _ in range(length):
        tokens.append(choose(model(torch.tensor([tokens]))[0, -1]))
    return tokens


def attend(layer: SelfAttention, new: Tensor, cache: dict) -> Tensor:
    """Attention for one more token (B, 1, D) that looks at those before it, whose keys and values are in the cache."""
    query, key, value = layer.parts(new, start=cache["key"].shape[2] if cache else 0)
    if cache:
        key, value = torch.cat([cache["key"], key], dim=2), torch.cat([cache["value"], value], dim=2)
    cache["key"], cache["value"] = key, value
    return layer.join(F.scaled_dot_product_attention(query, key, value))


def step(model: DecoderOnly, token: int, caches: Sequence[dict]) -> Tensor:
    """Read one more token, and score what follows it: (V,).

    Args:
        caches: one dict a block, all of them empty before the first token.

    Example:
        >>> model, caches, word = DecoderOnly(), [{}, {}], list(b"cat")
        >>> scores = [step(model, token, caches) for token in word]
        >>> torch.allclose(torch.stack(scores), model(torch.tensor([word]))[0], atol=1e-5)
        True
    """
    x = model.embedding(torch.tensor([[token]]))  # (1, 1, D)
    for block, cache in zip(model.blocks, caches, strict=True):
        x = x + attend(block.attention, block.attention_norm(x), cache)
        x = x + block.mlp(block.mlp_norm(x))
    return (model.norm(x) @ model.embedding.weight.T + model.bias)[0, 0]


class CrossAttention(SelfAttention):
    """Attention whose queries come from one text, and whose keys and values come from another; no mask, no turning.

    Example:
        >>> CrossAttention(width=8, heads=2)(torch.zeros(1, 5, 8), torch.zeros(1, 9, 8)).shape
        torch.Size([1, 5, 8])
    """

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        """(B, T, D) and (B, S, D) -> (B, T, D)."""
        query, key, value = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        return self.join(F.scaled_dot_product_attention(query, key, value))


class EncoderDecoder(nn.Module):
    """An encoder that reads a source in both directions, and a decoder that looks at it while it writes.

    Example:
        >>> source, target = torch.tensor([list(b"Lives in: Oslo")]), torch.tensor([list(b"Oslo")])
        >>> EncoderDecoder()(source, target).shape  # (B, T, V)
        torch.Size([1, 4, 257])
    """

    def __init__(self, vocabulary: int = 257, width: int = 48, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.encoder = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.decoder = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.looks = nn.ModuleList(CrossAttention(width, heads) for _ in range(blocks))
        self.look_norms = nn.ModuleList(LayerNorm(width) for _ in range(blocks))
        self.encoder_norm, self.norm = LayerNorm(width), LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        for block in self.encoder:
            block.attention.causal = False

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(B, S) and (B, T) -> (B, T, V)."""
        encoded = self.embedding(source)  # (B, S, D)
        for block in self.encoder:
            encoded = block(encoded)
        encoded = self.encoder_norm(encoded)
        x = self.embedding(target)  # (B, T, D)
        for block, norm, look in zip(self.decoder, self.look_norms, self.looks, strict=True):
            x = x + block.attention(block.attention_norm(x))
            x = x + look(norm(x), encoded)
            x = x + block.mlp(block.mlp_norm(x))
        return self.norm(x) @ self.embedding.weight.T + self.bias
