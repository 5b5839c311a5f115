# One verb for one intention. Each verb makes its own .venv and installs what it needs; a second run starts at once.
#
#     make demo         the same application three ways: uvicorn, in process, the Lambda emulator
#     make test         all tests, with a coverage report
#     make check        formatting, lint, types, import contracts
#     make conformance  Starlette's own tests through every HTTP source, beside Mangum
#     make fuzz         100,000 made-up requests, under uvicorn and behind every gateway
#     make chaos        10,000 killed processes in idempotent operations, 50,000 batches through simulated pollers
#     make worker       the example as a worker of a real queue, killed in the middle
#     make idempotency  the example on two servers: one key, one order, also when a server is killed
#     make bench        side by side with the peers, in one run
#     make serve        the example with reload, at http://127.0.0.1:8000
#     make docs         the documentation's site, into site/
#     make clean        remove what the verbs have made
#
# PYTHON=python3.12 make test chooses the interpreter. Another Python version than before makes .venv anew.

ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif

VENV := .venv
BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
# What is installed is recorded by one empty file for each dependency group of pyproject.toml and Python version.
made = $(VENV)/.made-$(VERSION)-$(1)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo worker idempotency test check conformance fuzz chaos bench serve docs clean

help:
	@sed -n 's/^#     //p' Makefile

demo: $(call made,demo)
	@$(BIN)/python -m docs.examples.demo

worker: $(call made,demo)
	@$(BIN)/python -m docs.examples.worker_demo

idempotency: $(call made,demo)
	@$(BIN)/python -m docs.examples.idempotency_demo

test: $(call made,test)
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest $(ARGS) && result=0 || result=$$?; \
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report; exit $$result

check: $(call made,check)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports

conformance: $(call made,test)
	@$(BIN)/python -m tests.conformance $(ARGS)

fuzz: $(call made,test)
	@LAMBDAFRAME_FUZZ_EXAMPLES=100000 $(BIN)/python -m pytest tests/differential $(ARGS)

chaos: $(call made,test)
	@$(BIN)/python -m tests.chaos --kills 10000
	@$(BIN)/python -m tests.chaos --store dynamodb --kills 500
	@$(BIN)/python -m tests.chaos --unfenced --kills 200
	@LAMBDAFRAME_STORE_EXAMPLES=10000 $(BIN)/python -m pytest tests/idempotency/test_stores.py $(ARGS)
	@LAMBDAFRAME_POLLER_EXAMPLES=50000 $(BIN)/python -m pytest tests/pollers/test_batches.py $(ARGS)

bench: $(call made,bench)
	@for file in $$(grep -l __main__ benchmarks/*.py); do $(BIN)/python -m benchmarks.$$(basename $$file .py) || exit 1; done

serve: $(call made,demo)
	$(BIN)/uvicorn --app-dir docs/examples/orders --reload --reload-dir docs/examples/orders --reload-dir lambdaframe main:app $(ARGS)

docs: $(call made,docs)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file docs/mkdocs.yml
	@echo "Open site/index.html"

clean:
	rm -rf $(VENV) .cache site dist build .coverage .coverage.* htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made-$(VERSION)-%: pyproject.toml
	@test -n "$(VERSION)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; say which: PYTHON=python3.12 make ..." >&2; exit 1; }
	@echo "Installing what '$*' needs into $(VENV) (Python $(VERSION)) ..."
	@$(BIN)/python -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' 2>/dev/null || rm -rf $(VENV)
	@if command -v uv >/dev/null && uv pip install --help 2>/dev/null | grep -q -e --group; then \
		{ test -x $(BIN)/pip || { rm -rf $(VENV) && uv venv --quiet --seed --python $(PYTHON) $(VENV); }; } && \
		uv pip install --quiet --python $(BIN)/python --editable . --group $*; \
	else \
		{ test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV); } && \
		$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' && \
		$(BIN)/python -m pip install --quiet --editable . --group $*; \
	fi
	@touch $@
