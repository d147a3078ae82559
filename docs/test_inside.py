"""White-box tests of threadpool.py: steps of several threads in an exact order, made by hand.

What they try can hardly be met from outside: a wake-up that comes between two lines, an
interrupt in a certain line, the end of the interpreter.  They use private names, and change
with the module.  `docs/explorer` walks through all orders of the steps of such scenes.
"""

import collections
import concurrent.futures
import contextlib
import gc
import itertools
import logging
import os
import queue
import runpy
import sys
import threading
import time
import types
import weakref

import pytest

import threadpool
from test_threadpool import (
    TIMEOUT,
    Gate,
    Later,
    after_fork,
    all_end,
    check,
    gone,
    in_thread,
    is_detached,
    is_settled,
    is_shut_down,
    raising,
    recall,
    second_looks,
    sleeping_workers,
    until,
    values,
    waiting_collectors,
)
from threadpool import NoWorkersAvailable, ThreadPool, WorkerThread, WorkRequest, makeRequests

# The inside of the engine
# ========================
#
# Each race that the module closes is played here step by step.  A new engine has others.


def asleep_in(waitset, function, *args):
    """Start a thread that is to sleep in this wait set; returns a function that joins it."""
    before = len(waitset.sleepers)
    join = in_thread(function, *args)
    until(lambda: len(waitset.sleepers) > before)
    return join


def sleeping_thread(waitset, lock=None):
    """Start a thread that sleeps until it is woken; returns a function that joins it."""
    return asleep_in(waitset, waitset.sleep, never, TIMEOUT, lock)


def never():
    return False


def interrupt(*_):
    raise KeyboardInterrupt


def held_future(pool):
    """Have a worker begin a call, and hold it there; returns the future, and the gate that lets it end."""
    gate = Gate()
    future = pool.submit(gate, "held")
    gate.wait_until_entered()
    return future, gate


class TestInsideOfSleeping:
    """Each interleaving is produced by letting `has_news`, the second look, do the other side's part."""

    def test_the_one_who_has_slept_longest_is_woken_first(self):
        waitset = threadpool._WaitSet()
        joins = [sleeping_thread(waitset) for _ in range(3)]
        for number, join in enumerate(joins):
            waitset.wake_one()
            join()
            assert len(waitset.sleepers) == 2 - number
        waitset.wake_one()  # nobody is there: it costs nothing

    def test_a_wake_up_after_the_second_look_is_not_lost(self):
        # 1. sleeper lists its lock and looks in vain; 2. putter wakes it; 3. sleeper sleeps.
        waitset = threadpool._WaitSet()
        in_thread(waitset.sleep, waitset.wake_one, TIMEOUT)()  # wake_one returns None: no news
        assert not waitset.sleepers

    def test_nobody_but_its_owner_takes_a_lock_off_the_list(self):
        def look():
            for _ in range(2):  # to unlock twice does no harm
                waitset.wake_one()
                waitset.wake(lock)
                assert list(waitset.sleepers) == [lock] and not lock.locked()
            return True

        waitset, lock = threadpool._WaitSet(), threading.Lock()
        waitset.sleep(look, TIMEOUT, lock)
        assert not waitset.sleepers

    def test_a_late_wake_up_is_forgotten_when_its_owner_sleeps_again(self):
        # 1. putter reads the first lock; 2. its owner wakes by another, and works; 3. putter unlocks.
        waitset, lock = threadpool._WaitSet(), threading.Lock()
        waitset.sleep(lambda: False, 0.001, lock)
        threadpool._unlock(lock)
        join = sleeping_thread(waitset, lock=lock)
        until(lock.locked)
        assert join.thread.is_alive()
        waitset.wake_one()
        join()

    @pytest.mark.parametrize("news, seconds", [(True, 2 * TIMEOUT), (False, 0.001)])
    def test_it_sleeps_only_where_there_is_no_news_and_until_the_time_is_up(self, news, seconds):
        waitset = threadpool._WaitSet()
        in_thread(waitset.sleep, lambda: news, seconds)()
        assert not waitset.sleepers

    @pytest.mark.parametrize("error", [RuntimeError, RecursionError])
    def test_of_two_that_wake_one_thread_the_second_is_not_harmed(self, error):
        # 1. both see that the lock is locked; 2. the first unlocks it; 3. the second one's attempt
        # is a RuntimeError.  (So is a RecursionError, but then nobody has unlocked it.)
        class Lock:
            def locked(self):
                return True

            def release(self):
                raise error

        with contextlib.nullcontext() if error is RuntimeError else pytest.raises(RecursionError):
            threadpool._unlock(Lock())

    def test_an_interrupted_sleeper_leaves_no_lock_and_wakes_the_next(self):
        def interrupt():
            others.append(sleeping_thread(waitset))
            waitset.wake_one()  # the first on the list: the one that is interrupted
            raise KeyboardInterrupt

        waitset, others = threadpool._WaitSet(), []
        with pytest.raises(KeyboardInterrupt):
            waitset.sleep(interrupt, TIMEOUT)
        others.pop()()
        assert not waitset.sleepers

    def test_an_interrupt_after_the_lock_was_taken_off_takes_no_other_off(self):
        class Sleepers(collections.deque):
            def remove(self, lock):
                super().remove(lock)
                raise KeyboardInterrupt

        waitset, other = threadpool._WaitSet(), threading.Lock()
        waitset.sleepers = Sleepers([other])
        with pytest.raises(KeyboardInterrupt):
            waitset.sleep(lambda: True, TIMEOUT)
        assert list(waitset.sleepers) == [other]

    def test_the_one_meant_is_woken_and_no_other(self):
        waitset, locks = threadpool._WaitSet(), [threading.Lock() for _ in range(2)]
        first, second = [sleeping_thread(waitset, lock=lock) for lock in locks]
        waitset.wake(locks[1])
        second()
        assert list(waitset.sleepers) == [locks[0]] and first.thread.is_alive()
        waitset.wake(locks[1])  # sleeps no more: it costs nothing
        waitset.wake(locks[0])
        first()


class Job(threadpool._Task):
    """A task of which nothing is done."""


def queue_of(*tasks):
    """A queue with these tasks, of which nobody has been told."""
    requests = threadpool._TaskQueue()
    requests.queue.extend(task._run for task in tasks)
    return requests


class TestInsideOfTheQueue:
    def test_a_sleeper_that_takes_one_of_two_tasks_wakes_the_next(self):
        # 1. two workers sleep; 2. both putters append; 3. both wake the first.
        requests = queue_of()
        joins = [asleep_in(requests.not_empty, requests.next_task, never) for _ in range(2)]
        requests.queue.extend([Job()._run, Job()._run])
        requests.not_empty.wake_one()
        assert all(join() for join in joins)

    @pytest.mark.parametrize("first_or_last", [0, -1])
    def test_a_sleeper_that_leaves_wakes_the_next(self, first_or_last):
        # 1. two workers sleep; 2. a task is put, and wakes one of them; 3. that one is dismissed before it looks.
        requests, told_to_go = queue_of(), [[], []]
        requests.not_empty.next_sleeper = first_or_last
        joins = [asleep_in(requests.not_empty, requests.next_task, lambda told=told: bool(told)) for told in told_to_go]
        told_to_go[first_or_last].append(True)
        requests.put(job := Job())
        leaver = joins.pop(first_or_last)
        [other] = joins
        assert leaver() is None and other() == job._run

    @pytest.mark.parametrize("end", [
        lambda requests: requests.close(), lambda requests: setattr(requests, "ending", True),
    ])  # fmt: skip
    def test_waking_one_sleeper_tells_all_of_the_end(self, end):
        requests = queue_of()
        joins = [asleep_in(requests.not_empty, requests.next_task, never) for _ in range(3)]
        end(requests)
        requests.not_empty.wake_one()
        assert [join() for join in joins] == [None] * 3

    def test_a_worker_looks_for_the_end_before_its_last_look(self):
        # 1. worker finds the queue empty; 2. a task is put, while it is open; 3. it is closed;
        # 4. worker sees it closed, and must look once more.
        class Surprise(collections.deque):
            def popleft(self):
                if not self and not requests.is_at_end():
                    self.append(job._run)
                    requests.close()
                    raise IndexError
                return super().popleft()

        requests, job = queue_of(), Job()
        requests.queue = Surprise()
        assert requests.next_task(never) == job._run
        assert requests.next_task(never) is None

    @pytest.mark.parametrize("taken", [False, True])
    def test_a_putter_takes_its_task_back_from_a_queue_that_was_closed_meanwhile(self, taken):
        # 1. putter sees the queue open, and appends; 2. closer closes it, and the workers leave; or
        # a worker takes the task: then it counts as put.
        class Closing(collections.deque):
            def append(self, run):
                super().append(run)
                requests.close()
                if taken:
                    self.popleft()

        requests = queue_of()
        requests.queue = Closing()
        with contextlib.nullcontext() if taken else pytest.raises(RuntimeError, match="after shutdown"):
            requests.put(Job())
        assert requests.empty()

    def test_what_waits_can_be_listed_while_it_changes(self):
        # Without the global lock, copying a deque is no single operation.
        class Changing(collections.deque):
            tries = 0

            def __iter__(self):
                self.tries += 1
                if self.tries == 1:
                    raise RuntimeError("deque mutated during iteration")
                return super().__iter__()

        job = Job()
        requests = queue_of()
        requests.queue = Changing([job._run])
        assert requests.waiting() == [job] and requests.queue.tries == 2

    def test_two_withdrawals_let_two_putters_in(self):
        # 1. two putters wait for room; 2. two tasks are withdrawn, and both wake the first.
        jobs = Job(), Job()
        requests = queue_of(*jobs)
        requests.maxsize = 2
        joins = [asleep_in(requests.not_full, requests.wait_for_room) for _ in range(2)]
        requests.queue.clear()
        requests.not_full.wake_one()
        assert [join() for join in joins] == [None, None]

    def test_a_kind_of_task_must_say_what_is_to_be_done(self):
        for method, arguments in (("_make_call", [None]), ("_settle", [None, None]), ("_discard", [])):
            with pytest.raises(NotImplementedError):
                getattr(Job(), method)(*arguments)


class TestInsideOfTheCrew:
    def test_a_task_put_while_the_only_worker_leaves_is_done_by_a_new_one(self):
        # 1. the worker finds the queue at its end, and is about to leave; 2. putter finds no
        # sleeper, and as many workers as there may be; 3. the worker is off the list.
        pool = ThreadPool(1)
        crew, requests, futures = pool._crew, pool._requests_queue, []
        [worker] = pool.workers
        remove = crew.remove

        def put_first(leaving):
            if not futures:
                futures.append(pool.submit(threading.current_thread))
            remove(leaving)

        crew.remove = put_first
        requests.ending = True
        requests.not_empty.wake_one()
        worker.join(TIMEOUT)
        assert futures[0].result(TIMEOUT) is not worker

    def test_a_task_put_while_a_worker_starts_is_seen_by_a_second_one(self, make_pool):
        # 1. putter starts a worker; 2. another finds no sleeper, and starts one, too, or a third
        # comes while there are as many as there may be; 3. the new ones take what is there.
        pool = make_pool()
        barrier = threading.Barrier(3)
        requests = [WorkRequest(barrier.wait, [TIMEOUT]) for _ in range(3)]
        for request in requests[1:]:
            pool.workRequests[request.requestID] = request
            request._results = pool._results_queue
            pool._requests_queue.queue.append(request._run)  # and tells nobody
        pool.putRequest(requests[0])
        assert sorted(values(pool.results(TIMEOUT))) == [0, 1, 2] and len(pool.workers) == 3

    def test_where_no_more_can_be_started_those_at_work_go_on_alone(self, monkeypatch):
        pool = ThreadPool()
        first, gate = held_future(pool)
        monkeypatch.setattr(WorkerThread, "start", raising(RuntimeError, "can't start new thread"))
        second, results = pool.submit(abs, -2), pool.map(abs, [-3])
        gate.open.set()
        assert first.result(TIMEOUT) == "held" and second.result(TIMEOUT) == 2 and list(results) == [3]

    @pytest.mark.parametrize("error", [RuntimeError, ValueError])
    def test_where_none_can_be_started_nothing_is_put(self, make_pool, monkeypatch, error):
        pool = make_pool(0)
        pool._max_workers = 1
        with monkeypatch.context() as patch:
            patch.setattr(WorkerThread, "start", raising(error, "can't start new thread"))
            for put in (lambda: pool.submit(abs, -1), lambda: pool.putRequest(WorkRequest(abs))):
                with pytest.raises(error, match="can't start new thread"):
                    put()
        assert pool.workRequests == {} and pool._requests_queue.empty()
        assert pool.submit(abs, -2).result(TIMEOUT) == 2

    def test_a_worker_interrupted_while_it_is_made_leaves_again(self, make_pool):
        # 1. the thread has started, and sleeps already; 2. KeyboardInterrupt, before it is listed.
        class Interrupted(WorkerThread):
            def start(self):
                super().start()
                started.append(self)
                until(lambda: sleeping_workers(pool))
                raise KeyboardInterrupt

        started, pool = [], make_pool(0, worker=Interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.createWorkers(1)
        assert pool.workers == [] and pool._max_workers == 0
        assert len(started) == 1 and all_end(started)

    def test_workers_go_by_identity_and_not_by_what_is_equal(self, make_pool):
        class Equal(WorkerThread):
            def __eq__(self, other):
                return True

            def __hash__(self):
                return 1

        pool = make_pool(3, worker=Equal)
        first, second, third = pool.workers
        second.dismiss()
        assert pool.workers[0] is first and pool.workers[1] is third and len(pool.workers) == 2
        assert pool.dismissedWorkers[0] is second
        pool.joinAllDismissedWorkers()
        assert not second.is_alive() and first.is_alive() and pool.dismissedWorkers == []

    def test_a_worker_dismissed_twice_counts_once(self, make_pool):
        pool = make_pool(2)
        worker = pool.workers[0]
        worker.dismiss()
        worker.dismiss()
        worker.join(TIMEOUT)
        assert pool._max_workers == len(pool.workers) == 1

    def test_an_interrupted_dismissal_leaves_the_worker_in_one_list(self, make_pool):
        # 1. the worker is put into the other list; 2. KeyboardInterrupt, before it leaves the first.
        class Interrupted(list):
            def append(self, worker):
                super().append(worker)
                raise KeyboardInterrupt

        pool = make_pool(1)
        [worker] = pool.workers
        pool._crew.dismissed = Interrupted()
        with pytest.raises(KeyboardInterrupt):
            pool.dismissWorkers(1)
        assert pool.workers == [] and pool._crew.dismissed == [worker]
        assert pool._max_workers == 0  # so none is started in its place
        worker.join(TIMEOUT)
        assert pool.workers == [] and pool._crew.dismissed == [worker]

    def test_a_task_that_cannot_be_settled_costs_no_worker(self, make_pool, caplog):
        class Unsettled(Job):
            def _make_call(self, worker):
                return 1

            def _settle(self, result, error):
                raise SystemExit

        pool = make_pool(1)
        [worker] = pool.workers
        pool._requests_queue.put(Unsettled())
        assert pool.submit(threading.current_thread).result(TIMEOUT) is worker
        assert "exception settling" in caplog.text and worker.request is None

    def test_a_putter_that_comes_second_starts_no_worker_too_many(self, make_pool):
        # 1. two putters find no sleeper, and one worker fewer than there may be; 2. the first starts it.
        pool = make_pool()
        pool._max_workers = 1
        hire = pool._requests_queue.start_worker
        hire()
        hire()
        assert len(pool.workers) == 1

    @pytest.mark.parametrize("error", [OSError, RuntimeError])  # RuntimeError as where no thread can be started
    @pytest.mark.parametrize("by_map", [False, True])
    def test_where_a_worker_cannot_start_another_no_call_is_lost(self, make_pool, caplog, by_map, error):
        class Refused(WorkerThread):
            def __init__(self, *args, **kwds):
                if isinstance(threading.current_thread(), WorkerThread):
                    raise error
                super().__init__(*args, **kwds)

        for _ in range(20):
            pool = make_pool(worker=Refused)
            if by_map:
                assert list(pool.map(abs, range(-9, 0), timeout=TIMEOUT)) == list(range(9, 0, -1))
            else:
                futures = [pool.submit(abs, -n) for n in range(4)]
                assert [future.result(TIMEOUT) for future in futures] == [0, 1, 2, 3]
        assert error is OSError or not caplog.records


class TestInsideOfFutures:
    @pytest.mark.parametrize("by_map", [False, True])
    def test_an_idle_worker_may_come_to_wait_as_well(self, make_pool, by_map):
        # 1. W asks for a call, and sees that V is idle; 2. V takes another task, which waits for that
        # call; 3. W looks again, and makes the call.
        def outer():
            pool.submit(done.wait, TIMEOUT)
            if by_map:
                return next(pool.map(lambda _: done.set(), [1]))
            return pool.submit(done.set).result()

        pool, done = make_pool(2), threading.Event()
        until(lambda: sleeping_workers(pool) == 2)
        assert pool.submit(outer).result(TIMEOUT) is None

    @pytest.mark.parametrize("by_map", [False, True])
    def test_one_that_is_held_up_between_two_tasks_is_idle_for_a_second_only(self, make_pool, monkeypatch, by_map):
        # A done-callback blocks V until W has what it asks for.
        def outer():
            first = pool.submit(gate, 1)
            first.add_done_callback(lambda future: got.wait(TIMEOUT))
            gate.wait_until_entered()
            gate.open.set()
            until(lambda: first.done())
            if by_map:
                [thread] = pool.map(lambda _: threading.current_thread(), [1])
            else:
                thread = pool.submit(threading.current_thread).result()
            got.set()
            return thread is threading.current_thread()

        monkeypatch.setattr(threadpool, "_PATIENCE", 0.01)
        pool, gate, got = make_pool(2), Gate(), threading.Event()
        assert pool.submit(outer).result(TIMEOUT)

    @pytest.mark.parametrize("idle", [False, True])
    def test_a_call_that_another_worker_has_just_taken_is_waited_for(self, make_pool, idle):
        # 1. W sees nobody idle; 2. V takes the call; 3. W finds it gone, and waits.
        # Or 1. W sees that V is idle; 2. V begins the call; 3. W is about to sleep until it is begun.
        def take_it(*args):
            [future] = requests.drain()
            in_thread(future._run, threadpool._StandIn(requests))()
            return idle

        def outer():
            future = pool.submit(threading.current_thread)
            future._condition.wait = None  # not to be called
            pool._crew.has_idle = take_it
            return future.result() is not threading.current_thread()

        pool = make_pool(1)
        requests = pool._requests_queue
        assert pool.submit(outer).result(TIMEOUT)

    def test_a_cancelled_future_knows_no_queue(self, make_pool):
        pool = make_pool(0)
        future = pool.submit(abs, -1)
        assert future.cancel() and future.cancel() and future._requests is None


def new_map(pool, inputs, call=abs, size=1):
    """A map of these inputs, in blocks of this size, of whose results nothing is read."""
    job = threadpool._Map(pool, call, [[]], None, None)
    job.size = size
    job.hand_over_inputs(list(inputs))
    return job


def parts_of(job):
    """What has come so far: the first number, the results in order, the errors."""
    found = []
    while not job.parts.empty():
        first, results, errors = job.parts.get_nowait()
        found.append((first, results[::-1], errors))
    return found


class Held:
    """A map of so many inputs, the first block of which, of `size` inputs, is held at its first call."""

    def __init__(self, pool, number, size, call=lambda n: n):
        self.gate = Gate()
        self.job = new_map(pool, range(number), lambda n: call(n if n else self.gate(n)), size)
        self.gate.wait_until_entered()

    def results(self, ordered=True):
        return self.job.results(ordered, None)


class TestInsideOfMaps:
    def sizes(self, pool, chunksize):
        """How many calls were made in each block."""
        job = threadpool._Map(pool, abs, [[]], chunksize, None)
        job.hand_over_inputs(list(range(1000)))
        sizes = []
        while sum(sizes) < 1000:
            sizes.append(len(job.parts.get(timeout=TIMEOUT)[1]))
        return sizes

    def test_cheap_calls_come_in_blocks_and_slow_ones_singly(self, make_pool, monkeypatch):
        monkeypatch.setattr(threadpool, "_BLOCK_SECONDS", 1000.0)  # no block takes so long
        assert self.sizes(make_pool(1), None) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 489]
        assert self.sizes(make_pool(1), 100) == [1, 2, 4, 8, 16, 32, 64, *[100] * 8, 73]
        monkeypatch.setattr(threadpool, "_BLOCK_SECONDS", -1.0)  # every block takes longer
        assert self.sizes(make_pool(1), None) == [1] * 1000

    def test_a_recalled_block_ends_after_its_current_call(self, make_pool):
        # The owner takes inputs from one end, a recaller from the other, and the owner is not told.
        pool = make_pool(1)
        held = Held(pool, 5, 5)
        recall(pool)
        assert [(first, inputs[::-1]) for first, inputs in held.job.todo] == [(1, [1, 2, 3, 4])]
        pool.dismissWorkers(1)
        held.gate.open.set()
        pool.joinAllDismissedWorkers()
        assert parts_of(held.job) == [(0, [0], [])]

    def test_two_idle_workers_cannot_recall_each_others_blocks_for_ever(self, make_pool):
        # The first input of a block is begun as it is taken.
        job = new_map(make_pool(0), [1])
        assert [job.take_block() is None for _ in range(3)] == [False, True, True]

    def test_an_idle_worker_recalls_what_others_have_not_begun(self, make_pool):
        pool = make_pool(1)
        held = Held(pool, 100, 100)
        pool.createWorkers(1)
        assert sorted(itertools.islice(held.results(ordered=False), 99)) == list(range(1, 100))
        held.gate.open.set()

    def test_results_of_a_running_block_can_be_read(self, make_pool):
        # 1. a reader takes all results of a running block; 2. its owner has no more to deliver, and must not
        # deliver an empty part under the number of the next block.
        pool, gate = make_pool(1), Gate()
        held = Held(pool, 6, 3, lambda n: gate(n) if n == 2 else n)
        held.gate.open.set()
        gate.wait_until_entered()
        results = held.results()
        assert [next(results), next(results)] == [0, 1]
        recall(pool)
        gate.open.set()
        assert list(results) == [2, 3, 4, 5]

    def test_nothing_is_delivered_where_a_reader_has_all(self, make_pool):
        job = new_map(make_pool(0), [1, 2])
        block = job.take_block()
        block.results.append(1)
        job.hurry()
        job.hurry()
        job.end_block(block, IndexError(), 0)
        assert parts_of(job) == [(0, [1], [])]

    def test_what_another_reader_has_just_taken_is_not_taken_again(self, make_pool):
        # 1. reader copies the results of a block; 2. its owner ends it, and delivers them all.
        class Results(list):
            def __getitem__(self, which):
                if job.running:
                    job.end_block(block, IndexError(), 0)
                return super().__getitem__(which)

        job = new_map(make_pool(0), [7])
        block = job.take_block()
        block.results = Results([7])
        job.hurry()
        assert parts_of(job) == [(0, [7], [])]

    def test_a_worker_that_holds_the_map_when_it_is_cancelled_begins_nothing(self, make_pool):
        # 1. a worker takes the map out of the queue; 2. shutdown cancels what waits; 3. the worker takes a block.
        pool, called = make_pool(0), []
        results = pool.map(called.append, range(5))
        [job] = pool._requests_queue.drain()
        pool.shutdown(cancel_futures=True)
        job._run(threadpool._StandIn(pool._requests_queue))
        assert called == []
        with pytest.raises(concurrent.futures.CancelledError):
            next(results)

    @pytest.mark.parametrize("error", [IndexError, StopIteration])
    @pytest.mark.parametrize("where", [0, 2, 4])
    def test_what_a_call_raises_is_not_taken_for_the_end_of_the_block(self, make_pool, error, where):
        # Both are told from it by counting, also while the block is being recalled.
        def call(n):
            recall(pool)
            if n == where:
                raise error("the call's own")
            return n

        pool, read = make_pool(1), []
        held = Held(pool, 5, 5, call)
        held.gate.open.set()
        with pytest.raises((error, RuntimeError), match=r"the call's own|a call raised StopIteration"):
            for result in held.results():
                read.append(result)
        assert read == list(range(where))

    def test_a_call_that_could_not_begin_has_failed(self, make_pool):
        # For want of stack or memory: the input is still in the block.
        job, error = new_map(make_pool(0), [1, 2, 3], size=3), MemoryError()
        block = job.take_block()
        block.results.append(next(block.inputs))
        job.end_block(block, error, 0)
        assert parts_of(job) == [(0, [1], [error])]
        assert job.todo == [(2, [3])]  # but 2 is not begun again

    def test_a_buffer_is_refilled_when_half_of_it_is_free(self, make_pool):
        job = threadpool._Map(make_pool(0), abs, [range(100)], None, 10)
        job.size = 50  # so much it would hand over at once
        job.parts.put((0, [], []))  # there is something to read
        fed = []
        for job.read in (0, 4, 5, 9, 10):
            job.feed()
            fed.append(job.fed)
        assert fed == [10, 10, 15, 15, 20]

    @pytest.mark.parametrize("inputs_of", [list, iter])
    def test_a_feeder_that_needs_no_room_passes_it_on(self, make_pool, inputs_of):
        # 1. a feeder and a putter wait for room; 2. a worker makes room, and wakes the feeder; 3. the map is in the
        # queue again by then, so that the feeder need not put it.
        pool = make_pool(0, q_size=1)
        requests = pool._requests_queue
        requests.queue.append(Job()._run)
        job = threadpool._Map(pool, abs, [inputs_of([-1, -2])], None, None)
        feeder = asleep_in(requests.not_full, job.feed)
        putter = asleep_in(requests.not_full, requests.wait_for_room)
        requests.queue.clear()
        job.is_queued = True
        requests.not_full.wake_one()
        feeder(), putter()
        job._discard()

    @pytest.mark.parametrize("in_worker", [False, True])
    def test_a_reader_that_waits_looks_less_and_less_often(self, make_pool, in_worker):
        class Never:
            def empty(self):
                return False

            def get(self, timeout):
                timeouts.append(timeout)
                if len(timeouts) < 9:
                    raise queue.Empty
                return 0, [], []

        def wait():
            job = threadpool._Map(pool, abs, [[1]], None, None)
            job.parts = Never()
            return job.next_part(None)

        timeouts, pool = [], make_pool(1)
        assert (pool.submit(wait).result(TIMEOUT) if in_worker else wait()) == (0, [], [])
        slices = [threadpool._BLOCK_SECONDS * 2**n for n in range(9)]
        assert timeouts == [min(slice_, 0.05) if in_worker else slice_ for slice_ in slices]

    def test_a_worker_that_reads_begins_nothing_while_there_is_something_to_read(self, make_pool):
        def read():
            job = threadpool._Map(pool, begun.append, [range(3)], 1, None)
            job.feed()
            job.run_block(job.take_block(), pool.workers[0])
            next(job.results(True, None))
            return list(begun)

        pool, begun = make_pool(1), []
        assert pool.submit(read).result(TIMEOUT) == [0]

    @pytest.mark.parametrize("workers", [1, 2])
    def test_in_a_closed_pool_every_call_is_still_made(self, make_pool, workers):
        # 1. one worker has a long block, the others nothing; 2. the pool is closed.
        pool = make_pool(1)
        held = Held(pool, 50, 50)
        pool.createWorkers(workers - 1)
        pool.shutdown(wait=False)
        held.gate.open.set()
        assert list(held.results()) == list(range(50))

    def test_a_map_that_cannot_be_put_has_nothing_left(self, make_pool, monkeypatch):
        pool = make_pool(0)
        monkeypatch.setattr(pool._requests_queue, "put", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pool.map(abs, [1])
        assert not pool._crew.maps.unfinished and pool._requests_queue.empty()

    @pytest.mark.parametrize("early", [True, False])
    def test_a_worker_that_reads_a_failed_map_keeps_no_error(self, make_pool, early):
        # The traceback of a call that the reader itself has made leads back to the reader, which has
        # the error still in hand, when that of the first call arrives, or has not yet read it.
        class Trouble(Exception):
            def __init__(self):
                followed.append(weakref.ref(self))

        class Parts(queue.SimpleQueue):
            def get(self, timeout):
                item = super().get(timeout=timeout)
                gate.open.set()
                return item

        def call(number):
            if number == 0:
                gate()
            elif not early:
                gate.open.set()
                until(parts.qsize)
            raise Trouble

        def read():
            results = pool.map(call, range(2), chunksize=1)
            results.gi_frame.f_locals["self"].parts = parts
            gate.wait_until_entered()
            with contextlib.suppress(Trouble):
                next(results)

        pool, gate, followed, parts = make_pool(2), Gate(), [], Parts()
        pool.submit(read).result(TIMEOUT)
        del parts
        assert len(followed) == 2 and gone(pool, followed)


class TestInsideOfThePool:
    """Interrupts at a moment that is chosen, where those at every moment do not look so closely."""

    def test_an_interrupted_put_lets_go_who_waits_for_it(self, make_pool, monkeypatch):
        # 1. putter registers the request; 2. a collector sees it pending, and sleeps; 3. KeyboardInterrupt.
        def interrupt(_):
            waiting.append(in_thread(pool.wait))
            until(lambda: waiting_collectors(pool))
            raise KeyboardInterrupt

        pool, waiting = make_pool(1), []
        monkeypatch.setattr(pool._requests_queue, "put", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pool.putRequest(WorkRequest(abs, [-1]))
        assert waiting.pop()() is True

    def test_a_second_interrupt_while_a_put_is_undone_costs_no_wake_up(self, make_pool, monkeypatch):
        # 1. putter appends; 2. KeyboardInterrupt, nobody is woken; 3. another, and the request is not taken out again.
        def interrupt(*_):
            monkeypatch.undo()
            monkeypatch.setattr(requests, "remove", interrupt)
            raise KeyboardInterrupt

        pool = make_pool(1)
        requests, request = pool._requests_queue, WorkRequest(abs, [-1])
        until(lambda: sleeping_workers(pool))
        monkeypatch.setattr(requests.not_empty, "wake_one", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pool.putRequest(request)
        monkeypatch.undo()
        assert in_thread(pool.wait)()
        until(lambda: request.result == 1)  # nobody waits for it any more, but a worker was woken

    def test_a_cancel_interrupted_before_the_removal_has_cancelled_nothing(self, make_pool, monkeypatch):
        pool, gate = make_pool(1), Gate()
        requests = [WorkRequest(gate, [1]), WorkRequest(abs, [-2])]
        pool.putRequests(requests)
        gate.wait_until_entered()
        for request in requests:
            with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
                patch.setattr(pool._requests_queue, "remove", interrupt)
                request.cancel()
        gate.open.set()
        assert values(pool.results(TIMEOUT)) == [1, 2]

    def test_a_cancel_interrupted_after_the_removal_has_cancelled_it(self, make_pool, monkeypatch):
        pool, request = make_pool(0), WorkRequest(abs, [-1])
        pool.putRequest(request)
        monkeypatch.setattr(request, "_discard", interrupt)
        with pytest.raises(KeyboardInterrupt):
            request.cancel()
        assert pool.workRequests == {} and is_detached(request)

    def test_a_collector_that_was_woken_and_takes_one_of_two_wakes_the_next(self, make_pool):
        pool, requests = make_pool(0), makeRequests(abs, [-1, -2])
        pool.putRequests(requests)
        pool._requests_queue.queue.clear()
        looks = second_looks(pool, "_has_news")
        collectors = [in_thread(next, pool.results()) for _ in requests]
        until(lambda: looks == [False, False])
        pool._results_queue.queue.extend(requests)
        pool._results_queue.not_empty.wake_one()
        assert {collect() for collect in collectors} == set(requests)

    def unregister_once(self, pool, monkeypatch, also=lambda: None):
        """Have the next result that is collected be interrupted after it was unregistered."""

        def interrupted(request):
            monkeypatch.undo()
            pool._unregister(request)
            also()
            raise KeyboardInterrupt

        monkeypatch.setattr(pool, "_unregister", interrupted)

    def test_an_interrupted_collector_loses_no_callback_and_changes_no_order(self, make_pool, monkeypatch):
        pool, called = make_pool(1), []
        pool.putRequests(makeRequests(abs, range(3), lambda request, result: called.append(result)))
        until(lambda: pool._results_queue.qsize() == 3)
        self.unregister_once(pool, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            pool.wait()
        assert len(pool.workRequests) == 3 and called == []
        for request in pool.workRequests.values():
            with pytest.raises(ValueError, match="is pending"):
                pool.putRequest(request)
        assert pool.wait(0) and called == [0, 1, 2]

    def test_one_that_was_forgotten_and_is_dropped_while_it_is_put_again_is_put_once(self, make_pool):
        # 1. a program clears `workRequests`; 2. putter sees that the request was forgotten; 3. a worker
        # ends it; 4. a collector drops the result, and says that it may be put; 5. the putter puts it.
        class Forgotten(WorkRequest):
            def _is_forgotten(self):
                was_forgotten = super()._is_forgotten()
                if not gate.open.is_set():
                    gate.open.set()
                    until(pool._results_queue.qsize)
                    pool._take_first([])
                return was_forgotten

        pool, gate = make_pool(1), Gate()
        request = Forgotten(gate, [1])
        pool.putRequest(request)
        gate.wait_until_entered()
        pool.workRequests.clear()
        pool.putRequest(request)
        with pytest.raises(ValueError, match="is pending"):
            pool.putRequest(request)
        assert values(pool.results(TIMEOUT)) == [1]

    def test_an_interrupted_collector_forgets_no_other_request_of_that_id(self, make_pool, monkeypatch):
        # 1. a collector unregisters the request; 2. another of its ID is put; 3. KeyboardInterrupt.
        pool, other = make_pool(1), WorkRequest(abs, [-2], None, "k")
        pool.putRequest(WorkRequest(abs, [-1], None, "k"))
        until(pool._results_queue.qsize)
        self.unregister_once(pool, monkeypatch, lambda: pool.putRequest(other))
        with pytest.raises(KeyboardInterrupt):
            pool.poll()
        assert pool.workRequests == {"k": other}
        assert values(pool.results(TIMEOUT)) == [2]

    def test_a_result_that_is_put_back_wakes_those_who_sleep(self, make_pool, monkeypatch):
        # 1. a collector sleeps; 2. another, who needed no waking, has the result in hand; 3. KeyboardInterrupt.
        pool, request = make_pool(0), WorkRequest(abs, [-1])
        pool.putRequest(request)
        pool._requests_queue.queue.clear()
        looks = second_looks(pool, "_has_news")
        other = in_thread(pool.wait)
        until(lambda: looks == [False])
        pool._results_queue.queue.append(request)
        self.unregister_once(pool, monkeypatch)
        with pytest.raises(KeyboardInterrupt):
            pool.poll()
        assert other() is True

    def test_a_pool_dropped_while_the_interpreter_ends_does_nothing(self, make_pool):
        pool = make_pool(1)
        pool._results_queue.pool.__callback__(None, lambda: True)
        assert not is_shut_down(pool)
        pool.putRequest(WorkRequest(abs, [-1]))
        assert values(pool.results(TIMEOUT)) == [1]

    def test_the_main_thread_sleeps_in_slices(self, make_pool, monkeypatch):
        monkeypatch.setattr(threadpool, "_SLICE", 0.001)
        assert threadpool._seconds_left(None) == threadpool._seconds_left(time.monotonic() + 1) == 0.001
        assert in_thread(threadpool._seconds_left, None)() == threading.TIMEOUT_MAX
        pool, gate = make_pool(1), Gate()
        pool.putRequest(WorkRequest(gate, [1]))
        gate.wait_until_entered()
        threading.Timer(0.05, gate.open.set).start()
        assert values(pool.results(TIMEOUT)) == [1]


idle_workers_leave = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="before 3.11 idle workers stay until the interpreter ends"
)


class TestInsideOfTheEnd:
    """The end of the program, here in this process, which then goes on."""

    @pytest.fixture
    def end(self, monkeypatch):
        """Makes one of the two calls, in a thread; returns a function that joins it."""
        monkeypatch.setattr(threadpool._TaskQueue, "ending", False)  # and at the end of the test again
        monkeypatch.setattr(threadpool._TaskQueue, "abandoned", False)
        return lambda is_last: in_thread(threadpool._end_of_program, is_last)

    @pytest.fixture
    def looks(self, monkeypatch):
        """What was found unfinished, each time that somebody looked."""
        looks = []
        unfinished = threadpool._unfinished

        def note(*args):
            found = unfinished(*args)
            looks.append(found)
            return found

        monkeypatch.setattr(threadpool, "_unfinished", note)
        return looks

    @pytest.mark.parametrize("is_last", [False, True])
    def test_futures_and_maps_are_completed(self, make_pool, end, looks, is_last):
        pool, called = make_pool(1), []
        running, gate = held_future(pool)
        waiting = pool.submit(abs, -2)
        pool.map(called.append, range(100))
        ending = end(is_last)
        until(lambda: len(looks) > 2)
        assert {running, waiting} < looks[-1] and ending.thread.is_alive()
        gate.open.set()
        ending()
        assert running.done() and waiting.done() and called == list(range(100))

    @idle_workers_leave
    def test_the_last_call_lets_idle_workers_go_and_so_do_those_that_serve_later(self, make_pool, end):
        pool = make_pool(2)
        workers = list(pool.workers)
        until(lambda: sleeping_workers(pool) == 2)
        end(True)()
        assert pool.workers == [] and not any(worker.is_alive() for worker in workers)
        worker = pool.submit(threading.current_thread).result(TIMEOUT)
        assert all_end([worker]) and pool.workers == []

    @idle_workers_leave
    def test_requests_are_not_waited_for(self, make_pool, end):
        pool, gate, called = make_pool(1), Gate(), []
        running, waiting = WorkRequest(gate), WorkRequest(called.append, [1])
        pool.putRequests([running, waiting])
        gate.wait_until_entered()
        end(False)()
        assert len(pool.workRequests) == 2
        end(True)()
        assert list(pool.workRequests.values()) == [running] and not gate.open.is_set()
        gate.open.set()
        assert pool.wait(TIMEOUT) and called == []

    def test_requests_of_a_dropped_pool_are_dropped_with_the_others(self):
        pool, request = ThreadPool(0), WorkRequest(abs, [-1])
        pool.putRequest(request)
        requests = pool._requests_queue
        del pool
        gc.collect()
        threadpool._drop_requests(requests)
        assert requests.empty() and request.result is None and request.cancel() is False

    def test_a_future_that_submits_itself_again_holds_nothing(self, make_pool, end):
        def again():
            if not stopped.is_set():
                rounds.release()
                pool.submit(again)

        pool, stopped, rounds = make_pool(1), threading.Event(), threading.Semaphore(0)
        pool.submit(again)
        try:
            end(False)()
            while rounds.acquire(blocking=False):
                pass
            assert rounds.acquire(timeout=TIMEOUT)  # it still goes on
        finally:
            stopped.set()

    def test_a_pool_that_an_interrupt_has_left_is_not_waited_for(self, end):
        pool = ThreadPool(1)
        future, gate = held_future(pool)
        pool.__exit__(KeyboardInterrupt, None, None)
        end(False)()
        end(True)()
        assert not future.done()
        gate.open.set()
        assert future.result(TIMEOUT) == "held"

    def test_an_interrupt_of_the_first_call_ends_the_second(self, make_pool, end, monkeypatch):
        future, gate = held_future(make_pool(1))
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(threadpool, "_unfinished", interrupt)
            end(False)()
        end(True)()
        assert not future.done()
        gate.open.set()

    def test_workers_that_are_no_daemons_are_let_go_by_the_first_call(self, make_pool, end):
        class Lasting(WorkerThread):
            def __init__(self, *args, **kwds):
                super().__init__(*args, **kwds, daemon=False)

        pool, other = make_pool(2, worker=Lasting), make_pool(1)
        workers = list(pool.workers)
        end(False)()
        assert all_end(workers)
        assert other.submit(threading.current_thread).result(TIMEOUT) is other.workers[0]

    def test_a_run_of_the_users_own_is_not_waited_for(self, end):
        class Own(WorkerThread):
            def run(self):
                gate()

        gate = Gate()
        pool = ThreadPool(1, worker=Own)
        gate.wait_until_entered()
        end(True)()
        assert pool.workers[0].is_alive()
        gate.open.set()

    def test_a_slow_initializer_holds_nothing_where_nothing_was_put(self, make_pool, end):
        gate = Gate()
        make_pool(2, initializer=gate)
        gate.wait_until_entered()
        end(False)()
        end(True)()
        gate.open.set()

    @pytest.mark.parametrize("clear", [
        lambda pool: pool._work_queue.get_nowait(), lambda pool: pool._requests_queue.queue.clear(),
    ])  # fmt: skip
    def test_a_map_that_was_taken_out_of_the_queue_holds_nothing(self, make_pool, end, clear):
        pool, gate, called = make_pool(1), Gate(), []
        pool.putRequest(WorkRequest(gate))
        gate.wait_until_entered()
        pool.map(called.append, range(10))
        clear(pool)
        end(False)()
        end(True)()
        gate.open.set()
        assert called == []

    def test_what_a_worker_has_taken_and_not_yet_noted_is_waited_for(self, make_pool, end, looks, monkeypatch):
        # 1. a worker takes a future from the queue; 2. the end looks at the queue; 3. it looks at the
        # worker, which has yet to note what it took.
        def take(*args):
            run = next_task(*args)
            return gate(run) if run is not None else None

        def note(worker):
            looked.set()
            wait_for_note(worker)

        pool, gate, looked = make_pool(1), Gate(), threading.Event()
        until(lambda: sleeping_workers(pool))
        next_task, wait_for_note = pool._requests_queue.next_task, threadpool._wait_for_note
        monkeypatch.setattr(threadpool, "_wait_for_note", note)
        pool._requests_queue.next_task = take
        assert pool.submit(abs, -1).result(TIMEOUT) == 1  # by the call of `next_task` that was under way
        future = pool.submit(abs, -2)
        gate.wait_until_entered()
        ending = end(False)
        assert looked.wait(TIMEOUT)
        hold = Gate()
        future._function = hold
        gate.open.set()
        hold.wait_until_entered()
        until(lambda: looks)
        hold.open.set()
        ending()
        assert future in looks[0]

    def test_in_a_subinterpreter_the_last_call_waits_for_all(self, make_pool, end, looks, monkeypatch):
        monkeypatch.setattr(threadpool, "_is_main_interpreter", lambda: False)
        pool, gate = make_pool(1), Gate()
        [worker] = pool.workers
        pool.putRequest(WorkRequest(gate))
        gate.wait_until_entered()
        ending = end(True)
        until(lambda: len(looks) > 2)
        assert ending.thread.is_alive()
        with pytest.raises(RuntimeError, match="can't start a worker at interpreter shutdown"):
            ThreadPool(1)
        gate.open.set()
        ending()
        assert not worker.is_alive()

    @pytest.mark.parametrize("name", ["_interpreters", "_xxsubinterpreters"])
    def test_which_interpreter_it_is_is_asked_of_the_module_that_knows(self, monkeypatch, name):
        for known in ("_interpreters", "_xxsubinterpreters"):
            monkeypatch.setitem(sys.modules, known, None)  # to import it is an ImportError
        assert threadpool._is_main_interpreter()
        for current in (0, 1):
            module = types.SimpleNamespace(get_current=lambda current=current: current, get_main=lambda: 0)
            monkeypatch.setitem(sys.modules, name, module)
            assert threadpool._is_main_interpreter() == (current == 0)

    def test_a_pool_with_an_executor_can_be_made_when_the_main_thread_is_done(self, make_pool, monkeypatch):
        def refuse(*_):
            raise RuntimeError("can't register atexit after shutdown")

        monkeypatch.setattr(threading, "_register_atexit", refuse)
        engine = Later()
        future = make_pool(1, executor=engine).submit(abs, -1)
        engine.do_one()
        assert future.result(TIMEOUT) == 1


class TestInsideOfTearingDown:
    """Where the interpreter is torn down no other thread runs, so nobody waits for one."""

    @pytest.fixture
    def busy(self, make_pool):
        """A pool whose worker is at a future, and will not end it."""
        pool = make_pool(1)
        _, gate = held_future(pool)
        yield pool
        gate.open.set()

    def test_nobody_sleeps(self, busy, monkeypatch):
        future = busy.submit(abs, -1)
        busy.putRequest(WorkRequest(abs, [-1]))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "is_finalizing", lambda: True)
            assert threadpool._seconds_left(None) == 0.0
            with pytest.raises(NoWorkersAvailable, match="at interpreter shutdown"):
                busy.wait()
            with pytest.raises(concurrent.futures.TimeoutError):
                future.result()

    def test_no_worker_is_started_and_none_is_joined(self, busy, monkeypatch):
        [worker] = busy.workers
        with monkeypatch.context() as patch:
            patch.setattr(sys, "is_finalizing", lambda: True)
            with pytest.raises(RuntimeError, match="can't start a worker at interpreter shutdown"):
                busy.createWorkers(1)
            busy.dismissWorkers(1, do_join=True)
            busy.shutdown()
            assert worker.is_alive() and busy.dismissedWorkers == [worker]

    def test_a_daemonic_thread_that_runs_a_little_longer_waits_as_before(self, busy, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "is_finalizing", lambda: True)
            assert in_thread(threadpool._seconds_left, None)() > TIMEOUT
            in_thread(busy.createWorkers, 1)()
            assert in_thread(busy.submit(abs, -1).result)() == 1

    def test_a_block_that_was_left_open_does_nothing(self, make_pool):
        pool = make_pool(1)
        pool.__exit__(None, None, None, lambda: True)
        assert not is_shut_down(pool) and pool.submit(abs, -1).result(TIMEOUT) == 1


class TestInsideOfLogging:
    @pytest.fixture
    def fail(self):
        """Has the handler of the log raise what was set."""
        handler = logging.Handler()
        logger = logging.getLogger("concurrent.futures")
        logger.addHandler(handler)

        def fail(error):
            def emit(record):
                raise error

            handler.emit = emit

        yield fail
        logger.removeHandler(handler)

    def division(self):
        raise ZeroDivisionError

    @pytest.mark.parametrize("error", [ValueError, SystemExit])
    def test_what_a_handler_raises_changes_nothing(self, fail, error):
        fail(error)
        assert threadpool._call_safely(self.division) is None

    def test_ctrl_c_in_the_main_thread_alone_is_let_through(self, fail):
        def interrupt():
            raise KeyboardInterrupt

        fail(KeyboardInterrupt)
        for function in (self.division, interrupt):
            with pytest.raises(KeyboardInterrupt):
                threadpool._call_safely(function)
            assert in_thread(threadpool._call_safely, function)() is None


class TestInsideOfAFork:
    """What happens in the child, here in this process, where it can be watched."""

    MESSAGE = "left in the parent process of a fork; submit it again in the child"

    def test_pools_start_anew(self):
        pool = ThreadPool(2)
        empty, shut, closed = ThreadPool(0), ThreadPool(1), ThreadPool(1)
        shut.shutdown()
        closed.shutdown(wait=False)
        before = list(pool.workers)
        pool.putRequest(WorkRequest(abs))
        after_fork()
        assert pool.workers == [] and pool.workRequests == {}
        check(pool)
        for worker in before:  # in a child they are gone
            worker._requests_queue.not_empty.wake_one()
        assert all_end(before)
        pool.putRequest(WorkRequest(abs, [-1]))
        assert len(pool.workers) == 1 and pool._max_workers == 2 and values(pool.results(TIMEOUT)) == [1]
        assert not any(sleeping_workers(pool) for pool in (empty, shut, closed)) and not is_shut_down(empty)
        for pool in (shut, closed):
            with pytest.raises(RuntimeError, match="after shutdown"):
                pool.putRequest(WorkRequest(abs))

    def test_a_pool_dropped_in_the_child_starts_nothing(self):
        pool = ThreadPool(1)
        after_fork()
        crew = pool._crew
        del pool
        gc.collect()
        assert crew.workers == [] and crew.requests.closed

    def test_futures_and_maps_of_before_fail_and_say_why(self):
        pool, other, called = ThreadPool(1), ThreadPool(1), []
        begun, gate = held_future(pool)
        waiting, asked = pool.submit(abs, -2), pool.submit(abs, -3)
        asked.add_done_callback(called.append)
        assert begun.running()  # so it was asked, too
        maps = [pool.map(abs, [-4]), other.map(gate, range(5))]
        gate.wait_until_entered()
        workers = pool.workers + other.workers
        maps_of_before = [pool._crew.maps, other._crew.maps]
        after_fork()
        assert not any(maps.unfinished for maps in maps_of_before)
        for future in (begun, waiting, asked):
            with pytest.raises(RuntimeError, match=self.MESSAGE):
                future.result(TIMEOUT)
        for results in maps:
            with pytest.raises(RuntimeError, match=self.MESSAGE):
                next(results)
        assert called == []  # the callbacks are the parent's
        assert [p.submit(abs, -5).result(TIMEOUT) for p in (pool, other)] == [5, 5]
        gate.open.set()
        assert all_end(workers)  # in a child they are gone

    @pytest.mark.parametrize("timeout", [None, TIMEOUT])
    def test_a_future_that_stood_nowhere_at_the_fork_fails_when_it_is_asked_for(self, timeout):
        # 1. a worker takes it from the queue; 2. another thread forks, before the worker notes it.
        pool = ThreadPool(0)
        future = pool.submit(abs, -1)
        pool._requests_queue.queue.clear()
        after_fork()
        with pytest.raises(RuntimeError, match=self.MESSAGE):
            future.result(timeout)

    def test_a_map_whose_results_were_just_put_at_the_fork_fails_as_well(self):
        # 1. a worker puts results, and holds the lock of their queue (PyPy's has one); 2. another thread
        # forks; 3. in the child nobody unlocks it.
        class Locked(queue.SimpleQueue):
            def put(self, item):
                raise AssertionError("it would wait for ever")

        pool, gate = ThreadPool(1), Gate()
        results = pool.map(gate, range(3), timeout=TIMEOUT)
        gate.wait_until_entered()
        results.gi_frame.f_locals["self"].parts = Locked()
        after_fork()
        with pytest.raises(RuntimeError, match="left in the parent"):
            next(results)
        gate.open.set()

    def test_what_is_done_keeps_its_result(self):
        pool = ThreadPool(1)
        done = pool.submit(abs, -1)
        until(lambda: is_settled(done))
        after_fork()
        assert done.result(TIMEOUT) == 1

    def test_the_worker_that_forks_goes_on_with_its_call(self):
        def fork():
            after_fork()
            return "went on"

        pool = ThreadPool(1)
        future = pool.submit(fork)
        until(lambda: is_settled(future))  # nobody asks before: in the true child nobody could
        assert future.result(TIMEOUT) == "went on"

    def test_nested_futures_of_before_all_fail(self):
        def nest(depth):
            if depth == 0:
                return gate()
            inner = pool.submit(nest, depth - 1)
            futures.append(inner)
            return inner.result()

        pool, gate, futures = ThreadPool(1), Gate(), []
        futures.append(pool.submit(nest, 2))
        gate.wait_until_entered()
        after_fork()
        for future in futures:
            with pytest.raises(RuntimeError, match=self.MESSAGE):
                future.result(TIMEOUT)
        assert len(futures) == 3
        gate.open.set()

    def test_a_request_that_cannot_be_hashed_costs_the_child_nothing(self):
        class Unhashable(WorkRequest):
            __hash__ = None

        pool = ThreadPool(1)
        begun, gate = held_future(pool)
        pool.putRequest(Unhashable(abs, [-1]))
        after_fork()
        with pytest.raises(RuntimeError, match=self.MESSAGE):
            begun.result(TIMEOUT)
        assert pool.workRequests == {} and pool.submit(abs, -2).result(TIMEOUT) == 2
        gate.open.set()

    def test_where_the_system_cannot_fork_the_module_is_the_same(self, monkeypatch):
        monkeypatch.delattr(os, "register_at_fork")
        names = runpy.run_path(threadpool.__file__)
        with names["ThreadPool"](1) as pool:
            assert pool.submit(abs, -1).result(TIMEOUT) == 1
