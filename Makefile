# Two commands: `make run` starts the demonstration portal, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint bench lock clean

run: $(VENV)/.run
	@exec $(BIN)/portal demo

test: $(VENV)/.test
	@exec $(BIN)/python -m tests

lint: $(VENV)/.test
	@$(BIN)/python -m tests --lint

bench: $(VENV)/.test
	@$(BIN)/python -m tests.bench

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: $(PYTHON) was not found. Set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Set PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || echo "uv is not to be had; pip takes over"

# Dependencies come from the lock files, by hash; uv is quicker, pip does the same.
define install
	@echo "Installing $(1) …"
	@if [ -x $(BIN)/uv ]; then \
	  VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r $(1); \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1); \
	fi
	@$(BIN)/python -c 'import pathlib, sysconfig; \
	  site = pathlib.Path(sysconfig.get_path("purelib")); \
	  (site / "stakehold-checkout.pth").write_text(str(pathlib.Path.cwd()) + "\n"); \
	  script = pathlib.Path("$(BIN)/portal"); \
	  script.write_text("#!" + str(pathlib.Path("$(BIN)/python").absolute()) + "\nfrom portal.app import main\nmain()\n"); \
	  script.chmod(0o755)'
endef

$(VENV)/.run: requirements.txt | $(BIN)/python
	$(call install,requirements.txt)
	@touch $@

$(VENV)/.test: requirements-test.txt | $(BIN)/python
	$(call install,requirements-test.txt)
	@touch $@ $(VENV)/.run

# Writes the locks anew from pyproject.toml: hashes, and no registry addresses.
lock: $(VENV)/.test
	$(BIN)/uv pip compile --quiet pyproject.toml --extra production --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra test --extra production --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements-test.txt

clean:
	rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
