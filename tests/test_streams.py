"""Learning from a stream: chunks of any size learn, and never blow up."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.descent.optimizers import OPTIMIZERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def stream(model, X, y, size, passes, seed=0):
    """Pass over shuffled chunks of the rows."""
    rng = np.random.default_rng(seed)
    for _ in range(passes):
        order = rng.permutation(len(y))
        for start in range(0, len(y), size):
            rows = order[start : start + size]
            model.partial_fit(X[rows], y[rows], classes=np.unique(y))
    return model


def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def test_single_rows_after_a_fit_stay_near_it():
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 0, 1])
    model = LogisticRegressionGD().fit(X, y)
    fitted = np.abs(model.coef_).max()

    for i in range(300):
        model.partial_fit(X[i % 4 : i % 4 + 1], y[i % 4 : i % 4 + 1])

        assert np.abs(model.coef_).max() < 10 * fitted


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("preconditioner", [None, "scale", "whiten", "auto"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_every_stream_lowers_the_loss_and_keeps_its_size(optimizer, preconditioner, size):
    X, y = iris()
    fitted = LogisticRegressionGD().fit(X, y)
    model = LogisticRegressionGD(optimizer=optimizer, preconditioner=preconditioner)

    stream(model, X, y, size, passes=2)

    assert log_loss(y, model.predict_proba(X)) < np.log(3)
    assert np.abs(model.coef_).max() < 10 * np.abs(fitted.coef_).max()


@pytest.mark.long
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("size", [1, 50])
def test_ten_passes_are_as_accurate_as_a_fit(load, raw, size):
    X, y = load(return_X_y=True)
    X = X if raw else StandardScaler().fit_transform(X)
    folds = [*StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)]
    folds = folds[:1] if len(y) > 200 else folds  # rows enough to tell

    lost = []
    for train, test in folds:
        model = stream(LogisticRegressionGD(), X[train], y[train], size, passes=10)
        full = LogisticRegressionGD().fit(X[train], y[train])
        lost.append(full.score(X[test], y[test]) - model.score(X[test], y[test]))

    assert np.mean(lost) <= 0.02


@pytest.mark.parametrize("raw", [True, False])
def test_a_cascade_learns_from_a_stream(raw):
    X, y = load_breast_cancer(return_X_y=True)
    X = X if raw else StandardScaler().fit_transform(X)
    train, test = next(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    full = CascadedLogisticMLP(random_state=0).fit(X[train], y[train])

    model = stream(CascadedLogisticMLP(random_state=0), X[train], y[train], 50, passes=10)

    assert model.score(X[test], y[test]) >= full.score(X[test], y[test]) - 0.02


@pytest.mark.parametrize("make", [LogisticRegressionGD, CascadedLogisticMLP])
def test_a_sparse_stream_is_a_dense_one(make):
    X, y = iris()
    X = np.maximum(X, 0)

    dense = stream(make(random_state=0), X, y, 20, passes=1)
    sparse = stream(make(random_state=0), csr_matrix(X), y, 20, passes=1)

    assert_allclose(sparse.predict_proba(X), dense.predict_proba(X), rtol=1e-6)


def test_the_penalty_is_that_of_all_rows_seen_so_far():
    """The optimum of a stream of copies of the rows is that of the copies."""
    X, y = iris()
    model = LogisticRegressionGD(100.0, optimizer="gd")

    for _ in range(300):
        model.partial_fit(X, y)

    copies = LogisticRegressionGD(100.0 / 300).fit(X, y)
    few = LogisticRegressionGD(100.0).fit(X, y)
    assert np.abs(model.coef_).max() > 2 * np.abs(few.coef_).max()
    assert np.abs(model.coef_).max() < np.abs(copies.coef_).max()


def test_a_call_costs_the_same_however_many_came_before():
    X, y = iris()
    model = LogisticRegressionGD().partial_fit(X, y)
    short = len(pickle.dumps(model))

    for _ in range(50):
        model.partial_fit(X[:10], y[:10])

    assert len(pickle.dumps(model)) < short + 50 * 16
    assert len(model.loss_curve_) == 51
    assert model.n_iter_ == 1


@pytest.mark.parametrize(
    "options", [{"early_stopping": True}, {"class_weight": "balanced"}], ids=str
)
@pytest.mark.parametrize("cls", [LogisticRegressionGD, CascadedLogisticMLP])
def test_what_needs_all_rows_is_refused(cls, options):
    model = cls(**options)

    assert not hasattr(model, "partial_fit")
    with pytest.raises(ValueError, match=r"partial_fit"):
        model.partial_fit(*iris())


def test_a_failed_chunk_changes_nothing():
    X, y = iris()
    model = LogisticRegressionGD().partial_fit(X, y)
    again = pickle.loads(pickle.dumps(model))

    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.full((3, 4), np.nan), y[:3])

    assert_array_equal(
        model.partial_fit(X[::3], y[::3]).coef_, again.partial_fit(X[::3], y[::3]).coef_
    )


def test_a_stream_goes_on_from_a_fit():
    X, y = iris()
    model = LogisticRegressionGD().fit(X, y)
    before = model.coef_

    model.partial_fit(X, y)

    assert_allclose(model.coef_, before, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegressionGD(max_iter=10),
        LogisticRegressionGD(batch_size=4, optimizer="adam", max_iter=3, random_state=0),
        LogisticRegressionGD(class_weight={0: 0.0, 1: 1.0, 2: 1.0}, max_iter=10),
        CascadedLogisticMLP((3,), max_iter=3, random_state=0),
    ],
    ids=lambda it: str(it)[:50],
)
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_a_chunk_that_weighs_nothing_changes_nothing(rng, model, container):
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 3
    model = clone(model).fit(X, y).partial_fit(X, y)
    before = pickle.dumps(model)

    model.partial_fit(container(X), y, sample_weight=np.zeros(40))
    model.partial_fit(container(X[:1]), y[:1], sample_weight=[float(bool(model.class_weight))])

    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match="are zero"):
        clone(model).partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.zeros(40))
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.full((2, 3), np.nan), [0, 1], sample_weight=[0, 0])


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_a_row_weighs_as_much_in_a_chunk_as_among_all_rows_so_far(rng, size, container):
    """The step of mini-batches: the sum over the rows, by the mean weight so far."""
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 2
    weight = rng.uniform(0.1, 10, 30)
    model = LogisticRegressionGD(5.0, optimizer="gd", learning_rate=0.1, preconditioner=None)
    W, b = np.zeros(2), 0.0

    for stop in range(size, 31, size):
        rows = slice(stop - size, stop)
        model.partial_fit(container(X[rows]), y[rows], [0, 1], weight[rows])

        share = weight[rows] / weight[:stop].mean() / size
        error = share * (expit(X[rows] @ W + b) - y[rows])
        penalty = 5.0 / weight[:stop].sum() * W
        W, b = W - 0.1 * (error @ X[rows] + penalty), b - 0.1 * error.sum()

    assert_allclose(model.coef_[0], W, rtol=1e-10)
    assert_allclose(model.intercept_, b, rtol=1e-10)


@pytest.mark.long
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("heavy", [1.0, 300.0])
@pytest.mark.parametrize("streams", [False, True])
def test_noise_does_not_throw_a_stochastic_descent(optimizer, batch_size, heavy, streams):
    """Of labels, and of a few heavy rows: nearer to the optimum than to guessing."""
    model = LogisticRegressionGD(optimizer=optimizer, batch_size=batch_size, max_iter=20)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(500, 5))
        y = (X[:, 0] + rng.normal(size=500) > 1).astype(int)
        weight = np.where(rng.random(500) < 0.02, heavy, 1.0)
        full = LogisticRegressionGD().fit(X, y, weight).predict_proba(X)
        share = np.full(500, np.average(y, weights=weight))

        model = clone(model).set_params(random_state=seed)
        if streams:
            for part in np.array_split(np.tile(rng.permutation(500), 20), 200):
                model.partial_fit(X[part], y[part], [0, 1], weight[part])
        else:
            model.fit(X, y, weight)

        losses = [log_loss(y, p, sample_weight=weight) for p in (full, share)]
        assert log_loss(y, model.predict_proba(X), sample_weight=weight) < np.mean(losses)


@pytest.mark.parametrize("size", [1, 7])
def test_weights_of_classes_count_in_chunks_of_any_size(size):
    """The mean of the probabilities is near the share of the class, as in a fit."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 2))
    y = (X[:, 0] + 1.5 * rng.normal(size=2000) > 1).astype(int)
    model = LogisticRegressionGD(class_weight={0: 1.0, 1: 10.0})
    full = model.fit(X, y).predict_proba(X)[:, 1].mean()

    means = []
    model = clone(model)
    for part in np.array_split(rng.permutation(2000), 2000 // size):
        model.partial_fit(X[part], y[part], [0, 1])
        means.append(model.predict_proba(X[:200])[:, 1].mean())

    assert_allclose(np.mean(means[len(means) // 2 :]), full, atol=0.1)
