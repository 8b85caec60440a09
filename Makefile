# Needs Python 3.11 or newer, git and make; everything else is fetched into .venv at pinned versions.
# PYTHON=/path/to/python3.12 chooses the interpreter; ARGS="…" goes to the program a target runs.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTHON ?=
ARGS ?=

BROWSER_FILES := src/landbridge/web/static/vendor
TEST_FILES := tests/vendor

# Installed scripts hold absolute paths, so an environment is good only where it was made;
# and it is not whole without the browser files that its installation fetches into the checkout.
FETCHED := $(BROWSER_FILES)/package-lock.json $(TEST_FILES)/package-lock.json
ifneq ($(shell cat $(READY) 2>/dev/null && ls $(FETCHED) 2>/dev/null),$(CURDIR) $(FETCHED))
.PHONY: $(READY)
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test newcomer check format lint types imports soak storm fuzz mutants audit bench docs pictures clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | \
	while IFS='|' read -r target text; do printf '%-16s %s\n' "$$target" "$$text"; done

install: $(READY) ## Make .venv with the locked dependencies; the other targets do it by themselves
	@echo "Installed in $(VENV)"

demo: $(READY) ## Start both sandboxes and Landbridge with 2,000 made-up people; ARGS=--once ends after the sync
	@$(BIN)/landbridge demo $(ARGS)

# The browser is got first, and never looked for twice: where there is none the tests that need it say so.
test: $(READY) ## Run the tests; ARGS="-k name" picks some
	@LANDBRIDGE_CHROMIUM="$$($(BIN)/python tests/provide_browser.py)" $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

newcomer: $(READY) ## From the first page to live, with 2,000 contacts, in a real browser; ARGS="--people 200"
	@cd tests && ../$(BIN)/python newcomer.py --pictures ../.newcomer $(ARGS)

check: format lint types imports test ## Everything a change must pass: format, lint, types, imports, tests

format: $(READY)
	@echo "Formatting (ruff format)" && $(BIN)/ruff format --check --quiet --output-format concise .

lint: $(READY)
	@echo "Linting (ruff check)" && $(BIN)/ruff check --quiet --output-format concise .

types: $(READY)
	@echo "Types (mypy)" && $(BIN)/mypy

imports: $(READY)
	@echo "Imports (lint-imports)" && $(BIN)/lint-imports --no-logo

soak: $(READY) ## Run the state machine at length; ARGS="EXAMPLES SEED", 20,000 and 1 if nothing is said
	@cd tests && ../$(BIN)/python soak.py $(ARGS)

storm: $(READY) ## Thousands of edits on both sides while webhooks go wrong; ARGS="EDITS CONTACTS SEED"
	@cd tests && ../$(BIN)/python storm.py $(ARGS)

fuzz: $(READY) ## Made-up input for every decoder, the receiver, the pages and the API; ARGS="SECONDS SEED"
	@cd tests && ../$(BIN)/python fuzz.py $(ARGS)

mutants: $(READY) ## Take away one guard at a time and show that a test notices
	@$(BIN)/python tests/mutants.py

audit: $(READY) ## Write the bill of materials to dist/, and ask which packages have known weaknesses
	@$(BIN)/python tests/audit.py

bench: $(READY) ## Measure: contacts a second, memory, API calls
	@$(BIN)/python -m bench $(ARGS)

pictures: $(READY) ## Take all pictures of docs/ again, from a made-up bridge
	@$(BIN)/python docs/make_pictures.py

docs: $(READY) ## Write the generated pages again from the code, and build all pages into site/, strictly
	@$(BIN)/python -m landbridge.settings > docs/settings.md && echo "docs/settings.md is up to date"
	@$(BIN)/python -m landbridge.systems.errors > docs/errors.md && echo "docs/errors.md is up to date"
	@$(BIN)/python -m landbridge.engine.catalog_page > docs/operations.md && echo "docs/operations.md is up to date"
	@$(BIN)/python -m landbridge.metrics_page > docs/metrics.md && echo "docs/metrics.md is up to date"
	@$(BIN)/python docs/make_quality.py
	@$(BIN)/python docs/make_diagrams.py
	@$(BIN)/python docs/make_site.py
	@unset VIRTUAL_ENV; $(BIN)/uv run --quiet --locked --isolated --only-group docs --python $(BIN)/python zensical build --clean --strict

clean: ## Remove .venv, caches, the demo's state and fetched browser files
	@rm -rf $(VENV) .demo .newcomer dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@rm -rf $(BROWSER_FILES) $(TEST_FILES)
	@find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Clean; the next make target installs again"

$(READY): pyproject.toml uv.lock package.json package-lock.json hatch_build.py
	@set -e; \
	python=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Landbridge needs Python 3.11 or newer with its venv module; none was found$(if $(PYTHON), as $(PYTHON))." >&2; \
	    echo "Install it (Debian, Ubuntu: apt install python3 python3-venv), or say where it is: make PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	fi; \
	if ! $(BIN)/python -c '' 2>/dev/null || [ "$$(cat $(READY) 2>/dev/null || echo "$(CURDIR)")" != "$(CURDIR)" ]; then \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV); \
	fi; \
	rm -f $(READY); \
	uv=$$(sed -n 's/^ *"\(uv==[^"]*\)".*/\1/p' pyproject.toml); \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	echo "Installing the locked dependencies (a minute or two the first time)"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$uv"; \
	unset VIRTUAL_ENV; \
	UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --locked --quiet --python $(BIN)/python --reinstall-package landbridge; \
	printf '%s\n' "$(CURDIR)" > $(READY)
