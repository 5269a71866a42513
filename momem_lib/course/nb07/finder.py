"""Module 0's two rivals, as far as the reader does not write them: the head by hand, and the finder that points."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from momem_lib.data.tasks import encode_prompt
from momem_lib.data.tokens import TOKENIZER
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.copying import NEVER, Mixture
from momem_lib.nn.inputs import Inputs, make_inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.system.gates import word_spans
from momem_lib.training.batches import TokenSet, batch_indices
from momem_lib.training.config import TrainConfig, learning_rate
from momem_lib.training.trainer import make_optimizers

AT_ONCE = 64  # questions that a finder reads together


def with_head(model: Transformer, next_token: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Transformer:
    """Let a model's copy head end in the reader's function: weights, gate, generated, source -> probabilities.

    Example:
        >>> config = ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1, copy_from="prompt")
        >>> even = with_head(Transformer(config), lambda weights, gate, generated, source: generated * 0 + 1 / 268)
        >>> round(even(question_inputs(["Who?"])).log_probs[0, 0, 7].exp().item() * 268, 3)
        1.0
    """
    head = model.copy

    def forward(*args, **options) -> Mixture:
        out = type(head).forward(head, *args, **options)
        probs = next_token(out.copy_weights, out.copy_gate, out.generated.exp(), out.source)
        return replace(out, log_probs=torch.log(probs + NEVER))

    head.forward = forward
    return model


class Descent:
    """AdamW and Muon as one optimizer, which shortens gradients that are too long, and follows the config's rate.

    Example:
        >>> config = TrainConfig(model=ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
        >>> model = Transformer(config.model)
        >>> descent = Descent(model, config)
        >>> descent.zero_grad()
        >>> model(question_inputs(["Who?"])).log_probs.sum().backward()
        >>> descent.step()
        >>> descent.steps
        1
    """

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        body = getattr(model, "body", model)
        self.model, self.config, self.steps = model, config, 0
        self.optimizers = make_optimizers(body, config)
        known = {id(parameter) for parameter in body.parameters()}
        if ends := [parameter for parameter in model.parameters() if id(parameter) not in known]:
            self.optimizers[0].add_param_group({"params": ends, "weight_decay": 0.0})

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        self.model.zero_grad()

    def step(self) -> None:
        """Move each weight a little, against its gradient."""
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        share = learning_rate(self.config, self.steps) / self.config.model_lr
        for optimizer, highest in zip(self.optimizers, (self.config.model_lr, self.config.muon_lr), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = share * highest
            optimizer.step()
        self.steps += 1


def question_inputs(questions: Sequence[str], device: str | torch.device = "cpu") -> Inputs:
    """Questions as a batch, of which nothing is to be written: prompts alone, and the token <tag>."""
    return prompt_inputs([encode_prompt(question) for question in questions], device)


def prompt_inputs(prompts: Sequence[Sequence[int]], device: str | torch.device = "cpu") -> Inputs:
    """The same for tokens."""
    return make_inputs(None, prompts, [[TOKENIZER.id("<tag>")]] * len(prompts), device)


class SpanFinder(nn.Module):
    """Reads a question as Module 0 does, and scores each of its tokens as the name's first and as its last.

    Example:
        >>> config = ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1)
        >>> first, last = SpanFinder(config)(question_inputs(["Who is Jo?", "Hi!"]))
        >>> first.shape, last[1, 5:].max().item() < -1e8
        (torch.Size([2, 12]), True)
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.body = Transformer(config)
        self.first = nn.Linear(config.embedding_dim, 1)
        self.last = nn.Linear(config.embedding_dim, 1)

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Scores (B, P) of each token of the prompt as the first, and as the last; padding gets -1e9."""
        _, states = self.body.read(inputs)  # (B, P+T, D)
        states = states[:, : inputs.prompt.shape[1]]  # (B, P, D)
        heads = (self.first, self.last)
        return tuple(head(states).squeeze(-1).masked_fill(~inputs.prompt_mask, -1e9) for head in heads)


def span_batches(
    tokens: TokenSet, span_of: Callable[[str, str | None], tuple[int, int]], batch_size: int, seed: int, device: object
) -> Iterator[tuple[Inputs, Tensor, Tensor]]:
    """Endless batches: questions, and the place (B,) of the first and of the last token of each name.

    The rows come in the order in which batch_stream gives them to a module that writes.
    """
    texts = [TOKENIZER.decode(prompt[1:-1].tolist()) for prompt in tokens.prompt]
    names = [name_of(target[1:-1].tolist()) for target in tokens.target]
    spans = torch.tensor([span_of(*pair) for pair in zip(texts, names, strict=True)])  # (N, 2)
    for rows in batch_indices(tokens.lengths, batch_size, seed):
        inputs = prompt_inputs([tokens.prompt[row] for row in rows], device)
        yield inputs, *spans[torch.from_numpy(rows)].to(device).unbind(1)


def name_of(tokens: Sequence[int]) -> str | None:
    """The name that a target holds between its two special tokens."""
    return None if list(tokens) == [TOKENIZER.id("<none>")] else TOKENIZER.decode(tokens)


@torch.inference_mode()
def pointed(finder: SpanFinder, questions: Sequence[str], best_pair: Callable) -> list[str | None]:
    """The name that a finder points at in each question; None where it points at <prompt>."""
    found, device = [], next(finder.parameters()).device
    for begin in range(0, len(questions), AT_ONCE):
        few = questions[begin : begin + AT_ONCE]
        for question, *scores in zip(few, *finder(question_inputs(few, device)), strict=True):
            tokens = question.encode()
            first, last = best_pair(*(row[: len(tokens) + 2].cpu() for row in scores))
            found.append(tokens[first - 1 : last].decode(errors="replace") if first else None)
    return found


@torch.inference_mode()
def pointed_runs(finder: SpanFinder, questions: Sequence[str], span_of: Callable) -> list[str | None]:
    """The same, where only whole runs of words (and nobody) may be pointed at."""
    found, device = [], next(finder.parameters()).device
    for question in questions:
        first, last = (scores[0].cpu() for scores in finder(question_inputs([question], device)))
        runs = [None, *word_spans(question)]
        begin, end = torch.tensor([span_of(question, run) for run in runs]).unbind(1)
        found.append(runs[int((first[begin] + last[end]).argmax())])
    return found
