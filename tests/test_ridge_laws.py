"""Every route of ridge regression gives the minimiser that exact arithmetic gives."""

import tracemalloc
import warnings
from fractions import Fraction

import exact
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_score

from skml_lecture import RidgeRegression, RidgeRegressionCV

pytestmark = pytest.mark.filterwarnings(
    "ignore:The columns are nearly dependent:UserWarning",
    "ignore:LSQR did not converge",
    "ignore:The best alpha is the:UserWarning",
)


def one_hot(rng, n):
    X = np.eye(rng.integers(2, 5))[rng.integers(0, 2, n)]
    return np.column_stack([X, rng.integers(-3, 4, n)]) if rng.random() < 0.5 else X


def collinear(rng, n):
    A = rng.integers(-3, 4, (n, 2)).astype(float)
    return np.column_stack([A, A @ rng.integers(-2, 3, (2, 2))])


TABLES = {
    "one-hot": one_hot,
    "collinear": collinear,
    "regular": lambda rng, n: rng.integers(-9, 10, (n, 3)).astype(float),
    "real": lambda rng, n: rng.normal(size=(n, 3)),
    "wide": lambda rng, n: rng.integers(-3, 4, (n, n + 2)).astype(float),
}
UNITS = {  # powers of two, so that dependent columns stay so
    "one": lambda _, d: np.ones(d),
    "tiny": lambda _, d: np.full(d, 2.0**-490),
    "huge": lambda _, d: np.full(d, 2.0**480),
    "mixed": lambda rng, d: 2.0 ** rng.integers(-7, 8, d),  # what is lost: the ratio times eps
}


def rows_of(seed, table, units, weighted):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 9))
    X = TABLES[table](rng, n)
    X = X * UNITS[units](rng, X.shape[1])
    weight = rng.integers(0, 3, n).astype(float) if weighted else np.ones(n)
    weight[rng.integers(n)] += 1
    return X, rng.integers(-5, 6, n).astype(float), weight, int(rng.integers(1, n))


def fit(X, y, weight, cut, **params):
    return RidgeRegression(**params).fit(X, y, weight)


def fit_sparse(X, y, weight, cut, **params):
    return RidgeRegression(**params).fit(sparse.csr_array(X), y, weight)


def chunks(X, y, weight, cut, **params):
    model = RidgeRegression(**params)
    for rows in (slice(cut), slice(cut, None)):
        model.partial_fit(X[rows], y[rows], weight[rows])
    return model


def merge(X, y, weight, cut, **params):
    first, *others = (
        RidgeRegression(**params).partial_fit(X[rows], y[rows], weight[rows])
        for rows in (slice(cut), slice(cut, None))
        if weight[rows].any()
    )
    for other in others:
        first.merge(other)
    return first


def refit(X, y, weight, cut, *, alpha, **params):
    model = RidgeRegression(7.0, **params).partial_fit(X, y, weight)
    return model.set_params(alpha=alpha).refit()


ROUTES = [fit, fit_sparse, chunks, merge, refit]


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    table=st.sampled_from(list(TABLES)),
    units=st.sampled_from(list(UNITS)),
    weighted=st.booleans(),
    fit_intercept=st.booleans(),
)
def test_every_route_is_least_squares_of_minimum_norm(
    route, solver, seed, table, units, weighted, fit_intercept
):
    rows = rows_of(seed, table, units, weighted)

    model = route(*rows, alpha=0.0, solver=solver, fit_intercept=fit_intercept)

    X, y, weight, _ = rows
    coef, intercept = exact.ridge(X, y, 0.0, weight, fit_intercept=fit_intercept)
    size = exact.rationals(np.abs(X).max(axis=0))
    scale = max([Fraction(1, 10**6), *np.abs(coef * size)])
    error = (exact.rationals(model.coef_) - coef) * size / scale
    assert_allclose(error.astype(float), 0, atol=1e-6)
    assert model.intercept_ == pytest.approx(float(intercept), abs=1e-5 * float(max(scale, 1)))


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    table=st.sampled_from(list(TABLES)),
    alpha=st.sampled_from([0.01, 1.0, 100.0]),
    weighted=st.booleans(),
    fit_intercept=st.booleans(),
)
def test_every_route_is_ridge(route, solver, seed, table, alpha, weighted, fit_intercept):
    rows = rows_of(seed, table, "one", weighted)

    model = route(*rows, alpha=alpha, solver=solver, fit_intercept=fit_intercept)

    X, y, weight, _ = rows
    coef, intercept = exact.ridge(X, y, alpha, weight, fit_intercept=fit_intercept)
    assert_allclose(model.coef_, coef.astype(float), rtol=1e-8, atol=1e-9)
    assert model.intercept_ == pytest.approx(float(intercept), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("solver", ["auto", "svd", "lsqr"])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, bool])
@pytest.mark.parametrize("shape", [(60, 4), (20, 30)])
@pytest.mark.parametrize("of_rows", [np.asarray, sparse.csr_array])
def test_whole_numbers_are_targets_as_floats_are(solver, dtype, shape, of_rows, rng):
    """Up to the largest of their type, whose squares and differences it does not hold."""
    X, largest = of_rows(rng.normal(size=shape)), 1 if dtype is bool else np.iinfo(dtype).max
    y = (rng.random((shape[0], 2)) * min(largest, 2**62)).round().astype(dtype)

    found, expected = (
        RidgeRegression(solver=solver).fit(X, targets) for targets in (y, y.astype(float))
    )

    size = np.abs(expected.coef_).max()
    assert_allclose(found.coef_, expected.coef_, rtol=0, atol=1e-12 * size)
    assert found.score(X, y) == pytest.approx(expected.score(X, y.astype(float)), abs=1e-12)


@pytest.mark.parametrize("alpha", [0.01, 1.0])
@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), table=st.sampled_from(list(TABLES)), power=st.integers(10, 30)
)
def test_a_large_mean_costs_no_digits_without_intercept(route, alpha, seed, table, power):
    X, y, weight, cut = rows_of(seed, table, "one", weighted=True)
    X = X + 2.0**power

    model = route(X, y, weight, cut, alpha=alpha, fit_intercept=False)

    coef, _ = exact.ridge(X, y, alpha, weight, fit_intercept=False)
    lost = 1e-8 + 1e-15 * 2.0 ** (power + 7)  # half of the digits, or those of the mean
    assert_allclose(model.coef_, coef.astype(float), atol=lost * float(max(1, *np.abs(coef))))


@pytest.mark.parametrize("alpha", [0.0, 1e-16])
@pytest.mark.parametrize("route", [chunks, merge, refit])
@pytest.mark.parametrize("table", ["one-hot", "wide"])
def test_what_only_the_mean_has_is_learnt_from_statistics_to_half_of_the_digits(
    table, route, alpha
):
    for seed in range(60):
        X, y, weight, cut = rows_of(seed, table, "one", weighted=True)
        X = X + 2.0 ** (seed % 21)

        model = route(X, y, weight, cut, alpha=alpha, fit_intercept=False)

        coef, _ = exact.ridge(X, y, alpha, weight, fit_intercept=False)
        size = float(max(1, *np.abs(coef)))
        assert_allclose(model.coef_, coef.astype(float), rtol=0, atol=1e-8 * size)


@pytest.mark.parametrize("alpha", [0.0, 1e-16])
@pytest.mark.parametrize("route", [chunks, merge, refit])
def test_what_the_rounding_of_a_mean_says_is_nothing(route, alpha):
    """The mean lies in the span of what rows differ by, so that it says nothing new."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        A = rng.integers(-9, 10, (int(rng.integers(5, 10)), 2)) + 2.0 ** (seed % 15)
        X, y = A @ [[1.0, 0, 2, -1], [0, 1, 1, 3]], rng.integers(-5, 6, len(A)).astype(float)

        model = route(X, y, np.ones(len(A)), 3, alpha=alpha, fit_intercept=False)

        coef, _ = exact.ridge(X, y, alpha, fit_intercept=False)
        size = float(max(1, *np.abs(coef)))
        assert_allclose(model.coef_, coef.astype(float), rtol=0, atol=1e-6 * size)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), power=st.integers(0, 14), fit_intercept=st.booleans())
def test_directions_that_only_rows_taken_away_had_are_null(alpha, seed, power, fit_intercept):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(3, 7), 6
    X = rng.integers(-9, 10, (n + 5, d)).astype(float)
    X[:, -1] = X[:, 0] + X[:, -1] * 2.0**-power
    y = rng.integers(-5, 6, n + 5).astype(float)
    model = RidgeRegression(alpha, solver="svd", fit_intercept=fit_intercept).fit(X, y)

    try:
        model.forget(X[n:], y[n:])
    except ValueError as error:
        assume("half of the digits" not in str(error))
        raise

    coef, _ = exact.ridge(X[:n], y[:n], alpha, fit_intercept=fit_intercept)
    size = float(max(1, np.abs(coef).max()))
    assert_allclose(model.coef_, coef.astype(float), atol=1e-12 * 4.0**power * size)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1.0])
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    table=st.sampled_from(list(TABLES)),
    units=st.sampled_from(["one", "mixed"]),
    fit_intercept=st.booleans(),
    as_splitter=st.booleans(),
)
def test_rows_left_out_are_those_of_exact_fits(
    alpha, seed, table, units, fit_intercept, as_splitter
):
    units = units if alpha == 0 else "one"  # a tiny alpha and mixed units are no well-posed task
    X, y, _, _ = rows_of(seed, table, units, weighted=False)

    search = RidgeRegressionCV(
        [alpha], fit_intercept=fit_intercept, cv=LeaveOneOut() if as_splitter else None
    ).fit(X, y)

    expected = exact.left_out_score(X, y, alpha, fit_intercept=fit_intercept)
    assert search.best_score_ == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), table=st.sampled_from(list(TABLES)))
def test_folds_are_scored_as_exact_fits(alpha, seed, table):
    X, y, _, _ = rows_of(seed, table, "one", weighted=False)

    search = RidgeRegressionCV([alpha], cv=3).fit(X, y)

    scores = []
    for train, test in KFold(3).split(X):
        coef, intercept = exact.ridge(X[train], y[train], alpha)
        errors = exact.rationals(y[test]) - intercept - exact.rationals(X[test]) @ coef
        scores.append(-float(np.mean(errors**2)))
    assert search.best_score_ == pytest.approx(np.mean(scores), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("route", [chunks, merge, refit])
def test_statistics_alone_are_solved_whatever_the_solver(rng, route):
    rows = rng.normal(size=(30, 4)), rng.normal(size=30), np.ones(30), 11

    model = route(*rows, alpha=0.5, solver="lsqr")

    assert_allclose(model.coef_, RidgeRegression(0.5).fit(*rows[:2]).coef_, atol=1e-12)


@pytest.mark.parametrize("shape", [(40, 12), (15, 1200)])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
def test_folds_see_small_columns_beside_a_large_one(rng, shape, as_array):
    X, y = rng.normal(size=shape), rng.normal(size=shape[0])
    X[:, 3] *= 1e8
    alphas = [1e-3, 1.0, 100.0]

    search = RidgeRegressionCV(alphas, cv=4).fit(as_array(X), y)

    for alpha, score in zip(alphas, search.cv_results_["mean_test_score"], strict=True):
        errors = []
        for train, test in KFold(4).split(X):
            model = RidgeRegression(alpha, solver="svd").fit(X[train], y[train])
            errors.append(np.mean((y[test] - model.predict(X[test])) ** 2))
        assert score == pytest.approx(-np.mean(errors), rel=1e-6)


@pytest.mark.long
@pytest.mark.parametrize("cv", [3, LeaveOneOut(), None])
@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "neg_mean_absolute_error"])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_a_search_sees_directions_that_a_gram_matrix_loses(rng, cv, scoring, fit_intercept):
    alphas = [1e-6, 1.0]
    for _ in range(10):
        n, d = rng.integers(8, 20), rng.integers(2, 6)
        level = 10 ** rng.uniform(4, 9)
        X, y = level * rng.normal(size=(n, 1)) + rng.normal(size=(n, d)), rng.normal(size=n)

        search = RidgeRegressionCV(alphas, cv=cv, scoring=scoring, fit_intercept=fit_intercept)
        scores = search.fit(X, y).cv_results_["mean_test_score"]

        for alpha, score in zip(alphas, scores, strict=True):
            model = RidgeRegression(alpha, fit_intercept=fit_intercept, solver="svd")
            splitter = LeaveOneOut() if cv is None else cv
            expected = cross_val_score(model, X, y, cv=splitter, scoring=scoring).mean()
            assert score == pytest.approx(expected, rel=1e-5)


def test_a_level_of_its_own_beside_dollars_and_per_cent(rng):
    levels = np.eye(4)[rng.integers(0, 4, 2000)]
    dollars, percent = 1e7 * rng.normal(size=2000), 0.05 * rng.normal(size=2000)
    X = np.column_stack([levels, dollars, percent])
    y = levels @ [1.0, 2, 3, 4] + 3e-7 * dollars + 102 * percent
    model = RidgeRegression(0)

    for rows in np.array_split(np.arange(2000), 5):
        model.partial_fit(X[rows], y[rows])

    assert_allclose(model.coef_, [-1.5, -0.5, 0.5, 1.5, 3e-7, 102], rtol=1e-8)


@pytest.mark.parametrize("degree", [5, 8])
def test_chunks_of_a_polynomial_keep_their_digits_with_the_triangle(degree):
    x = np.arange(21.0)
    X = np.vander(x, degree + 1, increasing=True)[:, 1:]
    y = 1 + X.sum(axis=1)
    whole = RidgeRegression(0, solver="svd").fit(X, y)
    model = RidgeRegression(0, solver="svd")

    for rows in np.array_split(np.arange(21), 3):
        model.partial_fit(X[rows], y[rows])

    assert np.abs(model.coef_ - 1).max() < max(10 * np.abs(whole.coef_ - 1).max(), 1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("power", [3, 4, 5])
def test_a_row_of_leverage_close_to_one_is_left_out_to_its_digits(rng, power):
    X = rng.normal(size=(20, 2)) * [1.0, 10.0**-power]
    X[3, 1] = 1.0
    y = X[:, 0] + rng.normal(size=20)

    score = RidgeRegressionCV([0.0]).fit(X, y).best_score_

    assert_allclose(score, exact.left_out_score(X, y, 0.0), rtol=1e-15 * 10.0 ** (power + 1))


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-10])
@pytest.mark.parametrize("d", range(5, 15))
def test_singular_values_that_fall_without_a_gap_cost_no_fit(d, alpha):
    H = 1 / (np.arange(d + 4)[:, np.newaxis] + np.arange(d) + 1.0)
    y = H.sum(axis=1)
    model = RidgeRegression(alpha, fit_intercept=False)

    whole = model.fit(H, y).predict(H)
    chunks = clone(model).partial_fit(H[: d // 2], y[: d // 2])
    chunks.partial_fit(H[d // 2 :], y[d // 2 :])

    bias = np.sqrt(alpha)  # of directions whose singular values are below it
    assert_allclose(whole, y, rtol=1e-12 + bias)
    assert_allclose(chunks.predict(H), y, rtol=1e-8 + bias)


def test_a_gram_matrix_that_lost_digits_names_the_triangle():
    X = np.vander(np.arange(21.0), 6, increasing=True)[:, 1:]

    with pytest.warns(UserWarning, match="of 16 digits of coef_. solver='svd' keeps"):
        RidgeRegression(0).partial_fit(X, X.sum(axis=1))


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-155, 1e160, 1e300])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "lsqr"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_squares_that_leave_the_range_are_refused(size, solver, fit_intercept, method):
    model = RidgeRegression(0, solver=solver, fit_intercept=fit_intercept)
    X, y = np.array([[1.0, 1.0], [2.0, -1.0], [4.0, 0.0], [5.0, 3.0]]), [1, 2, 4, 3]
    for columns in ([size, 1.0], [size, size]):
        with pytest.raises(ValueError, match=r"their squares overflow|column 0 underflow"):
            getattr(model, method)(X * columns, y)


def test_many_targets_cost_no_memory_of_their_own(rng):
    X, Y = rng.normal(size=(2000, 20)), rng.normal(size=(2000, 1500))
    model = RidgeRegression()

    tracemalloc.start()
    model.fit(X, Y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (
        peak < 4 * Y.nbytes
    )  # products of targets with targets would be 1.5 times y by themselves


@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "lsqr"])
def test_each_target_has_its_own_alpha_and_its_own_answer(solver, rng):
    for _ in range(30):
        n, d, t = rng.integers(5, 60), rng.integers(1, 9), rng.integers(2, 5)
        X = rng.normal(size=(n, d)) @ (rng.normal(size=(d, d)) * 10.0 ** rng.integers(-3, 1, d))
        X[:, -1] += X[:, 0] * rng.choice([0, 100])
        Y = rng.normal(size=(n, t))
        alpha = rng.choice([1e-3, 2e-3, 1.0], t)

        together = RidgeRegression(alpha, solver=solver).fit(X, Y)

        for j, a in enumerate(alpha):
            one = RidgeRegression(a, solver=solver).fit(X, Y[:, j])
            size = np.abs(one.coef_).max()
            assert_allclose(together.coef_[j], one.coef_, rtol=1e-7, atol=1e-7 * size)


@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "lsqr"])
@pytest.mark.parametrize("weighted", [False, True])
def test_constant_columns_of_wide_rows_say_nothing(as_array, solver, weighted, rng):
    for _ in range(20):
        n = int(rng.integers(4, 12))
        X, y = rng.normal(size=(n, 2 * n)), rng.normal(size=n)
        X[1] = X[0]
        weight = rng.integers(1, 9, n) * 0.1 if weighted else None
        known = RidgeRegression(0.1, solver=solver).fit(as_array(X), y, weight)
        constant = np.full((n, 3), [0.1, 1e5 / 7, 1e-3])

        model = RidgeRegression(0.1, solver=solver).fit(
            as_array(np.hstack([X, constant])), y, weight
        )

        assert_allclose(model.coef_[:-3], known.coef_, atol=1e-6)
        assert_allclose(model.coef_[-3:], 0, atol=1e-9)
        alone = RidgeRegression(0, solver=solver).fit(as_array(constant), y, weight)
        assert_allclose(alone.coef_, 0, atol=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_leave_one_out_of_few_rows_is_that_of_refits(fit_intercept, weighted):
    for seed in range(120):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(4, 10))
        X, y = rng.normal(size=(n, n + int(rng.integers(0, 6)))), rng.normal(size=n)
        X[1] = X[0]
        if seed % 3 == 0:
            X *= 10.0 ** rng.uniform(-3.5, 1, n)[:, np.newaxis]
        weight = 10.0 ** rng.integers(-3, 4, n) if weighted else np.ones(n)
        alphas = [0.0, 0.1]

        model = RidgeRegressionCV(alphas, fit_intercept=fit_intercept).fit(X, y, weight)

        for a, score in zip(alphas, model.cv_results_["mean_test_score"], strict=True):
            errors = []
            for i in range(n):
                rest = np.arange(n) != i
                one = RidgeRegression(a, fit_intercept=fit_intercept, solver="svd")
                errors.append(y[i] - one.fit(X[rest], y[rest], weight[rest]).predict(X[[i]])[0])
            assert_allclose(-score, np.average(np.square(errors), weights=weight), rtol=1e-4)


@pytest.mark.parametrize("alpha", [np.int8(3), np.float16(3), np.float32(3), np.longdouble(3)])
@pytest.mark.parametrize("solver", ["auto", "svd", "lsqr"])
def test_the_type_of_alpha_does_not_matter(alpha, solver, rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)

    coef = RidgeRegression(alpha, solver=solver).fit(X, y).coef_
    best = RidgeRegressionCV(np.array([1, 3, 100], alpha.dtype)).fit(X, y).alpha_

    assert coef.dtype == np.float64
    assert_allclose(coef, RidgeRegression(3.0, solver=solver).fit(X, y).coef_, rtol=1e-12)
    assert best in (1, 3, 100)


def test_squares_of_targets_that_overflow_are_refused(rng):
    X, y = rng.normal(size=(5, 9)), 1e160 * rng.normal(size=5)

    for model in (RidgeRegression(), RidgeRegressionCV()):
        with pytest.raises(ValueError, match="too large"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="0 feature"):
        RidgeRegression().fit(X, np.empty((5, 0)))


@pytest.mark.parametrize("solver", ["auto", "svd"])
@pytest.mark.parametrize("size", [1.0, 30.0, 300.0])
@pytest.mark.parametrize("seed", range(20))
def test_the_rank_of_what_is_left_is_that_of_a_fit_on_it(solver, size, seed):
    rng = np.random.default_rng(seed)
    n, d = rng.integers(12, 40), rng.integers(2, 6)
    X, kept = rng.normal(size=(n, d)), rng.integers(3, d + 2)
    if seed % 2:
        kept = n // 2
        X[:kept, 1] = 2 * X[:kept, 0]
    X[kept:] *= size
    y = X.sum(axis=1) + rng.normal(size=n)
    model = RidgeRegression(0, solver=solver).fit(X, y)

    model.forget(X[kept:], y[kept:])

    rest = RidgeRegression(0, solver=solver).fit(X[:kept], y[:kept])
    assert_allclose(model.coef_, rest.coef_, rtol=0, atol=1e-4 * np.abs(rest.coef_).max())


@pytest.mark.parametrize("solver", ["auto", "svd"])
def test_a_column_of_zeros_is_nothing_in_what_is_left(solver, rng):
    for _ in range(10):
        X, y = rng.normal(size=(30, 3)) * [1, 0, 1], rng.normal(size=30)
        model = RidgeRegression(0, solver=solver).fit(X, y)

        model.forget(X[10:], y[10:])

        rest = RidgeRegression(0, solver=solver).fit(X[:10], y[:10])
        assert_allclose(model.coef_, rest.coef_, atol=1e-12)


@pytest.mark.parametrize(("solver", "route"), [("svd", fit), ("auto", refit)])
def test_null_directions_cost_other_columns_no_digit_in_three_of_four_tables(solver, route):
    errors = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(6, 14))
        parts = [collinear(rng, n), one_hot(rng, n), rng.integers(-9, 10, (n, 1)).astype(float)]
        X = np.hstack([parts[i] for i in rng.permutation(3)[: rng.integers(2, 4)]])
        X *= 2.0 ** rng.integers(-20, 21, X.shape[1])
        y, weight = rng.integers(-5, 6, n).astype(float), np.ones(n)
        coef, _ = exact.ridge(X, y, 0.0)

        model = route(X, y, weight, 1, alpha=0.0, solver=solver)

        size = exact.rationals(np.abs(X).max(axis=0))
        scale = max([Fraction(1, 10**6), *np.abs(coef * size)])
        error = (exact.rationals(model.coef_) - coef) * size / scale
        errors.append(float(np.abs(error).max()))

    assert np.quantile(errors, 0.75) < 1e-12


def test_many_rows_of_nearly_dependent_columns_are_solved_to_all_digits(rng):
    """The Gram's rounding grows with the rows; X and beta have so few bits that y is exact."""
    for _ in range(6):
        U, _ = np.linalg.qr(rng.normal(size=(100_000, 5)))
        V, _ = np.linalg.qr(rng.normal(size=(5, 5)))
        X = np.round(U * [1, 1, 1, 1, 1 / 3e4] @ V.T * 2**30) / 2**30
        beta = rng.integers(-99, 100, 5)

        model = RidgeRegression(0.0, fit_intercept=False).fit(X, X @ beta)

        assert model.solver_ == "cholesky"
        assert_allclose(model.coef_, beta, rtol=0, atol=1e-13 * np.linalg.norm(beta))


def levels_beside_numbers(rng, power):
    """Return levels, one column each, beside numbers of any size, and targets."""
    n, k = int(rng.integers(3, 9)), int(rng.integers(2, 4))
    levels = np.eye(k)[rng.integers(0, k, n)]
    numbers = rng.normal(size=(n, int(rng.integers(0, 3)))).round(2)
    counts = rng.integers(0, 3, (n, int(rng.integers(1, 3))))
    X = np.column_stack([levels, numbers, counts])
    return X * 10.0 ** rng.integers(-power, power + 1, X.shape[1]), rng.normal(size=n).round(2)


def test_statistics_without_an_intercept_say_what_they_lose():
    for seed in range(150):
        X, y = levels_beside_numbers(np.random.default_rng(seed), 6)
        coef, _ = exact.ridge(X, y, 0.0, fit_intercept=False)
        expected = (exact.rationals(X) @ coef).astype(float)
        model, k = RidgeRegression(0, fit_intercept=False), len(y) // 2

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model.partial_fit(X[:k], y[:k]).partial_fit(X[k:], y[k:])

        if not told:
            assert_allclose(model.predict(X), expected, atol=1e-3, err_msg=seed)
