"""Recipe 203871: any task, with a callback, on as many threads as you set.

Tim Lesher's recipe has a pool that takes any callable, its argument and a
callback.  The number of its threads can be set at any time, and it is
ended with the tasks that still wait or without them.  There, a callback
runs in the thread that did the task; here, in the one that collects, so it
may print.
"""

import threading

from threadpool import ThreadPool, WorkRequest


def set_thread_count(pool, number):
    pool.createWorkers(max(0, number - len(pool.workers)))
    pool.dismissWorkers(max(0, len(pool.workers) - number))
    print("threads:", len(pool.workers))


def show(request, result):
    print(f"{request.callable.__name__}: {result}")


pool = ThreadPool(0)
pool.putRequest(WorkRequest(sorted, ["parrot"], callback=show))
pool.putRequest(WorkRequest(sum, [[1, 2, 3]], callback=show))
set_thread_count(pool, 1)
pool.wait()  # for all queued tasks; the callbacks are called here

set_thread_count(pool, 3)
set_thread_count(pool, 1)

begun, go_on = threading.Event(), threading.Event()


def long_task():
    begun.set()
    return go_on.wait(10)


pool.putRequest(WorkRequest(long_task, callback=show))
begun.wait(10)
waiting = WorkRequest(sum, [[4, 5, 6]], callback=show)
pool.putRequest(waiting)
pool.shutdown(wait=False, cancel_futures=True)  # what waits is dropped
go_on.set()
pool.wait()  # what runs is finished and collected
pool.shutdown()
print("what waited:", waiting.result)
print("threads:", len(pool.workers))
