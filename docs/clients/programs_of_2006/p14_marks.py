"""Data that programs hang on requests, marks set by hand, and callbacks that are none."""

import threadpool

pool = threadpool.ThreadPool(2)
seen = []


def note(request, result):
    seen.append((request.url, result, request.requestID in pool.workRequests))


for number in range(3):
    request = threadpool.WorkRequest(divmod, [number, 2], requestID=number + 1, callback=note)
    request.url = f"page {number}"
    pool.putRequest(request)
    print(request.requestID)
pool.wait()
print(sorted(one[:2] for one in seen))

for request in threadpool.makeRequests(abs, [-1, -2], callback=()):
    pool.putRequest(request)
pool.wait()


def careful(request_box):
    """A callable that catches everything, and marks its request itself."""
    try:
        return 1 // 0
    except ZeroDivisionError as error:
        request_box[0].exception = True
        return str(error)


box = []
request = threadpool.WorkRequest(careful, [box], None, "marked",
                                 lambda request, result: print("result", result),
                                 lambda request, result: print("failure", result))
box.append(request)
pool.putRequest(request)
pool.wait()
print(request.exception)
