"""The momem command."""

from momem_lib.cli.lm_commands import MENU
