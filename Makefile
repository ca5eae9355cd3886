# Carrel's one front door for people and machines. `make` alone prints what there is.
# Every target works from a clean clone; what is installed stays inside this folder (.venv, .lab, .apps).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= 4
BIN := .venv/bin

.PHONY: help up apps test lint reference bench pictures lock clean system

help: ## Print this list
	@echo "Carrel: labs that are already running. On a fresh machine: make up"
	@echo
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20
	@echo
	@echo '  make up ARGS="--port 9000 --no-open"     options of `carrel up`; its state is in ./state unless they say otherwise'
	@echo '  make test PYTEST_ARGS="-k store"         only some tests'
	@echo '  make test PYTHON=python3.13              another Python (3.11 or newer)'

up: .venv/carrel.stamp .lab/stamp ## Install what is needed and run Carrel with a warm JupyterLab pool
	@PATH="$(CURDIR)/.lab/bin:$$PATH:$(CURDIR)/.apps/bin" CARREL_STATE_DIR="$${CARREL_STATE_DIR:-$(CURDIR)/state}" exec $(BIN)/carrel up $(ARGS)

apps: system .apps/stamp ## Install the other apps of the catalogue: marimo, Streamlit; as root also R Shiny and a desktop

test: lint ## Check everything: lint, then every test. Needs no network once all is installed
	@$(MAKE) -j3 system .lab/stamp .apps/stamp .cache/images/lab.tar
	@PATH="$(CURDIR)/.lab/bin:$$PATH" exec tools/apart.sh $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --durations=15 --durations-min=1 $(PYTEST_ARGS)

lint: .venv/dev.stamp ## Style, formatting, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "Run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

reference: .venv/dev.stamp ## Write the generated parts of docs/reference anew
	@$(BIN)/python tools/reference.py

bench: .venv/carrel.stamp .lab/stamp .cache/images/lab.tar ## Measure Carrel against JupyterHub on this machine
	@$(BIN)/python -m bench.install
	@PATH="$(CURDIR)/.lab/bin:$$PATH" exec tools/apart.sh $(BIN)/python -m bench $(ARGS)

pictures: system .lab/stamp ## Take the screenshots of README and docs anew
	@PATH="$(CURDIR)/.lab/bin:$$PATH" exec $(BIN)/python tools/pictures.py

lock: .venv/dev.stamp ## Resolve the dependencies anew into requirements/*.txt
	@$(BIN)/python tools/lock.py

clean: ## Remove what was installed and cached; never ./state
	@rm -rf .venv .lab .apps .bench .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results dist

system: .venv/dev.stamp
	@tools/system.sh

.venv/bin/python:
	@tools/venv.sh .venv "$(PYTHON)"

# Without uv all is installed by pip.
.venv/uv.stamp: requirements/uv.txt | .venv/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt || true
	@touch $@

.venv/carrel.stamp: requirements/carrel.txt pyproject.toml | .venv/uv.stamp
	@echo "Installing Carrel into .venv …"
	@UV_COMPILE_BYTECODE=1 tools/install.sh .venv --require-hashes -r requirements/carrel.txt
	@tools/install.sh .venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/carrel.stamp
	@echo "Installing the developers' tools into .venv …"
	@UV_COMPILE_BYTECODE=1 tools/install.sh .venv --require-hashes -r requirements/dev.txt
	@touch $@

.lab/bin/python: | .venv/uv.stamp
	@tools/venv.sh .lab "$(PYTHON)"

.lab/stamp: requirements/jupyterlab.txt | .lab/bin/python
	@echo "Installing JupyterLab into .lab …"
	@UV_COMPILE_BYTECODE=1 tools/install.sh .lab --require-hashes -r requirements/jupyterlab.txt
	@touch $@

.apps/bin/python: | .venv/uv.stamp
	@tools/venv.sh .apps "$(PYTHON)"

.apps/stamp: requirements/apps.txt | .apps/bin/python
	@echo "Installing marimo and Streamlit into .apps …"
	@tools/install.sh .apps --require-hashes -r requirements/apps.txt
	@touch $@

.cache/images/debian.tar: tools/image.sh
	@tools/image.sh $@

.cache/images/lab.tar: tools/lab_image.sh .cache/images/debian.tar .lab/stamp
	@tools/lab_image.sh .cache/images/debian.tar $@
