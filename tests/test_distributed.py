"""Fits of rows in Dask's blocks against fits of the same rows in memory."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, get_task_stream, wait
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError, UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)
from skml_lecture.descent.optimizers import Nesterov
from skml_lecture.distributed import DistributedFit

KINDS = ("tied", "full", "diag", "tied_diag", "spherical")
MODELS = [
    RidgeRegression(0.3),
    RidgeRegression(0.0, fit_intercept=False),
    RidgeRegression(0.3, solver="svd"),
    *(GaussianGenerativeClassifier(kind) for kind in KINDS),
    GaussianGenerativeClassifier(shrinkage="oas"),
    GaussianGenerativeClassifier("full", shrinkage="auto", priors=[0.2, 0.3, 0.5]),
    NaiveBayes(),
    NaiveBayes("histogram"),
    NaiveBayes(["gaussian", "categorical", "gaussian", "poisson"]),
]
ends = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "predict_joint_log_proba",
    "decision_function",
    "score_samples",
)


CLASSIFIERS = [
    GaussianGenerativeClassifier(),
    NaiveBayes("gaussian"),
    NaiveBayes(),
    LogisticRegressionGD(),
    CascadedLogisticMLP((5,), max_iter=2, random_state=0),
]


def name_of(model):
    return str(model).replace("\n", "")


def make_rows(rng, n=240):
    X = rng.normal(size=(n, 4))
    X[:, 1] = rng.integers(0, 3, n)
    X[:, 3] = rng.poisson(2.0, n)
    y = (X[:, 0] + 0.5 * X[:, 1] + rng.normal(size=n) > 0).astype(int) + (X[:, 2] > 0.5)
    return X, y, rng.integers(0, 3, n) / 2


def random_sizes(rng, n, n_blocks):
    """Sizes of blocks that add up to n, empty ones and single rows among them."""
    edges = np.sort(rng.choice(np.arange(n + 1), n_blocks - 1))
    sizes = np.diff([0, *edges, n])
    return tuple(int(size) for size in [*sizes, 1, 0][: len(sizes)])


def in_blocks(values, sizes):
    return da.from_array(values, chunks=(sizes, *[(size,) for size in values.shape[1:]]))


def assert_same_predictions(model, local, X, tolerance=1e-10):
    for method in METHODS:
        if hasattr(local, method):
            ours, theirs = getattr(model, method)(X), getattr(local, method)(X)
            if ours.dtype.kind in "iOU":
                assert_array_equal(ours, theirs)
            else:
                assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_blocks_equal_one_fit(engine, rng, model):
    X, y, weight = make_rows(rng)
    sizes = (100, 0, 1, 39, 100)
    weight[100:140] = 0  # blocks of no weight

    fitted = DistributedFit(model).fit(*(in_blocks(part, sizes) for part in (X, y, weight)))

    assert_same_predictions(fitted.estimator_, clone(model).fit(X, y, weight), X)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
@pytest.mark.parametrize("n_blocks", [1, 7, 50])
def test_any_cut_into_blocks_gives_the_same_model(rng, model, n_blocks):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, random_sizes(rng, len(y), n_blocks)) for part in (X, y, weight)]

    fitted = DistributedFit(model).fit(*rows)

    assert_same_predictions(fitted.estimator_, clone(model).fit(X, y, weight), X)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_blocks_of_one_class_each(rng, model):
    X, y, _ = make_rows(rng)
    X, y = X[np.argsort(y)], np.sort(y)
    sizes = tuple(np.bincount(y).tolist())

    fitted = DistributedFit(model).fit(in_blocks(X, sizes), in_blocks(y, sizes))

    assert_same_predictions(fitted.estimator_, clone(model).fit(X, y), X)


def test_blocks_of_unknown_sizes(engine, rng):
    X, y, weight = make_rows(rng)
    rows, labels, weights = (in_blocks(part, (80, 80, 80)) for part in (X, y, weight))
    some = rows[:, 0] > 0
    keep = X[:, 0] > 0

    model = DistributedFit(NaiveBayes()).fit(rows[some], labels[some], weights[some])

    local = NaiveBayes().fit(X[keep], y[keep], weight[keep])
    assert_same_predictions(model.estimator_, local, X)
    assert_array_equal(model.predict(rows[some]).compute(), local.predict(X[keep]))


@pytest.mark.parametrize("as_blocks", [sparse.csr_array, sparse.csr_matrix, np.asarray])
@pytest.mark.parametrize("of_columns", [1, 3, 4])
def test_sparse_blocks_and_several_chunks_of_columns(rng, as_blocks, of_columns):
    X, y, _ = make_rows(rng)
    rows = da.from_array(X, chunks=(70, of_columns)).map_blocks(as_blocks)

    model = DistributedFit(RidgeRegression()).fit(rows, y)

    assert_allclose(model.estimator_.coef_, RidgeRegression().fit(X, y).coef_, rtol=1e-10)
    assert_allclose(model.predict(rows).compute(), model.estimator_.predict(X), rtol=1e-10)


def test_near_singular_regression_by_triangular_factors(engine, rng):
    t = np.linspace(0, 1, 400)
    X, y = np.vander(t, 9), np.cos(6 * t) + rng.normal(scale=0.1, size=400)

    model = DistributedFit(RidgeRegression(1e-10, solver="svd"))
    model.fit(in_blocks(X, (150, 150, 100)), y)

    exact = RidgeRegression(1e-10, solver="svd").fit(X, y)
    assert_allclose(model.estimator_.predict(X), exact.predict(X), rtol=1e-8, atol=1e-8)


def make_frame(rng, n=200):
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "color": rng.choice(["red", "green", None], n),
            "grade": pd.Categorical(rng.choice(list("xyz"), n)),
            "old": rng.random(n) > 0.5,
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame["label"] = np.where(rng.random(n) > 0.4, "yes", "no")
    return frame


def test_mixed_naive_bayes_of_a_data_frame(engine, rng):
    frame = make_frame(rng)
    names = ["size", "color", "grade", "old"]
    blocks = dd.from_pandas(frame, npartitions=5)

    model = DistributedFit(NaiveBayes()).fit(blocks[names], blocks["label"])

    local = NaiveBayes().fit(frame[names], frame["label"])
    assert_same_predictions(model.estimator_, local, frame[names])
    assert model.feature_names_in_.tolist() == names
    probabilities = model.predict_proba(blocks[names]).compute()
    assert_allclose(probabilities, local.predict_proba(frame[names]), rtol=1e-10)
    assert model.score(blocks[names], blocks["label"]) == local.score(frame[names], frame["label"])


def test_several_targets_of_a_data_frame(rng):
    frame = pd.DataFrame(rng.normal(size=(90, 4)), columns=list("abst"))
    blocks = dd.from_pandas(frame, npartitions=4)

    model = DistributedFit(RidgeRegression()).fit(blocks[["a", "b"]], blocks[["s", "t"]])

    local = RidgeRegression().fit(frame[["a", "b"]], frame[["s", "t"]])
    assert_allclose(model.estimator_.coef_, local.coef_, rtol=1e-10)
    assert model.predict(blocks[["a", "b"]]).compute().shape == (90, 2)
    score = model.score(blocks[["a", "b"]], blocks[["s", "t"]])
    assert score == pytest.approx(local.score(frame[["a", "b"]], frame[["s", "t"]]))


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_predictions_are_lazy_and_of_the_declared_shape_and_type(rng, model):
    X, y, weight = make_rows(rng)
    rows = in_blocks(X, (100, 0, 140))
    fitted = DistributedFit(model).fit(rows, y, weight)

    for method in METHODS:
        if not hasattr(fitted, method):
            continue
        lazy, local = getattr(fitted, method)(rows), getattr(fitted.estimator_, method)(X)
        assert isinstance(lazy, da.Array)
        assert (lazy.shape, lazy.dtype) == (local.shape, local.dtype)
        assert_array_equal(lazy.blocks[0].compute(), local[:100])
        assert_array_equal(lazy.compute(), local)


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_the_score_is_a_float_and_that_of_the_estimator(rng, model):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, (100, 0, 140)) for part in (X, y, weight)]
    fitted = DistributedFit(model).fit(*rows)

    score = fitted.score(*rows)

    assert type(score) is float
    assert score == pytest.approx(fitted.estimator_.score(X, y, weight), rel=1e-12)


def told(score, *rows):
    """The score of rows, minus infinity where it raises; and whether it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = score(*rows)
        except ValueError:
            result = -np.inf
    return result, any(issubclass(one.category, UndefinedMetricWarning) for one in caught)


def assert_same_score(model, rows, sizes):
    blocks = [None if part is None else in_blocks(part, sizes) for part in rows]

    ours, theirs = told(model.score, *blocks), told(model.estimator_.score, *rows)

    assert ours[1] == theirs[1]
    assert ours[0] == pytest.approx(theirs[0], rel=1e-12, nan_ok=True)


SPOILT = {
    "as they are": lambda y, w: (y, w),
    "no weights": lambda y, _: (y, None),
    "NaN in y": lambda y, w: (broken(y, 200, np.nan), w),
    "infinity in y": lambda y, w: (broken(y, 200, np.inf), w),
    "NaN in y of weight zero": lambda y, w: (broken(y, 200, np.nan), broken(w, 200, 0.0)),
    "no weight in a block": lambda y, w: (y, broken(w, slice(100, None), 0.0)),
    "targets in a column": lambda y, w: (y[:, None], w),
    "two targets": lambda y, w: (np.column_stack([y, y]), w),
    "three dimensions": lambda y, w: (y[:, None, None], w),
    "digits": lambda y, w: (np.round(y).astype(int).astype(str), w),
    "words": lambda y, w: (np.where(y > 0, "a", "b"), w),
    "constant targets": lambda y, w: (np.ones_like(y), w),
    "complex targets": lambda y, w: (y + 1j, w),
}


@pytest.mark.parametrize("case", SPOILT)
@pytest.mark.parametrize("n_targets", [None, 2])
def test_a_score_of_a_regressor_in_blocks_takes_what_it_takes_in_memory(rng, case, n_targets):
    for _ in range(3):
        X, y, weight = make_rows(rng)
        y = y + rng.normal(size=240)
        targets = y if n_targets is None else rng.normal(size=(240, n_targets)) + y[:, None]
        model = DistributedFit(RidgeRegression()).fit(in_blocks(X, (100, 0, 140)), targets)

        assert_same_score(model, [X, *SPOILT[case](y, weight + 0.1)], (100, 0, 140))


@pytest.mark.parametrize("case", [case for case in SPOILT if "complex" not in case])
def test_a_score_of_a_classifier_in_blocks_takes_what_it_takes_in_memory(rng, case):
    X, y, weight = make_rows(rng)
    model = DistributedFit(NaiveBayes("gaussian")).fit(in_blocks(X, (100, 0, 140)), y)

    assert_same_score(model, [X, *SPOILT[case](y + 0.0, weight + 0.1)], (100, 0, 140))


@pytest.mark.parametrize("model", [RidgeRegression(), NaiveBayes("gaussian")], ids=name_of)
@pytest.mark.parametrize("n_rows", [1, 2])
def test_a_score_of_few_rows(rng, model, n_rows):
    X, y, _ = make_rows(rng)
    model = DistributedFit(model).fit(in_blocks(X, (100, 140)), y)

    assert_same_score(model, [X[:n_rows], y[:n_rows]], (1,) * n_rows)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("model", [RidgeRegression(), NaiveBayes("gaussian")], ids=name_of)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y, w: (broken(y, 200, np.nan), w), r"X\.blocks\[1\].*NaN"),
        (lambda y, w: (y, broken(w, 30, np.nan)), r"X\.blocks\[0\].*sample_weight.*NaN"),
        (lambda y, w: (y, broken(w, 200, np.inf)), r"X\.blocks\[1\].*sample_weight.*infinity"),
        (lambda y, w: (y, broken(w, 200, -1.0)), r"X\.blocks\[1\].*Negative values"),
        (lambda y, w: (y, w[:, None]), r"X\.blocks\[\d\].*sample_weight must be 1D"),
        (lambda y, w: (np.column_stack([y, y, y, y]), w), r"X\.blocks\[\d\]"),
        (lambda y, w: (y, 0 * w), "all values of sample_weight are zero"),
    ],
)
def test_a_score_says_which_block_is_at_fault(rng, model, change, message):
    X, y, weight = make_rows(rng)
    model = DistributedFit(model).fit(in_blocks(X, (120, 120)), y)
    new, weight = change(y + 0.0, weight)

    with pytest.raises(ValueError, match=f"(?s){message}"):
        model.score(*(in_blocks(part, (120, 120)) for part in (X, new, weight)))


def test_rows_of_two_calls_and_rows_taken_away(engine, rng):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, (60,) * 4) for part in (X, y, weight)]
    first, second = ([part[half] for part in rows] for half in (slice(120), slice(120, None)))
    model = DistributedFit(NaiveBayes())

    model.partial_fit(*first[:2], classes=[0, 1, 2], sample_weight=first[2])
    model.partial_fit(*second[:2], sample_weight=second[2])

    assert_same_predictions(model.estimator_, NaiveBayes().fit(X, y, weight), X)
    model.forget(*second)
    local = NaiveBayes().fit(X[:120], y[:120], weight[:120])
    assert_same_predictions(model.estimator_, local, X)
    model.merge(DistributedFit(NaiveBayes()).fit(*second))
    assert_same_predictions(model.estimator_, NaiveBayes().fit(X, y, weight), X)


@pytest.mark.parametrize("cv", [4, KFold(3, shuffle=True, random_state=0)], ids=str)
@pytest.mark.parametrize("known", [True, False])
def test_a_search_by_folds(engine, rng, cv, known):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, (100, 0, 1, 139)) for part in (X, y, weight)]
    if not known:
        rows = [part[rows[0][:, 0] > -99] for part in rows]

    search = DistributedFit(RidgeRegressionCV([0.1, 10.0, 1000.0], cv=cv)).fit(*rows).estimator_

    local = RidgeRegressionCV([0.1, 10.0, 1000.0], cv=cv).fit(X, y, weight)
    assert search.alpha_ == local.alpha_
    scores = search.cv_results_["mean_test_score"]
    assert_allclose(scores, local.cv_results_["mean_test_score"], rtol=1e-10)
    assert_allclose(search.coef_, local.coef_, rtol=1e-10)


at_the_edge = pytest.mark.filterwarnings("ignore:The best alpha is")


def make_splits(rng, n):
    """Splits of every kind that the numbers of n rows tell."""
    everything, fold = np.arange(n), np.append(np.arange(3), rng.integers(-1, 3, n - 3))
    some = {"train_size": 0.4, "test_size": 0.3, "random_state": 0}
    return {
        "a number": 3,
        "shuffled folds": KFold(4, shuffle=True, random_state=0),
        "repeated folds": RepeatedKFold(n_splits=3, n_repeats=4, random_state=0),
        "repeated halves": RepeatedKFold(n_splits=2, n_repeats=5, random_state=0),
        "shuffles": ShuffleSplit(6, random_state=0),
        "parts of shuffles": ShuffleSplit(5, **some),
        "time": TimeSeriesSplit(4),
        "time with gaps": TimeSeriesSplit(3, gap=2, max_train_size=n // 3),
        "predefined": PredefinedSplit(fold),
        "drawn twice": [(rng.integers(0, n, n), rng.integers(0, n, n // 3)) for _ in range(4)],
        "masks": [(rng.random(n) < 0.6, rng.random(n) < 0.4) for _ in range(3)],
        "tests on the training rows": [(everything, everything)],
        "positions from the end": [(everything[: n // 2] - n // 2, everything[: n // 2])],
    }


SPLITS = list(make_splits(np.random.default_rng(0), 30))
SCORINGS = (None, "r2", "neg_root_mean_squared_error", "neg_mean_absolute_error")


def assert_same_results(search, local, tolerance=1e-10):
    assert_array_equal(search.alpha_, local.alpha_)
    assert search.cv_results_.keys() == local.cv_results_.keys()
    for key, values in local.cv_results_.items():
        if key.endswith("test_score"):
            assert_allclose(search.cv_results_[key], values, rtol=tolerance, atol=tolerance)
    assert_allclose(search.best_score_, local.best_score_, rtol=tolerance, atol=tolerance)
    scale = np.abs(local.coef_).max()
    assert_allclose(search.coef_ / scale, local.coef_ / scale, atol=tolerance)
    assert_allclose(search.intercept_, local.intercept_, rtol=tolerance, atol=tolerance)


@at_the_edge
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", SPLITS)
def test_a_search_by_any_splits_that_row_numbers_tell(name, seed):
    rng = np.random.default_rng([seed, SPLITS.index(name)])
    n, d, t = rng.integers(30, 200), rng.integers(1, 5), rng.integers(1, 4)
    X = rng.normal(size=(n, d)) * 10 ** rng.uniform(-0.5, 0.5, d) + rng.integers(-3, 3, d)
    y = X @ rng.normal(size=(d, t)) + rng.normal(size=(n, t))
    y = y if rng.integers(2) else y[:, 0]
    weight = (np.ones(n), rng.integers(0, 3, n) / 2, rng.random(n))[rng.integers(3)]
    model = RidgeRegressionCV(
        [0.01, 1.0, 100.0],
        cv=make_splits(rng, int(n))[name],
        scoring=SCORINGS[rng.integers(len(SCORINGS))],
        alpha_per_target=bool(rng.integers(2)),
        fit_intercept=bool(rng.integers(4)),
    )
    sizes = random_sizes(rng, n, rng.integers(1, 21))

    search = DistributedFit(model).fit(in_blocks(X, sizes), in_blocks(y, sizes), weight)

    assert_same_results(search.estimator_, clone(model).fit(X, y, weight))


@at_the_edge
@pytest.mark.parametrize("scoring", SCORINGS)
def test_splits_of_any_kind_on_workers(engine, rng, scoring):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, (100, 0, 1, 139)) for part in (X, y, weight)]
    rows = [part[rows[0][:, 0] > -1e99] for part in rows]  # of unknown sizes

    for cv in make_splits(rng, 240).values():
        model = RidgeRegressionCV(cv=cv, scoring=scoring)
        search = DistributedFit(model).fit(*rows).estimator_
        assert_same_results(search, clone(model).fit(X, y, weight))


@at_the_edge
@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("cv", [4, TimeSeriesSplit(4), ShuffleSplit(4, random_state=0)], ids=str)
def test_scores_of_rows_that_are_almost_met_keep_their_digits(rng, scoring, cv):
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2.0, 3.0] + 1e-6 * rng.normal(size=200)
    model = RidgeRegressionCV([1e-6, 1e-4, 1e-2], cv=cv, scoring=scoring)

    search = DistributedFit(model).fit(in_blocks(X, (90, 110)), y).estimator_

    local = clone(model).fit(X, y)
    assert search.alpha_ == local.alpha_
    ours, theirs = (part.cv_results_["mean_test_score"] for part in (search, local))
    assert_allclose(ours - (scoring == "r2"), theirs - (scoring == "r2"), rtol=1e-5)


@at_the_edge
@pytest.mark.parametrize("scoring", SCORINGS)
def test_splits_that_are_all_of_a_kind_of_row(rng, scoring):
    X, _, weight = make_rows(rng, 60)
    y = X[:, 0] + rng.normal(size=60)
    y[:15] = 2.5  # a test of one value
    weight[15:30] = 0  # of no weight
    splits = [(np.arange(20, 60), np.arange(15)), (np.arange(15), np.arange(15, 30))]
    splits += [(np.arange(50), np.arange(50, 60)), (np.arange(60), np.arange(59, 60))]
    model = RidgeRegressionCV(cv=splits, scoring=scoring)

    search = DistributedFit(model).fit(in_blocks(X, (40, 20)), y, weight).estimator_

    assert_same_results(search, clone(model).fit(X, y, weight))
    with pytest.raises(ValueError, match="rows of zero weight only"):
        DistributedFit(clone(model).set_params(cv=splits[1:2])).fit(
            in_blocks(X, (40, 20)), y, weight
        )


@pytest.mark.parametrize("cv", [None, 3, ShuffleSplit(3, random_state=0)], ids=str)
def test_searches_without_rows_are_refused(rng, cv):
    X, y, _ = make_rows(rng, 20)
    search = DistributedFit(RidgeRegressionCV(cv=cv))

    with pytest.raises(ValueError, match="zero: no row is left to fit"):
        search.fit(in_blocks(X, (10, 10)), y, np.zeros(20))
    with pytest.raises(ValueError, match=r"Every block of X is empty.*by RidgeRegressionCV"):
        search.fit(in_blocks(X[:0], (0, 0)), y[:0])


@at_the_edge
@pytest.mark.parametrize(
    "cv",
    [
        4,
        KFold(3, shuffle=True, random_state=0),
        PredefinedSplit(np.arange(240) % 7 % 3),
        [(np.arange(80, 240), np.arange(80)), (np.arange(80), np.arange(80, 240))],
    ],
    ids=str,
)
def test_statistics_of_folds_are_in_the_order_of_the_splits(rng, cv):
    X, y, weight = make_rows(rng)
    rows, search = in_blocks(X, (100, 140)), DistributedFit(RidgeRegressionCV(cv=cv))

    statistics = [
        search.summarize(rows, y, weight),
        search.fit(rows, y, weight).estimator_.statistics_,
    ]

    local = RidgeRegressionCV(cv=cv).summarize(X, y, weight)
    for statistic in statistics:
        for ours, theirs in zip(statistic.values.folds, local.values.folds, strict=True):
            assert_allclose(ours.mean, theirs.mean, rtol=1e-12)


@at_the_edge
def test_every_pair_of_rows_left_out(rng):
    X, y, _ = make_rows(rng, 9)
    model = RidgeRegressionCV([1.0, 10.0], cv=LeavePOut(2))

    search = DistributedFit(model).fit(in_blocks(X, (4, 5)), y).estimator_

    assert_same_results(search, clone(model).fit(X, y))


@at_the_edge
@pytest.mark.parametrize("name", SPLITS)
def test_statistics_of_splits_are_no_more_than_their_sets(client, rng, name):
    X, y, _ = make_rows(rng)
    X, cv = np.tile(X, 5), make_splits(rng, 240)[name]
    n_splits = cv if isinstance(cv, int) else len(cv) if isinstance(cv, list) else cv.get_n_splits()

    with get_task_stream(client) as stream:
        DistributedFit(RidgeRegressionCV(cv=cv)).fit(in_blocks(X, (100, 140)), y)

    tasks = [task for task in stream.data if "summarize-RidgeRegressionCV" in task["key"]]
    one = 8 * 20**2 + 2_000  # a Gram matrix, and the small arrays beside it
    assert max(task["nbytes"] for task in tasks) < (2 * n_splits + 1) * one + 10_000


@pytest.mark.parametrize(
    "cv",
    [
        StratifiedKFold(3),
        RepeatedStratifiedKFold(n_splits=3),
        StratifiedShuffleSplit(3),
        GroupKFold(3),
        GroupShuffleSplit(3),
        LeaveOneGroupOut(),
    ],
    ids=str,
)
def test_splits_that_row_numbers_do_not_tell_are_refused(rng, cv):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 140))

    with pytest.raises(ValueError, match=r"(reads y|'groups').*from the numbers of the rows"):
        DistributedFit(RidgeRegressionCV(cv=cv)).fit(rows, y)
    with pytest.raises(TypeError, match="takes no groups of rows in blocks"):
        DistributedFit(RidgeRegressionCV(cv=cv)).fit(rows, y, groups=y)


@pytest.mark.parametrize(
    ("cv", "message"),
    [
        (300, "n_splits=300 greater than the number of samples: n_samples=240"),
        (1, "n_splits=2 or more"),
        ("five", "as an integer, .*cross-validation object"),
        (b"five", "cv must be a number of folds, a splitter, or pairs"),
        ([], "one split or more"),
        ([(np.arange(5), [])], "The test set of fold 0 of cv is empty"),
    ],
)
def test_splits_that_are_none_are_refused_as_in_memory(rng, cv, message):
    X, y, _ = make_rows(rng)

    for rows in (X, in_blocks(X, (100, 140))):
        with pytest.raises(ValueError, match=message):
            DistributedFit(RidgeRegressionCV(cv=cv)).fit(rows, y)


@at_the_edge
@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("per_target", [True, False])
def test_a_search_that_leaves_one_row_out(engine, rng, scoring, per_target):
    X, y, weight = make_rows(rng)
    y = np.column_stack([y, X[:, 0] ** 2 + rng.normal(size=240)])
    X[7] *= 1e6  # leverage one
    model = RidgeRegressionCV([1e-3, 1.0, 100.0], scoring=scoring, alpha_per_target=per_target)
    rows = [in_blocks(part, (100, 0, 1, 139)) for part in (X, y, weight)]
    rows = [part[rows[0][:, 0] > -1e99] for part in rows]  # of unknown sizes

    search = DistributedFit(model).fit(*rows).estimator_

    assert_same_search(search, clone(model).fit(X, y, weight))


def assert_same_search(search, local, tolerance=1e-9):
    assert_allclose(search.alpha_, local.alpha_)
    scores = search.cv_results_["mean_test_score"]
    assert_allclose(scores, local.cv_results_["mean_test_score"], rtol=tolerance)
    assert_allclose(search.coef_, local.coef_, rtol=tolerance)
    assert_allclose(search.best_score_, local.best_score_, rtol=tolerance)


@at_the_edge
@pytest.mark.parametrize("as_block", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_rows", [4, 60])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error"])
def test_leave_one_out_of_few_rows_and_of_sparse_ones(
    rng, as_block, fit_intercept, n_rows, scoring
):
    X, y, _ = make_rows(rng, n_rows)
    X[:, 2] *= rng.random(n_rows) < 0.2
    model = RidgeRegressionCV("auto", fit_intercept=fit_intercept, scoring=scoring)

    search = DistributedFit(model).fit(da.from_array(X, chunks=(7, 4)).map_blocks(as_block), y)

    assert_same_search(search.estimator_, clone(model).fit(X, y), tolerance=1e-7)


def test_leave_one_out_of_a_near_singular_regression(rng):
    t = np.linspace(0, 1, 400)
    X, y = np.vander(t, 9), np.cos(6 * t) + rng.normal(scale=0.1, size=400)
    model = RidgeRegressionCV([0.0, 1e-12, 1e-6, 1e-3])

    search = DistributedFit(model).fit(in_blocks(X, (150, 150, 100)), y).estimator_

    local = clone(model).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert_allclose(scores, local.cv_results_["mean_test_score"], rtol=1e-7)
    assert search.alpha_ == local.alpha_
    assert_allclose(search.predict(X), local.predict(X), rtol=1e-9)


def test_searches_that_sums_do_not_say_are_refused(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 140))

    with pytest.raises(ValueError, match="every row in one test set"):
        DistributedFit(RidgeRegressionCV(cv=ShuffleSplit(3, random_state=0))).summarize(rows, y)
    for cv in (None, 3):
        with pytest.raises(ValueError, match="fit on the rows for any other"):
            DistributedFit(RidgeRegressionCV(cv=cv, scoring="max_error")).fit(rows, y)


def test_statistics_of_blocks_are_those_of_the_rows(rng):
    X, y, weight = make_rows(rng)

    statistic = DistributedFit(RidgeRegression()).summarize(in_blocks(X, (100, 140)), y, weight)

    model = RidgeRegression().fit_statistics(statistic)
    assert_allclose(model.coef_, RidgeRegression().fit(X, y, weight).coef_, rtol=1e-10)


def test_a_fitted_model_knows_nothing_of_dask(rng):
    X, y, _ = make_rows(rng)
    model = DistributedFit(GaussianGenerativeClassifier()).fit(in_blocks(X, (100, 140)), y)
    code = (
        "import pickle, sys; model = pickle.load(sys.stdin.buffer); "
        "model.predict([[0.0] * 4]); sys.exit('dask' in sys.modules)"
    )

    result = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(model.estimator_), check=False
    )

    assert result.returncode == 0


def test_the_package_imports_nothing_of_dask():
    code = "import skml_lecture, sys; sys.exit('dask' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("as_rows", [np.asarray, lambda part: da.from_array(part, chunks=40)])
def test_inside_a_grid_search(rng, as_rows):
    X, y, _ = make_rows(rng)
    grid = {"estimator__alpha": [0.01, 1.0, 100.0]}

    search = GridSearchCV(DistributedFit(RidgeRegression()), grid, cv=3)
    search.fit(as_rows(X).reshape(-1, 4), as_rows(y))

    local = GridSearchCV(RidgeRegression(), {"alpha": grid["estimator__alpha"]}, cv=3).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert_allclose(scores, local.cv_results_["mean_test_score"], rtol=1e-10)


def test_frames_and_unknown_sizes_inside_a_grid_search(rng):
    X, y, _ = make_rows(rng)
    frame = dd.from_pandas(pd.DataFrame(X).assign(y=y), npartitions=3)
    rows = frame.drop(columns="y").to_dask_array(lengths=True)
    labels = frame["y"].to_dask_array()
    grid = {"estimator__var_floor": [1e-9, 1e-1]}

    search = GridSearchCV(DistributedFit(NaiveBayes("gaussian")), grid, cv=3)
    search.fit(rows, labels.compute_chunk_sizes())

    local = GridSearchCV(NaiveBayes("gaussian"), {"var_floor": [1e-9, 1e-1]}, cv=3).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert_allclose(scores, local.cv_results_["mean_test_score"], rtol=1e-10)


def test_parameters_are_nested_and_clones_are_unfitted(rng):
    X, y, _ = make_rows(rng)
    model = DistributedFit(RidgeRegression(2.0)).fit(in_blocks(X, (240,)), y)

    copy = clone(model).set_params(estimator__alpha=5.0)

    assert model.get_params()["estimator__alpha"] == 2.0
    assert copy.estimator.alpha == 5.0
    with pytest.raises(NotFittedError):
        copy.predict(X)
    assert is_classifier(DistributedFit(NaiveBayes()))


@ends
@pytest.mark.parametrize("whole", [True, False])
def test_hidden_features_of_blocks_are_an_array_in_any_container(rng, whole):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 0, 140))
    model = DistributedFit(clone(NETWORK)).set_output(transform=None if whole else "pandas")

    with config_context(transform_output="pandas" if whole else "default"):
        features = model.fit_transform(rows, y)[:, :2].compute(scheduler="synchronous")
        frame = model.transform(X)

    assert type(features) is np.ndarray
    assert list(frame.columns) == list(model.get_feature_names_out())
    assert_array_equal(features, frame.iloc[:, :2])


def test_only_what_wraps_a_transformer_transforms(rng):
    X, y, _ = make_rows(rng)

    for model in (DistributedFit(RidgeRegression()), DistributedFit(RidgeRegression()).fit(X, y)):
        for method in ("transform", "fit_transform", "set_output", "get_feature_names_out"):
            assert not hasattr(model, method)


def broken(X, row, value):
    X = X.copy()
    X[row] = value
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y, w: (broken(X, 130, np.nan), y, w), r"X\.blocks\[2\].*NaN"),
        (lambda X, y, w: (broken(X, 70, np.inf), y, w), r"X\.blocks\[1\].*infinity"),
        (lambda X, y, w: (X, broken(y + 0.0, 239, np.nan), w), r"X\.blocks\[3\].*y contains NaN"),
        (lambda X, y, w: (X, y, broken(w, 0, -1)), r"X\.blocks\[0\].*Negative values"),
        (lambda X, y, w: (X, y, 0 * w), "no row is left to fit"),
        (lambda X, y, w: (X, y[:200], w), "inconsistent numbers of samples: 240 in X and 200 in y"),
        (lambda X, y, w: (X, y, w[:-1]), "240 in X and 239 in sample_weight"),
        (lambda X, y, w: (X[:0], y[:0], w[:0]), "minimum of 1 sample is required"),
        (lambda X, y, w: (X[:, 0], y, w), "Expected 2D array"),
    ],
)
@pytest.mark.parametrize("model", [RidgeRegression(), NaiveBayes("gaussian")], ids=name_of)
def test_a_failed_fit_says_where_and_changes_nothing(engine, rng, model, change, message):
    X, y, weight = make_rows(rng)
    fitted = DistributedFit(model).fit(in_blocks(X, (60,) * 4), y)
    before = fitted.predict(X)
    if "NaN" in message and "y contains" not in message and not isinstance(model, RidgeRegression):
        model = fitted.set_params(estimator=GaussianGenerativeClassifier())

    with pytest.raises(ValueError, match=f"(?s){message}"):
        fitted.fit(*(da.from_array(part, chunks=60) for part in change(X, y, weight)))

    assert_array_equal(fitted.predict(X), before)


def with_a_task_called(name, X):
    """Rows in two blocks, one of which a task of that name makes."""
    parts = [dask.delayed(np.asarray)(X[:120], dask_key_name=name), dask.delayed(X[120:])]
    return da.concatenate([da.from_delayed(part, (120, 4), X.dtype) for part in parts])


@pytest.mark.parametrize("weight", [2, 3.0])
def test_a_weight_is_no_task_of_the_caller(engine, rng, weight):
    X, y, _ = make_rows(rng)

    fitted = DistributedFit(RidgeRegression()).fit(with_a_task_called(weight, X), y, weight)

    expected = RidgeRegression().fit(X, y, np.full(len(y), weight))
    assert_allclose(fitted.estimator_.coef_, expected.coef_, rtol=1e-10)


def test_the_name_of_a_block_is_no_task_of_the_caller(engine, rng):
    X, y, _ = make_rows(rng)
    rows = with_a_task_called("X.blocks[0]", broken(X, 7, np.nan))

    with pytest.raises(ValueError, match=r"^X\.blocks\[0\]: Input X contains NaN"):
        DistributedFit(RidgeRegression()).fit(rows, y)


class Locked(RidgeRegression):
    """A model that cannot be sent anywhere."""

    def __init__(self, alpha=1.0):
        super().__init__(alpha)
        self.lock = threading.Lock()


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_what_can_not_be_sent_is_fitted_by_threads(rng, caplog, scheduler):
    X, y, _ = make_rows(rng)
    with dask.config.set(scheduler=scheduler):
        fitted = DistributedFit(Locked()).fit(in_blocks(X, (60,) * 4), y)

    assert_allclose(fitted.predict(X), RidgeRegression().fit(X, y).predict(X))
    assert not caplog.records


def test_blocks_of_another_width_or_length_are_named(engine, rng):
    X, y, _ = make_rows(rng)
    narrow = dask.delayed(X[60:120, :3])
    parts = [da.from_delayed(part, (60, 4), X.dtype) for part in (dask.delayed(X[:60]), narrow)]
    short = [da.from_delayed(dask.delayed(y[:size]), (60,), y.dtype) for size in (60, 59)]

    with pytest.raises(ValueError, match=r"X\.blocks\[1\]: X has 3 features"):
        DistributedFit(NaiveBayes()).fit(da.concatenate(parts), y[:120])
    with pytest.raises(ValueError, match=r"X\.blocks\[1\]: .*60 in the block of X and 59"):
        DistributedFit(NaiveBayes()).fit(
            da.from_array(X[:120], chunks=(60, 4)), da.concatenate(short)
        )


def of_unknown_shape(values, sizes):
    """Blocks of which nothing is declared but their number of dimensions."""
    parts = np.split(values, np.cumsum(sizes)[:-1])
    shape = (np.nan,) * values.ndim
    blocks = [da.from_delayed(dask.delayed(part), shape, values.dtype) for part in parts]
    return da.concatenate(blocks, allow_unknown_chunksizes=True)


OF_ANY_KIND = [
    *MODELS,
    RidgeRegressionCV([1.0, 10.0]),
    RidgeRegressionCV([1.0, 10.0], cv=ShuffleSplit(3, random_state=0)),
    SemiSupervisedEM(NaiveBayes("gaussian"), tol=1.0),
    LogisticRegressionGD(),
    LogisticRegressionGD(batch_size=30, random_state=0, max_iter=2, early_stopping=True),
    CascadedLogisticMLP((5,), random_state=0, max_iter=2),
]


@ends
@at_the_edge
@pytest.mark.parametrize("model", OF_ANY_KIND, ids=name_of)
def test_columns_of_which_the_number_is_not_declared(rng, model):
    X, y, weight = make_rows(rng)
    rows = [of_unknown_shape(part, (100, 0, 140)) for part in (X, y, weight)]

    fitted = DistributedFit(model).fit(*rows)

    local = clone(model).fit(X, y, weight)
    assert fitted.n_features_in_ == 4
    assert_same_predictions(fitted.estimator_, local, X, tolerance=1e-8)
    for method in (*METHODS, "transform"):
        if hasattr(fitted, method) and hasattr(local, method):
            ours = getattr(fitted, method)(rows[0]).compute()
            assert_array_equal(ours, getattr(fitted.estimator_, method)(X))
    assert fitted.score(*rows) == pytest.approx(fitted.estimator_.score(X, y, weight), rel=1e-12)


@pytest.mark.parametrize("model", OF_ANY_KIND, ids=name_of)
def test_blocks_of_several_widths_that_are_not_declared_are_named(rng, model):
    X, y, _ = make_rows(rng)
    parts = [of_unknown_shape(X[:190], (10,) * 19), of_unknown_shape(X[190:, :3], (50,))]
    rows = da.concatenate(parts, allow_unknown_chunksizes=True)
    message = r"^X\.blocks\[19\]: (X has 3 features here, but 4 features in|.*of the 3 columns)"

    with pytest.raises(ValueError, match=message):
        DistributedFit(model).fit(rows, of_unknown_shape(y, (10,) * 19 + (50,)))


@ends
@pytest.mark.parametrize("model", [LogisticRegressionGD(), CascadedLogisticMLP((5,), max_iter=2)])
def test_a_stream_of_columns_whose_number_is_not_declared(rng, model):
    X, y, _ = make_rows(rng)
    rows, labels = (of_unknown_shape(part, (100, 140)) for part in (X, y))
    streamed = DistributedFit(model).partial_fit(rows, labels, classes=[0, 1, 2])

    assert streamed.partial_fit(rows, labels).n_features_in_ == 4
    parts = [of_unknown_shape(X[:100, :3], (100,)), of_unknown_shape(X[100:], (140,))]
    narrow = da.concatenate(parts, allow_unknown_chunksizes=True)
    with pytest.raises(ValueError, match=r"X\.blocks\[0\].*3 features.*expecting 4 features"):
        streamed.partial_fit(narrow, labels)


def test_small_blocks_of_undeclared_width_are_told(rng):
    X, y, _ = make_rows(rng)

    for model in (RidgeRegression(), LogisticRegressionGD(max_iter=1, tol=1e9)):
        with pytest.warns(UserWarning, match=r"to blocks of about 2097152 rows"):
            DistributedFit(model).fit(
                of_unknown_shape(X, (1,) * 240), of_unknown_shape(y, (1,) * 240)
            )


def test_unknown_labels_and_features_of_a_later_call(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (120, 120))
    model = DistributedFit(NaiveBayes("gaussian")).partial_fit(rows, y, classes=[0, 1, 2])
    before = model.predict_proba(X)

    with pytest.raises(ValueError, match=r"Labels \[5\] are not among the classes"):
        model.partial_fit(rows, np.where(y == 2, 5, y))
    with pytest.raises(ValueError, match="3 features, but NaiveBayes is expecting 4"):
        model.partial_fit(rows[:, :3], y)
    with pytest.raises(ValueError, match=r"cannot be taken away|below zero"):
        model.forget(rows, np.full(240, 1))
    with pytest.raises(ValueError, match=r"X\.blocks\[\d\].*3 features"):
        model.predict(rows[:, :3]).compute()

    assert_array_equal(model.predict_proba(X), before)


@ends
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name_of)
@pytest.mark.parametrize("announced", [True, False])
def test_the_block_of_a_label_that_was_not_announced_is_named(rng, model, announced):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (60,) * 4)
    fitted = DistributedFit(model)
    if announced:
        fitted.partial_fit(rows, y, classes=[0, 1, 2])
    before = pickle.dumps(getattr(fitted, "estimator_", None))

    with pytest.raises(ValueError, match=r"X\.blocks\[2\].*abels.*\[9\]"):
        fitted.partial_fit(rows, broken(y, 130, 9), classes=[0, 1, 2])

    assert pickle.dumps(getattr(fitted, "estimator_", None)) == before


@ends
@pytest.mark.parametrize("model", CLASSIFIERS, ids=name_of)
@pytest.mark.parametrize("kind", [object, None])
@pytest.mark.parametrize("n_blocks", [2, 20])
def test_strings_in_a_block_and_numbers_in_another_are_told_of_a_block(rng, model, kind, n_blocks):
    X, y, _ = make_rows(rng)
    words = y.astype(str).astype(kind or str)
    labels = [*np.split(y, n_blocks)[:-1], np.split(words, n_blocks)[-1]]
    labels = [da.from_delayed(dask.delayed(part), part.shape, object) for part in labels]
    rows = in_blocks(X, (240 // n_blocks,) * n_blocks)

    with pytest.raises(ValueError, match=r"X\.blocks\[.*(Mix of label|strings? and number)"):
        DistributedFit(model).fit(rows, da.concatenate(labels))


@ends
@pytest.mark.parametrize("order", [1, -1])
def test_blocks_of_labels_without_weight_do_not_count(rng, order):
    X, y, _ = make_rows(rng)
    words = y[:120].astype(str).astype(object)
    labels = np.concatenate([words, np.full(120, "other", object)][::order])
    weight = np.repeat([1.0, 0.0], 120)[::order]

    fitted = DistributedFit(LogisticRegressionGD()).fit(in_blocks(X, (120, 120)), labels, weight)

    assert_array_equal(fitted.classes_, ["0", "1", "2"])


SET_LATER = [
    (RidgeRegression(1.0), {"alpha": 1000.0}),
    (RidgeRegression(1.0), {"fit_intercept": False}),
    (GaussianGenerativeClassifier("full"), {"covariance_type": "tied"}),
    (GaussianGenerativeClassifier(), {"shrinkage": 0.5}),
    (NaiveBayes("gaussian"), {"priors": [0.8, 0.1, 0.1]}),
    (NaiveBayes("gaussian"), {"var_floor": 0.1}),
    (LogisticRegressionGD(random_state=0), {"alpha": 10.0}),
    (LogisticRegressionGD(random_state=0), {"learning_rate": 1e-3}),
    (CascadedLogisticMLP((5,), random_state=0), {"alpha": 10.0}),
]


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("method", ["partial_fit", "forget", "merge"])
@pytest.mark.parametrize(("model", "params"), SET_LATER, ids=str)
def test_parameters_that_are_set_later_hold_from_the_next_call_on(
    rng, model, params, method, in_memory
):
    if not hasattr(model, method):
        return
    X, y, _ = make_rows(rng)
    rows = [X, y] if in_memory else [in_blocks(part, (60,) * 4) for part in (X, y)]
    fitted = DistributedFit(clone(model)).partial_fit(*rows)
    local = clone(model).partial_fit(X, y)
    more, here = ([part[60:200] for part in whole] for whole in (rows, (X, y)))
    if method == "merge":
        more, here = ([clone(model).partial_fit(*here)] for _ in range(2))

    fitted.set_params(**{f"estimator__{name}": value for name, value in params.items()})
    getattr(fitted, method)(*more)

    expected = getattr(local.set_params(**params), method)(*here)
    assert_same_predictions(fitted.estimator_, expected, X, 1e-8)


@ends
@pytest.mark.parametrize("cls", [LogisticRegressionGD, CascadedLogisticMLP])
def test_a_generator_goes_on_from_where_the_last_call_left_it(rng, cls):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 140))
    options = {"max_iter": 3, "batch_size": 30, "random_state": np.random.RandomState(0)}

    fitted = DistributedFit(cls(**options)).fit(rows, y).partial_fit(rows, y)

    local = cls(**options).fit(X, y).partial_fit(X, y)
    assert_same_predictions(fitted.estimator_, local, X)


@pytest.mark.parametrize("method", ["partial_fit", "forget", "summarize"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_another_estimator_does_not_go_on_from_the_fitted_model(rng, method, in_memory):
    X, y, _ = make_rows(rng)
    rows = [X, y] if in_memory else [in_blocks(part, (60,) * 4) for part in (X, y)]
    model = DistributedFit(NaiveBayes("gaussian")).fit(*rows)
    model.set_params(estimator=RidgeRegression())

    with pytest.raises(ValueError, match="fitted model is a NaiveBayes, but estimator is a Ridge"):
        getattr(model, method)(*rows)
    with pytest.raises(ValueError, match="call fit to begin anew"):
        model.merge(NaiveBayes("gaussian").fit(X, y))

    assert is_classifier(model)
    assert model.score(*rows) == NaiveBayes("gaussian").fit(X, y).score(X, y)
    assert not is_classifier(model.fit(*rows))
    assert model.score(*rows) == pytest.approx(RidgeRegression().fit(X, y).score(X, y))


@ends
def test_a_warm_start_of_another_estimator_begins_anew(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (120, 120))
    model = DistributedFit(LogisticRegressionGD(warm_start=True, max_iter=3)).fit(rows, y)

    model.set_params(estimator=clone(NETWORK).set_params(warm_start=True)).fit(rows, y)

    assert_same_epochs(model.estimator_, clone(NETWORK).fit(X, y))


@pytest.mark.parametrize("estimator", [LogisticRegression(), None, "ridge"])
def test_other_estimators_are_refused_by_name(rng, estimator):
    X, y, _ = make_rows(rng)

    with pytest.raises(TypeError, match=r"RidgeRegression.*NaiveBayes.*got"):
        DistributedFit(estimator).fit(in_blocks(X, (240,)), y)


@pytest.mark.parametrize(
    "model", [GaussianGenerativeClassifier("full"), NaiveBayes("gaussian")], ids=name_of
)
def test_rows_without_labels_in_blocks(engine, rng, model):
    X, y, weight = make_rows(rng)
    y = np.where(rng.random(240) < 0.6, -1, y)
    y[140:] = -1  # a block without any label
    model = SemiSupervisedEM(model, max_iter=5, tol=0)
    rows = [in_blocks(part, (100, 0, 1, 39, 100)) for part in (X, y, weight)]

    with pytest.warns(ConvergenceWarning, match="still rises"):
        fitted = DistributedFit(model).fit(*rows)

    local = clone(model)
    with pytest.warns(ConvergenceWarning, match="still rises"):
        local.fit(X, y, weight)
    assert_same_predictions(fitted.estimator_, local, X, tolerance=1e-8)
    curve = fitted.estimator_.log_likelihood_curve_
    assert_allclose(curve, local.log_likelihood_curve_, rtol=1e-10)
    assert_array_equal(fitted.predict(rows[0]).compute(), local.predict(X))


def test_rows_of_which_none_has_a_label(rng):
    X, _, _ = make_rows(rng)

    with pytest.raises(ValueError, match="No row has a label"):
        DistributedFit(SemiSupervisedEM(NaiveBayes())).fit(in_blocks(X, (240,)), np.full(240, -1))


def test_rows_without_labels_in_a_frame(rng):
    frame = make_frame(rng)
    frame.loc[rng.random(200) < 0.5, "label"] = None
    names, blocks = ["size", "color", "grade", "old"], dd.from_pandas(frame, npartitions=3)
    model = SemiSupervisedEM(NaiveBayes(), max_iter=20, tol=1e-3)

    fitted = DistributedFit(model).fit(blocks[names], blocks["label"])

    local = clone(model).fit(frame[names], frame["label"])
    assert fitted.estimator_.n_iter_ == local.n_iter_
    assert_same_predictions(fitted.estimator_, local, frame[names], tolerance=1e-8)


def test_collections_that_are_no_rows_are_refused(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (240,))

    with pytest.raises(TypeError, match="X must be a dask array or a dask data frame"):
        DistributedFit(NaiveBayes()).fit(dask.delayed(X), y)
    with pytest.raises(ValueError, match=r"sizes that are not known.*compute_chunk_sizes"):
        DistributedFit(NaiveBayes()).fit(rows[rows[:, 0] > 0], y)


def test_blocks_too_small_to_pay_are_told(rng):
    X, y, _ = make_rows(rng)

    with pytest.warns(UserWarning, match="240 blocks of about 1 rows.*Rechunk"):
        DistributedFit(RidgeRegression()).fit(in_blocks(X, (1,) * 240), y)


DESCENTS = [
    LogisticRegressionGD(),
    LogisticRegressionGD(0.1, class_weight="balanced"),
    LogisticRegressionGD(class_weight={0: 2.0, 1: 1.0, 2: 0.5}, fit_intercept=False),
    LogisticRegressionGD(loss="squared_error"),
    LogisticRegressionGD(optimizer="adam", max_iter=15, tol=0.0, preconditioner="scale"),
]


def assert_same_descent(model, local, tolerance=1e-8):
    assert model.n_iter_ == local.n_iter_
    scale = np.abs(local.coef_).max()
    assert_allclose(model.coef_ / scale, local.coef_ / scale, atol=tolerance)
    assert_allclose(model.intercept_ / scale, local.intercept_ / scale, atol=tolerance)
    assert_allclose(model.loss_curve_, local.loss_curve_, rtol=tolerance)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", DESCENTS, ids=name_of)
def test_a_descent_over_blocks_is_that_of_all_rows(engine, rng, model):
    X, y, weight = make_rows(rng)
    sizes = (100, 0, 1, 39, 100)
    weight[100:140] = 0

    fitted = DistributedFit(model).fit(*(in_blocks(part, sizes) for part in (X, y, weight)))

    assert_same_descent(fitted.estimator_, clone(model).fit(X, y, weight))


@pytest.mark.parametrize("n_blocks", [1, 3, 50])
def test_a_descent_over_any_cut_into_blocks(rng, n_blocks):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, random_sizes(rng, len(y), n_blocks)) for part in (X, y, weight)]

    fitted = DistributedFit(LogisticRegressionGD()).fit(*rows)

    assert_same_descent(fitted.estimator_, LogisticRegressionGD().fit(X, y, weight))


def test_a_descent_begins_at_the_sample_of_a_local_fit():
    X = da.random.default_rng(0).normal(size=(220_000, 20), chunks=(120_000, 20))
    y = (X[:, 0] + X[:, 1] > X[:, 2] * X[:, 3]).astype(int)

    fitted = DistributedFit(LogisticRegressionGD()).fit(X, y)

    assert_same_descent(fitted.estimator_, LogisticRegressionGD().fit(*dask.compute(X, y)))


def test_a_descent_over_a_frame_in_single_precision(rng):
    frame = make_frame(rng)[["size", "old", "label"]].fillna(0.5).astype({"size": np.float32})
    frame["old"] = frame["old"].astype(np.float32)
    blocks = dd.from_pandas(frame, npartitions=3)

    model = DistributedFit(LogisticRegressionGD())
    model.fit(blocks[["size", "old"]], blocks["label"])

    local = LogisticRegressionGD().fit(frame[["size", "old"]], frame["label"])
    assert model.estimator_.coef_.dtype == np.float32
    assert model.feature_names_in_.tolist() == ["size", "old"]
    assert_same_descent(model.estimator_, local, tolerance=1e-4)
    probabilities = model.predict_proba(blocks[["size", "old"]])
    assert (probabilities.dtype, probabilities.compute().dtype) == (np.float32, np.float32)
    assert set(model.predict(blocks[["size", "old"]]).compute()) <= {"yes", "no"}


@ends
def test_rows_that_weigh_nothing_change_no_choice_in_blocks(rng):
    X, y, _ = make_rows(rng)
    there = (np.arange(240) % 8 == 0).astype(float)
    model = CascadedLogisticMLP((3,), max_iter=4, random_state=0)

    fitted = DistributedFit(model).fit(in_blocks(X, (120, 120)), y, there)

    assert fitted.estimator_.optimizer_ == "nesterov"
    alone = clone(model).fit(X[there > 0], y[there > 0])
    assert_allclose(parameters_of(fitted.estimator_), parameters_of(alone), rtol=1e-9)


def test_a_failed_descent_says_where_and_changes_nothing(rng):
    X, y, _ = make_rows(rng)
    model = DistributedFit(LogisticRegressionGD()).fit(in_blocks(X, (120, 120)), y)
    before = model.estimator_

    for rows, labels, weight, message in [
        (broken(X, 130, np.nan), y, None, r"X\.blocks\[1\].*NaN"),
        (X, y + np.where(np.arange(240) > 200, 0.5, 0), None, r"X\.blocks\[1\].*continuous"),
        (X, y, np.zeros(240), "No row is left"),
        (X, 0 * y, None, "needs at least 2 classes"),
    ]:
        with pytest.raises(ValueError, match=f"(?s){message}"):
            model.fit(in_blocks(rows, (120, 120)), labels, weight)
    with pytest.raises(ValueError, match="learning_rate"):
        model.set_params(estimator__learning_rate=1e9, estimator__optimizer="gd").fit(
            in_blocks(1e3 * X, (120, 120)), y
        )

    assert model.estimator_ is before


NETWORK = CascadedLogisticMLP((5,), random_state=0, max_iter=4, batch_size=30)
EPOCHS = LogisticRegressionGD(batch_size=30, random_state=0, max_iter=4)
IN_BATCHES = [
    EPOCHS,
    clone(EPOCHS).set_params(shuffle=False, optimizer="adam", class_weight="balanced"),
    clone(EPOCHS).set_params(early_stopping=True, class_weight={0: 2.0, 1: 1.0, 2: 0.5}),
    NETWORK,
    clone(NETWORK).set_params(dropout=(0.2, 0.5), activation="relu"),
    clone(NETWORK).set_params(early_stopping=True, n_init=2, class_weight="balanced"),
]


def parameters_of(model):
    coefs = getattr(model, "coefs_", None) or [model.coef_]
    intercepts = getattr(model, "intercepts_", None) or [model.intercept_]
    return np.concatenate([part.ravel() for part in [*coefs, *intercepts]])


def assert_same_epochs(model, local, tolerance=1e-10):
    assert model.n_iter_ == local.n_iter_
    theirs = parameters_of(local)
    scale = np.abs(theirs).max()
    assert_allclose(parameters_of(model) / scale, theirs / scale, atol=tolerance)
    for name in ("loss_curve_", "validation_loss_curve_"):
        assert hasattr(model, name) == hasattr(local, name)
        assert_allclose(getattr(model, name, 0), getattr(local, name, 0), rtol=tolerance)


@ends
@pytest.mark.parametrize("model", IN_BATCHES, ids=name_of)
def test_mini_batches_are_those_of_a_local_fit(engine, rng, model):
    X, y, weight = make_rows(rng)
    sizes = (100, 0, 1, 39, 100)
    weight[100:140] = 0

    fitted = DistributedFit(model).fit(*(in_blocks(part, sizes) for part in (X, y, weight)))

    assert_same_epochs(fitted.estimator_, clone(model).fit(X, y, weight))


@ends
def test_many_parameters_go_down_once(engine, rng):
    X, y = rng.normal(size=(90, 60)), rng.integers(0, 3, 90)
    model = CascadedLogisticMLP((200,), random_state=0, max_iter=2, batch_size=30)
    rows = [in_blocks(part, (40, 50)) for part in (X, y)]

    fitted = DistributedFit(model).fit(*rows)

    assert parameters_of(fitted.estimator_).nbytes > 90_000
    assert_same_epochs(fitted.estimator_, clone(model).fit(X, y))


@ends
@pytest.mark.parametrize("n_blocks", [1, 4, 50])
def test_mini_batches_of_any_cut_into_blocks(rng, n_blocks):
    X, y, weight = make_rows(rng)
    rows = [in_blocks(part, random_sizes(rng, len(y), n_blocks)) for part in (X, y, weight)]

    fitted = DistributedFit(NETWORK).fit(*rows)

    assert_same_epochs(fitted.estimator_, clone(NETWORK).fit(X, y, weight))


@ends
def test_mini_batches_of_more_rows_than_an_order_is_held_of(rng):
    X = rng.normal(size=(70_000, 2))
    y = (X[:, 0] + rng.normal(size=70_000) > 0).astype(int)
    model = LogisticRegressionGD(
        batch_size=20_000, max_iter=3, random_state=0, early_stopping=True, optimizer="adam"
    )

    fitted = DistributedFit(model).fit(in_blocks(X, (30_000, 40_000)), y)

    assert_same_epochs(fitted.estimator_, clone(model).fit(X, y))


def test_a_network_of_all_rows_at_once(engine, rng):
    X, y, weight = make_rows(rng)
    model = CascadedLogisticMLP((5,), optimizer="nesterov", batch_size=None, random_state=0)
    model.set_params(tol=3e-3, n_iter_no_change=5)
    rows = [in_blocks(part, (100, 140)) for part in (X, y, weight)]

    fitted = DistributedFit(model).fit(*rows)

    local = clone(model).fit(X, y, weight)
    assert 20 < local.n_iter_ < 200
    assert_same_epochs(fitted.estimator_, local, tolerance=1e-8)
    assert_allclose(fitted.predict_proba(rows[0]).compute(), local.predict_proba(X), atol=1e-8)
    features = fitted.transform(rows[0])
    assert features.shape == (240, 5)
    assert_allclose(features.compute(), local.transform(X), atol=1e-8)
    assert fitted.get_feature_names_out().tolist() == local.get_feature_names_out().tolist()


@ends
def test_several_labels_per_row(rng):
    X, y, weight = make_rows(rng)
    Y = np.stack([y > 0, y > 1], axis=1).astype(int)
    model = clone(NETWORK).set_params(class_weight="balanced", early_stopping=True)
    rows = [in_blocks(part, (100, 140)) for part in (X, Y, weight)]

    fitted = DistributedFit(model).fit(*rows)

    local = clone(model).fit(X, Y, weight)
    assert_same_epochs(fitted.estimator_, local)
    predicted = fitted.predict(rows[0])
    assert (predicted.shape, predicted.dtype) == ((240, 2), local.predict(X).dtype)
    assert_array_equal(predicted.compute(), local.predict(X))


@ends
@pytest.mark.parametrize("as_rows", [np.asarray, lambda part: da.from_array(part, chunks=30)])
@pytest.mark.parametrize("model", [LogisticRegressionGD(), NETWORK], ids=name_of)
def test_rows_held_out_that_are_given(rng, model, as_rows):
    X, y, weight = make_rows(rng, 300)
    held = {"X_val": X[240:], "y_val": y[240:], "sample_weight_val": weight[240:] + 1}
    model = clone(model).set_params(early_stopping=True, n_iter_no_change=2)
    given = {name: as_rows(part) for name, part in held.items()}
    given["X_val"] = given["X_val"].reshape(60, 4)

    fitted = DistributedFit(model).fit(in_blocks(X[:240], (100, 140)), y[:240], **given)

    assert_same_epochs(fitted.estimator_, clone(model).fit(X[:240], y[:240], **held))
    with pytest.raises(ValueError, match="y_val"):
        fitted.fit(in_blocks(X, (300,)), y, X_val=X)


@ends
@pytest.mark.parametrize("as_block", [sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("model", [LogisticRegressionGD(), EPOCHS, NETWORK], ids=name_of)
def test_a_descent_over_sparse_blocks(rng, model, as_block):
    X, y, _ = make_rows(rng)
    X = np.where(rng.random(X.shape) < 0.4, X, 0)
    rows = in_blocks(X, (100, 140)).map_blocks(as_block)

    fitted = DistributedFit(model).fit(rows, y)

    local = clone(model).fit(as_block(X), y)
    assert_same_epochs(fitted.estimator_, local, tolerance=1e-8)
    assert_array_equal(fitted.predict(rows).compute(), local.predict(X))


@ends
def test_blocks_of_which_some_are_sparse(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 140))
    mixed = da.concatenate([rows[:100].map_blocks(sparse.csr_array), rows[100:]])

    fitted = DistributedFit(EPOCHS).fit(mixed, y)

    assert_same_epochs(fitted.estimator_, clone(EPOCHS).fit(sparse.csr_array(X), y))


@ends
@pytest.mark.parametrize("model", [LogisticRegressionGD(), EPOCHS, NETWORK], ids=name_of)
def test_a_stream_of_chunks_in_blocks(rng, model):
    X, y, weight = make_rows(rng)
    streamed, local = DistributedFit(model), clone(model)

    for rows in np.split(np.arange(240), [50, 150]):
        chunk = X[rows], y[rows]
        local.partial_fit(*chunk, classes=[0, 1, 2], sample_weight=weight[rows])
        blocks = [da.from_array(part, chunks=30) for part in chunk]
        blocks[0] = blocks[0].rechunk({1: 4})
        streamed.partial_fit(*blocks, classes=[0, 1, 2], sample_weight=weight[rows])

    assert_allclose(parameters_of(streamed.estimator_), parameters_of(local), rtol=1e-9)
    with pytest.raises(ValueError, match=r"X\.blocks\[1\].*\[7\]"):
        streamed.partial_fit(in_blocks(X, (120, 120)), np.where(np.arange(240) == 200, 7, y))
    assert_allclose(parameters_of(streamed.estimator_), parameters_of(local), rtol=1e-9)


@ends
@pytest.mark.parametrize("model", [LogisticRegressionGD(max_iter=3), EPOCHS, NETWORK], ids=name_of)
def test_a_warm_start_goes_on(rng, model):
    X, y, _ = make_rows(rng)
    rows, local = in_blocks(X, (100, 140)), clone(model).set_params(warm_start=True)
    fitted = DistributedFit(clone(local))

    for _ in range(2):
        fitted.fit(rows, y)
        local.fit(X, y)

    assert len(local.loss_curve_) > local.n_iter_
    assert_same_epochs(fitted.estimator_, local)


@ends
def test_a_descent_begins_where_it_is_told(rng):
    X, y, _ = make_rows(rng)
    start = {"coef_init": rng.normal(size=(3, 4)), "intercept_init": np.arange(3.0)}

    fitted = DistributedFit(EPOCHS).fit(in_blocks(X, (100, 140)), y, **start)

    assert_same_epochs(fitted.estimator_, clone(EPOCHS).fit(X, y, **start))


class Recorder:
    """A callback that keeps the scores of every epoch, and stops or raises after so many."""

    def __init__(self, after=None, error=None):
        self.scores, self.after, self.error = [], after, error

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, _, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return False
        self.scores.append(fitted_estimator.score(X, y))
        if self.error is not None and len(self.scores) == self.after:
            raise self.error
        return len(self.scores) == self.after


@ends
@pytest.mark.parametrize("model", [LogisticRegressionGD(), EPOCHS, NETWORK], ids=name_of)
def test_callbacks_see_every_epoch_and_stop_the_fit(engine, rng, model):
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")
    X, y, _ = make_rows(rng)
    ours, theirs = Recorder(after=3), Recorder(after=3)

    fitted = DistributedFit(clone(model).set_callbacks(ours)).fit(in_blocks(X, (100, 140)), y)

    local = clone(model).set_callbacks(theirs).fit(X, y)
    assert_same_epochs(fitted.estimator_, local)
    assert len(ours.scores) == 3
    assert ours.scores == theirs.scores


@ends
@pytest.mark.parametrize("model", [LogisticRegressionGD(), EPOCHS, NETWORK], ids=name_of)
def test_a_callback_that_raises_leaves_the_model_as_it_was(rng, model):
    pytest.importorskip("sklearn.callback", reason="scikit-learn < 1.9 has no callbacks")
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (100, 140))
    fitted = DistributedFit(clone(model)).fit(rows, y)
    before = fitted.estimator_
    fitted.estimator.set_callbacks(Recorder(after=2, error=RuntimeError("full disk")))

    with pytest.raises(RuntimeError, match="full disk"):
        fitted.fit(rows, y)

    assert fitted.estimator_ is before


class Interrupting(Nesterov):
    """Ctrl-C at the seventh step."""

    n_steps = 0

    def update(self, *args, **kwargs):
        Interrupting.n_steps += 1
        if Interrupting.n_steps == 7:
            raise KeyboardInterrupt
        return super().update(*args, **kwargs)


@ends
@pytest.mark.parametrize("batch_size", [None, 100])
def test_an_interrupted_descent_keeps_the_best_so_far(engine, rng, batch_size):
    X, y, _ = make_rows(rng)
    Interrupting.n_steps = 0
    model = LogisticRegressionGD(optimizer=Interrupting(), batch_size=batch_size, random_state=0)

    with pytest.warns(UserWarning, match="Interrupted after"):
        fitted = DistributedFit(model).fit(in_blocks(X, (100, 140)), y).estimator_

    Interrupting.n_steps = 0
    with pytest.warns(UserWarning, match="Interrupted after"):
        local = clone(model).fit(X, y)
    assert_allclose(fitted.loss_curve_, local.loss_curve_, rtol=1e-6)
    assert_allclose(fitted.predict_proba(X), local.predict_proba(X), rtol=1e-6)
    assert np.any(fitted.coef_)


@ends
@pytest.mark.parametrize("model", [GaussianGenerativeClassifier(), EPOCHS], ids=name_of)
def test_a_killed_worker_changes_nothing(client, rng, tmp_path, model):
    X, y, _ = make_rows(rng)
    marker = tmp_path / "was killed"

    def kill_once(block):
        if not marker.exists():
            marker.touch()
            os._exit(1)
        return block

    rows = da.from_array(X, chunks=(60, 4))
    rows = da.concatenate([rows[:60], rows[60:120].map_blocks(kill_once, meta=X), rows[120:]])

    fitted = DistributedFit(model).fit(rows, y)

    assert marker.exists()
    assert_same_predictions(fitted.estimator_, clone(model).fit(X, y), X, tolerance=1e-8)


@pytest.mark.usefixtures("client")
def test_a_worker_killed_between_epochs_changes_nothing(rng):
    X, y, _ = make_rows(rng)
    rows = in_blocks(X, (60,) * 4)
    epochs = []

    class Killing(Nesterov):
        """Kills a worker at the third step."""

        def update(self, *args, **kwargs):
            epochs.append(None)
            if len(epochs) == 3:
                client = Client.current()
                worker = next(iter(client.scheduler_info()["workers"]))
                client.run(os._exit, 1, workers=[worker], on_error="ignore")
            return super().update(*args, **kwargs)

    model = DistributedFit(LogisticRegressionGD(optimizer=Killing())).fit(rows, y)

    assert_same_descent(model.estimator_, LogisticRegressionGD().fit(X, y))


@ends
@pytest.mark.parametrize("model", [RidgeRegression(), EPOCHS], ids=name_of)
@pytest.mark.usefixtures("client")
def test_a_fit_that_is_cancelled_leaves_the_model_as_it_was(rng, tmp_path, model):
    X, y, _ = make_rows(rng)
    began, ended = tmp_path / "began", tmp_path / "ended"

    def wait(block):
        began.touch()
        while not ended.exists():
            time.sleep(0.01)
        return block

    def cancel():
        while not began.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    fitted = DistributedFit(model).fit(in_blocks(X, (120, 120)), y)
    before = fitted.estimator_
    thread = threading.Thread(target=cancel)
    thread.start()

    with pytest.raises(KeyboardInterrupt):
        fitted.fit(in_blocks(X, (120, 120)).map_blocks(wait, meta=X), y)

    thread.join()
    ended.touch()
    assert fitted.estimator_ is before
    fitted.fit(in_blocks(X, (120, 120)), y)


@ends
@pytest.mark.parametrize("model", [RidgeRegression(), EPOCHS], ids=name_of)
def test_a_client_that_goes_away_leaves_the_model_as_it_was(cluster, rng, model):
    X, y, _ = make_rows(rng)
    model = DistributedFit(model).fit(in_blocks(X, (240,)), y)
    before = model.estimator_
    with Client(cluster) as client:
        rows = client.persist(in_blocks(X, (120, 120)))

    with pytest.raises(Exception, match=r"(?i)missing dependency|client|cancel"):
        model.fit(rows, y)

    assert model.estimator_ is before


def test_a_block_is_made_once_for_rows_and_labels(rng):
    X, y, _ = make_rows(rng)
    made = []

    def make(block):
        made.append(block)
        return block

    rows = in_blocks(np.column_stack([y, X]), (100, 140)).map_blocks(make, meta=X)
    DistributedFit(NaiveBayes("gaussian")).fit(rows[:, 1:], rows[:, 0])

    assert len(made) == 2


def test_only_statistics_leave_the_workers(client):
    X = da.random.default_rng(0).random((200_000, 10), chunks=(50_000, 10))
    y = (X[:, 0] > 0.5).astype(int)
    name = "summarize-GaussianGenerativeClassifier"

    with get_task_stream(client) as stream:
        DistributedFit(GaussianGenerativeClassifier()).fit(X, y)

    sizes = [task["nbytes"] for task in stream.data if name in task["key"]]
    assert len(sizes) >= 5  # four blocks and their sum
    assert max(sizes) < 20_000


@ends
@pytest.mark.parametrize("model", [RidgeRegression(0.3), NaiveBayes(), EPOCHS], ids=name_of)
def test_blocks_that_lie_together_come_to_the_bits_of_blocks_apart(client, rng, model):
    X, y, weight = make_rows(rng)
    sizes = random_sizes(rng, len(X), 40)
    rows, labels, weights = (in_blocks(values, sizes) for values in (X, y, weight))
    together = client.persist(rows)
    wait(together)

    apart = DistributedFit(model).fit(rows, labels, weights)
    with get_task_stream(client) as stream:
        fitted = DistributedFit(model).fit(together, labels, weights)

    assert pickle.dumps(fitted.predict(X)) == pickle.dumps(apart.predict(X))
    if hasattr(model, "summarize"):
        name = f"summarize-{type(model).__name__}"
        assert 1 < sum(str(task["key"]).startswith(name) for task in stream.data) < len(sizes)


def test_of_blocks_that_lie_together_the_one_at_fault_is_named(client, rng):
    X, y, _ = make_rows(rng)
    X[200, 2] = np.nan
    together = client.persist(in_blocks(X, (10,) * 24))
    wait(together)

    with pytest.raises(ValueError, match=r"X\.blocks\[20\]: Input X contains NaN"):
        DistributedFit(RidgeRegression()).fit(together, y)


def test_a_warm_start_needs_every_class(rng):
    X, y = rng.normal(size=(40, 5)), np.arange(40) % 2
    blocks = da.from_array(X, chunks=(20, 5))
    with dask.config.set(scheduler="threads"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the blocks are small
        model = DistributedFit(LogisticRegressionGD(warm_start=True)).fit(blocks, y)

        with pytest.raises(ValueError, match="goes on with the classes"):
            model.fit(blocks, 0 * y)


@pytest.mark.parametrize("estimator", [LogisticRegressionGD(), RidgeRegression()])
def test_unknown_arguments_are_named(estimator, rng):
    X = da.from_array(rng.normal(size=(40, 5)), chunks=(20, 5))

    with pytest.raises(TypeError, match=f"fit of {type(estimator).__name__} takes no foo"):
        DistributedFit(estimator).fit(X, np.arange(40) % 2, foo=1)


@pytest.mark.parametrize("weights", [None, {0: 0.0}])
def test_blocks_that_weigh_nothing_leave_a_descent_as_it_is(rng, weights):
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    model = DistributedFit(LogisticRegressionGD(class_weight=weights, max_iter=5))
    rows, labels = in_blocks(X, (20, 20)), in_blocks(y, (20, 20))
    model.partial_fit(rows, labels, classes=[0, 1])
    before = pickle.dumps(model.estimator_)

    model.partial_fit(rows, labels * 0, sample_weight=labels * 0)
    if weights:
        model.partial_fit(rows, labels * 0)

    assert pickle.dumps(model.estimator_) == before
