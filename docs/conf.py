"""How Sphinx builds these pages; see `make docs`."""

import builtins
import inspect
import pathlib
import pydoc
import sys

from docutils import nodes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import threadpool

project = "threadpool"
author = "the threadpool authors"
copyright = f"2026, {author}"  # noqa: A001
release = version = threadpool.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx_copybutton", "annotate"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"threadpool {release}"
html_copy_source = False
html_domain_indices = False
html_static_path = ["static"]
html_css_files = ["site.css"]

copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 78
doctest_global_setup = "from threadpool import *"
toc_object_entries_show_parents = "hide"

# A name in `single backquotes` is a reference to whatever bears it, and an
# error if nothing does.  Sphinx knows our own objects; the parameters of what
# is public, and the standard library, it learns here.  (Not by intersphinx: that
# needs the network, so that what is an error, and where a link leads, would
# depend on it.)
default_role = "any"
nitpick_ignore = [("py:class", f"threadpool.{name}") for name in ("_RequestsQueue", "_ResultsQueue")]  # in a signature


def _parameters(thing):
    if inspect.isclass(thing):
        return set().union(*map(_parameters, vars(thing).values()))
    return set(inspect.signature(thing).parameters) if inspect.isfunction(thing) else set()


PARAMETERS = set().union(*(_parameters(getattr(threadpool, name)) for name in threadpool.__all__))

# The page of Python's manual that has a name is that of its module, but for these.
# (What asyncio has is on many pages: a name that is not here is not found.)
PAGES = {
    **dict.fromkeys(["bytearray", "bytes", "dict", "frozenset", "list", "range", "set", "str", "tuple"], "stdtypes"),
    **dict.fromkeys(["asyncio.wrap_future", "asyncio.Future"], "asyncio-future"),
    **dict.fromkeys(["asyncio.run"], "asyncio-runner"),
    **dict.fromkeys(["asyncio.gather", "asyncio.to_thread"], "asyncio-task"),
    "concurrent.futures.thread": "concurrent.futures",
    "multiprocessing.pool": "multiprocessing",
}


def _page(name):
    owner = name.rpartition(".")[0]
    if name in PAGES or name in sys.modules:
        return PAGES.get(name, name)
    if hasattr(builtins, name):
        return "exceptions" if name[0].isupper() else "functions"
    return "stdtypes" if hasattr(builtins, owner) else _page(owner)


def _find(app, env, node, content):
    name = node["reftarget"]
    if name in PARAMETERS:
        return content
    thing = getattr(threadpool, name, None)
    if getattr(thing, "__module__", "threadpool") != "threadpool":
        name = f"{thing.__module__}.{name}"  # something that it has imported
    if pydoc.locate(name) is None:
        return None
    page = _page(name)
    if page == "threadpool" or (page == "asyncio" and name != page):
        return None
    anchor = f"module-{name}" if name in sys.modules else name
    address = f"https://docs.python.org/3/library/{page}.html#{anchor}"
    return nodes.reference("", "", content, refuri=address, internal=False)


def setup(app):
    app.connect("missing-reference", _find)
