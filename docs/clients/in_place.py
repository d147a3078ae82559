"""Put ThreadPool in the place of ThreadPoolExecutor, before anybody can import that.

Every Python of `.venv-clients` imports this as it starts, also the ones that a test
starts in its turn.  It does nothing unless CLIENTS_POOL says so.
"""

import os

if os.environ.get("CLIENTS_POOL") == "in place":
    import concurrent.futures.thread
    import contextlib

    import threadpool

    # A subclass of the standard class, from Python 3.14 on: its base stays what it is.
    with contextlib.suppress(ImportError):
        import concurrent.futures.interpreter

    concurrent.futures.ThreadPoolExecutor = threadpool.ThreadPool
    concurrent.futures.ThreadPool = threadpool.ThreadPool  # for who imports it by its __name__
    concurrent.futures.thread.ThreadPoolExecutor = threadpool.ThreadPool
