# `make` or `make help` lists the targets: each line with two hashes is one.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# Debian keeps varnishd here, and an ordinary user's PATH does not.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

.PHONY: help setup run test playground peers bench soak docs goldens clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install Varnish and its modules where missing, and the project in .venv
	@scripts/setup.sh
	@scripts/playground.sh --maybe

playground: setup ## Add what `setup` leaves out where there is no npm: GraphiQL for /playground
	@scripts/playground.sh

run: setup ## Start Shellac before the demo API, or with ORIGIN=https://… [CONFIG=shellac.yaml] before yours
	@exec .venv/bin/shellac up $(if $(CONFIG),--config '$(CONFIG)') $(if $(ORIGIN),--origin '$(ORIGIN)')

test: setup playground ## Lint, check types and run the tests
	@. scripts/debian.sh; command -v chromium >/dev/null || need chromium-headless-shell chromium-headless-shell
	@. scripts/debian.sh; need haproxy haproxy; need hitch hitch; need curl curl
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	@scripts/test.sh

peers: setup ## Run the story and the audits before other people's GraphQL servers, the core on real schemas (npm)
	@scripts/peers.sh
	@printf '%s\n' tests/peers tests/core | xargs -P 2 -n 1 $(PYTHON) -m pytest -m peers

bench: setup ## Compare hits and purges with bare Varnish, and misses with the bare origin (a minute or two)
	@. scripts/debian.sh; need wrk wrk
	$(PYTHON) -m bench.run
	$(PYTHON) -m bench.direct
	$(PYTHON) -m bench.purges

soak: setup ## Two million checked reads while processes die, and the properties with more examples (an hour)
	@. scripts/debian.sh; need redis-server redis-server
	$(PYTHON) -m tests.soak --mode single --reads 1000000
	$(PYTHON) -m tests.soak --mode pairs-all --reads 1000000
	$(PYTHON) -m tests.soak --mode pairs-local --reads 200000
	$(PYTHON) -m tests.soak compare-fence --reads 200000
	$(PYTHON) -m tests.soak.calls
	@scripts/varnish_versions.sh
	EXAMPLES=10000 $(PYTHON) -m pytest -m "not peers" tests/core

docs: setup ## Write docs/config.md and the JSON Schema from the config models
	$(PYTHON) -m vclgen.config.document

goldens: setup ## Render the golden files again
	$(PYTHON) -m tests.golden.cases

clean: ## Remove what setup and the tests made; the state in .shellac stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist tests/peers/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
