# `make demo` and `make test` are all that a fresh machine with Python needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint types lock clean

$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/ipt-nlp tag corpora/examples/session.vtt
	$(BIN)/ipt-nlp tag corpora/examples/session.vtt --format html --output demo/session.html
	@echo "The same as a page: demo/session.html"

test: $(STAMP)
	$(BIN)/python -m pytest -q

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

# Hashes of every run-time and development dependency, for all platforms, without index addresses.
lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --extra dev -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) demo build dist
