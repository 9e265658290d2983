"""Row blocks that fit the cache, and threads that share them out."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

_BLOCK_ELEMENTS = 2**18  # 2 MB of float64: half of a core's share of the cache
_N_RUNS = 8  # fixed, so that sums do not depend on the number of threads
_busy = Lock()


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def blas_threads():
    """Return the number of threads that the BLAS in use may take."""
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


def row_blocks(n_rows, row_size, *, at_least=16):
    """Slice ``n_rows`` rows into blocks of about 2 MB of float64, ``at_least`` so many rows."""
    step = max(_BLOCK_ELEMENTS // max(row_size, 1), at_least)
    return [slice(i, min(i + step, n_rows)) for i in range(0, n_rows, step)]


def map_runs(work, blocks):
    """Return ``[work(run), ...]`` over consecutive runs of ``blocks``, in order.

    Each thread takes one run at a time with a single-threaded BLAS, so element-wise steps use
    all cores too. The runs do not depend on the number of threads, so neither do the results.
    ``work`` must be safe to call from several threads. Calls from within a run, or from
    several threads of the caller's own, do their runs one after the other.
    """
    n_runs = min(_N_RUNS, len(blocks))
    edges = [len(blocks) * r // n_runs for r in range(n_runs + 1)] if n_runs else [0]
    runs = [blocks[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    threads = min(blas_threads(), n_runs)
    if threads < 2 or not _busy.acquire(blocking=False):
        return [work(run) for run in runs]
    try:
        with _blas().limit(limits=1), ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, runs))
    finally:
        _busy.release()
