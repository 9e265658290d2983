"""Backpropagation: the gradient of the mini-batches that a descent takes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix

from skml_lecture.data import Data
from skml_lecture.descent.activations import ACTIVATIONS, resolve_activation
from skml_lecture.descent.batches import Loader
from skml_lecture.descent.dropout import Dropout
from skml_lecture.descent.losses import LOSSES, resolve_loss
from skml_lecture.descent.network import Network, Pass
from skml_lecture.descent.objective import Objective


def setting(rng, hidden, activation="tanh", loss="cross_entropy", dtype=np.float64):
    activations = [resolve_activation(activation)] * len(hidden)
    net = Network([4, *hidden, 3], activations)
    X = rng.normal(size=(9, 4)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[rng.integers(0, 3, 9)]
    data = Data(X, Y, rng.uniform(0.5, 2, 9).astype(dtype))
    objective = Objective(data, net, resolve_loss(loss, "softmax"), alpha=0.3)
    return objective, net.initialize(rng, dtype)


@pytest.mark.parametrize("hidden", [(), (5,), (5, 4), (5, 4, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("dtype", "step", "atol"), [(np.float64, 1e-6, 1e-7), (np.float32, 1e-2, 2e-3)]
)
def test_gradient_of_a_batch_equals_finite_differences(
    hidden, activation, loss, dtype, step, atol, rng
):
    objective, theta = setting(rng, hidden, activation, loss, dtype)
    batch = next(Loader(objective.data).epoch(np.array([0, 2, 3, 7]), 4))
    direction = rng.normal(size=len(theta)).astype(dtype)
    direction /= np.linalg.norm(direction)

    slope = direction @ objective(theta, batch)[1].copy()

    up, down = (objective(theta + sign * step * direction, batch)[0] for sign in (1, -1))
    assert_allclose(slope, (up - down) / (2 * step), atol=atol, rtol=0.02 if step > 1e-3 else 1e-6)


@pytest.mark.parametrize("rates", [(0.5, 0.0), (0.0, 0.5), (0.3, 0.3)])
def test_gradient_under_dropout_equals_finite_differences(rates, rng):
    objective, theta = setting(rng, (6,))
    direction = rng.normal(size=len(theta))

    def at(theta):
        objective.dropout = Dropout(rates, np.random.default_rng(3))  # the same units every time
        return objective(theta, next(Loader(objective.data).epoch(np.arange(9), 9)))

    slope = direction @ at(theta)[1].copy()

    numeric = (at(theta + 1e-6 * direction)[0] - at(theta - 1e-6 * direction)[0]) / 2e-6
    assert_allclose(slope, numeric, rtol=1e-6)


def test_backward_starts_with_the_difference_to_the_target(rng):
    objective, theta = setting(rng, (5,))
    net, X, Y = objective.network, objective.data.X, objective.data.targets
    gradient = np.empty_like(theta)
    scratch = Pass(net, objective.loss, len(X), theta.dtype).bind(theta, gradient)
    scores = net.forward(theta, X)[-1]

    scratch.loss_and_gradient(X, Y)

    f = np.exp(scores) / np.exp(scores).sum(axis=0)
    assert_allclose(net.intercepts(gradient)[-1], (f - Y.T).sum(axis=1))


def test_dropped_sparse_inputs_equal_dropped_dense_ones(rng):
    X = rng.normal(size=(6, 5))

    masks = Dropout((0.5,), np.random.default_rng(0))([5, 2], X.dtype)
    dense, sparse = masks.thin(X.copy()), masks.thin(csr_matrix(X))

    assert_allclose(sparse.toarray(), dense)


def test_dropout_keeps_the_mean(rng):
    dropout = Dropout((0.0, 0.4), rng)

    masks = [dropout([2, 500, 1], np.float64).hidden[0] for _ in range(200)]

    assert_allclose(np.mean(masks), 1, atol=0.02)
    assert set(np.unique(masks).round(6)) == {0, round(1 / 0.6, 6)}


def test_eight_sigmoid_layers_lose_the_gradient_and_relu_does_not(rng):
    """Lee, lecture 12: the vanishing gradient, at the customary start of the lecture's time."""

    def ratio(activation):
        activations = [resolve_activation(activation)] * 8
        net = Network([20, *[20] * 8, 3], activations)
        theta = np.zeros(net.n_parameters)
        for W in net.weights(theta):
            W[...] = rng.normal(size=W.shape) * np.sqrt(2 / W.shape[1])
        data = Data(rng.normal(size=(50, 20)), np.eye(3)[rng.integers(0, 3, 50)])
        objective = Objective(data, net, resolve_loss("cross_entropy", "softmax"))
        G = net.weights(objective(theta)[1])
        return np.abs(G[0]).mean() / np.abs(G[-1]).mean()

    assert ratio("logistic") < 1e-3
    assert ratio("relu") > 1e-2
