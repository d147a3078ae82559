"""Qt: workers ring, the window collects.  It sleeps in between."""

import math
import sys

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QListWidget

from threadpool import NoResultsPending, ThreadPool, makeRequests


class Bell(QObject):
    """What workers ring; it outlives the window."""

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
        # 2. Who has a method of the bell's, keeps the bell.  (``bell.rung.emit``
        #    would not keep it.)
        self.ring, self.pool = bell.ring, ThreadPool(workers, notify=bell.ring)

    @Slot()
    def collect(self):
        try:
            self.pool.poll()
        except NoResultsPending:
            self.finished()
        except Exception:
            # 3. Raised by a callback: what may have arrived behind it must not wait
            #    for the next ring.
            self.ring()
            raise

    def show_root(self, request, result):
        self.addItem(f"{request.args[0]} has the root {result}")

    def complain(self, request, exc_info):
        self.addItem(f"{request.args[0]} has none: {exc_info[1]}")

    def finished(self):
        if self.isVisible():  # some of the rings come when all is in, and say so again
            print(*(self.item(row).text() for row in range(self.count())), sep="\n")
            self.close()


def main():
    app, window = QApplication(sys.argv), Window()
    window.show()
    numbers = [16, 25, -1]
    requests = makeRequests(math.isqrt, numbers, window.show_root, window.complain)
    window.pool.putRequests(requests)
    app.exec()
    # 4. The window may have been closed before all was in: drop what waits, and
    #    wait for what is under way.  (`with` would call callbacks, and their window is
    #    gone.)
    window.pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
