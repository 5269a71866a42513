"""How many rows a second one core writes and tokenizes: python tests/benchmarks/data_speed.py [rows]"""

import sys
import tempfile
import time
from pathlib import Path

from momem_lib.data import TASKS, SynthesisConfig, load_material, read_rows, write_dataset
from momem_lib.training import tokenize


def main(count: int) -> None:
    """Write datasets of a few kinds into a temporary folder and print a table."""
    begin = time.perf_counter()
    material = load_material()
    print(f"lists and templates read in {time.perf_counter() - begin:.2f} s\n")
    configs = {
        "as trained on": SynthesisConfig(num_datapoints=count),
        "English only": SynthesisConfig(num_datapoints=count, languages=("en",)),
        "grammar only": SynthesisConfig(num_datapoints=count, noise_share=0.0),
        "all shuffled": SynthesisConfig(num_datapoints=count, prob_threshold=0.0),
    }
    print(f"{'data':16} {'rows':>8} {'MB':>6} {'rows/s wall':>12} {'rows/s CPU':>12}")
    for name, config in configs.items():
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), time.process_time()
            card = write_dataset(config, folder, material, progress=False)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
        rows = sum(card["counts"].values())
        print(f"{name:16} {rows:8,} {size:6.1f} {rows / wall:12,.0f} {rows / cpu:12,.0f}")
    tokenizing(material, count)


def tokenizing(material, count: int) -> None:
    """Print how fast rows become tokens, for each module and for all three."""
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(SynthesisConfig(num_datapoints=count), folder, material, progress=False)
        rows = read_rows(Path(folder) / "train.jsonl")
    print(f"\n{'tokenized for':16} {'rows':>8} {'tokens':>10} {'rows/s wall':>12} {'rows/s CPU':>12}")
    total_wall = total_cpu = 0.0
    for name, task in TASKS.items():
        wall, cpu = time.perf_counter(), time.process_time()
        tokens = tokenize(task, rows, 2048)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        total_wall, total_cpu = total_wall + wall, total_cpu + cpu
        size = int(tokens.lengths.sum())
        print(f"{name:16} {len(rows):8,} {size:10,} {len(rows) / wall:12,.0f} {len(rows) / cpu:12,.0f}")
    print(f"{'all three':16} {len(rows):8,} {'':10} {len(rows) / total_wall:12,.0f} {len(rows) / total_cpu:12,.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
