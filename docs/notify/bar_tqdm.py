"""Progress bars by tqdm: one around the results, one around a map, one whose total grows."""

import math

from tqdm import tqdm

from threadpool import ThreadPool, makeRequests


def main():
    with ThreadPool(4) as pool:
        # 1. The total is the number of requests that are pending now.
        pool.putRequests(makeRequests(math.isqrt, range(100)))
        bar = tqdm(pool.results(), total=len(pool.workRequests))
        roots = [request.result for request in bar]

        # 2. A map does not know its length either, so the bar is told.
        doubles = list(tqdm(pool.map(lambda root: 2 * root, roots), total=len(roots)))

        # 3. Here each result but 1 leads to one more request, so the total grows.
        pool.putRequests(makeRequests(math.isqrt, [2**64, 2**32]))
        with tqdm(pool.results(), total=len(pool.workRequests)) as bar:
            for request in bar:
                if request.result > 1:
                    pool.putRequest(request_after(request))
                    bar.total += 1

    print(sum(roots), sum(doubles), bar.n)


def request_after(request):
    [another] = makeRequests(math.isqrt, [request.result])
    return another


if __name__ == "__main__":
    main()
