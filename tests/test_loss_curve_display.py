"""The display of loss curves."""

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from skml_lecture.logistic import LogisticRegressionGD
from skml_lecture.plotting import LossCurveDisplay
from skml_lecture.ridge import RidgeRegression

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def fitted():
    X, y = load_iris(return_X_y=True)
    return LogisticRegressionGD(early_stopping=True, random_state=0).fit(X, y)


def test_draws_training_and_validation_loss_against_the_epoch(fitted):
    display = LossCurveDisplay.from_estimator(fitted, name="iris")

    train, validation = display.lines_
    assert_array_equal(train.get_xdata(), np.arange(1, fitted.n_iter_ + 1))
    assert_array_equal(train.get_ydata(), fitted.loss_curve_)
    assert_array_equal(validation.get_ydata(), fitted.validation_loss_curve_)
    assert validation.get_color() == train.get_color()
    assert validation.get_linestyle() != train.get_linestyle()


def test_draws_one_curve_per_estimator():
    X, y = load_iris(return_X_y=True)
    models = [LogisticRegressionGD(alpha=alpha).fit(X, y) for alpha in (1, 10)]

    display = LossCurveDisplay.from_estimators(models)

    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == [str(model) for model in models]


def test_draws_every_one_of_equal_estimators(fitted):
    display = LossCurveDisplay.from_estimators([fitted, fitted, fitted])

    assert list(display.curves) == [str(fitted), f"{fitted} (2)", f"{fitted} (3)"]


def test_takes_the_short_names_of_matplotlib_and_a_label(fitted):
    train, validation = LossCurveDisplay.from_estimator(fitted, c="r", ls=":", label="mine").lines_

    assert (train.get_color(), train.get_linestyle(), train.get_label()) == ("r", ":", "mine")
    assert (validation.get_color(), validation.get_label()) == ("r", "mine, validation")


def test_one_epoch_is_a_dot():
    assert LossCurveDisplay({"short": [0.5]}).plot().lines_[0].get_marker() == "o"


def test_draws_into_the_given_axes_on_a_log_scale(fitted):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()

    display = LossCurveDisplay.from_estimator(fitted, ax=ax, log_scale=True, linewidth=3)

    assert display.ax_ is ax
    assert display.figure_ is figure
    assert ax.get_yscale() == "log"
    assert display.lines_[0].get_linewidth() == 3


@pytest.mark.parametrize(
    ("estimators", "message"),
    [
        ([], "one or more"),
        ({"ridge": RidgeRegression().fit([[0.0], [1.0]], [0.0, 1.0])}, "ridge has"),
    ],
)
def test_what_has_no_loss_curve_is_refused(estimators, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_estimators(estimators)


def test_an_unfitted_estimator_is_refused():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(LogisticRegressionGD())
