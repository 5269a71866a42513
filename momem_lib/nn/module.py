"""What a trained module does with texts: write, judge candidates, and be compared with what it should have written."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from momem_lib.data.tasks import TASKS, Task, encode_prompt, encode_source, encode_target
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.generation import Generated, generate
from momem_lib.nn.inputs import Inputs, make_inputs, pad
from momem_lib.nn.transformer import Transformer


def inputs_for(task: Task, sources: Sequence[str | None], prompts: Sequence[str], device="cpu", targets=None):
    """A batch from texts; targets are token sequences, by default the start token alone."""
    encoded = [encode_source(text) for text in sources] if task.source else None
    targets = targets or [[TOKENIZER.id(task.start)]] * len(prompts)
    return make_inputs(encoded, [encode_prompt(text) for text in prompts], targets, device)


def write(
    model: Transformer,
    task: Task,
    sources: Sequence[str | None],
    prompts: Sequence[str],
    temperature: float = 0.0,
    seeds: Sequence[int] | None = None,
    batch_size: int = 32,
    copy_only: Sequence[Sequence[str]] | None = None,
    guesses: Sequence[str | None] | None = None,
) -> list[Generated]:
    """Run a module on texts, in batches of similar length; results come in the order of the prompts.

    Args:
        sources: what the encoder reads, per question (None for NER). prompts: the questions.
        copy_only: per question, the texts that alone may be copied, wherever they stand (constrained decoding).
        guesses: per question, what it will perhaps write (None: <none>): checked in one step, and quicker where right.
    """
    device = model.device
    size = [len((prompt + (source or "")).encode()) for prompt, source in zip(prompts, sources, strict=True)]
    order = sorted(range(len(prompts)), key=size.__getitem__)
    results: list[Generated | None] = [None] * len(prompts)
    for begin in range(0, len(order), batch_size):
        rows = order[begin : begin + batch_size]
        inputs = inputs_for(task, [sources[row] for row in rows], [prompts[row] for row in rows], device)
        if copy_only is not None and model.copy is not None:
            copies = model.config.copy_from
            places = [positions_of(copy_only[row], inputs, index, copies) for index, row in enumerate(rows)]
            inputs.copyable = torch.stack(places)
        # What is written is copied or a short frame around it: a limit keeps a runaway module from going on.
        limits = [limit_of(task, model, sources[row], prompts[row]) for row in rows]
        heat = (temperature, None, None, [seeds[row] for row in rows] if seeds else None)
        ahead = [encode_target(task, guesses[row])[1:] for row in rows] if guesses else None  # less the start token
        written = generate(model, inputs, TOKENIZER.id(task.stop), max(1, max(limits)), *heat, guesses=ahead)
        for row, limit, result in zip(rows, limits, written, strict=True):
            results[row] = result.cut(limit)
    return results


def limit_of(task: Task, model: Transformer, source: str | None, prompt: str) -> int:
    """The most tokens that a module may write: a tag is part of the prompt, a summary of the source.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> limit_of(TASKS["ner"], Transformer(ModelConfig()), None, "Where does Jo live?")
        20
    """
    asked, read = len(prompt.encode()), len((source or prompt).encode())
    longest = asked + read + 100 if task.name == "response" else read + 1
    return min(longest, model.config.context_window - asked - 3)


def positions_of(texts: Sequence[str], inputs: Inputs, row: int, copy_from: str = "both") -> Tensor:
    """Where some texts stand in what one row can copy from (prompt, source, or both, source first): (S,), True there.

    Example:
        >>> inputs = inputs_for(TASKS["response"], ["Lives in: Oslo"], ["Is Jo there?"])
        >>> TOKENIZER.decode(torch.cat([inputs.source[0], inputs.prompt[0]])[positions_of(["Oslo", "Jo"], inputs, 0)])
        'OsloJo'
    """
    parts = {"prompt": (inputs.prompt,), "source": (inputs.source,), "both": (inputs.source, inputs.prompt)}[copy_from]
    tokens = torch.cat([part[row] for part in parts])
    found = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    for text in texts:
        piece = torch.tensor(TOKENIZER.encode(text), device=tokens.device)
        if 0 < len(piece) <= len(tokens):
            for begin in (tokens.unfold(0, len(piece), 1) == piece).all(dim=1).nonzero().flatten().tolist():
                found[begin : begin + len(piece)] = True
    return found


def score(model: Transformer, task: Task, source: str | None, prompt: str, candidates: Sequence[str | None]) -> Tensor:
    """The natural log-probability that the module writes each candidate (None stands for <none>): (C,).

    The candidates are judged whole, so the best of them is exactly what constrained decoding should find.
    """
    return score_many(model, task, [source], [prompt], [candidates])[0]


@torch.inference_mode()
def score_many(
    model: Transformer,
    task: Task,
    sources: Sequence[str | None],
    prompts: Sequence[str],
    candidates: Sequence[Sequence[str | None]],
    batch_size: int = 16,
    whole: bool = True,
) -> list[Tensor]:
    """What score says about each row's own candidates; source and prompt are read once for all of them.

    Args:
        whole: False judges each candidate only up to the first token that tells it from the row's others: quicker, and
            just as good where what follows is certain.

    Example:
        >>> from momem_lib.nn.blocks import ModelConfig
        >>> model = Transformer(ModelConfig()).eval()
        >>> rows = score_many(model, TASKS["ner"], [None] * 2, ["Jo?", "Al or Bo?"], [["Jo"], ["Al", "Bo"]])
        >>> [len(row) for row in rows]
        [1, 2]
    """
    device = model.device
    results: list[Tensor] = []
    for begin in range(0, len(prompts), batch_size):
        rows = slice(begin, begin + batch_size)
        state, first = model.start(inputs_for(task, sources[rows], prompts[rows], device))
        owners = torch.tensor([row for row, own in enumerate(candidates[rows]) for _ in own], device=device)  # (C,)
        bodies = []
        for own in candidates[rows]:
            targets = [encode_target(task, text)[1:] for text in own]  # less the start token
            bodies += targets if whole else until_distinct(targets)
        labels, mask = pad(bodies, device)  # (C, T)
        total = first.log_probs[owners, 0].gather(-1, labels[:, :1]).squeeze(-1)  # (C,)
        longer = mask.sum(dim=1).gt(1).nonzero().squeeze(1)  # the candidates that the first token does not settle
        if len(longer):
            rest = model.step(state.select(owners[longer]), labels[longer, :-1])
            chosen = rest.log_probs.gather(-1, labels[longer, 1:, None]).squeeze(-1)  # (C', T - 1)
            total[longer] += (chosen * mask[longer, 1:]).sum(-1)
        results += total.cpu().split([len(own) for own in candidates[rows]])
    return results


def until_distinct(sequences: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """Each sequence up to the first element that tells it from all the others; whole where another begins with it.

    Example:
        >>> until_distinct([[7, 1, 4], [7, 2, 4], [5, 1], [5, 1, 3]])
        [[7, 1], [7, 2], [5, 1], [5, 1, 3]]
    """
    begun = Counter(tuple(one[:end]) for one in sequences for end in range(1, len(one) + 1))

    def shortest(one: Sequence[int]) -> Sequence[int]:
        alone = (end for end in range(1, len(one)) if begun[tuple(one[:end])] == 1)
        return one[: next(alone, len(one))]

    return [shortest(one) for one in sequences]


def exact_match(task_name: str, model: Transformer, rows: Sequence[dict]) -> tuple[float, list[tuple[dict, Generated]]]:
    """The share of rows whose target is written exactly (for responses: that hold the name and the value verbatim)."""
    task = TASKS[task_name]
    chosen = [(row, task.texts(row)) for row in rows if task.texts(row) is not None]
    written = write(model, task, [texts[0] for _, texts in chosen], [texts[1] for _, texts in chosen])
    pairs = [(row, result) for (row, _), result in zip(chosen, written, strict=True)]
    right = [is_right(task, row, result.text) for row, result in pairs]
    return sum(right) / max(1, len(right)), pairs


def is_right(task: Task, row: dict, text: str | None) -> bool:
    """Whether a module's output will do: equal to the target, or, for responses, holding name and value verbatim.

    Example:
        >>> row = {"name": "Jo", "value": "Oslo", "response": "Jo lives in Oslo."}
        >>> is_right(TASKS["response"], row, "Oslo is where Jo lives."), is_right(TASKS["response"], row, "Jo: Osl")
        (True, False)
    """
    if task.name != "response":
        return text == row[task.target]
    return text is not None and row["value"] in text and row["name"] in text and len(text) <= len(row["value"]) + 200
