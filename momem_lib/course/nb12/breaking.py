"""What notebook 12 breaks live: (b) a padding mask that shuts out only pairs of two paddings, (c) half precision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.course.nb12.small import Watched, small_config, train_watched
from momem_lib.course.shared.toy import ToyTrainer, next_token_loss, toy_model, window_batches
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.attention import causal_mask
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer, module_loss

PADDED = 56  # tokens that every question is padded to in training
HALF, BRAIN, FULL = torch.float16, torch.bfloat16, torch.float32


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


def train_masked(kind: type[Transformer], steps: int, seed: int, rows: Sequence[dict]) -> Watched:
    """Train a small Module 0 with one kind of mask, on padded questions."""

    def prepare(trainer: Trainer) -> None:
        trainer.model.__class__ = kind  # the same weights, another mask

    config = small_config("ner", max_global_steps=steps, seed=seed, batch_size=16)
    return train_watched("ner", config, rows, prepare=prepare, loss_of=padded_loss)


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
