# Needs make and Python 3.11 or newer, nothing else: all the rest goes into .venv.

PYTHON ?= python3
WORKERS ?= 2
FAULT_KILLS ?= 210
FAULT_FULL_DISKS ?= 20
BIN := .venv/bin
STAMP := .venv/.installed
MYPY_PATHS := tracker tests ops loadtests
LOADTEST ?= city-day code-guessing

.DEFAULT_GOAL := help
.PHONY: help install servers stack run test test-days test-fuzz test-faults loadtest bench check format lock clean python

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Settings: PYTHON=$(PYTHON) (3.11 or newer), WORKERS=$(WORKERS) (tests side by side)"

install: $(STAMP) ## Put the service and its tools into .venv, in the pinned versions
	@:

$(STAMP): pyproject.toml ops/constraints.txt
	@$(MAKE) --no-print-directory python
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint ops/constraints.txt --editable '.[test,check,pdf]'
	@touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tracker needs Python 3.11 or newer, and '$(PYTHON)' is not one." >&2; \
		echo "Name another: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks the venv module (on Debian: apt install python3-venv)." >&2; \
		exit 1; }

run: install ## Serve on this machine, with demo data where there are none yet
	$(BIN)/tracker demo
	exec $(BIN)/tracker serve

stack: servers ## Run the production shape here: PostgreSQL, Kafka, API, relay, projections; Ctrl-C stops it
	$(BIN)/python -m ops.stack --directory var/stack

servers: install ## Bring what tests start: Kafka and veraPDF (by Maven), PostgreSQL, Chromium (root: by apt-get)
	$(BIN)/python -m ops.local_servers.install

test: install ## Run every test; those whose server can't be had are skipped, with CI=true they fail
	@$(BIN)/python -m ops.local_servers.install --if-possible
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=40 --durations-min=1

test-days: install ## Run the fast tests with a shifted clock: New Year, Tết, 29 February, a term's end
	$(BIN)/python -m tests.days -- -n $(WORKERS) --dist worksteal -m "not system"

test-fuzz: install ## Send the API 400 made-up requests of each kind; `make test` sends 25
	TRACKER_TEST_FUZZ_REQUESTS=400 $(BIN)/python -m pytest -s --timeout 3600 tests/http/test_fuzz.py

test-faults: install ## Kill, freeze and fill up everything at length; FAULT_KILLS and FAULT_FULL_DISKS say how often
	@$(BIN)/python -m ops.local_servers.install
	TRACKER_TEST_FAULT_KILLS=$(FAULT_KILLS) TRACKER_TEST_FAULT_FULL_DISKS=$(FAULT_FULL_DISKS) \
		$(BIN)/python -m pytest -s tests/faults

loadtest: servers ## Load a stack of its own for two minutes and read everything back; LOADTEST names the profiles
	$(BIN)/python -m loadtests $(LOADTEST)

bench: servers ## Measure all that has a target, in an hour and a half; BENCH="--only NAME" measures less
	$(BIN)/python -m loadtests.bench $(BENCH)

check: install ## Check form, types, dependencies and the fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(MYPY_PATHS)
	$(BIN)/deptry tracker
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not system"

format: install ## Put the code into form and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: python ## Renew ops/constraints.txt: the exact versions that pyproject.toml leads to today
	@set -eu; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(PYTHON) -m venv "$$dir/venv"; \
	"$$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
		--editable '.[test,check,pdf]'; \
	{ echo "# Written by 'make lock'; not to be edited by hand."; \
	  "$$dir/venv/bin/python" -m pip freeze --exclude-editable; } > "$$dir/constraints.txt"; \
	mv "$$dir/constraints.txt" ops/constraints.txt; chmod 644 ops/constraints.txt; \
	grep -c == ops/constraints.txt

clean: ## Remove .venv and what the tools left behind; data stay
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis
	find tracker tests loadtests -name __pycache__ -type d -prune -exec rm -rf {} +
