"""The shape of a Transformer, and the block that it is made of."""

from dataclasses import dataclass

from torch import Tensor, nn

from momem_lib.attention import KeyValueCache, MultiHeadAttention
from momem_lib.project import InputError

ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU}


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a Transformer; everything in it is stored in the checkpoint."""

    vocab_size: int = 268  # tokens
    embedding_dim: int = 128  # D, numbers per token in the residual stream
    num_heads: int = 4  # H, attentions side by side; D must be a multiple of it
    hidden_dim: int = 512  # numbers in the middle of each MLP
    num_encoder_blocks: int = 0  # 0 makes it decoder-only
    num_decoder_blocks: int = 3
    context_window: int = 2048  # the most tokens in the source, and in prompt plus target
    activation_type: str = "gelu"  # gelu, relu or silu
    positions: str = "rotary"  # rotary, or learned (one vector per position)
    prompt_attention: str = "both"  # how the decoder reads its prompt: both (directions, a prefix LM) or causal
    tie_embeddings: bool = True  # output scores use the embedding matrix
    dropout: float = 0.0  # share of numbers set to zero in training
    copy_from: str = "none"  # none (plain head), prompt, source, or both
    longest_match: int = 16  # match lengths told apart by the copy head; 0: no match feature
    copied_context: bool = True  # whether the gate and the generator see what is about to be copied

    def __post_init__(self) -> None:
        """Refuse what cannot be built, in a sentence."""
        choices = {
            "activation_type": tuple(ACTIVATIONS),
            "positions": ("rotary", "learned"),
            "prompt_attention": ("both", "causal"),
            "copy_from": ("none", "prompt", "source", "both"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(f"{name} is {getattr(self, name)!r}; one of {', '.join(allowed)} was expected")
        for name in ("vocab_size", "embedding_dim", "num_heads", "hidden_dim", "num_decoder_blocks", "context_window"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; a whole number of at least 1 was expected")
        if self.embedding_dim % (2 * self.num_heads):
            raise InputError(f"embedding_dim {self.embedding_dim} must be a multiple of 2 x num_heads {self.num_heads}")
        if self.copy_from in ("source", "both") and not self.num_encoder_blocks:
            raise InputError(f"copy_from {self.copy_from!r} needs an encoder: set num_encoder_blocks to 1 or more")


class Block(nn.Module):
    """Attention, perhaps cross-attention, then an MLP, each on a normalised copy and added back (pre-norm).

    Example:
        >>> import torch
        >>> from momem_lib.attention import CAUSAL
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
        weights: list[Tensor] | None = None,
        cross_weights: list[Tensor] | None = None,
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); the arguments are those of MultiHeadAttention."""
        x = x + self.dropout(self.attention(self.attention_norm(x), None, mask, angles, cache, weights))
        if self.cross_attention is not None:
            x = x + self.dropout(self.cross_attention(self.cross_norm(x), context, context_mask, weights=cross_weights))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))
