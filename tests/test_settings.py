"""Configs: flat keys in files and on cards, one check, and errors that say where."""

import json

import pytest

from momem_lib.data.rows import SynthesisConfig
from momem_lib.data.tasks import TASKS
from momem_lib.lm.config import LMConfig
from momem_lib.nn.blocks import ModelConfig
from momem_lib.project import CHECKPOINTS, PROFILES, InputError
from momem_lib.settings import change, flat
from momem_lib.training.config import TrainConfig, read_config


def test_a_config_and_its_parts_go_through_a_flat_table_and_back():
    config = TrainConfig(batch_size=3, model=ModelConfig(num_heads=2), data=SynthesisConfig(seed=7, context_window=99))
    table = json.loads(json.dumps(flat(config)))
    assert (table["num_heads"], table["context_window"], table["data_seed"], table["data_window"]) == (2, 2048, 7, 99)
    assert change(TrainConfig(), table, "the table") == config
    assert change(LMConfig(), flat(LMConfig(patience=3)), "the table") == LMConfig(patience=3)


@pytest.mark.parametrize("profile", ["full", "quick"])
@pytest.mark.parametrize("task", TASKS)
def test_the_profiles_of_a_module_are_valid_and_the_quick_one_differs_in_a_few_keys(task, profile):
    recipe = json.loads((PROFILES / f"{task}.json").read_text(encoding="utf-8"))
    changes = recipe["full"] | (recipe["quick"] if profile == "quick" else {})
    assert set(recipe) == {"full", "quick"} and 0 < len(recipe["quick"]) < len(recipe["full"])
    assert changes.items() <= flat(read_config(task, profile)).items()


def test_the_profile_of_the_language_model_is_valid():
    changes = json.loads((PROFILES / "language_model.json").read_text(encoding="utf-8"))
    assert changes.items() <= flat(change(LMConfig(), changes, "language_model.json")).items()


@pytest.mark.parametrize("name", ["ner", "summary", "response", "language_model"])
def test_the_cards_of_shipped_checkpoints_are_readable(name):
    card = json.loads((CHECKPOINTS / f"{name}.json").read_text(encoding="utf-8"))
    kind = LMConfig if name == "language_model" else TrainConfig
    config = change(kind(), card["training"], name)
    assert {key: value for key, value in flat(config.model).items() if card["model"].get(key, value) != value} == {}


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        (ModelConfig, {"num_heads": 0}, "here: num_heads is 0; a whole number from 1 to 65,536 was expected"),
        (ModelConfig, {"positions": "none"}, "here: positions is 'none'; rotary or learned was expected"),
        (TrainConfig, {"data_seed": -1}, "here: data_seed is -1; a whole number from 0 to"),
        (TrainConfig, {"data_window": 2.5}, "here: data_window is 2.5; int was expected"),
        (TrainConfig, {"tie_embeddings": 1}, "here: tie_embeddings is 1; bool was expected"),
        (TrainConfig, {"languages": "en"}, "here: unknown key 'languages'"),
        (TrainConfig, {"vocab_size": 256}, "here: vocab_size is 256; 268 or more was expected"),
        (LMConfig, {"vocab_size": 255}, "here: vocab_size is 255; a whole number from 256 to"),
        (LMConfig, {"model_lr": 2}, "here: model_lr is 2; a number from 1e-09 to 1 was expected"),
        (LMConfig, {"copy_from": "prompt"}, "here: num_encoder_blocks must be 0 and copy_from none"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(kind, changes, message):
    with pytest.raises(InputError, match=message):
        change(kind(), changes, "here")
    if changes.keys() <= kind.__dataclass_fields__.keys():
        with pytest.raises(InputError, match=message.removeprefix("here: ")):
            kind(**changes)
