# Every target does its own set-up; the stamps make the second run quick.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q

CORPUS := data/pictograms
# Test processes side by side, one thread each: quicker than one with two threads.
WORKERS ?= 2

.PHONY: demo check quick bench figures sheets clean

demo: $(VENV)/.core
	$(BIN)/parasol style examples/content.png --like examples/style.png -o out/demo.png
	@echo "The picture is $(CURDIR)/out/demo.png"

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	PARASOL_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile

# Within minutes: without the slow tests and those of the workshop.
quick: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	PARASOL_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile -m 'not slow' --ignore tests/lab

bench: $(VENV)/.dev
	$(BIN)/python -m lab bench

figures: $(VENV)/.dev $(CORPUS)/corpus.json
	$(BIN)/python -m lab figures --corpus $(CORPUS) --out lab/results/figures/pictogram.json

sheets: $(VENV)/.dev $(CORPUS)/corpus.json
	$(BIN)/python -m lab sheets --corpus $(CORPUS) --out lab/results/sheets

clean:
	rm -rf $(VENV) build dist out .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(CORPUS)/corpus.json: | $(VENV)/.dev
	$(BIN)/parasol corpus build pictograms --out $(CORPUS)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "parasol needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[train,scale,words,dev]'
	@touch $@ $(VENV)/.core
