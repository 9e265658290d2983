"""RidgeRegression: scikit-learn as oracle, laws, lecture numbers, bad input."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skml_lecture import RidgeRegression, RidgeRegressionCV

SOLVERS = ["auto", "cholesky", "svd", "lsqr"]


@pytest.fixture(params=[(60, 8), (15, 30), (12, 1200)], ids="{0[0]}x{0[1]}".format)
def data(request, rng):
    n, d = request.param
    X = 3 + rng.normal(size=(n, d))
    Y = X[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(n, 2))
    return X, Y, rng.integers(0, 4, n).astype(float)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("as_array", [np.asarray, np.asfortranarray, sparse.csr_array])
def test_every_solver_gives_ridge(data, solver, fit_intercept, as_array):
    X, Y, weight = data
    alpha = np.array([0.5, 20.0])

    model = RidgeRegression(alpha, fit_intercept=fit_intercept, solver=solver)
    model.fit(as_array(X), Y, weight)

    peer = Ridge(alpha, fit_intercept=fit_intercept, solver="svd").fit(X, Y, weight)
    assert_allclose(model.coef_, peer.coef_, atol=1e-10)
    assert_allclose(model.intercept_, peer.intercept_, atol=1e-9)
    assert_allclose(model.predict(as_array(X)), peer.predict(X), atol=1e-9)
    assert model.solver_ == ("cholesky" if solver == "auto" else solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_alpha_zero_is_least_squares_of_minimum_norm(data, solver):
    X, Y, _ = data
    X = np.hstack([X, X[:, :1]])  # a repeated column: never of full rank

    model = RidgeRegression(0, solver=solver).fit(X, Y)

    assert_allclose(model.coef_, LinearRegression().fit(X, Y).coef_, atol=1e-9)
    by_kernel = X.shape[1] > 1000 and solver in ("auto", "cholesky")  # its rows are independent
    assert model.solver_ == ("cholesky" if by_kernel else "lsqr" if solver == "lsqr" else "svd")


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("fit_intercept", "mean"), [(True, 0.0), (False, 0.0), (True, 1e6)])
def test_least_squares_of_minimum_norm_with_repeated_and_absent_rows(
    rng, solver, fit_intercept, mean
):
    X = mean + rng.normal(size=(12, 1200))
    X, y = np.vstack([X, X[:3]]), rng.normal(size=15)
    y[12:] = y[:3]
    weight = np.array([2.0, 0, 1, 1, 3] * 3)

    model = RidgeRegression(0, fit_intercept=fit_intercept, solver=solver).fit(X, y, weight)

    peer = LinearRegression(fit_intercept=fit_intercept).fit(X - mean, y, weight)  # exact
    size = np.linalg.norm(peer.coef_)
    assert_allclose(model.coef_ / size, peer.coef_ / size, atol=1e-6 if mean else 1e-9)


@pytest.mark.parametrize("constant", [0.1, 1 / 7, 1e5 / 7, 0.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("solver", [*SOLVERS, "chunks"])
def test_a_constant_column_has_no_weight(rng, constant, dtype, as_array, solver):
    X = np.column_stack([rng.normal(size=(300, 2)), np.full(300, constant)]).astype(dtype)
    y = rng.normal(size=300)

    if solver == "chunks":
        model = RidgeRegression(0)
        for rows in np.split(np.arange(300), [7, 150]):
            model.partial_fit(as_array(X[rows]), y[rows])
    else:
        model = RidgeRegression(0, solver=solver).fit(as_array(X), y)

    assert abs(model.coef_[2]) < 1e-9
    expected = LinearRegression().fit(X[:, :2].astype(float), y)
    assert_allclose(model.coef_[:2], expected.coef_, rtol=1e-7)


@pytest.mark.long
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", [(30, 2900), (3000, 2900)])
def test_large_sparse_matrices_are_solved_by_every_solver(rng, solver, shape):
    X = sparse.random(*shape, density=0.01, format="csr", random_state=0)
    y = rng.normal(size=shape[0])
    if shape[0] > 30:
        X = X[:, :2810]

    model = RidgeRegression(0.5, solver=solver).fit(X, y)

    residual = y - model.predict(X)
    assert_allclose(X.T @ residual, 0.5 * model.coef_, atol=1e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_badly_scaled_columns_are_solved_by_every_solver(rng, solver):
    scales = np.array([1e6, 1e-6, 1, 1e3, 1e-3])
    Z = rng.normal(size=(200, 5))
    y = Z.sum(axis=1) + rng.normal(size=200)

    model = RidgeRegression(1e-10, solver=solver).fit(Z * scales, y)

    Z, y = Z - Z.mean(axis=0), y - y.mean()
    expected = np.linalg.solve(Z.T @ Z + np.diag(1e-10 / scales**2), Z.T @ y)
    assert_allclose(model.coef_ * scales, expected, rtol=1e-7)


def test_gradient_vanishes_at_the_solution(data):
    X, Y, weight = data
    model = RidgeRegression(0.7).fit(X, Y, weight)

    residual = weight[:, np.newaxis] * (Y - model.predict(X))

    assert_allclose(residual.T @ X, 0.7 * model.coef_, atol=1e-9)
    assert_allclose(residual.sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_weight_is_repetition(data, solver):
    X, Y, weight = data
    repeats = weight.astype(int)

    weighted = RidgeRegression(solver=solver).fit(X, Y, weight)

    repeated = RidgeRegression(solver=solver).fit(
        np.repeat(X, repeats, axis=0), np.repeat(Y, repeats, axis=0)
    )
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-11)
    assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-10)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_chunks_and_merged_parts_equal_one_fit(rng, offset):
    X, y, weight = offset + rng.normal(size=(90, 6)), rng.normal(size=90), rng.uniform(0, 2, 90)
    whole = RidgeRegression(2.0).fit(X, y, weight)
    parts = np.split(np.arange(90), [3, 40, 41])

    chunked = RidgeRegression(2.0)
    for part in parts:
        chunked.partial_fit(X[part], y[part], weight[part])
    merged = RidgeRegression(2.0).fit(X[parts[0]], y[parts[0]], weight[parts[0]])
    for part in parts[1:]:
        merged.merge(RidgeRegression(5.0).fit(X[part], y[part], weight[part]))

    for model in (chunked, merged):
        assert_allclose(model.coef_, whole.coef_, rtol=1e-10)
        assert_allclose(model.moments_.scatter, whole.moments_.scatter, rtol=1e-11, atol=1e-11)
        assert_allclose(model.predict(X), whole.predict(X), rtol=1e-9, atol=1e-8)


def test_merge_leaves_the_other_as_it_was(rng):
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    first, second = RidgeRegression().fit(X[:9], y[:9]), RidgeRegression().fit(X[9:], y[9:])
    before = second.coef_.copy()

    assert first.merge(second) is first

    assert_array_equal(second.coef_, before)


@pytest.mark.parametrize("alpha", [0.0, 10.0])
def test_refit_equals_fit_under_the_new_alpha(rng, alpha):
    X, y = rng.normal(size=(50, 5)), rng.normal(size=50)

    model = RidgeRegression(1.0).fit(X, y).set_params(alpha=alpha, fit_intercept=False).refit()

    expected = RidgeRegression(alpha, fit_intercept=False).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, rtol=1e-11)
    assert model.intercept_ == expected.intercept_ == 0


def test_statistics_of_deficient_rank_give_the_minimum_norm(rng):
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    X = np.hstack([X, X])

    model = RidgeRegression(0).partial_fit(X, y)

    assert model.solver_ == "eigh"
    assert_allclose(model.coef_, LinearRegression().fit(X, y).coef_, atol=1e-10)


def test_shapes_follow_the_target(rng):
    X = rng.normal(size=(20, 3))

    for y, coef, intercept in [
        (rng.normal(size=20), (3,), ()),
        (rng.normal(size=(20, 1)), (1, 3), (1,)),
        (rng.normal(size=(20, 2)), (2, 3), (2,)),
    ]:
        model = RidgeRegression().fit(X, y)
        assert model.coef_.shape == coef
        assert np.shape(model.intercept_) == intercept
        assert model.predict(X).shape == y.shape


def test_prediction_tends_to_the_mean_for_large_alpha(rng):
    X, y = 5 + rng.normal(size=(30, 4)), 7 + rng.normal(size=30)

    model = RidgeRegression(1e15).fit(X, y)

    assert_allclose(model.predict(X), y.mean(), rtol=1e-9)


@pytest.mark.parametrize(
    ("shape", "name"),
    [((5000, 1200), "lsqr"), ((300, 3000), "cg"), ((300, 1500), "cg"), ((40, 3000), "cholesky")],
)
def test_large_sparse_rows_are_solved_by_what_takes_least(rng, shape, name):
    X = sparse.random(*shape, density=0.02, format="csr", random_state=0)
    y = rng.normal(size=shape[0])

    model = RidgeRegression(0.5).fit(X, y)

    assert model.solver_ == name
    assert_allclose(model.coef_, Ridge(0.5).fit(X.toarray(), y).coef_, atol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_targets", [None, 3])
def test_wide_sparse_rows_are_solved_to_ten_digits(rng, fit_intercept, n_targets):
    """Whatever their columns: rare, full, constant, on another scale; rows of weight zero."""
    ran = set()
    for _ in range(8):
        n, d = int(rng.integers(120, 300)), int(rng.integers(1001, 3000))
        X = sparse.random(n, d, rng.uniform(0.003, 0.02), format="lil", random_state=rng)
        X[:, 5] = rng.normal(rng.choice([0, 100.0]), 1, size=(n, 1))
        X[:, 6] = 3.0
        X = X.tocsr()
        X.data *= rng.choice([1, 1, 1, 30.0], d)[X.indices]
        y = rng.normal(rng.choice([0, 50.0]), 1, size=n if n_targets is None else (n, n_targets))
        weight = rng.integers(0, 3, n).astype(float) if rng.random() < 0.5 else None
        alpha = 10 ** rng.uniform(-2, 3, n_targets)

        model = RidgeRegression(alpha, fit_intercept=fit_intercept).fit(X, y, weight)
        exact = RidgeRegression(alpha, fit_intercept=fit_intercept, solver="cholesky")
        exact.fit(X.toarray(), y, weight)

        ran.add(model.solver_)
        assert_allclose(model.coef_, exact.coef_, atol=1e-9 * abs(exact.coef_).max())
        assert_allclose(model.predict(X), exact.predict(X), rtol=1e-7, atol=1e-8 * abs(y).max())
    assert "cg" in ran


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_large_part_of_the_targets_costs_the_other_coefficients_no_digits(rng, fit_intercept):
    """A column, full or a single value, of which the targets follow another scale."""
    ran = set()
    for _ in range(12):
        n, d = int(rng.integers(120, 160)), int(rng.integers(1001, 1300))
        X = sparse.random(n, d, rng.uniform(0.003, 0.02), format="lil", random_state=rng)
        rows = [0] if rng.random() < 0.3 else range(n)
        X[rows, 5] = 10 ** rng.uniform(1, 5) * rng.normal(1, 1, size=(len(rows), 1))
        X = X.tocsr()
        y = rng.normal(size=n) + X[:, [5]].toarray()[:, 0]
        alpha = 10 ** rng.uniform(-3, 2)

        model = RidgeRegression(alpha, fit_intercept=fit_intercept).fit(X, y)
        exact = RidgeRegression(alpha, fit_intercept=fit_intercept, solver="cholesky")
        exact.fit(X.toarray(), y)

        ran.add(model.solver_)
        assert_allclose(model.coef_, exact.coef_, atol=1e-9 * abs(exact.coef_).max())
    assert "cg" in ran


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("shape", "name"), [((200, 2000), "cg"), ((5000, 1200), "lsqr")])
def test_coefficients_of_large_sparse_rows_scale_with_their_targets(
    rng, shape, name, fit_intercept
):
    scale = 10.0 ** np.array([-300, -200, -100, 0, 100, 150])
    X = sparse.random(*shape, 0.01, format="csr", random_state=rng)
    y = rng.normal(size=shape[0])

    together = RidgeRegression(fit_intercept=fit_intercept).fit(X, np.outer(y, scale))
    alone = [RidgeRegression(fit_intercept=fit_intercept).fit(X, y * unit) for unit in scale]

    assert {together.solver_, *(model.solver_ for model in alone)} == {name}
    expected = np.outer(np.ones_like(scale), alone[3].coef_)
    atol = 1e-9 * abs(expected).max()
    assert_allclose(together.coef_ / scale[:, np.newaxis], expected, atol=atol)
    apart = [model.coef_ / unit for model, unit in zip(alone, scale, strict=True)]
    assert_allclose(apart, expected, atol=atol)


@pytest.mark.parametrize("as_array", [sparse.csr_array.toarray, sparse.csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_lsqr_over_many_blocks_makes_every_gradient_vanish(rng, as_array, dtype, scale):
    X = sparse.random(3_000, 1_200, density=0.35, format="csr", random_state=0)
    X.data *= np.geomspace(1, scale, 1_200)[X.indices]
    X, weight = X.astype(dtype), rng.random(3_000)
    y = X @ rng.normal(size=1_200) / scale + rng.normal(size=3_000)

    model = RidgeRegression(3.0, solver="lsqr").fit(as_array(X), y, weight)

    X = X.toarray().astype(np.float64)
    residual = weight * (y - model.predict(X))
    sizes = np.linalg.norm(X, axis=0)
    gradient = X.T @ residual - 3.0 * model.coef_
    assert abs(residual.sum()) < 1e-7
    assert_allclose(gradient / sizes, 0, atol=1e-8 * np.linalg.norm(y))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_the_features_does_not_change_when_lsqr_stops(scale, rng):
    """Without a penalty, where columns are not scaled to unit norm."""
    X, y = rng.normal(size=(60, 12)), rng.normal(size=60)
    expected = RidgeRegression(0.0, solver="svd").fit(X, y).coef_

    model = RidgeRegression(0.0, solver="lsqr").fit(X * scale, y)

    assert_allclose(model.coef_ * scale, expected, rtol=1e-8)


def test_models_pickle_with_their_statistics(rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    model = pickle.loads(pickle.dumps(RidgeRegression().fit(X[:9], y[:9])))

    model.partial_fit(X[9:], y[9:])

    assert_allclose(model.coef_, RidgeRegression().fit(X, y).coef_)


def test_names_of_columns_are_kept_and_checked(rng):
    X = pd.DataFrame(rng.normal(size=(20, 2)), columns=["weight", "height"])
    y = rng.normal(size=20)
    model = RidgeRegression().fit(X, y)

    assert list(model.feature_names_in_) == ["weight", "height"]
    with pytest.raises(ValueError, match="feature names"):
        model.merge(RidgeRegression().fit(X.rename(columns={"height": "age"}), y))


def test_it_drops_into_a_pipeline_and_a_grid_search():
    X, y = load_diabetes(return_X_y=True)

    scores = [
        GridSearchCV(
            make_pipeline(StandardScaler(), model), {f"{name}__alpha": [0.1, 1, 100]}, cv=3
        )
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for model, name in [(RidgeRegression(), "ridgeregression"), (Ridge(), "ridge")]
    ]

    assert_allclose(*scores, rtol=1e-10)
    assert_allclose(
        cross_val_score(make_pipeline(StandardScaler(), RidgeRegression()), X, y),
        cross_val_score(make_pipeline(StandardScaler(), Ridge()), X, y),
    )


# --- bad input ---------------------------------------------------------------------------------

GOOD = np.arange(12.0).reshape(6, 2), np.arange(6.0)


@pytest.mark.parametrize(
    ("params", "X", "y", "weight", "message"),
    [
        ({}, np.where(np.eye(6, 2), np.nan, 1), GOOD[1], None, "NaN"),
        ({"solver": "svd"}, np.where(np.eye(6, 2), np.inf, 1), GOOD[1], None, "infinity"),
        ({}, GOOD[0], [1, 2, 3, 4, 5, np.inf], None, "infinity"),
        ({}, GOOD[0], GOOD[1][:5], None, "inconsistent numbers of samples"),
        ({}, GOOD[0], GOOD[1], -np.ones(6), "Negative values in sample_weight"),
        ({}, GOOD[0], GOOD[1], np.ones(5), "inconsistent numbers of samples"),
        ({}, GOOD[0], GOOD[1], np.ones((6, 1)), "sample_weight must be 1D"),
        ({"alpha": -1.0}, *GOOD, None, "alpha must be >= 0, got -1"),
        ({"alpha": [1, 2, 3]}, *GOOD, None, "one number per target"),
        ({"alpha": np.nan}, *GOOD, None, "NaN"),
        ({"solver": "cholesky "}, *GOOD, None, "solver must be one of 'auto', 'cholesky'"),
        ({}, np.empty((0, 2)), np.empty(0), None, "0 sample"),
        ({}, np.full((6, 2), "a", dtype=object), GOOD[1], None, "could not convert string"),
        ({}, 1e200 * GOOD[0], GOOD[1], None, "too large"),
        ({}, GOOD[0], 1e200 * GOOD[1], None, "too large"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_input_is_refused_and_changes_nothing(method, params, X, y, weight, message):
    model = RidgeRegression().fit(*GOOD)
    before = pickle.dumps(vars(model.set_params(**params)))

    with pytest.raises((ValueError, TypeError), match=message):
        getattr(model, method)(X, y, weight)

    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("model", [RidgeRegression(), RidgeRegressionCV()])
def test_a_fit_needs_a_row_that_weighs_something(model):
    with pytest.raises(ValueError, match="sample_weight are zero"):
        model.fit(*GOOD, np.zeros(6))


def test_a_chunk_of_no_weight_changes_nothing():
    model = RidgeRegression().fit(*GOOD)
    coef = model.coef_

    model.partial_fit(*GOOD, np.zeros(6))

    assert_array_equal(model.coef_, coef)


@pytest.mark.parametrize("model", [RidgeRegression(), RidgeRegressionCV(), RidgeRegressionCV(cv=2)])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
def test_rows_of_no_weight_must_be_finite_too(model, as_array):
    X, weight = np.where(np.eye(6, 2), np.inf, 1), np.ones(6)
    weight[:2] = 0

    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(as_array(X), GOOD[1], weight)


def test_partial_fit_of_another_width_or_number_of_targets_changes_nothing():
    model = RidgeRegression().fit(*GOOD)
    before = pickle.dumps(vars(model))

    with pytest.raises(ValueError, match="expecting 2 features"):
        model.partial_fit(np.ones((6, 3)), GOOD[1])
    with pytest.raises(ValueError, match="as many targets"):
        model.partial_fit(GOOD[0], np.ones((6, 2)))

    assert pickle.dumps(vars(model)) == before


def test_merge_with_what_does_not_fit_changes_nothing():
    model = RidgeRegression().fit(*GOOD)
    before = pickle.dumps(vars(model))

    with pytest.raises(ValueError, match="same features, got 2 here and 3"):
        model.merge(RidgeRegression().fit(np.eye(6, 3), GOOD[1]))
    with pytest.raises(ValueError, match="same shape but for its rows"):
        model.merge(RidgeRegression().fit(GOOD[0], np.ones((6, 2))))
    with pytest.raises(NotFittedError):
        model.merge(RidgeRegression())
    with pytest.raises(TypeError, match="another RidgeRegression, got Ridge"):
        model.merge(Ridge().fit(*GOOD))

    assert pickle.dumps(vars(model)) == before


def test_refit_needs_a_fit_and_its_statistics(rng):
    with pytest.raises(NotFittedError):
        RidgeRegression().refit()
    wide = RidgeRegression().fit(rng.normal(size=(5, 1500)), rng.normal(size=5))
    with pytest.raises(ValueError, match="kept no statistics"):
        wide.refit()
    assert not hasattr(wide, "moments_")


def test_statistics_of_wide_rows_are_of_the_rows_as_they_were(rng):
    X, y, weight = rng.normal(size=(12, 30)), rng.normal(size=12), rng.uniform(1, 2, 12)
    chunk, more = rng.normal(size=(40, 30)), rng.normal(size=40)
    whole = RidgeRegression(0.5).fit(
        np.vstack([X, chunk]), np.append(y, more), np.append(weight, np.ones(40))
    )

    models = [RidgeRegression(0.5).fit(X, y, weight) for _ in range(2)]
    models[1] = pickle.loads(pickle.dumps(models[1]))
    X += 1
    y *= 2
    weight *= 3

    for model in models:
        model.partial_fit(chunk, more)
        assert_allclose(model.coef_, whole.coef_, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("n", [3, 5000])
def test_a_bad_value_has_no_prediction(rng, dtype, as_array, bad, constant, n):
    X = rng.normal(size=(max(n, 20), 4)).astype(dtype)
    if constant:  # a coefficient of zero
        X[:, 1] = 2
    model = RidgeRegression().fit(X, X.sum(axis=1))
    X[n - 1, 1] = bad

    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        model.predict(as_array(X[:n]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3,), (3, 2)])
@pytest.mark.parametrize("n", [1, 5000])
def test_predictions_are_the_products_with_the_coefficients(rng, dtype, shape, n):
    X = (1000 + rng.normal(size=(n, 3))).astype(dtype)
    model = RidgeRegression().fit(rng.normal(size=(9, 3)), rng.normal(size=(9, *shape[1:])))

    expected = X.astype(np.float64) @ model.coef_.T + model.intercept_
    assert_allclose(model.predict(X), expected, rtol=1e-13)


def test_predictions_that_overflow_warn():
    model = RidgeRegression(0).fit([[0.0], [1.0]], [0.0, 3.0])

    with pytest.warns(RuntimeWarning, match="overflow"):
        assert np.isinf(model.predict([[np.finfo(float).max]]))


@pytest.mark.parametrize(("n", "d", "t"), [(3001, 50, 20), (3001, 6, 2), (999, 200, 100)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_float32_rows_are_predicted_in_float64_for_many_targets(n, d, t, fit_intercept, rng):
    X = (rng.normal(size=(n, d)) + 2000).astype(np.float32)
    Y = X @ rng.normal(size=(d, t)) + rng.normal(size=(n, t))
    model = RidgeRegression(1.0, fit_intercept=fit_intercept).fit(X, Y)

    expected = X.astype(np.float64) @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-12, atol=1e-12 * 2000 * d)
