"""The momem command."""

from momem_lib.cli.lm import MENU
