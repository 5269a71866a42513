"""The set-up check: finds what is off, says what to do, and never fails itself."""

import sqlite3

import pytest
import torch

from momem_lib.course.nb00 import setup as setup_check
from momem_lib.course.nb00.setup import check_setup, setup_table
from momem_lib.data.tasks import TASKS
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.checkpoints import model_card, save_model
from momem_lib.nn.transformer import Transformer


@pytest.fixture
def checkpoints(tmp_path):
    """A folder with a tiny checkpoint for each module."""
    torch.manual_seed(0)
    for task in TASKS:
        model = Transformer(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
        save_model(tmp_path / f"{task}.safetensors", model, model_card(model, task))
    return tmp_path


def by_name(checks):
    """The checks by what they check."""
    return {check.what: check for check in checks}


def test_all_is_well_here(checkpoints, tmp_path):
    checks = check_setup(checkpoints, tmp_path / "runs", device="cpu")
    assert [check.what for check in checks if not check.ok] == []
    assert setup_table(checks).endswith("Everything is ready.")
    assert {"Python", "torch", "jupyterlab", "ipywidgets", "papermill", "device"} <= set(by_name(checks))
    assert list((tmp_path / "runs").iterdir()) == []


def test_missing_damaged_and_mistaken_checkpoints_are_told_apart(checkpoints, tmp_path):
    (checkpoints / "ner.safetensors").unlink()
    (checkpoints / "summary.safetensors").write_bytes(b"no weights")
    (checkpoints / "response.safetensors").unlink()
    model = Transformer(ModelConfig(embedding_dim=8, num_heads=1, hidden_dim=8, num_decoder_blocks=1))
    save_model(checkpoints / "response.safetensors", model, model_card(model, "ner"))
    checks = by_name(check_setup(checkpoints, tmp_path / "runs"))
    assert checks["checkpoint ner"].found == "missing"
    assert checks["checkpoint summary"].found == "damaged"
    assert not checks["checkpoint response"].ok
    table = setup_table(checks.values())
    assert "To do for checkpoint ner: get the repo's file data/checkpoints/ner.safetensors again" in table


def test_a_folder_that_cannot_be_written(checkpoints, tmp_path):
    (tmp_path / "runs").write_text("a file in its place", encoding="utf-8")
    check = by_name(check_setup(checkpoints, tmp_path / "runs"))["writing to runs/"]
    assert not check.ok and "folder of your own" in check.to_do


def test_an_unknown_device_and_an_old_package(checkpoints, tmp_path, monkeypatch):
    monkeypatch.setattr(setup_check, "version", lambda name: "0.0.1")
    checks = by_name(check_setup(checkpoints, tmp_path / "runs", device="quantum"))
    assert not checks["device"].ok and not checks["torch"].ok and "pip install" in checks["torch"].to_do


def test_sqlite_without_trigrams(checkpoints, tmp_path, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("no such module: fts5")

    monkeypatch.setattr(setup_check.sqlite3, "connect", fail)
    assert not by_name(check_setup(checkpoints, tmp_path / "runs"))["SQLite with trigrams"].ok
