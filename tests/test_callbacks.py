"""scikit-learn's callbacks, where this version of scikit-learn has them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from skml_lecture.diagnostics import bias_variance_decomposition
from skml_lecture.logistic import LogisticRegressionGD
from skml_lecture.mlp import CascadedLogisticMLP
from skml_lecture.ridge import RidgeRegression

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


def test_a_callback_stops_the_restarts_too(data):
    recorder = Recorder(stop_after=3)

    model = CascadedLogisticMLP((3,), n_init=4, max_iter=10, random_state=0)
    model.set_callbacks(recorder).fit(*data)

    assert len(recorder.scores) == model.n_iter_ == 3


def test_a_callback_is_given_the_weights(data):
    class Weighing(Recorder):
        def on_fit_task_end(self, _, context, *, metadata=None):  # noqa: ARG002
            self.scores.append(metadata)

    X, y = data
    recorder, weight = Weighing(), np.arange(1.0, 151)

    LogisticRegressionGD().set_callbacks(recorder).fit(X, y, weight)

    assert all(given["sample_weight"] is weight for given in recorder.scores)


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

    assert_array_equal(model.coef_, LogisticRegressionGD().fit(*data).coef_)


class UniverseCounter(Recorder):
    """Keeps the targets of the universes; stops or raises after so many."""

    def setup(self, estimator, context):  # noqa: ARG002
        self.targets, self.promised = [], context.max_subtasks

    def on_fit_task_end(self, _, context, *, y=None):
        if context.task_name != "universe":
            return False
        self.targets.append(y)
        if len(self.targets) == self.raise_after:
            raise RuntimeError("from the callback")
        return len(self.targets) == self.stop_after


def decompose(*callbacks, **options):
    X = np.linspace(0, 1, 8)[:, np.newaxis]
    options = {"noise": 1.0, "n_repeats": 21, "random_state": 0, "callbacks": callbacks} | options
    return bias_variance_decomposition(RidgeRegression(), X, lambda X: X[:, 0], **options)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_every_universe_is_reported(n_jobs):
    counter = UniverseCounter()

    result = decompose(counter, n_jobs=n_jobs)

    assert counter.promised == len(np.unique(counter.targets, axis=0)) == 21
    assert counter.torn_down == 1
    assert_array_equal(result.predictions, decompose().predictions)


def test_universes_are_reported_one_by_one_without_workers():
    result = decompose(UniverseCounter(stop_after=5))

    assert_array_equal(result.predictions, decompose().predictions[:5])


def test_workers_stop_soon_after_a_callback_asks_to():
    result = decompose(UniverseCounter(stop_after=1), n_jobs=2)

    assert 1 <= len(result.predictions) < 21
    assert_array_equal(result.predictions, decompose().predictions[: len(result.predictions)])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_what_a_callback_raises_ends_the_universes(n_jobs):
    counter = UniverseCounter(raise_after=3)

    with pytest.raises(RuntimeError, match="from the callback"):
        decompose(counter, n_jobs=n_jobs)

    assert counter.torn_down == 1


def test_the_progress_bar_counts_the_universes(capsys):
    pytest.importorskip("rich", reason="scikit-learn's ProgressBar draws with rich")

    decompose(callback.ProgressBar())

    assert "100%" in capsys.readouterr().out


def test_something_else_is_no_callback():
    with pytest.raises(TypeError, match="FitCallback"):
        decompose("progress")
