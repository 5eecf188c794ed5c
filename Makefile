# make run    everything from nothing to the chat page on http://127.0.0.1:7860
# make test   everything from nothing to the whole test suite; what CI runs
# Others: install, check (format, lint, types), bench, clean. Every target may be interrupted and
# called again; what is done is not done twice.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export HF_HUB_OFFLINE = 1

.PHONY: install run test check bench clean models chromium firefox nginx postgres strace
.DELETE_ON_ERROR:

install: .venv/.installed

run: install
	@echo "== Indexing the articles (the embedder, 90 MB, is fetched the first time)"
	@$(BIN)/qa index
	@echo "== Starting the chat page; Ctrl-C stops it"
	@exec $(BIN)/python app.py

test: chromium firefox nginx postgres strace check models
	$(BIN)/python -m pytest -n 2 --dist loadfile # many tests wait; the files share their servers

check: .venv/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml

bench: .venv/.installed-dev models
	$(BIN)/qa index
	$(BIN)/qa eval corpus/questions.jsonl --answerer extractive --out runs/corpus-extractive
	$(BIN)/python lab/benchmarks/speed.py

# The models that the tests use: the embedder and the smaller language model.
models: .venv/.installed-dev
	@$(BIN)/qa models pull multilingual-e5-small qwen2.5-coder-0.5b-instruct qwen2.5-coder-1.5b-instruct

# The browser tests need Chromium; CHROMIUM names another one.
chromium: .venv/bin/python
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome; do \
		if command -v "$${name:-none}" >/dev/null; then exit 0; fi; \
	done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "== Installing Chromium for the browser tests"; \
		{ apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; } >.venv/chromium.log 2>&1 \
			|| { tail -5 .venv/chromium.log; exit 1; }; \
	else \
		echo "The browser tests need Chromium: install it (Debian: sudo apt-get install chromium)" \
			"or set CHROMIUM to the path of one." >&2; exit 1; \
	fi

# The page's main path is tested in Firefox too, passed over without it; FIREFOX names another one.
firefox: .venv/bin/python
	@for name in "$$FIREFOX" firefox-esr firefox; do \
		if command -v "$${name:-none}" >/dev/null; then exit 0; fi; \
	done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "== Installing Firefox for a browser test"; \
		{ apt-get update && apt-get install --yes --no-install-recommends firefox-esr; } >.venv/firefox.log 2>&1 \
			|| { tail -5 .venv/firefox.log; exit 1; }; \
	else \
		echo "No Firefox: the page is tested in Chromium alone (Debian: sudo apt-get install firefox-esr)" >&2; \
	fi

# A proxy for tests/server/api/test_proxy.py, which is passed over without it.
nginx: .venv/bin/python
	@if PATH="$$PATH:/usr/sbin:/sbin" command -v nginx >/dev/null; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "== Installing nginx for the tests behind a proxy"; \
		{ apt-get update && apt-get install --yes --no-install-recommends nginx; } >.venv/nginx.log 2>&1 \
			|| { tail -5 .venv/nginx.log; exit 1; }; \
	else \
		echo "No nginx: the page under a path of a proxy is not tested (Debian: sudo apt-get install nginx)" >&2; \
	fi

# A server for the tests of what several machines share, which are passed over without it.
postgres: .venv/bin/python
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "== Installing PostgreSQL for the tests of a shared archive"; \
		{ apt-get update && apt-get install --yes --no-install-recommends postgresql; } >.venv/postgres.log 2>&1 \
			|| { tail -5 .venv/postgres.log; exit 1; }; \
	else \
		echo "No PostgreSQL: a shared archive is not tested (Debian: sudo apt-get install postgresql)" >&2; \
	fi

# What watches a whole run from outside (tests/test_alone.py), which is passed over without it.
strace: .venv/bin/python
	@if [ "$$(uname)" != Linux ] || command -v strace >/dev/null; then exit 0; fi; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "== Installing strace"; \
		{ apt-get update && apt-get install --yes --no-install-recommends strace; } >.venv/strace.log 2>&1 \
			|| { tail -5 .venv/strace.log; exit 1; }; \
	else \
		echo "No strace: whether anything leaves the machine is not tested (Debian: sudo apt-get install strace)" >&2; \
	fi

clean:
	rm -rf .venv .qa build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or later is needed; set PYTHON to its path." >&2; exit 1; fi
	@echo "== Creating the virtual environment with $(PYTHON)"
	@$(PYTHON) -m venv .venv

# PyPI's torch for Linux brings gigabytes of CUDA; PyTorch's own index has the same version without.
.venv/.torch: .venv/bin/python constraints.txt
	@echo "== Installing PyTorch"
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv # an interrupted start
	@if $(BIN)/python -c "import urllib.request as u; u.urlopen('$(TORCH_INDEX)/torch/', timeout=3)" 2>/dev/null; then \
		$(PIP) install --constraint constraints.txt --extra-index-url $(TORCH_INDEX) torch; \
	else \
		echo "   (the index of CPU builds does not answer: taking the torch that pip finds)"; \
		$(PIP) install --constraint constraints.txt torch; \
	fi
	@touch $@

.venv/.installed: .venv/.torch pyproject.toml constraints.txt
	@echo "== Installing qa and what it rests on (about 420 MB to download)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "== Installing the tools for development"
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
