"""Several progress bars: rich, moved by the callbacks.

Two kinds of work share one pool, and each has a bar of its own.
"""

import hashlib
import zlib
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from threadpool import ThreadPool, makeRequests


def checksum(block):
    return hashlib.sha256(block).hexdigest()[:8]


def squeeze(block):
    return len(zlib.compress(block, 9))


def main(console=None):
    blocks = [bytes([n]) * 200_000 for n in range(30)]
    columns = TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn()
    console = console or Console(stderr=True)

    with Progress(*columns, console=console) as progress, ThreadPool(4) as pool:
        # 1. A callback of each kind, bound to its bar.  Callbacks run in this
        #    thread, one after the other, so they may do what they like to it.
        for work, number in (checksum, 30), (squeeze, 20):
            bar = progress.add_task(work.__name__, total=number)
            callback = partial(advance, progress, bar)
            pool.putRequests(makeRequests(work, blocks[:number], callback))

        # 2. What else has to be seen is printed above the bars.
        pool.wait()
        progress.console.print("All is done.")
    return {task.description: task.completed for task in progress.tasks}


def advance(progress, bar, request, result):
    progress.update(bar, advance=1)


if __name__ == "__main__":
    print(main())
