"""Run the suites of other libraries with ThreadPoolExecutor, and again with ThreadPool.

    python run.py [--module FILE] [--only WORD ...] [--keep]

`make clients` calls this with the Python of .venv-clients, where the libraries are.
Each row of the table is one run of pytest with the standard class, and one with
ThreadPool, which is either given to the library or put in the place of the standard
class before the library is imported (see in_place.py).  Compared is the outcome of
each single test.  The programs of 2006 are run with threadpool 1.3.2 and with this
module, and what they print is compared.

The status is 1 when there is a difference that differences.inc, which is a table of the
page, does not list; also when a row has run no test, or has made no pool.  A row with such
a difference is run once more, as some tests of others depend on the time: what does not come
again does not count.
"""

import argparse
import contextlib
import csv
import importlib.metadata
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
ENVIRONMENT = pathlib.Path(sys.prefix)
SITE = pathlib.Path(sysconfig.get_path("purelib"))
SUITES = ENVIRONMENT / "suites"
RELEASE_1_3_2 = ENVIRONMENT / "threadpool-1.3.2"

TEST_SECONDS = 30  # then a test has failed
RUN_SECONDS = 120  # then a run is ended
END = "(the run ends)"  # beside the tests: a program that hangs or crashes at its end


# What is run
# ===========


class Row(typing.NamedTuple):
    library: str  # the name of the distribution
    what: str
    place: str  # "given" or "in place"
    folder: pathlib.Path  # where pytest is started
    tests: list  # files in that folder
    options: list = []  # noqa: RUF012 (nobody changes it)
    python: str = sys.executable


def suite(library, path, names, *options, folder=None):
    """Tests that come with the source distribution of a library: a path for each name."""
    if folder is None:
        folder = SUITES / f"{library.lower().replace('-', '_')}-{release(library)}"
    tests = [path.format(name) for name in names]
    what = "tests: " + ", ".join(name.rpartition("/test_")[2] for name in names)
    return Row(library, what, "in place", folder, tests, list(options))


def installed(library, path, names, *options):
    """Tests that are installed together with a library."""
    return suite(library, path, names, *options, folder=SITE)


def use(library, what, place="given"):
    """A program of ours, named after the library that it uses."""
    name = library.lower().replace("-", "_")
    return Row(library, what, place, HERE / "uses", [f"use_{name}.py"])


def release(library):
    return importlib.metadata.version(library)


def rows():
    dask = ["threaded", "local", "base", "delayed", "callbacks"]
    zict = ["async_buffer", "buffer", "cache", "lru"]
    tornado = ["concurrent", "ioloop", "netutil", "gen", "circlerefs"]
    s3transfer = ["unit/test_futures", "unit/test_manager", "functional/test_upload"]
    yield use("dask", "an array and a bag computed, pool=")
    yield installed("dask", "dask/tests/test_{}.py", dask, "-k", "not process")
    yield use("distributed", "Worker(executor=), a cluster on loopback")
    yield installed("zict", "zict/tests/test_{}.py", zict)
    yield use("tqdm", "thread_map and its bar", "in place")
    yield suite("tqdm", "tests/tests_{}.py", ["concurrent"])
    yield suite("requests-futures", "tests/test_{}.py", ["requests_futures"])
    yield suite("s3transfer", "tests/{}.py", s3transfer, "-k", "not NonMultipart")
    yield suite("asgiref", "tests/test_{}.py", ["sync", "local"], "-k", "not decorator")
    yield suite("aiofiles", "tests/{}", ["threadpool"])
    yield suite("APScheduler", "tests/test_{}.py", ["executors", "schedulers"],
                "-k", "not processpool")
    yield suite("celery", "t/unit/concurrency/test_{}.py", ["thread"])
    yield use("tornado", "default executor, a server on loopback")
    yield installed("tornado", "tornado/test/{}_test.py", tornado)
    yield use("SQLAlchemy", "scoped_session, nested calls, a pool of connections")
    yield use("grpcio", "a server on loopback")
    yield use("reactivex", "ThreadPoolScheduler", "in place")
    yield use("more-executors", "retry, throttle, timeout, poll, map", "in place")
    yield use("Flask-Executor", "jobs with the context of an application", "in place")
    yield use("sentry-sdk", "what it knows of a caller, in the call")
    yield use("opentelemetry-instrumentation-threading", "the span of a caller, in the call")
    yield from cpython("test_concurrent_futures", "ThreadPool and not AsCompleted and not Wait")
    yield from cpython("test_asyncio", "executor or thread or Thread")


# CPython's own tests
# ===================
#
# Not every installation has them.  If that which runs has not, another may.


def cpython(name, words):
    """The tests of that name, of the first interpreter found that has them."""
    for python in interpreters():
        folder = ask(python, "import sysconfig; print(sysconfig.get_path('stdlib'))")
        found = list(pathlib.Path(folder).glob(f"test/{name}*")) if folder else []
        if found:
            number = ask(python, "import platform; print(platform.python_version())")
            yield Row(f"CPython {number}", f"tests: {name}", "in place", pathlib.Path(folder),
                      [str(found[0])], ["-k", words], with_pytest(python, number))
            return
    print(f"no interpreter with {name} found: that row is left out")


def interpreters():
    yield sys.executable
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    folders = [*os.environ["PATH"].split(os.pathsep), *map(str, pyenv.glob("versions/*/bin"))]
    for minor in range(15, 10, -1):
        for folder in folders:
            python = shutil.which(f"python3.{minor}", path=folder)
            if python is not None:
                yield python


def ask(python, program):
    """What a program prints; nothing if it fails."""
    answer = subprocess.run([python, "-c", program], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    return answer.stdout.strip()


def with_pytest(python, number):
    """An interpreter with the same tests that has pytest, too."""
    if python == sys.executable:
        return python
    folder = ENVIRONMENT / f"cpython-{number}"
    if not folder.exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "-qq",
                        "--disable-pip-version-check", "-c", HERE / "requirements.txt",
                        "pytest", "pytest-timeout"], check=True)
    return str(folder / "bin/python")


# How it is run
# =============


def prepare(python, module):
    """Lay the module beside the libraries, and have that Python import in_place.py."""
    site = pathlib.Path(ask(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    shutil.copy(module, site / "threadpool.py")
    (site / "in_place.pth").write_text(f"{HERE}\nimport in_place\n")


def outcomes(row, place):
    """Run the tests; return their outcomes, by name, and the number of pools made."""
    what = re.sub(r"\W+", "-", f"{row.library}-{row.what}")
    log = ENVIRONMENT / "logs" / f"{what}-{place.replace(' ', '-')}.txt"
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "outcomes")
        file.touch()
        more = {"CLIENTS_POOL": place, "CLIENTS_OUTCOMES": str(file), "TMPDIR": folder}
        command = [row.python, "-m", "pytest", "-p", "outcomes", "-p", "no:cacheprovider", "-q",
                   "-c", find_config(row.folder), f"--rootdir={row.folder}",
                   f"--confcutdir={row.folder}", "-o", "addopts=",
                   "-W", "ignore", f"--timeout={TEST_SECONDS}", *row.options, *row.tests]
        with open(log, "wb") as output:
            status = end_of(command, row.folder, clean_environment(**more), output)
        lines = [line.split("\t", 1) for line in file.read_text().splitlines()]
    found = {}
    pools = 0
    for outcome, name in lines:
        if outcome == "pools":
            pools = int(name)
        else:
            found[name] = "did not end" if outcome == "begun" else outcome
    found[END] = "passed" if status in (0, 1) else f"status {status}"
    return found, pools


def clean_environment(**more):
    """The environment, without what would change how pytest and the libraries behave."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "PYTHON")) and not name.lower().endswith("_proxy")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **more}


def find_config(folder):
    """The library's own settings for pytest, or empty ones."""
    for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
        file = folder / name
        if file.exists() and "pytest" in file.read_text():
            return str(file)
    empty = ENVIRONMENT / "pytest.ini"
    empty.write_text("[pytest]\n")
    return str(empty)


def end_of(command, folder, environment, output):
    """Run a command, and return its status; what it leaves running is ended."""
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        return process.wait(RUN_SECONDS)
    except subprocess.TimeoutExpired:
        return f"none after {RUN_SECONDS} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# The programs of 2006
# ====================


def programs_of_2006(module):
    """The outcomes of each program with 1.3.2 and with this module."""
    with_old, with_new = {}, {}
    for file in sorted((HERE / "programs_of_2006").glob("*.py")):
        status, expected = printed_by(file, RELEASE_1_3_2)
        with_old[file.stem] = "passed" if status == 0 and expected else f"status {status}"
        status, text = printed_by(file, module)
        same = status == 0 and text == expected
        with_new[file.stem] = "passed" if same else f"status {status}, printed {text!r}"
    return with_old, with_new


def printed_by(program, module):
    """The status of a program that finds this threadpool.py, and what it prints."""
    environment = clean_environment(PYTHONPATH=str(module))
    command = [sys.executable, "-W", "ignore", str(program)]
    with tempfile.TemporaryFile("w+") as output:
        status = end_of(command, HERE, environment, output)
        output.seek(0)
        return status, output.read()


# What is shown
# =============


def compare(library, what, place, with_one, with_other, known):
    """A line of the table, and what of it is not as the page says."""
    complaints, reasons = [], []
    for name in sorted(with_one.keys() | with_other.keys()):
        outcome, other = with_one.get(name, "missing"), with_other.get(name, "missing")
        if outcome == other:
            continue
        reason = known.get((library.partition(" ")[0], name))
        if reason is None:
            complaints.append(f"{library}: {name}: {outcome}, and with ThreadPool {other}")
        reasons.append(reason or "Not listed yet.")
    if with_one.get(END, "passed") != "passed":
        complaints.append(f"{library}: {what}: with the standard class: {with_one[END]}")
    if not count(with_one):
        complaints.append(f"{library}: {what}: no test has passed")
    name = library if " " in library else f"{library} {release(library)}"
    return [name, what, place, count(with_one), count(with_other), reasons], complaints


def count(found):
    return sum(outcome == "passed" for name, outcome in found.items() if name != END)


def known_differences():
    """From a library (its name alone) and a test to the reason why it differs."""
    with open(HERE / "differences.inc", newline="") as file:
        _, *rows = csv.reader(file)
    return {(library, test): why for library, test, why in rows}


HEADER = ["library", "what is run", "the pool is", "passed with the one", "with the other",
          "why they differ"]


def show(line):
    library, what, place, one, other, reasons = line
    differ = f"{len(reasons)} differ" if reasons else ""
    text = f"{library:24} {what:55.55} {place:9} {one:>4} {other:>4}  {differ}"
    print(text.rstrip(), flush=True)


def keep(lines):
    """Write the table that the page shows."""
    with open(HERE / "table.inc", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for *line, reasons in lines:
            writer.writerow([*line, " ".join(dict.fromkeys(reasons))])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module", type=pathlib.Path, metavar="FILE",
                        default=HERE.parent.parent / "threadpool.py",
                        help="the pool, else %(default)s")
    parser.add_argument("--only", nargs="+", metavar="WORD",
                        help="the rows that contain one of these")
    parser.add_argument("--keep", action="store_true",
                        help="write table.inc, which the page shows")
    options = parser.parse_args()
    known = known_differences()
    # A shell starts background jobs with SIGINT ignored, but some tests of the libraries need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    (ENVIRONMENT / "logs").mkdir(exist_ok=True)
    began = time.monotonic()
    lines, complaints = [], []
    for line, more in results(options.module, options.only, known):
        show(line)
        lines.append(line)
        complaints += more
    if options.keep:
        keep(lines)
    if complaints:
        print(*complaints, f"What pytest has printed is in {ENVIRONMENT / 'logs'}.", sep="\n")
    print(f"{len(lines)} rows, {len(complaints)} differences that the page does not list, "
          f"{time.monotonic() - began:.0f} seconds")
    return 1 if complaints or not lines else 0


def results(module, words, known):
    """For each row: its line of the table, and complaints."""
    prepared = set()
    for row in rows():
        if wanted(f"{row.library} {row.what}", words):
            if row.python not in prepared:
                prepared.add(row.python)
                prepare(row.python, module)
            line, complaints = result(row, known)
            if complaints:
                line, again = result(row, known)
                complaints = [complaint for complaint in complaints if complaint in again]
            yield line, complaints
    if wanted("threadpool 1.3.2 programs of 2006", words):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(module, pathlib.Path(folder, "threadpool.py"))
            found = programs_of_2006(folder)
        what = f"{len(found[0])} programs of 2006"
        yield compare("threadpool 1.3.2", what, "in place", *found, known)


def result(row, known):
    """Run both, and compare."""
    with_one, _ = outcomes(row, "standard")
    with_other, pools = outcomes(row, row.place)
    line, complaints = compare(*row[:3], with_one, with_other, known)
    if not pools:
        complaints.append(f"{row.library}: {row.what}: no ThreadPool was made")
    return line, complaints


def wanted(text, words):
    return not words or any(word.lower() in text.lower() for word in words)


if __name__ == "__main__":
    sys.exit(main())
