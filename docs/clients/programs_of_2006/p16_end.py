"""The program ends while its workers are busy: they are daemonic, nobody waits for them."""

import atexit
import threading
import time

import threadpool

begun = threading.Event()


def work(number):
    begun.set()
    time.sleep(60)


atexit.register(lambda: print("at exit"))
pool = threadpool.ThreadPool(2)
for request in threadpool.makeRequests(work, [1, 2]) + threadpool.makeRequests(print, ["lost"]):
    pool.putRequest(request)
begun.wait(10)
print("the main thread is done")
