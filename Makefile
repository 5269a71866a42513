# Each target sets itself up: .venv is made and filled by the first one, and found ready by the next.
# Everything here is also a momem command (momem run, momem test, ...), for machines without make.

PYTHON ?= python3
MOMEM := .venv/bin/momem
# Options for momem run and momem lab: make run ARGS="01 --profile full", make lab ARGS="--fresh 03"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test test-browser lab html format normalise clean

help: ## show this list
	@echo "MoMeM: type make and one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

setup: ## make .venv and install everything into it (the others do this first)
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "No $(PYTHON) here: install Python 3.11 or newer, or type: make PYTHON=/path/to/python ..." >&2; exit 1; }
	@$(PYTHON) .ci/set_up.py

run: setup ## answer three questions, then run all notebooks into runs/
	@$(MOMEM) demo
	@$(MOMEM) run $(ARGS)

test: setup ## run every check: style, library, notebooks
	@$(MOMEM) test

test-browser: setup ## run notebooks in a headless Chromium (installs it on Debian, or says what is missing)
	@$(PYTHON) .ci/set_up.py browser
	@$(MOMEM) test browser

lab: setup ## open your own copies of the notebooks in JupyterLab, at 00
	@$(MOMEM) lab $(ARGS)

html: setup ## write the notebooks as web pages into html/
	@$(MOMEM) html

format: setup ## bring code and notebooks into the common style
	@$(MOMEM) format

normalise: setup ## make notebooks ready to commit (stable ids, no timings)
	@$(MOMEM) normalise

clean: ## remove what runs and tests left behind (the .venv stays)
	@rm -rf runs html .pytest_cache .ruff_cache .hypothesis build momem.egg-info
	@find momem_lib tests notebooks .ci -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find . -name .ipynb_checkpoints -prune -exec rm -rf {} + 2>/dev/null || true
