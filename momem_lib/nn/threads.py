"""How many threads a small model reads with: chosen here, and nowhere else.

The threads of a team wait for each other several hundred times while a text is read. Where another program (a browser)
has one of the cores, each of these waits lasts until that program makes room, so that two threads are slower than one,
by far; and a model of a million weights gives a second thread little to do even where nobody else computes.
tests/benchmarks/answer_speed.py measures both: on two cores 190 milliseconds a question instead of 702 beside a busy
neighbour, 164 instead of 150 alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

READING = 1


@contextmanager
def threads(count: int | None = None) -> Iterator[None]:
    """Compute with so many threads inside (by default READING), and with as many as before afterwards.

    It is a decorator, too.

    Example:
        >>> before = torch.get_num_threads()
        >>> with threads(1):
        ...     torch.get_num_threads()
        1
        >>> torch.get_num_threads() == before
        True
    """
    before = torch.get_num_threads()
    torch.set_num_threads(READING if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
