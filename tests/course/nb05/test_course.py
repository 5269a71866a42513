"""What notebook 05 builds, breaks and draws: its model against the library's, patients, sampling, pictures."""

import asyncio
import math
from collections import Counter
from itertools import pairwise

import pytest
import torch

from momem_lib.course.nb05.exercises import check_page
from momem_lib.course.nb05.model import (
    DecoderOnly,
    sample_probs,
    step,
    train,
    write,
)
from momem_lib.course.nb05.page import learn_and_write, rhyme
from momem_lib.course.nb05.symptoms import CAUSES, ILL, echo, fallen_ill, findings, findings_table
from momem_lib.course.shared.anatomy import parameter_count, text_inputs
from momem_lib.course.shared.charts import Chart, draw_charts
from momem_lib.course.shared.figures import png
from momem_lib.course.shared.panel import SILENT, rendered
from momem_lib.course.shared.sampling import Bar, bars, byte_model, draw_token, sampling_html, sampling_widget
from momem_lib.course.shared.text import readable
from momem_lib.course.shared.toy import (
    PLACES,
    WHO,
    entropy,
    toy_floor,
    toy_model,
    toy_sentence,
    toy_text,
    toy_windows,
    window_batches,
)
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.generation import Sampling
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


def as_the_librarys(model):
    """The weights of a DecoderOnly under the names of the library's Transformer."""
    weights = {"embedding.weight": model.embedding.weight, "head.scores.weight": model.embedding.weight}
    weights |= {
        "head.scores.bias": model.bias,
        "decoder_norm.weight": model.norm.gain,
        "decoder_norm.bias": model.norm.bias,
    }
    for place, block in enumerate(model.blocks):
        for norm in ("attention_norm", "mlp_norm"):
            weights[f"decoder.{place}.{norm}.weight"] = getattr(block, norm).gain
            weights[f"decoder.{place}.{norm}.bias"] = getattr(block, norm).bias
        for kind in ("weight", "bias"):
            query, key, value, out = (
                getattr(getattr(block.attention, name), kind) for name in ("query", "key", "value", "out")
            )
            weights[f"decoder.{place}.attention.query.{kind}"] = query
            weights[f"decoder.{place}.attention.key_value.{kind}"] = torch.cat([key, value])
            weights[f"decoder.{place}.attention.out.{kind}"] = out
            weights[f"decoder.{place}.mlp.0.{kind}"] = getattr(block.mlp.up, kind)
            weights[f"decoder.{place}.mlp.2.{kind}"] = getattr(block.mlp.down, kind)
    return weights


def test_the_notebooks_model_is_the_librarys_number_by_number():
    torch.manual_seed(0)
    mine = DecoderOnly(268, 32, 4, 2)
    theirs = Transformer(ModelConfig(embedding_dim=32, num_heads=4, hidden_dim=128, num_decoder_blocks=2))
    theirs.load_state_dict(as_the_librarys(mine))
    tokens = torch.tensor([list(b"the cat sleeps")])
    assert torch.allclose(torch.log_softmax(mine(tokens), -1), theirs(text_inputs(tokens)).log_probs, atol=1e-5)


def test_a_first_loss_tells_of_the_token_just_read_and_a_healthy_run_learns():
    windows = toy_windows(toy_text(200), 32)
    torch.manual_seed(0)
    model, stream = DecoderOnly(blocks=1), window_batches(windows, 16, 0)
    assert echo(model, windows[:16]) > 2
    losses = train(model, [next(stream) for _ in range(40)])
    assert abs(losses[0] - math.log(257)) < 0.7 and toy_floor() < losses[-1] < 1.7


def test_sampling_is_the_librarys():
    scores = torch.randn(40, generator=torch.Generator().manual_seed(0))
    for heat, k in ((1.0, None), (0.5, 10), (2.0, 3)):
        theirs = Sampling(heat, k).probs(torch.log_softmax(scores, -1)[None])[0]
        assert torch.allclose(sample_probs(scores, heat, k), theirs, atol=1e-6)


def test_writing_with_a_cache_writes_the_same():
    torch.manual_seed(1)
    model, tokens, caches = DecoderOnly(width=16), [7], [{}, {}]
    for _ in range(12):
        tokens.append(int(step(model, tokens[-1], caches).argmax()))
    assert tokens == write(model, [7], 12, lambda scores: int(scores.argmax()))


# Patients


TOLD = {  # cause -> what its findings must show beside a healthy model's
    1: lambda found, healthy: found["weights"] == 0,
    2: lambda found, healthy: abs(found["last"] - 2.72) < 0.1 and found["echo"] > 1.5,
    3: lambda found, healthy: found["first"] < healthy["first"] and found["last"] < 0.1 and "cccc" in found["writes"],
    4: lambda found, healthy: found["later"] > 0.01 and found["in use"] > 3 * found["last"],
    5: lambda found, healthy: found["order"] < 1e-3 and 2 * healthy["last"] < found["last"] < 2,
    6: lambda found, healthy: abs(found["last"] - 2.72) < 0.1 and found["echo"] < 1.3,
    7: lambda found, healthy: found["last"] > 2 * math.log(257),
    8: lambda found, healthy: found["twice"] > 0.01,
    9: lambda found, healthy: found["first"] < healthy["first"] and "·" in found["writes"],
}


@pytest.fixture(scope="module")
def healthy():
    return examined(0)


def examined(cause):
    """What is found of a model with a cause."""
    return findings(fallen_ill(cause, DecoderOnly, train, toy_text(500), 60, 5e-3), toy_text(70, 99))


def test_patients_have_all_causes_once():
    assert sorted(ILL.values()) == sorted(CAUSES) == list(range(1, 10))


@pytest.mark.parametrize("cause", CAUSES)
def test_a_patient_shows_the_signs_of_its_cause(cause, healthy):
    found = examined(cause)
    assert TOLD[cause](found, healthy), found
    assert not any(TOLD[other](healthy, healthy) for other in CAUSES), healthy


def test_the_table_has_a_line_for_each():
    model = fallen_ill(0, DecoderOnly, train, toy_text(50), 1, 5e-3)
    lines = findings_table({"healthy": model, "A": model}, toy_text(70, 99)).splitlines()
    assert len(lines) == 3 and len(lines[1].split()) >= 9


# The page


def test_a_page_that_does_not_learn_is_told_what_to_look_at():
    def untrained(text, prompt, letters, steps):
        return learn_and_write(text, prompt, letters, steps=0)

    with pytest.raises(AssertionError, match="Does the loss fall"):
        check_page(untrained)
    with pytest.raises(AssertionError, match="one place further on"):
        check_page(lambda text, prompt, letters, steps: prompt + "e" * letters)
    with pytest.raises(AssertionError, match="the prompt and what follows"):
        check_page(lambda text, prompt, letters, steps: text[4 : 4 + letters])
    with pytest.raises(AssertionError, match="64 letters were expected"):
        check_page(lambda text, prompt, letters, steps: text[:letters])
    check_page(lambda text, prompt, letters, steps: text[: letters + len(prompt)])


def test_the_rhyme_grows():
    verses = rhyme().splitlines()
    assert len(verses) == 11 and all(b.endswith(a.removeprefix("This is ")) for a, b in pairwise(verses))


# The text


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
    levels = {"ln V": 5.59, "floor": 0.1}
    sick = {"one": [5.0, math.nan], "two": [900.0, 4.0], "3": [1, 1], "4": [1, 1]}
    both = [Chart(name, None, {"healthy": [5.0, 1.0], "sick": curve}, "step", "loss", top=8, levels=levels)
            for name, curve in sick.items()]  # fmt: skip
    pictures = [
        draw_charts([Chart("", [16, 64], {"MLP": [1.0, 1.0], "scores": [1.0, 4.0]}, "length", "costs", "xy")]),
        draw_charts(both, per_row=3, sharex=True, sharey=True),
    ]
    for picture in pictures:
        assert png(picture)[:4] == b"\x89PNG" and len(picture.get_label()) > 40
    assert (
        "one: loss against step: healthy from 5 to 1; sick from 5 to nan. Levels: ln V 5.59" in pictures[1].get_label()
    )
    names = [[text.get_text() for text in panel.texts] for panel in pictures[1].axes]
    assert names[:4] == [[], [], ["ln V", "floor"], ["ln V", "floor"]]  # beside the last of each row alone
