"""Where the display of a penalty takes its estimators, rows and axes from."""

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import Lars, LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skml_lecture import LogisticRegressionGD, RidgeRegression, RidgeRegressionCV
from skml_lecture.plotting import BiasVarianceDisplay, LossCurveDisplay, RegularizationPathDisplay

pytestmark = pytest.mark.filterwarnings("ignore:The best alpha is the:UserWarning")

ALPHAS = np.logspace(-3, 2, 6)
X, Y = load_diabetes(return_X_y=True)
WEIGHT = np.arange(len(Y)) % 3.0
GROUPS = np.arange(len(Y)) // 50


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def path(estimator, y=Y, **options):
    return RegularizationPathDisplay.from_estimator(estimator, X, y, **options)


@pytest.mark.parametrize("fitted", [True, False])
@pytest.mark.parametrize("cv", [None, 4])
def test_a_ridge_search_brings_its_alphas_and_scores(cv, fitted):
    search = RidgeRegressionCV(ALPHAS, cv=cv)

    display = path(search.fit(X, Y) if fitted else search)

    search.fit(X, Y)
    assert_array_equal(display.alphas, ALPHAS)
    assert display.best_alpha == search.alpha_
    assert_allclose(-display.validation_errors.mean(1), search.cv_results_["mean_test_score"])
    for alpha, coefs in zip(ALPHAS, display.coefs, strict=True):
        assert_allclose(coefs, Ridge(alpha=alpha).fit(X, Y).coef_, rtol=1e-7)


def test_given_penalties_and_folds_go_before_those_of_a_ridge_search():
    search = RidgeRegressionCV([1.0], cv=3).fit(X, Y)

    display = path(search, alphas=ALPHAS, cv=4)

    assert_array_equal(display.alphas, ALPHAS)
    assert display.validation_errors.shape == (6, 4)
    assert search.alpha_ == 1.0


def test_a_grid_search_over_a_pipeline_is_drawn_at_the_best_of_the_others():
    grid = {"ridge__fit_intercept": [False, True], "ridge__alpha": ALPHAS[::-1]}
    model = make_pipeline(StandardScaler(), Ridge())
    search = GridSearchCV(model, grid, cv=3, return_train_score=True).fit(X, Y)

    display = path(search)

    best = np.array([params["ridge__fit_intercept"] for params in search.cv_results_["params"]])
    for part, errors in (("test", display.validation_errors), ("train", display.train_errors)):
        scores = search.cv_results_[f"mean_{part}_score"][best][::-1]
        assert_allclose(errors.mean(axis=1), 1 - scores)
    assert display.ax_.get_xlabel() == "alpha"
    assert display.best_alpha == search.best_params_["ridge__alpha"]


def test_a_search_by_several_scores_is_drawn_by_the_one_it_chooses_by():
    scoring = ["r2", "neg_mean_absolute_error"]
    search = GridSearchCV(Ridge(), {"alpha": ALPHAS}, scoring=scoring, refit=scoring[1])

    display = path(search)

    assert display.ax_.get_ylabel() == "mean absolute error"
    scores = search.fit(X, Y).cv_results_["mean_test_neg_mean_absolute_error"]
    assert_allclose(display.validation_errors.mean(axis=1), -scores)


@pytest.mark.parametrize("fitted", [True, False])
def test_a_pipeline_that_ends_in_a_search_is_drawn_behind_its_transformers(fitted):
    model = make_pipeline(StandardScaler(), RidgeRegressionCV(ALPHAS, cv=3))

    display = path(model.fit(X, Y) if fitted else model)

    assert_allclose(
        -display.validation_errors.mean(axis=1), model.fit(X, Y)[-1].cv_results_["mean_test_score"]
    )
    last = Ridge(alpha=ALPHAS[-1]).fit(StandardScaler().fit_transform(X), Y)
    assert_allclose(display.coefs[-1], last.coef_)


def test_the_penalty_of_the_last_step_needs_no_prefix():
    iris = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())

    short, long = (
        RegularizationPathDisplay.from_estimator(
            model, *iris, alphas=[0.1, 1.0], param_name=name, cv=3
        )
        for name in ("C", "logisticregression__C")
    )

    assert_array_equal(short.validation_errors, long.validation_errors)


@pytest.mark.parametrize(
    "estimator",
    [RidgeRegression(), make_pipeline(StandardScaler(), Ridge()), RidgeRegressionCV(ALPHAS)],
)
def test_groups_and_weights_reach_the_folds_the_fits_and_the_scores(estimator):
    display = path(estimator, alphas=ALPHAS, cv=GroupKFold(3), groups=GROUPS, sample_weight=WEIGHT)

    *head, _ = estimator if hasattr(estimator, "steps") else [estimator]
    for i, alpha in enumerate(ALPHAS):
        for k, (train, test) in enumerate(GroupKFold(3).split(X, Y, GROUPS)):
            scale = StandardScaler().fit(X[train][WEIGHT[train] > 0]).transform if head else np.copy
            model = Ridge(alpha=alpha).fit(scale(X[train]), Y[train], WEIGHT[train])
            squares = (Y[test] - model.predict(scale(X[test]))) ** 2
            error = np.average(squares, weights=WEIGHT[test])
            assert_allclose(display.validation_errors[i, k], error, rtol=1e-7)


def test_a_score_without_weights_is_taken_unweighted():
    display = path(RidgeRegression(), alphas=[1.0], scoring="neg_max_error", sample_weight=WEIGHT)

    assert np.isfinite(display.validation_errors).all()


def test_weights_that_an_estimator_does_not_take_are_named():
    with pytest.raises(ValueError, match=r"sample_weight was given, but Lars\.fit takes none"):
        path(Lars(), alphas=[1e-9], param_name="eps", sample_weight=WEIGHT)


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (RidgeCV(), {}, "RidgeCV has no parameter 'alpha' .* RidgeRegressionCV or GridSearchCV"),
        (LogisticRegression(), {}, "LogisticRegression has no parameter 'alpha' .* param_name"),
        (DecisionTreeRegressor(), {"param_name": "ccp_alpha"}, "must be linear .* got Decision"),
        (RidgeRegression(), {"alphas": [[1.0]]}, r"numbers in one dimension, got shape \(1, 1\)"),
        (RidgeRegression(), {"alphas": [np.nan]}, "alphas contains NaN"),
        (RidgeRegression(), {"alphas": []}, r"alphas must be one or more .* got shape \(0,\)"),
        (RidgeRegression(), {"ax": [None] * 3}, "ax must be one matplotlib Axes or a pair, got 3"),
        (GridSearchCV(Ridge(), {"alpha": [1.0]}), {"alphas": [2.0]}, "alphas must be left out"),
        (
            GridSearchCV(Ridge(), {"tol": [1e-3], "max_iter": [9]}),
            {},
            "param_name must name one of the searched parameters",
        ),
    ],
)
def test_what_cannot_be_drawn_is_named(estimator, options, message):
    with pytest.raises(ValueError, match=message):
        path(estimator, **options)


def fails_on_negatives(y, p):
    return np.nan if (p < 60).any() else -np.mean((y - p) ** 2)


def raises_on_negatives(y, p):
    if (p < 60).any():
        raise ValueError("negative")
    return -np.mean((y - p) ** 2)


def test_an_alpha_without_a_score_is_told_and_never_the_best():
    with pytest.warns(UserWarning, match=r"not finite at alpha = 0.001, .* cannot be the best"):
        display = path(RidgeRegression(), alphas=ALPHAS, scoring=make_scorer(fails_on_negatives))

    errors = display.validation_errors.mean(axis=1)
    assert np.isnan(errors[0])
    with pytest.warns(UserWarning, match="cannot be the best"):
        assert display.best_alpha == ALPHAS[np.nanargmin(errors)]


@pytest.mark.filterwarnings("ignore:The error is not finite")
def test_a_score_that_fails_is_nan_as_in_a_grid_search():
    with pytest.warns(UserWarning, match="Scoring failed, .* ValueError: negative"):
        display = path(RidgeRegression(), alphas=ALPHAS, scoring=make_scorer(raises_on_negatives))

    assert np.isnan(display.validation_errors[0]).any()


@pytest.mark.parametrize(
    "errors",
    [[[np.nan, 1.0], [5.0, 5.0]], [[np.inf, 1.0], [5.0, 5.0]], [[-np.inf, 0.0], [5.0, 5.0]]],
)
def test_errors_that_are_not_finite_are_not_the_smallest(errors):
    display = RegularizationPathDisplay(
        alphas=[0.5, 1.0], coefs=np.ones((2, 1)), train_errors=errors, validation_errors=errors
    )

    with pytest.warns(UserWarning, match=r"alpha = 0\.5"):
        assert display.best_alpha == 1.0


def test_no_finite_error_at_all_is_an_error():
    with pytest.raises(ValueError, match="No error is finite at any value of alpha"):
        path(RidgeRegression(), alphas=ALPHAS, scoring="r2", cv=LeaveOneOut())


def test_bias_and_variance_that_are_not_finite_are_not_the_smallest():
    results = [
        {f"total_{p}": e for p in ("bias_squared", "variance", "error")} for e in (np.nan, 2)
    ]
    display = BiasVarianceDisplay(param_range=[1, 2], results=results, param_name="degree")

    with pytest.warns(UserWarning, match="degree = 1"):
        display.plot()

    assert display.minimum_.get_xdata()[0] == 2


def by_hand(figure):
    return figure.add_axes([0.2, 0.2, 0.5, 0.7])


def inset(figure):
    return figure.add_subplot().inset_axes([0.3, 0.3, 0.5, 0.5])


def in_a_grid(figure):
    return figure.add_subplot(2, 2, 3)


def in_a_subfigure(figure):
    return figure.subfigures(1, 2)[0].add_axes([0.1, 0.1, 0.8, 0.8])


@pytest.mark.parametrize("place", [by_hand, inset, in_a_grid, in_a_subfigure])
def test_an_axes_is_split_wherever_it_stands(place):
    figure = plt.figure()
    ax = place(figure)

    display = path(RidgeRegression(), alphas=ALPHAS, ax=ax)

    figure.canvas.draw()
    outer = ax.get_window_extent()
    above, below = (a.get_window_extent() for a in (display.coef_ax_, display.ax_))
    for part in (above, below):
        assert outer.x0 - 1 <= part.x0 < part.x1 <= outer.x1 + 1
        assert outer.y0 - 1 <= part.y0 < part.y1 <= outer.y1 + 1
    assert above.y0 > below.y1
    assert display.figure_.get_figure(root=True) is figure


def test_loss_curves_are_found_in_pipelines_and_searches():
    iris = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegressionGD())
    search = GridSearchCV(model, {"logisticregressiongd__alpha": [1.0]}, cv=2)

    for fitted in (model.fit(*iris), search.fit(*iris)):
        display = LossCurveDisplay.from_estimator(fitted)

        assert display.lines_[0].get_label() == "LogisticRegressionGD"
        assert_array_equal(display.lines_[0].get_ydata(), model[-1].loss_curve_)


def test_boolean_masks_split_rows_too():
    masks = [(rows, ~rows) for rows in (np.arange(len(Y)) < 200, np.arange(len(Y)) >= 200)]
    positions = [tuple(np.flatnonzero(rows) for rows in split) for split in masks]

    first, second = (path(RidgeRegression(), alphas=ALPHAS, cv=cv) for cv in (masks, positions))

    assert_array_equal(first.validation_errors, second.validation_errors)


def test_folds_and_workers_do_not_change_the_scores():
    options = {"alphas": ALPHAS, "cv": KFold(3)}

    assert_array_equal(
        path(RidgeRegression(), **options).validation_errors,
        path(RidgeRegression(), n_jobs=2, **options).validation_errors,
    )
