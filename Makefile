# Every target installs what it needs; it takes Python 3.11 to 3.13 with venv, make and git.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Tests wait for processes and databases: three share two cores.
TEST_PROCESSES ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() * 3 // 2)")
PYTEST := $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist worksteal --ignore tests/browser --ignore tests/chaos
# What a user needs, and what the tests need besides.
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help venv venv-dev env demo test test-all check suite thorough browser chaos chaos-long containers release bench lock

help: ## show this list
	@awk -F ":.*## " "/^[a-z-]+:.*## / {printf \"make %-11s %s\\n\", \$$1, \$$2}" Makefile

venv: $(STAMP) ## create the virtual environment .venv with what a user needs

venv-dev: $(DEV_STAMP) ## add what tests, WARC files and the bundled digits need: every extra

$(STAMP): requirements-user.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Tidings needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/it" >&2; exit 1; }
	@echo "creating the virtual environment .venv"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@echo "installing the packages of requirements-user.lock into .venv"
	@$(BIN)/python tools/install.py requirements-user.lock
	@echo "installing Tidings into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Each process of the tests would compile all of them, which takes it ten seconds of processor.
$(DEV_STAMP): $(STAMP) requirements.lock
	@echo "installing the other packages of requirements.lock into .venv"
	@$(BIN)/python tools/install.py requirements.lock
	@echo "compiling the tests"
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@touch $@

env: .env ## create what docker compose needs: .env with new passwords, archive/ and out/

.env:
	@umask 077 && while IFS= read -r line; do case "$$line" in \
	  *_PASSWORD=|TIDINGS_TEXTAPI_KEY=) line="$$line$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;; \
	  TIDINGS_USER=) line="$$line$$(id -un)" ;; \
	  REPORTS_USER=*) test "$$(id -u)" = 0 || line="REPORTS_USER=$$(id -u):$$(id -g)" ;; \
	  esac; printf '%s\n' "$$line"; done < .env.example > .env.part && mv .env.part .env
	@mkdir -p archive out && if test "$$(id -u)" = 0; then chown 1000:1000 out; fi

demo: venv ## run the whole pipeline on synthetic texts; the report is in report/
	$(BIN)/tidings demo --out report

# Mypy takes one core: the tests run beside the checks.
test: venv ## run all checks and the quick tests
	@$(MAKE) --no-print-directory -j 2 check suite

test-all: thorough chaos browser ## run the tests that `make test` leaves out, some 27 minutes

suite: venv-dev
	$(PYTEST) -m "not thorough"

# Hypothesis marks its tests: these have had a fourth of their examples.
thorough: venv-dev ## run the long tests, and on PostgreSQL what `make test` runs on SQLite
	$(PYTEST) -m "thorough or hypothesis" --hypothesis-profile thorough

check: venv-dev ## run lint, format, types and the architecture contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

browser: venv-dev ## test the report in a real browser (needs Chromium)
	$(BIN)/python -m pytest tests/browser -n auto --dist loadfile -m browser

chaos: venv-dev ## inject faults for a few minutes
	$(BIN)/python -m pytest tests/chaos -n 2 --dist loadfile -m chaos

chaos-long: venv-dev ## inject faults for TIDINGS_CHAOS_MINUTES (30)
	TIDINGS_CHAOS_MINUTES=$${TIDINGS_CHAOS_MINUTES:-30} $(BIN)/python -m pytest tests/chaos -m chaos --timeout 0

containers: venv-dev ## test the compose stack on a real Docker engine: build, faults, secrets
	CONTAINERS=1 $(BIN)/python -m pytest tests/e2e/test_containers.py

release: ## check all that has to hold before a release: .ci/run, then the containers
	.ci/run
	$(MAKE) containers

bench: venv-dev ## run every benchmark, one after the other
	@for file in $$(grep -l harness.parse_options bench/*.py); do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

COMPILE_LOCK = uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url \
  --no-annotate

lock: ## write requirements.lock, and requirements-user.lock as a part of it, from pyproject.toml (needs uv)
	$(COMPILE_LOCK) --all-extras pyproject.toml -o requirements.lock
	echo hatchling | $(COMPILE_LOCK) --extra embedded --extra server -c requirements.lock pyproject.toml - -o requirements-user.lock
