"""Progress bars by rich: one around the results, and one whose total grows."""

import math

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, track

from threadpool import ThreadPool, makeRequests


def main(console):
    with ThreadPool(4) as pool:
        # 1. The total is the number of requests that are pending now.
        pool.putRequests(makeRequests(math.isqrt, range(100)))
        total = len(pool.workRequests)
        bar = track(pool.results(), "roots", total=total, console=console)
        roots = [request.result for request in bar]

        # 2. Here each result but 1 leads to one more request, so the total grows.
        columns = *Progress.get_default_columns(), MofNCompleteColumn()
        with Progress(*columns, console=console) as progress:
            total = 2
            task = progress.add_task("more", total=total)
            pool.putRequests(makeRequests(math.isqrt, [2**64, 2**32]))
            for request in progress.track(pool.results(), task_id=task):
                if request.result > 1:
                    pool.putRequests(makeRequests(math.isqrt, [request.result]))
                    total += 1
                    progress.update(task, total=total)

    print(sum(roots), total)


if __name__ == "__main__":
    main(Console(stderr=True))
