"""The fixtures of the module's tests are there for those of the docs, too."""

from test_threadpool import frantic, gate, interruptible, make_pool, pool  # noqa: F401
