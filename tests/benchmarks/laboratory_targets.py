"""Experiment (f) of notebook 12: which tokens a loss is taken over, and whose output a model reads while it learns."""

from collections.abc import Callable, Sequence
from itertools import count

import torch
from torch import Tensor

from momem_lib.course.nb12 import Watched, short_rows, small_config, train_watched
from momem_lib.data.tasks import TASKS, encode_target
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.copying import Mixture
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.training.trainer import cross_entropy, module_loss

OWN_SHARE = 0.3  # of the tokens read in training, those that are the model's own guesses
PLACES = 16  # letters of a name whose fate is followed


def out_and_states(model: Transformer, inputs: Inputs) -> tuple[Mixture, Tensor]:
    """The model's output, and the decoder's last states (B, P+T, D) that it comes from."""
    kept: list[Tensor] = []
    hook = model.decoder_norm.register_forward_hook(lambda _, given, made: kept.append(made))
    try:
        return model(inputs), kept[0]
    finally:
        hook.remove()


def loss_on_all(model: Transformer, batch: tuple[Inputs, Tensor]) -> Tensor:
    """The mean loss over all tokens of prompt and target: a scalar."""
    inputs, labels = batch
    out, states = out_and_states(model, inputs)
    on_target = cross_entropy(out, labels, inputs.target_mask)
    prompt, mask = inputs.prompt[:, 1:], inputs.prompt_mask[:, 1:]  # each from the ones before it
    on_prompt = cross_entropy(model.plain(states[:, : prompt.shape[1]]), prompt, mask)
    few, many = inputs.target_mask.sum(), mask.sum()
    return (on_target * few + on_prompt * many) / (few + many)


def with_own_output(model: Transformer, inputs: Inputs, draw: torch.Generator, share: float = OWN_SHARE) -> Inputs:
    """The same batch with a share of the target tokens replaced by what the model itself would have written there.

    Scheduled sampling (Bengio et al. 2015, arXiv:1506.03099), all positions at once (Mihaylova and Martins 2019,
    arXiv:1906.07651).
    """
    with torch.no_grad():
        guessed = model(inputs).log_probs.argmax(-1)  # (B, T): the token after each
    own = torch.cat([inputs.target[:, :1], guessed[:, :-1]], dim=1)
    chosen = (torch.rand(own.shape, generator=draw) < share) & inputs.target_mask
    chosen[:, 0] = False  # the start token is always given
    return Inputs(torch.where(chosen, own, inputs.target), inputs.target_mask, inputs.prompt, inputs.prompt_mask)


def loss_on_own(seed: int) -> Callable:
    """The loss of a run in which the model reads some of its own output instead of the teacher's."""
    steps = count()

    def loss_of(model: Transformer, batch: tuple[Inputs, Tensor]) -> Tensor:
        draw = torch.Generator().manual_seed(seed * 100_003 + next(steps))
        return module_loss(model, (with_own_output(model, batch[0], draw), batch[1]))

    return loss_of


@torch.inference_mode()
def fate_of_letters(model: Transformer, rows: Sequence[dict], places: int = PLACES) -> dict[str, list[float]]:
    """The share of right tokens at each place, when the teacher's tokens are read and when the model's own are.

    Only the first `places` tokens of each name (and the stop token after a shorter one) are looked at.
    """
    ner = Module(TASKS["ner"], model)
    targets = [encode_target(ner.task, row["name"]) for row in rows]
    prompts = [row["question"] for row in rows]
    forced = model(ner.inputs(prompts, targets=[target[:-1] for target in targets])).log_probs.argmax(-1).tolist()
    own = [[*result.tokens, TOKENIZER.id(ner.task.stop)] for result in ner.write(prompts)]
    right: dict[str, list[list[bool]]] = {"teacher": [], "own": []}
    for place in range(places):
        there = [(row, target[place + 1]) for row, target in enumerate(targets) if place + 1 < len(target)]
        right["teacher"].append([forced[row][place] == token for row, token in there])
        right["own"].append([own[row][place : place + 1] == [token] for row, token in there])
    return {name: [round(sum(some) / max(1, len(some)), 4) for some in column] for name, column in right.items()}


WAYS = {
    "loss on target tokens": lambda seed: module_loss,
    "loss on all tokens": lambda seed: loss_on_all,
    "reading own output": loss_on_own,
}


def facts(done: Watched) -> dict:
    """Exam results, every fifth loss, size and time."""
    points = [{"step": point["step"], "exact": round(point["exact"], 4)} for point in done.points]
    losses = [round(loss, 4) for loss in done.losses[::5]]
    size = {"seconds": round(done.seconds, 2), "parameters": done.model.num_parameters()}
    return {"points": points, "losses": losses} | size


def target_experiment(
    steps: int = 120, seeds: Sequence[int] = (0, 1), exam_rows: int = 40, early: int = 50, every: int = 30
) -> dict:
    """(f): exact match while training in three ways; and the fate of letters in a model stopped early."""
    rows, exam = short_rows(4000), short_rows(exam_rows, "test", seed=1)
    runs, fates = [], []
    for seed in seeds:
        for way, loss_of in WAYS.items():
            changes = {"seed": seed, "batch_size": 16, "prompt_attention": "causal"}
            done = train_watched(
                "ner", small_config("ner", max_global_steps=steps, **changes), rows, exam, every, loss_of=loss_of(seed)
            )
            runs.append({"way": way, "seed": seed} | facts(done))
        done = train_watched("ner", small_config("ner", max_global_steps=early, seed=seed, batch_size=16), rows)
        fates.append({"seed": seed} | fate_of_letters(done.model, short_rows(4 * exam_rows, "test", seed=2)))
    return {"steps": steps, "early": early, "runs": runs, "fates": fates}
