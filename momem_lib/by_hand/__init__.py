"""The same Transformer in NumPy, every gradient derived by hand (notebook 04)."""

from momem_lib.by_hand.attention import (
    attend,
    attend_backward,
    causal_attention,
    causal_attention_backward,
    split_heads,
)
from momem_lib.by_hand.checks import (
    layer_errors,
    numerical_gradient,
    relative_error,
    twin_loss_and_gradients,
    twin_parameters,
)
from momem_lib.by_hand.layers import (
    cross_entropy,
    cross_entropy_backward,
    dropout,
    dropout_backward,
    embedding,
    embedding_backward,
    gelu,
    gelu_backward,
    layer_norm,
    layer_norm_backward,
    linear,
    linear_backward,
    softmax,
    softmax_backward,
)
from momem_lib.by_hand.optimizers import adam, clip, sgd, train, warmup_cosine
from momem_lib.by_hand.transformer import (
    HandConfig,
    block_backward,
    draw_batch,
    forward,
    loss_and_gradients,
    new_parameters,
)
