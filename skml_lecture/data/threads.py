"""Threads that share out work, while those of the BLAS stand still."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache, wraps
from threading import get_ident

import numpy as np
from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

_SMALL_DATA = 2**18  # elements
_LARGE_PRODUCT = 2**28  # multiplications: tens of milliseconds
_WIDE = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # kernels of OpenBLAS
_busy = {}  # "by": the hold of whoever keeps the BLAS to one thread


class _Hold:
    """Somebody's hold on the BLAS: whose it is, and how many threads it takes away."""

    def __init__(self):
        self.owner = get_ident()
        self.numbers = []  # of the libraries' threads before
        self.free = 1  # threads that the owner's tasks may be shared out to


@cache
def _blas():
    return ThreadpoolController().select(user_api="blas")


@cache
def _helpers():
    """Return the threads that help; to begin one takes longer than most of what is shared out."""
    return ThreadPoolExecutor(max(os.cpu_count() or 1, 2), thread_name_prefix="skml_lecture")


def _numbers():
    return [library.num_threads for library in _blas().lib_controllers]


def _set_numbers(numbers):
    for library, number in zip(_blas().lib_controllers, numbers, strict=False):  # none, at first
        library.set_num_threads(number)


def blas_threads():
    """Return the number of threads that the BLAS in use may take."""
    return max(_numbers(), default=1)


@cache
def has_wide_vectors():
    """Whether a BLAS in use computes with vectors of 512 bits."""
    return any(
        getattr(library, "architecture", None) in _WIDE for library in _blas().lib_controllers
    )


@contextmanager
def one_blas_thread(*, share=True):
    """Keep the BLAS to one thread, and share tasks out to as many as it had.

    Threads of the BLAS go on spinning for tens of milliseconds after a call, in the way of ours:
    so all that turns between them and ours holds them. Yields how many threads tasks may be
    shared out to, one where another thread of the caller's is here already, or in a task.
    Nothing is left behind by an interrupt, wherever it comes.

    Parameters
    ----------
    share : bool, default=True
        Whether tasks are shared out at all.
    """
    mine = _Hold()

    def restore():
        if _busy.get("by") is mine:
            _set_numbers(mine.numbers)
            del _busy["by"]

    try:
        hold = _busy.setdefault("by", mine)
        if hold is mine:
            mine.numbers[:] = _numbers()
            _set_numbers([1] * len(mine.numbers))
            mine.free = max(mine.numbers, default=1) if share else 1
        yield hold.free if hold.owner == mine.owner else 1
    finally:
        try:
            restore()
        except KeyboardInterrupt:
            restore()
            raise


def free_threads():
    """Return how many threads the tasks of who keeps the BLAS to one may be shared out to."""
    hold = _busy.get("by")
    return hold.free if hold is not None and hold.owner == get_ident() else 1


@contextmanager
def all_blas_threads(products):
    """Give the BLAS its threads back for a while, if multiplications are worth their spinning."""
    hold = _busy.get("by")
    if products < _LARGE_PRODUCT or hold is None or hold.owner != get_ident() or hold.free == 1:
        yield
        return
    try:
        _set_numbers(hold.numbers)
        yield
    finally:
        _set_numbers([1] * len(hold.numbers))


def _begin_anew():
    """Give a forked process its threads back: those of the parent stayed there."""
    _helpers.cache_clear()
    if "by" in _busy:
        _set_numbers(_busy.pop("by").numbers)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def run_in_threads(work, tasks):
    """Return ``[work(task), ...]`` in order, of tasks shared out among as many threads as the BLAS.

    The BLAS itself has one meanwhile, so that element-wise steps use all cores too. The error of
    the first task that fails is raised, when no task runs any more.
    """
    if len(tasks) > 1 and (_busy or blas_threads() > 1):
        with one_blas_thread() as threads:
            if threads > 1:
                return _shared_out(work, tasks, min(threads, len(tasks)) - 1)
    return [work(task) for task in tasks]


def _shared_out(work, tasks, n_helpers):
    """Work off tasks together with so many helpers, by whoever holds the BLAS."""
    waiting, results, errors = deque(enumerate(tasks)), [None] * len(tasks), {}

    def take():
        while waiting:
            try:
                number, task = waiting.popleft()
            except IndexError:  # somebody else was faster
                return
            try:
                results[number] = work(task)
            except Exception as error:
                waiting.clear()
                errors[number] = error

    hold, helpers = _busy["by"], []
    free = hold.free
    try:
        hold.free = 1  # the tasks' own are not
        with suppress(RuntimeError):  # no thread is to be had, as where the interpreter ends
            helpers += (_helpers().submit(take) for _ in range(n_helpers))
        take()
    finally:
        waiting.clear()
        wait([helper for helper in helpers if not helper.cancel()])
        hold.free = free
    for helper in helpers:
        if not helper.cancelled():
            helper.result()  # raises what is no Exception, such as SystemExit
    if errors:
        raise errors[min(errors)]
    return results


@contextmanager
def one_thread_if_small(n_elements, *, share=False):
    """Keep the BLAS to one thread where data are small.

    Threads gain next to nothing there, and where the cores are busy their waiting for one another
    takes many times as long as the work. Tasks are shared out only if that is said.
    """
    if n_elements > _SMALL_DATA or blas_threads() < 2:
        yield
        return
    with one_blas_thread(share=share):
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
