"""A progress bar: tqdm around ThreadPool.results.

Derives the keys of forty users from their passwords.  One has no password: a
failure moves the bar as well.
"""

import hashlib

from tqdm import tqdm

from threadpool import ThreadPool, makeRequests


def derive(user, password):
    """Slow on purpose, in C code that lets go of the global lock."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), user.encode(), 20_000).hex()


def main():
    passwords = {f"user{n:02}": f"secret{n}" for n in range(40)}
    passwords["user13"] = None
    keys, failures = {}, {}

    with ThreadPool() as pool:
        # 1. Put everything.  Failures are sorted out below: without callbacks,
        #    nothing is printed into the bar.
        arguments = [([user, password], None) for user, password in passwords.items()]
        pool.putRequests(makeRequests(derive, arguments, exc_callback=None))

        # 2. The total is what is pending now; the bar moves as results come.
        with tqdm(pool.results(), total=len(pool.workRequests), unit=" keys") as bar:
            for request in bar:
                user = request.args[0]
                if request.exception:
                    failures[user] = request.exc_info[1]
                    bar.set_postfix(failed=len(failures))
                else:
                    keys[user] = request.result

    # 3. The bar is on stderr, so stdout has the results alone.
    print(len(keys), "keys; user07 has", keys["user07"][:16])
    for user, error in failures.items():
        print(f"{user} failed: {type(error).__name__}")


if __name__ == "__main__":
    main()
