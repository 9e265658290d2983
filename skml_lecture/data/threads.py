"""Threads that share out work, while those of the BLAS stand still."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from threading import Lock

from scipy.sparse import issparse
from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

_SMALL_DATA = 2**18  # elements
_SMALL_PRODUCT = 2**23  # multiplications: a fraction of a millisecond
_busy = Lock()


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def blas_threads():
    """Return the number of threads that the BLAS in use may take."""
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


@contextmanager
def threads_for(n_tasks):
    """Yield a ``map`` that shares tasks out to threads, while the BLAS is single-threaded.

    So element-wise steps use all cores too. Within a task, or where another thread of the
    caller's is here already, it is the built-in ``map``.
    """
    threads = min(blas_threads(), n_tasks)
    if threads < 2 or not _busy.acquire(blocking=False):
        yield map
        return
    try:
        with _blas().limit(limits=1), ThreadPoolExecutor(threads) as pool:
            yield pool.map
    finally:
        _busy.release()


def run_in_threads(work, tasks):
    """Return ``[work(task), ...]`` in order."""
    with threads_for(len(tasks)) as share:
        return list(share(work, tasks))


@contextmanager
def one_thread_if_small(n_elements, products=0):
    """Keep the BLAS to one thread where data, and products in multiplications, are small.

    Threads gain next to nothing there, and where the cores are busy their waiting for one another
    takes many times as long as the work. OpenBLAS's also go on spinning for tens of milliseconds
    after the call, in the way of whoever is next.
    """
    small = n_elements <= _SMALL_DATA and products <= _SMALL_PRODUCT
    if not small or blas_threads() < 2 or not _busy.acquire(blocking=False):
        yield
        return
    try:
        with _blas().limit(limits=1):
            yield
    finally:
        _busy.release()


def row_size(X):
    """Return how many numbers a row of X holds, 1 or more."""
    return max(X.nnz // max(X.shape[0], 1) if issparse(X) else X.shape[1], 1)


def row_blocks(n_rows, row_size, *, at_least=16):
    """Slice ``n_rows`` rows into blocks of about 2 MB of float64, ``at_least`` so many rows."""
    step = max(_SMALL_DATA // max(row_size, 1), at_least)
    return [slice(i, min(i + step, n_rows)) for i in range(0, n_rows, step)]


def runs_of(blocks):
    """Cut blocks into consecutive runs of about the same number."""
    n_runs = min(8, len(blocks))
    edges = [len(blocks) * r // max(n_runs, 1) for r in range(n_runs + 1)]
    return [blocks[a:b] for a, b in pairwise(edges)]


def map_runs(work, blocks):
    """Return ``[work(run), ...]`` over consecutive runs of ``blocks``, in order."""
    return run_in_threads(work, runs_of(blocks))


def sum_blocks(work, blocks):
    """Return the sum of ``work(block)``, runs of blocks in threads."""
    return sum(map_runs(lambda run: sum(map(work, run)), blocks))
