"""The pool that a program of this folder shall use."""

import concurrent.futures
import os

import threadpool

Pool = concurrent.futures.ThreadPoolExecutor
if os.environ["CLIENTS_POOL"] == "given":
    Pool = threadpool.ThreadPool
