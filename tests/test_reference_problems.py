"""Hard linear regressions, whose coefficients are certified, or those of exact arithmetic."""

import exact
import numpy as np
import pytest
from nist import PROBLEMS
from sklearn.linear_model import LinearRegression, Ridge

from skml_lecture import RidgeRegression


def correct_digits(model, coef, intercept):
    """The smallest number of correct digits of a coefficient.

    At most 12: beyond, the condition of these problems lets the last bit of a float decide.
    """
    found, certified = np.array(model.coef_), np.array(coef)
    if intercept is not None:
        found, certified = np.append(found, model.intercept_), np.append(certified, intercept)
    return min(12.0, -np.log10(np.abs(found / certified - 1).max() + 1e-16))


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd"])
def test_nine_digits_are_right_and_no_fewer_than_the_peers(name, solver):
    X, y, coef, intercept = PROBLEMS[name]
    params = {"fit_intercept": intercept is not None}

    digits = correct_digits(RidgeRegression(0, solver=solver, **params).fit(X, y), coef, intercept)

    peers = [LinearRegression(**params), Ridge(0, solver="cholesky", **params)]
    assert digits >= 9
    for peer in peers:
        assert digits >= correct_digits(peer.fit(X, y), coef, intercept)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("alpha", [1e-12, 1e-6, 1e-3])
def test_the_default_is_as_accurate_as_the_svd(name, alpha):
    X, y, *_ = PROBLEMS[name]

    auto, svd = (RidgeRegression(alpha, solver=solver).fit(X, y) for solver in ("auto", "svd"))

    condition = np.linalg.cond(X - X.mean(axis=0))
    np.testing.assert_allclose(auto.coef_, svd.coef_, rtol=max(1e-11, 1e-14 * condition))


@pytest.mark.parametrize("seed", range(20))
def test_a_penalty_leaves_small_columns_their_digits_beside_large_ones(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(8, 3)) * 2.0 ** rng.integers(0, 31, 3), rng.normal(size=8)

    model = RidgeRegression(1.0, solver="svd").fit(X, y)

    coef, _ = exact.ridge(X, y, 1.0)
    np.testing.assert_allclose(model.coef_, coef.astype(float), rtol=1e-12)
