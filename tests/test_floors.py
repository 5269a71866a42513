"""The floors: each module imports only from modules on its own floor or below (CONTRIBUTING.md lists them)."""

import ast
import re

from momem_lib.project import ROOT


def floors() -> dict[str, int]:
    """Module name -> number of its floor, as the table in CONTRIBUTING.md has it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| Floor | Modules |") : text.index("One definition per concept.")]
    rows = [line for line in table.splitlines() if "`" in line and line.startswith("|")]
    return {name: number for number, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


def imports(path) -> set[str]:
    """The modules of our own that a file imports, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("momem_lib."):
            names.add(node.module.split(".")[1])
        if isinstance(node, ast.ImportFrom) and node.module == "momem_lib":
            names |= {alias.name for alias in node.names}
    return names


def test_every_module_stands_on_a_floor():
    modules = {path.stem for path in (ROOT / "momem_lib").glob("*.py")} - {"__init__"}
    assert modules == set(floors())


def test_no_import_points_upwards():
    floor = floors()
    for path in (ROOT / "momem_lib").glob("*.py"):
        if path.stem == "__init__":
            continue
        upwards = [name for name in imports(path) if floor.get(name, 0) > floor[path.stem]]
        assert not upwards, f"{path.name} imports {upwards}, which stand above it"


def test_no_circle():
    """Modules of one floor may use each other, but never in a circle."""
    edges = {path.stem: imports(path) for path in (ROOT / "momem_lib").glob("*.py") if path.stem != "__init__"}
    while edges:
        free = {name for name, needs in edges.items() if not needs & set(edges)}
        assert free, f"these import each other in a circle: {sorted(edges)}"
        edges = {name: needs for name, needs in edges.items() if name not in free}
