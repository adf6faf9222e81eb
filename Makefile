# crm_lab: the few commands there are. `make report` and `make test` set everything up by themselves.
PYTHON      ?= python3
SUITE       ?= tour
REPORT_LANG ?= en
JOBS        ?= 2
BIN         := .venv/bin
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help setup report test lab check format generated lock bench certify clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready  ## build the environment in .venv from requirements.lock

.venv/.locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "crm_lab needs Python 3.11 or newer, and '$(PYTHON)' is not: name one with 'make setup PYTHON=python3.12'." >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module: install it (Debian: 'apt-get install python3-venv') and run make again." >&2; exit 2; }
	@echo "Building the environment in .venv (once, about two minutes) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || { echo "The environment could not be built: pip said why above. Without a network to a package index this step cannot run; see 'Without make' in README.md." >&2; exit 2; }
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

report: setup  ## run the suite (SUITE=tour) into outputs/<suite>/latest/index.html, in REPORT_LANG=en|zh
	@$(BIN)/crm-lab run $(SUITE) --lang $(REPORT_LANG) --jobs $(JOBS)

test: setup  ## all tests: units, doctests, notebooks against their committed outputs
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --cov --cov-report=term-missing:skip-covered -q

lab: setup  ## open JupyterLab on notebook 00
	@$(BIN)/crm-lab lab

check: setup  ## everything quick: format, lint, types, imports, unit tests, doctests, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/generated.py --check
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q -m "not slow"

format: setup  ## apply the formatter and the safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generated: setup  ## make the generated files again
	@$(BIN)/python .ci/generated.py

lock: setup  ## resolve requirements.lock again (hashes, no addresses; needs uv)
	@uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 --extra dev pyproject.toml -o requirements.lock

bench: setup  ## speed as ratios to named peers, into outputs/bench.json
	@$(BIN)/python -m benchmarks

certify: setup  ## long statistical certification, into outputs/certify.json
	@$(BIN)/python -m certification

clean:  ## remove outputs and built workspaces, keep the environment
	@rm -rf outputs/* data/.workspaces
