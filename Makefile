# Needs only make and Python 3.11 or newer; everything else is installed into .venv.

PYTHON ?= python3
WORKERS ?= 2
FAULT_KILLS ?= 210
FAULT_FULL_DISKS ?= 20
BIN := .venv/bin
STAMP := .venv/.installed
MYPY_PATHS := tracker tests ops loadtests
LOADTEST ?= city-day code-guessing

.DEFAULT_GOAL := help
.PHONY: help install servers stack run test test-days test-fuzz test-faults loadtest bench lint check format lock clean python

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Settings: PYTHON=$(PYTHON) (3.11 or newer), WORKERS=$(WORKERS) (parallel tests)"

install: $(STAMP) ## Install the service and its tools into .venv, in pinned versions
	@:

$(STAMP): pyproject.toml ops/constraints.txt
	@$(MAKE) --no-print-directory python
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint ops/constraints.txt --editable '.[test,check,pdf]'
	@touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tracker needs Python 3.11 or newer, and '$(PYTHON)' is older." >&2; \
		echo "Choose another: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks the venv module (on Debian: apt install python3-venv)." >&2; \
		exit 1; }

run: install ## Serve on this machine; create demo data if there is none
	$(BIN)/tracker demo
	exec $(BIN)/tracker serve

stack: servers ## Run PostgreSQL, Kafka, API, relay and projections here, as in production; Ctrl-C stops them
	$(BIN)/python -m ops.stack --directory var/stack

servers: install ## Install what the tests start: Kafka, veraPDF (Maven), PostgreSQL, Chromium (apt-get, as root)
	$(BIN)/python -m ops.local_servers.install

test: install ## Run every test; without its server a test is skipped, or fails if CI=true
	@$(BIN)/python -m ops.local_servers.install --if-possible
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=40 --durations-min=1

test-days: install ## Run the fast tests with a shifted clock: New Year, Tết, 29 February, the end of a term
	$(BIN)/python -m tests.days -- -n $(WORKERS) --dist worksteal -m "not system"

test-fuzz: install ## Send the API 400 random requests of each kind; `make test` sends 25
	TRACKER_TEST_FUZZ_REQUESTS=400 $(BIN)/python -m pytest -s --timeout 3600 tests/http/test_fuzz.py

test-faults: install ## Run the long fault tests: kills, freezes, full disks; FAULT_KILLS and FAULT_FULL_DISKS set how often
	@$(BIN)/python -m ops.local_servers.install
	TRACKER_TEST_FAULT_KILLS=$(FAULT_KILLS) TRACKER_TEST_FAULT_FULL_DISKS=$(FAULT_FULL_DISKS) \
		$(BIN)/python -m pytest -s tests/faults

loadtest: servers ## Start a stack, load it for two minutes and verify the result; LOADTEST names the profiles
	$(BIN)/python -m loadtests $(LOADTEST)

bench: servers ## Measure everything with a target (90 minutes); BENCH="--only NAME" measures less
	$(BIN)/python -m loadtests.bench $(BENCH)

lint: install ## Check form, types and dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(MYPY_PATHS)
	$(BIN)/deptry tracker

check: lint ## Check form, types and dependencies, then run the fast tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not system"

format: install ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: python ## Write ops/constraints.txt: the exact versions that pyproject.toml resolves to today
	@set -eu; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(PYTHON) -m venv "$$dir/venv"; \
	"$$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
		--editable '.[test,check,pdf]'; \
	{ echo "# Written by 'make lock'; do not edit."; \
	  "$$dir/venv/bin/python" -m pip freeze --exclude-editable; } > "$$dir/constraints.txt"; \
	mv "$$dir/constraints.txt" ops/constraints.txt; chmod 644 ops/constraints.txt; \
	grep -c == ops/constraints.txt

clean: ## Remove .venv and the caches of the tools; data is kept
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	find tracker tests loadtests -name __pycache__ -type d -prune -exec rm -rf {} +
