# Every target does its own set-up; the stamps make the second run quick.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
# Python compiles what is imported when it is: a small part of the 12,000 files.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check -q install --no-compile -c constraints.txt

CORPUS := data/pictograms
# Test processes side by side, one thread each: quicker than one with two threads.
WORKERS ?= 2
# A file stays with one process, whose fixtures serve all of it; tests/conftest.py says which file is first.
# Where Python may not keep what it compiles, each child of a test compiles all that it imports.
PYTEST  := env -u PYTHONDONTWRITEBYTECODE PARASOL_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: demo check quick bench figures sheets mutants lowest clean

demo: $(VENV)/.core
	$(BIN)/parasol style examples/content.png --like examples/style.png -o out/demo.png
	@echo "The picture is $(CURDIR)/out/demo.png"

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@echo "$(BIN)/pyright & $(PYTEST)"; $(BIN)/pyright & types=$$!; $(PYTEST) && \
		{ wait $$types || { echo "pyright found errors: see above, among the dots"; exit 1; }; }

# Within minutes: without the slow tests and those of the workshop.
quick: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(PYTEST) -m 'not slow' --ignore tests/lab

# Wrong formulas one at a time: do the tests see each? Not in CI: some minutes.
mutants: $(VENV)/.dev
	PARASOL_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m lab mutants

# The lowest versions of the core's dependencies that pyproject.toml allows, in an environment of their own.
lowest: $(VENV)/.dev
	$(BIN)/python -m lab lowest

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
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) -e '.[train,scale,words,dev]'
	@touch $@ $(VENV)/.core
