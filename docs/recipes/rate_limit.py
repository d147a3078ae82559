"""A limit on calls a second: a token bucket that the workers share.

Thirty calls, fifty a second, of which ten may come at once.
"""

import threading
import time

from threadpool import ThreadPool, WorkerThread, makeRequests


class TokenBucket:
    """Fills with `rate` tokens a second, up to `burst`; each call takes one."""

    def __init__(self, rate, burst, clock=time.monotonic, sleep=time.sleep):
        self.rate, self.burst, self.clock, self.sleep = rate, burst, clock, sleep
        self.tokens, self.last, self.lock = burst, clock(), threading.Lock()

    def take(self):
        with self.lock:
            now = self.clock()
            self.tokens = min(self.burst, self.tokens + (now - self.last) * self.rate) - 1
            self.last, debt = now, max(0, -self.tokens)
        # A number below zero stands for tokens that are taken in advance, so the next
        # caller waits longer.  Sleep outside the lock, so that others can take theirs.
        self.sleep(debt / self.rate)


def limited(bucket):
    """A class of workers that take a token before each call."""

    class LimitedWorker(WorkerThread):
        def perform(self, request):
            bucket.take()
            return super().perform(request)

    return LimitedWorker


def main():
    begun = time.monotonic()
    with ThreadPool(8, worker=limited(TokenBucket(rate=50, burst=10))) as pool:
        requests = makeRequests(lambda n: time.monotonic() - begun, range(30))
        pool.putRequests(requests)
    times = sorted(request.result for request in requests)
    print(len(times), "calls, the last not before 0.4 seconds:", times[-1] >= 20 / 50)


if __name__ == "__main__":
    main()
