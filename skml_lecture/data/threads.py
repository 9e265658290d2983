"""Threads that share out work, while those of the BLAS stand still."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, wraps

import numpy as np
from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

_SMALL_DATA = 2**18  # elements
_SMALL_PRODUCT = 2**23  # multiplications: a fraction of a millisecond
_busy = {}  # the numbers of threads before, of whoever keeps the BLAS to one


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


def blas_threads():
    """Return the number of threads that the BLAS in use may take."""
    return max((library.num_threads for library in _blas().lib_controllers), default=1)


@contextmanager
def _one_blas_thread():
    """Keep the BLAS to one thread and yield True; False where somebody does so already.

    Nothing is left behind by an interrupt, wherever it comes.
    """
    libraries, before = _blas().lib_controllers, []

    def restore():
        if _busy.get("by") is before:
            _set_threads(before)
            del _busy["by"]

    try:
        mine = _busy.setdefault("by", before) is before
        if mine:
            before[:] = [library.num_threads for library in libraries]
            for library in libraries:
                library.set_num_threads(1)
        yield mine
    finally:
        try:
            restore()
        except KeyboardInterrupt:
            restore()
            raise


def _set_threads(numbers):
    for library, number in zip(_blas().lib_controllers, numbers, strict=False):  # none, at first
        library.set_num_threads(number)


def _begin_anew():
    """Give a forked process its threads back: whoever kept them to one stayed in the parent."""
    _set_threads(_busy.pop("by", []))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


@contextmanager
def threads_for(n_tasks):
    """Yield a ``map`` that shares tasks out to threads, while the BLAS is single-threaded.

    So element-wise steps use all cores too. Within a task, or where another thread of the
    caller's is here already, it is the built-in ``map``.
    """
    threads = min(blas_threads(), n_tasks)
    if threads < 2:
        yield map
        return
    with _one_blas_thread() as mine:
        if not mine:
            yield map
            return
        with ThreadPoolExecutor(threads) as pool:
            yield pool.map


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
    if not small or blas_threads() < 2:
        yield
        return
    with _one_blas_thread():
        yield


def quiet(work):
    """Let ``work`` overflow, or meet infinity, without a warning: its caller looks at the result.

    Threads do not inherit the caller's floating-point state, and ``np.errstate`` as a decorator
    is one object for all of them (NumPy 1.26: a call within a call would leave its state behind).
    """

    @wraps(work)
    def quietly(*args, **kwargs):
        with np.errstate(over="ignore", invalid="ignore"):
            return work(*args, **kwargs)

    return quietly
