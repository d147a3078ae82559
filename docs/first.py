from time import sleep

from threadpool import ThreadPool, makeRequests


def fetch(seconds):  # called in a worker thread
    sleep(seconds)  # stands for a slow server
    return f"the page that took {seconds} seconds"


def show(request, result):  # called in your own thread
    print(result)


with ThreadPool(3) as pool:
    requests = makeRequests(fetch, [0.6, 0.2, 0.4], show)
    pool.putRequests(requests)

print("all done")
