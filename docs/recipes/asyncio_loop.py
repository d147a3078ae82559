"""An event loop and a pool: futures, context, and callbacks in the loop.

The blocking calls wait for a gate that only the loop opens: had they blocked it,
nobody would.
"""

import asyncio
import contextvars
import threading

from threadpool import NoResultsPending, ThreadPool, makeRequests

user = contextvars.ContextVar("user", default="nobody")
gate = threading.Event()


def blocking(number):
    if not gate.wait(10):
        raise RuntimeError("the loop stands still")
    return f"{number} for {user.get()}"


async def main():
    loop, numbers, results = asyncio.get_running_loop(), [], asyncio.Queue()
    with ThreadPool(4) as pool:
        # 1. Calls that are awaited together; they see the context of this task.
        user.set("Ann")
        loop.call_later(0.01, gate.set)
        calls = [loop.run_in_executor(pool, blocking, number) for number in range(3)]
        print(await asyncio.gather(*calls))

        # 2. As they come.  `submit` takes keywords as well.
        calls = [pool.submit(int, text, base=16) for text in ("ff", "10")]
        for call in asyncio.as_completed([asyncio.wrap_future(call) for call in calls]):
            numbers.append(await call)
        print(sorted(numbers))

        # 3. Callbacks.  Whoever polls runs them.  Here it is the loop's thread, so
        #    they may use its objects, as a worker must not.
        gate.clear()
        loop.call_later(0.01, gate.set)

        def enqueue(request, result):
            results.put_nowait(result)

        pool.putRequests(makeRequests(blocking, range(3), enqueue))
        await collect(pool)
        print(sorted(results.get_nowait() for _ in range(results.qsize())))


async def collect(pool, interval=0.005):
    """Do what `pool.wait()` does, and let the loop run meanwhile."""
    while True:
        try:
            pool.poll()
        except NoResultsPending:
            return
        await asyncio.sleep(interval)


if __name__ == "__main__":
    asyncio.run(main())
