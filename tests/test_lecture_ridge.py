"""Numbers and claims of the regression lectures (Lee, lectures 2 and 4)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skml_lecture import RidgeRegression

CP = np.array([338, 333, 328, 207, 226, 25, 179, 60, 208, 606.0])[:, np.newaxis]
EVOLVED = np.array([640, 633, 619, 393, 428, 27, 193, 66, 226, 1591.0])
# the lecture's test points, digitised from its figure
TEST = np.array(
    [
        [15, 42, 137, 162, 170, 176, 218, 306, 517, 619.0],
        [18, 80, 147, 301, 179, 324, 423, 568, 1338, 1643.0],
    ]
).T


def average_error(model, X, y):
    """The lecture's "average error", sqrt(SSE) / n."""
    return np.linalg.norm(y - model.predict(X)) / len(y)


def polynomial(degree, alpha):
    return make_pipeline(
        PolynomialFeatures(degree, include_bias=False), StandardScaler(), RidgeRegression(alpha)
    )


@pytest.mark.parametrize(
    ("alpha", "w", "b", "digits"),
    [
        (0, 2.669455, -188.433197, 6),
        (100, 2.668359, -188.1580, 4),
        (1e4, 2.564109, -161.9913, 4),
        (1e5, 1.892090, 6.6854, 4),
    ],
)
def test_line_through_the_ten_pokemon(alpha, w, b, digits):
    model = RidgeRegression(alpha).fit(CP, EVOLVED)

    assert_allclose(model.coef_[0], w, atol=5e-7)
    assert_allclose(model.intercept_, b, atol=0.5 * 10.0**-digits)


def test_least_squares_of_the_ten_pokemon():
    model = RidgeRegression(0).fit(CP, EVOLVED)

    assert_allclose(np.sum((EVOLVED - model.predict(CP)) ** 2), 101936.73, atol=0.005)
    assert_allclose(model.score(CP, EVOLVED), 0.94449, atol=5e-6)


@pytest.mark.parametrize(
    ("degree", "train", "test"),
    [
        (1, 31.93, 35.15),
        (2, 15.45, 18.66),
        (3, 15.30, 18.29),
        (4, 14.88, 28.77),
        (5, 12.82, 232.00),
    ],
)
def test_average_error_of_each_degree(degree, train, test):
    model = polynomial(degree, 0).fit(CP, EVOLVED)

    assert_allclose(average_error(model, CP, EVOLVED), train, atol=0.005)
    assert_allclose(average_error(model, TEST[:, :1], TEST[:, 1]), test, atol=0.02)


@pytest.mark.parametrize(
    ("alpha", "train", "test"),
    [
        (0, 12.82, 232.0),
        (1e-4, 14.84, 28.2),
        (1e-3, 15.25, 19.1),
        (1e-2, 15.39, 18.0),
        (1e-1, 15.67, 19.0),
        (1, 18.04, 22.2),
        (10, 36.48, 43.8),
    ],
)
def test_the_u_curve_of_the_penalty(alpha, train, test):
    model = polynomial(5, alpha).fit(CP, EVOLVED)

    assert_allclose(average_error(model, CP, EVOLVED), train, atol=0.005)
    assert_allclose(average_error(model, TEST[:, :1], TEST[:, 1]), test, atol=0.05)


def test_a_larger_penalty_gives_smaller_weights_and_a_larger_training_error():
    models = [polynomial(5, alpha).fit(CP, EVOLVED) for alpha in np.logspace(-4, 4, 9)]

    assert (np.diff([np.linalg.norm(model[-1].coef_) for model in models]) < 0).all()
    assert (np.diff([average_error(model, CP, EVOLVED) for model in models]) > 0).all()
