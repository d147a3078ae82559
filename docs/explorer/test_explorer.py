"""Tests of the explorer itself, the cases, and bugs that are planted in the module and found."""

import contextlib
import functools
import inspect
import itertools
import os
import textwrap

import pytest

import cases
import threadpool
from explorer import List, Lock, Wrong, declared, explore

PREEMPTIONS = int(os.environ.get("PREEMPTIONS", 0))  # how many more than a case asks for


class TestExplorer:
    """The scheduler sees what there is to see, and no more."""

    def increments(self, lock):
        count = List([0])

        def increment():
            with lock:
                count[0] += 1

        yield [(increment,), (increment,)]
        assert count[0] == 2

    def two_locks(self, *orders):
        locks = {"a": Lock(), "b": Lock()}

        def lock_both(first, second):
            with locks[first], locks[second]:
                pass

        yield [(lock_both, *order) for order in orders]

    def test_what_is_not_shared_is_not_interrupted(self):
        def apart():
            yield [(List().append, 1), (List().append, 1), (List().append, 1)]

        assert explore(apart, 9) == explore(apart, 0)

    @pytest.mark.parametrize("bound", [0, 1, 2, 3, 5])
    def test_what_is_shared_has_every_order(self, bound):
        def append_three_times(shared, name):
            for _ in range(3):
                shared.append(name)

        def together():
            shared = List()
            yield [(append_three_times, shared, "a"), (append_three_times, shared, "b")]
            return "".join(shared)

        def preemptions(order):
            places = range(1, len(order))
            return sum(order[n - 1] != order[n] and order[n - 1] in order[n:] for n in places)

        orders = {"".join(order) for order in itertools.permutations("aaabbb")}
        assert len(orders) == 20
        assert explore(together, bound).outcomes == {order for order in orders if preemptions(order) <= bound}

    def test_a_lost_update_is_found_and_its_schedule_told(self):
        assert explore(lambda: self.increments(Lock())).schedules > 1
        with pytest.raises(Wrong, match="in schedule 2:\nthread 0 starts\nthread 0 reads List 1\nthread 1 starts"):
            explore(lambda: self.increments(contextlib.nullcontext()))

    def test_a_deadlock_is_found(self):
        explore(functools.partial(self.two_locks, "ab", "ab"))
        with pytest.raises(Wrong, match="somebody sleeps for ever"):
            explore(functools.partial(self.two_locks, "ab", "ba"))

    def test_an_error_in_a_thread_surfaces(self):
        def failing():
            yield [(int, "x")]

        with pytest.raises(Wrong, match="invalid literal") as caught:
            explore(failing)
        assert type(caught.value.__cause__) is ValueError

    def test_what_happens_by_chance_is_refused(self):
        number = itertools.count()

        def different():
            things = [List(), List()]
            yield [(things[0].append, 1), (things[next(number) % 2].append, 2), (things[0].append, 3)]

        with pytest.raises(Wrong, match="not the same as before"):
            explore(different)

    def test_what_has_no_end_is_refused(self):
        def endless():
            yield [(lambda: [count.append(1) for _ in itertools.repeat(1)],)]

        count = List()
        with pytest.raises(Wrong, match="no end in sight"):
            explore(endless)


@pytest.fixture
def control():
    with cases.control():
        yield


@pytest.mark.usefixtures("control")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("case", declared.values(), ids=list(declared))
def test_no_schedule_goes_wrong(case):
    explored = explore(case.function, case.bound + PREEMPTIONS)
    assert explored.schedules > 1 and len(explored.outcomes) == case.outcomes, explored


@pytest.mark.usefixtures("control")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("case", declared.values(), ids=list(declared))
def test_no_schedule_goes_wrong_if_another_worker_is_woken_first(case, monkeypatch):
    both = {threadpool._LONGEST_SLEEPER, threadpool._LATEST_SLEEPER}
    [other] = both - {threadpool._NEXT_WORKER}
    monkeypatch.setattr(threadpool, "_NEXT_WORKER", other)
    assert explore(case.function, max(0, case.bound - 1) + PREEMPTIONS).schedules


# Bugs, planted and found
# =======================
#
# Each is planted in the function that is named, where a passage is right, and found by a case.

BUGS = [
    # Sleeping and waking
    ("no second look", cases.one_request, "_WaitSet.sleep", "if not has_news()", "if True"),
    (
        "looks, then shows that it is going to sleep", cases.one_request,
        "_WaitSet.sleep",
        "self.sleepers.append(lock)",
        "news = has_news()\n        has_news = lambda: news\n        self.sleepers.append(lock)",
    ),
    (
        "looks for sleepers, then shows", cases.one_request,
        "_TaskQueue.put",
        "self.queue.append(task._run)\n        if self.not_empty.sleepers:",
        "sleepers = bool(self.not_empty.sleepers)\n        self.queue.append(task._run)\n        if sleepers:",
    ),
    (
        "the waker takes the sleeper off the list", cases.one_request,
        "_WaitSet.wake_one", "self.sleepers[self.next_sleeper]", "self.sleepers.popleft()",
    ),
    (
        "a worker that has slept does not pass on", cases.two_put_by_one_wake_two,
        "_TaskQueue.next_task", "was_woken = True", "was_woken = False",
    ),
    (
        "a collector that has slept does not pass on", cases.a_callback_that_waits_for_another,
        "_RequestPool._next_result", "if slept:", "if False:",
    ),
    (
        "a collector that leaves does not pass on", cases.two_waiters_and_a_withdrawal,
        "_RequestPool._put_back", "self._results_queue.not_empty.wake_one()", "pass",
    ),
    (
        "a putter that has slept does not pass on", cases.two_putters_and_two_withdrawals,
        "_TaskQueue.wait_for_room", "self.not_full.wake_one()", "pass",
    ),
    (
        "the end is told to one worker", cases.a_map_that_nobody_reads_and_the_end,
        "_TaskQueue.pass_on", "elif self.is_at_end():", "elif False:",
    ),
    (
        "a dismissal wakes another", cases.a_dismissal_beside_a_producer,
        "WorkerThread.dismiss", "wake(self._lock)", "wake_one()",
    ),
    # Queues
    (
        "a putter does not look again whether it is closed", cases.a_putter_that_waits_for_room_and_the_end,
        "_TaskQueue._has_room_or_end", " or self.closed", "",
    ),
    (
        "a withdrawal makes no room", cases.a_putter_that_waits_for_room_and_a_withdrawal,
        "_TaskQueue.remove", "self.not_full.wake_one()", "pass",
    ),
    (
        "what is taken makes no room", cases.two_putters_and_room_for_one,
        "_TaskQueue.next_task", "if self.not_full.sleepers:", "if False:",
    ),
    (
        "looks whether it is closed, then puts", cases.a_put_against_the_end_where_no_worker_is,
        "_TaskQueue.put", "if self.closed and self.remove(task):", "if False:",
    ),
    (
        "refuses what a worker has taken", cases.a_put_against_the_end,
        "_TaskQueue.put", "if self.closed and self.remove(task):", "if self.closed:",
    ),
    (
        "looks for work, then whether it is closed", cases.a_put_before_the_end,
        "_TaskQueue.next_task", "if at_end or", "if self.is_at_end() or",
    ),
    # Workers
    (
        "the last worker goes and wakes nobody", cases.a_waiter_and_the_last_worker,
        "_Crew.remove", "self.results.not_empty.wake_one()", "pass",
    ),
    (
        "a worker goes and does not look whether one is to be started",
        cases.a_put_against_a_worker_that_leaves_at_the_end_of_the_program,
        "_Crew.remove", "self.requests.pass_on()", "pass",
    ),
    (
        "a new worker does not pass on", cases.three_puts_that_need_three_workers_where_one_sleeps,
        "WorkerThread._serve", "was_woken = True", "was_woken = False",
    ),
    (
        "does not look again whether there may be more", cases.two_puts_and_one_worker_that_may_be_started,
        "_Crew.hire", "if len(self.workers) >= self.limit:", "if False:",
    ),
    # Requests
    (
        "queues, then registers", cases.a_waiter_beside_a_producer,
        "_RequestPool.putRequest",
        "requests.put(request)",
        (
            "del self.workRequests[request.requestID]\n        requests.put(request)\n"
            "        self.workRequests[request.requestID] = request"
        ),
    ),
    (
        "looks whether it may be put, then claims it", cases.one_request_put_by_two,
        "_RequestPool.putRequest",
        "del request._may_be_put",
        "request._may_be_put\n        with suppress(AttributeError):\n            del request._may_be_put",
    ),
    (
        "may be put, then is unregistered", cases.one_request_put_by_two_and_collected,
        "_RequestPool._unregister",
        "del self.workRequests[request.requestID]",
        "request._may_be_put = True\n        del self.workRequests[request.requestID]",
    ),
    (
        "a withdrawal wakes no collector", cases.cancel_against_take,
        "_RequestPool._unregister", "if not self.workRequests:", "if False:",
    ),
    (
        "a put where no worker is wakes nobody", cases.a_waiter_and_no_worker,
        "_RequestPool.putRequest", "if not self._crew.workers:", "if False:",
    ),
    (
        "no worker is left, and the last result is overlooked", cases.a_waiter_and_the_last_result_of_the_last_worker,
        "_RequestPool._check_worth_waiting", " and not self._results_queue.has(1)", "",
    ),
    # Futures
    (
        "looks whether somebody has asked, then stores the outcome", cases.a_reader_and_a_result,
        "_Future._settle",
        'if self.__dict__.setdefault("_outcome", (result, error)) is _ASKED:',
        "if self._outcome is _ASKED or self.__dict__.update(_outcome=(result, error)):",
    ),
    (
        "makes a nested call that it has not taken out",
        cases.a_nested_call_beside_an_idle_worker_that_comes_to_wait_as_well,
        "_Future._run_inline_or_wait", "requests.remove(self)", "self in requests.waiting()",
    ),
    # Maps
    (
        "the first input of a block can be recalled", cases.a_recall_against_the_pop_of_the_owner,
        "_Block.__init__",
        "self.inputs = chain([begun], _popping(self.left))",
        "self.left.append(begun)\n    self.inputs = _popping(self.left)",
    ),
    (
        "a recall does not change where the block ends", cases.a_recall_against_the_pop_of_the_owner,
        "_Block.recall", "self.stop -= len(inputs)", "pass",
    ),
    (
        "a map that leaves the queue is not offered again", cases.a_call_of_a_map_that_waits_for_the_next,
        "_Map.take_block", "is_offered = self.offer()", "is_offered = False",
    ),
    (
        "a map is offered again, and nobody is woken", cases.a_call_of_a_map_that_waits_for_the_next,
        "_Map.take_block", "self.requests.pass_on()", "pass",
    ),
    (
        "a worker looks for arrivals, then shows that the map has left", cases.an_iterator_that_waits_for_its_calls,
        "_Map.take_block",
        "if from_queue:\n            self.is_queued = False  # first show this,\n        self.note_arrivals()",
        "self.note_arrivals()\n        if from_queue:\n            self.is_queued = False",
    ),
    (
        "a feeder looks for the map in the queue, then shows its input", cases.an_iterator_that_waits_for_its_calls,
        "_Map.feed_one_by_one",
        "self.arrived.append(given)  # first show it,",
        "if self.is_queued:\n            self.arrived.append(given); self.fed += 1; continue\n        self.arrived.append(given)",
    ),
    (
        "what comes after an error is lost", cases.errors_during_a_recall,
        "_Map.note_failure", "self.recall_block(block)", "pass",
    ),
    (
        "a cancelling end leaves the running blocks alone", cases.a_recall_and_a_cancelling_end,
        "ThreadPool._drop_everything", "self._crew.maps.settle_all(concurrent.futures.CancelledError())", "pass",
    ),
]  # fmt: skip


def plant(monkeypatch, name, right, wrong):
    """In the function of this name, replace a passage."""
    name, _, attribute = name.rpartition(".")
    owner = getattr(threadpool, name)
    source = textwrap.dedent(inspect.getsource(getattr(owner, attribute)))
    assert source.count(right) == 1
    scope = {}
    exec("from __future__ import annotations\n" + source.replace(right, wrong), vars(threadpool), scope)
    monkeypatch.setattr(owner, attribute, scope[attribute])


@pytest.mark.usefixtures("control")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # when such a pool is dropped
@pytest.mark.parametrize("case, name, right, wrong", [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_planted_bug_is_found(case, name, right, wrong, monkeypatch):
    plant(monkeypatch, name, right, wrong)
    with pytest.raises(Wrong):
        for bound in range(declared[case.__name__].bound + 1):
            explore(case, bound)
