"""The wheel: built from the tree and installed into another environment, it answers without the clone (20 seconds)."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from momem_lib.project import ROOT

LEFT_OUT = ("notebooks", "tests", "figures", "runs", "html", "build", "generated", "__pycache__", ".*", "*.egg-info")


def run(*command, cwd: Path) -> subprocess.CompletedProcess:
    """Run a command that knows nothing of this clone."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = list(map(str, command))
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The momem command of an environment that holds the wheel, and borrows all other packages from this one."""
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*LEFT_OUT))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    offline = ("--no-deps", "--no-index")
    built = run(*pip, "wheel", *offline, "--no-build-isolation", "-w", folder, folder / "tree", cwd=folder)
    assert built.returncode == 0, built.stderr
    run(sys.executable, "-m", "venv", "--without-pip", folder / "other", cwd=folder)
    scripts = folder / "other" / ("Scripts" if os.name == "nt" else "bin")
    there = run(scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    Path(there.stdout.strip(), "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (wheel,) = folder.glob("*.whl")
    done = run(*pip, "--python", scripts / "python", "install", *offline, wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return scripts / "momem"


def test_it_answers_from_another_directory(installed, tmp_path):
    done = run(installed, "ask", "Where does Muchiri T'Challa live?", cwd=tmp_path)
    assert done.returncode == 0 and "Wakanda" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_it_makes_lies_below_the_working_directory(installed, tmp_path):
    done = run(installed, "data", "vocabulary", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "data" / "generated" / "default" / "vocabulary.json").is_file()


def test_checks_that_need_a_clone_say_so(installed, tmp_path):
    done = run(installed, "test", cwd=tmp_path)
    assert done.returncode == 2 and "type  momem test  in a clone of the repo" in done.stderr
