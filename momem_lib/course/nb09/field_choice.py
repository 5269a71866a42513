"""How Module 2 chooses a field: a label is settled by one or two of its letters, and by whom they are written."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from momem_lib.data.records import LABELS
from momem_lib.data.tasks import COLON
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.transformer import Transformer
from momem_lib.training.batches import TokenSet, batch_of
from momem_lib.training.trainer import choice_loss

CHANCE = math.log(len(LABELS))  # nats per label, for whoever picks one of six blindly


def copying_chances(label: str, labels: Sequence[str] = tuple(LABELS.values())) -> list[float]:
    """The chance of each letter of a label, copied from all labels that still fit by somebody who reads no question.

    Example:
        >>> chances = copying_chances("Favourite movie")
        >>> chances[0], chances[1], chances[11]  # F of six labels, two of which begin so; then o or u
        (0.3333333333333333, 1.0, 0.5)
    """
    fitting = [[x for x in labels if x[:place] == label[:place]] for place in range(len(label) + 1)]
    return [len(after) / len(before) for before, after in pairwise(fitting)]


@torch.inference_mode()
def measure_choice(model: Transformer, tokens: TokenSet, batch_size: int = 64) -> dict[str, float]:
    """How well a summary's label is chosen, read along the right summary (teacher forcing).

    Returns:
        right: share of summaries each of whose label letters was the most probable one, 0 to 1.
        mixture, generator: nats per label, of the whole head and of its generator alone.
        copied: share of the probability of the label's letters that came from copying, 0 to 1.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> from momem_lib.data.tasks import TASKS
        >>> from momem_lib.training.batches import tokenize
        >>> row = {"question": "Where?", "name": None, "content": "Lives in: Oslo;", "summary": "Lives in: Oslo"}
        >>> shape = ModelConfig(embedding_dim=8, num_heads=1, num_encoder_blocks=1, copy_from="source")
        >>> found = measure_choice(Transformer(shape), tokenize(TASKS["summary"], [row], 99))
        >>> sorted(found), found["right"]
        (['copied', 'generator', 'mixture', 'right'], 0.0)
    """
    sums = dict.fromkeys(("right", "mixture", "generator", "copied"), 0.0)
    letters = 0
    for begin in range(0, len(tokens), batch_size):
        inputs, labels = batch_of(tokens, range(begin, min(begin + batch_size, len(tokens))), model.device)
        out = model(inputs)
        here = ((labels == COLON).cumsum(dim=1) == 0) & (labels != TOKENIZER.pad)  # (B, T) up to the colon
        chosen = out.log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
        made = out.generated.gather(-1, labels[:, :, None]).squeeze(-1) + torch.log1p(
            -out.copy_gate.clamp(max=1 - 1e-6)
        )
        sums["right"] += float(((out.log_probs.argmax(-1) == labels) | ~here).all(dim=1).sum())
        sums["mixture"] -= float((chosen * here).sum())
        sums["generator"] += float(choice_loss(out, labels)) * len(labels)
        sums["copied"] += float(((1 - (made - chosen).exp().clamp(max=1)) * here).sum())
        letters += int(here.sum())
    return {name: total / (letters if name == "copied" else len(tokens)) for name, total in sums.items()}
