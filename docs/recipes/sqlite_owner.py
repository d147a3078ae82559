"""A pool of one worker that owns an SQLite connection.

SQLite's connections are for the thread that opened them.  Here that is the only
worker of a pool: any thread may ask it, and its queue is the lock.
"""

import sqlite3
from types import SimpleNamespace

from threadpool import ThreadPool


class Database:
    """An SQLite connection for any number of threads."""

    def __init__(self, path):
        # 1. The initializer runs in the worker, so the worker opens the connection.
        #    (It is a static method, so that the pool does not keep a Database alive
        #    that nobody uses any more.)
        self.owned = SimpleNamespace()
        self.pool = ThreadPool(1, initializer=self._open, initargs=(self.owned, path))

    @staticmethod
    def _open(owned, path):
        owned.connection = sqlite3.connect(path)

    # 2. Each use of the connection is a call for the worker.
    def execute(self, sql, *args):
        return self.pool.submit(self._execute, self.owned, sql, args).result()

    @staticmethod
    def _execute(owned, sql, args):
        with owned.connection as connection:  # a transaction: commit or roll back
            return connection.execute(sql, args).fetchall()

    # 3. Closing it is one more call, after all those that wait.
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.submit(lambda: self.owned.connection.close()).result()
        self.pool.shutdown()


def main():
    with Database(":memory:") as database:
        database.execute("create table words (word unique, length)")

        def add(word):
            database.execute("insert into words values (?, ?)", word, len(word))

        with ThreadPool(8) as threads:  # 4. Many threads, and no lock.
            list(threads.map(add, "spam egg parrot cheese ni knight shrubbery".split()))
        print(database.execute("select count(*), max(length) from words"))
        try:
            database.execute("insert into words values ('spam', 4)")
        except sqlite3.IntegrityError as error:  # 5. An error reaches the caller.
            print("refused:", error)
        try:  # 6. This is another thread.
            database.owned.connection.execute("select 1")
        except sqlite3.ProgrammingError as error:
            print("refused:", str(error).partition(".")[0])


if __name__ == "__main__":
    main()
