PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
TOOLS := $(VENV)/.tools-installed
PEERS := $(VENV)/.peers-installed

# What `make bench` indexes, and where it writes.
SAMPLE := ctxsearch/sample
DOCUMENTS ?= $(SAMPLE)/documents.jsonl
RESULTS := benchmarks/results
OUT = --json $(RESULTS)/$(1).json --plot $(RESULTS)/$(1).svg

.PHONY: demo test torture bench format clean

demo: $(RUNTIME)  ## build the sample index and ask it four questions
	$(BIN)/ctxsearch demo

test: $(TOOLS)  ## every check
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cog --check README.md
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

torture: $(TOOLS)  ## break an index in thousands of ways, and count what is lost: nothing
	CTXSEARCH_TORTURE=long $(BIN)/pytest -s tests/test_durability.py tests/test_hostile.py

bench: $(PEERS)  ## the short form of most benchmarks, on DOCUMENTS
	mkdir -p $(RESULTS)
	rm -rf $(RESULTS)/index
	$(BIN)/ctxsearch index $(RESULTS)/index '$(DOCUMENTS)'
	$(BIN)/python benchmarks/index_speed.py '$(DOCUMENTS)' --words 20000 --loop 500 $(call OUT,index_speed)
	$(BIN)/python benchmarks/query_speed.py $(RESULTS)/index $(call OUT,query_speed)
	$(BIN)/python benchmarks/cold_start.py $(RESULTS)/index --rounds 3 $(call OUT,cold_start)
	$(BIN)/python benchmarks/stores.py $(RESULTS)/index --rows 20000 $(call OUT,stores)
	$(BIN)/python benchmarks/remove_speed.py --documents 20000 --remove 200 $(call OUT,remove_speed)
	$(BIN)/python benchmarks/few_shot.py $(SAMPLE)/labels.jsonl $(SAMPLE)/documents.jsonl --all $(call OUT,few_shot)
	$(BIN)/python benchmarks/compact_speed.py $(RESULTS)/index --millions 0.2 --shards 8 $(call OUT,compact_speed)
	$(BIN)/python benchmarks/scale.py $(RESULTS)/index --millions 0.1 1 $(call OUT,scale)

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

$(PEERS): $(RUNTIME)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --group bench
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info indexes/sample $(RESULTS)
