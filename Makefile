# botbench: `make demo` and `make test` set up .venv by themselves. uv is used where it is there, plain venv and pip elsewhere.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help story demo test quick lint speed spark newest scale chaos fuzz requirements docs pictures bluesky experiments clean label-studio sbom

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
# One for each core, which is what the processes of the tests keep busy.
PYTEST_JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n > 8 ? 8 : n < 2 ? 2 : n)))

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# One stamp for each set of requirements: it is made again only when the pins or pyproject.toml change.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "botbench needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(if $(UV),$(UV) venv --quiet --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

define install
	$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/$(1).txt,PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r requirements/$(1).txt)
	$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .,$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q botbench curation benchmarks
	touch $@
endef

$(VENV)/core.stamp: requirements/core.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (once; a minute or two)"
	$(call install,core)

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) for development (once; two or three minutes)"
	$(call install,dev)
	touch $(VENV)/core.stamp

demo: $(VENV)/core.stamp ## the main job end to end on simulated accounts, under a minute after set-up
	$(BIN)/botbench demo --out demo-store

test: $(VENV)/dev.stamp ## every test; says how to install what a skipped one needs
	$(BIN)/python -m pytest -n $(PYTEST_JOBS) --dist loadgroup -m "not speed" $(PYTEST_ARGS)

quick: $(VENV)/dev.stamp ## the style and the tests without store, server, real data or long simulation: under two minutes
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/python -m pytest -q -n $(PYTEST_JOBS) --dist loadgroup -m "quick and not speed" $(PYTEST_ARGS)

lint: $(VENV)/dev.stamp ## ruff (check and format), mypy (strict), and that imports go down only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo


speed: $(VENV)/dev.stamp .peers/stamp ## the benchmarks of tests/speed, with their figures, beside their peers
	$(BIN)/python -m pytest tests/speed -m speed -s -p no:xdist $(PYTEST_ARGS)

# A cluster of executors gets a process of its own: after another Spark in one, its executors were not seen.
SPARK_PYTEST := .spark/bin/python -m pytest -p no:xdist -p no:cacheprovider

# Java's newest runs no Spark 4.0, so one that does is preferred.
spark: export JAVA_HOME ?= $(firstword $(wildcard /usr/lib/jvm/java-17-openjdk-* /usr/lib/jvm/java-21-openjdk-*))
spark: .spark/stamp ## the engines' tests on Spark itself, in an environment of its own (450 MB; needs Java 17 or 21)
	@command -v java >/dev/null || [ -n "$$JAVA_HOME" ] || { echo "Spark needs Java: apt-get install openjdk-17-jre-headless" >&2; exit 1; }
	$(SPARK_PYTEST) tests/curation/features/test_features_engines.py tests/benchmarks/execution/test_on_engine.py tests/benchmarks/study/test_posts_on_engine.py -k "not killed" $(PYTEST_ARGS)
	$(SPARK_PYTEST) tests/curation/features/test_features_executors.py $(PYTEST_ARGS)
	$(SPARK_PYTEST) tests/benchmarks/execution/test_on_engine.py -k killed $(PYTEST_ARGS)

# PySpark comes as source, and its builder has to be there before. Its own requirements are those of .venv.
.spark/stamp: requirements/spark.txt $(VENV)/dev.stamp
	test -x .spark/bin/python || $(PYTHON) -m venv .spark
	sed -n '/^setuptools/,/[^\\]$$/p' $< > .spark/builder.txt
	.spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .spark/builder.txt
	.spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r $<
	$(BIN)/python -c 'import os, sysconfig; print(sysconfig.get_path("purelib"), os.getcwd(), sep="\n")' > "$$(.spark/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dependencies.pth"
	touch $@

# Programs that figures are measured beside (DVC), in an environment of their own.
.peers/stamp: requirements/peers.txt
	test -x .peers/bin/python || $(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

CORE := tests/test_extensions.py tests/test_before.py $(addprefix tests/curation/,store ingest/test_pull.py release/test_release.py validation maintenance features/test_features.py)

newest: $(VENV)/dev.stamp ## the core's tests on the newest DuckDB that wheels of its extensions exist for, in an environment of its own
	test -x .newest/bin/python || $(PYTHON) -m venv .newest
	rm -f .newest/lib/python*/site-packages/dependencies.pth
	.newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade $(addprefix duckdb-extension-,ducklake sqlite-scanner postgres-scanner httpfs)
	$(BIN)/python -c 'import os, sysconfig; print(sysconfig.get_path("purelib"), os.getcwd(), sep="\n")' > "$$(.newest/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/dependencies.pth"
	@.newest/bin/python -c 'import duckdb; print("DuckDB", duckdb.__version__)'
	.newest/bin/python -m pytest -n $(PYTEST_JOBS) --dist loadgroup -m "not speed" -p no:cacheprovider $(CORE) $(PYTEST_ARGS)

scale: $(VENV)/dev.stamp ## the whole path on simulated files of TwiBot-22's layout, FACTOR=0.01 of its size: docs/scale.md
	$(BIN)/python experiments/scale.py --factor $(or $(FACTOR),0.01) $(ARGS)

chaos: $(VENV)/dev.stamp ## kill each writing command N times on both catalogs and compare (hours; N=20 for less)
	BOTBENCH_CHAOS=$(or $(N),200) $(BIN)/python -m pytest tests/chaos/test_kills.py tests/chaos/test_damage.py tests/e2e/test_killed_annotation.py -p no:xdist -q $(PYTEST_ARGS)

fuzz: $(VENV)/dev.stamp ## N changed files of every kind through the readers (10,000: an hour or two); failing ones in fuzz-found/
	nice -n 10 $(BIN)/python tests/fuzz/run.py $(or $(N),10000) --keep fuzz-found $(ARGS)

EXPERIMENT ?= study_coverage intervals groups separation designs consensus_methods
experiments: $(VENV)/dev.stamp ## the simulated tables of docs (hours; EXPERIMENT=designs ARGS="--repeats 2" for less)
	@for name in $(EXPERIMENT); do $(BIN)/python experiments/$$name.py $(ARGS); done

story: $(VENV)/core.stamp ## docs/story.md and its picture: each sentence of the story beside our number (from ../shared/data)
	$(BIN)/python experiments/story.py $(ARGS)

bluesky: $(VENV)/dev.stamp ## a made campaign on a real local Bluesky network, hashtag to study: docs/live.md (npm, Postgres, Redis)
	$(BIN)/python experiments/bluesky/campaign.py $(ARGS)

pictures: $(VENV)/dev.stamp ## the pictures of README and docs/site.md, of today's pages on simulated data (needs Chromium)
	$(BIN)/python experiments/pictures.py $(ARGS)

docs: $(VENV)/dev.stamp ## the reference pages that are made from the code, and the site: docs-site/index.html
	$(BIN)/botbench tables > docs/tables.md
	$(BIN)/botbench features --markdown > docs/features.md
	$(BIN)/botbench annotate instructions > docs/annotating.md
	$(BIN)/python docs/make_site.py docs-site

label-studio: .label-studio/bin/label-studio ## the Label Studio server in an environment of its own (for tests and for annotating)

.label-studio/bin/label-studio: requirements/label-studio.txt
	$(if $(UV),$(UV) venv --quiet --python $(PYTHON) .label-studio,$(PYTHON) -m venv .label-studio)
	$(if $(UV),$(UV) pip install --quiet --python .label-studio/bin/python --compile-bytecode --require-hashes -r $<,PYTHONDONTWRITEBYTECODE= .label-studio/bin/python -m pip install --quiet --disable-pip-version-check --compile --require-hashes -r $<)
	touch $@

requirements: ## pin anew, with hashes and without addresses (needs uv)
	cd requirements && for f in core dev label-studio spark peers; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate $$f.in -o $$f.txt; done

sbom: $(VENV)/dev.stamp ## the pins with hashes and licences as a bill of materials: dist/sbom.cdx.json (CycloneDX)
	$(BIN)/python requirements/sbom.py dist/sbom.cdx.json

clean: ## take away what was made, but not the stores
	rm -rf $(VENV) .label-studio .spark .peers .newest .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
