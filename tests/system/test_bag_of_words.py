"""The bag of words: what it counts, how it learns, its file, and what its opinion is worth to the pipeline."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from momem_lib.cli.main import main
from momem_lib.data.records import FIELDS, Person
from momem_lib.data.rows import SynthesisConfig, load_material
from momem_lib.nn.checkpoints import load_model, load_tensors, save_tensors
from momem_lib.nn.module import Module
from momem_lib.project import CHECKPOINTS, InputError
from momem_lib.system.bag_of_words import (
    CHOICES,
    FILE,
    BagOfWords,
    asked,
    features,
    load_bag_of_words,
    save_bag_of_words,
    train_bag_of_words,
)
from momem_lib.system.choices import asked_fields, product_of_experts
from momem_lib.system.pipeline import Pipeline

SHIPPED = CHECKPOINTS / FILE
JO = Person("Jo", "Doe", "Nurse", "Oslo", "Jaws", "Jolene", "chess", "MIT")


@pytest.fixture(scope="module")
def material():
    return load_material()


@pytest.fixture(scope="module")
def small(material):
    """Trained on few questions, in seconds."""
    return train_bag_of_words(material, 4_000, progress=False)


def certain(field: str | None, words: str, weight: float = 12.0) -> BagOfWords:
    """A bag of words that is quite sure of one choice where a question holds certain words; less with less weight."""
    model = BagOfWords([words])
    with torch.no_grad():
        model.scores.weight[0, CHOICES.index(field)] = weight
    return model


@pytest.mark.parametrize(
    ("question", "name", "words"),
    [
        ("Where does Jo live?", "Jo", ["<begin>", "where", "does", "<name>", "live", "<end>"]),
        ("JO: home", "JO", ["<begin>", "<name>", "home", "<end>"]),
        ("Je, ǃXóõ ana kazi gani?", "ǃXóõ", ["<begin>", "je", "<name>", "ana", "kazi", "gani", "<end>"]),
        ("What's Where Does?", "Where Does", ["<begin>", "what's", "<name>", "<end>"]),  # a name made of words
        ("Where?", None, ["<begin>", "where", "<end>"]),
        ("Where?", "Jo", ["<begin>", "where", "<end>"]),  # a name that does not stand there
        ("42!", "", ["<begin>", "<end>"]),
    ],
)
def test_features_are_words_and_pairs_of_neighbours(question, name, words):
    found = features(question, name)
    assert found[: len(words)] == words
    assert found[len(words) :] == [f"{left} {right}" for left, right in pairwise(words)]


def test_a_feature_counts_once_and_unknown_ones_not_at_all():
    model = certain("music", "song")
    once, twice, none = model([["song"], ["song", "song", "tune"], ["tune"]])
    assert torch.equal(once, twice)
    assert torch.equal(none, model.bias)
    assert model([]).shape == (0, len(CHOICES))


def test_the_name_and_its_length_change_nothing(small):
    model, _ = small
    names = ["Jo", "Hobbies: Jo; Lives in: Oslo", "什么 名字"]
    rows = model.log_probs([f"Which film does {name} like best?" for name in names], names)
    assert torch.allclose(rows, rows[:1].expand_as(rows))
    assert torch.allclose(rows.exp().sum(dim=-1), torch.ones(3), atol=1e-5)


def test_few_questions_teach_it_far_more_than_chance(small, material):
    model, card = small
    assert card["metrics"]["known"] > 0.6 and card["metrics"]["held-out"] > 0.6  # always the same choice: below 0.2
    assert card["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    data = asked(material, SynthesisConfig(seed=5), "validation", 200, phrasings="known")
    assert {choice for *_, choice in data} == set(range(len(CHOICES)))  # every field, and what nobody stores


def test_the_same_seed_makes_the_same_model(small, material):
    again, _ = train_bag_of_words(material, 4_000, progress=False)
    assert list(again.rows) == list(small[0].rows)
    assert torch.allclose(again.scores.weight, small[0].scores.weight, atol=1e-4)


def test_a_file_gives_back_the_same_model(small, tmp_path):
    model, card = small
    save_bag_of_words(tmp_path / "words.safetensors", model, card)
    back = load_bag_of_words(tmp_path / "words.safetensors")
    assert back.rows == model.rows and torch.equal(back.scores.weight, model.scores.weight)
    assert (tmp_path / "words.json").is_file()


@pytest.mark.parametrize("spoilt", ["choices", "task", "vocabulary", "bias"])
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(small, tmp_path, spoilt):
    path, (model, card) = tmp_path / "words.safetensors", small
    save_bag_of_words(path, model, card)
    tensors, card = load_tensors(path)
    if spoilt == "bias":
        tensors["bias"] = tensors["bias"] * float("nan")
    elif spoilt == "vocabulary":
        tensors["vocabulary"] = tensors["vocabulary"][:-40]
    else:
        card[spoilt] = card[spoilt][:-1]
    save_tensors(path, tensors, card)
    with pytest.raises(InputError, match="momem words"):
        load_bag_of_words(path)


def test_another_module_is_no_bag_of_words_and_the_other_way_round():
    with pytest.raises(InputError, match="does not fit this program"):
        load_bag_of_words(CHECKPOINTS / "ner.safetensors")
    with pytest.raises(InputError, match="bag_of_words"):
        load_model(SHIPPED, "cpu", "summary")


def test_the_shipped_one_knows_what_its_card_says(material):
    model, (_, card) = load_bag_of_words(SHIPPED), load_tensors(SHIPPED)
    data = asked(material, SynthesisConfig(seed=card["training"]["seed"]), "validation", 1_000, phrasings="held-out")
    best = model.log_probs([question for question, _, _ in data], [name for _, name, _ in data]).argmax(dim=-1)
    right = (best == torch.tensor([choice for *_, choice in data])).float().mean()
    assert abs(right - card["metrics"]["held-out"]) < 0.02


def test_two_opinions_that_agree_are_surer_and_neither_forbids_for_good():
    one, other = torch.tensor([[0.8, 0.1, 0.1]]), torch.tensor([[0.7, 0.2, 0.1]])
    both = product_of_experts(one, other)
    assert both[0, 0] > 0.8 and torch.allclose(both.sum(), torch.tensor(1.0))
    assert torch.allclose(both, product_of_experts(other, one))
    assert not torch.allclose(both, product_of_experts(one, other, trust=0.5))
    assert torch.allclose(product_of_experts(one, other, trust=0.0), other)  # no trust at all: the other one's word
    sure, contrary = torch.tensor([[1.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    assert torch.allclose(product_of_experts(sure, contrary)[0, :2], torch.tensor([0.5, 0.5]), atol=1e-4)


def test_a_second_opinion_can_change_the_choice_and_its_certainty():
    module, question = Module.load(task="summary", device="cpu"), "Where does Jo Doe live?"
    (alone,) = asked_fields(module, [question], ["Jo Doe"])
    (agreed,) = asked_fields(module, [question], ["Jo Doe"], certain("location", "<name> live"))
    (doubted,) = asked_fields(module, [question], ["Jo Doe"], certain("movie", "<name> live", 2.0))
    (refused,) = asked_fields(module, [question], ["Jo Doe"], certain("movie", "<name> live"))
    assert alone[0] == agreed[0] == doubted[0] == "location" and agreed[1] >= alone[1] > doubted[1]
    assert refused[0] == "movie"


def test_the_pipeline_hears_it_and_works_without_it():
    pipeline = Pipeline.load(device="cpu")
    pipeline.remember([JO, replace(JO, fname="Al")])
    questions = ["Where does Jo Doe live?", "Which songs did Jo Doe write?"]
    lives, wrote = pipeline.ask_many(questions)
    assert "Oslo" in lives.text and wrote.abstained
    pipeline.words = certain(None, "<name> live")
    assert pipeline.ask(questions[0]).abstained  # it is heard ...
    assert "Oslo" in pipeline.ask(questions[0], gates=False).text  # ... by the gate alone
    pipeline.words = None
    assert "Oslo" in pipeline.ask(questions[0]).text


def test_the_command_trains_one_and_refuses_too_few_questions(tmp_path, capsys):
    assert main(["words", "--num-datapoints", "10", "--out-dir", str(tmp_path)]) == 2
    assert "at least 1,000 were expected" in capsys.readouterr().err
    assert main(["words", "--num-datapoints", "1000", "--out-dir", str(tmp_path)]) == 0
    assert "right on validation questions" in capsys.readouterr().out
    assert len(load_bag_of_words(tmp_path / FILE).rows) > 100
    assert set(FIELDS) < set(CHOICES)


def test_calibration_counts_with_the_bag_of_words_beside_the_modules(tmp_path, monkeypatch, capsys):
    heard = []
    monkeypatch.setattr("momem_lib.system.calibration.calibrate", lambda paths, count: heard.append(paths) or {})
    assert main(["calibrate", "--out-dir", str(tmp_path)]) == 0
    (tmp_path / FILE).write_bytes(b"")
    assert main(["calibrate", "--out-dir", str(tmp_path)]) == 0
    assert "words" not in heard[0] and heard[1]["words"] == tmp_path / FILE
