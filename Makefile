# Each target works as the first command after a clone; nothing is installed or built twice.
PYTHON ?= python3
BIN := .venv/bin
USER_STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev

.PHONY: help lab test check demo build bench mutants pictures book
help:
	@echo "make lab      set everything up and open the course in JupyterLab"
	@echo "make test     run all tests"
	@echo "make check    lint, types, and that the committed notebooks are current"
	@echo "make demo     grade a class of twelve, honest and hostile"
	@echo "make build    rebuild notebooks and autograders from the masters in solutions/"
	@echo "make mutants  break each solution on purpose and see that the tests notice (TOPIC=01_regression for one)"
	@echo "make pictures draw every picture of the guides, and every widget, light and dark"
	@echo "make book     make the book of all notebooks, guides and the reference: dist/book/index.html"
	@echo "make bench    time this against what you would use instead (ONLY=detection for one module)"

$(USER_STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(DEV_STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs,cluster]'
	touch $(USER_STAMP) $@

lab: $(USER_STAMP)
	$(BIN)/course lab $(LAB_ARGS)

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

check: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/course lint
	$(BIN)/course build --check

demo: $(USER_STAMP)
	$(BIN)/course demo

build: $(USER_STAMP)
	$(BIN)/course build $(TOPIC)

mutants: $(USER_STAMP)
	$(BIN)/course mutants $(TOPIC)

bench: $(DEV_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.run $(ONLY)

pictures: $(DEV_STAMP)
	$(BIN)/python -m docs.pictures
	$(BIN)/python -m docs.report_pictures
	$(BIN)/python -m docs.marking_pictures

book: $(DEV_STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m docs.book
