"""A timeline of what each worker did, for Perfetto.

Writes it to ``trace.json``, or to the file that is named.
"""

import hashlib
import json
import sys
import time

from threadpool import ThreadPool, WorkerThread, makeRequests


def recording(log):
    """A class of workers that note what they did, from when to when, in nanoseconds."""

    class RecordingWorker(WorkerThread):
        def perform(self, request):
            what = getattr(request.callable, "__name__", "?")
            start = time.perf_counter_ns()
            try:
                return super().perform(request)
            finally:
                # Appending to a list is atomic: the workers may share it.
                log.append((self.name, start, time.perf_counter_ns(), what))
                del request  # so that a failure is not kept alive by its traceback

    return RecordingWorker


def trace(log):
    """The log in Chrome's format: a complete event (X) for each call, times in
    microseconds, and the names of the threads (M)."""
    first, tids, events = min(start for _, start, *_ in log), {}, []
    workers = {worker for worker, *_ in log}
    for worker in sorted(workers, key=lambda name: (len(name), name)):
        tids[worker] = len(tids) + 1
        events.append({"ph": "M", "name": "thread_name", "pid": 1, "tid": tids[worker],
                       "args": {"name": worker}})
    for worker, start, end, what in log:
        events.append({"ph": "X", "name": what, "pid": 1, "tid": tids[worker],
                       "ts": (start - first) / 1000, "dur": (end - start) / 1000})
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def read(seconds):
    time.sleep(seconds)  # stands for a disk, or a network


def sign(rounds):
    hashlib.pbkdf2_hmac("sha256", b"spam", b"salt", rounds)


def main(path="trace.json"):
    log = []
    # 1. Hand the class to the pool, which makes its workers of it.
    with ThreadPool(2, worker=recording(log), thread_name_prefix="worker") as pool:
        for n in range(24):
            pool.putRequests(makeRequests(read, [0.01 + n % 5 / 100]))
            pool.putRequests(makeRequests(sign, [10_000 + n % 3 * 10_000]))
        # 2. So that there is something to be seen, the pool grows and shrinks.
        for _ in pool.results():
            if len(pool.workRequests) == 36:
                pool.createWorkers(2)
            elif len(pool.workRequests) == 12:
                pool.dismissWorkers(3)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(trace(log), file, indent=0)
    print(len(log), "calls by", len({name for name, *_ in log}), "workers:", path)


if __name__ == "__main__":
    main(*sys.argv[1:])
