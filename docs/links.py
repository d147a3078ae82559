"""Check the links within a built site: ``python docs/links.py docs/_build/html``.

Every file that a page refers to must exist, and every anchor.  Addresses with a
scheme lead elsewhere and are not looked at.
"""

import pathlib
import sys
import urllib.parse
from html.parser import HTMLParser


class Page(HTMLParser):
    """The anchors of a page, and the addresses that it refers to."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.addresses = {"", "top"}, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            elif name in ("href", "src", "data-src"):
                self.addresses.append((self.getpos()[0], value))


def find_broken(site):
    """Count the addresses, and describe each one that leads nowhere."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts}
    number, broken = 0, []
    for path, page in pages.items():
        for line, address in page.addresses:
            target = urllib.parse.urlsplit(address)
            if target.scheme or target.netloc:
                continue
            number += 1
            file = (path.parent / urllib.parse.unquote(target.path)).resolve() if target.path else path
            anchor = urllib.parse.unquote(target.fragment)
            if not file.is_file() or (file in pages and anchor not in pages[file].anchors):
                broken.append(f"{path}:{line}: {address} leads nowhere")
    return number, broken


if __name__ == "__main__":
    number, broken = find_broken(pathlib.Path(sys.argv[1]))
    print(*broken, f"{number} links within the site, {len(broken)} broken", sep="\n")
    sys.exit(bool(broken or not number))
