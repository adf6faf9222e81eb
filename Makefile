# crm_lab: the few commands there are. `make report` and `make test` set everything up by themselves.
PYTHON      ?=
SUITE       ?= tour
REPORT_LANG ?= en
JOBS        ?= 2
BIN         := .venv/bin
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help setup report test lab check format generated pictures lock bench certify clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready  ## build the environment in .venv from requirements.lock

# Python: the one named with PYTHON=..., else the first of these that the locked packages are made for.
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
FITS    := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
INSTALL  = $(shell command -v uv >/dev/null && echo uv pip install --python $(BIN)/python || echo $(BIN)/python -m pip install --disable-pip-version-check)
# The locks are complete, so nothing is resolved: a package released tomorrow changes nothing here.
LOCKED   = --quiet --no-deps --require-hashes --only-binary :all:

.venv/.locked: requirements.lock
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
	  if $$python -c '$(FITS)' 2>/dev/null; then echo "Building the environment in .venv (once, about a minute) ..."; exec $$python -m venv --clear .venv; fi; done; \
	echo "crm_lab needs Python 3.11 to 3.14 with its venv module (Debian: apt-get install python3-venv), and $(or $(PYTHON),$(PYTHONS)) is none: name one, as in 'make setup PYTHON=python3.12'." >&2; exit 2
	@$(INSTALL) $(LOCKED) -r requirements.lock || { echo "The environment could not be built: the reason stands above. Without a network to a package index this step cannot run; see 'Without make' in README.md." >&2; exit 2; }
	@$(BIN)/python -m pip --disable-pip-version-check check >/dev/null || { $(BIN)/python -m pip check; echo "requirements.lock is not complete: run 'make lock'." >&2; exit 2; }
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m crm_lab.run.kernel_installation
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.ready
	@$(INSTALL) $(LOCKED) -r requirements-dev.lock
	@touch $@

report: setup  ## run the suite (SUITE=tour) into outputs/<suite>/latest/index.html, in REPORT_LANG=en|zh
	@$(BIN)/crm-lab run $(SUITE) --lang $(REPORT_LANG) --jobs $(JOBS)

test: .venv/.dev  ## all tests: units, doctests, notebooks against their committed outputs
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --cov --cov-report=term-missing:skip-covered -q

lab: setup  ## open JupyterLab on notebook 00
	@$(BIN)/crm-lab lab

check: .venv/.dev  ## everything quick: format, lint, types, imports, unit tests, doctests, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python .ci/generated.py --check
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -q -m "not slow"

format: .venv/.dev  ## apply the formatter and the safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generated: .venv/.dev  ## make the generated files again
	@$(BIN)/python .ci/generated.py

pictures: .venv/.dev  ## README's picture and the figures that guides quote, from a run; needs Chromium
	@$(BIN)/python .ci/pictures.py

lock:  ## resolve both lock files again, keeping versions (UPGRADE=1: the newest); needs uv
	@python3 .ci/lock.py $(if $(UPGRADE),--upgrade)

bench: .venv/.dev  ## speed as ratios to named peers, into outputs/bench.json
	@$(BIN)/python -m benchmarks

certify: .venv/.dev  ## long statistical certification, into outputs/certify.json
	@$(BIN)/python -m certification

clean:  ## remove outputs and built workspaces, keep the environment
	@rm -rf outputs/* data/.workspaces
