"""How Sphinx builds these pages; see `make docs`."""

import builtins
import inspect
import pathlib
import pydoc
import sys

from docutils import nodes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import threadpool

project = "threadpool"
author = "the threadpool authors"
copyright = f"2026, {author}"  # noqa: A001
release = version = threadpool.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"threadpool {release}"
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"
doctest_global_setup = "from threadpool import *"
toc_object_entries_show_parents = "hide"

# A name in `single backquotes` is a reference to whatever bears it, and an
# error if nothing does.  Sphinx knows our own objects; the parameters of what
# is public, and the standard library, it learns here.  (Not by intersphinx,
# which has to fetch its list from the network.)
default_role = "any"


def _parameters(thing):
    if inspect.isclass(thing):
        return set().union(*map(_parameters, vars(thing).values()))
    return set(inspect.signature(thing).parameters) if inspect.isfunction(thing) else set()


PARAMETERS = set().union(*(_parameters(getattr(threadpool, name)) for name in threadpool.__all__))


def _page(name):
    """The page of Python's manual that has `name`, something in the standard library."""
    if hasattr(builtins, name):
        return "exceptions" if name[0].isupper() else "functions"
    while name not in sys.modules:
        name = name.rpartition(".")[0]
    return {"concurrent.futures.thread": "concurrent.futures"}.get(name, name)


def _find(app, env, node, content):
    name = node["reftarget"]
    if name in PARAMETERS:
        return content
    if pydoc.locate(name) is None:
        return None
    anchor = f"module-{name}" if name in sys.modules else name
    address = f"https://docs.python.org/3/library/{_page(name)}.html#{anchor}"
    return nodes.reference("", "", content, refuri=address, internal=False)


def setup(app):
    app.connect("missing-reference", _find)
