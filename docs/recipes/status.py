"""What is my pool doing?  Each worker's call, since when, and where in the code.

Call `report` from another thread, from a signal handler, or from a page of your own.
"""

import sys
import threading
import time
import traceback

from threadpool import ThreadPool, WorkerThread, makeRequests


class WatchedWorker(WorkerThread):
    """Notes what it is doing, and since when."""

    doing = None

    def perform(self, request):
        name = getattr(request.callable, "__name__", repr(request.callable))
        arguments = ", ".join(map(repr, request.args))
        self.doing = f"{name}({arguments})", time.monotonic()
        try:
            return super().perform(request)
        finally:
            self.doing = None
            del request  # so that a failure is not kept alive by its traceback


def report(pool):
    """A line for each worker, and one for what waits."""
    frames = sys._current_frames()  # where each thread is at this moment
    for worker in pool.workers + pool.dismissedWorkers:
        doing = worker.doing  # read once: the worker may finish at any time
        if doing is None or worker.ident not in frames:
            yield f"{worker.name}: idle"
            continue
        call, since = doing
        stack = traceback.extract_stack(frames[worker.ident])
        # The innermost frame of our own code is more telling than one of the library.
        own = [frame for frame in stack if frame.filename == __file__]
        seconds = time.monotonic() - since
        yield f"{worker.name}: {call} for {seconds:.0f} s, in {own[-1].name}"
    waiting = pool._requests_queue.qsize()
    yield f"{waiting} waiting, {len(pool.workRequests)} not collected"


def main():
    begun, gate = threading.Event(), threading.Event()

    def read_page(number):
        begun.set()
        wait_for_the_server()

    def wait_for_the_server():
        gate.wait(10)

    with ThreadPool(1, worker=WatchedWorker, thread_name_prefix="reader") as pool:
        pool.putRequests(makeRequests(read_page, [7]))
        pool.putRequests(makeRequests(abs, range(5)))
        begun.wait(10)
        time.sleep(0.1)
        print(*report(pool), sep="\n")
        gate.set()
        pool.wait()
        print(*report(pool), sep="\n")


if __name__ == "__main__":
    main()
