"""Laws of the memory that a thread keeps for what is computed on the way."""

import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skml_lecture import (
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    SemiSupervisedEM,
)
from skml_lecture.data import lent

SHAPES = [(), (0, 3), (5,), (1000, 20), (2**18,), (2**9, 2**9), (2**10, 2**9)]
MODELS = [
    RidgeRegression(),
    *(GaussianGenerativeClassifier(kind) for kind in ("tied", "full", "diag", "tied_diag")),
    NaiveBayes("gaussian"),
    SemiSupervisedEM(GaussianGenerativeClassifier("full"), max_iter=2),
    LogisticRegressionGD(max_iter=2),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_memory_has_the_shape_that_is_asked_for(shape):
    with lent(*shape) as memory:
        assert memory.shape == shape
        assert memory.dtype == np.float64
        assert memory.flags.c_contiguous


def test_what_is_lent_is_nobody_elses(rng):
    shapes = [tuple(rng.integers(100, 400, 2)) for _ in range(8)]

    def hold(shapes):
        if not shapes:
            return
        with lent(*shapes[0]) as memory:
            memory[:] = len(shapes)
            hold(shapes[1:])
            assert (memory == len(shapes)).all()

    hold(shapes)


def test_threads_do_not_share_memory():
    barrier, found = threading.Barrier(2, timeout=10), {}

    def work(value):
        for _ in range(20):
            with lent(300, 300) as memory:
                memory[:] = value
                barrier.wait()
                found.setdefault(value, []).append((memory == value).all())
                barrier.wait()

    threads = [threading.Thread(target=work, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {1.0: [True] * 20, 2.0: [True] * 20}


def test_memory_comes_back_after_an_error():
    with lent(300, 300) as first:
        pass
    with pytest.raises(ValueError, match="on the way"), lent(300, 300):
        raise ValueError("on the way")
    with lent(300, 300) as again:
        assert np.shares_memory(first, again)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_what_was_there_before_does_not_show(rng, model):
    X, y = rng.normal(size=(3_000, 20)) + 5, rng.integers(0, 3, 3_000)
    weight = rng.uniform(0.5, 2, 3_000)
    fresh = {}
    for value in (np.nan, np.inf, 3.0):
        with lent(2**18) as a, lent(2**18) as b, lent(2**18) as c, lent(2**18) as d:
            for memory in (a, b, c, d):
                memory[:] = value
        sample_weight = {} if isinstance(model, SemiSupervisedEM) else {"sample_weight": weight}
        fitted = clone(model).fit(X, y, **sample_weight)
        fresh[value] = [fitted.predict(X), fitted.predict(X[:1]), fitted.score(X, y)]

    for parts in zip(*fresh.values(), strict=True):
        for part in parts[1:]:
            assert_array_equal(part, parts[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, ">i8"])
def test_labels_are_neither_written_to_nor_kept(rng, model, kind):
    X, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200).astype(kind)
    given = y.copy()
    given.flags.writeable = False
    fitted = clone(model).fit(X, given)
    expected = fitted.predict(X)
    writable = y.copy()

    again = clone(model).fit(X, writable)
    assert_array_equal(writable, y)
    writable[:] = 0

    assert_array_equal(again.predict(X), expected)
    if hasattr(again, "merge"):
        other = clone(model).fit(X, given)
        assert_array_equal(again.merge(other).predict(X), fitted.merge(other).predict(X))
