"""The packages: each imports only from those that it may know."""

import ast

from momem_lib.project import ROOT

MAY_USE = {
    "data": "",
    "nn": "data",
    "training": "data nn",
    "lm": "data nn training",
    "system": "data nn",
    "by_hand": "",
    "tools": "",
    "course": "data nn training lm system by_hand tools course",
    "cli": "data nn training lm system course tools",
}


def test_no_package_imports_from_one_that_it_may_not_know():
    for path in (ROOT / "momem_lib").rglob("*.py"):
        package = path.relative_to(ROOT / "momem_lib").parts[0]
        if package not in MAY_USE:
            continue  # __init__ and project
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("momem_lib."):
                other = node.module.split(".")[1]
                allowed = {"project", package, *MAY_USE[package].split()}
                assert other in allowed, f"{path.name} ({package}) imports from {node.module}"
