"""threadpool 1.3.2 beside this module.  Tried with CPython 3.9 and 3.11.

    python docs/coming/threadpool_1_3_2.py OLD

OLD is the file threadpool.py of release 1.3.2.  (Or the variable OLD_THREADPOOL says
where it is; `make bench` fetches it into .venv/peer.)
"""

import gc
import importlib.util
import os
import queue
import sys
import threading
import time

from trial import TOP, main, trial

OLD = os.environ.get("OLD_THREADPOOL") or str(TOP / ".venv" / "peer" / "threadpool.py")


def there():
    spec = importlib.util.spec_from_file_location("threadpool_1_3_2", OLD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def here():
    import threadpool

    return threadpool


def show(*things):
    print(*things, flush=True)


def fail(*_):
    raise LookupError


# The same in both
# ================


@trial(there="1, 2, 3", here="1, 2, 3")
def the_example_of_the_old_readme(module):
    pool = module.ThreadPool(1)
    requests = module.makeRequests(abs, [-1, -2, -3], lambda request, result: show(result))
    [pool.putRequest(request) for request in requests]
    pool.wait()


@trial(there="nothing", here="nothing")
def requests_at_the_end_of_the_program(module):
    print(end="nothing", flush=True)
    pool = module.ThreadPool(1)
    for n in range(3):
        pool.putRequest(module.WorkRequest(lambda n: (time.sleep(0.3), show(n)), [n]))


# What you may notice
# ===================


@trial(there="None", here="True")
def what_wait_returns(module):
    show(module.ThreadPool(1).wait())


@trial(there="no, True", here="yes, 1")
def the_result_is_kept(module):
    pool = module.ThreadPool(1)
    request = module.WorkRequest(abs, [-1])
    pool.putRequest(request)
    pool.wait()
    show("yes" if hasattr(request, "result") else "no")
    show(getattr(request, "result", True))


@trial(there="False", here="True")
def the_id_is_kept(module):
    show(module.WorkRequest(abs, requestID="k").requestID == "k")


@trial(there="AssertionError", here="TypeError")
def putting_what_is_no_request(module):
    try:
        module.ThreadPool(1).putRequest("spam")
    except Exception as error:
        show(type(error).__name__)


@trial(there="fails in the worker", here="TypeError")
def a_tuple_of_arguments(module):
    try:
        [request] = module.makeRequests(pow, [(1, 2)])
    except TypeError:
        show("TypeError")
        return
    pool = module.ThreadPool(1)
    request.exc_callback = lambda *_: show("fails in the worker")
    pool.putRequest(request)
    pool.wait()


@trial(there="0", here="ValueError")
def a_negative_number_of_workers(module):
    try:
        show(len(module.ThreadPool(-1).workers))
    except ValueError:
        show("ValueError")


@trial(there="AssertionError", here="tried 2 times")
def a_failed_request_is_put_again(module):
    calls = []

    def call():
        calls.append(1)
        raise LookupError

    pool = module.ThreadPool(1)
    request = module.WorkRequest(call, exc_callback=lambda *_: None)
    for _ in range(2):
        try:
            pool.putRequest(request)
        except AssertionError:
            show("AssertionError")
            return
        pool.wait()
    show("tried", len(calls), "times")


# What went wrong there
# =====================


@trial(there="hangs", here="done")
def wait_after_a_callback_that_raised(module):
    pool = module.ThreadPool(1)
    pool.putRequest(module.WorkRequest(abs, [-1], callback=fail))
    try:
        pool.wait()
    except LookupError:
        pass
    pool.wait()
    show("done")


@trial(there="hangs", here="done")
def wait_in_a_callback(module):
    pool = module.ThreadPool(1)
    pool.putRequest(module.WorkRequest(abs, [-1], callback=lambda *_: pool.wait()))
    pool.wait()
    show("done")


@trial(there="hangs", here="done")
def wait_in_two_threads(module):
    pool = module.ThreadPool(1)
    pool.putRequest(module.WorkRequest(time.sleep, [0.3]))
    threads = [threading.Thread(target=pool.wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    show("done")


@trial(there="1 result", here="ValueError")
def two_requests_with_one_id(module):
    pool, results = module.ThreadPool(0), []
    try:
        for n in range(2):
            request = module.WorkRequest(abs, [n], requestID="k", callback=lambda *_: results.append(1))
            pool.putRequest(request)
    except ValueError:
        show("ValueError")
        return
    pool.createWorkers(1)
    time.sleep(0.3)
    try:
        pool.wait()
    except KeyError:
        pass
    show(len(results), "result")


@trial(there="NoWorkersAvailable", here="1")
def results_of_the_last_worker(module):
    pool = module.ThreadPool(1)
    pool.putRequest(module.WorkRequest(abs, [-1], callback=lambda request, result: show(result)))
    time.sleep(0.2)
    pool.dismissWorkers(1)
    try:
        pool.wait()
    except module.NoWorkersAvailable:
        show("NoWorkersAvailable")


@trial(there="2 1", here="1 2")
def order_after_a_dismissal(module):
    # An idle worker is dismissed while it waits; then two requests are put.
    pool = module.ThreadPool(1)
    time.sleep(0.1)
    pool.dismissWorkers(1)
    order = []
    for n in (1, 2):
        pool.putRequest(module.WorkRequest(order.append, [n]))
    time.sleep(0.3)
    pool.createWorkers(1)
    pool.wait()
    show(*order)


@trial(there="hangs", here="done")
def both_bounds(module):
    pool = module.ThreadPool(1, q_size=1, resq_size=1)
    for n in range(10):
        pool.putRequest(module.WorkRequest(abs, [n]))
    pool.wait()
    show("done")


@trial(there="1", here="0")
def threads_of_a_dropped_pool(module):
    before = threading.active_count()
    pool = module.ThreadPool(1)
    del pool
    gc.collect()  # for PyPy
    time.sleep(0.3)
    show(threading.active_count() - before)


@trial(there="hangs", here="at once")
def joining_an_idle_worker(module):
    # (There it takes up to five seconds, which is longer than we look.)
    pool = module.ThreadPool(1)
    time.sleep(0.1)
    pool.dismissWorkers(1, do_join=True)
    show("at once")


@trial(there="hangs", here="1")
def forked_child(module):
    pool = module.ThreadPool(1)
    child = os.fork()
    if child == 0:
        pool.putRequest(module.WorkRequest(abs, [-1], callback=lambda request, result: show(result)))
        pool.wait()
        os._exit(0)
    os.waitpid(child, 0)


@trial(there="hangs", here="2")
def nested(module):
    pool = module.ThreadPool(1)
    if hasattr(pool, "submit"):
        show(pool.submit(lambda: 1 + pool.submit(abs, -1).result()).result())
        return

    def outer():
        answer = queue.Queue()
        pool.putRequest(module.WorkRequest(lambda: answer.put(1)))
        return 1 + answer.get()

    pool.putRequest(module.WorkRequest(outer, callback=lambda request, result: show(result)))
    pool.wait()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        OLD = os.environ["OLD_THREADPOOL"] = sys.argv.pop()
    main(__file__, there, here)
