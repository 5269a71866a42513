"""The mini language model: byte-pair encoding, a corpus, training, writing."""
