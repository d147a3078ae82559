"""The annotated module: a page of these that is made from ``threadpool.py`` itself.

``.. annotated::`` shows the module.  What is prose there is prose here: its docstring, the
comments at column 0 with their section titles (``# Title`` above ``# =====``), and within a
class the sections that begin with a title (``# Title`` above ``# -----``).  Everything else is
listings, with the line numbers of the file.  Line 7 has the anchor ``L-7``.  Links lead

- from a definition to its entry in the API, if it has one,
- from an entry in the API to the definition (``[source]``),
- from a name in the prose to the line where it first gets its meaning,
- from a private name in a listing to its definition,
- from "rule 2" to the second item of the list of rules, which is the first list whose
  paragraph before it speaks of rules.
"""

import ast
import functools
import inspect
import itertools
import pathlib
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.parsing import nested_parse_to_nodes

PATH = pathlib.Path(__file__).resolve().parent.parent / "threadpool.py"
PAGE = "source"  # the one that has the directive
TEXT = PATH.read_text(encoding="utf-8")
TREE, LINES = ast.parse(TEXT), TEXT.splitlines()


def find_definitions(node, owner="", local=False):
    """Name and line of each class, function, attribute of self, and global below `node`."""
    for child in ast.iter_child_nodes(node):
        stored = isinstance(getattr(child, "ctx", None), ast.Store)
        if isinstance(child, ast.ClassDef):
            yield child.name, child.lineno
            yield from find_definitions(child, child.name + ".")
        elif isinstance(child, ast.FunctionDef):
            yield owner + child.name, child.lineno
            yield from find_definitions(child, owner, local=True)
        elif stored and isinstance(child, ast.Attribute) and ast.unparse(child.value) == "self":
            yield owner + child.attr, child.lineno
        elif stored and isinstance(child, ast.Name) and not local:
            yield owner + child.id, child.lineno
        else:
            yield from find_definitions(child, owner, local)


DEFINED, FIRST = {}, {}  # the line of "ThreadPool.poll"; and that of the first "poll", whosesoever it is
for _name, _line in find_definitions(TREE):
    DEFINED.setdefault(_name, _line)
    FIRST.setdefault(_name.rpartition(".")[2], _line)
NAMES = {line: name for name, line in DEFINED.items()}
for _node in TREE.body:  # what a class inherits from another one of the module is defined there
    for _base in getattr(_node, "bases", []):
        _prefix = ast.unparse(_base) + "."
        for _name, _line in [*DEFINED.items()]:
            if _name.startswith(_prefix):
                _inherited = f"{_node.name}.{_name[len(_prefix):]}"
                if _inherited not in DEFINED:
                    DEFINED[_inherited] = _line
                    NAMES[_line] = _inherited if not _node.name.startswith("_") else NAMES[_line]


class listing(nodes.literal_block):
    """Some lines of the module; `first` is the number of the first."""


class Listing(SphinxDirective):
    required_arguments = 2

    def run(self):
        first, last = map(int, self.arguments)
        text = "\n".join(LINES[first - 1 : last])
        return [listing(text, text, first=first, language="python")]


def first_line(node):
    """That of its first decorator, if it has any."""
    return min(each.lineno for each in [node, *getattr(node, "decorator_list", [])])


def find_inner_sections():
    """The line numbers of prose within classes: a title with its underline, and the comment that goes on below."""
    for node in TREE.body:
        if isinstance(node, ast.ClassDef):
            number = node.lineno
            while number < node.end_lineno:
                if re.match(r"    # \S", LINES[number - 1]) and re.fullmatch(r"    # -+", LINES[number]):
                    while LINES[number - 1].startswith("    #"):
                        yield number
                        number += 1
                number += 1


class Annotated(SphinxDirective):
    def run(self):
        self.env.note_dependency(str(PATH))
        self.env.note_dependency(__file__)
        docstring, *statements = TREE.body
        code = {number for node in statements for number in range(first_line(node), node.end_lineno + 1)}
        inner = {*find_inner_sections()}
        rest = [number for number, line in enumerate(LINES, 1) if line and number > docstring.end_lineno]
        page = StringList()

        def kind(number):
            return "inner" if number in inner else "code" if number in code else "prose"

        for what, numbers in itertools.groupby(rest, kind):
            first, *_, last = [*numbers] * 2
            if what == "code":
                lines = [f".. listing:: {first} {last}"]
            else:
                indent = 4 if what == "inner" else 0
                lines = [line[indent + 2 :] for line in LINES[first - 1 : last]]
            for number, line in enumerate([*lines, ""], first):
                page.append(line, str(PATH), number - 1)
        top = StringList(inspect.cleandoc(docstring.value.value).splitlines(), str(PATH))
        found = [node for part in (top, page) for node in nested_parse_to_nodes(self.state, part)]
        link_rules(found)
        return found


def find_rules():
    """The numbers of the rules, as text: of the first list whose paragraph before it speaks of them."""
    for number, line in enumerate(LINES):
        if line.startswith("# 1. "):
            before = itertools.takewhile(lambda text: text != "#", reversed(LINES[: number - 1]))
            if re.search(r"\brules?\b", " ".join(before)):
                section = itertools.takewhile(lambda text: text.startswith("#"), LINES[number:])
                return {match[1] for text in section if (match := re.match(r"# (\d)\. ", text))}
    return set()


RULE = re.compile(r"\brule (\d)\b")
RULES = find_rules()


def link_rules(found):
    """Give each rule an anchor, and have "rule 2" in the prose lead there."""
    root = nodes.container("", *found)
    for rules in root.findall(nodes.enumerated_list):
        before = rules.parent[rules.parent.index(rules) - 1]
        if isinstance(before, nodes.paragraph) and re.search(r"\brules?\b", before.astext()):
            for number, item in enumerate(rules, 1):
                item["ids"].append(f"rule-{number}")
            break
    for text in [*root.findall(nodes.Text)]:
        if isinstance(text.parent, (nodes.literal_block, nodes.literal, nodes.reference, nodes.title, listing)):
            continue
        parts = RULE.split(str(text))
        if len(parts) > 1 and set(parts[1::2]) <= RULES:
            new = []
            for index, part in enumerate(parts):
                if index % 2:
                    new.append(nodes.reference("", f"rule {part}", refuri=f"#rule-{part}", internal=True))
                else:
                    new.append(nodes.Text(part))
            text.parent.replace(text, new)


PRIVATE = {name: line for name, line in DEFINED.items() if re.fullmatch(r"_[A-Za-z]\w*", name)}


PRIVATE_NAME = re.compile(r'<span class="(?:n|fm)">(_[A-Za-z]\w*)</span>')


def rule_link(match):
    return f'<a href="#rule-{match[1]}">{match[0]}</a>' if match[1] in RULES else match[0]


def private_link(number, match):
    """The span of a private name, as a link to its definition unless this is it."""
    line = PRIVATE.get(match[1], number)
    if line == number:
        return match[0]
    return f'<a tabindex="-1" href="#L-{line}">{match[0]}</a>'


def visit_listing(self, node):
    """Write the lines; what is defined there leads to its entry in the API."""
    entries = self.builder.env.domains["py"].objects
    lines = self.highlighter.highlight_block(
        node.rawsource, "python", location=node,
        linenos="inline", linenostart=node["first"], linespans="L", anchorlinenos=True).split("\n")
    for index, line in enumerate(lines):
        name = NAMES.get(node["first"] + index, "")
        if entry := entries.get(f"{PATH.stem}.{name}"):
            address = self.builder.get_relative_uri(PAGE, entry.docname) + "#" + entry.node_id
            lines[index] = re.sub(
                f'(?<=<span class="n[cf]">){name.rpartition(".")[2]}(?=</span>)',
                rf'<a href="{address}" title="{name} in the API">\g<0></a>', line)
    for index, line in enumerate(lines):
        number = node["first"] + index
        lines[index] = PRIVATE_NAME.sub(functools.partial(private_link, number), line)
        if '<span class="c1">' in line:
            lines[index] = RULE.sub(rule_link, lines[index])
    # (The numbers are links to themselves, to be copied; who goes from link to link by keys shall skip them.)
    text = "\n".join(lines).replace('<a href="#L-', '<a tabindex="-1" href="#L-')
    self.body.append(f'<div class="listing highlight-python notranslate">{text}</div>\n')
    raise nodes.SkipNode


def link_to_source(app, doctree, docname):
    """Give each entry of the API its ``[source]``."""
    for signature in doctree.findall(addnodes.desc_signature):
        line = DEFINED.get(signature.get("fullname"))
        if line and signature.get("module") == PATH.stem:
            address = app.builder.get_relative_uri(docname, PAGE) + f"#L-{line}"
            text = nodes.inline("", "[source]", classes=["viewcode-link"])
            signature += nodes.reference("", "", text, refuri=address, internal=True)


def find_name(app, env, node, content):
    """What a name in the prose of the module refers to, if it is one of the module's own."""
    target = node["reftarget"]
    if node.get("refdoc") == PAGE and (line := DEFINED.get(target) or FIRST.get(target.rpartition(".")[2])):
        return nodes.reference("", "", content, refuri=f"#L-{line}", internal=True)
    return None


def setup(app):
    app.add_directive("annotated", Annotated)
    app.add_directive("listing", Listing)
    app.add_node(listing, html=(visit_listing, None))
    app.connect("doctree-resolved", link_to_source)
    app.connect("missing-reference", find_name, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
