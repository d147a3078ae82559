"""asyncio: workers ring, the loop collects.  It sleeps in between."""

import asyncio
import math

from threadpool import NoResultsPending, ThreadPool, makeRequests


async def main():
    loop, finished = asyncio.get_running_loop(), asyncio.Event()

    # 1. This runs in the loop's thread, so callbacks may touch whatever lives there.
    def collect():
        try:
            pool.poll()
        except NoResultsPending:
            finished.set()
        except Exception:
            # Raised by a callback: what may have arrived behind it must not wait for
            # the next ring.  The loop logs what is raised here, and goes on.
            loop.call_soon(collect)
            raise

    def show(request, result):
        print(request.args[0], "has the root", result)

    def complain(request, exc_info):
        print(request.args[0], "has none:", exc_info[1])

    # 2. The one call of a loop that other threads may make.
    with ThreadPool(1, notify=lambda: loop.call_soon_threadsafe(collect)) as pool:
        pool.putRequests(makeRequests(math.isqrt, [16, 25, -1], show, complain))
        # 3. All is in when this returns, and the loop was free meanwhile.
        await finished.wait()


if __name__ == "__main__":
    asyncio.run(main())
