"""A failure that nobody handles is printed; the handler may be called by hand, too."""

import io
import sys

import threadpool

screen, sys.stderr = sys.stderr, io.StringIO()
pool = threadpool.ThreadPool(1)
pool.putRequest(threadpool.WorkRequest(int, ["2b"]))
pool.putRequest(threadpool.WorkRequest(abs, [-1], callback=lambda request, result: print(result)))
pool.wait()
sys.stderr, printed = screen, sys.stderr.getvalue()
print("Traceback (most recent call last):" in printed)
print(printed.splitlines()[-1])

try:
    raise KeyError("by hand")
except KeyError:
    sys.stderr = io.StringIO()
    threadpool._handle_thread_exception(threadpool.WorkRequest(abs), sys.exc_info())
    sys.stderr, printed = screen, sys.stderr.getvalue()
print(printed.splitlines()[-1])
