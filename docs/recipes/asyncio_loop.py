"""asyncio: a pool makes the calls that would block the loop, and the loop awaits them.

The blocking calls wait for a gate that only the loop opens: if they blocked it, it would
stay closed.
"""

import asyncio
import contextvars
import threading

from threadpool import ThreadPool

user = contextvars.ContextVar("user", default="nobody")
gate = threading.Event()


def blocking(number):
    if not gate.wait(10):
        raise RuntimeError("the loop stands still")
    return f"{number} for {user.get()}"


async def main():
    loop, numbers = asyncio.get_running_loop(), []
    # 1. Each call runs in a copy of the context of its task.  (Leave `context` out if
    #    you do not need that.)
    with ThreadPool(4, context=contextvars.copy_context) as pool:
        # 2. Calls that are awaited together.
        user.set("Ann")
        loop.call_later(0.01, gate.set)
        calls = [loop.run_in_executor(pool, blocking, number) for number in range(3)]
        print(await asyncio.gather(*calls))

        # 3. Calls that are awaited as they are done.  `submit` takes keywords as well.
        calls = [pool.submit(int, text, base=16) for text in ("ff", "10")]
        for call in asyncio.as_completed([asyncio.wrap_future(call) for call in calls]):
            numbers.append(await call)
        print(sorted(numbers))
        # 4. All calls have been awaited, so leaving the block does not block the loop.


if __name__ == "__main__":
    asyncio.run(main())
