# Each target makes for itself what it needs, in .venv, with the python3 that
# is found (or another: make test PYTHON=python3.13).

PYTHON = python3
BIN = .venv/bin
PIP_INSTALL = pip install -qq --disable-pip-version-check --prefer-binary

.NOTPARALLEL:
.PHONY: help test demo docs coverage matrix stress bench check dist clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

# All that some test needs.  Where the last two cannot be had, it is skipped.
PACKAGES = .venv/test .venv/property .venv/recipes .venv/windows .venv/cluster

test: $(PACKAGES) ## run the tests, and the examples of the module, the README and the docs
	$(BIN)/python -m pytest
	$(BIN)/python -m doctest threadpool.py

demo: ## print the SHA-256 of every file in docs, computed by a pool
	$(PYTHON) threadpool.py docs

docs: .venv/docs ## build docs/_build/html, check its links, run its examples, check the README's markup
	$(BIN)/sphinx-build -q -W -n --keep-going docs docs/_build/html
	$(BIN)/python docs/links.py docs/_build/html
	$(BIN)/sphinx-build -q -W -n -b doctest docs docs/_build/doctest
	$(BIN)/python -m docutils --strict README.rst docs/_build/README.html

coverage: $(filter-out .venv/cluster,$(PACKAGES)) .venv/coverage ## see that the tests reach every line and branch of the module
	$(BIN)/coverage run -m pytest -k 'not Cluster and not Loky'
	$(BIN)/coverage report

# FREE_THREADED may be a command that prints the path of one more interpreter,
# one without the global lock.
FREE_THREADED ?=

matrix: .venv/matrix ## run the tests with every Python found, on the PATH or by pyenv
	@free=$$($(FREE_THREADED)) || exit; \
	for bin in "$$(pyenv root 2>/dev/null)"/versions/*/bin; do found=$$bin:$$found; done; \
	PATH=$$found$$PATH$${free:+:$${free%/*}} $(BIN)/tox run-parallel -q -p 2 --parallel-no-spinner $(if $(ONLY),-- test_threadpool.py -k $(ONLY))

stress: ## let a storm of requests blow for SECONDS=60 with each of them (REQUESTS=10000000: for memory, too)
	SECONDS=$(or $(SECONDS),60) $(MAKE) matrix ONLY='"Storm or many_requests" -o faulthandler_timeout=7200'

# Release 1.3.2 has the name of this project, so it stays out of the way of both
# pip and import.
bench: .venv/bench .venv/peer ## measure the pool beside its peers (QUICK=1: in two minutes, and nothing is kept)
	$(BIN)/python docs/performance/bench.py --old .venv/peer/threadpool.py $(if $(QUICK),--quick)
	$(if $(QUICK),,$(BIN)/python docs/performance/report.py)

dist: .venv/dist ## build the sdist and the wheel into dist
	rm -rf dist *.egg-info
	$(BIN)/python -m build > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	$(BIN)/python -c "from zipfile import ZipFile as Z; from glob import glob; [wheel] = glob('dist/*.whl'); \
	assert {n.split('/')[0].split('-')[0] for n in Z(wheel).namelist()} == {'threadpool', 'threadpool.py'}, wheel"

check: coverage docs matrix dist .venv/lint .venv/types ## all of it, lint and types, and `make test` from the sdist
	$(BIN)/ruff check --isolated --target-version py39 --line-length 120 --per-file-ignores 'test_*.py:E501,test_*.py:F821' \
	--select A,B,C4,E,F,I,ISC,LOG,PIE,PLE,RET,RUF,UP,W .
	$(BIN)/mypy
	rm -rf build && mkdir build && tar -xf dist/*.tar.gz -C build && $(PYTHON) -m venv build/venv
	build/venv/bin/$(PIP_INSTALL) dist/*.whl && cd build && venv/bin/python -I -m doctest venv/lib/*/site-packages/threadpool.py
	cp docs/typing/client.py build && cd build && echo '{}' > pyrightconfig.json && venv/bin/$(PIP_INSTALL) -r ../.venv/types.txt && \
	venv/bin/mypy --strict client.py && venv/bin/python -m mypy.stubtest --allowlist ../docs/typing/stubtest.txt threadpool && venv/bin/pyright --pythonpath venv/bin/python client.py
	cd build/threadpool-* && $(MAKE) test
	$(MAKE) bench QUICK=1 > .venv/bench.log 2>&1 || { cat .venv/bench.log; exit 1; }

clean: ## remove whatever the other targets have made
	rm -rf .venv .tox build dist docs/_build *.egg-info .coverage* .*_cache __pycache__ docs/__pycache__

# .venv/NAME stands for the packages of the extra NAME in setup.cfg.
.venv/%: setup.cfg | .venv/bin/pip
	@$(BIN)/python -c "from configparser import RawConfigParser as P; c = P(); c.read('setup.cfg'); \
	print(c['options.extras_require']['$*'].strip())" > $@.txt && echo "installing" $$(cat $@.txt)
	@$(BIN)/$(PIP_INSTALL) -r $@.txt $(if $(filter $*,windows cluster),|| echo "$* cannot be installed here") && touch $@

.venv/peer: | .venv/bin/pip
	$(BIN)/$(PIP_INSTALL) --no-deps --target $@ threadpool==1.3.2

.venv/bin/pip:
	$(PYTHON) -m venv .venv
