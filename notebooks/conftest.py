"""How pytest compares the notebooks: `momem test notebooks`, or by hand `pytest --nbval notebooks`."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Not compared between a committed notebook and its new run: warnings and pictures. Progress bars are
# widgets: a cell that shows one is tagged nbval-ignore-output.
NOT_COMPARED = ("stderr", "text/html", "application/javascript", "image/svg+xml")
OPTIONS = {
    "nbval_current_env": True,
    "nbval_cell_timeout": 600,  # seconds
    "nbval_sanitize_with": str(ROOT / "tests" / "nbval_sanitize.cfg"),
}


def pytest_configure(config):
    """Set nbval's options, and what the kernels find in their environment."""
    vars(config.option).update(OPTIONS)
    os.environ.setdefault("MOMEM_FIGURES", str(ROOT / "runs" / "figures"))  # the committed ones stay as they are


def pytest_collectstart(collector):
    """Tell nbval which outputs differ from run to run by nature."""
    if collector.__class__.__name__ == "IPyNbFile":
        collector.skip_compare += NOT_COMPARED
