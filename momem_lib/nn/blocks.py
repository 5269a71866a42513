"""The shape of a Transformer, and the block that it is made of."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.nn.attention import KeyValueCache, MultiHeadAttention
from momem_lib.project import InputError
from momem_lib.settings import check, choice, number

PRIME, BASE = 1_000_003, 257  # of the hashes of words
ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a Transformer; everything in it is stored in the checkpoint."""

    vocab_size: int = number(268, 1, 65_536)  # tokens
    embedding_dim: int = number(128, 1, 65_536)  # D, numbers per token in the residual stream
    num_heads: int = number(4, 1, 65_536)  # H, attentions side by side; D must be a multiple of it
    hidden_dim: int = number(512, 1, 65_536)  # numbers in the middle of each MLP
    num_encoder_blocks: int = number(0, 0, 65_536)  # 0 makes it decoder-only
    num_decoder_blocks: int = number(3, 1, 65_536)
    num_pointer_blocks: int = number(2, 0, 65_536)  # of what points at a fact, where source_reading is "fields"
    context_window: int = number(2048, 1, 65_536)  # the most tokens in the source, and in prompt plus target
    activation_type: str = choice("gelu", *ACTIVATIONS)
    positions: str = choice("rotary", "rotary", "learned")  # learned: one vector per position
    ngram_rows: int = number(0, 0, 2**20)  # rows of the table of byte n-grams for prompt and source; 0: bytes alone
    whole_words: bool = False  # whether whole words, and pairs of them, have rows in that table too
    source_reading: str = choice("whole", "whole", "fields")  # fields: a record, its labels first, see nn/fields.py
    prompt_attention: str = choice("both", "both", "causal")  # how the prompt is read; both directions: a prefix LM
    tie_embeddings: bool = True  # output scores use the embedding matrix
    dropout: float = number(0.0, 0.0, 0.9)  # share of numbers set to zero in training
    copy_from: str = choice("none", "none", "prompt", "source", "both")  # none: a plain head
    longest_match: int = number(16, 0, 64)  # match lengths told apart by the copy head; 0: no match feature
    copied_context: bool = True  # whether the gate and the generator see what is about to be copied

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        check(self)
        if self.embedding_dim % (2 * self.num_heads):
            raise InputError(f"embedding_dim {self.embedding_dim} must be a multiple of 2 x num_heads {self.num_heads}")
        if self.copy_from in ("source", "both") and not self.num_encoder_blocks:
            raise InputError(f"copy_from {self.copy_from!r} needs an encoder: set num_encoder_blocks to 1 or more")

    @property
    def points(self) -> bool:
        """Whether the model points at a fact of the record before it writes, see fields.FactPointer."""
        return self.source_reading == "fields" and self.copy_from == "source" and self.ngram_rows > 0

    def copied(self, source, prompt) -> list:
        """Of two things that belong to source and prompt, those of the texts that the copy head points at, in order.

        Example:
            >>> ModelConfig(copy_from="prompt").copied("the record", "the question"), ModelConfig().copied(1, 2)
            (['the question'], [])
        """
        return {"none": [], "prompt": [prompt], "source": [source], "both": [source, prompt]}[self.copy_from]


class NGramEmbedding(nn.Module):
    """A vector for each run of 3, 4 and 5 bytes, beside those of the single bytes: a model reads "live" at once.

    From bytes alone, a model has to build words before it can learn what they mean, and stands still for long. Runs are
    hashed into one small table (Bojanowski et al. 2017, arXiv:1607.04606, section 3.2; for bytes, Pagnoni et al. 2024,
    arXiv:2412.09871, section 3.2.1); two runs in one row are told apart by the others around them. Capital ASCII
    letters count as small ones. Only what is given whole (prompt and source) is read so, never what is being written.
    With whole_words also each word, and each pair of neighbours, has a row, met at its last letter.

    Example:
        >>> import torch
        >>> layer = NGramEmbedding(rows=64, embedding_dim=8)
        >>> tokens = torch.tensor([list(b"Live, live")])
        >>> vectors = layer(tokens)  # (B, T, D)
        >>> vectors.shape, torch.equal(vectors[0, 3], vectors[0, 9])  # "live" ends at 3 and at 9, but what is before?
        (torch.Size([1, 10, 8]), False)
        >>> torch.equal(layer(tokens), layer(torch.tensor([list(b"LIVE, LIVE")])))
        True
    """

    LENGTHS = (3, 4, 5)  # bytes in a run
    WIDTH = 32  # numbers per row; a matrix widens them to D

    def __init__(self, rows: int, embedding_dim: int, whole_words: bool = False) -> None:
        super().__init__()
        self.whole_words = whole_words
        self.table = nn.Embedding(rows, self.WIDTH)
        self.widen = nn.Linear(self.WIDTH, embedding_dim, bias=False)

    def rows(self, tokens: Tensor, length: int, spans: Tensor | None = None) -> Tensor:
        """The table row of the run that ends at each token: (B, T) -> (B, T); no run leaves its span."""
        small = small_letters(tokens)
        code, inside = torch.full_like(tokens, length), torch.ones_like(tokens, dtype=torch.bool)
        for back in range(length):
            earlier = F.pad(small, (back, 0), value=256)[:, : tokens.shape[1]]
            if spans is not None:
                inside = inside & (F.pad(spans, (back, 0), value=-1)[:, : tokens.shape[1]] == spans)
                earlier = torch.where(inside, earlier, 32)  # as if a space stood there: a label reads as in a question
            code = (code * 257 + earlier) % 1_000_003
        return code * 7919 % 1_000_003 % self.table.num_embeddings

    def forward(self, tokens: Tensor, spans: Tensor | None = None) -> Tensor:
        """(B, T), and the spans that no run may leave (B, T) -> (B, T, D)."""
        found = self.runs(tokens, spans)
        return self.widen(found + self.own(tokens, spans) if self.whole_words else found)

    def runs(self, tokens: Tensor, spans: Tensor | None) -> Tensor:
        """The rows of the runs that end at each token, added up: (B, T) -> (B, T, WIDTH)."""
        return sum(self.table(self.rows(tokens, length, spans)) for length in self.LENGTHS)

    def own(self, tokens: Tensor, spans: Tensor | None) -> Tensor:
        """Where a word ends, its own row and that of the pair with the one before; else 0: (B, T) -> (B, T, WIDTH)."""
        *numbers, ends = whole_words(small_letters(tokens), spans)
        return ends[..., None] * sum(self.table(each % self.table.num_embeddings) for each in numbers)

    def words(self, tokens: Tensor, there: Tensor, spans: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor | None]:
        """A vector for each word, and in a record for each word of its labels: a quarter of its runs, and its own rows.

        Args:
            tokens: (B, T). there: (B, T), True where there is a token. spans: (B, T) of a record.

        Returns:
            Vectors (B, W, D); (B, W), True where there is a word; (B, W), the number of its fact, of a record alone.
        """
        read = there if spans is None else there & (spans % 2 == 0)
        starts = word_starts(small_letters(tokens), read, spans)
        number = (starts.cumsum(1) - 1).clamp(min=0)[..., None]  # (B, T, 1) of the word that a token belongs to
        found = self.runs(tokens, spans) / 4 + self.own(tokens, spans)
        total = found.new_zeros(len(tokens), int(number.max()) + 1, self.WIDTH)
        total = total.scatter_add(1, number.expand_as(found), found * read[..., None])
        exists = torch.arange(total.shape[1], device=tokens.device) < starts.sum(1, keepdim=True)
        if spans is None:
            return self.widen(total), exists, None
        facts = number.new_zeros(total.shape[:2]).scatter_reduce(1, number[..., 0], (spans // 2) * read, "amax")
        return self.widen(total), exists, facts


def word_starts(letters: Tensor, read: Tensor, spans: Tensor | None = None) -> Tensor:
    """Where a word begins, among the tokens that are read; the first token of a text or label begins one in any case.

    Example:
        >>> word_starts(torch.tensor([list(b"(to be)")]), torch.ones(1, 7).bool()).int().tolist()
        [[1, 1, 0, 0, 1, 0, 0]]
    """
    first = torch.zeros_like(read)
    first[:, 0] = True
    if spans is not None:
        first = F.pad(spans, (1, 0), value=-1)[:, :-1] != spans
    inside = in_word(letters) & read
    return ((inside & ~F.pad(inside, (1, 0))[:, :-1]) | first) & read


def in_word(letters: Tensor) -> Tensor:
    """Which bytes belong to words: digits, small letters, and all beyond ASCII: of the same shape."""
    digit, letter = (letters >= 48) & (letters <= 57), (letters >= 97) & (letters <= 122)
    return digit | letter | ((letters >= 128) & (letters < 256))


def small_letters(tokens: Tensor) -> Tensor:
    """Capital ASCII letters as small ones: of the same shape.

    Example:
        >>> bytes(small_letters(torch.tensor(list(b"Live, LIVE"))).tolist())
        b'live, live'
    """
    return torch.where((tokens >= 65) & (tokens <= 90), tokens + 32, tokens)


def whole_words(letters: Tensor, spans: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers of the word that ends at each token, and of it with the word before; whether one ends: (B, T) each.

    Words are runs of letters and digits; none leaves its span. Hashes are those of Rabin and Karp, so that a word has
    one number wherever it stands.

    Example:
        >>> words, pairs, ends = whole_words(torch.tensor([list(b"to be, to be")]))
        >>> ends.nonzero()[:, 1].tolist(), (words[0, 4] == words[0, 11]).item(), (pairs[0, 1] == pairs[0, 8]).item()
        ([1, 4, 8, 11], True, False)
    """
    batch, length = letters.shape
    place = torch.arange(length, device=letters.device).expand(batch, -1)
    inside, begins = in_word(letters), place == 0
    if spans is not None:
        begins = begins | (F.pad(spans, (1, 0), value=-1)[:, :-1] != spans)
    span_begin = torch.where(begins, place, 0).cummax(1).values
    start = torch.maximum(torch.where(inside, 0, place + 1).cummax(1).values, span_begin)  # of the word at each token
    after = F.pad(inside & ~begins, (0, 1))[:, 1:]  # whether it goes on behind a token
    ends = inside & ~after
    powers, inverse, back = [1], pow(BASE, -1, PRIME), [1]
    for _ in range(length):
        powers.append(powers[-1] * BASE % PRIME)
        back.append(back[-1] * inverse % PRIME)
    powers, back = torch.tensor(powers, device=letters.device), torch.tensor(back, device=letters.device)
    sums = F.pad((torch.where(inside, letters + 1, 0) * powers[:length]).cumsum(1) % PRIME, (1, 0))  # (B, T+1)
    words = (sums[:, 1:] - sums.gather(1, start)) % PRIME * back[start] % PRIME
    last = torch.where(ends, place, -1).cummax(1).values
    before = F.pad(last, (1, 0), value=-1).gather(1, start)  # where the word before ends
    known = before >= span_begin
    earlier = torch.where(known, words.gather(1, before.clamp(min=0)), 7)
    return (words * 7919 + 11) % PRIME, (words * 31 + earlier * 7907 + 5) % PRIME, ends


class Block(nn.Module):
    """Attention, perhaps cross-attention, then an MLP, each on a normalised copy and added back (pre-norm).

    Example:
        >>> import torch
        >>> from momem_lib.nn.attention import CAUSAL
        >>> block = Block(ModelConfig(embedding_dim=8, num_heads=2, hidden_dim=16), cross=True)
        >>> block(torch.randn(1, 5, 8), CAUSAL, context=torch.randn(1, 7, 8)).shape
        torch.Size([1, 5, 8])
    """

    def __init__(self, config: ModelConfig, cross: bool) -> None:
        super().__init__()
        width = config.embedding_dim
        self.attention_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, config.num_heads)
        self.cross_norm = nn.LayerNorm(width) if cross else None
        self.cross_attention = MultiHeadAttention(width, config.num_heads) if cross else None
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, config.hidden_dim),
            ACTIVATIONS[config.activation_type](),
            nn.Linear(config.hidden_dim, width),
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | str | None,
        angles: tuple[Tensor, Tensor] | None = None,
        context: Tensor | tuple[Tensor, Tensor] | None = None,
        context_mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); the arguments are those of MultiHeadAttention."""
        x = x + self.dropout(self.attention(self.attention_norm(x), None, mask, angles, cache))
        if self.cross_attention is not None:
            x = x + self.dropout(self.cross_attention(self.cross_norm(x), context, context_mask))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))
