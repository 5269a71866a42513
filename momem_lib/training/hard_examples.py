"""Training on what a model still finds hard: of many rows, those that its weights would get wrong or nearly so."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from momem_lib.nn.copying import Mixture
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError
from momem_lib.training.batches import TokenSet, batch_of


def worst_tokens(out: Mixture, labels: Tensor, mask: Tensor) -> Tensor:
    """The highest loss of any token of each row: (B,), in nats.

    A row is written wrongly where one token is; a sum over all of them would call every long row hard.

    Args:
        out: log_probs (B, T, V). labels: (B, T). mask: (B, T), True where a token counts.

    Example:
        >>> probabilities = torch.tensor([[[0.5, 0.5], [0.75, 0.25]]])  # (1, 2, 2)
        >>> out = Mixture(probabilities.log(), *[torch.zeros(1)] * 4)
        >>> worst_tokens(out, torch.tensor([[0, 1]]), torch.tensor([[True, True]])).exp()
        tensor([4.])
    """
    losses = -out.log_probs.gather(-1, labels[:, :, None]).squeeze(-1)  # (B, T)
    return losses.masked_fill(~mask, 0.0).amax(dim=1)


@torch.no_grad()
def difficulty(
    model: Transformer,
    tokens: TokenSet,
    device: torch.device,
    half: bool = False,
    batch_size: int = 128,
    show: bool = True,
) -> np.ndarray:
    """The worst token's loss of each row of a token set: (N,), in nats.

    Args:
        half: multiply matrices in bfloat16, which is exact enough to tell hard from easy. show: a progress bar.
    """
    found = np.zeros(len(tokens), dtype=np.float32)
    order = np.argsort(tokens.lengths, kind="stable")  # rows of one length together: little padding
    starts = range(0, len(order), batch_size)
    for begin in tqdm(starts, mininterval=1, desc="look for hard rows", unit="batch", disable=not show):
        rows = order[begin : begin + batch_size]
        inputs, labels = batch_of(tokens, rows, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            found[rows] = worst_tokens(model(inputs), labels, inputs.target_mask).float().cpu().numpy()
    return found


def hardest(model: Transformer, tokens: TokenSet, share: float, device: torch.device, half: bool = False) -> TokenSet:
    """The rows that a model finds hardest, in their order: hard example mining.

    A trained module writes 97 rows of 100 with next to no loss, and so with next to no gradient; a step on them costs
    as much as one on rows that teach it something. To look at a row takes a third of the time of training on it.
    (Shrivastava et al. 2016, arXiv:1604.03540, section 4, for boxes of an image; here once, before the training.)

    Args:
        share: of the rows to keep, above 0, at most 1.
    """
    kept = max(1, round(share * len(tokens)))
    losses = difficulty(model.eval(), tokens, device, half)
    chosen = np.sort(np.argsort(-losses, kind="stable")[:kept])
    print(f"kept {kept:,} of {len(tokens):,} rows: those with a token of {losses[chosen].min():.2g} nats or more")
    return tokens.pick(chosen)


def kept_rows(path: Path) -> TokenSet:
    """The hard rows that the beginning of a run has written.

    Raises:
        InputError: they are not there.
    """
    if not path.is_file():
        raise InputError(f"cannot resume: {path}, the rows of that run, is missing; train without --resume")
    return TokenSet.load(path)
