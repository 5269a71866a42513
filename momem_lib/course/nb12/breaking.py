"""What notebook 12 breaks live: (a) a padding mask that shuts out only pairs of two paddings, (b) half precision."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.course.nb12.small import Watched, small_config, train_watched
from momem_lib.course.shared.toy import ToyTrainer, next_token_loss, toy_model, window_batches
from momem_lib.data.tasks import TASKS
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.attention import causal_mask
from momem_lib.nn.generation import generate
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer, module_loss

PADDED = 56  # tokens that every question is padded to in training
HALF, BRAIN, FULL = torch.float16, torch.bfloat16, torch.float32


def may_look(real: Tensor) -> Tensor:
    """Who may look at whom: real (B, T), True where there is a token -> (B, T, T); nobody looks at padding.

    Example:
        >>> may_look(torch.tensor([[True, True, False]])).int().tolist()
        [[[1, 1, 0], [1, 1, 0], [1, 1, 0]]]
    """
    return real[:, None, :].expand(-1, real.shape[1], -1)


def pad_to_pad(real: Tensor) -> Tensor:
    """The mistake of the first system: a pair is shut out only when both of its sides are padding.

    Example:
        >>> pad_to_pad(torch.tensor([[True, True, False]])).int().tolist()
        [[[1, 1, 1], [1, 1, 1], [1, 1, 0]]]
    """
    return real[:, :, None] | real[:, None, :]


def with_mask(rule: Callable[[Tensor], Tensor]) -> type[Transformer]:
    """A Transformer whose decoder asks a rule who may look at whom, beside the order of the target.

    Args:
        rule: from real (B, T) to (B, T, T), see may_look.
    """

    class Masked(Transformer):
        """A Transformer with another padding mask."""

        def decoder_mask(self, inputs: Inputs) -> Tensor:
            """Who may look at whom in prompt plus target: (B, 1, P+T, P+T)."""
            real = torch.cat([inputs.prompt_mask, inputs.target_mask], dim=1)  # (B, P+T)
            order = causal_mask(real.shape[1]).to(real.device)
            order[: inputs.prompt.shape[1], : inputs.prompt.shape[1]] = True
            return (rule(real) & order)[:, None]

        @staticmethod
        def step_mask(key_mask: Tensor, count: int) -> Tensor:
            """The same while writing: the last `count` of the keys (B, K) are new."""
            order = key_mask.new_ones(count, key_mask.shape[1]).tril(key_mask.shape[1] - count)
            return (rule(key_mask)[:, -count:] & order)[:, None]

    return Masked


def padded(inputs: Inputs, length: int) -> Inputs:
    """The same batch with its prompts padded to a length: what padding must not change.

    Example:
        >>> from momem_lib.nn.module import Module
        >>> padded(Module.load(task="ner", device="cpu").inputs(["Jo?"]), 9).prompt_mask.int().tolist()
        [[1, 1, 1, 1, 1, 0, 0, 0, 0]]
    """
    more = max(0, length - inputs.prompt.shape[1])
    prompt = F.pad(inputs.prompt, (0, more), value=TOKENIZER.pad)
    return replace(inputs, prompt=prompt, prompt_mask=F.pad(inputs.prompt_mask, (0, more), value=False))


def padded_loss(model: Transformer, batch: tuple[Inputs, Tensor]) -> Tensor:
    """The loss on questions padded to PADDED tokens, as where all rows of a dataset get one length."""
    return module_loss(model, (padded(batch[0], PADDED), batch[1]))


def train_masked(rule: Callable[[Tensor], Tensor], steps: int, seed: int, rows: Sequence[dict]) -> Watched:
    """Train a small Module 0 with one kind of mask, on padded questions."""

    def prepare(trainer: Trainer) -> None:
        trainer.model.__class__ = with_mask(rule)  # the same weights, another mask

    config = small_config("ner", max_global_steps=steps, seed=seed, batch_size=16)
    return train_watched("ner", config, rows, prepare, padded_loss)


@torch.inference_mode()
def found_padded(model: Transformer, rows: Sequence[dict], length: int) -> float:
    """The share of names found when every question is padded to a length; 0: each question alone, without any."""
    right, size = 0, 32 if length else 1
    for begin in range(0, len(rows), size):
        some = rows[begin : begin + size]
        inputs = padded(Module(TASKS["ner"], model).inputs([row["question"] for row in some]), length)
        written = generate(model, inputs, TOKENIZER.id("</tag>"), 30)
        right += sum(result.text == row["name"] for row, result in zip(some, written, strict=True))
    return right / len(rows)


@dataclass(frozen=True)
class Recipe:
    """How a toy model is trained: each cure is one field."""

    optimizer: str  # sgd (with momentum 0.9) or adamw
    learning_rate: float
    warmup_steps: int = 0  # steps until the rate is reached; 0: none
    clip_norm: float = 0.0  # longest gradient; 0: any
    precision: torch.dtype = HALF  # of the products of matrices, forwards and backwards; weights stay in 32 bits


# What is changed in a broken recipe by each cure.
CURES = {
    "nothing": {},
    "warm-up alone": {"warmup_steps": 30},
    "clipping alone": {"clip_norm": 0.5},
    "bfloat16 alone": {"precision": BRAIN},
    "float32 alone": {"precision": FULL},
    "warm-up and clipping": {"warmup_steps": 30, "clip_norm": 0.5},
}


def first_bad(losses: Sequence[float]) -> int | None:
    """The first step whose loss is no finite number, or None.

    Example:
        >>> first_bad([2.0, float("inf"), float("nan")]), first_bad([2.0])
        (1, None)
    """
    return next((step for step, loss in enumerate(losses) if not math.isfinite(loss)), None)


def train_in(recipe: Recipe, windows: Tensor, steps: int, seed: int = 0) -> list[float]:
    """Train a toy model by a recipe, with no guard: the loss of each step, up to the first that is NaN or infinite.

    A gradient that is NaN or infinite counts as a loss of NaN: one step with it, and all weights are NaN.

    Example:
        >>> from momem_lib.course.shared.toy import toy_text, toy_windows
        >>> len(train_in(Recipe("sgd", 0.01, precision=FULL), toy_windows(toy_text(20), 16), steps=2))
        2
    """
    model = toy_model(seed=seed).train()
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), lr=recipe.learning_rate, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate)

    def rate(step: int) -> float:
        return recipe.learning_rate * (min(1.0, (step + 1) / recipe.warmup_steps) if recipe.warmup_steps else 1.0)

    def loss_of(model: Transformer, batch: Tensor) -> Tensor:
        with torch.autocast("cpu", recipe.precision, enabled=recipe.precision != FULL):
            return next_token_loss(model, batch)

    def measure(trainer: ToyTrainer) -> bool:
        return not (math.isfinite(trainer.loss) and math.isfinite(trainer.gradient_norm))

    trainer = ToyTrainer(model, optimizer, rate, recipe.clip_norm or math.inf)
    losses = fit(trainer, window_batches(windows, 8, seed), loss_of, steps, measure=measure, disable=True)
    return losses if math.isfinite(trainer.gradient_norm) else [*losses[:-1], math.nan]
