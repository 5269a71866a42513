"""The momem command."""
