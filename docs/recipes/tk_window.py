"""A window that stays responsive while workers work: Tk polls the pool.

Compresses each file of a folder (the current one, or the one that is named) and
fills a table with what it saves.
"""

import lzma
import pathlib
import sys
import tkinter
from tkinter import ttk

from threadpool import NoResultsPending, ThreadPool, makeRequests


def keep_polling(after, pool, done, interval=20):
    """Poll every `interval` milliseconds by a window's `after`.  Call `done` last."""
    try:
        pool.poll()
    except NoResultsPending:
        done()
    else:
        after(interval, keep_polling, after, pool, done, interval)


class Window:
    def __init__(self, root, pool, work, jobs, done=lambda: None):
        # 1. A table, a progress bar, and a line for the status.
        ttk.Style().theme_use("clam")
        self.table = ttk.Treeview(root, columns=("file", "result"), show="headings")
        self.table.tag_configure("failed", foreground="#b00020")
        self.bar, self.status = ttk.Progressbar(root, maximum=len(jobs)), ttk.Label(root)
        for title, width in (("file", 180), ("result", 320)):
            self.table.heading(title, text=title)
            self.table.column(title, width=width)
        for widget in (self.table, self.bar, self.status):
            widget.pack(fill="both", padx=6, pady=3)
        # 2. Callbacks run in the thread that calls poll, which is this one.  So they may
        #    use the widgets, which a worker must not.
        pool.putRequests(makeRequests(work, jobs, self.show, self.complain))
        keep_polling(root.after, pool, done)

    def show(self, request, result, *tags):
        row = self.table.insert("", "end", values=(request.args[0], result), tags=tags)
        self.table.see(row)
        self.bar["value"] += 1
        self.status["text"] = f"{len(self.table.get_children())} of {self.bar['maximum']}"

    def complain(self, request, exc_info):
        self.show(request, exc_info[1], "failed")


def compress(path):
    data = pathlib.Path(path).read_bytes()
    return f"{len(data):,} bytes, compressed {len(lzma.compress(data)):,}"


def main(folder="."):
    root, pool = tkinter.Tk(), ThreadPool(2)
    root.title("Compressing")
    paths = [str(path) for path in pathlib.Path(folder).iterdir() if not path.is_dir()]
    Window(root, pool, compress, sorted(paths))
    root.mainloop()
    # 3. The window is closed.  Drop the calls that wait, and wait for those that run.
    #    (`with` would call callbacks, and their window is gone.)
    pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
