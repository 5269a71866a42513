"""Experiment (b) of notebook 12: the padding mask that shuts out only pairs of two paddings, against the right one."""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.course.nb12.rows import short_rows
from momem_lib.course.nb12.small import Watched, small_config, train_watched
from momem_lib.data.tasks import TASKS
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.attention import causal_mask
from momem_lib.nn.generation import generate
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.training.trainer import Trainer

PADDED = 56  # tokens that every question is padded to in training


class PadToPad(Transformer):
    """A Transformer with the mistake of the first system: a pair is masked only when both of its sides are padding.

    It looks right in a picture of the mask, since something is grey. But a real position may look at padding.

    Example:
        >>> prompt, target = torch.tensor([[5, 6, 256]]), torch.tensor([[7]])
        >>> inputs = Inputs(target, target < 256, prompt, prompt < 256)
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> PadToPad(ModelConfig()).decoder_mask(inputs)[0, 0].int().tolist()  # column 2 is padding
        [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    """

    def decoder_mask(self, inputs: Inputs) -> Tensor:
        """Who may look at whom in prompt plus target: (B, 1, P+T, P+T), wrongly."""
        real = torch.cat([inputs.prompt_mask, inputs.target_mask], dim=1)  # (B, P+T)
        either = real[:, :, None] | real[:, None, :]  # (B, P+T, P+T) the mistake: "and" is right
        prompt_length = inputs.prompt.shape[1]
        order = causal_mask(real.shape[1]).to(real.device)
        order[:prompt_length, :prompt_length] = True
        return (either & order)[:, None]

    @staticmethod
    def step_mask(key_mask: Tensor, count: int) -> Tensor | None:
        """The same mistake while writing: what is new is real, so it may look at all padding."""
        return Transformer.step_mask(torch.ones_like(key_mask), count)


def padded(inputs: Inputs, length: int) -> Inputs:
    """The same batch with its prompts padded to a length: what padding must not change.

    Example:
        >>> padded(Module.load(task="ner", device="cpu").inputs(["Jo?"]), 9).prompt_mask.int().tolist()
        [[1, 1, 1, 1, 1, 0, 0, 0, 0]]
    """
    more = max(0, length - inputs.prompt.shape[1])
    prompt = F.pad(inputs.prompt, (0, more), value=TOKENIZER.pad)
    return replace(inputs, prompt=prompt, prompt_mask=F.pad(inputs.prompt_mask, (0, more), value=False))


def padded_step(trainer: Trainer, inputs: Inputs, labels: Tensor) -> float:
    """One step of training on questions padded to PADDED tokens, as where all rows of a dataset get one length."""
    return trainer.train_step(padded(inputs, PADDED), labels)


def train_masked(kind: type[Transformer], steps: int, seed: int, rows: Sequence[dict]) -> Watched:
    """Train a small Module 0 with one kind of mask, on padded questions."""

    def prepare(trainer: Trainer) -> None:
        trainer.model.__class__ = kind  # the same weights, another mask

    config = small_config("ner", max_global_steps=steps, seed=seed, batch_size=16)
    return train_watched("ner", config, rows, prepare=prepare, step=padded_step)


@torch.inference_mode()
def right_with_padding(model: Transformer, exam: Sequence[dict], length: int) -> float:
    """The share of names found when every question is padded to a length; 0: each question alone, without any."""
    right = 0
    for begin in range(0, len(exam), 32 if length else 1):
        some = exam[begin : begin + (32 if length else 1)]
        inputs = padded(Module(TASKS["ner"], model).inputs([row["question"] for row in some]), length)
        written = generate(model, inputs, TOKENIZER.id("</tag>"), 30)
        right += sum(result.text == row["name"] for row, result in zip(some, written, strict=True))
    return right / len(exam)


def mask_experiment(
    steps: int = 120, seeds: Sequence[int] = (0, 1), lengths: Sequence[int] = (0, 40, PADDED, 96),
    exam_rows: int = 40,
) -> dict:  # fmt: skip
    """Losses in training, and the share of unseen names found, by the length that questions are padded to."""
    rows, exam = short_rows(4000), short_rows(exam_rows, "test", seed=1)
    results: dict = {"lengths": list(lengths), "padded": PADDED, "steps": steps, "runs": []}
    for seed in seeds:
        for kind in (Transformer, PadToPad):
            done = train_masked(kind, steps, seed, rows)
            exact = [right_with_padding(done.model, exam, length) for length in lengths]
            results["runs"].append(
                {
                    "mask": kind.__name__,
                    "seed": seed,
                    "exact": exact,
                    "losses": [round(loss, 4) for loss in done.losses],
                }
            )
    return results
