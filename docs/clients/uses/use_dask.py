"""Dask computes arrays, bags and delayed calls on a pool that it is given."""

import threading

import dask
import dask.array
import dask.bag
import pytest
from chosen import Pool


@pytest.fixture
def pool():
    with Pool(4) as pool:
        yield pool


def test_array_by_argument(pool):
    array = dask.array.arange(1000, chunks=10)
    assert (array * array).sum().compute(pool=pool) == sum(n * n for n in range(1000))


def test_array_by_configuration(pool):
    with dask.config.set(pool=pool):
        array = dask.array.ones((400, 400), chunks=(50, 50))
        assert (array @ array.T).trace().compute() == 400 * 400


def test_number_of_workers_is_that_of_the_pool(pool):
    """Dask reads it from the pool, and has that many blocks under way at a time."""
    barrier = threading.Barrier(4)

    def meet(block):
        barrier.wait(10)
        return block

    array = dask.array.zeros(8, chunks=1).map_blocks(meet, meta=dask.array.zeros(0).compute())
    assert array.sum().compute(scheduler="threads", pool=pool) == 0


def test_bag(pool):
    with dask.config.set(scheduler="threads", pool=pool):
        words = dask.bag.from_sequence(["spam", "egg", "spam", "ham"] * 25, npartitions=10)
        assert dict(words.frequencies().compute()) == {"spam": 50, "egg": 25, "ham": 25}


def test_error_of_a_task(pool):
    with pytest.raises(ZeroDivisionError):
        dask.delayed(lambda n: 1 // n)(0).compute(scheduler="threads", pool=pool)
    assert dask.delayed(lambda n: 1 // n)(1).compute(scheduler="threads", pool=pool) == 1


def test_computed_inside_a_task(pool):
    """As where a function that is mapped over blocks computes something itself."""
    def inner(block):
        return block + dask.array.ones(3, chunks=1).sum().compute(scheduler="threads", pool=pool)

    array = dask.array.zeros(2, chunks=1).map_blocks(inner, dtype=float)
    assert array.compute(scheduler="threads", pool=pool).tolist() == [3, 3]


def test_executor_as_scheduler(pool):
    assert dask.delayed(sum)([1, 2, 3]).compute(scheduler=pool) == 6
