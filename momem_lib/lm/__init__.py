"""The mini language model: byte-pair encoding, a corpus, training, writing."""

from momem_lib.lm.bpe import BPETokenizer
from momem_lib.lm.bpe_training import tie_order, train_fast, train_naive
from momem_lib.lm.chunks import count_chunks, split_chunks
from momem_lib.lm.config import LMConfig, plan
from momem_lib.lm.corpus import check_files, find_files, make_tokenizer, offline_text, split_tokens, write_tokens
from momem_lib.lm.model import LanguageModel
from momem_lib.lm.reading import scores
from momem_lib.lm.runs import files_for, steps_in, train_files
from momem_lib.lm.training import batches, train, window_loss, windows
from momem_lib.settings import change
