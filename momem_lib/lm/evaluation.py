"""How well a language model foresees a text: loss, perplexity, and bits per byte."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.reading import scores
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError


def token_sizes(tokenizer: BPETokenizer) -> np.ndarray:
    """How many bytes each token stands for: (V,)."""
    return np.array([len(tokenizer.token_bytes(token)) for token in range(tokenizer.vocab_size)])


@dataclass(frozen=True)
class Evaluation:
    """How well a model foresees a text."""

    nats: float  # the negative logarithm of the probability of the whole text
    tokens: int  # predicted tokens
    bytes: int  # that those stand for

    @property
    def loss(self) -> float:
        """Nats per token, what training lowers."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """Among how many equally likely tokens the model would be as unsure."""
        return math.exp(min(700.0, self.loss))

    @property
    def nats_per_byte(self) -> float:
        """Comparable between models with different tokenizers."""
        return self.nats / self.bytes

    @property
    def bits_per_byte(self) -> float:
        """The same in bits: what a perfect coder would need for a byte, with this model's help."""
        return self.nats_per_byte / math.log(2)


@torch.inference_mode()
def evaluate(model: Transformer, tokens: np.ndarray, sizes: np.ndarray, batch: int = 64) -> Evaluation:
    """The loss over a text in windows that do not overlap; every token but the first is predicted once.

    Args:
        tokens: (N,) the text. sizes: (V,) from token_sizes. batch: windows at a time.

    Raises:
        InputError: fewer than two tokens.
    """
    if len(tokens) < 2:
        raise InputError(f"a text of {len(tokens)} tokens cannot be measured: at least 2 are needed")
    device, window = model.device, model.config.context_window
    was_training = model.training
    model.eval()
    nats = 0.0
    whole = (len(tokens) - 1) // window * window  # tokens in full windows
    for begin in [*range(0, whole, batch * window), *([whole] if whole < len(tokens) - 1 else [])]:
        end = min(begin + batch * window, whole) if begin < whole else len(tokens) - 1
        part = torch.from_numpy(tokens[begin : end + 1].astype(np.int64)).to(device)
        rows = (-1, window) if begin < whole else (1, -1)
        logits = scores(model, part[:-1].view(rows))
        nats += F.cross_entropy(logits.flatten(0, 1).float(), part[1:], reduction="sum").item()
    model.train(was_training)
    size = sum(int(sizes[tokens[begin : begin + 2**20]].sum()) for begin in range(1, len(tokens), 2**20))
    return Evaluation(nats, len(tokens) - 1, size)
