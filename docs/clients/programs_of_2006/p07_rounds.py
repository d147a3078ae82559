"""Several rounds on one pool, the first of which has nothing to do; callbacks that put more."""

import threadpool

pool = threadpool.ThreadPool(3)
pool.wait()
results = []
for number in range(3):
    del results[:]
    for request in threadpool.makeRequests(pow, [([n, number], None) for n in range(5)],
                                           lambda request, result: results.append(result)):
        pool.putRequest(request)
    pool.wait()
    print(sorted(results))


def countdown(request, number):
    print(number)
    if number:
        pool.putRequest(threadpool.WorkRequest(int, [number - 1], callback=countdown))


pool.putRequest(threadpool.WorkRequest(int, [5], callback=countdown))
pool.wait()
try:
    pool.poll()
except threadpool.NoResultsPending:
    print("nothing is pending")
