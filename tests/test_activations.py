"""Activations: value beside derivative, for every member."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from skml_lecture.descent.activations import ACTIVATIONS, resolve_activation
from skml_lecture.descent.network import Network

members = pytest.mark.parametrize("name", ACTIVATIONS)


@members
def test_derivative_equals_finite_differences(name, rng):
    activation, z, step = resolve_activation(name), rng.normal(size=50), 1e-6

    numeric = (activation.value(z + step) - activation.value(z - step)) / (2 * step)

    assert_allclose(activation.derivative(activation.value(z)), numeric, atol=1e-8)


@members
def test_writes_in_place_and_keeps_float32(name, rng):
    activation, z = resolve_activation(name), rng.normal(size=50).astype(np.float32)
    expected = activation.value(z)

    returned = activation.value(z, out=z)

    assert returned is z
    assert_allclose(z, expected)
    assert activation.derivative(z).dtype == np.float32


@members
def test_pulls_back_by_the_derivative(name, rng):
    activation, delta = resolve_activation(name), rng.normal(size=50)
    a = activation.value(rng.normal(size=50))
    expected = delta * activation.derivative(a)

    activation.pull_back(delta, a)

    assert_allclose(delta, expected)


@members
def test_a_signal_keeps_its_size_through_eight_layers(name, rng):
    activation = resolve_activation(name)
    z = rng.normal(size=(500, 300)) / 4

    sizes = [z.var()]
    for _ in range(8):
        W = rng.uniform(-1, 1, (300, 300)) * np.sqrt(3 * activation.gain / 600)
        a = activation.value(z)
        z = (a - activation.value(np.zeros(1))) @ W
        sizes.append(z.var())

    assert 0.5 < sizes[-1] / sizes[1] < 2


@members
def test_the_first_signal_is_of_the_size_that_the_gain_is_for(name):
    rng = np.random.RandomState(0)
    network = Network([300, 200, 100, 2], [resolve_activation(name)] * 2)

    theta = network.initialize(rng)

    gains = [resolve_activation(name).gain] * 2 + [2.0]
    for W, gain in zip(network.weights(theta), gains, strict=True):
        assert_allclose(W.var(), gain / sum(W.shape), rtol=0.15)


@pytest.mark.parametrize("name", ["logistic", "relu"])
def test_a_gain_makes_up_for_what_the_activation_takes_away(name, rng):
    activation = resolve_activation(name)
    z = rng.normal(size=100_000) * (1e-3 if name == "logistic" else 1)

    a = activation.value(z) - activation.value(np.zeros(1))

    # variance gain / (fan_in + fan_out) with as many in as out: gain / 2 times the mean square
    assert_allclose(activation.gain / 2 * (a**2).mean(), (z**2).mean(), rtol=0.02)


@members
def test_finite_at_extreme_values(name):
    activation = resolve_activation(name)
    a = activation.value(np.array([-1e6, 1e6]))

    assert np.isfinite(a).all()
    assert np.isfinite(activation.derivative(a)).all()


def test_logistic_is_the_sigmoid():
    z = np.linspace(-30, 30, 61)

    assert_allclose(resolve_activation("logistic").value(z), expit(z), atol=1e-15)


def test_sigmoid_is_steepest_at_zero_with_slope_one_quarter():
    activation = resolve_activation("logistic")

    slopes = activation.derivative(activation.value(np.linspace(-5, 5, 101)))

    assert slopes.max() == slopes[50] == 0.25


def test_rectifier_drops_the_unit_at_zero():
    assert resolve_activation("relu").derivative(np.zeros(1)) == 0


def test_unknown_name_lists_the_activations():
    with pytest.raises(ValueError, match="'leaky_relu', 'logistic', 'relu', 'tanh'"):
        resolve_activation("sigmoidal")


@members
def test_single_precision_says_what_double_says(name, rng):
    activation = resolve_activation(name)
    z = np.r_[rng.normal(size=50) * 10, -1e4, 0.0, 1e4].astype(np.float32)

    a, exact = activation.value(z), activation.value(z.astype(np.float64))

    assert a.dtype == np.float32
    assert_allclose(a, exact, rtol=1e-6, atol=1e-6)
    assert_allclose(activation.derivative(a), activation.derivative(exact), atol=1e-6)


def test_the_sigmoid_keeps_the_digits_of_what_is_improbable():
    z = np.linspace(-700, 30, 500)

    assert_allclose(resolve_activation("logistic").value(z), expit(z), rtol=1e-14)
