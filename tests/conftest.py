import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported, so that no check is skipped

import dask
import numpy as np
import pytest
import sklearn
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_limits

from skml_lecture.data import free_threads, one_blas_thread

BRIEF = (  # what fits say that are cut short, and searches among few candidates
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:The best alpha is the",
)


def pytest_itemcollected(item):
    if item.get_closest_marker("brief"):
        item.add_marker(pytest.mark.filterwarnings(*BRIEF))


@pytest.fixture(autouse=True)
def global_state_is_left_alone():
    """No call leaves a mark on what all of a program shares."""
    before = shared_state()
    yield
    assert shared_state() == before


def shared_state():
    return np.geterr(), sklearn.get_config()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def two_threads():
    """Work is shared out among two threads, and the BLAS has one."""
    with threadpool_limits(2, user_api="blas"), one_blas_thread():
        if free_threads() != 2:
            pytest.skip("this BLAS has one thread")
        yield


@pytest.fixture(scope="session")
def cluster():
    """Two worker processes, for all tests."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with Client(cluster) as client:
        yield client


@pytest.fixture(params=["processes", "threads"])
def engine(request):
    """What Dask runs on: the two processes, or threads of this one."""
    if request.param == "processes":
        yield request.getfixturevalue("client")
    else:
        with dask.config.set(scheduler="threads"):
            yield None
