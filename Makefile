# Every target sets up what it needs; the first one that runs makes .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo) DEBIAN_FRONTEND=noninteractive

.PHONY: setup system-packages demo test fuzz robustness conversations lint format bench bench-hop bench-body bench-compress bench-confusion bench-scaling bench-bill soak test-integrations test-agents docs clean

setup: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $(READY)

# The tests run a real Redis and a real HAProxy; where they are installed, nothing happens.
system-packages:
	@PATH=$$PATH:/usr/sbin; { command -v redis-server && command -v haproxy; } >/dev/null || \
		{ $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -qq --yes redis-server haproxy; }

demo: $(READY)
	$(BIN)/headroom demo

test: $(READY) system-packages
	$(BIN)/pytest

# A million inputs made by chance: bodies, answers, requests, markers; then the encodings, and every pattern over texts of
# a megabyte that are hard for it. EXECUTIONS of inputs, SEED of chance.
fuzz: $(READY)
	PYTHONPATH=tests $(BIN)/python -m tools.fuzz $(or $(EXECUTIONS),1000000) --seed $(or $(SEED),0)
	$(BIN)/pytest --hypothesis-profile=deep tests/laws/test_l06_verbatim.py -k damaged
	PYTHONPATH=tests $(BIN)/python -m tools.fuzz.patterns 1000000

# Ten thousand files of this machine through the router. COUNT of files, SEED of chance.
robustness: $(READY)
	$(BIN)/python -m benchmarks.robustness $(or $(COUNT),10000) --seed $(or $(SEED),0)

# Thousands of growing conversations through two workers: what was sent must stand. NUMBER in each wire, SEED of chance.
conversations: $(READY)
	PYTHONPATH=tests $(BIN)/python -m tools.conversations $(or $(NUMBER),1000) $(or $(SEED),0)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/write_docs.py --check
	$(BIN)/python tools/check_sizes.py headroom integrations tools benchmarks

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-hop bench-body bench-compress bench-confusion bench-scaling bench-bill

# PEERS=1 measures other gateways beside ours (installed on first use, one of them with npm).
bench-hop: $(READY)
	$(BIN)/python -m benchmarks.hop
	$(if $(PEERS),$(BIN)/python -m benchmarks.gateways)

bench-body: $(READY)
	$(BIN)/python -m benchmarks.body

# CORPUS=folder measures on other items; PEERS=1 runs other libraries beside ours (installed on first use).
bench-compress: $(READY)
	$(BIN)/python -m benchmarks.compress $(CORPUS) $(if $(PEERS),--peers)

bench-confusion: $(READY)
	$(BIN)/python -m benchmarks.confusion $(CORPUS)

bench-scaling: $(READY)
	$(BIN)/python -m benchmarks.scaling $(CORPUS)

bench-bill: $(READY)
	$(BIN)/python -m benchmarks.bill $(CORPUS)

# Ten minutes of large bodies and slow readers, after two to warm up: memory must not grow. SOAK_SECONDS of it.
soak: $(READY)
	$(BIN)/python -m benchmarks.soak --seconds $(or $(SOAK_SECONDS),600)

test-integrations: $(READY)
	$(BIN)/python tools/test_environments.py $(ENVIRONMENT)
	$(if $(ENVIRONMENT),,cd integrations/vercel-ai-sdk && npm install --silent --no-audit --no-fund && npm test && npm run test:versions)

# Coding agents from npm (some 1.2 GB, installed once) run a tool loop through the proxy.
test-agents: $(READY)
	$(BIN)/pytest tests/agents

docs: $(READY)
	$(BIN)/python tools/write_docs.py
	$(BIN)/mkdocs build --quiet

clean:
	rm -rf $(VENV) .cache build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
