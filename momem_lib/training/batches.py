"""From rows to batches: many token sequences in one flat array, drawn in batches of similar length."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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


class Tokens:
    """Many token sequences in one flat array, with the place where each begins.

    Example:
        >>> tokens = Tokens.pack([[1, 2, 3], [], [4]])
        >>> len(tokens), tokens[0].tolist(), tokens.lengths.tolist()
        (3, [1, 2, 3], [3, 0, 1])
    """

    def __init__(self, flat: np.ndarray, offsets: np.ndarray) -> None:
        self.flat, self.offsets = flat, offsets
        self.lengths = np.diff(offsets)

    @classmethod
    def pack(cls, sequences: Iterable[Sequence[int]]) -> "Tokens":
        """Join sequences of token numbers (each below 65,536)."""
        packer = Packer()
        for sequence in sequences:
            packer.add(sequence)
        return packer.tokens()

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.flat[self.offsets[index] : self.offsets[index + 1]]


class Packer:
    """Token sequences on their way into Tokens: two bytes a token, never a Python object each."""

    def __init__(self) -> None:
        self.flat, self.offsets = array("H"), array("q", [0])

    def add(self, sequence: Sequence[int]) -> None:
        """Append one sequence."""
        self.flat.extend(sequence)
        self.offsets.append(len(self.flat))

    def tokens(self) -> Tokens:
        """Everything so far."""
        return Tokens(np.array(self.flat, dtype=np.uint16), np.array(self.offsets, dtype=np.int64))


@dataclass
class TokenSet:
    """A dataset split as one module sees it."""

    task: Task
    source: Tokens
    spans: Tokens  # of a record's tokens; empty for texts
    prompt: Tokens
    target: Tokens
    left_out: int = 0  # rows longer than the context window

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, all its parts together: (N,)."""
        return self.source.lengths + self.prompt.lengths + self.target.lengths

    def pick(self, indices: Iterable[int]) -> "TokenSet":
        """Some of the rows, by their numbers."""
        indices = list(indices)
        parts = (Tokens.pack(getattr(self, part)[index] for index in indices) for part in PARTS)
        return TokenSet(self.task, *parts, left_out=self.left_out)

    def save(self, path: str | Path) -> None:
        """Write the tokens to one safetensors file."""
        arrays = {part: getattr(self, part).flat for part in PARTS}
        arrays |= {f"{part}_offsets": getattr(self, part).offsets for part in PARTS}
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
            parts = [Tokens(arrays[part], arrays[f"{part}_offsets"]) for part in PARTS]
            return cls(TASKS[facts["task"]], *parts, left_out=int(facts["left_out"]))
        except (OSError, SafetensorError, KeyError, ValueError):
            raise InputError(f"{path} holds no tokens of `momem data tokens`, or is damaged: make it anew") from None

    def within(self, context_window: int) -> "TokenSet":
        """The rows that a window holds; the others are counted as left out."""
        longest = np.maximum(self.source.lengths, self.prompt.lengths + self.target.lengths)
        fitting = np.flatnonzero(longest <= context_window)
        return replace(self.pick(fitting), left_out=self.left_out + len(self) - len(fitting))


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
    parts = {part: Packer() for part in PARTS}
    left_out = 0
    for row in rows:
        texts = task.texts(row)
        if texts is None:
            continue
        source, prompt, target = encode_source(texts[0]), encode_prompt(texts[1]), encode_target(task, texts[2])
        if max(len(source), len(prompt) + len(target)) > context_window:
            left_out += 1
            continue
        spans = spans_of(texts[0]) if task.source == "record" else []
        for part, tokens in zip(PARTS, (source, spans, prompt, target), strict=True):
            parts[part].add(tokens)
    return TokenSet(task, *(packer.tokens() for packer in parts.values()), left_out=left_out)


def batch_of(tokens: TokenSet, indices: Iterable[int], device: str | torch.device = "cpu") -> tuple[Inputs, Tensor]:
    """One batch for training: inputs, and the token to predict at each target position (B, T), padding included."""
    indices = list(indices)
    targets = [tokens.target[index] for index in indices]
    sources = [tokens.source[index] for index in indices] if tokens.task.source else None
    spans = [tokens.spans[index] for index in indices] if tokens.task.source == "record" else None
    prompts = [tokens.prompt[index] for index in indices]
    inputs = make_inputs(sources, prompts, [target[:-1] for target in targets], device, spans)
    labels, _ = pad([target[1:] for target in targets], device)
    return inputs, labels


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
