"""more-executors derives a class from the pool, and lays others around it."""

import threading
import time
from concurrent.futures import CancelledError

import pytest
from more_executors import Executors


def test_class_and_keywords():
    with Executors.thread_pool(max_workers=2, name="words") as executor:
        assert executor.submit(str.upper, "spam").result(10) == "SPAM"
        assert list(executor.map(len, ["a", "bc"])) == [1, 2]
    with pytest.raises(RuntimeError):
        executor.submit(len, "")


def test_retry():
    failures = [ValueError(), ValueError()]

    def sometimes():
        if failures:
            raise failures.pop()
        return "at last"

    with Executors.thread_pool(max_workers=1).with_retry(max_attempts=5, sleep=0.01) as executor:
        assert executor.submit(sometimes).result(10) == "at last"


def test_throttle():
    running, most = set(), []

    def work(number):
        running.add(number)
        most.append(len(running))
        time.sleep(0.01)
        running.discard(number)

    with Executors.thread_pool(max_workers=8).with_throttle(2) as executor:
        for future in [executor.submit(work, number) for number in range(20)]:
            future.result(10)
    assert max(most) == 2


def test_timeout_cancels_what_waits():
    gate = threading.Event()
    with Executors.thread_pool(max_workers=1).with_timeout(0.1) as executor:
        executor.submit(gate.wait, 10)
        waiting = executor.submit(len, "")
        with pytest.raises(CancelledError):
            waiting.result(10)
        gate.set()


def test_map_and_flat_map():
    executor = Executors.thread_pool(max_workers=2)
    shouting = executor.with_map(str.upper)
    assert shouting.submit(str.strip, " spam ").result(10) == "SPAM"
    flat = executor.with_flat_map(lambda value: executor.submit(len, value))
    assert flat.submit(str.strip, " spam ").result(10) == 4
    executor.shutdown()


def test_poll():
    def finish(descriptors):
        for descriptor in descriptors:
            descriptor.yield_result(descriptor.result * 2)

    with Executors.thread_pool(max_workers=2).with_poll(finish, default_interval=0.01) as executor:
        assert executor.submit(abs, -21).result(10) == 42


def test_cancel_on_shutdown():
    gate = threading.Event()
    executor = Executors.thread_pool(max_workers=1).with_cancel_on_shutdown()
    executor.submit(gate.wait, 10)
    waiting = executor.submit(len, "")
    threading.Timer(0.1, gate.set).start()
    executor.shutdown()
    assert waiting.cancelled()
