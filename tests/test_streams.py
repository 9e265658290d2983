"""Learning from a stream: chunks of any size learn, and never blow up."""

import pickle
from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.classification import Labels
from skml_lecture.data import Data
from skml_lecture.descent.activations import Tanh
from skml_lecture.descent.network import Network
from skml_lecture.descent.optimizers import OPTIMIZERS, GradientDescent
from skml_lecture.descent.recipe import Recipe
from skml_lecture.descent.stream import Seen, learn_chunk
from skml_lecture.statistics import Moments

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
@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("size", [1, 50])
def test_ten_passes_are_as_accurate_as_a_fit(load, raw, size):
    X, y = load(return_X_y=True)
    if size == 1 and len(y) > 1000:
        X, y = X[:300], y[:300]  # of digits, to be quick
    X = X if raw else StandardScaler().fit_transform(X)
    n_folds = 5 if len(y) < 200 else 1  # rows enough to tell

    lost = []
    for seed in range(1 if size == 1 else 4):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
        for train, test in islice(folds, n_folds):
            model = stream(LogisticRegressionGD(), X[train], y[train], size, 10, seed)
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


def rate_after(chunks, make=np.asarray, alpha=0.0, **recipe):
    """Return the rate that a stream of chunks ends with, of two classes and gradient descent."""
    state, recipe = None, Recipe(GradientDescent(), alpha=alpha, **recipe)
    for X, weight in chunks:
        Y = (np.arange(len(X)) % 2)[:, np.newaxis].astype(float)
        network = Network([X.shape[1], 1])
        state = learn_chunk(Data(make(X), Y, weight), Labels([0, 1]), network, recipe, state)
    return state.rate


def skewed(rng, n=40):
    """Rows whose second moments have one direction that is far larger than the others."""
    X = rng.normal(size=(n, 3)) * [8.0, 0.5, 0.25]
    return X * (rng.random((n, 3)) < 0.7), rng.uniform(0.5, 4, n)


@pytest.mark.parametrize("size", [1, 5, None])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 30.0])
@pytest.mark.parametrize("make", [np.asarray, csr_array])
def test_the_first_rate_is_for_the_curvature_of_batches_of_a_chunk(
    size, weighted, alpha, make, rng
):
    """That of a batch of b rows is one b-th that of the worst row, and else that of all."""
    X, weight = skewed(rng)
    weight = weight if weighted else None

    rate = rate_after([(X, weight)], make, alpha, batch_size=size)

    share = np.ones(40) if weight is None else weight
    strength, share = alpha / share.sum(), share / share.sum()
    Z = np.column_stack([X, np.ones(40)])
    curvature = np.linalg.eigvalsh((share * Z.T) @ Z)[-1]
    if size is not None:
        worst = (40 * share * (Z**2).sum(axis=1)).max()
        curvature += (worst - curvature) / size
    assert_allclose(1 / rate, curvature / 4 + strength, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 5, None])
def test_the_rate_of_sparse_rows_is_that_of_dense_ones_in_any_units(size, rng):
    X, weight = skewed(rng)
    X[:, 0] += 3
    options = {"batch_size": size, "preconditioner": "scale"}

    sparse, dense = (rate_after([(X, weight)], make, **options) for make in (csr_array, np.asarray))

    assert_allclose(sparse, dense, rtol=1e-9)


def test_the_rate_is_for_the_average_curvature_or_that_of_the_chunk_where_it_is_larger(rng):
    X, _ = skewed(rng)
    chunks = [(3 * X, None), (X, None), (2 * X, None)]
    own = np.array([1 / rate_after([chunk]) for chunk in chunks])

    found = [1 / rate_after(chunks[: n + 1]) for n in range(3)]

    expected = np.maximum(own, own.cumsum() / [1, 2, 3])
    assert_allclose(found, expected, rtol=1e-9)
    assert 1 / rate_after(chunks[1::-1]) == pytest.approx(own[0])


def test_what_a_stream_has_seen_adds(rng):
    parts = [
        Seen(*rng.uniform(1, 9, 2), Moments.from_samples(rng.normal(size=(5, 2))), *rng.random(2))
        for _ in range(2)
    ]

    total = parts[0] + parts[1]

    for name in ("weight", "n_rows", "curvature", "n_chunks"):
        assert getattr(total, name) == sum(getattr(part, name) for part in parts)
    assert_allclose(total.moments.mean, (parts[0].moments + parts[1].moments).mean)
    assert (Seen(1.0, 1) + Seen(2.0, 2)).moments is None


def test_random_numbers_of_a_stream_come_from_zero_where_nothing_is_said(rng):
    data = Data(rng.normal(size=(20, 3)), np.eye(3)[np.arange(20) % 3])
    recipe, targets = Recipe(GradientDescent(), batch_size=4), Labels(range(3))

    states = [
        learn_chunk(data, targets, Network([3, 4, 3], [Tanh()]), recipe, rng=source)
        for source in (None, np.random.RandomState(0))
    ]

    assert_array_equal(states[0].theta, states[1].theta)
