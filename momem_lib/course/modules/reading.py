"""What a module sees and where it looks: a row token by token, a text read along as it was written, samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from momem_lib.course.shared.anatomy import looking
from momem_lib.data.records import Record
from momem_lib.data.tasks import Task, encode_prompt, encode_source, encode_target, frame, task_named
from momem_lib.data.tokens import SPECIALS, TOKENIZER
from momem_lib.nn.generation import Generated, Sampling, generate_fast
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.project import InputError

CONTINUED = "·"  # stands for a byte that goes on with the character before it
BROKEN = "\N{REPLACEMENT CHARACTER}"  # stands for a byte that is no part of any character
MOST_WRITTEN = 96  # tokens of a sample: a hot module might not stop


def token_labels(tokens: Sequence[int] | Tensor) -> list[str]:
    """A label for each token: its character, the name of a special token, CONTINUED for a character's later bytes.

    Example:
        >>> token_labels([*encode_prompt("né"), 200])
        ['<prompt>', 'n', 'é', '·', '</prompt>', '\N{REPLACEMENT CHARACTER}']
    """
    names = {TOKENIZER.id(name): name for name in SPECIALS}
    labels: list[str] = []
    for special, run in groupby(map(int, tokens), key=lambda token: token >= 256):
        if special:
            labels += [names[token] for token in run]
            continue
        for letter in bytes(run).decode("utf-8", "surrogateescape"):
            broken = "\udc80" <= letter <= "\udcff"
            labels += [BROKEN] if broken else [letter] + [CONTINUED] * (len(letter.encode()) - 1)
    return labels


@dataclass(frozen=True)
class Example:
    """One row as a module sees it, in tokens."""

    task: Task
    source: list[int]  # what the encoder reads; empty for a decoder-only module
    prompt: list[int]  # what the decoder is given
    target: list[int]  # what it must write, between its start and its stop token

    @property
    def read(self) -> list[int]:
        """What the decoder reads in training: the prompt, then the target without its last token."""
        return self.prompt + self.target[:-1]

    @property
    def labels(self) -> list[int | None]:
        """For each token that it reads the one to predict; None where nobody asks: in the prompt."""
        return [None] * len(self.prompt) + self.target[1:]

    @property
    def counts(self) -> list[bool]:
        """The loss mask: True at each token that it reads whose prediction counts."""
        return [label is not None for label in self.labels]


def example_of(task_name: str, row: Mapping) -> Example:
    """A row of the dataset as one module's example.

    Raises:
        InputError: the module has no part in this row.

    Example:
        >>> example = example_of("ner", {"question": "Is Jo in?", "name": "Jo"})
        >>> token_labels(example.target), sum(example.counts)
        (['<tag>', 'J', 'o', '</tag>'], 3)
    """
    task = task_named(task_name)
    texts = task.texts(row)
    if texts is None:
        raise InputError(f"the module {task_name!r} has no part in this row: it needs {task.needs}")
    return Example(task, encode_source(texts[0]), encode_prompt(texts[1]), encode_target(task, texts[2]))


class Origin(NamedTuple):
    """Where a written letter came from."""

    part: str | None  # "source", "prompt", or None: generated
    place: int = 0  # number of the letter in that text
    share: float = 0.0  # of the letter's probability that came from copying


@dataclass
class Reading:
    """Where a module looked while it wrote a text, one row for each token that it wrote, the stop token last."""

    text: str | None  # what it wrote; None: <none>
    wrote: list[str]  # T labels
    chances: Tensor  # (T,) the probability that it gave to each token
    gate: Tensor  # (T,) the copy gate: the probability of copying rather than generating
    copied: Tensor  # (T,) how much of each token's probability came from copying
    copies: dict[str, str]  # the texts that the copy head can point at: source, then prompt, if it reads both
    places: list[str]  # S labels of their tokens
    weights: Tensor  # (T, S) the copy weights; S is 0 without a copy head
    best: Tensor  # (T,) the place that it pointed at most, among those where the written token stands
    read: list[str]  # P+T labels of what the decoder read: the prompt, then the start token and what was written
    own: Tensor  # (L, H, P+T, P+T) attention of the decoder's blocks to what it read
    cross: Tensor  # (L, H, T, S') attention to the source while it wrote; S' is 0 for a decoder-only module
    source: list[str]  # S' labels

    @property
    def attended(self) -> list[str]:
        """A labels: the source of an encoder-decoder, the prompt of a decoder-only module."""
        return self.source or self.read[: -len(self.wrote)]

    @property
    def attention(self) -> Tensor:
        """Attention to what it read while it wrote (L, H, T, A); the rest of a row went to what was written before."""
        prompt = len(self.read) - len(self.wrote)
        return self.cross if self.source else self.own[:, :, prompt:, :prompt]

    def origins(self) -> list[Origin]:
        """For each letter of the text: the letter that the copy head pointed at most, or that it was generated."""
        if not self.places:
            return [Origin(None)] * len(self.text or "")
        letters = [(part, place) for part, text in self.copies.items() for place in letters_of(text)]
        found, step = [], 0
        for letter in self.text or "":
            (part, place), share = letters[int(self.best[step])], float(self.copied[step])
            copied = share > 0.5 and place is not None
            found.append(Origin(part, place, share) if copied else Origin(None, 0, min(share, 0.5)))
            step += len(letter.encode())
        return found


def letters_of(text: str) -> list[int | None]:
    """For each token of a text between two special tokens the number of its letter; None for those two.

    Example:
        >>> letters_of("né")
        [None, 0, 1, 1, None]
    """
    return [None, *(place for place, letter in enumerate(text) for _ in letter.encode()), None]


@torch.inference_mode()
def read_along(module: Module, prompt: str, source: str | Record | None = None, text: str | None = None) -> Reading:
    """Run a module over what it writes (or over a text of yours), and keep what it looked at (teacher forcing).

    Args:
        source: what the encoder reads, a record for Module 2; None for a decoder-only module.
        text: None for what it writes by itself.

    Example:
        >>> reading = read_along(Module.load(task="ner", device="cpu"), "Where does Jo live?")
        >>> reading.wrote, reading.weights.shape, reading.attention.shape
        (['J', 'o', '</tag>'], torch.Size([3, 21]), torch.Size([3, 4, 3, 21]))
        >>> reading.origins()[0][:2]
        ('prompt', 11)
    """
    model, task = module.model, module.task
    if text is None:
        (written,) = module.write([prompt], [source])
        text, target = written.text, frame(task.start, written.tokens, task.stop)
    else:
        target = encode_target(task, text)
    inputs = module.inputs([prompt], [source], [target[:-1]])
    with looking(model) as looks:
        out = model(inputs)
    labels = torch.tensor(target[1:], device=model.device)  # (T,)
    log_probs, copied = (part[0] for part in out.of(labels[None]))  # (T,) each
    tokens, weights = out.source[0], out.copy_weights[0]  # (S,) and (T, S)
    best = (weights * (tokens == labels[:, None])).argmax(-1) if len(tokens) else labels
    own = torch.cat(looks.decoder)  # (L, H, P+T, P+T)
    cross = torch.cat(looks.cross)[:, :, inputs.prompt.shape[1] :] if looks.cross else own[..., len(target) - 1 :, :0]
    chances, gate, copied, weights, best, own, cross = (
        part.float().cpu() for part in (log_probs.exp(), out.copy_gate[0], copied, weights, best, own, cross)
    )
    wrote, places, read, attended = (
        token_labels(part) for part in (target[1:], tokens, encode_prompt(prompt) + target[:-1], encode_source(source))
    )
    content = source.content if isinstance(source, Record) else source
    texts = model.config.copied(("source", content), ("prompt", prompt))
    copies = {part: text for part, text in texts if text is not None}  # None: there was nothing to read
    return Reading(text, wrote, chances, gate, copied, copies, places, weights, best, read, own, cross, attended)


def sample_module(
    module: Module,
    prompt: str,
    source: str | Record | None = None,
    temperature: float = 1.0,
    count: int = 4,
    seed: int = 0,
    longest: int = MOST_WRITTEN,
) -> list[Generated]:
    """What a module writes at a temperature, several times over: sample n is drawn with the seed `seed` + n.

    Args:
        longest: tokens after which a text is cut off.

    Raises:
        InputError: a temperature out of range, or texts that are too long.
    """
    inputs = module.inputs([prompt] * count, [source] * count)
    most = max(1, min(longest, module.limit(prompt, source)))
    sampling = Sampling(temperature, seeds=range(seed, seed + count))
    return generate_fast(module.model, inputs, TOKENIZER.id(module.task.stop), most, sampling)


def letters_of_sample(written: Generated) -> list[tuple[str, float]]:
    """Each character that was written, with the smallest copied share of its bytes; special tokens by their names.

    Example:
        >>> letters_of_sample(Generated([*"né".encode(), 267], [0.0] * 4, [0.9, 0.8, 0.7, 0.1]))
        [('n', 0.9), ('é', 0.7), ('<none>', 0.1)]
    """
    letters: list[tuple[str, float]] = []
    for label, share in zip(token_labels(written.tokens), written.copied, strict=True):
        if label == CONTINUED and letters:
            letters[-1] = (letters[-1][0], min(letters[-1][1], share))
        else:
            letters.append((label, share))
    return letters


def prompted(module: Module, prompt: str, source: str | Record | None = None) -> Callable[[Tensor], Inputs]:
    """What a module reads when it has written some bytes (1, T) already; for sampling.byte_model."""
    start = TOKENIZER.id(module.task.start)
    return lambda tokens: module.inputs([prompt], [source], [[start, *tokens[0].tolist()]])
