"""What the files of commands share: how a command is added, helped and refused, and what several options take."""

import argparse
from collections.abc import Callable
from typing import NoReturn

MODULES = ("ner", "summary", "response")
DEVICES = ("auto", "cpu", "cuda", "mps")


class Help(argparse.HelpFormatter):
    """Help that tells the default of each option."""

    def _get_help_string(self, action: argparse.Action) -> str:
        silent = action.default in (None, [], argparse.SUPPRESS) or action.default is False or "default" in action.help
        return action.help if silent else f"{action.help} (default: %(default)s)"


class Parser(argparse.ArgumentParser):
    """A reader of the command line that refuses with a sentence, not with the whole usage."""

    def __init__(self, **options):
        super().__init__(**{"formatter_class": Help, **options})

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        self.exit(2, f"momem: {message}; see  {self.prog} --help\n")


def add_command(parsers, name: str, action: Callable, text: str = "", example: str = "") -> argparse.ArgumentParser:
    """Add a command that runs an action, whose docstring describes it.

    Args:
        text: its line in the list of commands. example: what may follow its name.
    """
    parser = parsers.add_parser(name, help=text or action.__doc__, description=action.__doc__)
    parser.epilog = f"example: {parser.prog} {example}".strip()
    parser.set_defaults(action=action)
    return parser


def seed(text: str) -> int:
    """A seed from the command line: what torch's generators take."""
    if 0 <= int(text) < 2**63:
        return int(text)
    raise ValueError(text)
