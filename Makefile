# Everything runs in .venv, from locked and hashed requirements. `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
RUN_STAMP := $(VENV)/.run-installed
DEV_STAMP := $(VENV)/.dev-installed
BENCH_VENV := .venv-bench
BENCH_STAMP := $(BENCH_VENV)/.bench-installed

.DEFAULT_GOAL := help
.PHONY: help setup setup-all run test coverage check bench bench-enrich bench-build docs sbom lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUN_STAMP) ## Make .venv with .venv/bin/cinelake

setup-all: $(DEV_STAMP) ## Add what tests, checks and benchmarks need

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("cinelake needs Python 3.11 or newer; name one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python lacks venv here; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Setting up $(VENV) (a minute, the first time)"
	@$(PIP) -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV_STAMP): requirements/dev.txt $(RUN_STAMP)
	@echo "Adding what tests and checks need (minutes, the first time)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

$(BENCH_STAMP): requirements/bench.txt | $(BIN)/python
	@echo "Setting up $(BENCH_VENV) with the peers"
	@$(BIN)/python -m venv $(BENCH_VENV)
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

run: setup ## Run everything on data/, which gets an invented sample if it is empty
	@$(BIN)/python -m cinelake.sample data --if-absent
	@$(BIN)/cinelake run

test: setup-all ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

coverage: setup-all ## Run the tests and tell what they do not reach; takes about twice as long
	@$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)

check: setup-all ## Lint, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: setup-all $(BENCH_STAMP) ## Run the benchmarks in bench/, peers side by side
	@$(BIN)/python bench/land.py $(ARGS)

bench-enrich: setup-all $(BENCH_STAMP) ## Run the benchmark of asking TMDB, beside a bare loop and tmdbsimple
	@$(BIN)/python bench/enrich.py $(ARGS)

bench-build: setup-all $(BENCH_STAMP) ## Run the benchmark of making the tables, beside scripts by hand
	@$(BIN)/python bench/build.py $(ARGS)

docs: setup-all ## Write the reference from the code, and build the site in docs/_site
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m sphinx -q -W --keep-going -b html -c docs . docs/_site
	@echo "docs/_site/index.html"

sbom: setup ## Write sbom.cdx.json and THIRD_PARTY_LICENSES.md from the lock and what is installed
	@$(BIN)/python tools/bill_of_materials.py sbom.cdx.json
	@$(BIN)/python tools/licence_notices.py THIRD_PARTY_LICENSES.md

lock: ## Lock the requirements anew, with hashes and no addresses (needs uv); make sbom comes after it
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements/run.txt
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --group build -o requirements/build.txt
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -c requirements/run.txt --group lambda -o requirements/lambda.txt
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -c requirements/run.txt --extra spark pyproject.toml -o requirements/spark.txt
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -c requirements/run.txt --group dev -o requirements/dev.txt
	@uv pip compile --quiet --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -c requirements/run.txt --group bench -o requirements/bench.txt

clean: ## Remove .venv and what tools left
	@rm -rf $(VENV) $(BENCH_VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
