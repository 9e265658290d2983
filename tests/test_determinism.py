"""The same rows and seed give the same bits, whatever runs them, and however many threads."""

import multiprocessing
import os
import pickle
from threading import Barrier, Event, Thread

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
)
from skml_lecture.data import run_in_threads

pytestmark = pytest.mark.brief
NETWORK = CascadedLogisticMLP((8,), max_iter=3, random_state=0)
MODELS = [
    RidgeRegression(),
    RidgeRegression(solver="svd"),
    RidgeRegressionCV(),
    RidgeRegressionCV(cv=4),
    GaussianGenerativeClassifier(),
    GaussianGenerativeClassifier("full", shrinkage="auto"),
    NaiveBayes("gaussian"),
    NaiveBayes("categorical"),
    LogisticRegressionGD(max_iter=5),
    LogisticRegressionGD(optimizer="adam", batch_size=200, max_iter=2, random_state=0),
    NETWORK,
]


def large(rng):
    """Return more rows than one block holds, and of more columns than one thread takes."""
    X = rng.normal(size=(6000, 150)).round(1)
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def answers(model, X):
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return model.predict(X)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_two_fits_are_the_same_bits(model, rng):
    X, y = large(rng)

    first, second = clone(model).fit(X, y), clone(model).fit(X, y)

    assert_array_equal(answers(first, X), answers(second, X))


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_one_thread_of_the_blas_is_two(model, rng):
    X, y = large(rng)

    with threadpool_limits(1):
        one = answers(clone(model).fit(X, y), X)
    with threadpool_limits(2):
        two = answers(clone(model).fit(X, y), X)

    assert_allclose(one, two, rtol=1e-10, atol=1e-10 * np.abs(two).max())


GRIDS = [
    (RidgeRegression(), {"alpha": [0.1, 1.0]}),
    (GaussianGenerativeClassifier(), {"covariance_type": ["tied", "full"]}),
    (LogisticRegressionGD(optimizer="adam", batch_size=20, random_state=0), {"alpha": [0.1, 1.0]}),
    (NETWORK, {"alpha": [0.1, 1.0]}),
]


NARROW = [
    RidgeRegression(),
    *map(GaussianGenerativeClassifier, ["tied", "full", "diag", "tied_diag"]),
    NaiveBayes("gaussian"),
]


@pytest.mark.parametrize("n_features", [2, 3, 8, 20, 31, 32])
@pytest.mark.parametrize("model", NARROW, ids=str)
def test_a_fit_in_a_thread_is_the_same_bits(model, n_features, rng):
    """There nobody can keep the BLAS to one thread: sums must not depend on how many it takes."""
    for n in (300, 11_000, 30_000):
        X = rng.normal(size=(n, n_features))
        y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 0] > 1)
        elsewhere = clone(model)
        thread = Thread(target=elsewhere.fit, args=(X, y))
        thread.start()
        thread.join()

        assert_array_equal(answers(clone(model).fit(X, y), X), answers(elsewhere, X))


@pytest.mark.parametrize("backend", ["threading", "loky", "dask"])
def test_every_backend_finds_what_one_process_finds(backend, request):
    X, y = load_iris(return_X_y=True)
    if backend == "dask":
        request.getfixturevalue("client")

    for model, grid in GRIDS:
        serial = GridSearchCV(model, grid, cv=3).fit(X, y)
        with joblib.parallel_config(backend, n_jobs=2):
            parallel = GridSearchCV(clone(model), grid, cv=3).fit(X, y)

        scores = "mean_test_score"
        assert_array_equal(parallel.cv_results_[scores], serial.cv_results_[scores])
        assert_array_equal(parallel.predict(X), serial.predict(X))


def test_a_fit_in_another_process_is_the_same_model(rng, client):
    X, y = large(rng)
    for model in MODELS:
        there = client.submit(clone(model).fit, X[:500], y[:500]).result()

        here = pickle.loads(pickle.dumps(clone(model).fit(X[:500], y[:500])))
        assert_allclose(answers(there, X), answers(here, X), rtol=1e-10, atol=1e-12)


def limits():
    return [library["num_threads"] for library in threadpool_info()]


def report_threads(answer):
    """Answer with the limits of a process where two tasks meet, each in a thread of its own."""
    run_in_threads(lambda meet: meet(), [Barrier(2, timeout=10).wait] * 2)
    answer.send(limits())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a platform that forks")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_process_forked_during_a_fit_has_all_its_threads():
    begun, end = Event(), Event()
    ours, theirs = multiprocessing.Pipe()

    def wait(_):
        begun.set()
        end.wait()

    with threadpool_limits(2):
        before = limits()
        fit = Thread(target=run_in_threads, args=(wait, range(2)))
        fit.start()
        begun.wait()
        child = multiprocessing.get_context("fork").Process(target=report_threads, args=(theirs,))
        child.start()
        child.join(60)
        end.set()
        fit.join()
        after = limits()

    assert child.exitcode == 0
    assert ours.recv() == before == after
