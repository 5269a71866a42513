"""How Module 2 chooses a field: a label is settled by one or two of its letters, and by whom they are written."""

import math
from collections.abc import Sequence
from itertools import pairwise

from momem_lib.data.records import LABELS

CHANCE = math.log(len(LABELS))  # nats per label, for whoever picks one of six blindly


def copying_chances(label: str, labels: Sequence[str] = tuple(LABELS.values())) -> list[float]:
    """The chance of each letter of a label, copied from all labels that still fit by somebody who reads no question.

    Example:
        >>> chances = copying_chances("Favourite movie")
        >>> chances[0], chances[1], chances[11]  # F of six labels, two of which begin so; then o or u
        (0.3333333333333333, 1.0, 0.5)
    """
    fitting = [[x for x in labels if x[:place] == label[:place]] for place in range(len(label) + 1)]
    return [len(after) / len(before) for before, after in pairwise(fitting)]
