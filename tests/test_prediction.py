"""Prediction by blocks: what the network's forward pass says, and rows checked on the way."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.utils import assert_all_finite

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.data import Data
from skml_lecture.descent.activations import ACTIVATIONS, resolve_activation
from skml_lecture.descent.network import Network
from skml_lecture.descent.prediction import forward_rows

N_ROWS = 1000  # several blocks, the last one short


def network(activations, outputs=3, fit_intercept=True):
    sizes = [4, *(5 + depth for depth in range(len(activations))), outputs]
    activations = [resolve_activation(name) for name in activations]
    return Network(sizes, activations, fit_intercept)


def outputs_of(net, theta, X, depth=None):
    return forward_rows(net, net.layers(theta), Data(X), assert_all_finite, depth=depth)


def draw(net, rng, dtype=np.float64):
    theta = net.initialize(rng, dtype)
    for b in net.intercepts(theta):
        b[...] = rng.normal(size=b.shape)
    return theta, rng.normal(size=(N_ROWS, 4)).astype(dtype)


@pytest.mark.parametrize("first", ACTIVATIONS)
@pytest.mark.parametrize("second", ACTIVATIONS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, csr_matrix])
def test_scores_and_hidden_layers_are_those_of_forward(
    first, second, fit_intercept, container, rng
):
    net = network([first, second], fit_intercept=fit_intercept)
    theta, X = draw(net, rng)
    outputs, X = net.forward(theta, X), container(X)

    for layer in range(2):
        units = outputs_of(net, theta, X, layer + 1)
        assert_allclose(units, outputs[layer].T, atol=1e-13)
    z = outputs_of(net, theta, X)
    assert_allclose(z, outputs[-1].T, atol=1e-13)


@pytest.mark.parametrize("outputs", [1, 2, 10, 32, 33])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_few_outputs_or_many_are_the_product(outputs, dtype, rng):
    net = network([], outputs)
    theta, X = draw(net, rng, dtype)

    z = outputs_of(net, theta, X)

    expected = X @ net.weights(theta)[0].T + net.intercepts(theta)[0]
    assert z.dtype == dtype
    assert_allclose(z, expected, rtol=100 * np.finfo(dtype).eps, atol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("model", [LogisticRegressionGD(), CascadedLogisticMLP((4,), max_iter=5)])
@pytest.mark.parametrize("container", [np.asarray, csr_matrix])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_value_that_is_not_finite_is_named_in_any_block(model, container, value, rng):
    X = rng.normal(size=(70_000, 4))
    model.fit(X[:50], np.arange(50) % 3)
    X[-1, 0] = value

    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        model.predict_proba(container(X))


def test_finite_rows_with_an_infinite_sum_are_no_error(rng):
    net = network([])
    theta, X = draw(net, rng)
    X[:] = np.finfo(float).max
    theta[:] = 0

    assert_array_equal(outputs_of(net, theta, X), 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_net_spoilt_by_its_rate_says_what_its_last_layer_says(rng):
    X, y = 100 * rng.random((90, 5)).astype(np.float32), np.arange(90) % 3
    settings = {"optimizer": "gd", "learning_rate": 1.0, "batch_size": 90, "max_iter": 15}
    model = CascadedLogisticMLP((50, 30), activation="relu", random_state=0, **settings)
    model.fit(X, y)

    expected = model.transform(X) @ model.coefs_[-1] + model.intercepts_[-1]

    assert_allclose(model.decision_function(X), expected, rtol=1e-5, atol=1e-6)


def test_scores_that_overflow_warn(rng):
    net = network([])
    theta, X = draw(net, rng)
    X[:] = np.finfo(float).max

    with pytest.warns(RuntimeWarning, match="encountered"):
        outputs_of(net, theta, X[:10])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("learnt", [np.float64, np.float32])
@pytest.mark.parametrize("given", [np.float64, np.float32, np.int8, bool])
@pytest.mark.parametrize("model", [LogisticRegressionGD(), CascadedLogisticMLP(max_iter=5)])
def test_scores_are_of_the_type_of_the_weights(model, learnt, given, rng):
    X, y = rng.normal(size=(20, 3)), np.arange(20) % 3
    model = clone(model).fit(X.astype(learnt), y)

    assert model.decision_function(X.astype(given)).dtype == learnt
