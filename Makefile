# crm_lab: the few commands there are. `make report` and `make test` set everything up by themselves.
PYTHON      ?=
SUITE       ?= tour
REPORT_LANG ?= en
JOBS        ?= 2
WORKERS     ?= 3
BIN         := .venv/bin
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help setup report test coverage lab check format generated pictures lock dist docs bench certify clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.ready  ## build the environment in .venv from requirements.lock

# the interpreters that are tried, unless PYTHON names one; each is run, since a shim may stand for nothing
PYTHONS = $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python3.14)
LOCKED  = install --quiet --no-deps --require-hashes --only-binary :all:
PIP     = $(BIN)/python -m pip --disable-pip-version-check
UV     ?= $(shell command -v uv 2>/dev/null)

# install a lock as it stands, nothing resolved: with uv where it is there and can, else with pip
locked = $(if $(UV),$(UV) pip $(LOCKED) --python $(BIN)/python -r $(1) 2>/dev/null ||) $(PIP) $(LOCKED) -r $(1) || { echo "The environment could not be built: pip said why above. Without a network to a package index this step cannot run; see 'Without make' in README.md." >&2; exit 2; }
checked = missing=$$($(PIP) check) || { echo "$$missing" >&2; echo "The packages in .venv do not fit together, as above: $(1) is incomplete, 'make lock' makes it again." >&2; exit 2; }

.venv/.locked: requirements.lock
	@for python in $(PYTHONS); do "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && break; python=; done; \
	[ "$$python" ] || { echo "crm_lab needs Python 3.11 to 3.14, and '$(PYTHONS)' is not: name one with 'make setup PYTHON=python3.12'." >&2; exit 2; }; \
	"$$python" -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module: install it (Debian: 'apt-get install python3-venv') and run make again." >&2; exit 2; }; \
	echo "Building the environment in .venv (once, about a minute) ..."; \
	"$$python" -m venv --clear .venv
	@$(call locked,requirements.lock)
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m crm_lab.run.execution.kernel_installation
	@$(call checked,requirements.lock)
	@echo "$(CURDIR)" > $@

# in a folder that was moved or copied, the environment names the old place: say the new one
ifneq ($(wildcard .venv/.ready),)
ifneq ($(shell cat .venv/.ready),$(CURDIR))
.PHONY: .venv/.ready
endif
endif

.venv/.dev: .venv/.ready requirements-dev.lock
	@$(call locked,requirements-dev.lock)
	@$(call checked,requirements-dev.lock)
	@touch $@

report: setup  ## run the suite (SUITE=tour) into outputs/<suite>/latest/index.html, in REPORT_LANG=en|zh
	@$(BIN)/crm-lab run $(SUITE) --lang $(REPORT_LANG) --jobs $(JOBS)

test: .venv/.dev  ## all tests: units, doctests, notebooks against their committed outputs
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q

coverage: .venv/.dev  ## all tests, and which lines of the package none of them runs
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term-missing:skip-covered -q

lab: setup  ## open JupyterLab on notebook 00
	@$(BIN)/crm-lab lab

check: .venv/.dev  ## everything quick: format, lint, types, imports, unit tests, doctests, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/python $(BIN)/lint-imports
	@$(BIN)/python .ci/generated.py --check
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -q -m "not slow"

format: .venv/.dev  ## apply the formatter and the safe fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

generated: setup  ## make the generated files again
	@$(BIN)/python .ci/generated.py

pictures: .venv/.dev  ## README's picture and the figures that guides quote, from a run; needs Chromium
	@$(BIN)/python .ci/pictures.py

lock:  ## resolve both locks again, versions kept (UPGRADE=1: the newest); needs uv
	@command -v uv >/dev/null || { echo "'make lock' needs uv: install it with 'pip install uv' and run it again." >&2; exit 2; }
	@uv run --quiet --no-project --python '>=3.11' .ci/lock.py $(if $(UPGRADE),--upgrade)

dist: setup  ## wheel and source archive in dist/, tried in an environment without a checkout
	@$(BIN)/python .ci/dist.py

docs: .venv/.dev  ## guides, executed notebooks and reference as a static site, into outputs/site/index.html
	@$(BIN)/python .ci/documentation.py

bench: .venv/.dev  ## speed as ratios to named peers, into outputs/bench.json
	@$(BIN)/python -m benchmarks

certify: .venv/.dev  ## long statistical certification, into outputs/certify.json
	@$(BIN)/python -m certification

clean:  ## remove outputs and built workspaces, keep the environment
	@rm -rf outputs/* data/.workspaces dist
