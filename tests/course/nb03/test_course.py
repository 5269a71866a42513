"""What notebook 03 stands on: the toy world of copying, its pictures, and the attention viewer without a browser."""

import re

import pytest
import torch

from momem_lib.course.nb03.plots import draw_lookup, draw_turns
from momem_lib.course.nb03.toy_copy import (
    Copier,
    copy_accuracy,
    copy_loss,
    decode_letters,
    encode_letters,
    follows_same,
    head_scores,
    repeated_letters,
    train,
)
from momem_lib.course.nb03.widget import (
    COPY,
    attention_widget,
    draw_all_heads,
    draw_look,
    look_alt,
    look_html,
    read_question,
    strongest,
    table_of,
)
from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.grids import Grid, draw_grids
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.data.tasks import TASKS
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError

NASTY = "Who is <b>$tev0</b> & Ngũgĩ $x?"


@pytest.fixture(scope="module")
def ner():
    """A module of the right kind that learned nothing."""
    torch.manual_seed(0)
    shape = {"embedding_dim": 16, "num_heads": 2, "hidden_dim": 16, "num_decoder_blocks": 2}
    return Module(TASKS["ner"], Transformer(ModelConfig(copy_from="prompt", **shape)).eval())


@pytest.fixture(scope="module")
def reading(ner):
    return read_question(ner, NASTY)


# The toy world


def test_rows_repeat_themselves_and_hold_no_letter_twice_in_a_round():
    tokens, period = repeated_letters(50, (3, 9), 30, torch.Generator().manual_seed(0))
    assert set(period.tolist()) == set(range(3, 10))
    for row, length in zip(tokens, period.tolist(), strict=True):
        assert torch.equal(row[length:], row[:-length])
        assert len(set(row[:length].tolist())) == length


@pytest.mark.parametrize("periods", [(1, 5), (6, 5), (3, 27), (3, 30)])
def test_periods_that_cannot_be_are_refused(periods):
    with pytest.raises(InputError, match="cannot be"):
        repeated_letters(2, periods, 30, torch.Generator())


@pytest.mark.parametrize("text", ["", "Kenya", "a b", "ñ"])
def test_other_letters_are_refused(text):
    with pytest.raises(InputError, match="the letters a to z alone"):
        encode_letters(text)


def test_letters_come_back():
    assert decode_letters(encode_letters("kenya")[0]) == "kenya"


def test_only_what_can_be_known_counts_in_the_loss():
    tokens, period = encode_letters("abcabc"), torch.tensor([3])
    sure = torch.full((1, 6, 26), -50.0).scatter(2, tokens.roll(-1, 1)[..., None], 50.0)
    assert copy_loss(sure, tokens, period) < 1e-6
    wrong_in_the_first_round = sure.clone()
    wrong_in_the_first_round[:, :2] = sure[:, :2].flip(-1)  # and nobody is asked for what follows the last letter
    assert copy_loss(wrong_in_the_first_round, tokens, period) < 1e-6


def test_the_model_does_not_look_ahead():
    model = Copier().eval()
    one, other = encode_letters("abcdef"), encode_letters("abcdez")
    assert torch.allclose(model(one)[:, :5], model(other)[:, :5], atol=1e-5)


def test_perfect_heads_get_full_scores():
    """Hand-made weights in place of a model's: what the scores say about heads that do exactly one thing."""

    class Perfect(Copier):
        def forward(self, tokens, looks=None):
            length = tokens.shape[1]
            previous = torch.eye(length).roll(-1, dims=1).tril()
            previous[0] = torch.eye(length)[0]
            where = follows_same(tokens).float()
            induction = where / where.sum(-1, keepdim=True).clamp(min=1)
            looks.append(torch.stack([previous.expand(len(tokens), -1, -1), induction], dim=1))
            return super().forward(tokens)

    previous, induction = head_scores(Perfect(layers=1))
    assert previous[0, 0] == pytest.approx(1) and induction[0, 1] == pytest.approx(1)
    assert previous[0, 1] < 0.1 and induction[0, 0] < 0.1


def trained(steps, rows, periods, length, seed):
    torch.manual_seed(seed)
    model, draw = Copier(), torch.Generator().manual_seed(seed)
    return model, train(model, [repeated_letters(rows, periods, length, draw) for _ in range(steps)])


def test_training_is_the_same_each_time():
    (one, losses), (other, again) = (trained(3, 4, (6, 16), 40, seed=7) for _ in range(2))
    assert losses == again
    assert torch.equal(one.scores.weight, other.scores.weight)


def test_two_layers_learn_to_copy_with_an_induction_head():
    model, _ = trained(150, 32, (5, 10), 30, seed=1)
    previous, induction = head_scores(model, (5, 10), 30)
    assert copy_accuracy(model, (5, 10), 30) > 0.9
    assert previous[0].max() > 0.4 and induction[1].max() > 0.5


# Pictures


def test_pictures_can_be_drawn_and_have_words():
    figures = [
        draw_grids([Grid("m", [[True, False], [True, True]], ["<pad>", "$x"], " 王")], "alt", numbers=".1f", scale="s"),
        draw_grids([Grid("zeros", [[0.0]])], "alt", top=None),
        draw_charts([Chart("c", [1, 2], {"a": [1, 2], "b": [2, 1]}, "x", "y", "xy")], "alt"),
        draw_charts([Chart("c", ["$a", " "], {"a": [1, 2]}, "x", "y")], "alt"),
        draw_lookup({"cat": (0.5, 0.5)}, ("kitten", (1, 0)), ("x", "y")),
        draw_turns({"fast": 1.0}, 1),
    ]
    for figure in figures:
        assert figure.get_label() and png(figure)[:4] == b"\x89PNG"


def test_too_many_curves_are_refused():
    with pytest.raises(InputError, match="7 series in 'c'"):
        draw_charts([Chart("c", [1], {name: [1] for name in "abcdefg"}, "x", "y")], "alt")


# The viewer


def test_a_reading_is_what_the_model_saw(reading):
    total, prompt = len(reading.read), len(NASTY.encode()) + 2
    assert total == prompt + len(reading.wrote)
    assert reading.own.shape == (2, 2, total, total)
    assert reading.weights.shape == (total - prompt, prompt)
    for weights in (reading.own, reading.weights):
        assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-4)
    assert not reading.own[:, :, :prompt, prompt:].any()  # the prompt sees itself alone
    assert not reading.own.triu(1)[:, :, prompt:].any()  # what is written does not look ahead


@pytest.mark.parametrize(("layer", "head"), [(1, 1), (2, 2), (COPY, 1)])
def test_every_head_can_be_drawn(reading, layer, head):
    assert draw_look(reading, layer, head).get_label() == look_alt(reading, layer, head)
    assert png(draw_look(reading, layer, head))
    triples = strongest(reading, layer, head)
    assert all(0 <= weight <= 1 for _, _, weight in triples)
    assert [weight for *_, weight in triples] == sorted((weight for *_, weight in triples), reverse=True)


def test_all_heads_are_drawn_at_once(reading):
    assert len([panel for panel in draw_all_heads(reading).axes if panel.get_title("left")]) == 4


@pytest.mark.parametrize(("layer", "head"), [(0, 1), (3, 1), (1, 0), (1, 3), ("x", 1)])
def test_a_head_that_is_not_there_is_refused(reading, layer, head):
    with pytest.raises(InputError, match=re.escape("layers go from 1 to 2, heads from 1 to 2")):
        table_of(reading, layer, head)


@pytest.mark.parametrize(
    ("question", "message"),
    [("", "the question is empty"), ("x" * 97, "has 97 bytes"), ("\ud800", "surrogate")],
)
def test_texts_that_cannot_be_drawn_become_a_sentence(ner, question, message):
    with pytest.raises(InputError, match=message):
        read_question(ner, question)
    page = rendered(lambda text: look_html(read_question(ner, text), 1, 1), question)
    assert 'role="alert"' in page and message[1:] in page  # it begins with a capital there


def test_other_models_are_refused():
    shape = {"embedding_dim": 8, "num_heads": 1, "hidden_dim": 8, "num_decoder_blocks": 1}
    for config in (ModelConfig(**shape), ModelConfig(num_encoder_blocks=1, copy_from="both", **shape)):
        with pytest.raises(InputError, match="decoder-only models with a copy head"):
            read_question(Module(TASKS["ner"], Transformer(config)), "Who is Jo?")


def test_a_fault_becomes_a_sentence():
    def broken(text):
        raise RuntimeError("<b>no</b>")

    page = rendered(broken, "Who?")
    assert "RuntimeError" in page and "<b>no" not in page


def test_the_widget_shows_what_is_chosen(ner):
    widget = attention_widget(ner, "Who is Jo?")
    assert repr(widget) == SILENT and "layer 1, head 1" in widget.output.value
    widget.layer.value, widget.head.value = 2, 2
    assert "layer 2, head 2" in widget.output.value and not widget.head.disabled
    widget.layer.value = COPY
    assert "copy head" in widget.output.value and widget.head.disabled
    widget.question.value = NASTY
    assert "<b>$tev0" not in widget.output.value and "data:image/png" in widget.output.value
    widget.question.value = " "
    assert "The question is empty" in widget.output.value
