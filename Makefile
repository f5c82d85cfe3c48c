# Everything a newcomer needs; `make` alone prints this list.
SHELL := /bin/bash
PYTHON := .venv/bin/python
RUN := requirements/base.txt requirements/gateway.txt requirements/analytics.txt \
       requirements/publishing.txt requirements/web.txt
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
.DEFAULT_GOAL := help
.PHONY: help install up demo test live golden lint types imports format sure bench calendar order-storm

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.run  ## create .venv with the pinned packages

up: .venv/.run  ## start everything on embedded defaults; Ctrl-C stops it (ARGS="--speed 10")
	@exec $(PYTHON) manage.py up $(ARGS)

demo: .venv/.run  ## tick to published message in about a minute, without a key
	@exec $(PYTHON) manage.py demo $(ARGS)

test: .venv/.dev  ## all tests; QC_REQUIRE=browser,postgres,shared turns such skips into failures
	@exec $(PYTHON) -m pytest -m "not live" $(ARGS)

live: .venv/.dev  ## tests against the real world: IBKR paper, Stripe test mode
	@exec $(PYTHON) -m pytest -m live $(ARGS)

golden: .venv/.dev  ## record golden files anew; review them like code
	@QC_GOLDEN=record $(PYTHON) -m pytest -m "not live and not process" -k golden $(ARGS)

lint: .venv/.dev  ## ruff: rules and format
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

types: .venv/.dev  ## mypy, strict
	@.venv/bin/mypy

imports: .venv/.dev  ## who may import whom (HOUSE 5)
	@.venv/bin/lint-imports

format: .venv/.dev  ## let ruff rewrite what it can
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

sure: lint types imports  ## all that CI checks, in order of speed
	@$(PYTHON) manage.py makemigrations --check --dry-run
	@$(PYTHON) manage.py check --deploy --fail-level ERROR
	@$(MAKE) --no-print-directory test

bench: .venv/.dev  ## benchmarks: ratios against peers, medians and quartiles
	@exec $(PYTHON) -m pytest tests/benchmarks -p no:randomly -s $(ARGS)

order-storm: .venv/.dev  ## five thousand trades through storms of their own (about an hour)
	@ORDER_STORM=0:5000 $(PYTHON) -m pytest -q -p no:randomly tests/workflows/test_order_storm.py $(ARGS)

calendar: .venv/.dev  ## write quanticity/domain/xnys.json from exchange_calendars
	@$(PYTHON) tests/architecture/calendar_table.py

# The first Python of 3.11 to 3.13 on this machine.
.venv/bin/python:
	@for candidate in python3.13 python3.12 python3.11 python3; do \
	    "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	        2>/dev/null && exec "$$candidate" -m venv .venv; \
	done; echo "No Python 3.11, 3.12 or 3.13 was found." >&2; exit 2

.venv/.run: $(RUN) | .venv/bin/python
	@echo "Installing pinned packages into .venv (about a minute, once)"
	@$(PIP) $(addprefix -r ,$(RUN))
	@touch $@

.venv/.dev: requirements/dev.txt | .venv/.run
	@echo "Installing what tests and checks need"
	@$(PIP) -r requirements/dev.txt
	@touch $@
