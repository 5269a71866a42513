"""MoMeM: Modular Memory-augmented Models, built from scratch.

Example:
    >>> from momem_lib import Person, Pipeline
"""

import os
from importlib import import_module

from momem_lib.project import (
    CHECKPOINTS,
    DATA,
    FIGURES,
    GENERATED,
    NOTEBOOKS,
    PROFILES,
    RESULTS,
    ROOT,
    RUNS,
    TEST_PEOPLE,
    InputError,
    read_text,
)

# PyTorch reads it when it is loaded: threads that wait for others sleep, and leave the core to a browser, say. Training
# with two threads beside eight other processes took 2.7 s a step in this way, and 18 s where they wait in a loop.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "Pipeline": "system.pipeline",
    "Answer": "system.answer",
    "Gates": "system.gates",
    "Memory": "system.memory",
    "Module": "nn.module",
    "Person": "data.records",
    "Record": "data.records",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: loading torch takes seconds that `momem --help` need not spend."""
    if name not in _HOMES:
        raise AttributeError(f"module 'momem_lib' has no attribute {name!r}")
    return getattr(import_module(f"momem_lib.{_HOMES[name]}"), name)
