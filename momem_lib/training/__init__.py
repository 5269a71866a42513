"""From rows to a checkpoint."""

from momem_lib.training.batches import TokenSet, batch_of, batch_stream, tokenize
from momem_lib.training.config import TrainConfig, in_bfloat16, read_config
from momem_lib.training.loop import fit
from momem_lib.training.trainer import Trainer, choice_loss, cross_entropy, module_loss
