"""Inference from the statistics of a regression: statsmodels, the closed-form posterior, laws."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.api import OLS, add_constant

from skml_lecture import LogisticRegressionGD, RidgeRegression
from skml_lecture.plotting import CoefficientDisplay


@pytest.fixture
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


def in_chunks(model, X, y):
    for rows in np.array_split(np.arange(len(y)), 3):
        model.partial_fit(X.iloc[rows], y.iloc[rows])
    return model


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_least_squares_is_that_of_statsmodels(diabetes, solver, fit_intercept):
    X, y = diabetes
    X = X + 0.1  # or the means, which the intercept's error is made of, are zero
    model = in_chunks(RidgeRegression(0, solver=solver, fit_intercept=fit_intercept), X, y)

    result = model.inference(level=0.9)

    design = add_constant(X) if fit_intercept else X
    peer = OLS(y, design).fit()
    own = slice(int(fit_intercept), None)
    assert_allclose(result.coef, peer.params.iloc[own], rtol=1e-9)
    assert_allclose(result.standard_error, peer.bse.iloc[own], rtol=1e-9)
    assert_allclose(result.t, peer.tvalues.iloc[own], rtol=1e-9)
    assert_allclose(result.p_value, peer.pvalues.iloc[own], rtol=1e-9)
    assert_allclose(result.interval, peer.conf_int(0.1).iloc[own], rtol=1e-9)
    names = ["r2", "log_likelihood", "aic", "bic", "sigma", "degrees_of_freedom"]
    theirs = [peer.rsquared, peer.llf, peer.aic, peer.bic, peer.scale**0.5, design.shape[1]]
    assert_allclose([result[name] for name in names], theirs, rtol=1e-9)
    if fit_intercept:
        assert_allclose(result.intercept.standard_error, peer.bse.iloc[0], rtol=1e-9)
    _, std = model.predict(X, return_std=True)
    assert_allclose(std, peer.get_prediction(design).se_obs, rtol=1e-9)


def test_a_weight_counts_rows(diabetes, rng):
    X, y = diabetes
    weight = rng.integers(0, 4, len(y))

    weighted = RidgeRegression(0).fit(X, y, weight).inference()

    rows = np.repeat(np.arange(len(y)), weight)
    repeated = OLS(y.iloc[rows], add_constant(X.iloc[rows])).fit()
    assert_allclose(weighted.standard_error, repeated.bse.iloc[1:], rtol=1e-9)
    assert_allclose(weighted.sigma**2, repeated.scale, rtol=1e-9)


@pytest.mark.parametrize("unit", [2.0**-30, 2.0**30])
def test_the_unit_of_the_targets_changes_no_t_and_no_p_value(diabetes, unit):
    X, y = diabetes

    one, other = (RidgeRegression(1.0).fit(X, targets).inference() for targets in (y, unit * y))

    for part, its in ((one, other), (one.intercept, other.intercept)):
        for name in ("t", "p_value"):
            assert_allclose(its[name], part[name], rtol=1e-10)
        for name in ("coef", "standard_error", "interval"):
            assert_allclose(its[name], unit * part[name], rtol=1e-10)
    assert_allclose([other.r2, other.degrees_of_freedom], [one.r2, one.degrees_of_freedom])
    assert_allclose(other.sigma, unit * one.sigma)


@pytest.mark.parametrize("duplicate", [False, True])
def test_a_penalty_is_a_gaussian_prior(diabetes, duplicate):
    X, y = (np.asarray(part) for part in diabetes)
    X = np.column_stack([X, X[:, :2]]) if duplicate else X
    model = RidgeRegression(2.0).fit(X, y)

    result = model.inference()

    Z = X - X.mean(axis=0)
    covariance = np.linalg.inv(Z.T @ Z + 2 * np.eye(X.shape[1]))
    trace = np.trace(Z @ covariance @ Z.T) + 1
    sigma = np.sqrt(np.sum((y - model.predict(X)) ** 2) / (len(y) - trace))
    assert_allclose(result.degrees_of_freedom, trace)
    assert_allclose(result.sigma, sigma)
    assert_allclose(result.standard_error, sigma * np.sqrt(covariance.diagonal()), rtol=1e-9)
    _, std = model.predict(X, return_std=True)
    spread = np.einsum("ij,jk,ik->i", Z, covariance, Z)
    assert_allclose(std, sigma * np.sqrt(1 + 1 / len(y) + spread), rtol=1e-9)


def test_it_follows_merge_forget_refit_and_pickles(diabetes):
    X, y = diabetes
    half = len(y) // 2
    parts = [RidgeRegression(0).fit(X.iloc[r], y.iloc[r]) for r in (slice(half), slice(half, None))]
    model = parts[0].merge(parts[1]).forget(X.iloc[:40], y.iloc[:40])
    model = pickle.loads(pickle.dumps(model.set_params(alpha=0.1).refit()))

    result = model.inference()

    expected = RidgeRegression(0.1).fit(X.iloc[40:], y.iloc[40:]).inference()
    for name in ("coef", "standard_error", "p_value", "sigma", "aic"):
        assert_allclose(result[name], expected[name], rtol=1e-8)


@pytest.mark.parametrize("rows", [40, 5])
def test_what_is_not_determined_is_nan_and_said_once(rng, rows):
    X = rng.normal(size=(rows, 6))
    X[:, 5] = X[:, 0]
    model = RidgeRegression(0).fit(X, rng.normal(size=rows))

    with pytest.warns(UserWarning, match="There are no standard errors") as caught:
        result = model.inference()

    assert len(caught) == 1
    assert np.isnan(result.standard_error).all()
    assert np.isnan(result.t).all()


def test_parameters_set_after_the_fit_change_nothing(diabetes):
    model = RidgeRegression(1.0).fit(*diabetes)
    before = model.inference()

    model.set_params(alpha=100.0, fit_intercept=False)

    assert_allclose(model.inference().standard_error, before.standard_error)


def test_it_reads_as_a_table(diabetes):
    text = repr(RidgeRegression(0).fit(*diabetes).inference())

    assert all(name in text for name in [*diabetes[0].columns, "intercept", "std err", "R2"])
    assert len({len(line) for line in text.splitlines()[:-1]}) == 1


def test_each_target_has_its_own(diabetes, rng):
    X, y = diabetes
    Y = np.column_stack([y, rng.normal(size=len(y))])

    both = RidgeRegression([0.0, 3.0]).fit(X, Y).inference()

    for t, alpha in enumerate([0.0, 3.0]):
        alone = RidgeRegression(alpha).fit(X, Y[:, t]).inference()
        assert_allclose(both.standard_error[t], alone.standard_error, rtol=1e-9)
        assert_allclose(both.aic[t], alone.aic, rtol=1e-9)
        assert_allclose(both.intercept.interval[t], alone.intercept.interval, rtol=1e-8)


@pytest.mark.parametrize("level", [0, 1, 2.0, "high"])
def test_levels_out_of_range_are_refused(diabetes, level):
    with pytest.raises((ValueError, TypeError), match="level"):
        RidgeRegression().fit(*diabetes).inference(level)


def test_a_fit_without_statistics_says_so(rng):
    X, y = rng.normal(size=(20, 1200)), rng.normal(size=20)

    with pytest.raises(ValueError, match="kept no statistics"):
        RidgeRegression().fit(X, y).inference()


def test_coefficients_are_drawn_with_their_intervals(diabetes):
    pipeline = make_pipeline(StandardScaler(), RidgeRegression(0)).fit(*diabetes)

    display = CoefficientDisplay.from_estimator(pipeline, level=0.9)

    result = pipeline[-1].inference(0.9)
    order = np.argsort(-np.abs(result.coef), kind="stable")
    assert_allclose(display.points_.get_xdata(), result.coef[order])
    ends = np.array([segment[:, 0] for segment in display.bars_.get_segments()])
    assert_allclose(ends, result.interval[order])
    assert display.ax_.get_xlabel() == "coefficient and 90 % interval"


def test_other_models_have_no_intervals_to_draw(diabetes):
    with pytest.raises(TypeError, match="needs a RidgeRegression"):
        CoefficientDisplay.from_estimator(LogisticRegressionGD())


@pytest.mark.parametrize("gap", [1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("alpha", [0.0, 1e-22])
def test_rows_that_were_factorised_give_the_inference_of_their_factor(rng, gap, alpha):
    z = rng.normal(size=(40, 1))
    X = np.hstack([z, z + gap * rng.normal(size=(40, 1)), rng.normal(size=(40, 2))])
    y = X.sum(axis=1) + (X[:, 1] - X[:, 0]) / gap + 0.1 * rng.normal(size=40)
    model = RidgeRegression(alpha).fit(X, y)

    result = pickle.loads(pickle.dumps(model)).inference()

    expected = RidgeRegression(alpha, solver="svd").fit(X, y)
    assert_allclose(result.r2, model.score(X, y), rtol=1e-6)
    for name, value in expected.inference().items():
        if name not in ("coef", "intercept", "t", "p_value", "interval", "feature_names"):
            assert_allclose(result[name], value, rtol=1e-6)
    _, std = model.predict(X, return_std=True)
    assert_allclose(std, expected.predict(X, return_std=True)[1], rtol=1e-6)


@pytest.mark.parametrize("noise", [1e-6, 1e-8, 0.0])
def test_noise_below_the_digits_of_the_statistics_is_said(rng, noise):
    X = rng.normal(size=(40, 3))
    y = X.sum(axis=1) + noise * rng.normal(size=40)
    model = RidgeRegression(0).fit(X, y)

    with pytest.warns(UserWarning, match="digits of sigma") as caught:
        model.inference()

    assert len(caught) == 1
    exact = RidgeRegression(0, solver="svd").fit(X, y)
    residuals = y - exact.predict(X)
    assert_allclose(exact.inference().sigma, np.sqrt(residuals @ residuals / 36), atol=1e-14)
