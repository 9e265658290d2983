"""Ctrl-C at any point leaves an estimator that is unfitted, as it was, or usable."""

import _thread
import pickle
import time
from threading import Timer

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from threadpoolctl import threadpool_info

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)

pytestmark = [pytest.mark.brief, pytest.mark.filterwarnings("ignore:Interrupted after")]
POINTS = 6  # for each of twenty calls, unfitted and fitted
RNG = np.random.default_rng(0)
X = RNG.normal(size=(2000, 20))
Y = (X[:, 0] + RNG.normal(size=2000) > 0).astype(int)
HIDDEN = np.where(np.arange(2000) % 3, -1, Y)
MODELS = [
    RidgeRegression(),
    RidgeRegression(solver="svd"),
    RidgeRegressionCV(cv=5),
    RidgeRegressionCV([0.1, 1.0, 10.0]),
    GaussianGenerativeClassifier("full"),
    NaiveBayes("histogram"),
    NaiveBayes("categorical"),
    SemiSupervisedEM(GaussianGenerativeClassifier(), max_iter=5),
    LogisticRegressionGD(preconditioner="scale", tol=0, max_iter=30),
    LogisticRegressionGD(optimizer="adam", batch_size=100, max_iter=2, random_state=0),
    CascadedLogisticMLP((5,), max_iter=2, random_state=0),
]


def interrupted(call, delay):
    """Make a call, with Ctrl-C after so many seconds.

    NumPy's own functions may leave its floating-point state as it is within them; that is put back.
    """
    timer = Timer(delay, _thread.interrupt_main)
    state = np.geterr()
    try:
        timer.start()
        call()
        timer.cancel()
        timer.join()  # where it was on its way, it arrives here
        for _ in range(1000):
            time.sleep(0)
    except KeyboardInterrupt:
        timer.join()
    finally:
        np.seterr(**state)


def threads():
    return [library["num_threads"] for library in threadpool_info()]


def calls(model):
    """Return the calls that learn, on an estimator that is not and on one that is fitted."""
    y = HIDDEN if isinstance(model, SemiSupervisedEM) else Y
    yield "fit", lambda model: model.fit(X, y)
    if hasattr(model, "partial_fit"):
        yield "partial_fit", lambda model: model.partial_fit(X, y)


@pytest.mark.parametrize(
    ("model", "name", "call"),
    [(model, name, call) for model in MODELS for name, call in calls(model)],
    ids=lambda it: "" if callable(it) else str(it).replace("\n", ""),
)
def test_an_interrupt_leaves_what_can_be_used(model, name, call, rng):
    first = HIDDEN if isinstance(model, SemiSupervisedEM) else Y
    known = clone(model).fit(X[:500], first[:500])
    start = time.perf_counter()
    call(pickle.loads(pickle.dumps(known)))
    duration = time.perf_counter() - start
    whole = call(clone(model)).predict(X)
    before, limits = pickle.dumps(known), threads()

    for delay in rng.uniform(0, duration, POINTS):
        stopped = pickle.loads(before)
        interrupted(lambda stopped=stopped: call(stopped), delay)
        if pickle.dumps(stopped) != before:
            assert np.isfinite(stopped.predict(X)).all()
        fresh = clone(model)
        interrupted(lambda fresh=fresh: call(fresh), delay)
        if any(attribute.endswith("_") for attribute in vars(fresh)):
            assert np.isfinite(fresh.predict(X)).all()
        assert_array_equal(call(clone(fresh)).predict(X), whole)
        assert fresh.get_params().keys() == model.get_params().keys()
    assert threads() == limits
