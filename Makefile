# A fresh clone needs python3 (3.11 or newer), pip and make. Everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DELETE_ON_ERROR:
.PHONY: demo test quick bench crash-test fuzz properties compare contract check lint types floors samples schema docs lock audit sbom clean

# Only wheels, and only those whose hashes are written down: nothing is built, so no package runs code while it is installed.
INSTALL := install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
AUDIT := .venv-audit
READY := $(VENV)/.ready-$(shell cat requirements/dev.txt pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)

demo: $(READY) ## the main job, end to end, on the built-in sandbox
	@IMPORTER=$(BIN)/importer sh samples/demo.sh

TESTS ?= tests
test: $(READY) ## all tests, or those that TESTS names
	$(BIN)/python -m pytest -n 4 --dist worksteal $(TESTS)

# Whole runs one after another; what starts a process for each test, kills it, or tries inputs by the thousand; and every test that is marked.
UNHURRIED := api e2e crash fuzz contract corpus benchmarks
quick: $(READY) ## the quick tests, for in between (75 s on two cores); `make test` decides
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not slow and not browser" $(UNHURRIED:%=--ignore=tests/%) tests

N ?= 1000
crash-test: $(READY) ## kill the importer N times at random, and everything else of docs/crash-tests.md at full length
	$(BIN)/python -m tests.crash.long --kills $(N)

ROWS ?= 1000,100000,1000000
BENCH ?=
bench: $(READY) ## ours beside peers and floors (hours); ROWS=10000 for a look
	$(BIN)/python -m benchmarks --rows $(ROWS) $(BENCH)

SECONDS ?= 60
fuzz: $(VENV)-fuzz/.ready properties ## look for inputs that break a reader: SECONDS a target, EXAMPLES a property
	$(VENV)-fuzz/bin/python -m tests.fuzz.campaign $(SECONDS)

EXAMPLES ?= 20000
properties: $(READY) ## every parser and every escaping function on EXAMPLES inputs each
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n 4 --dist worksteal tests/fuzz

COMPARING := $(addprefix tests/,mapping/test_phones_agreement.py mapping/test_whole_columns.py planning/test_columns_and_rows_agree.py \
	reading/test_arrow_reader.py reading/test_fast_rows.py reporting/test_results_line_by_line.py)
compare: $(READY) ## every fast path beside a slow one on 200,000 rows; `make test` takes 40,000
	COMPARED_ROWS=200000 $(BIN)/python -m pytest -n 4 --dist worksteal $(COMPARING)

contract: $(VENV)-contract/.ready ## the sandbox and the client's requests against the API's contract
	$(VENV)-contract/bin/python -m pytest tests/contract

check: lint types floors ## everything but the tests

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

samples: $(READY) ## make the sample files again
	$(BIN)/python samples/make_samples.py

schema: $(READY) ## write the JSON Schema of the mapping file again
	$(BIN)/python -m importer.mapping.file.schema > mappings/mapping.schema.json

docs: $(READY) ## write what docs/ takes from the code again
	$(BIN)/python docs/make_docs.py

lock: $(READY) ## pin the dependencies again, with hashes and without naming an index
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header pyproject.toml --group dev -o requirements/dev.txt
	for group in fuzz contract; do \
		$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
			--no-header pyproject.toml --group $$group -o requirements/$$group.txt || exit 1; done
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --group audit -o requirements/audit.txt

audit: $(AUDIT)/.ready ## look every pinned package up among known vulnerabilities; needs the network
	for pinned in run dev audit; do \
		$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$pinned.txt || exit 1; \
	done

sbom: $(AUDIT)/.ready ## list what an installation holds, with licences: requirements/sbom.cdx.json
	rm -rf $(AUDIT)/run
	$(PYTHON) -m venv --without-pip $(AUDIT)/run
	$(AUDIT)/bin/python -m pip --python $(AUDIT)/run/bin/python $(INSTALL) -r requirements/run.txt
	$(AUDIT)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
		-o $(AUDIT)/sbom.json $(AUDIT)/run
	$(PYTHON) requirements/without_links.py < $(AUDIT)/sbom.json > requirements/sbom.cdx.json

clean:
	rm -rf $(VENV) $(AUDIT) $(VENV)-fuzz $(VENV)-contract $(VENV)-newest .fuzz dist build .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis

$(READY):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip $(INSTALL) -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

$(AUDIT)/.ready: requirements/audit.txt
	$(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT)/bin/python -m pip $(INSTALL) -r requirements/audit.txt
	@touch $@

# Tools that have no place in the environment of the tests; see docs/decisions/fuzzing-and-contract.md.
$(VENV)-fuzz/.ready: requirements/fuzz.txt
	$(PYTHON) -m venv $(VENV)-fuzz
	$(VENV)-fuzz/bin/python -m pip $(INSTALL) -r $< || { \
		echo "make fuzz needs atheris, which has wheels for CPython 3.11 to 3.14 on Linux (x86-64)" >&2; exit 1; }
	@touch $@

$(VENV)-contract/.ready: requirements/contract.txt
	$(PYTHON) -m venv $(VENV)-contract
	$(VENV)-contract/bin/python -m pip $(INSTALL) -r $<
	@touch $@
