"""One step of training a language model: the windows of the text that it reads, and the loss on them."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.lm.config import LMConfig
from momem_lib.lm.model import build
from momem_lib.lm.reading import scores
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.training.trainer import Trainer


@lru_cache(maxsize=2)
def window_starts(length: int, window: int, seed: int, epoch: int) -> np.ndarray:
    """Where the windows of one pass over a text begin: side by side from a random place on, in random order.

    Example:
        >>> starts = window_starts(100, 8, seed=0, epoch=0)
        >>> len(starts), np.unique(starts % 8).size  # all from the same offset
        (11, 1)
    """
    generator = np.random.default_rng((seed, epoch))
    number = (length - window) // window  # whatever the offset is, so many windows fit
    offset = generator.integers(0, (length - 1) - number * window, endpoint=True)
    return offset + window * generator.permutation(number)


def windows(tokens: np.ndarray, window: int, batch: int, seed: int, step: int) -> Tensor:
    """The batch of one step: (B, T+1); [:, :-1] is what the model reads, [:, 1:] what it should foresee.

    It depends on the seed and the step alone, so that a resumed run goes on with the same batches.

    Raises:
        InputError: fewer tokens than two windows.

    Example:
        >>> windows(np.arange(100), window=4, batch=2, seed=0, step=0).diff(dim=1).unique().tolist()
        [1]
    """
    if len(tokens) < 2 * window:
        raise InputError(f"{len(tokens):,} tokens are too few for windows of {window}: {2 * window} or more are needed")
    number = (len(tokens) - window) // window
    places = range(step * batch, (step + 1) * batch)
    starts = [window_starts(len(tokens), window, seed, place // number)[place % number] for place in places]
    return torch.from_numpy(np.stack([tokens[start : start + window + 1] for start in starts]).astype(np.int64))


def batches(tokens: np.ndarray, config: LMConfig, start_step: int = 0) -> Iterator[Tensor]:
    """The windows of each step of a run, from one step on, for ever."""
    window = config.model.context_window
    return (windows(tokens, window, config.batch_size, config.seed, step) for step in count(start_step))


def window_loss(model: Transformer, batch: Tensor) -> Tensor:
    """The mean loss of foreseeing each next token of a batch of windows (B, T+1): a scalar, in nats per token."""
    batch = batch.to(model.device, non_blocking=True)
    logits = scores(model, batch[:, :-1])  # (B, T, V)
    return F.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())


class LMTrainer(Trainer):
    """A language model, its optimizers and its moving average, at some step of a run.

    Example:
        >>> from momem_lib.lm.config import LMShape
        >>> shape = LMShape(embedding_dim=16, num_heads=2, hidden_dim=32, num_decoder_blocks=1, context_window=8)
        >>> trainer = LMTrainer(LMConfig(model=shape), torch.device("cpu"))
        >>> first = trainer.train_step(windows(np.arange(256), 8, batch=2, seed=0, step=0), window_loss)
        >>> 5.3 < first < 5.8  # about ln 256: every byte seems equally likely at first
        True
    """

    build = staticmethod(build)
