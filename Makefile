# `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SECONDS ?= 60
TARGETS ?=
DATA ?=
QUESTION ?= find files larger than 100 MB under /var

.DEFAULT_GOAL := help
.PHONY: help demo coverage test lint types floors unit docs-site test-system test-long audit fuzz docs format bench bench-quick bench-store bench-check bench-peers bench-publish clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.developing: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(VENV)/.drawing: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[perf]'
	@touch $@

demo: $(VENV)/.installed ## Install into .venv, and answer a question offline; the daemon starts on demand.
	@echo '$$ isaacctl ask --provider knowledge "$(QUESTION)"'
	@$(BIN)/isaacctl ask --provider knowledge "$(QUESTION)"
	@echo '$$ isaacctl status'
	@$(BIN)/isaacctl status
	@echo
	@echo 'The daemon goes on until it has been idle for three hours. Now try:'
	@echo '  $(BIN)/isaacctl --help'
	@echo '  $(BIN)/isaacctl ask "what is using port 8080"'
	@echo '  $(BIN)/isaacctl stop'

test: ## Run every check: ruff, mypy, import-linter, the pages and pytest.
	@$(MAKE) -j2 lint types floors docs-site
	@$(MAKE) unit

lint: $(VENV)/.developing ## Only ruff, style and form.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developing ## Only mypy, strictly.
	$(BIN)/mypy

floors: $(VENV)/.developing ## Only import-linter: which room may know which.
	$(BIN)/lint-imports

unit: $(VENV)/.developing ## Only pytest, without what needs Debian packages; what fails beside others is tried once more, alone.
	$(BIN)/python -m tests.twice -n auto -m 'not system'

coverage: $(VENV)/.developing ## Run the tests and say which lines none of them reaches (a third longer than `make test`).
	$(BIN)/python -m pytest -n auto -m 'not system' --cov --cov-report=term:skip-covered

test-system: $(VENV)/.developing ## Install Debian packages and run the tests that need them (Neovim, Emacs, Node, nc).
	tests/system/install
	$(BIN)/python -m tests.twice -m system $$(grep -rl --include='test_*.py' 'mark\.system' tests)

docs-site: $(VENV)/.developing ## Build docs/ as a site in build/site; a broken link or a page without a way to it fails.
	$(BIN)/sphinx-build -q --fail-on-warning --keep-going -n -d build/doctrees docs build/site

test-long: $(VENV)/.developing ## Make 100,000 mixed requests, and live a day by a fake clock: memory, descriptors and tasks must stay flat (minutes).
	ISAAC_TEST_LIMIT_S=0 ISAAC_REQUESTS=100000 ISAAC_SOAK_HOURS=24 $(BIN)/python -m pytest -s tests/e2e/test_daemon_endures.py tests/e2e/test_soak.py

audit: $(VENV)/.developing ## Ask OSV for known vulnerabilities in what is installed (needs the internet, and says so without).
	$(BIN)/python -m tests.audit

fuzz: $(VENV)/.developing ## Fuzz codecs, decoders, readers, router and config for SECONDS (60), or only TARGETS.
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

docs: $(VENV)/.installed ## Write the generated pages of docs/ anew.
	$(BIN)/python docs/generate.py

format: $(VENV)/.developing ## Let ruff format and mend what it can.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.drawing ## Measure everything, with a page and pictures in perf/results (minutes; see docs/how-to/measure.md).
	perf/run --json perf/results/now.json $(if $(DATA),--data $(DATA)); status=$$?; \
	case $$status in 0|1|3) ;; *) exit $$status;; esac; \
	$(BIN)/python perf/report.py && { $(BIN)/python perf/publish.py --check --peers none || true; } && exit $$status

bench-publish: $(VENV)/.drawing ## Put the results of bench and bench-peers into the pages and pictures of docs/.
	$(BIN)/python perf/publish.py

bench-quick: ## Measure the rooms that people ask about first, in about a minute, with more noise.
	perf/run --quick --env build/perf startup ipc router ai gateway cache plugins memory

bench-store: ## Measure three times, and store the results and the wheel that bench-check compares with.
	perf/run --quick --runs 3 --env build/perf --json perf/results/stored.json --store || test $$? -eq 1

bench-peers: ## Measure side by side with others, each installed into an environment of its own (minutes).
	perf/peers.py --env build/peers

bench-check: ## Measure three times; fail on what is worse than the stored results, or over its budget.
	perf/run --quick --runs 3 --env build/perf --json perf/results/checked.json --check

clean: ## Remove what was built or installed here.
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
