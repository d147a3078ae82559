"""multiprocessing.pool.ThreadPool beside this pool.  Tried with CPython 3.9, 3.11, 3.13 and 3.15."""

import concurrent.futures
import multiprocessing
import multiprocessing.dummy
import multiprocessing.pool
import sys
import threading
import time

from trial import main, trial


def show(*things):
    print(*things, flush=True)


def there():
    return multiprocessing.pool.ThreadPool


def here():
    from threadpool import ThreadPool

    return ThreadPool


def is_ours(pool_class):
    return pool_class is not multiprocessing.pool.ThreadPool


def fail_at_one(number):
    if number == 1:
        raise LookupError
    return number


@trial(there="[8, 9]", here="[8, 9]")
def starmap(pool_class):
    pairs = [(2, 3), (3, 2)]
    with pool_class(2) as pool:
        if is_ours(pool_class):
            show(list(pool.map(lambda args: pow(*args), pairs)))
        else:
            show(pool.starmap(pow, pairs))


@trial(there="dropped", here="done")
def end_of_the_block(pool_class):
    done = []
    with pool_class(1) as pool:
        for n in range(3):
            if is_ours(pool_class):
                pool.submit(lambda n=n: (time.sleep(0.1), done.append(n)))
            else:
                pool.apply_async(lambda n=n: (time.sleep(0.1), done.append(n)))
    time.sleep(0.5)
    show("done" if len(done) == 3 else "dropped")


@trial(there="nothing", here="0 1 2")
def end_of_the_program(pool_class):
    pool = pool_class(1)
    print(end="nothing" if not is_ours(pool_class) else "", flush=True)

    def work(n):
        time.sleep(0.1)
        print(n, end=" " if n < 2 else "", flush=True)

    for n in range(3):
        (pool.submit if is_ours(pool_class) else lambda f, n: pool.apply_async(f, (n,)))(work, n)


@trial(there="[0, 'LookupError', 2, 3]", here="[0, 'LookupError']")
def imap_after_an_error(pool_class):
    with pool_class(1) as pool:
        results = pool.map(fail_at_one, range(4)) if is_ours(pool_class) else pool.imap(fail_at_one, range(4))
        show(read_on(results))


@trial(there="[0, 'LookupError', 2, 3]", here="[0, 'LookupError']")
def imap_unordered_after_an_error(pool_class):
    with pool_class(1) as pool:
        if is_ours(pool_class):
            results = pool.map(fail_at_one, range(4), ordered=False)
        else:
            results = pool.imap_unordered(fail_at_one, range(4))
        show(read_on(results))


def read_on(results):
    found = []
    while True:
        try:
            found.append(next(results))
        except LookupError as error:
            found.append(type(error).__name__)
        except StopIteration:
            return found


@trial(there="all but the rest of its chunk", here="little more")
def map_after_an_error(pool_class):
    called = []

    def call(n):
        called.append(n)
        time.sleep(0.02)
        return fail_at_one(n)

    with pool_class(1) as pool:
        try:
            list(pool.map(call, range(10)))
        except LookupError:
            pass
    show("all but the rest of its chunk" if len(called) == 9 else "little more" if len(called) < 5 else called)


@trial(there="[1000, 1000]", here="[1000, 10]")
def lazy_inputs(pool_class):
    read = []
    inputs = (read.append(n) or n for n in range(1000))
    with pool_class(1) as pool:
        if is_ours(pool_class):
            list(pool.map(abs, range(1000)))
            results = pool.map(abs, inputs, buffersize=10)
        else:
            results = pool.imap(abs, inputs)
        time.sleep(0.3)
        show([1000, len(read)])
        list(results)


@trial(there="hangs", here="2")
def nested(pool_class):
    with pool_class(1) as pool:
        if is_ours(pool_class):
            show(pool.submit(lambda: 1 + pool.submit(abs, -1).result()).result())
        else:
            show(pool.apply(lambda: 1 + pool.apply(abs, (-1,))))


@trial(there="hangs", here="SystemExit")
def system_exit_in_a_call(pool_class):
    with pool_class(1) as pool:
        try:
            pool.submit(sys.exit, 1).result() if is_ours(pool_class) else pool.apply(sys.exit, (1,))
        except SystemExit:
            show("SystemExit")


@trial(there="hangs", here="the callback's error, 2")
def callback_that_raises(pool_class):
    def callback(*args):
        raise LookupError

    with pool_class(1) as pool:
        if is_ours(pool_class):
            from threadpool import WorkRequest

            pool.putRequest(WorkRequest(abs, [-1], callback=callback))
            try:
                pool.wait()
            except LookupError:
                show("the callback's error")
            show(pool.submit(abs, -2).result())
        else:
            pool.apply_async(abs, (-1,), callback=callback)
            time.sleep(0.2)
            show(pool.apply_async(abs, (-2,)).get())


@trial(there="hangs", here="BrokenThreadPool")
def initializer_that_raises(pool_class):
    def initializer():
        raise LookupError

    pool = pool_class(1, initializer=initializer)
    try:
        show(pool.submit(abs, -1).result() if is_ours(pool_class) else pool.apply(abs, (-1,)))
    except concurrent.futures.BrokenExecutor as error:
        show(type(error).__name__)


@trial(there="once or twice, no worker left", here="once or twice, no worker left")
def how_often_an_initializer_is_tried(pool_class):
    called = []

    def initializer():
        called.append(1)
        raise LookupError

    pool = pool_class(1, initializer=initializer)
    time.sleep(1)
    if is_ours(pool_class):
        left = pool.workers
    else:
        left = [thread for thread in threading.enumerate() if isinstance(thread, multiprocessing.dummy.DummyProcess)]
    left = [thread for thread in left if thread.is_alive()]
    show("once or twice" if 1 <= len(called) <= 2 else called)
    show("no worker left" if not left else left)


@trial(there="5", here="2")
def threads(pool_class):
    before = threading.active_count()
    with pool_class(2):
        show(threading.active_count() - before)


@trial(there="never ready", here="CancelledError")
def what_waits_at_terminate(pool_class):
    pool = pool_class(1)
    gate = threading.Event()
    if is_ours(pool_class):
        pool.submit(gate.wait, 5)
        future = pool.submit(abs, -1)
        pool.shutdown(wait=False, cancel_futures=True)
        try:
            future.result(0.3)
        except concurrent.futures.CancelledError:
            show("CancelledError")
        gate.set()
    else:
        pool.apply_async(gate.wait, (0.2,))
        result = pool.apply_async(abs, (-1,))
        pool.terminate()
        try:
            result.get(0.3)
        except multiprocessing.TimeoutError:
            show("never ready")


@trial(there="ValueError", here="RuntimeError")
def put_after_the_end(pool_class):
    pool = pool_class(1)
    try:
        if is_ours(pool_class):
            pool.shutdown()
            pool.submit(abs, -1)
        else:
            pool.close()
            pool.apply_async(abs, (-1,))
    except (ValueError, RuntimeError) as error:
        show(type(error).__name__)


if __name__ == "__main__":
    main(__file__, there, here)
