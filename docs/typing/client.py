# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""A program that uses threadpool, for type checkers: `make check` has mypy and pyright look at it.

Where a line is wrong on purpose it says ``type: ignore``, and both complain
about one that is not needed.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
from collections.abc import Generator
from typing import Any

from typing_extensions import assert_type

from threadpool import NoResultsPending, ThreadPool, WorkerThread, WorkRequest, makeRequests


def measure(text: str, factor: int = 1) -> int:
    return len(text) * factor


def replace(text: str, number: int, by: bytes) -> bytes:
    return text.encode() * number + by


def show(request: WorkRequest[int], result: int) -> None:
    print(request.args, result + 1)


def show_text(request: WorkRequest[str], result: str) -> None:
    print(request.args, result.upper())


def complain(request: WorkRequest[int], exc_info: tuple[type[BaseException], BaseException, object]) -> None:
    print(request.requestID, exc_info[1])


def show_either(request: WorkRequest[int], outcome: int | tuple[Any, ...]) -> None:
    print(request.exception, outcome)


class Shouting(WorkerThread):
    def perform(self, request: WorkRequest[Any]) -> Any:
        return super().perform(request)


# The calls of a pool.

with ThreadPool(2, 10, initializer=print, initargs=("ready",), notify=print, worker=Shouting) as pool:
    assert_type(pool, ThreadPool)
    assert_type(pool.submit(measure, "parrot"), "concurrent.futures.Future[int]")
    assert_type(pool.submit(measure, "parrot", factor=2).result(), int)
    assert_type(pool.map(measure, ["a", "b"]), Generator[int, None, None])
    assert_type(list(pool.map(measure, ["a", "b"], [1, 2], timeout=1.5, chunksize=2, buffersize=3)), list[int])
    assert_type(list(pool.map(replace, ["a"], [1], [b"c"], ordered=False)), list[bytes])
    pool.map(measure, ["a"]).close()
    pool.submit(measure, 5)  # type: ignore[arg-type]
    pool.submit(measure, "parrot", "spam")  # type: ignore[arg-type]
    pool.submit(measure, "parrot", times=2)  # type: ignore[call-arg]
    pool.map(measure, [1, 2])  # type: ignore[arg-type]
    assert_type(list(pool.map(print, [1], ["a"], [b"b"], [2.5], [None])), list[None])

    pool.createWorkers(2)
    pool.dismissWorkers(1, do_join=True)
    assert_type(pool.workers, list[WorkerThread])
    print(pool, pool.workers[0].request)

# Requests and their callbacks.

request = WorkRequest(measure, ["spam"], {"factor": 2}, callback=show, exc_callback=complain)
assert_type(request, WorkRequest[int])
assert_type(request.exception, bool)
number: int = request.result
request.speaker = "a knight"  # attributes of one's own may be added
request.exception = "no"  # type: ignore[assignment]
WorkRequest(measure, ["spam"], callback=show_text)  # type: ignore[misc]
WorkRequest(measure, ["spam"], callback=show_either, exc_callback=None)
WorkRequest[str](measure, ["spam"])  # type: ignore[arg-type]
requests = makeRequests(measure, ["spam", (["ham"], {"factor": 3})], show)
assert_type(requests, list[WorkRequest[int]])
makeRequests(measure, ["spam"], show_text)  # type: ignore[misc]
makeRequests(measure, ["spam"], show_either, None)

pool = ThreadPool(max_workers=2, thread_name_prefix="client")
pool.putRequest(request, block=False)
pool.putRequest(measure)  # type: ignore[arg-type]
pool.putRequests(requests)
pool.putRequests(request)
try:
    pool.poll(block=True, timeout=2)
except NoResultsPending:
    print("done")
assert_type(pool.wait(2.5), bool)
for finished in pool.results(timeout=1):
    print(finished.result, finished.exc_info and finished.exc_info[1], finished.cancel())

# A pool is an executor.

executor: concurrent.futures.Executor = pool
ThreadPool(4, executor=executor).shutdown(wait=False, cancel_futures=True)
threads: concurrent.futures.ThreadPoolExecutor = pool
ThreadPool(4, "client")
ThreadPool(4, "client", print, ("ready",))
ThreadPool(4, "client", initializer=print, initargs=("ready",), context=contextvars.copy_context)
ThreadPool(4, "client", 10)  # type: ignore[call-overload]
ThreadPool(4, context=contextvars.Context)
ThreadPool(4, context="copy")  # type: ignore[call-overload]
