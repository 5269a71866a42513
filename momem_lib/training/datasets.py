"""Where training rows come from: a file of the reader's own, or a dataset synthesised once and kept."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from momem_lib.data.dataset import file_hash, iter_rows, write_dataset
from momem_lib.data.rows import load_material
from momem_lib.project import GENERATED, InputError
from momem_lib.training.batches import TokenSet
from momem_lib.training.config import TrainConfig


def synthesised(config: TrainConfig) -> Path:
    """The folder of the dataset that a config asks for, made if it is not there (or of older lists or templates)."""
    material = load_material()
    key = hashlib.sha256(json.dumps([asdict(config.data), material.digest], sort_keys=True).encode()).hexdigest()[:12]
    folder = GENERATED / f"dataset_{key}"
    if not (folder / "dataset.json").is_file():  # written last: a half-made dataset does not have it
        print(f"making the dataset ({config.data.num_datapoints:,} rows): {folder}")
        write_dataset(config.data, folder, material, wait=True)  # another training may be making it too
    return folder


def training_rows(
    config: TrainConfig, train_path: Path | None = None, validation_path: Path | None = None
) -> tuple[Iterator[dict] | TokenSet, Iterator[dict], dict]:
    """Rows to train on, rows to validate on, and their hashes for the model's card.

    Args:
        train_path: rows of `momem data text`, or a module's tokens of `momem data tokens`; None: they are synthesised.
        validation_path: rows; None: likewise.

    Raises:
        InputError: a dataset file is missing or broken, or holds tokens where rows are needed.
    """
    if validation_path is not None and Path(validation_path).suffix == ".safetensors":
        raise InputError(f"{validation_path} holds tokens, but exact match is measured on texts: give validation.jsonl")
    if train_path is None or validation_path is None:
        folder = synthesised(config)
        train_path = train_path or folder / "train.jsonl"
        validation_path = validation_path or folder / "validation.jsonl"
    hashes = {"train": file_hash(train_path), "validation": file_hash(validation_path)}
    rows = TokenSet.load(train_path) if Path(train_path).suffix == ".safetensors" else iter_rows(train_path)
    return rows, iter_rows(validation_path), {"data": hashes}
