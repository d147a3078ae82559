"""Small cases on the real module, each walked in every schedule up to a number of preemptions.

``PYTHONPATH=. python docs/explorer/cases.py`` walks all of them, prints how many schedules there were,
and writes that to schedules.inc, which the page includes.  With names of cases it walks only these, and
writes nothing.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import sys
import threading
import time

import explorer
import threadpool
from explorer import Controlled, Deque, Dict, List, Run, case, declared, explore, replaced, watched
from threadpool import NoWorkersAvailable, ThreadPool, WorkerThread, WorkRequest

# What is under control
# =====================
#
# What the threads of a pool share: here, and nowhere below, stands what the engine calls it.


ControlledRequest = watched(WorkRequest, "_results")
ControlledWorker = watched(type("ControlledWorker", (Controlled, WorkerThread), {}), "_gone")


class ControlledPool(ThreadPool):
    def __init__(self, *args, **kwds):
        super().__init__(*args, worker=ControlledWorker, **kwds)
        self.workers = List(self.workers)
        self.dismissedWorkers = List()
        self.workRequests = Dict()
        self._requests_queue.chunks = Dict()


def now():
    return time.monotonic() if Run.current is None else Run.current.time


@contextlib.contextmanager
def control():
    """Put what the module shares between threads under control."""
    future = ("__dict__", "_asked", "_requests", "_result", "_exception", "_state")
    names = {
        "threading": explorer.controlled_threading,
        "queue": explorer.controlled_queue,
        "deque": Deque,
        "monotonic": now,
        "_RequestsQueue": watched(threadpool._RequestsQueue, "closed", "cancelled"),
        "_Future": watched(threadpool._Future, *future),
        "_Map": watched(threadpool._Map, "ended"),
    }
    with replaced(concurrent.futures._base, threading=explorer.controlled_threading):
        with replaced(threadpool, **names):
            yield


def requests(number):
    return [ControlledRequest(abs, [n], None, n) for n in range(number)]


def queued(pool):
    return list(pool._requests_queue.queue)


def arrived(pool):
    return [request.requestID for request in pool._results_queue.queue]


def close(pool):
    pool._requests_queue.close()


def nothing_under_way(pool):
    return not pool._requests_queue.chunks


def check(pool, collectable=(), pending=None):
    """What must hold when nothing moves: nothing waits beside a worker, and what was done has arrived, once."""
    pool._check()
    for parking in (pool._requests_queue.parking, pool._requests_queue.room, pool._results_queue.parking):
        assert len(parking.hung) == len({id(ring.__self__) for ring in parking.hung})
    assert not (queued(pool) and (pool.workers or pool._requests_queue.closed))
    assert sorted(arrived(pool)) == list(collectable)
    assert sorted(pool.workRequests) == list(collectable if pending is None else pending)
    assert all(worker.step is None for worker in pool.dismissedWorkers)  # a dismissed worker has left


# Put, take, sleep and wake; dismiss and grow
# ===========================================


@case(bound=3)
def one_request():
    pool = ControlledPool(1)
    yield [(pool.putRequest, *requests(1))]
    check(pool, [0])


@case(bound=2)
def a_producer_of_two():
    pool = ControlledPool(1)
    yield [(pool.putRequests, requests(2))]
    check(pool, [0, 1])


@case(bound=1)
def two_producers_and_two_workers():
    pool = ControlledPool(2)
    yield [(pool.putRequest, request) for request in requests(2)]
    check(pool, [0, 1])


@case(bound=1)
def a_dismissal_beside_a_producer():
    pool = ControlledPool(2)
    yield [(pool.putRequest, *requests(1)), (pool.dismissWorkers, 1)]
    check(pool, [0])


@case(bound=0)
def a_dismissal_beside_two_producers():
    pool = ControlledPool(2)
    yield [*((pool.putRequest, request) for request in requests(2)), (pool.dismissWorkers, 1)]
    check(pool, [0, 1])


@case(bound=1)
def a_dismissal_beside_two_producers_and_two_sleepers():
    pool = ControlledPool(2)
    yield []
    yield [*((pool.putRequest, request) for request in requests(2)), (pool.dismissWorkers, 1)]
    check(pool, [0, 1])


@case(bound=0)
def a_dismissal_and_a_new_worker():
    pool = ControlledPool(1)
    yield [(pool.putRequest, *requests(1)), (pool.createWorkers, 1), (pool.dismissWorkers, 1, True)]
    check(pool, [0])


# Collect, cancel, wait for room
# ==============================


@case(bound=3)
def a_waiter_and_the_last_result():
    pool = ControlledPool(1)
    pool.putRequests(requests(1))
    yield [(pool.wait,)]
    check(pool)


@case(bound=1, outcomes=2)
def a_waiter_beside_a_producer():
    pool = ControlledPool(1)
    yield [(pool.putRequest, *requests(1)), (pool.wait,)]
    check(pool, pool.workRequests)
    return len(pool.workRequests)  # 1: it has waited before the put


@case(bound=1, outcomes=2)
def two_waiters_and_one_result():
    pool = ControlledPool(1)
    callers = []
    [request] = requests(1)
    request.callback = lambda request, result: callers.append(threading.current_thread().number)
    pool.putRequest(request)
    yield [(pool.wait,), (pool.wait,)]
    check(pool)
    return tuple(callers)


@case(bound=1)
def two_waiters_and_two_results():
    pool = ControlledPool(1)
    pool.putRequests(requests(2))
    yield [(pool.wait,), (pool.wait,)]
    check(pool)


@case(bound=1, outcomes=2)
def a_waiter_whose_time_is_up_and_another():
    pool = ControlledPool(1)
    outcome = []
    pool.putRequests(requests(1))
    yield [(lambda: outcome.append(pool.wait(1)),), (pool.wait,)]
    check(pool)
    return tuple(outcome)


@case(bound=2, outcomes=2)
def cancel_against_take():
    pool = ControlledPool(1)
    outcome = []
    [request] = requests(1)
    request.callback = lambda request, result: outcome.append("called back")
    pool.putRequest(request)
    yield [(lambda: outcome.append(request.cancel()),), (pool.wait,)]
    check(pool)
    assert sorted(outcome, key=str) in ([True], [False, "called back"])
    return len(outcome)


@case(bound=1, outcomes=2)
def two_putters_and_room_for_one():
    pool = ControlledPool(1, q_size=1)
    yield [(pool.putRequest, request) for request in requests(2)]
    check(pool, [0, 1])
    return tuple(arrived(pool))


@case(bound=3)
def a_putter_that_waits_for_room_and_a_withdrawal():
    pool = ControlledPool(0, q_size=1)
    first, second = requests(2)
    pool.putRequest(first)
    yield [(pool.putRequest, second), (first.cancel,)]
    check(pool, [], [1])


@case(bound=1)
def a_putter_that_waits_for_room_and_the_end():
    pool = ControlledPool(0, q_size=1)
    first, second = requests(2)
    pool.putRequest(first)

    def put():
        try:
            pool.putRequest(second)
        except RuntimeError:
            return
        raise AssertionError("put into a closed pool")

    yield [(put,), (close, pool)]
    assert queued(pool) == [first] and list(pool.workRequests) == [0]


# The end, and no worker
# ======================


@case(bound=1, outcomes=2)
def a_put_against_the_end():
    pool = ControlledPool(1)
    outcome = []

    def put(request):
        with contextlib.suppress(RuntimeError):
            pool.putRequest(request)
            outcome.append(request.requestID)

    yield [(put, *requests(1)), (pool.shutdown,)]
    check(pool, outcome)
    assert not pool.workers
    return len(outcome)


@case(bound=2)
def a_put_before_the_end():
    pool = ControlledPool(1)
    [request] = requests(1)

    def put_and_end():
        pool.putRequest(request)
        pool.shutdown(wait=False)

    yield [(put_and_end,)]
    check(pool, [0])
    assert request.exc_info is None


@case(bound=1, outcomes=2)
def a_waiter_and_the_last_worker():
    pool = ControlledPool(1)
    outcome = []

    def put_and_wait(request):
        pool.putRequest(request)
        try:
            outcome.append(pool.wait())
        except NoWorkersAvailable:
            outcome.append(None)

    yield [(put_and_wait, *requests(1)), (pool.dismissWorkers, 1)]
    assert outcome == [None if pool.workRequests else True]
    check(pool, [], pool.workRequests)
    return outcome[0]


@case(bound=2, outcomes=4)
def a_waiter_and_the_last_result_of_the_last_worker():
    pool = ControlledPool(1)
    outcome = []
    pool.putRequests(requests(2))

    def wait():
        try:
            outcome.append(pool.wait(1))
        except NoWorkersAvailable:
            assert not arrived(pool)  # what has arrived comes first
            outcome.append(len(pool.workRequests))

    yield [(wait,), (pool.dismissWorkers, 1)]
    pool._check()
    return str(outcome[0])


@case(bound=2, outcomes=2)
def a_waiter_and_no_worker():
    pool = ControlledPool(0)
    outcome = []

    def wait():
        with contextlib.suppress(NoWorkersAvailable):
            outcome.append(pool.wait())

    yield [(pool.putRequest, *requests(1)), (wait,)]
    assert outcome in ([], [True])
    check(pool, [], [0])
    return len(outcome)  # 1: it has waited before the put


# Futures
# =======


@case(bound=2)
def a_reader_and_a_result():
    pool = ControlledPool(1)
    outcome = []
    future = pool.submit(abs, -1)
    yield [(lambda: outcome.append(future.result()),)]
    check(pool)
    assert outcome == [1] and future.done() and not future.running()


@case(bound=1)
def two_readers_and_an_error():
    pool = ControlledPool(1)
    outcome = []
    future = pool.submit(abs)
    yield [(lambda: outcome.append(type(future.exception())),)] * 2
    check(pool)
    assert outcome == [TypeError] * 2


@case(bound=2, outcomes=2)
def a_done_callback_and_a_result():
    pool = ControlledPool(1)
    outcome = []
    callers = []
    future = pool.submit(abs, -1)

    def note(future):
        callers.append(type(threading.current_thread()))
        outcome.append(future.result())

    yield [(future.add_done_callback, note)]
    check(pool)
    assert outcome == [1]
    return tuple(callers)


@case(bound=1, outcomes=2)
def cancel_against_take_and_a_reader():
    pool = ControlledPool(1)
    outcome = []
    future = pool.submit(abs, -1)

    def read():
        try:
            outcome.append(future.result())
        except concurrent.futures.CancelledError:
            outcome.append(None)

    yield [(read,), (lambda: outcome.append(future.cancel()),)]
    check(pool)
    assert sorted(outcome, key=str) == ([None, True] if future.cancelled() else [1, False])
    return future.cancelled()


@case(bound=2, outcomes=2)
def help_against_take():
    pool = ControlledPool(2)
    outcome = []
    begun = []

    def nest():
        pool.submit(lambda: begun.append(threading.current_thread())).result()
        outcome.append(begun == [threading.current_thread()])

    pool.submit(nest)
    yield []
    check(pool)
    assert len(outcome) == len(begun) == 1
    return outcome[0]  # True: the worker that asked has made the call


@case(bound=1)
def help_where_a_worker_is_dismissed():
    pool = ControlledPool(2)
    outcome = []
    pool.submit(lambda: outcome.append(pool.submit(abs, -1).result()))
    yield [(pool.dismissWorkers, 1)]
    check(pool)
    assert outcome == [1]


# Maps
# ====


@case(bound=1, outcomes=2)
def a_map_and_two_workers():
    pool = ControlledPool(2)
    outcome = []
    workers = set()

    def call(number):
        workers.add(threading.current_thread())
        return -number

    yield [(lambda: outcome.extend(pool.map(call, [-1, -2, -3])),)]
    check(pool)
    assert outcome == [1, 2, 3]
    return len(workers)


@case(bound=0)
def a_map_and_a_dismissal():
    pool = ControlledPool(2)
    outcome = []
    yield [(lambda: outcome.extend(pool.map(abs, [-1, -2])),), (pool.dismissWorkers, 1)]
    check(pool)
    assert outcome == [1, 2]


@case(bound=1)
def a_map_that_nobody_reads_and_the_end():
    pool = ControlledPool(2)
    outcome = []
    pool.map(outcome.append, [1, 2, 3])
    yield [(pool.shutdown,)]
    check(pool)
    assert sorted(outcome) == [1, 2, 3] and not pool.workers


@case(bound=1, outcomes=3)
def a_map_that_is_cancelled():
    pool = ControlledPool(1)
    outcome = []

    def read(results):
        try:
            outcome.extend(results)
        except concurrent.futures.CancelledError:
            outcome.append(None)

    results = pool.map(abs, [-1, -2])
    yield [(read, results), (lambda: pool.shutdown(cancel_futures=True),)]
    check(pool)
    assert outcome in ([1, 2], [1, None], [None]) and not pool.workers
    return tuple(outcome)


@case(bound=1, outcomes=5)
def a_map_that_is_dropped_by_the_end():
    pool = ControlledPool(1)
    begun = []
    before = []
    pool.map(begun.append, [1, 2, 3, 4])

    def end():
        pool.shutdown(wait=False, cancel_futures=True)
        before.append(len(begun))

    yield [(end,)]
    assert len(begun) <= {0: 1, 1: 3}.get(before[0], 4)  # no more than the chunk that had been taken
    return len(begun)


@case(bound=1, outcomes=3)
def a_map_whose_reader_wants_no_more():
    pool = ControlledPool(1)
    begun = []

    def read():
        results = pool.map(begun.append, [1, 2, 3], chunksize=1)
        next(results)
        results.close()

    yield [(read,)]
    check(pool)
    assert begun in ([1], [1, 2], [1, 2, 3]) and nothing_under_way(pool)
    return len(begun)


# A fork
# ======


def a_fork():
    pool = ControlledPool(1)
    first, second = requests(2)
    statuses = []

    def work_in_the_child():
        assert pool.workRequests == {}
        pool.putRequest(second)
        assert pool.wait(explorer.TIMEOUT) and second.result == 1
        pool.shutdown()
        os._exit(0)

    def fork():
        explorer.step(None, "write")
        run, Run.current = Run.current, None  # in the child nobody is under control
        pid = os.fork()
        if not pid:
            with contextlib.suppress(BaseException):
                work_in_the_child()
            os._exit(1)
        Run.current = run
        statuses.append(os.waitpid(pid, 0)[1])

    yield [(pool.putRequest, first), (fork,)]
    check(pool, [0])
    assert statuses == [0]


if hasattr(os, "fork"):
    case(bound=1)(a_fork)


# The table
# =========


def walk(case):
    begun = time.monotonic()
    schedules = explore(case.function, case.bound).schedules
    print(f"{schedules:7,} schedules in {time.monotonic() - begun:5.1f} s: {case.name}", flush=True)
    return schedules


def write_table():
    rows = [f"   * - {case.name}\n     - {case.bound}\n     - {walk(case):,}\n" for case in declared.values()]
    head = ".. list-table::\n   :header-rows: 1\n   :widths: 6 2 2\n\n"
    head += "   * - Case\n     - Preemptions\n     - Schedules\n"
    pathlib.Path(__file__).with_name("schedules.inc").write_text(head + "".join(rows), encoding="utf-8")


def main(names):
    with control():
        if names:
            for name in names:
                walk(declared[name])
        else:
            write_table()


if __name__ == "__main__":
    main(sys.argv[1:])
