"""momem remember and forget: what a memory file knows."""

import argparse
from pathlib import Path

from momem_lib.cli.options import add_command
from momem_lib.project import InputError

TABLE = "JSON lines, CSV or TSV in UTF-8, with a column name (or fname and lname); every other column is a fact"
IN_RAM = ":memory:"


def add(parsers) -> None:
    """Add the two commands and their options."""
    example = "data/staff.csv --memory memory.sqlite"
    parser = add_command(parsers, "remember", remember, "put a table into a memory file", example)
    parser.add_argument("people", type=Path, metavar="FILE", help=TABLE)
    memory_option(parser, "made if missing", required=True)
    example = "'Ana Ruiz' --memory memory.sqlite"
    parser = add_command(parsers, "forget", forget, "take a name out of a memory file", example)
    parser.add_argument("name", metavar="NAME", help="as it stands in the table; upper or lower case does not matter")
    memory_option(parser, "there already", required=True)


def memory_option(parser, state: str, **more) -> None:
    """The option that names a memory file."""
    parser.add_argument("--memory", metavar="FILE.sqlite", help=f"a SQLite file that keeps records, {state}", **more)


def existing(memory: str) -> str:
    """The path of a memory file, if there is one: a mistyped path shall not become a new, empty memory."""
    if not Path(memory).exists():
        make = f"momem remember FILE --memory {memory}"
        raise InputError(f"the memory {memory} does not exist: check the path, or make it:  {make}")
    return memory


def remember(options: argparse.Namespace) -> None:
    """Put the records of a table into a memory file, in the place of what it knew under their names."""
    from momem_lib.data.people import read_people
    from momem_lib.system.memory import Memory

    records = read_people(options.people)
    if options.memory == IN_RAM:
        raise InputError(f"--memory {IN_RAM} is gone when the command ends: give a file, memory.sqlite for instance")
    with Memory(options.memory) as memory:
        memory.remember(records, replacing=True)
        labels = list(dict.fromkeys(label for record in records for label in record.labels))
        print(f"{len(records):,} of {options.people} remembered; {options.memory} knows {len(memory):,} now.")
    print(f"Ask about: {', '.join(labels)}." if labels else "It has names alone, and nothing to ask about.")


def forget(options: argparse.Namespace) -> None:
    """Forget all records of one name."""
    from momem_lib.system.memory import Memory

    with Memory(existing(options.memory)) as memory:
        found = memory.look_up(options.name)
        if not memory.forget(options.name):
            raise InputError(found.reason)
        gone = ", ".join(name for name, _ in found.candidates)
        print(f"forgotten: {gone}; {options.memory} knows {len(memory):,} now.")
