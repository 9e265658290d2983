"""What the lectures on descent and logistic regression claim, recomputed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from sklearn.datasets import load_wine, make_blobs

from skml_lecture.data import Data
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective
from skml_lecture.descent.optimizers import resolve_optimizer
from skml_lecture.descent.state import State
from skml_lecture.descent.training import descend
from skml_lecture.gaussian import GaussianGenerativeClassifier
from skml_lecture.logistic import LogisticRegressionGD

CP = np.array([338, 333, 328, 207, 226, 25, 179, 60, 208, 606.0])
CP_AFTER = np.array([640, 633, 619, 393, 428, 27, 193, 66, 226, 1591.0])


def ravine(theta, _=None):
    """Return the lecture's loss of (b, w), the sum of squares, and its gradient."""
    error = theta[0] + theta[1] * CP - CP_AFTER
    return float(error @ error), 2 * np.array([error.sum(), error @ CP])


def walk(name, rate, steps=100_000):
    optimizer, theta = resolve_optimizer(name), np.array([-120.0, -4.0])
    state = State(theta, optimizer.init(theta), rate=rate)
    return descend(ravine, state, optimizer, max_iter=steps).theta


def test_adagrad_walks_the_pokemon_ravine():
    """Lee, lecture 3: b = -188.36683875, w = 2.66926407 after 100,000 steps."""
    assert_allclose(walk("adagrad", 1.0), [-188.36683875, 2.66926407], atol=1e-8)


def test_adagrads_first_steps_in_the_ravine():
    """Lee, lecture 3: from (-120, -4) by one in every coordinate, and on."""
    assert_allclose(walk("adagrad", 1.0, 1), [-119, -3])
    assert_allclose(walk("adagrad", 1.0, 2), [-118.35544, -2.35454], atol=5e-6)
    assert_allclose(walk("adagrad", 1.0, 3), [-117.86214, -1.85995], atol=5e-6)


def test_gradient_descent_crawls_along_the_ravine():
    """Lee, lecture 5: the rate 1e-7 ends far from the optimum (-188.43, 2.67)."""
    assert_allclose(walk("gd", 1e-7), [-123.692, 2.48340], atol=5e-4)


def test_gradient_descent_leaves_the_ravine_at_a_larger_rate():
    with pytest.raises(ValueError, match=r"diverged.*learning_rate=1e-05"):
        walk("gd", 1e-5)


def test_feature_scaling_turns_thousands_of_steps_into_a_few(rng):
    X, y = load_wine(return_X_y=True)
    settings = {"optimizer": "gd", "max_iter": 5000, "tol": 1e-3}

    with pytest.warns(match="max_iter=5000"):
        raw = LogisticRegressionGD(preconditioner=None, **settings).fit(X, y)
    scaled = LogisticRegressionGD(preconditioner="scale", **settings).fit(X, y)

    assert scaled.n_iter_ < raw.n_iter_ / 50
    assert scaled.loss_curve_[-1] < raw.loss_curve_[-1]


def test_cross_entropy_gradient_is_error_times_input(rng):
    X, y, theta = rng.normal(size=(5, 2)), rng.integers(0, 2, 5), rng.normal(size=3)
    loss = resolve_loss("cross_entropy", "logistic")

    _, gradient = Objective(Data(X, y[:, None].astype(float)), Network([2, 1]), loss)(theta)

    f = 1 / (1 + np.exp(-(X @ theta[:2] + theta[2])))
    assert_allclose(gradient * 5, [*((f - y) @ X), (f - y).sum()])


def test_squared_error_gradient_peaks_at_one_third_and_vanishes_at_both_ends():
    """Lee, lecture 7: |gradient| in f is largest at f = 1/3, with 8/27."""
    loss, f = resolve_loss("squared_error", "logistic"), np.linspace(0.001, 0.999, 999)

    size = np.abs(loss.gradient(np.ones((999, 1)), np.log(f / (1 - f))[:, None]))[:, 0]

    assert_allclose(f[size.argmax()], 1 / 3, atol=1e-3)
    assert_allclose(size.max(), 8 / 27, rtol=1e-5)
    assert max(size[0], size[-1]) < 0.003


def steps_to_learn(loss, X, y, limit):
    """Count plain descent steps from far away to 85 % accuracy."""
    start = {"coef_init": [[-10.0, -10.0]], "intercept_init": [0.0]}
    model = LogisticRegressionGD(
        0.0, loss=loss, optimizer="gd", learning_rate=0.1, preconditioner=None,
        warm_start=True, max_iter=20, tol=0.0,
    )  # fmt: skip
    while True:
        with pytest.warns():
            model.fit(X, y, **start)
        start = {}
        if len(model.loss_curve_) >= limit or model.score(X, y) >= 0.85:
            return len(model.loss_curve_)


def test_squared_error_stays_flat_where_cross_entropy_learns():
    """Lee, lecture 7: about a hundred steps against tens of thousands from far away."""
    X, y = make_blobs(200, centers=[[-1, -1], [1, 1]], random_state=0)

    quick = steps_to_learn("cross_entropy", X, y, 400)

    assert quick < 400
    assert steps_to_learn("squared_error", X, y, 10 * quick) >= 10 * quick


def test_softmax_of_the_lecture_example():
    """Lee, lecture 7: scores (3, 1, -3) give (.88, .12, 0)."""
    model = LogisticRegressionGD(max_iter=1, tol=np.inf).fit(np.eye(3), [0, 1, 2])
    model.coef_, model.intercept_ = np.zeros((3, 3)), np.array([3.0, 1.0, -3.0])

    P = model.predict_proba(np.zeros((1, 3)))[0]

    assert_allclose(P, [0.88, 0.12, 0], atol=5e-3)


def test_no_line_separates_xor():
    """Lee, lecture 7: the optimum is zero, with a loss of 4 ln 2."""
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]

    model = LogisticRegressionGD().fit(X, y)

    assert_allclose(model.coef_, 0, atol=1e-9)
    assert_allclose(4 * model.loss_curve_[-1], 4 * np.log(2))


def test_gaussian_and_logistic_regression_share_the_function_set(rng):
    """Lee, lecture 6: both decide by sigmoid(w x + b), with different w and b."""
    X = np.concatenate([rng.normal(size=(100, 2)), rng.exponential(size=(100, 2)) + 1])
    y = np.repeat([0, 1], 100)

    models = [GaussianGenerativeClassifier("tied").fit(X, y), LogisticRegressionGD().fit(X, y)]

    for model in models:
        z = X @ np.ravel(model.coef_) + np.ravel(model.intercept_)
        assert_allclose(model.decision_function(X), z, atol=1e-10)
        assert_allclose(model.predict_proba(X)[:, 1], expit(z), atol=1e-10)
    gaussian, logistic = (np.append(model.coef_, model.intercept_) for model in models)
    assert np.linalg.norm(gaussian - logistic) > 0.1 * np.linalg.norm(logistic)
