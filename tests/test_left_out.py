"""Rows left out one at a time: the errors of as many refits, in closed form."""

import exact
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_wine
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_predict

from skml_lecture import RidgeRegression, RidgeRegressionCV

pytestmark = pytest.mark.filterwarnings("ignore:The best alpha is the:UserWarning")

ALPHAS = np.logspace(-2, 3, 6)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_absolute_error"])
@pytest.mark.parametrize("shape", [(90, 8), (30, 1100)])
def test_leave_one_out_is_that_of_ridge_cv(rng, fit_intercept, scoring, shape):
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])

    ours = RidgeRegressionCV(ALPHAS, fit_intercept=fit_intercept, scoring=scoring).fit(X, y)

    peer = RidgeCV(ALPHAS, fit_intercept=fit_intercept, scoring=scoring).fit(X, y)
    assert ours.alpha_ == peer.alpha_
    assert_allclose(ours.best_score_, peer.best_score_, rtol=1e-9)
    assert_allclose(ours.coef_, peer.coef_, atol=1e-11)


def test_leave_one_out_is_what_leaving_each_row_out_gives(rng):
    X, Y = 3 + rng.normal(size=(90, 8)), rng.normal(size=(90, 2))
    weight = np.linspace(0.5, 2, 90)

    ours = RidgeRegressionCV([2.0], alpha_per_target=True).fit(X, Y, weight)

    errors = np.empty_like(Y)
    for i in range(90):
        rest = np.delete(np.arange(90), i)
        model = Ridge(2.0).fit(X[rest], Y[rest], weight[rest])
        errors[i] = Y[i] - model.predict(X[[i]])[0]
    assert_allclose(ours.best_score_, -np.average(errors**2, axis=0, weights=weight), rtol=1e-10)


@pytest.mark.parametrize("power", [6, 7])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_row_of_a_leverage_close_to_one_costs_few_digits(power, fit_intercept, rng):
    for _ in range(10):
        X, y = rng.integers(-5, 6, (30, 3)).astype(float), rng.integers(-9, 10, 30).astype(float)
        X[0, 1] = 10.0**power  # 1 - leverage is a few hundred times 10^-2power

        model = RidgeRegressionCV([1e-3, 1.0], fit_intercept=fit_intercept).fit(X, y)

        scores = model.cv_results_["mean_test_score"]
        expected = [exact.left_out_score(X, y, a, fit_intercept=fit_intercept) for a in (1e-3, 1.0)]
        assert_allclose(scores, expected, rtol=1e-8)  # of RidgeCV up to 4e-4


@pytest.mark.parametrize("shape", [(20, 4), (9, 12)])
def test_folds_of_one_row_have_the_scores_of_rows_left_out(rng, shape):
    n, alphas = shape[0], [0.1, 3.0]
    X, Y, weight = rng.normal(size=shape), rng.normal(size=(n, 2)), rng.integers(1, 4, n)
    weight[n // 2] = 0
    order = rng.permutation(n)
    cv = [(np.delete(np.arange(n), i), [i]) for i in order]

    scores = RidgeRegressionCV(alphas, cv=cv).fit(X, Y, weight).cv_results_

    for f, (rest, i) in enumerate(cv):
        models = [Ridge(a, solver="svd").fit(X[rest], Y[rest], weight[rest]) for a in alphas]
        expected = [-np.mean((Y[i] - model.predict(X[i])) ** 2) for model in models]
        found = scores[f"split{f}_test_score"]
        assert_allclose(found, expected if weight[i] else [np.nan] * 2, rtol=1e-9)


@pytest.mark.parametrize("cv", [None, 5])
@pytest.mark.parametrize("table", ["collinear", "one-hot", "wide"])
@pytest.mark.parametrize("power", [-40, -10, 10, 40])
def test_scores_do_not_depend_on_the_unit_of_the_features(table, power, cv, rng):
    X, y = rng.normal(size=(60, 6)), rng.normal(size=60)
    if table == "collinear":
        X[:, 1] = X[:, 0] + 1e-6 * X[:, 1]
    elif table == "one-hot":
        X = np.eye(6)[np.arange(60) % 6]
    else:
        X = rng.normal(size=(60, 1100))
    alphas, unit = np.array([1e-8, 1e-4, 1.0]), 2.0**power

    found = RidgeRegressionCV(alphas * unit**2, cv=cv).fit(X * unit, y)

    expected = RidgeRegressionCV(alphas, cv=cv).fit(X, y)
    score, its = (model.cv_results_["mean_test_score"] for model in (expected, found))
    assert_allclose(its, score, rtol=1e-9)
    assert_allclose(found.coef_ * unit, expected.coef_, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("shape", [(60, 6), (40, 1100)])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_folds_of_nearly_dependent_tables_are_those_of_refits(shape, n_targets, rng):
    X, y = rng.normal(size=shape), rng.normal(size=(shape[0], n_targets))
    if shape[0] > shape[1]:
        X[:, 1] = X[:, 0] + 1e-6 * X[:, 1]
    else:
        X[1::2] = X[::2]
    alphas = [3e-9 * np.linalg.norm(X, 2) ** 2, 1.0]

    scores = RidgeRegressionCV(alphas, cv=5).fit(X, y).cv_results_

    for f, (train, test) in enumerate(KFold(5).split(X)):
        for a, alpha in enumerate(alphas):
            model = RidgeRegression(alpha, solver="svd").fit(X[train], y[train])
            expected = -np.mean((y[test] - model.predict(X[test])) ** 2)
            assert_allclose(scores[f"split{f}_test_score"][a], expected, rtol=1e-6)


def left_out_errors(X, y, alpha, fit_intercept=True, weight=None):
    weight = np.ones(len(y)) if weight is None else weight
    errors = np.empty(len(y))
    for i in range(len(y)):
        rest = np.delete(np.arange(len(y)), i)
        model = RidgeRegression(alpha, solver="svd", fit_intercept=fit_intercept)
        errors[i] = y[i] - model.fit(X[rest], y[rest], weight[rest]).predict(X[[i]])[0]
    return errors


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1e-8, 1.0])
@pytest.mark.parametrize("shape", [(2, 3), (5, 4), (5, 8), (30, 30), (30, 40), (30, 1100)])
def test_interpolated_rows_are_left_out_too(rng, shape, alpha, fit_intercept):
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    weight = np.linspace(0.5, 2, shape[0])

    ours = RidgeRegressionCV([alpha], fit_intercept=fit_intercept).fit(X, y, weight)

    errors = left_out_errors(X, y, alpha, fit_intercept, weight)
    assert_allclose(ours.best_score_, -np.average(errors**2, weights=weight), rtol=1e-6)


def test_a_row_with_a_column_of_its_own_is_refitted_without(rng):
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    X[:, 2] = np.arange(60) == 7

    ours = RidgeRegressionCV([0.0]).fit(X, y)

    assert_allclose(ours.best_score_, -np.mean(left_out_errors(X, y, 0.0) ** 2), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e6, 1e8])
def test_leave_one_out_keeps_its_digits_on_badly_scaled_columns(rng, scale):
    X, y = rng.normal(size=(60, 3)) * [scale, 1, 1], rng.normal(size=60)

    ours = RidgeRegressionCV([1e-3, 1.0, 10.0]).fit(X, y)

    truth = [-np.mean(left_out_errors(X, y, a) ** 2) for a in (1e-3, 1.0, 10.0)]
    assert_allclose(ours.cv_results_["mean_test_score"], truth, rtol=1e-9)


def awkward_table(rng, power):
    """Return a few rows of levels, flags and numbers, whose columns are of very different size."""
    d = int(rng.integers(1, 5))
    n = int(rng.integers(max(3, d - 1), d + 5))
    kinds = [
        lambda: np.arange(n) == rng.integers(n),
        lambda: rng.integers(0, 2, n),
        lambda: rng.normal(size=n).round(2),
        lambda: rng.integers(-3, 4, n) / 4 + rng.choice([0, 8]),
    ]
    X = np.column_stack([kinds[rng.integers(4)]() for _ in range(d)]).astype(float)
    return X * 2.0 ** rng.integers(-power, power + 1, d), rng.normal(size=n).round(2)


@pytest.mark.parametrize("power", [0, 5, 10, 13])
def test_rows_left_out_of_columns_of_any_size_have_the_errors_of_exact_arithmetic(power):
    for seed in range(25):
        rng = np.random.default_rng(seed)
        X, y = awkward_table(rng, power)
        fit_intercept = bool(rng.integers(2))
        for alpha in (0.0, 1e-8, 1.0):
            expected = exact.left_out_score(X, y, alpha, fit_intercept=fit_intercept)

            score = RidgeRegressionCV([alpha], fit_intercept=fit_intercept).fit(X, y).best_score_

            assert_allclose(score, expected, rtol=1e-6, atol=1e-6 * np.mean(y**2), err_msg=seed)


@pytest.mark.parametrize(("size", "small"), [(1e4, 1e-4), (1e6, 1), (1e8, 1), (1e8, 1e-2)])
def test_the_only_row_of_a_column_is_left_out_without_a_penalty(size, small):
    X = np.array([[1, 0, 0.1], [0, 1, 0.4], [0, 1, 0.1]]) * [size, 1, small]
    for cv in (None, LeaveOneOut()):
        model = RidgeRegressionCV([0.0], cv=cv).fit(X, [0, 1, 3])

        assert_allclose(model.best_score_, -17 / 3, rtol=1e-10)


@pytest.mark.parametrize("more", [-1, 0, 1, 2])
@pytest.mark.parametrize("zeros", [0, 3])
def test_about_as_many_rows_as_features_are_left_out_one_at_a_time(more, zeros):
    X, y = load_wine(return_X_y=True)
    for seed in range(5):
        rows = np.random.default_rng(seed).choice(len(X), X.shape[1] + more + zeros, replace=False)
        weight = np.arange(len(rows)) >= zeros

        model = RidgeRegressionCV((0.1, 1.0, 10.0)).fit(X[rows], y[rows], weight)

        kept = rows[zeros:]
        left_out = [
            cross_val_predict(RidgeRegression(alpha), X[kept], y[kept], cv=LeaveOneOut())
            for alpha in model.alphas
        ]
        expected = [-np.mean((y[kept] - predicted) ** 2) for predicted in left_out]
        assert_allclose(model.cv_results_["mean_test_score"], expected, rtol=1e-7)
