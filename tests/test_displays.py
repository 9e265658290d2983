import subprocess
import sys

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, validation_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skml_lecture import RidgeRegression
from skml_lecture.diagnostics import bias_variance_decomposition
from skml_lecture.plotting import BiasVarianceDisplay, RegularizationPathDisplay

ALPHAS = np.logspace(-3, 2, 6)
DEGREES = [1, 2, 3]
X = np.linspace(-1, 1, 15)[:, np.newaxis]


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def path(estimator=None, X=None, y=None, **options):
    if X is None:
        X, y = load_diabetes(return_X_y=True, as_frame=True)
    options = {"alphas": ALPHAS} | options
    return RegularizationPathDisplay.from_estimator(estimator or RidgeRegression(), X, y, **options)


def parts(**options):
    options = {"param_name": "polynomialfeatures__degree", "param_range": DEGREES} | options
    model = make_pipeline(PolynomialFeatures(), RidgeRegression(0))
    return BiasVarianceDisplay.from_estimator(
        model, X, lambda X: np.sin(3 * X[:, 0]), noise=0.2, random_state=0, n_repeats=20, **options
    )


def test_path_draws_the_scores_of_validation_curve():
    X, y = load_diabetes(return_X_y=True)

    display = path(cv=KFold(4))

    scores = validation_curve(
        Ridge(),
        X,
        y,
        param_name="alpha",
        param_range=ALPHAS,
        cv=KFold(4),
        scoring="neg_mean_squared_error",
    )
    for name, score in zip(("train", "validation"), scores, strict=True):
        assert_array_equal(display.lines_[name].get_xdata(), ALPHAS)
        assert_allclose(display.lines_[name].get_ydata(), -score.mean(axis=1))


def test_path_draws_the_coefficients_by_name():
    X, y = load_diabetes(return_X_y=True, as_frame=True)

    display = path()

    assert [line.get_label() for line in display.coef_lines_] == list(X.columns)
    for alpha, coefs in zip(ALPHAS, display.coefs, strict=True):
        assert_allclose(coefs, Ridge(alpha=alpha).fit(X, y).coef_)


def test_path_marks_the_minimum_of_the_validation_error():
    display = path()

    (x,), (y,) = display.minimum_.get_data()
    assert x == display.best_alpha
    assert y == display.lines_["validation"].get_ydata().min()


def test_path_follows_a_pipeline_and_a_classifier():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())

    display = path(model, X, y, param_name="logisticregression__C")

    assert display.coefs.shape == (len(ALPHAS), 12)
    assert display.ax_.get_ylabel() == "log loss"


def test_a_score_becomes_an_error():
    display = path(scoring="r2")

    assert display.ax_.get_ylabel() == "1 - r2"
    assert_allclose(display.validation_errors.min() > 0, True)


def test_path_accepts_one_axes_two_axes_or_none():
    _, one = plt.subplots()
    _, two = plt.subplots(2, 1)

    assert path(ax=one).figure_ is one.figure
    display = path(ax=two)
    assert (display.coef_ax_, display.ax_) == tuple(two)
    assert path().figure_ not in (one.figure, two[0].figure)


def test_least_squares_stands_at_zero_on_the_axis():
    display = path(alphas=[0, 0.01, 1, 100])

    assert display.ax_.get_xscale() == "symlog"
    assert path().ax_.get_xscale() == "log"


def test_bias_and_variance_lines_sum_to_the_error():
    display = parts()

    lines = {name: line.get_ydata() for name, line in display.lines_.items()}
    assert_allclose(lines["bias_squared"] + lines["variance"], lines["error"])
    assert_array_equal(display.lines_["error"].get_xdata(), DEGREES)
    assert display.minimum_.get_ydata()[0] == lines["error"].min()


def test_every_value_sees_the_same_universes():
    display = parts()

    again = parts(param_range=[3])

    assert_array_equal(display.results[2].predictions, again.results[0].predictions)


def test_values_that_are_no_numbers_stand_in_a_row():
    display = parts(param_name="ridgeregression__fit_intercept", param_range=[True, False])

    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["True", "False"]


@pytest.mark.parametrize("draw", [parts, path])
def test_plot_draws_again_on_given_axes(draw):
    display = draw()
    _, ax = plt.subplots()

    assert display.plot(ax, line_kw={"linewidth": 3}) is display
    assert display.figure_ is ax.figure
    assert all(line.get_linewidth() == 3 for line in display.lines_.values())


def test_the_display_of_results_is_the_display_of_the_estimator():
    truth = bias_variance_decomposition(
        RidgeRegression(), X, lambda X: X[:, 0], noise=1.0, random_state=0
    )

    display = BiasVarianceDisplay(param_range=[1.0], results=[truth], param_name="alpha").plot()

    assert_allclose(display.lines_["variance"].get_ydata(), [truth.total_variance])


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, skml_lecture.plotting; assert 'matplotlib' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)

    with pytest.raises(ImportError, match=r"skml-lecture\[plot\]"):
        parts()
