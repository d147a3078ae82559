"""The fixtures of the module's tests are there for those of the docs, too."""

from test_threadpool import interruptible, make_pool  # noqa: F401
