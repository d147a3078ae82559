"""asyncio: workers notify the event loop, and the loop collects the results."""

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
            # A callback has raised this.  More results may be there already, and nobody
            # will notify the loop of them again, so it looks once more.  The loop logs
            # what is raised here, and goes on.
            loop.call_soon(collect)
            raise

    def show(request, result):
        print(request.args[0], "has the root", result)

    def complain(request, exc_info):
        print(request.args[0], "has none:", exc_info[1])

    # 2. Other threads may call nothing else of a loop.
    with ThreadPool(1, notify=lambda: loop.call_soon_threadsafe(collect)) as pool:
        pool.putRequests(makeRequests(math.isqrt, [16, 25, -1], show, complain))
        # 3. All results are there after this, and the loop was free meanwhile.
        await finished.wait()


if __name__ == "__main__":
    asyncio.run(main())
