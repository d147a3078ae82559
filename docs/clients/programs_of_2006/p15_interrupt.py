"""Ctrl-C while the main thread polls, in the way in which programs catch it."""

import os
import signal
import time

import threadpool

signal.signal(signal.SIGINT, signal.default_int_handler)
results = []


def press():
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
    return "pressed"


pool = threadpool.ThreadPool(2, poll_timeout=0.1)
request = threadpool.WorkRequest(press, callback=lambda request, result: results.append(result))
pool.putRequest(request)
while True:
    try:
        time.sleep(0.01)
        pool.poll()
    except KeyboardInterrupt:
        print("interrupted")
        break
    except threadpool.NoResultsPending:
        print("this comes too early")
        break
pool.wait()
print(results)
pool.dismissWorkers(2, True)
print(pool.workers)
