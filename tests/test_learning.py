"""``learn``: data, targets, network, recipe and state -> state."""

import copy
import pickle
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import StandardScaler

from skml_lecture import CascadedLogisticMLP, LogisticRegressionGD
from skml_lecture.classification import Labels
from skml_lecture.data import Data
from skml_lecture.descent.activations import Tanh
from skml_lecture.descent.learning import learn
from skml_lecture.descent.losses import SoftmaxCrossEntropy
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective
from skml_lecture.descent.optimizers import OPTIMIZERS, Momentum, Optimizer, resolve_optimizer
from skml_lecture.descent.recipe import Recipe
from skml_lecture.descent.schedules import InverseSqrt

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def task():
    X, y = load_iris(return_X_y=True)
    targets = Labels(np.arange(3))
    data = Data(StandardScaler().fit_transform(X), targets.encode(y, np.float64))
    return data, targets, Network([4, 5, 3], [Tanh()])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_learning_equals_a_loop_written_by_hand(name, task):
    data, targets, network = task
    recipe = Recipe(
        resolve_optimizer(name), alpha=0.5, learning_rate=0.01, schedule=InverseSqrt(),
        max_iter=7, tol=0.0, until="plateau", patience=99,
    )  # fmt: skip

    state = learn(data, targets, network, recipe, rng=np.random.RandomState(3))

    objective = Objective(data, network, SoftmaxCrossEntropy(), alpha=0.5)
    optimizer, theta = resolve_optimizer(name), network.initialize(np.random.RandomState(3))
    memory = optimizer.init(theta)
    for t in range(7):
        optimizer.update(theta, objective(theta)[1], memory, 0.01 / np.sqrt(t + 1))
    assert_allclose(state.theta, theta, rtol=1e-12)
    assert state.t == 7


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 32])
@pytest.mark.parametrize("dropout", [(), (0.0, 0.3)])
def test_a_state_goes_on_and_stays_as_it_was(name, batch_size, dropout, task):
    recipe = Recipe(
        resolve_optimizer(name), learning_rate=0.01, schedule=InverseSqrt(), dropout=dropout,
        batch_size=batch_size, max_iter=4, tol=0.0, until="plateau", patience=99,
    )  # fmt: skip
    whole = learn(*task, replace(recipe, max_iter=8))

    half = learn(*task, recipe, to_resume=True)
    before = pickle.dumps(half)
    both = learn(*task, recipe, pickle.loads(before))
    again = learn(*task, recipe, half)

    assert pickle.dumps(half) == before
    for state in (both, again):
        assert_array_equal(state.theta, whole.theta)
        assert state.loss_curve == whole.loss_curve
        assert state.t == whole.t


@pytest.mark.parametrize(
    "change", [{"alpha": 2.0}, {"learning_rate": 0.05}, {"optimizer": Momentum(0.5)}], ids=str
)
def test_another_recipe_begins_anew_where_the_last_one_stands(change, task):
    recipe = Recipe(Momentum(), learning_rate=0.01, max_iter=5, until="plateau", patience=99)
    last = learn(*task, recipe, to_resume=True)

    state = learn(*task, replace(recipe, **change), last)
    fresh = learn(*task, replace(recipe, **change), theta=last.theta)

    assert_array_equal(state.theta, fresh.theta)
    assert state.t == 10
    assert state.loss_curve == last.loss_curve + fresh.loss_curve


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_going_on_needs_the_memory_and_the_count_of_updates(name, task):
    recipe = Recipe(
        resolve_optimizer(name), alpha=0.5, learning_rate=0.01, schedule=InverseSqrt(),
        batch_size=40, max_iter=4, tol=0.0, until="plateau", patience=99,
    )  # fmt: skip
    once = learn(*task, replace(recipe, max_iter=8), rng=np.random.RandomState(3))

    half = learn(*task, recipe, rng=np.random.RandomState(3), to_resume=True)
    twice = learn(*task, recipe, half)

    assert_array_equal(twice.theta, once.theta)
    assert twice.loss_curve == once.loss_curve
    assert twice.t == once.t == 8 * 4


def test_going_on_remembers_the_best_loss_of_the_plateau(task):
    recipe = Recipe(Momentum(), learning_rate=1e-9, max_iter=3, tol=1e-2, until="plateau")
    half = learn(*task, recipe, to_resume=True)  # level: two epochs of five without a fall

    twice = learn(*task, replace(recipe, max_iter=99), half)

    assert twice.n_epochs == recipe.patience - 2
    assert twice.ending == "converged"


def test_going_on_with_other_rows_held_out_measures_the_best_parameters_of_them(task):
    data, _, network = task
    recipe = Recipe(Momentum(), learning_rate=0.01, batch_size=40, max_iter=5, early_stopping=True)
    wrong = Data(data.X, np.roll(data.targets, 1, axis=1))
    half = learn(*task, recipe, held_out=data, to_resume=True)

    state = learn(*task, recipe, half, held_out=wrong)

    loss = Objective(wrong, network, SoftmaxCrossEntropy()).mean_loss
    assert_allclose(state.early.best_loss, loss(state.early.best_theta))
    assert_allclose(state.early.best_loss, min(loss(half.chosen), *state.validation_curve[5:]))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_call_that_fails_leaves_the_state_as_it_was(name, task):
    recipe = Recipe(resolve_optimizer(name), learning_rate=0.01, batch_size=40, max_iter=4)
    state = learn(*task, recipe, rng=np.random.RandomState(3), to_resume=True)
    before = copy.deepcopy(state)

    def watch(state):
        if len(state.loss_curve) == 6:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        learn(*task, recipe, state, watch=watch)

    assert_array_equal(learn(*task, recipe, state).theta, learn(*task, recipe, before).theta)


def test_other_rows_begin_anew(task):
    data, targets, network = task
    recipe = Recipe(Momentum(), learning_rate=0.01, max_iter=5, until="plateau", patience=99)
    last = learn(*task, recipe, to_resume=True)
    other = Data(data.X[:, ::-1].copy(), data.targets)

    state = learn(other, targets, network, recipe, last)

    assert_array_equal(state.theta, learn(other, targets, network, recipe, theta=last.theta).theta)


def test_recipes_are_equal_by_value():
    recipe = Recipe(Momentum(0.5), schedule=InverseSqrt())

    assert recipe.equals(copy.deepcopy(recipe))
    assert recipe.equals(replace(recipe, max_iter=3))
    assert not recipe.equals(replace(recipe, optimizer=Momentum(0.6)))
    assert not recipe.equals(replace(recipe, loss=SoftmaxCrossEntropy()))


RESUME = """
import pickle, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
model, X, y = pickle.load(open(sys.argv[1], "rb"))
model.fit(X, y)
pickle.dump((model.loss_curve_, model.n_iter_), open(sys.argv[1], "wb"))
"""


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegressionGD(batch_size=16, max_iter=5, tol=0.0, random_state=0),
        CascadedLogisticMLP((4,), max_iter=5, tol=0.0, schedule="inv_sqrt", random_state=0),
        CascadedLogisticMLP(
            (4,), max_iter=5, tol=0.0, optimizer="adam", dropout=0.1, random_state=0
        ),
        LogisticRegressionGD(schedule=InverseSqrt(), max_iter=5, tol=0.0),
        LogisticRegressionGD(max_iter=5, tol=0.0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_fit_resumed_in_another_process_is_one_fit(model, tmp_path):
    curve, n_iter, once = resumed_elsewhere(model, *load_iris(return_X_y=True), tmp_path)

    assert curve == once.loss_curve_
    assert n_iter == 5


def test_coordinates_that_follow_the_steps_go_on_in_another_process(tmp_path):
    model, (X, y) = LogisticRegressionGD(max_iter=5, tol=0.0), load_digits(return_X_y=True)

    curve, _, once = resumed_elsewhere(model, X, y, tmp_path)

    assert curve == once.loss_curve_


def resumed_elsewhere(model, X, y, tmp_path):
    """Return curve and n_iter_ of two fits, one in another process, and one of all epochs."""
    once = clone(model).set_params(max_iter=10).fit(X, y)
    path = tmp_path / "model.pickle"
    path.write_bytes(pickle.dumps((clone(model).set_params(warm_start=True).fit(X, y), X, y)))
    subprocess.run([sys.executable, "-c", RESUME, str(path)], check=True)
    return *pickle.loads(path.read_bytes()), once


class Returning(Optimizer):
    """Forgets to work in place."""

    auto_rate = 0.1

    def update(self, theta, gradient, state, rate):  # noqa: ARG002
        return theta - rate * gradient


class Rebinding(Optimizer):
    """Changes a theta of its own only."""

    auto_rate = 0.1

    def update(self, theta, gradient, state, rate):  # noqa: ARG002
        theta = theta - rate * gradient


class Waiting(Optimizer):
    """Adds up five gradients for every step."""

    auto_rate = 0.1

    def init(self, theta):
        return {"t": 0, "sum": np.zeros_like(theta)}

    def update(self, theta, gradient, state, rate):
        state["t"] += 1
        state["sum"] += gradient
        if state["t"] % 5 == 0:
            theta -= rate * state["sum"]
            state["sum"][...] = 0


@pytest.mark.parametrize("optimizer", [Returning(), Rebinding()])
@pytest.mark.parametrize("options", [{}, {"batch_size": 50}, {"schedule": np.sign}], ids=str)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("make", [LogisticRegressionGD, partial(CascadedLogisticMLP, (3,))])
def test_an_update_that_is_not_in_place_is_refused(make, call, options, optimizer):
    """Also where the first rate of a schedule is zero."""
    learn = getattr(make(optimizer=optimizer, **options), call)
    X, y = load_iris(return_X_y=True)

    with pytest.raises(TypeError, match="must change theta in place"):
        any(learn(X, y) is None for _ in range(2))


@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("make", [LogisticRegressionGD, partial(CascadedLogisticMLP, (3,))])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_another_optimizer_is_looked_at_again(make, call):
    model = make(warm_start=True, max_iter=2)
    X, y = load_iris(return_X_y=True)
    getattr(model, call)(X, y)

    with pytest.raises(TypeError, match="must change theta in place"):
        getattr(model.set_params(optimizer=Rebinding()), call)(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@pytest.mark.parametrize("batch_size", [None, 50])
def test_a_step_may_wait_for_several_gradients(call, batch_size):
    model = LogisticRegressionGD(optimizer=Waiting(), max_iter=10, batch_size=batch_size)
    X, y = load_iris(return_X_y=True)

    for _ in range(6):
        getattr(model, call)(X, y)

    assert np.abs(model.coef_).max() > 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_may_be_lost_in_rounding(optimizer):
    model = CascadedLogisticMLP((3,), optimizer=optimizer, learning_rate=1e-30, max_iter=2)
    X, y = load_iris(return_X_y=True)

    model.fit(X, y)

    assert model.n_iter_ == 2


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_model_keeps_a_state_only_where_it_is_asked_for(warm_start):
    X, y = load_iris(return_X_y=True)

    model = CascadedLogisticMLP((50, 50), warm_start=warm_start, max_iter=3).fit(X, y)

    size = len(pickle.dumps(model)) - 8 * len(model.loss_curve_)
    assert (size < 2 * 8 * model.n_parameters_) == (not warm_start)


def test_losses_are_names_or_instances():
    X, y = load_iris(return_X_y=True)

    named = LogisticRegressionGD().fit(X, y)
    given = LogisticRegressionGD(loss=SoftmaxCrossEntropy()).fit(X, y)

    assert_array_equal(given.coef_, named.coef_)
    with pytest.raises(ValueError, match="have logistic ones"):
        LogisticRegressionGD(loss=SoftmaxCrossEntropy()).fit(X[:100], y[:100])


def test_activations_are_names_or_instances():
    X, y = load_iris(return_X_y=True)
    settings = {"max_iter": 3, "random_state": 0}

    named = CascadedLogisticMLP((4,), activation="tanh", **settings).fit(X, y)
    given = CascadedLogisticMLP((4,), activation=Tanh(), **settings).fit(X, y)
    listed = CascadedLogisticMLP((4,), activation=[Tanh()], **settings).fit(X, y)

    assert named.loss_curve_ == given.loss_curve_ == listed.loss_curve_


@pytest.mark.parametrize("preconditioner", ["auto", "scale", "whiten", None])
@pytest.mark.parametrize("shape", [(60, 300), (300, 50)])
def test_single_precision_stays_so(preconditioner, shape, rng):
    X, y = rng.normal(size=shape), np.arange(shape[0]) % 3
    model = LogisticRegressionGD(
        preconditioner=preconditioner, warm_start=True, max_iter=400, tol=1e-4
    )
    double = clone(model).fit(X, y)

    single = model.fit(X.astype(np.float32), y)
    after = clone(model).set_params(max_iter=5, tol=1.0).fit(X, y).fit(X.astype(np.float32), y)

    assert single.coef_.dtype == after.coef_.dtype == np.float32
    assert_allclose(single.coef_, double.coef_, atol=1e-3)


def test_a_descent_that_has_arrived_says_so(rng):
    for _ in range(12):
        X, y = rng.normal(size=(60, 210)), rng.permutation(np.arange(60) % 3)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = LogisticRegressionGD(alpha=1e-4, tol=1e-12).fit(X, y)

        assert model.n_iter_ < 1000


@pytest.mark.parametrize("size", [1e100, 1e160, 1e250])
def test_a_huge_column_leaves_the_others_alone(size, rng):
    X = rng.normal(size=(100, 20))
    y = (X[:, 0] > 0).astype(int)
    known = LogisticRegressionGD().fit(X, y)

    huge = X * np.r_[np.ones(19), size]
    model = LogisticRegressionGD().fit(huge, y)

    assert_allclose(model.coef_[0, :-1], known.coef_[0, :-1], atol=0.05)
    assert model.score(huge, y) == pytest.approx(known.score(X, y), abs=0.03)


def test_few_badly_scaled_rows_take_few_epochs():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(8, 300)) * 10.0 ** rng.uniform(-5, 5, 300)
    y = rng.permutation(np.arange(8) % 2)

    assert LogisticRegressionGD(alpha=1e3).fit(X, y).n_iter_ < 300
