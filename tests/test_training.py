"""The loop: epochs, batches, rates, stopping; and the coordinates it runs in."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from skml_lecture.data import Data
from skml_lecture.descent.coordinates import Scaled, Unchanged, Whitened
from skml_lecture.descent.curvature import Curvature
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective, View
from skml_lecture.descent.optimizers import OPTIMIZERS, GradientDescent, Momentum, resolve_optimizer
from skml_lecture.descent.schedules import InverseSqrt
from skml_lecture.descent.state import State
from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau
from skml_lecture.descent.training import descend


def bowl(theta, batch=None):
    """Return a quadratic with its minimum at ``batch`` (default 3)."""
    middle = 3.0 if batch is None else batch[0]
    return float(((theta - middle) ** 2).sum() / 2), theta - middle


def start(optimizer, size=2, rate=0.1):
    theta = np.zeros(size)
    return State(theta, optimizer.init(theta), rate=rate)


def test_a_state_begins_where_nothing_has_happened():
    state = State(np.zeros(2), {})

    assert (state.t, state.n_epochs, state.epochs_in_coordinates, state.seed) == (0, 0, 0, 0)
    assert (state.stopped, state.loss_curve, state.validation_curve) == (False, [], [])
    assert_array_equal(state.chosen, state.theta)


@pytest.mark.parametrize("best", [None, np.ones(3)])
@pytest.mark.parametrize("draws", [True, False])
def test_a_copy_is_of_the_type_asked_for_and_shares_nothing_that_is_written_into(best, draws):
    early, stop = EarlyStopping(0.0, 3), Plateau(0.0, 3)
    early.best_theta = best
    state = State(
        np.ones(3), {"sum": np.ones(3), "t": 1}, accepted=(np.ones(3), np.ones(3), 1.0),
        loss_curve=[1.0], stop=stop, early=early,
        rng=np.random.RandomState(0), units=np.random.default_rng(0),
    )  # fmt: skip
    before = pickle.dumps(state)

    new = state.copy(np.float32, draws=draws)

    arrays = [new.u, new.memory["sum"], *new.accepted[:2]]
    arrays += [] if best is None else [new.early.best_theta]
    for array in arrays:
        assert array.dtype == np.float32
        assert_array_equal(array, 1)
        array[...] = 7
    assert (new.early.best_theta is None) == (best is None)
    new.memory["t"] += 1
    new.loss_curve.append(0.5)
    new.stop.update(0.5)
    new.early.update(0.5, new.u)
    assert pickle.dumps(state) == before
    for name in ("rng", "units"):
        assert (getattr(new, name) is getattr(state, name)) == (not draws)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_full_batch_equals_a_loop_written_by_hand(name):
    optimizer = resolve_optimizer(name)
    state, theta = start(optimizer), np.zeros(2)
    memory = optimizer.init(theta)

    descend(bowl, state, optimizer, max_iter=7, schedule=InverseSqrt())
    for t in range(7):
        optimizer.update(theta, bowl(theta)[1], memory, 0.1 / np.sqrt(t + 1))

    assert_allclose(state.theta, theta, rtol=1e-14)


def test_batches_equal_a_loop_written_by_hand():
    optimizer = GradientDescent()
    state, theta = start(optimizer), np.zeros(2)

    descend(bowl, state, optimizer, max_iter=3, batches=lambda: [[1.0], [5.0]])
    for middle in [1.0, 5.0] * 3:
        theta -= 0.1 * (theta - middle)

    assert_allclose(state.theta, theta)
    assert len(state.loss_curve) == 3
    assert state.t == 6


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("adapt", [False, True])
def test_two_runs_equal_one_of_twice_the_length(name, adapt):
    optimizer = resolve_optimizer(name)
    once, twice = start(optimizer), start(optimizer)

    descend(bowl, once, optimizer, max_iter=8, adapt=adapt)
    descend(bowl, twice, optimizer, max_iter=4, adapt=adapt)
    descend(bowl, twice, optimizer, max_iter=4, adapt=adapt)

    assert_array_equal(once.theta, twice.theta)
    assert once.loss_curve == twice.loss_curve


def test_divergence_is_an_error_that_names_the_rate():
    optimizer = GradientDescent()

    with pytest.raises(ValueError, match=r"learning_rate=5\. .*scale the features"):
        descend(bowl, start(optimizer, rate=5.0), optimizer, max_iter=1000)


def test_an_automatic_rate_recovers_from_a_start_far_too_large():
    optimizer = GradientDescent()
    state = start(optimizer, rate=1e6)

    descend(bowl, state, optimizer, max_iter=10, adapt=True)

    assert_allclose(state.theta, 3, rtol=1e-6)
    assert (np.diff(state.loss_curve) <= 1e-12).all()


def test_an_automatic_rate_takes_back_every_step_that_climbs(rng):
    """Curvature that grows a hundredfold on the way, which the step before did not meet."""

    def bend(theta, batch=None):
        far = np.maximum(theta - 1, 0)
        return float(np.sum(100 * far**2 - theta)), 200 * far - 1

    for _ in range(20):
        optimizer = GradientDescent()
        state = start(optimizer, 3, rate=rng.uniform(0.05, 5.0))

        state = descend(bend, state, optimizer, max_iter=60, adapt=True)

        assert (np.diff(state.loss_curve) <= 1e-12).all()


def test_an_automatic_rate_grows_by_half_a_step_at_most():
    state = start(GradientDescent(), rate=1e-4)

    rates = [state.rate]
    for _ in range(8):
        descend(bowl, state, GradientDescent(), max_iter=1, adapt=True)
        rates.append(state.rate)
    growth = np.divide(rates[1:], rates[:-1])

    assert (growth <= 1.5 + 1e-12).all()
    assert growth.max() > 1


def test_momentum_starts_anew_after_as_many_updates_as_asked():
    optimizer = Momentum()
    state, theta = start(optimizer), np.zeros(2)

    descend(bowl, state, optimizer, max_iter=4, batches=lambda: [[1.0], [5.0]], restart_every=3)
    for t, middle in enumerate([1.0, 5.0] * 4):
        if t % 3 == 0:
            memory = optimizer.init(theta)
        optimizer.update(theta, theta - middle, memory, 0.1)

    assert_allclose(state.theta, theta)


def test_steps_that_leave_loss_and_curvature_level_are_kept_as_long_as_they_were():
    state = start(GradientDescent(), rate=0.1)

    descend(lambda *_: (1.0, np.ones(2)), state, GradientDescent(), max_iter=3, adapt=True)

    assert_allclose(state.theta, -0.3)


def test_a_gradient_that_turns_across_the_step_says_nothing_of_the_rate():
    def slope(theta, _):
        return theta[0], np.array([1.0, theta[0]])

    state = start(GradientDescent(), rate=0.1)

    descend(slope, state, GradientDescent(), max_iter=1, adapt=True)

    assert state.rate == 0.1


def test_other_rows_of_the_same_loss_have_a_gradient_of_their_own():
    def mirrored(theta, _):
        loss, gradient = bowl(-theta)
        return loss, -gradient

    state = start(GradientDescent(), rate=0.1)
    descend(bowl, state, GradientDescent(), max_iter=0, adapt=True)

    descend(mirrored, state, GradientDescent(), max_iter=1, adapt=True)

    assert_allclose(state.theta, -0.3)


def test_a_level_loss_waits_for_its_patience():
    rule = GradientNorm(0.0, np.float64)
    losses = [2.0, *[1.0] * (rule.patience + 1)]

    stops = [rule(State(np.zeros(1), {}, loss_curve=[loss])) for loss in losses]

    assert stops == [False] * (len(losses) - 1) + [True]
    assert rule.patience >= 10  # rounding may lift a loss that still falls for a few epochs


def test_an_automatic_rate_stands_gradients_whose_squares_are_nothing():
    def quartic(theta, batch=None):
        return float((theta**4).sum() / 4 * 1e-200), theta**3 * 1e-200

    optimizer = GradientDescent()
    state = State(np.ones(2), {}, rate=1e199)

    descend(quartic, state, optimizer, max_iter=50, adapt=True)

    assert (np.abs(state.theta) < 1).all()


def test_stops_where_asked_to():
    optimizer = GradientDescent()
    first = start(optimizer, rate=1.0)

    state = descend(bowl, first, optimizer, max_iter=9, after_epoch=GradientNorm(1e-9, float))

    assert state.stopped
    assert len(state.loss_curve) == 1


def test_takes_no_step_from_where_it_has_arrived():
    optimizer = GradientDescent()
    state = start(optimizer)
    state.u[...] = 3

    descend(bowl, state, optimizer, max_iter=9, arrived=GradientNorm(1e-9, float).arrived)

    assert_array_equal(state.theta, 3)
    assert state.loss_curve == [0.0]


def test_plateau_waits_for_its_patience():
    plateau = Plateau(0.1, 2)

    assert [plateau.update(loss) for loss in (1.0, 0.95, 0.5, 0.45, 0.45)] == [False] * 4 + [True]


@pytest.fixture
def shifted(rng):
    return rng.normal(size=(60, 4)) * [1, 10, 100, 1e-3] + [0, 5, 1e4, 1]


def coordinates_of(X, kind, fit_intercept):
    if kind == "unchanged":
        return Unchanged()
    scaled = Scaled.from_data(Data(X), 3, fit_intercept)
    if kind == "scaled":
        return scaled
    rng = np.random.default_rng(1)
    A = rng.normal(size=(3 * (4 + fit_intercept),) * 2)
    if kind == "whitened":
        return Whitened(scaled, A @ A.T + np.eye(len(A)))
    return bent(scaled, A @ A.T / len(A) + np.eye(len(A)), A[:10])


def bent(coordinates, H, steps):
    """Return coordinates after some steps over a quadratic of Hessian H."""
    for direction in steps:
        step = coordinates.from_theta(direction)
        change = coordinates.pull_back(H @ direction)
        coordinates, _ = coordinates.after(step, change)
    return coordinates


@pytest.mark.parametrize("kind", ["unchanged", "scaled", "whitened", "bent"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_coordinates_are_linear_and_pull_gradients_back(kind, fit_intercept, shifted, rng):
    coordinates = coordinates_of(shifted, kind, fit_intercept)
    u, v, g = rng.normal(size=(3, 3 * (4 + fit_intercept)))

    assert_allclose(coordinates.from_theta(coordinates.to_theta(u)), u, rtol=1e-6, atol=1e-9)
    ahead, aside = coordinates.to_theta(u), coordinates.to_theta(v)
    assert_allclose(coordinates.to_theta(u + v), ahead + aside, rtol=1e-6, atol=1e-6)
    assert_allclose(coordinates.push_forward(coordinates.pull_back(g)), g, rtol=1e-6, atol=1e-9)
    assert_allclose(coordinates.pull_back(g) @ u, g @ coordinates.to_theta(u), rtol=1e-8)


def quadratic(rng, d=12):
    A = rng.normal(size=(d, d))
    return A @ A.T / d + np.eye(d), rng.normal(size=(2 * d, d))


def test_after_a_step_the_curvature_along_it_is_one(rng):
    H, steps = quadratic(rng)

    coordinates = bent(Unchanged(), H, steps)

    last = steps[-1]
    assert_allclose(coordinates.pull_back(H @ last), coordinates.from_theta(last), rtol=1e-9)


def test_point_and_gradient_move_into_the_coordinates_after_a_step(rng):
    H, steps = quadratic(rng)
    old = bent(Unchanged(), H, steps[:5])
    u, gradient = old.from_theta(steps[6]), old.pull_back(steps[7])

    new, move = old.after(old.from_theta(steps[5]), old.pull_back(H @ steps[5]))

    moved_u, moved_gradient = move(u, gradient)
    assert_allclose(new.to_theta(moved_u), steps[6], rtol=1e-9, atol=1e-9)
    assert_allclose(moved_gradient, new.pull_back(steps[7]), rtol=1e-9, atol=1e-9)


def test_coordinates_stay_what_they_were_whatever_is_made_of_them(rng):
    H, steps = quadratic(rng)
    old = bent(Unchanged(), H, steps[:5])
    before = old.to_theta(steps[0])

    one, other = bent(old, H, steps[5:9]), bent(old, H, steps[9:13])

    restored = pickle.loads(pickle.dumps(old))
    assert_array_equal(old.to_theta(steps[0]), before)
    assert_array_equal(bent(restored, H, steps[5:9]).to_theta(steps[0]), one.to_theta(steps[0]))
    assert_array_equal(bent(restored, H, steps[9:13]).to_theta(steps[0]), other.to_theta(steps[0]))


@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_units_are_those_of_the_standardized_features(make, shifted, rng):
    weight = rng.uniform(0.5, 2, len(shifted))

    scaled = Scaled.from_data(Data(make(shifted), None, weight), 1, True)

    Z = scaled.features(make(shifted), True)[:, :-1]
    assert_allclose(np.average(Z, axis=0, weights=weight), 0, atol=1e-8)
    assert_allclose(np.average(Z**2, axis=0, weights=weight), 1, rtol=1e-6)


@pytest.mark.parametrize("strength", [0.0, 1e-4, 30.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_with_a_penalty_in_the_units_every_weight_curves_by_one(strength, fit_intercept, shifted):
    scaled = Scaled.from_data(Data(shifted), 1, fit_intercept).with_penalty(strength)

    Z = scaled.features(shifted, fit_intercept)[:, :4]

    assert_allclose((Z**2).mean(axis=0) + strength / scaled.scale**2, 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("factor", "shift", "near"),
    [
        *((factor, 0.0, True) for factor in (1.0, 1.9, 0.55)),
        *((factor, 0.0, False) for factor in (2.0, 0.5, 2.1, 0.45)),
        *((1.0, shift, True) for shift in (0.45, -0.45)),
        *((1.0, shift, False) for shift in (0.55, -0.55)),
    ],
)
def test_units_are_near_within_a_factor_two_and_origins_within_half_a_spread(factor, shift, near):
    mean, scale = np.array([8.0, -16.0, 0.0]), np.array([1.0, 2.0, 4.0])
    here = Scaled(mean, scale, 1, True)

    for j in range(3):
        one = np.arange(3) == j
        there = Scaled(
            np.where(one, mean + shift * scale, mean), np.where(one, factor * scale, scale), 1, True
        )
        assert here.is_near(there) == there.is_near(here) == near


def test_scale_turns_the_condition_number_of_the_lecture_to_one():
    """Lee, lecture 5: 313,418 on the Pokemon data, with one feature and the intercept."""
    x = np.array([338, 333, 328, 207, 226, 25, 179, 60, 208, 606.0])[:, None]
    ones = np.column_stack([x, np.ones(10)])

    scaled = Scaled.from_data(Data(x), 1, True).features(x, True)

    assert_allclose(np.linalg.cond(ones.T @ ones), 313_418, rtol=1e-5)
    assert_allclose(np.linalg.cond(scaled.T @ scaled), 1)


@pytest.mark.parametrize("k", [1, 3])
def test_hessian_equals_differences_of_the_gradient(k, shifted, rng):
    codes = rng.integers(0, max(k, 2), len(shifted))
    Y = codes[:, None].astype(float) if k == 1 else np.eye(k)[codes]
    loss = resolve_loss("cross_entropy", "logistic" if k == 1 else "softmax")
    net, data = Network([4, k]), Data(shifted, Y)
    objective = Objective(data, net, loss, alpha=0.7)
    scaled = Scaled.from_data(data, k, True)
    theta = scaled.to_theta(rng.normal(size=net.n_parameters))

    direction = rng.normal(size=net.n_parameters)
    direction[-k:] -= direction[-k:].mean() if k > 1 else 0  # the softmax does not see shifts

    white = Whitened(scaled, Curvature(objective).at(theta))
    view = View(objective, white)
    u, v = white.from_theta(theta), white.from_theta(scaled.to_theta(direction))
    change = view(u + 1e-5 * v)[1] - view(u - 1e-5 * v)[1]

    assert_allclose(change / 2e-5, v, atol=1e-4 * np.abs(v).max())


@pytest.mark.parametrize("alpha", [0.0, 0.7])
def test_hessian_curves_along_the_shifts_that_the_softmax_does_not_see(alpha, rng):
    Y = np.eye(3)[np.arange(60) % 3]
    net, data = Network([4, 3]), Data(rng.normal(size=(60, 4)), Y)
    loss = resolve_loss("cross_entropy", "softmax")

    H = Curvature(Objective(data, net, loss, alpha)).at(np.zeros(net.n_parameters))

    eigenvalues = np.linalg.eigvalsh(H)
    assert eigenvalues[0] > 1e-4 * eigenvalues[-1]


@pytest.mark.parametrize("batch_size", [1, 10, 60])
@pytest.mark.parametrize("weight", [np.ones(60), 1.2 ** np.arange(60)], ids=["even", "uneven"])
def test_curvature_of_a_batch_lies_between_that_of_all_rows_and_the_worst(
    batch_size, weight, shifted
):
    data, share = Data(shifted, np.zeros((60, 1)), weight), weight / weight.sum()
    loss = resolve_loss("cross_entropy", "logistic")
    scaled = Scaled.from_data(data, 1, True)
    Z = scaled.features(shifted, True)

    bound = Curvature(Objective(data, Network([4, 1]), loss)).largest(scaled, 60, batch_size)

    mean = np.linalg.eigvalsh((share * Z.T) @ Z)[-1] / 4
    worst = (60 * share * (Z**2).sum(axis=1)).max() / 4
    assert mean <= bound <= max(1.05 * mean, worst) * (1 + 1e-9)
    assert batch_size > 1 or bound >= worst * (1 - 1e-9)
