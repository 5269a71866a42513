"""What a module sees and where it looks: a row token by token, a text read along as it was written, samples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from momem_lib.course.modules.judging import task_of
from momem_lib.data.tasks import Task, encode_prompt, encode_source, encode_target
from momem_lib.data.tokens import SPECIALS, TOKENIZER
from momem_lib.nn.generation import Generated, generate
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import inputs_for, limit_of, write
from momem_lib.nn.transformer import Looks, Transformer
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
    task = task_of(task_name)
    texts = task.texts(row)
    if texts is None:
        raise InputError(f"the module {task_name!r} has no part in this row: it needs {task.needs}")
    return Example(task, encode_source(texts[0]), encode_prompt(texts[1]), encode_target(task, texts[2]))


@dataclass
class Reading:
    """Where a module looked while it wrote a text, one row for each token that it wrote, the stop token last."""

    task: Task
    wrote: list[str]  # T labels
    chances: Tensor  # (T,) the probability that it gave to each token
    gate: Tensor  # (T,) the copy gate: the probability of copying rather than generating
    copied: Tensor  # (T,) how much of each token's probability came from copying
    places: list[str]  # S labels of what the copy head can point at: the source, then the prompt, if it reads both
    weights: Tensor  # (T, S) the copy weights; S is 0 without a copy head
    attended: list[str]  # A labels: the source of an encoder-decoder, the prompt of a decoder-only module
    attention: Tensor  # (L, H, T, A) of each block and head; the rest of a row went to what was written before


@torch.inference_mode()
def read_along(model: Transformer, task_name: str, source: str | None, prompt: str, text: str | None = None) -> Reading:
    """Run a module over what it writes (or over a text of yours), and keep what it looked at.

    Args:
        source: what the encoder reads; None for a decoder-only module. text: None for what it writes by itself.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> shape = {"embedding_dim": 8, "num_heads": 1, "hidden_dim": 8, "num_decoder_blocks": 2}
        >>> reading = read_along(Transformer(ModelConfig(copy_from="prompt", **shape)), "ner", None, "Is Jo in?", "Jo")
        >>> reading.wrote, reading.weights.shape, reading.attention.shape
        (['J', 'o', '</tag>'], torch.Size([3, 11]), torch.Size([2, 1, 3, 11]))
    """
    task, device = task_of(task_name), model.device
    if text is None:
        text = write(model, task, [source], [prompt])[0].text
    target = encode_target(task, text)
    inputs = inputs_for(task, [source], [prompt], device, [target[:-1]])
    looks = Looks()
    out = model(inputs, looks)
    labels = torch.tensor(target[1:], device=device)  # (T,)
    chances = out.log_probs[0].gather(-1, labels[:, None])[:, 0].exp()
    tokens = copyable_tokens(model, source, prompt)
    weights = out.copy_weights[0]  # (T, S)
    same = torch.tensor(tokens, device=device)[None] == labels[:, None] if tokens else weights.bool()
    copied = (out.copy_gate[0] * (weights * same).sum(-1) / chances).clamp(0, 1)
    before, read = inputs.prompt.shape[1], looks.cross if source is not None else looks.decoder
    attended = encode_source(source) if source is not None else encode_prompt(prompt)
    attention = torch.stack([block[0, :, before:, : len(attended)] for block in read])  # (L, H, T, A)
    numbers = [part.float().cpu() for part in (chances, out.copy_gate[0], copied, weights, attention)]
    labelled = [token_labels(part) for part in (target[1:], tokens, attended)]
    return Reading(task, labelled[0], *numbers[:3], labelled[1], numbers[3], labelled[2], numbers[4])


def copyable_tokens(model: Transformer, source: str | None, prompt: str) -> list[int]:
    """The tokens that a model's copy head can point at, in its order; none without a copy head."""
    parts = {"source": encode_source(source), "prompt": encode_prompt(prompt)}
    kinds = {"none": (), "both": ("source", "prompt")}.get(model.config.copy_from, (model.config.copy_from,))
    return [token for kind in kinds for token in parts[kind]]


def sample_module(
    model: Transformer,
    task_name: str,
    source: str | None,
    prompt: str,
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
    task = task_of(task_name)
    inputs = inputs_for(task, [source] * count, [prompt] * count, model.device)
    most = max(1, min(longest, limit_of(task, model, source, prompt)))
    seeds = list(range(seed, seed + count))
    return generate(model, inputs, TOKENIZER.id(task.stop), most, temperature, seeds=seeds)


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


def prompted(model: Transformer, task_name: str, source: str | None, prompt: str) -> Callable[[Tensor], Inputs]:
    """What a module reads when it has written some bytes (1, T) already; for widgets_sampling.byte_model."""
    task = task_of(task_name)

    def inputs_of(tokens: Tensor) -> Inputs:
        target = [TOKENIZER.id(task.start), *tokens[0].tolist()]
        return inputs_for(task, [source], [prompt], model.device, [target])

    return inputs_of
