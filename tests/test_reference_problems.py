"""NIST's Statistical Reference Datasets: certified coefficients of hard linear regressions.

https://www.itl.nist.gov/div898/strd/lls/lls.shtml
"""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from skml_lecture import RidgeRegression

LONGLEY = np.array(
    """
    60323 83.0 234289 2356 1590 107608 1947 61122 88.5 259426 2325 1456 108632 1948
    60171 88.2 258054 3682 1616 109773 1949 61187 89.5 284599 3351 1650 110929 1950
    63221 96.2 328975 2099 3099 112075 1951 63639 98.1 346999 1932 3594 113270 1952
    64989 99.0 365385 1870 3547 115094 1953 63761 100.0 363112 3578 3350 116219 1954
    66019 101.2 397469 2904 3048 117388 1955 67857 104.6 419180 2822 2857 118734 1956
    68169 108.4 442769 2936 2798 120445 1957 66513 110.8 444546 4681 2637 121950 1958
    68655 112.6 482704 3813 2552 123366 1959 69564 114.2 502601 3931 2514 125368 1960
    69331 115.7 518173 4806 2572 127852 1961 70551 116.9 554894 4007 2827 130081 1962
    """.split(),
    dtype=float,
).reshape(16, 7)
NORRIS = np.array(
    """
    0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3
    449.1 448.6 778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0
    448.9 447.5 10.8 11.6 557.7 556.0 228.3 228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3
    0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0 10.2 11.1 117.6 118.3
    228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5
    """.split(),
    dtype=float,
).reshape(36, 2)
POWERS = np.vander(np.arange(21.0), 6, increasing=True)[:, 1:]  # Wampler's polynomials
TENTHS = 0.1 ** np.arange(1, 6)
PROBLEMS = {
    "Norris": (NORRIS[:, 1:], NORRIS[:, 0], [1.00211681802045], -0.262323073774029),
    "Longley": (
        LONGLEY[:, 1:],
        LONGLEY[:, 0],
        [
            15.0618722713733,
            -0.358191792925910e-01,
            -2.02022980381683,
            -1.03322686717359,
            -0.511041056535807e-01,
            1829.15146461355,
        ],
        -3482258.63459582,
    ),
    "NoInt1": (np.arange(60.0, 71)[:, np.newaxis], np.arange(130.0, 141), [2.07438016528926], None),
    "NoInt2": (
        np.array([[4.0], [5.0], [6.0]]),
        np.array([3.0, 4.0, 4.0]),
        [0.727272727272727],
        None,
    ),
    "Wampler1": (POWERS, 1 + POWERS.sum(axis=1), np.ones(5), 1.0),
    "Wampler2": (POWERS, 1 + POWERS @ TENTHS, TENTHS, 1.0),
}


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
