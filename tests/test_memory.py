"""What fits and predictions allocate beside the rows, which are neither copied nor made dense."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone, is_regressor

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)

pytestmark = [pytest.mark.brief, pytest.mark.filterwarnings("ignore:A covariance is singular")]
# How much of the rows' own size a fit allocates at most.
READS = {  # statistics of blocks of rows, and a few numbers a row
    **{solver: (RidgeRegression(solver=solver), 1 / 4) for solver in ("auto", "svd", "lsqr")},
    "left out": (RidgeRegressionCV(), 1 / 2),
    "folds": (RidgeRegressionCV(cv=5), 1.0),
    **{
        kind: (GaussianGenerativeClassifier(kind), 1 / 4)
        for kind in ("tied", "full", "diag", "tied_diag", "spherical")
    },
    "oas": (GaussianGenerativeClassifier(shrinkage="oas"), 1 / 4),
    "ledoit-wolf": (GaussianGenerativeClassifier(shrinkage="auto"), 1 / 4),
    **{
        family: (NaiveBayes(family), 1 / 4)
        for family in ("auto", "gaussian", "categorical", "poisson", "multinomial")
    },
    "histogram": (NaiveBayes("histogram"), 1.0),
}
KEEPS = {  # numbers of every row for each class or unit
    "semi-supervised": (SemiSupervisedEM(GaussianGenerativeClassifier("diag"), max_iter=2), 2.0),
    "logistic": (LogisticRegressionGD(max_iter=2), 2.0),
    "stochastic": (LogisticRegressionGD(optimizer="adam", batch_size=512, max_iter=1), 1 / 2),
    "early": (LogisticRegressionGD(early_stopping=True, max_iter=2, random_state=0), 3.0),
    "network": (CascadedLogisticMLP((8,), max_iter=1, random_state=0), 1 / 2),
}
MODELS = READS | KEEPS
NO_SPARSE = {"categorical", "histogram", "ledoit-wolf"}


def allocated(call):
    """Return what a call returns, and the most bytes it held beside what there was."""
    tracemalloc.start()
    try:
        found = call()
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def targets(model, n, rng):
    if is_regressor(model):
        return rng.normal(size=n)
    return rng.integers(-1 if isinstance(model, SemiSupervisedEM) else 0, 3, n)


@pytest.mark.parametrize("name", MODELS)
def test_rows_are_read_where_they_lie(name, rng):
    model, share = MODELS[name]
    X = rng.integers(0, 4, (250_000, 20)).astype(float)
    y = targets(model, len(X), rng)
    numbers = 8 * len(X) * (1 if is_regressor(model) else 3)
    clone(model).fit(X[:1000], y[:1000])  # what is imported at the first fit does not count

    model, fit = allocated(lambda: clone(model).fit(X, y))
    _, predict = allocated(lambda: model.predict(X))

    assert fit < share * X.nbytes
    assert predict < 2 * numbers


@pytest.mark.parametrize("name", sorted(MODELS.keys() - NO_SPARSE))
def test_sparse_rows_are_never_made_dense(name, rng):
    n, d, held = 30_000 if name == "svd" else 100_000, 300, 10
    places = (rng.integers(0, d // held, (n, held)) + np.arange(0, d, d // held)).ravel()
    X = sparse.csr_array((np.ones(n * held), places, np.arange(0, n * held + 1, held)), (n, d))
    y = targets(MODELS[name][0], n, rng)

    model, fit = allocated(lambda: clone(MODELS[name][0]).fit(X, y))
    _, predict = allocated(lambda: model.predict(X))

    assert max(fit, predict) < 8 * n * d / 3


@pytest.mark.parametrize(
    "model", [GaussianGenerativeClassifier("diag"), NaiveBayes("gaussian"), NaiveBayes("poisson")]
)
def test_sparse_sums_of_columns_need_no_memory_of_every_entry(model, rng):
    n, held = 400_000, 10
    places = (rng.integers(0, 10, (n, held)) + np.arange(0, 100, 10)).ravel()
    X = sparse.csr_array((np.ones(n * held), places, np.arange(0, n * held + 1, held)), (n, 100))
    y = rng.integers(0, 3, n)

    _, fit = allocated(lambda: clone(model).fit(X, y))

    assert fit < 40e6 < X.data.nbytes + X.indices.nbytes


def test_many_classes_need_no_memory_of_classes_times_rows(rng):
    n, k = 40_000, 10_000
    X, y = rng.normal(size=(n, 1)), np.arange(n) % k

    for model in (GaussianGenerativeClassifier("diag"), NaiveBayes("gaussian")):
        _, fit = allocated(lambda model=model: clone(model).fit(X, y))

        assert fit < 60e6


@pytest.mark.parametrize("n_targets", [None, 3])
def test_wide_float32_rows_are_predicted_by_a_few_at_a_time(n_targets, rng):
    X = rng.normal(size=(60, 100_000)).astype(np.float32)
    shape = 60 if n_targets is None else (60, n_targets)
    model = RidgeRegression(1e3).fit(X, rng.normal(size=shape))

    assert allocated(lambda: model.predict(X))[1] < X.nbytes
