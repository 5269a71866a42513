"""How fast byte-pair encoding learns and encodes, beside Hugging Face: python tests/benchmarks/bpe_speed.py TEXT_FILE

Needs `tokenizers` (pip install -e ".[tests]"). --tokens N: the vocabulary; --copies N: also a file of N times the text.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")  # the judge may use all cores; we use one

import tokenizers

from momem_lib.lm import BPETokenizer, count_chunks, train_fast, train_naive

TIMES = 3  # the best of so many runs counts
NAIVE_SHARE = 1 / 20  # of the text is what the naive trainer learns from; its time is linear in the text


def clock(function, times: int = TIMES):
    """The best wall and CPU time of some runs, and the last result."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        result = function()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus), result


def judge_with(pre_tokenizer) -> tokenizers.Tokenizer:
    """An untrained tokenizer of Hugging Face."""
    judge = tokenizers.Tokenizer(tokenizers.models.BPE())
    judge.pre_tokenizer = pre_tokenizer
    return judge


def judge_trained(text: str, size: int, pre_tokenizer) -> tokenizers.Tokenizer:
    """A tokenizer of Hugging Face, trained on the text."""
    judge = judge_with(pre_tokenizer)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    judge.train_from_iterator(
        [text], tokenizers.trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    return judge


def line(name: str, wall: float, cpu: float, note: str = "") -> None:
    """Print one row of the table."""
    print(f"{name:44} {wall:9.3f} {cpu:9.3f}  {note}", flush=True)


def training(text: str, size: int) -> BPETokenizer:
    """Print how long each trainer takes; the naive one learns from a part of the text and is extrapolated."""
    print(f"{'learning ' + format(size, ',') + ' tokens':44} {'wall s':>9} {'CPU s':>9}")
    ours = clock(lambda: train_fast(count_chunks(text), size - 256))
    line("ours, fast, whole text", *ours[:2])
    same_chunks = tokenizers.Tokenizer.from_str(BPETokenizer().to_json()).pre_tokenizer
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    for name, chunks in (("same chunks", same_chunks), ("its own chunks (GPT-2)", byte_level)):
        wall, cpu, _ = clock(lambda chunks=chunks: judge_trained(text, size, chunks))
        line(f"Hugging Face, {name}", wall, cpu, f"ours takes {ours[0] / wall:.2f} times as long (at most 5)")
    part = text[: int(len(text) * NAIVE_SHARE)]
    wall, cpu, _ = clock(lambda: train_naive(part, size - 256), times=1)
    line(f"ours, naive, {NAIVE_SHARE:.0%} of the text", wall, cpu)
    whole = wall / NAIVE_SHARE
    line(
        "ours, naive, whole text (extrapolated)",
        whole,
        cpu / NAIVE_SHARE,
        f"fast is {whole / ours[0]:.0f} times as fast",
    )
    return BPETokenizer(ours[2])


def encoding(tokenizer: BPETokenizer, text: str) -> None:
    """Print how fast the whole text is encoded in one call, ours with an empty memory of chunks."""
    size = len(text.encode("utf-8")) / 1e6
    judge = tokenizers.Tokenizer.from_str(tokenizer.to_json())
    wall, cpu, ids = clock(lambda: BPETokenizer(tokenizer.merges).encode(text))
    judge_wall, judge_cpu, judged = clock(lambda: judge.encode(text).ids)
    assert ids == judged, "the two encode differently"
    print(f"\n{'encoding the whole text':44} {'wall s':>9} {'CPU s':>9}")
    line("ours", wall, cpu, f"{size / wall:.2f} MB/s, {judge_wall / wall:.2f} times Hugging Face's speed (at least 1)")
    line("Hugging Face", judge_wall, judge_cpu, f"{size / judge_wall:.2f} MB/s")


def large_file(text: str, copies: int, size: int) -> None:
    """Print time and memory for a large file: learning from it, and encoding it piece by piece."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.txt"
        with path.open("w", encoding="utf-8") as file:
            for _ in range(copies):
                file.write(text)
        megabytes = path.stat().st_size / 1e6
        print(f"\n{format(megabytes, '.0f') + ' MB file':44} {'wall s':>9} {'CPU s':>9}")
        wall, cpu, tokenizer = clock(lambda: BPETokenizer.train(path, size), times=1)
        line("learning", wall, cpu, f"{megabytes / wall:.2f} MB/s")
        wall, cpu, count = clock(lambda: sum(map(len, tokenizer.encode_stream(path))), times=1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        line("encoding", wall, cpu, f"{megabytes / wall:.2f} MB/s, {count:,} tokens; peak memory {peak:,.0f} MB")


def main() -> None:
    """Read the options, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path, help="a UTF-8 text, about 1 MB")
    parser.add_argument("--tokens", type=int, default=1024, help="vocabulary size")
    parser.add_argument("--copies", type=int, default=0, help="also a file of so many times the text")
    options = parser.parse_args()
    text = options.text.read_text(encoding="utf-8")
    if options.copies:  # first, so that the memory is that of this part alone
        large_file(text, options.copies, options.tokens)
        print()
    encoding(training(text, options.tokens), text)


if __name__ == "__main__":
    main()
