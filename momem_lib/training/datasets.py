"""Where training rows come from: a file of the reader's own, or a dataset synthesised once and kept."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from momem_lib.data.dataset import iter_rows, write_dataset
from momem_lib.data.rows import SynthesisConfig, load_material
from momem_lib.project import GENERATED, InputError
from momem_lib.training.config import TrainConfig


def file_hash(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise InputError(f"the dataset {path} does not exist: check the path") from None
    except OSError as error:
        raise InputError(f"the dataset {path} cannot be read ({error.strerror}): check the path") from None


def dataset_config(config: TrainConfig) -> SynthesisConfig:
    """What the data of a training run look like."""
    return config.data


def synthesised(config: TrainConfig) -> Path:
    """The folder of the dataset that a config asks for, made if it is not there (or of older lists or templates)."""
    material = load_material()
    key = hashlib.sha256(json.dumps([asdict(config.data), material.digest], sort_keys=True).encode()).hexdigest()[:12]
    folder = GENERATED / f"dataset_{key}"
    if not (folder / "dataset.json").is_file():  # written last: a half-made dataset does not have it
        print(f"making the dataset ({config.data.num_datapoints:,} rows): {folder}")
        write_dataset(config.data, folder, material)
    return folder


def training_rows(
    config: TrainConfig, train_path: Path | None = None, validation_path: Path | None = None
) -> tuple[Iterator[dict], Iterator[dict], dict]:
    """Rows to train on, rows to validate on, and their hashes for the model's card.

    Raises:
        InputError: a dataset file is missing or broken.
    """
    if train_path is None or validation_path is None:
        folder = synthesised(config)
        train_path, validation_path = (
            train_path or folder / "train.jsonl",
            validation_path or folder / "validation.jsonl",
        )
    hashes = {"train": file_hash(Path(train_path)), "validation": file_hash(Path(validation_path))}
    return iter_rows(train_path), iter_rows(validation_path), {"data": hashes}
