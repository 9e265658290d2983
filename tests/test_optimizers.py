"""Optimizers: the first steps of every formula, and one protocol for all."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skml_lecture.descent.optimizers import (
    BLOCK,
    OPTIMIZERS,
    Adagrad,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSProp,
    name_of,
    resolve_optimizer,
)

members = pytest.mark.parametrize("name", OPTIMIZERS)
RATE = 0.1


def run(optimizer, gradients, theta):
    state = optimizer.init(theta)
    path = [theta.copy()]
    for gradient in gradients:
        optimizer.update(theta, np.array(gradient, theta.dtype), state, RATE)
        path.append(theta.copy())
    return np.array(path)


def quadratic(theta):
    return np.linspace(0.5, 2, len(theta)) * theta - 1


@members
def test_walks_to_the_minimum_of_a_quadratic(name):
    optimizer, theta = resolve_optimizer(name), np.zeros(4)
    state = optimizer.init(theta)

    for t in range(4000):
        optimizer.update(theta, quadratic(theta), state, 0.3 / np.sqrt(t / 100 + 1))

    assert_allclose(theta, 1 / np.linspace(0.5, 2, 4), rtol=2e-2)


@members
def test_resumed_from_a_pickle_equals_uninterrupted(name):
    whole, part = np.ones(3), np.ones(3)
    optimizer = resolve_optimizer(name)
    state = optimizer.init(whole)
    for _ in range(6):
        optimizer.update(whole, quadratic(whole), state, RATE)

    state = optimizer.init(part)
    for _ in range(3):
        optimizer.update(part, quadratic(part), state, RATE)
    optimizer, part, state = pickle.loads(pickle.dumps((optimizer, part, state)))
    for _ in range(3):
        optimizer.update(part, quadratic(part), state, RATE)

    assert_array_equal(part, whole)


@members
@pytest.mark.parametrize("uphill", [0.5, -0.5])
def test_after_a_restart_the_next_step_is_downhill(name, uphill):
    optimizer, theta = resolve_optimizer(name), np.zeros(1)
    memory = optimizer.init(theta)
    for _ in range(5):
        optimizer.update(theta, np.array([-2 * uphill]), memory, RATE)

    optimizer.restart(memory)
    before = theta.copy()
    optimizer.update(theta, np.array([uphill]), memory, RATE)

    assert (theta - before) * uphill < 0
    assert not optimizer.restart(memory)


@members
def test_hyper_parameters_are_on_the_object(name):
    optimizer = resolve_optimizer(name)
    before = copy.deepcopy(optimizer.get_params())

    run(optimizer, [[1.0], [2.0]], np.zeros(1))

    assert optimizer.get_params() == before
    assert clone(optimizer).get_params() == before


@members
def test_blocks_do_not_change_the_result(name, rng):
    size = 2 * BLOCK + 100
    start, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    picks = [0, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, size - 1]
    optimizer = resolve_optimizer(name)
    if name == "nesterov":
        optimizer.set_params(adaptive_restart=False)  # restart looks at all coordinates at once

    long = run(optimizer, gradients, start.copy())[:, picks]
    short = run(optimizer, gradients[:, picks], start[picks])

    assert_allclose(long, short, rtol=1e-13)


@members
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [7, BLOCK, 3 * BLOCK + 7])
def test_threads_do_not_change_a_bit(name, size, rng, request):
    start, gradients = rng.normal(size=size), rng.normal(size=(3, size))
    alone = run(resolve_optimizer(name), gradients, start.copy())

    request.getfixturevalue("two_threads")

    assert_array_equal(run(resolve_optimizer(name), gradients, start.copy()), alone)


@members
def test_keeps_float32_and_works_in_place(name):
    theta = np.ones(3, np.float32)
    optimizer = resolve_optimizer(name)
    state = optimizer.init(theta)

    result = optimizer.update(theta, np.ones(3, np.float32), state, RATE)

    assert result is None
    assert theta.dtype == np.float32
    assert not np.array_equal(theta, np.ones(3))
    assert all(v.dtype == np.float32 for v in state.values() if isinstance(v, np.ndarray))


@pytest.mark.parametrize("optimizer", [Adagrad(), RMSProp(), Adam(epsilon=0)])
def test_first_adaptive_step_is_the_rate_times_the_sign(optimizer):
    path = run(optimizer, [[3.0, -0.01]], np.zeros(2))

    assert_allclose(path[1], [-RATE, RATE])


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam"])
def test_a_coordinate_without_gradient_stays(name):
    path = run(resolve_optimizer(name), [[0.0, 1.0]], np.zeros(2))

    assert path[1, 0] == 0


def test_gradient_descent_steps_down_the_gradient():
    assert_allclose(run(GradientDescent(), [[2.0], [1.0]], np.zeros(1))[:, 0], [0, -0.2, -0.3])


def test_momentum_sums_decayed_gradients():
    path = run(Momentum(0.5), [[2.0], [1.0], [0.0]], np.zeros(1))[:, 0]

    velocity = np.diff(path)
    assert_allclose(velocity, [-RATE * 2, -RATE * (1 + 0.5 * 2), -RATE * (0.5 + 0.25 * 2)])


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_gain_of_momentum_is_how_many_steps_one_gradient_leads(momentum):
    path = run(Momentum(momentum), [[1.0], *[[0.0]] * 500], np.zeros(1))

    assert_allclose(path[-1], -RATE * Momentum(momentum).gain)


def test_nesterov_extrapolates_along_its_last_step():
    path = run(Nesterov(), [[2.0], [1.0]], np.zeros(1))[:, 0]

    golden = (1 + np.sqrt(5)) / 2
    share = (golden - 1) / ((1 + np.sqrt(1 + 4 * golden**2)) / 2)
    assert_allclose(path, [0, -0.2, -0.3 + share * -0.1])


@members
def test_every_element_of_every_block_steps(name):
    theta, gradient = np.zeros(3 * BLOCK + 1), np.ones(3 * BLOCK + 1)

    path = run(resolve_optimizer(name), [gradient, gradient], theta)

    assert_allclose(path[1:], path[1:, :1] * gradient)
    assert (path[2] < path[1]).all()


def test_nesterov_looks_uphill_from_where_the_step_has_led():
    optimizer, theta = Nesterov(), np.zeros(1)
    state = optimizer.init(theta)
    for _ in range(2):
        optimizer.update(theta, np.array([-1.0]), state, RATE)
    ahead, inertia = theta - state["previous"], state["inertia"]

    optimizer.update(theta, 2 * ahead / RATE, state, RATE)  # takes back more than the momentum

    assert state["inertia"] > inertia


def test_nesterov_goes_on_where_it_is_level():
    optimizer, theta = Nesterov(), np.zeros(1)
    state = optimizer.init(theta)
    for gradient in (-1.0, -1.0, 0.0):
        before = state["inertia"]
        optimizer.update(theta, np.array([gradient]), state, RATE)

    assert state["inertia"] > before


def test_nesterov_restarts_where_momentum_points_uphill():
    gradients = [[1.0], [1.0], [1.0], [-0.1]]

    assert_allclose(run(Nesterov(), gradients, np.zeros(1))[-1] + 0, run_restarted(gradients))


def run_restarted(gradients):
    theta = run(Nesterov(), gradients[:-1], np.zeros(1))[-1]
    return theta - RATE * np.array(gradients[-1])


def test_adagrad_divides_by_all_gradients_so_far():
    path = run(Adagrad(), [[3.0], [4.0]], np.zeros(1))[:, 0]

    assert_allclose(np.diff(path), [-RATE, -RATE * 4 / 5])


def test_adagrad_takes_an_epsilon_when_asked():
    assert_allclose(run(Adagrad(epsilon=1.0), [[3.0]], np.zeros(1))[1], -RATE * 3 / 4)


def test_rmsprop_starts_at_the_first_gradient():
    path = run(RMSProp(0.75), [[2.0], [4.0]], np.zeros(1))[:, 0]

    assert_allclose(np.diff(path), [-RATE, -RATE * 4 / np.sqrt(0.75 * 4 + 0.25 * 16)])


def test_adam_corrects_its_bias_from_t_equal_one():
    path = run(Adam(0.5, 0.75, epsilon=0.5), [[2.0], [4.0]], np.zeros(1))[:, 0]

    first = 2 / (2 + 0.5)
    second = ((0.25 * 2 + 0.5 * 4) / 0.75) / (np.sqrt((0.1875 * 4 + 0.25 * 16) / 0.4375) + 0.5)
    assert_allclose(np.diff(path), [-RATE * first, -RATE * second])


def test_adam_without_epsilon_leaves_a_coordinate_without_gradient():
    assert_array_equal(run(Adam(epsilon=0), [[0.0], [0.0]], np.ones(1))[:, 0], 1)


@pytest.mark.parametrize(
    "optimizer",
    [
        Momentum(1.0), RMSProp(decay=-0.1), RMSProp(epsilon=-1), Adagrad(epsilon=-1),
        Adam(beta_1=1), Adam(beta_2=1.5), Adam(epsilon=np.nan),
    ],
)  # fmt: skip
def test_hyper_parameters_out_of_range_are_named(optimizer):
    with pytest.raises(ValueError, match=r"momentum|decay|beta_|epsilon"):
        optimizer.init(np.zeros(2))


def test_misspelt_name_lists_the_optimizers():
    with pytest.raises(ValueError, match=r"'adagrad', 'adam', .* got 'adamm'"):
        resolve_optimizer("adamm")


def test_an_instance_is_copied():
    given = Momentum(0.3)

    assert resolve_optimizer(given) is not given
    assert resolve_optimizer(given).momentum == 0.3


@members
def test_an_optimizer_of_the_defaults_goes_by_its_name(name):
    assert name_of(resolve_optimizer(name)) == name


def test_an_optimizer_of_other_hyper_parameters_has_no_name():
    given = Adam(epsilon=1e-4)

    assert name_of(given).get_params() == given.get_params()
    assert Adam().get_params() == {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}  # the paper's
