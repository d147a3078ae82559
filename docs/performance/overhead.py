"""Measure what a call costs that is made elsewhere: by a process, an interpreter, a Dask cluster.

    python overhead.py [--rounds N] [--write]

Prints a table; with --write, also into overhead.inc, which the page "Processes and
clusters" shows: then it refuses to begin beside other work.  Needs ``pip install
distributed loky``; interpreters come with Python 3.14.

The call does nothing (`abs`).  Each engine has two processes, or interpreters (threads: two
workers).
In a round each of them makes 500 calls, one request a call, with 2 and with 32 workers in
the pool, so that many calls are under way; then 50,000 calls in 500 chunks of 100, with 32;
then 20 calls one by one, each put when the one before is collected.  The processes have
been started, and have made 100 calls, before the first round.
"""

import argparse
import concurrent.futures
import contextlib
import logging
import multiprocessing
import os
import pathlib
import platform
import runpy
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from threadpool import ThreadPool, makeRequests  # noqa: E402

CALLS, CHUNK, TRIPS = 500, 100, 20
MOST_LOAD = 1.5  # with which a run begins that is kept


def each(numbers):
    return [abs(number) for number in numbers]


def many(workers, executor, call, inputs):
    with ThreadPool(workers, executor=executor) as pool:
        requests = makeRequests(call, inputs)
        begun = time.perf_counter()
        pool.putRequests(requests)
        pool.wait()
        seconds = time.perf_counter() - begun
    assert not any(request.exception for request in requests)
    return seconds


def one_by_one(executor):
    with ThreadPool(1, executor=executor) as pool:
        begun = time.perf_counter()
        for request in makeRequests(abs, range(TRIPS)):
            pool.putRequest(request)
            pool.wait()
        return (time.perf_counter() - begun) / TRIPS


def measure(executor):
    """Seconds a call, for each column of the table."""
    chunks = [list(range(CHUNK)) for _ in range(CALLS)]
    return (
        one_by_one(executor),
        many(2, executor, abs, range(CALLS)) / CALLS,
        many(32, executor, abs, range(CALLS)) / CALLS,
        many(32, executor, each, chunks) / CALLS / CHUNK,
    )


def kilobytes_a_worker(number=1000):
    """Memory for each worker that waits for a call under way elsewhere, as /proc tells; None where there is none."""
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not os.path.exists("/proc/self/statm"):
        return None
    never, futures = concurrent.futures.Executor(), []
    never.submit = lambda *_: futures.append(concurrent.futures.Future()) or futures[-1]
    before = resident()
    pool = ThreadPool(number, executor=never)
    pool.putRequests(makeRequests(abs, range(number)))
    while len(futures) < number:
        time.sleep(0.01)
    size = (resident() - before) / number / 1024
    for future in futures:
        future.set_result(None)
    pool.wait()
    pool.shutdown()
    return size


def interpreters(stack):
    if not hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        return {}
    return {"InterpreterPoolExecutor": stack.enter_context(concurrent.futures.InterpreterPoolExecutor(2))}


def text(seconds):
    """Median, and in brackets the least and the most, of what the rounds took, in microseconds."""
    middle, least, most = (f"{1e6 * s:,.{0 if s > 2e-5 else 1}f}"
                           for s in (statistics.median(seconds), min(seconds), max(seconds)))  # fmt: skip
    return f"{middle} ({least}–{most})"  # noqa: RUF001


def processor():
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    if load is not None and load > MOST_LOAD and options.write:
        parser.error(f"the load is {load:.2f}: wait until nothing else runs on this machine")

    import distributed
    import loky

    memory = kilobytes_a_worker()
    with contextlib.ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        cluster = stack.enter_context(distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL))  # fmt: skip
        client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
        recipe = runpy.run_path(str(HERE.parent / "recipes" / "cluster.py"))["DaskExecutor"]
        engines = {
            "threads": None,
            "ProcessPoolExecutor": stack.enter_context(concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn)),
            **interpreters(stack),
            "loky": stack.enter_context(loky.ProcessPoolExecutor(2)),
            "Dask, ``get_executor``": client.get_executor(pure=False),
            "Dask, the recipe": recipe(client),
        }
        times = {name: [] for name in engines}
        for executor in engines.values():
            many(4, executor, abs, range(CHUNK))
        for turn in range(options.rounds):
            names = list(engines)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                times[name].append(measure(engines[name]))

    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 3 3 3 3 3", ""]
    rows = [("calls made by", "one at a time", "2 workers", "32 workers", f"32 workers, chunks of {CHUNK}")]
    rows += [(name, *map(text, zip(*rounds))) for name, rounds in times.items()]
    for row in rows:
        lines += [f"   {'  ' if n else '* '}- {cell}" for n, cell in enumerate(row)]
    lines += [
        "",
        f"Microseconds a call: the median of {options.rounds} rounds, in brackets the least and the most.  "
        f"{processor()}, {os.cpu_count()} processors, "
        + ("" if load is None else f"load before {load:.1f}, ")
        + f"{platform.system()}, "
        f"CPython {platform.python_version()}, "
        f"distributed {distributed.__version__}, loky {loky.__version__}."
        + (f"  A worker that waits takes {memory:.0f} kB." if memory else ""),
    ]
    table = "\n".join(lines) + "\n"
    print(table)
    if options.write:
        (HERE / "overhead.inc").write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
