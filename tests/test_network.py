"""The network: forward and backward on one flat vector, at any depth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime
from scipy.sparse import csr_matrix

from skml_lecture.data import Data
from skml_lecture.descent.activations import ACTIVATIONS, resolve_activation
from skml_lecture.descent.batches import Loader
from skml_lecture.descent.losses import LOSSES, resolve_loss
from skml_lecture.descent.network import Network, Pass
from skml_lecture.descent.objective import Objective

HIDDEN = [(), (5,), (5, 4)]


SOFTMAX = resolve_loss("cross_entropy", "softmax")


def network(hidden, activation, fit_intercept=True):
    activations = [resolve_activation(activation)] * len(hidden)
    return Network([3, *hidden, 2], activations, fit_intercept)


def data(rng, n=7):
    return rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)], rng.uniform(0.5, 2, n)


def objective_of(net, X, Y, weight=None, alpha=0.0, loss=SOFTMAX):
    return Objective(Data(X, Y, weight), net, loss, alpha)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", ["logistic", "softmax"])
def test_gradient_equals_finite_differences(hidden, activation, loss, output, rng):
    net = network(hidden, activation)
    X, Y, weight = data(rng)
    objective = objective_of(net, X, Y, weight, 0.3, resolve_loss(loss, output))
    theta = net.initialize(rng)

    numeric = approx_fprime(theta, lambda at: objective(at)[0], 1e-7)

    assert_allclose(objective(theta)[1], numeric, atol=1e-5)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_gradient_with_dropped_units_equals_finite_differences(hidden, rng):
    net = network(hidden, "tanh")
    X, Y, weight = data(rng)
    masks = [2.0 * rng.integers(0, 2, (units, len(X))) for units in hidden]
    theta, gradient = net.initialize(rng), np.empty(net.n_parameters)

    scratch = Pass(net, SOFTMAX, len(X), theta.dtype)

    def loss(at):
        return scratch.bind(at, gradient.copy()).loss_and_gradient(X, Y, weight, masks)

    scratch.bind(theta, gradient).loss_and_gradient(X, Y, weight, masks)

    assert_allclose(gradient, approx_fprime(theta, loss, 1e-7), atol=1e-5)


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse_input_equals_dense(hidden, fit_intercept, rng):
    net = network(hidden, "relu", fit_intercept=fit_intercept)
    X, Y, weight = data(rng)
    X[X < 0] = 0
    theta = net.initialize(rng)

    dense = objective_of(net, X, Y, weight)(theta)
    sparse = objective_of(net, csr_matrix(X), Y, weight)(theta)

    assert_allclose(sparse[0], dense[0])
    assert_allclose(sparse[1], dense[1], atol=1e-15)


def test_buffers_are_reused_and_change_nothing(rng):
    net = network((5,), "logistic")
    X, _, _ = data(rng)
    theta, buffers = net.initialize(rng), net.buffers(20)

    outputs = net.forward(theta, X, buffers)

    assert all(np.shares_memory(a, b) for a, b in zip(outputs, buffers, strict=True))
    assert_array_equal(outputs[-1], net.forward(theta, X)[-1])


@pytest.mark.parametrize("hidden", HIDDEN)
def test_keeps_float32(hidden, rng):
    net = network(hidden, "logistic")
    X, Y, _ = data(rng)
    theta = net.initialize(rng, np.float32)

    _, gradient = objective_of(net, X.astype(np.float32), Y.astype(np.float32))(theta)

    assert theta.dtype == gradient.dtype == np.float32


def test_views_share_the_flat_vector():
    net = network((5,), "tanh")
    theta = np.zeros(net.n_parameters)

    for part in (*net.weights(theta), *net.intercepts(theta)):
        part += 1

    assert [W.shape for W in net.weights(theta)] == [(5, 3), (2, 5)]
    assert_array_equal(theta, 1)


def test_blocks_and_batches_sum_to_the_whole(rng):
    net = network((5,), "tanh")
    X, Y, weight = data(rng, n=30_000)
    objective = objective_of(net, X, Y, weight, alpha=2.0)
    theta = net.initialize(rng)

    loss, gradient = objective(theta)
    order = np.r_[0 : len(X) : 2, 1 : len(X) : 2]
    batches = Loader(objective.data).epoch(order, len(X) // 2)
    halves = [(part, g.copy()) for part, g in (objective(theta, batch) for batch in batches)]

    assert_allclose(loss, np.mean([part[0] for part in halves]))
    assert_allclose(gradient, np.mean([part[1] for part in halves], axis=0), atol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 2.0])
def test_the_objective_is_the_mean_loss_plus_the_penalty(alpha, rng):
    net = network((5,), "tanh")
    X, Y, weight = data(rng)
    objective, theta = objective_of(net, X, Y, weight, alpha), net.initialize(rng)

    loss, _ = objective(theta)

    scores = net.forward(theta, X)[-1].T
    expected = np.average(SOFTMAX.value(Y, scores), weights=weight)
    assert_allclose(objective.mean_loss(theta), expected)
    penalty = alpha / 2 * sum(np.sum(W**2) for W in net.weights(theta)) / weight.sum()
    assert_allclose([loss, objective.value(theta)], expected + penalty)


def test_a_subset_bears_its_share_of_the_penalty(rng):
    X, Y, weight = data(rng, n=400)
    whole = objective_of(network((), "tanh"), X, Y, weight, alpha=8.0)

    part = whole.sample(100)

    assert part.data.n_rows == 100
    assert_allclose(part.alpha, 8 * part.data.total_weight / weight.sum())
    assert_allclose(part.strength, whole.strength)


def test_weight_equals_repetition(rng):
    net = network((5,), "tanh")
    X, Y, _ = data(rng)
    times = rng.integers(1, 4, len(X))
    theta = net.initialize(rng)

    weighted = objective_of(net, X, Y, times.astype(float), alpha=0.5)(theta)
    repeated = objective_of(net, np.repeat(X, times, 0), np.repeat(Y, times, 0), alpha=0.5)(theta)

    assert_allclose(weighted[0], repeated[0])
    assert_allclose(weighted[1], repeated[1])


def test_lecture_forward_example():
    """Lee, lecture 8: the first layer sends (1, -1) to (.98, .12)."""
    net = Network([2, 2, 2], [resolve_activation("logistic")])
    theta = np.zeros(net.n_parameters)
    net.weights(theta)[0][...] = [[1, -2], [-1, 1]]
    net.intercepts(theta)[0][...] = [1, 0]

    hidden = net.forward(theta, np.array([[1.0, -1.0]]))[0]

    assert_allclose(hidden[:, 0], [0.98, 0.12], atol=5e-3)
