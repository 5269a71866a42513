"""Set-up: the files that say what MoMeM needs agree; .ci/set_up.py begins, repairs, and leaves alone what stands."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from momem_lib.project import ROOT, InputError
from momem_lib.tools import checks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = {
    re.sub(r"[-_.]+", "-", line.split("==")[0]).lower(): line.split("==")[1]
    for line in LOCK.splitlines()
    if line and not line.startswith("#")
}


def declared():
    """Every requirement of pyproject.toml, extras included."""
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(text) for group in (PROJECT["dependencies"], *extras) for text in group]


def test_conda_brings_the_python_that_pyproject_asks_for():
    (python,) = [entry for entry in CONDA["dependencies"] if isinstance(entry, str) and entry.startswith("python")]
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(PROJECT["requires-python"])


def test_hosted_runs_and_containers_set_up_as_make_does_from_the_oldest_python_on():
    """The workflow and the dev container call what make calls, on no Python that pyproject refuses."""
    job = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))["jobs"]["tests"]
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    pythons = job["strategy"]["matrix"]["python"]
    asked = SpecifierSet(
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    )
    assert all(Version(python) in asked for python in pythons)
    assert min(map(Version, pythons)) == min(Version(spec.version) for spec in asked)
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands[0] == container["postCreateCommand"] == "python .ci/set_up.py" and commands[1].endswith("test")


def test_conda_leaves_all_versions_to_pyproject():
    plain = [entry for entry in CONDA["dependencies"] if isinstance(entry, str) and not entry.startswith("python")]
    (packages,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert plain == ["pip"]
    assert packages == ["-e .[notebooks,tests]"]


def test_conda_and_make_install_extras_that_exist():
    usual = set(PROJECT["optional-dependencies"]) - {"browser"}  # that one is added by make test-browser
    for name, others in (("environment.yml", set()), (".ci/set_up.py", {"browser"})):
        groups = set(re.findall(r"\.\[([\w,]+)\]", (ROOT / name).read_text(encoding="utf-8"))) - others
        assert [set(extras.split(",")) for extras in groups] == [usual]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_each_requirement_is_locked_within_its_bounds(requirement):
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    assert Version(LOCKED[name]) in requirement.specifier


def test_lock_holds_exact_versions_that_fit_every_machine():
    for line in LOCK.splitlines():
        assert line.startswith("#") or re.fullmatch(r"[\w.-]+==[\w.]+", line), line  # no "+cpu", no path, no address


@pytest.fixture
def set_up(tmp_path, monkeypatch):
    """The set-up script as a module that believes to lie in an empty project."""
    (tmp_path / ".ci").mkdir()
    for name in (".ci/set_up.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    spec = importlib.util.spec_from_file_location("set_up", tmp_path / ".ci" / "set_up.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "cpu_index_answers", lambda: False)
    monkeypatch.setattr(module, "has_gpu", lambda: False)
    return module


@pytest.fixture
def installs(set_up, monkeypatch):
    """The arguments of each pip call; neither pip nor venv is run. Set installs.works to False to let pip fail."""

    class Calls(list):
        works = True

        def pip(self, *arguments):
            self.append(arguments)
            return self.works if not callable(self.works) else self.works(arguments)

    def make_venv():
        Path(set_up.PYTHON).parent.mkdir(parents=True)
        Path(set_up.PYTHON).touch()

    calls = Calls()
    monkeypatch.setattr(set_up, "make_venv", make_venv)
    monkeypatch.setattr(set_up, "pip", calls.pip)
    return calls


def test_first_run_installs_and_second_run_does_nothing(set_up, installs):
    set_up.main()
    assert [call[-1] for call in installs] == ["torch==2.13.0", ".[notebooks,tests]"]
    assert Path(set_up.PYTHON).exists()
    set_up.main()
    assert len(installs) == 2


def test_new_environment_has_a_pip_of_its_own(set_up):
    set_up.make_venv()
    result = subprocess.run([set_up.PYTHON, "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert set_up.VENV in result.stdout


def test_lines_of_pip_go_to_a_file_and_are_shown_where_it_fails(set_up, capfd):
    set_up.make_venv()
    capfd.readouterr()
    assert set_up.pip("pip")  # is there already
    assert "already satisfied" in Path(set_up.LOG).read_text(encoding="utf-8") and capfd.readouterr().out == ""
    assert not set_up.pip("--no-index", "momem-needs-no-such-package")
    assert "no-such-package" in capfd.readouterr().out


def test_interrupted_install_is_begun_anew(set_up, installs):
    installs.works = False
    with pytest.raises(SystemExit, match="type the command again"):
        set_up.main()
    half_written = Path(set_up.VENV, "half-written")
    half_written.touch()
    installs.works = True
    set_up.main()
    assert not half_written.exists()
    assert set_up.stands()


def test_changed_lock_is_installed_over_the_old_one(set_up, installs):
    set_up.main()
    kept = Path(set_up.VENV, "kept")
    kept.touch()
    with open(set_up.LOCK, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    set_up.main()
    assert len(installs) == 4 and kept.exists() and set_up.stands()


def test_update_that_breaks_off_is_not_taken_for_finished(set_up, installs):
    set_up.main()
    with open(set_up.LOCK, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    installs.works = False
    with pytest.raises(SystemExit):
        set_up.main()
    assert not set_up.stands() and set_up.read_stamp() == ""


def test_moved_project_gets_a_new_environment(set_up, installs):
    set_up.main()
    Path(set_up.STAMP).write_text("somewhere else\n", encoding="utf-8")
    set_up.main()
    assert len(installs) == 4 and set_up.stands()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere pip's own choice is the CPU build")
def test_cpu_build_is_tried_first_and_pip_decides_when_it_fails(set_up, installs, monkeypatch):
    monkeypatch.setattr(set_up, "cpu_index_answers", lambda: True)
    assert set_up.install_torch()
    assert set_up.CPU_INDEX in installs[0]
    installs.clear()
    installs.works = lambda arguments: set_up.CPU_INDEX not in arguments
    assert set_up.install_torch()
    assert installs[-1] == ("torch==2.13.0",)


def test_gpu_machine_gets_what_pip_finds(set_up, installs, monkeypatch):
    monkeypatch.setattr(set_up, "has_gpu", lambda: True)
    monkeypatch.setattr(set_up, "cpu_index_answers", lambda: pytest.fail("asked the index of CPU builds"))
    assert set_up.install_torch()
    assert installs == [("torch==2.13.0",)]


def test_old_python_is_told_what_to_do(set_up, monkeypatch):
    monkeypatch.setattr(set_up.sys, "version_info", (3, 8, 10))
    monkeypatch.setattr(set_up, "newer_python", lambda: None)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer"):
        set_up.check_python()


def test_browser_is_installed_where_that_is_allowed_and_otherwise_named(set_up, installs, monkeypatch):
    called = []
    monkeypatch.setattr(set_up.subprocess, "call", called.append)
    monkeypatch.setattr(set_up, "quiet", lambda *command: "selenium" in command[-1])
    monkeypatch.setattr(set_up.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="sudo apt install chromium chromium-driver"):
        set_up.install_browser()
    assert called == installs == []
    monkeypatch.setattr(set_up.shutil, "which", lambda name: name)
    monkeypatch.setattr(set_up.os, "geteuid", lambda: 0, raising=False)
    with pytest.raises(SystemExit):
        set_up.install_browser()
    assert called[-1][-2:] == ["chromium", "chromium-driver"]
    monkeypatch.setattr(set_up, "quiet", lambda *command: "find_browser" in command[-1])
    set_up.install_browser()
    assert installs == [("--editable", ".[browser]")] and len(called) == 2


def test_browser_check_runs_only_when_it_is_named_and_says_what_is_missing(monkeypatch):
    assert set(checks.EXTRA).isdisjoint(checks.STEPS)
    monkeypatch.setattr(checks.shutil, "which", lambda name: f"/bin/{name}" if name == "chromium" else None)
    with pytest.raises(InputError, match=r"needs chromedriver, .* sudo apt install chromium chromium-driver"):
        checks.find_browser()


def test_missing_venv_module_is_told_what_to_do(set_up, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"sudo apt install python3\.\d+-venv"):
        set_up.check_python()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_without_python_says_what_is_missing():
    result = subprocess.run(
        ["make", "setup", "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0 and "install Python 3.11 or newer" in result.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_make_alone_lists_the_targets():
    result = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("run", "test", "test-browser", "lab", "html", "format", "normalise", "clean"):
        assert re.search(rf"^  {target} ", result.stdout, re.MULTILINE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_ci_command_can_be_executed():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
