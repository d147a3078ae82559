"""The page on coming from another pool says what these programs do: `python -m pytest docs/coming`."""

import importlib
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import trial  # noqa: E402

for name in ("executor", "multiprocessing_pool", "threadpool_1_3_2"):
    importlib.import_module(name)
OLD = pathlib.Path(sys.modules["threadpool_1_3_2"].OLD)
ALL = [(function.__module__, name, there, here) for name, function, there, here in trial.TRIALS]


def check(script, name, side, expected):
    if sys.platform == "win32" and "fork" in name:
        pytest.skip("there is no fork on Windows")
    assert trial.run(HERE / f"{script}.py", name, side) in expected.split("|")


@pytest.mark.parametrize("script, name, there, here", ALL, ids=[f"{row[0]}-{row[1]}" for row in ALL])
class TestComing:
    def test_the_other_pool(self, script, name, there, here):
        if script == "threadpool_1_3_2" and not OLD.exists():
            pytest.skip("threadpool 1.3.2 is not here; OLD_THREADPOOL may say where")
        if script == "threadpool_1_3_2" and sys.version_info >= (3, 13):
            pytest.skip("threadpool 1.3.2 was tried with CPython 3.9 and 3.11")
        check(script, name, "there", there)

    def test_this_pool(self, script, name, there, here):
        check(script, name, "here", here)
