"""A script prints what `wait` returns."""

import threadpool

pool = threadpool.ThreadPool(2)
for request in threadpool.makeRequests(abs, [-1, -2, -3]):
    pool.putRequest(request)
print(pool.wait())
