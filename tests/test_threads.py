"""Laws of what shares out work: order, errors, nesting, and what is left behind."""

import os
import subprocess
import sys
import threading
import time

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from skml_lecture.data import (
    all_blas_threads,
    one_blas_thread,
    one_thread_if_small,
    run_in_threads,
)
from skml_lecture.data.threads import _helpers


def blas_threads():
    return {info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(2, user_api="blas"):
        if blas_threads() != {2}:
            pytest.skip("this BLAS has one thread")
        yield
        assert blas_threads() == {2}


def meet(barrier):
    """Wait for the other thread: alone it would be for ever."""
    barrier.wait(timeout=10)
    return threading.get_ident()


def test_results_stand_in_order_and_two_threads_work_at_once():
    assert run_in_threads(lambda i: i**2, range(50)) == [i**2 for i in range(50)]
    barrier = threading.Barrier(2)
    assert len(set(run_in_threads(meet, [barrier] * 2))) == 2


def test_the_blas_has_one_thread_in_a_task():
    assert run_in_threads(lambda _: blas_threads(), range(4)) == [{1}] * 4


def test_tasks_within_a_task_stay_in_its_thread():
    barrier = threading.Barrier(2)  # so that each thread has one of the two

    def outer(_):
        here = meet(barrier)
        return {here} == set(run_in_threads(lambda _: threading.get_ident(), range(8)))

    assert run_in_threads(outer, range(2)) == [True, True]


def test_tasks_of_another_thread_meanwhile_stay_there():
    idents = []

    def other():
        idents.append(threading.get_ident())
        idents.extend(run_in_threads(lambda _: threading.get_ident(), range(8)))

    with one_blas_thread():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(idents) == 9
    assert len(set(idents)) == 1


def test_who_holds_the_blas_shares_out_again_and_again():
    with one_blas_thread() as threads:
        assert threads == 2
        for _ in range(3):
            assert len(set(run_in_threads(meet, [threading.Barrier(2)] * 2))) == 2
        assert blas_threads() == {1}


def test_small_work_shares_nothing_out():
    with one_thread_if_small(1):
        assert blas_threads() == {1}
        here = run_in_threads(lambda _: threading.get_ident(), range(8))
        assert set(here) == {threading.get_ident()}


def test_large_products_have_all_threads_for_a_while():
    with all_blas_threads(1e12):
        assert blas_threads() == {2}
    with one_blas_thread():
        with all_blas_threads(1e12):
            assert blas_threads() == {2}
        assert blas_threads() == {1}
        with all_blas_threads(10):
            assert blas_threads() == {1}

        def task(_):
            with all_blas_threads(1e12):
                return blas_threads()

        assert run_in_threads(task, range(4)) == [{1}] * 4


def test_the_error_is_that_of_the_first_task_and_no_task_runs_any_more():
    running = []

    def work(i):
        running.append(i)
        time.sleep(0.001 * (9 - i))  # later ones fail sooner
        running.remove(i)
        if i in (3, 4):
            raise ValueError(f"task {i}")

    for _ in range(20):
        with pytest.raises(ValueError, match="task 3"):
            run_in_threads(work, range(9))
        assert running == []


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("in_helper", [True, False])
def test_no_error_is_lost_whichever_thread_meets_it(error, in_helper):
    here, barrier = threading.get_ident(), threading.Barrier(2)

    def work(_):
        if (meet(barrier) != here) == in_helper:
            raise error

    for _ in range(5):
        with pytest.raises(error):
            run_in_threads(work, range(2))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_begins_threads_of_its_own():
    run_in_threads(meet, [threading.Barrier(2)] * 2)
    with one_blas_thread():
        child = os.fork()
        if child == 0:
            done = len(set(run_in_threads(meet, [threading.Barrier(2)] * 2))) == 2
            os._exit(0 if done and blas_threads() == {2} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


_AT_THE_END = """
import atexit, threading, time
from threadpoolctl import threadpool_limits
from skml_lecture.data import run_in_threads

threadpool_limits(2, user_api="blas")

def work():
    threading.main_thread().join()
    print(sum(run_in_threads(abs, range(9))))

if {warm}:
    run_in_threads(abs, range(9))
{begin}
"""


@pytest.mark.parametrize("warm", [True, False])
@pytest.mark.parametrize(
    "begin",
    ["threading.Thread(target=work).start()", "atexit.register(run_in_threads, print, [36, 36])"],
)
def test_work_goes_on_where_the_interpreter_ends(begin, warm):
    code = _AT_THE_END.format(warm=warm, begin=begin)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert set(done.stdout.split()) == {"36"}, done.stderr


def test_work_goes_on_where_no_thread_is_to_be_had(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    _helpers.cache_clear()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    try:
        assert run_in_threads(lambda i: i**2, range(9)) == [i**2 for i in range(9)]
    finally:
        _helpers.cache_clear()
