"""Tk: workers notify the window, and the window collects the results."""

import math
import socket
import sys
import tkinter
from contextlib import suppress

from threadpool import NoResultsPending, ThreadPool, makeRequests


class Window(tkinter.Tk):
    def __init__(self, workers=1):
        super().__init__()
        self.rows = tkinter.Listbox(self, width=50)
        self.rows.pack()

        # 1. A pair of connected sockets.  Any thread may write to the one.  When the
        #    other has something to read, Tk calls `collect` in its own thread.
        bell, self.ear = socket.socketpair()
        bell.setblocking(False)
        self.createfilehandler(self.ear, tkinter.READABLE, self.collect)

        # 2. The workers get a function that refers to the socket, and to nothing of Tk.
        def ring():
            with suppress(BlockingIOError):  # full, so hundreds of rings wait to be read
                bell.send(b"!")

        self.ring, self.pool = ring, ThreadPool(workers, notify=ring)

    def collect(self, *_):
        self.ear.recv(4096)  # all rings so far; one poll serves them all
        try:
            self.pool.poll()
        except NoResultsPending:
            self.finished()
        except Exception:
            # 3. A callback has raised this.  More results may be there already, and
            #    nobody will ring for them again, so the window looks once more.
            #    (An error that leaves this method would end Tk's main loop.)
            self.ring()
            self.report_callback_exception(*sys.exc_info())

    def show_root(self, request, result):
        self.rows.insert("end", f"{request.args[0]} has the root {result}")

    def complain(self, request, exc_info):
        self.rows.insert("end", f"{request.args[0]} has none: {exc_info[1]}")

    def finished(self):
        print(*self.rows.get(0, "end"), sep="\n")
        self.destroy()


def main():
    window = Window()
    numbers = [16, 25, -1]
    requests = makeRequests(math.isqrt, numbers, window.show_root, window.complain)
    window.pool.putRequests(requests)
    window.mainloop()
    # 4. The window may have been closed early.  Drop the calls that wait, and wait for
    #    those that run.  (`with` would call callbacks, and their window is gone.)
    window.pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
