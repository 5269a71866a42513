"""What pages and docstrings name: modules and files that are there, and pictures that are committed."""

import json
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from momem_lib.project import FIGURES, NOTEBOOKS, ROOT

PLACES = ("README.md", "CONTRIBUTING.md", "data", "momem_lib", "notebooks", "tests")
MADE = ("data/generated", "data/training", "data/testing")  # by commands, or put there by the reader
PLACEHOLDER = re.compile("TASK|LETTER|QUESTION")


def pages() -> list[Path]:
    """Every file of ours in which words stand: pages, notebooks, code with its docstrings, recorded results."""
    found = {path for place in PLACES for path in (ROOT / place, *(ROOT / place).rglob("*")) if path.is_file()}
    made = tuple(str(ROOT / name) for name in MADE)
    kept = [path for path in found if path.suffix in (".md", ".py", ".ipynb", ".json")]
    return sorted(path for path in kept if not str(path).startswith(made) and ".ipynb_checkpoints" not in path.parts)


def text_of(path: Path, *kinds: str) -> str:
    """The words of a page; of a notebook its cells of these kinds, and not what they printed."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] in kinds)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_and_files_that_a_page_names_are_there(path):
    text = text_of(path, "markdown", "code")
    for name in set(re.findall(r"(?<![\w./])momem_lib(?:\.\w+)+(?![\w{])", text)):
        assert pkgutil.resolve_name(name), name
    for name in set(re.findall(r"(?<![\w./])(?:momem_lib|tests|data|notebooks)/[\w./-]*\w(?![\w*{])", text)):
        there = (ROOT / name).exists() or (ROOT / "momem_lib" / f"{name}.py").exists()  # or a file of a package
        assert there or name.startswith(MADE) or PLACEHOLDER.search(name), name
    for name, what in re.findall(r"`(momem_lib/[\w/]+\.py)` \(([^)]+)\)", text):
        for word in re.findall(r"`(\w+)`", what):  # "`momem_lib/nn/module.py` (`Module`)"
            assert re.search(rf"^(?:def |class )?{word}\b", (ROOT / name).read_text(encoding="utf-8"), re.M), (
                name,
                word,
            )


def test_readme_names_what_a_notebook_uses_of_the_library():
    rows = re.findall(r"^\| \[(\d\d) .*\| ([^|]+) \|$", text_of(ROOT / "README.md"), re.MULTILINE)
    assert [number for number, _ in rows] == [path.name[:2] for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    for number, used in rows:
        for name in re.findall(r"`([\w/]+)`", used):
            place = ROOT / "momem_lib" / name
            assert place.is_dir() or place.with_suffix(".py").is_file(), f"notebook {number}: {name}"


def shown_pictures() -> set[str]:
    """The pictures of figures/ that README or the Markdown of a notebook shows."""
    texts = [text_of(path, "markdown") for path in (ROOT / "README.md", *NOTEBOOKS.glob("*.ipynb"))]
    return {name for text in texts for name in re.findall(r'[("](?:\.\./)?figures/(\w+\.png)[)"]', text)}


def test_pictures_that_pages_show_are_there():
    assert "pipeline.png" in shown_pictures()
    assert {name for name in shown_pictures() if not (FIGURES / name).is_file()} == set()


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no clone, or no git")
def test_only_pictures_that_a_page_shows_are_committed():
    command = ["git", "ls-files", "figures"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {Path(name).name for name in tracked} == shown_pictures()


def test_python_of_the_readme_runs(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL)
    exec(compile(program, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert "0+" in lines[0] and lines[-1] == "Jo Doe"
