"""Runs a few threads in every order that matters, up to a number of preemptions.

Threads are hard to test because the operating system decides when to switch between them.  Here the
test decides.  The threads are real and run the real code, but one at a time: before each *step*, an
operation on something that they share, a thread says what it is about to do, and the scheduler
chooses who does the next step.  All choices of a run together are a *schedule*.  A case is run again
and again, each time with the last choice changed that can be changed, until every schedule has been
seen.

Few bugs need more than two *preemptions*, switches away from a thread that could have gone on
(Musuvathi and Qadeer, 2007).  So a walk has a bound on these.

The page beside this file, index.rst, explains it with an example.  The file needs nothing but the
standard library: take it along.
"""

import collections
import contextlib
import gc
import itertools
import logging
import os
import queue
import threading
import types
import typing

TIMEOUT = 60  # seconds in which a run comes to rest, or something waits that is not under control
LONGEST = 2000  # steps of a run


# Steps and choices
# =================


class Step(typing.NamedTuple):
    """What a thread is about to do: the number of what it touches (0 is everything), and how."""

    thing: int
    kind: str  # "read", "write", "acquire" or "release"

    def meets(self, other):
        """Whether the outcome may depend on which of the two comes first.

        Two reads may be exchanged.  An acquisition that waits for a release cannot come before it.
        """
        same_thing = self.thing == other.thing or 0 in (self.thing, other.thing)
        return same_thing and {self.kind, other.kind} not in ({"read"}, {"acquire", "release"})


class Choice:
    """Who could do the next step, who was chosen, and who else is worth a try."""

    def __init__(self, ready, last, preemptions):
        self.ready = ready  # the steps that can be done, by the number of the thread
        self.last = last  # the thread that did the step before
        self.preemptions = preemptions  # how many there have been before this choice
        self.chosen = last if last in ready else min(ready)
        self.tried = set()
        self.worth_trying = set() if last in ready else set(ready)

    @property
    def step(self):
        return self.ready[self.chosen]

    def preemptions_with(self, number):
        """How many there are after this choice, if it is this thread."""
        is_preemption = number != self.last and self.last in self.ready
        return self.preemptions + is_preemption

    def change(self, bound):
        """Choose another thread; False if there is none within the bound."""
        self.tried.add(self.chosen)
        for number in sorted(self.worth_trying - self.tried):
            if self.preemptions_with(number) <= bound:
                self.chosen = number
                return True
        return False


# One run
# =======


class Abandoned(BaseException):
    """Ends the threads of a run that is over."""


class Wrong(AssertionError):
    """Something went wrong in a schedule: its cause is the error, its text the schedule."""


def _locked_lock():
    lock = threading.Lock()
    lock.acquire()
    return lock


class Run:
    """A case, run once: first along the choices in `path`, then with new choices, which are added there."""

    current = None
    hashes = itertools.count()  # of threads: an address would be another one in each run

    def __init__(self, path):
        self.path = path
        self.depth = 0  # how many steps have been done
        self.first = 0  # how many of them before the present act: these choices stay as they are
        self.last = None  # the thread that did the last one
        self.time = 0.0
        self.threads = []
        self.numbers = {id(None): 0}
        self.things = [None]  # kept, so that no other has the same address
        self.errors = []
        self.over = False
        self.at_rest = _locked_lock()

    def adopt(self, thread):
        """Number a new thread.  Its first step is its start."""
        thread.in_run = self
        thread.number = len(self.threads)
        thread.turn = _locked_lock()
        thread.announce(Step(-1 - thread.number, "write"))
        self.threads.append(thread)

    def number_of(self, thing):
        """Things are numbered in the order of their use, which is part of a schedule."""
        if id(thing) not in self.numbers:
            self.numbers[id(thing)] = len(self.things)
            self.things.append(thing)
        return self.numbers[id(thing)]

    def hand_over(self, thread):
        """Let the next thread do its step, and wait until it is this one's turn again."""
        chosen = None if self.errors else self.choose()
        if chosen is thread:
            return
        turn = self.at_rest if chosen is None else chosen.turn
        turn.release()
        if thread is not None and thread.step is not None:
            thread.turn.acquire()

    def choose(self):
        """The thread that does the next step; None if all have ended or sleep."""
        alive = [thread for thread in self.threads if thread.step is not None]
        ready = [thread for thread in alive if thread.ready() or (thread.timed and not thread.early)]
        if not ready:
            ready = [thread for thread in alive if thread.timed]  # nobody else moves: time passes
        if not ready:
            return None
        steps = {thread.number: thread.step for thread in ready}
        if self.depth == len(self.path):
            self.path.append(self.new_choice(steps))
        choice = self.path[self.depth]
        if choice.ready != steps:
            self.errors.append(AssertionError("not the same as before"))
            return None
        if self.depth == LONGEST:
            self.errors.append(AssertionError("no end in sight"))
            return None
        self.depth += 1
        self.last = choice.chosen
        thread = self.threads[choice.chosen]
        thread.early = thread.early or not thread.ready()
        return thread

    def new_choice(self, steps):
        preemptions = 0
        if self.path:
            before = self.path[-1]
            preemptions = before.preemptions_with(before.chosen)
        return Choice(steps, self.last, preemptions)

    def go(self):
        """Let the threads go on until all of them have ended or sleep: an act."""
        self.first = self.depth
        for choice in self.path[: self.depth]:
            choice.worth_trying.clear()
        self.hand_over(None)
        assert self.at_rest.acquire(timeout=TIMEOUT), "a thread waits for what is not under control"
        self.find_what_is_worth_trying()

    def find_what_is_worth_trying(self):
        """Before a step that meets a later one of another thread, another thread is worth a try.

        Where no later step meets it, to switch only delays what nobody else looks at.  If the switch
        would bring such a step about, it does so too where it is made somewhat later, before the next
        step that meets another; from that run we learn that it is worth a try here.
        """
        later = collections.defaultdict(set)
        for thread in self.threads:
            if thread.step is not None:
                later[thread.step.thing].add((thread.number, thread.step))
        for choice in reversed(self.path[self.first :]):
            if choice.step.thing:
                others = later[choice.step.thing] | later[0]
            else:
                others = set().union(*later.values())
            if any(number != choice.chosen and choice.step.meets(step) for number, step in others):
                choice.worth_trying.update(choice.ready)
            later[choice.step.thing].add((choice.chosen, choice.step))

    def abandon(self):
        self.over = True
        for thread in self.threads:
            thread.turn.release()
        for thread in self.threads:
            threading.Thread.join(thread, TIMEOUT)
            assert not threading.Thread.is_alive(thread)

    def story(self):
        """Who has done what, a step a line."""
        lines = []
        for choice in self.path[: self.depth]:
            thing, kind = choice.step
            if thing < 0:
                lines.append(f"thread {choice.chosen} starts")
            else:
                name = "everything" if thing == 0 else f"{type(self.things[thing]).__name__} {thing}"
                lines.append(f"thread {choice.chosen} {kind}s {name}")
        return "\n".join(lines)


def step(thing, kind, ready=lambda: True, timed=False):
    """Wait until it is this thread's turn to do this with the thing, and it is ready or its time is up.

    A thing of None is everything.  In a thread that is not under control it does nothing.
    """
    run = Run.current
    thread = threading.current_thread()
    if run is None or getattr(thread, "in_run", None) is not run:
        return
    if not run.over:
        thread.announce(Step(run.number_of(thing), kind), ready, timed)
        run.hand_over(thread)
    if run.over:
        raise Abandoned


# The walk
# ========


class Explored(typing.NamedTuple):
    schedules: int
    outcomes: set


def explore(case, bound=1):
    """Run a case in every schedule that matters, with at most so many preemptions.

    A case is a generator function.  It sets the stage and yields who is to act, a list of functions
    with their arguments.  When nothing moves any more it is resumed, asserts what must hold then, and
    returns what it has come to.  If it yields several times, the last act is walked in every schedule,
    and those before in one.

    Returns the number of schedules and the set of outcomes.  Raises Wrong, with the schedule, when an
    assertion fails, a thread raises, or one that was to act sleeps for ever.
    """
    path = []
    schedules = 0
    outcomes = set()
    with _undisturbed():
        while True:
            outcomes.add(_run_once(case, path, schedules + 1))
            schedules += 1
            while path and not path[-1].change(bound):
                path.pop()
            if not path:
                return Explored(schedules, outcomes)
            if schedules % 500 == 0:
                gc.collect()


def _run_once(case, path, number):
    run = Run.current = Run(path)
    Run.hashes = itertools.count()
    try:
        return _perform(case(), run)
    except Exception as error:
        raise Wrong(f"{error!r} in schedule {number}:\n{run.story()}") from error
    finally:
        run.abandon()
        Run.current = None


def _perform(acts, run):
    """Let the case go through its acts; returns what it has come to."""
    try:
        while True:
            actors = [Actor(target=function, args=args, daemon=True) for function, *args in next(acts)]
            for actor in actors:
                actor.start()
            run.go()
            for error in run.errors:
                raise error
            assert all(actor.step is None for actor in actors), "somebody sleeps for ever"
    except StopIteration as end:
        assert run.depth == len(run.path), "not the same as before"
        return end.value


@contextlib.contextmanager
def _undisturbed():
    """A finalizer at another moment would be another schedule; and one processor is faster, as one thread runs."""
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    gc.disable()
    logging.disable()
    if processors:
        os.sched_setaffinity(0, {min(processors)})
    try:
        yield
    finally:
        if processors:
            os.sched_setaffinity(0, processors)
        logging.disable(logging.NOTSET)
        gc.enable()


# Cases
# =====


class Case(typing.NamedTuple):
    function: typing.Callable
    bound: int
    outcomes: int

    @property
    def name(self):
        return self.function.__name__.replace("_", " ")


declared = {}


def case(bound=1, outcomes=1):
    """Declare a case: with how many preemptions to walk it, and how many different outcomes there must be."""

    def declare(function):
        declared[function.__name__] = Case(function, bound, outcomes)
        return function

    return declare


# What is under control: threads
# ==============================


class Controlled:
    """Put before a class of threads: they do their steps when they are told."""

    in_run = None
    step = None  # the next one; None when it has ended
    early = False  # whether its time was up while others could have gone on: once in a run

    def __new__(cls, *_, **__):
        self = super().__new__(cls)
        self.hash = next(Run.hashes)
        return self

    def __hash__(self):
        return self.hash

    def announce(self, step, ready=lambda: True, timed=False):
        self.step = step
        self.ready = ready
        self.timed = timed

    def start(self):
        if Run.current is not None:
            Run.current.adopt(self)
        super().start()

    def run(self):
        run = self.in_run
        if run is None:
            super().run()
            return
        self.turn.acquire()
        try:
            if not run.over:
                super().run()
        except Abandoned:
            pass
        except BaseException as error:
            run.errors.append(error)
        self.step = None
        if not run.over:
            run.hand_over(self)

    def join(self, timeout=None):
        step(self, "acquire", lambda: self.step is None)

    def is_alive(self):
        step(self, "read")
        return super().is_alive() if self.in_run is None else self.step is not None


class Actor(Controlled, threading.Thread):
    pass


# What is under control: containers and attributes
# ================================================


def shared(base, reads, writes):
    """A kind of container each operation of which is a step."""

    def stepping(name, kind):
        method = getattr(base, name)

        def operation(self, *args):
            step(self, kind)
            return method(self, *args)

        return operation

    methods = {"__bool__": lambda self: len(self) > 0}
    methods.update((name, stepping(name, "read")) for name in reads.split())
    methods.update((name, stepping(name, "write")) for name in writes.split())
    return type(base.__name__.title(), (base,), methods)


Deque = shared(
    collections.deque,
    "__len__ __contains__ __getitem__",
    "append appendleft extendleft pop popleft remove rotate clear",
)
Dict = shared(dict, "__len__ __contains__ get items values", "setdefault pop clear __setitem__ __delitem__")


class List(
    shared(list, "__len__ __contains__ __iter__ __getitem__ __add__ copy", "append remove __setitem__ __iadd__")
):
    def extend(self, items):
        """Each item is a step: others see those that are there, while an iterator makes the next."""
        for item in items:
            self.append(item)


def watched(base, *names):
    """A kind of object for which it is a step to read, set or delete one of these attributes."""

    class Watched(base):
        def __getattribute__(self, name):
            if name in names:
                step(self, "write" if name == "__dict__" else "read")
            return super().__getattribute__(name)

        def __setattr__(self, name, value):
            if name in names:
                step(self, "write")
            super().__setattr__(name, value)

        def __delattr__(self, name):
            if name in names:
                step(self, "write")
            super().__delattr__(name)

    Watched.__name__ = base.__name__
    return Watched


# What is under control: what threads wait with
# =============================================


class Lock:
    def __init__(self):
        self.real = threading.Lock()

    def acquire(self, blocking=True, timeout=-1):
        if not blocking:
            step(self, "write")
            return self.real.acquire(False)
        timed = 0 <= timeout < threading.TIMEOUT_MAX
        step(self, "write" if timed else "acquire", lambda: not self.real.locked(), timed)
        if Run.current is None:
            return self.real.acquire(True, timeout)
        acquired = self.real.acquire(False)
        if not acquired:
            Run.current.time += max(0, timeout)
        return acquired

    def release(self):
        step(self, "release")
        self.real.release()

    def locked(self):
        step(self, "read")
        return self.real.locked()

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


class RLock(Lock):
    owner = None
    depth = 0

    def acquire(self):
        if self.owner is not threading.current_thread():
            super().acquire()
            self.owner = threading.current_thread()
        self.depth += 1

    def release(self):
        self.depth -= 1
        if not self.depth:
            self.owner = None
            super().release()


class Condition(RLock):
    def __init__(self):
        super().__init__()
        self.sleepers = []

    def wait(self, timeout=None):
        sleeper = Lock()
        sleeper.acquire()
        self.sleepers.append(sleeper)
        self.release()
        sleeper.acquire(True, -1 if timeout is None else timeout)
        self.acquire()

    def notify_all(self):
        while self.sleepers:
            self.sleepers.pop().release()


class Event:
    def __init__(self):
        self.happened = False

    def is_set(self):
        step(self, "read")
        return self.happened

    def set(self):
        step(self, "write")
        self.happened = True


class SimpleQueue:
    def __init__(self):
        self.items = collections.deque()

    def put(self, item):
        step(self, "write")
        self.items.append(item)

    def empty(self):
        step(self, "read")
        return not self.items

    def get(self, timeout):
        step(self, "write", lambda: bool(self.items), True)
        if not self.items:
            Run.current.time += timeout
            raise queue.Empty
        return self.items.popleft()


def module_with(module, **replacements):
    """A stand-in for a module, in which these names mean something else."""
    return types.SimpleNamespace(**{**vars(module), **replacements})


controlled_threading = module_with(threading, Lock=Lock, RLock=RLock, Condition=Condition, Event=Event)
controlled_queue = module_with(queue, SimpleQueue=SimpleQueue)


@contextlib.contextmanager
def replaced(namespace, **replacements):
    """Have these names of a module or class mean something else meanwhile."""
    before = {name: getattr(namespace, name) for name in replacements}
    for name, value in replacements.items():
        setattr(namespace, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(namespace, name, value)
