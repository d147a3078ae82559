"""A pool that grows with its work, and shrinks when it is idle."""

import time

from threadpool import ThreadPool, WorkerThread, makeRequests


class ClockedWorker(WorkerThread):
    """Knows since when it has had nothing to do."""

    def __init__(self, *args, **keywords):
        self.idle_since = time.monotonic()  # None while it works
        super().__init__(*args, **keywords)  # this starts the thread, so it comes last

    def perform(self, request):
        self.idle_since = None
        try:
            return super().perform(request)
        finally:
            self.idle_since = time.monotonic()
            del request  # so that a failure is not kept alive by its traceback


def tend(pool, least, most, idle_seconds):
    """Add a worker for each request that waits; dismiss those that are idle too long.

    Call it when you put requests, and now and then: in a loop that polls, by a timer.
    """
    # 1. Any thread may add workers.
    waiting = pool._requests_queue.qsize()
    pool.createWorkers(min(waiting, max(0, most - len(pool.workers))))

    # 2. An idle worker leaves at once.  Should it have just begun a call, it finishes
    #    that first.
    long_ago = time.monotonic() - idle_seconds
    for worker in list(pool.workers):
        idle_since = worker.idle_since
        is_old = idle_since is not None and idle_since < long_ago
        if is_old and len(pool.workers) > least:
            worker.dismiss()
    # 3. Otherwise a program that runs for months keeps each one that has gone.
    if not any(worker.is_alive() for worker in pool.dismissedWorkers):
        pool.joinAllDismissedWorkers()


def main():
    with ThreadPool(1, worker=ClockedWorker) as pool:
        pool.putRequests(makeRequests(time.sleep, [0.1] * 12))
        tend(pool, least=1, most=4, idle_seconds=0.2)
        print("busy:", len(pool.workers), "workers")
        pool.wait()
        time.sleep(0.4)
        tend(pool, least=1, most=4, idle_seconds=0.2)
        print("idle:", len(pool.workers), "worker")


if __name__ == "__main__":
    main()
