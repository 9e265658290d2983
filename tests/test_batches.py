"""Mini-batches: an epoch gathers every row once, in the order asked for, whatever the chunks."""

import threading

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix, issparse
from sklearn.base import clone

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.data import Data, in_order, places_of, shuffled
from skml_lecture.descent.activations import Tanh
from skml_lecture.descent.batches import LEAST_PART, Batch, Loader
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective, Sums
from skml_lecture.descent.optimizers import OPTIMIZERS, Optimizer

SHAPES = [(10, 4), (300, 20_000)]  # one chunk; many


def rows(rng, shape, dtype=np.float64, weighted=True):
    n = shape[0]
    weight = np.arange(n, dtype=dtype) if weighted else None
    return Data(
        rng.random(shape).astype(dtype), np.arange(2 * n, dtype=dtype).reshape(2, n).T, weight
    )


def epoch(loader, order, batch_size):
    """Return copies of what the batches held."""
    parts = []
    for batch in loader.epoch(order, batch_size):
        X = batch.X.toarray() if issparse(batch.X) else batch.X.copy()
        parts.append(
            (X, batch.targets.copy(), None if batch.weight is None else batch.weight.copy())
        )
    return parts


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_epoch_gathers_every_row_in_order(shape, dtype, rng):
    data = rows(rng, shape, dtype)
    order = rng.permutation(shape[0])

    X, Y, weight = zip(*epoch(Loader(data), order, 3), strict=True)

    assert {len(part) for part in X[:-1]} == {3}
    assert_array_equal(np.concatenate(X), data.X[order])
    assert_array_equal(np.concatenate(Y), data.targets[order])
    assert_array_equal(np.concatenate(weight), data.weight[order])
    assert X[0].dtype == dtype


@pytest.mark.parametrize("shape", SHAPES)
def test_sparse_rows_are_gathered_as_dense_ones_are(shape, rng):
    data = rows(rng, shape, weighted=False)
    data.X[rng.random(shape) < 0.9] = 0
    order = rng.permutation(shape[0])

    dense = epoch(Loader(data), order, 7)
    sparse = epoch(Loader(Data(csr_matrix(data.X), data.targets)), order, 7)

    for (X, Y, _), (X_sparse, Y_sparse, weight) in zip(dense, sparse, strict=True):
        assert_array_equal(X, X_sparse)
        assert_array_equal(Y, Y_sparse)
        assert weight is None


@pytest.mark.parametrize("shape", SHAPES)
def test_writing_into_a_batch_leaves_the_rows_alone(shape, rng):
    data = rows(rng, shape)
    before = data.X.copy()

    for batch in Loader(data).epoch(np.arange(shape[0]), 5):
        batch.X[...] = np.nan

    assert_array_equal(data.X, before)


BLIND = [  # nothing reads the rows before the updates do
    LogisticRegressionGD(preconditioner=None, learning_rate=0.1, batch_size=7),
    CascadedLogisticMLP((4,), activation="relu", batch_size=7),
    CascadedLogisticMLP((4,), activation="tanh", batch_size=7, dropout=0.5),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", BLIND, ids=["logistic", "relu", "dropout"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix])
def test_a_row_that_is_not_finite_is_found_by_the_updates(optimizer, model, bad, kind, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    X[17, 1] = bad
    model = clone(model).set_params(optimizer=optimizer, learning_rate=0.1, max_iter=1)

    for learn in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="X contains"):
            learn(kind(X), y)

    assert not hasattr(model, "classes_")


class Deaf(Optimizer):
    """Takes a step of fixed size, downhill or nowhere: nan is nowhere."""

    auto_rate = 0.1

    def update(self, theta, gradient, state, rate):  # noqa: ARG002
        theta -= rate * ((gradient > 0).astype(float) - (gradient < 0))


READ_BEFORE = [  # something else looks at the rows, or the updates may not tell
    LogisticRegressionGD(batch_size=7),
    LogisticRegressionGD(preconditioner=None, batch_size=7, optimizer="gd"),
    LogisticRegressionGD(preconditioner=None, batch_size=7, optimizer=Deaf()),
    CascadedLogisticMLP((4,), activation="tanh", batch_size=7, optimizer=Deaf()),
    CascadedLogisticMLP((4,), batch_size=7, early_stopping=True),
]


@pytest.mark.parametrize("model", READ_BEFORE)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_that_is_not_finite_is_found_before_the_updates(model, bad, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    X[17, 1] = bad

    with pytest.raises(ValueError, match="X contains"):
        clone(model).fit(X, y)


@pytest.mark.parametrize("model", [BLIND[0], BLIND[1]])
def test_a_held_out_row_that_is_not_finite_is_found(model, rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    X_val = X.copy()
    X_val[5] = np.nan

    with pytest.raises(ValueError, match="X contains"):
        clone(model).fit(X, y, X_val=X_val, y_val=y)


def test_an_interrupted_first_epoch_does_not_let_through_rows_not_yet_read(rng):
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    X[-1] = np.nan

    def interrupt(t):
        if t == 3:
            raise KeyboardInterrupt
        return 1.0

    model = CascadedLogisticMLP((4,), batch_size=7, shuffle=False, schedule=interrupt)

    with pytest.raises(ValueError, match="X contains"):
        model.fit(X, y)


def test_a_failed_epoch_leaves_no_thread_behind(rng):
    X, y = rng.normal(size=(600, 20_000)), rng.integers(0, 3, 600)
    X[-1] = np.nan
    before = threading.active_count()

    with pytest.raises(ValueError, match="X contains") as failure:
        clone(BLIND[0]).set_params(shuffle=False).fit(X, y)

    assert failure.tb is not None  # which keeps the frames of the fit
    assert threading.active_count() == before


def test_batches_come_where_no_thread_can_start(rng, monkeypatch):
    data = rows(rng, SHAPES[1])

    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    X, _, _ = zip(*epoch(Loader(data), np.arange(300), 3), strict=True)

    assert_array_equal(np.concatenate(X), data.X)


@pytest.mark.parametrize("n", [1, 2 * LEAST_PART - 1, 2 * LEAST_PART, 5 * LEAST_PART + 1])
@pytest.mark.usefixtures("two_threads")
def test_threads_share_out_the_rows_of_a_batch_that_is_not_small(n):
    batch, seen = Batch(np.arange(n)[:, np.newaxis], np.zeros((n, 1)), None), {}

    def work(part):
        seen[part.number] = part.X.ravel()
        return Sums(len(part), np.array([part.X.sum()]))

    total = batch.sum(work)

    assert (total.loss, total.gradient) == (n, n * (n - 1) / 2)
    assert len(seen) == (1 if n < 2 * LEAST_PART else 2)
    assert_array_equal(np.concatenate([seen[number] for number in sorted(seen)]), np.arange(n))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("of_rows", [np.asarray, csr_matrix])
@pytest.mark.parametrize("dropout", [None, (0.3, 0.4)])
def test_an_update_does_not_depend_on_how_it_is_shared_out(weighted, of_rows, dropout, request):
    rng = np.random.default_rng(0)
    network, loss = Network([6, 5, 3], [Tanh()]), resolve_loss("cross_entropy", "softmax")
    n = 3 * LEAST_PART + 1
    X, Y = rng.normal(size=(2 * n, 6)), np.asfortranarray(np.eye(3)[rng.integers(0, 3, 2 * n)])
    weight = rng.uniform(0, 2, 2 * n) if weighted else None
    theta = network.initialize(rng)

    def updates():
        """Of a long batch, a short one, and a long one: which are overwritten in turn."""
        objective = Objective(Data(of_rows(X), Y, weight), network, loss, alpha=0.1)
        objective.dropout = dropout and Dropout(dropout, np.random.default_rng(1))
        found = []
        for order, size in ((np.arange(2 * n), n), (np.arange(n), 2 * LEAST_PART), ([3, 1], 2)):
            for batch in Loader(objective.data).epoch(np.asarray(order), size):
                value, gradient = objective(theta, batch)
                found.append((value, gradient.copy()))
        return found

    alone = updates()
    request.getfixturevalue("two_threads")
    shared = updates()

    for (value, gradient), (expected, of_whole) in zip(shared, alone, strict=True):
        assert_allclose(value, expected, rtol=1e-13)
        assert_allclose(gradient, of_whole, rtol=0, atol=1e-13 * np.abs(of_whole).max())


@pytest.mark.parametrize("n", [5, 70_000, 131_072])
def test_an_order_has_every_row_once_and_knows_their_places(n):
    order = shuffled(n, np.random.RandomState(0))

    rows = order[:]

    assert_array_equal(np.sort(rows), np.arange(n))
    assert_array_equal(rows[3:40:2], order[3:40:2])
    assert_array_equal(places_of(order, rows[:100]), np.arange(min(n, 100)))
    assert_array_equal(in_order(n)[2:5], [2, 3, 4])
    assert_array_equal(places_of(in_order(n), np.array([4, 2])), [4, 2])


def test_orders_that_are_not_held_are_as_random_as_permutations():
    """Sixteenths of the rows among batches of 160: mean 10, variance 9.37, no two orders alike."""
    n = 80_000
    first, second = (shuffled(n, np.random.RandomState(seed))[:] for seed in (0, 1))
    counts = [np.bincount(rows * 16 // n, minlength=16) for rows in first.reshape(-1, 160)]

    assert_allclose(np.var(counts, axis=0).mean(), 160 / 16 * 15 / 16 * (1 - 160 / n), rtol=0.05)
    assert (first == second).sum() < 10
    for a, b in [(first[1:], first[:-1]), (first, np.arange(n)), (first, second)]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.02
