"""A list of requests, put by map, and a callback that gathers the results."""

import threadpool

results = []
pool = threadpool.ThreadPool(5)
requests = threadpool.makeRequests(str.upper, ["spam", "egg", "ham"],
                                   lambda request, result: results.append(result))
print(list(map(pool.putRequest, requests)))
pool.wait()
print(sorted(results))
print(pool.workRequests)
