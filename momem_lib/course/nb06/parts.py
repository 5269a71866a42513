"""What the reader of notebook 06 writes: the library's versions (ladder.py), small inputs, and typical mistakes."""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
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
from momem_lib.course.shared.toy import plain_loop
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


# Typical mistakes


def cut_like(first: int = 0, last: int = -1, begin: int = 1, extra: int = 1) -> Callable:
    """cut with its slices made in another way."""

    def cut(tokens: Tensor, starts: Tensor, length: int) -> tuple[Tensor, Tensor]:
        rows = torch.stack([tokens[start : start + length + extra] for start in starts])
        return rows[:, first : None if last == 0 else last], rows[:, begin : -1 if begin == 0 else None]

    return cut


def surprise_of(share: Callable[[Tensor], Tensor]) -> Callable:
    """surprise with something else than -ln p in the place of each p."""
    return lambda scores, labels: share(scores).gather(-1, labels[..., None])[..., 0]


def bigram_like(
    pairs: Callable = lambda tokens, size: tokens[:-1] * size + tokens[1:],
    shorter: Callable = lambda tokens, size: unigram(tokens, size),
    strength: float = 10.0,
) -> Callable:
    """bigram with other pairs, something else than the unigram to lean on, or another weight of it."""

    def bigram(tokens: Tensor, size: int) -> Tensor:
        counts = torch.bincount(pairs(tokens, size), minlength=size * size).view(size, size).float()
        return (counts + strength * shorter(tokens, size)) / (counts.sum(1, keepdim=True) + strength)

    return bigram


def generate_like(
    heat: Callable[[Tensor, float], Tensor] = lambda scores, temperature: scores / temperature,
    choose: Callable[[Tensor], Tensor] = lambda probs: torch.multinomial(probs, 1),
    place: int = -1,
    whole: bool = False,
    begin: bool = True,
    forgetful: bool = False,
) -> Callable:
    """generate with one of its steps done in another way."""

    def generate(model: Callable, tokens: Tensor, count: int, temperature: float, window: int) -> Tensor:
        given = tokens
        for _ in range(count):
            seen = given if forgetful else tokens
            scores = model(seen if whole else seen[:, -window:])[:, place]
            tokens = torch.cat([tokens, choose(torch.softmax(heat(scores, temperature), -1))], 1)
        return tokens if begin else tokens[:, given.shape[1] :]

    return generate


def net_like(normed: bool = True, layered: int | None = None, added: bool = False, scored: str = "scores") -> type:
    """Net with a step left out."""

    class Model(Net):
        def forward(self, tokens: Tensor) -> Tensor:
            x = self.vectors(tokens)
            for layer in list(self.layers)[:layered]:
                x = x + layer(x) if added else layer(x)
            x = self.norm(x) if normed else x
            found = self.scores(x) if scored else x
            return found.softmax(-1) if scored == "shares" else found

    return Model


def train_like(**wrong: bool) -> Callable:
    """train with a line left out, see plain_loop."""

    def train(model: Callable, batches: Sequence, optimizers: Sequence[torch.optim.Optimizer]) -> list:
        return plain_loop(optimizers, batches, lambda batch: surprise(model(batch[0]), batch[1]).mean(), **wrong)

    return train


def stop_like(
    better: Callable[[float, float], bool] = lambda new, old: new < old,
    kept: Callable[[int, int], int] = lambda number, best: best,
    reset: bool = True,
    late: int = 0,
) -> Callable:
    """early_stop with a mistake."""

    def stop(losses: Sequence[float], patience: int) -> tuple[int, int]:
        best = waited = 0
        for number in range(1, len(losses)):
            if better(losses[number], losses[best]):
                best, waited = number, 0 if reset else waited
            else:
                waited += 1
            if waited >= patience + late:
                return number, kept(number, best)
        return len(losses) - 1, kept(len(losses) - 1, best)

    return stop


def counted_like(
    strength: Callable[[Counter], float] = len,
    floor: float = 1 / 256,
    lowest: int = 0,
    shorter: bool = True,
    longer: int = 0,
) -> Callable:
    """counted with a mistake."""

    def counted(train: bytes, order: int) -> Callable[[bytes], np.ndarray]:
        follows: dict[bytes, Counter] = {}
        for place, byte in enumerate(train):
            for length in range(min(order + longer, place) + 1):
                follows.setdefault(train[place - length : place], Counter())[byte] += 1

        def next_probs(text: bytes) -> np.ndarray:
            probs = np.full(256, floor)
            for length in range(lowest, min(order + longer, len(text)) + 1):
                counts = follows.get(text[len(text) - length :])
                if counts is None:
                    return probs if shorter else np.full(256, 1 / 256)
                seen = np.array([counts[byte] for byte in range(256)])
                probs = (seen + strength(counts) * probs) / (seen.sum() + strength(counts))
            return probs

        return next_probs

    return counted


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
            "inputs and labels are the same: the labels are one place further on": cut_like(begin=0),
            "the labels lie before the inputs: swap the two": lambda tokens, starts, length: cut(
                tokens, starts, length
            )[::-1],
            "one token too few in each: a window holds length + 1 of them": cut_like(extra=0),
            "the inputs have one token more than the labels: leave out the last": cut_like(last=0),
            "the labels are two places further on": lambda tokens, starts, length: (
                cut(tokens, starts, length)[0],
                cut(tokens, starts + 1, length)[1],
            ),
            "only the first window was cut": lambda tokens, starts, length: cut(tokens, starts[:1], length),
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
            "the minus is missing: ln of a share is never positive": surprise_of(lambda s: s.log_softmax(-1)),
            "the softmax is missing: these are scores, not ln p": surprise_of(lambda s: -s),
            "these are the shares p themselves: -ln p was asked for": surprise_of(lambda s: s.softmax(-1)),
            "that is 1 - p, not -ln p": surprise_of(lambda s: 1 - s.softmax(-1)),
            "these are bits: nats were asked for, with the natural logarithm": surprise_of(
                lambda s: -s.log_softmax(-1) / math.log(2)
            ),
            "the softmax runs over the places: it must run over the V tokens, the last axis": surprise_of(
                lambda s: -s.log_softmax(1)
            ),
            "the share of an unlikely token became 0, and ln 0 is infinite: log_softmax does both at once": surprise_of(
                lambda s: -s.softmax(-1).log()
            ),
            "that is the mean: the surprise at each place was asked for": lambda s, labels: surprise(s, labels).mean(),
            "that is the surprise at the likeliest token: the label says which one counts": lambda s, labels: surprise(
                s, s.argmax(-1)
            ),
            "the last axis is left over: [..., 0] takes it away": lambda s, labels: surprise(s, labels)[..., None],
        },
        words="With (scores, labels) = ({})",
    ),
    "06.3": Part(
        bits_per_byte,
        [([2.0], [b"ab"]), ([2.0, 5.0, 1.0, 9.0, 0.5], PIECES)],
        {
            "that is nats per token, the loss as it stands: divide by bytes, and turn nats to bits": lambda n, p: (
                sum(n) / len(n)
            ),
            "that is bits per token: a token stands for several bytes": lambda n, p: sum(n) / len(n) / math.log(2),
            "that is nats per byte: a bit is ln 2 nats": lambda n, p: sum(n) / sum(map(len, p)),
            "you multiply by ln 2: there are more bits than nats, so divide": lambda n, p: (
                sum(n) / sum(map(len, p)) * math.log(2)
            ),
            "you divide by letters: len(piece) of bytes counts bytes, do not decode": lambda n, p: (
                sum(n) / len(b"".join(p).decode()) / math.log(2)
            ),
            "that is a mean of quotients, in which a long token counts as little as a short one: divide sum by sum": (
                lambda n, p: sum(a / len(b) for a, b in zip(n, p, strict=True)) / len(n) / math.log(2)
            ),
            "those are the bits of the whole text: divide by its bytes": lambda n, p: sum(n) / math.log(2),
        },
        as_number,
        "With (nats, pieces) = ({})",
    ),
    "06.4": Part(
        unigram,
        [(torch.tensor([0, 0, 1]), 2), (torch.tensor([0, 2, 2]), 4)],
        {
            "a token that was never seen has probability 0, and its surprise is infinite: add 1 to each count": (
                lambda tokens, size: torch.bincount(tokens, minlength=size) / len(tokens)
            ),
            "these are counts: divide them by their sum": lambda tokens, size: (
                torch.bincount(tokens, minlength=size) + 1.0
            ),
            "they sum to more than 1: after 1 was added to each, their sum is larger than the text": (
                lambda tokens, size: (torch.bincount(tokens, minlength=size) + 1.0) / len(tokens)
            ),
            "1 was added to the shares, not to the counts": lambda tokens, size: (
                torch.bincount(tokens, minlength=size) / len(tokens) + 1
            ),
            "tokens after the last one seen are missing: bincount(tokens, minlength=size)": lambda tokens, size: (
                (torch.bincount(tokens) + 1.0) / (torch.bincount(tokens) + 1.0).sum()
            ),
        },
        words="With (tokens, size) = ({})",
    ),
    "06.5": Part(
        bigram,
        [(torch.tensor([0, 1, 0, 1]), 2), (LETTERS, 4)],
        {
            "rows and columns are swapped: the row is the token before, the column what follows it": bigram_like(
                lambda tokens, size: tokens[1:] * size + tokens[:-1]
            ),
            "each token is counted with itself: pair tokens[:-1] with tokens[1:]": bigram_like(
                lambda tokens, size: tokens * (size + 1)
            ),
            "counts alone: a pair that was never seen has probability 0, and an empty row is 0 / 0": bigram_like(
                strength=0.0
            ),
            "what each row leans on is not the unigram: strength * unigram(tokens, size)": bigram_like(
                shorter=lambda tokens, size: 1 / size
            ),
            "the rows sum to more than 1: strength is multiplied by unigram(tokens, size)": bigram_like(
                shorter=lambda tokens, size: 1.0
            ),
            "that is the share of each pair among all pairs: each row must sum to 1": lambda tokens, size: (
                bigram(tokens, size) * unigram(tokens, size)[:, None]
            ),
            "each row is the unigram: the pairs are not counted": lambda tokens, size: unigram(tokens, size).repeat(
                size, 1
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
            "the temperature is not used": generate_like(heat=lambda scores, temperature: scores),
            "scores were multiplied by the temperature: divide": generate_like(
                heat=lambda scores, temperature: scores * temperature
            ),
            "it always takes the likeliest token: draw one, with torch.multinomial": generate_like(
                choose=lambda probs: probs.argmax(-1, keepdim=True)
            ),
            "the scores after the first token were used: those after the last count": generate_like(place=0),
            "the model gets more tokens than it can read: tokens[:, -window:]": generate_like(whole=True),
            "the beginning is missing: give back what was given, and behind it what was written": generate_like(
                begin=False
            ),
            "each token is drawn after the given text alone: what was drawn is part of it from then on": generate_like(
                forgetful=True
            ),
            "one token only was written: the loop goes round count times": lambda model, tokens, count, *rest: generate(
                model, tokens, 1, *rest
            ),
        },
        written_by,
        "With a model that, (tokens, count, temperature, window) = ({})",
    ),
    "06.7": Part(
        Net,
        [(0, torch.tensor([[1, 2]])), (2, torch.tensor([[1, 2, 3]]))],
        {
            "the norm before the scores is missing": net_like(normed=False),
            "the layers are not used": net_like(layered=0),
            "only the first layer is used": net_like(layered=1),
            "what a layer gives is added to x once more: each layer does that itself": net_like(added=True),
            "these are vectors: self.scores makes V scores of each": net_like(scored=""),
            "these are shares: scores were asked for, and the softmax comes in surprise": net_like(scored="shares"),
        },
        net_of,
        "With (layers, tokens) = ({})",
    ),
    "06.8": Part(
        train,
        [(1,), (3,)],
        {
            "gradients pile up from step to step: zero_grad() for each optimizer before backward": train_like(
                clear=False
            ),
            "nothing is learned: step() is missing": train_like(step=False),
            "only the first optimizer takes a step: part of the network never changes": train_like(first=True),
            "it ends after one batch: return comes after the loop": train_like(once=True),
            "the losses are tensors, which keep all that made them in memory: loss.item()": train_like(number=False),
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
            "the last checkpoint is kept: keep the best one": stop_like(kept=lambda number, best: number),
            "a loss that only equals the best is no improvement: compare with <": stop_like(
                better=lambda new, old: new <= old
            ),
            "at each new best the count of bad checkpoints begins anew": stop_like(reset=False),
            "you go on one checkpoint too long: then the patience is at an end": stop_like(late=1),
            "you stop one checkpoint too early: the patience is not at an end": stop_like(late=-1),
            "the pair is the wrong way round: first where it stops, then what is kept": lambda losses, patience: (
                early_stop(losses, patience)[::-1]
            ),
            "what is kept came after the stop: nobody can see the future": lambda losses, patience: (
                early_stop(losses, patience)[0],
                losses.index(min(losses)),
            ),
            "it never stops before the last checkpoint": lambda losses, patience: (
                len(losses) - 1,
                losses.index(min(losses)),
            ),
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
            "bytes have followed": counted_like(strength=lambda counts: 1.0),
            "the shorter context weighs as much as all that was counted: it should weigh as many as different bytes "
            "have followed": counted_like(strength=lambda counts: counts.total()),
            "below the shortest context stands nothing: begin with 1/256 for every byte": counted_like(floor=0.0),
            "the context of length 0, all of the text, is left out": counted_like(lowest=1),
            "a context that never came has nothing to say: stay with the shorter one": counted_like(shorter=False),
            "contexts are longer than order bytes": counted_like(longer=1),
        },
        after,
        "With (train, order, text) = ({})",
    ),
}
