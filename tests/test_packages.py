"""The packages: each imports only from those that it may know, and notebooks stay thin on top of them."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from momem_lib.project import NOTEBOOKS, ROOT

LIBRARY = ROOT / "momem_lib"
EVERYTHING = "data nn training system lm by_hand course tools cli"
MAY_USE = {  # the same ten rows as in CONTRIBUTING.md
    "momem_lib": "data nn system",
    "data": "",
    "nn": "data",
    "training": "data nn",
    "system": "data nn",
    "lm": "data nn training",
    "by_hand": "",
    "course": "data nn training system lm by_hand",
    "tools": "",
    "cli": "data nn training system lm by_hand course tools",
}
MOST_IMPORTS = 6  # statements from momem_lib in one notebook


def package_of(path: Path) -> str:
    """The package of a library file; "momem_lib" for the front door."""
    inside = path.relative_to(LIBRARY).parts
    return inside[0] if len(inside) > 1 else "momem_lib"


def is_package(module: str) -> bool:
    """Whether a dotted name is a package of the library, not a file."""
    return (ROOT / module.replace(".", "/") / "__init__.py").exists()


def imports_of(source: str) -> list[str]:
    """The modules that a text imports names from, as far as they are the library's; a file imported whole is named."""
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "momem_lib":
            files = [f"{node.module}.{alias.name}" for alias in node.names]
            files = [name for name in files if (ROOT / f"{name.replace('.', '/')}.py").exists()]
            modules += files if is_package(node.module) and len(files) == len(node.names) else [node.module]
    return modules


FILES = sorted(path for path in LIBRARY.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_package_imports_only_from_those_that_it_may_know_and_from_files(path):
    package = package_of(path)
    for module in imports_of(path.read_text(encoding="utf-8")):
        place = module.split(".")[1] if "." in module else "momem_lib"
        allowed = {"project", "settings", "momem_lib", package, *MAY_USE[package].split()}
        assert place in allowed, f"{path.name} ({package}) imports from {module}"
        assert path.name == "__init__.py" or not is_package(module), f"{path.name} imports from the package {module}"


def test_library_alone_needs_what_the_package_installs_and_data_no_torch():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = {Requirement(text).name for text in project["dependencies"]}
    for path in FILES:
        if package_of(path) in ("course", "tools"):  # what notebooks need comes with them
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        others = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"momem_lib"}
        assert others <= installed, path.name
        assert package_of(path) != "data" or "torch" not in others, path.name


def test_contributing_shows_the_same_rule():
    rows = re.findall(r"^\| `(\w+)/?` \|[^|]*\| ([^|]*) \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    shown = {name: set(re.findall(r"`(\w+)`", used)) for name, used in rows}
    assert shown == {package: set(used.split()) for package, used in MAY_USE.items()}


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_imports_once_at_its_top_and_from_packages(path):
    cells = [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    importing = [(number, imports_of("".join(cell["source"]))) for number, cell in enumerate(cells)]
    importing = [(number, modules) for number, modules in importing if modules]
    assert len(importing) == 1 and importing[0][0] <= 2, f"imports stand in the code cells {importing}"
    modules = importing[0][1]
    assert len(modules) <= MOST_IMPORTS, modules
    for module in modules:
        assert is_package(module), f"{module} is a file: import from its package"


RUNNING = {"eval", "exec", "compile", "os.system", "os.popen", "torch.load", "np.load"}  # what they read may be code
UNPICKLING = {"pickle", "marshal", "shelve", "dill", "joblib"}


def test_nothing_that_is_read_is_run_as_code():
    found = []
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                found += [(path.stem, name) for name in names & UNPICKLING]
            if isinstance(node, ast.Call):
                shell = any(word.arg == "shell" for word in node.keywords)
                found += [(path.stem, ast.unparse(node))] if ast.unparse(node.func) in RUNNING or shell else []
    own = "exec(source, space)"  # a part of the course with one of its mistakes in its own source
    assert [(where, what) for where, what in found if what != own] == []
