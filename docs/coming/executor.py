"""ThreadPoolExecutor beside this pool.  Tried with CPython 3.9, 3.11, 3.13 and 3.15."""

import asyncio
import concurrent.futures
import contextvars
import os
import queue
import signal
import sys
import threading
import time

from trial import main, trial


def show(*things):
    print(*things, flush=True)


def there():
    return concurrent.futures.ThreadPoolExecutor


def here():
    from threadpool import ThreadPool

    return ThreadPool


# The same in both
# ================


@trial(there="True, [1, 2, 3]", here="True, [1, 2, 3]")
def type_and_map(pool_class):
    with pool_class(2, "name") as pool:
        show(isinstance(pool, concurrent.futures.ThreadPoolExecutor))
        show(list(pool.map(abs, [-1, -2, -3])))


@trial(there="1", here="1")
def default_executor(pool_class):
    async def program():
        asyncio.get_running_loop().set_default_executor(pool_class(1))
        return await asyncio.get_running_loop().run_in_executor(None, abs, -1)

    show(asyncio.run(program()))


@trial(there="0, 1, 2", here="0, 1, 2")
def end_of_the_program(pool_class):
    pool = pool_class(1)
    for n in range(3):
        pool.submit(lambda n=n: (time.sleep(0.1), show(n)))


@trial(there="None", here="None")
def context_of_the_caller(pool_class):
    variable = contextvars.ContextVar("variable", default=None)
    variable.set("mine")
    with pool_class(1) as pool:
        show(pool.submit(variable.get).result())


@trial(there="LookupError, True", here="LookupError, True")
def exception_in_the_block(pool_class):
    # What was submitted before is done, though an exception ends the block.
    try:
        with pool_class(1) as pool:
            pool.submit(time.sleep, 0.2)
            future = pool.submit(abs, -1)
            raise LookupError
    except LookupError:
        show("LookupError")
    show(future.done() and not future.cancelled())


@trial(there="SystemExit", here="SystemExit")
def system_exit_in_a_call(pool_class):
    with pool_class(1) as pool:
        try:
            pool.submit(sys.exit, 1).result()
        except SystemExit:
            show("SystemExit")


# Not the same
# ============


@trial(there="0", here="3")
def threads_at_the_start(pool_class):
    with pool_class(3) as pool:
        show(len(pool._threads))


@trial(there="hangs", here="2")
def nested(pool_class):
    with pool_class(1) as pool:
        show(pool.submit(lambda: 1 + pool.submit(abs, -1).result()).result())


@trial(there="hangs", here="[0, 1, 2]")
def map_in_a_worker(pool_class):
    with pool_class(1) as pool:
        show(pool.submit(lambda: list(pool.map(abs, range(3)))).result())


@trial(there="all of it was done", here="left at once")
def control_c(pool_class):
    begun = time.monotonic()
    try:
        with pool_class(1) as pool:
            pool.submit(time.sleep, 0.6)
            pool.submit(time.sleep, 0.6)
            threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
            time.sleep(0.5)
    except KeyboardInterrupt:
        show("left at once" if time.monotonic() - begun < 0.6 else "all of it was done")


@trial(there="hangs", here="1")
def forked_child(pool_class):
    pool = pool_class(1)
    pool.submit(abs, -1).result()
    child = os.fork()
    if child == 0:
        show(pool.submit(abs, -1).result())
        os._exit(0)
    os.waitpid(child, 0)


@trial(there="hangs", here="RuntimeError")
def future_of_before_the_fork(pool_class):
    pool = pool_class(1)
    future = pool.submit(time.sleep, 1)
    child = os.fork()
    if child == 0:
        try:
            show(future.result())
        except Exception as error:
            show(type(error).__name__)
        os._exit(0)
    os.waitpid(child, 0)


@trial(there="done after the worker was", here="done at once")
def wait_for_a_cancelled_future(pool_class):
    with pool_class(1) as pool:
        pool.submit(time.sleep, 0.5)
        future = pool.submit(abs, -1)
        future.cancel()
        begun = time.monotonic()
        concurrent.futures.wait([future])
        show("done at once" if time.monotonic() - begun < 0.25 else "done after the worker was")


@trial(there="hangs", here="done")
def wait_after_shutdown(pool_class):
    pool = pool_class(1)
    pool.submit(time.sleep, 0.2)
    future = pool.submit(abs, -1)
    pool.shutdown(wait=False, cancel_futures=True)
    concurrent.futures.wait([future])
    show("done")


@trial(there="100 read|10 read", here="10 read")
def map_reads_its_input(pool_class):
    # From Python 3.14 on, map has buffersize there as well: hence two outcomes.
    read = []
    inputs = (read.append(n) or n for n in range(100))
    with pool_class(2) as pool:
        try:
            results = pool.map(abs, inputs, buffersize=10)
        except TypeError:
            results = pool.map(abs, inputs)
        show(len(read), "read")
        list(results)


@trial(there="no such argument", here="queue.Full")
def bounded_queue(pool_class):
    try:
        pool = pool_class(0, q_size=1)
    except (TypeError, ValueError):
        show("no such argument")
        return
    from threadpool import WorkRequest

    pool.putRequest(WorkRequest(abs, [-1]))
    try:
        pool.putRequest(WorkRequest(abs, [-1]), block=False)
    except queue.Full:
        show("queue.Full")


if __name__ == "__main__":
    main(__file__, there, here)
