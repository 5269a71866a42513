"""The momem command: every part of the project from the command line."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from momem_lib.cli import asking, course, data, lm, people, training
from momem_lib.cli.options import Parser
from momem_lib.project import VERSION, InputError

# What would steer a terminal: control characters, but line ends and tabs, and changes of direction.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FULL = ("MemoryError", "allocate memory", "out of memory")  # what Python and PyTorch say of a full memory


class Harmless:
    """A stream on which what would steer a terminal is shown as its number, not sent: a model may write anything."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name: str):
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text; the backslash and number are those of JSON, so JSON stays what it was."""
        text = text.replace("\r", "")  # of a line's end
        return self.stream.write(STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def parser() -> argparse.ArgumentParser:
    """What reads the command line; the files of commands add their options, and the actions that take them."""
    reader = Parser(prog="momem", description="Modular Memory-augmented Models, built from scratch.")
    reader.add_argument("--version", action="version", version=VERSION)
    parsers = reader.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for commands in (asking, people, training, data, lm, course):
        commands.add(parsers)
    return reader


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did its work, 1 when a check or notebook failed, 2 for bad input, 130 for Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # names of every script, also where the terminal's encoding knows few
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        with redirect_stdout(Harmless(sys.stdout)):
            return options.action(options) or 0  # most return nothing
    except InputError as error:
        print(f"momem: {error}", file=Harmless(sys.stderr))
        return 130 if isinstance(error.__context__, KeyboardInterrupt) else 2  # a training that was stopped says so
    except BrokenPipeError:  # the reader of our output (head, say) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"momem: {error.strerror or error}{where}: check the path and the space on the disk", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("momem: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        if any(sign in said for sign in FULL):
            print("momem: too large for this machine's memory: lower batch_size or context_window", file=sys.stderr)
        elif "os error" in said:  # as safetensors reports a full disk
            print(f"momem: {error}: check the path and the space on the disk", file=sys.stderr)
        else:
            raise
        return 2
