"""The lecture's numbers on generative models (lecture 6), and their recomputation on real data."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skml_lecture import GaussianGenerativeClassifier
from skml_lecture.datasets import load_naive_bayes_toy, load_pokemon

DEFENSES = [2, 4]
SINGULAR = pytest.mark.filterwarnings("ignore:A covariance is singular:UserWarning")


@pytest.fixture(scope="module")
def pokemon():
    bunch = load_pokemon(types=["water", "normal"])
    train = bunch.number < 400
    water = np.where(bunch.target == "water", 1, 0)
    return bunch.data[train], water[train], bunch.data[~train], water[~train]


def test_training_rows_are_the_lectures(pokemon):
    X, y, X_test, _ = pokemon

    model = GaussianGenerativeClassifier().fit(X, y)

    assert_array_equal(model.class_count_, [61, 79])
    assert_allclose(model.class_prior_, [0.4357, 0.5643], atol=5e-5)
    assert len(X_test) == 68


def test_moments_of_the_defenses(pokemon):
    X, y, *_ = pokemon

    model = GaussianGenerativeClassifier("full").fit(X[:, DEFENSES], y)

    assert_allclose(model.means_, [[55.56, 59.84], [75.29, 71.46]], atol=5e-3)
    assert_allclose(
        model.covariances_, [[[468, 198], [198, 553]], [[879, 329], [329, 933]]], atol=0.5
    )


def test_shared_covariance_is_pooled_by_class_fractions(pokemon):
    X, y, *_ = pokemon
    own = GaussianGenerativeClassifier("full").fit(X, y).covariances_

    shared = GaussianGenerativeClassifier("tied").fit(X, y).covariances_

    assert_allclose(shared, 61 / 140 * own[0] + 79 / 140 * own[1])


@pytest.mark.parametrize(
    ("covariance_type", "columns", "n_right"),
    [
        ("full", DEFENSES, 35),  # 51.5 %
        ("full", slice(None), 43),  # 63.2 %
        ("tied", slice(None), 51),  # 75.0 %
        ("diag", slice(None), 38),  # 55.9 %
    ],
)
def test_accuracy_of_68_test_rows(pokemon, covariance_type, columns, n_right):
    X, y, X_test, y_test = pokemon

    model = GaussianGenerativeClassifier(covariance_type).fit(X[:, columns], y)

    assert np.sum(model.predict(X_test[:, columns]) == y_test) == n_right


@SINGULAR
@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_the_collinear_seventh_feature_changes_no_posterior(pokemon, covariance_type):
    X, y, X_test, _ = pokemon
    six = GaussianGenerativeClassifier(covariance_type).fit(X, y)

    seven = GaussianGenerativeClassifier(covariance_type).fit(np.c_[X.sum(axis=1), X], y)

    assert_allclose(
        seven.predict_proba(np.c_[X_test.sum(axis=1), X_test]),
        six.predict_proba(X_test),
        atol=1e-10,
    )
    assert np.all(seven.rank_ == 6)


@SINGULAR
@pytest.mark.parametrize(
    ("covariance_type", "numbers"),
    [
        ("full", (11, 55, 71)),
        ("tied", (8, 34, 43)),
        ("diag", (9, 25, 29)),
        ("tied_diag", (7, 19, 22)),
    ],
)
def test_number_of_parameters(rng, covariance_type, numbers):
    y = np.arange(40) % 2

    counts = [
        GaussianGenerativeClassifier(covariance_type).fit(rng.normal(size=(40, d)), y).n_parameters_
        for d in (2, 6, 7)
    ]

    assert_array_equal(counts, numbers)


def rows_of(mean, covariance, n):
    """Return n rows of exactly this mean and maximum-likelihood covariance."""
    Z = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    signs = np.tile(Z, (n // 4, 1))
    return mean + signs @ np.linalg.cholesky(covariance).T


@pytest.fixture
def turtle():
    """Two classes with the lecture's means and covariances, weighing 61 and 79."""
    normal = rows_of([55.6, 59.8], [[847, 422], [422, 685]], 4)
    water = rows_of([75.0, 71.3], [[874, 327], [327, 929]], 4)
    return np.vstack([normal, water]), np.repeat([0, 1], 4), np.repeat([61 / 4, 79 / 4], 4)


def test_sea_turtle_under_own_covariances(turtle):
    model = GaussianGenerativeClassifier("full").fit(*turtle)

    assert model.predict_proba([[103, 45]])[0, 1] == pytest.approx(0.8280, abs=5e-5)


def test_sea_turtle_under_the_shared_covariance(turtle):
    model = GaussianGenerativeClassifier("tied").fit(*turtle)

    assert_allclose(model.covariances_, [[862.24, 368.39], [368.39, 822.69]], atol=5e-3)
    assert_allclose(model.coef_, [[0.02044, 0.00483]], atol=5e-6)
    assert_allclose(model.intercept_, [-1.39239], atol=5e-6)
    posterior = model.predict_proba([[103, 45]])[0, 1]
    assert posterior == pytest.approx(0.7170, abs=5e-5)
    assert posterior == pytest.approx(expit(103 * 0.02044 + 45 * 0.00483 - 1.39239), abs=1e-3)


@pytest.mark.parametrize(
    ("covariance_type", "posterior"), [("tied", 0.863942), ("tied_diag", 0.421105)]
)
def test_independence_is_what_errs_on_the_toy(covariance_type, posterior):
    X, y = load_naive_bayes_toy(return_X_y=True)

    model = GaussianGenerativeClassifier(covariance_type).fit(X, y)

    assert model.predict_proba([[1, 1]])[0, 0] == pytest.approx(posterior, abs=5e-7)


def test_shared_covariance_of_the_toy():
    X, y = load_naive_bayes_toy(return_X_y=True)

    model = GaussianGenerativeClassifier("tied").fit(X, y)

    assert_allclose(model.covariances_, [[0.2051, -0.1026], [-0.1026, 0.2051]], atol=5e-5)
    assert_allclose(-model.coef_, [[6.5, 6.5]], atol=1e-10)  # towards class 1
    assert_allclose(-model.intercept_, [-11.1516], atol=5e-5)


@SINGULAR
def test_own_covariances_of_the_toy_stay_finite():
    X, y = load_naive_bayes_toy(return_X_y=True)

    model = GaussianGenerativeClassifier("full").fit(X, y)

    assert_array_equal(model.rank_, [0, 2])
    assert_array_equal(model.predict(X), y)
