"""Backprop by hand: every gradient is right by nudging and by autograd, and every optimizer is torch.optim's."""

import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from momem_lib.by_hand import layers as by_hand
from momem_lib.by_hand.attention import attend, attend_backward, causal_attention, causal_attention_backward
from momem_lib.by_hand.checks import (
    numerical_gradient,
    relative_error,
    twin_loss_and_gradients,
    twin_parameters,
)
from momem_lib.by_hand.layers import cross_entropy, cross_entropy_backward, softmax, softmax_backward
from momem_lib.by_hand.optimizers import adam, clip, sgd, warmup_cosine
from momem_lib.by_hand.transformer import HandConfig, draw_batch, forward, loss_and_gradients, new_parameters
from momem_lib.nn.attention import causal_mask
from momem_lib.project import InputError

TINY = HandConfig(vocab_size=11, width=8, heads=2, blocks=2, hidden=16, context=6)
TOKENS = np.array([[1, 4, 4], [2, 0, 10]])


def numbers(*shape, seed=0, dtype=np.float64):
    """Random numbers, the same each time."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def noisy_parameters(config=TINY, dtype=np.float64):
    """Parameters without the ones and zeros that could hide a mistake."""
    generator = np.random.default_rng(1)
    start = new_parameters(config, 0, np.float64)
    return {name: (array + 0.2 * generator.standard_normal(array.shape)).astype(dtype) for name, array in start.items()}


def layer_errors(forward, backward, inputs, seed=0, nudge=1e-5):
    """How wrong a layer's gradient is for each of its inputs (name -> array), judged by sum(y * dy), dy random."""
    y, kept = forward(*inputs.values())
    dy = np.random.default_rng(seed).standard_normal(np.shape(y))
    found = backward(dy, kept)
    found = found if isinstance(found, tuple) else (found,)

    def judged(_):
        return float((forward(*inputs.values())[0] * dy).sum())

    return {
        name: relative_error(gradient, numerical_gradient(judged, array, nudge))
        for (name, array), gradient in zip(inputs.items(), found, strict=True)
    }


def torch_attention(x, weight, bias, out_weight, out_bias, heads=2):
    """Causal multi-head attention in torch's own operations."""
    parts = (x @ weight + bias).unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(*parts, is_causal=True).transpose(1, 2).flatten(2) @ out_weight + out_bias


def head(query, key, value):
    """One head in torch's own operations, written out."""
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return scores.masked_fill(~causal_mask(query.shape[-2]), -math.inf).softmax(-1) @ value


# name: (forward, backward, the same in torch, shapes of the inputs)
LAYERS = {
    "linear": (by_hand.linear, by_hand.linear_backward, lambda x, w, b: x @ w + b, [(2, 3, 4), (4, 5), (5,)]),
    "gelu": (by_hand.gelu, by_hand.gelu_backward, lambda x: F.gelu(x, approximate="tanh"), [(3, 4)]),
    "layer norm": (
        by_hand.layer_norm,
        by_hand.layer_norm_backward,
        lambda x, gain, bias: F.layer_norm(x, (5,), gain, bias),
        [(2, 3, 5), (5,), (5,)],
    ),
    "embedding": (
        lambda table: by_hand.embedding(TOKENS, table),
        by_hand.embedding_backward,
        lambda table: F.embedding(torch.tensor(TOKENS), table),
        [(11, 4)],
    ),
    "softmax": (lambda x: (softmax(x), softmax(x)), softmax_backward, lambda x: x.softmax(-1), [(2, 3, 4)]),
    "attend": (attend, attend_backward, head, [(2, 5, 3)] * 3),
    "causal attention": (
        lambda *given: causal_attention(*given, heads=2),
        causal_attention_backward,
        torch_attention,
        [(2, 5, 8), (8, 24), (24,), (8, 8), (8,)],
    ),
}
EACH_LAYER = pytest.mark.parametrize(("forward", "backward", "judge", "shapes"), LAYERS.values(), ids=LAYERS)


@EACH_LAYER
def test_layers_agree_with_nudging(forward, backward, judge, shapes):
    inputs = {str(place): numbers(*shape, seed=place) for place, shape in enumerate(shapes)}
    assert max(layer_errors(forward, backward, inputs).values()) < 1e-7


@EACH_LAYER
def test_layers_agree_with_autograd(forward, backward, judge, shapes):
    inputs = [numbers(*shape, seed=place) for place, shape in enumerate(shapes)]
    tensors = [torch.tensor(array, requires_grad=True) for array in inputs]
    (y, kept), wanted = forward(*inputs), judge(*tensors)
    dy = numbers(*y.shape, seed=9)
    found = backward(dy, kept)
    found = found if isinstance(found, tuple) else (found,)
    assert relative_error(y, wanted.detach().numpy()) < 1e-12
    for mine, theirs in zip(found, torch.autograd.grad(wanted, tensors, torch.tensor(dy)), strict=True):
        assert relative_error(mine, theirs.numpy()) < 1e-12


@EACH_LAYER
def test_layers_stay_in_float32_and_leave_their_inputs_alone(forward, backward, judge, shapes):
    inputs = [numbers(*shape, seed=place, dtype=np.float32) for place, shape in enumerate(shapes)]
    before = [array.copy() for array in inputs]
    y, kept = forward(*inputs)
    dy = np.ones_like(y)
    found, again = backward(dy, kept), backward(dy, kept)
    for array, same in zip(*[part if isinstance(part, tuple) else (part,) for part in (found, again)], strict=True):
        assert array.dtype == np.float32 and np.array_equal(array, same)
    assert y.dtype == np.float32 and (dy == 1).all()
    assert all(np.array_equal(array, same) for array, same in zip(inputs, before, strict=True))


def test_cross_entropy_agrees_with_nudging_and_autograd():
    logits, targets = numbers(2, 3, 7), np.array([[0, 6, 3], [3, 3, 1]])
    loss, kept = cross_entropy(logits, targets)
    found = cross_entropy_backward(kept)
    assert relative_error(found, numerical_gradient(lambda z: cross_entropy(z, targets)[0], logits)) < 1e-7
    tensor = torch.tensor(logits, requires_grad=True)
    wanted = F.cross_entropy(tensor.flatten(0, 1), torch.tensor(targets).flatten())
    wanted.backward()
    assert abs(loss - wanted.item()) < 1e-12 and relative_error(found, tensor.grad.numpy()) < 1e-12


def test_nothing_overflows():
    assert np.isfinite(softmax(np.array([1e4, -1e4, 0.0], np.float32))).all()
    loss, kept = cross_entropy(np.array([[1e4, -1e4]], np.float32), np.array([1]))
    assert loss == pytest.approx(2e4) and np.isfinite(cross_entropy_backward(kept)).all()
    large = np.array([-1e4, 1e4], np.float32)
    y, kept = by_hand.gelu(large)
    assert y.tolist() == [0, 1e4] and by_hand.gelu_backward(np.ones_like(large), kept).tolist() == [0, 1]
    y, kept = by_hand.layer_norm(np.full((1, 4), 7.0), np.ones(4), np.zeros(4))
    assert (y == 0).all() and np.isfinite(by_hand.layer_norm_backward(np.ones((1, 4)), kept)[0]).all()


def test_dropout_keeps_the_mean_and_goes_back_through_the_same_mask():
    x = np.ones(100_000, np.float32)
    y, mask = by_hand.dropout(x, 0.25, np.random.default_rng(0))
    assert abs(y.mean() - 1) < 0.01 and abs((y == 0).mean() - 0.25) < 0.01 and y.dtype == np.float32
    assert np.array_equal(by_hand.dropout_backward(x, mask), y)
    for share, generator in ((0.0, np.random.default_rng(0)), (0.5, None)):
        y, mask = by_hand.dropout(x, share, generator)
        assert y is x and by_hand.dropout_backward(x, mask) is x


@pytest.mark.parametrize("length", [TINY.context, 4])
def test_the_transformer_agrees_with_autograd(length):
    tokens, targets = np.random.default_rng(2).integers(0, TINY.vocab_size, (2, 3, length))
    parameters = noisy_parameters()
    loss, gradients = loss_and_gradients(parameters, TINY, tokens, targets)
    wanted_loss, wanted = twin_loss_and_gradients(
        twin_parameters(parameters), TINY, *torch.tensor(np.stack([tokens, targets]))
    )
    assert abs(loss - wanted_loss) < 1e-12 and set(gradients) == set(parameters)
    for name, gradient in gradients.items():
        assert gradient.shape == parameters[name].shape and relative_error(gradient, wanted[name].numpy()) < 1e-10, name


def test_the_transformer_agrees_with_nudging_with_dropout_on():
    config = HandConfig(vocab_size=5, width=4, heads=2, blocks=2, hidden=6, context=3, dropout=0.3)
    tokens, targets = np.random.default_rng(2).integers(0, 5, (2, 2, 3))
    parameters = noisy_parameters(config)

    def run():
        return loss_and_gradients(parameters, config, tokens, targets, np.random.default_rng(5))

    _, gradients = run()
    for name, array in parameters.items():
        assert relative_error(gradients[name], numerical_gradient(lambda _: run()[0], array)) < 1e-6, name


def test_no_position_sees_the_future():
    parameters, tokens = noisy_parameters(), np.array([[1, 2, 3, 4, 5, 6]])
    other = np.array([[1, 2, 3, 9, 9, 9]])
    one, two = (forward(parameters, TINY, given)[0] for given in (tokens, other))
    assert np.allclose(one[:, :3], two[:, :3], atol=1e-12) and not np.allclose(one[:, 3:], two[:, 3:])


def test_float32_stays_float32():
    parameters = noisy_parameters(dtype=np.float32)
    tokens = np.random.default_rng(2).integers(0, TINY.vocab_size, (3, 6))
    logits, _ = forward(parameters, TINY, tokens)
    _, gradients = loss_and_gradients(parameters, TINY, tokens, tokens)
    assert logits.dtype == np.float32 and {gradient.dtype for gradient in gradients.values()} == {np.dtype(np.float32)}
    before = {name: array.copy() for name, array in parameters.items()}
    after = {name: adam(array, gradients[name], {}, 0.1, decay=0.01) for name, array in parameters.items()}
    assert all(array.dtype == np.float32 and not np.array_equal(array, before[n]) for n, array in after.items())


@pytest.mark.parametrize(
    ("rule", "options", "theirs"),
    [
        (sgd, {}, lambda p: torch.optim.SGD(p, 0.1)),
        (sgd, {"momentum": 0.9}, lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
        (adam, {}, lambda p: torch.optim.Adam(p, 0.1)),
        (adam, {"decay": 0.3}, lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.3)),
    ],
    ids=["SGD", "momentum", "Adam", "AdamW"],
)
def test_rules_take_the_steps_of_torch(rule, options, theirs):
    w, memory = numbers(3, 4), {}
    twin = torch.tensor(w, requires_grad=True)
    theirs = theirs([twin])
    for step in range(10):
        gradient = numbers(3, 4, seed=step + 1)
        w, twin.grad = rule(w, gradient, memory, 0.1, **options), torch.tensor(gradient)
        theirs.step()
        assert np.abs(w - twin.detach().numpy()).max() < 1e-12


@pytest.mark.parametrize("limit", [0.5, 3.0, 1000.0])
def test_clipping_is_that_of_torch_and_leaves_what_it_was_given_alone(limit):
    gradients = {"a": numbers(4, 5), "b": numbers(7, seed=1)}
    kept = {name: array.copy() for name, array in gradients.items()}
    mine = clip(gradients, limit)
    assert all(np.array_equal(array, kept[name]) for name, array in gradients.items())
    twin = [torch.zeros(array.shape, dtype=torch.float64, requires_grad=True) for array in kept.values()]
    for tensor, array in zip(twin, kept.values(), strict=True):
        tensor.grad = torch.tensor(array)
    torch.nn.utils.clip_grad_norm_(twin, limit)
    assert all(np.allclose(tensor.grad, array, atol=1e-5) for tensor, array in zip(twin, mine.values(), strict=True))


def test_the_schedule_rises_falls_and_ends_at_its_floor():
    rates = [warmup_cosine(step, 50, 2.0, warmup=10, floor=0.1) for step in range(51)]
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == rates[10] == 2.0 and math.isclose(rates[-1], 0.2)


def test_training_by_hand_is_training_by_autograd():
    """The same losses, step by step, with a schedule and AdamW; and the model learns."""
    config = HandConfig(vocab_size=7, width=8, heads=2, blocks=1, hidden=16, context=8)
    data = np.tile([0, 1, 2, 3, 4, 5, 6], 20)
    mine = new_parameters(config, 0, np.float64)
    twin = twin_parameters(mine)
    memories, theirs = {name: {} for name in mine}, torch.optim.AdamW(twin.values(), 0.03)
    generator = np.random.default_rng(4)
    for step in range(60):
        tokens, targets = draw_batch(data, config, 4, generator)
        loss, gradients = loss_and_gradients(mine, config, tokens, targets)
        wanted, twin_gradients = twin_loss_and_gradients(twin, config, torch.tensor(tokens), torch.tensor(targets))
        assert abs(loss - wanted) < 1e-9
        for name, tensor in twin.items():
            tensor.grad = twin_gradients[name]
        theirs.param_groups[0]["lr"] = rate = 0.03 * min(1.0, (step + 1) / 5) * (1 - step / 60)
        mine = {name: adam(w, gradients[name], memories[name], rate, decay=0.01) for name, w in mine.items()}
        theirs.step()
    assert loss < 0.3  # from ln 7 = 1.9


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: by_hand.linear(np.ones((2, 3)), np.ones((4, 3)), np.ones(3)), "do not fit a weight of shape (4, 3)"),
        (lambda: by_hand.dropout(np.ones(2), 1.0, None), "the share to drop is 1.0"),
        (lambda: by_hand.embedding(np.array([3]), np.ones((3, 2))), "tokens from 0 to 2 were expected, not 3 to 3"),
        (lambda: causal_attention(np.ones((1, 2, 6)), *[np.ones(1)] * 4, heads=4), "cannot be cut into 4 heads"),
        (lambda: HandConfig(width=6, heads=4), "width 6 must be a multiple of heads 4"),
        (lambda: HandConfig(blocks=0), "blocks is 0"),
        (lambda: HandConfig(dropout=1.0), "dropout is 1.0"),
        (lambda: forward(new_parameters(TINY), TINY, np.zeros((1, 7), int)), "7 tokens are more than the context of 6"),
        (lambda: draw_batch(np.arange(6), TINY, 1, np.random.default_rng(0)), "a text of 6 tokens is too short"),
        (lambda: numerical_gradient(np.sum, np.ones(2, np.float32)), "needs float64, not float32"),
        (lambda: relative_error(np.ones(2), np.ones(3)), "cannot be compared"),
    ],
)
def test_mistakes_are_told_in_a_sentence(mistake, message):
    with pytest.raises(InputError, match=re.escape(message)):
        mistake()
