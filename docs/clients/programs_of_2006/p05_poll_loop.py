"""The loop of the module's own example: poll, work, grow, shrink, join."""

import time

import threadpool

done = []
pool = threadpool.ThreadPool(3, poll_timeout=0.1)
for request in threadpool.makeRequests(time.sleep, [0.02] * 40, lambda request, _: done.append(1)):
    pool.putRequest(request)
rounds = 0
while True:
    try:
        time.sleep(0.01)
        pool.poll()
        rounds += 1
        if rounds == 2:
            pool.createWorkers(3, 0.1)
            print("workers:", len(pool.workers))
        if rounds == 4:
            pool.dismissWorkers(4)
            print("workers:", len(pool.workers), "dismissed:", len(pool.dismissedWorkers))
    except KeyboardInterrupt:
        print("interrupted")
        break
    except threadpool.NoResultsPending:
        print("no more results are pending")
        break
if pool.dismissedWorkers:
    pool.joinAllDismissedWorkers()
    print("dismissed:", len(pool.dismissedWorkers))
print(len(done), rounds > 4, pool.workRequests)
pool.dismissWorkers(len(pool.workers), do_join=True)
print("workers:", len(pool.workers), "threads:", threadpool.threading.active_count())
