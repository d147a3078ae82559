"""All the forms in which arguments are given."""

from threadpool import ThreadPool, WorkRequest, makeRequests


def call(*args, **kwds):
    return list(args), sorted(kwds.items())


def show(request, result):
    print(request.args, request.kwds, result)


pool = ThreadPool(1)
forms = ["one", ["a", "list"], {"a": "dictionary"}, None, (["x", "y"], None), (("x", "y"), {}),
         ((1, 2), ()), ([], {"key": 1}), (None, {"key": 2}), (["x"], {"key": 3}), ([[1, 2]], None)]
for request in makeRequests(call, forms, show):
    pool.putRequest(request)
pool.putRequest(WorkRequest(call, ("a", "tuple"), callback=show))
pool.putRequest(WorkRequest(call, args=["by name"], kwds={"key": 4}, callback=show))
pool.putRequest(WorkRequest(call, ["by position"], {}, None, show, None))
pool.wait()
