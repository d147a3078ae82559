"""A pool whose calls are made by processes: count the primes below 200,000.

    python processes.py [loky | interpreters]

By the standard library's processes; by those of ``pip install loky``; or by interpreters
within this process, from Python 3.14 on.
"""

import concurrent.futures
import multiprocessing
import sys

from threadpool import ThreadPool, makeRequests


def engine(name):
    if name == "loky":
        import loky

        return loky.ProcessPoolExecutor(2)
    if name == "interpreters":
        return concurrent.futures.InterpreterPoolExecutor(2)
    # Fork is the default on Linux before Python 3.14, but it is not safe with threads.
    spawn = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn)


def is_prime(n):
    return n > 1 and all(n % k for k in range(2, int(n**0.5) + 1))


def count_primes(numbers):
    """One call for many numbers: a call for each would cost more than it computes."""
    return sum(map(is_prime, numbers))


def main(name=None):
    pieces = [range(start, start + 10_000) for start in range(0, 200_000, 10_000)]
    # Four workers for two processes, so that a next call always waits for a process.
    with engine(name) as executor, ThreadPool(4, executor=executor) as pool:
        pool.putRequests(makeRequests(count_primes, pieces))
        total = sum(request.result for request in pool.results())
        print("primes below 200,000:", total)


# The processes import this file, and must not start processes of their own.
if __name__ == "__main__":
    main(*sys.argv[1:])
