"""Streams of ReactiveX whose work is done by the threads of a pool."""

import threading
import time

import reactivex
from reactivex import operators
from reactivex.scheduler import ThreadPoolScheduler


def slow(number):
    time.sleep(0.01)
    return number * number


def test_work_is_spread_over_the_pool():
    scheduler = ThreadPoolScheduler(4)
    squares = reactivex.range(12).pipe(
        operators.flat_map(lambda n: reactivex.just(n).pipe(
            operators.observe_on(scheduler), operators.map(slow))),
        operators.to_list())
    assert sorted(squares.run()) == [n * n for n in range(12)]
    scheduler.executor.shutdown()


def test_subscribed_in_the_pool():
    scheduler = ThreadPoolScheduler(2)
    name = reactivex.defer(lambda _: reactivex.just(threading.current_thread().name)).pipe(
        operators.subscribe_on(scheduler)).run()
    assert name != threading.main_thread().name
    scheduler.executor.shutdown()


def test_disposed_before_it_begins():
    scheduler = ThreadPoolScheduler(1)
    gate, seen = threading.Event(), []
    scheduler.schedule(lambda *_: gate.wait(10))
    scheduler.schedule(lambda *_: seen.append("disposed")).dispose()
    scheduler.schedule(lambda *_: seen.append("kept"))
    gate.set()
    scheduler.executor.shutdown()
    assert seen == ["kept"]


def test_errors_reach_the_observer():
    scheduler = ThreadPoolScheduler(2)
    errors, done = [], threading.Event()
    reactivex.of(1, 0).pipe(
        operators.observe_on(scheduler), operators.map(lambda n: 1 // n),
    ).subscribe(on_error=lambda error: (errors.append(type(error)), done.set()))
    assert done.wait(10) and errors == [ZeroDivisionError]
    scheduler.executor.shutdown()
