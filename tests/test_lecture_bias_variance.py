"""Numbers and claims of "where does the error come from" (Lee, lecture 4)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from skml_lecture import RidgeRegression
from skml_lecture.diagnostics import bias_variance_decomposition

NOISE, N_REPEATS = 60.0, 600


def cp_curve(X):
    """A logistic stand-in for the curve in the lecture's figure."""
    return 950 * expit((350 * X[:, 1] + 350 - 485) / 85)


def powers(n, degree):
    """Powers 0 to ``degree`` of ``n`` equally spaced x from 0 to 700, scaled to [-1, 1]."""
    return np.vander(np.linspace(-1, 1, n), max(degree, 1) + 1, increasing=True)


class Constant(RidgeRegression):
    """Degree 0: ignores the inputs."""

    def fit(self, X, y):
        return super().fit(np.zeros((len(X), 1)), y)

    def predict(self, X):
        return super().predict(np.zeros((len(X), 1)))


def universes(n, degree, alpha=0.0):
    estimator = RidgeRegression(alpha) if degree else Constant(alpha)
    return bias_variance_decomposition(
        estimator,
        powers(n, degree),
        cp_curve,
        noise=NOISE,
        X_test=powers(141, degree),
        n_repeats=N_REPEATS,
        random_state=0,
    )


def sampling_errors(result):
    """Standard errors of the total squared bias and variance over finitely many universes."""
    n = len(result.predictions)
    away = result.predictions - result.mean_prediction
    slope = 2 * np.mean(away * (result.mean_prediction - result.truth), axis=1)
    spread = np.mean(away**2, axis=1)
    return np.hypot(slope.std(), result.total_variance / n**0.5) / n**0.5, spread.std() / n**0.5


def assert_agrees(result, bias_squared, variance):
    """Compare with a table from 5000 universes, rounded to whole numbers."""
    bias_error, variance_error = sampling_errors(result)
    both = np.sqrt(1 + N_REPEATS / 5000)  # the table has a sampling error too
    extra = result.total_variance * (1 / N_REPEATS - 1 / 5000)  # of the mean, in the squared bias
    assert_allclose(
        result.total_bias_squared - extra, bias_squared, rtol=0, atol=0.5 + 4 * both * bias_error
    )
    assert_allclose(
        result.total_variance + extra, variance, rtol=0, atol=0.5 + 4 * both * variance_error
    )


@pytest.mark.parametrize(
    ("n", "degree", "bias_squared", "variance"),
    [
        (10, 0, 94977, 359),
        (10, 1, 10088, 660),
        (10, 3, 933, 1209),
        (10, 5, 51, 1885),
        (100, 0, 94791, 36),
        (100, 1, 9789, 72),
        (100, 3, 782, 143),
        (100, 5, 37, 214),
    ],
)
def test_the_table_of_degrees_and_sample_sizes(n, degree, bias_squared, variance):
    assert_agrees(universes(n, degree), bias_squared, variance)


@pytest.mark.parametrize(
    ("alpha", "bias_squared", "variance"),
    [(0, 51, 1885), (0.01, 128, 1453), (0.1, 1334, 1073), (1, 9227, 710), (10, 43154, 418)],
)
def test_the_table_of_penalties(alpha, bias_squared, variance):
    assert_agrees(universes(10, 5, alpha), bias_squared, variance)


def test_simple_models_have_bias_and_complex_ones_variance():
    results = [universes(10, degree) for degree in (1, 3, 5)]

    assert (np.diff([result.total_bias_squared for result in results]) < 0).all()
    assert (np.diff([result.total_variance for result in results]) > 0).all()


def test_more_rows_lower_the_variance_and_leave_the_bias():
    few, many = universes(10, 1), universes(100, 1)

    assert many.total_variance < few.total_variance / 5
    assert many.total_bias_squared > 0.9 * few.total_bias_squared


def test_the_mean_of_many_complex_fits_is_close_to_the_truth():
    result = universes(10, 5)

    assert result.total_bias_squared < result.total_variance / 20
