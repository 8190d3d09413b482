# `make run` and `make test` do all the set-up and work; `make` is lint + types + tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
WHEELS := $(VENV)/wheels
AXE := $(VENV)/axe
SURROUNDINGS := $(VENV)/surroundings
# Libraries of users' suites, beside which the package is tried.
LIBRARIES := freezegun time-machine responses requests-mock vcrpy pyfakefs pytest-socket gevent eventlet
# Without kept bytecode, each worker of a run rewrites the asserts of all tests again, and each program compiles the package.
unexport PYTHONDONTWRITEBYTECODE
# Workers take whole files, in the order of tests/conftest.py: what a file shares is then made once. On two cores a third one
# works while the others wait for programs and browsers.
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: all lint types test quick products run lowest dist bench soak fuzz clean
.DEFAULT_GOAL := all

all: lint types test

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUN): setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	touch $@

# The wheels let the tests install the package into fresh environments without a network. Of the package with axe-core
# the tests take the script only, so that it needs none of what it depends on.
$(DEV): setup.cfg pyproject.toml Makefile | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[dev]'
	$(BIN)/pip wheel --quiet --wheel-dir $(WHEELS) . pytest 'setuptools>=77' mockserver-client
	rm -rf build $(WHEELS)/talkover_mock-*
	$(BIN)/pip install --quiet --upgrade --target $(SURROUNDINGS) $(LIBRARIES)
	$(BIN)/pip install --quiet --no-deps --upgrade --target $(AXE) 'axe-playwright-python~=0.1.8'
	touch $(RUN) $@

run: $(RUN)
	@echo 'The command is $(BIN)/talkover-mock; in another terminal, try $(BIN)/talkover-mock --help' >&2
	$(BIN)/talkover-mock serve

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

test: $(DEV)
	$(BIN)/pytest $(WORKERS)

# Writes the files that are made of others: tests compare them.
products: $(DEV)
	$(BIN)/python -m tests.support.fidelity_page
	$(BIN)/python -m tests.support.openapi_schemas

# The tests without the mark `slow`, which setup.cfg explains: to run while changing something. `make test` is what counts.
# Each of three processes collects the folders of its own, and tells no other process of each test, as workers do: that
# costs more than most of these tests. While one waits, the others go on.
FOLDERS := $(sort $(dir $(wildcard tests/*/test_*.py)))
QUICK_1 := tests/doors/ tests/learning/ tests/page/
QUICK_2 := tests/admin/ tests/api/ tests/loading/ tests/state/
QUICK_3 := $(filter-out $(QUICK_1) $(QUICK_2),$(FOLDERS))

quick: $(DEV)
	$(MAKE) --no-print-directory --jobs=3 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) quick-1 quick-2 quick-3

quick-%:
	$(BIN)/pytest -m "not slow" $(QUICK_$*)

# The suite with the lowest version of each dependency that setup.cfg allows.
LOWEST := .venv-lowest
lowest: $(LOWEST)/lowest.txt
	PIP_CONSTRAINT=$(CURDIR)/$< $(MAKE) test VENV=$(LOWEST)

$(LOWEST)/lowest.txt: setup.cfg
	mkdir -p $(LOWEST)
	sed -nE '/^install_requires/,/^$$/s/^ +([^ ]+)>=([^,]+),.*/\1==\2/p' setup.cfg > $@

dist: $(DEV)
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*

# Measures beside pytest-httpserver, and with wrk, whose figures are left out where it is not and can't be installed.
bench: $(DEV)
	$(BIN)/pip install --quiet 'pytest-httpserver~=1.1'
	command -v wrk || { test "$$(id -u)" = 0 && apt-get install --quiet=2 wrk; } || true
	$(BIN)/python -m benchmarks

# Ten minutes; `make soak SECONDS=60` is one.
SECONDS := 600
soak: $(DEV)
	$(BIN)/python -m tests.soak $(SECONDS)

# All that schemathesis can think of, where `make test` has some of it.
fuzz: $(DEV)
	TALKOVER_MOCK_LONG_FUZZING=1 $(BIN)/pytest tests/whole/test_openapi_fuzzing.py

clean:
	rm -rf $(VENV) $(LOWEST) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
