"""Recipe 302746: a pool to start and to stop, results here, errors there.

John Nielsen's recipe of 2004 does nothing until it is started, runs until
it is stopped, and may be started again.  Results come out of one queue,
errors out of another.  Here too, what was put before the stop is done
before it.
"""

import queue

from threadpool import ThreadPool, WorkRequest

results, errors = queue.SimpleQueue(), queue.SimpleQueue()
pool = ThreadPool(0)


def work(item):
    return "new " + item


def keep(request, result):
    results.put(result)


def complain(request, exc_info):
    errors.put(f"{request.args[0]!r}: {exc_info[0].__name__}")


def put(item):
    pool.putRequest(
        WorkRequest(work, [item], callback=keep, exc_callback=complain))


def start(number=5):
    pool.createWorkers(number)


def stop():
    pool.wait()  # results and errors go to their queues here
    pool.dismissWorkers(len(pool.workers), do_join=True)


def show(name, items):
    print(name, sorted(items.get() for _ in range(items.qsize())))


for item in ["a", "b"]:
    put(item)
show("not started:", results)
start()
stop()
show("results:", results)

for item in ["c", 7, "d"]:
    put(item)
start(2)
stop()
show("results:", results)
show("errors:", errors)
print("threads:", len(pool.workers))
