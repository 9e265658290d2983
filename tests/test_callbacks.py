"""scikit-learn's callbacks, where this version of scikit-learn has them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from skml_lecture.logistic import LogisticRegressionGD

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn < 1.9 has no callbacks, and none are promised"
)


class Recorder:
    """Keeps what it is told; stops or raises after so many epochs."""

    def __init__(self, stop_after=None, raise_after=None):
        self.stop_after = stop_after
        self.raise_after = raise_after
        self.scores = []
        self.torn_down = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):  # noqa: ARG002
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, _, context, *, X=None, y=None, fitted_estimator=None):
        if context.task_name != "epoch":
            return False
        self.scores.append(fitted_estimator.score(X, y))
        if len(self.scores) == self.raise_after:
            raise RuntimeError("from the callback")
        return len(self.scores) == self.stop_after


@pytest.fixture
def data():
    return load_iris(return_X_y=True)


def test_a_callback_sees_the_fitted_estimator_of_every_epoch(data):
    recorder, model = Recorder(), LogisticRegressionGD()

    model.set_callbacks(recorder).fit(*data)

    assert len(recorder.scores) == model.n_iter_
    assert recorder.scores[-1] == model.score(*data)
    assert recorder.torn_down == 1


def test_a_callback_stops_the_fit_without_a_warning(data):
    model = LogisticRegressionGD().set_callbacks(Recorder(stop_after=3)).fit(*data)

    assert model.n_iter_ == 3


def test_callbacks_do_not_change_the_fit(data):
    plain = LogisticRegressionGD().fit(*data)

    watched = LogisticRegressionGD().set_callbacks(Recorder()).fit(*data)

    assert_array_equal(watched.coef_, plain.coef_)


def test_a_callback_that_raises_leaves_the_estimator_usable(data):
    recorder = Recorder(raise_after=2)
    model = LogisticRegressionGD().fit(*data)
    before = model.coef_

    with pytest.raises(RuntimeError, match="from the callback"):
        model.set_callbacks(recorder).fit(*data)

    assert recorder.torn_down == 1
    assert model.coef_ is before
    assert np.isfinite(model.set_callbacks().fit(*data).coef_).all()


def test_scores_are_monitored_through_a_grid_search(data):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = LogisticRegressionGD().set_callbacks(monitor)

    search = GridSearchCV(model, {"alpha": [0.1, 1.0]}, cv=3).fit(*data)

    rows = monitor.get_logs(select="all")
    assert sum(len(run.data) for run in rows) >= 7
    assert search.best_params_["alpha"] in (0.1, 1.0)


def test_a_progress_bar_can_be_set(data):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar draws with rich")

    model = LogisticRegressionGD().set_callbacks(callback.ProgressBar()).fit(*data)

    assert model.score(*data) > 0.9
