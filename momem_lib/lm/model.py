"""A language model: a Transformer that continues text, with its tokenizer; it writes, and says how likely a text is."""

import codecs
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.reading import read_on, scores
from momem_lib.nn.checkpoints import build, load_tensors, pick_device, save_model
from momem_lib.nn.generation import Sampling
from momem_lib.nn.threads import threads
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError, write_atomically
from momem_lib.settings import check_number

MOST_TOKENS = 1_000_000  # that are written at once
NAME = "language_model"  # of the files in a folder, beside tokenizer.json


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


@dataclass
class LanguageModel:
    """A trained Transformer with its tokenizer."""

    model: Transformer
    tokenizer: BPETokenizer
    card: dict = field(default_factory=dict)  # what is known about its making

    def __post_init__(self) -> None:
        self.model.eval()

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many bytes each token stands for: (V,)."""
        return np.array([len(self.tokenizer.token_bytes(token)) for token in range(self.tokenizer.vocab_size)])

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto") -> "LanguageModel":
        """Read what save wrote.

        Raises:
            InputError: no such folder, or files that are damaged or do not belong together.
        """
        folder = Path(folder)
        path = folder / f"{NAME}.safetensors"
        if not path.is_file():
            raise InputError(f"{folder} holds no language model ({path.name}): train one with 'momem lm train --out'")
        tensors, card = load_tensors(path)
        tokenizer = BPETokenizer.load(folder / "tokenizer.json")
        if card.get("tokenizer") != tokenizer_card(tokenizer):
            raise InputError(f"tokenizer.json in {folder} is not the one that the model was trained with: restore it")
        model = build(card, tensors, path, tokenizer=card["tokenizer"])
        return cls(model.to(pick_device(device)), tokenizer, card)

    def save(self, folder: str | Path) -> Path:
        """Write language_model.safetensors, its card as .json, and tokenizer.json into a folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "tokenizer.json", self.tokenizer.save)
        save_model(folder / f"{NAME}.safetensors", self.model, self.card)
        return folder

    def encode(self, prompt: str) -> Tensor:
        """A prompt as tokens (1, n); an empty one becomes a new line, since something must come first."""
        return torch.tensor([self.tokenizer.encode("\n" if prompt in ("", b"") else prompt)], device=self.model.device)

    def tokens_of(
        self, prompt: str, seeds: Sequence[int], tokens: int = 200, temperature: float = 0.8, **best: float | None
    ) -> Iterator[Tensor]:
        """Continue a prompt once for each seed: yields the next token of every row (B,), `tokens` times.

        best: top_k and top_p, as in generation.Sampling.

        Raises:
            InputError: a prompt that is no text, no seed, or a number that cannot be.
        """
        check_number("tokens", tokens, 0, MOST_TOKENS)
        if isinstance(seeds, str) or not isinstance(seeds, Sequence) or not seeds:
            raise InputError(f"the seeds are {seeds!r}; a list of whole numbers was expected, one for each text")
        sampling = Sampling(temperature, seeds=seeds, **best)
        numbers = sampling.numbers(len(seeds), tokens)  # (B, tokens)
        latest, past = self.encode(prompt).expand(len(seeds), -1), None
        for index in range(tokens):
            logits, past = read_on(self.model, latest, past)
            latest = sampling.choose(logits.float()[:, None], numbers[:, index : index + 1])  # (B, 1)
            yield latest[:, 0]

    @threads()
    def samples(self, prompt: str, seeds: Sequence[int], **heat) -> list[str]:
        """Several continuations of a prompt, one for each seed; the options are those of tokens_of."""
        steps = [step.tolist() for step in self.tokens_of(prompt, seeds, **heat)]
        return [self.tokenizer.decode(step[row] for step in steps) for row in range(len(seeds))]

    def generate(self, prompt: str, seed: int = 0, **heat) -> str:
        """One continuation of a prompt; the same seed gives the same text."""
        return self.samples(prompt, [seed], **heat)[0]

    def stream(self, prompt: str, seed: int = 0, **heat) -> Iterator[str]:
        """The continuation piece by piece, as it is written; a letter of several bytes comes when it is whole."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in self.tokens_of(prompt, [seed], **heat):
            yield decoder.decode(self.tokenizer.token_bytes(token.item()))
        yield decoder.decode(b"", final=True)

    @torch.inference_mode()
    def evaluate(self, text: str | np.ndarray, batch: int = 64) -> Evaluation:
        """How well the model foresees a text, in windows that do not overlap: every token but the first, once.

        Args:
            text: a text, or the token numbers of one, (N,). batch: windows at a time.

        Raises:
            InputError: no text, fewer than two tokens, or no batch.
        """
        check_number("batch", batch, 1, MOST_TOKENS)
        tokens = text if isinstance(text, np.ndarray) else np.array(self.tokenizer.encode(text))
        if len(tokens) < 2:
            raise InputError(f"a text of {len(tokens)} tokens cannot be measured: at least 2 are needed")
        nats, size, window = 0.0, 0, self.model.config.context_window
        whole = (len(tokens) - 1) // window * window  # tokens in full windows
        for begin, end in pairwise([*range(0, whole, batch * window), whole, len(tokens) - 1]):
            if begin < end:
                part = torch.from_numpy(tokens[begin : end + 1].astype(np.int64)).to(self.model.device)
                logits = scores(self.model, part[:-1].view((-1, window) if begin < whole else (1, -1)))
                nats += F.cross_entropy(logits.flatten(0, 1).float(), part[1:], reduction="sum").item()
                size += int(self.sizes[tokens[begin + 1 : end + 1]].sum())
        return Evaluation(nats, len(tokens) - 1, size)


def tokenizer_card(tokenizer: BPETokenizer) -> dict:
    """What a model's card says about its tokenizer, so that no other is put in its place."""
    digest = hashlib.sha256(tokenizer.to_json().encode()).hexdigest()
    return {"type": "bpe", "file": "tokenizer.json", "tokens": tokenizer.vocab_size, "sha256": digest}
