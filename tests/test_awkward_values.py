"""Values that generative classifiers meet in the wild: each kind is right, or a clear error."""

from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import roc_auc_score

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes

TYPES = ["tied", "full", "diag", "tied_diag", "spherical"]
GAUSSIANS = [*(GaussianGenerativeClassifier(kind) for kind in TYPES), NaiveBayes("gaussian")]
each_gaussian = pytest.mark.parametrize("model", GAUSSIANS, ids=str)
Y = [0, 1, 0, 1]


@pytest.mark.parametrize("kind", ["diag", "tied_diag", "spherical", "full", "tied"])
def test_entries_that_name_one_place_twice_mean_their_sum(kind, rng):
    rows, columns = rng.integers(0, 40, 400), rng.integers(0, 3, 400)
    X = sparse.coo_array((rng.normal(size=400), (rows, columns)), shape=(40, 3))
    order = np.argsort(rows, kind="stable")
    indptr = np.searchsorted(rows[order], np.arange(41))
    stored = sparse.csr_array((X.data[order], columns[order], indptr), shape=(40, 3))
    y = np.arange(40) % 2

    model = GaussianGenerativeClassifier(kind).fit(stored, y)

    dense = GaussianGenerativeClassifier(kind).fit(X.toarray(), y)
    assert_allclose(model.covariances_, dense.covariances_, rtol=1e-10)
    assert_allclose(model.predict_proba(stored), dense.predict_proba(X.toarray()), atol=1e-10)
    assert stored.nnz == 400


def test_two_entries_of_one_place_have_the_variance_of_their_sum():
    X = sparse.csr_array(([1.0, 1.0], [0, 0], [0, 2, 2]), shape=(2, 1))

    model = GaussianGenerativeClassifier("diag").fit(X, [0, 0])

    assert_array_equal(model.covariances_, [[1.0]])


@each_gaussian
@pytest.mark.parametrize("far", [1e4, 1e8])
def test_sparse_rows_far_from_zero_are_dense_rows(model, far, rng):
    y = rng.integers(0, 2, 300)
    X = np.where(np.arange(5) < 3, far, 0.0) + rng.normal(size=(300, 5)) + y[:, np.newaxis]
    X[:, 4] *= rng.random(300) < 0.2
    stored = sparse.csr_array(X)

    P = model.fit(stored, y).predict_proba(stored)

    assert_allclose(P, model.fit(X, y).predict_proba(X), rtol=0, atol=1e-12 * far)


@pytest.mark.parametrize("smoothing", [0, 1e-300, 1e-3, 1.0])
@pytest.mark.parametrize("n_columns", [1, 3])
def test_a_label_never_seen_is_as_if_missing(smoothing, n_columns):
    X = np.array([["x"] * n_columns] * 99 + [["y"] * n_columns], dtype=object)
    model = NaiveBayes(smoothing=smoothing).fit(X, [0] * 99 + [1])

    P = model.predict_proba(np.array([["new"] * n_columns, [None] * n_columns], dtype=object))

    assert_allclose(P, [[0.99, 0.01]] * 2)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_are_finite_where_a_class_is_impossible(n_classes, rng):
    y = np.arange(60) % n_classes
    X = rng.integers(0, 2, (60, 3))
    X[:, 0] = y == 0

    model = NaiveBayes("bernoulli", smoothing=0).fit(X, y)

    assert np.isfinite(model.decision_function(X)).all()
    assert np.isneginf(model.predict_log_proba(X)).any()
    assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])
    assert 0.5 <= roc_auc_score(y == 0, model.predict_proba(X)[:, 0]) <= 1
    if n_classes == 2:
        assert roc_auc_score(y, model.decision_function(X)) == 1.0
    calibrated = CalibratedClassifierCV(NaiveBayes("bernoulli", smoothing=0), cv=3).fit(X, y)
    assert np.isfinite(calibrated.predict_proba(X)).all()


@pytest.mark.parametrize("model", [NaiveBayes(), GaussianGenerativeClassifier("tied_diag")])
def test_scores_are_finite_where_a_prior_or_a_class_is_zero(model, rng):
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3

    announced = model.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert np.isfinite(announced.decision_function(X)).all()
    model.set_params(priors=[0.0, 0.5, 0.5]).fit(X, y)

    assert np.isfinite(model.decision_function(X)).all()
    assert_array_equal(model.predict_proba(X)[:, 0], 0.0)
    model.set_params(priors=None)


BIG = [[2**53], [2**53 + 1]] * 20


@pytest.mark.parametrize(
    "X",
    [
        np.array(BIG),
        np.array(BIG, dtype=np.uint64),
        -np.array(BIG),
        np.array([[2**62 + 1], [2**62 + 2]] * 20),
        [[2**70], [2**70 + 1]] * 20,
        pd.DataFrame({"id": np.array(BIG)[:, 0]}),
        pd.DataFrame({"id": pd.array([*np.array(BIG)[:-2, 0], None, None], dtype="Int64")}),
        pl.DataFrame({"id": np.array(BIG)[:, 0]}),
        pl.DataFrame({"id": [*np.array(BIG)[:-2, 0].tolist(), None, None]}),
        pa.table({"id": pa.array([*np.array(BIG)[:-2, 0].tolist(), None, None])}),
    ],
    ids=lambda X: type(X).__module__.split(".")[0],
)
def test_whole_numbers_are_categories_to_their_last_digit(X):
    y = np.arange(40) % 2

    model = NaiveBayes("categorical", smoothing=0).fit(X, y)

    assert_array_equal(model.predict_proba(X)[:38], np.eye(2)[y][:38])


@pytest.mark.parametrize("family", ["auto", "gaussian", "poisson"])
def test_numbers_beyond_are_numbers_where_only_their_size_counts(family):
    y = np.arange(40) % 2
    X = np.array(BIG) + 2**40 * y[:, np.newaxis]

    model = NaiveBayes(family).fit(X, y)

    assert_allclose(model.predict_proba(X), NaiveBayes(family).fit(X * 1.0, y).predict_proba(X))


def test_a_number_beyond_all_floats_is_an_error():
    with pytest.raises(ValueError, match="infinity or a value too large"):
        NaiveBayes("gaussian").fit([[10**400], [1], [2], [3]], Y)


DAY, MOMENT = date(2020, 1, 1), datetime(2020, 1, 1, 12)
STAMPS = pd.to_datetime(["2020-01-01"] * 4)
DATES = {
    "datetime64": pd.DataFrame({"when": STAMPS}),
    "time zone": pd.DataFrame({"when": STAMPS.tz_localize("UTC")}),
    "date objects": pd.DataFrame({"when": [DAY] * 4}),
    "time objects": pd.DataFrame({"when": [time(1)] * 4}),
    "dates and missing": pd.DataFrame({"when": [None, DAY, DAY, None]}),
    "period": pd.DataFrame({"when": pd.period_range("2020", periods=4, freq="D")}),
    "timedelta": pd.DataFrame({"when": pd.to_timedelta([1] * 4)}),
    "arrow date": pd.DataFrame({"when": pd.array([DAY] * 4, dtype="date32[pyarrow]")}),
    "arrow moment": pd.DataFrame({"when": pd.array([MOMENT] * 4, dtype="timestamp[us][pyarrow]")}),
    "category": pd.DataFrame({"when": pd.Categorical(STAMPS)}),
    "all missing": pd.DataFrame({"when": [pd.NaT] * 4}),
    "polars date": pl.DataFrame({"when": [DAY] * 4}),
    "polars time": pl.DataFrame({"when": [time(1)] * 4}),
    "polars moment": pl.DataFrame({"when": [MOMENT] * 4}),
    "polars duration": pl.DataFrame({"when": [timedelta(1)] * 4}),
    "array": np.array([["2020-01-01"]] * 4, dtype="M8[D]"),
    "list": [[DAY]] * 4,
    "objects": np.array([[np.datetime64("2020")]] * 4, dtype=object),
    "table of dates": pa.table({"when": pa.array([DAY] * 4)}),
    "table of moments": pa.table({"when": pa.array([MOMENT] * 4)}),
    "table of categories": pa.table({"when": pa.array([DAY] * 4).dictionary_encode()}),
}


@pytest.mark.parametrize("X", DATES.values(), ids=DATES)
@pytest.mark.parametrize("family", ["auto", "categorical", "gaussian"])
def test_dates_of_every_kind_are_one_clear_error(X, family):
    with pytest.raises(ValueError, match=r"Column .* holds dates or times .*derive features"):
        NaiveBayes(family).fit(X, Y)


@pytest.mark.parametrize(
    "value", [["a"], {"a": 1}, {"a"}, np.ones(2)], ids=lambda v: type(v).__name__
)
def test_a_list_in_a_column_is_a_clear_error(value):
    X = pd.DataFrame({"tags": [value] * 4})

    with pytest.raises(TypeError, match=rf"Column 'tags' holds a {type(value).__name__}"):
        NaiveBayes().fit(X, Y)


def test_arrow_tables_are_read_as_frames():
    columns = {
        "text": ["x", "y", None, "x"],
        "real": [1.0, None, 3.0, 4.5],
        "flag": [True, False, True, None],
        "whole": [1, 2, 3, None],
    }
    arrow, frame = pa.table(columns), pl.DataFrame(columns)

    for X in (
        arrow,
        arrow.to_batches()[0],
        arrow.set_column(0, "text", arrow["text"].dictionary_encode()),
    ):
        model = NaiveBayes({"auto": ["text", "real", "flag"], "categorical": ["whole"]}).fit(X, Y)

        fit = NaiveBayes({"auto": [0, 1, 2], "categorical": [3]}).fit(frame, Y)
        assert_array_equal(model.feature_names_in_, list(columns))
        assert model.distributions_ == fit.distributions_
        assert_array_equal(model.predict_proba(X), fit.predict_proba(frame))


def test_arrow_tables_of_numbers_are_read_as_frames():
    X = pa.table({"a": [1.0, 2.0, 3.0, 4.0], "b": [1, 0, None, 1]})
    model = NaiveBayes().fit(X, Y)

    assert_array_equal(model.feature_names_in_, ["a", "b"])
    assert model.distributions_ == ["gaussian", "bernoulli"]
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.rename_columns(["b", "a"]))


@each_gaussian
@pytest.mark.parametrize("size", [1e-155, 1e-160, 1e-170])
def test_squares_that_underflow_are_refused(model, size, rng):
    X, y = size * rng.normal(size=(40, 3)), np.arange(40) % 2

    with pytest.raises(ValueError, match="squares of X underflow: scale"):
        model.fit(X, y)
    with pytest.warns(UserWarning, match="squares of X underflow: scale"):  # there may be larger
        clone(model).partial_fit(X[:20], y[:20]).partial_fit(X[20:], y[20:])
    model.fit(X * 1e100, y)

    assert np.isfinite(model.predict_proba(X * 1e100)).all()


@each_gaussian
@pytest.mark.parametrize("weight", [1e-300, 1e-295, 1e300])
@pytest.mark.parametrize("seed", range(3))
def test_weights_of_any_size_are_weights(model, weight, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 2
    weights = np.full(60, weight)
    chances = model.fit(X, y).predict_proba(X)

    assert_allclose(model.fit(X, y, sample_weight=weights).predict_proba(X), chances)
    if weight < 1:
        later = model.fit(X, y).discount(weight).partial_fit(X, y, sample_weight=weights)
        assert_allclose(later.predict_proba(X), chances)
        with pytest.raises(ValueError, match="squares of X underflow: scale"):
            model.fit(X * 1e-8, y, sample_weight=weights)


@pytest.mark.parametrize(
    "model",
    [*GAUSSIANS, NaiveBayes(), *map(NaiveBayes, ["poisson", "bernoulli", "multinomial"])],
    ids=str,
)
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_infinity_in_sparse_rows_is_an_error_and_nothing_else(model, method, rng):
    X = sparse.csr_array(rng.integers(0, 2, (40, 3)) * 1.0)
    y = np.arange(40) % 2
    model.fit(X, y)
    X.data[3] = np.inf

    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(X, y) if method == "fit" else model.predict(X)


def test_poisson_takes_numbers_between_whole_ones_by_the_gamma_function(rng):
    X, y = rng.gamma(2.0, size=(60, 3)), np.arange(60) % 2
    model = NaiveBayes("poisson").fit(X, y)

    P = model.predict_proba(X)

    rate = model.families_[0].parameters["rate"]
    odds = X @ np.log(rate[1] / rate[0]) - (rate[1] - rate[0]).sum()
    assert_allclose(np.log(P[:, 1] / P[:, 0]), odds)
    assert_allclose(P, model.predict_proba(sparse.csr_array(X)))


@pytest.mark.parametrize("kind", TYPES)
def test_sparse_rows_under_ledoit_wolf_are_a_clear_error(kind):
    model = GaussianGenerativeClassifier(kind, shrinkage="auto")

    with pytest.raises(TypeError, match=r'shrinkage="auto" .* needs dense rows'):
        model.fit(sparse.csr_array(np.eye(4)), Y)
