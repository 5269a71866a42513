"""The Transformer, part by part, and a trained module at work."""

from momem_lib.nn.attention import CAUSAL, MultiHeadAttention, rotation
from momem_lib.nn.blocks import ModelConfig
from momem_lib.nn.checkpoints import hardware
from momem_lib.nn.copying import NEVER, CopyHead, match_lengths
from momem_lib.nn.fields import phase_after, record_mask, visible
from momem_lib.nn.generation import generate
from momem_lib.nn.module import Module
from momem_lib.nn.transformer import Transformer
