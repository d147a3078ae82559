"""Interrupts a call of a pool at each moment at which CPython may do so, one after the other.

    PYTHONPATH=. python docs/explorer/every_moment.py SCENE

A signal is handled where a function begins and after a call.  The program traces the call, raises
KeyboardInterrupt at the first of these moments, then at the second, and so on, until the call ends
before.  Each time it sees that the interrupt surfaces, that nothing stays pending, that no worker sleeps
beside work, and that the pool can be ended.  It prints how many moments there were.
"""

import contextlib
import dis
import faulthandler
import itertools
import sys
import threading
import time

import threadpool
from test_threadpool import check, queued, sleeping_workers, waiting_collectors, waiting_putters
from threadpool import NoResultsPending, ThreadPool, WorkRequest, makeRequests

FILES = (threadpool.__file__, contextlib.__file__)

# Where it may be interrupted
# ===========================

places = {}


def places_of(code):
    """The offsets of instructions before which a signal may be handled."""
    if code not in places:
        instructions = list(dis.get_instructions(code))
        names = ["", "", *(instruction.opname for instruction in instructions)]
        places[code] = {
            instruction.offset
            for instruction, last, last_but_one in zip(instructions, names[1:], names)
            if may_be_interrupted_after(last, last_but_one)
        }
    return places[code]


def may_be_interrupted_after(last, last_but_one):
    if last in ("", "RESUME"):
        return True
    return "CALL" in last and last != "PRECALL" and last_but_one != "LOAD_SPECIAL"


class Interrupt:
    """Raises KeyboardInterrupt at the moment of this number."""

    def __init__(self, number):
        self.left = number
        self.where = None

    def trace(self, frame, event, arg):
        if event == "call":
            if frame.f_code.co_filename not in FILES:
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        elif event == "opcode" and frame.f_lasti in places_of(frame.f_code):
            self.left -= 1
            if not self.left:
                self.where = frame.f_code.co_name, frame.f_lineno
                sys.settrace(None)
                raise KeyboardInterrupt
        return self.trace

    def during(self, call):
        """Make the call; True if the interrupt has surfaced."""
        sys.settrace(self.trace)
        try:
            call()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False


# What is interrupted
# ===================
#
# Each scene makes a pool and returns it, with the call, and with a function that lets a held worker go.


def nothing():
    pass


def until(condition):
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.0002)
    return condition()


def busy_pool(**options):
    """A pool whose only worker is held at a request, while another one waits."""
    pool = ThreadPool(1, **options)
    gate = threading.Event()
    entered = threading.Event()
    pool.putRequest(WorkRequest(lambda: (entered.set(), gate.wait(20))))
    entered.wait(10)
    pool.putRequest(WorkRequest(abs, [-2], callback=lambda request, result: None))
    return pool, gate


def put():
    pool = ThreadPool(1)
    assert until(lambda: sleeping_workers(pool))
    return pool, lambda: pool.putRequest(WorkRequest(abs, [-1])), nothing


def put_where_it_is_full():
    pool, gate = busy_pool(q_size=1)
    threading.Timer(0.005, gate.set).start()
    return pool, lambda: pool.putRequest(WorkRequest(abs, [-1])), gate.set


def poll():
    pool, gate = busy_pool()
    gate.set()
    assert until(lambda: pool._results_queue.qsize() == 2)

    def poll_all():
        try:
            pool.poll()
        except NoResultsPending:
            pass

    return pool, poll_all, nothing


def wait():
    pool, gate = busy_pool()
    threading.Timer(0.005, gate.set).start()
    return pool, pool.wait, gate.set


def results():
    pool, gate = busy_pool()
    threading.Timer(0.005, gate.set).start()
    return pool, lambda: list(pool.results()), gate.set


def leave():
    pool = ThreadPool(2)

    def block():
        with pool:
            pool.putRequests(makeRequests(abs, [-1, -2]))

    return pool, block, nothing


def submit():
    pool = ThreadPool(1)
    assert until(lambda: sleeping_workers(pool))
    return pool, lambda: pool.submit(abs, -1).result(), nothing


def bounded_submit():
    pool, gate = busy_pool(q_size=1)
    threading.Timer(0.005, gate.set).start()
    return pool, lambda: pool.submit(abs, -1).result(), gate.set


def read_a_map():
    pool = ThreadPool(2)
    return pool, lambda: list(pool.map(abs, range(-20, 0))), nothing


def read_a_map_with_a_buffer():
    pool = ThreadPool(2)
    return pool, lambda: list(pool.map(abs, range(-6, 0), buffersize=2)), nothing


def cancel():
    pool, gate = busy_pool()
    [waiting] = queued(pool)
    return pool, waiting.cancel, gate.set


def cancel_a_future():
    pool, gate = busy_pool()
    future = pool.submit(abs, -1)
    return pool, future.cancel, gate.set


def create_workers():
    pool, gate = busy_pool()
    return pool, lambda: pool.createWorkers(2), gate.set


def dismiss_workers():
    pool = ThreadPool(3)
    assert until(lambda: sleeping_workers(pool) == 3)
    return pool, lambda: pool.dismissWorkers(2, True), nothing


def hire():
    pool = ThreadPool()
    return pool, lambda: pool.putRequests(makeRequests(abs, [-1, -2])), nothing


def shutdown():
    pool = ThreadPool(2)
    pool.putRequests(makeRequests(abs, [-1, -2]))
    pool.submit(abs, -3)
    return pool, pool.shutdown, nothing


def shutdown_and_drop():
    pool, gate = busy_pool()
    pool.submit(abs, -1)
    pool.map(abs, range(3))
    threading.Timer(0.005, gate.set).start()
    return pool, lambda: pool.shutdown(cancel_futures=True), gate.set


THE_END = (leave, shutdown, shutdown_and_drop)  # after these, nothing can be put


# What must hold afterwards
# =========================


def ends(pool):
    thread = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    thread.start()
    thread.join(10)
    return not thread.is_alive() and not pool.workers + pool.dismissedWorkers


def goes_on(pool, where):
    assert pool.wait(10), ("pending for ever", where)
    requests = makeRequests(abs, range(3))
    pool.putRequests(requests)
    assert until(lambda: [request.result for request in requests] == [0, 1, 2]), ("asleep", where)
    assert pool.wait(10)
    assert waiting_collectors(pool) == waiting_putters(pool) == 0
    check(pool)


def interrupt(scene, number):
    """Interrupt the call of this scene at the moment of this number; False if it ends before."""
    for _ in range(4):  # a trace that has raised may miss the next call of a function (3.13)
        pool, call, let_go = scene()
        attempt = Interrupt(number)
        surfaced = attempt.during(call)
        let_go()
        if attempt.where:
            break
        pool.shutdown()
    else:
        return False
    assert surfaced, ("swallowed", attempt.where)
    if scene not in THE_END:
        goes_on(pool, attempt.where)
    assert ends(pool), ("no end", attempt.where)
    assert pool.wait(10), ("pending after the end", attempt.where)
    return True


def main(name):
    scene = globals()[name]
    for _ in range(3):
        interrupt(scene, sys.maxsize)  # so that everything has been imported and specialized
    moments = next(number for number in itertools.count() if not interrupt(scene, number + 1))
    assert until(lambda: threading.active_count() == 1), threading.enumerate()
    print(moments)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(50, exit=True)
    main(sys.argv[1])
