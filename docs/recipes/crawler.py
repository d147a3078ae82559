"""A polite web crawler: each page once, and only a few at a time.

Without an address, it crawls a site of its own.
"""

import sys
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin
from urllib.request import Request, urlopen
from urllib.robotparser import RobotFileParser

from threadpool import ThreadPool, WorkRequest

AGENT = "threadpool-recipe"


class Links(HTMLParser):
    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found += [value for name, value in attributes if name == "href"]


def fetch(address):
    """In a worker: the addresses that a page links to."""
    links = Links()
    links.found = []
    try:
        answer = urlopen(Request(address, headers={"User-Agent": AGENT}), timeout=10)
    except HTTPError as error:
        error.close()  # it holds the connection
        raise
    with answer:
        if answer.headers.get_content_type() == "text/html":
            charset = answer.headers.get_content_charset("utf-8")
            links.feed(answer.read().decode(charset, "replace"))
        return {urldefrag(urljoin(answer.url, link)).url for link in links.found if link}


def crawl(start, in_flight=4, waiting=100):
    """Return the pages below `start`, and the dead links: {address: (found on, why)}."""
    rules = RobotFileParser(urljoin(start, "/robots.txt"))
    rules.read()
    seen, dead = {start}, {}

    # 1. Only callbacks use the set of pages that were seen.  They run in this thread,
    #    so "not seen yet? then put it" needs no lock, and no page comes twice.
    def follow(request, links):
        for link in sorted(links - seen):
            if link.startswith(start) and rules.can_fetch(AGENT, link):
                seen.add(link)
                put(link, request.args[0])

    def note(request, exc_info):
        dead[request.args[0]] = request.found_on, str(exc_info[1])

    # 2. The request carries the page where its address was found.  When the queue is
    #    full, this waits until a worker has made room.
    def put(address, found_on):
        request = WorkRequest(fetch, [address], callback=follow, exc_callback=note)
        request.found_on = found_on
        pool.putRequest(request)

    # 3. Each worker has one page at a time, so their number is the limit.
    with ThreadPool(in_flight, q_size=waiting) as pool:
        put(start, None)
        pool.wait()  # also for the pages that callbacks put
    return seen - set(dead), dead


# A site to try it with: a tree of 31 pages, a dead link, and a page that crawlers
# must not load.

PAGES = {f"/{n}": '<a href="/private">no</a> <a href="/">up</a>' for n in range(15, 31)}
for n in range(15):
    left, right = 2 * n + 1, 2 * n + 2
    PAGES[f"/{n or ''}"] = f'<a href="/{left}">left</a> <a href="/{right}#top">right</a>'
PAGES["/20"] = '<a href="lost">dead</a>'
PAGES["/robots.txt"] = "User-agent: *\nDisallow: /private"


class DemoSite(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGES.get(self.path, "").encode())

    def log_message(self, *_):
        """Say nothing."""


def main(start=None):
    with ThreadingHTTPServer(("127.0.0.1", 0), DemoSite) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        start = start or f"http://127.0.0.1:{site.server_port}/"
        pages, dead = crawl(start)
        site.shutdown()
    print(len(pages), "pages")
    for address, (found_on, why) in sorted(dead.items()):
        print(f"{address} is dead, see {found_on} ({why})".replace(start, "/"))


if __name__ == "__main__":
    main(*sys.argv[1:])
