# One command per chore, for people and for CI alike. `make` lists them.
#
#   PYTHON        the interpreter that makes the virtual environment (3.11 or newer)
#   TORCH_INDEX   package index to take torch and torchvision from, e.g. the CPU builds: see README.md
#   PIP_OPTIONS   further options of pip install
#   IMAGE         what `make demo` reads; a simulated chest film by default
#   FUZZ_SECONDS  how long `make fuzz` takes
#   FINDINGS      further options of `radz predict` in the demo, e.g. '--finding pneumonia'

PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX ?=
PIP_OPTIONS ?=
IMAGE ?=
FINDINGS ?=
TEST_PROCESSES ?= 2
PYTEST_OPTIONS ?=
FUZZ_SECONDS ?= 300

BIN := $(VENV)/bin
FILM := demo/film.dcm

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup demo picture test test-slow fuzz lint format types bench clean

help: ## List the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s%s\n", $$1, $$2}' Makefile

setup: $(VENV)/.dev ## Make .venv and install radz with everything that development needs

demo: $(VENV)/.demo $(if $(IMAGE),,$(FILM)) ## Rank findings in a simulated chest film, or in IMAGE=...
	$(BIN)/radz predict $(or $(IMAGE),$(FILM)) $(FINDINGS)

picture: $(VENV)/.dev $(FILM) ## Draw the picture of the README: the simulated film and its findings
	$(BIN)/python docs/picture.py $(FILM) docs/images/demo.png

test: $(VENV)/.dev ## Run the default test suite: offline, minutes
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) $(PYTEST_OPTIONS)

test-slow: $(VENV)/.dev ## Run the tests that need the real weights
	$(BIN)/python -m pytest -m slow $(PYTEST_OPTIONS)

fuzz: $(VENV)/.dev ## Read damaged images and other files, each for half of FUZZ_SECONDS, by default 300
	RADZ_FUZZ_SECONDS=$$(($(FUZZ_SECONDS) / 2)) $(BIN)/python -m pytest -m slow tests/imaging/test_fuzz.py tests/fuzz $(PYTEST_OPTIONS)

lint: $(VENV)/.dev ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## Put files into the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## Check types
	$(BIN)/mypy

bench: $(VENV)/.dev ## Print the benchmark tables (minutes)
	@set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script; done

clean: ## Remove the environment and what was made by chores
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache

$(FILM): $(wildcard src/radz/simulate/*.py) | $(VENV)/.demo
	$(BIN)/python -m radz.simulate $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "radz needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }

# A stamp is as old as the last installation that succeeded, so a changed pyproject.toml installs again.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(call install,dicom)
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(call install,dev)
	@touch $(VENV)/.demo $@

define install
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet $(PIP_OPTIONS) --index-url $(TORCH_INDEX) torch torchvision)
	$(BIN)/python -m pip install --quiet $(PIP_OPTIONS) --editable '.[$(1)]'
endef
