"""OpenTelemetry replaces the `submit` of ThreadPoolExecutor: what a call does is part of the caller's span."""

import pytest
from chosen import Pool
from opentelemetry import trace
from opentelemetry.instrumentation.threading import ThreadingInstrumentor
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("use")


def current(_=None):
    return trace.get_current_span().get_span_context().span_id


@pytest.fixture
def instrumented():
    ThreadingInstrumentor().instrument()
    yield
    ThreadingInstrumentor().uninstrument()


def test_submit(instrumented):
    with Pool(2) as pool:
        for _ in range(2):  # each time in another span, by the same workers
            with tracer.start_as_current_span("parent") as span:
                futures = [pool.submit(current) for _ in range(9)]
                assert {future.result(10) for future in futures} == {span.get_span_context().span_id}


def test_map(instrumented):
    with Pool(2) as pool, tracer.start_as_current_span("parent") as span:
        assert set(pool.map(current, range(9))) == {span.get_span_context().span_id}


def test_no_longer():
    with Pool(2) as pool, tracer.start_as_current_span("parent"):
        assert pool.submit(current).result(10) == trace.INVALID_SPAN_ID
        assert list(pool.map(current, range(3))) == [trace.INVALID_SPAN_ID] * 3
