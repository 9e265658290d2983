"""Fits on a Dask cluster of two processes, one thread each, on this machine.

The peers run in turn with ours on the same rows. Memory is that of a worker beyond the rows it
held before, at its highest, as the kernel counts it; that of the client stands in the note.
``BENCH_MILLIONS="1 5 20"`` are the millions of rows, the largest of which the bars are about.
"""

import ctypes
import gc
import os
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dask.array as da
import numpy as np
from dask import delayed
from distributed import Client, LocalCluster, wait
from harness import ONLY, Row, in_turn, line_of, report

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
)
from skml_lecture.distributed import DistributedFit

D, ROWS_PER_BLOCK = 20, 100_000
MILLIONS = [float(m) for m in os.environ.get("BENCH_MILLIONS", "1 5 20").split()]
LARGEST = round(MILLIONS[-1] * 1e6)
MOST_MB = 64
REPEATS = 3
CLOSED = {
    "ridge": RidgeRegression(),
    "naive Bayes": NaiveBayes("gaussian"),
    "tied": GaussianGenerativeClassifier(),
    "full": GaussianGenerativeClassifier("full"),
}


def rows_of(n, n_blocks=None, *, persisted=True):
    """Return n rows and their labels in blocks, on the workers or drawn when they are read."""
    size = min(ROWS_PER_BLOCK, n) if n_blocks is None else -(-n // n_blocks)
    X = da.random.default_rng(0).normal(size=(n, D), chunks=(size, D))
    if persisted:
        X = X.persist()
        wait(X)  # so that labels are made where the rows lie
    y = X.map_blocks(labels, drop_axis=1, dtype=np.int64)
    if persisted:
        y = y.persist()
        wait(y)
    return X, y


def labels(X):
    return (X[:, 0] + X[:, 1] > X[:, 2] * X[:, 3]).astype(np.int64)


def peak_mb(reset=False):
    """Return the memory of this process: now, made as small as it can be, or its highest since."""
    if reset:
        gc.collect()
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    field = "VmRSS:" if reset else "VmHWM:"
    return int(status.split(field)[1].split()[0]) / 1e3


def with_memory(call):
    """Return the result of a call, and what it took of a worker and of the client, in MB."""
    client = Client.current()
    workers, here = client.run(peak_mb, reset=True), peak_mb(reset=True)
    result = call()
    more = client.run(peak_mb)
    return result, max(more[w] - workers[w] for w in workers), peak_mb() - here


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def compare(work, ours, peer, *, peer_name, gap=lambda *_: 0.0, limit=1e-6, at_least=None,
            of_peers_memory=None, bound="", note="", repeats=REPEATS):  # fmt: skip
    """Return the row of ours against a peer, in turn on the same cluster."""
    if not ONLY.search(work):
        return None
    answer, ours_mb, client_mb = with_memory(ours)
    peer_answer, peer_mb, _ = with_memory(peer)
    difference = float(gap(answer, peer_answer))
    ours_s, peer_s = in_turn(ours, peer, repeats)
    below = MOST_MB if of_peers_memory is None else min(MOST_MB, of_peers_memory * peer_mb)
    note = ", ".join(filter(None, [f"client {client_mb:.0f} MB", note]))
    if client_mb >= MOST_MB:
        difference, note = np.nan, f"{note}, must be below {MOST_MB} MB"
    return shown(Row(work, peer_name, 1, at_least, below, limit, bound,
                     ours_s, peer_s, ours_mb, peer_mb, difference, note))  # fmt: skip


def against(work, ours_s, peer_s, peer_name, at_least, note=""):
    """Return a row of two times that are known."""
    return shown(Row(work, peer_name, 1, at_least, None, 0.0, "", ours_s, peer_s, 0, 0, 0, note))


def shown(row):
    print(line_of(row), flush=True)
    return row


def fit(model, X, y):
    return DistributedFit(model).fit(X, y).estimator_


def sums(X):
    return X.sum(axis=0).compute()


def closed_forms(X, y, kind, at_least):
    """Yield the fits against the plainest pass over the same blocks."""
    n = X.shape[0]
    for name, model in CLOSED.items():
        yield compare(
            f"{name}, {n:,} x {D}, {kind}", partial(fit, model, X, y), partial(sums, X),
            peer_name="`X.sum(axis=0)`", at_least=at_least,
        )  # fmt: skip


def naive_bayes_of_the_peer(X, y):
    import dask
    from dask_ml.naive_bayes import GaussianNB

    model = GaussianNB(classes=[0, 1]).fit(X, y)
    return dask.compute(model.theta_, model.sigma_, model.class_prior_)


def against_naive_bayes(X, y):
    """Return the fit of naive Bayes against that of dask-ml."""

    def gap(ours, peer):
        rows, (mean, variance, prior) = np.random.default_rng(1).normal(size=(100, 1, D)), peer
        z = -((rows - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum(axis=2) / 2
        return np.abs(ours.predict_joint_log_proba(rows[:, 0]) / (z + np.log(prior)) - 1).max()

    return compare(
        f"naive Bayes, {X.shape[0]:,} x {D}", partial(fit, NaiveBayes("gaussian"), X, y),
        partial(naive_bayes_of_the_peer, X, y), peer_name="dask-ml `GaussianNB`", at_least=2,
        of_peers_memory=1 / 3, gap=gap, bound="a third of the peer's memory",
    )  # fmt: skip


def logistic_of_the_peer(X, y, max_iter):
    from dask_ml.linear_model import LogisticRegression

    options = {"solver": "lbfgs", "solver_kwargs": {"normalize": False}}
    return LogisticRegression(max_iter=max_iter, **options).fit(X, y)


def mean_loss(model, X, y):
    """Return the mean cross entropy over all rows."""
    coef, b = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])

    def of_block(X, y):
        z = X @ coef + b
        return np.logaddexp(0, np.where(y > 0, -z, z)).sum()

    pairs = zip(X.to_delayed().ravel(), y.to_delayed(), strict=True)
    return delayed(sum)([delayed(of_block)(*pair) for pair in pairs]).compute() / X.shape[0]


def against_logistic(X, y):
    """Return the default descent against lbfgs of dask-ml, as many steps as reach the same gap."""
    if not ONLY.search("logistic"):
        return None
    least = mean_loss(fit(LogisticRegressionGD(tol=1e-10), X, y), X, y)
    ours = fit(LogisticRegressionGD(), X, y)
    ours_gap = max(mean_loss(ours, X, y) / least - 1, 0)
    for max_iter in (3, 5, 8, 12, 20, 40, 100):
        peer_gap = mean_loss(logistic_of_the_peer(X, y, max_iter), X, y) / least - 1
        if peer_gap <= max(10 * ours_gap, 1e-8):
            break
    return compare(
        f"logistic, {X.shape[0]:,} x {D}", partial(fit, LogisticRegressionGD(), X, y),
        partial(logistic_of_the_peer, X, y, max_iter), at_least=2, of_peers_memory=1 / 4,
        peer_name="dask-ml `LogisticRegression` (lbfgs)", repeats=1,
        gap=lambda a, b: abs(mean_loss(a, X, y) / mean_loss(b, X, y) - 1), limit=1e-6,
        bound="a quarter of the peer's memory",
        note=f"gaps {ours_gap:.0e} after {ours.n_iter_} epochs, {peer_gap:.0e} after at most "
        f"{max_iter} steps; of more than two classes the peer has no answer",
    )  # fmt: skip


def steps(X, y):
    """Yield what a step of mini-batches takes, of which no peer has any."""
    rows = X.shape[0]
    for size in (1_000, 10_000, 100_000):
        network = CascadedLogisticMLP((100,), max_iter=1, batch_size=size, random_state=0)
        work = f"network of 100 units, one epoch of batches of {size:,}"
        if ONLY.search(work):
            n = min(50 * size, rows)
            part = X[:n].rechunk({0: ROWS_PER_BLOCK}).persist(), y[:n].persist()
            seconds = min(timed(partial(fit, network, *part)) for _ in range(2))
            local = [p.compute() for p in part]
            here = min(timed(partial(network.fit, *local)) for _ in range(2))
            note = f"{1e3 * seconds / -(-n // size):.3g} ms for a step"
            yield against(
                f"{work}, {n:,} rows", seconds, here, "the same in one thread here", None, note
            )


def linear():
    """Yield how the time grows with rows and with blocks."""
    if not ONLY.search("grows"):
        return
    n, model = LARGEST, RidgeRegression()
    half = min(
        timed(partial(fit, model, *rows_of(n // 2, persisted=False))) for _ in range(REPEATS)
    )
    whole = min(timed(partial(fit, model, *rows_of(n, persisted=False))) for _ in range(REPEATS))
    yield against(f"ridge, grows to {n:,} rows, from a generator", whole, 2 * half,
                  f"twice the time of {n // 2:,}", 0.9)  # fmt: skip
    few, many = (rows_of(1_000_000, blocks) for blocks in (10, 210))
    times = [
        (timed(partial(fit, model, *few)), timed(partial(fit, model, *many))) for _ in range(5)
    ]
    few_s, many_s = (min(column) for column in zip(*times, strict=True))
    yield against("ridge, grows by a block of the same rows", max(many_s - few_s, 0) / 200 + 1e-9,
                  5e-3, "5 ms", 1)  # fmt: skip


@contextmanager
def cluster_of(n_workers):
    options = {"threads_per_worker": 1, "dashboard_address": None, "memory_limit": None}
    with LocalCluster(n_workers=n_workers, **options) as cluster, Client(cluster):
        X, y = rows_of(1_000, 2 * n_workers)
        for model in [*CLOSED.values(), LogisticRegressionGD()]:  # which imports what there is
            fit(model, X, y)
        naive_bayes_of_the_peer(X, y)
        logistic_of_the_peer(X, y, 3)
        yield


def two_against_one(n):
    """Yield closed-form fits on two workers against those on one."""
    models = {f"{name}, {n:,} x {D}, two workers": model for name, model in CLOSED.items()}
    models = {name: model for name, model in models.items() if ONLY.search(name)}
    if not models:
        return
    seconds = {}
    for workers in (1, 2):
        with cluster_of(workers):
            X, y = rows_of(n)
            for name, model in models.items():
                fit(model, X, y)
                least = min(timed(partial(fit, model, X, y)) for _ in range(2 * REPEATS))
                seconds[name, workers] = least
    for name in models:
        yield against(name, seconds[name, 2], seconds[name, 1], "one worker", 1.5)


def main():
    """Measure all rows of the table."""
    rows = []
    with cluster_of(2):
        for millions in MILLIONS[1:]:
            n = round(millions * 1e6)
            at_least = 1 / 1.5 if n == LARGEST else None
            X, y = rows_of(n)
            rows += closed_forms(X, y, "persisted", at_least)
            rows += [against_naive_bayes(X, y), against_logistic(X, y)]
            del X, y
        rows += closed_forms(*rows_of(LARGEST, persisted=False), "from a generator", 1 / 1.5)
        rows += linear()
        rows += steps(*rows_of(round(MILLIONS[0] * 1e6)))
    rows += two_against_one(round(MILLIONS[min(1, len(MILLIONS) - 1)] * 1e6))
    where = "two processes of one thread; memory of a worker beyond the rows that it held"
    line = f"All rows on a Dask cluster of {where}."
    report("Clusters", rows, [line], narrow=False)  # the bars are the same


if __name__ == "__main__":
    main()
