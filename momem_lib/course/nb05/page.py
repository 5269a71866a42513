"""One page: a Transformer, its training loop and its sampler, with torch alone."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WAS = "lay in|ate|killed|worried|tossed|milked|kissed|married|woke|owned".split("|")
WHO = "malt|rat|cat|dog|cow with the crumpled horn|maiden all forlorn|man all tattered and torn"
WHO = (WHO + "|priest all shaven and shorn|cock that crowed in the morn|farmer sowing his corn").split("|")


def rhyme() -> str:
    """The house that Jack built, a nursery rhyme that grows by a line with each verse.

    Example:
        >>> rhyme()[:70]
        'This is the house that Jack built.\\nThis is the malt that lay in the ho'
    """
    verses = ["house that Jack built."]
    for who, was in zip(WHO, WAS, strict=True):
        verses.append(f"{who} that {was} the {verses[-1]}")
    return "\n".join(f"This is the {verse}" for verse in verses) + "\n"


class Attention(nn.Module):
    """H heads, causal: (B, T, D) -> (B, T, D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.three, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Cut into heads, look, put together."""
        three = self.three(x).unflatten(-1, (3, self.heads, -1))  # (B, T, 3, H, D/H)
        query, key, value = three.permute(2, 0, 3, 1, 4)  # (B, H, T, D/H) each
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention and an MLP on a residual stream."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.attention = Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.attention(self.norms[0](x))
        return x + self.mlp(self.norms[1](x))


class Model(nn.Module):
    """Characters and places to vectors, blocks, a score for each next character."""

    def __init__(self, vocabulary: int, window: int, width: int = 64, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(window, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)
        for table in (self.tokens, self.places):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))  # (B, T, D)
        return self.head(self.norm(self.blocks(x)))


def learn_and_write(text: str, prompt: str, letters: int, steps: int = 200, seed: int = 0) -> str:
    """Train a model on a text, let it continue a prompt by so many characters, and return both in one.

    Example:
        >>> len(learn_and_write("the cat sleeps. " * 20, "the ", 10, steps=2))
        14
    """
    torch.manual_seed(seed)
    alphabet = sorted(set(text))
    data = torch.tensor([alphabet.index(letter) for letter in text])
    window = min(64, len(data) - 1)
    model = Model(len(alphabet), window)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        starts = torch.randint(len(data) - window, (16, 1))
        batch = data[starts + torch.arange(window + 1)]  # (B, T+1)
        loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens = [alphabet.index(letter) for letter in prompt]
    with torch.no_grad():
        for _ in range(letters):
            scores = model(torch.tensor([tokens[-window:]]))[0, -1]  # (V,)
            tokens.append(int(torch.multinomial(torch.softmax(scores / 0.5, dim=-1), 1)))
    return "".join(alphabet[token] for token in tokens)
