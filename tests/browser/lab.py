"""JupyterLab as a person meets it: a server over a copy of the course, and a headless Chromium that reads its pages."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from momem_lib import FIGURES, NOTEBOOKS, ROOT
from momem_lib.tools import STABLE, find_browser

START_SECONDS = 120  # for the server, and for the first page
QUIET = {  # no question about news, no look for updates
    "@jupyterlab/apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """JupyterLab over a copy of notebooks and pictures, with settings of its own: nothing of the reader's changes."""

    def __init__(self, folder: Path, theme: str = "JupyterLab Light"):
        self.folder, self.token, self.port = folder, secrets.token_hex(16), free_port()
        self.log = folder / "server.log"
        ignore = shutil.ignore_patterns(".ipynb_checkpoints")
        for source in (NOTEBOOKS, FIGURES):
            shutil.copytree(source, folder / "course" / source.name, ignore=ignore)
        settings = QUIET | {"@jupyterlab/apputils-extension/themes": f'{{"theme": "{theme}"}}'}
        for name, text in settings.items():
            path = folder / "settings" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data"}
        places |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
        places |= {"IPYTHONDIR": "ipython", "MOMEM_FIGURES": "figures"}
        own = {name: str(self.folder / place) for name, place in places.items()}
        own["OMP_WAIT_POLICY"] = "PASSIVE"  # on a busy machine, threads that wait must leave the core to others
        python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        options = [f"--ServerApp.port={self.port}", f"--IdentityProvider.token={self.token}", "--no-browser"]
        options += [f"--ServerApp.root_dir={self.folder / 'course'}", "--ServerApp.port_retries=0", "--allow-root"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                env={**os.environ, **STABLE, **own, "PYTHONPATH": python_path},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self.answers, START_SECONDS, lambda: f"JupyterLab did not start:\n{self.last_words()}")
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()  # it ends its kernels itself
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def answers(self) -> bool:
        """Whether the server is there; an error when it has ended."""
        if self.process.poll() is not None:
            raise AssertionError(f"JupyterLab ended at once:\n{self.last_words()}")
        try:
            return bool(self._request("/api/status"))
        except OSError:
            return False

    def end_kernels(self) -> None:
        """Stop what the opened notebooks left running."""
        for kernel in json.loads(self._request("/api/kernels")):
            self._request(f"/api/kernels/{kernel['id']}", "DELETE")

    def _request(self, path: str, method: str = "GET") -> bytes:
        head = {"Authorization": f"token {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(self.address + path, headers=head, method=method)) as reply:
            return reply.read()

    def last_words(self) -> str:
        """The end of the server's log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def wait_for(found: Callable[[], object], seconds: float, what: str | Callable[[], str], pause: float = 0.05) -> object:
    """Ask until something is found, and give it back; an AssertionError in words when the time is over."""
    end = time.monotonic() + seconds
    while not (result := found()):
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:.0f} s: {what() if callable(what) else what}")
        time.sleep(pause)
    return result


def open_browser() -> webdriver.Chrome:
    """A headless Chromium that asks nobody outside this machine."""
    browser, driver = find_browser()
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("headless=new", "disable-dev-shm-usage", "disable-background-networking", "window-size=1400,1000"):
        options.add_argument(f"--{argument}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root, whom containers work as
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=driver))


class Reader:
    """Somebody at the browser: opens a notebook, runs it, drags, types, and reads what is there."""

    def __init__(self, browser: webdriver.Chrome, server: Server):
        self.browser, self.server = browser, server

    def open(self, name: str) -> None:
        """Open a notebook of the copy in JupyterLab, and wait until its kernel is ready."""
        address = f"{self.server.address}/lab/tree/notebooks/{name}.ipynb?token={self.server.token}&reset"
        self.browser.get(address)
        wait_for(self.idle, START_SECONDS, f"no kernel for {name}")
        wait_for(lambda: self.all(f"{PANEL} .jp-CodeCell"), START_SECONDS, f"no cell of {name} is shown")

    def idle(self) -> bool:
        """Whether there is a kernel that has nothing to do."""
        # The status bar, and not the circle beside the kernel's name: that one is empty before there is a kernel.
        return "| Idle" in "".join(map(self.words, self.all("#jp-main-statusbar")))

    def all(self, selector: str, within: WebElement | None = None) -> list[WebElement]:
        """The elements that a CSS selector names."""
        return (within or self.browser).find_elements(By.CSS_SELECTOR, selector)

    def run_all(self, seconds: float) -> None:
        """Menu Run, Run All Cells; wait until every cell has run; an AssertionError when one failed."""
        self.click_menu("Run", "Run All Cells")
        wait_for(lambda: "*" in "".join(self.prompts()), 30, "no cell began to run")
        wait_for(self._ran, seconds, lambda: f"cells still to run: {self.prompts()}", pause=0.5)

    def _ran(self) -> bool:
        assert not self.errors(), f"a cell failed:\n{self.errors()[0]}"
        # On a slow machine, cells that wait may not be on the page yet; the kernel knows of them.
        return self.idle() and not any("*" in prompt for prompt in self.prompts())

    def click_menu(self, menu: str, entry: str) -> None:
        """Choose an entry of the menu bar."""
        self.named(".lm-MenuBar-item", menu).click()
        self.named(".lm-Menu-item", entry).click()

    def named(self, selector: str, text: str) -> WebElement:
        """The element of a kind that has this text, once it is there."""

        def find():
            return [element for element in self.all(selector) if element.text.split("\n")[0] == text]

        return wait_for(find, 20, f"there is no {text!r}")[0]

    def prompts(self) -> list[str]:
        """What stands before each code cell: [1], [*] while it waits or runs, [ ] when it did not run."""
        find = f"return [...document.querySelectorAll('{PANEL} .jp-CodeCell .jp-InputPrompt')].map(e => e.textContent)"
        return self.browser.execute_script(find)

    def errors(self) -> list[str]:
        """The tracebacks on the page; JupyterLab marks them like warnings and progress bars."""
        marked = self.all(f"{PANEL} .jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
        return [text for element in marked if "Traceback (most recent call last)" in (text := self.words(element))]

    def alerts(self) -> list[str]:
        """The sentences by which widgets say that something is wrong."""
        return [self.words(element) for element in self.all(f"{PANEL} .jp-OutputArea [role=alert]")]

    def words(self, element: WebElement) -> str:
        """The text of an element, also of a part of the page that is not in sight."""
        return self.browser.execute_script("return arguments[0].textContent", element)

    def control(self, label: str, widget: int = 0) -> WebElement:
        """The control with this label, brought into sight; of the first widget that has one, or of a later one."""

        def find():
            return [
                control
                for control in self.all(f"{PANEL} .jp-OutputArea .widget-inline-hbox")
                if any(self.words(name) == label for name in self.all(".widget-label", control))
            ][widget:]

        control = wait_for(find, 20, f"no control is labelled {label!r}")[0]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", control)
        return control

    def card(self, control: WebElement) -> WebElement:
        """The widget's page fragment that belongs to a control: the last HTML of the same output."""
        (output,) = control.find_elements(By.XPATH, "ancestor::div[contains(@class, 'jp-OutputArea-child')][1]")
        return self.all(".widget-html-content", output)[-1]

    def shown(self, control: WebElement) -> str:
        """What the widget of a control shows: its page fragment with its markup, since a picture has no text."""
        return self.card(control).get_attribute("innerHTML")

    def drag(self, control: WebElement, share: float) -> float:
        """Drag a slider to a share (0 to 1) of its way with the mouse; the value that it then has."""
        (handle,) = self.all(".noUi-handle", control)
        (track,) = self.all(".noUi-base", control)
        start = handle.rect["x"] + handle.rect["width"] / 2
        way = track.rect["x"] + share * track.rect["width"] - start
        hand = ActionChains(self.browser, duration=60).click_and_hold(handle)
        for _ in range(4):  # in steps, as a hand does
            hand.move_by_offset(round(way / 4), 0)
        hand.release().perform()
        return self.value(control)

    def value(self, control: WebElement) -> float:
        """The value that a slider stands at."""
        return float(self.all(".noUi-handle", control)[0].get_attribute("aria-valuenow"))

    def type(self, control: WebElement, text: str) -> None:
        """Replace what stands in a text field, and press Enter."""
        (field,) = self.all("input, textarea", control)
        field.click()
        field.send_keys(Keys.CONTROL + "a" + Keys.NULL + text + Keys.ENTER)

    def choose(self, control: WebElement, place: int) -> None:
        """Choose an entry of a list, counted from 0."""
        Select(self.all("select", control)[0]).select_by_index(place)

    def picture(self, path: Path) -> Path:
        """Save what the window shows."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(path))
        return path
