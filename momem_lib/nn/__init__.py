"""The Transformer, part by part, and a trained module at work."""

from momem_lib.nn.attention import (
    CAUSAL,
    KeyValueCache,
    MultiHeadAttention,
    attention,
    attention_by_hand,
    causal_mask,
    rotate,
    rotation,
)
from momem_lib.nn.blocks import Block, ModelConfig
from momem_lib.nn.checkpoints import hardware, load_model, model_card, pick_device, save_model
from momem_lib.nn.copying import NEVER, CopyHead, GenerateHead, match_lengths
from momem_lib.nn.fields import phase_after, record_mask, visible
from momem_lib.nn.generation import Sampling, generate
from momem_lib.nn.inputs import make_inputs, pad
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
