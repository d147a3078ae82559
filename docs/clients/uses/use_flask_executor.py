"""Jobs of a Flask application, in a pool that the extension makes."""

import threading

import pytest
from flask import Flask, current_app, g, request
from flask_executor import Executor


@pytest.fixture
def app():
    app = Flask(__name__)
    app.config.update(EXECUTOR_MAX_WORKERS=2, WORD="spam")
    return app


@pytest.fixture
def executor(app):
    executor = Executor(app)
    yield executor
    executor.shutdown()


def test_job_sees_application_and_request(app, executor):
    def job():
        return current_app.config["WORD"], request.path, g.user

    with app.test_request_context("/path"):
        g.user = "graham"
        assert executor.submit(job).result(10) == ("spam", "/path", "graham")


def test_map(app, executor):
    with app.test_request_context("/"):
        words = list(executor.map(lambda n: current_app.config["WORD"] * n, range(3)))
    assert words == ["", "spam", "spamspam"]


def test_stored_future(app, executor):
    with app.test_request_context("/"):
        executor.submit_stored("power", pow, 2, 10)
        assert executor.futures.pop("power").result(10) == 1024


def test_decorator(app, executor):
    @executor.job
    def double(number):
        return 2 * number

    with app.test_request_context("/"):
        assert double.submit(21).result(10) == 42
        assert list(double.map([1, 2])) == [2, 4]


def test_default_callback(app, executor):
    done = threading.Event()
    executor.add_default_done_callback(lambda future: done.set())
    with app.test_request_context("/"):
        executor.submit(len, "")
    assert done.wait(10)
