# make demo: the whole duel.  make test: every check and every ring of tests.  make bench: figures.  make evidence: what is claimed.
# Needs Python 3.11 or later, Java 17 or later, and make.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p && break; done)

.PHONY: demo test lint bench evidence fuzz soak licences install clean

demo: $(VENV)/.installed
	$(BIN)/driftduel demo

install: $(VENV)/.installed

test: lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 40

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_clients.py
	$(BIN)/python tests/bench_scorers.py
	$(BIN)/python tests/bench_arms.py
	$(BIN)/python tests/bench_report.py
	$(BIN)/python tests/bench_watch.py
	$(BIN)/python tests/bench_resume.py

evidence: $(VENV)/.installed-dev
	$(BIN)/python tests/evidence

# A million inputs for each of the three fuzzers; what they find anew is kept under .fuzz/.
RUNS ?= 1000000
fuzz: $(VENV)/.installed-dev
	mkdir -p .fuzz/codec .fuzz/files .fuzz/model
	$(BIN)/python tests/fuzz/fuzz_codec.py -runs=$(RUNS) -timeout=20 -rss_limit_mb=2048 -max_len=4096 .fuzz/codec tests/fuzz/corpus/codec
	$(BIN)/python tests/fuzz/fuzz_files.py -runs=$(RUNS) -timeout=20 -rss_limit_mb=2048 -max_len=4096 .fuzz/files tests/fuzz/corpus/files
	$(BIN)/python tests/fuzz/fuzz_model.py -runs=$(RUNS) -timeout=20 -rss_limit_mb=2048 -max_len=4096 .fuzz/model tests/fuzz/corpus/model

# A duel of so many records among faults drawn at random, on three brokers; RECORDS=400000 takes about five minutes.
RECORDS ?= 2000000
soak: $(VENV)/.installed-dev
	$(BIN)/python tests/soak.py $(RECORDS)

licences: $(VENV)/.installed-dev
	$(BIN)/python tests/licences.py

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python was found; install Python 3.11 or later." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old; install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[confluent,import,watch]'
	$(BIN)/driftduel broker fetch
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[confluent,import,watch,dev]'
	@touch $@

clean:
	rm -rf $(VENV) .driftduel .evidence demo
