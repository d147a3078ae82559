"""Qt: workers notify the window, and the window collects the results."""

import math
import sys

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QListWidget

from threadpool import NoResultsPending, ThreadPool, makeRequests


class Bell(QObject):
    """What workers ring.  It may live longer than the window."""

    rung = Signal()

    def ring(self):
        self.rung.emit()


class Window(QListWidget):
    def __init__(self, workers=1):
        super().__init__()
        # 1. A queued signal, which any thread may emit: Qt calls `collect` in the
        #    window's thread, and never while `ring` is being called.
        bell = Bell()
        bell.rung.connect(self.collect, Qt.ConnectionType.QueuedConnection)
        # 2. The pool keeps this method, and the method keeps the bell.  (The method
        #    ``bell.rung.emit`` would not.)
        self.ring, self.pool = bell.ring, ThreadPool(workers, notify=bell.ring)

    @Slot()
    def collect(self):
        try:
            self.pool.poll()
        except NoResultsPending:
            self.finished()
        except Exception:
            # 3. A callback has raised this.  More results may be there already, and
            #    nobody will ring for them again, so the window looks once more.
            self.ring()
            raise

    def show_root(self, request, result):
        self.addItem(f"{request.args[0]} has the root {result}")

    def complain(self, request, exc_info):
        self.addItem(f"{request.args[0]} has none: {exc_info[1]}")

    def finished(self):
        if self.isVisible():  # not closed by an earlier ring
            print(*(self.item(row).text() for row in range(self.count())), sep="\n")
            self.close()


def main():
    app, window = QApplication(sys.argv), Window()
    window.show()
    numbers = [16, 25, -1]
    requests = makeRequests(math.isqrt, numbers, window.show_root, window.complain)
    window.pool.putRequests(requests)
    app.exec()
    # 4. The window may have been closed early.  Drop the calls that wait, and wait for
    #    those that run.  (`with` would call callbacks, and their window is gone.)
    window.pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
