"""How Sphinx builds these pages; see `make docs`."""

import builtins
import html
import inspect
import pathlib
import pydoc
import re
import sys

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

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

html_favicon = "static/favicon.svg"
html_show_sphinx = False

# The button copies what is typed: the lines with a prompt, without it.  The lines
# "..." that end a block are copied as empty ones, or a REPL would not take the next
# statement.  What has the class "output" is what a program prints, and has no button.
copybutton_prompt_text = r">>> |\.\.\. ?|\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = "div:not(.output) > div.highlight pre"

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
# depend on it.)  Pages are not meant: they have the role :doc:.
default_role = "any"
nitpick_ignore_regex = [("py:class", r"(threadpool\.)?_\w+")]  # private types, in a signature


class NoPageByAccident(SphinxPostTransform):
    """A name in backquotes that is also the name of a page is a warning, not a link to that page."""

    default_priority = 5  # before the references are resolved

    def run(self, **_):
        for node in self.document.findall(addnodes.pending_xref):
            if node.get("reftype") == "any":
                page = self.env.relfn2path(node["reftarget"], self.env.docname)[0]
                if page in self.env.all_docs:
                    logging.getLogger(__name__).warning(
                        "`%s` would lead to the page of that name; write :doc:`%s`, or rename the page",
                        node["reftarget"], node["reftarget"], location=node)


def _parameters(thing):
    if inspect.isclass(thing):
        own = [each for each in thing.__mro__ if each.__module__ == "threadpool"]
        return set().union(*(_parameters(method) for each in own for method in vars(each).values()))
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


# What the theme leaves out.


def _complete_page(app, pagename, templatename, context, doctree):
    """A description for search engines: the first paragraph.  Levels for the headings of the sidebar."""
    if doctree is not None:
        paragraphs = [each for each in doctree.findall(nodes.paragraph) if isinstance(each.parent, nodes.section)]
        if paragraphs:
            text = html.escape(" ".join(paragraphs[0].astext().split()))
            context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{text}">'
    if "furo_navigation_tree" in context:
        context["furo_navigation_tree"] = context["furo_navigation_tree"].replace(
            'role="heading"', 'role="heading" aria-level="2"')


def _complete_files(app, exception):
    """What the theme and Sphinx write that a screen reader trips over."""
    if exception is not None or app.builder.name != "html":
        return
    for path in pathlib.Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        # The parameters of a signature of several lines are a list of definitions without terms.
        text = re.sub(r"<dl>\s*((?:<dd>(?:(?!</?d[ldt]>).)*</dd>\s*)+)</dl>", _as_lines, text, flags=re.DOTALL)
        text = text.replace('<div role="list" class="citation-list">', '<div class="citation-list">')
        text = text.replace('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="All pages">')
        text = text.replace('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer')
        if path.name == "search.html" and "<h1>" not in text:
            text = text.replace('<div id="search-results">', '<h1>Search</h1><div id="search-results">')
        path.write_text(text, encoding="utf-8")


def _as_lines(match):
    return '<div class="sig-params">' + match[1].replace("<dd>", "<div>").replace("</dd>", "</div>") + "</div>"


# A listing that is wider than the page can be scrolled by keyboard only if it can have the focus.
FOCUS_SCRIPT = """
addEventListener("load", () => document.querySelectorAll(".highlight pre, .table-wrapper").forEach((box) => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}));
"""


def setup(app):
    app.connect("missing-reference", _find)
    app.connect("html-page-context", _complete_page, priority=900)
    app.connect("build-finished", _complete_files)
    app.add_js_file(None, body=FOCUS_SCRIPT)
    app.add_post_transform(NoPageByAccident)
