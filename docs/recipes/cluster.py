"""A pool whose calls are made by a Dask cluster: count the primes below 200,000.

    python cluster.py [ADDRESS]

ADDRESS is that of a scheduler, such as tcp://10.0.0.1:8786; without it, a small
cluster is started on this machine.  Needs ``pip install distributed``.

`DaskExecutor` may be copied.  Dask has one of its own, ``client.get_executor()``,
which leaves some calls without an answer: those under way when a cluster goes
down, and those whose result cannot be sent.  A thread that waits for one of them
waits for ever.
"""

import concurrent.futures
import sys

import cloudpickle
import distributed

from threadpool import ThreadPool, makeRequests

LOOK_SECONDS = 1  # how often a call without a result looks for its client
TRAVEL_SECONDS = 600  # how long a result may take from there to here
CLOSED = ("closing", "closed")  # a client's status from which it does not come back


class DaskExecutor(concurrent.futures.Executor):
    """Has calls made by the cluster of a `distributed.Client`."""

    def __init__(self, client):
        self.client = client

    def submit(self, fn, /, *args, **kwds):
        # Made here and not importable, so it travels whole.  It hides keywords like key=
        # and priority=, which Dask would take for its own.  And it pickles the result
        # there, so that one which cannot be sent is an error of its own call; Dask
        # fetches many results at once, and would fail them all.
        def call():
            return cloudpickle.dumps(fn(*args, **kwds))

        try:
            # (Not pure: otherwise two calls with equal arguments would be made once.)
            return DaskCall(self.client, self.client.submit(call, pure=False))
        except Exception as error:
            if self.client.status in CLOSED:
                message = "the client is closed; it or the cluster has ended"
                raise ConnectionError(message) from error
            raise


class DaskCall:
    def __init__(self, client, future):
        self.client, self.future = client, future

    def result(self):
        """What the call returns or raises; ConnectionError if the cluster was lost."""
        try:
            while not self.done_within(LOOK_SECONDS):
                if self.client.status in CLOSED:
                    raise ConnectionError("the client is closed")
            return cloudpickle.loads(self.future.result(TRAVEL_SECONDS))
        except Exception as error:
            away = self.future.cancelled() or self.client.status != "running"
            own = self.future.status == "error"  # that of the call itself
            if not own and (away or isinstance(error, OSError)):
                message = f"the cluster was lost before it brought the result: {error}"
                raise ConnectionError(message) from error
            raise
        finally:
            del self  # a traceback may lead back to this frame

    def done_within(self, seconds):
        try:
            self.future.exception(seconds)  # waits, and brings no result
        except distributed.TimeoutError:
            return False
        return True


def count_primes(numbers):
    """A call that is long enough to travel: a piece of the numbers, not one of them."""
    return sum(n > 1 and all(n % k for k in range(2, int(n**0.5) + 1)) for n in numbers)


def main(address=None):
    cluster = address or distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0"
    )
    pieces = [range(start, start + 10_000) for start in range(0, 200_000, 10_000)]
    # The pool ends before the client, so that nothing is under way when that is closed.
    with distributed.Client(cluster) as client:
        with ThreadPool(4, executor=DaskExecutor(client)) as pool:
            pool.putRequests(makeRequests(count_primes, pieces))
            total = sum(request.result for request in pool.results())
            print("primes below 200,000:", total)
    if not address:
        cluster.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
