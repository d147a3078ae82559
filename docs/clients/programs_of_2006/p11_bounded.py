"""A producer that is held up by a full queue, and collects meanwhile."""

import time

import threadpool

results = []
pool = threadpool.ThreadPool(2, q_size=3, resq_size=100, poll_timeout=0.1)
requests = threadpool.makeRequests(lambda n: time.sleep(0.002) or n, range(60),
                                   lambda request, result: results.append(result))
most = 0
for request in requests:
    while True:
        try:
            pool.putRequest(request, timeout=0.001)
            break
        except threadpool.Queue.Full:
            try:
                pool.poll()
            except threadpool.NoResultsPending:
                pass
    most = max(most, pool._requests_queue.qsize())
pool.wait()
print(sorted(results) == list(range(60)), most <= 3)

# Both bounds, in rounds that fit.
pool = threadpool.ThreadPool(4, q_size=8, resq_size=8)
for start in (0, 8, 16):
    del results[:]
    [pool.putRequest(request) for request in threadpool.makeRequests(
        abs, range(-start - 8, -start), lambda request, result: results.append(result))]
    pool.wait()
    print(sorted(results))
