"""A rule that deals names into splits, tried in a fresh process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence


def deal_in_new_process(rule: str, names: Sequence[str], hash_seed: int) -> list[str]:
    """Deal names out in a Python that was just started.

    Args:
        rule: Python that makes a split of `name`; it may use split_of.
        hash_seed: which numbers hash() gives in that process; Python draws one at each start.

    Example:
        >>> deal_in_new_process("split_of(name, 'entry')", ["Oslo", "Nairobi"], 1)
        ['train', 'train']
    """
    program = (
        "import json, sys\nfrom momem_lib.data.grammar import split_of\nnames = json.load(sys.stdin)\n"
        f"print(json.dumps([{rule} for name in names]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(names),
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
