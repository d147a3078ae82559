"""A Dask worker makes its calls on an executor that it is given; the cluster is on loopback."""

import asyncio
import threading

import pytest
from chosen import Pool
from distributed import Client, Scheduler, Worker, get_worker


class ThreadPoolExecutor(Pool):
    """A pool with the name for which a Dask worker looks."""


def on_a_cluster(call, *args, kind=Pool):
    """The result of a call that is submitted to a cluster of one worker."""
    async def submit():
        async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
            pool = kind(2, thread_name_prefix="given")
            async with Worker(scheduler.address, host="127.0.0.1", executor=pool, nthreads=2,
                              dashboard=False):
                async with Client(scheduler.address, asynchronous=True) as client:
                    return await client.submit(call, *args)

    return asyncio.run(asyncio.wait_for(submit(), 15))


def test_result():
    assert on_a_cluster(pow, 2, 10) == 1024


def test_error():
    with pytest.raises(ZeroDivisionError):
        on_a_cluster(divmod, 1, 0)


def test_thread_is_one_of_the_pool():
    name = on_a_cluster(lambda: threading.current_thread().name)
    assert name.startswith("given")


def test_task_finds_its_worker():
    assert on_a_cluster(lambda: get_worker().address).startswith("tcp://127.0.0.1")


def test_task_finds_its_worker_where_the_pool_has_that_name():
    address = on_a_cluster(lambda: get_worker().address, kind=ThreadPoolExecutor)
    assert address.startswith("tcp://127.0.0.1")
