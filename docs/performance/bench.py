"""Measure this thread pool beside its peers; `make bench` calls this.

    python bench.py [--quick] [--only NAME ...] [--old FILE] [--output FOLDER]

Each case is a kind of work and those who do it, the contestants.  A round lets
each of them do it once, one after the other, in a new pool that has been
warmed up; every round begins with another one.  Compared are contestants of
the same round, so what slows the whole machine down for a while cancels out.

A full run refuses to begin beside other work, which it would measure as well: it looks at the load.

The result is a JSON file, named after the interpreter, with the time of each
contestant in each round.  `report.py` makes tables and pictures of it.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import functools
import hashlib
import http.client
import importlib.metadata
import importlib.util
import itertools
import json
import logging
import multiprocessing.pool
import os
import pathlib
import platform
import queue
import statistics
import subprocess
import sys
import sysconfig
import threading
import time
import types
import warnings

HERE = pathlib.Path(__file__).resolve().parent


def load_module(name, path):
    """Import a module from a file: two of them are called threadpool."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was good Python in 2015
        spec.loader.exec_module(module)
    return module


def optional(name):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError:
        return None


threadpool = load_module("threadpool", HERE.parent.parent / "threadpool.py")
tracemalloc = optional("tracemalloc")  # not in PyPy
old, joblib, pebble, tanda = None, optional("joblib"), optional("pebble"), optional("tanda")
has_gil = getattr(sys, "_is_gil_enabled", lambda: True)()


# The pools
# =========
#
# Each is a context manager that yields a pool with so many workers.


def ours(workers):
    return threadpool.ThreadPool(workers)


def executor(workers):
    return concurrent.futures.ThreadPoolExecutor(workers)


def mp_pool(workers):
    return multiprocessing.pool.ThreadPool(workers)


@contextlib.contextmanager
def old_pool(workers):
    pool = old.ThreadPool(workers)
    yield pool
    pool.dismissWorkers(workers)
    pool.putRequest(old.WorkRequest(print))  # it wakes all of them, as each puts it back
    pool.joinAllDismissedWorkers()


@contextlib.contextmanager
def pebble_pool(workers):
    with pebble.ThreadPool(max_workers=workers) as pool:
        yield pool
        pool.close()
        pool.join()


def joblib_pool(workers):
    return joblib.Parallel(n_jobs=workers, backend="threading", batch_size=1)


def joblib_batches(workers):
    return joblib.Parallel(n_jobs=workers, backend="threading")


def tanda_pool(workers):
    return tanda.Pool(workers=workers)


@contextlib.contextmanager
def two_queues(workers):
    """The least there can be: two queues, and threads between them."""
    tasks, results = queue.SimpleQueue(), queue.SimpleQueue()

    def work():
        for call, argument, callback in iter(tasks.get, None):
            results.put((callback, call(argument)))

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    yield tasks, results
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def two_locks(_):
    """The shortest round trip there can be between two threads."""
    there, back, going = threading.Lock(), threading.Lock(), [True]
    there.acquire(), back.acquire()

    def answer():
        while going:
            there.acquire()
            back.release()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield there, back
    going.clear()
    there.release()
    thread.join()


def on_one_processor(make):
    """A maker of pools whose threads, and the one that uses them, have only one processor."""
    @contextlib.contextmanager
    def made(workers):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(allowed)})
        try:
            with make(workers) as pool:
                yield pool
        finally:
            os.sched_setaffinity(0, allowed)
    return made


def nothing(_):
    """For those who need no pool."""
    return contextlib.nullcontext()


# The work
# ========
#
# Functions of a pool, the number of calls and the function to be called.


def no_op(argument):
    return argument


def no_callback(request, result):
    pass


def put(module):
    def run(pool, number, call=no_op):
        for request in module.makeRequests(call, range(number), no_callback):
            pool.putRequest(request)
        pool.wait()
    return run


def put_ours(pool, number, call=no_op):
    put(threadpool)(pool, number, call)


def put_old(pool, number, call=no_op):
    put(old)(pool, number, call)


def submit(pool, number, call=no_op):
    for future in [pool.submit(call, argument) for argument in range(number)]:
        future.result()


def schedule(pool, number, call=no_op):
    for future in [pool.schedule(call, (argument,)) for argument in range(number)]:
        future.result()


def apply_async(pool, number, call=no_op):
    for result in [pool.apply_async(call, (argument,), callback=no_op) for argument in range(number)]:
        result.get()


def parallel(pool, number, call=no_op):
    pool(map(joblib.delayed(call), range(number)))


def tanda_map(pool, number, call=no_op):
    pool.map(range(number), call)


def through_queues(queues, number, call=no_op):
    tasks, results = queues
    for argument in range(number):
        tasks.put((call, argument, no_callback))
    for _ in range(number):
        callback, result = results.get()
        callback(None, result)


def list_map(pool, number, call=no_op):
    list(pool.map(call, range(number)))


def list_imap(pool, number, call=no_op):
    list(pool.imap(call, range(number)))


def bounded_map(pool, number, call=no_op):
    list(pool.map(call, range(number), buffersize=1000))


def generator_map(pool, number):
    list(pool.map(no_op, (argument for argument in range(number))))


def built_in_map_of_a_generator(_, number):
    list(map(no_op, (argument for argument in range(number))))


def built_in_map(_, number, call=no_op):
    list(map(call, range(number)))


def tanda_imap(pool, number, call=no_op):
    list(pool.imap(range(number), call))


def submit_singly(pool, number):
    for argument in range(number):
        pool.submit(no_op, argument).result()


def put_singly(module):
    def run(pool, number):
        for argument in range(number):
            pool.putRequest(module.WorkRequest(no_op, [argument]))
            pool.wait()
    return run


def apply_singly(pool, number):
    for argument in range(number):
        pool.apply(no_op, (argument,))


def ping(locks, number):
    there, back = locks
    for _ in range(number):
        there.release()
        back.acquire()


def set_futures(_, number):
    """What ThreadPoolExecutor cannot do without: make futures, set and read them."""
    futures = [concurrent.futures.Future() for _ in range(number)]
    for argument, future in enumerate(futures):
        future.set_result(argument)
    for future in futures:
        future.result()


def from_threads(producers, work):
    def run(pool, number):
        threads = [threading.Thread(target=work, args=(pool, number // producers)) for _ in range(producers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return run


def put_from_threads(producers, module):
    def put_some(pool, number):
        for request in module.makeRequests(no_op, range(number), no_callback):
            pool.putRequest(request)

    def run(pool, number):
        from_threads(producers, put_some)(pool, number)
        pool.wait()
    return run


def sleep(_):
    time.sleep(0.02)


BUFFER = bytes(32 << 20)


def digest(_):
    hashlib.sha256(BUFFER).digest()


def count_down(_):
    """Work for the interpreter alone, some 10 ms."""
    number = 200_000
    while number:
        number -= 1


@functools.lru_cache(None)
def hashing(seconds):
    """A call that takes so long, without the global lock: hashing."""
    size = 1 << 20
    took = min(timed(lambda: hashlib.sha256(BUFFER[:size])) for _ in range(20))
    data = BUFFER[: int(size * seconds / took)]
    return lambda _: hashlib.sha256(data)


@functools.lru_cache(None)
def counting(microseconds):
    """A call of pure Python that takes about so many microseconds, and holds the global lock."""
    took = min(timed(count_down, None) for _ in range(5))
    start = max(1, round(200_000 * microseconds / 1e6 / took))

    def count(_):
        number = start
        while number:
            number -= 1
    return count


def timed(function, *args):
    begin = time.perf_counter()
    function(*args)
    return time.perf_counter() - begin


# The cases
# =========
#
# CASES[name] = (title, unit, workers, {contestant: (pool, work, number)}).  A
# time is divided by the number, and told in the unit.  Those who are much slower
# than the others get fewer calls.

MICROSECONDS, NANOSECONDS = "µs a call", "ns a call"


def cases(quick):
    few = 5 if quick else 1
    n = 20_000 // few
    yield "put", "No-op calls, many, each with its result handed back", MICROSECONDS, 4, {
        "threadpool": (ours, put(threadpool), n),
        "two SimpleQueues": (two_queues, through_queues, n),
        "threadpool 1.3.2": (old_pool, put(old), n),
        "ThreadPoolExecutor": (executor, submit, n),
        "multiprocessing apply_async": (mp_pool, apply_async, n),
        "pebble": (pebble_pool, schedule, n),
        "joblib, batches of 1": (joblib_pool, parallel, n),
        "tanda": (tanda_pool, tanda_map, n),
    }
    yield "submit", "No-op calls, many, each with a future", MICROSECONDS, 4, {
        "threadpool": (ours, submit, n),
        "ThreadPoolExecutor": (executor, submit, n),
        "pebble": (pebble_pool, schedule, n),
        "Future alone": (nothing, set_futures, n),
    }
    yield "map", "map of a no-op over one iterable, all read", NANOSECONDS, 4, {
        "threadpool": (ours, list_map, 10 * n),
        "threadpool, buffersize=1000": (ours, bounded_map, 10 * n),
        "built-in map": (nothing, built_in_map, 10 * n),
        "multiprocessing map": (mp_pool, list_map, 10 * n),
        "multiprocessing imap": (mp_pool, list_imap, n),
        "ThreadPoolExecutor map": (executor, list_map, n),
        "joblib": (joblib_batches, parallel, n),
        "tanda imap": (tanda_pool, tanda_imap, n // 4),
    }
    yield "generator", "map of a no-op over a generator, all read", NANOSECONDS, 4, {
        "threadpool": (ours, generator_map, 10 * n),
        "built-in map": (nothing, built_in_map_of_a_generator, 10 * n),
        "multiprocessing map": (mp_pool, generator_map, 10 * n),
        "ThreadPoolExecutor map": (executor, generator_map, n),
    }
    yield "round trip", "One call at a time, and wait for its result", MICROSECONDS, 4, {
        "threadpool, submit": (ours, submit_singly, n // 10),
        "threadpool, put and wait": (ours, put_singly(threadpool), n // 10),
        "two locks": (two_locks, ping, n // 10),
        "ThreadPoolExecutor": (executor, submit_singly, n // 10),
        "threadpool 1.3.2": (old_pool, put_singly(old), n // 10),
        "multiprocessing apply": (mp_pool, apply_singly, n // 10),
    }
    yield "sleep", "500 sleeps of 20 ms on 50 workers: the ideal is 0.4 ms a call", "ms a call", 50, {
        "threadpool, put": (ours, functools.partial(put(threadpool), call=sleep), 500),
        "threadpool, map": (ours, functools.partial(list_map, call=sleep), 500),
        "ThreadPoolExecutor": (executor, functools.partial(submit, call=sleep), 500),
        "threadpool 1.3.2": (old_pool, functools.partial(put(old), call=sleep), 500),
        "multiprocessing map, chunks of 1": (mp_pool, lambda pool, n: pool.map(sleep, range(n), chunksize=1), 500),
    }
    yield "sha256", "SHA-256 of 32 MB, 2 workers", "ms a call", 2, {
        "threadpool, put": (ours, functools.partial(put(threadpool), call=digest), 8),
        "threadpool, map": (ours, functools.partial(list_map, call=digest), 8),
        "ThreadPoolExecutor": (executor, functools.partial(submit, call=digest), 8),
        "one thread": (nothing, functools.partial(built_in_map, call=digest), 8),
    }
    yield "pure Python", "Counting down in pure Python", "ms a call", 2, {
        "2 workers": (ours, functools.partial(list_map, call=count_down), 20),
        "1 worker": (lambda _: ours(1), functools.partial(list_map, call=count_down), 20),
        "one thread, no pool": (nothing, functools.partial(built_in_map, call=count_down), 20),
    }
    for microseconds in (10, 1000):
        call, number = hashing(microseconds / 1e6), max(200, n // microseconds)
        yield f"work {microseconds}", f"Calls that hash for {microseconds} µs, 2 workers", MICROSECONDS, 2, {
            "threadpool, put": (ours, functools.partial(put(threadpool), call=call), number),
            "threadpool, map": (ours, functools.partial(list_map, call=call), number),
            "threadpool, submit": (ours, functools.partial(submit, call=call), number),
            "ThreadPoolExecutor": (executor, functools.partial(submit, call=call), number),
            "threadpool 1.3.2": (old_pool, functools.partial(put(old), call=call), number),
            "one thread": (nothing, functools.partial(built_in_map, call=call), number),
        }
    for microseconds in (1, 10, 100, 1000):
        call, number = counting(microseconds), max(200, n // microseconds)
        contestants = {
            "threadpool, put": (ours, functools.partial(put(threadpool), call=call), number),
            "threadpool, map": (ours, functools.partial(list_map, call=call), number),
            "threadpool, submit": (ours, functools.partial(submit, call=call), number),
            "ThreadPoolExecutor": (executor, functools.partial(submit, call=call), number),
            "multiprocessing map": (mp_pool, functools.partial(list_map, call=call), number),
            "one thread": (nothing, functools.partial(built_in_map, call=call), number),
        }
        title = f"Calls of pure Python, {microseconds} µs, 2 workers"
        yield f"python {microseconds}", title, MICROSECONDS, 2, contestants
        if hasattr(os, "sched_setaffinity"):
            yield f"one processor {microseconds}", f"{title}, 1 processor", MICROSECONDS, 2, {
                who: (on_one_processor(make), work, number) for who, (make, work, number) in contestants.items()
            }
    for number in (100, 1000, 10_000, 100_000) if quick else (100, 1000, 10_000, 100_000, 1_000_000):
        yield f"number {number}", f"{number:,} no-op calls", MICROSECONDS, 4, {
            "threadpool": (ours, put(threadpool), number),
            "two SimpleQueues": (two_queues, through_queues, number),
            "threadpool 1.3.2": (old_pool, put(old), number),
            "ThreadPoolExecutor": (executor, submit, number),
        }
    for workers in (1, 4, 16, 64, 256):
        yield f"workers {workers}", f"No-op calls with {workers} workers", MICROSECONDS, workers, {
            "threadpool": (ours, put(threadpool), n // 2),
            "two SimpleQueues": (two_queues, through_queues, n // 2),
            "threadpool 1.3.2": (old_pool, put(old), n // 2),
            "ThreadPoolExecutor": (executor, submit, n // 2),
        }
    for producers in (1, 2, 4, 8, 16):
        yield f"producers {producers}", f"No-op calls put by {producers} threads", MICROSECONDS, 4, {
            "threadpool": (ours, put_from_threads(producers, threadpool), n // 2),
            "threadpool, submit": (ours, from_threads(producers, submit), n // 2),
            "threadpool 1.3.2": (old_pool, put_from_threads(producers, old), n // 2),
            "ThreadPoolExecutor": (executor, from_threads(producers, submit), n // 2),
        }
    many = 1000 // few
    yield "start", f"Start {many:,} workers, and stop them", "µs a worker", many, {
        "threadpool": (nothing, start_and_stop(ours), many),
        "ThreadPoolExecutor": (nothing, start_and_stop_executor, many),
        "multiprocessing": (nothing, start_and_stop(mp_pool), many),
        "bare threads": (nothing, start_and_stop_threads, many),
    }
    yield "one call", "A pool for a single call: made, used and ended", MICROSECONDS, 1, {
        "threadpool": (nothing, pool_for_each(threadpool.ThreadPool), n // 40),
        "ThreadPoolExecutor": (nothing, pool_for_each(concurrent.futures.ThreadPoolExecutor), n // 40),
    }
    gets = 500 if quick else 10_000
    yield "http", f"{gets:,} GETs, each answered after 5 ms, 50 workers", "ms a call", 50, {
        "threadpool, put": (ours, functools.partial(with_server, put(threadpool)), gets),
        "threadpool, map": (ours, functools.partial(with_server, list_map), gets),
        "threadpool, submit": (ours, functools.partial(with_server, submit), gets),
        "ThreadPoolExecutor": (executor, functools.partial(with_server, submit), gets),
    }


def pool_for_each(make):
    def run(_, number):
        for _ in range(number):
            with make() as pool:
                pool.submit(no_op, 0).result()
    return run


def start_and_stop(make):
    def run(_, number):
        with make(number):
            pass
    return run


def start_and_stop_threads(_, number):
    end = threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(number)]
    for thread in threads:
        thread.start()
    end.set()
    for thread in threads:
        thread.join()


def start_and_stop_executor(_, number):
    """It starts a worker when there is work and no idle one; so nobody may be idle before all are there."""
    everybody = threading.Barrier(number)
    with executor(number) as pool:
        for _ in range(number):
            pool.submit(everybody.wait)


SERVER = """
import http.server, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.005)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"here you are")

    def log_message(self, *args):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100

server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@functools.lru_cache(None)
def port():
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    atexit_kill.callback(server.wait)
    atexit_kill.callback(server.kill)
    return int(server.stdout.readline())


atexit_kill = contextlib.ExitStack()


def get(_):
    connection = http.client.HTTPConnection("127.0.0.1", port(), timeout=60)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"here you are"
    connection.close()


def with_server(work, pool, number):
    work(pool, number, get)


# Other measures
# ==============


def bytes_of_a_pending_call():
    """Memory of a call that waits for a worker, of all that is kept for it."""
    def measure(make):
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        kept = make()
        took = (tracemalloc.get_traced_memory()[0] - before) / number
        tracemalloc.stop()
        del kept
        return took

    number, results = 20_000, {}
    pool = threadpool.ThreadPool(0)
    results["threadpool, put"] = measure(
        lambda: pool.putRequests(threadpool.makeRequests(no_op, range(number), no_callback)))
    results["threadpool, submit"] = measure(lambda: [pool.submit(no_op, n) for n in range(number)])
    results["threadpool, map"] = measure(lambda: pool.map(no_op, range(number)))
    pool.shutdown(cancel_futures=True)
    end = threading.Event()
    with executor(1) as pool:
        pool.submit(end.wait)
        results["ThreadPoolExecutor"] = measure(lambda: [pool.submit(no_op, n) for n in range(number)])
        end.set()
    if old:
        pool = old.ThreadPool(0)
        results["threadpool 1.3.2"] = measure(
            lambda: [pool.putRequest(r) for r in old.makeRequests(no_op, range(number), no_callback)])
    end = threading.Event()
    with mp_pool(1) as pool:
        pool.apply_async(end.wait)
        results["multiprocessing apply_async"] = measure(
            lambda: [pool.apply_async(no_op, (n,)) for n in range(number)])
        end.set()
    return results


class Bare:
    """The least that a request can be: what it needs is stored in it, and nothing is checked."""

    def __init__(self, call, args, callback):
        self.call = call
        self.args = args
        self.kwds = {}
        self.callback = callback
        self.result = None


def steps_of_a_request():
    """Microseconds for each step of a request.  All requests take a step before the first takes the next."""
    number = 20_000
    worker = types.SimpleNamespace(request=None, _performs_plainly=True)
    taken = {}

    def ours():
        pool, begun, end = threadpool.ThreadPool(1), threading.Event(), threading.Event()
        pool.submit(lambda: (begun.set(), end.wait()))
        begun.wait()  # so its worker takes nothing
        yield "threadpool: make"
        requests = threadpool.makeRequests(no_op, range(number), no_callback)
        yield "threadpool: put"
        for request in requests:
            pool.putRequest(request)
        yield "threadpool: call"
        for _ in range(number):
            pool._requests_queue.next_task(lambda: False)(worker)
        yield "threadpool: collect"
        pool.wait()
        end.set()

    def the_least():
        pending, tasks, results = {}, collections.deque(), collections.deque()
        yield "the least: make"
        requests = [Bare(no_op, [argument], no_callback) for argument in range(number)]
        yield "the least: put"
        for request in requests:
            pending[id(request)] = request
            tasks.append(request)
        yield "the least: call"
        while tasks:
            request = tasks.popleft()
            request.result = request.call(*request.args, **request.kwds)
            results.append(request)
        yield "the least: collect"
        while results:
            request = results.popleft()
            del pending[id(request)]
            request.callback(request, request.result)

    def release_1_3_2():
        pool = old.ThreadPool(0)
        yield "threadpool 1.3.2: make"
        requests = old.makeRequests(no_op, range(number), no_callback)
        yield "threadpool 1.3.2: put"
        for request in requests:
            pool.putRequest(request)
        yield "threadpool 1.3.2: call"
        for _ in range(number):
            request = pool._requests_queue.get(True, 5)
            pool._results_queue.put((request, request.callable(*request.args, **request.kwds)))
        yield "threadpool 1.3.2: collect"
        with contextlib.suppress(old.NoResultsPending):
            pool.poll()

    ways = [ours, the_least] + ([release_1_3_2] if old else [])
    for _ in range(9):
        for way in ways:
            for step, seconds in times_of_steps(way()):
                taken.setdefault(step, []).append(seconds / number * 1e6)
    return {step: statistics.median(times) for step, times in taken.items()}


def times_of_steps(steps):
    """The seconds of each step of a generator, which yields the name of the step that begins."""
    step, begin = next(steps), time.perf_counter()
    for following in itertools.chain(steps, [None]):
        yield step, time.perf_counter() - begin
        step, begin = following, time.perf_counter()


def switches():
    """How often the threads of this process have gone to sleep by themselves: they woke as often."""
    return {
        task: int(line.split()[1])
        for task in pathlib.Path("/proc/self/task").iterdir()
        for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt_switches")
    }


def wake_ups_while_idle(seconds):
    """Of 64 workers that have nothing to do."""
    def measure(make, work):
        with make(64) as pool:
            work(pool, 64 * 20)
            time.sleep(0.5)
            before = switches()
            time.sleep(seconds)
            after = switches()
            me = pathlib.Path("/proc/self/task", str(threading.get_native_id()))
            return sum(number - before.get(task, 0) for task, number in after.items() if task != me)

    contestants = {"threadpool": (ours, put(threadpool)), "ThreadPoolExecutor": (executor, submit),
                   "multiprocessing": (mp_pool, apply_async)}
    if old:
        contestants["threadpool 1.3.2"] = old_pool, put(old)
    if pebble:
        contestants["pebble"] = pebble_pool, schedule
    return {name: measure(*how) for name, how in contestants.items()}


PEAK = """
import re, sys
sys.path.insert(0, {folder!r})
import bench

def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) / 1024

number = int(sys.argv[1])
with bench.{make}(4) as pool:
    before = peak()
    for result in {results}:
        pass
    print(peak() - before)
"""


def peak_memory(number):
    """Megabytes that a map over so many items adds, its results read one by one: each in a process of its own."""
    contestants = {
        "threadpool": ("ours", "pool.map(abs, iter(range(number)))"),
        "threadpool, buffersize=1000": ("ours", "pool.map(abs, iter(range(number)), buffersize=1000)"),
        "ThreadPoolExecutor map": ("executor", "pool.map(abs, iter(range(number)))"),
        "multiprocessing map": ("mp_pool", "pool.map(abs, iter(range(number)))"),
        "multiprocessing imap": ("mp_pool", "pool.imap(abs, iter(range(number)))"),
    }
    if tanda:
        contestants["tanda imap"] = "tanda_pool", "pool.imap(iter(range(number)), abs)"
    results = {}
    for name, (make, expression) in contestants.items():
        code = PEAK.format(folder=str(HERE), make=make, results=expression)
        output = subprocess.run([sys.executable, "-c", code, str(number)], capture_output=True, text=True, check=True)
        results[name] = float(output.stdout)
    return results


# The run
# =======

MOST_LOAD = 1.5  # with which a run begins that is kept


def current_load():
    """The load of this machine; None where the system does not tell."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def installed(contestant):
    make = contestant[0]
    missing = {old_pool: old, joblib_pool: joblib, joblib_batches: joblib, pebble_pool: pebble, tanda_pool: tanda}
    return missing.get(make, make) is not None


def measure(contestants, workers, rounds):
    """The seconds of each contestant in each round."""
    seconds = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        for name in names[number % len(names):] + names[: number % len(names)]:
            make, work, calls = contestants[name]
            with make(workers) as pool:
                work(pool, min(calls, 100))
                seconds[name].append(timed(work, pool, calls) / calls)
    return seconds


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def main():
    global old
    parser = argparse.ArgumentParser(description="Measure this thread pool beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer calls and rounds, and nothing is written")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="cases whose name begins with this")
    parser.add_argument("--rounds", type=int, help="else 7, or 3")
    parser.add_argument("--old", metavar="FILE", help="threadpool.py of release 1.3.2")
    parser.add_argument("--output", type=pathlib.Path, default=HERE, metavar="FOLDER", help="for the JSON file")
    options = parser.parse_args()
    if options.old:
        old = load_module("threadpool_1_3_2", options.old)
    load = current_load()
    if load is not None and load > MOST_LOAD and not options.quick:
        parser.error(f"the load is {load}: wait until nothing else runs on this machine")
    logging.disable(logging.CRITICAL)
    rounds = options.rounds or (3 if options.quick else 7)
    wanted = lambda name: not options.only or any(name.startswith(only) for only in options.only)  # noqa: E731

    results = {}
    for name, title, unit, workers, contestants in cases(options.quick):
        if not wanted(name):
            continue
        contestants = {who: how for who, how in contestants.items() if installed(how)}
        seconds = measure(contestants, workers, rounds)
        calls = {who: how[2] for who, how in contestants.items()}
        results[name] = {"title": title, "unit": unit, "workers": workers, "calls": calls, "seconds": seconds}
        show(name, results[name])
    others = {
        "steps": ("A no-op request step by step, in one thread", "µs a request", steps_of_a_request, ()),
        "memory": ("Memory of a call that waits", "bytes", bytes_of_a_pending_call, ()),
        "idle": ("Wake-ups of 64 idle workers in 5 s", "wake-ups", wake_ups_while_idle, (5,)),
        "peak": ("What a map over a million items adds to the memory", "MB", peak_memory,
                 (100_000 if options.quick else 1_000_000,)),
    }
    if not tracemalloc:
        del others["memory"]
    for name, (title, unit, function, args) in others.items():
        if wanted(name):
            results[name] = {"title": title, "unit": unit, "values": function(*args)}
            show(name, results[name])
    atexit_kill.close()
    if not options.quick:
        write(results, rounds, load, options.output)


def show(name, result):
    scale = {"n": 1e9, "µ": 1e6, "m": 1e3}.get(result["unit"][0])
    values = result.get("values") or {who: [s * scale for s in times] for who, times in result["seconds"].items()}
    print(f"{name}: {result['title']} ({result['unit']})")
    for who, value in values.items():
        value = sorted(value) if isinstance(value, list) else [value]
        spread = f"  [{value[0]:.4g} {value[-1]:.4g}]" if len(value) > 1 else ""
        print(f"    {who:34} {value[len(value) // 2]:10.4g}{spread}")
    sys.stdout.flush()


def write(results, rounds, load, folder):
    implementation = platform.python_implementation()
    name = f"{implementation.lower()}-{platform.python_version()}{'' if has_gil else 't'}"
    path = folder / f"{name}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else {}
    about = {
        "interpreter": f"{implementation} {platform.python_version()}",
        "global lock": has_gil,
        "compiler options": sysconfig.get_config_var("CONFIG_ARGS"),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "date": datetime.date.today().isoformat(),
        "rounds": rounds,
        "load before": load,
        "versions": {package: version(package) for package in ("joblib", "pebble", "tanda")},
    }
    text = json.dumps({"about": about, "cases": {**before, **results}}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    print("written:", path)


if __name__ == "__main__":
    main()
