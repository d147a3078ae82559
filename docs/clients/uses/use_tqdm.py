"""thread_map draws a bar that counts the results of a pool."""

import io
import threading
import time

import pytest
from tqdm import tqdm
from tqdm.contrib.concurrent import thread_map


class Bar(tqdm):
    """Notes the last count that was shown."""

    def close(self):
        Bar.count = self.n
        super().close()


def test_bar_counts_every_result():
    squares = thread_map(lambda n: n * n, range(100), tqdm_class=Bar, file=io.StringIO())
    assert squares == [n * n for n in range(100)]
    assert Bar.count == 100


def test_several_inputs():
    assert thread_map(pow, [2, 3], [5, 2], max_workers=2, file=io.StringIO()) == [32, 9]


def test_bar_moves_while_calls_are_made():
    counts = []

    class Watched(Bar):
        def update(self, n=1):
            counts.append(time.monotonic())
            return super().update(n)

    thread_map(time.sleep, [0, 0.1, 0.2, 0.3], max_workers=1, tqdm_class=Watched, mininterval=0,
               miniters=1, file=io.StringIO())
    assert len(counts) >= 2 and counts[-1] - counts[0] > 0.2


def test_error():
    with pytest.raises(ValueError):
        thread_map(int, ["1", "x", "3"], file=io.StringIO())


def test_calls_that_wait_for_each_other():
    barrier = threading.Barrier(3)
    thread_map(lambda _: barrier.wait(10), range(3), max_workers=3, file=io.StringIO())
