"""The same Transformer in NumPy, every gradient derived by hand (notebook 04)."""

from momem_lib.by_hand.attention import (
    attend,
    attend_backward,
    causal_attention,
    causal_attention_backward,
    split_heads,
)
from momem_lib.by_hand.checks import code_of, layer_errors, numerical_gradient, relative_error
from momem_lib.by_hand.layers import (
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
)
from momem_lib.by_hand.loss import cross_entropy, cross_entropy_backward, softmax, softmax_backward
from momem_lib.by_hand.optimizers import SGD, Adam, AdamW, Momentum, clip_gradients, step_decay, warmup_cosine
from momem_lib.by_hand.transformer import (
    HandConfig,
    block_backward,
    draw_batch,
    loss_and_gradients,
    new_parameters,
    write,
)
from momem_lib.by_hand.twin import twin_loss, twin_loss_and_gradients, twin_parameters
