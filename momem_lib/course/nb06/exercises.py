"""Checkers of notebook 06's exercises: each asserts, and says what is wrong."""

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from momem_lib.lm.model import Evaluation, LanguageModel

# A few sentences in four languages; repeated with changes, they make a text that is long enough to train on.
SENTENCES = (
    "Habari za asubuhi? Leo tunasoma kitabu kipya.\n",
    "Mũrata wakwa nĩarathoma ibuku rĩerũ.\n",
    "Το βιβλίο είναι πάνω στο τραπέζι.\n",
    "今天我们读一本新书。\n",
)
LONGEST_UNTRAINED = 6.0  # bits per byte: an untrained model needs about 8


def small_text(copies: int = 40) -> str:
    """A text of about 8 KB in several scripts."""
    return "".join(f"{number}. {sentence}" for number in range(copies) for sentence in SENTENCES)


def check_train_on(train_on: Callable) -> None:
    """06.1: a model of the reader's own text, in any language: bytes are its tokens."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "mine.txt", Path(folder) / "model"
        path.write_text(small_text(), encoding="utf-8")
        model = train_on(path, out)
        assert model is not None, "nothing came back: return the LanguageModel that train_files has made"
        assert not hasattr(model, "language_model"), (
            "that is all that the run leaves behind: give back its .language_model"
        )
        assert isinstance(model, LanguageModel), f"a LanguageModel was expected, not a {type(model).__name__}"
        assert model.tokenizer.vocab_size == 256, (
            f"its vocabulary has {model.tokenizer.vocab_size} tokens: with changes={{'vocab_size': 256}} bytes alone "
            "are the tokens, and every language has an encoding"
        )
        assert (out / "language_model.safetensors").is_file(), (
            "the model is not in the folder `out`: hand `out` on, so that you can load it again tomorrow"
        )
        bits = model.evaluate(small_text(8)).bits_per_byte
        assert bits < LONGEST_UNTRAINED, (
            f"the model needs {bits:.1f} bits for a byte of the text it should have read: was it trained on that file?"
        )


def check_bits_per_byte(convert: Callable[[Sequence[float], Sequence[bytes]], float]) -> None:
    """06.2: from the surprise at each token to bits per byte."""
    pieces = [b"The ", "Mũ".encode(), b"r", "王".encode(), b" sleeps."]
    nats = [2.0, 5.0, 1.0, 9.0, 0.5]
    size, letters = sum(map(len, pieces)), len(b"".join(pieces).decode())
    right = sum(nats) / size / math.log(2)
    said = convert(list(nats), list(pieces))
    said = said.item() if hasattr(said, "item") and np.shape(said) in ((), (1,)) else said  # of an array, or a tensor
    assert isinstance(said, int | float), f"a number was expected, not {said!r}"
    wrong = (
        (
            sum(nats) / len(nats),
            "that is nats per token, the loss as it stands: divide by bytes, and turn nats to bits",
        ),
        (sum(nats) / len(nats) / math.log(2), "that is bits per token: a token stands for several bytes"),
        (sum(nats) / size, "that is nats per byte: a bit is ln 2 nats"),
        (sum(nats) / size * math.log(2), "you multiply by ln 2: there are more bits than nats, so divide"),
        (sum(nats) / letters / math.log(2), "you divide by letters: len(piece) of bytes counts bytes, do not decode"),
        (sum(nats) / letters, "you divide by letters, and a bit is ln 2 nats"),
        (
            sum(n / len(p) for n, p in zip(nats, pieces, strict=True)) / len(nats) / math.log(2),
            "mean of ratios: a long token should count more than a short one; divide the sum by the sum",
        ),
        (sum(nats) / math.log(2), "those are the bits of the whole text: divide by its bytes"),
    )
    for value, message in wrong:
        assert abs(said - value) > 1e-5, message
    assert abs(said - right) < 1e-5, f"{said:.4f} is not right; {right:.4f} is: the sum of nats / bytes / ln 2"
    check = Evaluation(sum(nats), len(nats), size).bits_per_byte
    assert abs(said - check) < 1e-5, "the library computes something else"


LOSSES = {  # losses at the checkpoints -> patience -> (last checkpoint, kept checkpoint)
    (3.0, 2.0, 2.5, 2.4, 1.0): {2: (3, 1), 3: (4, 4)},
    (3.0, 2.0, 1.0): {2: (2, 2)},
    (2.0, 2.0, 2.0, 1.0): {2: (2, 0)},
    (2.0, 2.5, 1.9, 2.2, 1.8, 1.9, 2.1, 2.3): {2: (6, 4), 1: (1, 0)},
}


def check_early_stopping(stop: Callable[[list[float], int], tuple[int, int]]) -> None:
    """06.3: when to stop, and what to keep, by the held-out loss at each checkpoint."""
    for losses, cases in LOSSES.items():
        for patience, (last, kept) in cases.items():
            said = stop(list(losses), patience)
            where = f"losses {list(losses)}, patience {patience}"
            assert np.shape(said) == (2,), f"{where}: two numbers were expected, not {said!r}"
            said = tuple(said)
            assert said != (kept, last) or last == kept, f"{where}: the pair is the wrong way round"
            assert said != (last, last) or last == kept, (
                f"{where}: you keep the last checkpoint, {last - kept} after the best one: keep the best"
            )
            assert losses != (2.0, 2.0, 2.0, 1.0) or said[0] == last, (
                f"{where}: a loss that only equals the best is no improvement: compare with <"
            )
            falls = (2.0, 2.5, 1.9, 2.2, 1.8, 1.9, 2.1, 2.3)
            assert (losses, patience) != (falls, 2) or said[0] > 3, (
                f"{where}: you stop at checkpoint {said[0]}, but at each new best the count of bad ones begins anew"
            )
            assert said[0] >= last, f"{where}: you stop after checkpoint {said[0]}, with {last} the patience ends"
            assert said[0] <= last, f"{where}: you go on to checkpoint {said[0]}, at {last} the patience is at an end"
            assert said[1] == kept, f"{where}: checkpoint {said[1]} is kept, {kept} had the lowest loss by then"


def bits(next_probs: Callable, train: bytes, test: bytes, order: int) -> float:
    """What a counted model needs for a byte of a text it did not read."""
    model = next_probs(train, order)
    nats = [-math.log(model(test[:place])[test[place]]) for place in range(1, len(test))]
    return sum(nats) / len(nats) / math.log(2)


def check_counts(counted: Callable) -> None:
    """06.4: a language model by counting, with contexts of several bytes and no zero anywhere."""
    train = small_text(20).encode()
    model = counted(b"abracadabra", 2)
    assert callable(model), f"a function of the text so far was expected, not {type(model).__name__}"
    for context in (b"", b"a", b"ab", b"abracadab", b"zzzz", "王".encode()):
        said = model(context)
        assert not isinstance(said, dict), "a dict came back: an array of 256 was expected, a number for each byte"
        probs = np.asarray(said, dtype=float)
        assert probs.shape == (256,), f"256 probabilities were expected after {context!r}, not {probs.shape}"
        assert (probs > 0).all(), (
            f"after {context!r} something has probability 0: it would cost ln 0, infinitely many nats"
        )
        assert abs(probs.sum() - 1) < 1e-6, f"after {context!r} the probabilities sum to {probs.sum():.3f}, not to 1"
    assert not np.allclose(model(b"a"), model(b"r")), "what came before makes no difference: count what follows it"
    assert np.argmax(model(b"br")) == ord("a"), "after 'br' comes 'a', each time: it should be the most probable"
    after, back = np.asarray(model(b"ab")), np.asarray(model(b"zzab"))
    assert np.allclose(after, back), "only the last `order` bytes count: what stands before them must not matter"
    assert np.allclose(model(b"zz"), model(b"")), (
        "a context that never came has nothing to say: fall back to the shorter ones, down to none at all"
    )
    new = "".join(f"{n}. {s}" for n in range(70, 73) for s in SENTENCES).encode()
    needs = {order: bits(counted, train, new, order) for order in (0, 1, 4)}
    assert needs[1] < needs[0], f"one byte of context needs {needs[1]:.2f} bits, none {needs[0]:.2f}: it should help"
    assert needs[4] < 0.6 * needs[1], (
        f"four bytes of context need {needs[4]:.2f} bits, one {needs[1]:.2f}: the longer the context that came before, "
        "the more it should weigh against the shorter ones"
    )
