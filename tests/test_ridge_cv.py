"""RidgeRegressionCV: the same scores as one fit for each fold and alpha."""

import tracemalloc
from time import perf_counter, sleep

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import get_scorer, make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
    check_cv,
)
from sklearn.pipeline import make_pipeline

from skml_lecture import RidgeRegression, RidgeRegressionCV
from skml_lecture.data import Data
from skml_lecture.ridge_search import scores_of_sets
from skml_lecture.statistics import RegressionMoments

pytestmark = pytest.mark.filterwarnings("ignore:The best alpha is the:UserWarning")

ALPHAS = np.logspace(-2, 3, 6)
SPLITTERS = [
    5,
    KFold(3, shuffle=True, random_state=1),
    RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    ShuffleSplit(4, test_size=0.3, random_state=0),
    TimeSeriesSplit(3),
    [(np.repeat(np.arange(40), 2), np.arange(30, 60)), (np.arange(10, 70), np.arange(10))],
]
SCORERS = [
    None,
    "r2",
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
    make_scorer(mean_absolute_error, greater_is_better=False),
]


@pytest.fixture
def data(rng):
    X = 3 + rng.normal(size=(90, 8))
    Y = X[:, :2] @ rng.normal(size=(2, 2)) + rng.normal(size=(90, 2))
    return X, Y


def fold_scores(search):
    keys = [key for key in search.cv_results_ if key.startswith("split")]
    return np.array([search.cv_results_[key] for key in sorted(keys)])


def grid_search(X, y, cv, scoring=None, alphas=ALPHAS, **params):
    search = GridSearchCV(
        Ridge(solver="svd", **params),
        {"alpha": alphas},
        cv=cv,
        scoring=scoring or "neg_mean_squared_error",
    )
    return search.fit(X, y)


@pytest.mark.parametrize("cv", SPLITTERS, ids=str)
@pytest.mark.parametrize("scoring", SCORERS, ids=str)
@pytest.mark.parametrize("n_targets", [1, 2])
def test_every_fold_score_is_that_of_a_grid_search(data, cv, scoring, n_targets):
    X, Y = data
    y = Y[:, 0] if n_targets == 1 else Y

    ours = RidgeRegressionCV(ALPHAS, cv=cv, scoring=scoring).fit(X, y)

    peer = grid_search(X, y, cv, scoring)
    assert set(ours.cv_results_) == set(peer.cv_results_)
    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-9)
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        assert_allclose(ours.cv_results_[key], peer.cv_results_[key], rtol=1e-8)
    assert ours.alpha_ == peer.best_params_["alpha"]
    assert_allclose(ours.best_score_, peer.best_score_, rtol=1e-9)
    assert_allclose(ours.coef_, peer.best_estimator_.coef_, rtol=1e-9)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
def test_wide_and_sparse_rows_have_the_same_scores(rng, fit_intercept, as_array):
    X, y = rng.normal(size=(30, 1100)), rng.normal(size=30)

    ours = RidgeRegressionCV(ALPHAS, cv=3, fit_intercept=fit_intercept).fit(as_array(X), y)

    peer = grid_search(X, y, 3, fit_intercept=fit_intercept)
    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-9)
    assert_allclose(ours.coef_, peer.best_estimator_.coef_, atol=1e-11)


def test_scores_keep_their_digits_at_a_mean_of_a_million_spreads(data):
    X, Y = data
    X = 1e6 + np.round(X * 2**20) / 2**20  # the addition is exact

    ours = RidgeRegressionCV(ALPHAS, cv=4).fit(X, Y)

    assert_allclose(fold_scores(ours), fold_scores(grid_search(X - 1e6, Y, 4)), rtol=1e-10)
    assert_allclose(fold_scores(ours), fold_scores(grid_search(X, Y, 4)), rtol=1e-8)


def test_scores_keep_their_digits_where_the_residuals_are_tiny(data):
    X, Y = data
    y = X.sum(axis=1) + 1e-6 * Y[:, 0]
    alphas = [1e-10, 1e-6, 1e-2]

    ours = RidgeRegressionCV(alphas, cv=4).fit(X, y)

    assert_allclose(fold_scores(ours), fold_scores(grid_search(X, y, 4, alphas=alphas)), rtol=1e-7)


def test_scores_keep_their_digits_where_the_gram_matrix_is_near_singular(data, rng):
    X, Y = data
    X = np.hstack([X, X[:, :1] + 1e-6 * rng.normal(size=(90, 1))])
    alphas = [1e-9, 1.0]

    ours = RidgeRegressionCV(alphas, cv=4).fit(X, Y[:, 0])

    peer = grid_search(X, Y[:, 0], 4, alphas=alphas)
    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-8)


@pytest.mark.parametrize("cv", [None, 5])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_constant_target_does_not_spoil_the_r2_of_the_others(data, rng, cv, as_array, weighted):
    X, Y = as_array(data[0]), data[1]
    weight = rng.uniform(0.5, 2, len(Y)) if weighted else None
    search = RidgeRegressionCV([0.01, 1e4], cv=cv, scoring="r2")

    search.fit(X, np.column_stack([Y[:, 0], np.full(len(Y), 2.0)]), weight)

    together = search.best_score_, search.alpha_
    search.fit(X, Y[:, 0], weight)
    assert together == (pytest.approx((search.best_score_ + 1) / 2), search.alpha_)


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_absolute_error"])
def test_an_alpha_per_target_is_the_choice_of_each_alone(data, cv, scoring):
    X, Y = data
    Y = np.column_stack([Y, np.random.default_rng(1).normal(size=90)])

    together = RidgeRegressionCV(ALPHAS, cv=cv, scoring=scoring, alpha_per_target=True).fit(X, Y)

    alone = [RidgeRegressionCV(ALPHAS, cv=cv, scoring=scoring).fit(X, y) for y in Y.T]
    assert_allclose(together.alpha_, [model.alpha_ for model in alone])
    assert_allclose(together.best_score_, [model.best_score_ for model in alone])
    assert_allclose(together.coef_, [model.coef_ for model in alone])


@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "r2", "neg_mean_absolute_error"])
def test_weights_count_in_fits_and_in_scores(data, scoring):
    X, Y = data
    weight = np.linspace(0, 2, 90)
    with config_context(enable_metadata_routing=True):
        peer = GridSearchCV(
            Ridge(solver="svd").set_fit_request(sample_weight=True),
            {"alpha": ALPHAS},
            cv=4,
            scoring=get_scorer(scoring).set_score_request(sample_weight=True),
        ).fit(X, Y[:, 0], sample_weight=weight)

    ours = RidgeRegressionCV(ALPHAS, cv=4, scoring=scoring).fit(X, Y[:, 0], weight)

    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-9)


def test_groups_reach_the_splitter(data):
    X, Y = data
    groups = np.arange(90) % 7

    ours = RidgeRegressionCV(ALPHAS, cv=GroupKFold(3)).fit(X, Y, groups=groups)

    splits = list(GroupKFold(3).split(X, Y, groups))
    assert_allclose(fold_scores(ours), fold_scores(RidgeRegressionCV(ALPHAS, cv=splits).fit(X, Y)))


def test_the_winner_is_refitted_on_all_rows():
    X, y = load_diabetes(return_X_y=True)

    search = RidgeRegressionCV([0.01, 0.1, 1.0], cv=5).fit(X, y)

    assert_allclose(search.coef_, RidgeRegression(search.alpha_).fit(X, y).coef_)


def test_the_lecture_s_table_of_folds_chooses_model_1():
    """Lee, lecture 4: fold errors .2/.4/.3, .4/.5/.6, .4/.5/.3; means .3, .5, .4."""
    table = {1.0: (0.2, 0.4, 0.3), 2.0: (0.4, 0.5, 0.6), 3.0: (0.4, 0.5, 0.3)}
    X, fold = np.arange(6.0)[:, np.newaxis] ** 2, np.repeat([0, 1, 2], 2)

    def score(candidate, X, y):
        return -table[candidate.alpha][int(y[0])]

    with pytest.warns(UserWarning, match="smallest"):
        model = RidgeRegressionCV(list(table), cv=3, scoring=score).fit(X, fold)

    assert model.alpha_ == 1.0
    assert_allclose(model.cv_results_["mean_test_score"], [-0.3, -0.5, -0.4])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alphas": [-1.0, 1.0]}, "alphas must be"),
        ({"alphas": []}, "alphas|minimum of 1"),
        ({"alphas": [np.nan]}, "NaN"),
        ({"cv": 1}, "k-fold cross-validation requires at least one"),
        ({"cv": 100}, "Cannot have number of splits n_splits=100"),
        ({"scoring": "accuracy of the model"}, "scoring"),
    ],
)
def test_bad_parameters_are_refused(data, params, message):
    with pytest.raises(ValueError, match=message):
        RidgeRegressionCV(**{"cv": 3, **params}).fit(*data)


@pytest.mark.parametrize("shape", [(60, 3), (20, 1100)])
def test_rows_whose_squares_overflow_are_refused(rng, shape):
    with pytest.raises(ValueError, match="too large: their squares overflow"):
        RidgeRegressionCV().fit(1e200 * rng.normal(size=shape), np.arange(shape[0]))


def test_leave_one_out_needs_two_rows():
    with pytest.raises(ValueError, match="two rows or more"):
        RidgeRegressionCV().fit([[1.0]], [1.0])


def test_a_fold_of_zero_weights_is_skipped(data):
    X, y = data
    splits = [(np.arange(90) // 30 != f, np.arange(90) // 30 == f) for f in range(3)]

    model = RidgeRegressionCV([0.5, 5.0], cv=splits).fit(X, y, np.repeat([0.0, 1.0], [30, 60]))

    rest = RidgeRegressionCV([0.5, 5.0], cv=2).fit(X[30:], y[30:])
    assert np.isnan(model.cv_results_["split0_test_score"]).all()
    assert_allclose(model.cv_results_["mean_test_score"], rest.cv_results_["mean_test_score"])


def test_folds_that_all_weigh_nothing_are_refused(data):
    with pytest.raises(ValueError, match="zero weight"):
        RidgeRegressionCV(cv=2).fit(*data, np.repeat([0.0, 1.0], [45, 45]))


@pytest.mark.parametrize("cv", [None, 3])
def test_wide_rows_without_spread_predict_the_mean(cv):
    y = np.arange(6.0)

    ours = RidgeRegressionCV([1.0], cv=cv).fit(np.zeros((6, 1200)), y)

    assert_allclose(ours.intercept_, 2.5)
    assert np.isfinite(ours.best_score_)


def test_wide_scores_keep_their_digits_far_from_zero_without_intercept(rng):
    X, y = 1e6 + rng.normal(size=(30, 1100)), rng.normal(size=30)

    ours = RidgeRegressionCV([1.0], cv=3, fit_intercept=False).fit(X, y)

    peer = grid_search(X, y, 3, alphas=[1.0], fit_intercept=False)
    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-6)


def test_leave_one_out_needs_two_rows_of_positive_weight():
    with pytest.raises(ValueError, match="two rows or more"):
        RidgeRegressionCV().fit([[1.0], [2.0], [4.0]], [1.0, 2.0, 3.0], [0.0, 1.0, 0.0])


def negative_total(model, X, y):
    return -np.abs(y - model.predict(X)).sum()


@pytest.mark.parametrize("scoring", ["neg_max_error", negative_total])
def test_a_scorer_without_weights_scores_unweighted(data, scoring):
    X, Y = data

    ours = RidgeRegressionCV(ALPHAS, cv=3, scoring=scoring).fit(X, Y[:, 0], np.full(90, 2.0))

    peer = grid_search(X, Y[:, 0], 3, scoring, alphas=ALPHAS / 2)
    assert_allclose(fold_scores(ours), fold_scores(peer), rtol=1e-9)


def test_positions_may_count_from_the_end(data):
    X, Y = data
    cv = [(np.arange(60), np.arange(-30, 0))]

    ours = RidgeRegressionCV(ALPHAS, cv=cv).fit(X, Y)

    assert_allclose(fold_scores(ours), fold_scores(grid_search(X, Y, cv)), rtol=1e-9)


def test_equal_alphas_have_equal_scores(data):
    ours = RidgeRegressionCV([1.0, 2.0, 1.0, 1.0]).fit(*data)

    scores = ours.cv_results_["mean_test_score"]
    assert scores[0] == scores[2] == scores[3]
    assert ours.cv_results_["rank_test_score"][0] == ours.cv_results_["rank_test_score"][3]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cv": []}, "one split or more"),
        ({"cv": [(np.arange(5), [])]}, "test set of fold 0"),
        ({"alphas": [[1.0, 2.0]]}, "alphas must be"),
        ({"scoring": ["r2"]}, "scoring"),
    ],
)
def test_malformed_lists_are_refused(data, params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        RidgeRegressionCV(**{"cv": 3, **params}).fit(*data)


@pytest.mark.parametrize("scoring", [None, "r2"])
@pytest.mark.parametrize("alphas", [ALPHAS, "auto"])
def test_statistics_of_folds_choose_as_the_rows_do(data, scoring, alphas):
    X, y = data
    folds = np.arange(90) % 4
    splits = [(np.flatnonzero(folds != f), np.flatnonzero(folds == f)) for f in range(4)]
    whole = RidgeRegressionCV(alphas, cv=splits, scoring=scoring).fit(X, y)
    model = RidgeRegressionCV(alphas, cv=4, scoring=scoring)

    parts = [
        model.summarize(X[rows], y[rows], folds=folds[rows])
        for rows in (slice(50), slice(50, 51), slice(51, 90))
    ]
    model.fit_statistics(sum(parts))

    assert model.alpha_ == whole.alpha_
    assert_allclose(fold_scores(model), fold_scores(whole), rtol=1e-8)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-9)
    assert_allclose(model.intercept_, whole.intercept_, rtol=1e-9)
    assert model.statistics_.weight == 90


def test_statistics_of_folds_need_folds(data):
    with pytest.raises(ValueError, match="Leave-one-out has a fold for each row"):
        RidgeRegressionCV().summarize(*data)
    with pytest.raises(TypeError, match=r"what RidgeRegressionCV\.summarize returns"):
        RidgeRegressionCV(cv=3).fit_statistics(RidgeRegression().summarize(*data))


def test_a_scorer_sees_the_candidate_and_the_rows_as_given(data):
    X = pd.DataFrame(data[0], columns=[f"c{j}" for j in range(data[0].shape[1])])
    seen = []

    def score(model, rows, y):
        seen.append((model.alpha, list(model.feature_names_in_), type(rows)))
        return -np.mean((model.predict(rows) - y) ** 2)

    for cv in (None, 3):
        RidgeRegressionCV([0.5, 5.0], cv=cv, scoring=score).fit(X, data[1])

    assert {alpha for alpha, _, _ in seen} == {0.5, 5.0}
    assert all(names == list(X) and kind is pd.DataFrame for _, names, kind in seen)


@pytest.mark.parametrize("cv", [None, 3])
def test_a_score_that_is_nan_never_wins_and_is_told(data, cv):
    def score(model, X, y):
        return np.nan if model.alpha == 1.0 else -np.mean((model.predict(X) - y) ** 2)

    with pytest.warns(UserWarning, match="scores of NaN"):
        model = RidgeRegressionCV([1.0, 2.0, 3.0], cv=cv, scoring=score).fit(*data)

    assert model.alpha_ in (2.0, 3.0)
    assert np.isnan(model.cv_results_["mean_test_score"][0])


def test_a_scorer_that_fails_gives_nan_once_for_each_fold(data):
    calls = []

    def score(model, X, y):
        calls.append(model.alpha)
        if model.alpha == 1.0:
            raise TypeError("no such alpha")
        return -np.mean((model.predict(X) - y) ** 2)

    with pytest.warns(UserWarning, match="failed 3 times.*no such alpha|scores of NaN"):
        RidgeRegressionCV([1.0, 2.0], cv=3, scoring=score).fit(*data)

    assert calls.count(1.0) == 3


def test_no_score_at_all_is_refused(data):
    with pytest.raises(ValueError, match="No candidate has a score"):
        RidgeRegressionCV(cv=LeaveOneOut(), scoring="r2").fit(*data)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
def test_what_ends_a_search_leaves_the_model_as_it_was(data, failure):
    def score(model, X, y):
        raise failure

    model = RidgeRegressionCV([0.5, 5.0], cv=3).fit(*data)
    before = {name: value for name, value in vars(model).items() if name != "scoring"}
    model.set_params(scoring=score)

    if failure is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            model.fit(data[0] + 1, data[1])
    else:
        told, refused = (
            pytest.warns(match="failed"),
            pytest.raises(ValueError, match="No candidate"),
        )
        with told, refused:
            model.fit(data[0] + 1, data[1])

    assert {name: value for name, value in vars(model).items() if name != "scoring"} == before


def test_bootstrap_weights_may_empty_a_fold(data):
    X, y = data[0][:30], data[1][:30]

    model = BaggingRegressor(RidgeRegressionCV(cv=10), random_state=0).fit(X, y)

    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize(
    ("alphas", "side"), [([1e-9, 1e-8], "largest"), ([1e8, 1e9], "smallest"), ([0.0, 1e-9], None)]
)
@pytest.mark.filterwarnings("error")
def test_a_best_alpha_at_the_edge_is_told(rng, alphas, side):
    X = rng.normal(size=(40, 30))
    y = X[:, 0] + 2 * rng.normal(size=40)
    y = y if side == "largest" else X @ rng.normal(size=30)

    if side is None:
        RidgeRegressionCV(alphas, cv=4).fit(X, y)
        return
    with pytest.warns(UserWarning, match=f"is the {side} of the candidates"):
        RidgeRegressionCV(alphas, cv=4).fit(X, y)


def test_groups_and_weights_are_routed(data, rng):
    X, y = data
    groups, weight = np.arange(90) % 5, rng.integers(0, 3, 90).astype(float)

    with config_context(enable_metadata_routing=True):
        scorers = [
            get_scorer("neg_mean_absolute_error").set_score_request(sample_weight=wanted)
            for wanted in (True, False)
        ]
        by_request = [
            RidgeRegressionCV(ALPHAS, cv=GroupKFold(3), scoring=scorer).fit(
                X, y, sample_weight=weight, groups=groups
            )
            for scorer in scorers
        ]

    plain = RidgeRegressionCV(ALPHAS, cv=GroupKFold(3), scoring="neg_mean_absolute_error")
    plain.fit(X, y, weight, groups=groups)
    assert_allclose(fold_scores(by_request[0]), fold_scores(plain))
    assert not np.allclose(fold_scores(by_request[1]), fold_scores(plain))


@pytest.mark.parametrize("cv", [None, 4])
def test_weights_need_no_request_where_there_is_no_scorer_to_make_it(data, rng, cv):
    X, y = data
    weight = rng.integers(0, 3, 90).astype(float)
    plain = RidgeRegressionCV(ALPHAS, cv=cv).fit(X, y, weight)

    with config_context(enable_metadata_routing=True):
        routed = RidgeRegressionCV(ALPHAS, cv=cv).set_fit_request(sample_weight=True)
        routed.fit(X, y, sample_weight=weight)
        within = make_pipeline(routed).fit(X, y, sample_weight=weight)[-1]

    for model in (routed, within):
        assert_allclose(fold_scores(model), fold_scores(plain))


@pytest.mark.long
def test_many_folds_need_little_memory(rng):
    X, y = rng.normal(size=(400, 200)), rng.normal(size=400)

    for cv, groups in ((LeaveOneOut(), None), (LeaveOneGroupOut(), np.arange(400) // 2)):
        tracemalloc.start()
        RidgeRegressionCV(cv=cv).fit(X, y, groups=groups)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert peak < 20 * X.nbytes


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.parametrize("as_array", [sparse.dia_array, sparse.coo_array, sparse.csc_matrix])
def test_scorers_take_rows_of_any_sparse_format(rng, cv, as_array):
    X, y = np.diag(rng.normal(size=12)) + 1.0 * (rng.random((12, 12)) < 0.2), rng.normal(size=12)
    params = {"cv": cv, "scoring": "neg_mean_absolute_error"}

    model = RidgeRegressionCV([0.5, 5.0], **params).fit(as_array(X), y)

    dense = RidgeRegressionCV([0.5, 5.0], **params).fit(X, y)
    assert_allclose(fold_scores(model), fold_scores(dense))


@pytest.mark.filterwarnings("ignore:The best alpha is the")
def test_a_fold_of_one_row_beside_larger_ones_has_no_r2_of_several_targets(rng):
    for _ in range(5):
        X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
        single, several = (np.arange(8, 30), [4]), (np.arange(8, 30), [0, 1, 2])

        both, one = (
            RidgeRegressionCV([0.1, 10], cv=cv, scoring="r2").fit(X, Y)
            for cv in ([single, several], [several])
        )

        assert both.alpha_ == one.alpha_
        assert both.best_score_ == one.best_score_


def test_a_search_from_statistics_keeps_its_digits_at_a_large_mean_without_intercept(rng):
    X = rng.normal(size=(36, 5)) + 1e6
    y = X @ np.arange(5.0) + rng.normal(size=36)
    of_rows = RidgeRegressionCV([1e-8, 1e12], cv=3, fit_intercept=False).fit(X, y)

    search = RidgeRegressionCV(**of_rows.get_params())
    search.fit_statistics(search.summarize(X, y))

    assert_allclose(search.coef_, of_rows.coef_, rtol=1e-9)
    for key in ("mean_test_score", "std_test_score"):
        assert_allclose(search.cv_results_[key], of_rows.cv_results_[key], rtol=1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_search_from_statistics_says_which_digits_are_gone(fit_intercept, rng):
    X = rng.normal(size=(36, 5))
    y = X @ np.arange(5.0) + rng.normal(size=36)
    X += 1e6 * rng.normal(size=(36, 1))  # a level in common
    search = RidgeRegressionCV([1e-8, 1e12], cv=3, fit_intercept=fit_intercept)
    statistic = search.summarize(X, y)

    with pytest.warns(UserWarning, match="loses about .* of 16 digits of"):
        search.fit_statistics(statistic)


def largest_error(y, prediction):
    return -np.abs(y - prediction).max()


@pytest.mark.parametrize("scoring", ["r2", "neg_mean_squared_error", make_scorer(largest_error)])
@pytest.mark.parametrize("cv", [3, ShuffleSplit(4, test_size=0.5, random_state=0)])
@pytest.mark.parametrize("seed", range(5))
def test_a_row_of_weight_zero_is_tested_by_no_scorer(scoring, cv, seed):
    rng = np.random.default_rng(seed)
    X, y, weight = rng.normal(size=(20, 2)), rng.normal(size=20), rng.integers(0, 3, 20)
    splits = list(check_cv(cv).split(X))
    present, place = np.flatnonzero(weight), np.cumsum(weight > 0) - 1
    kept = [[place[part[weight[part] > 0]] for part in split] for split in splits]
    used = [f for f, split in enumerate(kept) if all(map(len, split))]

    model = RidgeRegressionCV([0.1, 1.0], cv=splits, scoring=scoring).fit(X, y, weight)

    expected = RidgeRegressionCV([0.1, 1.0], cv=[kept[f] for f in used], scoring=scoring)
    expected.fit(X[present], y[present], weight[present])
    for i, f in enumerate(used):
        ours, theirs = model.cv_results_[f"split{f}_test_score"], expected.cv_results_
        assert_allclose(ours, theirs[f"split{i}_test_score"], rtol=1e-8)
    assert model.alpha_ == expected.alpha_


@pytest.mark.parametrize("noise", [1e-6, 1e-9])
def test_scores_of_statistics_say_where_errors_cancelled(rng, noise):
    X = rng.normal(size=(40, 3))
    y = X.sum(axis=1) + noise * rng.normal(size=40)
    model = RidgeRegressionCV([0.0, 1e-8, 1.0], cv=4)

    with pytest.warns(UserWarning, match="digits of the scores"):
        model.fit_statistics(model.summarize(X, y))


@pytest.mark.filterwarnings("ignore:The best alpha is the:UserWarning")
@pytest.mark.parametrize("shape", [(40, 3), (12, 30)])
@pytest.mark.parametrize("unit", [1e-5, 1.0, 1e4])
def test_an_automatic_grid_is_from_no_shrinkage_to_nothing_else_in_any_unit(rng, shape, unit):
    for _ in range(10):
        X, y = (
            unit * 10.0 ** rng.uniform(-1, 1, shape[1]) * rng.normal(size=shape),
            rng.normal(size=shape[0]),
        )

        alphas = np.sort(
            RidgeRegressionCV("auto").fit(X, y).cv_results_["param_alpha"].astype(float)
        )

        s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)[: min(shape[0] - 1, shape[1])]
        least, largest = s.min() ** 2, s.max() ** 2
        assert 1e-4 < alphas[0] / least <= 1e-3
        assert 1e4 <= alphas[-1] / largest < 1e5
        assert_allclose(np.diff(np.log10(alphas)), 0.2)


@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "r2", "neg_mean_absolute_error"])
@pytest.mark.parametrize("noise", [1e-6, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_moments_ask_the_rows_for_what_they_do_not_say(rng, scoring, noise, fit_intercept):
    """Errors that cancelled, and losses that are no squares."""
    X = 1 + rng.normal(size=(40, 3))
    Y = X @ rng.normal(size=(3, 2)) + noise * rng.normal(size=(40, 2))
    splits = list(KFold(4).split(X))
    alphas = np.array([0.0, 1e-8, 1.0])

    def moments(rows):
        return RegressionMoments.from_data(Data.of(X[rows], targets=Y[rows]))

    def losses_of_rows(candidates, loss):
        for f, (coefs, intercepts) in candidates.items():
            test = splits[f][1]
            errors = [Y[test] - X[test] @ B.T - b for B, b in zip(coefs, intercepts, strict=True)]
            yield loss(np.array(errors)).sum(axis=1)

    sets = [(moments(train), moments(test)) for train, test in splits]
    scores = scores_of_sets(sets, alphas, scoring, fit_intercept, losses_of_rows)

    peer = grid_search(X, Y, 4, scoring, alphas, fit_intercept=fit_intercept)
    assert_allclose(scores.mean(axis=2), fold_scores(peer), rtol=1e-7)


def test_the_times_of_a_search_are_those_it_took(data):
    def score(model, X, y):
        sleep(0.01)
        return model.score(X, y)

    start = perf_counter()
    results = RidgeRegressionCV([0.5, 5.0], cv=3, scoring=score).fit(*data).cv_results_
    took = perf_counter() - start

    times = 3 * (results["mean_fit_time"] + results["mean_score_time"])
    assert 6 * 0.01 <= times.sum() <= took
