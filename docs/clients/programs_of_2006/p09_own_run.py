"""Workers with a `run` of their own, which keep something open for all of their requests."""

import queue
import sys

import threadpool


class Worker(threadpool.WorkerThread):
    def run(self):
        connection = {"calls": 0}
        while True:
            if self._dismissed.is_set():
                break
            try:
                request = self._requests_queue.get(True, self._poll_timeout)
            except queue.Empty:
                continue
            if self._dismissed.is_set():
                self._requests_queue.put(request)
                break
            try:
                connection["calls"] += 1
                result = request.callable(connection, *request.args, **request.kwds)
                self._results_queue.put((request, result))
            except Exception:
                request.exception = True
                self._results_queue.put((request, sys.exc_info()))


class Pool(threadpool.ThreadPool):
    def createWorkers(self, num_workers, poll_timeout=0.1):
        for _ in range(num_workers):
            self.workers.append(Worker(self._requests_queue, self._results_queue, poll_timeout))


def work(connection, number):
    return connection["calls"], 10 // number


def note(request, result):
    results.append(result)


def complain(request, exc_info):
    failures.append(exc_info[0].__name__)


results, failures = [], []
pool = Pool(1)
for request in threadpool.makeRequests(work, [5, 2, 0, 1], note, complain):
    pool.putRequest(request)
pool.wait()
print(results, failures)
pool.dismissWorkers(1, True)
print(pool.workers)
