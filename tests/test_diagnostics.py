from importlib.util import find_spec

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneOut, cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skml_lecture import GaussianGenerativeClassifier, LogisticRegressionGD, RidgeRegression
from skml_lecture.diagnostics import bias_variance_decomposition, diagnose_fit

X = np.linspace(-1, 1, 30)[:, np.newaxis]
GRID = np.linspace(-1, 1, 101)[:, np.newaxis]


def wave(X):
    return np.sin(4 * X[:, 0])


def decompose(estimator, **options):
    options = {"noise": 0.5, "n_repeats": 40, "random_state": 0, "X_test": GRID} | options
    return bias_variance_decomposition(estimator, X, wave, **options)


@pytest.mark.parametrize(
    "estimator",
    [
        RidgeRegression(0.1),
        make_pipeline(PolynomialFeatures(7), RidgeRegression(0)),
        KNeighborsRegressor(3),
        DecisionTreeRegressor(random_state=0),
    ],
)
def test_squared_bias_and_variance_sum_to_the_error(estimator):
    result = decompose(estimator)

    assert_allclose(result.bias_squared + result.variance, result.error, rtol=1e-11)
    assert_allclose(
        result.total_bias_squared + result.total_variance + result.noise_variance,
        result.expected_error,
    )


def test_totals_are_means_over_the_test_points():
    result = decompose(RidgeRegression())

    assert_allclose(result.total_bias_squared, result.bias_squared.mean())
    assert_allclose(result.total_variance, result.variance.mean())
    assert_allclose(result.total_error, result.error.mean())


def test_a_constant_has_no_variance_and_the_bias_of_its_distance():
    result = decompose(DummyRegressor(strategy="constant", constant=0.3))

    assert_array_equal(result.variance, 0)
    assert_allclose(result.bias_squared, (0.3 - wave(GRID)) ** 2)


def test_without_noise_nothing_varies():
    result = decompose(RidgeRegression(), noise=0)

    assert_allclose(result.variance, 0, atol=1e-30)


def test_variance_of_least_squares_at_its_rows_is_features_over_rows():
    """p sigma^2 / n on average over the rows, whatever the true function is."""
    result = decompose(LinearRegression(), X_test=None, n_repeats=4000)

    sampling_error = 0.25 / 30 * np.sqrt(2 * 2 / 4000)  # chi-squared with 2 degrees of freedom
    assert_allclose(result.total_variance, 2 * 0.25 / 30, atol=5 * sampling_error)


def test_an_error_on_new_observations_is_the_expected_error():
    estimator, n_repeats = make_pipeline(PolynomialFeatures(3), RidgeRegression(0)), 2000
    result = decompose(estimator, n_repeats=n_repeats)
    fresh = result.truth + 0.5 * np.random.default_rng(1).normal(size=result.predictions.shape)

    errors = np.mean((fresh - result.predictions) ** 2, axis=1)

    atol = 5 * errors.std() / np.sqrt(n_repeats)
    assert_allclose(errors.mean(), result.expected_error, atol=atol)


def test_workers_and_seeds_give_the_same_universes():
    one, two = decompose(RidgeRegression()), decompose(RidgeRegression(), n_jobs=2)

    assert_array_equal(one.predictions, two.predictions)


def test_the_estimator_is_left_alone():
    model = RidgeRegression()

    decompose(model)

    assert not hasattr(model, "coef_")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "noise"),
        ({"noise": np.nan}, "noise must be a number"),
        ({"n_repeats": 0}, "n_repeats"),
        ({"X_test": [1.0]}, "1D"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        decompose(RidgeRegression(), **options)


def test_callbacks_come_as_a_list():
    with pytest.raises(TypeError, match="must be a list"):
        decompose(RidgeRegression(), callbacks=object())


def test_the_truth_must_give_one_value_per_row():
    with pytest.raises(ValueError, match="one value per row"):
        bias_variance_decomposition(RidgeRegression(), X, lambda X: X, noise=1.0)


@pytest.mark.skipif(bool(find_spec("sklearn.callback")), reason="this scikit-learn has them")
def test_callbacks_say_which_scikit_learn_they_need():
    with pytest.raises(AttributeError, match=r"scikit-learn 1\.9"):
        decompose(RidgeRegression(), callbacks=[object()])


def test_a_line_through_a_wave_underfits():
    diagnosis = diagnose_fit(
        RidgeRegression(), X, wave(X) ** 2, cv=KFold(5, shuffle=True, random_state=0)
    )

    assert diagnosis.verdict == "underfitting"


def test_a_bad_training_score_is_never_overfitting():
    """Polynomials of degree 1 on pure noise: the validation score is far below the other."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 12)), rng.normal(size=40)

    diagnosis = diagnose_fit(LinearRegression(), X, y)

    assert diagnosis.train_score - diagnosis.validation_score > 0.5
    assert diagnosis.verdict == "underfitting"
    assert not any("overfit" in line for line in str(diagnosis).splitlines())


@pytest.mark.parametrize(
    ("estimator", "load"),
    [
        (DecisionTreeClassifier(random_state=0), load_breast_cancer),
        (DecisionTreeRegressor(random_state=0), load_diabetes),
    ],
)
def test_an_unpruned_tree_overfits(estimator, load):
    diagnosis = diagnose_fit(estimator, *load(return_X_y=True))

    assert diagnosis.train_score == 1
    assert diagnosis.verdict == "overfitting"


def test_a_shared_covariance_is_ok_on_the_tumours():
    model = make_pipeline(StandardScaler(), GaussianGenerativeClassifier())

    diagnosis = diagnose_fit(model, *load_breast_cancer(return_X_y=True))

    assert diagnosis.verdict == "ok"


def test_scores_are_those_of_cross_validate_and_the_words_hold_them():
    X, y = load_diabetes(return_X_y=True)
    scoring = "neg_mean_absolute_error"

    diagnosis = diagnose_fit(RidgeRegression(), X, y, cv=4, scoring=scoring)

    scores = cross_validate(RidgeRegression(), X, y, cv=4, scoring=scoring, return_train_score=True)
    assert_allclose(diagnosis.train_scores, scores["train_score"])
    assert_allclose(diagnosis.validation_scores, scores["test_score"])
    assert f"{diagnosis.train_score:.3f}" in str(diagnosis)
    assert f"{diagnosis.validation_score:.3f}" in str(diagnosis)
    assert all(remedy in str(diagnosis) for remedy in diagnosis.remedies)


def test_the_target_decides_what_a_bad_training_score_is():
    X, y = load_diabetes(return_X_y=True)

    assert diagnose_fit(LinearRegression(), X, y).verdict == "underfitting"
    assert diagnose_fit(LinearRegression(), X, y, target=0.45).verdict == "ok"


def test_splits_that_can_be_read_once_are_enough():
    X, y = load_diabetes(return_X_y=True)

    diagnosis = diagnose_fit(LinearRegression(), X, y, cv=iter(KFold(3).split(X)))

    assert len(diagnosis.train_scores) == 3


def test_targets_that_make_no_sense_are_refused():
    X, y = load_diabetes(return_X_y=True)

    with pytest.raises(ValueError, match="target must be above"):
        diagnose_fit(LinearRegression(), X, y, target=-2.0)
    with pytest.raises(ValueError, match="target must be a number"):
        diagnose_fit(LinearRegression(), X, y, scoring=make_scorer(r2_score))


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_frame_stays_one_for_the_estimator_and_the_truth(make):
    frame = make({"word": ["a", "b"] * 10, "x": np.linspace(0, 1, 20)})
    model = make_pipeline(
        make_column_transformer((StandardScaler(), ["x"])), RidgeRegression(alpha=0)
    )

    result = bias_variance_decomposition(
        model, frame, lambda X: 3 * np.asarray(X["x"]), noise=0, n_repeats=2, X_test=frame[:5]
    )

    assert_allclose(result.mean_prediction, 3 * np.linspace(0, 1, 20)[:5], atol=1e-12)


@pytest.mark.parametrize("truth", [lambda X: np.log(X[:, 0]), lambda X: X[:, 0] * np.inf])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_truth_that_is_not_finite_is_refused(truth):
    with pytest.raises(ValueError, match=r"f\(X\)"):
        bias_variance_decomposition(RidgeRegression(), X, truth, noise=1.0)


@pytest.mark.parametrize("cv", [LeaveOneOut(), KFold(29)])
@pytest.mark.parametrize("estimator", [RidgeRegression(), Ridge()])
def test_scores_that_do_not_exist_are_no_verdict(estimator, cv):
    """R^2 of a single row divides by its spread, 0."""
    with pytest.raises(ValueError, match=r"folds are not finite.*pass cv"):
        diagnose_fit(estimator, X, wave(X), cv=cv)


def test_leave_one_out_is_diagnosed_by_a_score_of_single_rows():
    X, y = load_iris(return_X_y=True)

    diagnosis = diagnose_fit(GaussianGenerativeClassifier(), X[:, :2], y, cv=LeaveOneOut())
    errors = diagnose_fit(
        RidgeRegression(), X, X[:, 0], cv=LeaveOneOut(), scoring="neg_mean_squared_error"
    )

    assert len(diagnosis.train_scores) == len(errors.train_scores) == len(X)


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: make_pipeline(StandardScaler(), e)])
def test_only_what_descends_is_told_to_descend_longer(wrap):
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(wrap(LogisticRegressionGD(max_iter=300)), {}, cv=2)

    for model in (wrap(LogisticRegressionGD(max_iter=300)), search):
        assert "descend longer" in str(diagnose_fit(model, X, y, target=0.999))
    for model in (RidgeRegression(), Ridge(), RidgeRegression(solver="lsqr")):
        assert "descend" not in str(diagnose_fit(wrap(model), X, y, target=0.999))


def test_remedies_name_parameters_that_there_are():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 30)), rng.normal(size=40)

    words = str(diagnose_fit(RidgeRegression(1e-3), X, y, cv=KFold(4), target=0.5))

    assert "a larger alpha" in words
    assert not any(word in words for word in ("dropout", "early stopping", "covariance"))


def test_weight_zero_is_a_row_that_is_not_there_and_groups_are_kept_apart():
    X, y = load_diabetes(return_X_y=True)
    weight, groups = np.arange(len(y)) % 3.0, np.arange(len(y)) // 40
    keep = weight > 0

    diagnosis = diagnose_fit(
        RidgeRegression(), X, y, cv=GroupKFold(4), groups=groups, sample_weight=weight
    )

    folds = list(GroupKFold(4).split(X, y, groups))
    for score, (train, test) in zip(diagnosis.validation_scores, folds, strict=True):
        train, test = train[keep[train]], test[keep[test]]
        model = Ridge().fit(X[train], y[train], weight[train])
        assert_allclose(score, model.score(X[test], y[test], weight[test]))


@pytest.mark.parametrize(
    "container",
    [
        pd.DataFrame,
        lambda rows: pl.DataFrame(rows),
        lambda rows: pa.table(rows),
        lambda rows: sparse.coo_array(np.column_stack(list(rows.values()))),
        lambda rows: np.column_stack(list(rows.values())).tolist(),
    ],
)
def test_a_diagnosis_reads_every_container(container, rng):
    rows = {name: rng.normal(size=40) for name in ("a", "b")}
    y = rows["a"] + rng.normal(size=40)

    found = diagnose_fit(RidgeRegression(), container(rows), y, cv=4)

    plain = diagnose_fit(RidgeRegression(), np.column_stack(list(rows.values())), y, cv=4)
    assert_allclose(found.train_scores, plain.train_scores)
    assert_allclose(found.validation_scores, plain.validation_scores)
