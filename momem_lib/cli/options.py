"""What the files of commands share: how a command is added, and what several options take."""

import argparse
from collections.abc import Callable

MODULES = ("ner", "summary", "response")
DEVICES = ("auto", "cpu", "cuda", "mps")


def add_command(parsers, name: str, action: Callable, text: str = "") -> argparse.ArgumentParser:
    """Add a command that runs an action, whose docstring describes it; text is its line in the list of commands."""
    parser = parsers.add_parser(name, help=text or action.__doc__, description=action.__doc__)
    parser.set_defaults(action=action)
    return parser


def seed(text: str) -> int:
    """A seed from the command line: what torch's generators take."""
    if 0 <= int(text) < 2**63:
        return int(text)
    raise ValueError(text)
