"""Pools without workers, pools that grow, and more dismissals than workers."""

import threadpool

results = []
pool = threadpool.ThreadPool(0, poll_timeout=0.1)
for word in ["a", "bc"]:
    pool.putRequest(threadpool.WorkRequest(
        len, [word], callback=lambda request, result: results.append(result)))
print(len(pool.workers), len(pool.workRequests))
try:
    pool.wait()
except threadpool.NoWorkersAvailable:
    print("no workers")
pool.poll()
pool.createWorkers(2, poll_timeout=0.1)
pool.wait()
print(sorted(results), len(pool.workers))
pool.dismissWorkers(10)
print(len(pool.workers), len(pool.dismissedWorkers))
pool.joinAllDismissedWorkers()
print(len(pool.dismissedWorkers))
pool.createWorkers(1, 0.1)
pool.dismissWorkers(1, do_join=True)
print(len(pool.workers), len(pool.dismissedWorkers))
