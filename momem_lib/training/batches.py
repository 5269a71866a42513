"""From rows to batches: many token sequences, drawn in batches of similar length."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from momem_lib.data.tasks import TASKS, Task, encode_prompt, encode_source, encode_target, spans_of
from momem_lib.nn.inputs import Inputs, make_inputs, pad
from momem_lib.project import InputError

PARTS = ("source", "spans", "prompt", "target")
TOKEN = np.uint16  # two bytes a token, never a Python object each: a dataset holds a hundred million of them


@dataclass
class TokenSet:
    """A dataset split as one module sees it: of each row, the tokens of every part."""

    task: Task
    source: list[np.ndarray]
    spans: list[np.ndarray]  # of a record's tokens; empty for texts
    prompt: list[np.ndarray]
    target: list[np.ndarray]
    left_out: int = 0  # rows longer than the context window

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, all its parts together: (N,)."""
        return sum(np.array(list(map(len, part)), dtype=int) for part in (self.source, self.prompt, self.target))

    def save(self, path: str | Path) -> None:
        """Write the tokens to one safetensors file: for each part one flat array, and where each row begins in it."""
        arrays = {}
        for part in PARTS:
            sequences = getattr(self, part)
            arrays[part] = np.concatenate([np.empty(0, TOKEN), *sequences])
            arrays[f"{part}_offsets"] = np.cumsum([0, *map(len, sequences)], dtype=np.int64)
        save_file(arrays, path, {"task": self.task.name, "left_out": str(self.left_out)})

    @classmethod
    def load(cls, path: str | Path) -> "TokenSet":
        """Read what save wrote.

        Raises:
            InputError: no such file, or one that save did not write.
        """
        if not Path(path).is_file():
            raise InputError(f"the file of tokens {path} does not exist: check the path")
        try:
            with safe_open(path, "numpy") as file:
                facts, arrays = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}
            places = [(arrays[part], pairwise(arrays[f"{part}_offsets"].tolist())) for part in PARTS]
            parts = [[flat[begin:end] for begin, end in rows] for flat, rows in places]
            return cls(TASKS[facts["task"]], *parts, left_out=int(facts["left_out"]))
        except (OSError, SafetensorError, KeyError, ValueError):
            raise InputError(f"{path} holds no tokens of `momem data tokens`, or is damaged: make it anew") from None

    def within(self, context_window: int) -> "TokenSet":
        """The rows that a window holds; the others are counted as left out."""
        sizes = ([len(tokens) for tokens in row] for row in zip(self.source, self.prompt, self.target, strict=True))
        fitting = [row for row, (read, *own) in enumerate(sizes) if max(read, sum(own)) <= context_window]
        parts = ([getattr(self, part)[row] for row in fitting] for part in PARTS)
        return TokenSet(self.task, *parts, left_out=self.left_out + len(self) - len(fitting))


def tokenize(task: Task, rows: Iterable[Mapping], context_window: int) -> TokenSet:
    """Turn rows into tokens; what exceeds the window is counted and left out, never cut.

    Example:
        >>> from momem_lib.data.tasks import TASKS
        >>> from momem_lib.data.tokens import TOKENIZER
        >>> rows = [{"question": "Where does Jo live?", "name": "Jo"}, {"question": "Hi" * 99, "name": None}]
        >>> tokens = tokenize(TASKS["ner"], rows, context_window=64)
        >>> len(tokens), tokens.left_out, TOKENIZER.show(tokens.target[0].tolist())
        (1, 1, '<tag>Jo</tag>')
    """
    found = TokenSet(task, [], [], [], [])
    for row in rows:
        if (texts := task.texts(row)) is not None:
            found.source.append(np.array(encode_source(texts[0]), TOKEN))
            found.spans.append(np.array(spans_of(texts[0]) if task.source == "record" else [], TOKEN))
            found.prompt.append(np.array(encode_prompt(texts[1]), TOKEN))
            found.target.append(np.array(encode_target(task, texts[2]), TOKEN))
    return found.within(context_window)


def batch_of(tokens: TokenSet, indices: Iterable[int], device: str | torch.device = "cpu") -> tuple[Inputs, Tensor]:
    """One batch for training: inputs, and the token to predict at each target position (B, T), padding included."""
    rows, reads = list(indices), tokens.task.source
    source, spans, prompt, target = ([getattr(tokens, part)[row] for row in rows] for part in PARTS)
    spans = spans if reads == "record" else None
    inputs = make_inputs(source if reads else None, prompt, [each[:-1] for each in target], device, spans)
    return inputs, pad([each[1:] for each in target], device)[0]


def batch_indices(lengths: np.ndarray, batch_size: int, seed: int, start_step: int = 0) -> Iterator[np.ndarray]:
    """Endless batches of row numbers, rows of similar length together, each row once an epoch.

    The batch of step n depends on seed and n alone, so that a resumed run sees what an uninterrupted one would.

    Args:
        lengths: (N,) tokens per row, by which rows are grouped.

    Raises:
        InputError: there are no rows.

    Example:
        >>> stream = batch_indices(np.array([5, 1, 5, 1]), batch_size=2, seed=0)
        >>> sorted(sorted(next(stream).tolist()) for _ in range(2))
        [[0, 2], [1, 3]]
    """
    if len(lengths) == 0:
        raise InputError("the dataset holds no row for this module: make a larger one, or check its kind")
    per_epoch = -(-len(lengths) // batch_size)
    epoch, skip = divmod(start_step, per_epoch)
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(lengths))
        pool = 64 * batch_size  # sorted by length within pools: little padding, and still a fair shuffle
        pools = [order[begin : begin + pool] for begin in range(0, len(order), pool)]
        pools = [rows[np.argsort(lengths[rows], kind="stable")] for rows in pools]
        batches = [rows[begin : begin + batch_size] for rows in pools for begin in range(0, len(rows), batch_size)]
        for index in rng.permutation(len(batches))[skip:]:
            yield batches[index]
        epoch, skip = epoch + 1, 0


def batch_stream(
    tokens: TokenSet, batch_size: int, seed: int, device: str | torch.device = "cpu", start_step: int = 0
) -> Iterator[tuple[Inputs, Tensor]]:
    """Endless batches with their labels, in the order of batch_indices."""
    for indices in batch_indices(tokens.lengths, batch_size, seed, start_step):
        yield batch_of(tokens, indices, device)
