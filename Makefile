# Each target makes for itself what it needs, in .venv, with the python3 that is found
# (or another: make test PYTHON=python3.13).

PYTHON = python3
RUN = .venv/bin/python -m
CLIENTS_PIP = .venv-clients/bin/pip -qq --disable-pip-version-check
DOCS_TESTS = .venv/test .venv/recipes .venv/windows .venv/cluster

.NOTPARALLEL:
.PHONY: help test demo docs coverage matrix clients stress bench check dist clean

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

test: .venv/test ## run the tests of the module, and the examples of the module, the README and the pages
	$(RUN) pytest

demo: ## print the SHA-256 of every file in docs, computed by a pool
	$(PYTHON) threadpool.py docs

docs: .venv/docs ## build docs/_build/html, check its links, run its examples, check the README's markup
	$(RUN) sphinx -q -W -n --keep-going docs docs/_build/html
	$(RUN) sphinx -q -W -n -b doctest docs docs/_build/doctest
	.venv/bin/python docs/links.py docs/_build/html
	$(RUN) docutils --strict README.rst docs/_build/README.html

coverage: .venv/test .venv/coverage ## see that the tests reach every line and branch of the module
	$(RUN) coverage run -m pytest test_threadpool.py threadpool.py docs/test_inside.py
	$(RUN) coverage report

matrix: .venv/matrix ## run the tests of the module with every Python found, on the PATH or by pyenv
	.venv/bin/python docs/matrix.py

# ONLY=dask runs the rows of one library; KEEP=1 writes the table of the page.
clients: .venv-clients/ready ## run the suites of other libraries with ThreadPoolExecutor and with this pool
	.venv-clients/bin/python docs/clients/run.py $(if $(ONLY),--only $(ONLY)) $(if $(KEEP),--keep)

stress: export SECONDS ?= 60
stress: .venv/matrix ## let a storm of requests blow for SECONDS=60 with each (REQUESTS=10000000: for memory, too)
	.venv/bin/python docs/matrix.py test_threadpool.py -k "Storm or many" -o faulthandler_timeout=7200

# QUICK=1 makes it a minute or two, and keeps nothing.
bench: .venv/bench .venv/peer ## measure the pool beside its peers
ifdef QUICK
	.venv/bin/python docs/performance/bench.py --old .venv/peer/threadpool.py --quick
else
	.venv/bin/python docs/performance/bench.py --old .venv/peer/threadpool.py
	.venv/bin/python docs/performance/report.py
endif

dist: .venv/dist ## build the sdist and the wheel into dist
	rm -rf dist
	$(RUN) build -q

check: coverage docs matrix dist $(DOCS_TESTS) .venv/peer .venv/lint ## all of it, the tests of the docs, lint, types, and what is in dist
	$(RUN) pytest docs/test_docs.py docs/coming docs/explorer
	$(RUN) ruff check
	$(RUN) mypy
	$(PYTHON) docs/try_dist.py
	$(MAKE) clients
	$(MAKE) bench QUICK=1

clean: ## remove what the other targets have made
	rm -rf .venv .venv-clients .tox build dist docs/_build *.egg-info
	rm -rf .coverage* .*_cache .hypothesis __pycache__ docs/__pycache__ docs/*/__pycache__

# .venv/NAME stands for the packages of the extra NAME in setup.cfg.
.venv/%: setup.cfg | .venv/bin/pip
	.venv/bin/pip install -qq --disable-pip-version-check --prefer-binary -e '.[$*]'
	touch $@

# Release 1.3.2 has the name of this project, so it stays out of the way of both pip and import.
.venv/peer: | .venv/bin/pip
	.venv/bin/pip install -qq --disable-pip-version-check --no-deps --target $@ threadpool==1.3.2

.venv/bin/pip:
	$(PYTHON) -m venv .venv

# The libraries, the suites of those that do not install theirs, and release 1.3.2.
# (Nothing is built: pip only asks a source distribution for its name and release.)
.venv-clients/ready: docs/clients/requirements.txt docs/clients/suites.txt
	rm -rf .venv-clients
	$(PYTHON) -m venv .venv-clients
	echo '*' > .venv-clients/.gitignore
	$(CLIENTS_PIP) install --no-deps -r docs/clients/requirements.txt
	$(CLIENTS_PIP) download --no-deps --no-binary :all: --no-build-isolation \
	    --dest .venv-clients/suites -c docs/clients/requirements.txt -r docs/clients/suites.txt
	find .venv-clients/suites -name '*.tar.gz' -exec tar -xzf {} -C .venv-clients/suites ';'
	$(CLIENTS_PIP) install --no-deps --target .venv-clients/threadpool-1.3.2 threadpool==1.3.2
	touch $@
