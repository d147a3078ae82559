"""Retry in two ways: within the worker, or at the end of the queue.

A service fails its first two calls for "b".  One worker makes the order of the
calls visible.
"""

import tenacity

from threadpool import ThreadPool, WorkRequest, makeRequests


class Service:
    """Notes each call, and fails the first two for "b"."""

    def __init__(self):
        self.calls = []

    def __call__(self, key):
        self.calls.append(key)
        if key == "b" and self.calls.count("b") < 3:
            raise ConnectionError("try again")
        return key.upper()


# 1. Tenacity: decorate the callable.  Between attempts the worker sleeps, longer
#    each time, and does nothing else.  With reraise=True the last error arrives
#    unchanged.
patiently = tenacity.retry(
    retry=tenacity.retry_if_exception_type(ConnectionError),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random_exponential(multiplier=0.01, max=0.1),
    reraise=True,
)


# 2. With the pool alone: the callback puts the failed request again, behind those
#    that wait.  No worker sleeps.  The number of attempts is an attribute that we
#    add to the request.
def put_again(pool, attempts=5):
    def exc_callback(request, exc_info):
        request.attempts = getattr(request, "attempts", 0) + 1
        if isinstance(exc_info[1], ConnectionError) and request.attempts < attempts:
            pool.putRequest(request)
        else:
            print(f"{request.args} given up after {request.attempts}: {exc_info[1]!r}")

    return exc_callback


def main():
    service = Service()
    with ThreadPool(1) as pool:
        requests = makeRequests(patiently(service), "abc")
        pool.putRequests(requests)
    print("tenacity: ", *service.calls, "->", *[request.result for request in requests])

    service = Service()
    with ThreadPool(1) as pool:
        requests = makeRequests(service, "abc", exc_callback=put_again(pool))
        pool.putRequests(requests)
    print("put again:", *service.calls, "->", *[request.result for request in requests])

    with ThreadPool(1) as pool:  # 3. An error that would only come again is not retried.
        pool.putRequest(WorkRequest(int, ["2b"], exc_callback=put_again(pool)))


if __name__ == "__main__":
    main()
