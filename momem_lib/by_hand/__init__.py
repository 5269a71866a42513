"""The same Transformer in NumPy, every gradient derived by hand (notebook 04)."""

from momem_lib.by_hand.checks import relative_error, twin_loss_and_gradients, twin_parameters
from momem_lib.by_hand.layers import softmax
from momem_lib.by_hand.optimizers import adam
from momem_lib.by_hand.transformer import HandConfig, draw_batch, loss_and_gradients, new_parameters
