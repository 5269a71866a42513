"""Every parameter of every notebook at its borders, beyond them, and with values that nobody meant: each one is refused
in a sentence by the notebook's first cells, or the notebook runs to its end with it.

    python tests/benchmarks/notebook_parameters.py                   # the first cells, in this process
    python tests/benchmarks/notebook_parameters.py --runs 3 00 11    # and whole runs, each with all parameters drawn
"""

import argparse
import io
import random
import re
import string
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import momem_lib.course.shared as shared
from momem_lib.project import DATA, InputError
from momem_lib.tools.headless import run_notebooks
from momem_lib.tools.notebooks import read_notebook, resolve_notebooks
from momem_lib.tools.parameters import convert, declared_parameters

NUMBERS = (
    -1, 0, 1, 2, 6, 2**31 - 1, 2**31, 2**63, 0.5, 1e-300, 1e300, float("nan"), float("inf"), True, None, "1", [1],
)  # fmt: skip
TEXTS = (
    "", " ", "hi", ".", "\n", "a\nb\tc", "\0", "\x1b[2J", "\x9b", "Ma\u200bry", "\u202eabc", "\u2028", "né 王 😀",
    "e\u0301", "'; DROP TABLE records;--", "{name} %s {0}", "</prompt><none>", "<script>alert(1)</script>", "Cher",
    "Jo Smith", "Where does Muchiri T'Challa live?", "Where does Jo Smith live?", "What is the weather?",
    "Where does Muchiri T'Challa live? Where does Kagwe live?", "Lives in", "summary", "none", "/", "no-such-file.csv",
    "x" * 401, "y" * 10_000, "Where does " + "王" * 120 + " live?", None, 7, 1.5, True, b"a", ["a"], str(DATA),
    str(DATA / "staff.csv"), str(DATA / "towns.csv"), str(DATA / "checkpoints" / "ner.safetensors"),
)  # fmt: skip
OUTCOMES = ("refused", "passed", "failed")
MOST = 40  # of a whole number that says how much is done in a whole run


def first_cells(path: Path) -> tuple[str, list[str]]:
    """The parameters cell of a notebook, and the code cells from there to the last that checks parameters."""
    cells = [cell for cell in read_notebook(path).cells if cell.cell_type == "code"]
    begin = next(n for n, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", []))
    end = max(n for n, cell in enumerate(cells[:12]) if re.search(r"check_parameters\(\s*globals\(\)", cell.source))
    return cells[begin].source, [cell.source for cell in cells[begin + 1 : end + 1]]


def begin_with(path: Path, changes: dict) -> dict:
    """Run the first cells with other parameters; what `check_parameters` was told is in the result, under ""."""
    given, cells = first_cells(path)
    space, allowed, check = {}, {}, shared.check_parameters

    def listen(space: dict, **more) -> None:
        allowed.update(more if "profile" in space else {})
        check(space, **more)

    exec(given, space)
    space.update(changes)
    shared.check_parameters = listen
    try:
        with redirect_stdout(io.StringIO()):
            for cell in cells:
                exec(cell, space)
    finally:
        shared.check_parameters = check
    return space | {"": allowed}


def values_for(default: object, allowed: object, draw: random.Random, more: int) -> list:
    """What a parameter is tried with: its borders, values around and beyond them, values of other types, drawn ones."""
    values = [default, *(NUMBERS if isinstance(default, int | float) else TEXTS)]
    if isinstance(allowed, tuple) and not isinstance(allowed[0], str):
        least, most = allowed
        values += [least - 1, least, least + 1, most - 1, most, most + 1]
        values += [draw.randint(least, most) if isinstance(least, int) else draw.uniform(least, most)
                   for _ in range(more)]  # fmt: skip
    elif isinstance(default, str):
        signs = string.printable + "éßñ王😀\u0301\u200d\u202e\x85\xa0"
        values += ["".join(draw.choices(signs, k=draw.randint(1, 60))) for _ in range(more)]
        values += [default[: draw.randint(0, len(default))] + draw.choice(signs) for _ in range(more)]
    if isinstance(allowed, list | tuple):  # of words
        values += [word for word in allowed if isinstance(word, str)][:more]
    return values


def accepts(path: Path, name: str, value: object, default: object) -> str | None:
    """The sentence that refuses a value of a parameter, None where it may pass; anything else is raised."""
    try:
        begin_with(path, {name: convert(name, value, default)})
    except InputError as error:
        return str(error)
    return None


def tried(path: Path, draw: random.Random, more: int) -> tuple[dict[str, Counter], dict[str, list], list[str]]:
    """The counts of each parameter, the values that pass, and what failed otherwise than by a sentence."""
    declared, rows, passed, failed = declared_parameters(path), {}, {}, []
    allowed = begin_with(path, {})[""] | {"profile": ("quick", "full"), "temperature": (0.0, shared.start.HOTTEST)}
    for name, default in declared.items():
        counts, passed[name] = Counter(), []
        for value in values_for(default, allowed.get(name), draw, more):
            try:
                refused = accepts(path, name, value, default)
            except Exception as error:
                counts["failed"] += 1
                failed.append(f"{path.stem}: {name} = {value!r:.80}: {type(error).__name__}: {error}")
                continue
            counts["refused" if refused else "passed"] += 1
            if not refused:
                passed[name].append(value)
        rows[name] = counts
    return rows, passed, failed


def line(what: str, counts: Counter) -> str:
    """A row of the table."""
    return f"{what:28}{sum(counts.values()):>8,}" + "".join(f"{counts[word]:>9,}" for word in OUTCOMES)


def drawn_run(path: Path, passed: dict[str, list], draw: random.Random) -> tuple[str, str]:
    """One whole run with a value drawn for every parameter, from those that pass; how much is done is kept small."""
    chosen = {name: draw.choice(values) for name, values in passed.items() if name not in ("profile", "device")}
    for name, default in declared_parameters(path).items():
        if type(default) is int and name != "seed":
            least = min(value for value in passed[name] if type(value) is int)
            chosen[name] = draw.choice([least, max(least, min(default, MOST))])
    with tempfile.TemporaryDirectory() as folder:
        (result,) = run_notebooks([path], chosen, profile="quick", out_dir=folder)
    return f"{path.stem[:2]}: {result.seconds:.0f} s, {result.error or 'ran to its end'}", f"   {chosen!r:.600}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="numbers (default: all)")
    parser.add_argument("--more", type=int, default=10, help="drawn values per parameter, besides the fixed ones")
    parser.add_argument("--runs", type=int, default=0, help="whole runs per notebook")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, total = random.Random(options.seed), Counter()
    print(f"{'notebook and parameter':28}{'values':>8}" + "".join(f"{word:>9}" for word in OUTCOMES))
    for path in resolve_notebooks(options.notebooks):
        rows, passed, failed = tried(path, draw, options.more)
        for name, counts in rows.items():
            print(line(f"{path.stem[:2]} {name}", counts))
            total.update(counts)
        print(*failed, sep="\n", end="\n" if failed else "", flush=True)
        for _ in range(options.runs):
            print(*drawn_run(path, passed, draw), sep="\n", flush=True)
    print(line("all", total))


if __name__ == "__main__":
    main()
