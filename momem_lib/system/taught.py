"""What answering needs to know of training: the words of its questions and the wordings of its answers.

`momem calibrate` writes them beside the checkpoints, so that nobody who asks waits until the grammar is parsed.
"""

from functools import cache

from momem_lib.project import CHECKPOINTS, InputError, parse_json, read_text

FILE = "taught.json"  # in a folder of checkpoints
KEYS = {"words", "wordings"}


@cache
def taught() -> dict[str, dict]:
    """The words, each with the number of texts that it stands in, and the wordings by field, English first.

    Raises:
        InputError: the file is missing or damaged.

    Example:
        >>> taught()["words"]["film"] > 0, taught()["wordings"]["location"][0]
        (True, '{name} lives in {value}.')
    """
    path = CHECKPOINTS / FILE
    known = parse_json(read_text(path, "the file of what was taught,"), f"the file {path}")
    if not isinstance(known, dict) or set(known) != KEYS or not all(isinstance(part, dict) for part in known.values()):
        raise InputError(f"the file {path} does not hold what was taught: get it again, or type  momem calibrate")
    return known
