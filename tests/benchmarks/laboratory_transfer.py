"""Experiments (d) and (e) of notebook 12: do weights that were learned elsewhere help? Counted in steps to a mark."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

import torch
import torch.nn.functional as F
from laboratory_facts import facts, reached
from torch import Tensor

from momem_lib.course.nb12 import Watched, short_rows, small_config, train_watched
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.training.config import TrainConfig
from momem_lib.training.trainer import Trainer

HIDDEN_SHARE = 0.15  # of the bytes that a pre-training encoder must guess (Devlin et al. 2019, section 3.1)
READING = ("embedding", "encoder", "encoder_norm")  # the parts of a model that read the source


def transfer_config(task: str, steps: int, seed: int = 0) -> TrainConfig:
    """A small encoder-decoder; its head has a matrix of its own, so that what reads can be frozen without it."""
    changes = {"max_global_steps": steps, "seed": seed, "batch_size": 16, "num_encoder_blocks": 1}
    return small_config(task, tie_embeddings=False, **changes)


def masked_loss(model: Transformer, inputs: Inputs, hidden: Tensor) -> Tensor:
    """Reading without labels: guess the bytes of the source that are hidden; a scalar, in nats per hidden byte.

    Args:
        hidden: (B, S), True where a byte is hidden.
    """
    seen = inputs.source.masked_fill(hidden, TOKENIZER.id("<none>"))
    scores = model.head(model.encode(seen, inputs.source_mask))  # (B, S, V)
    return F.cross_entropy(scores[hidden], inputs.source[hidden])


def reading_loss(seed: int) -> Callable:
    """The loss of pre-training: the encoder guesses hidden bytes, others at each step, and no label is looked at."""
    steps = count()

    def loss_of(model: Transformer, batch: tuple[Inputs, Tensor]) -> Tensor:
        inputs, draw = batch[0], torch.Generator().manual_seed(seed * 100_003 + next(steps))
        hidden = (torch.rand(inputs.source.shape, generator=draw) < HIDDEN_SHARE) & inputs.source_mask
        return masked_loss(model, inputs, hidden)

    return loss_of


def take_reading(trainer: Trainer, donor: Transformer | None) -> None:
    """Give a model the reading parts of another one, and freeze them; without a donor, freeze its own as they are.

    Example:
        >>> trainer = Trainer(transfer_config("summary", 1), torch.device("cpu"))
        >>> take_reading(trainer, None)
        >>> trainer.model.encoder_norm.weight.requires_grad, trainer.model.decoder_norm.weight.requires_grad
        (False, True)
    """
    for name in READING:
        part = getattr(trainer.model, name)
        if donor is not None:
            part.load_state_dict(getattr(donor, name).state_dict())
        part.requires_grad_(False)


def take_all(trainer: Trainer, donor: Transformer) -> None:
    """Give a model all weights of another one of the same shape."""
    trainer.model.load_state_dict(donor.state_dict())


def starts_of(donors: dict[str, Transformer]) -> dict[str, Callable[[Trainer], None] | None]:
    """The ways to begin Module 2 in experiment (d), by name; None: from scratch."""
    given = donors | {"encoder never trained": None}
    return {"from scratch": None} | {f"{name}, frozen": partial(take_reading, donor=given[name]) for name in given}


def race(task: str, starts: dict[str, Callable | None], config: TrainConfig, mark: float, exam_rows: int) -> tuple:
    """Train from each start up to the mark: the runs, and the model that began from scratch."""
    rows, exam = short_rows(4000, unknown=0.0), short_rows(exam_rows, "test", seed=1, unknown=0.0)
    runs, scratch = [], None
    for name, prepare in starts.items():
        done = train_watched(task, config, rows, exam, every=25, until=mark, prepare=prepare)
        runs.append({"start": name, "seed": config.seed, "reached": reached(done, mark)} | facts(done))
        scratch = done.model if prepare is None else scratch
    return runs, scratch


def transfer_experiments(
    steps: int = 150, donor_steps: int = 100, seeds: Sequence[int] = (0, 1, 2), mark: float = 0.7, exam_rows: int = 24
) -> dict[str, dict]:
    """(d): Module 2 from scratch, and with a frozen encoder from elsewhere; (e): Module 3 from that Module 2's weights.

    For each seed, the donors are trained anew, on other rows and from other weights than those who receive.
    """
    facts = {"mark": mark, "steps": steps}
    results = {"d": facts | {"donor_steps": donor_steps, "donors": [], "runs": []}, "e": facts | {"runs": []}}
    for seed in seeds:
        rows = short_rows(4000, seed=7 + seed, unknown=0.0)
        other = train_watched("response", transfer_config("response", donor_steps, 50 + seed), rows)
        settings = transfer_config("summary", donor_steps, 50 + seed)
        reader = train_watched("summary", settings, rows, loss_of=reading_loss(50 + seed))
        starts = starts_of({"encoder of Module 3": other.model, "encoder pre-trained on records": reader.model})
        runs, scratch = race("summary", starts, transfer_config("summary", steps, seed), mark, exam_rows)
        results["d"]["runs"] += runs
        results["d"]["donors"] += [donor_facts("Module 3", other, seed), donor_facts("pre-trained", reader, seed)]
        starts = {"from scratch": None, "from Module 2's weights": partial(take_all, donor=scratch)}
        results["e"]["runs"] += race("response", starts, transfer_config("response", steps, seed), mark, exam_rows)[0]
    return results


def donor_facts(name: str, done: Watched, seed: int) -> dict:
    """How a donor was trained."""
    last = sum(done.losses[-10:]) / len(done.losses[-10:])
    return {"name": name, "seed": seed, "steps": len(done.losses), "last_loss": round(last, 4)}
