# `make` lists what there is to do. Everything runs from .venv, which `make setup` builds from the hash locks.

PYTHON ?= python3
ARGS ?=
SEED ?=
BENCH ?=
DATA_DIR ?= $(or $(ONSALE_DATA_DIR),.onsale)
BIN := .venv/bin
STAMP := .venv/.locks-installed
TYPESCRIPT := typescript@5.9.3
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Compiled code is kept, whatever the environment says: rooms and tests start again and again, and would each compile
# everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup lock demo test lint types scripts audit sim faults hosts fuzz soak bench peers browser containers \
	alerts chart stop clean

help:  ## what you are reading
	@grep -hE '^[a-z]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*  ## (.*)/\1|\2/' | \
		while IFS='|' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: $(STAMP)  ## .venv with everything in it, from the hash locks; again only when they change

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: make setup PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks venv: on Debian and Ubuntu, apt install python3-venv'; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo 'installing requirements/dev.txt into .venv'
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

lock:  ## the hash locks again, from pyproject.toml (needs uv)
	@$(BIN)/python -m uv --version >/dev/null 2>&1 || $(BIN)/python -m pip install --quiet uv
	@set -e; compile() { $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links "$$@" pyproject.toml; }; \
	compile $(ARGS) --extra embedded --extra dev --extra otel -o requirements/dev.txt; \
	compile -c requirements/dev.txt --extra embedded -o requirements/embedded.txt; \
	compile -c requirements/dev.txt --extra browser -o requirements/browser.txt; \
	compile -c requirements/dev.txt --extra otel -o requirements/otel.txt; \
	compile -c requirements/dev.txt --extra chart -o requirements/chart.txt; \
	compile -c requirements/dev.txt -o requirements/runtime.txt
	@$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links $(ARGS) bench/peers/pretix.in -o bench/peers/pretix.txt

demo: setup  ## a flash sale on real servers, with simulated fans: ARGS="--once --fans 2000 --seats 500"
	@$(BIN)/onsale doctor
	@$(BIN)/onsale demo $(ARGS)

# Where tests with deadlines are: only these folders are looked through for them.
DEADLINES := tests/acceptance tests/contract

test: setup  ## every test; with ARGS those it names: ARGS="tests/unit -k hold"
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest -m deadline $(DEADLINES)
	@$(BIN)/python -m pytest -m "not deadline" --numprocesses 3 --dist loadfile --no-loadscope-reorder
else
	@$(BIN)/python -m pytest $(ARGS)
endif

lint: setup  ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup  ## mypy --strict, tests too
	@$(BIN)/mypy .

scripts:  ## the scripts of the pages, by TypeScript's checker; needs Node, which fetches it at the first time
	@command -v npx > /dev/null || { echo 'npx is not there; it comes with Node'; exit 2; }
	@npx --yes --package $(TYPESCRIPT) tsc --project web

audit: setup  ## known holes in what the hash locks name; asks the package index, so it needs the network
	@$(BIN)/pip-audit --strict --disable-pip --requirement requirements/dev.txt || \
		{ echo 'not audited, or holes were found: the lines above say which'; exit 1; }

sim: setup  ## the simulation, 10,000 seeds: ARGS="--seeds 500"; SEED=7 tells the story of one
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED) --trace) $(ARGS)

faults: setup  ## faults on real servers, at length: ARGS="allocator kafka"
	@$(BIN)/python -m tests.faults $(ARGS)

hosts: setup  ## a sale on three hosts (namespaces) that are cut off and lost; needs root: ARGS="--quick", ARGS="lost a-b"
	@$(BIN)/python -m tests.hosts $(ARGS)

fuzz: setup  ## whatever the OpenAPI document allows, and more, sent to everything that runs: ARGS="--short"
	@$(BIN)/python -m tests.fuzz $(ARGS)

soak: setup  ## 20 minutes at half load, with kills: ARGS="--minutes 3" shows, and judges neither memory nor times
	@$(BIN)/python -m tests.soak $(ARGS)

bench: setup  ## figures, gates first: ARGS="--quick" for a minute, BENCH="allocator" for one question
ifneq ($(filter pages,$(or $(BENCH),pages)),)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/browser.txt
endif
	@$(BIN)/python -m bench $(BENCH) $(ARGS)

peers: setup  ## onsale beside pretix, which it installs for itself alone: ARGS="--rounds 2", ARGS=--quick for a first look
	@$(BIN)/python -m bench.peers $(ARGS)

browser: setup  ## the pages in Chromium, from the list to the ticket: ARGS="--short", "-k rivals"; needs the system's chromium
	@$(BIN)/python -m bench.chromium
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/browser.txt
	@$(BIN)/python -m tests.browser $(ARGS)

containers: setup  ## images, the contract tests and a short sale in containers; needs a Docker engine: ARGS="--only sale"
	@$(BIN)/python -m infra.containers $(ARGS)

alerts: setup  ## alerts told and raised, every panel asked of a short sale; needs Prometheus: ARGS="--short" without faults
	@$(BIN)/python -m tests.alerts $(ARGS)

chart: setup  ## the Helm chart, with helm and kubeconform; needs Go, which builds both at the first time
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/chart.txt
	@$(BIN)/python -m tests.chart

stop:  ## what runs here: rooms first, then the servers
	@test ! -x $(BIN)/onsale || $(BIN)/onsale stop --data-dir $(DATA_DIR)

clean:  ## stops the servers and removes what was built and kept here (not the jars in the user's cache)
	@test ! -x $(BIN)/onsale || $(BIN)/onsale stop --data-dir $(DATA_DIR)
	@test ! -x $(BIN)/python || $(BIN)/python -m infra.embedded remove $(DATA_DIR)
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
