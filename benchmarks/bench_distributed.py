"""Fits over two workers of one thread against summation of the blocks, and Dask-ML.

The rows are made by the workers, block by block, whenever they are asked for ("generated"), or kept
in their memory ("persisted"). Memory is what a worker holds at most beyond what it held before.
"""

import os
import threading
import time
from statistics import median

import dask.array as da
import numpy as np
import psutil
from dask_ml.linear_model import LogisticRegression as DaskLogisticRegression
from dask_ml.naive_bayes import GaussianNB as DaskGaussianNB
from distributed import Client, LocalCluster, wait

from skml_lecture import (
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
)
from skml_lecture.distributed import DistributedFit

N_ROWS = int(os.environ.get("BENCH_ROWS", "5_000_000"))
BLOCK = 100_000


def rows(n):
    """Return lazy rows and labels of two classes."""
    X = da.random.default_rng(0).normal(size=(n, 20), chunks=(BLOCK, 20))
    return X, (X[:, 0] + X[:, 1] > X[:, 2] * X[:, 3]).astype(np.int8)


class Memory:
    """The most that a process of a cluster holds beyond what it held at the start, in MB."""

    def __init__(self, client):
        pids = [worker["pid"] for worker in client.run(lambda: {"pid": os.getpid()}).values()]
        self.workers = [psutil.Process(pid) for pid in pids]

    def __enter__(self):
        self.before = [process.memory_info().rss for process in self.workers]
        self.most, self.ended = 0, threading.Event()
        self.watch = threading.Thread(target=self._look)
        self.watch.start()
        return self

    def _look(self):
        while not self.ended.wait(0.01):
            now = [process.memory_info().rss for process in self.workers]
            grown = (a - b for a, b in zip(now, self.before, strict=True))
            self.most = max(self.most, *grown)

    def __exit__(self, *exception):
        self.ended.set()
        self.watch.join()


def measured(client, work, repeats=3):
    """Return the median seconds and the most megabytes of a worker."""
    work()
    times = []
    with Memory(client) as memory:
        for _ in range(repeats):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return median(times), memory.most / 2**20


def cases(X, y):
    """Yield the name and the work of each row of the table."""
    yield "X.sum(axis=0)", lambda: X.sum(axis=0).compute()
    for model in (RidgeRegression(), NaiveBayes("gaussian"), GaussianGenerativeClassifier()):
        yield type(model).__name__, lambda model=model: DistributedFit(model).fit(X, y)
    yield "dask_ml GaussianNB", lambda: DaskGaussianNB().fit(X, y)
    yield "LogisticRegressionGD", lambda: DistributedFit(LogisticRegressionGD()).fit(X, y)
    peer = {"solver": "lbfgs", "C": 1.0, "tol": 1e-6}
    yield "dask_ml LogisticRegression", lambda: DaskLogisticRegression(**peer).fit(X, y)


def main():
    """Print the table of both kinds of rows."""
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        for kind in ("persisted", "generated"):
            X, y = rows(N_ROWS)
            if kind == "persisted":
                X, y = client.persist([X, y])
                wait([X, y])
            for name, work in cases(X, y):
                seconds, megabytes = measured(client, work)
                print(
                    f"{N_ROWS:,} x 20 {kind} | {name} | {seconds:.2f} s | {megabytes:.0f} MB",
                    flush=True,
                )
            del X, y


if __name__ == "__main__":
    main()
