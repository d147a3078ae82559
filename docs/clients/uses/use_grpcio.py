"""A gRPC server on loopback that answers in the threads of a pool."""

import threading

import grpc
import pytest
from chosen import Pool


def upper(request, context):
    if request == b"abort":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
    if request == b"raise":
        raise RuntimeError("on purpose")
    return request.upper()


def count(request, context):
    for number in range(int(request)):
        yield str(number).encode()


@pytest.fixture
def channel():
    server = grpc.server(Pool(4, thread_name_prefix="grpc"))
    handlers = {"upper": grpc.unary_unary_rpc_method_handler(upper),
                "count": grpc.unary_stream_rpc_method_handler(count),
                "meet": grpc.unary_unary_rpc_method_handler(Meeting(3).meet)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("words", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)]) as channel:
        yield channel
    server.stop(None).wait(10)


class Meeting:
    """An answer that is given when so many have asked for it."""

    def __init__(self, number):
        self.barrier = threading.Barrier(number)

    def meet(self, request, context):
        self.barrier.wait(10)
        return threading.current_thread().name.encode()


def test_unary(channel):
    assert channel.unary_unary("/words/upper")(b"spam", timeout=10) == b"SPAM"


def test_stream(channel):
    numbers = channel.unary_stream("/words/count")(b"50", timeout=10)
    assert list(numbers) == [str(n).encode() for n in range(50)]


def test_side_by_side(channel):
    meet = channel.unary_unary("/words/meet")
    names = {call.result().decode() for call in [meet.future(b"", timeout=10) for _ in range(3)]}
    assert len(names) == 3 and all(name.startswith("grpc") for name in names)


@pytest.mark.parametrize(("request_", "code"), [
    (b"abort", grpc.StatusCode.INVALID_ARGUMENT), (b"raise", grpc.StatusCode.UNKNOWN)])
def test_errors(channel, request_, code):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/words/upper")(request_, timeout=10)
    assert caught.value.code() == code
