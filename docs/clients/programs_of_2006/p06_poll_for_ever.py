"""A thread polls for ever while others put."""

import threading
import time

import threadpool

pool = threadpool.ThreadPool(4)
results = []


def collect():
    while True:
        try:
            pool.poll()
        except threadpool.NoResultsPending:
            pass
        time.sleep(0.001)


def produce(first):
    for number in range(first, first + 20):
        # (Release 1.3.2 registers a request after it was put, when it may have been
        # collected already, so calls must take longer than that.)
        pool.putRequest(threadpool.WorkRequest(slow_square, [number], callback=note))


def slow_square(number):
    time.sleep(0.02)
    return number * number


def note(request, result):
    results.append(result)


collector = threading.Thread(target=collect)
collector.daemon = True
collector.start()
producers = [threading.Thread(target=produce, args=[first]) for first in (0, 20, 40)]
for producer in producers:
    producer.start()
for producer in producers:
    producer.join()
until = time.time() + 15
while len(results) < 60 and time.time() < until:
    time.sleep(0.01)
print(sorted(results) == [number * number for number in range(60)])
