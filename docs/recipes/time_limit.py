"""A time limit for each call, which frees the worker and not the thread.

No thread can be stopped from outside.  So each worker has its calls made by a helper
thread.  When the time is up, it leaves the helper to its call and takes another one.
"""

import threading

from threadpool import ThreadPool, WorkerThread, WorkRequest, makeRequests


def limited(seconds):
    """A class of workers that wait so long for each call, then fail it."""

    class LimitedWorker(WorkerThread):
        helper = None

        def perform(self, request):
            # 1. The helper is a pool of one thread.  It takes requests, not futures,
            #    because the end of the program does not wait for requests.
            if self.helper is None:
                self.helper = ThreadPool(1)
            call = WorkRequest(
                request.callable, request.args, request.kwds, exc_callback=None)
            try:
                self.helper.putRequest(call)
                if not self.helper.wait(seconds):
                    # 2. Forget the helper: a pool that nobody refers to ends by itself,
                    #    here as soon as the call returns, if it ever does.
                    self.helper = None
                    raise TimeoutError(f"no result within {seconds} seconds")
                if call.exception:
                    raise call.exc_info[1]
                return call.result
            finally:
                del call, request  # so that no failure is kept alive by its traceback

    return LimitedWorker


def main():
    never = threading.Event()

    def work(name):
        if name == "stuck":
            never.wait()
        return name.upper()

    def show(request, result):
        print(request.args[0], "->", result)

    def complain(request, exc_info):
        print(request.args[0], "failed:", exc_info[1])

    # 3. One worker: were its place not freed, "egg" would never have its turn.
    with ThreadPool(1, worker=limited(0.5)) as pool:
        pool.putRequests(makeRequests(work, ["spam", "stuck", "egg"], show, complain))


if __name__ == "__main__":
    main()
