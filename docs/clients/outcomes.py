"""A pytest plugin: write the outcome of each test to a file as soon as it is known.

So what is known survives a run that hangs or crashes.  The last line is the number
of pools that were made: a run in which there was none says nothing about pools.
"""

import functools
import os

import threadpool

FILE = open(os.environ["CLIENTS_OUTCOMES"], "w", buffering=1)
worst = {}  # by test; a test has three phases, and parts of its own perhaps
pools = []

ORDER = ["passed", "skipped", "failed"]


def write(outcome, test):
    print(outcome, test, sep="\t", file=FILE)


def count(init):
    @functools.wraps(init)
    def counting(self, *args, **kwds):
        pools.append(type(self).__name__)
        return init(self, *args, **kwds)

    return counting


def pytest_configure():
    threadpool.ThreadPool.__init__ = count(threadpool.ThreadPool.__init__)


def pytest_collectreport(report):
    if report.failed:
        write("failed", report.nodeid)


def pytest_runtest_logstart(nodeid):
    write("begun", nodeid)
    worst[nodeid] = "passed"


def pytest_runtest_logreport(report):
    worst[report.nodeid] = max(worst[report.nodeid], report.outcome, key=ORDER.index)


def pytest_runtest_logfinish(nodeid):
    write(worst[nodeid], nodeid)


def pytest_make_parametrize_id(val):
    if val is threadpool.ThreadPool:
        return "ThreadPoolExecutor"  # a test that is given the class has the same name with both
    return None


def pytest_unconfigure():
    write("pools", len(pools))
    FILE.close()
