"""The lecture's cascade, with its numbers."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.data import Data
from skml_lecture.descent.activations import resolve_activation
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective

X_XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
Y_XOR = np.array([2, 1, 1, 2])


def two_units():
    return Network([2, 2, 1], [resolve_activation("logistic")])


def test_the_given_weights_transform_the_four_points():
    """Lee, lecture 7: (.27, .27), (.73, .05), (.05, .73)."""
    net = two_units()
    theta = np.zeros(net.n_parameters)
    net.weights(theta)[0][...] = [[-2, 2], [2, -2]]
    net.intercepts(theta)[0][...] = -1

    features = net.forward(theta, X_XOR)[0].T

    assert_allclose(features, [[0.27, 0.27], [0.73, 0.05], [0.05, 0.73], [0.27, 0.27]], atol=5e-3)


def test_one_logistic_unit_cannot_tell_xor():
    model = LogisticRegressionGD(alpha=1e-6).fit(X_XOR, Y_XOR)

    assert 4 * model.loss_curve_[-1] == pytest.approx(4 * np.log(2), abs=1e-6)
    assert model.score(X_XOR, Y_XOR) <= 0.75


def test_the_cascade_tells_xor():
    model = CascadedLogisticMLP(
        (2,), optimizer="nesterov", alpha=0, tol=1e-6, max_iter=3000, n_init=8, random_state=0
    )

    model.fit(X_XOR, Y_XOR)

    assert_array_equal(model.predict(X_XOR), Y_XOR)


@pytest.mark.parametrize(("units", "least"), [(4, 19), (2, 11)])
def test_the_default_tells_xor(units, least):
    """(2,) is no worse than ``MLPClassifier(solver="lbfgs")``, which gets 11 of 20 seeds."""
    models = [CascadedLogisticMLP((units,), random_state=seed) for seed in range(20)]

    right = 0
    for model in models:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.fit(X_XOR, Y_XOR)
        guesses = model.loss_curve_[-1] > 0.98 * np.log(2)
        assert not guesses or any("guessing" in str(warning.message) for warning in told)
        right += np.array_equal(model.predict(X_XOR), Y_XOR)

    assert right >= least


def test_zero_start_never_leaves_4_ln_2():
    net = two_units()
    data = Data(X_XOR, (Y_XOR == 2).astype(float)[:, None])
    objective = Objective(data, net, resolve_loss("cross_entropy", "logistic"))
    theta = np.zeros(net.n_parameters)

    for _ in range(1000):
        theta -= 0.5 * objective(theta)[1]

    assert_allclose(4 * objective(theta)[0], 4 * np.log(2))


def test_a_hidden_layer_reads_digits_better():
    X, y = load_digits(return_X_y=True)
    split = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    model = make_pipeline(StandardScaler(), CascadedLogisticMLP(tol=1e-3, random_state=0))
    without = make_pipeline(StandardScaler(), LogisticRegressionGD())

    model.fit(split[0], split[2])
    without.fit(split[0], split[2])

    assert model.score(split[1], split[3]) > without.score(split[1], split[3])


def test_logistic_regression_on_the_learnt_features_reproduces_predict():
    X, y = load_digits(return_X_y=True)
    model = CascadedLogisticMLP((30,), learning_rate=0.01, tol=1e-3, random_state=0).fit(X / 16, y)
    features = model.transform(X / 16)

    last = LogisticRegression()
    last.classes_, last.coef_, last.intercept_ = (
        model.classes_,
        model.coefs_[-1].T,
        model.intercepts_[-1],
    )

    assert_array_equal(last.predict(features), model.predict(X / 16))
