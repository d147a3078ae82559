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
from explorer import Controlled, Deque, Dict, List, Lock, Run, case, declared, explore, replaced, watched
from threadpool import NoWorkersAvailable, ThreadPool, WorkerThread, WorkRequest

# What is under control
# =====================
#
# What the threads of a pool share: here, and nowhere below, stands what the engine calls it.


ControlledRequest = watched(WorkRequest, "_results", "_may_be_put")
ControlledWorker = watched(type("ControlledWorker", (Controlled, WorkerThread), {}), "_gone", "request")
WATCHED = {
    "_RequestsQueue": ("closed", "cancelled", "ending", "start_worker"),
    "_Crew": ("starting", "limit"),
    "_Block": (),
    "_Map": ("is_queued",),
    "_Future": ("__dict__", "_outcome", "_requests", "_result", "_exception", "_state"),
}


class ControlledPool(ThreadPool):
    def __init__(self, *args, **kwds):
        super().__init__(*args, worker=ControlledWorker, **kwds)

    def _start_empty(self):
        super()._start_empty()
        self.workers = self._crew.workers = List()
        self.dismissedWorkers = self._crew.dismissed = List()
        self.workRequests = Dict()


def now():
    return time.monotonic() if Run.current is None else Run.current.time


@contextlib.contextmanager
def control():
    """Put what the module shares between threads under control."""
    names = {name: watched(getattr(threadpool, name), *attributes) for name, attributes in WATCHED.items()}
    names.update(threading=explorer.controlled_threading, queue=explorer.controlled_queue, deque=Deque, _now=now)
    with replaced(concurrent.futures._base, threading=explorer.controlled_threading):
        with replaced(threadpool, **names):
            yield


def requests(number):
    return [ControlledRequest(abs, [n], None, n) for n in range(number)]


def growing_pool(most):
    """A pool that starts up to so many workers, each when it is needed."""
    pool = ControlledPool(0)
    pool._max_workers = most
    return pool


def map_of_one_block(pool, call, number):
    """A map whose first block takes all inputs, which are range(number)."""
    job = threadpool._Map(pool, call, [range(number)], None, None)
    job.size = number
    job.feed()
    return job


def results_of(job):
    return job.results(True, None)


def queued(pool):
    return pool._requests_queue.waiting()


def sleepers(pool):
    """The locks on each list of those who sleep."""
    return [
        list(sleeping.sleepers)
        for sleeping in (pool._requests_queue.not_empty, pool._requests_queue.not_full, pool._results_queue.not_empty)
    ]


def arrived(pool):
    return [request.requestID for request in pool._results_queue.queue]


def let_go(pool):
    """What happens at the end of the program: idle workers are to leave."""
    threadpool._release_workers(pool.workers.copy())


def close(pool):
    pool._requests_queue.close()


def nothing_under_way(pool):
    """Whether each map has been completed, or begins nothing more."""
    return not pool._crew.maps.unfinished


def check(pool, collectable=(), pending=None):
    """What must hold when nothing moves."""
    pool._check()
    check_sleepers(pool)
    check_requests(pool, list(collectable), list(collectable if pending is None else pending))
    check_crew(pool._crew)
    assert nothing_under_way(pool)


def check_sleepers(pool):
    """Nobody is on a list twice, or was woken and sleeps on; and nothing waits beside a worker."""
    for locks in sleepers(pool):
        assert len(locks) == len(set(map(id, locks)))
        assert all(lock.locked() for lock in locks)
    workers = pool.workers + pool.dismissedWorkers
    idle = [worker for worker in workers if worker.step is not None]
    assert not (idle and queued(pool))
    assert not (idle and pool._requests_queue.closed)
    assert all(worker.request is None for worker in workers)
    assert {id(worker._lock) for worker in idle} == set(map(id, sleepers(pool)[0]))


def check_requests(pool, collectable, pending):
    """What was done has arrived, once; nothing is pending that is nowhere, and none of that may be put."""
    assert sorted(arrived(pool)) == sorted(collectable)
    assert sorted(pool.workRequests) == sorted(pending)
    waiting = [task.requestID for task in queued(pool) if isinstance(task, WorkRequest)]
    assert sorted(waiting + arrived(pool)) == sorted(pending)
    assert not any(hasattr(request, "_may_be_put") for request in pool.workRequests.values())


def check_crew(crew):
    """A dismissed worker has left, and workers are started exactly where there may be more."""
    assert all(worker.step is None for worker in crew.dismissed)
    assert all(worker.step is not None for worker in crew.workers)
    assert crew.starting == 0 and len(crew.workers) <= crew.limit
    assert (crew.requests.start_worker is not None) == (len(crew.workers) < crew.limit)


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


@case(bound=0)
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


# Passing on
# ==========


def one_that_waits_for_the_other():
    """Two requests: the first ends when the second has begun."""
    gate = Lock()
    gate.acquire()
    first, second = requests(2)
    first.callable = lambda _: gate.acquire()
    second.callable = lambda _: gate.release()
    return first, second


@case(bound=1)
def two_put_by_one_wake_two():
    pool = ControlledPool(2)
    yield []
    yield [(pool.putRequests, one_that_waits_for_the_other())]
    check(pool, [0, 1])


@case(bound=1)
def a_sleeper_that_is_woken_twice():
    pool = ControlledPool(2)
    yield []
    yield [(pool.putRequest, request) for request in one_that_waits_for_the_other()]
    check(pool, [0, 1])


@case(bound=1)
def a_sleeper_that_is_woken_and_gone():
    pool = ControlledPool(2)
    yield []
    [first] = [worker for worker in pool.workers if worker._lock is sleepers(pool)[0][0]]
    yield [(pool.putRequest, *requests(1)), (first.dismiss,)]
    check(pool, [0])
    assert len(pool.workers) == 1


@case(bound=1)
def a_callback_that_waits_for_another():
    pool = ControlledPool(1)
    gate = Lock()
    gate.acquire()
    first, second = requests(2)
    first.callback = lambda *_: gate.acquire()
    second.callback = lambda *_: gate.release()
    pool.putRequests([first, second])
    yield [(pool.wait,), (pool.wait,)]
    check(pool)


@case(bound=1)
def two_putters_and_two_withdrawals():
    pool = ControlledPool(0, q_size=2)
    waiting = requests(4)
    pool.putRequests(waiting[:2])

    def withdraw():
        assert [request.cancel() for request in waiting[:2]] == [True, True]

    yield [(pool.putRequest, waiting[2]), (pool.putRequest, waiting[3]), (withdraw,)]
    check(pool, [], [2, 3])


@case(bound=1, outcomes=2)
def two_waiters_and_a_withdrawal():
    pool = ControlledPool(1)
    outcome = []
    [request] = requests(1)
    pool.putRequest(request)
    yield [(pool.wait,), (pool.wait,), (lambda: outcome.append(request.cancel()),)]
    check(pool)
    return outcome[0]


def put_twice(pool, request, refused):
    """Two who put the same request."""

    def put():
        try:
            pool.putRequest(request)
        except ValueError:
            refused.append(True)

    return [(put,), (put,)]


@case(bound=2)
def one_request_put_by_two():
    pool = ControlledPool(1)
    refused = List()
    [request] = requests(1)
    yield put_twice(pool, request, refused)
    check(pool, [0])
    assert len(refused) == 1


@case(bound=1, outcomes=2)
def one_request_put_by_two_and_collected():
    pool = ControlledPool(1)
    begun = List()
    refused = List()
    [request] = requests(1)
    request.callable = begun.append
    yield [*put_twice(pool, request, refused), (pool.wait,)]
    check(pool, pool.workRequests)
    assert len(begun) + len(refused) == 2
    return len(begun)


# Hiring
# ======


@case(bound=1, outcomes=2)
def two_puts_into_a_pool_that_grows():
    pool = growing_pool(2)
    yield [(pool.putRequest, request) for request in requests(2)]
    check(pool, [0, 1])
    return len(pool.workers)


@case(bound=1)
def two_puts_and_one_worker_that_may_be_started():
    pool = growing_pool(1)
    yield [(pool.putRequest, request) for request in requests(2)]
    check(pool, [0, 1])
    assert len(pool.workers) == 1


@case(bound=1, outcomes=2)
def two_puts_that_need_two_workers():
    pool = growing_pool(2)
    yield [(pool.putRequest, request) for request in one_that_waits_for_the_other()]
    check(pool, [0, 1])
    return len(pool.workers)  # 1: the second was put first, and has ended


@case(bound=1, outcomes=2)
def two_puts_that_need_two_workers_where_one_sleeps():
    pool = growing_pool(2)
    pool.submit(abs, -1)
    yield []
    assert len(pool.workers) == 1
    yield [(pool.putRequest, request) for request in one_that_waits_for_the_other()]
    check(pool, [0, 1])
    return len(pool.workers)  # 1: the second was put first, and has ended


@case(bound=1)
def three_puts_that_need_three_workers_where_one_sleeps():
    pool = growing_pool(3)
    gates = [Lock(), Lock()]
    for gate in gates:
        gate.acquire()
    first, second, third = requests(3)
    first.callable = lambda _: gates[0].acquire()
    second.callable = lambda _: gates[1].acquire() and gates[0].release()
    third.callable = lambda _: gates[1].release()
    pool.submit(abs, -1)
    yield []
    yield [(pool.putRequests, [first, second, third])]
    check(pool, [0, 1, 2])
    assert len(pool.workers) == 3


@case(bound=1)
def a_put_against_a_worker_that_leaves_at_the_end_of_the_program():
    pool = growing_pool(1)
    outcome = []
    pool.submit(abs, -1)
    yield []
    yield [(lambda: outcome.append(pool.submit(abs, -2)),), (let_go, pool)]
    check_crew(pool._crew)
    assert outcome[0].result() == 2 and not pool.workers and not queued(pool)


@case(bound=0, outcomes=2)
def a_put_against_the_dismissal_of_one_that_may_yet_be_started():
    pool = growing_pool(2)
    yield [(pool.putRequests, requests(2)), (pool.dismissWorkers, 1)]
    check(pool, [0, 1])
    assert pool._max_workers == 1
    return len(pool.dismissedWorkers)


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


@case(bound=2, outcomes=2)
def a_put_against_the_end_where_no_worker_is():
    pool = ControlledPool(0)
    outcome = []

    def put(request):
        with contextlib.suppress(RuntimeError):
            pool.putRequest(request)
            outcome.append(request.requestID)

    yield [(put, *requests(1)), (pool.shutdown,)]
    check(pool, outcome)  # it was refused, or it has failed
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


@case(bound=1, outcomes=4)
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


@case(bound=1, outcomes=2)
def an_outcome_set_by_the_user_against_that_of_the_call():
    pool = ControlledPool(1)
    outcome = []
    future = pool.submit(abs, -1)

    def set_result():
        try:
            future.set_result(2)
            outcome.append("set")
        except concurrent.futures.InvalidStateError:
            outcome.append("refused")

    yield [(set_result,), (lambda: outcome.append(future.result()),)]
    check(pool)
    return tuple(sorted(outcome, key=str))


@case(bound=2, outcomes=2)
def cancel_against_begin_of_a_future_that_somebody_has_asked():
    pool = ControlledPool(1)
    begun = []
    outcome = []
    future = pool.submit(begun.append, 1)
    assert not future.done()  # it has its parts from now on
    yield [(lambda: outcome.append(future.cancel()),)]
    check(pool)
    assert outcome == [not begun] == [future.cancelled()] and future.done()
    return bool(begun)


@case(bound=1)
def a_nested_call_beside_an_idle_worker():
    pool = ControlledPool(2)
    begun = []

    def nest():
        pool.submit(lambda: begun.append(threading.current_thread())).result()
        assert begun != [threading.current_thread()]  # the idle one has made the call

    future = pool.submit(nest)
    yield []
    check(pool)
    assert future.result() is None and len(begun) == 1


@case(bound=2, outcomes=2)
def a_nested_call_beside_an_idle_worker_that_comes_to_wait_as_well():
    pool = ControlledPool(2)
    begun = List()
    by_the_asking = List()

    def nest(number):
        def call():
            begun.append(number)
            if threading.current_thread() is asking:
                by_the_asking.append(number)

        asking = threading.current_thread()
        pool.submit(call).result()

    futures = [pool.submit(nest, number) for number in range(2)]
    yield []
    check(pool)
    assert sorted(begun) == [0, 1] and all(future.result() is None for future in futures)
    return len(by_the_asking)


@case(bound=1)
def a_nested_call_where_a_worker_is_dismissed():
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


# Recalls
# =======


def noting(begun):
    """A call that notes its input, and returns the negative of it."""

    def call(number):
        begun.append(number)
        return -number

    return call


@case(bound=2, outcomes=3)
def a_recall_against_the_pop_of_the_owner():
    pool = ControlledPool(1)
    begun = List()
    recalled = []
    job = map_of_one_block(pool, noting(begun), 3)

    def recall():
        with job.maps.lock:
            before = len(job.todo)
            job.recall()
            if not before and job.todo:
                [(_, inputs)] = job.todo
                recalled.extend(inputs)

    yield [(recall,)]
    check(pool)
    assert list(results_of(job)) == [0, -1, -2] and begun == [0, 1, 2]
    assert 0 not in recalled  # it is begun as it is taken
    return tuple(recalled)


@case(bound=1, outcomes=2)
def a_recall_by_an_idle_worker():
    pool = ControlledPool(2)
    begun = List()
    workers = set()

    def call(number):
        begun.append(number)
        workers.add(threading.current_thread())

    map_of_one_block(pool, call, 4)
    yield []  # and nobody reads
    check(pool)
    assert sorted(begun) == [0, 1, 2, 3]
    return len(workers)


@case(bound=1)
def two_recallers():
    pool = ControlledPool(1)
    begun = List()
    outcome = []
    job = map_of_one_block(pool, noting(begun), 4)
    yield [(job.hurry,), (job.hurry,)]
    check(pool)
    outcome.extend(results_of(job))
    assert outcome == [0, -1, -2, -3] and sorted(begun) == [0, 1, 2, 3]


@case(bound=1)
def a_reader_that_recalls_beside_a_worker():
    pool = ControlledPool(2)
    begun = List()
    outcome = []
    job = map_of_one_block(pool, noting(begun), 3)
    yield [(lambda: outcome.extend(results_of(job)),), (job.hurry,)]
    check(pool)
    assert outcome == [0, -1, -2] and sorted(begun) == [0, 1, 2]


@case(bound=1)
def a_recall_and_the_end():
    pool = ControlledPool(1)
    begun = List()
    job = map_of_one_block(pool, begun.append, 3)
    yield [(pool.shutdown,), (job.hurry,)]
    check(pool)
    assert sorted(begun) == [0, 1, 2] and not pool.workers
    assert list(results_of(job)) == [None] * 3


@case(bound=1, outcomes=5)
def a_recall_and_a_cancelling_end():
    pool = ControlledPool(1)
    begun = List()
    before = []
    outcome = []
    job = map_of_one_block(pool, noting(begun), 4)

    def end():
        pool.shutdown(wait=False, cancel_futures=True)
        before.append(len(begun))

    yield [(end,), (job.hurry,)]
    check(pool)
    assert len(begun) <= before[0] + 1  # the worker has one in its hand
    with contextlib.suppress(concurrent.futures.CancelledError):
        outcome.extend(results_of(job))
    assert outcome == [-number for number in begun] and sorted(begun) == list(range(len(begun)))
    return len(begun)


@case(bound=1)
def a_call_of_a_map_that_waits_for_the_next():
    pool = ControlledPool(2)
    begun = List()
    gate = Lock()
    gate.acquire()

    def call(number):
        begun.append(number)
        if number == 0:
            gate.acquire()
        elif number == 1:
            gate.release()

    yield [(map_of_one_block, pool, call, 3)]  # and nobody reads
    check(pool)
    assert sorted(begun) == [0, 1, 2]


@case(bound=0)
def calls_of_a_map_that_wait_in_a_chain():
    pool = ControlledPool(3)
    outcome = []
    gates = [Lock(), Lock()]
    for gate in gates:
        gate.acquire()

    def call(number):  # 0 waits for 1, which waits for 2
        if number < 2:
            gates[number].acquire()
        if number > 0:
            gates[number - 1].release()
        return number

    job = map_of_one_block(pool, call, 3)
    yield [(lambda: outcome.extend(results_of(job)),)]
    check(pool)
    assert outcome == [0, 1, 2]


@case(bound=2)
def an_iterator_that_waits_for_its_calls():
    pool = ControlledPool(1)
    outcome = []
    gates = [Lock(), Lock()]
    for gate in gates:
        gate.acquire()

    def inputs():
        yield from range(2)
        for gate in gates:
            gate.acquire()  # until the call is made

    def call(number):
        gates[number].release()
        return number

    yield [(lambda: outcome.extend(pool.map(call, inputs())),)]
    check(pool)
    assert outcome == [0, 1]


@case(bound=1)
def a_call_that_waits_for_its_result_to_be_read():
    pool = ControlledPool(1)
    gate = Lock()
    gate.acquire()

    def call(number):
        if number == 1:
            gate.acquire()
        return number

    def read():
        results = results_of(map_of_one_block(pool, call, 2))
        assert next(results) == 0
        gate.release()
        assert list(results) == [1]

    yield [(read,)]
    check(pool)


@case(bound=1)
def errors_during_a_recall():
    pool = ControlledPool(1)
    begun = List()

    def call(number):
        begun.append(number)
        if number == 1:
            raise IndexError  # as the end of a block is one
        if number == 2:
            raise StopIteration
        return number

    job = map_of_one_block(pool, call, 4)
    yield [(job.hurry,), (job.hurry,)]
    check(pool)
    assert sorted(begun) == [0, 1, 2, 3]
    parts = sorted(job.parts.items)
    assert [number for _, results, _ in parts for number in results] == [0, 3]
    failed = [(first + len(results), type(*error)) for first, results, error in parts if error]
    assert failed == [(1, IndexError), (2, RuntimeError)]


@case(bound=1, outcomes=4)
def a_reader_that_wants_no_more_beside_a_recall():
    pool = ControlledPool(1)
    begun = List()
    job = map_of_one_block(pool, noting(begun), 4)

    def read():
        results = results_of(job)
        next(results)
        results.close()

    yield [(read,), (job.hurry,)]
    check(pool)
    assert len(set(begun)) == len(begun) and not job.todo
    return len(begun)


@case(bound=1)
def a_worker_that_leaves_a_closed_queue_beside_a_map_that_is_offered_again():
    pool = ControlledPool(2)
    begun = List()
    gate = Lock()
    gate.acquire()

    def call(number):
        begun.append(number)
        if number == 0:
            gate.acquire()
        elif number == 1:
            gate.release()

    map_of_one_block(pool, call, 2)
    yield [(close, pool)]
    check(pool)
    assert sorted(begun) == [0, 1] and not pool.workers


@case(bound=1)
def a_map_that_is_read_in_a_worker():
    pool = ControlledPool(2)
    begun = List()
    outcome = []
    pool.submit(lambda: outcome.extend(results_of(map_of_one_block(pool, noting(begun), 3))))
    yield []
    check(pool)
    assert outcome == [0, -1, -2] and sorted(begun) == [0, 1, 2]


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
