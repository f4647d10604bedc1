# Parley from a clean clone: Debian or macOS, Python 3.11 or newer, make and a shell are enough.
# GNU make 3.81 (macOS) and BSD tools must do, so there are no newer features here.

VENV = .venv
BIN = $(VENV)/bin
READY = $(VENV)/ready

# PYTHON=... chooses the Python that the environment is made with; else the first one that is new enough.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
endif

.PHONY: help demo test lint bench soak clean lock
.DEFAULT_GOAL := help

help: ## show this list
	@echo "make <target>"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## a Slack-like workspace at http://127.0.0.1:8765 with the bot in it, and a team's story
	@$(BIN)/parley demo

test: lint ## everything that CI runs: lint, types, tests on both databases and in a browser
	@# An empty setting is none: where bytecode is not kept, each of some hundred processes would compile everything anew.
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest

lint: $(READY) ## ruff and strict mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers 2

bench: $(READY) ## the benchmarks, printed as ratios
	$(BIN)/python -m benchmarks

# DATABASE=sqlite is one replica on SQLite; a SEED that was printed gives the same campaign again.
soak: $(READY) ## kills at every place, more examples, and 3,000 seeded acts with every trouble: SEED=7 DATABASE=postgresql
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -m campaign
	PARLEY_TEST_TIMES_AS_MANY=10 PYTHONDONTWRITEBYTECODE= $(BIN)/pytest --timeout 900 tests/analysis/test_parity_*.py
	$(BIN)/python -m tests.soak $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE))

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find analysis benchmarks bot storage tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): $(BIN)/python pyproject.toml constraints.txt hatch_build.py analysis/summaries/_bits.c
	@echo "Installing into $(VENV); the first time this takes a few minutes."
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[postgres]' --group dev
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "Parley needs Python 3.11 or newer, and there is none on the PATH." >&2; \
		echo "  Debian, Ubuntu:  sudo apt-get install python3 python3-venv" >&2; \
		echo "  macOS:           brew install python@3.13   (or the installer of python.org)" >&2; \
		echo "Or name one:       make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Parley needs Python 3.11 or newer; $(PYTHON) is older or does not start." >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) -m venv failed. On Debian and Ubuntu:  sudo apt-get install python3-venv" >&2; exit 1; }

# The lowest Python has the most requirements (what newer ones have built in), so the files are made with 3.11.
DEV = "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['dependency-groups']['dev'], sep='\n')"
COMPILE = $(BIN)/pip-compile --quiet --strip-extras --no-header --no-annotate --no-emit-options --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --extra postgres --extra delta
MADE_BY = '\# Made by `make lock`. Python 3.11 to 3.14, Linux and macOS.\n'

lock: $(READY) ## choose versions anew: constraints.txt, and requirements.lock with hashes
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
		echo "Make the environment with Python 3.11 first:  make clean lock PYTHON=python3.11" >&2; exit 1; }
	@mkdir -p build
	$(BIN)/python -c $(DEV) > build/dev.txt
	$(COMPILE) --upgrade --output-file build/constraints.txt pyproject.toml build/dev.txt
	$(COMPILE) --generate-hashes --constraint build/constraints.txt --output-file build/requirements.lock pyproject.toml
	@{ printf $(MADE_BY); grep == build/constraints.txt; } > constraints.txt
	@{ printf $(MADE_BY); cat build/requirements.lock; } > requirements.lock
	@touch $(READY)
