"""Make .venv and install everything that MoMeM needs into it; a second run sees that it stands and does nothing.

Usage:  python3 .ci/set_up.py            what notebooks and tests need
        python3 .ci/set_up.py browser    also what `make test-browser` needs: selenium, Chromium and its driver

`make` calls this before every target. An install that was interrupted is begun anew by the next run; a changed
pyproject.toml or requirements.lock is installed over the old one. No annotations and no recent syntax here: an old
Python must be able to read this file as far as the sentence that says it is too old.
"""

import collections
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
LOG = os.path.join(VENV, "momem-set-up.log")
TOLD = 20  # last lines of pip, shown where it fails
STAMP = os.path.join(VENV, "momem-set-up.txt")
LOCK = os.path.join(ROOT, "requirements.lock")
OLDEST = (3, 11)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5


def newer_python():
    """The path of another Python on this machine that is new enough, or None."""
    for minor in range(14, OLDEST[1] - 1, -1):
        path = shutil.which(f"python3.{minor}")
        # A version manager may leave a name on the path that does not run.
        if path and subprocess.call([path, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            return path
    return None


def check_python():
    """Go on with a Python that is new enough and can make virtual environments, or leave with a sentence."""
    if sys.version_info < OLDEST:
        other = newer_python()
        if other:
            sys.exit(subprocess.call([other, os.path.abspath(__file__), *sys.argv[1:]]))
        sys.exit(
            f"MoMeM needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and {sys.executable} is Python "
            f"{platform.python_version()}. Install a newer one (python.org, conda, or your system's packages), then "
            "type: make PYTHON=python3.12 ..."
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            f"This Python ({sys.executable}) cannot make virtual environments: its venv module is missing. On Debian "
            f"or Ubuntu type: sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )


def fingerprint():
    """Text that changes when the environment must be installed again: where it lies, its Python, what it holds."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "requirements.lock"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return f"{ROOT}\nPython {platform.python_version()}\n{digest.hexdigest()}\n"


def read_stamp():
    """The fingerprint of the last install that came to its end, or an empty text."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def write_stamp():
    """Record that the install came to its end."""
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(fingerprint())


def stands():
    """Whether the environment is complete and up to date."""
    return os.path.exists(PYTHON) and read_stamp() == fingerprint()


def pip(*arguments):
    """Run the environment's pip, its lines folded into one that changes, and all of them in LOG; True on success."""
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--constraint", LOCK, *arguments]
    last = collections.deque(maxlen=TOLD)
    with open(LOG, "a", encoding="utf-8") as log:
        run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in run.stdout:
            last.append(line.decode("utf-8", "replace").rstrip())
            log.write(last[-1] + "\n")
            fold(last[-1].strip())
    fold("")
    if run.wait() != 0:
        print("\n".join(last), flush=True)
    return run.returncode == 0


def fold(line):
    """Show a line in the place of the one before it, on a terminal; a log file would only grow."""
    if sys.stdout.isatty():
        print("\r\033[K" + line[: shutil.get_terminal_size().columns - 1], end="", flush=True)


def torch_pin():
    """The locked PyTorch, for example "torch==2.13.0"."""
    with open(LOCK, encoding="utf-8") as file:
        return next(line.strip() for line in file if line.startswith("torch=="))


def has_gpu():
    """Whether an NVIDIA GPU is at work here."""
    program = shutil.which("nvidia-smi")
    if not program:
        return False
    try:
        answer = subprocess.run([program, "-L"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and b"GPU" in answer.stdout


def cpu_index_answers():
    """Whether the index of CPU builds can be reached, asked once and for PROBE_SECONDS in all."""
    answers = []

    def ask():
        try:
            with urllib.request.urlopen(CPU_INDEX + "/torch/", timeout=PROBE_SECONDS) as reply:
                answers.append(reply.status)
        except (OSError, ValueError):
            pass

    # A thread: the time limit of a connection counts for each of the server's addresses anew.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return answers == [200]


def install_torch():
    """Install PyTorch: the CPU build, a tenth of the size, where no NVIDIA GPU is found and its index answers."""
    pin = torch_pin()
    if sys.platform == "linux" and not has_gpu():
        if cpu_index_answers():
            say("No NVIDIA GPU found: installing the CPU build of PyTorch.")
            # Its dependencies come with the rest: that index has only some versions of them.
            if pip("--no-deps", "--timeout", "20", "--retries", "2", "--index-url", CPU_INDEX, pin):
                return True
        say("The index of CPU builds cannot be used from here: installing PyTorch as pip finds it.")
    return pip(pin)


def quiet(*command):
    """Whether a command succeeds; what it prints is not shown."""
    return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT) == 0


def install_browser():
    """Add selenium, and where Chromium or its driver is missing, those from Debian's packages; or say what to type."""
    if not quiet(PYTHON, "-c", "import selenium") and not pip("--editable", ".[browser]"):
        sys.exit("selenium could not be installed: see pip's lines above, mend that, then type the command again.")
    find = (PYTHON, "-c", "from momem_lib.tools.checks import find_browser; find_browser()")
    if quiet(*find):
        return
    root = getattr(os, "geteuid", lambda: 1)() == 0
    apt = ["apt-get"] if root else ["sudo", "-n", "apt-get"]
    if shutil.which("apt-get") and (root or quiet("sudo", "-n", "true")):
        say("Installing Chromium and its driver: apt-get install chromium chromium-driver")
        subprocess.call([*apt, "update", "--quiet"])
        subprocess.call([*apt, "install", "--yes", "--no-install-recommends", "chromium", "chromium-driver"])
    if not quiet(*find):
        sys.exit(
            "The browser test needs Chromium and its driver. On Debian: sudo apt install chromium chromium-driver. "
            "Elsewhere install Chrome and the chromedriver of the same version, and put both on the PATH."
        )


def say(text):
    """Print a line at once, between the lines of pip."""
    print("[set-up] " + text, flush=True)


def prepare_venv():
    """Leave a virtual environment that is whole: the one that stands, or a new one."""
    old = read_stamp().splitlines()
    # No stamp: an install broke off, and pip would take its half-written packages for whole ones.
    if old[:2] == fingerprint().splitlines()[:2] and os.path.exists(PYTHON):
        os.remove(STAMP)
        return
    if os.path.lexists(VENV):
        say("Removing the unfinished or moved .venv.")
        shutil.rmtree(VENV)
    make_venv()


def make_venv():
    """Make an empty virtual environment with pip in it."""
    say(f"Making .venv with Python {platform.python_version()}.")
    if subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
        sys.exit(
            "The virtual environment could not be made: see the lines above, mend that, then type the command again."
        )


def wait_for_other_set_up():
    """Hold this file's lock until this process ends, so that two terminals do not install at the same time."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    file = open(__file__, encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def main(extra=None):
    """Check Python, then install what is not there yet; "browser" asks for what the browser test needs too."""
    check_python()
    set_up()
    if extra == "browser":
        install_browser()


def set_up():
    """Make the environment, or leave it alone when it stands."""
    if stands():
        return
    lock = wait_for_other_set_up()  # noqa: F841 (held until the end)
    if stands():
        return
    start = time.time()
    prepare_venv()
    say("Installing what MoMeM needs; pip's lines go to .venv/momem-set-up.log.")
    if not (install_torch() and pip("--editable", ".[notebooks,tests]")):
        sys.exit(
            "The install did not come to its end: see pip's lines above. Check the network connection, then type the "
            "command again; it begins where this left off."
        )
    write_stamp()
    say(f"Ready after {time.time() - start:.0f} s.")


if __name__ == "__main__":
    main(*sys.argv[1:2])
