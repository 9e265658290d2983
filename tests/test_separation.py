"""Whether classes can be separated, by construction."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from skml_lecture.data import Data
from skml_lecture.descent.separation import separates

pytestmark = [
    pytest.mark.parametrize("n_classes", [2, 3, 4]),
    pytest.mark.parametrize("of_rows", [np.asarray, csr_array]),
    pytest.mark.parametrize("fit_intercept", [True, False]),
]


def data_of(X, y, n_classes, of_rows):
    Y = np.eye(n_classes)[y]
    return Data(of_rows(X), Y[:, 1:] if n_classes == 2 else Y)


def corners(rng, n_classes):
    """Return rows along an axis for each class, labels, and weights that tell them apart."""
    y = np.repeat(np.arange(n_classes), 3)
    X = np.eye(n_classes)[y] * rng.uniform(1, 2, (len(y), 1))
    unit = 10.0 ** rng.uniform(-4, 4, n_classes)
    W = 10 * np.eye(n_classes) / unit
    return X * unit, y, W[1:] - W[:1] if n_classes == 2 else W


def test_scores_that_are_right_separate(n_classes, of_rows, fit_intercept, rng):
    for _ in range(10):
        X, W = rng.normal(size=(20, 3)), rng.normal(size=(n_classes, 3))
        b = rng.normal(size=n_classes) * fit_intercept
        data = data_of(X, np.argmax(X @ W.T + b, axis=1), n_classes, of_rows)
        if n_classes == 2:
            W, b = W[1:] - W[:1], b[1:] - b[:1]

        assert separates(data, W, b, fit_intercept)


def test_rows_on_the_boundary_do_not_keep_classes_together(n_classes, of_rows, fit_intercept, rng):
    for _ in range(5):
        X, y, W = corners(rng, n_classes)
        X, y = np.vstack([X, np.zeros((n_classes, n_classes))]), np.append(y, np.arange(n_classes))
        data, b = data_of(X, y, n_classes, of_rows), np.zeros(len(W))

        assert separates(data, W, b, fit_intercept)
        assert separates(data, W / 1e6, b, fit_intercept)  # also before anything has grown
        assert separates(data, -W, b, fit_intercept)


def test_it_does_not_matter_where_a_descent_stands(n_classes, of_rows, fit_intercept, rng):
    answers = set()
    for _ in range(20):
        y = rng.permutation(np.arange(rng.integers(n_classes, 12)) % n_classes)
        X = rng.integers(-2, 3, (len(y), 2)) * 10.0 ** rng.uniform(-4, 4, 2)
        data = data_of(X, y, n_classes, of_rows)
        places = [
            scale * rng.normal(size=(data.targets.shape[1], 2)) for scale in (0, 1e-3, 1, 1e3)
        ]

        said = {separates(data, W, np.zeros(len(W)), fit_intercept) for W in places}

        assert len(said) == 1
        answers |= said
    assert len(answers) == 2


def test_rows_of_every_class_do(n_classes, of_rows, fit_intercept, rng):
    for _ in range(5):
        X, y, W = corners(rng, n_classes)
        X, y = np.tile(X, (n_classes, 1)), np.tile(np.arange(n_classes), (len(y), 1)).T.ravel()
        data = data_of(X, y, n_classes, of_rows)

        assert not separates(data, W, np.zeros(len(W)), fit_intercept)


def test_one_row_on_the_wrong_side_keeps_two_classes_together(
    n_classes, of_rows, fit_intercept, rng
):
    """All others can be told apart, by a line of which that row is on the wrong side."""
    for _ in range(5):
        X, y, W = corners(rng, n_classes)
        middle = [X[y == 0].mean(axis=0), (X[y == 0].mean(axis=0) + X[y == 1].mean(axis=0)) / 2]
        X, y = np.vstack([X, middle, middle[1:]]), np.append(y, [1, 0, 1])
        data = data_of(X, y, n_classes, of_rows)

        separated = separates(data, W, np.zeros(len(W)), fit_intercept)

        assert separated == (n_classes > 2)  # from the others both classes stand apart


def test_too_many_rows_for_a_linear_program_say_no_by_one_on_the_wrong_side(
    n_classes, of_rows, fit_intercept, rng
):
    X, y, W = corners(rng, n_classes)
    X, y, b = np.tile(X, (30_000, 1)), np.tile(y, 30_000), np.zeros(len(W))
    Xs = of_rows(np.hstack([X, np.zeros((len(X), 12))]))
    W = np.hstack([W, np.zeros((len(W), 12))])

    assert separates(data_of(Xs, y, n_classes, of_rows), W, b, fit_intercept)
    for wrong in (rng.integers(len(y)), slice(None, None, 7)):
        of_wrong = y.copy()
        of_wrong[wrong] = (of_wrong[wrong] + 1) % n_classes
        assert not separates(data_of(Xs, of_wrong, n_classes, of_rows), W, b, fit_intercept)


def test_a_boundary_away_from_zero_needs_an_intercept(n_classes, of_rows, fit_intercept, rng):
    for _ in range(5):
        X = np.repeat(np.arange(1.0, n_classes + 1), 2)[1:-1] * 10.0 ** rng.uniform(-4, 4)
        y = np.arange(1, 2 * n_classes - 1) // 2  # each bound has rows of both sides
        X, y = np.append(X, [X[0] / 2, 2 * X[-1]]), np.append(y, [0, n_classes - 1])
        W = 20 / X.max() * np.arange(n_classes)[:, np.newaxis]
        data = data_of(X[:, np.newaxis], y, n_classes, of_rows)

        separated = separates(data, W[1:] if n_classes == 2 else W, np.zeros(len(W)), fit_intercept)

        assert separated == fit_intercept
