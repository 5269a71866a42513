"""A trained module at work: it writes, judges candidates, and is compared with what it should have written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from types import NoneType

import torch
from torch import Tensor

from momem_lib.data.records import Record
from momem_lib.data.tasks import Task, encode_prompt, encode_source, encode_target, spans_of, task_named
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.checkpoints import load_model
from momem_lib.nn.generation import Generated, Sampling, generate_fast
from momem_lib.nn.inputs import Inputs, make_inputs, pad
from momem_lib.nn.threads import threads
from momem_lib.nn.transformer import Transformer
from momem_lib.project import CHECKPOINTS, InputError
from momem_lib.settings import check_number

KINDS = {str: "texts", Record: "records", NoneType: "None", Integral: "whole numbers", Sequence: "lists"}


@dataclass(eq=False)
class Module:
    """One module of the system: its job, the Transformer that does it, and what is known about its making.

    Example:
        >>> ner = Module.load(task="ner", device="cpu")
        >>> [written.text for written in ner.write(["Where does Jo Doe live?", "What time is it?"])]
        ['Jo Doe', None]
    """

    task: Task
    model: Transformer
    card: dict = field(default_factory=dict)  # format, metrics, history, ...

    @classmethod
    @threads()
    def load(cls, path: str | Path | None = None, device: str = "auto", task: str | None = None) -> "Module":
        """Read a checkpoint, in evaluation mode; without a path, the one that is shipped for a task.

        Raises:
            InputError: missing, damaged or unfitting file, or a module for another task than expected.
        """
        if path is None:
            path = CHECKPOINTS / f"{task_named(task).name}.safetensors"
        model, card = load_model(path, device, task)
        return cls(task_named(card.get("task")), model, card)

    @property
    def threshold(self) -> float:
        """How sure it must be to be believed, as a probability: what calibration wrote into its card, else 0."""
        found = (self.card.get("metrics") or {}).get("confidence_threshold", 0.0)
        return found if isinstance(found, float) else 0.0

    def prompt(self, question: str, name: str | None) -> str:
        """What it is prompted with, for a question and the name that stands in it."""
        return self.task.prompt(question, name)

    def inputs(
        self,
        prompts: Sequence[str],
        sources: Sequence[str | Record | None] | None = None,
        targets: Sequence[Sequence[int]] | None = None,
    ) -> Inputs:
        """Texts as a batch on the model's device; targets are token sequences, by default the start token alone."""
        sources = sources or [None] * len(prompts)
        encoded = [encode_source(source) for source in sources] if self.task.source else None
        spans = [spans_of(source) for source in sources] if self.task.source == "record" else None
        targets = targets or [[TOKENIZER.id(self.task.start)]] * len(prompts)
        return make_inputs(encoded, [encode_prompt(text) for text in prompts], targets, self.model.device, spans)

    def sources(self, prompts: Sequence[str], sources: Sequence | None, **more: tuple[object, type]) -> Sequence:
        """What the encoder reads for each prompt; InputError where these, or more things of a type, are no list."""
        read = {"record": Record, None: NoneType}.get(self.task.source, str)
        given = sources if sources is not None or not isinstance(prompts, Sequence) else [None] * len(prompts)
        for what, (things, kind) in {"prompts": (prompts, str), "sources": (given, read), **more}.items():
            listed = isinstance(things, Sequence) and not isinstance(things, str) and len(things) == len(prompts)
            if not listed or not all(isinstance(thing, kind) for thing in things):
                each = f"a list of {KINDS[kind]}, one for each prompt, was expected"
                raise InputError(f"the {what} of module {self.task.name} are {things!r:.60}; {each}")
        return given

    @threads()
    def write(
        self,
        prompts: Sequence[str],
        sources: Sequence[str | Record | None] | None = None,
        temperature: float = 0.0,
        seeds: Sequence[int] | None = None,
        batch_size: int = 32,
    ) -> list[Generated]:
        """Write for each prompt, in batches of similar length; results come in the order of the prompts.

        Args:
            prompts: the questions. sources: what the encoder reads, per question: records for the summary, texts for
                the response, None for NER.

        Raises:
            InputError: something of another type, out of its range, or that is not there for each prompt.
        """
        check_number("batch_size", batch_size, 1, 2**20)
        sources = self.sources(prompts, sources, **({} if seeds is None else {"seeds": (seeds, Integral)}))
        size = [len(prompt) + size_of(source) for prompt, source in zip(prompts, sources, strict=True)]
        order = sorted(range(len(prompts)), key=size.__getitem__)
        results: list[Generated | None] = [None] * len(prompts)
        for begin in range(0, len(order), batch_size):
            rows = order[begin : begin + batch_size]
            inputs = self.inputs([prompts[row] for row in rows], [sources[row] for row in rows])
            # What is written is copied or a short frame around it: a limit keeps a runaway module from going on.
            limits = [self.limit(prompts[row], sources[row]) for row in rows]
            sampling = Sampling(temperature, seeds=[seeds[row] for row in rows] if seeds is not None else None)
            stop = TOKENIZER.id(self.task.stop)
            written = generate_fast(self.model, inputs, stop, max(1, max(limits)), sampling)
            for row, limit, result in zip(rows, limits, written, strict=True):
                results[row] = result.cut(limit)
        return results

    def limit(self, prompt: str, source: str | Record | None = None) -> int:
        """The most tokens that it may write: a tag is part of the prompt, a summary of the source.

        Example:
            >>> Module.load(task="ner", device="cpu").limit("Where does Jo live?")
            20
        """
        asked = len(prompt.encode())
        read = asked if source is None else size_of(source)
        longest = asked + read + 100 if self.task.name == "response" else read + 1
        return min(longest, self.model.config.context_window - asked - 3)

    @threads()
    @torch.inference_mode()
    def score(
        self,
        prompts: Sequence[str],
        candidates: Sequence[Sequence[str | None]],
        sources: Sequence[str | Record | None] | None = None,
        batch_size: int = 16,
    ) -> list[Tensor]:
        """The natural log-probability that it writes each of a prompt's own candidates (None stands for <none>): (C,).

        The candidates are judged whole, so the best of them is exactly what constrained decoding should find; source
        and prompt are read once for all of them.

        Example:
            >>> ner = Module.load(task="ner", device="cpu")
            >>> names = ["Jo Doe", "Jo", None]
            >>> (scores,) = ner.score(["Where does Jo Doe live?"], [names])
            >>> names[scores.argmax()], scores.shape
            ('Jo Doe', torch.Size([3]))
        """
        sources = self.sources(prompts, sources, candidates=(candidates, Sequence))
        device = self.model.device
        results: list[Tensor] = []
        for begin in range(0, len(prompts), batch_size):
            rows = slice(begin, begin + batch_size)
            state, first = self.model.start(self.inputs(prompts[rows], sources[rows]))
            owners = torch.tensor([row for row, own in enumerate(candidates[rows]) for _ in own], device=device)  # (C,)
            bodies = [encode_target(self.task, text)[1:] for own in candidates[rows] for text in own]  # less the start
            labels, mask = pad(bodies, device)  # (C, T)
            total = first.log_probs[owners, 0].gather(-1, labels[:, :1]).squeeze(-1)  # (C,)
            longer = mask.sum(dim=1).gt(1).nonzero().squeeze(1)  # the candidates that the first token does not settle
            if len(longer):
                rest = self.model.step(state.select(owners[longer]), labels[longer, :-1])
                chosen = rest.log_probs.gather(-1, labels[longer, 1:, None]).squeeze(-1)  # (C', T - 1)
                total[longer] += (chosen * mask[longer, 1:]).sum(-1)
            results += total.cpu().split([len(own) for own in candidates[rows]])
        return results

    def exact_match(self, rows: Sequence[dict]) -> tuple[float, list[tuple[dict, Generated]]]:
        """The share of rows whose output is right, and what was written for each row that it has a part in."""
        chosen = [(row, texts) for row in rows if (texts := self.task.texts(row)) is not None]
        written = self.write([texts[1] for _, texts in chosen], [texts[0] for _, texts in chosen])
        pairs = [(row, result) for (row, _), result in zip(chosen, written, strict=True)]
        return sum(self.task.is_right(row, result.text) for row, result in pairs) / max(1, len(pairs)), pairs


def size_of(source: str | Record | None) -> int:
    """How many bytes a source has: 0 where there is none."""
    return len((source.content if isinstance(source, Record) else source or "").encode())
