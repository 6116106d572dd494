# The whole interface of the repository; each target is one line. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help produce test evidence check fix bench lock
READY := .venv/ready

help:     ; @grep -E '^[a-z]+: .*## [a-z]' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1: /'
produce: $(READY) ## photographs -> trained, registered, published library (ARGS="--set training.minutes=2")
	@.venv/bin/texture-mill run produce-library $(ARGS)
test: $(READY) ## the tests; they need no network (ARGS="-n 0 tests/data": these, in one process)
	@.venv/bin/python -m pytest -n logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder $(ARGS)
evidence: $(READY) ## the tests that `make test` leaves out: more cases of what it tests
	@.venv/bin/python -m pytest -n 0 -m evidence $(ARGS)
check: $(READY) ## format, lint, types and import direction, in seconds
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports
fix: $(READY) ## format, and repair what ruff can repair
	@.venv/bin/ruff check --fix --exit-zero . && .venv/bin/ruff format .
bench: $(READY) ## the measurements that need no photographs of your own (docs/experiments.md)
	@for name in metrics_validity input_pipeline rendering training_step orchestration plan store store_faults store_kills; do echo "== $$name"; .venv/bin/python -m benchmarks.$$name || exit 1; done
lock: ## resolve the dependencies anew and write requirements.lock
	@scripts/bootstrap lock

$(READY): requirements.lock pyproject.toml scripts/bootstrap
	@scripts/bootstrap install
