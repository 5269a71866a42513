"""The model floor: equal to torch's own layers, masks as behaviour, cached equal to uncached."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from momem_lib.course.shared.anatomy import looking
from momem_lib.nn.attention import CAUSAL, MultiHeadAttention, attention, attention_by_hand, causal_mask
from momem_lib.nn.blocks import Block, ModelConfig
from momem_lib.nn.checkpoints import load_model
from momem_lib.nn.copying import match_lengths
from momem_lib.nn.inputs import Inputs
from momem_lib.nn.transformer import Transformer
from momem_lib.project import CHECKPOINTS, InputError
from momem_lib.training.config import read_config

KINDS = {
    "decoder-only": {"copy_from": "prompt"},
    "causal prompt": {"copy_from": "prompt", "prompt_attention": "causal"},
    "plain": {"copy_from": "none"},
    "learned positions": {"copy_from": "none", "positions": "learned"},
    "no match feature": {"copy_from": "prompt", "longest_match": 0},
    "no copied context": {"copy_from": "prompt", "copied_context": False},
    "encoder-decoder": {"copy_from": "source", "num_encoder_blocks": 2},
    "copies from both": {"copy_from": "both", "num_encoder_blocks": 1},
    "n-grams": {"copy_from": "prompt", "ngram_rows": 64},
    "n-grams, encoder-decoder": {"copy_from": "both", "ngram_rows": 64, "num_encoder_blocks": 1},
    "plain encoder-decoder": {"copy_from": "none", "num_encoder_blocks": 1},
    "fields": {"copy_from": "source", "num_encoder_blocks": 2, "source_reading": "fields", "ngram_rows": 64},
    "plain fields": {"copy_from": "none", "num_encoder_blocks": 1, "source_reading": "fields"},
}


def small(**changes) -> Transformer:
    torch.manual_seed(0)
    shape = {"embedding_dim": 32, "num_heads": 4, "hidden_dim": 48, "num_decoder_blocks": 2, "context_window": 64}
    model = Transformer(ModelConfig(**{**shape, **changes})).eval()
    for parameter in model.parameters():  # larger than the small initial weights: differences must show
        nn.init.normal_(parameter, std=0.2)
    return model


def random_inputs(model: Transformer, prompts=(9, 4), target=7, sources=(12, 5)) -> Inputs:
    """A batch of two rows of unequal length, of letters that repeat so that matches occur."""
    generator = torch.Generator().manual_seed(1)

    def rows(lengths):
        tokens = torch.randint(97, 101, (len(lengths), max(lengths)), generator=generator)
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        return tokens.masked_fill(~mask, 256), mask

    source = rows(sources) if model.encoder_norm else (None, None)
    inputs = Inputs(*rows([target, target]), *rows(prompts), *source)
    if model.role is not None:
        inputs.target[:, 2] = ord(":")  # values are seen from here on
        inputs.spans = (torch.arange(max(sources)) // 3).expand(2, -1)
    return inputs


def row_of(inputs: Inputs, row: int) -> Inputs:
    """One row of a batch without its padding."""

    def cut(tokens, mask):
        return (None, None) if tokens is None else (tokens[row : row + 1, mask[row]], mask[row : row + 1, mask[row]])

    return Inputs(
        *cut(inputs.target, inputs.target_mask),
        *cut(inputs.prompt, inputs.prompt_mask),
        *cut(inputs.source, inputs.source_mask),
        cut(inputs.spans, inputs.source_mask)[0],
    )


@pytest.mark.parametrize("mask", [None, CAUSAL, "random"])
def test_attention_equals_torch(mask):
    query, key, value = torch.randn(3, 2, 4, 6, 8).unbind(0)
    seen = {None: None, CAUSAL: causal_mask(6), "random": torch.rand(2, 1, 6, 6) > 0.4}[mask]
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=seen).nan_to_num()
    if seen is not None:
        expected = expected.masked_fill(~seen.any(-1, keepdim=True), 0)
    fused = attention(query, key, value, CAUSAL if mask == CAUSAL else seen)
    torch.testing.assert_close(attention_by_hand(query, key, value, seen)[0], expected)
    torch.testing.assert_close(fused, expected)


def test_attention_to_nothing_is_zero_and_its_gradient_finite():
    x = torch.randn(1, 1, 3, 4, requires_grad=True)
    nothing = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    for mixed in (attention(x, x, x, nothing), attention_by_hand(x, x, x, nothing)[0]):
        assert torch.equal(mixed, torch.zeros_like(mixed))
        mixed.sum().backward()
        assert torch.isfinite(x.grad).all()


def test_multi_head_attention_equals_torch():
    ours, theirs = MultiHeadAttention(16, 4), nn.MultiheadAttention(16, 4, batch_first=True)
    copy_attention(ours, theirs)
    x, context = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    torch.testing.assert_close(ours(x, context), theirs(x, context, context)[0])


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    """Give our layer the weights of torch's, whose one matrix holds queries, keys and values."""
    width = ours.out.weight.shape[0]
    with torch.no_grad():
        nn.init.normal_(theirs.in_proj_bias)
        nn.init.normal_(theirs.out_proj.bias)
        for part, rows in ((ours.query, slice(0, width)), (ours.key_value, slice(width, None))):
            part.weight.copy_(theirs.in_proj_weight[rows])
            part.bias.copy_(theirs.in_proj_bias[rows])
        ours.out.load_state_dict(theirs.out_proj.state_dict())


@pytest.mark.parametrize("activation", ["gelu", "relu"])
def test_encoder_block_equals_torch(activation):
    config = ModelConfig(embedding_dim=16, num_heads=4, hidden_dim=32, activation_type=activation)
    ours = Block(config, cross=False).eval()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.0, activation, batch_first=True, norm_first=True).eval()
    copy_attention(ours.attention, theirs.self_attn)
    pairs = ((ours.attention_norm, theirs.norm1), (ours.mlp_norm, theirs.norm2))
    for own, other in (*pairs, (ours.mlp[0], theirs.linear1), (ours.mlp[2], theirs.linear2)):
        own.load_state_dict(other.state_dict())
    x, mask = torch.randn(2, 6, 16), torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]]).bool()
    expected = theirs(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(x, mask[:, None, None])[mask], expected[mask])
    torch.testing.assert_close(ours(x, CAUSAL), theirs(x, src_mask=~causal_mask(6)))


def test_decoder_block_equals_torch():
    ours = Block(ModelConfig(embedding_dim=16, num_heads=4, hidden_dim=32), cross=True).eval()
    theirs = nn.TransformerDecoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    copy_attention(ours.attention, theirs.self_attn)
    copy_attention(ours.cross_attention, theirs.multihead_attn)
    pairs = ((ours.attention_norm, theirs.norm1), (ours.cross_norm, theirs.norm2), (ours.mlp_norm, theirs.norm3))
    for own, other in (*pairs, (ours.mlp[0], theirs.linear1), (ours.mlp[2], theirs.linear2)):
        own.load_state_dict(other.state_dict())
    x, memory = torch.randn(2, 6, 16), torch.randn(2, 9, 16)
    mask = torch.rand(2, 9) > 0.3
    expected = theirs(x, memory, tgt_mask=~causal_mask(6), memory_key_padding_mask=~mask)
    torch.testing.assert_close(ours(x, CAUSAL, context=memory, context_mask=mask[:, None, None]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_future_token_changes_no_past_prediction(kind):
    model = small(**KINDS[kind])
    inputs = random_inputs(model)
    before = model(inputs).log_probs
    inputs.target = inputs.target.clone()
    inputs.target[:, 4] = 120
    after = model(inputs).log_probs
    torch.testing.assert_close(after[:, :4], before[:, :4], rtol=0, atol=0)
    assert (after[:, 4:] - before[:, 4:]).abs().max() > 1e-3


def test_a_causal_prompt_does_not_look_ahead_and_the_other_does():
    for reading, alike in (("causal", True), ("both", False)):
        model = small(copy_from="none", prompt_attention=reading)
        inputs = random_inputs(model, prompts=(9, 9))
        with looking(model) as first:
            model(inputs)
        inputs.prompt = inputs.prompt.clone()
        inputs.prompt[:, 8] = 120
        with looking(model) as second:
            model(inputs)
        # The second block's weights over the first 8 prompt positions depend on what these positions have seen.
        assert torch.equal(first.decoder[1][:, :, :8, :8], second.decoder[1][:, :, :8, :8]) == alike


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind):
    model = small(**KINDS[kind])
    inputs = random_inputs(model)
    together = model(inputs).log_probs
    for row in range(2):
        torch.testing.assert_close(together[row : row + 1], model(row_of(inputs, row)).log_probs, rtol=1e-4, atol=1e-5)
    if inputs.source is not None:
        inputs.source = inputs.source.masked_fill(~inputs.source_mask, 120)
    inputs.prompt = inputs.prompt.masked_fill(~inputs.prompt_mask, 120)
    torch.testing.assert_close(model(inputs).log_probs, together, rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_padding_give_no_nan(kind):
    model = small(**KINDS[kind])
    inputs = random_inputs(model)
    inputs.prompt_mask[1] = False
    if inputs.source is not None:
        inputs.source_mask[1] = False
    out = model(inputs)
    assert torch.isfinite(out.log_probs).all()
    out.log_probs.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("kind", KINDS)
def test_cached_equals_uncached(kind):
    model = small(**KINDS[kind])
    inputs = random_inputs(model)
    whole = model(inputs)
    first = Inputs(**{**vars(inputs), "target": inputs.target[:, :1], "target_mask": inputs.target_mask[:, :1]})
    state, out = model.start(first)
    steps = [out]
    for token in inputs.target[:, 1:].unbind(1):
        steps.append(model.step(state, token))
    for name in ("log_probs", "copy_gate", "copy_weights"):
        pieces = torch.cat([getattr(step, name) for step in steps], dim=1)
        torch.testing.assert_close(pieces, getattr(whole, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_probabilities_and_looks_are_kept(kind):
    model = small(**KINDS[kind])
    inputs = random_inputs(model)
    with looking(model) as looks:
        out = model(inputs)
    torch.testing.assert_close(out.log_probs.exp().sum(-1), torch.ones(2, 7), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(out.log_probs, model(inputs).log_probs, rtol=1e-4, atol=1e-5)
    assert (len(looks.decoder), len(looks.encoder)) == (2, model.config.num_encoder_blocks)
    for weights in looks.decoder + looks.encoder + looks.cross:
        sums = weights.sum(-1)
        assert ((sums - 1).abs() < 1e-5).logical_or(sums == 0).all()


def test_match_lengths_against_a_plain_count():
    generator = torch.Generator().manual_seed(3)
    written = torch.randint(0, 3, (2, 9), generator=generator)
    source = torch.randint(0, 3, (2, 11), generator=generator)
    found = match_lengths(written, source)
    for b in range(2):
        for t in range(9):
            for j in range(11):
                k = 0
                while k < min(t + 1, j) and written[b, t - k] == source[b, j - 1 - k]:
                    k += 1
                assert found[b, t, j] == k


def test_the_first_loss_is_about_ln_v():
    torch.manual_seed(0)
    model = Transformer(ModelConfig(copy_from="none"))
    inputs = random_inputs(model)
    assert abs(-model(inputs).log_probs.mean().item() - torch.tensor(268.0).log().item()) < 0.15


def test_shapes_that_cannot_be_built_are_refused():
    for changes in ({"embedding_dim": 30}, {"activation_type": "tanh"}, {"copy_from": "source"}, {"num_heads": 0}):
        with pytest.raises(InputError):
            ModelConfig(**changes)
    with pytest.raises(InputError, match="reads at most 64"):
        model = small(copy_from="none")
        model(random_inputs(model, prompts=(60, 3)))


def test_the_three_modules_together_stay_small():
    models = [Transformer(read_config(task, "full").model) for task in ("ner", "summary", "response")]
    parameters = sum(model.num_parameters() for model in models)
    shipped = [CHECKPOINTS / f"{task}.safetensors" for task in ("ner", "summary", "response")]
    assert sum(load_model(path, "cpu")[0].num_parameters() for path in shipped) == parameters
    assert parameters <= 4_300_000 and sum(path.stat().st_size for path in shipped) <= 20e6
