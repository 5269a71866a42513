"""What the reader of notebook 06 writes: the library's versions (ladder.py), small inputs, and typical mistakes."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.course.nb06.ladder import (
    Net,
    bigram,
    bits_per_byte,
    counted,
    cut,
    early_stop,
    generate,
    surprise,
    train,
    unigram,
)
from momem_lib.course.shared.judging import Part
from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.model import LanguageModel
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.transformer import Transformer

LIKELY = 50.0  # a score beside which the others are nothing


# How a version is called


def as_tuple(version: Callable, *case: object) -> object:
    """What a version gives, a list as a tuple."""
    found = version(*case)
    return tuple(found) if isinstance(found, list) else found


def as_number(version: Callable, *case: object) -> object:
    """What a version gives, a number of NumPy or PyTorch as one of Python."""
    found = version(*case)
    return found.item() if hasattr(found, "item") else found


def as_whole(version: Callable, *case: object) -> object:
    """What a version gives, several whole numbers as a tuple of Python's."""
    found = version(*case)
    return tuple(map(int, found)) if isinstance(found, list | tuple | np.ndarray | Tensor) else found


# Models to write with, and others to hand to a version


def all_scores(tokens: Tensor, likely: Tensor, how: float = LIKELY) -> Tensor:
    """Scores (B, T, 8) in which one token stands out at each place."""
    return how * F.one_hot(likely.expand(tokens.shape) % 8, 8).float()


WRITERS = {  # what a model does -> tokens (B, T) to scores (B, T, 8)
    "counts up": lambda tokens: all_scores(tokens, tokens + 1),
    "names the length of what it reads": lambda tokens: all_scores(tokens, torch.arange(1, tokens.shape[1] + 1)),
    "finds all alike": lambda tokens: torch.zeros(*tokens.shape, 8),
    "is sure of 5": lambda tokens: all_scores(tokens, torch.tensor(5)),
    "likes 5 more": lambda tokens: all_scores(tokens, torch.tensor(5), 3.0),
}


def written_by(generate: Callable, writer: str, tokens: Tensor, count: int, temperature: float, window: int) -> object:
    """What a version writes with a model; of what chance decides, only how much of it there is."""
    model = WRITERS[writer]
    found = generate(model, tokens, count, temperature, window)
    if isinstance(found, Tensor) and (writer == "finds all alike" or temperature > 100):
        several = len(set(found[0, tokens.shape[1] :].tolist())) > 1
        return f"{found.shape[-1]} tokens, the new ones {'of several kinds' if several else 'all the same'}"
    return found


class Doubled(nn.Module):
    """A layer that adds what it finds by itself, as those of the notebook do."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.line = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        return x + self.line(x)


def net_of(kind: type, layers: int, tokens: Tensor) -> Tensor:
    """What a new network makes of tokens."""
    return kind(8, 4, [Doubled(4) for _ in range(layers)])(tokens)


def trained(train: Callable, steps: int) -> tuple[list[float], Tensor] | None:
    """The losses of a few steps of a tiny network, and a number for all that it learned."""
    net = Net(8, 4, [Doubled(4)])
    batches = [cut(torch.arange(20) % 8, torch.tensor([step, step + 3]), 4) for step in range(steps)]
    inside = torch.optim.SGD(net.layers.parameters(), lr=0.5)
    outside = torch.optim.AdamW([*net.vectors.parameters(), *net.scores.parameters()], lr=0.05)
    losses = train(net, batches, [inside, outside])
    return None if losses is None else (losses, net(torch.tensor([[1, 2]])))


def after(counted: Callable, train: bytes, order: int, text: bytes) -> object:
    """What a model by counting expects after a text."""
    model = counted(train, order)
    if model is None:
        return None
    assert callable(model), f"a function of the text so far was expected, not {type(model).__name__}"
    found = model(text)
    return found if isinstance(found, dict) else np.asarray(found, dtype=float)


# A text of one's own


SENTENCES = (  # in four languages; repeated with changes, they make a text that is long enough to train on
    "Habari za asubuhi? Leo tunasoma kitabu kipya.\n",
    "Mũrata wakwa nĩarathoma ibuku rĩerũ.\n",
    "Το βιβλίο είναι πάνω στο τραπέζι.\n",
    "今天我们读一本新书。\n",
)
TOKENS = 280  # of the model that check_train_on asks for
UNTRAINED = 3.0  # bits per byte; who learned nothing needs more, who read the text far less


def small_text(copies: int = 40) -> str:
    """A text of about 8 KB in several scripts."""
    return "".join(f"{number}. {sentence}" for number in range(copies) for sentence in SENTENCES)


def check_train_on(train_on: Callable) -> None:
    """06.a: a model of a text of one's own, in any language, with a vocabulary as large as was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "mine.txt", Path(folder) / "model"
        path.write_text(small_text(), encoding="utf-8")
        model = train_on(path, out, TOKENS)
        if model is None or model is ...:
            raise NotImplementedError
        assert not hasattr(model, "language_model"), (
            "that is all that the run leaves behind: give back its .language_model"
        )
        assert isinstance(model, LanguageModel), f"a LanguageModel was expected, not a {type(model).__name__}"
        assert model.tokenizer.vocab_size == TOKENS, (
            f"{TOKENS} tokens were asked for, and the model has {model.tokenizer.vocab_size}: hand `vocabulary` on"
        )
        assert (out / "language_model.safetensors").is_file(), (
            "the model is not in the folder `out`: hand `out` on, so that you can load it again tomorrow"
        )
        assert model.evaluate(small_text(8)).bits_per_byte < UNTRAINED, (
            "the model is surprised by the text that it should have read: train it on the files found at `path`"
        )


def untrained(tokens: int, out: Path | None = None) -> LanguageModel:
    """A model that has read nothing, saved where a folder is given."""
    tokenizer = BPETokenizer.train(small_text(), tokens)
    model = Transformer(ModelConfig(tokens, 16, 2, 32, num_decoder_blocks=1, context_window=32))
    language_model = LanguageModel(model.eval(), tokenizer)
    if out is not None:
        language_model.save(out)
    return language_model


class Left:
    """What a run leaves behind."""

    language_model = None


LETTERS = torch.tensor([0, 1, 0, 2, 0, 1])
PIECES = [b"The ", "Mũ".encode(), b"r", "王".encode(), b" sleeps."]

PARTS = {
    "06.1": Part(
        cut,
        [
            (torch.arange(10, 16), torch.tensor([0]), 2),
            (torch.arange(10, 30), torch.tensor([0, 5, 11]), 4),
        ],
        {
            "inputs and labels are the same: the labels are one place further on": ("rows[:, 1:]", "rows[:, :-1]"),
            "the labels lie before the inputs: swap the two": (
                "rows[:, :-1], rows[:, 1:]", "rows[:, 1:], rows[:, :-1]"
            ),
            "one token too few in each: a window holds length + 1 of them": ("length + 1", "length"),
            "the inputs have one token more than the labels: leave out the last": ("rows[:, :-1]", "rows"),
            "the labels are two places further on": ("length + 1", "length + 2", ":-1", ":-2", "1:]", "2:]"),
            "only the first window was cut": ("in starts", "in starts[:1]"),
        },
        as_tuple,
        "With (tokens, starts, length) = ({})",
    ),
    "06.2": Part(
        surprise,
        [
            (torch.zeros(1, 1, 4), torch.tensor([[0]])),
            (torch.tensor([[[1.0, 0.0], [0.0, 3.0]]]), torch.tensor([[0, 0]])),
            (torch.tensor([[[200.0, 0.0, 0.0]]]), torch.tensor([[1]])),
        ],
        {
            "the minus is missing: ln of a share is never positive": ("return -", "return "),
            "the softmax is missing: these are scores, not ln p": (".log_softmax(-1)", ""),
            "these are the shares p themselves: -ln p was asked for": ("-scores.log_softmax", "scores.softmax"),
            "that is 1 - p, not -ln p": ("-scores.log_softmax", "1 - scores.softmax"),
            "these are bits: nats were asked for, with the natural logarithm": ("[..., 0]", "[..., 0] / math.log(2)"),
            "the softmax runs over the places: it must run over the V tokens, the last axis": (
                "log_softmax(-1)", "log_softmax(1)"
            ),
            "the share of an unlikely token became 0, and ln 0 is infinite: log_softmax does both at once": (
                "log_softmax(-1)", "softmax(-1).log()"
            ),
            "that is the mean: the surprise at each place was asked for": ("[..., 0]", "[..., 0].mean()"),
            "that is the surprise at the likeliest token: the label says which one counts": (
                "labels[", "scores.argmax(-1)["
            ),
            "the last axis is left over: [..., 0] takes it away": ("[..., 0]", ""),
        },
        words="With (scores, labels) = ({})",
    ),
    "06.3": Part(
        bits_per_byte,
        [([2.0], [b"ab"]), ([2.0, 5.0, 1.0, 9.0, 0.5], PIECES)],
        {
            "that is nats per token, the loss as it stands: divide by bytes, and turn nats to bits": (
                " / math.log(2) / sum(len(piece) for piece in pieces)", " / len(nats)"
            ),
            "that is bits per token: a token stands for several bytes": (
                "sum(len(piece) for piece in pieces)", "len(pieces)"
            ),
            "that is nats per byte: a bit is ln 2 nats": (" / math.log(2)", ""),
            "you multiply by ln 2: there are more bits than nats, so divide": (" / math.log(2)", " * math.log(2)"),
            "you divide by letters: len(piece) of bytes counts bytes, do not decode": (
                "sum(len(piece) for piece in pieces)", "len(b''.join(pieces).decode())"
            ),
            "that is a mean of quotients, in which a long token counts as little as a short one: divide sum by sum": (
                "sum(nats)", "sum(a / len(b) for a, b in zip(nats, pieces))",
                "sum(len(piece) for piece in pieces)", "len(nats)",
            ),
            "those are the bits of the whole text: divide by its bytes": (" / sum(len(piece) for piece in pieces)", ""),
        },
        as_number,
        "With (nats, pieces) = ({})",
    ),
    "06.4": Part(
        unigram,
        [(torch.tensor([0, 0, 1]), 2), (torch.tensor([0, 2, 2]), 4)],
        {
            "a token that was never seen has probability 0, and its surprise is infinite: add 1 to each count": (
                " + 1.0", ""
            ),
            "these are counts: divide them by their sum": (" / counts.sum()", ""),
            "they sum to more than 1: after 1 was added to each, their sum is larger than the text": (
                "counts.sum()", "len(tokens)"
            ),
            "1 was added to the shares, not to the counts": (" + 1.0", "", "counts.sum()", "counts.sum() + 1"),
            "tokens after the last one seen are missing: bincount(tokens, minlength=size)": (", minlength=size", ""),
        },
        words="With (tokens, size) = ({})",
    ),
    "06.5": Part(
        bigram,
        [(torch.tensor([0, 1, 0, 1]), 2), (LETTERS, 4)],
        {
            "rows and columns are swapped: the row is the token before, the column what follows it": (
                "tokens[:-1] * size + tokens[1:]", "tokens[1:] * size + tokens[:-1]"
            ),
            "each token is counted with itself: pair tokens[:-1] with tokens[1:]": (
                "tokens[:-1] * size + tokens[1:]", "tokens * (size + 1)"
            ),
            "counts alone: a pair that was never seen has probability 0, and an empty row is 0 / 0": (
                "= 10.0", "= 0.0"
            ),
            "what each row leans on is not the unigram: strength * unigram(tokens, size)": (
                "strength * unigram(tokens, size)", "strength / size"
            ),
            "the rows sum to more than 1: strength is multiplied by unigram(tokens, size)": (
                " * unigram(tokens, size)", ""
            ),
            "that is the share of each pair among all pairs: each row must sum to 1": (
                "+ strength)\n", "+ strength) * unigram(tokens, size)[:, None]\n"
            ),
            "each row is the unigram: the pairs are not counted": (
                "counts + strength", "0 * counts + strength", "counts.sum(1, keepdim=True)", "0"
            ),
        },
        words="With (tokens, size) = ({})",
    ),
    "06.6": Part(
        generate,
        [
            ("counts up", torch.tensor([[3]]), 1, 1.0, 4),
            ("counts up", torch.tensor([[3]]), 3, 1.0, 4),
            ("names the length of what it reads", torch.tensor([[0, 0]]), 4, 1.0, 4),
            ("finds all alike", torch.tensor([[0]]), 40, 1.0, 4),
            ("likes 5 more", torch.tensor([[0]]), 16, 0.01, 4),
            ("is sure of 5", torch.tensor([[0]]), 40, 1000.0, 4),
        ],
        {
            "the temperature is not used": (" / temperature", ""),
            "scores were multiplied by the temperature: divide": (" / temperature", " * temperature"),
            "it always takes the likeliest token: draw one, with torch.multinomial": (
                "torch.multinomial(probs, 1)", "probs.argmax(-1, keepdim=True)"
            ),
            "the scores after the first token were used: those after the last count": (
                "window:])[:, -1]", "window:])[:, 0]"
            ),
            "the model gets more tokens than it can read: tokens[:, -window:]": ("tokens[:, -window:]", "tokens"),
            "the beginning is missing: give back what was given, and behind it what was written": (
                "return tokens", "return tokens[:, -count:]"
            ),
            "each token is drawn after the given text alone: what was drawn is part of it from then on": (
                "for _", "given = tokens\n    for _", "tokens[:, -window:]", "given[:, -window:]"
            ),
            "one token only was written: the loop goes round count times": ("range(count)", "range(1)"),
        },
        written_by,
        "With a model that, (tokens, count, temperature, window) = ({})",
    ),
    "06.7": Part(
        Net,
        [(0, torch.tensor([[1, 2]])), (2, torch.tensor([[1, 2, 3]]))],
        {
            "the norm before the scores is missing": ("self.norm(x)", "x"),
            "the layers are not used": ("in self.layers", "in []"),
            "only the first layer is used": ("in self.layers", "in self.layers[:1]"),
            "what a layer gives is added to x once more: each layer does that itself": (
                "x = layer(x)", "x = x + layer(x)"
            ),
            "these are vectors: self.scores makes V scores of each": ("self.scores(self.norm(x))", "self.norm(x)"),
            "these are shares: scores were asked for, and the softmax comes in surprise": (
                "self.scores(self.norm(x))", "self.scores(self.norm(x)).softmax(-1)"
            ),
        },
        net_of,
        "With (layers, tokens) = ({})",
    ),
    "06.8": Part(
        train,
        [(1,), (3,)],
        {
            "gradients pile up from step to step: zero_grad() for each optimizer before backward": (
                "optimizer.zero_grad()", "pass"
            ),
            "nothing is learned: step() is missing": ("optimizer.step()", "pass"),
            "only the first optimizer takes a step: part of the network never changes": (
                "optimizer.step()", "optimizers[0].step(); break"
            ),
            "it ends after one batch: return comes after the loop": ("    return losses", "        return losses"),
            "the losses are tensors, which keep all that made them in memory: loss.item()": (".item()", ""),
        },
        trained,
        "After {} steps",
    ),
    "06.9": Part(
        early_stop,
        [
            ([3.0, 2.0, 1.0], 2),
            ([3.0, 2.0, 2.5, 2.4, 1.0], 2),
            ([3.0, 2.0, 2.5, 2.4, 1.0], 3),
            ([2.0, 2.0, 2.0, 1.0], 2),
            ([2.0, 2.5, 1.9, 2.2, 1.8, 1.9, 2.1, 2.3, 2.2], 2),
        ],
        {
            "the last checkpoint is kept: keep the best one": (
                "return number, best", "return number, number", "- 1, best", "- 1, len(losses) - 1"
            ),
            "a loss that only equals the best is no improvement: compare with <": ("loss < ", "loss <= "),
            "at each new best the count of bad checkpoints begins anew": (
                "number - best", "sum(losses[n] >= min(losses[:n]) for n in range(1, number + 1))"
            ),
            "you go on one checkpoint too long: then the patience is at an end": (">= patience", "> patience"),
            "you stop one checkpoint too early: the patience is not at an end": (">= patience", ">= patience - 1"),
            "the pair is the wrong way round: first where it stops, then what is kept": (
                "return number, best", "return best, number", "len(losses) - 1, best", "best, len(losses) - 1"
            ),
            "what is kept came after the stop: nobody can see the future": (", best", ", losses.index(min(losses))"),
            "it never stops before the last checkpoint": ("return number, best", "pass"),
        },
        as_whole,
        "With (losses, patience) = ({})",
    ),
    "06.a": Part(
        check=check_train_on,
        mistakes={
            "that is all that the run leaves behind: give back its .language_model": lambda *_: Left(),
            "a LanguageModel was expected, not a str": lambda *_: "a model",
            f"{TOKENS} tokens were asked for, and the model has 256: hand `vocabulary` on": lambda *_: untrained(256),
            "the model is not in the folder `out`: hand `out` on, so that you can load it again tomorrow": (
                lambda path, out, vocabulary: untrained(vocabulary)
            ),
            "the model is surprised by the text that it should have read: train it on the files found at `path`": (
                lambda path, out, vocabulary: untrained(vocabulary, out)
            ),
        },
        seconds=60,
    ),
    "06.b": Part(
        counted,
        [
            (b"ab", 0, b""),
            (b"abac", 1, b"a"),
            (b"abracadabra", 2, b"zzab"),
            (b"abracadabra", 2, b"zz"),
            (b"abracadabra", 2, b"bra"),
        ],
        {
            "the shorter context weighs as much as one observation each time: it should weigh as many as different "
            "bytes have followed": ("len(counts)", "1"),
            "the shorter context weighs as much as all that was counted: it should weigh as many as different bytes "
            "have followed": ("len(counts)", "counts.total()"),
            "below the shortest context stands nothing: begin with 1/256 for every byte": ("1 / 256", "0.0"),
            "the context of length 0, all of the text, is left out": (
                "range(min(order, len(text)) + 1)", "range(1, min(order, len(text)) + 1)"
            ),
            "a context that never came has nothing to say: stay with the shorter one": (
                "break", "return np.full(256, 1 / 256)"
            ),
            "contexts are longer than order bytes": ("min(order, ", "min(order + 1, "),
        },
        after,
        "With (train, order, text) = ({})",
    ),
}  # fmt: skip
