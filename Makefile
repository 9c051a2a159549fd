# Two commands do all: `make demo` and `make test`. The rest is for daily work; `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
EXAMPLE := inventories/example/site.yml
# Tools that ansible and molecule call by name must be found first; a virtual environment of the caller must not.
export PATH := $(abspath $(BIN)):$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

# What a rehearsal needs from Debian, and what the native-parser tests need besides.
DEBIAN_DEMO := podman runc mmdebstrap iproute2 nftables openssh-client
DEBIAN_TEST := $(DEBIAN_DEMO) bind9-utils chromium curl isync msmtp poppler-utils tinycdb vdirsyncer

.PHONY: help demo test setup setup-dev debian-demo debian-test lint format types quick unit golden docs hosts molecule bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup debian-demo ## check, build and rehearse the example, and show the verdict table
	@echo "Checking $(EXAMPLE) against the 52 requirements ..."
	@$(BIN)/mailwright check $(EXAMPLE)
	@echo "Building it ..."
	@$(BIN)/mailwright build $(EXAMPLE) --out build/
	@if [ "$$(id -u)" != 0 ]; then \
	  echo; echo "The build is in build/college.ac.uk. The rehearsal brings up containers, which needs root: run 'sudo make demo' for it."; \
	elif ! command -v podman >/dev/null; then \
	  echo; echo "The build is in build/college.ac.uk. The rehearsal needs podman, which is not here and could not be installed: see above."; \
	else \
	  echo "Rehearsing it on real hosts in containers (the first time, images are made: some minutes) ..."; \
	  $(BIN)/mailwright rehearse $(EXAMPLE) --out build/rehearsal/; \
	fi

test: setup-dev debian-test lint types unit hosts ## everything: lint, types, unit, golden, native parsers, real hosts, molecule

quick: setup-dev ## the fast tests, in seconds
	@$(BIN)/pytest -q -n 2 -m 'not native and not hosts and not slow'

setup: $(VENV)/.demo
setup-dev: $(VENV)/.dev

# Stamps: made anew when the list of packages changes.
$(VENV)/.demo: pyproject.toml
	@test -x $(BIN)/python || python3 -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing mailwright into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.demo
	@echo "Installing the tools for development into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# Installs what is missing, as root on Debian; says what is missing otherwise and goes on.
define install_debian
	@missing=; for package in $(1); do dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then echo "Not installed (needs root and Debian):$$missing"; exit 0; fi; \
	echo "Installing from Debian:$$missing ..."; \
	export DEBIAN_FRONTEND=noninteractive; \
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; } >/dev/null || echo "apt-get could not install:$$missing"
endef

debian-demo:
	$(call install_debian,$(DEBIAN_DEMO))

debian-test:
	$(call install_debian,$(DEBIAN_TEST))

lint: setup-dev ## ruff, yamllint, ansible-lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/yamllint --strict .
	@$(BIN)/ansible-lint --offline roles/

types: setup-dev ## mypy --strict
	@$(BIN)/mypy

format: setup-dev ## mend what ruff can mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

unit: setup-dev ## unit, golden and native-parser tests
	@$(BIN)/pytest -n 4 --dist loadscope --no-loadscope-reorder -m 'not hosts'

docs: setup-dev ## write the pages of docs/reference that are made from the code
	@$(BIN)/python -m mailwright.requirements.pages docs/reference
	@$(BIN)/python -m mailwright.source.reference > docs/reference/description.md
	@$(BIN)/python -m mailwright.source.parts
	@$(BIN)/python -m mailwright.provider.reference > docs/reference/provider.md
	@$(BIN)/python -m mailwright.audit.page > docs/reference/probes.md
	@$(BIN)/python -m mailwright.pages.reference > docs/reference/pages.md
	@$(BIN)/python -m mailwright.changes.page > docs/reference/risks.md

golden: setup-dev ## accept the built example as it is now (read the difference before you commit it)
	@$(BIN)/pytest -q tests/golden --accept-golden

# Three sets of hosts at a time: each needs half a processor, and waits for the rest of its time.
hosts: setup-dev ## tests on real hosts in containers, with the molecule scenarios (root and podman)
	@$(BIN)/pytest -v -n 3 --dist loadscope --no-loadscope-reorder -m hosts

molecule: setup-dev ## the molecule scenarios alone, one after another
	@$(BIN)/molecule test --all

bench: setup-dev ## measure; prints what docs/performance.md quotes
	@$(BIN)/python bench/bench.py

clean: ## remove what was made here
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .ansible
