"""Recipe 196618: one function, many arguments, a few threads.

Guy Argo's recipe of 2003 has a fixed number of threads, which all draw
from one iterator of arguments, behind a lock, and call a function with
each until there are no more.  Here the iterator needs no lock: it is read
in the thread that reads the results, and at most `buffersize` arguments
ahead of it.
"""

from threadpool import ThreadPool

drawn, furthest = 0, 0


def arguments():
    global drawn
    for n in range(1, 13):
        drawn += 1
        yield n


def times_table(n):
    return " ".join(f"{n * i:3}" for i in range(1, 13))


with ThreadPool(5) as pool:
    rows = pool.map(times_table, arguments(), buffersize=6)
    for got, row in enumerate(rows, 1):
        furthest = max(furthest, drawn - got)
        print(row)

print(f"Drawn {drawn}, never more than 6 ahead: {furthest <= 6}")
