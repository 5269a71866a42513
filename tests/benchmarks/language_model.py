"""The mini language model's figures: python tests/benchmarks/language_model.py FIGURE [...] [--corpus FILE]

char         tiny Shakespeare by characters: a plain loop around torch's own layers, ours at the same shape with no
             more characters, and the dial's choice in the plain loop's time; loss on the last 10 %, never trained on
torch-plain  the plain loop alone
full         the full profile on that text, on this CPU: most of an hour
bpe-flops    training at a vocabulary of 1,024, as a share of the float32 peak, and by_hand's tokens per second
generation   tokens per second with and without the cache
memory       a text of 100 MB: how fast it becomes tokens, and the memory that training on it takes

Times are compared within one run. Set OMP_NUM_THREADS for the number of cores.
"""

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from momem_lib.by_hand import HandConfig, adam, loss_and_gradients, new_parameters
from momem_lib.lm import (
    BPETokenizer,
    LanguageModel,
    LMConfig,
    change,
    make_tokenizer,
    plan,
    scores,
    split_tokens,
    steps_in,
    train,
    window_loss,
    windows,
    write_tokens,
)
from momem_lib.nn import ModelConfig, Transformer
from momem_lib.training import Trainer, in_bfloat16

ROUNDS = 5  # of a comparison of times
RESERVE = 0.9  # of the plain loop's time is planned for the dial's choice: no machine is equally quick for two minutes
BATCH, WINDOW, STEPS = 12, 64, 2000  # of nanoGPT's example for a CPU: 4 layers, 4 heads, 128 wide


class Clock:
    """Seconds that pass, and those that the processor works: other programs lengthen the first alone."""

    def __init__(self) -> None:
        self.began = time.perf_counter(), time.process_time()

    def taken(self) -> tuple[float, float]:
        """Since the beginning."""
        return time.perf_counter() - self.began[0], time.process_time() - self.began[1]


def share(ours: tuple[float, float], theirs: tuple[float, float]) -> str:
    """Our time as a multiple of theirs, in words."""
    return f"{ours[0] / theirs[0]:.2f} times the time (at most 1 wanted; {ours[1] / theirs[1]:.2f} of processor time)"


class Plain(nn.Module):
    """A decoder from torch's own layers, as one writes it in an afternoon."""

    def __init__(self, vocab: int, width: int = 128, heads: int = 4, blocks: int = 4, window: int = WINDOW) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocab, width), nn.Embedding(window, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, blocks, nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, vocab, bias=False)
        self.head.weight = self.tokens.weight
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) -> (B, T, V)."""
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.places.weight[:length]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.head(self.blocks(x, mask, is_causal=True))


def train_plain(
    tokens: np.ndarray, vocab: int, rate: float, steps: int, half: bool = False
) -> tuple[Plain, tuple[float, float]]:
    """A plain loop: random windows, AdamW, warm-up and cosine; returns the model and the seconds."""
    torch.manual_seed(0)
    model, generator = Plain(vocab), np.random.default_rng(0)
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.99), weight_decay=0.1)
    begin = Clock()
    for step in range(steps):
        scale = min(1.0, (step + 1) / 100) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate * scale
        starts = generator.integers(0, len(tokens) - WINDOW, BATCH)
        batch = torch.from_numpy(np.stack([tokens[s : s + WINDOW + 1] for s in starts]).astype(np.int64))
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = F.cross_entropy(model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return model.eval(), begin.taken()


@torch.inference_mode()
def plain_loss(model: Plain, tokens: np.ndarray) -> float:
    """Nats per character in windows that do not overlap, each character but the first once."""
    whole = (len(tokens) - 1) // WINDOW * WINDOW
    part = torch.from_numpy(tokens.astype(np.int64))
    inputs, targets = part[:whole].view(-1, WINDOW), part[1 : whole + 1].view(-1, WINDOW)
    pieces = [*zip(inputs.split(64), targets.split(64), strict=True), (part[None, whole:-1], part[None, whole + 1 :])]
    nats = sum(
        F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item() for x, y in pieces if x.numel()
    )
    return nats / (len(tokens) - 1)


def characters(path: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """The first 90 % and the last 10 % of a text as character numbers, and how many different ones there are."""
    text = path.read_text(encoding="utf-8")
    letters = sorted(set(text))
    numbers = {letter: number for number, letter in enumerate(letters)}
    tokens = np.array([numbers[letter] for letter in text], np.uint16)
    cut = len(tokens) * 9 // 10
    return tokens[:cut], tokens[cut:], len(letters)


def text_bytes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The same parts as bytes, which are this text's characters, too."""
    text = np.frombuffer(path.read_bytes(), np.uint8).astype(np.uint16)
    cut = len(text) * 9 // 10
    return text[:cut], text[cut:]


def ours(
    config: LMConfig, tokens: np.ndarray, test: np.ndarray, show: bool = False
) -> tuple[float, tuple[float, float], int]:
    """Nats per character on the test part, seconds of training, and parameters.

    Validation is cut from the front. What stands right before the test part is trained on, as the plain loop does: a
    play of 100 KB begins there and goes on in the test part, and its names cost 0.1 nats where none was met before.
    """
    cut = len(tokens) // 50
    begin = Clock()
    trained = train(config, tokens[cut:], tokens[:cut], BPETokenizer(), device="cpu", show=show)
    seconds = begin.taken()
    model = trained.language_model.model
    return trained.language_model.evaluate(test).loss, seconds, model.num_parameters()


def torch_plain(options: argparse.Namespace) -> tuple[float, float]:
    """The loss of the plain loop, and its time."""
    tokens, test, vocab = characters(options.corpus)
    model, seconds = train_plain(tokens, vocab, options.plain_lr, options.steps, options.plain_half)
    size = sum(parameter.numel() for parameter in model.parameters())
    print(
        f"torch's layers, plain loop   {plain_loss(model, test):.4f} nats/char  {seconds[0]:6.1f} s  {size:,} weights"
    )
    return seconds


def char(options: argparse.Namespace) -> None:
    """The plain loop, ours at its shape, and the dial's choice in the same time."""
    limit = torch_plain(options)
    tokens, test = text_bytes(options.corpus)
    same = {
        "batch_size": options.batch,
        "max_global_steps": int(options.steps * BATCH * options.share) // options.batch,
    }
    same |= {"warmup_steps": same["max_global_steps"] // 20, "checkpoint_steps": same["max_global_steps"]}
    changes = same | {"vocab_size": 256, "context_window": WINDOW} | options.set
    config = change(LMConfig(), changes, "char")
    loss, seconds, size = ours(config, tokens, test)
    print(f"ours, same shape             {loss:.4f} nats/char  {seconds[0]:6.1f} s  {size:,} parameters; at most 1.70")
    halves = in_bfloat16(config, torch.device("cpu")), options.plain_half
    kinds = ["bfloat16" if half else "float32" for half in halves]
    print(f"  matrices multiplied in {kinds[0]}, in the plain loop in {kinds[1]}")
    print(f"  {options.share:.0%} of the plain loop's characters in {share(seconds, limit)}, {same}")
    config = plan(len(tokens), "quick", {"vocab_size": 256} | options.dial).config
    steps = steps_in(RESERVE * limit[0] / 60, config, tokens, torch.device("cpu"))
    config = replace(config, max_global_steps=steps, warmup_steps=steps // 20, checkpoint_steps=-(-steps // 4))
    loss, seconds, size = ours(config, tokens, test)
    print(f"ours, the dial's choice      {loss:.4f} nats/char  {seconds[0]:6.1f} s  {size:,} parameters; at most 1.68")
    print(f"  in {share(seconds, limit)}, {config}")


def full(options: argparse.Namespace) -> None:
    """The full profile on the same text."""
    tokens, test = text_bytes(options.corpus)
    config = plan(len(tokens), "full", {"vocab_size": 256} | options.dial).config
    loss, seconds, size = ours(config, tokens, test, show=True)
    passes = config.max_global_steps * config.batch_size * config.model.context_window / len(tokens)
    print(f"ours, full profile           {loss:.4f} nats/char  {seconds[0]:6.0f} s  {size:,} parameters")
    print(f"  {passes:.1f} passes, {config}")


def median_time(action, times: int) -> float:
    """Seconds of the middle one of some calls, after two to warm up."""
    taken = []
    for _ in range(times + 2):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return sorted(taken[2:])[times // 2]


def bpe_flops(options: argparse.Namespace) -> None:
    """Floating-point operations per second of training against those of a large matrix product."""
    width, blocks, hidden, length, batch, vocab = 256, 2, 1024, 64, 8, 1024
    tokens = np.random.default_rng(0).integers(0, vocab, 100_000).astype(np.uint16)
    shape = {"vocab_size": vocab, "embedding_dim": width, "num_heads": 4, "num_decoder_blocks": blocks}
    shape |= {"hidden_dim": hidden, "context_window": length, "batch_size": batch}
    # For each token and matrix: 2 operations per weight forward, 4 backward; attention: scores and mix, T keys each.
    weights = blocks * (4 * width**2 + 2 * width * hidden) + width * vocab
    flops = 6 * weights + 3 * blocks * 4 * length * width
    square = torch.randn(1024, 1024)
    half = in_bfloat16(change(LMConfig(), shape, "bpe-flops"), torch.device("cpu"))
    kinds = ("float32", "bfloat16") if half else ("float32",)
    for kind, (name, muon_lr) in product(kinds, (("AdamW", 0.0), ("AdamW and Muon", 0.01))):
        settings = shape | {"muon_lr": muon_lr, "precision": kind}
        trainer = Trainer(change(LMConfig(), settings, "bpe-flops"), torch.device("cpu"))
        peak = 2 * 1024**3 / median_time(lambda: square @ square, 15)
        step = lambda t=trainer: t.train_step(windows(tokens, length, batch, 0, t.step), window_loss)  # noqa: E731
        seconds = median_time(step, options.repeats)
        peak = max(peak, 2 * 1024**3 / median_time(lambda: square @ square, 15))
        rate = batch * length / seconds
        print(
            f"{kind:8} {name:14} {rate:8,.0f} tokens/s {rate * flops / 1e9:6.1f} of {peak / 1e9:.1f} GFLOP/s, "
            f"{rate * flops / peak:.0%} of the float32 peak"
        )
    config = HandConfig(vocab, width, 4, blocks, hidden, context=length)
    parameters = new_parameters(config)
    memories = {name: {} for name in parameters}
    inputs, targets = np.random.default_rng(0).integers(0, vocab, (2, batch, length))

    def by_hand() -> None:
        for name, gradient in loss_and_gradients(parameters, config, inputs, targets)[1].items():
            parameters[name] = adam(parameters[name], gradient, memories[name], 1e-3, decay=0.01)

    print(f"by hand, NumPy  {batch * length / median_time(by_hand, options.repeats):8,.0f} tokens/s")


@torch.inference_mode()
def uncached(model: Transformer, prompt: Tensor, count: int) -> Tensor:
    """The plain way to write: read the whole window anew for each token."""
    tokens = prompt
    for _ in range(count):
        logits = scores(model, tokens[:, -model.config.context_window :])[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens[0, prompt.shape[1] :]


def generation(options: argparse.Namespace) -> None:
    """Tokens per second, greedy, cached and not, with the same text as the result."""
    torch.manual_seed(0)
    shape = ModelConfig(1024, 256, 4, 1024, num_decoder_blocks=4, context_window=256)
    model = LanguageModel(Transformer(shape).eval(), BPETokenizer())
    prompt = model.encode("To be")
    for name, count in (("filling the window", 251), ("far beyond it", 600)):
        slow_times, fast_times = [], []
        for _ in range(ROUNDS):  # one after the other, so that a busy moment of the machine hits both
            begin = time.perf_counter()
            slow = uncached(model.model, prompt, count)
            middle = time.perf_counter()
            fast = torch.cat(list(model.tokens_of("To be", [0], count, temperature=0)))
            slow_times.append(middle - begin)
            fast_times.append(time.perf_counter() - middle)
        same = f"; the same text: {torch.equal(slow, fast)}" if count < 256 else ""
        slow_time, fast_time = median(slow_times), median(fast_times)
        print(
            f"{name:18} uncached {count / slow_time:6.0f} tokens/s, cached {count / fast_time:6.0f}: "
            f"{slow_time / fast_time:.1f} times (at least 5 wanted; medians of {ROUNDS}){same}"
        )


def memory(options: argparse.Namespace) -> None:
    """Tokenize and train on 100 MB in a process of its own, and report its peak of memory."""
    code = "import sys; sys.path.insert(0, {here!r}); import language_model as b; b.use_memory({corpus!r}, {mb})"
    here = str(Path(__file__).resolve().parent)
    subprocess.run(
        [sys.executable, "-c", code.format(here=here, corpus=str(options.corpus), mb=options.mb)], check=True
    )


def use_memory(corpus: str, megabytes: int) -> None:
    """What memory measures: the text is the corpus again and again, a little different each time."""
    text = Path(corpus).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        with path.open("wb") as file:
            for turn in range(math.ceil(megabytes * 1e6 / len(text))):
                file.write(text[: int(megabytes * 1e6) - file.tell()].replace(b"the", b"the%d" % turn))
        size = path.stat().st_size
        begin = time.perf_counter()
        config = plan(size).config
        tokenizer = make_tokenizer([path], config.model.vocab_size)
        learned, clock = time.perf_counter(), Clock()
        tokens = write_tokens(tokenizer, [path], Path(folder) / "tokens.bin")
        wall, worked = (size / 1e6 / seconds for seconds in clock.taken())
        print(f"{size / 1e6:.0f} MB: vocabulary of {tokenizer.vocab_size} learned in {learned - begin:.0f} s")
        print(f"tokenized at {wall:.2f} MB/s, {worked:.2f} per second of processor time (at least 1 wanted)")
        config = change(config, {"max_global_steps": 10, "checkpoint_steps": 10, "warmup_steps": 2}, "memory")
        train(config, *split_tokens(tokens), tokenizer, folder, "cpu", show=False)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
        print(f"peak of memory {peak:.2f} GB with training on it (at most 1.5 wanted)")
        del tokens


def pairs(text: str) -> tuple[str, object]:
    """NAME=VALUE as a pair; the value is read as JSON where it is that."""
    import json

    name, _, value = text.partition("=")
    return name, json.loads(value)


if __name__ == "__main__":
    figures = {"char": char, "torch-plain": torch_plain, "full": full, "bpe-flops": bpe_flops}
    figures |= {"generation": generation, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="+", choices=tuple(figures), metavar="FIGURE")
    parser.add_argument("--corpus", type=Path, help="tiny Shakespeare, for char, torch-plain, full, memory")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of {BATCH} x {WINDOW} characters, for char")
    parser.add_argument("--batch", type=int, default=24, help="ours at the same shape: windows per step")
    parser.add_argument(
        "--share", type=float, default=0.7, help="ours at the same shape: of the plain loop's characters"
    )
    parser.add_argument("--plain-lr", type=float, default=1e-3, help="learning rate of the plain loop")
    parser.add_argument("--plain-half", action="store_true", help="the plain loop under autocast, in bfloat16")
    parser.add_argument("--repeats", type=int, default=40, help="steps that bpe-flops takes the middle of")
    parser.add_argument("--mb", type=int, default=100, help="length of the text for memory")
    parser.add_argument(
        "--set", type=pairs, action="append", default=[], metavar="KEY=VALUE", help="same shape: settings"
    )
    parser.add_argument("--dial", type=pairs, action="append", default=[], metavar="KEY=VALUE", help="dial: settings")
    chosen = parser.parse_args()
    chosen.set, chosen.dial = dict(chosen.set), dict(chosen.dial)
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
    for figure in chosen.figures:
        if chosen.corpus is None and figure in ("char", "torch-plain", "full", "memory"):
            parser.error(f"{figure} needs --corpus FILE")
        figures[figure](chosen)
