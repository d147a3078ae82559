"""Two callbacks, one for results and one for failures, which unpacks what it is given."""

import threadpool

seen = []


def reciprocal(number):
    return 1 / number


def note(request, result):
    seen.append((request.args[0], request.exception, result))


def complain(request, exc_info):
    if not isinstance(exc_info, tuple):
        print("not a tuple", exc_info)
        raise SystemExit
    kind, value, traceback = exc_info
    seen.append((request.args[0], request.exception, kind.__name__, str(value),
                 traceback is not None, isinstance(value, kind)))


pool = threadpool.ThreadPool(2)
requests = threadpool.makeRequests(reciprocal, [1, 0, 2], note, complain)
[pool.putRequest(request) for request in requests]
pool.wait()
print(sorted(seen))

# Without the second callback, the first is told of failures as well.
seen.clear()
request = threadpool.WorkRequest(reciprocal, [0], callback=lambda request, result: seen.append(
    (request.exception, result[0].__name__)), exc_callback=None)
pool.putRequest(request)
pool.wait()
print(seen)
