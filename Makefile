STUDY ?= partnership
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ORACLES := .venv-oracles
S3 := .venv-s3
WORKERS ?= logical
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help evaluate app test test-real check oracles oracles-install s3-install spark-install verify docs lock clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Installing into $(VENV) (once, about two minutes)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

evaluate: $(READY) ## Run a study from raw files to a release: make evaluate STUDY=connecticut
	@evaluation run $(STUDY)

app: $(READY) ## Open the newest published release in a browser
	@evaluation app

# A worker per core, so each computes on one: threads of linear algebra would only stand in each other's way.
test test-real: export OMP_NUM_THREADS := 1
test test-real: export OPENBLAS_NUM_THREADS := 1

test: $(READY) ## Run the tests (under 5 minutes on 2 cores)
	@pytest -m "not real and not verify" --ignore tests/oracles -n $(WORKERS) --maxprocesses 8 --dist worksteal

test-real: $(READY) ## Run the tests of slow real parts: Chromium, Spark, an S3 remote, killed runs (under 15 minutes)
	@$(MAKE) --no-print-directory s3-install || echo "The S3 client cannot be installed here: its tests are skipped." >&2
	@$(MAKE) --no-print-directory spark-install || echo "Spark cannot be installed here: its test is skipped." >&2
	@pytest -m real --ignore tests/oracles -n $(WORKERS) --maxprocesses 8 --dist loadscope --durations 15

check: $(READY) ## Run ruff, import-linter, mypy and the docs checks
	ruff check .
	lint-imports --no-cache
	mypy
	pytest tests/docs tests/architecture
	@test -z "$$(git ls-files --cached --others --exclude-standard data/restricted data/unreleased)" || { echo "git tracks or would add files about students: see .gitignore, and git rm --cached them" >&2; exit 1; }

oracles-install: $(ORACLES)/.ready

$(ORACLES)/.ready: requirements-oracles.lock pyproject.toml
	@echo "Installing the other programs into $(ORACLES) (once, about two minutes)" >&2
	@$(PYTHON) -m venv $(ORACLES)
	@$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-oracles.lock
	@touch $@

oracles: oracles-install ## Compare live with diff-diff, pyfixest and linearmodels
	@$(ORACLES)/bin/python -m pytest tests/oracles

s3-install: $(S3)/.ready

# Sees the packages of the project's own environment and adds only what they lack.
$(S3)/.ready: requirements-s3.lock $(READY)
	@echo "Installing the S3 client and server of the tests into $(S3) (once, half a minute)" >&2
	@$(PYTHON) -m venv $(S3)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(S3)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/core.pth"
	@$(S3)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-s3.lock
	@touch $@

spark-install: $(VENV)/.spark ## Add Apache Spark to the environment, for `engine: spark://...` in params.yaml (needs Java 17)

$(VENV)/.spark: requirements-spark.lock $(READY)
	@echo "Installing pyspark into $(VENV) (once, half a minute)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $@

verify: $(READY) ## Full matrices (500 kills, determinism) and simulations (coverage, 20 seeds end to end): several hours
	@pytest -m verify --ignore tests/oracles -n $(WORKERS) --maxprocesses 8 --dist worksteal
	@python -m benchmarks.coverage
	@python -m benchmarks.planted_truth

docs: $(READY) ## Write the generated pages of docs/
	@python docs/generate.py

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra test --extra check --quiet pyproject.toml --output-file requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra test --extra oracles --constraint requirements.lock --quiet pyproject.toml --output-file requirements-oracles.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra s3-test --constraint requirements.lock --quiet pyproject.toml --output-file requirements-s3.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra spark --constraint requirements.lock --quiet pyproject.toml --output-file requirements-spark.lock

clean: ## Remove what was made (not the deliveries you put in data/)
	rm -rf $(VENV) $(ORACLES) $(S3) .mypy_cache .pytest_cache .ruff_cache *.egg-info
