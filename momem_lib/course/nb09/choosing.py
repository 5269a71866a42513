"""How Module 2 chooses: records without values, a small module trained on the choice, and which label it took."""

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import torch
import torch.nn.functional as F
from torch import Tensor

from momem_lib.course.modules.judging import Judged, course_rows
from momem_lib.course.modules.live import course_config
from momem_lib.data.records import Record
from momem_lib.data.tasks import task_named
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.checkpoints import pick_device
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.training.batches import batch_stream, tokenize
from momem_lib.training.config import check_task
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer

NONE, ELSE = "<none>", "something else"
VALUE = "x"  # of every fact of a record without values
WINDOW = 192  # tokens
SMALL = {
    "embedding_dim": 32, "hidden_dim": 64, "num_decoder_blocks": 1, "data_window": WINDOW, "batch_size": 12,
    "model_lr": 0.01, "ngram_rows": 4096,
}  # fmt: skip
RECIPE = {"choice_loss": 1.0, "label_fit": True, "num_pointer_blocks": 2, "muon_lr": 0.01}
OTHERS = {"choice_loss": 0.0, "label_fit": False, "num_pointer_blocks": 0, "muon_lr": 0.0}
CALLED = {
    "choice_loss": "no choice loss",
    "label_fit": "no label fit",
    "num_pointer_blocks": "no blocks",
    "muon_lr": "no Muon",
}
PLAIN = {
    "name_styles": (), "value_styles": (), "languages": ("en",), "bare_share": 1.0, "empty_share": 0.0,
    "chat_share": 0.0, "typo_share": 0.0, "stranger_share": 0.0, "nobody_share": 0.0,
}  # fmt: skip


def bare_rows(count: int, split: str = "train", seed: int = 0, **synthesis) -> list[dict]:
    """English rows whose records hold labels, and an x for each value: what a choice is made by, and nothing more.

    Example:
        >>> set(bare_rows(1)[0]["record"].values())
        {'x'}
    """
    return [
        without_values(row) for row in course_rows("summary", count, split, seed, longest=WINDOW, **PLAIN | synthesis)
    ]


def without_values(row: Mapping) -> dict:
    """A row with an x for the name in its record, and for each value."""
    bare = {"record": dict.fromkeys(row["record"], VALUE), "name": row["name"]}
    if row["summary"] is not None:
        bare |= {"value": VALUE, "summary": f"{row['label']}: {VALUE}"}
    return {**row, **bare}


def train_choice(
    recipe: Mapping, rows: Sequence[dict], loss_of: Callable, steps: int, seed: int = 0, device: str = "auto"
) -> tuple[Module, list[float]]:
    """Train a very small Module 2 by a recipe such as RECIPE; hand back the module and the loss of each step.

    Args:
        loss_of: from model, batch and the choice loss's weight to two losses, the one to report and the one to descend.

    Example:
        >>> from momem_lib.training.trainer import module_loss
        >>> module, losses = train_choice(RECIPE, bare_rows(4), module_loss, steps=2, device="cpu")
        >>> len(losses), module.task.name
        (2, 'summary')
    """
    changes = {key: value for key, value in recipe.items() if key != "label_fit"}
    config = check_task(course_config("summary", "quick", steps, seed, **SMALL | changes), "summary", "this recipe")
    task, trainer = task_named("summary"), Trainer(config, pick_device(device))
    if not recipe["label_fit"]:
        for pointer in (trainer.model.pointer, trainer.average.pointer):
            for weight in (pointer.trust, pointer.alike):
                weight.requires_grad_(False).zero_()
    batches = batch_stream(tokenize(task, rows, WINDOW), config.batch_size, seed, trainer.device)

    def weighted(model: torch.nn.Module, batch: tuple[Inputs, Tensor]) -> tuple[Tensor, Tensor]:
        return loss_of(model, batch, config.choice_loss)

    return Module(task, trainer.average), fit(trainer, batches, weighted, steps, disable=True)


def label_in(summary: str | None) -> str:
    """The label of a summary, or what stands for none.

    Example:
        >>> label_in("Lives in: Oslo; Norway"), label_in(None)
        ('Lives in', '<none>')
    """
    return NONE if summary is None else summary.partition(":")[0]


def choices(judged: Sequence[Judged], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which label each row wanted, and which was written; what is none of the names is something else.

    Example:
        >>> row = {"summary": "Job: Nurse"}
        >>> choices([Judged(row, task_named("summary"), "Jo: x", False, 0.5)], ["Job", NONE, ELSE])
        (['Job'], ['something else'])
    """
    pairs = [(label_in(one.wanted), label_in(one.wrote)) for one in judged]
    return tuple([name if name in names else ELSE for name in side] for side in zip(*pairs, strict=True))


@torch.inference_mode()
def pointed(
    module: Module, prompts: Sequence[str], records: Sequence[Record], batch_size: int = 8
) -> list[dict[str, float]]:
    """For each question to a record the log-probability of each label, and of none, before a letter is written.

    Example:
        >>> scores, = pointed(Module.load(task="summary", device="cpu"), ["Where?"], [Record("x", (("City", "x"),))])
        >>> list(scores)
        ['<none>', 'City']
    """
    found = []
    for begin in range(0, len(prompts), batch_size):
        some = records[begin : begin + batch_size]
        logs = module.model(module.inputs(prompts[begin : begin + batch_size], some)).choice.tolist()
        for record, scores in zip(some, logs, strict=True):
            found.append(dict(zip([NONE, *record.labels], scores, strict=False)))  # padded up to the largest record
    return found


def letter_runs(text: str, size: int = 1024) -> Tensor:
    """The runs of three letters of a text as rows (runs, size), each with a single 1: alike only where they are equal.

    Example:
        >>> (letter_runs("Room") @ letter_runs("room").T).int().tolist()
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    """
    text = f" {text.casefold()} "
    runs = [crc32(text[place : place + 3].encode()) % size for place in range(len(text) - 2)]
    return F.one_hot(torch.tensor(runs), size).float()


@torch.inference_mode()
def learned_words(module: Module, text: str) -> Tensor:
    """The words of a text as Module 2 compares them: (W, D), rows of length 1."""
    tokens = torch.tensor([TOKENIZER.encode(text)], device=module.model.device)
    label = torch.zeros_like(tokens)  # the spans of a label: the text begins as if behind a space
    words, _, _ = module.model.ngrams.words(tokens, label == 0, label)
    return F.normalize(module.model.pointer.project(words), dim=-1)[0].cpu()
