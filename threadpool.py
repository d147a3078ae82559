"""Worker threads that hand their results back to your own thread.

A pool keeps a few threads waiting for work.  You put *requests* in, each a
callable with its arguments; the threads carry them out, side by side; and
whoever collects the results has the *callbacks* run in its own thread, one
after the other, so that they need no lock:

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

**When a request fails**, its exception comes back with it, to a callback of
its own; without one, `wait` prints the traceback and goes on.  Hang on a
request whatever you need there:

>>> def complain(request, exc_info):
...     print(request.args, "failed:", exc_info[1])
>>> pool.putRequest(WorkRequest(int, ["2b"], exc_callback=complain))
>>> pool.wait()
['2b'] failed: invalid literal for int() with base 10: '2b'
True

**The pool grows and shrinks** at any time, from any thread, while it works.
A worker that is dismissed ends what it is doing and goes; one that has
nothing to do goes at once; nothing that waits is lost or reordered:

>>> pool.createWorkers(2)
>>> len(pool.workers)
5
>>> pool.dismissWorkers(4, do_join=True)
>>> len(pool.workers)
1

**To see results as they come**, iterate over them, or call `poll` now and
then from a loop of your own.  A ``with`` block collects what is still out
when it ends, lets the workers go and waits for them:

>>> with ThreadPool(2) as pool:
...     pool.putRequests(makeRequests(abs, [-1, -2, -3]))
...     sorted(request.result for request in pool.results())
[1, 2, 3]

**It is an executor**, too, of the kind that `concurrent.futures` describes.
So there are futures, for whoever prefers them, and `asyncio` can use it:

>>> with ThreadPool(2) as pool:
...     future = pool.submit(pow, 2, 10)
...     list(pool.map(abs, [-1, -2, -3])), future.result()
([1, 2, 3], 1024)

**The end of the program** is the end of the workers: they are daemonic, and
what still waits when the main thread is done is lost, silently.  Use a
``with`` block or `wait` where that matters.  Ctrl-C reaches a thread that
collects at once, whatever the workers are doing.

**When not to use threads.**  Threads help where a program *waits*: for disks,
networks, other programs, or for C code that lets go of the interpreter's
global lock (hashing, compressing, most of numpy).  Pure Python code runs no
faster in several threads, unless the interpreter was built without that lock:
`concurrent.futures.ProcessPoolExecutor` is for that.  Nor should many threads
compete for one scarce thing; a single disk head or a terminal is better
served by one.

The ideas are Christopher Arndt's, whose module of this name (2006) grew from
a chapter of Alex Martelli's *Python in a Nutshell*.  Read on: this file is
meant to be read from top to bottom, and explains every race that it closes.
"""

from __future__ import annotations

import argparse
import concurrent.futures.thread
import hashlib
import logging
import operator
import os
import queue
import stat
import sys
import threading
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import chain, count, islice, repeat, starmap
from time import monotonic
from types import GenericAlias
from typing import Any, Optional

__all__ = ["NoResultsPending", "NoWorkersAvailable", "ThreadPool", "WorkRequest", "WorkerThread", "makeRequests"]
__version__ = "2.0.0"


# The two exceptions
# ==================
#
# Neither is a bug: the first is how `ThreadPool.poll` says "all done",
# the second says that waiting any longer would be waiting for ever.


class NoResultsPending(Exception):
    """All requests have been collected: there is nothing to wait for.

    >>> ThreadPool(1).poll()
    Traceback (most recent call last):
        ...
    threadpool.NoResultsPending: no request is pending; put one first
    """


class NoWorkersAvailable(Exception):
    """Requests wait, and no worker is left who could carry them out.

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
# A request is a form that travels: the caller fills in what is to be done, a
# worker notes what came of it, and whoever collects it reads that.  From then
# on nobody but the caller holds on to it, so that it, its arguments and its
# result are gone as soon as the caller lets go of them.
#
# While it is under way it carries two things of the pool's: the way back (the
# queue where its result is expected), and a copy of the `contextvars` context
# in which it was put, so that what was set there, a locale, a trace, a
# decimal precision, holds for the callable too.

_Callback = Optional[Callable[["WorkRequest", Any], object]]


def _handle_thread_exception(request: WorkRequest, exc_info: Any) -> None:
    """Print the traceback: what is done where no ``exc_callback`` was given."""
    traceback.print_exception(*exc_info)


def _call_out(function: Callable[..., object], *args: Any) -> None:
    """Call what is not ours; what it raises is logged and costs nothing else."""
    try:
        function(*args)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # Ctrl-C, which happens to arrive here
        logging.getLogger("concurrent.futures").exception("exception calling callback %r", function)


class WorkRequest:
    """A callable with its arguments, to be put into a pool; later, its result.

    >>> def show(request, result):
    ...     print(result)
    >>> request = WorkRequest(divmod, [7, 2], callback=show)
    >>> with ThreadPool(1) as pool:
    ...     pool.putRequest(request)
    (3, 1)
    >>> request.result
    (3, 1)

    `callable_` is called as ``callable_(*args, **kwds)`` in a worker.  The
    pool knows the request by its `requestID`, any hashable object (TypeError
    otherwise) that no other pending request has; ``id(request)`` if None.

    `callback` is called as ``callback(request, result)`` by the thread that
    collects the result.  If the callable raised, ``exc_callback(request,
    exc_info)`` is called instead, with the tuple ``(type, value, traceback)``;
    the default one prints the traceback.  With ``exc_callback=None`` a failure
    goes to `callback` as well, which can tell by `exception`.

    All of this may be edited until the request is put, and attributes of your
    own may be added.  Afterwards:

    ============= ===========================================================
    `exception`   True once the callable has failed, False until then
    `result`      what the callable returned, None until then
    `exc_info`    ``(type, value, traceback)`` if it raised, None until then
    ============= ===========================================================

    A request that has been collected may be put again: it runs afresh, which
    is how to retry one that failed.  (Release 1.3.2 replaced a `requestID` by
    its hash, and had the result in the callback alone.)
    """

    __class_getitem__: Any = classmethod(GenericAlias)  # WorkRequest[int], for type checkers

    def __init__(self, callable_: Callable[..., Any], args: Iterable[Any] | None = None,
                 kwds: Mapping[str, Any] | None = None, requestID: Hashable | None = None,
                 callback: _Callback = None, exc_callback: _Callback = _handle_thread_exception) -> None:
        try:
            hash(requestID)
        except TypeError:
            raise TypeError(f"requestID must be hashable, not {requestID!r}; leave it out to have one") from None
        self.requestID: Hashable = id(self) if requestID is None else requestID
        self.callable, self.args, self.kwds = callable_, args or [], kwds or {}
        self.callback, self.exc_callback = callback, exc_callback
        self.exception = False
        self.exc_info: tuple[type[BaseException], BaseException, Any] | None = None
        self.result = self._context = self._results = None  # type: Any

    def cancel(self) -> bool:
        """Withdraw the request; True if it was waiting, and no worker had begun it.

        >>> pool = ThreadPool(0)                # nobody there to begin it
        >>> request = WorkRequest(print, ["never printed"])
        >>> request.cancel()                    # not put yet
        False
        >>> pool.putRequest(request)
        >>> request.cancel()
        True
        >>> pool.wait()
        True

        Its callbacks are then never called, and it may be put again.  It takes
        10 µs where a thousand others wait: they are searched for this one.
        """
        pool = (results := self._results) and results.pool()
        if found := pool is not None and pool._requests_queue.remove(self):
            self._drop()
        return found

    # What follows is for whoever takes the request from the queue: mostly a
    # worker.

    def _carry_out(self, worker: WorkerThread) -> None:
        outer, worker.request, result, failure = worker.request, self, None, None
        try:
            result = self._context.run(worker.perform, self)
        except BaseException as error:
            failure = error
        worker.request = outer
        self._finish(result, failure)
        del self, worker, outer, result, failure  # this frame is in the traceback

    def _finish(self, result: Any, error: BaseException | None = None) -> None:
        if error is not None:
            self.exception, self.exc_info = True, (type(error), error, error.__traceback__)
        self.result = result
        # A finished request no longer knows the queue that it stands in:
        # they would keep each other alive.
        results, self._results, self._context = self._results, None, None
        if results is not None:  # None if put twice: by two threads at once, or when workRequests was cleared
            results.add(self)

    def _call_back(self) -> WorkRequest:
        callback = self.exc_callback if self.exception and self.exc_callback else self.callback
        if callback:
            callback(self, self.result if self.exc_info is None else self.exc_info)
        return self

    def _drop(self) -> None:
        if (results := self._results) is not None:
            results.pool()._strike_off(self.requestID)
            _call_out(results.pool()._notify)


def makeRequests(callable_: Callable[..., Any], args_list: Iterable[Any], callback: _Callback = None,
                 exc_callback: _Callback = _handle_thread_exception) -> list[WorkRequest]:
    """Make a list of requests, one for each item of `args_list`, in order.

    >>> [request.args for request in makeRequests(abs, [-1, -2])]
    [[-1], [-2]]

    An item that is a tuple holds the arguments: ``(args, kwds)``, a list or
    tuple and a dictionary, either of which may be None or empty.  Any other
    item is the only argument.

    >>> [request] = makeRequests(sorted, [([["b", "A", "c"]], {"key": str.lower})])
    >>> request.args, request.kwds
    ([['b', 'A', 'c']], {'key': <method 'lower' of 'str' objects>})

    A tuple of another form is a TypeError, raised here and not in a worker.
    (In 2006, ``(1, 2)`` was taken for ``args=1, kwds=2``.)

    >>> makeRequests(pow, [(1, 2)])
    Traceback (most recent call last):
        ...
    TypeError: a tuple in args_list must be (args, kwds), a list and a dict, not (1, 2); \
for positional arguments alone write ([1, 2], None)
    """
    return [WorkRequest(callable_, args, kwds, None, callback, exc_callback) for item in args_list
            for args, kwds in [_arguments(item) if isinstance(item, tuple) else ([item], None)]]


def _arguments(item: tuple[Any, ...]) -> tuple[Any, Any]:
    """Split a tuple of `makeRequests` into args and kwds."""
    if len(item) == 2:
        args, kwds = item
        listed = args is None or (isinstance(args, Iterable) and (not isinstance(args, (str, bytes)) or not args))
        if listed and (kwds is None or isinstance(kwds, Mapping) or (isinstance(kwds, Sized) and not len(kwds))):
            return args, kwds
    raise TypeError(f"a tuple in args_list must be (args, kwds), a list and a dict, not {item!r}; "
                    f"for positional arguments alone write ({list(item)!r}, None)")


# The engine: to park and to ring
# ===============================
#
# Three kinds of threads have to wait: a worker for a request, a collector for
# a result, and, where the queue is bounded, a putter for room.  None of them
# polls.  Each hangs up a *bell*, a lock of its own that is locked, and sleeps
# by locking it a second time; whoever has news takes one bell off and rings
# it, that is, releases it.  The first to hang up is the first to be rung.  (To
# ring the last, whose memory is still warm, sounds better, and was slower:
# it has only just gone to sleep.)
#
# What waits for them stands in a `deque`, and there is no lock around the
# two.  So this must not happen:
#
#     1. worker:  looks into the deque, finds it empty
#     2. putter:  appends a request, sees no bell, rings nobody
#     3. worker:  hangs up its bell and sleeps, beside a waiting request
#
# The cure is old (Dekker, 1965): each side first *shows* what it does and
# then *looks* at what the other has shown.  The putter appends, then looks for
# a bell; the worker hangs up its bell, then looks once more into the deque.
# Whichever comes second sees the first.  The price is that both may see each
# other, and the worker, awake, finds its bell taken off: then the ring is on
# its way, and it waits for it, so that it will not be rung out of its next
# sleep instead.
#
# These are the invariants; the code refers to them by number.
#
# 1. A bell is hung up locked, taken off once, and rung once by whoever took
#    it off, unless that is its owner.  Taking off and ringing are a single
#    call into C: a KeyboardInterrupt between the two would leave somebody
#    asleep for ever.
# 2. Whoever hangs up a bell looks once more before going to sleep, at
#    everything that it could be rung for: work, dismissal, the end.
# 3. Whoever shows something rings after showing it.  There is one ring for a
#    request, so whoever was rung but leaves rings another in its place.
# 4. A ring is a hint.  A sleeper that wakes looks again and may find nothing,
#    as somebody who was awake was faster; it parks again.
# 5. A request is *pending* from its put until it is collected.  Whoever finds
#    none pending any more rings every collector: all of them wait for that.
#
# What has to be atomic, with the global lock and without it, is a single
# operation of a deque, a list or a dictionary with keys of built-in types.
# (Two puts of equal IDs of a class of your own may miss each other.)  The
# second look must be such an operation on the deque itself: without the global
# lock, ``bool(deque)`` may be answered from a stale copy.  The putter's look
# for bells may be a plain truth test: its append and the sleeper's second look
# both take the deque's own lock, so one comes first.  If the append does, the
# look finds the item; if the look does, the putter sees all that the sleeper
# did before it, the bell included.  Of the other things looked at (closed,
# dismissed, nothing pending, no worker) a plain test will do: whoever changes
# one takes its turn at the bells afterwards (ring_all, ring_this).

_call = getattr(operator, "call", operator.methodcaller("__call__"))  # calls its argument; new in Python 3.11

# Signals are for the main thread.  One that arrives in the instant before it
# falls asleep is noticed only when it wakes (on Windows so is a later one,
# bpo-29971).  So the main thread alone sleeps in slices, of so many seconds.
_SLICE = 1.0


def _deadline(timeout: float | None) -> float | None:
    return None if timeout is None else monotonic() + timeout


def _seconds_left(deadline: float | None) -> float:
    longest = _SLICE if threading.current_thread() is threading.main_thread() else threading.TIMEOUT_MAX
    return longest if deadline is None else max(0.0, min(deadline - monotonic(), longest))


def _new_bell() -> Any:
    bell = threading.Lock()
    bell.acquire()
    return bell


def _removed(items: deque[Any], item: Any) -> bool:
    """Take this very item out: False if somebody has it already."""
    with suppress(ValueError):
        items.remove(item)
        return True
    return False


def _has_stack(frames: int) -> bool:
    """True, or a RecursionError if there is no room for so many frames."""
    return not frames or _has_stack(frames - 1)


class _Parking:
    """Where threads sleep until they are rung."""

    def __init__(self) -> None:
        self.hung: deque[Any] = deque()  # of each bell its `release`
        # One call takes the first bell off and rings it (invariant 1):
        # hung.popleft()(), or IndexError if none hangs.  (A map that has
        # raised can be asked again.  Both steps go equally deep, so that a stack
        # that has no room for the second has none for the first.)
        self._ring_first = map(_call, map(_call, repeat(self.hung.popleft))).__next__

    def park(self, look: Callable[[], object], seconds: float = -1, bell: Any = None) -> None:
        """Sleep until rung, or not at all if `look` finds something."""
        bell = bell or _new_bell()
        try:
            self.hung.append(bell.release)
            if (look() or not bell.acquire(True, seconds)) and not _removed(self.hung, bell.release):  # invariant 2
                bell.acquire()  # taken off already: its ring is on the way
        except BaseException:  # a KeyboardInterrupt
            if not _removed(self.hung, bell.release):
                self.ring()  # it was rung, or never hung up; to be safe, pass a ring on (invariant 3)
            raise

    def ring(self) -> None:
        """Wake the thread that has slept longest, if there is one."""
        with suppress(IndexError):
            self._ring_first()

    def ring_this(self, bell: Any) -> None:
        """Wake the owner of `bell`, if it sleeps."""
        with suppress(ValueError):  # it hangs no longer
            list(map(_call, [partial(self.hung.remove, bell.release), bell.release]))  # one call (invariant 1)

    def ring_all(self) -> None:
        """Wake every thread that is parked now."""
        self.hung.rotate(0)  # moves nothing, but takes its turn, as len() does not: see above
        with suppress(IndexError):
            deque(map(_call, repeat(self._ring_first, len(self.hung))), maxlen=0)  # one call (invariant 1)


# The queue
# =========
#
# A queue is a deque with a parking for those who wait for its items.  It
# serves twice, for requests and for results.  `qsize`, `empty`, `full`, the
# attribute `queue`, and the requests' `get`, are those of `queue.Queue`, which
# stood here in 2006: programs look at them.


class _Queue:
    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize, self.parking = maxsize, _Parking()
        self.queue, self._hung = deque[Any](), self.parking.hung
        self.arrived: Iterator[Any] = map(deque.popleft, repeat(self.queue))  # the next, or IndexError

    def qsize(self) -> int:
        return len(self.queue)

    def empty(self) -> bool:
        return not self.queue

    def full(self) -> bool:
        return 0 < self.maxsize <= len(self.queue)

    def reaches(self, size: int) -> bool:
        """Whether at least `size` items wait: the second look (invariant 2)."""
        with suppress(IndexError):
            self.queue[size - 1]
            return True
        return False

    def add(self, item: Any) -> None:
        self.queue.append(item)
        if self._hung:
            self.parking.ring()  # invariant 3


class _ResultsQueue(_Queue):
    """Where the workers lay finished requests."""

    pool: weakref.ref[ThreadPool]

    def put(self, pair: tuple[WorkRequest, Any]) -> None:
        """Take ``(request, result)`` from a worker of the user's own making."""
        request, result = pair
        request._results, request.exc_info = self, result if request.exception else None
        request._finish(None if request.exception else result)


# Whoever cannot wait in `ThreadPool.poll`, because an event loop waits already,
# is called when there is something to collect.  The result is shown before the
# call, so a poll that follows it finds it; a call too many does no harm.  The
# pool alone keeps what is to be called, which mostly leads back to the pool.


class _NotifyingQueue(_ResultsQueue):
    """The same, for a pool with a `notify`."""

    def add(self, item: Any) -> None:
        super().add(item)
        if (pool := self.pool()) is not None:
            _call_out(pool._notify)


# The queue of requests can be bounded; a request can be withdrawn from it; and
# it can be *closed*, by a pool that is shut down or has been dropped, or by an
# initializer that failed.  What waits is still served then (after a failed
# initializer, it fails too), but nothing more is let in.
#
# A worker leaves a closed queue when it is empty, and here is a second race:
#
#     1. worker:  finds the queue empty
#     2. putter:  sees it open and appends a request
#     3. closer:  closes it, rings
#     4. worker:  sees it closed, and leaves the request to nobody
#
# So the worker looks whether it is closed *before* its last look into the
# deque, and the putter appends *before* it looks whether it is closed, and
# takes its request back if so; if it is gone, a worker has it, or a shutdown that
# finds no worker left and fails it.  The closer shows by closing, the putter by
# appending, and each look comes after.
#
# Nor does a worker leave while others are at a map (`chunks`), of which they may
# yet put something back.


class _RequestsQueue(_Queue):
    """Where requests wait for a worker."""

    def __init__(self, maxsize: int, initializer: Callable[[], object] = bool, submit: Any = None) -> None:
        super().__init__(maxsize)
        # (bool() does nothing.)  `cancelled` is True once what waits is dropped.
        self.initializer, self.room, self.cancelled, self.submit = initializer, _Parking(), False, submit
        self.chunks: dict[tuple[int, int, bool], list[Any]] = {}  # those under way, see "Maps"
        self.closed: Any = None  # once closed, the exception that a put raises

    def put(self, request: Any) -> None:
        """Queue a request, or raise what the queue was closed with."""
        self.add(request)
        if self.closed is not None and self.remove(request):
            raise type(self.closed)(*self.closed.args)  # a new one, as each gathers a traceback

    def take(self, bell: Any, leave: Callable[[], bool], deadline: float | None = None) -> Any:
        """The oldest request; None for a worker that shall leave, or when the time is up."""
        closed = False
        # (In a closed queue one that is dismissed goes on: perhaps nobody else is left to do it.)
        while not leave() or (self.closed and self.queue):
            try:
                return self.queue.popleft()
            except IndexError:
                if closed:
                    break
            finally:
                if self.room.hung:
                    self.room.ring()  # also if nothing was there: the user may have called queue.clear()
            if self.chunks:
                self.cut()  # nothing waits: perhaps somebody has too much, see "Maps"
            if not (closed := self.closed is not None and not self.chunks):
                if not (left := -1 if deadline is None else max(0.0, deadline - monotonic())):
                    break
                self.parking.park(lambda: self.reaches(1) or leave() or (self.closed and not self.chunks), left, bell)
        if self.queue:
            self.parking.ring()  # invariant 3
        return None

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The oldest request, for a ``run`` of the user's own; `queue.Empty` if there is none in time.

        Futures and maps, of which such a ``run`` knows nothing, are carried out here.
        """
        deadline, worker = _deadline(timeout) if block else 0.0, threading.current_thread()
        if not isinstance(worker, WorkerThread):  # a stand-in, which is never started, carries them out
            worker = WorkerThread.__new__(WorkerThread)
            worker._requests_queue, worker._dismissed, worker.request = self, threading.Event(), None
        while (request := self.take(None, worker._dismissed.is_set, deadline)) is not None:
            if not isinstance(request, (_Future, _Map)):
                return request
            request._carry_out(worker)
            del request
        if self.closed is not None:
            worker._dismissed.set()  # so that its loop ends
        raise queue.Empty

    def remove(self, request: Any) -> bool:
        """Take out this very request: False if somebody has it already."""
        if found := _removed(self.queue, request):
            self.room.ring()
        return found

    def drain(self) -> Iterator[Any]:
        """Take out whatever waits, one by one, and wait for no more: 0.0 is long past, and bool() is False."""
        return iter(partial(self.take, None, bool, 0.0), None)

    def wait_for_room(self, block: bool = True, timeout: float | None = None) -> None:
        """Return when fewer than `maxsize` requests wait, or raise `queue.Full`; never wait in a worker."""
        deadline = _deadline(timeout)
        while self.full() and not self.closed and self.own_worker() is None:
            if not (seconds := block and _seconds_left(deadline)):
                raise queue.Full(f"{self.maxsize} requests wait, as many as q_size allows; put this one later")
            self.room.park(lambda: not self.reaches(self.maxsize) or self.closed, seconds)

    def close(self, reason: Exception | None = None) -> None:
        """Let nothing more in; workers leave when nothing waits."""
        if self.closed is None:
            self.closed = reason or RuntimeError("the pool was shut down and takes no more requests; make a new one")
        self.parking.ring_all()
        self.room.ring_all()

    def cut(self, also_fixed: bool = False) -> None:
        """Have the workers that are at a map put back what they have not begun: see "Maps"."""
        for work in [work for (_, _, fixed), work in list(self.chunks.items()) if also_fixed or not fixed]:
            del work[1:]

    def own_worker(self) -> WorkerThread | None:
        """The current thread, if it is a worker that serves this queue."""
        thread = threading.current_thread()
        return thread if isinstance(thread, WorkerThread) and thread._requests_queue is self else None

    def help(self, request: Any) -> None:
        """Carry out a request that nobody has begun, if this is a worker: see "Futures"."""
        if (worker := self.own_worker()) and _has_stack(15) and self.remove(request):
            request._carry_out(worker)
        del request  # a traceback may lead back to this frame


# Workers
# =======
#
# A worker takes a request, carries it out, and delivers it, until it is told
# to go.  While it waits it refers to the two queues (the link from these to the
# pool is weak) and its own bell, to no pool and to no request: so a pool that is
# simply dropped can be noticed (its queue is closed, and the workers leave), and
# a result lives no longer than its owner wants.
#
# One thing must not be left behind: a traceback refers to the frames that it
# passed, these to the frames that called them, and all of them to their
# variables.  If one of these is the request, and the request keeps the
# traceback, the two keep each other alive.  So every frame that can be reached
# like this deletes the request, or whatever else leads back to the exception.
#
# With an `executor`, the workers have their calls made elsewhere, by processes or
# by other machines (`submit`).  All that is left for them to do is to wait for
# the result.  The number of workers is then the number of calls that are under
# way, and everything else, the queue, the callbacks, the resizing, is as it was.
# Nothing but the callable and its arguments leaves the process.


class WorkerThread(threading.Thread):
    """A thread that carries out requests, from the moment it is made.

    >>> pool = ThreadPool(2)
    >>> [worker.daemon for worker in pool.workers]
    [True, True]

    The pool makes its workers itself.  A subclass, handed to it as ``worker=``,
    may override `perform` to trace, time or redirect what a worker does.

    `request` is what the worker is at: a WorkRequest, a future, a map, or None
    while it waits.  It is for people and debuggers to look at; leave the name to it.

    `requests_queue` and `results_queue` are the pool's; `poll_timeout` is kept
    for a `run` of your own that calls ``self._requests_queue.get(True,
    self._poll_timeout)``; `thread_keywords` go to `threading.Thread`.  Raises
    RuntimeError if the system cannot start another thread.
    """

    def __init__(self, requests_queue: _RequestsQueue, results_queue: _ResultsQueue,
                 poll_timeout: float | None = 5, **thread_keywords: Any) -> None:
        super().__init__(**{"daemon": True, **thread_keywords})
        self._requests_queue, self._results_queue = requests_queue, results_queue
        self._poll_timeout, self._gone, self.request = poll_timeout, False, None  # type: float | None, bool, Any
        self._dismissed, self._bell = threading.Event(), _new_bell()  # rung by putters, by `dismiss` and by `close`
        self.start()

    def run(self) -> None:
        """Carry out requests until dismissed.

        The thread calls this by itself.

        >>> worker = ThreadPool(1).workers[0]      # the pool is dropped at once
        >>> worker.join(10)                        # so its workers leave
        >>> worker.is_alive()
        False
        """
        requests = self._requests_queue
        try:
            if self._initialize():
                while (request := requests.take(self._bell, self._dismissed.is_set)) is not None:
                    request._carry_out(self)
                    del request
        finally:
            # If it was the last, collectors must raise NoWorkersAvailable.
            # First show, then ring: the thread is still alive while it rings.
            self._gone = True
            self._results_queue.parking.ring_all()

    def perform(self, request: WorkRequest) -> Any:
        """Carry out one request: return its result or raise.

        >>> class Shouting(WorkerThread):
        ...     def perform(self, request):
        ...         return super().perform(request).upper()
        >>> with ThreadPool(1, worker=Shouting) as pool:
        ...     pool.putRequest(WorkRequest("{} and {}".format, ["salt", "pepper"]))
        ...     [request.result for request in pool.results()]
        ['SALT AND PEPPER']

        Whatever it raises, SystemExit and KeyboardInterrupt included, is the
        request's failure, and the worker lives on.  (The traceback then leads to
        your own frame and its variable ``request``; if such failures are not
        to wait for the garbage collector, ``del request`` in time, as here.)
        """
        call, args, kwds = request.callable, request.args, request.kwds
        del request  # this frame is in the traceback, too
        submit = self._requests_queue.submit
        return call(*args, **kwds) if submit is None else submit(call, *args, **kwds).result()

    def dismiss(self) -> None:
        """Tell the thread to go as soon as its current request is done.

        >>> pool = ThreadPool(1)
        >>> worker = pool.workers[0]
        >>> worker.dismiss()               # pool.dismissWorkers(1) does this
        >>> worker.join(10)
        >>> worker.is_alive()
        False
        """
        self._dismissed.set()
        self._requests_queue.parking.ring_this(self._bell)

    def _initialize(self) -> bool:
        """Call the pool's initializer; if it fails, so does everything that waits."""
        requests = self._requests_queue
        try:
            requests.initializer()
        except BaseException:
            logging.getLogger("concurrent.futures").critical("Exception in initializer:", exc_info=True)
            broken = concurrent.futures.thread.BrokenThreadPool(
                "a worker's initializer failed, see the log; mend it and make a new pool")
            requests.close(broken)
            for request in requests.drain():
                request._finish(None, type(broken)(*broken.args))
            return False
        return True


# Futures
# =======
#
# What `ThreadPool.submit` puts into the queue is the future itself: whoever
# finds it there, and can take it out, knows that nobody has begun it, and
# that nobody will.  That is how a future is cancelled, and how a worker
# *helps*.
#
# A worker that waits for a future waits for another worker, and if all of them
# do so, nobody is left to do the work:
#
#     1. the only worker takes A, and A submits B
#     2. A asks for the result of B, and waits
#     3. B waits for a worker
#
# But while B stands in the queue, the worker can take it out and carry it out
# there and then, as if it had called it.  So whatever a worker waits for has
# been begun.  The worker that has begun it may wait in its turn, but again for
# something that has been begun: at the end of this chain somebody is at work.
# (Unless a call waits for one that waits for it.)  It helps with that request
# and no other; a stranger might want a lock that it holds, or more stack than
# it has left.  And it must have stack enough to note, in the end, what came of
# it: where it has not, it fails before it has taken anything out, so that
# another may.
#
# A future of the standard library brings a condition, its lock and three lists,
# for those who will wait for it or want to be called back.  Making and freeing
# them takes longer than all the rest, and mostly the result is there before
# anybody asks.  So ours is made *whole* by the first who asks for what it lacks.
# Who asks and who finishes may meet:
#
#     1. worker:  sees that nobody has asked, so that there is nobody to notify
#     2. reader:  asks, finds no result yet, and sleeps
#     3. worker:  sets the result
#
# So the worker sets the result first, and then both try to be the first to set
# `_asked`, which is a single operation (`dict.setdefault`).  If that is the
# worker, the future is *settled*: it is done, by this alone, and whoever makes
# it whole later finds it so.  If it is the reader, the worker does all that the
# standard library has it do.


def _helped(method: Callable[[Any, float | None], Any], attribute: str) -> Callable[[Any, float | None], Any]:
    def helped(self: Any, timeout: float | None = None) -> Any:
        try:
            if self._asked is False and self._exception is None:
                return getattr(self, attribute)
            if timeout is None and (requests := self._requests):
                requests.help(self)
            return method(self, timeout)
        finally:
            del self  # a traceback may lead back to this frame
    return helped


class _Future(concurrent.futures.Future):  # type: ignore[type-arg]
    # A request, too: `callable`, `args`, `kwds`, `requestID` are for `WorkerThread.perform`.
    requestID = property(id)
    _requests = _asked = None  # type: Any
    result = _helped(concurrent.futures.Future.result, "_result")  # type: ignore[assignment]
    exception = _helped(concurrent.futures.Future.exception, "_exception")  # type: ignore[assignment]

    def __init__(self, fn: Callable[..., Any], args: Any, kwds: Any, requests: _RequestsQueue) -> None:
        self.callable, self.args, self.kwds = fn, args, kwds
        self._context, self._requests = copy_context(), requests  # where it waits; None once begun

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there: perhaps somebody wants the whole future."""
        if name in (whole := vars(concurrent.futures.Future())):
            settled = self.__dict__.setdefault("_asked", True) is False
            whole["_state"] = "FINISHED" if settled else "PENDING" if self._requests else "RUNNING"
            list(map(self.__dict__.setdefault, whole, whole.values()))
        return object.__getattribute__(self, name)  # AttributeError if it is not one of these

    def cancel(self) -> bool:
        if (requests := self._requests) and requests.remove(self):
            self._drop()
        return self.cancelled()

    # The methods of a request.

    def _carry_out(self, worker: WorkerThread) -> None:
        self._requests = None
        if self._asked:
            self._state = "RUNNING"
        WorkRequest._carry_out(self, worker)  # type: ignore[arg-type]
        del self, worker

    def _finish(self, result: Any, error: BaseException | None = None) -> None:
        self.callable = self.args = self.kwds = self._context = self._requests = None  # type: ignore[assignment]
        self._result, self._exception = result, error
        if self.__dict__.setdefault("_asked", False):
            # (A done-callback may raise what Future lets pass.)
            _call_out(self.set_result, result) if error is None else _call_out(self.set_exception, error)

    def _drop(self) -> None:
        try:
            super().cancel()
        finally:
            self.set_running_or_notify_cancel()  # without it, `concurrent.futures.wait` would wait for ever
            self.callable = self.args = self.kwds = self._context = self._requests = None  # type: ignore[assignment]


# Maps
# ====
#
# To hand over one call costs some microseconds, and many a call takes less.
# So `ThreadPool.map` hands over *chunks*, and finds out while it goes how long
# they should be.  The worker that takes some inputs from the queue keeps the
# first few of them, puts the rest back, at the end of the queue, for the next
# worker that is free, and goes to work.  So any number of workers can be at one
# map, its first result is there after the first call, and other requests have
# their turn.
#
# - The first chunk is a single input.  As long as chunks are done within
#   `_CHUNK_SECONDS` the next may be twice as long.  After one that was not, or
#   that ended early, the next is a single input again.
# - When calls suddenly become slow, somebody is left with a long chunk.  So a
#   worker that finds nothing to do, and a reader that has waited for a while,
#   *cut* the chunks under way: they shorten the lists that these work from.  A
#   chunk then ends after its current call, and what it has not begun is put
#   back.  Its worker alone knows how far it has come; nobody else needs to.
#   A cut is a hint: it does not ask whose map it is, and one that comes too
#   early is lost.  Chunks of a *fixed* size are cut only to be dropped.
# - One call of a chunk is always left.  Otherwise two idle workers could cut each
#   other's chunks for ever, and never get on.
#
# The map itself is the request.  It stands in the queue as many times as there
# are entries in its list `todo`, so whoever takes it from there finds one.
# Results come in a queue of their own to the reader, who puts them in order by
# the number of the first input.

_CHUNK_SECONDS = 0.002


class _Map:
    def __init__(self, pool: ThreadPool, fn: Callable[..., Any], iterables: Sequence[Iterable[Any]],
                 chunksize: int | None, buffersize: int | None) -> None:
        # (The pool must not be dropped as long as there are inputs to be fed.)
        self.requests, self.callable, self.context = pool._requests_queue, fn, copy_context()
        self.pool, self.single = buffersize and pool, len(iterables) == 1
        self.inputs = chain(iterables[0] if self.single else zip(*iterables))  # asks none again that has ended
        self.fixed, self.size = chunksize is not None, _whole("chunksize", 1 if chunksize is None else chunksize, 1)
        self.buffersize = sys.maxsize if buffersize is None else _whole("buffersize", buffersize, 1)
        self.fed, self.read, self.ended = 0, 0, False  # numbers of inputs, and of results
        self.todo: deque[tuple[int, list[Any]]] = deque()  # number of the first; inputs, the last one first
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()

    # For the reader.

    def feed(self) -> int:
        """Hand over as many inputs as the buffer has room for; return how many there have been."""
        room, batch = self.buffersize - self.fed + self.read, self.size
        if room >= min(batch, (self.buffersize + 1) // 2):  # otherwise it is not worth a chunk
            # In batches, as workers need not wait until all inputs are read.
            while inputs := list(islice(self.inputs, min(batch, room))):
                self.requests.wait_for_room()
                self.todo.append((self.fed, inputs[::-1]))
                self.requests.put(self)
                self.fed, room, batch = self.fed + len(inputs), room - len(inputs), 2 * batch
        return self.fed

    def results(self, ordered: bool, deadline: float | None) -> Generator[Any, None, None]:
        early: dict[int, Any] = {}
        try:
            while self.read < self.feed():
                chunk = early.pop(self.read, None) or self.next_chunk(deadline)
                first, results, failure = chunk
                if ordered and first != self.read:
                    early[first] = chunk
                    continue
                self.read += len(results)
                yield from map(list.pop, repeat(results, len(results)))  # keeps none of them
                if failure:
                    raise failure.pop()
        finally:
            if self.read < self.fed:  # an error, a timeout, or somebody who wants no more
                # (Emptied, as tracebacks of errors that nobody has read may lead back to this frame.)
                self.ended, self.done, early, chunk, failure = True, queue.SimpleQueue(), {}, None, []
                while self.requests.remove(self):
                    self.todo.popleft()
                self.requests.cut(True)

    def next_chunk(self, deadline: float | None) -> Any:
        """Wait for a chunk that is done; in a worker, help with the map before."""
        patience = _CHUNK_SECONDS
        while True:
            if deadline is None and self.done.empty():
                self.requests.help(self)
            seconds = _seconds_left(deadline)
            try:
                return self.done.get(timeout=min(seconds, patience))
            except queue.Empty:
                if not seconds:
                    raise concurrent.futures.TimeoutError(f"result number {self.read} was not there in time") from None
            self.requests.cut()
            patience *= 2

    # For the worker.

    def put_back(self, first: int, inputs: list[Any]) -> None:
        """Leave these to the next worker that is free."""
        if inputs and not self.ended:
            self.todo.appendleft((first, inputs))
            self.requests.add(self)
            if self.requests.cancelled and self.requests.remove(self):  # first show, then look
                self._drop()

    def calls(self, worker: WorkerThread, inputs: Iterator[Any]) -> Iterator[Any]:
        """Do the call for each input, and iterate over the results."""
        if type(worker).perform is WorkerThread.perform and self.requests.submit is None:
            return map(self.callable, inputs) if self.single else starmap(self.callable, inputs)
        # A subclass that has its own way of doing requests sees one for each call.
        return map(worker.perform, map(partial(WorkRequest, self.callable), zip(inputs) if self.single else inputs))

    def _carry_out(self, worker: WorkerThread) -> None:
        outer, worker.request = worker.request, self
        first, inputs = self.todo.popleft()
        # `failure` has the exception, so that whoever raises it can empty it.
        # `finished` gets an item when `work` is at its end: then `left` calls its
        # append, whose None ends `left`, too.  `cut` shortens `work`; `chunk` still
        # tells what it was.
        results, failure, finished, size = list[Any](), list[BaseException](), list[None](), self.size
        chunk = inputs[: -size - 1 : -1]
        del inputs[-size:]
        self.put_back(first + len(chunk), inputs)
        work = self.requests.chunks[id(self), first, self.fixed] = chunk[:]
        left, begun = chain(work, iter(partial(finished.append, None), None)), monotonic()
        try:
            if not self.ended:
                self.context.copy().run(results.extend, self.calls(worker, left))
                if not finished:
                    raise RuntimeError("a call raised StopIteration")  # for `map`, and `extend`, that was the end
        except BaseException as error:
            failure.append(error)
        worker.request, number, quick = outer, len(results) + len(failure), monotonic() - begun <= _CHUNK_SECONDS
        if not self.fixed:
            self.size = max(self.size, 2 * number) if quick and number == len(chunk) else 1
        self.put_back(first + number, chunk[number:][::-1])
        del self.requests.chunks[id(self), first, self.fixed]
        self.done.put((first, results[::-1], failure))
        if self.requests.closed:
            self.requests.parking.ring_all()  # to those who have waited for this work before they leave
        del self, worker, outer, chunk, inputs, work, left, results, failure  # this frame is in the traceback

    def _finish(self, result: None, error: BaseException) -> None:
        self.done.put((self.todo.popleft()[0], [], [error]))

    def _drop(self) -> None:
        self._finish(None, concurrent.futures.CancelledError())


# The pool
# ========
#
# The pool ties it together: a queue of requests, a queue of results, a list
# of workers, and the dictionary `workRequests` of all that has been put and
# not yet collected.
#
# Two rules about this dictionary.  A request is registered *before* it is
# queued, for it may be finished before `putRequest` returns.  And it is struck
# off *before* its callbacks are called, so that one that raises leaves the
# books in order.  A result whose request is not registered, because
# somebody has cleared the dictionary, is dropped.
# Whoever strikes off the last rings every collector (invariant 5).
#
# A put takes no lock that another call may hold (but the first after a fork):
# a signal handler or a finalizer may put a request, in the middle of another
# put of the same thread.

_pools: weakref.WeakSet[ThreadPool] = weakref.WeakSet()  # see "After a fork"


class ThreadPool(concurrent.futures.Executor):
    """A pool of worker threads, with a queue of requests and one of results.

    >>> pool = ThreadPool(2)
    >>> pool.putRequests(makeRequests(len, ["a", "bc"]))
    >>> sorted(request.result for request in pool.results())
    [1, 2]

    It is a `concurrent.futures.Executor` as well; both kinds of work may be
    mixed.  A ``with`` block that ends well collects all results, with their
    callbacks, and shuts the pool down.  One that an exception ends drops what
    is queued and waits for what is under way, except on KeyboardInterrupt and
    SystemExit, which leave it at once.

    `num_workers` threads start at once; None means as many as
    `concurrent.futures.ThreadPoolExecutor` would take, the number of
    processors plus 4, but at most 32.  `max_workers` is that class's name for
    it.  The threads are named `thread_name_prefix` and a number.

    `q_size` bounds how many requests may wait for a worker; 0 or less means
    any number.  See `putRequest`.

    ``initializer(*initargs)`` is called in each worker, also in one that is
    added later, before its first request.  When one raises, that is logged,
    whatever waits fails with `concurrent.futures.thread.BrokenThreadPool`, and
    putting more raises it.

    ``notify()`` is called whenever `poll` would find something new: by the
    worker that has finished a request, or the thread that has withdrawn one.
    A window or an event loop has it schedule a `poll`, and needs no timer, for
    instance ``notify=lambda: loop.call_soon_threadsafe(poll)``.  Some of these
    polls find nothing, and the end may be told twice.  What ``notify`` raises is
    logged and costs nothing else.

    `worker` is the class of the workers.  With an `executor`, any of the kind
    that `concurrent.futures` describes, they hand their calls on to that, one at
    a time, and wait: processes do the work then, or other machines.

    `resq_size` and `poll_timeout` are accepted for the sake of old programs and
    mean nothing: a bound on results could deadlock, and workers do not poll.

    `workers` lists the threads at work, `dismissedWorkers` those that were
    dismissed and not yet joined, and `workRequests` what has been put and not
    yet collected, by `requestID`.

    In a forked child the pool is empty, and its workers start with the first
    request.

    >>> ThreadPool(2, thread_name_prefix="ham")
    <ThreadPool 'ham': 2 workers, 0 busy, 0 queued, 0 uncollected>
    """

    _number = count().__next__

    def __init__(self, num_workers: int | None = None, q_size: int = 0, resq_size: int = 0,
                 poll_timeout: float | None = None, *, initializer: Callable[..., object] | None = None,
                 initargs: tuple[Any, ...] = (), max_workers: int | None = None, thread_name_prefix: str = "",
                 notify: Callable[[], object] | None = None, worker: type[WorkerThread] = WorkerThread,
                 executor: concurrent.futures.Executor | None = None) -> None:
        for name, given in (("initializer", initializer), ("notify", notify)):
            if given is not None and not callable(given):
                raise TypeError(f"{name} must be a callable, not {given!r}")
        self._q_size = _whole("q_size", q_size, float("-inf"))
        self._initializer = partial(initializer, *initargs) if initializer is not None else bool
        self._worker_class, self._submit = worker, None if executor is None else executor.submit
        self._worker_number, self._notify = count().__next__, bool if notify is None else notify
        self._thread_name_prefix = thread_name_prefix or f"ThreadPool-{ThreadPool._number()}"
        self._start_empty()
        _pools.add(self)
        self.createWorkers(_how_many(num_workers, max_workers))

    def _start_empty(self) -> None:
        self.workers: list[WorkerThread] = []
        self.dismissedWorkers: list[WorkerThread] = []
        self.workRequests: dict[Hashable, WorkRequest] = {}
        requests = self._requests_queue = _RequestsQueue(self._q_size, self._initializer, self._submit)

        # When the pool is dropped, its workers do what waits, then leave, and
        # nobody is there to collect their results.
        def close_both(_: object, at_exit: Callable[[], bool] = sys.is_finalizing) -> None:
            if not at_exit():
                requests.close()
                results.queue, results.arrived = deque(maxlen=0), iter(())  # keeps nothing

        results = self._results_queue = _ResultsQueue() if self._notify is bool else _NotifyingQueue()
        results.pool = weakref.ref(self, close_both)
        # Held by whoever starts or moves a worker, or counts those left.
        # Re-entrant, as a signal handler may do that too.
        self._roster = threading.RLock()

    def __repr__(self) -> str:
        busy = sum(getattr(worker, "request", None) is not None for worker in self.workers + self.dismissedWorkers)
        return (f"<{type(self).__name__} {self._thread_name_prefix!r}: {len(self.workers)} workers, {busy} busy, "
                f"{self._requests_queue.qsize()} queued, {self._results_queue.qsize()} uncollected>")

    # Growing and shrinking.

    def createWorkers(self, num_workers: int, poll_timeout: float | None = 5) -> None:
        """Add `num_workers` workers, which serve the backlog at once.

        >>> pool = ThreadPool(0)
        >>> pool.putRequest(WorkRequest(len, ["four"]))
        >>> pool.createWorkers(1)
        >>> [request.result for request in pool.results()]
        [4]

        `poll_timeout` means nothing to `WorkerThread`.  Raises ValueError if
        the number is negative, TypeError if it is not a whole number, and
        RuntimeError when the system cannot start that many threads: those that
        did start are at work, and `workers` lists just them.
        """
        for _ in range(_whole("num_workers", num_workers, 0)):
            name = f"{self._thread_name_prefix}_{self._worker_number()}"
            with self._roster:
                worker = self._worker_class(self._requests_queue, self._results_queue, poll_timeout, name=name)
                self.workers.append(worker)

    def dismissWorkers(self, num_workers: int, do_join: bool = False) -> None:
        """Tell `num_workers` workers to go, or all if there are fewer.

        >>> pool = ThreadPool(3)
        >>> pool.dismissWorkers(2)
        >>> len(pool.workers), len(pool.dismissedWorkers)
        (1, 2)
        >>> pool.joinAllDismissedWorkers()
        >>> pool.dismissedWorkers
        []

        One that has nothing to do goes at once, the others when their current
        request is done; nothing that waits is lost or reordered.  With
        `do_join` the call returns when they are gone.  (In 1.3.2 that took up
        to five seconds, and a dismissed worker put the request it had just
        taken back at the end of the queue.)
        """
        with self._roster:
            first = max(0, len(self.workers) - _whole("num_workers", num_workers, 0))
            dismissed, self.workers[first:] = self.workers[first:], []
            for worker in dismissed:
                worker.dismiss()
            self.dismissedWorkers += dismissed
        if do_join:
            self._join(dismissed)

    def joinAllDismissedWorkers(self) -> None:
        """Wait until every worker that was dismissed is gone.

        >>> pool = ThreadPool(2)
        >>> pool.dismissWorkers(2)
        >>> pool.joinAllDismissedWorkers()
        >>> pool.workers + pool.dismissedWorkers
        []
        """
        self._join(self.dismissedWorkers)

    def _join(self, workers: list[WorkerThread]) -> None:
        others = set(workers) - {threading.current_thread()}
        for worker in others:
            worker.join()
        with self._roster:
            for roster in (self.workers, self.dismissedWorkers):
                roster[:] = [worker for worker in roster if worker not in others]

    # Requests in.

    def putRequest(self, request: WorkRequest, block: bool = True, timeout: float | None = None) -> None:
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
        ``block=False`` it does so at once.  The pool's own workers are never
        held up like this, and when several threads put at once the bound may be
        overshot by as many.

        It may be called from any thread, from callbacks, workers, signal
        handlers and finalizers.  Raises ValueError if this request, or another
        of the same `requestID`, is still pending; TypeError if it is no
        WorkRequest; RuntimeError after `shutdown` or the end of a ``with`` block;
        BrokenThreadPool if an initializer failed.
        """
        if not isinstance(request, WorkRequest):
            raise TypeError(f"a WorkRequest is wanted, not {request!r}; make one with WorkRequest or makeRequests")
        requests, pending, key = self._requests_queue, self.workRequests, request.requestID
        there = request._results and request._results.pool()
        if key in pending or (there is not None and there.workRequests.get(key) is request):
            raise ValueError(f"a request with the requestID {key!r} is pending; collect it before this one is put")
        request.exception = request.exception and request.exc_info is None  # True if somebody has set it by hand
        request.result = request.exc_info = None
        try:
            if requests.maxsize > 0:
                requests.wait_for_room(block, timeout)
            request._context, request._results = copy_context(), self._results_queue
            if pending.setdefault(key, request) is not request:
                raise ValueError(f"a request with the requestID {key!r} has just been put by another thread")
            requests.put(request)
        except BaseException:  # undo all of it; if a worker has it already, its result will be dropped
            try:
                if pending.get(key) is request:
                    del pending[key]  # first, so that nothing is pending that is nowhere; no call, for a full stack
                    self._strike_off(key)
                requests.remove(request)
                requests.room.ring()  # invariant 3: we may have been rung for this room
            finally:
                requests.parking.ring()  # a second KeyboardInterrupt may leave it there, and no worker rung
            raise
        if not self.workers:
            self._results_queue.parking.ring_all()  # collectors who may now wait in vain

    def putRequests(self, requests: Iterable[WorkRequest]) -> None:
        """Queue many requests, in order; or one, as in the example of 2006.

        >>> pool = ThreadPool(1)
        >>> pool.putRequests(makeRequests(abs, [-1, -2]))
        >>> pool.putRequests(WorkRequest(abs, [-3]))
        >>> [request.result for request in pool.results()]
        [1, 2, 3]

        Each is put as by `putRequest`.  If one cannot be, the error surfaces,
        and those before it have been put.
        """
        for request in [requests] if isinstance(requests, WorkRequest) else requests:
            self.putRequest(request)

    def _strike_off(self, key: Hashable) -> None:
        """Take a request off the books; if it was the last, ring every collector."""
        self.workRequests.pop(key, None)
        if not self.workRequests:
            self._results_queue.parking.ring_all()  # invariant 5

    # Results out.

    def poll(self, block: bool = False, timeout: float | None = None) -> None:
        """Handle all results that have arrived: call their callbacks, here.

        >>> def show(request, result):
        ...     print(result)
        >>> pool = ThreadPool(1)
        >>> pool.putRequest(WorkRequest(len, ["abc"], callback=show))
        >>> pool.poll(block=True)
        Traceback (most recent call last):
            ...
        threadpool.NoResultsPending: no request is pending; put one first

        It raises NoResultsPending when no request is pending, or none is left.
        (The callback above has printed 3 all the same.)  With ``block=True`` it
        waits for the rest, until it can raise that, or for `timeout` seconds.

        Results come in the order in which the requests were completed.  What a
        callback raises leaves this call, and costs nothing else: the next call
        goes on with the next result.

        A call that waits raises NoWorkersAvailable when requests wait, no
        result has arrived and no worker is left (a dismissed one that is still
        at a request counts); RuntimeError in a worker of this pool, which would
        wait for itself.
        """
        deadline = self._wait_until(timeout) if block else None
        while taken := self._take_result(block, deadline):
            taken.pop()._call_back()

    def wait(self, timeout: float | None = None) -> bool:
        """Handle results until all are in; False if `timeout` seconds were too few.

        >>> def show(request, result):
        ...     print(result)
        >>> pool = ThreadPool(2)
        >>> pool.putRequests(makeRequests(len, ["abc"], show))
        >>> pool.wait()
        3
        True

        It is ``poll(block=True)`` without the exception.  Any number of threads
        may wait, each calls the callbacks of the results that it gets, and all
        of them return.  A callback may wait, too.
        """
        deadline = self._wait_until(timeout)
        while True:
            with suppress(NoResultsPending):
                while deadline is None:
                    self.poll(True)  # a subclass may override poll, and take no timeout
                ThreadPool.poll(self, True, deadline - monotonic())
                return False
            if not self.workRequests:  # otherwise it was another pool's, which a callback has let out
                return True

    def results(self, timeout: float | None = None) -> Generator[WorkRequest, None, None]:
        """Iterate over finished requests as they come, until all are in.

        >>> pool = ThreadPool(1)
        >>> pool.putRequests(makeRequests(str.title, ["one", "two"]))
        >>> for request in pool.results():
        ...     print(request.args, request.result)
        ['one'] One
        ['two'] Two

        The callback of each has been called when it appears here.  Raises
        TimeoutError `timeout` seconds after the first was asked for, otherwise what `poll`
        raises while it waits.  A progress bar is
        ``tqdm(pool.results(), total=len(pool.workRequests))``.
        """
        deadline = self._wait_until(timeout)
        while self.workRequests:
            with suppress(NoResultsPending):  # ours, or one that a callback has let out
                while taken := self._take_result(True, deadline):
                    yield taken.pop()._call_back()
                raise TimeoutError(f"{len(self.workRequests)} requests are still pending after {timeout} seconds")

    def _take_result(self, block: bool, deadline: float | None) -> list[WorkRequest]:
        """Strike off the next that has arrived: in a list, so that nobody keeps it, empty if none is here in time."""
        results, pending = self._results_queue, self.workRequests
        taken: list[WorkRequest] = []
        try:
            while True:
                try:
                    while True:
                        # taken.append(queue.popleft()), in one call into C: a KeyboardInterrupt
                        # between the two would leave the request registered for ever.
                        taken.extend(islice(results.arrived, 1))
                        if pending.get(taken[0].requestID) is taken[0]:
                            self._strike_off(taken[0].requestID)
                            return taken
                        taken.clear()
                except IndexError:
                    if not pending:
                        raise NoResultsPending("no request is pending; put one first") from None
                # Nothing has arrived, and something is pending: sleep, or give up.
                if not (seconds := block and _seconds_left(deadline)):
                    return taken
                results.parking.park(lambda: results.reaches(1) or not pending or self._stranded(), seconds)
                # In this order: a worker delivers before it is gone.
                if self._requests_queue.queue and not results.queue and self._stranded() and not results.reaches(1):
                    raise NoWorkersAvailable(f"{len(pending)} pending, and no worker is left; call createWorkers")
        except BaseException:
            # Put back what we took, on the books and into the queue, and pass
            # on a ring that we may have used up.
            pending.update({request.requestID: request for request in taken if request.requestID not in pending})
            results.queue.extendleft(taken)
            results.parking.ring_all()  # invariants 3 and 5
            raise

    def _stranded(self) -> bool:
        """Whether requests wait, and no worker is left to take them."""
        with self._roster:
            # A `run` of the user's own may not set _gone.  (Of ours nobody asks is_alive: before
            # Python 3.13, a KeyboardInterrupt there makes it say False from then on, bpo-45274.)
            workers = [worker for worker in self.workers + self.dismissedWorkers if not getattr(worker, "_gone", False)]
            at_work = [type(worker).run is WorkerThread.run or worker.is_alive() for worker in workers]
            return not any(at_work) and not self._requests_queue.empty()

    def _wait_until(self, timeout: float | None) -> float | None:
        if self._requests_queue.own_worker() is not None:
            raise RuntimeError("a worker cannot wait for its own pool, which waits for it; use callbacks or poll()")
        return _deadline(timeout)

    # The executor.

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwds: Any) -> concurrent.futures.Future[Any]:
        """Queue the call ``fn(*args, **kwds)``; return a `concurrent.futures.Future`.

        >>> with ThreadPool(2) as pool:
        ...     future = pool.submit(int, "ff", base=16)
        ...     future.result()
        255

        `concurrent.futures.wait`, `asyncio.wrap_future` and whatever else
        takes such a future take this one.  The call is made in a copy of the
        caller's context.  Where `q_size` requests wait, submitting waits, too.

        A worker that asks for the result (or the exception) of a future of its
        own pool, without a timeout, makes the call itself if nobody has begun
        it.  So nested calls that do this cannot deadlock:

        >>> def factorial(n):
        ...     return n * pool.submit(factorial, n - 1).result() if n else 1
        >>> with ThreadPool(1) as pool:
        ...     pool.submit(factorial, 5).result()
        120

        Raises RuntimeError after `shutdown`, and
        `concurrent.futures.thread.BrokenThreadPool` if an initializer failed.
        """
        future = _Future(fn, args, kwds, self._requests_queue)
        self._requests_queue.wait_for_room()
        self._requests_queue.put(future)
        return future

    def map(self, fn: Callable[..., Any], /, *iterables: Iterable[Any], timeout: float | None = None,
            chunksize: int | None = None, buffersize: int | None = None,
            ordered: bool = True) -> Generator[Any, None, None]:
        """Call `fn` with each input; return an iterator over the results, in order.

        >>> with ThreadPool(2) as pool:
        ...     list(pool.map(pow, [2, 3, 4], [10, 4, 2]))
        [1024, 81, 16]

        Several `iterables` give an argument each, until one of them ends.  All
        inputs are read at once, and all calls made even if no result is read.
        The first error is raised in its place, and what has not begun then is
        dropped; so it is when the iterator is closed after something was read.
        `timeout` is in seconds from this call; after that, reading what is not
        there raises `concurrent.futures.TimeoutError`.

        Cheap calls are handed over many at a time, slow ones one by one.
        `chunksize` sets a number instead.  What is handed over together shares
        a worker and a copy of the context, so calls that wait for one another,
        or for their results to be read, need ``chunksize=1``.

        With `buffersize` the inputs are read in the thread that reads the
        results, and at most so many ahead of it: they may be endless.  With
        ``ordered=False`` results come as they are ready.

        >>> from itertools import count, repeat
        >>> with ThreadPool(2) as pool:
        ...     powers = pool.map(pow, repeat(3), count(), buffersize=10)
        ...     next(power for power in powers if power > 50)
        81

        In a worker of the same pool, reading does what nobody has begun, as
        with `submit`; the errors are the same, and ValueError for a
        size below 1.  (`buffersize` is Python 3.14's; `ordered` is what
        `multiprocessing.pool` spells ``imap_unordered``.)
        """
        deadline = _deadline(timeout)
        job = _Map(self, fn, iterables, chunksize, buffersize)
        job.feed()
        return job.results(ordered, deadline)

    # The end.

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let nothing more in, and the workers go when they have done what is queued.

        >>> pool = ThreadPool(1)
        >>> future = pool.submit(abs, -1)
        >>> pool.shutdown()
        >>> future.result(), pool.workers
        (1, [])
        >>> pool.submit(abs, -2)
        Traceback (most recent call last):
            ...
        RuntimeError: the pool was shut down and takes no more requests; make a new one

        With `wait` it returns when they are gone (all but a worker that calls
        it).  `cancel_futures` drops what nobody has begun: futures and maps are
        cancelled, requests no longer pending.  Where no worker is left, what
        waits fails with NoWorkersAvailable.  Results may be collected afterwards.
        """
        requests = self._requests_queue
        requests.close()
        requests.cancelled |= cancel_futures
        requests.cut(cancel_futures)
        for request in requests.drain() if cancel_futures else ():
            request._drop()
        if wait:
            self._join(self.workers + self.dismissedWorkers)
        for request in requests.drain() if self._stranded() else ():
            request._finish(None, NoWorkersAvailable("shut down without a worker; call createWorkers before that"))

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        try:
            if exc_type is None:
                self.wait()
        except BaseException as error:
            exc_type = type(error)
            raise
        finally:
            at_once = exc_type is not None and issubclass(exc_type, (KeyboardInterrupt, SystemExit))
            self.shutdown(wait=not at_once, cancel_futures=exc_type is not None)

    def _check(self) -> None:
        """Assert what must hold whenever no call is under way (for the tests)."""
        assert all(request.requestID == key for key, request in self.workRequests.items())
        for parking in (self._requests_queue.parking, self._requests_queue.room, self._results_queue.parking):
            with suppress(IndexError):  # the end
                # (While we look, a bell may be taken off, and hung up again.  For the `partial` see "After a fork".)
                assert all(isinstance(ring, partial) or ring.__self__.locked() or ring not in parking.hung
                           or ring.__self__.locked() for ring in map(parking.hung.__getitem__, count()))  # invariant 1
        assert not set(self.workers) & set(self.dismissedWorkers)
        with suppress(IndexError):
            assert all(not isinstance(request, WorkRequest) or request.requestID in self.workRequests
                       for request in map(self._requests_queue.queue.__getitem__, count()))


def _whole(name: str, number: Any, least: float) -> int:
    if not hasattr(number, "__index__"):
        raise TypeError(f"{name} must be a whole number, not {number!r}")
    if operator.index(number) < least:
        raise ValueError(f"{name} must be greater than {least - 1}, not {number!r}")
    return operator.index(number)


def _how_many(num_workers: int | None, max_workers: int | None) -> int:
    if max_workers is not None:
        if num_workers is not None:
            raise TypeError("num_workers and max_workers are two names for one thing; give one of them")
        return _whole("max_workers", max_workers, 1)
    most = min(32, (getattr(os, "process_cpu_count", os.cpu_count)() or 1) + 4)
    return most if num_workers is None else _whole("num_workers", num_workers, 0)


# After a fork
# ============
#
# `os.fork` copies the memory, but of all threads only the one that called it.
# What the others held, locks included, stays held for ever, so the child's
# pools get everything new.  Their workers start with the first request: on
# the parking hangs a false bell, and whoever rings it to wake a worker creates
# the workers instead.


def _first_ring(pool: weakref.ref[ThreadPool], num_workers: int) -> None:
    if (there := pool()) and there._requests_queue.closed is None:
        there.createWorkers(num_workers)


def _after_fork() -> None:
    for pool in list(_pools):
        before, number = pool._requests_queue, len(pool.workers)
        pool._start_empty()
        pool._requests_queue.closed = before.closed
        if number and before.closed is None:
            pool._requests_queue.parking.hung.append(partial(_first_ring, weakref.ref(pool), number))
        # If it was a worker who forked, it is the child's main thread now; it
        # must find nothing more to do when its request is done.
        before.cut(True)
        before.queue, before.cancelled, before.closed = deque(), True, RuntimeError("left in the parent of a fork")


getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_after_fork)


# The demo
# ========
#
# ``python threadpool.py [FOLDER ...]`` computes the SHA-256 of every file
# below and prints a manifest, as ``sha256sum`` would, for ``sha256sum -c`` to
# check.  It is a good job for threads: while one waits for the disk another
# computes, and `hashlib` lets go of the global lock meanwhile.  The steps are
# numbered in `_print_manifest`.


def _digest(path: bytes, output: os.stat_result) -> str | None:
    """The SHA-256 of a file, read piece by piece; None for a pipe or the like, and for our own output."""
    if os.path.samestat(status := os.stat(path), output) or not stat.S_ISREG(status.st_mode):
        return None
    digest, piece = hashlib.sha256(), memoryview(bytearray(1 << 18))
    with open(path, "rb", buffering=0) as file:
        while size := file.readinto(piece):
            digest.update(piece[:size])
    return digest.hexdigest()


def _line(digest: str, name: bytes) -> bytes:
    """A line of the manifest; a backslash at its start says that the name is escaped."""
    name = b"./-" if name == b"-" else name  # the plain one is sha256sum's standard input
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return b"%s%s  %s\n" % (b"\\" * (escaped != name), digest.encode(), escaped)


def _find_files(folders: list[bytes], onerror: Callable[[OSError], object]) -> Iterator[bytes]:
    """The path of every file below; links to folders are not followed."""
    for folder, _, names in chain.from_iterable(os.walk(top, onerror=onerror) for top in folders):
        yield from (os.path.join(folder, name) for name in names)


def _print_manifest(folders: list[bytes], num_workers: int) -> int:
    """Hash every file below the folders; 1 if any could not be read, else 0."""
    output, failures = os.fstat(sys.stdout.fileno()), []
    prefix = len(os.path.join(folders[0], b"")) if len(folders) == 1 else 0
    bar = argparse.Namespace(total=0, update=bool, clear=bool, close=bool)  # bool() does nothing
    with suppress(ImportError):  # a progress bar, if tqdm is installed and anybody is there to see it
        from tqdm import tqdm  # type: ignore[import-untyped,unused-ignore]
        bar = tqdm(total=0, unit=" file", disable=sys.stderr is None or not sys.stderr.isatty())

    # 1. Callbacks.  They run in this thread, so they may print, count and draw without a lock.
    def show(request: Any, digest: str | None) -> None:
        if digest:
            bar.clear()
            sys.stdout.buffer.write(_line(digest, request.args[0][prefix:]))
            sys.stdout.buffer.flush()
        bar.update()

    def report(request: Any, exc_info: Any) -> None:
        complain(exc_info[1], request.args[0])
        bar.update()

    def complain(error: Any, path: bytes) -> None:
        failures.append(path)
        bar.clear()
        _say(f"{os.fsdecode(path)!r}: {getattr(error, 'strerror', error)}")

    # 2. A pool.  When 100 files wait, `putRequest` waits too, so that a large
    #    tree does not fill the memory.
    pool = ThreadPool(1, q_size=100)
    for file in _find_files(folders, lambda error: complain(error, error.filename)):
        bar.total += 1
        # 3. Requests, one a file.
        pool.putRequest(WorkRequest(_digest, [file, output], callback=show, exc_callback=report))
        with suppress(NoResultsPending):
            pool.poll()  # 4. Results, as many as have come: calls the callbacks.
        # 5. If there is more to do than its workers can, the pool grows ...
        pool.createWorkers(max(0, min(num_workers, len(pool.workRequests)) - len(pool.workers)))
    for _ in pool.results():  # 6. ... and at the end those go who have nothing left to do.
        pool.dismissWorkers(max(0, len(pool.workers) - len(pool.workRequests)))
    bar.close()
    return 1 if failures else 0


def _main(arguments: list[str] | None = None) -> int:
    """Print the SHA-256 of every file below the folders, computed by a pool of threads.

    Check it with `sha256sum -c` from that folder, or, if several are given,
    from the current one.  The status is 1 if a file could not be read, 2 if a
    folder does not exist.
    """
    parser = argparse.ArgumentParser(description=_main.__doc__)
    parser.add_argument("folders", nargs="*", default=["."], metavar="FOLDER", help="the current one if left out")
    parser.add_argument("-w", type=int, default=os.cpu_count() or 1, metavar="N", help="workers, else %(default)s")
    options = parser.parse_args(arguments)
    problems = [f"there is no folder {folder!r}" for folder in options.folders if not os.path.isdir(folder)]
    problems += [f"-w must be at least 1, not {options.w}"] if options.w < 1 else []
    problems += ["standard output is closed"] if sys.stdout is None else []
    if problems:
        return _say(problems[0], 2)
    try:
        return _print_manifest([os.fsencode(folder) for folder in options.folders], options.w)
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # from our own output; spare the interpreter its last attempt to write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        # (141 is for ``| head``, which has seen enough.)
        return 141 if isinstance(error, BrokenPipeError) else _say(f"the manifest cannot be written: {error.strerror}")


def _say(line: str, status: int = 1) -> int:
    """Print a line on stderr; if that is closed or full, it is no reason to stop.  Return the status."""
    with suppress(OSError):
        os.write(2, os.fsencode(f"threadpool.py: {line}\n"))  # not by sys.stderr, which would try again at exit
    return status


if __name__ == "__main__":
    sys.exit(_main())
