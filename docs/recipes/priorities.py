"""Priorities: one pool for urgent calls, and one for calls that can wait.

Whoever has urgent work never stands behind the rest, as some workers do
nothing else.
"""

import threading

from threadpool import ThreadPool, makeRequests


def main():
    order, gate = [], threading.Event()

    def note(request, result):
        order.append(result)

    def report(number):
        gate.wait(10)  # a long job: here, until an urgent call is done
        return f"report {number}"

    # 1. Each pool's share is its number of workers.
    with ThreadPool(3) as urgent, ThreadPool(1) as bulk:
        # 2. The backlog is put first ...
        bulk.putRequests(makeRequests(report, range(5), note))
        # 3. ... and overtaken: these calls are done while all of it waits.
        urgent.putRequests(makeRequests("answer {}".format, ["to Ann", "to Bob"], note))
        urgent.wait()
        print(len(order), "answers, while", len(bulk.workRequests), "reports are pending")
        gate.set()

        # 4. In a quiet hour, move workers from one pool to the other.  Keep one there.
        urgent.dismissWorkers(2)
        bulk.createWorkers(2)
        bulk.wait()
        print(len(urgent.workers), "urgent worker,", len(bulk.workers), "for the bulk")
    print(*sorted(order[:2]), *sorted(order[2:]), sep=", ")


if __name__ == "__main__":
    main()
