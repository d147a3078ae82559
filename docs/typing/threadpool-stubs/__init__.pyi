# The types of threadpool.py, for those who install it: a single module cannot
# say that it is typed (PEP 561), a stub package beside it can.  It is stricter
# than the annotations in the module, which has to be read by people as well.
# `make check` compares the two (stubtest), and has a program checked that uses
# them (client.py).

from collections.abc import Callable, Generator, Hashable, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import Context
from threading import Thread
from types import GenericAlias, TracebackType
from typing import Any, Generic, TypeVar, overload

from typing_extensions import ParamSpec, Self, TypeAlias, Unpack

__all__ = ["NoResultsPending", "NoWorkersAvailable", "ThreadPool", "WorkRequest", "WorkerThread", "makeRequests"]
__version__: str

_T = TypeVar("_T")
_A = TypeVar("_A")
_B = TypeVar("_B")
_C = TypeVar("_C")
_P = ParamSpec("_P")
_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType]
_OnResult: TypeAlias = Callable[[WorkRequest[_T], _T], object]
_OnFailure: TypeAlias = Callable[[WorkRequest[_T], _ExcInfo], object]

class NoResultsPending(Exception): ...
class NoWorkersAvailable(Exception): ...

class WorkRequest(Generic[_T]):
    requestID: Hashable
    callable: Callable[..., _T]
    args: Iterable[Any]
    kwds: Mapping[str, Any]
    callback: Callable[[WorkRequest[_T], Any], object] | None
    exc_callback: _OnFailure[_T] | None
    exception: bool
    result: _T | Any  # None until it is there; but who asks then?
    exc_info: _ExcInfo | None
    @overload
    def __init__(
        self,
        callable_: Callable[..., _T],
        args: Iterable[Any] | None = None,
        kwds: Mapping[str, Any] | None = None,
        requestID: Hashable | None = None,
        callback: Callable[[Self, _T], object] | None = None,
        exc_callback: Callable[[Self, _ExcInfo], object] = ...,
    ) -> None: ...
    # A failure goes to `callback`, too: its second argument is the result or the exc_info.
    @overload
    def __init__(
        self,
        callable_: Callable[..., _T],
        args: Iterable[Any] | None = None,
        kwds: Mapping[str, Any] | None = None,
        requestID: Hashable | None = None,
        callback: Callable[[Self, Any], object] | None = None,
        *,
        exc_callback: None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        callable_: Callable[..., _T],
        args: Iterable[Any] | None,
        kwds: Mapping[str, Any] | None,
        requestID: Hashable | None,
        callback: Callable[[Self, Any], object] | None,
        exc_callback: None,
    ) -> None: ...
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...
    # Attributes of your own may be added.  (As for `argparse.Namespace`.)
    def __getattr__(self, name: str, /) -> Any: ...
    def __setattr__(self, name: str, value: Any, /) -> None: ...
    def cancel(self) -> bool: ...

@overload
def makeRequests(
    callable_: Callable[..., _T],
    args_list: Iterable[Any],
    callback: _OnResult[_T] | None = None,
    exc_callback: _OnFailure[_T] = ...,
) -> list[WorkRequest[_T]]: ...
@overload
def makeRequests(
    callable_: Callable[..., _T],
    args_list: Iterable[Any],
    callback: Callable[[WorkRequest[_T], Any], object] | None = None,
    *,
    exc_callback: None,
) -> list[WorkRequest[_T]]: ...
@overload
def makeRequests(
    callable_: Callable[..., _T],
    args_list: Iterable[Any],
    callback: Callable[[WorkRequest[_T], Any], object] | None,
    exc_callback: None,
) -> list[WorkRequest[_T]]: ...

class WorkerThread(Thread):
    request: Any  # a WorkRequest, a future, a map, or None
    _requests_queue: Any  # these three are for a `run` of your own
    _results_queue: Any
    _poll_timeout: float | None
    def __init__(
        self, requests_queue: Any, results_queue: Any, poll_timeout: float | None = 5, **thread_keywords: Any
    ) -> None: ...
    def perform(self, request: WorkRequest[_T]) -> _T: ...
    def dismiss(self) -> None: ...

class ThreadPool(ThreadPoolExecutor):
    _requests_queue: Any  # programs look at them: qsize, empty, full, queue
    _results_queue: Any
    workers: list[WorkerThread]
    dismissedWorkers: list[WorkerThread]
    workRequests: dict[Hashable, WorkRequest[Any]]
    @overload
    def __init__(
        self,
        num_workers: int | None = None,
        q_size: int = 0,
        resq_size: int = 0,
        poll_timeout: float | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        context: Callable[[], Context] | None = None,
        notify: Callable[[], object] | None = None,
        worker: type[WorkerThread] = ...,
        executor: Executor | None = None,
    ) -> None: ...
    # Where the second argument is a string, the four are those of ThreadPoolExecutor:
    # max_workers, thread_name_prefix, initializer and initargs.
    @overload
    def __init__(
        self,
        num_workers: int | None,
        q_size: str,
        resq_size: Callable[..., object] | None = None,
        poll_timeout: tuple[Any, ...] = (),
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        context: Callable[[], Context] | None = None,
        notify: Callable[[], object] | None = None,
        worker: type[WorkerThread] = ...,
        executor: Executor | None = None,
    ) -> None: ...
    def createWorkers(self, num_workers: int, poll_timeout: float | None = 5) -> None: ...
    def dismissWorkers(self, num_workers: int, do_join: bool = False) -> None: ...
    def joinAllDismissedWorkers(self) -> None: ...
    def putRequest(self, request: WorkRequest[Any], block: bool = True, timeout: float | None = None) -> None: ...
    def putRequests(self, requests: Iterable[WorkRequest[Any]] | WorkRequest[Any]) -> None: ...
    def poll(self, block: bool = False, timeout: float | None = None) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...
    def results(self, timeout: float | None = None) -> Generator[WorkRequest[Any]]: ...
    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwds: _P.kwargs) -> Future[_T]: ...
    # As the built-in `map`: with up to three iterables, what `fn` takes is checked.
    @overload  # type: ignore[override]
    def map(
        self,
        fn: Callable[[_A], _T],
        *iterables: Unpack[tuple[Iterable[_A]]],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
        ordered: bool = True,
    ) -> Generator[_T]: ...
    @overload
    def map(
        self,
        fn: Callable[[_A, _B], _T],
        *iterables: Unpack[tuple[Iterable[_A], Iterable[_B]]],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
        ordered: bool = True,
    ) -> Generator[_T]: ...
    @overload
    def map(
        self,
        fn: Callable[[_A, _B, _C], _T],
        *iterables: Unpack[tuple[Iterable[_A], Iterable[_B], Iterable[_C]]],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
        ordered: bool = True,
    ) -> Generator[_T]: ...
    @overload
    def map(
        self,
        fn: Callable[..., _T],
        *iterables: Unpack[
            tuple[Iterable[Any], Iterable[Any], Iterable[Any], Iterable[Any], Unpack[tuple[Iterable[Any], ...]]]
        ],
        timeout: float | None = None,
        chunksize: int | None = None,
        buffersize: int | None = None,
        ordered: bool = True,
    ) -> Generator[_T]: ...
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None: ...
