"""A program looks into the queues, and throws away what waits."""

import threading

import threadpool

gate, begun = threading.Event(), threading.Event()


def work(number):
    begun.set()
    gate.wait(10)
    return number


def note(request, result):
    results.append(result)


results = []
pool = threadpool.ThreadPool(1, 5)
print(pool._requests_queue.empty(), pool._requests_queue.qsize(), pool._results_queue.empty())
requests = threadpool.makeRequests(work, range(6), note)
pool.putRequest(requests[0])
begun.wait(10)
for request in requests[1:]:
    pool.putRequest(request)
print(pool._requests_queue.qsize(), pool._requests_queue.full(), pool._results_queue.qsize())
try:
    pool.putRequest(threadpool.WorkRequest(work, [6]), block=False)
except threadpool.Queue.Full:
    print("full")
try:
    pool.putRequest(threadpool.WorkRequest(work, [6]), True, 0.05)
except threadpool.Queue.Full:
    print("still full")
pool._requests_queue.queue.clear()
pool.workRequests.clear()
print(pool._requests_queue.empty(), pool._requests_queue.full(), len(pool.workRequests))
gate.set()
pool.wait()
last = threadpool.WorkRequest(work, ["afterwards"], callback=note)
pool.putRequest(last)
print(list(pool.workRequests) == [last.requestID])
while pool.workRequests:
    try:
        pool.poll(True)
    except threadpool.NoResultsPending:
        break
    except KeyError:
        pass  # release 1.3.2 stumbles over the result of a request that was cleared
print("afterwards" in results, 5 in results)
