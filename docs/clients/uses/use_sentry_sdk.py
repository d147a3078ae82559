"""Sentry replaces the `submit` of ThreadPoolExecutor, so that a call belongs to whoever submitted it."""

import sentry_sdk
from chosen import Pool

sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=lambda envelope: None, traces_sample_rate=1.0)


def seen_in_a_call(_=None):
    span = sentry_sdk.get_current_span()
    return sentry_sdk.get_isolation_scope()._tags.get("user"), span and span.op


def test_submit():
    with Pool(2) as pool:
        pool.submit(abs, -1).result(10)  # so its first worker was started before
        with sentry_sdk.isolation_scope() as scope, sentry_sdk.start_transaction(op="sale", name="sale"):
            scope.set_tag("user", "me")
            futures = [pool.submit(seen_in_a_call) for _ in range(9)]
            assert [future.result(10) for future in futures] == [("me", "sale")] * 9
        assert pool.submit(seen_in_a_call).result(10) == (None, None)


def test_map():
    with Pool(2) as pool, sentry_sdk.isolation_scope() as scope:
        scope.set_tag("user", "me")
        assert list(pool.map(seen_in_a_call, range(9))) == [("me", None)] * 9
