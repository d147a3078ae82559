"""A Tornado server on loopback whose handlers work in the default executor."""

import asyncio
import threading
import time

import tornado.concurrent
import tornado.httpclient
import tornado.ioloop
import tornado.web
from chosen import Pool


class Slow(tornado.web.RequestHandler):
    async def get(self, number):
        loop = tornado.ioloop.IOLoop.current()
        self.write(str(await loop.run_in_executor(None, slow_square, int(number))))


class Decorated(tornado.web.RequestHandler):
    executor = None  # `run_on_executor` looks for it here

    @tornado.concurrent.run_on_executor
    def thread(self):
        return threading.current_thread().name

    async def get(self):
        self.write(await self.thread())


class Failing(tornado.web.RequestHandler):
    async def get(self):
        try:
            await asyncio.to_thread(divmod, 1, 0)
        except ZeroDivisionError:
            self.write("division by zero")


def slow_square(number):
    time.sleep(0.05)
    return number * number


def fetch(*paths):
    """What a server answers to requests that are made side by side."""
    async def answers():
        pool = Pool(4, thread_name_prefix="tornado")
        Decorated.executor = pool
        tornado.ioloop.IOLoop.current().set_default_executor(pool)
        handlers = [("/slow/([0-9]+)", Slow), ("/decorated", Decorated), ("/failing", Failing)]
        server = tornado.web.Application(handlers).listen(0, "127.0.0.1")
        [address] = [socket.getsockname() for socket in server._sockets.values()]
        client = tornado.httpclient.AsyncHTTPClient()
        responses = [client.fetch(f"http://127.0.0.1:{address[1]}{path}") for path in paths]
        try:
            return [response.body.decode() for response in await asyncio.gather(*responses)]
        finally:
            server.stop()

    return asyncio.run(asyncio.wait_for(answers(), 15))


def test_handlers_wait_side_by_side():
    began = time.monotonic()
    assert fetch(*(f"/slow/{n}" for n in range(8))) == [str(n * n) for n in range(8)]
    assert time.monotonic() - began < 8 * 0.05 + 1


def test_run_on_executor():
    assert fetch("/decorated")[0].startswith("tornado")


def test_error_in_to_thread():
    assert fetch("/failing") == ["division by zero"]


def test_loop_shuts_its_executor_down():
    pool = Pool(2)

    async def work():
        asyncio.get_running_loop().set_default_executor(pool)
        return await asyncio.gather(*(asyncio.to_thread(abs, -n) for n in range(20)))

    assert asyncio.run(work()) == list(range(20))
    assert not any(thread.is_alive() for thread in pool._threads)
