"""Tk: workers ring, the window collects.  It sleeps in between."""

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

        # 1. Two sockets, joined: any thread may write to the one, and Tk calls
        #    `collect`, in its own thread, when the other has something to read.
        bell, self.ear = socket.socketpair()
        bell.setblocking(False)
        self.createfilehandler(self.ear, tkinter.READABLE, self.collect)

        # 2. What the workers get refers to the socket alone, to nothing of Tk's.
        def ring():
            with suppress(BlockingIOError):  # full: hundreds of rings wait to be heard
                bell.send(b"!")

        self.ring, self.pool = ring, ThreadPool(workers, notify=ring)

    def collect(self, *_):
        self.ear.recv(4096)  # all the rings so far: one poll is enough for them
        try:
            self.pool.poll()
        except NoResultsPending:
            self.finished()
        except Exception:
            # 3. Raised by a callback: what may have arrived behind it must not wait
            #    for the next ring.  (And raised here, it would end Tk's main loop.)
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
    # 4. The window may have been closed before all was in: drop what waits, and
    #    wait for what is under way.  (`with` would call callbacks, and their window is
    #    gone.)
    window.pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
