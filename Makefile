# Python (3.11 is the reference), git and make are all that a fresh machine needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export PYTHONHASHSEED := 0

.PHONY: repro test ui lock check-repro lint clean

repro: $(VENV)/installed data
	git diff --exit-code --stat data.dvc
	dvc repro
	@python -m rarewave summary

test: $(VENV)/installed-dev lint
	pytest -n 2 --dist loadgroup tests

lint: $(VENV)/installed-dev
	ruff check .
	ruff format --check .
	mypy

ui: $(VENV)/installed
	mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

check-repro: $(VENV)/installed data
	python -m tests.check_repro

# The sample archive: made where it is absent, then compared with data.dvc.
data: | $(VENV)/installed
	python -m rarewave.simulate data
	dvc commit --quiet --force data.dvc
	git diff --exit-code data.dvc

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
