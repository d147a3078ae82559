"""What the pages promise about their examples: `python -m pytest docs/test_pages.py`."""

import code
import contextlib
import doctest
import io
import pathlib
import re
import subprocess
import sys
import textwrap
from unittest import mock

import pytest

DOCS = pathlib.Path(__file__).resolve().parent
TOP = DOCS.parent
FIRST = (DOCS / "first.py").read_text(encoding="utf-8")
PRINTED = "".join(f"the page that took {seconds} seconds\n" for seconds in (0.2, 0.4, 0.6)) + "all done\n"


def pages(pattern="*.rst"):
    return sorted(path for path in DOCS.glob(pattern) if ">>> " in path.read_text(encoding="utf-8"))


class TestFirstExample:
    def test_it_prints_what_the_pages_show(self):
        environ = {"PYTHONPATH": str(TOP)}
        done = subprocess.run(
            [sys.executable, str(DOCS / "first.py")], env=environ, capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr) == (PRINTED, "")

    def test_the_readme_shows_the_same(self):
        readme = (TOP / "README.rst").read_text(encoding="utf-8")
        assert textwrap.indent(FIRST, "    ") in readme
        assert textwrap.indent(PRINTED, "    ") in readme

    @pytest.mark.parametrize("page", ["index.rst", "guide.rst"])
    def test_the_pages_show_what_it_prints(self, page):
        assert textwrap.indent(PRINTED, "   ") in (DOCS / page).read_text(encoding="utf-8")

    def test_it_can_be_pasted_into_a_prompt(self):
        assert paste(FIRST.splitlines(), {}) == ("", PRINTED)


class Console(code.InteractiveConsole):
    """A prompt that keeps what it has to complain about.  (A pool prints failures to stderr by itself.)"""

    complaints = ""

    def write(self, text):
        self.complaints += text


def paste(lines, names):
    """Type lines at a prompt; return its complaints, and what was printed."""
    console, printed = Console(names), io.StringIO()
    # (The prompt leaves errors to a hook that is not Python's own, as exceptiongroup installs one.)
    hook = mock.patch.object(sys, "excepthook", sys.__excepthook__)
    with hook, contextlib.redirect_stdout(printed):
        more = [console.push(line) for line in [*lines, ""]][-1]
    assert not more, "the last statement is not complete"
    return console.complaints, printed.getvalue()


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
def test_every_example_can_be_pasted_into_a_prompt(path):
    """Prompt by prompt as the copy button gives it, in the order of the page."""
    names = {"__name__": "__main__"}
    blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
    for block in blocks:
        lines = [line.strip() for line in textwrap.dedent(block).splitlines()]
        kept = [line for line in textwrap.dedent(block).splitlines() if re.match(r"\s*(>>>|\.\.\.)( |$)", line)]
        if not lines or not any(line.startswith(">>> ") for line in lines) or "tqdm" in block:
            continue
        source = [re.sub(r"^\s*(>>>|\.\.\.) ?", "", line) for line in kept]
        complaints, _ = paste(source, names)
        expected = "Traceback" in block
        assert ("Traceback" in complaints) == expected, (block, complaints)
        assert "SyntaxError" not in complaints and "IndentationError" not in complaints, (block, complaints)


def test_the_fixture_of_the_guide_ends_the_pool_and_its_threads(tmp_path):
    guide = (DOCS / "guide.rst").read_text(encoding="utf-8")
    [fixture] = re.findall(r"^   @pytest\.fixture\n(?:   .+\n)+", guide, re.M)
    tests = """
def test_a_call(pool):
    assert pool.submit(abs, -1).result(10) == 1
    assert threading.active_count() > 1

def test_nothing_is_left():
    assert threading.active_count() == 1
"""
    imports = "import threading\nimport pytest\nfrom threadpool import ThreadPool\n"
    (tmp_path / "test_it.py").write_text(imports + textwrap.dedent(fixture) + tests, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONPATH": str(TOP)}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_examples_are_doctests_too():
    """So what they print is checked; here, that there are many of them."""
    parser = doctest.DocTestParser()
    number = sum(len(parser.get_examples(path.read_text(encoding="utf-8"))) for path in pages())
    assert number > 130
