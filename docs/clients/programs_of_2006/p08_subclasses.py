"""Subclasses of all three classes."""

import threadpool


class Job(threadpool.WorkRequest):
    def __init__(self, number, callback):
        super().__init__(self.work, callback=callback)
        self.number = number

    def work(self):
        return self.number + 1


class Named(threadpool.WorkerThread):
    def __init__(self, name, *args, **kwds):
        self.label = name
        super().__init__(*args, **kwds)

    def dismiss(self):
        dismissed.append(self.label)
        super().dismiss()


class Pool(threadpool.ThreadPool):
    def __init__(self, size):
        self.polls = 0
        super().__init__(size)

    def createWorkers(self, num_workers, poll_timeout=0.1):
        for number in range(num_workers):
            self.workers.append(Named(f"worker {number}", self._requests_queue,
                                      self._results_queue, poll_timeout=poll_timeout))

    def poll(self, block=False):
        self.polls += 1
        return threadpool.ThreadPool.poll(self, block)

    def stop(self):
        self.dismissWorkers(len(self.workers), True)


dismissed, results = [], []
pool = Pool(3)
for number in range(10):
    pool.putRequest(Job(number, lambda request, result: results.append((request.number, result))))
pool.wait()
print(sorted(results))
print(pool.polls > 0, [worker.label for worker in pool.workers])
print(all(worker.daemon for worker in pool.workers))
pool.stop()
print(sorted(dismissed), pool.workers)
