"""A pool of worker threads that hands every result back to your own thread.

A pool keeps a few threads that wait for work.  You put *requests* in: a
request is a callable with its arguments.  The workers carry them out side by
side.  When you collect the results, their *callbacks* run in your thread, one
after the other, so callbacks need no lock:

>>> results = []
>>> def keep(request, result):
...     results.append(result)
>>> pool = ThreadPool(3)                                     # three workers
>>> requests = makeRequests(pow, [((2, n), None) for n in range(5)], keep)
>>> for request in requests:
...     pool.putRequest(request)
>>> pool.wait()                                   # until every result is in
True
>>> sorted(results)
[1, 2, 4, 8, 16]

**When a request fails**, its exception comes back to a callback of its own.
Without one, `wait` prints which request failed, with the traceback, and goes
on.  You may set attributes of your own on a request; they are there in the
callback:

>>> def complain(request, exc_info):
...     print(request.args, "failed:", exc_info[1])
>>> pool.putRequest(WorkRequest(int, ["2b"], exc_callback=complain))
>>> pool.wait()
['2b'] failed: invalid literal for int() with base 10: '2b'
True

**You can add and dismiss workers** at any time, from any thread, while the
pool works.  A worker that is dismissed finishes its current request and goes; an
idle one goes at once.  No request is lost or reordered:

>>> pool.createWorkers(2)
>>> len(pool.workers)
5
>>> pool.dismissWorkers(4, do_join=True)
>>> len(pool.workers)
1

**To see results as they arrive**, iterate over them, or call `poll` now and
then from a loop of your own.  A ``with`` block collects what is still pending
when it ends, lets the workers go and waits for them:

>>> with ThreadPool(2) as pool:
...     pool.putRequests(makeRequests(abs, [-1, -2, -3]))
...     sorted(request.result for request in pool.results())
[1, 2, 3]

**It is a ThreadPoolExecutor** too, so `asyncio` and every library that accepts
one accepts this pool.  It has futures and maps:

>>> with ThreadPool(2) as pool:
...     future = pool.submit(pow, 2, 10)
...     list(pool.map(abs, [-1, -2, -3])), future.result()
([1, 2, 3], 1024)

**At the end of the program** futures and maps are completed, as with the
standard library's executors.  Requests are not: workers are daemonic threads,
and what still waits when the main thread is done is dropped.  Use a ``with``
block or `wait` where that matters.

**When not to use threads.**  Threads help where a program *waits*: for disks,
networks, other programs, or for C code that releases the global interpreter
lock, the GIL (hashing, compressing, most of numpy).  Pure Python code runs no
faster in several threads, except in free-threaded Python; use
`concurrent.futures.ProcessPoolExecutor`.  Nor should many threads compete for
one scarce thing, such as a disk head or a terminal.

The ideas are Christopher Arndt's, whose module of this name (2006; its last
release was 1.3.2) grew from a chapter of Alex Martelli's *Python in a
Nutshell*.  This file is meant to be read from top to bottom.  It explains
every race that it closes.
"""

from __future__ import annotations

import argparse
import atexit
import concurrent.futures.thread
import hashlib
import logging
import math
import operator
import os
import queue
import reprlib
import stat
import sys
import threading
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from contextvars import Context, copy_context
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count, islice, repeat, starmap
from types import FunctionType, GenericAlias, SimpleNamespace
from typing import Any, Optional, cast

__all__ = [
    "NoResultsPending",
    "NoWorkersAvailable",
    "ThreadPool",
    "WorkRequest",
    "WorkerThread",
    "makeRequests",
]
__version__ = "2.1.0"


# The two exceptions
# ==================
#
# Neither is a bug.  The first is how `ThreadPool.poll` says "all done"; the
# second says that waiting longer would be pointless, because nobody can deliver.


class NoResultsPending(Exception):
    """All requests have been collected: there is nothing to wait for.

    >>> ThreadPool(1).poll()
    Traceback (most recent call last):
        ...
    threadpool.NoResultsPending: no request is pending; put one first
    """


class NoWorkersAvailable(Exception):
    """Requests wait, and no worker is left that could carry them out.

    >>> pool = ThreadPool(0)
    >>> pool.putRequest(WorkRequest(print))
    >>> pool.wait()
    Traceback (most recent call last):
        ...
    threadpool.NoWorkersAvailable: 1 pending, and no worker is left; call createWorkers
    """


# Requests
# ========
#
# The queue holds three kinds of *task*: a `WorkRequest`, a future
# (`ThreadPool.submit`) and a map (`ThreadPool.map`).  One of three things
# happens to a task: a worker *runs* it, that is, makes the call and settles the
# task with its outcome; a broken pool *settles* it with an error; and a pool that
# is shut down may *discard* it.
#
# A `WorkRequest` carries a call to a worker and brings the outcome back.  Once
# the caller has collected the request, nothing else refers to it, so its
# arguments and its result are freed as soon as the caller drops them.
#
# Programs may subclass `WorkRequest`, and hand in any object as an argument, a
# callback or an exception.  So this module never tests the user's objects for
# truth, and never compares them by ``==``: either may run the user's code, or
# raise (as numpy arrays do).


_Callback = Optional[Callable[["WorkRequest", Any], object]]


def _is_nothing(given: Any) -> bool:
    """True for None, and for an empty built-in value, which programs of 2006 wrote instead."""
    return given is None or (type(given) in (tuple, list, str, bytes, bool, int) and not given)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _is_interrupt(error: BaseException) -> bool:
    """True for Ctrl-C in the main thread, which must not be swallowed."""
    return isinstance(error, KeyboardInterrupt) and _is_main_thread()


def _log(message: str, *args: object) -> None:
    """Log the exception that is being handled; ignore what a logging handler raises."""
    try:
        logging.getLogger("concurrent.futures").critical(message, *args, exc_info=True)
    except BaseException as error:
        if _is_interrupt(error):
            raise


def _call_safely(function: Callable[..., object], *args: Any) -> None:
    """Call a function of the user's; log what it raises."""
    try:
        function(*args)
    except BaseException as error:
        if _is_interrupt(error):
            raise
        _log("exception calling %r", function)


def _text_of(thing: object, to_text: Callable[[Any], str] = repr) -> str:
    """The repr of something, for a message; that of `object` if its own method fails."""
    try:
        return to_text(thing)
    except Exception:
        return object.__repr__(thing)


def _handle_thread_exception(request: WorkRequest, exc_info: Any) -> None:
    """Print which request failed, and the traceback: the default ``exc_callback``.

    It never raises, whatever ``sys.stderr`` is: None, closed, or unable to
    write a character (which is then written as an escape).
    """
    with suppress(Exception):
        lines = [f"{_text_of(request)} failed:\n", *traceback.format_exception(*exc_info)]
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        sys.stderr.write("".join(lines).encode(encoding, "backslashreplace").decode(encoding))


class _Task:
    """What can stand in the queue of requests."""

    _context: Context | None = None  # the context to make the call in; None: the worker's own

    def _run(self, worker: WorkerThread) -> None:
        """Make the call, in a worker, and settle the task."""
        outer = worker.request  # not None if this call is nested, see "Futures"
        worker.request = self
        result = error = None
        try:
            context = self._context
            if context is None:
                result = self._make_call(worker)
            else:
                result = context.run(self._make_call, worker)
        except BaseException as caught:
            error = caught
        worker.request = outer
        self._settle(result, error)
        del self, worker, outer, result, error  # see "Workers" on tracebacks

    def _make_call(self, worker: WorkerThread) -> Any:
        raise NotImplementedError

    def _settle(self, result: Any, error: BaseException | None) -> None:
        """Store the outcome, and wake those who wait for it."""
        raise NotImplementedError

    def _discard(self) -> None:
        """Note that it will never run, and wake those who wait for it."""
        raise NotImplementedError


class WorkRequest(_Task):
    """A callable with its arguments, to be put into a pool; later, its result.

    >>> def show(request, result):
    ...     print(result)
    >>> request = WorkRequest(divmod, [7, 2], callback=show)
    >>> with ThreadPool(1) as pool:
    ...     pool.putRequest(request)
    (3, 1)
    >>> request.result
    (3, 1)

    `callable_` is called as ``callable_(*args, **kwds)`` in a worker.  `args` is
    an iterable of positional arguments (an iterator is read into a list, so that
    a retry has them again), and `kwds` a mapping.  The pool knows the request
    by its `requestID`, any hashable object that no other pending request has;
    the default is ``id(request)``.  Raises TypeError if it is not hashable.

    `callback` is called as ``callback(request, result)`` by the thread that
    collects the result.  If the callable raised, ``exc_callback(request,
    exc_info)`` is called instead, with the tuple ``(type, value, traceback)``.
    The default one prints which request failed and the traceback.  With
    ``exc_callback=None`` a failure goes to `callback` as well.

    `callable`, `args`, `kwds`, `requestID`, `callback` and `exc_callback` are
    attributes that may be edited until the request is put.  You may set
    attributes of your own.  Once it has run, these are set:

    ============= ===========================================================
    `exception`   True once the callable has failed, False until then
    `result`      what the callable returned, None until then
    `exc_info`    ``(type, value, traceback)`` if it raised, None until then
    ============= ===========================================================

    A request that has been collected may be put again: it runs afresh, which
    is how to retry one that failed.

    >>> WorkRequest(divmod, [7, 2], requestID="first")
    <WorkRequest divmod(7, 2) 'first': not put>

    (Release 1.3.2 replaced a `requestID` by its hash, and passed the result to
    the callback alone.)
    """

    __class_getitem__: Any = classmethod(GenericAlias)  # WorkRequest[int], for type checkers

    exception: bool = False
    result: Any = None
    exc_info: tuple[type[BaseException], BaseException, Any] | None = None

    # Where the result is to go, from the put until the request is settled.
    _results: _ResultsQueue | None = None

    def __init__(self, callable_: Callable[..., Any], args: Iterable[Any] | None = None,
                 kwds: Mapping[str, Any] | None = None, requestID: Hashable | None = None,
                 callback: _Callback = None,
                 exc_callback: _Callback = _handle_thread_exception) -> None:
        if requestID is None:
            requestID = id(self)
        else:
            _check_hashable(requestID)
        if args is None:
            args = []
        elif hasattr(args, "__next__"):
            args = list(args)
        if kwds is None or _is_nothing(kwds):
            kwds = {}
        self.requestID = requestID
        self.callable = callable_
        self.args: Iterable[Any] = args
        self.kwds: Mapping[str, Any] = kwds
        self.callback = callback
        self.exc_callback = exc_callback
        # Exists only while the request may be put.  Putting deletes it, which succeeds for
        # one thread only: see `_RequestPool.putRequest`.
        self._may_be_put = True

    def __repr__(self) -> str:
        name = getattr(self.callable, "__name__", None) or _text_of(self.callable, reprlib.repr)
        called = f"{name}({', '.join(self._argument_texts())})"
        if len(called) > 80:
            called = called[:77] + "..."
        return f"<{type(self).__name__} {called} {_text_of(self.requestID)}: {self._state()}>"

    def _argument_texts(self) -> list[str]:
        try:
            arguments = [_text_of(argument, reprlib.repr) for argument in self.args]
            return arguments + [f"{key}={_text_of(value, reprlib.repr)}"
                                for key, value in self.kwds.items()]
        except Exception:  # `args` is not iterable, or `kwds` no mapping: the call will fail
            return [f"*{_text_of(self.args, reprlib.repr)}",
                    f"**{_text_of(self.kwds, reprlib.repr)}"]

    def _state(self) -> str:
        if self.exception:
            return "failed"
        pool = self._pool()
        if pool is not None:
            workers = pool._crew.workers + pool._crew.dismissed
            running = any(worker.request is self for worker in workers)
            return "running" if running else "waiting"
        return "done" if "result" in vars(self) else "not put"

    def cancel(self) -> bool:
        """Withdraw the request: True if it was waiting and no worker had begun it.

        >>> pool = ThreadPool(0)                # no worker that could begin it
        >>> request = WorkRequest(print, ["never printed"])
        >>> request.cancel()                    # not put yet
        False
        >>> pool.putRequest(request)
        >>> request.cancel()
        True
        >>> pool.wait()
        True

        The callbacks of a withdrawn request are never called, and it may be put
        again.  Cancelling searches the queue: about 10 µs when 1,000 requests
        wait.
        """
        pool = self._pool()
        if pool is None:
            return False
        try:
            if not pool._requests_queue.remove(self):
                return False
            self._discard()
        except BaseException:  # an interrupt after the removal must not leave it pending
            if not pool._has(self):
                self._results = self._context = None
                pool._unregister(self)
            raise
        return True

    def _pool(self) -> ThreadPool | None:
        """The pool where it waits or runs, if there is one."""
        results = self._results
        return None if results is None else results.pool()

    def _is_forgotten(self) -> bool:
        """True if it was put, and a program has cleared `workRequests` since."""
        results = self._results
        if results is None:
            return False
        pool = results.pool()
        is_known = pool is not None and pool.workRequests.get(self.requestID) is self
        return not is_known and self._results is results  # otherwise it was settled just now

    # For the thread that takes it from the queue.

    def _make_call(self, worker: WorkerThread) -> Any:
        try:
            if worker._performs_plainly:
                return self.callable(*self.args, **self.kwds)
            return worker.perform(self)
        finally:
            del self, worker  # this frame is in the traceback

    def _settle(self, result: Any, error: BaseException | None) -> None:
        if error is not None:
            self.exception = True
            self.exc_info = (type(error), error, error.__traceback__)
        self.result = result
        # The request is about to be added to the queue of results, so it must no longer refer
        # to that queue: otherwise the two would keep each other alive.
        results = self._results
        self._results = self._context = None
        if results is not None:  # None if `workRequests` was cleared, and it was put again
            results.add(self)

    def _discard(self) -> None:
        pool = self._pool()
        self._results = self._context = None
        if pool is not None:
            pool._unregister(self)
            pool._announce()

    def _forget_outcome(self) -> None:
        """Reset the outcome of the last run.  (An `exception` set by hand stays.)"""
        if self.exc_info is not None:
            self.exception = False
        self.result = self.exc_info = None

    # For the thread that collects it.

    def _call_back(self) -> None:
        callback = self.callback
        if self.exception and not _is_nothing(self.exc_callback):
            callback = self.exc_callback
        if callable(callback):
            outcome = self.result if self.exc_info is None else self.exc_info
            try:
                callback(self, outcome)
            except NoResultsPending:
                pass  # it is about another pool, which the callback has polled
        elif not _is_nothing(callback):
            raise TypeError(f"a callback must be a callable, not {callback!r}")


def _check_hashable(requestID: Any) -> None:
    try:
        hash(requestID)
    except TypeError:
        raise TypeError(
            f"requestID must be hashable, not {requestID!r}; leave it out to have one") from None


def makeRequests(callable_: Callable[..., Any], args_list: Iterable[Any],
                 callback: _Callback = None,
                 exc_callback: _Callback = _handle_thread_exception) -> list[WorkRequest]:
    """Make a list of requests, one for each item of `args_list`, in order.

    >>> [request.args for request in makeRequests(abs, [-1, -2])]
    [[-1], [-2]]

    An item that is a tuple holds the arguments: ``(args, kwds)``, a list or
    tuple and a dictionary, either of which may be None or empty.  Any other
    item is the only argument.

    >>> [request] = makeRequests(sorted, [([["b", "A", "c"]], {"reverse": True})])
    >>> request.args, request.kwds
    ([['b', 'A', 'c']], {'reverse': True})

    A tuple of another form is a TypeError, raised here and not in a worker.
    (Release 1.3.2 took ``(1, 2)`` for ``args=1, kwds=2``.)

    >>> makeRequests(pow, [(1, 2)])
    Traceback (most recent call last):
        ...
    TypeError: a tuple in args_list must be (args, kwds), a list and a dict, not (1, 2); \
for positional arguments alone write ([1, 2], None)
    """
    requests = []
    for item in args_list:
        if isinstance(item, tuple):
            args, kwds = _split(item)
        else:
            args = [item]
            kwds = None
        requests.append(WorkRequest(callable_, args, kwds, None, callback, exc_callback))
    return requests


def _split(item: tuple[Any, ...]) -> tuple[Any, Any]:
    """Split a tuple of `makeRequests` into args and kwds."""
    if len(item) == 2:
        args, kwds = item
        is_text = isinstance(args, (str, bytes)) and len(args) > 0
        is_list = args is None or (isinstance(args, Iterable) and not is_text)
        if is_list and (_is_nothing(kwds) or isinstance(kwds, Mapping)):
            return args, kwds
    raise TypeError("a tuple in args_list must be (args, kwds), a list and a dict, "
                    f"not {item!r}; for positional arguments alone write ({list(item)!r}, None)")


# Sleeping and waking
# ===================
#
# Three kinds of threads wait here: a worker for a task, a collector for a result,
# and, if the queue is bounded, a putter for room.  None of them polls.  Each
# locks a lock of its own, adds it to a list of *sleepers*, and locks it again; the
# second attempt blocks until another thread releases it.  A thread *has news* when it
# has changed what sleepers wait for; it then *wakes the next sleeper*, that is,
# unlocks a lock of the list.  (Which one is a matter of speed alone.)
#
# What they wait for is in a `deque`.  No lock protects the deque and the list
# together, so there is a race:
#
#     1. worker:  looks into the deque, finds it empty
#     2. putter:  appends a task, sees no sleeper, wakes nobody
#     3. worker:  puts its lock on the list and sleeps, beside a waiting task
#
# The remedy is that of Dekker's algorithm (1965): each side first *shows* what
# it does and then *looks* at what the other has shown.  The putter appends,
# then looks for sleepers; the worker puts its lock on the list, then looks once
# more into the deque.  Whichever comes second sees the first.
#
# Waking a thread only unlocks its lock.  The sleeper itself takes the lock off
# the list and looks again.  So an interrupt between any two steps breaks
# nothing, and a lock that is unlocked twice, or too late, only costs its owner
# one extra look.  But two threads with news may unlock the same lock:
#
#     1. two workers sleep
#     2. putter:  appends a task, wakes the next
#     3. putter:  appends another; the next on the list is awake already
#     4. worker:  takes itself off the list, and takes one of the tasks
#     5. the other worker sleeps on, beside the other task
#
# A lock on the list is its owner's promise to look.  So a worker that has slept
# *passes on*: if it then takes one task and more are there, or if it leaves, it
# wakes the next.  These are the rules; the code refers to them by number.
#
# 1. *Show, then look.*  A thread with news shows it and then wakes the next
#    sleeper.  A sleeper lists its lock and then looks once more, at everything
#    that it could be woken for: work, dismissal, the end.
# 2. *Nobody but its owner takes a lock off the list.*
# 3. *A thread that has slept passes on*: if it then takes one thing while more is
#    there, or leaves without any, it wakes the next.  So to announce the end (the
#    queue is closed, nothing is pending, the last worker has gone) it is enough to
#    wake one.
#
# Rule 1 must hold in free-threaded Python as well.  There a plain truth test of
# a deque may see an old value, so the sleeper's second look is an operation
# that takes the deque's own lock (`_Queue.has`).  The putter may test the list
# of sleepers plainly, because its append has taken the same lock.  If the
# append came first, the sleeper's second look finds the item; if the second
# look came first, the putter sees the sleeper.
#
# This module relies on some operations being atomic, with the GIL and without
# it: single operations of a deque, a list, or a dictionary with keys of
# built-in types, and the deletion of an attribute.  (Copying a deque is not
# atomic.)

# Which sleeper is next?  Of collectors and putters it is the one that has slept
# longest.  Of workers it is the one that fell asleep last: what it needs is
# still in a cache of its processor.  But with CPython's GIL a thread gains
# nothing by waking quickly, as its waker still holds the GIL.  So there the
# one that has slept longest is next; ``submit().result()`` then takes about a
# tenth less time.
_LONGEST_SLEEPER = 0  # the index in the list of sleepers
_LATEST_SLEEPER = -1
_HAS_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
_IS_CPYTHON = sys.implementation.name == "cpython"
_NEXT_WORKER = _LONGEST_SLEEPER if _HAS_GIL and _IS_CPYTHON else _LATEST_SLEEPER

# Signals are for the main thread.  A signal that arrives just before the main
# thread falls asleep is noticed only when the thread wakes (on Windows, so is a
# later one: bpo-29971).  So the main thread, unlike others, sleeps for at most
# this many seconds at a time.
_SLICE = 1.0


def _now(clock: Callable[[], float] = time.monotonic) -> float:
    """Monotonic seconds.  (The clock is a default argument, so freezegun cannot replace it.)"""
    return clock()


def _deadline(timeout: float | None) -> float | None:
    """The time at which `timeout` seconds are over; None means never."""
    return None if timeout is None else _now() + timeout


def _is_alone() -> bool:
    """Whether this is the main thread, and the interpreter is being torn down.

    Then no other thread will run, so it is useless to wait for one.  (In PyPy a daemonic thread
    may still run for a moment.  It is not the main thread, and waits as usual.)
    """
    return sys.is_finalizing() and _is_main_thread()


def _seconds_left(deadline: float | None) -> float:
    """How many seconds to sleep now; 0.0 when the time is up."""
    if _is_alone():
        return 0.0
    longest = _SLICE if _is_main_thread() else threading.TIMEOUT_MAX
    if deadline is None:
        return longest
    return max(0.0, min(deadline - _now(), longest))


class _WaitSet:
    """Threads that sleep until somebody wakes them."""

    def __init__(self, next_sleeper: int = _LONGEST_SLEEPER) -> None:
        self.next_sleeper = next_sleeper
        # The locks of threads that are about to sleep, sleep, or were woken and have not
        # taken themselves off yet.
        self.sleepers: deque[Any] = deque()

    def sleep(self, has_news: Callable[[], object], seconds: float, lock: Any = None) -> None:
        """Sleep until woken, for at most `seconds`; not at all if there is news already.

        `lock` is the caller's own, or None for a new one.
        """
        if lock is None:
            lock = threading.Lock()
        lock.acquire(False)  # a late wake-up may have left it unlocked
        try:
            self.sleepers.append(lock)  # first show that we are going to sleep,
            if not has_news():  # then look once more (rule 1)
                lock.acquire(True, seconds)
            self.sleepers.remove(lock)
        except BaseException:  # a KeyboardInterrupt
            if lock in self.sleepers:
                self.sleepers.remove(lock)
            self.wake_one()  # rule 3
            raise

    def wake_one(self) -> None:
        """Wake the next sleeper.  (If it is already awake, it will look again.)"""
        try:
            _unlock(self.sleepers[self.next_sleeper])
        except IndexError:
            pass  # nobody sleeps

    def wake(self, lock: Any) -> None:
        """Wake the owner of this lock, if it sleeps here."""
        if lock in self.sleepers:
            _unlock(lock)


def _unlock(lock: Any) -> None:
    """Unlock it, unless another thread was first."""
    try:
        if lock.locked():
            lock.release()
    except RecursionError:
        raise  # also a RuntimeError, but the lock may still be locked
    except RuntimeError:
        pass  # another thread was first


# The queues
# ==========
#
# A queue is a deque and the threads that wait for its items.  It serves twice,
# for tasks and for results.  (`queue.Queue` takes a lock for each put and get, and
# a task cannot be taken back from its middle.)
#
# Results have one difficulty.  A KeyboardInterrupt may come between the call of
# ``popleft`` and the assignment of what it returned.  Then the result would be
# lost, and its request pending for ever.  So `_ResultsQueue.move_first` moves a
# result from one container to another in a single call into C, where no
# interrupt is raised.


class _Queue:
    """A deque, and those who wait for its items."""

    maxsize = 0  # no bound

    def __init__(self, next_sleeper: int = _LONGEST_SLEEPER) -> None:
        self.queue: deque[Any] = deque()
        self.not_empty = _WaitSet(next_sleeper)

    def has(self, number: int) -> bool:
        """Whether at least `number` items are there.  This is the second look of rule 1."""
        self.queue.rotate(0)  # moves nothing, but takes the lock of the deque; `len` does not
        return len(self.queue) >= number

    # As in `queue.Queue`, which programs of 2006 found here.

    def qsize(self) -> int:
        return len(self.queue)

    def empty(self) -> bool:
        return not self.queue

    def full(self) -> bool:
        return 0 < self.maxsize <= len(self.queue)


class _ResultsQueue(_Queue):
    """Where workers put finished requests, and collectors find them."""

    pool: weakref.ref[ThreadPool]  # weak, so that a dropped pool can be noticed

    def __init__(self) -> None:
        super().__init__()
        self._popped: Iterator[Any] = map(deque.popleft, repeat(self.queue))

    def add(self, request: WorkRequest) -> None:
        self.queue.append(request)
        if self.not_empty.sleepers:
            self.not_empty.wake_one()  # rule 1

    def move_first(self, taken: list[WorkRequest]) -> None:
        """Do ``taken.append(self.queue.popleft())``, or raise IndexError, in one call into C."""
        taken.extend(islice(self._popped, 1))

    def put(self, pair: tuple[WorkRequest, Any]) -> None:
        """Take ``(request, result)``, as in 2006, from a worker class with a `run` of its own."""
        request, result = pair
        request._results = self
        if request.exception:
            request.exc_info = result
            result = None
        request._settle(result, None)

    def keep_nothing(self) -> None:
        """Drop every result from now on: nobody is left to collect it."""
        self.queue = deque(maxlen=0)
        self._popped = iter(())


# An event loop cannot block in `ThreadPool.poll`.  So a pool may have a function
# `notify`, called whenever there is something to collect.  The result is queued
# before the call, so the next poll finds it; an extra call does no harm.  Only the
# pool holds the function: it usually refers to the pool, and would keep it alive
# from here.


class _NotifyingQueue(_ResultsQueue):
    """A queue of results that calls the pool's `notify`."""

    def add(self, request: WorkRequest) -> None:
        super().add(request)
        pool = self.pool()
        if pool is not None:
            pool._announce()


# The queue of tasks can be bounded (`maxsize`), a task can be taken back from
# its middle (`remove`, which is how it is cancelled), and it can be *closed*: by
# a pool that is shut down or was dropped, or by an initializer that failed.
# What waits in a closed queue is still served, but nothing more is let in.
#
# A worker leaves a closed queue when it is empty, and here is a second race:
#
#     1. worker:  finds the queue empty
#     2. putter:  sees it open and appends a task
#     3. closer:  closes it, wakes the worker
#     4. worker:  sees it closed, and leaves the task to nobody
#
# So the worker checks whether the queue is closed *before* its last look into
# the deque.  The putter checks this *after* it has appended its task, and takes
# the task back if the queue is closed.  If the task is gone by then, a worker
# has it.
#
# A pool may be allowed more workers than it has.  Then a thread that has news,
# and finds no sleeper, calls `start_worker` instead of waking one.  So does a
# worker that passes on (rule 3).  The queue knows nothing more about how
# workers are started.
#
# For each task, the deque holds its bound method `_run`, and not the task
# itself.  ``deque.remove`` compares by ``==``, which may run the user's code.
# Two bound methods are equal if their objects are identical, and comparing them
# runs no user code.


class _TaskQueue(_Queue):
    """Where tasks wait for a worker."""

    crew: _Crew  # see "Workers"
    abandoned = False  # True after Ctrl-C: the end of the program does not wait for it
    # True at the end of the program, when idle workers are to leave: those of this queue or, if
    # it is set on the class, of all queues.
    ending = False

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(_NEXT_WORKER)
        self.maxsize = maxsize
        self.not_full = _WaitSet()
        self.closed = False
        self.close_reason: Exception = RuntimeError()  # what a put raises once it is closed
        self.cancelled = False  # True once what waits is to be discarded
        self.lost: Exception | None = None  # in a forked child: why the tasks of the parent fail
        self.start_worker: Callable[[], object] | None = None

    # For those who put

    def put(self, task: _Task) -> None:
        """Queue a task, or raise what the queue was closed with."""
        if self.closed:
            self.check_open()
        try:
            self.queue.append(task._run)
            if self.not_empty.sleepers:
                self.not_empty.wake_one()  # rule 1
            else:
                start_worker = self.start_worker  # read once: it may be None the next moment
                if start_worker is not None:
                    start_worker()
        except BaseException:  # Ctrl-C; or there is no worker, and none can be started
            self.remove(task)
            raise
        if self.closed and self.remove(task):
            self.check_open()

    def call_worker(self) -> None:
        """Wake a worker; if none sleeps, start one where there may be more."""
        start_worker = self.start_worker
        if self.not_empty.sleepers:
            self.not_empty.wake_one()
        elif start_worker is not None:
            start_worker()

    def check_open(self) -> None:
        if self.closed:
            raise _copy_of(self.close_reason)

    def wait_for_room(self, block: bool = True, timeout: float | None = None) -> None:
        """Return when fewer than `maxsize` tasks wait, or raise `queue.Full`."""
        deadline = _deadline(timeout)
        slept = False
        while self.full() and not self.closed:
            seconds = _seconds_left(deadline) if block else 0.0
            if seconds <= 0:
                raise queue.Full(f"{self.maxsize} requests wait, as many as q_size allows; "
                                 "put this one later")
            self.not_full.sleep(self._has_room_or_end, seconds)
            slept = True
        if slept and (len(self.queue) + 1 < self.maxsize or self.closed):
            self.not_full.wake_one()  # rule 3: there is room for one more, or the end

    def _has_room_or_end(self) -> bool:
        return not self.has(self.maxsize) or self.closed

    def remove(self, task: _Task) -> bool:
        """Take this task back: False if a worker has it already."""
        try:
            self.queue.remove(task._run)
        except ValueError:
            return False
        self.not_full.wake_one()  # rule 1
        return True

    # For workers

    def is_at_end(self) -> bool:
        """Whether workers leave once nothing waits."""
        return self.closed or self.ending

    def next_task(self, is_dismissed: Callable[[], bool], lock: Any = None,
                  deadline: float | None = None, was_woken: bool = False) -> Any:
        """Take the oldest task: return its bound `_run`.

        Return None if the worker is to leave, or the time is up.  `was_woken`
        says that the worker was woken, or started, because there is news: then
        it passes on (rule 3).
        """
        while True:
            at_end = self.is_at_end()  # before the look into the queue
            if is_dismissed() and not (at_end and self.queue):
                break  # (at the end it goes on: perhaps no other worker is left)
            try:
                run = self.queue.popleft()
            except IndexError:
                run = None
            if self.not_full.sleepers:
                self.not_full.wake_one()  # even if it was empty: a program may have cleared it
            if run is not None:
                if was_woken and (self.queue or at_end):
                    self.pass_on()
                return run
            # (Without a deadline it is a worker, and not the main thread, which sleeps in slices.)
            seconds = threading.TIMEOUT_MAX if deadline is None else _seconds_left(deadline)
            if at_end or seconds <= 0:
                break
            self.not_empty.sleep(partial(self._has_news, is_dismissed), seconds, lock)
            was_woken = True
        self.pass_on()
        return None

    def pass_on(self) -> None:
        """Wake the next worker, or start one, if there is news for it (rule 3)."""
        if self.has(1):
            _call_safely(self.call_worker)  # if this starts no worker, those at work go on alone
        elif self.is_at_end():
            self.not_empty.wake_one()

    def _has_news(self, is_dismissed: Callable[[], bool]) -> bool:
        return self.has(1) or is_dismissed() or self.is_at_end()

    # The end

    def close(self, reason: Exception | None = None) -> None:
        """Let nothing more in.  Workers leave when nothing waits."""
        if not self.closed:
            self.close_reason = reason or RuntimeError(
                "cannot schedule new futures after shutdown")
            self.closed = True
        self.not_empty.wake_one()
        self.not_full.wake_one()

    def drain(self) -> Iterator[_Task]:
        """Take out whatever waits, one by one."""
        while True:
            try:
                run = self.queue.popleft()
            except IndexError:
                return
            yield run.__self__

    def waiting(self) -> list[Any]:
        """The tasks that wait now."""
        while True:
            try:
                return [run.__self__ for run in list(self.queue)]
            except RuntimeError:
                pass  # without the GIL: it has changed meanwhile


def _copy_of(error: Exception) -> Exception:
    """A new exception like this one, because each one that is raised gathers a traceback."""
    return type(error)(*error.args)


# Workers
# =======
#
# A worker takes a task, runs it, and takes the next, until it is told to go.
# While it waits it refers to the two queues and its own lock, but to no pool
# and to no task.  So the module notices when a pool is dropped (its queue is
# then closed, and the workers leave), and a result lives no longer than its
# owner wants.
#
# Nothing that a call raises ends a worker.  It is the outcome of the task,
# SystemExit included.  If settling a task raises (in a done-callback, a logging
# handler), the error is logged.
#
# Tracebacks need care.  A traceback refers to the frames that it passed, these
# to the frames that called them, and all of them to their variables.  If one of
# the variables is the request, and the request keeps the traceback, the two
# keep each other alive.  So every frame that a traceback can reach deletes the
# request, and whatever else leads back to the exception.
#
# With an `executor`, the workers have their calls made elsewhere: by processes,
# interpreters, or other machines.  A worker then hands a call on and waits for
# its result, so the number of workers is the number of calls under way.
# Everything else stays as it is, and only the callable and its arguments leave
# the process.

# In an isolated sub-interpreter no thread can be daemonic; see "The end of the program".
_DAEMONS_ALLOWED = getattr(threading, "_daemon_threads_allowed", lambda: True)()

# From Python 3.14 on a thread may start with a copy of the context of the one that starts it.
_THREADS_INHERIT = getattr(sys.flags, "thread_inherit_context", False)


class WorkerThread(threading.Thread):
    """A thread that carries out requests.  Creating it starts it.

    >>> pool = ThreadPool(2)
    >>> [worker.daemon for worker in pool.workers]
    [True, True]

    The pool makes its workers itself.  A subclass, given to it as ``worker=``,
    may override `perform` to trace, time or redirect what a worker does.

    `request` is what the worker is doing: a WorkRequest, a future, a map, or
    None while it waits.  It is for people and debuggers to look at.

    `requests_queue` and `results_queue` are the pool's.  `poll_timeout` is for
    a `run` of your own that calls
    ``self._requests_queue.get(True, self._poll_timeout)``.  `thread_keywords`
    go to `threading.Thread`.  Raises RuntimeError if the system cannot start
    another thread.
    """

    def __init__(self, requests_queue: _TaskQueue, results_queue: _ResultsQueue,
                 poll_timeout: float | None = 5, **thread_keywords: Any) -> None:
        if _is_alone() or (_TaskQueue.ending and not _is_main_interpreter()):
            # Before Python 3.13 `start` would wait for ever; and no thread may outlive a
            # sub-interpreter.
            raise RuntimeError("can't start a worker at interpreter shutdown")
        thread_keywords.setdefault("daemon", _DAEMONS_ALLOWED)
        super().__init__(**thread_keywords)
        self._requests_queue = requests_queue
        self._results_queue = results_queue
        self._poll_timeout = poll_timeout
        self._crew = requests_queue.crew
        # True if `perform` would only make the call, so that it can be skipped.
        has_plain_perform = type(self).perform is WorkerThread.perform
        self._performs_plainly = has_plain_perform and self._crew.executor is None
        self._dismissed = threading.Event()
        self._lock = threading.Lock()  # it sleeps on this one
        self._is_ready = False  # True once it has called the initializer
        self._gone = False
        self._taken: Any = None  # the `_run` of the task that it took from the queue
        self.request: Any = None  # what it is doing: that task, or a call nested in it
        self._outer: list[Any] = []  # the tasks around a nested call
        try:
            self.start()
        except BaseException:
            self.dismiss()  # an interrupt may come after the start; then the thread leaves again
            raise

    def run(self) -> None:
        """Carry out requests until dismissed.

        The thread calls this by itself.

        >>> pool = ThreadPool(1)
        >>> worker = pool.workers[0]
        >>> pool.shutdown()                        # so its workers leave
        >>> worker.is_alive()
        False
        """
        try:
            if self._crew.initialize():
                self._serve()
        finally:
            self._gone = True
            self._crew.remove(self)

    def _serve(self) -> None:
        self._is_ready = True
        requests = self._requests_queue
        is_dismissed = self._dismissed.is_set
        was_woken = True  # its starter may have had more news than one worker can take
        while True:
            run = requests.next_task(is_dismissed, self._lock, None, was_woken)
            if run is None:
                break
            was_woken = False
            self._taken = run
            try:
                run(self)
            except BaseException:  # from `_settle`; what the call raises is its outcome
                self.request = None
                _log("exception settling %r", run)
            self._taken = run = None

    def perform(self, request: WorkRequest) -> Any:
        """Carry out one request: return its result, or raise.

        >>> class Shouting(WorkerThread):
        ...     def perform(self, request):
        ...         return super().perform(request).upper()
        >>> with ThreadPool(1, worker=Shouting) as pool:
        ...     pool.putRequest(WorkRequest("{} and {}".format, ["salt", "pepper"]))
        ...     [request.result for request in pool.results()]
        ['SALT AND PEPPER']

        Whatever it raises, SystemExit and KeyboardInterrupt included, is the
        request's failure, and the worker lives on.  (The traceback then refers
        to the frame of your method and its variable ``request``, and the
        request to the traceback.  Such a failure is freed only by the garbage
        collector, unless your method says ``del request`` in time, as this one
        does.)
        """
        call = request.callable
        args = request.args
        kwds = request.kwds
        del request  # this frame is in the traceback, too
        executor = self._crew.executor
        if executor is None:
            return call(*args, **kwds)
        return executor.submit(call, *args, **kwds).result()

    def dismiss(self) -> None:
        """Tell the thread to go as soon as its current request is done.

        >>> pool = ThreadPool(1)
        >>> worker = pool.workers[0]
        >>> worker.dismiss()               # pool.dismissWorkers(1) does this
        >>> worker.join(10)
        >>> worker.is_alive(), pool.workers
        (False, [])
        """
        try:
            self._dismissed.set()
            self._crew.dismiss(self)
        finally:
            self._requests_queue.not_empty.wake(self._lock)


def _own_worker(requests: _TaskQueue) -> WorkerThread | None:
    """The current thread, if it is a worker that serves this queue."""
    thread = threading.current_thread()
    if isinstance(thread, WorkerThread) and thread._requests_queue is requests:
        return thread
    return None


# The workers of one queue are its *crew*.  It keeps the two lists that the pool
# shows as `workers` and `dismissedWorkers`, and knows how a worker is made.  It
# belongs to the queue and not to the pool: a pool may be dropped at once, and
# what waits may still need one more worker.
#
# At most `limit` workers may exist.  While there are fewer, the queue's
# `start_worker` is `hire`, which starts one when a task finds no idle worker.
# That is how a pool without a fixed number of workers grows, how a forked child
# gets its workers, and how tasks put late, after idle workers have left, are
# still served.
#
# The lock is held while a worker is started or moved from one list to the
# other.  Starting may take long, as the system has to start a thread.  So
# `is_stuck`, which says whether nobody will serve the queue, takes no lock: it
# looks at `starting`, the number of workers that are just being started, and
# then at the two lists.  If a start fails, a collector is woken, so that it
# calls `is_stuck` again.


class _Crew:
    """The workers that serve one queue."""

    def __init__(self, worker_class: type[WorkerThread], name: str, poll_timeout: float | None,
                 initializer: Callable[[], object] | None,
                 executor: concurrent.futures.Executor | None,
                 requests: _TaskQueue, results: _ResultsQueue) -> None:
        self.requests = requests
        self.results = results
        requests.crew = self
        self.worker_class = worker_class
        self.name = name
        self.number = 0  # of the next worker
        self.poll_timeout = poll_timeout
        self.initializer = initializer
        self.executor = executor
        self.maps = _Maps()  # see there
        self.lock = threading.RLock()  # re-entrant, as a signal handler may start a worker, too
        # The context for workers that a worker starts: without what its calls have changed.
        self.context = copy_context() if _THREADS_INHERIT else Context()
        self.limit = 0
        self.starting = 0  # number of workers that are just being started, and not listed yet
        self.workers: list[WorkerThread] = []
        self.dismissed: list[WorkerThread] = []  # told to go, or gone, and not yet joined

    def change_limit(self, by: int) -> None:
        """Allow `by` more workers, or fewer if it is negative."""
        with self.lock:
            self.limit = max(0, self.limit + by)
            self._enable_hiring()

    def _enable_hiring(self) -> None:
        self.requests.start_worker = self.hire if len(self.workers) < self.limit else None

    def hire(self) -> None:
        """Start a worker if the limit allows it.  A failure is raised only if there is none."""
        with self.lock:
            if len(self.workers) >= self.limit:
                return
            try:
                if _own_worker(self.requests) is None:
                    self._start_one(self.poll_timeout)
                else:
                    self.context.copy().run(self._start_one, self.poll_timeout)
            except Exception as error:
                if not self.workers:
                    raise
                if not isinstance(error, RuntimeError):  # (that one: there can be no more threads)
                    _log("exception starting a worker")

    def add_one(self, poll_timeout: float | None) -> None:
        """Raise the limit by one, and start a worker."""
        with self.lock:
            self.limit += 1
            try:
                self._start_one(poll_timeout)
            except BaseException:
                self.limit -= 1
                raise

    def _start_one(self, poll_timeout: float | None) -> None:
        self.starting += 1
        try:
            name = f"{self.name}_{self.number}"
            self.number += 1
            worker = self.worker_class(self.requests, self.results, poll_timeout, name=name)
            self.workers.append(worker)
        except BaseException:
            self.results.not_empty.wake_one()  # collectors may now wait in vain
            raise
        finally:
            self.starting -= 1
            self._enable_hiring()

    def initialize(self) -> bool:
        """Call the initializer in a new worker.  False if it fails; so does all that waits."""
        try:
            if self.initializer is not None:
                self.initializer()
        except BaseException:
            _log("Exception in initializer:")
            broken = concurrent.futures.thread.BrokenThreadPool(
                "A thread initializer failed, the thread pool is not usable anymore")
            self.requests.close(broken)
            for task in self.requests.drain():
                _call_safely(task._settle, None, _copy_of(broken))
            return False
        return True

    def dismiss(self, worker: WorkerThread) -> None:
        """Note that this worker is told to go."""
        with self.lock:
            self._move(worker, max(0, self.limit - 1))

    def remove(self, worker: WorkerThread) -> None:
        """Note that this worker has gone; it calls this at its end."""
        with self.lock:
            self._move(worker, self.limit)
        # Show, then look: a putter may have found neither a sleeper nor `hire`.  And if
        # this was the last worker, collectors must ask `is_stuck`.
        self.requests.pass_on()
        self.results.not_empty.wake_one()

    def _move(self, worker: WorkerThread, limit: int) -> None:
        """If this worker is in `workers`, move it to `dismissed`, and set the limit to this."""
        for index, listed in enumerate(self.workers):
            if listed is worker:  # not ``==``, which may run the user's code
                # In this order, a thread that looks at `workers`, then at `dismissed`, finds it.
                try:
                    self.dismissed.append(worker)
                finally:  # (These two statements make no call, so no interrupt comes between.)
                    del self.workers[index]
                    self.limit = limit
                self._enable_hiring()
                return

    def join(self, workers: Iterable[WorkerThread]) -> None:
        """Wait until these are gone, but not for the current thread."""
        current = threading.current_thread()
        others = [worker for worker in workers if worker is not current]
        for worker in others:
            if _is_alone():
                return
            worker.join()
        joined = set(map(id, others))
        with self.lock:
            for listed in (self.workers, self.dismissed):
                listed[:] = [worker for worker in listed if id(worker) not in joined]

    def has_idle(self, asking: WorkerThread, patient: bool) -> bool:
        """Whether another worker than `asking` will look into the queue.

        A worker that sleeps will.  If `patient`, a worker between two tasks
        counts, too, though the user's code may hold it up there (an
        initializer, a done-callback).
        """
        if self.requests.not_empty.sleepers:
            return True
        return patient and any(worker.request is None and worker is not asking and not worker._gone
                               for worker in self.workers.copy())

    def is_stuck(self) -> bool:
        """Whether tasks wait, and nobody is left, or will be started, to take them."""
        if self.requests.empty() or self.starting or len(self.workers) < self.limit:
            return False
        # In this order: see `_move`.  (Loops, because 3.12 loses an interrupt in a generator.)
        for worker in self.workers.copy():
            if _runs_our_run(worker) or worker.is_alive():  # ours leave this list by themselves
                return False
        for worker in self.dismissed.copy():
            if not worker._gone and (_runs_our_run(worker) or worker.is_alive()):
                return False
        return True


def _runs_our_run(worker: WorkerThread) -> bool:
    """Whether the worker runs our `run`, which sets `_gone`, and not one of the user's.

    (Such a worker is not asked whether it is alive: before Python 3.13, if a
    KeyboardInterrupt comes within `is_alive`, the method returns False from
    then on, bpo-45274.)
    """
    return type(worker).run is WorkerThread.run


# Requests in, results out
# ========================
#
# This is the pool of 2006: a queue of requests, a queue of results, the
# workers between them, and the dictionary `workRequests` of all that has been
# put and not yet collected.  A request is *pending* while it is in there.
#
# A request is registered *before* it is queued, because it may be finished
# before `putRequest` returns.  It is unregistered *before* its callbacks are
# called, so that a callback that raises leaves everything in order.  A result
# whose request is not registered, because a program has cleared the dictionary,
# is dropped.  When the last request is unregistered, a collector is woken; it
# leaves and wakes the next (rule 3).
#
# No request may be put twice at the same time, not even by two threads:
#
#     1. A:  sees that the request is not pending
#     2. B:  sees that the request is not pending
#     3. A and B put it
#
# So each request has an attribute, `_may_be_put`, and putting the request
# deletes it.  That succeeds for one of the two; for the other it is an
# AttributeError.  The attribute is set again when the request is collected,
# after it is unregistered, or when its put is undone.
#
# A put takes no lock that another call may hold, unless it has to start a
# thread.  So a signal handler or a finalizer may put a request in the middle of
# another put by the same thread.


class _RequestPool:
    """Requests in, results out: the pool without futures and maps."""

    workers: list[WorkerThread]
    dismissedWorkers: list[WorkerThread]
    workRequests: dict[Hashable, WorkRequest]
    _requests_queue: _TaskQueue
    _results_queue: _ResultsQueue
    _crew: _Crew
    _make_context: Callable[[], Context] | None
    _notify: Callable[[], object] | None

    # Growing and shrinking
    # ---------------------

    def createWorkers(self, num_workers: int, poll_timeout: float | None = 5) -> None:
        """Add `num_workers` workers, which serve the backlog at once.

        >>> pool = ThreadPool(0)
        >>> pool.putRequest(WorkRequest(len, ["four"]))
        >>> pool.createWorkers(1)
        >>> [request.result for request in pool.results()]
        [4]

        `poll_timeout` is handed on to the workers; it has no effect unless they
        have a `run` of your own.  Raises ValueError if the number is negative,
        TypeError if it is not an integer, and RuntimeError when the system
        cannot start that many threads: those that did start are at work, and
        `workers` lists only those.
        """
        number = _checked_number("num_workers", num_workers, 0)
        for _ in range(number):
            self._crew.add_one(poll_timeout)

    def dismissWorkers(self, num_workers: int, do_join: bool = False) -> None:
        """Tell `num_workers` workers to go, or all if there are fewer.

        >>> pool = ThreadPool(3)
        >>> pool.dismissWorkers(2)
        >>> len(pool.workers), len(pool.dismissedWorkers)
        (1, 2)
        >>> pool.joinAllDismissedWorkers()
        >>> pool.dismissedWorkers
        []

        An idle worker goes at once, the others when their current request is
        done; no request is lost or reordered.  With `do_join` the call returns
        when they are gone.  (In release 1.3.2 that took up to five seconds, and a
        dismissed worker moved its request to the end of the queue.)
        """
        number = _checked_number("num_workers", num_workers, 0)
        with self._crew.lock:
            first = max(0, len(self._crew.workers) - number)
            dismissed = self._crew.workers[first:]
            for worker in dismissed:
                worker.dismiss()
            self._crew.change_limit(len(dismissed) - number)  # those not started yet
        if do_join:
            self._crew.join(dismissed)

    def joinAllDismissedWorkers(self) -> None:
        """Wait until every worker that was dismissed is gone.

        >>> pool = ThreadPool(2)
        >>> pool.dismissWorkers(2)
        >>> pool.joinAllDismissedWorkers()
        >>> pool.workers + pool.dismissedWorkers
        []
        """
        self._crew.join(self._crew.dismissed)

    # Requests in
    # -----------

    def putRequest(self, request: WorkRequest, block: bool = True,
                   timeout: float | None = None) -> None:
        """Queue a request for the next worker that is free.

        >>> pool = ThreadPool(0, q_size=1)
        >>> pool.putRequest(WorkRequest(print))
        >>> pool.putRequest(WorkRequest(print), block=False)
        Traceback (most recent call last):
            ...
        queue.Full: 1 requests wait, as many as q_size allows; put this one later
        >>> len(pool.workRequests)
        1

        When `q_size` requests wait, the call waits for room, for at most
        `timeout` seconds unless that is None, then raises `queue.Full`; with
        ``block=False`` it raises at once.  The pool's own workers never wait
        here.  If several threads put at once, they may exceed the bound, by at
        most their number.

        It may be called from any thread, and in callbacks, workers, signal
        handlers and finalizers.  Raises ValueError if this request, or another
        of the same `requestID`, is still pending; TypeError if it is not a
        WorkRequest; RuntimeError after `shutdown` or the end of a ``with``
        block; BrokenThreadPool if an initializer failed.  A request that is
        refused is left as it was.
        """
        if not isinstance(request, WorkRequest):
            raise TypeError(f"request must be a WorkRequest, not {request!r}; "
                            "make one with WorkRequest or makeRequests")
        try:
            del request._may_be_put
        except AttributeError:
            self._claim_forgotten(request)
        requests = self._requests_queue
        outcome = None
        try:
            if requests.maxsize > 0:
                self._wait_for_room(block, timeout)
            if self._make_context is not None:
                request._context = self._make_context()
            if self.workRequests.setdefault(request.requestID, request) is not request:
                raise ValueError(f"a request with the requestID {request.requestID!r} is pending; "
                                 "collect it before this one is put")
            if request.exc_info is not None or request.result is not None:
                outcome = request.exception, request.result, request.exc_info
                request._forget_outcome()
            request._results = self._results_queue
            requests.put(request)
        except BaseException:
            # Leave everything as it was, first what takes no call: the stack may be full.  (If
            # a worker has the request already, its result will be dropped.)
            if self.workRequests.get(request.requestID) is request:
                del self.workRequests[request.requestID]
            if outcome is not None:
                request.exception, request.result, request.exc_info = outcome
            request._results = request._context = None
            request._may_be_put = True
            self._undo_put(request)
            raise
        if not self._crew.workers:
            self._results_queue.not_empty.wake_one()  # collectors may now wait in vain

    def _claim_forgotten(self, request: WorkRequest) -> None:
        """Allow the put if a program has cleared it from `workRequests`; else ValueError."""
        if not request._is_forgotten():
            raise ValueError(
                f"{_text_of(request)} is pending; collect it before it is put again") from None
        vars(request).pop("_may_be_put", None)

    def _undo_put(self, request: WorkRequest) -> None:
        """Take a request back, and wake one sleeper of each kind, in case we were woken for it."""
        try:
            self._requests_queue.remove(request)
        finally:
            self._requests_queue.not_full.wake_one()
            self._requests_queue.not_empty.wake_one()
            self._results_queue.not_empty.wake_one()

    def putRequests(self, requests: Iterable[WorkRequest]) -> None:
        """Queue many requests, in order; or one, as in the example of 2006.

        >>> pool = ThreadPool(1)
        >>> pool.putRequests(makeRequests(abs, [-1, -2]))
        >>> pool.putRequests(WorkRequest(abs, [-3]))
        >>> [request.result for request in pool.results()]
        [1, 2, 3]

        Each is put as by `putRequest`.  If one cannot be put, the error is
        raised, and those before it have been put.
        """
        if isinstance(requests, WorkRequest):
            requests = [requests]
        for request in requests:
            self.putRequest(request)

    def _wait_for_room(self, block: bool = True, timeout: float | None = None) -> None:
        if _own_worker(self._requests_queue) is None:
            self._requests_queue.wait_for_room(block, timeout)

    def _has(self, request: WorkRequest) -> bool:
        """Whether the request waits, or a worker has it."""
        tasks: list[Any] = self._requests_queue.waiting()
        for worker in self._crew.workers + self._crew.dismissed:
            tasks += _tasks_of(worker)
        return any(task is request for task in tasks)

    def _announce(self) -> None:
        """Say that there is something to poll."""
        if self._notify is not None:
            _call_safely(self._notify)

    def _unregister(self, request: WorkRequest) -> bool:
        """Take a request out of `workRequests`: False if it is not there."""
        try:
            if self.workRequests.get(request.requestID) is not request:
                return False
            del self.workRequests[request.requestID]
        finally:
            request._may_be_put = True  # last: from now on another thread may put it
        if not self.workRequests:
            self._results_queue.not_empty.wake_one()  # rule 3
        return True

    # Results out
    # -----------

    def poll(self, block: bool = False, timeout: float | None = None) -> None:
        """Handle the results that have arrived: call their callbacks, in this thread.

        >>> def show(request, result):
        ...     print(result)
        >>> pool = ThreadPool(1)
        >>> pool.putRequest(WorkRequest(len, ["abc"], callback=show))
        >>> pool.poll(block=True)
        Traceback (most recent call last):
            ...
        threadpool.NoResultsPending: no request is pending; put one first

        It raises NoResultsPending when no request is pending, or none is left.
        (Before that, the callback above has printed 3.)  Without `block` it
        handles what had arrived when it was called, and ignores `timeout`.
        With ``block=True`` it waits until all are handled, and then raises
        NoResultsPending; or it returns when `timeout` seconds are over (None:
        no limit).  It checks the time after each callback.

        Results come in the order in which the requests were completed.  If a
        callback raises, `poll` raises too, and later results wait for the next
        call.  (A NoResultsPending from a callback is ignored: it is about another
        pool.)

        With ``block=True`` it raises NoWorkersAvailable when requests wait, no
        result has arrived and no worker is left.  (A dismissed worker that is
        still busy with a request is not gone yet.)  In a worker of this pool it
        raises RuntimeError, because the worker would wait for itself.
        """
        for taken in self._arrivals(block, timeout):
            taken.pop()._call_back()

    def wait(self, timeout: float | None = None) -> bool:
        """Handle results until all are in: True, or False when `timeout` seconds are over.

        >>> def show(request, result):
        ...     print(result)
        >>> pool = ThreadPool(2)
        >>> pool.putRequests(makeRequests(len, ["abc"], show))
        >>> pool.wait()
        3
        True

        It is ``poll(block=True)`` without the exception.  Any number of threads
        may wait; each calls the callbacks of the results that it gets, and all
        of them return.  A callback may wait, too.
        """
        try:
            if timeout is None:
                while True:  # left by NoResultsPending
                    self.poll(True)  # a subclass may override poll, and take no timeout
            for taken in self._arrivals(True, timeout):
                taken.pop()._call_back()
        except NoResultsPending:
            return True
        return False

    def results(self, timeout: float | None = None) -> Generator[WorkRequest, None, None]:
        """Iterate over finished requests as they arrive, until all are in.

        >>> pool = ThreadPool(1)
        >>> pool.putRequests(makeRequests(str.title, ["one", "two"]))
        >>> for request in pool.results():
        ...     print(request.args, request.result)
        ['one'] One
        ['two'] Two

        When a request appears here, its callback has been called.  Raises
        TimeoutError when `timeout` seconds are over, counted from the moment
        when the first request is asked for; otherwise it raises what `poll`
        does, but simply ends when all are in.  A progress bar is
        ``tqdm(pool.results(), total=len(pool.workRequests))``.
        """
        try:
            for taken in self._arrivals(True, timeout):
                taken[0]._call_back()
                yield taken.pop()
        except NoResultsPending:
            return
        pending = len(self.workRequests)
        raise TimeoutError(f"{pending} requests are still pending after {timeout} seconds")

    def _arrivals(self, block: bool, timeout: float | None) -> Iterator[list[WorkRequest]]:
        """Take results as they arrive, each in a list of one.

        The consumer pops the request, so that no frame here keeps it alive.
        Ends when the time is up; raises NoResultsPending when nothing is
        pending, or nothing more.
        """
        if block and _own_worker(self._requests_queue) is not None:
            raise RuntimeError("a worker cannot wait for its own pool, which waits for it; "
                               "use callbacks or poll()")
        waits = block and (timeout is None or timeout > 0)
        deadline = _deadline(timeout) if waits else 0.0  # 0.0 is long over
        arrived = self._results_queue.qsize()
        while True:
            taken = self._next_result(deadline)
            if not taken:
                return
            yield taken
            arrived -= 1
            if waits:
                is_over = deadline is not None and _seconds_left(deadline) <= 0
            else:
                is_over = arrived <= 0
            if is_over and self.workRequests:
                return

    def _next_result(self, deadline: float | None) -> list[WorkRequest]:
        """Take the next result, in a list; an empty list when the time is up."""
        results = self._results_queue
        taken: list[WorkRequest] = []
        slept = False
        try:
            # (The `try` contains ``while True``: in CPython 3.12 to 3.14, an interrupt that
            # comes at the jump from the end of a loop to its condition may escape every
            # `except`.)
            while True:
                if self._take_first(taken):
                    if slept:
                        results.not_empty.wake_one()  # rule 3
                    return taken
                self._check_worth_waiting(slept)
                seconds = _seconds_left(deadline)
                if seconds <= 0:
                    return taken
                results.not_empty.sleep(self._has_news, seconds)
                slept = True
        except BaseException:
            self._put_back(taken)
            raise

    def _take_first(self, taken: list[WorkRequest]) -> bool:
        """Move the oldest result into the list, and unregister it: False if there is none."""
        while True:
            try:
                self._results_queue.move_first(taken)
            except IndexError:
                return False
            if self._unregister(taken[0]):
                return True
            taken.clear()  # a program has cleared `workRequests`

    def _check_worth_waiting(self, slept: bool) -> None:
        """Raise if no result is pending, or none can come any more."""
        pending = len(self.workRequests)
        if not pending:
            raise NoResultsPending("no request is pending; put one first")
        if _is_alone():
            raise NoWorkersAvailable("no worker is left at interpreter shutdown")
        # In this order: a worker delivers before it goes.
        if slept and self._crew.is_stuck() and not self._results_queue.has(1):
            raise NoWorkersAvailable(
                f"{pending} pending, and no worker is left; call createWorkers")

    def _has_news(self) -> bool:
        """What a collector waits for."""
        return self._results_queue.has(1) or not self.workRequests or self._crew.is_stuck()

    def _put_back(self, taken: list[WorkRequest]) -> None:
        """Put back what was taken, if anything, after an interrupt or an error, and pass on."""
        for request in taken:
            self.workRequests.setdefault(request.requestID, request)
            vars(request).pop("_may_be_put", None)
        self._results_queue.queue.extendleft(taken)
        self._results_queue.not_empty.wake_one()  # rule 3


def _checked_number(name: str, number: Any, least: int | None = None) -> int:
    """The number as an int; TypeError if it is not an integer, ValueError if it is too small."""
    try:
        value = operator.index(number)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {number!r}") from None
    if least is not None and value < least:
        raise ValueError(f"{name} must be at least {least}, not {number!r}")
    return value


# Futures
# =======
#
# What `ThreadPool.submit` puts into the queue is the future itself.  A thread
# that takes it back out of the queue knows that nobody has begun the call, and
# that nobody else will.  That is how a worker makes a *nested* call itself.
#
# A worker that waits for a future waits for another worker.  If all workers do
# so, nobody is left to do the work:
#
#     1. the only worker runs A, and A submits B
#     2. A asks for the result of B, and waits
#     3. B waits for a worker
#
# So a worker that asks for the result of a future that nobody has begun takes
# it out of the queue and makes the call itself, *unless another worker is
# idle*.  If one is idle, that one makes the call, in a thread of its own, as in
# the standard library: thread-locals, running event loops and locks are those
# of another thread.  The idle worker may take another call instead, and wait as
# well; so the worker that asks looks again, at growing intervals, until the
# call has been begun.  Either way, whatever a worker waits for gets begun.  The
# worker that has begun it may wait in its turn, but again for something that
# has been begun: at the end of this chain a worker is busy.  (Unless two calls
# wait for each other.)
#
# A worker makes only the call that it asks for: another call might need a lock
# that this worker holds.  It first checks that enough stack is left to record
# the outcome; if not, it raises RecursionError before it takes the call out,
# and another worker can still make it.
#
# A future of the standard library has a condition, its lock and three lists,
# for those who will wait for it or want to be called back.  Making and freeing
# them takes longer than all the rest, and usually the result is there before
# anybody asks.  So ours is *lazy*: it gets these parts when somebody first asks
# for one of them.  A reader and the worker may race:
#
#     1. worker:  sees that nobody has asked, so that there is nobody to notify
#     2. reader:  asks, finds no outcome yet, and sleeps
#     3. worker:  stores the outcome
#     4. nobody wakes the reader
#
# So both try to be the first to set the attribute `_outcome`, which is a single
# operation (``dict.setdefault``): the worker to the outcome, the reader to
# `_ASKED`.  If the worker is first, that alone completes the future; if the
# parts are added later, they show it as finished.  If the reader is first, the
# worker does everything that the standard library does: it sets the outcome
# under the lock, and notifies.
#
# A future belongs to its user.  So the attributes that this module adds all
# begin with an underscore, and if the user has set the outcome (to end a wait
# by a time limit, for instance), it stays.

_ASKED = object()  # stands for an outcome once somebody has asked

# How many seconds a worker that asks relies on another one that is between two
# tasks.
_PATIENCE = 1.0


def _check_stack(frames: int = 15) -> None:
    """Raise RecursionError unless that many frames are left, for a call and its outcome."""
    if frames > 0:
        _check_rest(frames - 1)


# The next step.  (PyPy compiles a plain recursion to frames that use hardly any stack, so there
# it goes through `map`.)
_check_rest: Callable[[int], object] = (
    _check_stack if _IS_CPYTHON else lambda frames: list(map(_check_stack, [frames])))


class _Future(_Task, concurrent.futures.Future):  # type: ignore[type-arg]
    """What `ThreadPool.submit` returns."""

    # The attributes that a lazy future lacks at first.
    _PARTS = frozenset(vars(concurrent.futures.Future()))

    _outcome: Any = None  # (result, error), or _ASKED, or None
    _requests: _TaskQueue | None  # the queue where it waits; None once the call is begun

    def __init__(self, function: Any, args: Any, kwds: Any, requests: _TaskQueue) -> None:
        self._function = function
        self._args = args
        self._kwds = kwds
        self._requests = requests

    # For those who ask
    # -----------------

    def __getattr__(self, name: str) -> Any:
        """Called for an attribute that is not there: perhaps it is one of the parts."""
        if name in _Future._PARTS:
            self._add_parts()
        return object.__getattribute__(self, name)  # or AttributeError

    def _add_parts(self) -> None:
        parts = vars(concurrent.futures.Future())
        outcome = self.__dict__.setdefault("_outcome", _ASKED)
        if outcome is not _ASKED:
            parts["_state"] = concurrent.futures._base.FINISHED
            parts["_result"], parts["_exception"] = outcome
        elif self._requests is None:
            parts["_state"] = concurrent.futures._base.RUNNING
        for name, value in parts.items():
            self.__dict__.setdefault(name, value)  # another thread may be adding them, too

    def result(self, timeout: float | None = None) -> Any:
        """Return what the call returned, or raise what it raised.

        Waits for at most `timeout` seconds, then raises TimeoutError.  Raises
        CancelledError if the future was cancelled.
        """
        error = None
        try:
            if type(self._outcome) is tuple and self._outcome[1] is None:
                return self._outcome[0]  # as below, only faster
            error = self.exception(timeout)
            if error is not None:
                raise error
            return self._outcome[0] if type(self._outcome) is tuple else self._result
        finally:
            del self, error  # a traceback may lead back to this frame

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return what the call raised, or None if it returned.

        Waits for at most `timeout` seconds, then raises TimeoutError.  Raises
        CancelledError if the future was cancelled.
        """
        try:
            requests = self._requests
            if requests is not None and requests.lost is not None:
                self._be_lost(requests.lost)
            elif timeout is None and requests is not None:
                self._run_inline_or_wait(requests)
            if type(self._outcome) is tuple:
                return cast("BaseException | None", self._outcome[1])
            if _is_alone():
                timeout = 0
            return super().exception(timeout)
        finally:
            del self

    def _run_inline_or_wait(self, requests: _TaskQueue) -> None:
        """In a worker, return once the call has begun: in an idle worker or else in this one."""
        worker = _own_worker(requests)
        if worker is None:
            return
        worker._outer.append(worker.request)
        worker.request = self  # so this worker is not idle, whatever it was
        seconds = 0.001
        waited = 0.0
        try:
            while True:
                if self._requests is None:
                    return
                if not requests.crew.has_idle(worker, waited < _PATIENCE):
                    _check_stack()
                    if requests.remove(self):
                        self._run(worker)
                    return
                with self._condition:
                    if self._requests is not None:
                        self._condition.wait(seconds)
                waited += seconds
                seconds = min(2 * seconds, 0.05)
        finally:
            worker.request = worker._outer.pop()
            del self, worker

    def cancel(self) -> bool:
        """Cancel the call if no worker has begun it: True if it is cancelled."""
        requests = self._requests
        self._discard()  # first: if an interrupt comes now, a worker will skip it
        is_cancelled = self.cancelled()
        if is_cancelled and requests is not None:
            requests.remove(self)
        return is_cancelled

    def _detach(self) -> None:
        """Become an ordinary pending future: a program took it out of the queue."""
        self._add_parts()
        self._requests = None

    # For the thread that takes it from the queue
    # -------------------------------------------

    def _run(self, worker: WorkerThread) -> None:
        self._requests = None  # it is begun
        if self._outcome is not _ASKED or self._note_begun():
            super()._run(worker)
        else:
            self._drop_call()
        del self, worker  # see "Workers" on tracebacks

    def _note_begun(self) -> bool:
        """Show those who have asked that it runs: False if one of them has set an outcome."""
        with self._condition:
            if self._state == concurrent.futures._base.PENDING:
                self._state = concurrent.futures._base.RUNNING
            return self._state == concurrent.futures._base.RUNNING

    def _make_call(self, worker: WorkerThread) -> Any:
        function = self._function
        args = self._args
        kwds = self._kwds
        del self  # as above
        if worker._performs_plainly:
            return function(*args, **kwds)
        return worker.perform(WorkRequest(function, args, kwds))

    def _settle(self, result: Any, error: BaseException | None) -> None:
        self._drop_call()
        if self.__dict__.setdefault("_outcome", (result, error)) is _ASKED:
            _call_safely(self._tell, result, error)

    def _drop_call(self) -> None:
        self._function = self._args = self._kwds = None
        self._context = self._requests = None

    def _tell(self, result: Any, error: BaseException | None) -> None:
        """Set the outcome, as the standard library does, which tells those who wait."""
        try:
            if error is None:
                self.set_result(result)
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            pass  # somebody else has set an outcome, which stays

    def _discard(self) -> None:
        """Cancel it, as the standard library does, unless it has begun or has an outcome."""
        try:
            super().cancel()
        finally:
            with self._condition:
                if self._state == concurrent.futures._base.CANCELLED:
                    # (Otherwise `concurrent.futures.wait` would wait for ever.)
                    self.set_running_or_notify_cancel()
                    self._drop_call()

    def _be_lost(self, error: BaseException) -> None:
        """Fail in the child of a fork, without notifying: those who wait are in the parent."""
        self._requests = None
        if self._outcome is _ASKED:
            # A thread of the parent may hold this condition, and the callbacks are the parent's.
            self.__dict__.update(_condition=threading.Condition(), _done_callbacks=[], _waiters=[])
        self._settle(None, error)


# Maps
# ====
#
# Handing over a call can cost more than the call itself.  So `ThreadPool.map`
# hands over inputs in *blocks*, and finds out while it runs how long they should
# be.
#
# Inputs that nobody has begun are in `todo`, in order.  A worker takes some from
# the front, as its block, and makes the calls.  The first block is a single
# input.  The size doubles while blocks take less than `_BLOCK_SECONDS`, and is 1
# again after one that took longer.
#
# When calls suddenly become slow, a worker may have a long block of them.  So a
# worker that finds `todo` empty *recalls* what the running blocks have not begun:
# it puts it back into `todo`.  So does a reader that has waited for a while, for
# the sake of idle workers.  The owner of a block takes inputs from
# one end, a recaller from the other, each in a single operation, so every input
# is begun once.  The owner need not be told: after its current call it finds
# the end of its block.  The first input of a block is begun as it is taken;
# otherwise two idle workers could recall each other's blocks for ever.  A
# reader that has waited also takes the results that a running block has so far.
# So no call waits for another of the same map while a worker is free, and calls
# may wait for each other, or for results to be read.
#
# The map itself is the task.  It stands in the queue once, as long as there is an
# input that nobody has begun, in `todo` or in a block.  A worker that takes it from
# there adds it again, at the end, for the next worker that is free.  So any number
# of workers can be at one map, and other tasks have their turn.
#
# Inputs come in two ways.  Those of a list or another built-in container are added
# to `todo` many at a time.  Any other iterable may wait for the calls of its
# earlier inputs, so it is asked for one at a time, and each is shown to the
# workers before the next: it goes into a deque, `arrived`, which needs no lock.
# A worker that takes the map from the queue moves what has arrived to `todo`.
# Here is a race as in "Sleeping and waking":
#
#     1. worker:  takes the map from the queue, and sees that nothing has arrived
#     2. feeder:  adds an input to `arrived`, and sees the map in the queue
#     3. worker:  notes that the map is not in the queue any more
#
# and the same remedy: the worker notes that the map has left the queue and then
# looks into `arrived`; the feeder adds an input and then looks whether the map is
# in the queue.
#
# One lock guards all maps of a queue.  It is not held while a call is made, or
# while dropped inputs are freed, as either may run the user's code.  Results go to the
# reader through a queue of their own, in *parts*: the number of the first input,
# the results, and a list that holds the error, if there is one.  (Lists of inputs
# and of results are kept in reverse, so that ``pop`` takes the next.)

_BLOCK_SECONDS = 0.002

# Iterating over one of these waits for nothing.
_CONTAINERS = frozenset({list, tuple, range, str, bytes, dict, set, frozenset})

_Part = tuple[int, list[Any], list[BaseException]]


class _Maps:
    """The maps of one queue."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # re-entrant, as a signal handler may run a map, too
        self.unfinished: set[_Map] = set()  # those with inputs to be begun, or blocks under way

    def settle_all(self, error: BaseException) -> None:
        """Fail all of them: they begin nothing more."""
        with self.lock:
            unfinished = list(self.unfinished)
        for job in unfinished:
            job._settle(None, error)


class _Block:
    """Inputs that a worker has taken."""

    def __init__(self, first: int, inputs: list[Any]) -> None:
        self.first = first  # number of the first input, which is the last in `inputs`
        self.stop = first + len(inputs)
        begun = inputs.pop()
        self.left = deque(inputs)
        self.inputs = chain([begun], _popping(self.left))
        self.results: list[Any] = []
        self.handed_over = 0  # number of results that the reader has

    def recall(self) -> list[Any]:
        """Take back what has not been begun; the lock is held."""
        inputs = _take_all(self.left)
        self.stop -= len(inputs)
        return inputs

    def number_begun(self) -> int:
        return self.stop - self.first - len(self.left)


# A map makes its calls at the speed of C, in
# ``results.extend(map(call, inputs))``.  The next functions, too, run no line
# of Python for an item.


def _popping(items: deque[Any]) -> Iterator[Any]:
    """Take items from the end, until IndexError is raised: others may take some as well."""
    return map(deque.pop, repeat(items))


def _take_all(items: deque[Any]) -> list[Any]:
    """Take all items from the front: others may take some, or add some, meanwhile."""
    taken: list[Any] = []
    try:
        taken.extend(map(deque.popleft, repeat(items)))
    except IndexError:
        pass  # that was all
    return taken


def _emptying(items: list[Any]) -> Iterator[Any]:
    """Take all items from the end, so that the list keeps none that was read."""
    return map(list.pop, repeat(items, len(items)))


def _raise_first(errors: list[BaseException] | None) -> None:
    """Raise the error, if there is one, so that the list does not keep it."""
    if errors:
        raise errors.pop()


def _call_with(function: Callable[..., Any], args: Iterable[Any]) -> Any:
    """Call a function with a tuple of arguments, like `starmap`."""
    return function(*args)


class _Map(_Task):
    """What `ThreadPool.map` puts into the queue."""

    def __init__(self, pool: ThreadPool, function: Callable[..., Any],
                 iterables: Sequence[Iterable[Any]],
                 chunksize: int | None, buffersize: int | None) -> None:
        self.function = function
        self.requests = pool._requests_queue
        self.maps = pool._crew.maps
        if pool._make_context is not None:
            self._context = pool._make_context()
        if chunksize is None:
            chunksize = sys.maxsize
        self.max_block = max(1, int(min(chunksize, sys.maxsize)))  # (it may be infinite)
        self.max_ahead = sys.maxsize if buffersize is None else min(buffersize, sys.maxsize)
        # Keep the pool while inputs are still to come: a pool that is dropped is closed.
        self.pool = None if buffersize is None else pool
        self.is_single = len(iterables) == 1
        self.may_read_ahead = all(type(given) in _CONTAINERS for given in iterables)
        self.source = iter(iterables[0] if self.is_single else zip(*iterables))
        self.input_error: Exception | None = None
        self.lost: Exception | None = None  # in a forked child: why its other results never come
        self.fed = 0  # number of inputs handed over,
        self.read = 0  # and of results read
        self.parts: queue.SimpleQueue[_Part] = queue.SimpleQueue()
        self.arrived: deque[Any] = deque()  # inputs that are not in `todo` yet
        # What follows is guarded by the lock.
        # (A heap: number of the first input; inputs, the last one first.)
        self.todo: list[tuple[int, list[Any]]] = []
        self.noted = 0  # number of the first input in `arrived`
        self.running: list[_Block] = []
        self.size = 1  # of the next block
        self.is_queued = False

    # For the reader
    # --------------

    def feed(self) -> None:
        """Hand over as many inputs as there may be ahead of the reader."""
        _check_stack()  # later would be too late: an input might stay that no worker knows of
        room = self.max_ahead - (self.fed - self.read)
        if self.may_read_ahead:
            self.feed_in_batches(room)
        else:
            self.feed_one_by_one(room)

    def feed_in_batches(self, room: int) -> None:
        batch = self.size
        if room < min(batch, (self.max_ahead + 1) // 2) and not self.parts.empty():
            return  # there is something to read, and room only for a small block
        while True:  # in batches that grow, so that workers need not wait for the last input
            inputs = list(islice(self.source, min(batch, room)))
            if not inputs:
                return
            room -= len(inputs)  # now: once they are handed over, workers shorten this list
            batch *= 2
            self.hand_over_inputs(inputs)

    def hand_over_inputs(self, inputs: list[Any]) -> None:
        inputs.reverse()
        self.wait_for_admission()
        with self.maps.lock:
            heappush(self.todo, (self.fed, inputs))
            self.fed += len(inputs)
        self.queue_up()  # (in vain if workers that are at this map have taken them by then)

    def feed_one_by_one(self, room: int) -> None:
        # The iterator may wait for the calls of its earlier inputs.  So each is there for the
        # workers before the next is asked for.
        before = self.fed
        for given in islice(self.source, room):
            was_queued = self.is_queued
            if self.requests.closed or not was_queued:
                self.wait_for_admission()
            self.arrived.append(given)  # first show it,
            self.fed += 1
            # Then look (rule 1).  Also if we have waited for room: `queue_up` passes that on.
            if not (was_queued and self.is_queued):
                self.queue_up()
        if self.fed - before < room:
            self.source = iter(())  # an iterator that has ended is not asked again

    def wait_for_admission(self) -> None:
        """Wait until the map may be queued, if it is not; raise if the queue is closed."""
        # (A map that a worker puts back into the queue, see `offer`, does not look at the bound.)
        if self.requests.maxsize > 0 and not self.is_queued and _own_worker(self.requests) is None:
            self.requests.wait_for_room()
        self.requests.check_open()

    def queue_up(self) -> None:
        """Put the map into the queue, if it is not there."""
        try:
            with self.maps.lock:
                self.maps.unfinished.add(self)  # (again, if workers had finished all there was)
                is_new = not self.is_queued
                self.is_queued = True
            if is_new:
                self.requests.put(self)
            else:
                self.requests.not_full.wake_one()  # rule 3: we may have waited for room
        except BaseException as error:
            self.requests.not_full.wake_one()  # (here as well)
            self._settle(None, error)
            raise

    def results(
        self, ordered: bool, deadline: float | None,
        is_finalizing: Callable[[], bool] = sys.is_finalizing,
    ) -> Generator[Any, None, None]:
        """Iterate over the results."""
        early: dict[int, _Part] = {}
        part = error = None
        try:
            while True:
                if not self.has_more():
                    return
                part = self.next_in_order(early, deadline) if ordered else self.next_part(deadline)
                _, results, error = part
                # Inputs are fed before the last of these results is read, so that workers have
                # calls to make while the reader works on it.
                last = results[:1]  # (the last one is the first of the list)
                del results[:1]
                self.read += len(results)
                yield from _emptying(results)
                self.read += len(last)
                if not error:
                    self.feed_more()
                yield from _emptying(last)
                _raise_first(error)
        finally:
            # An error, a timeout, or a reader that wants no more.  (If the interpreter is being
            # torn down, there may be no globals any more.)
            if self.read < self.fed and not is_finalizing():
                self.drop()
                early.clear()
                part = error = None

    def feed_more(self) -> None:
        """Hand over more inputs.  If they raise, the reader gets that after the last result."""
        if self.input_error is None:
            try:
                self.feed()
            except Exception as error:
                self.input_error = error

    def has_more(self) -> bool:
        """Whether a result is to come; raise what the inputs have raised."""
        if self.read < self.fed:
            return True
        if self.input_error is not None:
            raise self.input_error
        return False

    def next_in_order(self, early: dict[int, _Part], deadline: float | None) -> _Part:
        """The part that begins with the next result; those that come before it are kept."""
        while self.read not in early:
            part = self.next_part(deadline)
            early[part[0]] = part
        return early.pop(self.read)

    def next_part(self, deadline: float | None) -> _Part:
        """Wait for the next part; in a worker, make calls meanwhile if nobody else is idle."""
        worker = _own_worker(self.requests) if deadline is None else None
        begun = _now()
        patience = _BLOCK_SECONDS
        longest = _PATIENCE if worker is None else 0.05
        while True:
            if self.lost is not None:
                raise _copy_of(self.lost)
            if worker is not None:
                self.run_inline(worker, _now() - begun < _PATIENCE)
            seconds = _seconds_left(deadline)
            try:
                return self.parts.get(timeout=min(seconds, patience))
            except queue.Empty:
                pass
            self.hurry()
            patience = min(2 * patience, longest)
            if seconds <= 0 and self.parts.empty():
                raise concurrent.futures.TimeoutError(
                    f"result number {self.read} was not there in time")

    def run_inline(self, worker: WorkerThread, patient: bool) -> None:
        """In a worker that reads: make the calls of a block, if nobody else is idle."""
        if self.parts.empty() and not self.requests.crew.has_idle(worker, patient):
            _check_stack()
            self.run_block(self.take_block(), worker)
        del self, worker

    def hurry(self) -> None:
        """Let others begin what nobody has begun, and take the results that are there."""
        with self.maps.lock:
            self.recall()
            blocks = self.running.copy()
        for block in blocks:
            start = block.handed_over
            # Without the lock: in free-threaded Python this may wait for a call.
            results = block.results[start:]
            with self.maps.lock:
                if block in self.running and block.handed_over == start:
                    self.hand_over(block, results, None)

    def drop(self) -> None:
        """Begin nothing more, and keep no result."""
        with self.maps.lock:
            unbegun = self.take_unbegun()
        del unbegun
        # (Tracebacks of errors that nobody has read may lead back to the reader's frame.)
        self.parts = queue.SimpleQueue()

    # With the lock held
    # ------------------

    def note_arrivals(self) -> None:
        """Move the inputs that were read one by one to `todo`."""
        inputs = _take_all(self.arrived)
        if inputs:
            inputs.reverse()
            heappush(self.todo, (self.noted, inputs))
            self.noted += len(inputs)

    def recall(self) -> None:
        """Take back what the running blocks have not begun."""
        for block in self.running:
            self.recall_block(block)

    def recall_block(self, block: _Block) -> None:
        inputs = block.recall()
        if inputs:
            heappush(self.todo, (block.stop, inputs))

    def offer(self) -> bool:
        """Queue the map if it has inputs to be begun and is not queued: True if so."""
        has_inputs = bool(self.todo) or any(block.left for block in self.running)
        if self.is_queued or not has_inputs:
            return False
        self.is_queued = True
        self.requests.queue.append(self._run)
        return True

    def hand_over(self, block: _Block, results: list[Any], error: BaseException | None) -> None:
        """Give the reader what it does not have yet."""
        if results or error is not None:
            first = block.first + block.handed_over
            block.handed_over += len(results)
            results.reverse()
            # (The error is in a list, which the reader empties when it raises the error.)
            self.parts.put((first, results, [] if error is None else [error]))

    def take_unbegun(self) -> list[tuple[int, list[Any]]]:
        """Take the map out of the queue, and from it all inputs that nobody has begun.

        The caller drops them without the lock: freeing them may run the user's code.
        """
        self.is_queued = False
        self.requests.remove(self)
        self.recall()
        self.note_arrivals()
        unbegun = self.todo
        self.todo = []
        self.note_if_finished()
        return unbegun

    def note_if_finished(self) -> None:
        if not self.todo and not self.running and not self.is_queued:
            self.maps.unfinished.discard(self)

    # For the worker
    # --------------

    def _run(self, worker: WorkerThread) -> None:
        self.run_block(self.take_block(from_queue=True), worker)
        del self, worker  # see "Workers" on tracebacks

    def take_block(self, from_queue: bool = False) -> _Block | None:
        """Take the next block, if there is one, and leave the rest to others."""
        block = unbegun = None
        with self.maps.lock:
            if from_queue:
                self.is_queued = False  # first show this,
            self.note_arrivals()  # then look (rule 1)
            if self.requests.cancelled:
                unbegun = self.fail_unbegun(concurrent.futures.CancelledError())
            if not self.todo:
                self.recall()
            if self.todo:
                block = _Block(*self.take_inputs())
                self.running.append(block)
            is_offered = self.offer()
            self.note_if_finished()
        del unbegun
        if is_offered:
            self.requests.pass_on()
        return block

    def take_inputs(self) -> tuple[int, list[Any]]:
        """Take inputs for a block from the front of `todo`; the lock is held."""
        first, inputs = heappop(self.todo)
        while self.todo and len(inputs) < self.size and self.todo[0][0] == first + len(inputs):
            _, following = heappop(self.todo)
            inputs = following + inputs  # the last one first
        taken = inputs[-self.size:]
        del inputs[-self.size:]
        if inputs:
            heappush(self.todo, (first + len(taken), inputs))
        return first, taken

    def run_block(self, block: _Block | None, worker: WorkerThread) -> None:
        """Make the calls of a block, and hand over their results."""
        if block is None:
            return
        outer = worker.request
        worker.request = self
        error = None
        begun = _now()
        try:
            block.results.extend(self.calls(worker, block.inputs))
        except BaseException as caught:
            error = caught
        worker.request = outer
        self.end_block(block, error, _now() - begun)
        del self, worker, outer, block, error  # see "Workers" on tracebacks

    def calls(self, worker: WorkerThread, inputs: Iterator[Any]) -> Iterator[Any]:
        """Make the call for each input, and iterate over the results."""
        function = self.function
        is_single = self.is_single
        if not worker._performs_plainly:
            # A worker that does more than make the call gets a request for each.
            arguments = zip(inputs) if is_single else inputs
            inputs = map(partial(WorkRequest, function), arguments)
            function = worker.perform
            is_single = True
        if self._context is None:
            return map(function, inputs) if is_single else starmap(function, inputs)
        if not is_single:
            function = partial(_call_with, function)
        contexts = map(Context.copy, repeat(self._context))  # one for each call
        return map(Context.run, contexts, repeat(function), inputs)

    def end_block(self, block: _Block, error: BaseException | None, seconds: float) -> None:
        """Hand over the results and the error; leave to others what was not begun."""
        made = len(block.results)
        with self.maps.lock:
            self.running.remove(block)
            if made == block.number_begun() and not block.left:
                error = None  # it was the IndexError at the end of the block
            else:
                self.note_failure(block, made)
                if error is None:
                    # The built-in `map` and ``extend`` took the StopIteration for the end.
                    error = RuntimeError("a call raised StopIteration")
            if seconds > _BLOCK_SECONDS:
                self.size = 1
            elif made >= self.size:
                self.size = min(2 * self.size, self.max_block)
            self.hand_over(block, block.results[block.handed_over:], error)
            self.note_if_finished()
        del self, block, error

    def note_failure(self, block: _Block, made: int) -> None:
        """Take back what comes after a call that has failed; the lock is held."""
        if made == block.number_begun():
            block.left.pop()  # its call could not even start (no stack or memory): it has failed
        self.recall_block(block)

    # For a pool that is broken, shut down, or left in the parent of a fork
    # ---------------------------------------------------------------------

    def _settle(self, result: None, error: BaseException | None) -> None:
        """Fail what nobody has begun."""
        assert error is not None
        with self.maps.lock:
            unbegun = self.fail_unbegun(error)
        del unbegun

    def fail_unbegun(self, error: BaseException) -> list[tuple[int, list[Any]]]:
        """Take what nobody has begun, and tell the reader of the error; the lock is held."""
        unbegun = self.take_unbegun()
        for first, _ in unbegun:
            self.parts.put((first, [], [error]))
        return unbegun

    def _discard(self) -> None:
        self._settle(None, concurrent.futures.CancelledError())

    def cancel(self) -> bool:
        self._discard()
        return True

    def be_lost(self, error: Exception) -> None:
        """Fail in the child of a fork, where nobody is at the running blocks."""
        self.lost = error
        # This also makes a new queue for parts.  Where queues have a lock (as in PyPy), that of
        # the old one may stay locked for ever:
        #
        #     1. worker:  puts results, and holds the lock
        #     2. another thread forks
        #     3. child:  there is no worker that would unlock it
        self.drop()
        self.maps.unfinished.discard(self)

    def __repr__(self) -> str:
        return f"<map of {self.function!r}>"


# What programs look at
# =====================
#
# This section lets old programs and libraries run unchanged.  Programs written
# for the module of 2006 use its two queues, and programs written for
# ThreadPoolExecutor read and set some of its private attributes.  The rest of the
# module uses those only by way of the original `submit` (see "The pool").
#
# In 2006 the queues were `queue.Queue`.  A worker class with a `run` of its own
# takes requests with ``_requests_queue.get(True, timeout)``, and puts a pair
# into ``_results_queue``.  Such a `run` knows nothing of futures and maps, so
# `get` runs these itself.  A thread that is not a worker may call `get`, too;
# then a `_StandIn` takes the place of the worker.

Queue = queue  # the name of that module in release 1.3.2


class _RequestsQueue(_TaskQueue):
    """The queue of tasks, with the method `get` of a `queue.Queue`."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the oldest request; `queue.Empty` if there is none in time."""
        deadline = _deadline_of_get(block, timeout)
        worker: Any = threading.current_thread()
        if not isinstance(worker, WorkerThread):
            worker = _StandIn(self)
        while True:
            run = self.next_task(worker._dismissed.is_set, worker._lock, deadline)
            if run is None:
                break
            if isinstance(run.__self__, WorkRequest):
                return run.__self__
            run(worker)
            del run
        if self.is_at_end():
            worker._dismissed.set()  # so that its loop ends
        raise queue.Empty


def _deadline_of_get(block: bool, timeout: float | None) -> float | None:
    """The deadline of `get`: never None, or the main thread would not wake for signals."""
    if not block:
        return _deadline(0)
    return _deadline(float("inf") if timeout is None else timeout)


class _StandIn:
    """Stands for the worker if a task is run by a thread that is not one."""

    request = None
    _lock = None
    perform = WorkerThread.perform

    def __init__(self, requests: _TaskQueue) -> None:
        self._crew = requests.crew
        self._performs_plainly = self._crew.executor is None
        self._dismissed = threading.Event()


class _WorkQueue:
    """As much of the `_work_queue` of a ThreadPoolExecutor as programs use."""

    def __init__(self, pool: ThreadPool) -> None:
        self._requests = pool._requests_queue
        self._make_context = pool._make_context
        self.qsize = self._requests.qsize
        self.empty = self._requests.empty

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take out the oldest item.  No worker will begin it.

        For a call that was submitted, call the item's `run`, or cancel its `future`.  A request
        or a map is discarded at once: its item has only `future`.
        """
        run = self._requests.next_task(lambda: False, None, _deadline_of_get(block, timeout))
        if run is None:
            raise queue.Empty
        task = run.__self__
        if not isinstance(task, _Future):
            task._discard()  # a request is no longer pending; a map is cancelled
            return SimpleNamespace(future=task)
        task._detach()
        call = task._function, task._args, task._kwds
        return SimpleNamespace(future=task, fn=call[0], args=call[1], kwargs=call[2], task=call,
                               run=lambda *context: run(_StandIn(self._requests)))

    def get_nowait(self) -> Any:
        return self.get(block=False)

    def put(self, item: Any) -> None:
        """Take what `submit` of the standard library has made: its future becomes one of ours."""
        if item is None:
            return  # in the standard library this wakes a worker
        # (Before Python 3.14 an item has three attributes instead of `task`.)
        call = item.task if hasattr(item, "task") else (item.fn, item.args, item.kwargs)
        future = item.future
        future.__class__ = _Future
        future._function, future._args, future._kwds = call
        future._requests = self._requests
        future._outcome = _ASKED  # it has all its parts already, as one that was asked
        if self._make_context is not None:
            future._context = self._make_context()
        self._requests.put(future)


class _LooksLikeThreadPoolExecutor:
    """The private attributes of a ThreadPoolExecutor that programs read or set."""

    _crew: _Crew
    _requests_queue: _TaskQueue
    _q_size: int

    @property
    def _max_workers(self) -> int:
        return self._crew.limit

    @_max_workers.setter
    def _max_workers(self, number: int) -> None:
        self._crew.change_limit(number - self._crew.limit)

    @property
    def _thread_name_prefix(self) -> str:
        return self._crew.name

    @property
    def _threads(self) -> set[WorkerThread]:
        listed = self._crew.workers.copy()
        if self._shutdown:
            listed += self._crew.dismissed  # they have gone, or will, and may be joined
        return set(listed)

    @_threads.setter
    def _threads(self, threads: object) -> None:
        pass  # (A subclass may empty it.  Our workers are listed elsewhere.)

    @property
    def _work_queue(self) -> Any:
        return _WorkQueue(self)  # type: ignore[arg-type]

    @_work_queue.setter
    def _work_queue(self, work_queue: Any) -> None:
        # Subclasses bound a ThreadPoolExecutor by ``self._work_queue = queue.Queue(100)``.
        self._q_size = self._requests_queue.maxsize = getattr(work_queue, "maxsize", 0)

    @property
    def _shutdown(self) -> bool:
        return self._requests_queue.closed

    @_shutdown.setter
    def _shutdown(self, is_shut_down: bool) -> None:
        if is_shut_down:
            self._requests_queue.close()

    @property
    def _broken(self) -> str | bool:
        reason = self._requests_queue.close_reason
        return str(reason) if isinstance(reason, concurrent.futures.BrokenExecutor) else False

    @_broken.setter
    def _broken(self, reason: str | bool) -> None:
        if reason:
            self._requests_queue.close(concurrent.futures.thread.BrokenThreadPool(reason))

    # What `submit` of the standard library needs; see "The pool".

    _shutdown_lock = nullcontext()  # our queue needs no lock

    def _adjust_thread_count(self) -> None:
        pass  # our queue starts workers

    # (From Python 3.14 on.  The item gets this tuple: function, args, kwds.)
    _resolve_work_item_task = staticmethod(lambda *call: call)


# The pool
# ========
#
# `ThreadPool` is the pool of 2006, and a ThreadPoolExecutor: asyncio, and others,
# insist on the type.  It inherits nothing of use from that class but ``__enter__``, and
# starts threads of its own.
#
# Programs override `submit`, in a subclass or on an instance, to count or to
# bound what is submitted, and rely on `map` to call it.  For them there is a
# second `map`, which submits a future for each call.
#
# Tracing libraries (Sentry, OpenTelemetry) replace ``ThreadPoolExecutor.submit`` by
# a function of their own, which carries their context to the worker and calls the
# original.  While it is replaced, our `submit` calls theirs.  The original then
# puts an item into our `_work_queue`, which makes a future of ours from it.


def _is_original(submit: Any) -> bool:
    """Whether it is the function of the standard library."""
    # (A wrapper may be another kind of callable that shows the `__globals__` of what it wraps.)
    is_function = type(submit) is FunctionType
    return is_function and submit.__globals__ is vars(concurrent.futures.thread)


_Executor = concurrent.futures.ThreadPoolExecutor
# None if it had been replaced before this import: then our `submit` always calls the one
# that is there.
_original_submit = _Executor.submit if _is_original(_Executor.submit) else None


class ThreadPool(_RequestPool, _LooksLikeThreadPoolExecutor,  # type: ignore[misc]
                 concurrent.futures.ThreadPoolExecutor):
    """A pool of worker threads, with a queue of requests and one of results.

    >>> pool = ThreadPool(2)
    >>> pool.putRequests(makeRequests(len, ["a", "bc"]))
    >>> sorted(request.result for request in pool.results())
    [1, 2]

    It is a `concurrent.futures.ThreadPoolExecutor` as well; requests, futures
    and maps may be mixed.

    `num_workers` (or `max_workers`) threads start at once.  None means as many
    as a ThreadPoolExecutor would take, the number of processors plus 4 but at
    most 32, each started when something waits and no worker is idle.  The
    threads are named `thread_name_prefix` and a number.  If the second argument
    is a string, the arguments are those of ThreadPoolExecutor:
    ``(max_workers, thread_name_prefix, initializer, initargs)``.

    `q_size` limits how many requests may wait for a worker; 0 means any number.
    See `putRequest`.

    ``initializer(*initargs)`` is called in each worker before its first
    request, also in workers that are added later.  If it raises, the error is
    logged, and the pool is broken: whatever waits fails with
    `concurrent.futures.thread.BrokenThreadPool`, and putting more raises this
    error.

    A request runs in its worker's own context, which the initializer may
    prepare.  With ``context=contextvars.copy_context`` it runs in a copy of the
    context in which it was put; `context` may be any callable that returns a
    `contextvars.Context`, and is called for each put.  (A copy shares what is
    mutable in it: decimal's precision is one such thing.)

    ``notify()`` is called whenever `poll` would find something new: by the
    worker that has finished a request, or the thread that has withdrawn one.
    Use it to have an event loop schedule a `poll`, for instance with
    ``notify=lambda: loop.call_soon_threadsafe(poll)``.  Some of these polls
    find nothing.  What ``notify`` raises is logged.

    `worker` is the class of the workers, a subclass of `WorkerThread`.  With an
    `executor`, any of the kind that `concurrent.futures` describes, the workers
    hand their calls on to that, one at a time, and wait for the results.

    `resq_size` has no effect: a bound on results could deadlock.
    `poll_timeout` has none on our workers, which do not poll; it is handed on
    to a `run` of your own.

    `workers` lists the threads at work, `dismissedWorkers` those that were told
    to go, or have gone, and were not yet joined, and `workRequests` what has
    been put and not yet collected, by `requestID`.

    At its end, a ``with`` block collects all results, calls their callbacks,
    and shuts the pool down.  If an exception ends the block, the requests that
    nobody has begun are dropped, and futures and maps completed.
    KeyboardInterrupt and SystemExit leave the block at once.

    In a forked child the pool is empty, and its workers start when requests
    need them.

    >>> ThreadPool(2, thread_name_prefix="ham")
    <ThreadPool 'ham': 2 workers, 0 busy, 0 queued, 0 uncollected>
    """

    _count = count()  # numbers the pools that were given no name

    def __init__(
        self, num_workers: int | None = None, q_size: int = 0, resq_size: Any = 0,
        poll_timeout: Any = None, *,
        initializer: Callable[..., object] | None = None, initargs: tuple[Any, ...] = (),
        max_workers: int | None = None, thread_name_prefix: str = "",
        context: Callable[[], Context] | None = None,
        notify: Callable[[], object] | None = None,
        worker: type[WorkerThread] = WorkerThread,
        executor: concurrent.futures.Executor | None = None,
    ) -> None:
        if q_size is None or isinstance(q_size, str):
            # ThreadPoolExecutor(max_workers, thread_name_prefix, initializer, initargs)
            thread_name_prefix = q_size or thread_name_prefix
            q_size = 0
            if type(resq_size) is not int:
                initializer = resq_size
            if poll_timeout is not None:
                initargs = poll_timeout
            poll_timeout = None
        _check_options(initializer, notify, context, worker, executor)
        number = _number_of_workers(num_workers, max_workers)
        name = thread_name_prefix or f"ThreadPool-{next(ThreadPool._count)}"
        if initializer is not None:
            initializer = partial(initializer, *initargs)
        if poll_timeout is None:
            poll_timeout = 5
        self._q_size = _checked_number("q_size", q_size)
        self._make_context = context
        self._notify = notify
        self._make_crew = partial(_Crew, worker, name, poll_timeout, initializer, executor)
        if executor is not None:
            _register_end()  # again, as it has to come before the end of that executor
        self._start_empty()
        if number is None:
            self._crew.change_limit(_default_number_of_workers())
        else:
            self.createWorkers(number, poll_timeout)

    def _start_empty(self) -> None:
        """Have no worker and nothing pending: at the start, and again in a forked child."""
        self._requests_queue = _RequestsQueue(self._q_size)
        self._results_queue = _ResultsQueue() if self._notify is None else _NotifyingQueue()
        self._crew = self._make_crew(self._requests_queue, self._results_queue)
        when_dropped = partial(_close_dropped, self._requests_queue, self._results_queue)
        self._results_queue.pool = weakref.ref(self, when_dropped)
        # (Not by assignments: a subclass may have properties of these names, without a setter.)
        vars(self).update(workers=self._crew.workers, dismissedWorkers=self._crew.dismissed)
        self.workRequests = {}
        _crews.add(self._crew)  # see "After a fork"

    def __repr__(self) -> str:
        crew = self._crew
        busy = sum(worker.request is not None for worker in crew.workers + crew.dismissed)
        queued = self._requests_queue.qsize()
        uncollected = self._results_queue.qsize()
        return (f"<{type(self).__name__} {crew.name!r}: {len(crew.workers)} workers, "
                f"{busy} busy, {queued} queued, {uncollected} uncollected>")

    # Futures and maps
    # ----------------

    def submit(self, fn: Callable[..., Any], /, *args: Any,
               **kwds: Any) -> concurrent.futures.Future[Any]:
        """Queue the call ``fn(*args, **kwds)``; return a `concurrent.futures.Future`.

        >>> with ThreadPool(2) as pool:
        ...     future = pool.submit(int, "ff", base=16)
        ...     future.result()
        255

        When `q_size` requests wait, `submit` waits, too.

        A worker that asks for the result (or the exception) of a future of its
        own pool, without a timeout, makes the call itself if nobody has begun
        it and no other worker is idle.  So nested calls cannot deadlock:

        >>> def factorial(n):
        ...     return n * pool.submit(factorial, n - 1).result() if n else 1
        >>> with ThreadPool(1) as pool:
        ...     pool.submit(factorial, 5).result()
        120

        Raises RuntimeError after `shutdown`, and
        `concurrent.futures.thread.BrokenThreadPool` if an initializer failed.
        """
        requests = self._requests_queue
        try:
            if requests.maxsize > 0:
                self._wait_for_room()  # here: the original `submit` holds a lock of all executors
            if _Executor.submit is not _original_submit:
                return _Executor.submit(self, fn, *args, **kwds)
            future = _Future(fn, args, kwds, requests)
            if self._make_context is not None:
                future._context = self._make_context()
            requests.put(future)
        except BaseException:
            requests.not_full.wake_one()  # rule 3: we may have been woken for this room
            raise
        return future

    def map(
        self, fn: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None,
        chunksize: int | None = None, buffersize: int | None = None, ordered: bool = True,
    ) -> Generator[Any, None, None]:
        """Call `fn` with each input; return an iterator over the results, in order.

        >>> with ThreadPool(2) as pool:
        ...     list(pool.map(pow, [2, 3, 4], [10, 4, 2]))
        [1024, 81, 16]

        Several `iterables` give an argument each, until one of them ends.  All
        inputs are read at once, and all calls made even if no result is read.
        If a call fails, reading its result raises the error, and calls that
        have not begun by then are dropped.  They are also dropped if the
        iterator is closed after something was read.  `timeout` is in seconds
        from this call; after that, reading a result that is not there raises
        `concurrent.futures.TimeoutError`.

        Cheap calls are handed over in blocks, slow ones one by one; `chunksize`
        limits the size of a block.  Calls may wait for each other.

        With `buffersize` the inputs are read in the thread that reads the
        results, and at most that many ahead of it, so they may be endless.
        With ``ordered=False`` results come as they arrive.

        >>> from itertools import count, repeat
        >>> with ThreadPool(2) as pool:
        ...     powers = pool.map(pow, repeat(3), count(), buffersize=10)
        ...     next(power for power in powers if power > 50)
        81

        If a worker of the same pool reads the results, it makes calls that
        nobody has begun itself if no other worker is idle, as with `submit`.
        Raises what `submit` does, and TypeError or ValueError if `buffersize`
        is not a positive integer.  (`buffersize` is Python 3.14's; `ordered` is
        what `multiprocessing.pool` calls ``imap_unordered``.)
        """
        deadline = _deadline(timeout)
        _check_buffersize(buffersize)
        if self._map_must_submit():
            return self._map_by_submit(fn, iterables, deadline, buffersize, ordered)
        job = _Map(self, fn, iterables, chunksize, buffersize)
        job.feed()
        return job.results(ordered, deadline)

    def _map_must_submit(self) -> bool:
        """Whether `map` has to call `submit` for each input, because somebody replaced it."""
        if "submit" in vars(self) or type(self).submit is not _our_submit:
            return True
        return _Executor.submit is not _original_submit

    def _map_by_submit(
        self, fn: Callable[..., Any], iterables: Sequence[Iterable[Any]], deadline: float | None,
        buffersize: int | None, ordered: bool,
    ) -> Generator[Any, None, None]:
        """`map` by a `submit` that was overridden, with a future for each call."""
        arguments = zip(*iterables)
        futures: deque[concurrent.futures.Future[Any]] = deque()
        finished: queue.SimpleQueue[concurrent.futures.Future[Any]] = queue.SimpleQueue()

        def submit(number: int | None) -> None:
            for args in islice(arguments, number):
                future = self.submit(fn, *args)
                futures.append(future)
                if not ordered:
                    future.add_done_callback(finished.put)

        submit(buffersize)
        more = 0 if buffersize is None else 1
        return _results_of(futures, None if ordered else finished, partial(submit, more), deadline)

    # The end
    # -------

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Accept nothing more; the workers go when they have done what is queued.

        >>> pool = ThreadPool(1)
        >>> future = pool.submit(abs, -1)
        >>> pool.shutdown()
        >>> future.result(), pool.workers
        (1, [])
        >>> pool.submit(abs, -2)
        Traceback (most recent call last):
            ...
        RuntimeError: cannot schedule new futures after shutdown

        With `wait` it returns when they are gone (but a worker that calls it
        waits for nobody).  `cancel_futures` drops what nobody has begun:
        futures and maps are cancelled, requests are no longer pending.  If no
        worker is left, what waits fails with NoWorkersAvailable.  Results may
        be collected afterwards.
        """
        requests = self._requests_queue
        crew = self._crew
        requests.close()
        if cancel_futures:
            self._drop_everything()
        if wait and _own_worker(requests) is None:
            # (A worker that goes may have started another.)
            while (crew.workers or crew.dismissed) and not _is_alone():
                crew.join(crew.workers + crew.dismissed)
        if crew.is_stuck():
            for task in requests.drain():
                _call_safely(task._settle, None, NoWorkersAvailable(
                    "shut down without a worker; call createWorkers before that"))

    def _drop_everything(self) -> None:
        """Begin nothing more."""
        self._requests_queue.cancelled = True
        for task in self._requests_queue.waiting():
            _call_safely(task.cancel)
        self._crew.maps.settle_all(concurrent.futures.CancelledError())

    def __exit__(self, exc_type: type[BaseException] | None, exc_value: object, tb: object,
                 _is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if _is_finalizing():
            return  # a generator that was left in its block: there may be no globals any more
        try:
            if exc_type is None and self.workRequests:  # (a subclass may have another `wait`)
                self.wait()
        except BaseException as error:
            exc_type = type(error)
            raise
        finally:
            self._leave_block(exc_type)

    def _leave_block(self, exc_type: type[BaseException] | None) -> None:
        if exc_type is None:
            self.shutdown(wait=True)
        elif issubclass(exc_type, (KeyboardInterrupt, SystemExit)):
            self._requests_queue.abandoned = True
            self._requests_queue.close()
            self._drop_everything()
            self.shutdown(wait=False)
        else:
            _drop_requests(self._requests_queue)
            self.shutdown(wait=True)

    def _check(self) -> None:
        """Assert what must hold whenever no call is under way (for the tests)."""
        pending = self.workRequests
        assert all(request.requestID == key for key, request in pending.items())
        with self._crew.lock:  # or else a worker that leaves may be in both lists for a moment
            assert not set(map(id, self._crew.workers)) & set(map(id, self._crew.dismissed))
        for task in self._requests_queue.waiting():
            if isinstance(task, WorkRequest):
                assert pending.get(task.requestID) is task


_our_submit = ThreadPool.submit  # to see whether a program has replaced it


def _check_callable(name: str, given: object, remedy: str = "") -> None:
    if given is not None and not callable(given):
        raise TypeError(f"{name} must be a callable, not {given!r}{remedy}")


def _check_options(initializer: object, notify: object, context: object, worker: object,
                   executor: object) -> None:
    _check_callable("initializer", initializer)
    _check_callable("notify", notify)
    _check_callable("context", context, "; contextvars.copy_context is one")
    if not isinstance(worker, type) or not issubclass(worker, WorkerThread):
        raise TypeError(f"worker must be a subclass of WorkerThread, not {worker!r}")
    if isinstance(executor, type):
        raise TypeError(f"executor must be an executor, not the class {executor.__name__}; "
                        "call it to make one")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must have a method submit, as ProcessPoolExecutor() has, "
                        f"not {executor!r}")


def _check_buffersize(buffersize: object) -> None:
    if buffersize is not None and not isinstance(buffersize, int):
        raise TypeError(f"buffersize must be an integer or None, not {buffersize!r}")
    if buffersize is not None and buffersize < 1:
        raise ValueError(f"buffersize must be None or > 0, not {buffersize!r}")


def _number_of_workers(num_workers: float | None, max_workers: float | None) -> int | None:
    # A fraction is rounded up: ThreadPoolExecutor starts threads while there are fewer.
    if isinstance(num_workers, float):
        num_workers = math.ceil(num_workers)
    if isinstance(max_workers, float):
        max_workers = math.ceil(max_workers)
    if max_workers is None:
        return None if num_workers is None else _checked_number("num_workers", num_workers, 0)
    if num_workers is not None:
        raise TypeError("num_workers and max_workers are two names for one thing; give one")
    number = _checked_number("max_workers", max_workers)
    if number <= 0:
        raise ValueError(f"max_workers must be greater than 0, not {max_workers!r}")
    return number


def _default_number_of_workers() -> int:
    count_processors = getattr(os, "process_cpu_count", os.cpu_count)
    return min(32, (count_processors() or 1) + 4)


def _drop_requests(requests: _TaskQueue) -> None:
    """Drop the requests that wait, but not futures and maps."""
    for task in requests.waiting():
        if isinstance(task, WorkRequest) and requests.remove(task):
            _call_safely(task._discard)


def _close_dropped(requests: _TaskQueue, results: _ResultsQueue, _: object,
                   is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
    """Called when a pool is dropped: its workers do what waits, and leave."""
    if not is_finalizing():
        requests.close(RuntimeError("cannot schedule new futures after the pool was dropped"))
        results.keep_nothing()


def _results_of(
    futures: deque[concurrent.futures.Future[Any]],
    finished: queue.SimpleQueue[concurrent.futures.Future[Any]] | None,
    submit_more: Callable[[], object], deadline: float | None,
) -> Generator[Any, None, None]:
    """Iterate over the results of the futures, in their order, or in that of `finished`."""
    future: concurrent.futures.Future[Any] | None = None
    try:
        while True:
            if not futures:
                return
            if finished is None:
                future = futures.popleft()
            else:
                _have_begun(futures)
                future = _next_finished(finished, deadline)
                futures.remove(future)
            submit_more()
            seconds = None if deadline is None else max(0.0, deadline - _now())
            result = [future.result(seconds)]
            future = None
            yield result.pop()  # so that nothing here keeps it
    finally:
        if future is not None:
            futures.append(future)
        for left in futures:
            left.cancel()
        futures.clear()
        left = future = None  # type: ignore[assignment]


def _have_begun(futures: Iterable[concurrent.futures.Future[Any]]) -> None:
    """In a worker: have the first of these that waits begun, as its `result` would."""
    for future in futures:
        if isinstance(future, _Future) and future._requests is not None:
            future._run_inline_or_wait(future._requests)
            return


def _next_finished(finished: queue.SimpleQueue[concurrent.futures.Future[Any]],
                   deadline: float | None) -> concurrent.futures.Future[Any]:
    while True:
        seconds = _seconds_left(deadline)
        try:
            return finished.get(timeout=seconds)
        except queue.Empty:
            if seconds <= 0:
                raise concurrent.futures.TimeoutError("a result was not there in time") from None


# The end of the program
# ======================
#
# When the main thread is done, the futures and maps that are there are completed,
# before the program's own `atexit` functions are called: these may remove a
# temporary folder, or close a database, that the calls still use.  Requests are
# not waited for, and idle workers are let go.
#
# This takes two calls of one function.  The first is made by the threading
# module, when the main thread is done.  It waits for the futures and maps that
# are there, and ends nothing.  (It is registered again by a pool with an
# `executor`, since it has to come before the end of that executor.)  The second
# is made by `atexit`, and comes last.  It waits in the same way for what
# `atexit` functions have put, drops requests, and lets the workers go.  What is
# put even later is still served, by a worker that leaves when it is idle.
#
# What is waited for is noted once, at the start of each call.  Otherwise a future
# that submits itself again would hold the program for ever.
#
# Workers that are not daemonic (in isolated sub-interpreters, or by the choice
# of a worker class) are joined by the threading module before `atexit` is
# called.  So the first call lets them go.  And in a sub-interpreter the second
# call waits for all workers, as no thread may outlive the interpreter.


def _end_of_program(is_last: bool) -> None:
    try:
        _wait_for_what_is_owed(is_last)
    except KeyboardInterrupt:
        _TaskQueue.abandoned = True  # so the second call does not wait again
        raise


def _wait_for_what_is_owed(is_last: bool) -> None:
    wait_for_all = is_last and not _is_main_interpreter()
    # (Before 3.11, CPython may crash if a thread is started at the end of the program.  A put
    # after the idle workers have left would start one.  So there they stay, asleep.)
    lets_go = is_last and (sys.version_info >= (3, 11) or wait_for_all)
    if lets_go:
        _TaskQueue.ending = True
    owed: set[Any] | None = None  # what was unfinished at the start, and still is
    before: set[Any] = set()
    workers: list[WorkerThread] = []
    seconds = 0.0005
    while True:
        workers = _living_workers(workers)
        _release_workers([worker for worker in workers if lets_go or not worker.daemon])
        unfinished = _unfinished(workers, wait_for_all)
        # (A map that one worker hands to another may be overlooked, but not twice in a row.)
        owed = unfinished if owed is None else owed & (unfinished | before)
        before = unfinished
        if wait_for_all:
            leaving = workers
        else:
            leaving = [worker for worker in workers if lets_go and _is_idle(worker)]
        if leaving:
            leaving[0].join(seconds)
        elif owed:
            time.sleep(seconds)  # there is no way to wait for all kinds at once
        else:
            return
        seconds = min(2 * seconds, 0.05)


def _living_workers(known: list[WorkerThread]) -> list[WorkerThread]:
    """All workers but the current thread: the known ones that still run, and others."""
    # (`threading` drops a thread from its list a moment before that thread has ended.)
    threads = [worker for worker in known if worker.is_alive()] + threading.enumerate()
    workers = {id(thread): thread for thread in threads if isinstance(thread, WorkerThread)}
    return [worker for worker in workers.values() if worker is not threading.current_thread()]


def _release_workers(workers: list[WorkerThread]) -> None:
    """Let these workers leave when they are idle; drop the requests that wait for them."""
    for requests in {worker._requests_queue for worker in workers}:
        requests.ending = True
        _drop_requests(requests)
        requests.not_empty.wake_one()


def _unfinished(workers: list[WorkerThread], include_abandoned: bool) -> set[Any]:
    """The futures and maps that these workers will complete."""
    if not include_abandoned:
        workers = [worker for worker in workers if not worker._requests_queue.abandoned]
    tasks: list[Any] = []
    for requests in {worker._requests_queue for worker in workers}:
        tasks += requests.waiting()
        with requests.crew.maps.lock:
            tasks += [job for job in requests.crew.maps.unfinished if job.running]
    # Workers after queues: what has left a queue meanwhile is with a worker.
    for worker in workers:
        _wait_for_note(worker)
        tasks += _tasks_of(worker)
    return {task for task in tasks if isinstance(task, (_Future, _Map))}


def _wait_for_note(worker: WorkerThread) -> None:
    """Wait while the worker may have taken a task and not noted it yet."""
    sleepers = worker._requests_queue.not_empty.sleepers
    while _is_idle(worker) and not worker._gone and worker._lock not in sleepers:
        time.sleep(0.0005)


def _tasks_of(worker: WorkerThread) -> list[Any]:
    """What a worker has begun and not finished; some may be None."""
    return [getattr(worker._taken, "__self__", None), worker.request, *worker._outer]


def _is_idle(worker: WorkerThread) -> bool:
    # (Of a worker with a `run` of the user's own it is not known, so this is False.)
    return worker._is_ready and worker._taken is None


def _is_main_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):
        with suppress(ImportError):
            module = __import__(name)
            return bool(module.get_current() == module.get_main())
    return True  # there are no others


def _register_end() -> None:
    with suppress(RuntimeError):  # the main thread is done already
        threading._register_atexit(_end_of_program, False)  # type: ignore[attr-defined]


_register_end()
atexit.register(_end_of_program, True)


# After a fork
# ============
#
# `os.fork` copies the memory, but of all threads only the one that called it.
# What the others held, locks included, stays held for ever.  So the pools of
# the child get everything new, and their workers start as tasks need them.
# Futures and maps from before the fork will never be done in the child: there
# they fail, with an error that says so.

_crews: weakref.WeakSet[_Crew] = weakref.WeakSet()


def _after_fork() -> None:
    for crew in list(_crews):
        pool = crew.results.pool()
        before = crew.requests
        if pool is not None and pool._requests_queue is before:
            pool._start_empty()
            if before.closed:
                pool._requests_queue.close(before.close_reason)
            else:
                pool._crew.change_limit(crew.limit)
        _call_safely(_lose, crew)


def _lose(crew: _Crew) -> None:
    """Fail, in the child, the futures and maps that the parent still works on."""
    error = RuntimeError("left in the parent process of a fork; submit it again in the child")
    requests = crew.requests
    lost: list[Any] = requests.waiting()
    for worker in crew.workers + crew.dismissed:
        # (A worker that has forked goes on here, as the only thread.)
        if worker is not threading.current_thread():
            lost += _tasks_of(worker)
    # A worker that goes on finds nothing more to do.
    requests.queue = deque()
    requests.lost = requests.close_reason = error
    requests.closed = True
    requests.cancelled = True
    crew.maps.lock = threading.RLock()
    for job in list(crew.maps.unfinished):
        job.be_lost(error)
    for task in lost:
        if isinstance(task, _Future) and type(task._outcome) is not tuple:
            task._be_lost(error)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# The demo
# ========
#
# ``python threadpool.py [FOLDER ...]`` computes the SHA-256 of every file in
# and below the folders.  It prints a list, as ``sha256sum`` would, which
# ``sha256sum -c`` can check.  Hashing files is a good job for threads: while one
# waits for the disk another computes, and `hashlib` releases the GIL meanwhile.
# The steps are numbered in `_print_manifest`.


def _digest(path: bytes, output: os.stat_result) -> str | None:
    """The SHA-256 of a file; None for a pipe or the like, and for our own output."""
    status = os.stat(path)
    if os.path.samestat(status, output) or not stat.S_ISREG(status.st_mode):
        return None
    digest = hashlib.sha256()
    piece = memoryview(bytearray(1 << 18))
    with open(path, "rb", buffering=0) as file:
        while True:
            size = file.readinto(piece)
            if not size:
                return digest.hexdigest()
            digest.update(piece[:size])


def _line(digest: str, name: bytes) -> bytes:
    """A line of the list; a backslash at its start says that the name is escaped."""
    if name == b"-":
        name = b"./-"  # the plain one is sha256sum's standard input
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if escaped == name else b"\\"
    return b"%s%s  %s\n" % (mark, digest.encode(), escaped)


def _find_files(folders: list[bytes], onerror: Callable[[OSError], object]) -> Iterator[bytes]:
    """The path of every file in and below the folders; links to folders are not followed."""
    for top in folders:
        for folder, _, names in os.walk(top, onerror=onerror):
            for name in names:
                yield os.path.join(folder, name)


class _NoBar:
    """Stands for a progress bar where there is none."""

    total: int | None = None

    def update(self) -> None: ...
    def clear(self) -> None: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


def _progress_bar() -> Any:
    """A bar on stderr, if tqdm is installed and somebody is there to see it."""
    if sys.stderr is None or not sys.stderr.isatty():
        return _NoBar()
    try:
        from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return _NoBar()
    return tqdm(unit=" files")


class _Report:
    """What the demo prints: the list on stdout, the bar and complaints on stderr."""

    def __init__(self, prefix: int) -> None:
        self.prefix = prefix  # number of bytes to leave out of each path
        self.bar = _progress_bar()
        self.shares_terminal = sys.stdout.isatty()
        self.failures = 0

    def show(self, request: Any, digest: str | None) -> None:
        if digest is not None:
            if self.shares_terminal:
                self.bar.clear()
            sys.stdout.buffer.write(_line(digest, request.args[0][self.prefix:]))
            sys.stdout.buffer.flush()
        self.bar.update()
        if self.shares_terminal:
            self.bar.refresh()  # below the line

    def show_failure(self, request: Any, exc_info: Any) -> None:
        self.complain(exc_info[1], request.args[0])
        self.bar.update()

    def complain(self, error: Any, path: bytes) -> None:
        self.failures += 1
        self.bar.clear()
        _say(f"{os.fsdecode(path)!r}: {getattr(error, 'strerror', error)}")


def _print_manifest(folders: list[bytes], num_workers: int) -> int:
    """Hash every file below the folders; 1 if one could not be read, else 0."""
    # 1. Callbacks: `show` and `show_failure`.  They run in this thread, so they may print,
    #    count and draw without a lock.
    prefix = len(os.path.join(folders[0], b"")) if len(folders) == 1 else 0
    report = _Report(prefix)
    output = os.fstat(sys.stdout.fileno())
    # 2. A pool.  When 100 files wait, `putRequest` waits too, so that a large folder does
    #    not fill the memory.
    pool = ThreadPool(1, q_size=100)
    found = 0
    for file in _find_files(folders, lambda error: report.complain(error, error.filename)):
        found += 1
        # 3. Requests, one for each file.
        pool.putRequest(WorkRequest(_digest, [file, output], None, None,
                                    report.show, report.show_failure))
        # 4. Results, as many as have arrived: calls the callbacks.
        with suppress(NoResultsPending):
            pool.poll()
        # 5. If more files wait than there are workers, the pool grows ...
        if len(pool.workers) < min(num_workers, len(pool.workRequests)):
            num_workers = _grow(pool, num_workers)
    report.bar.total = found  # from now on the bar knows what 100 % is
    # 6. ... and at the end those workers go that have nothing left to do.
    _shrink(pool)
    for _ in pool.results():
        _shrink(pool)
    report.bar.close()
    return 1 if report.failures else 0


def _grow(pool: ThreadPool, num_workers: int) -> int:
    """Add a worker; return how many there may be: fewer, if no thread can be started."""
    try:
        pool.createWorkers(1)
    except RuntimeError:
        _say(f"only {len(pool.workers)} threads can be started")
        return len(pool.workers)
    return num_workers


def _shrink(pool: ThreadPool) -> None:
    """Keep a worker for each file that is left."""
    pool.dismissWorkers(max(0, len(pool.workers) - len(pool.workRequests)))


def _main(arguments: list[str] | None = None) -> int:
    """Print the SHA-256 of every file below the folders, computed by a pool of threads.

    Check it with `sha256sum -c` from that folder, or, if several are given,
    from the current one.  The status is 1 if a file could not be read, 2 if a
    folder does not exist.
    """
    parser = argparse.ArgumentParser(description=_main.__doc__)
    parser.add_argument("folders", nargs="*", default=["."], metavar="FOLDER",
                        help="the current one if left out")
    parser.add_argument("-w", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="workers, else %(default)s")
    options = parser.parse_args(arguments)
    for folder in options.folders:
        if not os.path.isdir(folder):
            return _say(f"there is no folder {folder!r}", 2)
    if options.w < 1:
        return _say(f"-w must be at least 1, not {options.w}", 2)
    if sys.stdout is None:
        return _say("standard output is closed", 2)
    try:
        return _print_manifest([os.fsencode(folder) for folder in options.folders], options.w)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # ``| head``, which has seen enough
        _forget_output()
        return 141
    except OSError as error:  # from our own output
        _forget_output()
        return _say(f"the list cannot be written: {error.strerror}")


def _forget_output() -> None:
    """Send further output to the null device: the interpreter flushes it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str, status: int = 1) -> int:
    """Print a line on stderr, if that is not closed or full, and return the status."""
    with suppress(OSError):
        # Not by sys.stderr, which would try again at exit.
        os.write(2, os.fsencode(f"threadpool.py: {line}\n"))
    return status


if __name__ == "__main__":
    sys.exit(_main())
