"""Tests of what stands in docs: its programs, and what its pages say of other packages."""

import ast
import collections
import concurrent.futures.process
import contextlib
import contextvars
import decimal
import functools
import http.server
import importlib.util
import io
import json
import logging
import multiprocessing
import os
import queue
import re
import runpy
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import traceback
import types
import xml.etree.ElementTree
from concurrent.futures.thread import BrokenThreadPool

import pytest

from test_threadpool import HERE, SILENT, TIMEOUT, Elsewhere, Gate, Unloadable, in_thread, run_python, until, values
from threadpool import ThreadPool, WorkRequest, makeRequests


def run_script(
    path, *args, python=sys.executable, options=("-W", "error"), cwd=HERE, environ=os.environ, **variables
):
    """Run a script of the docs, as their pages say."""
    return subprocess.run(
        [python, *options, str(HERE / "docs" / path), *args],
        cwd=cwd,
        env={**environ, "PYTHONPATH": str(HERE), **variables},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


# The recipes of the Cookbook
# ===========================


class TestCookbook:
    """Those that the page on history shows print what it says, wherever they are run."""

    @pytest.mark.parametrize(
        "number, output",
        [
            pytest.param(
                196618,
                "".join(" ".join(f"{n * i:3}" for i in range(1, 13)) + "\n" for n in range(1, 13))
                + "Drawn 12, never more than 6 ahead: True\n",
                id="one function, many arguments",
            ),
            pytest.param(
                203871,
                textwrap.dedent("""\
                threads: 1
                sorted: ['a', 'o', 'p', 'r', 'r', 't']
                sum: 6
                threads: 3
                threads: 1
                long_task: True
                what waited: None
                threads: 0
                """),
                id="any task with a callback",
            ),
            pytest.param(
                302746,
                textwrap.dedent("""\
                not started: []
                results: ['new a', 'new b']
                results: ['new c', 'new d']
                errors: ['7: TypeError']
                threads: 0
                """),
                id="start, stop and start again",
            ),
        ],
    )
    def test_a_recipe_prints(self, number, output, tmp_path):
        script = f"recipes/cookbook_{number}.py"
        done = run_script(script, options=["-X", "dev", "-W", "error"], cwd=tmp_path)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", output)
        page = (HERE / "docs" / "history.rst").read_text(encoding="utf-8")
        assert "It prints::\n\n" + textwrap.indent(output, "   ") in page


# The recipes
# ===========


def pages():
    return sorted(path for path in (HERE / "docs").rglob("*.rst") if "_build" not in path.parts)


def shown_runs():
    """What the pages say that a script prints: name to lines, for each ``$ python docs/recipes/NAME.py``."""
    runs = {}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for name, lines in re.findall(r"^   \$ python docs/recipes/(\w+)\.py\n((?:   \S.*\n)+)", text, re.M):
            assert name not in runs, f"{name} is shown twice"
            runs[name] = textwrap.dedent(lines)
    return runs


SHOWN_RUNS = shown_runs()
PACKAGES_OF_RECIPES = {
    "progress": "tqdm",
    "progress_rich": "rich",
    "retry": "tenacity",
    "timeline_picture": "matplotlib",
}


class TestRecipes:
    """The scripts of docs/recipes, run as their page says.

    The packages that they need are those of the extra ``recipes``.
    """

    FOLDER = HERE / "docs" / "recipes"

    @classmethod
    def need(cls, name):
        package = PACKAGES_OF_RECIPES.get(name)
        if package and not importlib.util.find_spec(package):
            pytest.skip(f"{package} is not installed; it is one of the extra `recipes`")

    @classmethod
    def load(cls, name):
        """The names that a script defines."""
        cls.need(name)
        return types.SimpleNamespace(**runpy.run_path(str(cls.FOLDER / f"{name}.py"), run_name=name))

    @classmethod
    def run(cls, name, *args, cwd):
        cls.need(name)
        return run_script(f"recipes/{name}.py", *args, options=(), cwd=cwd, no_proxy="127.0.0.1", COLUMNS="100")

    def test_each_script_is_on_one_page(self):
        included = collections.Counter()
        for page in pages():
            for path in re.findall(r"^\.\. literalinclude:: (\S+\.py)$", page.read_text(encoding="utf-8"), re.M):
                included[(page.parent / path).resolve()] += 1
        scripts = {*self.FOLDER.glob("*.py"), *(HERE / "docs" / "notify").glob("*.py")}
        assert {path: included[path] for path in scripts} == dict.fromkeys(scripts, 1)

    def test_each_page_bears_the_name_of_its_script_and_is_in_the_table(self):
        names = {path.stem for path in self.FOLDER.glob("*.rst")} - {"index"}
        index = (self.FOLDER / "index.rst").read_text(encoding="utf-8")
        assert set(re.findall(r"^   \* - :doc:`(\w+)`$", index, re.M)) == names
        for name in names:
            page = (self.FOLDER / f"{name}.rst").read_text(encoding="utf-8")
            assert f".. literalinclude:: {name}.py\n" in page
            assert name == "tk_window" or f"$ python docs/recipes/{name}.py\n" in page

    def test_a_page_names_the_package_that_its_script_needs(self):
        for name, package in PACKAGES_OF_RECIPES.items():
            page = (self.FOLDER / f"{name.replace('_picture', '')}.rst").read_text(encoding="utf-8")
            assert f"pip install {package}" in page or f"{package}_" in page

    def test_each_is_short_and_begins_with_its_docstring(self):
        for name in [*SHOWN_RUNS, "tk_window", "timeline_picture"]:
            source = (self.FOLDER / f"{name}.py").read_text(encoding="utf-8")
            assert ast.get_docstring(ast.parse(source)), name
            lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
            assert len(lines) <= (80 if name == "crawler" else 55), name  # with docstrings; the crawler brings its site
            assert max(map(len, source.splitlines())) <= 90, name  # as wide as the page shows
            assert "sys.path" not in source, name

    @pytest.mark.parametrize("name", SHOWN_RUNS)
    def test_it_prints_what_the_page_shows(self, name, tmp_path):
        run = self.run(name, cwd=tmp_path)
        assert (run.stdout, run.returncode) == (SHOWN_RUNS[name], 0), run.stderr
        assert bool(run.stderr) == name.startswith("progress"), run.stderr

    def test_the_progress_bar_counts_results_and_failures(self, tmp_path):
        bar = self.run("progress", cwd=tmp_path).stderr
        assert "0/40" in bar and "40/40" in bar and "failed=1" in bar and "Traceback" not in bar

    def test_the_bars_are_moved_by_the_callbacks(self):
        recipe = self.load("progress_rich")
        shown = io.StringIO()
        recipe.main(recipe.Console(file=shown, width=80))
        printed, checksums, squeezed = shown.getvalue().splitlines()
        assert printed == "All is done."
        assert checksums.split()[0] == "checksum" and checksums.split()[-1] == "30/30"
        assert squeezed.split()[0] == "squeeze" and squeezed.split()[-1] == "20/20"

    def test_a_request_that_is_put_again_is_given_up_in_the_end(self, make_pool, capsys):
        recipe, pool, calls = self.load("retry"), make_pool(1), []

        def unreachable(key):
            calls.append(key)
            raise ConnectionError("nobody there")

        pool.putRequests(makeRequests(unreachable, "a", exc_callback=recipe.put_again(pool, attempts=4)))
        assert pool.wait(TIMEOUT)
        assert calls == ["a"] * 4
        assert capsys.readouterr().out == "['a'] given up after 4: ConnectionError('nobody there')\n"

    def test_tenacity_gives_up_with_the_last_error_and_repeats_no_other(self):
        recipe = self.load("retry")
        errors = [ConnectionError(number) for number in range(5)]
        remaining = iter(errors)

        def failing():
            raise next(remaining)

        with pytest.raises(ConnectionError) as caught:
            recipe.patiently(failing)()
        assert caught.value is errors[-1] and not list(remaining)
        with pytest.raises(ValueError):
            recipe.patiently(int)("2b")

    def test_a_token_bucket_lets_a_burst_through_and_then_keeps_its_rate(self):
        now, sleeps = [100.0], []
        bucket = self.load("rate_limit").TokenBucket(10, 2, clock=lambda: now[0], sleep=sleeps.append)

        def take(number):
            sleeps.clear()
            for _ in range(number):
                bucket.take()
            return [round(seconds, 6) for seconds in sleeps]

        assert take(5) == [0, 0, 0.1, 0.2, 0.3]  # each would come later than the one before
        now[0] += 0.3  # the debt of three is paid, and there is nothing more
        assert take(1) == [0.1]
        now[0] += 60  # no more than two are saved up
        assert take(4) == [0, 0, 0.1, 0.2]

    def test_whatever_the_workers_do_takes_a_token(self):
        recipe, taken = self.load("rate_limit"), []
        bucket = types.SimpleNamespace(take=lambda: taken.append(threading.current_thread()))
        with ThreadPool(2, worker=recipe.limited(bucket)) as pool:
            workers = pool.workers[:]
            pool.putRequests(makeRequests(abs, range(3)))
            assert pool.submit(abs, -1).result(TIMEOUT) == 1
            assert list(pool.map(abs, range(10), timeout=TIMEOUT)) == list(range(10))
        assert len(taken) == 14 and set(taken) <= set(workers)

    def test_the_crawler_is_polite(self, monkeypatch):
        """Each page once, four in flight and never more, nothing that robots.txt forbids, nothing elsewhere."""
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        four, lock, flying, most, seen = threading.Barrier(4), threading.Lock(), [], [], collections.Counter()
        pages = {
            "/": "".join(f'<a href="{n}">' for n in range(8)) + '<a href="/moved"><a name="x"><a href="http://0.0.0.0/">',
            "/robots.txt": "User-agent: *\nDisallow: /secret",
            "/far/there": '<a href="gone#a"><a href="/0"><a href="">',
            **{f"/{n}": f'<a href="/{(n + 1) % 8}#top"><a href="/secret/{n}"><a href="{n}#self">' for n in range(8)},
        }

        class Site(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen[self.path] += 1
                if self.path[1:].isdigit():
                    with lock:
                        flying.append(self.path)
                        most.append(len(flying))
                    four.wait(TIMEOUT)
                    with lock:
                        flying.remove(self.path)
                self.send_response(302 if self.path == "/moved" else 200 if self.path in pages else 404)
                self.send_header("Location", "/far/there")
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(pages.get(self.path, "").encode())

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
            serving = in_thread(site.serve_forever, 0.01)
            start = f"http://127.0.0.1:{site.server_port}/"
            recipe, pools = self.load("crawler"), []

            def make_pool(*args, **kwds):
                pools.append((args, kwds))
                return ThreadPool(*args, **kwds)

            recipe.crawl.__globals__["ThreadPool"] = make_pool
            found, dead = in_thread(recipe.crawl, start, 4, 2)()
            site.shutdown()
            serving()
        assert found == {start + name for name in ["", "moved", *map(str, range(8))]}
        assert dead == {start + "far/gone": (start + "moved", "HTTP Error 404: Not Found")}
        assert max(most) == 4 and pools == [((4,), {"q_size": 2})]
        assert dict(seen) == dict.fromkeys([*pages, "/moved", "/far/gone"], 1)

    def test_the_crawler_says_so_where_the_site_itself_is_dead(self, monkeypatch):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.load("crawler").DemoSite) as site:
            serving = in_thread(site.serve_forever, 0.01)
            start = f"http://127.0.0.1:{site.server_port}/nothing/"
            assert self.load("crawler").crawl(start) == (set(), {start: (None, "HTTP Error 404: Not Found")})
            site.shutdown()
            serving()

    @staticmethod
    def check_trace(trace):
        """See that it is in the trace event format; returns the calls as (worker, start, end, name), in order."""
        assert trace["displayTimeUnit"] == "ms"
        names, calls = {}, []
        for event in trace["traceEvents"]:
            assert type(event["pid"]) is type(event["tid"]) is int and type(event["name"]) is str
            if event["ph"] == "M":
                assert set(event) == {"ph", "name", "pid", "tid", "args"} and event["name"] == "thread_name"
                names[event["tid"]] = event["args"]["name"]
            else:
                assert set(event) == {"ph", "name", "pid", "tid", "ts", "dur"} and event["ph"] == "X"
                calls.append((event["tid"], event["ts"], event["ts"] + event["dur"], event["name"]))
        assert {tid for tid, *_ in calls} == set(names) and min(start for _, start, *_ in calls) == 0
        for tid in names:  # one after the other, as Perfetto wants it
            mine = sorted(call for call in calls if call[0] == tid)
            assert all(one[2] <= other[1] + 1e-6 for one, other in zip(mine, mine[1:]))
        return sorted((names[tid], start, end, name) for tid, start, end, name in calls)

    def test_the_timeline_is_a_trace_in_microseconds(self, tmp_path):
        assert self.run("timeline", "here.json", cwd=tmp_path).stdout == "48 calls by 4 workers: here.json\n"
        calls = self.check_trace(json.loads((tmp_path / "here.json").read_text(encoding="utf-8")))
        assert [name for *_, name in calls].count("read") == 24 == [name for *_, name in calls].count("sign")
        reads = sorted(end - start for _, start, end, name in calls if name == "read")
        wanted = sorted(10_000 + n % 5 * 10_000 for n in range(24))
        assert all(took >= slept for took, slept in zip(reads, wanted))
        assert max(end for *_, end, _ in calls) < TIMEOUT * 1e6
        # Two begin, and the others join them later.
        first = {name: start for name, start, *_ in reversed(calls)}
        assert max(first["worker_0"], first["worker_1"]) < min(first["worker_2"], first["worker_3"])

    def test_a_recording_worker_notes_failures_too_and_keeps_nothing_alive(self):
        recipe, log = self.load("timeline"), []
        with ThreadPool(1, worker=recipe.recording(log)) as pool:
            [worker] = pool.workers
            request = WorkRequest(int, ["2b"], **SILENT)
            pool.putRequest(request)
            pool.putRequest(WorkRequest(functools.partial(int, "3")))
        assert [(name, what) for name, _, _, what in log] == [(worker.name, "int"), (worker.name, "?")]
        frames = [frame for frame, _ in traceback.walk_tb(request.exc_info[2])]
        assert "perform" in [frame.f_code.co_name for frame in frames]
        assert all(value is not request for frame in frames for value in frame.f_locals.values())

    def test_a_call_within_a_call_lies_inside_it(self):
        recipe, log = self.load("timeline"), []

        def outer():
            return pool.submit(abs, -1).result()

        with ThreadPool(1, worker=recipe.recording(log), thread_name_prefix="only") as pool:
            assert pool.submit(outer).result(TIMEOUT) == 1
        (_, start, end, inside), (_, before, after, outside) = log
        assert (inside, outside) == ("abs", "outer") and before <= start <= end <= after

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_the_picture_is_that_of_the_trace_beside_it(self, theme):
        calls = self.check_trace(json.loads((self.FOLDER / "timeline.json").read_text(encoding="utf-8")))
        assert len(calls) == 48
        self.check_picture((self.FOLDER / f"timeline-{theme}.svg").read_text(encoding="utf-8"), calls)

    def test_a_picture_can_be_drawn_of_any_trace(self, tmp_path):
        trace = self.load("timeline").trace([("w_1", 5_000, 1_005_000, "cook"), ("w_0", 7_000, 3_007_000, "eat"),
                                             ("w_1", 2_005_000, 4_005_000, "cook")])  # fmt: skip
        (tmp_path / "meal.json").write_text(json.dumps(trace), encoding="utf-8")
        run = self.run("timeline_picture", "meal.json", cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        calls = self.check_trace(trace)
        assert calls == [("w_0", 2, 3002, "eat"), ("w_1", 0, 1000, "cook"), ("w_1", 2000, 4000, "cook")]
        for theme in ("light", "dark"):
            self.check_picture((tmp_path / f"meal-{theme}.svg").read_text(encoding="utf-8"), calls)

    @staticmethod
    def check_picture(svg, calls):
        """See that there is a bar for each call, as far to the right and as wide as its time."""
        texts = [element.text for element in xml.etree.ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
        assert {name for name, *_ in calls} | {what for *_, what in calls} | {"milliseconds"} <= set(texts)
        bars = re.findall(r'<path d="M ([\d.]+) ([\d.]+) \nL [^z]*?L ([\d.]+) [\d.]+ \nL [^z]*?z\n" clip-path', svg)
        assert len(bars) == len(calls)
        rows = sorted({float(top) for _, top, _ in bars})
        drawn = sorted((rows.index(float(top)), *sorted([float(one), float(other)])) for one, top, other in bars)
        workers = sorted({name for name, *_ in calls})
        meant = sorted((workers.index(name), start, end) for name, start, end, _ in calls)
        left = min(start for _, start, _ in drawn)
        scale = (max(end for *_, end in drawn) - left) / max(end for *_, end in meant)
        for (row, start, end), (worker, begun, ended) in zip(drawn, meant):
            assert row == worker
            assert start == pytest.approx(left + begun * scale, abs=0.01)
            assert end == pytest.approx(left + ended * scale, abs=0.01)

    def test_an_sqlite_connection_is_opened_used_and_closed_by_its_worker(self, tmp_path):
        recipe, path = self.load("sqlite_owner"), tmp_path / "words.db"
        with recipe.Database(str(path)) as database:
            [worker] = database.pool.workers
            database.execute("create table numbers (n unique)")
            with ThreadPool(4) as pool:
                pool.putRequests(makeRequests(database.execute, [(["insert into numbers values (?)", n], None)
                                                                 for n in range(50)]))  # fmt: skip
            with pytest.raises(sqlite3.IntegrityError):
                database.execute("insert into numbers values (7)")
            connection = database.owned.connection
            with pytest.raises(sqlite3.ProgrammingError, match="same thread"):
                connection.execute("select 1")
        assert not worker.is_alive()
        with pytest.raises(RuntimeError, match="after shutdown"):
            database.execute("select 1")
        with contextlib.closing(sqlite3.connect(path)) as another:
            assert another.execute("select count(*), sum(n) from numbers").fetchone() == (50, 1225)

    def test_a_database_that_cannot_be_opened_is_an_error_for_whoever_asks(self, tmp_path, caplog):
        database = self.load("sqlite_owner").Database(str(tmp_path / "no" / "where"))
        with pytest.raises(BrokenThreadPool):
            database.execute("select 1")
        database.pool.shutdown()

    def test_a_window_polls_until_nothing_is_left(self, monkeypatch, make_pool):
        """The logic, without a window: whoever runs what was handed to `after` is the event loop."""
        fake = types.ModuleType("tkinter")
        fake.ttk = types.ModuleType("tkinter.ttk")
        monkeypatch.setitem(sys.modules, "tkinter", fake)
        monkeypatch.setitem(sys.modules, "tkinter.ttk", fake.ttk)
        recipe, pool, gate, shown, waiting = self.load("tk_window"), make_pool(1), Gate(), [], []
        pool.putRequests(makeRequests(gate, ["a"], lambda request, result: shown.append(result)))
        gate.wait_until_entered()

        def after(milliseconds, function, *args):
            waiting.append((milliseconds, functools.partial(function, *args)))

        recipe.keep_polling(after, pool, lambda: shown.append("done"), 30)
        for _ in range(3):  # nothing to show, and nobody is held up
            [(milliseconds, tick)] = waiting
            assert milliseconds == 30 and not shown
            waiting.clear()
            tick()
        gate.open.set()
        until(lambda: not pool._results_queue.empty())
        waiting.pop()[1]()
        assert shown == ["a", "done"] and not waiting

    @staticmethod
    def with_a_display():
        """How to run a script with tkinter and a display, or skip and say what is missing."""
        pythons = [sys.executable, "/usr/bin/python3"]
        test = "import sys, tkinter; sys.exit(sys.version_info < (3, 9))"
        for python in filter(os.path.exists, pythons):
            if subprocess.run([python, "-c", test], capture_output=True, timeout=TIMEOUT).returncode == 0:
                break
        else:
            pytest.skip(f"no tkinter for {' or '.join(pythons)}; Debian has it as python3-tk")
        if os.environ.get("DISPLAY"):
            return [python]
        if not shutil.which("xvfb-run") or not shutil.which("xauth"):
            pytest.skip("no DISPLAY, and no xvfb-run to make one; Debian has it as xvfb, with xauth")
        return ["xvfb-run", "-a", python]

    def in_window(self, code, cwd):
        command = self.with_a_display()
        # (Were xvfb-run killed, it would leave the program and the display behind: so the program ends itself.)
        code = f"""
import faulthandler, runpy, threading, tkinter
faulthandler.dump_traceback_later({TIMEOUT / 2}, exit=True)
recipe = runpy.run_path({str(self.FOLDER / "tk_window.py")!r})
{textwrap.dedent(code)}"""
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        return subprocess.run(
            [*command, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )

    def test_a_real_window_stays_alive_while_workers_work(self, tmp_path):
        """The work waits for a button, which can be pressed only if the window still answers."""
        run = self.in_window(
            """
            from threadpool import ThreadPool
            root, pool, pressed = tkinter.Tk(), ThreadPool(2), threading.Event()
            def work(number):
                assert pressed.wait(30), "the window is dead"
                return 6 // number
            button = tkinter.Button(root, command=pressed.set)
            window = recipe["Window"](root, pool, work, [3, 0, 2], done=lambda: root.after(50, root.quit))
            root.after(100, button.invoke)
            root.mainloop()
            table = window.table
            print(sorted([*table.item(row)["values"], *table.item(row)["tags"]] for row in table.get_children()))
            print(window.status["text"], "-", window.bar["value"])
            root.destroy()
            pool.shutdown(cancel_futures=True)
            """,
            tmp_path,
        )
        rows = [[0, "integer division or modulo by zero", "failed"], [2, 3], [3, 2]]
        shown, status = run.stdout.splitlines() or ["", ""]
        assert (ast.literal_eval(shown), run.stderr, run.returncode) == (rows, "", 0)
        assert status.split(" - ")[0] == "3 of 3" and float(status.split(" - ")[1]) == 3

    def test_its_window_can_be_closed_while_workers_work(self, tmp_path):
        for name in "abc":
            (tmp_path / name).touch()
        run = self.in_window(
            """
            closed = threading.Event()
            class Tk(tkinter.Tk):
                def __init__(self):
                    super().__init__()
                    self.after(100, self.destroy)  # by then, two files are under way, and one waits
                def destroy(self):
                    super().destroy()
                    closed.set()
            def work(path):
                assert closed.wait(30)
                return "too late to be shown"
            tkinter.Tk, recipe["main"].__globals__["compress"] = Tk, work
            recipe["main"](".")
            print(threading.active_count())
            """,
            tmp_path,
        )
        assert (run.stdout, run.stderr, run.returncode) == ("1\n", "", 0)


# Told by notify, and shown by a bar: with the real thing
# =======================================================


@pytest.fixture(scope="module")
def display():
    """What is to be in the environment of a program that opens a window: an X server of its own, if possible."""
    if shutil.which("Xvfb") is None:
        if "DISPLAY" not in os.environ:
            pytest.skip("there is no display: DISPLAY is not set, and Xvfb not installed")
        yield {}
        return
    here, there = os.pipe()
    command = ["Xvfb", "-displayfd", str(there), "-screen", "0", "640x480x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[there], stderr=subprocess.DEVNULL)
    try:
        os.close(there)
        assert select.select([here], [], [], TIMEOUT)[0], "Xvfb hangs"
        number = os.read(here, 16).decode().strip()
        assert number, "Xvfb has failed"
        yield {"DISPLAY": f":{number}"}
    finally:
        os.close(here)
        server.terminate()
        server.wait(TIMEOUT)


@pytest.fixture
def toolkit(request):
    """How to set about a window: a function that makes the environment, and the beginning of a program."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE / "docs" / "notify")])}
    if request.param == "Tk":
        pytest.importorskip("tkinter", reason="this Python has no tkinter", exc_type=ImportError)
        return {**environ, **request.getfixturevalue("display")}
    if importlib.util.find_spec("PySide6") is None:
        pytest.skip("PySide6 is not installed")
    return {**environ, "QT_QPA_PLATFORM": "offscreen"}


# Each has Window, run(window) for its main loop, and soon(window, function),
# which has the loop call the function.
TOOLKITS = {
    "Tk": """
        import with_tk
        Window, run, soon = with_tk.Window, with_tk.Window.mainloop, with_tk.Window.after_idle
        close = with_tk.Window.destroy
        """,
    "Qt": """
        import shiboken6, with_qt
        from PySide6.QtCore import QObject, Qt, QTimer, Signal
        app, Window, close = with_qt.QApplication([]), with_qt.Window, with_qt.Window.close

        def run(window):
            window.show()
            app.exec()

        def soon(window, function):
            QTimer.singleShot(0, window, function)
        """,
}
WINDOW_HEAD = """
    import contextlib, faulthandler, logging, pathlib, threading, time
    from threadpool import NoResultsPending, ThreadPool, WorkRequest, makeRequests

    faulthandler.dump_traceback_later(50, exit=True)  # a program that hangs says where

    def until(condition):
        deadline = time.monotonic() + 40
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.0005)

    """


@pytest.mark.parametrize("toolkit", TOOLKITS, indirect=True)
class TestWindows:
    """Each is a program of its own, that drives the window of an example in docs/notify."""

    @pytest.fixture
    def run_window(self, request, toolkit):
        def run(code):
            head = [TOOLKITS[request.node.callspec.params["toolkit"]], WINDOW_HEAD]
            return run_python("".join(map(textwrap.dedent, [*head, code])), env=toolkit)

        return run

    def test_it_sleeps_until_it_is_told_and_its_thread_calls_back(self, run_window):
        # A worker looks whether any other thread of the process is switched to while a fifth
        # of a second passes; a timer, of whatever toolkit, would need that.
        if not os.path.exists("/proc/self/task"):
            pytest.skip("what the threads do can be seen in /proc alone")
        done = run_window("""
            def switches():
                lines = [line for task in pathlib.Path("/proc/self/task").iterdir()
                         if int(task.name) != threading.get_native_id()
                         for line in (task / "status").read_text().splitlines() if "ctxt_switches" in line]
                return sum(int(line.split()[1]) for line in lines)

            def sleepers():
                deadline = time.monotonic() + 10  # a window that has just opened is busy for a while
                while time.monotonic() < deadline:
                    before = switches()
                    threading.Event().wait(0.2)
                    if switches() == before:
                        return "all others sleep"
                return "somebody is awake"

            class Noting(Window):
                def note(self, request, outcome):
                    assert threading.current_thread() is threading.main_thread()
                    print(outcome if request.exc_info is None else outcome[0].__name__, flush=True)

                def finished(self):
                    close(self)

            window = Noting()
            work = [(sleepers, []), (abs, [-1]), (int, ["x"]), (abs, [-2]), (sleepers, []), (abs, [-3])]
            for call, args in work:
                window.pool.putRequest(WorkRequest(call, args, None, None, window.note, window.note))
            run(window)
            window.pool.shutdown()
        """)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split("\n") == ["all others sleep", "1", "ValueError", "2", "all others sleep", "3", ""]

    def test_it_is_told_of_a_request_that_is_withdrawn(self, run_window):
        done = run_window("""
            class Closing(Window):
                def finished(self):
                    print("nothing is pending")
                    close(self)

            window, request = Closing(0), WorkRequest(print, ["never printed"])
            window.pool.putRequest(request)
            soon(window, lambda: print("withdrawn:", request.cancel()))
            run(window)
            assert not window.pool.workRequests
        """)
        # (Later, and not inside `cancel`.)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "withdrawn: True\nnothing is pending\n")

    def test_more_may_be_told_than_it_has_heard(self, run_window):
        # The pair of sockets holds 278 rings on Linux, and each of these is told before the loop begins.
        done = run_window("""
            class Counting(Window):
                def finished(self):
                    close(self)

            window, results = Counting(2), []
            window.pool.putRequests(makeRequests(abs, range(2000), lambda request, result: results.append(result)))
            until(lambda: window.pool._results_queue.qsize() == 2000)
            window.pool.dismissWorkers(2, True)
            run(window)
            assert sorted(results) == list(range(2000))
        """)
        assert (done.returncode, done.stderr) == (0, "")

    def test_a_callback_that_raises_does_not_hold_up_the_next(self, run_window):
        done = run_window("""
            class Failing(Window):
                def fail(self, request, result):
                    raise LookupError(f"callback {result}")

                def finished(self):
                    print("nothing is pending")
                    close(self)

            window = Failing()
            window.pool.putRequests(makeRequests(abs, range(3), window.fail))
            until(lambda: window.pool._results_queue.qsize() == 3)
            window.pool.dismissWorkers(1, True)  # so that no more is told
            run(window)
        """)
        assert (done.returncode, set(done.stdout.splitlines())) == (0, {"nothing is pending"})
        assert re.findall("^LookupError: callback .$", done.stderr, re.M) == [
            f"LookupError: callback {n}" for n in range(3)
        ]

    def test_a_notify_that_raises_costs_nothing_else(self, run_window):
        # It rings for one result in ten.
        done = run_window("""
            class Collecting(Window):
                def finished(self):
                    close(self)

            logged, results, told = [], [], []
            logger = logging.getLogger("concurrent.futures")
            logger.addFilter(lambda record: logged.append(record.exc_info[1].args[0]))
            window = Collecting(0)
            ring = window.pool._notify

            def notify():
                told.append(True)
                if len(told) % 10:
                    raise RuntimeError("the window is out")
                ring()

            window.pool = ThreadPool(1, notify=notify)
            window.pool.putRequests(makeRequests(abs, range(50), lambda request, result: results.append(result)))
            run(window)
            assert results == list(range(50)) and logged == ["the window is out"] * 45
            window.pool.shutdown()
        """)
        assert (done.returncode, done.stderr) == (0, "")

    def test_one_that_is_closed_too_early_leaves_nothing_running(self, run_window):
        done = run_window("""
            entered, opened, ended = threading.Event(), threading.Event(), []

            def work():
                entered.set()
                assert opened.wait(40)
                ended.append(True)

            def never(request, outcome):
                raise AssertionError("the window is closed")

            def leave():
                assert entered.wait(40)
                close(window)

            window = Window()
            window.pool.putRequests(makeRequests(work, [([], None)] * 3, never, never))
            worker = window.pool.workers[0]
            soon(window, leave)
            run(window)

            def open_once_closed():
                until(lambda: window.pool._requests_queue.closed)
                opened.set()

            opener = threading.Thread(target=open_once_closed)
            opener.start()
            window.pool.shutdown(cancel_futures=True)
            opener.join()
            assert ended == [True] and not worker.is_alive()
            assert len(window.pool.workRequests) == 1 and window.pool._results_queue.qsize() == 1
        """)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


@pytest.mark.parametrize("toolkit", ["Qt"], indirect=True)
class TestDeletedWindow:
    def test_its_own_signal_is_lost_with_it_and_its_bell_is_not(self, toolkit):
        done = run_python(
            textwrap.dedent(TOOLKITS["Qt"])
            + textwrap.dedent(WINDOW_HEAD)
            + textwrap.dedent("""
                class Naive(with_qt.QListWidget):
                    rung = Signal()

                    def __init__(self, workers=1):
                        super().__init__()
                        self.rung.connect(self.collect, Qt.ConnectionType.QueuedConnection)
                        self.pool = ThreadPool(workers, notify=self.rung.emit)

                    def collect(self):
                        raise AssertionError("the window is deleted")

                logged = []
                logger = logging.getLogger("concurrent.futures")
                logger.addFilter(lambda record: logged.append(record.exc_info[0].__name__))
                for kind in Naive, Window:
                    window, opened = kind(2), threading.Event()
                    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
                    pool = window.pool
                    pool.putRequests(makeRequests(opened.wait, [40, 41, 42, 43]))
                    soon(window, window.close)
                    run(window)
                    assert not shiboken6.isValid(window)
                    opened.set()
                    until(lambda: pool._results_queue.qsize() == 4)
                    pool.shutdown()
                    app.processEvents()
                    assert [request.result for request in pool.results(40)] == [True] * 4
                    print(kind.__name__, logged)
                    logged.clear()
            """),
            env=toolkit,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [f"Naive {['RuntimeError'] * 4}", "Window []"]


class TestBars:
    @pytest.fixture
    def tqdm(self, monkeypatch):
        """A bar into a text, that shows every step."""
        bar = pytest.importorskip("tqdm").tqdm
        monkeypatch.setattr(bar, "monitor_interval", 0)  # no thread to watch it
        return functools.partial(bar, file=io.StringIO(), mininterval=0, miniters=1, ascii=True, leave=True)

    @pytest.fixture
    def console(self):
        """What rich draws on: a text, of which a terminal would show the last lines."""
        return pytest.importorskip("rich.console").Console(file=io.StringIO(), force_terminal=False, width=80)

    @staticmethod
    def steps(bar):
        return [(int(n), int(total)) for n, total in re.findall(r"(\d+)/(\d+) \[", bar.fp.getvalue())]

    def test_each_result_moves_it(self, make_pool, tqdm):
        pool = make_pool(3)
        pool.putRequests(makeRequests(abs, range(39)))
        pool.putRequest(WorkRequest(int, ["x"], **SILENT))
        bar = tqdm(pool.results(TIMEOUT), total=len(pool.workRequests))
        results = values(bar)
        assert sorted(results[: results.index(None)] + results[results.index(None) + 1 :]) == list(range(39))
        assert list(dict.fromkeys(self.steps(bar))) == [(n, 40) for n in range(41)]
        assert bar.fp.getvalue().split("\r")[-1].startswith("100%|##########| 40/40 [")

    def test_it_moves_when_a_result_is_there_and_not_before(self, make_pool, tqdm):
        pool, gates = make_pool(2), [Gate(), Gate()]
        for gate in gates:
            pool.putRequest(WorkRequest(gate))
        bar = tqdm(pool.results(TIMEOUT), total=len(pool.workRequests))
        assert self.steps(bar)[-1] == (0, 2)
        gates[1].open.set()
        requests = iter(bar)
        assert next(requests).callable is gates[1]
        asked = in_thread(next, requests)
        until(lambda: self.steps(bar)[-1] == (1, 2))
        gates[0].open.set()
        assert asked().callable is gates[0]
        assert list(requests) == [] and self.steps(bar)[-1] == (2, 2)

    @pytest.mark.parametrize("ordered", [True, False])
    def test_a_map_moves_it(self, make_pool, tqdm, ordered):
        pool = make_pool(3)
        bar = tqdm(pool.map(abs, range(-50, 0), timeout=TIMEOUT, ordered=ordered), total=50)
        assert sorted(bar) == list(range(1, 51))
        assert list(dict.fromkeys(self.steps(bar))) == [(n, 50) for n in range(51)]

    def test_its_total_grows_and_shrinks_while_workers_come_and_go(self, make_pool, tqdm):
        pool, added, withdrawn = make_pool(2), 0, 0
        pool.putRequests(makeRequests(abs, range(20)))
        with tqdm(pool.results(TIMEOUT), total=len(pool.workRequests)) as bar:
            for number, request in enumerate(bar):
                assert bar.total == number + 1 + len(pool.workRequests)
                if request.args[0] < 20:
                    pool.putRequests(makeRequests(abs, [100, 101]))
                    bar.total += 2
                    added += 2
                    pool.putRequest(unwanted := WorkRequest(abs, [-1]))
                    bar.total += 1
                    if unwanted.cancel():
                        bar.total -= 1
                        withdrawn += 1
                pool.createWorkers(1)
                pool.dismissWorkers(1, do_join=number % 2 == 0)
        assert added == 40 and bar.n == bar.total == 20 + 40 + 20 - withdrawn
        assert self.steps(bar)[-1] == (bar.n, bar.n)
        assert bar.fp.getvalue().rstrip("\n").split("\r")[-1].startswith("100%|")

    def test_rich_shows_it_too(self, make_pool, console):
        progress = pytest.importorskip("rich.progress")
        pool = make_pool(3)
        pool.putRequests(makeRequests(abs, range(40)))
        bar = progress.track(pool.results(TIMEOUT), "forty", total=len(pool.workRequests), console=console)
        assert sorted(values(bar)) == list(range(40))
        assert re.fullmatch(r"forty \S+ +100% 0:00:0\d *\n", console.file.getvalue())

    def test_richs_total_grows_while_workers_come_and_go(self, make_pool, console):
        progress = pytest.importorskip("rich.progress")
        pool, total = make_pool(2), 20
        pool.putRequests(makeRequests(abs, range(20)))
        columns = progress.TextColumn("{task.description}"), progress.MofNCompleteColumn()
        with progress.Progress(*columns, console=console) as shown:
            task = shown.add_task("growing", total=total)
            for number, request in enumerate(shown.track(pool.results(TIMEOUT), task_id=task)):
                if request.args[0] < 20:
                    pool.putRequests(makeRequests(abs, [100, 101]))
                    total += 2
                    shown.update(task, total=total)
                pool.createWorkers(1)
                pool.dismissWorkers(1, do_join=number % 2 == 0)
        assert console.file.getvalue().strip() == "growing 60/60"


class TestLoopsPage:
    """The page on event loops includes these scripts, and says what they print."""

    @staticmethod
    def run(name, environ=os.environ):
        return run_script(f"notify/{name}.py", environ=environ, COLUMNS="80")

    @staticmethod
    def included(name):
        page = (HERE / "docs" / "loops.rst").read_text(encoding="utf-8")
        _, found, after = page.partition(f".. literalinclude:: notify/{name}.py\n")
        assert found
        [printed, *_] = re.findall(r"::\n\n((?:    *\S.*\n)+)", after)
        return textwrap.dedent(printed)

    def test_asyncio(self):
        done = self.run("with_asyncio")
        assert (done.returncode, done.stderr, done.stdout) == (0, "", self.included("with_asyncio"))

    def test_a_callback_that_raises_does_not_hold_up_asyncio(self):
        code = """
            import asyncio, sys
            sys.path.append("docs/notify")
            import with_asyncio

            def fail(number, *_):
                raise LookupError(f"callback {number}")

            with_asyncio.print = fail
            asyncio.run(asyncio.wait_for(with_asyncio.main(), 40))
        """
        done = run_python(code)
        assert (done.returncode, done.stdout) == (0, "")
        assert re.findall("^LookupError: (.*)$", done.stderr, re.M) == ["callback 16", "callback 25", "callback -1"]

    @pytest.mark.parametrize("toolkit, name", [("Tk", "with_tk"), ("Qt", "with_qt")], indirect=["toolkit"])
    def test_a_window(self, toolkit, name):
        done = self.run(name, toolkit)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", self.included(name))

    def test_tqdm(self):
        pytest.importorskip("tqdm")
        done = self.run("bar_tqdm")
        assert (done.returncode, done.stdout) == (0, self.included("bar_tqdm"))
        ends = [bar.splitlines()[-1] for bar in done.stderr.split("\n\n")]  # each begins with a \r
        assert [re.sub(r"\|.*\| | \[.*", " ", end).split() for end in ends] == [
            ["100%", "100/100"],
            ["100%", "100/100"],
            ["100%", "13/13"],
        ]

    def test_rich(self):
        pytest.importorskip("rich")
        done = self.run("bar_rich")
        assert (done.returncode, done.stdout) == (0, self.included("bar_rich"))
        assert re.findall(r"\d+%|\d+/\d+", done.stderr) == ["100%", "100%", "13/13"]


# Engines that are not of the standard library
# ============================================
#
# Their processes cannot import threadpool, and so not this file.  Our functions travel all
# the same if their code does, and not only their name.


def travels(function):
    function.__qualname__ = f"far.<locals>.{function.__name__}"  # not to be found by its name
    return function


@travels
def far_failure(number):
    raise LookupError(f"number {number} is not here")


@travels
def far_lock(*_):
    return threading.Lock()  # which cannot be sent back


@travels
def far_imports(name):
    try:
        return bool(__import__(name))
    except ImportError:
        return False


@travels
def far_precision():
    return decimal.getcontext().prec


@travels
def far_gate(path, value):
    os.close(os.open(path, os.O_RDONLY))  # waits until it is open at the other end, too
    return value


@travels
def far_death(path, number):
    """Kill the process; with a path, only the first who comes."""
    if number == 250:
        with contextlib.suppress(FileExistsError):
            if path:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture
def gate(tmp_path):
    """A path for `far_gate`, and a function that opens it."""
    path, descriptors = str(tmp_path / "gate"), []
    os.mkfifo(path)
    yield path, lambda: descriptors.append(os.open(path, os.O_RDWR))
    [os.close(descriptor) for descriptor in descriptors]


class Counted(concurrent.futures.Executor):
    """Counts what it hands on to another."""

    def __init__(self, executor):
        self.executor, self.count = executor, 0

    def submit(self, fn, /, *args, **kwds):
        self.count += 1
        return self.executor.submit(fn, *args, **kwds)


class TestEveryEngine(Elsewhere):
    """What holds with each of them."""

    @pytest.fixture(params=["loky", "Dask's own", "Dask by the recipe"])
    def engine(self, request):
        if request.param == "loky":
            return request.getfixturevalue("loky_engine")
        client = request.getfixturevalue("client")
        return dask_recipe(client) if request.param == "Dask by the recipe" else client.get_executor(pure=False)

    def test_the_callable_and_its_arguments_travel_alone(self, make_pool, engine):
        pool = make_pool(2, executor=engine)
        assert list(pool.map(far_imports, ["threadpool", "sched"])) == [False, True]

    def test_a_map_raises_the_error_of_its_call(self, make_pool, engine):
        pool = make_pool(4, executor=engine)
        with pytest.raises(LookupError, match="number 7 is not here"):
            list(pool.map(far_failure, [7, 8]))

    def test_an_error_comes_back_with_its_traceback(self, make_pool, engine):
        pool = make_pool(1, executor=engine)
        request = WorkRequest(far_failure, [7], **SILENT)
        pool.putRequest(request)
        assert pool.wait(TIMEOUT) and request.exception
        assert request.exc_info[0] is LookupError and str(request.exc_info[1]) == "number 7 is not here"
        assert "in far_failure" in "".join(traceback.format_exception(*request.exc_info))

    def test_what_cannot_be_sent_fails_alone(self, make_pool, engine):
        pool = make_pool(2, executor=engine)
        requests = makeRequests(repr, [1, pool, 2, threading.Lock(), 3], **SILENT)  # a pool cannot, and need not
        pool.putRequests(requests)
        assert pool.wait(TIMEOUT)
        assert [request.result for request in requests] == ["1", None, "2", None, "3"]
        assert [request.exception for request in requests] == [False, True, False, True, False]
        assert all("pickle" in "".join(traceback.format_exception(*request.exc_info)) for request in requests[1::2])

    def test_workers_are_the_number_of_calls_under_way(self, make_pool, engine, gate):
        path, open_gate = gate
        far = Counted(engine)
        pool = make_pool(2, executor=far)
        pool.putRequests(makeRequests(far_gate, [([path, number], None) for number in range(7)]))
        until(lambda: far.count == 2 and pool._requests_queue.qsize() == 5)
        pool.createWorkers(2)
        until(lambda: far.count == 4 and pool._requests_queue.qsize() == 3)
        pool.dismissWorkers(3)
        open_gate()
        assert sorted(values(pool.results(TIMEOUT))) == list(range(7))
        pool.joinAllDismissedWorkers()
        assert len(pool.workers) == 1 and far.count == 7

    def test_a_bounded_queue_and_what_has_not_begun(self, make_pool, engine, gate):
        path, open_gate = gate
        far = Counted(engine)
        pool = make_pool(1, q_size=3, executor=far)
        first, second, third = makeRequests(far_gate, [([path, number], None) for number in range(3)])
        pool.putRequest(first)
        until(lambda: far.count == 1)
        pool.putRequest(second)
        future = pool.submit(abs, -4)
        pool.putRequest(third)
        with pytest.raises(queue.Full):
            pool.putRequest(WorkRequest(abs, [-5]), block=False)
        assert not first.cancel() and second.cancel() and future.cancel()
        open_gate()
        assert values(pool.results(TIMEOUT)) == [0, 2] and far.count == 2

    def test_the_context_stays_here(self, make_pool, engine):
        with decimal.localcontext() as context:
            context.prec = 5
            here = make_pool(1, context=contextvars.copy_context)
            far = make_pool(1, context=contextvars.copy_context, executor=engine)
            assert here.submit(far_precision).result(TIMEOUT) == 5
            assert far.submit(far_precision).result(TIMEOUT) == 28

    def test_an_initializer_is_called_here(self, make_pool, engine):
        pids = []
        pool = make_pool(2, executor=engine, initializer=lambda: pids.append(os.getpid()))
        assert pool.submit(os.getpid).result(TIMEOUT) != os.getpid()
        until(lambda: pids == [os.getpid()] * 2)


def run_recipe(name, *args, python=sys.executable):
    """What a script beside the page on processes prints."""
    done = run_script(f"recipes/{name}", *args, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@travels
def forbid_threadpool():
    sys.modules["threadpool"] = None


@pytest.fixture(scope="module")
def loky():
    return pytest.importorskip("loky")


@pytest.fixture(scope="module")
def loky_engine(loky):
    executor = loky.ProcessPoolExecutor(2, initializer=forbid_threadpool)
    yield executor
    executor.shutdown(kill_workers=True)


@pytest.fixture(params=["python3.14", "python3.15"])
def newer(request):
    """Runs a program with a newer Python, if there is one, and returns the lines that it prints."""
    python = shutil.which(request.param)
    if python is None:
        pytest.skip(f"no {request.param}")

    def run(code, *options):
        code = "from threadpool import *\n" + textwrap.dedent(code)
        environ = {**os.environ, "PYTHONPATH": str(HERE)}
        command = [python, *options, "-c", code]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=TIMEOUT)
        assert (done.stderr, done.returncode) == ("", 0)
        return done.stdout.splitlines()

    run.python = python
    return run


class TestInterpreters:
    def test_the_recipe_prints(self, newer):
        assert run_recipe("processes.py", "interpreters", python=newer.python) == "primes below 200,000: 17984\n"

    def test_results_and_errors_come_back_and_what_cannot_be_sent_fails_alone(self, newer):
        lines = newer("""
            import sys, threading
            from concurrent.futures import InterpreterPoolExecutor

            with InterpreterPoolExecutor(2) as interpreters, ThreadPool(3, executor=interpreters) as pool:
                futures = [pool.submit(int, "x"), pool.submit(threading.Lock), pool.submit(abs, threading.Lock())]
                futures += [pool.submit(sys.exit, 3), pool.submit(pow, 2, 10)]
                for future in futures[:4]:
                    print(type(future.exception()).__name__)
                print(futures[4].result(), list(pool.map(pow, [2, 3], [4, 5])))
        """)
        kinds = ["ValueError", "NotShareableError", "NotShareableError", "SystemExit"]
        assert lines == [*kinds, "1024 [16, 243]"]

    def test_an_interpreter_that_cannot_begin_breaks_its_executor_and_nothing_hangs(self, newer):
        lines = newer("""
            import logging
            from concurrent.futures import InterpreterPoolExecutor

            logging.disable()
            with InterpreterPoolExecutor(1, initializer=int, initargs=["x"]) as interpreters:
                with ThreadPool(2, executor=interpreters) as pool:
                    futures = [pool.submit(abs, n) for n in range(5)]
                    print({type(future.exception()).__name__ for future in futures})
        """)
        assert lines == ["{'BrokenInterpreterPool'}"]


class TestNewerPythons:
    """What docs/install.rst says of them."""

    @pytest.mark.parametrize("inherits", ["0", "1"])
    def test_a_worker_inherits_a_context_where_threads_do(self, newer, inherits):
        code = """
            import concurrent.futures, contextvars

            name = contextvars.ContextVar("name", default="nobody")
            name.set("somebody")
            with ThreadPool(1) as pool, concurrent.futures.ThreadPoolExecutor(1) as executor:
                print(pool.submit(name.get).result(), executor.submit(name.get).result())
            with ThreadPool(1, context=contextvars.copy_context) as pool:
                print(pool.submit(name.get).result())
        """
        who = ["nobody", "somebody"][int(inherits)]
        assert newer(code, "-X", f"thread_inherit_context={inherits}") == [f"{who} {who}", "somebody"]

    def test_a_finalizer_that_shuts_a_pool_down_joins_nobody(self, newer):
        lines = newer("""
            import os, sys

            class Owner:
                def __init__(self):
                    self.pool = ThreadPool(1)
                    self.pool.submit(abs, -1).result()

                def __del__(self, sys=sys, os=os):
                    self.pool.shutdown()
                    os.write(1, b"shut down, %d\\n" % sys.is_finalizing())

            owner = Owner()
        """)
        assert lines == ["shut down, 1"]

    def test_threads_share_a_map_that_is_serialized(self, newer):
        code = """
            import sys, threading

            sys.setswitchinterval(1e-6)
            serialize = getattr(threading, "serialize_iterator", None)
            if serialize is not None:
                found = []
                with ThreadPool(2) as pool, ThreadPool(4) as readers:
                    results = serialize(pool.map(abs, range(5000)))
                    for reader in [readers.submit(found.extend, results) for _ in range(4)]:
                        reader.result()
                print(sorted(found) == list(range(5000)))
        """
        assert newer(code) == (["True"] if newer.python.endswith("3.15") else [])


class TestLoky:
    @pytest.mark.parametrize("arguments", [[], ["loky"]])
    def test_the_recipe_prints(self, loky, arguments):
        assert run_recipe("processes.py", *arguments) == "primes below 200,000: 17984\n"

    def test_an_argument_that_cannot_be_loaded_there_breaks_the_executor_and_nothing_hangs(self, make_pool, loky):
        executor = loky.ProcessPoolExecutor(1)
        pool = make_pool(2, executor=executor)
        assert isinstance(pool.submit(abs, Unloadable()).exception(TIMEOUT), concurrent.futures.BrokenExecutor)
        assert isinstance(pool.submit(abs, -1).exception(TIMEOUT), concurrent.futures.BrokenExecutor)
        executor.shutdown(kill_workers=True)

    def test_a_result_that_cannot_be_sent_fails_alone(self, make_pool, loky_engine):
        pool = make_pool(2, executor=loky_engine)
        first, second = pool.submit(far_lock), pool.submit(abs, -1)
        assert "pickle" in str(first.exception(TIMEOUT)) and second.result(TIMEOUT) == 1

    def test_a_process_that_is_killed_fails_requests_and_nothing_hangs(self, make_pool, loky):
        executor = loky.ProcessPoolExecutor(2, initializer=forbid_threadpool)
        pool = make_pool(4, executor=executor)
        requests = makeRequests(far_death, [([None, number], None) for number in range(500)], **SILENT)
        pool.putRequests(requests)
        assert pool.wait(TIMEOUT) and requests[250].exception and requests[499].exception
        for number, request in enumerate(requests):
            assert request.result == number or isinstance(request.exc_info[1], concurrent.futures.BrokenExecutor)
        executor.shutdown(kill_workers=True)


# A cluster: a scheduler and two worker processes, which speak to each other over TCP.


def dask_recipe(client):
    return runpy.run_path(str(HERE / "docs" / "recipes" / "cluster.py"))["DaskExecutor"](client)


@pytest.fixture(scope="module")
def distributed():
    psutil = pytest.importorskip("psutil")

    def ours():
        commands = {}
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                commands[process.pid] = " ".join(process.cmdline())
        # (The standard library's tracker ends when we do.)
        return {pid: command for pid, command in commands.items() if command and "resource_tracker" not in command}

    before = ours()
    yield pytest.importorskip("distributed")
    until(lambda: ours().keys() <= before.keys())  # no process stays behind


@contextlib.contextmanager
def local_cluster(distributed, **settings):
    import dask

    settings = {f"distributed.{key}": value for key, value in settings.items()}
    preload = "import sys; sys.modules['threadpool'] = None"
    with dask.config.set(settings):
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL + 1, preload=preload,
        )  # fmt: skip
        try:
            with distributed.Client(cluster, set_as_default=False, timeout=TIMEOUT) as client:
                client.wait_for_workers(2, timeout=TIMEOUT)
                yield cluster, client
        finally:
            # (On rare occasions it never returns, with distributed 2024.8, after a process was killed.)
            try:
                cluster.close(timeout=20)
            except distributed.TimeoutError:
                [process.kill() for process in multiprocessing.active_children()]


@contextlib.contextmanager
def cluster_of_processes(distributed, folder, **environment):
    """A cluster whose scheduler is a process, too: yields that, the workers and the address."""
    file, processes = folder / "scheduler.json", []

    def start(module, *args):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(file), "--no-dashboard"]
        processes.append(subprocess.Popen([*command, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                          cwd=folder, env={**os.environ, **environment}))  # fmt: skip

    try:
        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        start("dask_worker", "--nthreads", "1", "--no-nanny", "--death-timeout", str(TIMEOUT))
        start("dask_worker", "--nthreads", "1", "--no-nanny", "--death-timeout", str(TIMEOUT))
        until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        with distributed.Client(address, set_as_default=False, timeout=TIMEOUT) as client:
            client.wait_for_workers(2, timeout=TIMEOUT)
        yield processes[0], processes[1:], address
    finally:
        for process in processes:
            process.kill()
            process.wait(TIMEOUT)


@pytest.fixture(scope="module")
def client(distributed):
    with local_cluster(distributed) as (_, client):
        yield client


class TestCluster:
    @pytest.mark.parametrize("recipe", [True, False])
    def test_a_process_that_is_killed_loses_no_request(self, make_pool, client, tmp_path, recipe):
        engine = dask_recipe(client) if recipe else client.get_executor(pure=False)
        pool, results = make_pool(8, executor=engine), []
        path = tmp_path / "killed"
        calls = [([str(path), number], None) for number in range(500)]
        pool.putRequests(makeRequests(far_death, calls, lambda request, result: results.append(result)))
        assert pool.wait(TIMEOUT)
        assert path.exists() and sorted(results) == list(range(500))

    def test_the_recipe_prints(self, distributed):
        assert run_recipe("cluster.py") == "primes below 200,000: 17984\n"

    def test_a_call_that_kills_every_process_fails(self, make_pool, client, distributed):
        pool = make_pool(1, executor=dask_recipe(client))
        assert isinstance(pool.submit(far_death, None, 250).exception(TIMEOUT), distributed.KilledWorker)
        assert pool.submit(abs, -1).result(TIMEOUT) == 1

    def test_the_recipe_has_a_result_that_cannot_be_sent_fail_alone(self, make_pool, client):
        pool = make_pool(8, executor=dask_recipe(client))
        futures = [pool.submit(far_lock if number % 3 else abs, number) for number in range(30)]
        for number, future in enumerate(futures):
            if number % 3:
                assert "cannot pickle" in str(future.exception(TIMEOUT))
            else:
                assert future.result(TIMEOUT) == number

    def test_the_recipe_leaves_keywords_and_equal_calls_alone(self, make_pool, client):
        pool = make_pool(2, executor=dask_recipe(client))
        assert pool.submit(sorted, ["b", "C", "a"], key=str.lower).result(TIMEOUT) == ["a", "b", "C"]
        assert pool.submit(dict, pure=1, workers=2, priority=3).result(TIMEOUT) == {"pure": 1, "workers": 2, "priority": 3}
        assert len(set(pool.map(os.urandom, [16] * 5))) == 5

    @pytest.mark.parametrize("closed", ["cluster", "client"])
    def test_the_recipe_fails_each_call_when_the_cluster_is_closed(self, make_pool, distributed, closed):
        with local_cluster(distributed) as (cluster, client):
            pool = make_pool(4, executor=dask_recipe(client))
            requests = self.interrupt(pool, (cluster if closed == "cluster" else client).close)
            assert {request.exc_info[0] for request in requests if request.exception} == {ConnectionError}
            with pytest.raises(ConnectionError, match="the client is closed; it or the cluster has ended"):
                pool.submit(abs, -1).result(TIMEOUT)

    def test_the_recipe_fails_each_call_when_the_scheduler_is_killed(self, make_pool, distributed, tmp_path):
        with cluster_of_processes(distributed, tmp_path) as (scheduler, _, address):
            # The client gives up after this time, and until then what is put may be done yet.
            with distributed.Client(address, set_as_default=False, timeout=1) as client:
                pool = make_pool(4, executor=dask_recipe(client))
                requests = self.interrupt(pool, scheduler.kill)
                assert {request.exc_info[0] for request in requests if request.exception} == {ConnectionError}
                assert any("the cluster was lost before it brought" in str(request.exc_info) for request in requests)
                until(lambda: client.status == "closed")
                with pytest.raises(ConnectionError, match="the client is closed; it or the cluster has ended"):
                    pool.submit(abs, -1).result(TIMEOUT)

    def test_the_recipe_fails_each_call_when_no_process_is_left_if_dask_is_told_so(self, make_pool, distributed, tmp_path):
        settings = {"SCHEDULER__NO_WORKERS_TIMEOUT": "1s", "COMM__TIMEOUTS__CONNECT": "2s"}
        settings = {f"DASK_DISTRIBUTED__{name}": value for name, value in settings.items()}
        with cluster_of_processes(distributed, tmp_path, **settings) as (_, workers, address):
            with distributed.Client(address, set_as_default=False, timeout=TIMEOUT) as client:
                pool = make_pool(20, executor=dask_recipe(client))
                requests = self.interrupt(pool, lambda: [worker.kill() for worker in workers])
                names = {request.exc_info[0].__name__ for request in requests if request.exception}
                assert "NoWorkerError" in names and names <= {"NoWorkerError", "KilledWorker", "CancelledError"}

    def test_the_recipe_fails_a_call_whose_function_cannot_be_imported_there(self, make_pool, distributed):
        # Dask's processes leave, one after the other, when they cannot load a call.
        with local_cluster(distributed, **{"scheduler.no-workers-timeout": "1s"}) as (_, client):
            pool = make_pool(1, executor=dask_recipe(client))
            assert type(pool.submit(values, []).exception(TIMEOUT)).__name__ == "NoWorkerError"

    def interrupt(self, pool, end):
        """Put requests, end it all when 50 are done, and go on until one has failed."""
        requests, ended, failed = makeRequests(abs, range(20), **SILENT), [], False
        pool.putRequests(requests)
        for done, request in enumerate(pool.results(TIMEOUT), start=1):
            if done == 50:
                ended.append(in_thread(end))
            if not (failed := failed or request.exception):
                requests.append(WorkRequest(abs, [len(requests)], **SILENT))
                pool.putRequest(requests[-1])
        ended[0]()
        assert failed and all(request.exception or request.result == n for n, request in enumerate(requests))
        return requests


class TestPerformancePage:
    def test_its_tables_are_made_of_the_results_beside_them(self):
        folder = HERE / "docs" / "performance"
        report = runpy.run_path(str(folder / "report.py"))
        texts = report["tables"](report["load"]())
        assert len(texts) == 7
        for name, text in texts.items():
            assert text == (folder / name).read_text(encoding="utf-8"), f"{name}: run report.py"
