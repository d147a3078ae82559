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


# Bugs, planted and found
# =======================
#
# Each is planted in the function that is named, where a passage is right, and found by a case.

BUGS = [
    ("no second look", cases.one_request, "_Parking.park", "look() or ", ""),
    (
        "a ring under way is not waited for", cases.a_producer_of_two,
        "_Parking.park", "bell.acquire()  # taken", "pass  # taken",
    ),
    (
        "rings, then shows", cases.one_request,
        "_Queue.add",
        "self.queue.append(item)\n    if self._hung:\n        self.parking.ring()",
        "self.parking.ring()\n    self.queue.append(item)",
    ),
    (
        "leaves with a ring", cases.a_dismissal_beside_a_producer,
        "_RequestsQueue.take", "if self.queue:\n        self", "if False:\n        self",
    ),
    (
        "a dismissal rings another", cases.a_dismissal_beside_a_producer,
        "WorkerThread.dismiss", "ring_this(self._bell)", "ring()",
    ),
    (
        "queues, then registers", cases.a_waiter_beside_a_producer,
        "ThreadPool.putRequest",
        "requests.put(request)\n",
        "pending.pop(key)\n        requests.put(request)\n        pending[key] = request\n",
    ),
    (
        "a withdrawal rings no collector", cases.cancel_against_take,
        "ThreadPool._strike_off", "if not self.workRequests", "if False",
    ),
    (
        "a withdrawal is noted and rings nobody", cases.cancel_against_take,
        "WorkRequest._drop", "._strike_off(self.requestID)", ".workRequests.pop(self.requestID)",
    ),
    (
        "a putter does not look again whether it is closed", cases.a_putter_that_waits_for_room_and_the_end,
        "_RequestsQueue.wait_for_room",
        "lambda: not self.reaches(self.maxsize) or self.closed", "lambda: not self.reaches(self.maxsize)",
    ),
    (
        "no worker is left, and the last result is overlooked", cases.a_waiter_and_the_last_result_of_the_last_worker,
        "ThreadPool._take_result", " and not results.reaches(1):", ":",
    ),
    (
        "a withdrawal makes no room", cases.a_putter_that_waits_for_room_and_a_withdrawal,
        "_RequestsQueue.remove", "self.room.ring()", "pass",
    ),
    (
        "what is taken makes no room", cases.two_putters_and_room_for_one,
        "_RequestsQueue.take", "self.room.ring()", "pass",
    ),
    (
        "looks whether it is closed, then puts", cases.a_put_against_the_end,
        "_RequestsQueue.put",
        "self.add(request)\n    if self.closed is not None and self.remove(request):",
        "if self.closed is None:\n        self.add(request)\n    else:",
    ),
    (
        "looks for work, then whether it is closed", cases.a_put_before_the_end,
        "_RequestsQueue.take", "if closed:", "if self.closed:",
    ),
    (
        "drops what nobody is left to do", cases.a_put_against_the_end,
        "ThreadPool.shutdown", "request._finish(None, ", "request._drop() or (",
    ),
    (
        "the last worker goes and rings nobody", cases.a_waiter_and_the_last_worker,
        "WorkerThread.run", "self._results_queue.parking.ring_all()", "self._gone = False",
    ),
    (
        "a put where no worker is rings nobody", cases.a_waiter_and_no_worker,
        "ThreadPool.putRequest", "if not self.workers:", "if False:",
    ),
    (
        "only looks whether somebody asks", cases.a_reader_and_a_result,
        "_Future._finish", 'self.__dict__.setdefault("_asked", False)', "self._asked",
    ),
    (
        "helps with what it has not taken out", cases.help_against_take,
        "_RequestsQueue.help", "self.remove(request)", "request in self.queue",
    ),
    (
        "the last chunk is done, and nobody learns of it", cases.a_map_that_nobody_reads_and_the_end,
        "_Map._carry_out", "self.requests.parking.ring_all()", "pass",
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
        for bound in (1, 2):
            explore(case, bound)
