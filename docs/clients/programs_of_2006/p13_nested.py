"""Pools that are made inside the workers of another."""

import threadpool


def inner(host):
    found = []
    pool = threadpool.ThreadPool(3)
    for request in threadpool.makeRequests(lambda port: (host, port), [22, 80, 443],
                                           lambda request, result: found.append(result)):
        pool.putRequest(request)
    pool.wait()
    return sorted(found)


everything = []
pool = threadpool.ThreadPool(2)
for request in threadpool.makeRequests(inner, ["a", "b", "c"],
                                       lambda request, result: everything.extend(result)):
    pool.putRequest(request)
pool.wait()
print(sorted(everything))
