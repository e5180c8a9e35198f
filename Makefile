# Python (3.11 is the reference), git and make are all that a fresh machine needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# The hash of the simulated archive, as data.dvc has it in a fresh clone.
SAMPLE := 665a1582e3ad599cc1d5de75f817ca8d.dir
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export PYTHONHASHSEED := 0

.PHONY: repro sample test test-slow ui lock check-repro lint clean

repro: $(VENV)/installed sample
	@test ! -f data.dvc || dvc status -q data.dvc || { echo "data/ is not what data.dvc says:" \
	  "dvc add data if you changed it, dvc checkout or dvc pull if not"; exit 1; }
	dvc repro
	@python -m rarewave summary

# The aim is 6 minutes on two cores, which it exceeds. A file's tests share fixtures, so they stay
# on one worker.
test: $(VENV)/installed-dev lint
	pytest -n 2 --dist loadfile tests

# What takes minutes: killed runs, clones, an hour's scan, pipelines of other kinds of data, pairs of
# options, all examples of every property, and the default pipeline in two clones.
test-slow: $(VENV)/installed-dev
	HYPOTHESIS_PROFILE=full pytest -n 2 --dist loadfile -m "slow or hypothesis" tests
	$(MAKE) check-repro

lint: $(VENV)/installed-dev
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-cache

ui: $(VENV)/installed
	@python -m rarewave.tracking.page
	mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

check-repro: $(VENV)/installed
	python tools/check_repro.py

# The sample archive: made where data/ is absent, and compared with data.dvc.
sample: | $(VENV)/installed
	@if [ -e data ] || [ ! -f data.dvc ]; then exit 0; \
	elif grep -q $(SAMPLE) data.dvc; then \
	  python -m rarewave.simulation.lunar_archive data && dvc commit -q -f data.dvc && \
	  git diff --exit-code -- data.dvc; \
	else echo "data/ is absent, and data.dvc does not describe the sample: dvc pull, or copy it"; \
	  exit 1; fi

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# Needs uv. Universal: one lock for Python 3.11 to 3.13 on every platform.
lock:
	uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet -o requirements.txt
	uv pip compile requirements-dev.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet -o requirements-dev.txt

clean:
	rm -rf artifacts plots metrics .rarewave mlflow.db mlruns
