"""Notebooks as files: run headless, normalised, checked, made into web pages."""

from momem_lib.tools.checks import STABLE, find_browser
from momem_lib.tools.notebooks import find_notebooks
