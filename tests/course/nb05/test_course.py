"""What notebook 05 measures, breaks and draws: formulas against real models, symptoms, sampling, pictures."""

import asyncio
import math
from collections import Counter

import pytest
import torch

from momem_lib.course.shared.anatomy import (
    counted_flops,
    forward_flops,
    parameter_count,
    text_inputs,
)
from momem_lib.course.shared.charts import Bar, Chart, draw_charts, draw_parameter_shares, draw_sampling
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.course.shared.sampling import bars, byte_model, draw_token, sampling_html, sampling_widget
from momem_lib.course.shared.text import readable
from momem_lib.course.shared.toy import (
    PLACES,
    TOY,
    WHO,
    entropy,
    next_token_loss,
    toy_floor,
    toy_model,
    toy_sentence,
    toy_text,
    toy_windows,
    train_toy,
)
from momem_lib.nn.blocks import Block, ModelConfig
from momem_lib.nn.transformer import Transformer
from momem_lib.project import InputError

SMALL = {"embedding_dim": 8, "num_heads": 2, "hidden_dim": 24}
SHAPES = [
    ModelConfig(**SMALL),
    ModelConfig(**SMALL, tie_embeddings=False, positions="learned", context_window=30),
    ModelConfig(**SMALL, num_encoder_blocks=2, num_decoder_blocks=1),
    ModelConfig(**SMALL, num_encoder_blocks=1, copy_from="both", ngram_rows=64),
    ModelConfig(**SMALL, copy_from="prompt", copied_context=False, longest_match=0),
]


@pytest.mark.parametrize("config", SHAPES)
def test_the_parameter_formula_counts_what_the_model_has(config):
    assert sum(parameter_count(config).values()) == Transformer(config).num_parameters()


def test_gpt2_small_has_as_many_parameters_as_published():
    gpt2 = ModelConfig(50257, 768, 12, 3072, num_decoder_blocks=12, context_window=1024, positions="learned")
    assert sum(parameter_count(gpt2).values()) - 50257 == 124_439_808  # its head has no bias


@pytest.mark.parametrize("config", SHAPES[:3])
def test_the_formula_of_operations_equals_what_torch_counts(config):
    inputs = text_inputs(torch.randint(256, (2, 11)))
    source = 0
    if config.num_encoder_blocks:
        inputs.source, source = torch.randint(256, (2, 17)), 17
        inputs.source_mask = torch.ones(2, 17, dtype=torch.bool)
    model = Transformer(config)
    formula = sum(forward_flops(config, 11, source, batch=2).values())
    assert counted_flops(model, inputs) == formula
    assert counted_flops(model, inputs, backward=True) == 3 * formula
    assert all(parameter.grad is None for parameter in model.parameters())


def test_operations_of_copy_heads_are_refused():
    with pytest.raises(InputError, match="plain models"):
        forward_flops(SHAPES[4], 5)


def test_the_stream_is_the_sum_of_what_was_written():
    model, written, ends = toy_model(), [], []
    inputs = text_inputs(torch.tensor([list(b"the cat")]))
    for block in model.decoder:
        for part in (block.attention, block.mlp):
            part.register_forward_hook(lambda *given: written.append(given[2]))
    model.decoder[0].register_forward_pre_hook(lambda _, given: ends.append(given[0]))
    model.decoder[-1].register_forward_hook(lambda *given: ends.append(given[2]))
    model(inputs)
    assert torch.allclose(ends[1], ends[0] + sum(written), atol=1e-5)


def test_without_residual_and_norm_the_gradient_vanishes():
    class Neither(Block):
        def forward(self, x, mask, angles=None, *others):
            return self.mlp(self.attention(x, None, mask, angles))

    batch, ratio = torch.randint(256, (2, 17), generator=torch.Generator().manual_seed(0)), {}
    for kind in (Block, Neither):
        model = toy_model(num_decoder_blocks=8)
        tokens = model.embedding.weight.detach().clone()
        model.decoder = torch.nn.ModuleList(kind(model.config, cross=False) for _ in model.decoder)
        model.initialise()
        model.embedding.weight.data.copy_(tokens)
        next_token_loss(model, batch).backward()
        norms = [
            sum(p.grad.square().sum().item() for p in block.parameters() if p.grad is not None) ** 0.5
            for block in model.decoder
        ]
        ratio[kind] = norms[0] / norms[-1]
    assert ratio[Block] > 0.1 and ratio[Neither] < 1e-3


def test_the_toy_text_is_as_probable_as_it_says():
    text = toy_text(4000, seed=1)
    found = Counter(text.split()[1 :: len(toy_sentence("a", "b", "c d e").split())])
    assert text == toy_text(4000, seed=1) != toy_text(4000, seed=2)
    assert found.keys() == WHO.keys()
    for word, p in WHO.items():
        assert abs(found[word] / 4000 - p) < 0.03
    assert all(math.isclose(sum(place.values()), 1) for place in PLACES)
    assert all(len({word[0] for word in place}) == len(place) for place in PLACES)
    with pytest.raises(InputError, match="1 or more"):
        toy_text(0)


def test_the_floor_is_the_surprise_of_one_who_knows_the_grammar():
    text = toy_text(4000, seed=3)
    sentences = text.replace("! ", "!\n").splitlines()
    surprise = 0.0
    for sentence in sentences:
        words = sentence.removeprefix("the ").split(". good")[0].split(" ", 2)
        surprise -= sum(math.log(place[word]) for place, word in zip(PLACES, words, strict=True))
    assert abs(surprise / len(text) - toy_floor()) < 0.003
    assert math.isclose(entropy([0.25] * 4), math.log(4))


def test_the_first_loss_is_ln_v_and_a_healthy_run_learns():
    windows = toy_windows(toy_text(200), 32)
    model = toy_model(num_decoder_blocks=1)
    losses = train_toy(model, windows, 50, learning_rate=5e-3)
    assert abs(losses[0] - math.log(268)) < 0.2
    assert toy_floor() < losses[-1] < 1.7
    again = train_toy(toy_model(num_decoder_blocks=1), windows, 3, learning_rate=5e-3)
    assert again == losses[:3]
    assert not model.training


PROBS = {"a": 0.5, "b": 0.3, "c": 0.2}


def test_bars_say_what_is_drawn():
    assert [bar.token for bar in bars({"c": 0.2, "a": 0.5, "b": 0.3})] == ["a", "b", "c"]
    assert [bar.drawn for bar in bars(PROBS, temperature=0)] == [1, 0, 0]
    assert [round(bar.drawn, 3) for bar in bars(PROBS, top_p=0.6)] == [0.625, 0.375, 0]
    hot = bars(PROBS, temperature=2)
    assert math.isclose(hot[0].drawn / hot[1].drawn, math.sqrt(0.5 / 0.3), rel_tol=1e-6)
    assert len(bars(PROBS, most=2)) == 2
    assert bars(PROBS | {"d": 0.0})[-1] == Bar("d", 0.0, 0.0)


@pytest.mark.parametrize("probs", [{}, {"a": 0.0}, {"a": -0.1, "b": 1.1}, {"a": math.nan}])
def test_what_is_no_distribution_is_refused(probs):
    with pytest.raises(InputError, match="a distribution needs tokens"):
        bars(probs)


def test_tokens_are_drawn_as_often_as_the_bars_say():
    rows = bars(PROBS)
    found = Counter(draw_token(rows, seed) for seed in range(2000))
    assert all(abs(found[token] / 2000 - p) < 0.05 for token, p in PROBS.items())
    assert draw_token(rows, 7) == draw_token(rows, 7)


def test_a_byte_model_is_a_plain_function_and_puts_letters_of_several_bytes_together():
    model = toy_model(num_decoder_blocks=1, context_window=8)
    ask = byte_model(model)
    probs = ask("Ngũgĩ, a text that is longer than the window")
    assert len(probs) == 268 and math.isclose(sum(probs.values()), 1, rel_tol=1e-4)
    first, second = (list(probs)[byte] for byte in "ũ".encode())
    assert readable("Ng" + first + second) == "Ngũ"
    assert ask("Ng" + first + second) == ask("Ngũ")
    with pytest.raises(InputError, match="the text is empty"):
        ask("")


def test_the_widget_shows_what_the_function_says():
    asked = []

    def source(text):
        asked.append(text)
        return PROBS

    widget = sampling_widget(source, "so far ")
    assert widget.output.value == sampling_html(source, "so far ", 1.0, None, None)
    widget.temperature.value, widget.top_k.value, widget.top_p.value = 0.5, 2, 0.9
    assert widget.settings == (0.5, 2, 0.9)
    assert (
        widget.output.value == sampling_html(source, "so far ", 0.5, 2, 0.9) and "2 of 3 tokens" in widget.output.value
    )
    widget.temperature.value = 0
    widget.one.click()
    widget.many.click()
    assert widget.written == 41 * "a" and asked[-1] == "so far " + 41 * "a"
    widget.again.click()
    assert widget.written == ""
    widget.one.click()
    widget.text.value = "other"
    assert widget.written == "" and asked[-1] == "other"
    assert repr(widget) == SILENT


def test_the_widget_draws_the_same_for_the_same_seed():
    one, other = (sampling_widget(lambda text: PROBS, seed=5) for _ in range(2))
    one.many.click()
    other.many.click()
    assert one.written == other.written and len(set(one.written)) > 1


def test_errors_become_a_sentence_in_the_widget():
    widget = sampling_widget(toy_model(num_decoder_blocks=1), "the ")
    widget.text.value = ""
    assert "The text is empty" in widget.output.value
    widget.one.click()
    assert widget.written == ""

    def broken(text):
        raise RuntimeError("no <model>")

    assert "RuntimeError: no &lt;model&gt;" in rendered(sampling_html, broken, "", 1.0, None, None)
    assert "<script>" not in sampling_html(lambda text: {"<script>": 1.0}, "<script>", 1.0, None, None)


def test_a_dragged_slider_asks_once():
    asked = []

    async def drag():
        widget = sampling_widget(lambda text: asked.append(text) or PROBS)
        widget.show_soon.pause = 0.02
        for place in range(10):
            widget.temperature.value = place / 10
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)

    asyncio.run(drag())
    assert len(asked) == 2  # once at first, once after the drag


def test_every_picture_is_drawn_and_tells_what_it_shows():
    rows = bars(PROBS | {" ": 0.0, "\n": 0.0, "\udcc4": 0.0})
    levels = {"ln V": 5.59, "floor": 0.1}
    sick = {"one": [5.0, math.nan], "two": [900.0, 4.0], "3": [1, 1], "4": [1, 1]}
    both = [Chart(name, None, {"healthy": [5.0, 1.0], "sick": curve}, "step", "loss", top=8, levels=levels)
            for name, curve in sick.items()]  # fmt: skip
    pictures = [
        draw_parameter_shares({"toy": parameter_count(TOY), "copying": parameter_count(SHAPES[3])}),
        draw_charts([Chart("", [16, 64], {"MLP": [1.0, 1.0], "scores": [1.0, 4.0]}, "length", "costs", "xy")]),
        draw_charts(both, per_row=3, sharex=True, sharey=True),
        draw_sampling({"T = 1": rows, "T = 2": rows}),
    ]
    for picture in pictures:
        assert png(picture)[:4] == b"\x89PNG" and len(picture.get_label()) > 40
    assert (
        "one: loss against step: healthy from 5 to 1; sick from 5 to nan. Levels: ln V 5.59" in pictures[2].get_label()
    )
    names = [[text.get_text() for text in panel.texts] for panel in pictures[2].axes]
    assert names[:4] == [[], [], ["ln V", "floor"], ["ln V", "floor"]]  # beside the last of each row alone
